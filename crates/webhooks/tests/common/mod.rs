//! What the tests share.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{AccessKey, Event, Secret, Signer, Transport};
use serde_json::Value;

/// The moment of all tests.
pub(crate) const NOW: u64 = 1_795_255_500_000;

/// The same, as clocks tell it.
pub(crate) fn now() -> SystemTime {
    at(NOW)
}

pub(crate) fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

pub(crate) fn signer() -> Signer {
    Signer::new(
        AccessKey::new("test-key").unwrap(),
        Secret::new("test-secret").unwrap(),
    )
}

pub(crate) fn parse<E: Event>(request: &TestRequest) -> E {
    E::parse(
        request.header("content-type"),
        request.query.as_deref(),
        &request.body,
    )
    .unwrap()
}

/// Reads an example in every documented transport; what comes back is complete.
pub(crate) fn every_transport<E: Event>(push: &str, example: &str) -> E {
    let fixture = Fixture::<E>::example(push, example);
    let documented = E::PUSHES
        .iter()
        .find(|p| p.name == push)
        .unwrap()
        .transports;
    let mut events = documented.iter().map(|content| {
        let event: E = parse(&fixture.clone().transport(*content).request());
        let back = serde_json::to_value(&event).unwrap();
        match content {
            Transport::Json => assert_eq!(back, *fixture.fields(), "nothing is lost or changed"),
            _ => assert_eq!(as_text(&back), as_text(fixture.fields())),
        }
        let has_key = E::PUSHES
            .iter()
            .any(|p| p.name == push && !p.idempotency_key.is_empty());
        assert_eq!(event.idempotency_key().is_some(), has_key);
        event
    });
    let first = events.next().unwrap();
    for other in events {
        assert_eq!(other.idempotency_key(), first.idempotency_key());
    }
    first
}

/// The value with every number as text, since a form has nothing else.
pub(crate) fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), as_text(value)));
            Value::Object(entries.collect())
        }
        other => other.clone(),
    }
}
