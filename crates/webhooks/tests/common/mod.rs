//! Helpers of the tests.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    AccessKey, Claim, Event, ReplayKey, ReplayStore, Secret, Signer, Transport,
};
use serde_json::Value;

/// The current time in all tests, in milliseconds.
pub(crate) const NOW: u64 = 1_795_255_500_000;

/// The current time as a clock returns it.
pub(crate) fn now() -> SystemTime {
    at(NOW)
}

pub(crate) fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// A clock that the test sets. It starts at [`NOW`].
pub(crate) fn clock() -> (
    Arc<AtomicU64>,
    impl Fn() -> SystemTime + Send + Sync + 'static,
) {
    let now = Arc::new(AtomicU64::new(NOW));
    let reader = Arc::clone(&now);
    (now, move || at(reader.load(Ordering::Relaxed)))
}

/// A replay store that is unavailable.
pub(crate) struct UnavailableStore;

impl ReplayStore for UnavailableStore {
    fn claim(&self, _: &ReplayKey, _: u64, _: u64) -> Claim {
        Claim::Unavailable
    }

    fn release(&self, _: &ReplayKey) {}
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

/// Reads an example from every documented transport, and checks that nothing is lost.
pub(crate) fn every_transport<E: Event>(push: &str, example: &str) -> E {
    let fixture = Fixture::<E>::example(push, example);
    let documented = E::PUSHES
        .iter()
        .find(|p| p.name == push)
        .unwrap()
        .transports;
    let mut events = documented.iter().map(|transport| {
        let event: E = parse(&fixture.clone().transport(*transport).request());
        let fields = serde_json::to_value(&event).unwrap();
        match transport {
            Transport::Json => assert_eq!(fields, *fixture.fields(), "nothing is lost or changed"),
            _ => assert_eq!(as_text(&fields), as_text(fixture.fields())),
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

/// Turns every number into a string, as in a form.
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
