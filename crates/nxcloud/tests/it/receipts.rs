//! `Request::MESSAGE`: how a program that sends many messages finds the message, state and price of each receipt.

use nxcloud::sms::{SendSms, SendSmsReply};
use nxcloud::webhooks::{sms, whatsapp};
use nxcloud::whatsapp::{SendMessage, SendMessageReply, Text};
use nxcloud::{AppKey, Message, MessageState, Request};
use serde::Serialize;
use serde_json::{Value, json};

/// A sent message.
struct Row {
    to: String,
    echo: Option<String>,
    id: String,
    states: Vec<MessageState>,
}

fn text(value: &Value, path: &str) -> Option<String> {
    Some(value.get(path)?.as_str()?.to_owned())
}

fn row<R: Request + Serialize>(request: &R, reply: &R::Reply) -> Row {
    let message = message::<R>();
    let request = serde_json::to_value(request).unwrap();
    let reply = serde_json::to_value(reply).unwrap();
    Row {
        to: text(&request, message.to).unwrap(),
        echo: message.echo.and_then(|echo| text(&request, echo)),
        id: message.id_in(&reply).unwrap().to_owned(),
        states: Vec::new(),
    }
}

fn message<R: Request>() -> &'static Message {
    R::MESSAGE.expect("the operation sends messages")
}

/// Records the states in a push. Returns the price and the number of parts of each receipt.
fn record(
    message: &Message,
    rows: &mut [Row],
    name: &str,
    push: &impl Serialize,
) -> Vec<(Option<String>, Option<String>)> {
    let rule = message.receipt(name).unwrap();
    let push = serde_json::to_value(push).unwrap();
    let mut billed = Vec::new();
    for receipt in rule.receipts_in(&push) {
        let echoed = rule.echo.and_then(|echo| text(receipt, echo));
        let mut rows = rows.iter_mut();
        let row = rows.find(|row| match (&row.echo, &echoed) {
            (Some(sent), Some(received)) => sent == received,
            _ => rule.answers(receipt, &row.id),
        });
        row.unwrap().states.extend(rule.state(receipt));
        let field = |name: Option<&str>| text(receipt, name?);
        billed.push((field(rule.price), field(rule.parts)));
    }
    billed
}

#[test]
fn sms_receipts_are_matched_by_echo_and_by_id() {
    let message = message::<SendSms>();
    assert_eq!((message.channel, message.several), ("sms", true));
    assert_eq!(message.text, ["content"]);
    let app = AppKey::new("app");
    let reply: SendSmsReply =
        serde_json::from_value(json!({"code": "0", "messageid": "4711", "result": "success"}))
            .unwrap();
    let other: SendSmsReply =
        serde_json::from_value(json!({"code": "0", "messageid": "4712", "result": "success"}))
            .unwrap();
    let first = SendSms::new(&app, "8615012345678", "hello").with_ext("order-7");
    let second = SendSms::new(&app, "8615012345679", "hello");
    let mut rows = [row(&first, &reply), row(&second, &other)];
    let push = |id: &str, status: &str, ext: &str| {
        let body = format!(
            "phone=8615012345678&status={status}&result=x&drtime=2026-11-21+10%3A15%3A42&messageid={id}&currency=USD&price=0.0350&rate=7&sendtime=2026-11-21+10%3A15%3A39&size=2{ext}"
        );
        let form = Some("application/x-www-form-urlencoded");
        sms::Event::parse(form, None, body.as_bytes()).unwrap()
    };
    for (id, status, ext) in [
        // Another id, but the echoed text matches.
        ("9999", "2", "&ext=order-7"),
        // A receipt of a send to several numbers: the id, a dash and ten digits.
        ("4712-0123456789", "5", ""),
        // An undocumented state.
        ("4712", "77", ""),
    ] {
        let event = push(id, status, ext);
        let name = event.push_name().unwrap();
        assert_eq!(
            record(message, &mut rows, name, &event),
            [(Some("0.0350".to_owned()), Some("2".to_owned()))]
        );
    }
    assert_eq!(rows[0].states, [MessageState::Delivered]);
    assert_eq!(rows[1].states, [MessageState::Failed]);
    assert!(rows[0].states[0].is_delivered() && !rows[1].states[0].is_delivered());
    assert_eq!(rows[1].to, "8615012345679");
}

#[test]
fn a_whatsapp_push_can_contain_several_receipts() {
    let message = message::<SendMessage>();
    let answer = message.answer.unwrap();
    assert_eq!(
        (answer.push, answer.from),
        ("inbound_message", "messages.0.from")
    );
    let app = AppKey::new("app");
    let request = SendMessage::new(&app, "12025550143", "8615012345678", Text::new("hi"));
    let mut rows = ["wamid.1", "wamid.2"].map(|id| {
        let reply = json!({"code": 0, "message": "success", "data": {"messages": [{"id": id}]}});
        let reply: SendMessageReply = serde_json::from_value(reply).unwrap();
        row(&request, &reply)
    });
    let status = |id: &str, status: &str| json!({"id": id, "status": status, "timestamp": "1795255200", "recipient_id": "8615012345678"});
    let push = json!({"statuses": [status("wamid.2", "read"), status("wamid.1", "sent"), status("wamid.1", "failed")]});
    let event = whatsapp::Event::parse(Some("application/json"), None, push.to_string().as_bytes())
        .unwrap();
    let billed = record(message, &mut rows, event.push_name().unwrap(), &event);
    assert_eq!(billed, vec![(None, None); 3]);
    assert_eq!(rows[0].states, [MessageState::Sent, MessageState::Failed]);
    assert_eq!(rows[1].states, [MessageState::Read]);
}

#[test]
fn an_operation_that_sends_no_message_has_no_rules() {
    assert!(nxcloud::did::QueryCalls::MESSAGE.is_none());
    assert!(message::<SendSms>().receipt("no_such_push").is_none());
}
