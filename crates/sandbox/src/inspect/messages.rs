//! What the recipients of messages see.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::reply;
use crate::Delivery;
use crate::conversation::{Channel, state_of};
use crate::http::Shared;
use crate::push::PushInfo;
use crate::record::ReceivedRequest;

/// The messages of so many requests are listed, the latest ones.
const MAX_REQUESTS: usize = 500;
/// Where the text of a message is, by JSON pointer. `{type}` is the kind of a WhatsApp message.
const TEXT: &[&str] = &[
    "/content",
    "/text/body",
    "/messageData/text",
    "/{type}/caption",
];
/// Where the picture, film or file is: an address, or an id.
const MEDIA: &[&str] = &[
    "/messageData/image",
    "/messageData/videoLink",
    "/messageData/fileLink",
    "/{type}/link",
    "/{type}/id",
];
/// Where the name of a file or place is.
const NAMES: &[&str] = &[
    "/messageData/fileName",
    "/{type}/filename",
    "/location/name",
];
/// Where the kind of a message is; without it it is a text.
const KINDS: &[&str] = &["/functionType", "/type"];

/// `GET messages`: one for each recipient, oldest first.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let requests = shared.history.requests();
    let mut sends = requests
        .iter()
        .rev()
        .filter(|request| request.verdict().is_accepted())
        .filter_map(|request| {
            let channel = Channel::of(request.service(), request.operation())?;
            Some((request, channel))
        })
        .take(MAX_REQUESTS)
        .collect::<Vec<_>>();
    sends.reverse();
    let log = shared.pushes.log();
    let mut pushes = HashMap::<(u64, usize), Vec<&Delivery>>::new();
    for push in &log {
        if let Some(request) = push.request {
            pushes.entry((request, push.entry)).or_default().push(push);
        }
    }
    let known = shared.pushes.known();
    let messages = sends
        .into_iter()
        .flat_map(|(request, channel)| of_request(request, channel, &pushes, &known));
    reply(&json!({ "messages": messages.collect::<Vec<_>>() }))
}

fn of_request(
    request: &ReceivedRequest,
    channel: &Channel,
    pushes: &HashMap<(u64, usize), Vec<&Delivery>>,
    known: &[PushInfo],
) -> Vec<Value> {
    let body = request.json().unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(Value::as_str);
    let content = content(&body);
    let receipts = receipts(channel, known);
    let recipients = channel.recipients(member(channel.to).unwrap_or_default());
    let messages = recipients.iter().enumerate().map(|(entry, to)| {
        let pushes = pushes.get(&(request.id(), entry));
        let pushes = pushes.map_or(&[][..], Vec::as_slice);
        let (status, replies) = outcome(channel, to, pushes);
        json!({
            "id": format!("{}-{entry}", request.id()),
            "request": request.id(),
            "entry": entry,
            "service": channel.service,
            "operation": channel.operation,
            "channel": channel.name,
            "from": member(channel.from),
            "to": to,
            "at": request.received_at(),
            "content": content,
            "status": status,
            "replies": replies,
            "receipts": receipts,
            "reply_push": channel.reply.as_ref().map(|reply| reply.push),
        })
    });
    messages.collect()
}

/// What the recipient sees.
fn content(body: &Value) -> Value {
    let kind = first(body, KINDS, "").unwrap_or_else(|| "text".to_owned());
    let mut content = json!({
        "kind": kind,
        "text": first(body, TEXT, &kind),
        "media": first(body, MEDIA, &kind),
        "name": first(body, NAMES, &kind),
    });
    if let Some(button) = body.pointer("/messageData/buttonText") {
        let link = body.pointer("/messageData/buttonLink");
        content["button"] = json!({ "text": button, "link": link });
    }
    if let Some(template) = body.get("template") {
        let language = template.pointer("/language/code");
        content["template"] = json!({
            "name": template.get("name"),
            "language": language,
            "parameters": parameters(template),
        });
    }
    content
}

/// The first text that one of the pointers finds.
fn first(body: &Value, pointers: &[&str], kind: &str) -> Option<String> {
    pointers.iter().find_map(|pointer| {
        let pointer = pointer.replace("{type}", kind);
        body.pointer(&pointer)?.as_str().map(str::to_owned)
    })
}

/// The values that a template is filled with: the part that each belongs to, and its text, or where it is.
fn parameters(template: &Value) -> Vec<Value> {
    let list = |value: &Value, name: &str| {
        let items = value.get(name).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let mut parameters = Vec::new();
    for component in list(template, "components") {
        for parameter in list(&component, "parameters") {
            let kind = parameter.get("type").and_then(Value::as_str);
            let kind = kind.unwrap_or_default();
            let places = ["/text", "/payload", "/{type}/link", "/{type}/id"];
            parameters.push(json!({
                "part": component.get("type"),
                "kind": kind,
                "text": first(&parameter, &places, kind),
            }));
        }
    }
    parameters
}

/// The examples of receipts that can be sent for a message.
fn receipts(channel: &Channel, known: &[PushInfo]) -> Value {
    let receipts = channel.receipts.iter().filter_map(|(name, _)| {
        let push = known
            .iter()
            .find(|push| push.service == channel.service && push.name == *name)?;
        // The same push may bring answers too.
        let answer = channel.reply.as_ref().map(|reply| reply.example);
        let examples = push.examples.iter();
        let examples = examples.filter(|example| Some(example.as_str()) != answer);
        Some(json!({
            "push": name,
            "examples": examples.collect::<Vec<_>>(),
            "address": push.address,
        }))
    });
    receipts.collect()
}

/// What became of a message by the latest receipt, and the answers.
fn outcome(channel: &Channel, to: &str, pushes: &[&Delivery]) -> (Value, Vec<Value>) {
    let mut status = json!({ "state": "accepted" });
    let mut replies = Vec::<Value>::new();
    for push in pushes {
        if let Some(text) = answer_in(channel, to, push) {
            // What was refused and sent again is one answer.
            replies.retain(|reply| reply["fields"] != push.fields);
            replies.push(json!({
                "text": text,
                "at": push.at,
                "delivery": push.summary(),
                "fields": push.fields,
            }));
            continue;
        }
        let mut receipts = channel.receipts.iter();
        let receipt = receipts.find(|(name, _)| *name == push.push);
        let word = receipt.and_then(|(_, pointer)| push.fields.pointer(pointer)?.as_str());
        if let Some(word) = word {
            status = json!({
                "state": state_of(word),
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

/// The text of a push if it is an answer of this recipient.
fn answer_in(channel: &Channel, to: &str, push: &Delivery) -> Option<String> {
    let bare = |number: &str| number.trim_start_matches('+').to_owned();
    let reply = channel.reply.as_ref()?;
    let from = push.fields.pointer(reply.from)?.as_str()?;
    if push.push != reply.push || bare(from) != bare(to) {
        return None;
    }
    let text = format!("/{}", reply.text.replace('.', "/"));
    push.fields.pointer(&text)?.as_str().map(str::to_owned)
}
