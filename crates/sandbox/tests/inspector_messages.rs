//! Messages, receipts and replies through the inspector's JSON API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Hook, SMS_BODY, accepted, ask, call, get, send};
use nxcloud_sandbox::Sandbox;
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000_000;
const WHATSAPP: [&str; 3] = ["/api/wa/mt", "2", "mt"];
const VIBER: [&str; 3] = ["/api/viber/mt", "7", "mt"];

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .clock(common::at(NOW))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_phone_shows_its_messages() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let sms = json!({ "appKey": "a", "phone": "86110000,86220000", "content": "您好", "sourceAddress": "ACME" });
    accepted(&sandbox, NOW, ["/api/sms/mtsend_v2", "3", "mtsend"], &sms).await;
    let template = json!({
        "appkey": "app-1", "business_phone": "12025550143", "messaging_product": "whatsapp",
        "recipient_type": "individual", "to": "8615012345678", "type": "template",
        "template": {
            "name": "login_code_1", "language": { "policy": "deterministic", "code": "en" },
            "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "471100" }] }],
        },
    });
    accepted(&sandbox, NOW, WHATSAPP, &template).await;
    let image = json!({
        "appkey": "app-1", "business_phone": "12025550143", "messaging_product": "whatsapp",
        "recipient_type": "individual", "to": "8615012345678", "type": "image",
        "image": { "link": "https://cdn.example/parcel.jpg", "caption": "Your parcel" },
    });
    accepted(&sandbox, NOW, WHATSAPP, &image).await;
    let viber = json!({
        "appkey": "app-1", "phone": "375291234567", "functionType": "text_image_button",
        "messageData": {
            "rateType": "Promotional", "text": "New bags", "image": "https://cdn.example/bag.jpeg",
            "buttonText": "See all", "buttonLink": "https://shop.example/bags",
        },
    });
    accepted(&sandbox, NOW, VIBER, &viber).await;
    // A refused request reaches nobody.
    send(url, &common::sms(NOW, "another", SMS_BODY.as_bytes())).await;

    let messages = get(url, "messages").await;
    let [first, second, template, image, viber] = &messages["messages"].as_array().unwrap()[..]
    else {
        panic!("five recipients: {messages}");
    };
    assert_eq!(
        (&first["to"], &second["to"]),
        (&"86110000".into(), &"86220000".into())
    );
    assert_eq!(
        (&first["id"], &second["id"]),
        (&"1-0".into(), &"1-1".into())
    );
    assert_eq!(second["from"], "ACME");
    assert_eq!(second["channel"], "sms");
    assert_eq!(second["content"]["text"], "您好");
    assert_eq!(second["status"], json!({ "state": "accepted" }));
    assert_eq!(second["reply_push"], Value::Null);
    assert_eq!(
        second["receipts"][0]["examples"],
        json!(["delivered", "undelivered_with_ext"])
    );
    assert_eq!(template["channel"], "whatsapp");
    let parameter = json!({ "part": "body", "kind": "text", "text": "471100" });
    assert_eq!(
        template["content"]["template"],
        json!({ "name": "login_code_1", "language": "en", "parameters": [parameter] })
    );
    assert_eq!(image["content"]["text"], "Your parcel");
    assert_eq!(image["content"]["media"], "https://cdn.example/parcel.jpg");
    assert_eq!(viber["channel"], "viber");
    assert_eq!(viber["content"]["text"], "New bags");
    let button = json!({ "text": "See all", "link": "https://shop.example/bags" });
    assert_eq!(viber["content"]["button"], button);
}

#[tokio::test]
async fn receipts_and_replies_from_the_page_belong_to_their_message() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    let url = sandbox.url();
    let text = json!({
        "appkey": "app-1", "business_phone": "12025550143", "messaging_product": "whatsapp",
        "recipient_type": "individual", "to": "8615012345678", "type": "text", "text": { "body": "Hi" },
    });
    let request = accepted(&sandbox, NOW, WHATSAPP, &text).await;
    let receipt = |example: &str| json!({ "service": "whatsapp", "push": "message_status", "example": example, "request": request });
    let answer = json!({ "request": request, "reply": "Is it open?" });
    let refused = ask(url, "POST", "pushes", receipt("read")).await;
    assert_eq!(refused.status, 409, "no address is known yet");

    let address = json!({ "url": hook.url("/hook") });
    let set = ask(url, "PUT", "pushes/address", address).await;
    assert_eq!(
        (set.status, &set.json()["address"]),
        (200, &hook.url("/hook").into())
    );
    for state in ["delivered", "read"] {
        let sent = ask(url, "POST", "pushes", receipt(state)).await;
        assert_eq!(sent.json()["deliveries"][0]["outcome"], "accepted");
        let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
        let status = &pushed["statuses"][0];
        assert_eq!(
            (&status["status"], &status["recipient_id"]),
            (&state.into(), &"8615012345678".into())
        );
        let reply: Value =
            serde_json::from_slice(sandbox.request(request).unwrap().reply()).unwrap();
        assert_eq!(status["id"], reply["data"]["messages"][0]["id"]);
        let messages = get(url, "messages").await;
        assert_eq!(messages["messages"][0]["status"]["state"], state);
    }
    let sent = ask(url, "POST", "pushes", answer).await;
    let delivery = sent.json()["deliveries"][0]["id"].clone();
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    assert_eq!(pushed["messages"][0]["text"]["body"], "Is it open?");
    assert_eq!(pushed["messages"][0]["from"], "8615012345678");
    assert_eq!(pushed["business_phone"], "12025550143");
    let again = ask(
        url,
        "POST",
        "pushes/resend",
        json!({ "delivery": delivery }),
    )
    .await;
    assert_eq!(again.status, 200);
    assert_eq!(hook.next().await.body, pushed.to_string());

    let messages = get(url, "messages").await;
    let replies = messages["messages"][0]["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 1, "the same answer twice: {messages}");
    assert_eq!(replies[0]["text"], "Is it open?");
    assert_eq!(messages["messages"][0]["status"]["state"], "read");
    let detail = get(url, &format!("requests/{request}")).await;
    assert_eq!(detail["pushes"].as_array().unwrap().len(), 4);
    assert_eq!(get(url, "pushes").await["log"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn replies_to_viber_and_did_messages_follow_the_reference() {
    let (sandbox, mut hook) = (sandbox().await, Hook::start("success").await);
    let url = sandbox.url();
    for push in ["message_receipt", "message_reply", "did_sms_signed"] {
        sandbox.pushes().send_to(push, hook.url("/")).unwrap();
    }
    let viber = json!({
        "appkey": "app-7", "phone": "375291234567", "functionType": "text",
        "messageData": { "rateType": "Session", "text": "Hi" },
    });
    let request = accepted(&sandbox, NOW, VIBER, &viber).await;
    // The automatic receipt.
    hook.next().await;
    ask(
        url,
        "POST",
        "pushes",
        json!({ "request": request, "reply": "Yes" }),
    )
    .await;
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    assert_eq!(
        (&pushed["phone"], &pushed["appkey"]),
        (&"375291234567".into(), &"app-7".into())
    );
    assert_eq!(pushed["message"]["text"], "Yes");
    let messages = get(url, "messages").await;
    assert_eq!(messages["messages"][0]["status"]["state"], "delivered");
    assert_eq!(messages["messages"][0]["replies"][0]["text"], "Yes");

    let did = json!({ "sender": "85230001111", "phone": "8613912345678", "content": "Parcel" });
    let request = accepted(&sandbox, NOW, ["/didsms/mtsend", "4", "mtsend"], &did).await;
    hook.next().await;
    ask(
        url,
        "POST",
        "pushes",
        json!({ "request": request, "reply": "Thanks" }),
    )
    .await;
    let push = hook.next().await;
    assert_eq!(push.header("action").as_deref(), Some("mo"));
    let pushed: Value = serde_json::from_str(&push.body).unwrap();
    assert_eq!(
        (&pushed["fromPhone"], &pushed["toPhone"]),
        (&"8613912345678".into(), &"85230001111".into())
    );
    assert_eq!(pushed["content"], "Thanks");
    let example = json!({ "service": "did", "push": "did_sms_signed", "example": "upstream" });
    ask(url, "POST", "pushes", example).await;
    let push = hook.next().await;
    assert_eq!(push.header("action").as_deref(), Some("mo"));
    let messages = get(url, "messages").await;
    assert_eq!(messages["messages"][1]["status"]["state"], "delivered");
    assert_eq!(messages["messages"][1]["replies"][0]["text"], "Thanks");

    let sms = accepted(
        &sandbox,
        NOW,
        ["/api/sms/mtsend_v2", "3", "mtsend"],
        &serde_json::from_str(SMS_BODY).unwrap(),
    )
    .await;
    let none = ask(
        url,
        "POST",
        "pushes",
        json!({ "request": sms, "reply": "Yes" }),
    )
    .await;
    assert_eq!(none.status, 422, "the reference knows no answers to SMS");
}

#[tokio::test]
async fn invalid_requests_are_refused_with_a_reason() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    send(url, &common::sms(NOW, "another", SMS_BODY.as_bytes())).await;
    for (method, target, body, status) in [
        ("POST", "pushes", json!({}), 422),
        ("POST", "pushes", json!({ "service": "sms" }), 422),
        (
            "POST",
            "pushes",
            json!({ "service": "sms", "push": "none", "url": "x" }),
            422,
        ),
        (
            "POST",
            "pushes",
            json!({ "service": "sms", "push": "sms_receipt", "request": 9 }),
            404,
        ),
        (
            "POST",
            "pushes",
            json!({ "service": "sms", "push": "sms_receipt", "request": 1 }),
            422,
        ),
        ("POST", "pushes", json!({ "other": 1 }), 400),
        ("POST", "pushes", json!([]), 400),
        ("POST", "pushes/resend", json!({ "delivery": 1 }), 404),
        (
            "PUT",
            "pushes/address",
            json!({ "url": "http://198.51.100.1/" }),
            422,
        ),
        (
            "PUT",
            "pushes/address",
            json!({ "url": "https://127.0.0.1/" }),
            422,
        ),
        (
            "PUT",
            "pushes/address",
            json!({ "service": "sms", "url": "http://127.0.0.1/" }),
            422,
        ),
        (
            "PUT",
            "pushes/address",
            json!({ "service": "sms", "push": "none", "url": "http://127.0.0.1/" }),
            422,
        ),
        ("PUT", "faults", json!({ "on": true }), 422),
        ("PUT", "faults", json!({ "fault": "none", "on": true }), 422),
        (
            "PUT",
            "faults",
            json!({ "fault": "slow", "on": true, "operation": "none" }),
            422,
        ),
        (
            "PUT",
            "faults",
            json!({ "fault": "slow", "on": true, "share": 1.5 }),
            422,
        ),
        (
            "PUT",
            "faults",
            json!({ "fault": "slow", "on": true, "parameters": { "status": 1 } }),
            422,
        ),
        (
            "PUT",
            "faults",
            json!({ "fault": "slow", "on": true, "parameters": { "milliseconds": 0 } }),
            422,
        ),
    ] {
        let reply = ask(url, method, target, body.clone()).await;
        assert_eq!(reply.status, status, "{method} {target} {body}");
        assert!(
            reply.json()["error"].is_string(),
            "{method} {target} {body}"
        );
    }
    assert_eq!(call(url, "PATCH", "/__sandbox/faults").await.status, 415);
    assert!(sandbox.pushes().log().is_empty());
}

#[tokio::test]
async fn an_address_is_set_and_removed_for_one_push_or_all() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let own = json!({ "service": "sms", "push": "sms_receipt", "url": "http://127.0.0.1:9/own" });
    ask(url, "PUT", "pushes/address", own).await;
    ask(
        url,
        "PUT",
        "pushes/address",
        json!({ "url": "http://127.0.0.1:9/all" }),
    )
    .await;
    let of = |listed: &Value, name: &str| {
        let known = listed["known"].as_array().unwrap();
        let push = known.iter().find(|push| push["push"] == name).unwrap();
        push["address"].clone()
    };
    let listed = get(url, "pushes").await;
    assert_eq!(of(&listed, "sms_receipt"), "http://127.0.0.1:9/own");
    assert_eq!(of(&listed, "message_reply"), "http://127.0.0.1:9/all");
    let own = json!({ "service": "sms", "push": "sms_receipt" });
    let listed = ask(url, "PUT", "pushes/address", own).await.json();
    assert_eq!(of(&listed, "sms_receipt"), "http://127.0.0.1:9/all");
    let listed = ask(url, "PUT", "pushes/address", json!({})).await.json();
    assert_eq!(of(&listed, "sms_receipt"), Value::Null);
    assert_eq!(listed["address"], Value::Null);
}
