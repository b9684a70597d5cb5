//! Receiving a push of about 1 kB, compared with `serde_json` alone on the same bytes: into the same event type, and into a `Value`.
//!
//! With `--check` the run fails if a ratio to the event type misses its goal by more than a third.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use nxcloud_benches::ratio::{Candidate, measure_in_turn};
use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    AccessKey, Event, Incoming, Receiver, Secret, Signer, Verifier, call_center, did, whatsapp,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

const NOW: u64 = 1_795_255_500_000;

fn signer() -> Signer {
    let key = AccessKey::new("bench-key").unwrap_or_else(|error| panic!("{error}"));
    let secret = Secret::new("bench-secret-0123456789abcdef");
    Signer::new(key, secret.unwrap_or_else(|error| panic!("{error}")))
}

const NAMES: [&str; 6] = [
    "serde_json, event",
    "serde_json, Value",
    "verify",
    "parse",
    "verify + parse",
    "whole receiver",
];

/// The largest ratio to `serde_json` alone, into the same event type.
const GOAL: f64 = 2.5;

/// Prints the times for a push, and returns false if a ratio misses the goal by more than a third. `T` is the event type of the push.
fn table<E: Event, T: DeserializeOwned>(name: &str, push: &TestRequest, rounds: usize) -> bool {
    let signer = signer();
    // The guard would refuse repeated pushes. Each push is therefore released, and the time for that is included.
    let verifier = Verifier::new(signer).clock(|| UNIX_EPOCH + Duration::from_millis(NOW));
    let receiver = Receiver::<E>::signed(verifier.clone().biz_type(E::BIZ_TYPE).actions(["dr"]));
    let headers = || push.headers.iter().map(|(name, value)| (name, value));
    let content_type = push.header("content-type");
    let candidates = vec![
        Candidate::new("serde_json, event", || {
            serde_json::from_slice::<T>(black_box(&push.body))
        }),
        Candidate::new("serde_json, Value", || {
            serde_json::from_slice::<Value>(black_box(&push.body))
        }),
        Candidate::new("verify", || {
            verifier
                .verify(headers(), black_box(&push.body))
                .map(nxcloud_webhooks::Verified::release)
        }),
        Candidate::new("parse", || {
            E::parse(content_type, None, black_box(&push.body))
        }),
        Candidate::new("verify + parse", || {
            let verified = verifier.verify(headers(), black_box(&push.body));
            let event = E::parse(content_type, None, &push.body);
            verified
                .map(nxcloud_webhooks::Verified::release)
                .map(|()| event)
        }),
        Candidate::new("whole receiver", || {
            let incoming = Incoming::new(black_box(&push.body)).headers(headers());
            receiver
                .receive(&incoming)
                .map(nxcloud_webhooks::Pending::reject)
        }),
    ];
    println!("{name}, {} bytes", push.body.len());
    // Other work on the machine interrupts few slices if they are short.
    let times = measure_in_turn(candidates, rounds, 200);
    let mut largest = 0.0_f64;
    for name in NAMES {
        let nanos = times.nanos(name).unwrap_or(f64::NAN);
        let ratio = |baseline| times.ratio(name, baseline).unwrap_or(f64::NAN);
        let (event, value) = (ratio(NAMES[0]), ratio(NAMES[1]));
        println!("  {name:<18} {nanos:>8.0} ns  {event:.2} times event  {value:.2} times Value");
        largest = largest.max(event);
    }
    largest <= GOAL * 4.0 / 3.0
}

fn main() -> ExitCode {
    // Without `--bench`, `cargo test` runs the program: one round is enough.
    let rounds = if std::env::args().any(|arg| arg == "--bench") {
        501
    } else {
        1
    };
    let signed = |mut push: TestRequest, biz_type: &str| {
        push.sign(&signer(), biz_type, "dr", NOW);
        push
    };
    let mut within_limit = true;
    // The other fields of the DID push have 240 bytes; the text fills it to 1 kB.
    let text = "您的包裹已送达。Your parcel has arrived. ".repeat(15);
    let fixture = Fixture::<did::Event>::new("did_sms_signed").with("content", text);
    within_limit &= table::<did::Event, did::DidSmsEvent>(
        "DID message with a long text",
        &signed(fixture.request(), "4"),
        rounds,
    );
    let text = "Your parcel \"4711\" has arrived.\nThank you!\n".repeat(17);
    let fixture = Fixture::<did::Event>::new("did_sms_signed").with("content", text);
    within_limit &= table::<did::Event, did::DidSmsEvent>(
        "DID message with lines and quotes",
        &signed(fixture.request(), "4"),
        rounds,
    );
    let fixture = Fixture::<call_center::Event>::example("call_log_push", "all_fields")
        .with("recordUrl", "https://record.example/calls/".repeat(6))
        .with("other", "order-4711 ".repeat(12));
    within_limit &= table::<call_center::Event, call_center::CallRecord>(
        "Call record, 28 fields",
        &signed(fixture.request(), "8"),
        rounds,
    );
    let fixture = Fixture::<whatsapp::Event>::example("message_status", "sent");
    let mut statuses = fixture.fields()["statuses"].clone();
    if let Some(list) = statuses.as_array_mut() {
        list.extend(list.clone());
    }
    let fixture = fixture.with("statuses", statuses);
    within_limit &= table::<whatsapp::Event, whatsapp::MessageStatus>(
        "WhatsApp status, two entries",
        &signed(fixture.request(), "2"),
        rounds,
    );
    if within_limit || !std::env::args().any(|arg| arg == "--check") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
