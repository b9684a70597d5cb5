//! Pushes that are sent from the page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body;
use super::reply::{Problem, made, refuse};
use crate::platform::catalog::Catalog;
use crate::server::Shared;
use crate::server::pool;
use crate::server::push::{PushError, PushInfo, PushRequest, Pushes};
use crate::{Delivery, ReceivedRequest};

/// Number of attempts that are listed: the latest ones.
const MAX_LISTED: usize = 500;

/// `GET pushes`: the documented pushes with their addresses, and the latest attempts, oldest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    made(move || {
        let log = shared.pushes.latest(MAX_LISTED);
        let known = shared.pushes.known();
        Ok(json!({
            "known": known.iter().map(info).collect::<Vec<_>>(),
            "address": shared.pushes.any_address(),
            "log": log.iter().map(|made| made.to_json()).collect::<Vec<_>>(),
        }))
    })
    .await
}

fn info(push: &PushInfo) -> Value {
    json!({
        "service": push.service,
        "push": push.name,
        "description": push.description,
        "signed": push.signed,
        "examples": push.examples,
        "follows": push.follows,
        "address": push.address,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    service: Option<String>,
    push: Option<String>,
    /// Without `url` the address is removed.
    url: Option<String>,
}

/// `PUT pushes/address`: sets the address of one push, or of all pushes without their own address.
pub(super) async fn address(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let address = body::read::<Address>(&shared, request).await?;
    set(&shared.pushes, address).map_err(unprocessable)?;
    list(State(shared)).await
}

fn set(pushes: &Pushes, address: Address) -> Result<(), String> {
    // A push is named with its service. Without both, all pushes are meant.
    let push = match (address.service, address.push) {
        (None, None) => None,
        (Some(service), Some(push)) => Some(format!("{service}/{push}")),
        _ => return Err("service and push must be set together".to_owned()),
    };
    let set = match (address.url, push) {
        (Some(url), _) if !Pushes::reaches(&url) => {
            return Err(
                "the address is not allowed: use an http:// address of this machine only"
                    .to_owned(),
            );
        }
        (Some(url), Some(push)) => pushes.send_to(&push, url),
        (Some(url), None) => {
            pushes.send_all_to(url);
            Ok(())
        }
        (None, push) => pushes.forget_address(push.as_deref()),
    };
    set.map_err(|error| error.to_string())
}

/// A push to send or, with `reply`, the reply of a message's recipient.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushForm {
    service: Option<String>,
    push: Option<String>,
    example: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    url: Option<String>,
    /// Number of the request that the push belongs to.
    request: Option<u64>,
    /// Number of the recipient in the request, from 0.
    #[serde(default)]
    entry: usize,
    reply: Option<String>,
}

/// `POST pushes`: sends a push once, and returns the result.
pub(super) async fn send(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let form = body::read::<PushForm>(&shared, request).await?;
    let made_of = Arc::clone(&shared);
    let push = pool::run(move || request_of(&made_of, form)).await?;
    answer(shared.pushes.send(push.once()).await).await
}

fn request_of(shared: &Shared, form: PushForm) -> Result<PushRequest, Problem> {
    let request = match form.request {
        Some(id) => {
            let missing = || {
                refuse(
                    StatusCode::NOT_FOUND,
                    "the history has no request with this id: list them with GET requests",
                )
            };
            Some(shared.history.request(id).ok_or_else(missing)?)
        }
        None => None,
    };
    let accepted = |request: &ReceivedRequest| request.verdict().is_accepted();
    if !request.as_ref().is_none_or(accepted) {
        return Err(unprocessable(
            "the request was refused and has no pushes: choose an accepted one",
        ));
    }
    let entry = form.entry;
    let mut push = match (&form.reply, &request, form.service, form.push) {
        (Some(text), Some(request), None, None) => {
            let unknown = "the reference documents no push for replies to this message";
            let catalog = &shared.platform.catalog;
            let messages = catalog.messages(request.service(), request.operation());
            let answer = messages.and_then(|messages| messages.spec.answer.as_ref());
            let answer = answer.ok_or_else(|| unprocessable(unknown))?;
            PushRequest::answer(answer, request, entry, text)
        }
        (None, _, Some(service), Some(name)) => {
            let example = form.example.as_deref().unwrap_or_default();
            let action = action_of(&shared.platform.catalog, &service, &name, example);
            let mut push = PushRequest::new(service, name);
            if let Some(action) = action {
                push = push.action(action);
            }
            match &request {
                Some(request) => push.following(request, entry),
                None => push,
            }
        }
        _ => {
            let problem = "set service and push, or request and reply";
            return Err(unprocessable(problem));
        }
    };
    if let Some(example) = form.example {
        push = push.example(example);
    }
    for (path, value) in form.fields {
        push = push.field(path, value);
    }
    if let Some(url) = form.url {
        push = push.to(url);
    }
    Ok(push)
}

/// The `action` of a push that is a reply, if it is not the push's default one.
fn action_of<'a>(
    catalog: &'a Catalog,
    service: &str,
    push: &str,
    example: &str,
) -> Option<&'a str> {
    let operations = catalog.operations();
    let mut operations = operations.filter(|operation| operation.service.as_ref() == service);
    operations.find_map(|operation| {
        let answer = operation.messages.as_ref()?.spec.answer.as_ref()?;
        let is = answer.push == push && answer.example == example;
        answer.action.as_deref().filter(|_| is)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    delivery: u64,
}

/// `POST pushes/resend`: repeats an attempt.
pub(super) async fn resend(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let again = body::read::<Again>(&shared, request).await?;
    answer(shared.pushes.resend(again.delivery).await).await
}

async fn answer(sent: Result<Vec<Delivery>, PushError>) -> Result<Response, Problem> {
    let sent = sent.map_err(|error| {
        let status = match error {
            PushError::NoAddress => StatusCode::CONFLICT,
            PushError::UnknownDelivery(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        refuse(status, error.to_string())
    })?;
    made(move || {
        let made = sent.iter().map(Delivery::to_json).collect::<Vec<_>>();
        Ok(json!({ "deliveries": made }))
    })
    .await
}

fn unprocessable(problem: impl Into<String>) -> Problem {
    refuse(StatusCode::UNPROCESSABLE_ENTITY, problem)
}
