//! Faults, chosen from a list.

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
use crate::server::faults::{FaultSwitch, Parameter};

/// `GET faults`: the kinds that there are, what is on, and the operations that a fault can be for.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    reply(&shown(&shared))
}

fn shown(shared: &Shared) -> Value {
    let kinds = Fault::all().map(|fault| {
        let profile = fault.profile();
        json!({
            "name": fault.name(),
            "description": fault.description(),
            "acts": profile.acts,
            "parameters": profile.numbers,
        })
    });
    let switches = shared.faults.switches();
    let on = switches.iter().map(|switch| {
        let numbers = switch.fault().profile().numbers.into_iter();
        let numbers = numbers.map(|number| (number.name.to_owned(), number.value.into()));
        json!({
            "fault": switch.fault().name(),
            "parameters": Value::Object(numbers.collect()),
            "operation": switch.operation(),
            "share": switch.hit_share(),
            "left": switch.left(),
        })
    });
    let operations = shared.platform.catalog.operations();
    let operations = operations.map(|operation| json!([&*operation.service, &*operation.id]));
    json!({
        "kinds": kinds.collect::<Vec<_>>(),
        "on": on.collect::<Vec<_>>(),
        "queued": shared.faults.pending(),
        "mixes": shared.faults.mixes(),
        "hit": shared.faults.injected(),
        "operations": operations.collect::<Vec<_>>(),
    })
}

/// What a switch is to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Name of the kind; without it `on` must be false, and all faults are taken back.
    fault: Option<String>,
    on: bool,
    operation: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, u32>,
    share: Option<f64>,
    /// So many requests.
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
    Ok(reply(&shown(&shared)))
}

fn apply(shared: &Shared, change: Switch) -> Result<(), String> {
    let Some(name) = &change.fault else {
        if change.on {
            return Err("no fault is named".to_owned());
        }
        shared.faults.clear();
        return Ok(());
    };
    let kind = Fault::named(name).ok_or_else(|| format!("there is no fault {name}"))?;
    if let Some(id) = &change.operation {
        let mut known = shared.platform.catalog.operations();
        if !known.any(|operation| *operation.id == **id) {
            return Err(format!("there is no operation {id}"));
        }
    }
    let fault = kind.with_numbers(&numbers(kind, &change.parameters)?);
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
            return Err("share is not between 0 and 1".to_owned());
        }
        switch = switch.share(share);
    }
    if let Some(next) = change.next {
        switch = switch.hits(next);
    }
    shared.faults.switch_on(switch);
    Ok(())
}

/// The numbers of a fault in their order, each within its bounds.
fn numbers(kind: Fault, values: &BTreeMap<String, u32>) -> Result<Vec<u32>, String> {
    let parameters = kind.profile().numbers;
    let known = |name: &&String| parameters.iter().any(|one| one.name == *name);
    if let Some(other) = values.keys().find(|name| !known(name)) {
        return Err(format!("{} has no parameter {other}", kind.name()));
    }
    let numbers = parameters.iter().map(|parameter| {
        let Parameter { name, min, max, .. } = *parameter;
        let number = values.get(name).copied().unwrap_or(parameter.usual);
        if (min..=max).contains(&number) {
            Ok(number)
        } else {
            Err(format!("{name} is not from {min} to {max}"))
        }
    });
    numbers.collect()
}
