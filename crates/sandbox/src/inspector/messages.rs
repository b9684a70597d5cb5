//! What the recipients of messages see.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use nxcloud_spec::message::{Message, MessageState, MessageTemplate};
use nxcloud_spec::path;
use serde_json::{Value, json};

use super::reply;
use crate::Delivery;
use crate::platform::catalog::Messages;
use crate::platform::text::shorten;
use crate::server::push::PushInfo;
use crate::server::record::ReceivedRequest;
use crate::server::{Shared, pool};

/// Number of requests whose messages are listed: the latest ones.
const MAX_REQUESTS: usize = 500;
/// Number of recipients that are listed for one request.
const MAX_RECIPIENTS: usize = 1000;
/// Size at which each text of a message is cut.
const MAX_TEXT: usize = 16 * 1024;

/// `GET messages`: one message for each recipient, oldest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let history = Arc::clone(&shared);
    let (sends, pushes, known) = pool::run(move || {
        let catalog = &history.platform.catalog;
        let requests = history.history.requests();
        let sends = requests.iter().rev().filter(|request| {
            let messages = catalog.messages(request.service(), request.operation());
            messages.is_some() && request.verdict().is_accepted()
        });
        let mut sends = sends
            .take(MAX_REQUESTS)
            .map(ReceivedRequest::id)
            .collect::<Vec<_>>();
        sends.reverse();
        let mut pushes = Deliveries::new();
        for push in history.pushes.latest(usize::MAX) {
            if let Some(request) = push.request {
                pushes.entry((request, push.entry)).or_default().push(push);
            }
        }
        (sends, pushes, history.pushes.known())
    })
    .await;
    let messages = sends.into_iter().flat_map(move |id| {
        let request = shared.history.request(id);
        let messages = request.and_then(|request| {
            let catalog = &shared.platform.catalog;
            let messages = catalog.messages(request.service(), request.operation())?;
            Some(of_request(&request, messages, &pushes, &known))
        });
        messages.unwrap_or_default()
    });
    reply::list("messages", messages).await
}

/// The attempts for each recipient of a request.
type Deliveries = HashMap<(u64, usize), Vec<Arc<Delivery>>>;

fn of_request(
    request: &ReceivedRequest,
    messages: &Messages,
    pushes: &Deliveries,
    known: &[PushInfo],
) -> Vec<Value> {
    let body = request.json().unwrap_or_default();
    let spec = &messages.spec;
    let mut content = content(spec, &body);
    if shorten(&mut content, MAX_TEXT) {
        content["cut"] = true.into();
    }
    let receipts = receipts(request.service(), messages, known);
    let recipients = messages.recipients(&body);
    let recipients = recipients.iter().enumerate().take(MAX_RECIPIENTS);
    let messages = recipients.map(|(entry, to)| {
        let pushes = pushes.get(&(request.id(), entry));
        let pushes = pushes.into_iter().flatten().map(|push| &**push);
        // A push of another service that was sent for this request says nothing about the message.
        let pushes = pushes.filter(|push| Some(push.service.as_str()) == request.service());
        let (status, replies) = outcome(messages, to, pushes);
        json!({
            "id": format!("{}-{entry}", request.id()),
            "request": request.id(),
            "entry": entry,
            "service": request.service(),
            "operation": request.operation(),
            "channel": spec.channel,
            "label": messages.label,
            "from": spec.from.as_ref().and_then(|from| text(&body, from)),
            "to": to,
            "at": request.received_at(),
            "content": content,
            "status": status,
            "replies": replies,
            "receipts": receipts,
            "reply_push": spec.answer.as_ref().map(|answer| &answer.push),
        })
    });
    messages.collect()
}

/// What the recipient sees.
fn content(message: &Message, body: &Value) -> Value {
    let kind = message.kind.as_ref().and_then(|kind| text(body, kind));
    let kind = kind.unwrap_or("text");
    let mut content = json!({
        "kind": kind,
        "text": first(body, &message.text, kind),
        "media": first(body, &message.media, kind),
        "name": first(body, &message.name, kind),
    });
    if let Some(button) = &message.button
        && let Some(label) = path::get(body, &button.text)
    {
        content["button"] = json!({ "text": label, "link": path::get(body, &button.link) });
    }
    if let Some(template) = &message.template
        && let Some(name) = path::get(body, &template.name)
    {
        content["template"] = json!({
            "name": name,
            "language": path::get(body, &template.language),
            "parameters": parameters(template, body),
        });
    }
    content
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    path::get(value, path)?.as_str()
}

/// The text at the first path that leads to one.
fn first<'v>(value: &'v Value, paths: &[String], kind: &str) -> Option<&'v str> {
    let mut paths = paths.iter();
    paths.find_map(|path| text(value, &path.replace("{kind}", kind)))
}

/// The values of a template's parameters: for each the part that contains it, and its text or location.
fn parameters(template: &MessageTemplate, body: &Value) -> Vec<Value> {
    let list = |value: &Value, path: &str| {
        let items = path::get(value, path).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let mut parameters = Vec::new();
    for part in list(body, &template.parts) {
        for value in list(&part, &template.values) {
            let kind = text(&value, &template.kind).unwrap_or_default();
            parameters.push(json!({
                "part": path::get(&part, &template.part),
                "kind": kind,
                "text": first(&value, &template.text, kind),
            }));
        }
    }
    parameters
}

/// The example receipts that can be sent for a message.
fn receipts(service: Option<&str>, messages: &Messages, known: &[PushInfo]) -> Value {
    let receipts = messages.receipts().filter_map(|name| {
        let push = known
            .iter()
            .find(|push| Some(push.service.as_str()) == service && push.name == name)?;
        // The same push may also carry replies.
        let answer = messages.spec.answer.as_ref().map(|answer| &answer.example);
        let examples = push.examples.iter();
        let examples = examples.filter(|example| Some(*example) != answer);
        Some(json!({
            "push": name,
            "examples": examples.collect::<Vec<_>>(),
            "address": push.address,
        }))
    });
    receipts.collect()
}

/// The status of a message by its latest receipt, and the replies.
fn outcome<'a>(
    messages: &Messages,
    to: &str,
    pushes: impl Iterator<Item = &'a Delivery>,
) -> (Value, Vec<Value>) {
    let mut status = json!({ "state": "accepted" });
    let mut replies = Vec::<Value>::new();
    for push in pushes {
        if let Some(text) = answer_in(&messages.spec, to, push) {
            // A reply that was refused and sent again counts once.
            replies.retain(|reply| reply["fields"] != push.fields);
            replies.push(json!({
                "text": text,
                "at": push.at,
                "delivery": push.summary(),
                "fields": push.fields,
            }));
            continue;
        }
        if let Some((word, state)) = messages.status(&push.push, &push.fields) {
            status = json!({
                "state": state.map_or("unknown", MessageState::as_str),
                "word": word,
                "at": push.at,
                "delivery": push.summary(),
            });
        }
    }
    for reply in &mut replies {
        if let Some(reply) = reply.as_object_mut() {
            reply.remove("fields");
        }
    }
    (status, replies)
}

/// The text of a push, if the push is a reply of this recipient.
fn answer_in(message: &Message, to: &str, push: &Delivery) -> Option<String> {
    let bare = |number: &str| number.trim_start_matches('+').to_owned();
    let answer = message.answer.as_ref()?;
    let from = text(&push.fields, &answer.from)?;
    if push.push != answer.push || bare(from) != bare(to) {
        return None;
    }
    text(&push.fields, &answer.text).map(str::to_owned)
}
