//! Services whose specs are added at run time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::error::Error as _;

use common::{Hook, accepted, ask, built_in, get, send, signed};
use nxcloud_sandbox::{Error, PushError, Sandbox, Service, SpecError};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000_000;
const SEND: [&str; 3] = ["/api/rcs/mt", "11", "mt"];

/// A messaging service that is not embedded. Some of its pushes have the same names as those of other services.
fn rcs() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "NXCLOUD RCS", "version": "1" },
        "servers": [{ "url": "https://rcs.example" }],
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-biz-type": "11",
        "x-nx-source": "test",
        "x-nx-codes": [{ "code": 70, "name": "PARAMETER", "kind": "parameter", "meaning": "wrong parameter" }],
        "paths": { "/api/rcs/mt": { "post": {
            "operationId": "send_message",
            "summary": "Sends a message.",
            "x-nx-action": "mt",
            "x-nx-parameter-code": 70,
            "x-nx-message": {
                "channel": "rcs", "to": "to.number", "from": "agent", "text": ["content.body"],
                "id": "data.id", "receipts": ["message_receipt"],
                "answer": {
                    "push": "message_reply", "example": "text", "action": "mo", "from": "user", "text": "said",
                    "fill": { "user": "{request.to.number}", "about": "{reply.data.id}" },
                },
            },
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Send" },
                "examples": { "text": { "value": { "agent": "a", "to": { "number": "8615012345678" }, "content": { "body": "Hi" } } } },
            } } },
            "responses": { "200": { "description": "It was taken.", "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Sent" },
                "examples": { "success": { "value": { "code": 0, "message": "ok", "data": { "id": "m-1" } } } },
            } } } },
        } } },
        "x-nx-webhooks": [
            {
                "name": "message_receipt", "content": ["json"], "signed": true, "action": ["dr", "mo"],
                "schema": { "$ref": "#/components/schemas/Receipt" },
                "after": { "operation": "send_message", "address": "hook", "fill": { "msg": "{reply.data.id}" } },
                "examples": {
                    "arrived": { "value": { "msg": "m-1", "state": "THERE" } },
                    "lost": { "value": { "msg": "m-1", "state": "LOST" } },
                },
            },
            {
                "name": "message_reply", "content": ["form"], "signed": true, "action": ["mt", "mo"],
                "schema": { "$ref": "#/components/schemas/Reply" },
                "examples": { "text": { "value": { "user": "1", "said": "x", "about": "m-1" } } },
            },
        ],
        "components": { "schemas": {
            "Send": {
                "type": "object", "required": ["to", "content"],
                "properties": {
                    "agent": { "type": "string" }, "hook": { "type": "string" },
                    "to": { "$ref": "#/components/schemas/To" }, "content": { "$ref": "#/components/schemas/Content" },
                },
            },
            "To": { "type": "object", "required": ["number"], "properties": { "number": { "type": "string" } } },
            "Content": { "type": "object", "required": ["body"], "properties": { "body": { "type": "string" } } },
            "Sent": { "type": "object", "properties": {
                "code": { "type": "integer" }, "message": { "type": "string" }, "data": { "$ref": "#/components/schemas/SentData" },
            } },
            "SentData": { "type": "object", "properties": { "id": { "type": "string", "x-nx-sandbox": "uuid" } } },
            "Receipt": {
                "type": "object",
                "x-nx-receipt": { "id": "msg", "status": "state", "states": { "THERE": "delivered", "LOST": "failed" } },
                "properties": { "msg": { "type": "string" }, "state": { "type": "string" } },
            },
            "Reply": { "type": "object", "properties": {
                "user": { "type": "string" }, "said": { "type": "string" }, "about": { "type": "string" },
            } },
        } },
    })
}

fn service(name: &str, spec: &Value) -> Service {
    Service::read(name, &spec.to_string()).unwrap()
}

async fn start() -> Sandbox {
    let builder = Sandbox::builder().clock(common::at(NOW));
    builder.spec(service("rcs", &rcs())).start().await.unwrap()
}

fn body() -> Value {
    json!({ "agent": "Shop", "to": { "number": "8615012345678" }, "content": { "body": "Your order is ready" } })
}

#[tokio::test]
async fn a_message_of_an_own_spec_gets_a_receipt_and_a_reply() {
    let (sandbox, mut hook) = (start().await, Hook::start("ok").await);
    let url = sandbox.url();
    let request = accepted(&sandbox, NOW, SEND, &body()).await;
    let reply: Value = serde_json::from_slice(sandbox.requests()[0].reply()).unwrap();
    let id = reply["data"]["id"].as_str().unwrap();
    assert_eq!(id.len(), 36, "{reply}");

    let message = async || get(url, "messages").await["messages"][0].clone();
    let listed = message().await;
    for (field, expected) in [
        ("service", "rcs"),
        ("channel", "rcs"),
        ("label", "RCS"),
        ("from", "Shop"),
        ("to", "8615012345678"),
        ("reply_push", "message_reply"),
    ] {
        assert_eq!(listed[field], expected, "{listed}");
    }
    assert_eq!(listed["content"]["text"], "Your order is ready");
    assert_eq!(listed["status"]["state"], "accepted");
    assert_eq!(
        listed["receipts"][0]["examples"],
        json!(["arrived", "lost"])
    );
    assert_eq!(
        get(url, "requests?view=summary").await["requests"][0]["to"],
        "8615012345678"
    );

    // The pushes of viber have the same names but keep their own addresses.
    let address =
        json!({ "service": "rcs", "push": "message_receipt", "url": hook.url("/receipts") });
    assert_eq!(ask(url, "PUT", "pushes/address", address).await.status, 200);
    let receipt = json!({ "service": "rcs", "push": "message_receipt", "example": "arrived", "request": request });
    assert_eq!(ask(url, "POST", "pushes", receipt).await.status, 200);
    let push = hook.next().await;
    assert_eq!(
        serde_json::from_str::<Value>(&push.body).unwrap(),
        json!({ "msg": id, "state": "THERE" })
    );
    assert_eq!(push.header("action").as_deref(), Some("dr"));
    assert!(push.head.starts_with("post /receipts ") && push.header("sign").is_some());
    let listed = message().await;
    assert_eq!(listed["status"]["state"], "delivered");
    assert_eq!(listed["status"]["word"], "THERE");

    let answer =
        json!({ "request": request, "reply": "Thanks & bye", "url": hook.url("/answers") });
    assert_eq!(ask(url, "POST", "pushes", answer).await.status, 200);
    let push = hook.next().await;
    assert_eq!(push.header("action").as_deref(), Some("mo"));
    assert_eq!(
        push.body,
        format!("user=8615012345678&said=Thanks+%26+bye&about={id}")
    );
    let listed = message().await;
    assert_eq!(listed["replies"][0]["text"], "Thanks & bye");
}

#[tokio::test]
async fn a_receipt_of_an_own_spec_is_automatic() {
    let (sandbox, mut hook) = (start().await, Hook::start("ok").await);
    let mut body = body();
    body["hook"] = hook.url("/in-the-request").into();
    sandbox
        .pushes()
        .outcomes("rcs/message_receipt", &["lost"])
        .unwrap();
    accepted(&sandbox, NOW, SEND, &body).await;
    let push = hook.next().await;
    assert!(push.body.contains("LOST"), "{}", push.body);
    sandbox.pushes().settled().await;
    assert_eq!(sandbox.pushes().log_of("rcs/message_receipt").len(), 1);
    assert!(sandbox.pushes().log_of("viber/message_receipt").is_empty());
    let state = &get(sandbox.url(), "messages").await["messages"][0]["status"]["state"];
    assert_eq!(state, "failed");
}

#[tokio::test]
async fn an_own_spec_is_verified_and_checked_as_the_others_are() {
    let sandbox = start().await;
    let code =
        async |bytes: &[u8]| send(sandbox.url(), bytes).await.unwrap().json()["code"].clone();
    let body = body().to_string();
    let good = signed(&built_in(), SEND, NOW, body.as_bytes());
    assert_eq!(code(&good).await, 0);
    assert_eq!(code(&[&good[..good.len() - 1], b" "].concat()).await, 1003);
    let [path, ..] = SEND;
    let other = signed(&built_in(), [path, "11", "mo"], NOW, body.as_bytes());
    assert_eq!(code(&other).await, 1002);
    let empty = signed(&built_in(), SEND, NOW, b"{\"to\":{}}");
    assert_eq!(code(&empty).await, 70);
}

#[tokio::test]
async fn own_specs_add_to_or_replace_the_embedded_ones() {
    let sandbox = start().await;
    let sms = send(sandbox.url(), &common::good_sms(NOW)).await.unwrap();
    assert_eq!(sms.code(), "0");
    let known = sandbox.pushes().known();
    assert!(known.iter().any(|push| push.service == "viber"));

    let alone = Sandbox::builder()
        .clock(common::at(NOW))
        .without_embedded_specs();
    let alone = alone.spec(service("sms", &rcs())).start().await.unwrap();
    let sms = send(alone.url(), &common::good_sms(NOW)).await.unwrap();
    assert_eq!(sms.status, 404);
    accepted(&alone, NOW, SEND, &body()).await;
    assert!(
        alone
            .pushes()
            .known()
            .iter()
            .all(|push| push.service == "sms")
    );
    // Only one service has this push, so its name is sufficient.
    assert!(
        alone
            .pushes()
            .outcomes("message_receipt", &["lost"])
            .is_ok()
    );
}

#[tokio::test]
async fn an_ambiguous_push_is_named_with_its_service() {
    let sandbox = start().await;
    let pushes = sandbox.pushes();
    let error = pushes
        .send_to("message_receipt", "http://127.0.0.1:9/")
        .unwrap_err();
    assert_eq!(
        error,
        PushError::AmbiguousPush("message_receipt".to_owned())
    );
    pushes
        .send_to("viber/message_receipt", "http://127.0.0.1:9/")
        .unwrap();
    let address = |service: &str| {
        let known = pushes.known();
        let push = known
            .into_iter()
            .find(|push| push.service == service && push.name == "message_receipt");
        push.unwrap().address
    };
    assert_eq!(address("viber").as_deref(), Some("http://127.0.0.1:9/"));
    assert_eq!(address("rcs"), None);
}

/// The error of starting a sandbox with these specs.
async fn refused(specs: &[(&str, &Value)]) -> SpecError {
    let mut builder = Sandbox::builder();
    for (name, spec) in specs {
        builder = builder.spec(service(name, spec));
    }
    let error = builder.start().await.err().unwrap();
    assert!(error.source().is_some());
    match error {
        Error::Spec(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_unusable_spec_is_an_error_with_place_and_reason() {
    let operation = "/paths/~1api~1rcs~1mt/post";
    let receipt = "x-nx-webhooks.message_receipt";
    for (pointer, value, place, reason) in [
        (
            "/responses/200/content/application~1json/examples",
            json!({}),
            "send_message",
            "no example named success",
        ),
        (
            "/x-nx-message/receipts",
            json!(["nothing"]),
            "send_message",
            "`nothing` is not a push",
        ),
        (
            "/x-nx-message/receipts",
            json!(["message_reply"]),
            "send_message",
            "x-nx-receipt",
        ),
        (
            "/x-nx-message/to",
            json!("to.nobody"),
            "send_message",
            "no field `to.nobody`",
        ),
        (
            "/x-nx-message/answer/push",
            json!("nothing"),
            "send_message",
            "no push `nothing`",
        ),
        (
            "/x-nx-message/answer/example",
            json!("nothing"),
            "send_message",
            "no example `nothing`",
        ),
        (
            "/x-nx-message/answer/action",
            json!("nothing"),
            "send_message",
            "no action `nothing`",
        ),
        (
            "/x-nx-action",
            json!(null),
            "send_message",
            "x-nx-action is missing",
        ),
        (
            "#/x-nx-biz-type",
            json!(null),
            receipt,
            "needs an x-nx-biz-type",
        ),
        (
            "#/x-nx-webhooks/0/after/operation",
            json!("nothing"),
            receipt,
            "unknown operation nothing",
        ),
        (
            "#/x-nx-webhooks/0/examples",
            json!({}),
            receipt,
            "no examples",
        ),
        (
            "#/x-nx-webhooks/0/content",
            json!([]),
            receipt,
            "content is empty",
        ),
        (
            "#/x-nx-webhooks/0/action",
            json!([]),
            receipt,
            "needs an action",
        ),
        (
            "#/x-nx-webhooks/1/name",
            json!("message_receipt"),
            receipt,
            "another push has this name",
        ),
    ] {
        let mut spec = rcs();
        let pointer = match pointer.strip_prefix('#') {
            Some(pointer) => pointer.to_owned(),
            None => format!("{operation}{pointer}"),
        };
        *spec.pointer_mut(&pointer).unwrap() = value;
        let error = refused(&[("rcs", &spec)]).await;
        assert_eq!((error.service(), error.place()), ("rcs", place), "{error}");
        assert!(error.reason().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn conflicting_specs_are_an_error() {
    let moved = |path: &str| {
        let text = rcs().to_string().replace("/api/rcs/mt", path);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let rcs = rcs();
    let mut sms = moved("/api/sms/mtsend_v2");
    sms["x-nx-biz-type"] = json!("3");
    sms["paths"]["/api/sms/mtsend_v2"]["post"]["x-nx-action"] = json!("mtsend");
    let mut hashed = moved("/api/sms/mtsend_v2");
    hashed["x-nx-scheme"] = json!("antbuddy-sha256");
    hashed["paths"]["/api/sms/mtsend_v2"]["post"]["x-nx-hash-in"] = json!("header");
    for push in hashed["x-nx-webhooks"].as_array_mut().unwrap() {
        push["signed"] = json!(false);
    }
    for (specs, service, reason) in [
        (vec![("sms", &rcs)], "sms", "another spec has this name"),
        (
            vec![("rcs", &rcs), ("rcs", &rcs)],
            "rcs",
            "another spec has this name",
        ),
        (
            vec![("rcs", &rcs), ("rcs2", &rcs)],
            "rcs2",
            "cannot be distinguished from rcs.send_message",
        ),
        (
            vec![("rcs", &sms)],
            "rcs",
            "cannot be distinguished from sms.send_sms",
        ),
        (
            vec![("rcs", &hashed)],
            "rcs",
            "cannot be distinguished from sms.send_sms",
        ),
        (
            vec![
                ("a", &moved("/api/{one}/mt")),
                ("b", &moved("/api/{other}/mt")),
            ],
            "b",
            "other names for its parameters",
        ),
        (
            vec![("rcs", &moved("/__sandbox/messages"))],
            "rcs",
            "is reserved for the inspector",
        ),
        (
            vec![("rcs", &moved("mt"))],
            "rcs",
            "does not start with a slash",
        ),
        (vec![("a/b", &rcs)], "a/b", "or contain a slash"),
    ] {
        let error = refused(&specs).await;
        assert_eq!(error.service(), service, "{error}");
        assert!(error.reason().contains(reason), "{error}");
    }
    // Operations with different actions, and a literal path next to one with parameters, can be distinguished.
    let mut action = rcs.clone();
    action["paths"]["/api/rcs/mt"]["post"]["x-nx-action"] = json!("other");
    let mut builder = Sandbox::builder();
    for (name, spec) in [
        ("rcs", rcs.clone()),
        ("rcs2", action),
        ("rcs3", moved("/api/{name}/mt")),
    ] {
        builder = builder.spec(service(name, &spec));
    }
    assert!(builder.start().await.is_ok());
}
