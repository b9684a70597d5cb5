//! Events of every service, from the samples of the reference and from their variants.

use nxcloud_webhooks::testing::Fixture;
use nxcloud_webhooks::{
    Event, call_center, did, number_check, ota, sms, viber, virtual_number, whatsapp,
};
use serde_json::json;

use crate::common::parse;

#[test]
fn forms_with_raw_spaces_and_incomplete_content_types_are_read() {
    let body = b"phone=8615012345678&status=2&result=DELIVRD&drtime=2026-11-21 10:15:42&messageid=202611210001&currency=CNY&price=0.0350&rate=7.05&sendtime=2026-11-21+10:15:39&size=1";
    for (content_type, query, body) in [
        (Some("x-www-form-urlencoded"), None, &body[..]),
        (
            Some("application/x-www-form-urlencoded;charset=UTF-8"),
            None,
            body,
        ),
        (None, None, body),
        (None, Some(std::str::from_utf8(body).unwrap()), b""),
    ] {
        let event = sms::Event::parse(content_type, query, body).unwrap();
        let sms::Event::SmsReceipt(receipt) = event else {
            panic!("a receipt");
        };
        assert_eq!(receipt.status, Some(sms::SmsStatus::Delivered));
        assert_eq!(receipt.size, Some(1));
        assert_eq!(receipt.price.as_ref().unwrap().to_string(), "0.0350");
        assert_eq!(
            receipt.dr_time.as_ref().unwrap().to_string(),
            "2026-11-21 10:15:42"
        );
        assert_eq!(receipt.send_time.as_ref().unwrap().second(), 39);
        assert!(receipt.extra.is_empty());
    }
}

#[test]
fn the_notation_of_keys_and_values_between_commas_is_read() {
    let body = "messageId:5b7e0a9c,type:0,toPhone:+85230001111,fromPhone:+8613912345678,content:Hi, see you at 10:15, size 1+1,size:1,price:0.0000,receiveTime:2026-11-21 10:20:05,smsStatus:DELIVRD";
    let form = Some("application/x-www-form-urlencoded");
    let did::Event::DidSmsEvent(event) = did::Event::parse(form, None, body.as_bytes()).unwrap()
    else {
        panic!("a DID event");
    };
    assert_eq!(
        event.content.as_deref(),
        Some("Hi, see you at 10:15, size 1+1")
    );
    assert_eq!(event.to_phone.as_deref(), Some("+85230001111"));
    assert_eq!(event.size, Some(1));
    assert!(event.extra.is_empty());
}

#[test]
fn an_alias_sets_the_same_field() {
    let time = |query: &str| match ota::Event::parse(None, Some(query), b"").unwrap() {
        ota::Event::VerificationStatusEvent(event) => event.dr_time,
        _ => None,
    };
    let expected = "2026-11-21 10:15:42".parse().ok();
    assert_eq!(
        time("requestId=1&status=SUCCESS&drtime=2026-11-21 10:15:42"),
        expected
    );
    assert_eq!(time("drTime=2026-11-21%2010:15:42&requestId=1"), expected);
}

#[test]
fn pushes_of_the_same_service_are_distinguished() {
    let event: viber::Event = parse(&Fixture::<viber::Event>::new("message_reply").request());
    assert!(matches!(event, viber::Event::MessageReplyEvent(_)));
    let event: viber::Event = parse(&Fixture::<viber::Event>::new("message_receipt").request());
    assert!(matches!(event, viber::Event::MessageReceipt(_)));
    let reduced = Fixture::<virtual_number::Event>::new("unbound_call_error").without("data");
    let event: virtual_number::Event = parse(&reduced.request());
    assert!(matches!(event, virtual_number::Event::UnboundCallEvent(_)));
    assert_eq!(event.push_name(), Some("unbound_call_error"));
}

#[test]
fn button_clicks_and_messages_are_distinguished_even_for_new_message_types() {
    let whatsapp =
        |fixture: Fixture<whatsapp::Event>| -> whatsapp::Event { parse(&fixture.request()) };
    let click = whatsapp(Fixture::new("saas_button_click"));
    assert!(matches!(click, whatsapp::Event::ButtonClick(_)));
    for (push, example) in Fixture::<whatsapp::Event>::examples() {
        if push == "inbound_message" {
            let message = whatsapp(Fixture::example(push, example));
            assert!(
                matches!(message, whatsapp::Event::InboundMessage(_)),
                "{example}"
            );
        }
    }
    let reaction = Fixture::example("inbound_message", "text")
        .with("messages.0.type", "reaction")
        .without("messages.0.text")
        .with("messages.0.reaction.emoji", "x");
    assert!(matches!(
        whatsapp(reaction),
        whatsapp::Event::InboundMessage(_)
    ));
}

#[test]
fn the_key_of_a_push_covers_all_its_entries() {
    let single = Fixture::<whatsapp::Event>::example("message_status", "read");
    let entry = single.fields()["statuses"][0].clone();
    let mut other = entry.clone();
    other["id"] = json!("wamid.other");
    let double = single.clone().with("statuses", json!([entry, other]));
    assert_ne!(key(&single), key(&double));
    assert_eq!(
        key(&double),
        key(&double.clone().with("statuses.1.timestamp", "1"))
    );
    assert_eq!(key(&single.clone().with("statuses", json!([]))), None);
    assert_eq!(key(&double.without("statuses.1.id")), None);
}

#[test]
fn an_undocumented_push_is_kept_unchanged() {
    let body = json!({"kind": "balance_low", "balance": 1.5, "account": {"phone": "85230001111"}});
    let text = body.to_string();
    let event =
        number_check::Event::parse(Some("application/json"), None, text.as_bytes()).unwrap();
    assert!(matches!(event, number_check::Event::Unrecognized(_)));
    assert_eq!(event.idempotency_key(), None);
    assert_eq!(event.push_name(), None);
    assert_eq!(serde_json::to_value(&event).unwrap(), body);
    let debug = format!("{event:?}");
    assert!(
        !debug.contains("85230001111") && !debug.contains("balance"),
        "{debug}"
    );
}

fn key<E: Event>(fixture: &Fixture<E>) -> Option<nxcloud_webhooks::IdempotencyKey> {
    parse::<E>(&fixture.request()).idempotency_key()
}

#[test]
fn repeats_share_a_key_and_different_events_do_not() {
    let receipt = Fixture::<sms::Event>::new("sms_receipt")
        .with("messageid", "1")
        .with("status", 2);
    let repeat = receipt
        .clone()
        .with("drtime", "2026-11-22 00:00:00")
        .with("new", true);
    assert_eq!(key(&receipt), key(&repeat));
    assert_eq!(
        key(&receipt),
        key(&receipt.clone().with("status", "2")),
        "string or number"
    );
    assert_ne!(key(&receipt), key(&receipt.clone().with("status", "5")));
    assert_ne!(key(&receipt), key(&receipt.clone().with("messageid", "2")));
    assert_eq!(key(&receipt.clone().without("status")), None);
    assert!(key(&receipt).is_some());
    // A DID message has the same key in both formats that the console offers.
    let json = Fixture::<did::Event>::new("did_sms_signed")
        .with("messageId", "7")
        .with("smsStatus", "DELIVRD");
    let form = Fixture::<did::Event>::new("did_sms_form")
        .with("messageId", "7")
        .with("smsStatus", "DELIVRD");
    assert_eq!(key(&json), key(&form));
    assert_eq!(key(&Fixture::<viber::Event>::new("message_reply")), None);
}

#[test]
fn unix_times_in_seconds_and_milliseconds_are_read() {
    let push =
        Fixture::<call_center::Event>::new("call_log_push").with("startTime", "1795259100500");
    let call_center::Event::CallRecord(record) = parse(&push.request()) else {
        panic!("a call record");
    };
    let start = record.start_time.unwrap();
    assert_eq!(start.to_string(), "2026-11-21T11:05:00.500Z");
    let push = Fixture::<virtual_number::Event>::new("call_result").with("startAt", 1_795_255_500);
    let virtual_number::Event::CallResultEvent(call) = parse(&push.request()) else {
        panic!("a call result");
    };
    assert_eq!(
        call.start_at.unwrap().unix_millis(),
        Some(1_795_255_500_000)
    );
}

#[test]
fn an_invalid_time_stays_in_extra_and_is_serialised_unchanged() {
    for invalid in [
        json!("soon"),
        json!("0000-00-00 00:00:00"),
        json!({}),
        json!(true),
    ] {
        let push =
            Fixture::<call_center::Event>::new("call_log_push").with("startTime", invalid.clone());
        let event: call_center::Event = parse(&push.request());
        assert_eq!(serde_json::to_value(&event).unwrap(), *push.fields());
        let call_center::Event::CallRecord(record) = event else {
            panic!("a call record");
        };
        assert_eq!(
            (record.start_time, record.extra.get("startTime")),
            (None, Some(&invalid))
        );
    }
}

#[test]
fn receipts_match_their_send_and_know_whether_it_was_delivered() {
    let receipt = |fields: &str| match sms::Event::parse(None, Some(fields), b"").unwrap() {
        sms::Event::SmsReceipt(receipt) => receipt,
        other => panic!("{other:?}"),
    };
    let single = receipt("messageid=4711&status=02");
    assert!(single.is_delivered() && single.answers("4711"));
    let multiple = receipt("messageid=4711-0123456789&status=5");
    assert!(!multiple.is_delivered() && multiple.answers("4711"));
    assert!(
        !multiple.answers("471") && !multiple.answers("") && !single.answers("4711-0123456789")
    );
    assert!(!receipt("messageid=4711").is_delivered());
    let is_delivered = |name: &str| match parse(
        &Fixture::<whatsapp::Event>::example("message_status", name).request(),
    ) {
        whatsapp::Event::MessageStatus(status) => status.statuses[0].is_delivered(),
        other => panic!("{other:?}"),
    };
    assert!(is_delivered("delivered") && is_delivered("read") && !is_delivered("failed"));
    match parse(
        &Fixture::<viber::Event>::example("message_receipt", "seen")
            .with("requestId", "7")
            .request(),
    ) {
        viber::Event::MessageReceipt(seen) => {
            assert!(seen.is_delivered() && seen.answers("7") && !seen.answers("7-0123456789"))
        }
        other => panic!("{other:?}"),
    }
    match parse(
        &Fixture::<ota::Event>::new("verification_status")
            .with("requestId", "7")
            .request(),
    ) {
        ota::Event::VerificationStatusEvent(login) => {
            assert!(login.answers("7") && !login.answers("8"))
        }
        other => panic!("{other:?}"),
    }
    match parse(
        &Fixture::<number_check::Event>::new("number_check_result")
            .with("messageId", "u-123456")
            .request(),
    ) {
        number_check::Event::CheckEvent(check) => {
            assert!(check.answers("u") && check.answers("u-123456"))
        }
        other => panic!("{other:?}"),
    }
}

mod without_a_trait_in_scope {
    use nxcloud_webhooks::sms::Event;

    #[test]
    fn key_name_and_repairs_are_inherent_methods() {
        let event = Event::parse(None, Some("messageid=4711&status=2"), b"").unwrap();
        assert!(event.idempotency_key().is_some());
        assert_eq!(event.push_name(), Some("sms_receipt"));
        assert!(event.repairs().is_empty());
    }
}
