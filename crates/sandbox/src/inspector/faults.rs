//! Lists faults and switches them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body;
use super::reply::{Problem, refuse, reply};
use crate::Fault;
use crate::server::Shared;
use crate::server::faults::FaultSwitch;

/// `GET faults`: the available kinds, the active faults, and the operations that a fault can be limited to.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    reply(&overview(&shared))
}

fn overview(shared: &Shared) -> Value {
    let operations = shared.platform.catalog.operations();
    let operations = operations.map(|operation| json!([&*operation.service, &*operation.id]));
    json!({
        "kinds": Fault::kinds().collect::<Vec<_>>(),
        "on": shared.faults.switches(),
        "queued": shared.faults.pending(),
        "mixes": shared.faults.mixes(),
        "hit": shared.faults.injected(),
        "operations": operations.collect::<Vec<_>>(),
    })
}

/// A change of a switch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Name of the kind. Without a name, `on` must be false, and all faults are removed.
    fault: Option<String>,
    on: bool,
    operation: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, u32>,
    share: Option<f64>,
    /// Number of requests.
    next: Option<u64>,
}

/// `PUT faults`: switches a kind of fault on or off, for one operation or for all.
pub(super) async fn switch(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let change = body::read::<Switch>(&shared, request).await?;
    let unprocessable = |problem| refuse(StatusCode::UNPROCESSABLE_ENTITY, problem);
    apply(&shared, change).map_err(unprocessable)?;
    Ok(reply(&overview(&shared)))
}

fn apply(shared: &Shared, change: Switch) -> Result<(), String> {
    let Some(name) = &change.fault else {
        if change.on {
            return Err("the name of the fault is missing: set fault".to_owned());
        }
        shared.faults.clear();
        return Ok(());
    };
    let fault = Fault::named(name, &change.parameters)?;
    if let Some(id) = &change.operation {
        let mut known = shared.platform.catalog.operations();
        if !known.any(|operation| *operation.id == **id) {
            return Err(format!(
                "unknown operation {id}: use one of the list in GET faults"
            ));
        }
    }
    if !change.on {
        let operation = change.operation.as_deref();
        shared.faults.switch_off(fault, operation);
        return Ok(());
    }
    let mut switch = FaultSwitch::new(fault);
    if let Some(operation) = change.operation {
        switch = switch.only_for(operation);
    }
    if let Some(share) = change.share {
        if !(0.0..=1.0).contains(&share) {
            return Err("share must be between 0 and 1".to_owned());
        }
        switch = switch.share(share);
    }
    if let Some(next) = change.next {
        switch = switch.hits(next);
    }
    shared.faults.switch_on(switch);
    Ok(())
}
