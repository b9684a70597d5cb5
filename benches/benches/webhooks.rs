//! Receiving a push of about 1 kB, beside `serde_json` alone on the same bytes, into the same type of event and into a `Value`.
//!
//! `--check` fails the run when a ratio to the event misses its goal by more than a third.

#![expect(clippy::print_stdout, reason = "a table for people")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use nxcloud_benches::ratio::{Rival, race};
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

/// How many times as long as `serde_json` alone, into the same type, receiving may take.
const GOAL: f64 = 2.5;

/// Prints the times of one push; false if one is far from the goal. `T` is the type of the event that the push holds.
fn table<E: Event, T: DeserializeOwned>(name: &str, push: &TestRequest, rounds: usize) -> bool {
    let signer = signer();
    // The guard would refuse every repeat but the first; releasing each push is part of what is timed.
    let verifier = Verifier::new(signer).clock(|| UNIX_EPOCH + Duration::from_millis(NOW));
    let receiver = Receiver::<E>::signed(verifier.clone().biz_type(E::BIZ_TYPE).actions(["dr"]));
    let headers = || push.headers.iter().map(|(name, value)| (name, value));
    let content_type = push.header("content-type");
    let rivals = vec![
        Rival::new("serde_json, event", || {
            serde_json::from_slice::<T>(black_box(&push.body))
        }),
        Rival::new("serde_json, Value", || {
            serde_json::from_slice::<Value>(black_box(&push.body))
        }),
        Rival::new("verify", || {
            verifier
                .verify(headers(), black_box(&push.body))
                .map(nxcloud_webhooks::Verified::release)
        }),
        Rival::new("parse", || {
            E::parse(content_type, None, black_box(&push.body))
        }),
        Rival::new("verify + parse", || {
            let verified = verifier.verify(headers(), black_box(&push.body));
            let event = E::parse(content_type, None, &push.body);
            verified
                .map(nxcloud_webhooks::Verified::release)
                .map(|()| event)
        }),
        Rival::new("whole receiver", || {
            let incoming = Incoming::new(black_box(&push.body)).headers(headers());
            receiver
                .receive(&incoming)
                .map(nxcloud_webhooks::Pending::reject)
        }),
    ];
    println!("{name}, {} bytes", push.body.len());
    // Short slices, so that few of them are interrupted by other work.
    let times = race(rivals, rounds, 200);
    let mut largest = 0.0_f64;
    for name in NAMES {
        let nanos = times.nanos(name).unwrap_or(f64::NAN);
        let of = |rival| times.ratio(name, rival).unwrap_or(f64::NAN);
        let (event, value) = (of(NAMES[0]), of(NAMES[1]));
        println!("  {name:<18} {nanos:>8.0} ns  {event:.2} of event  {value:.2} of Value");
        largest = largest.max(event);
    }
    largest <= GOAL * 4.0 / 3.0
}

fn main() -> ExitCode {
    // Without `--bench`, cargo only wants to see that it runs.
    let rounds = if std::env::args().any(|arg| arg == "--bench") {
        501
    } else {
        1
    };
    let signed = |mut push: TestRequest, biz_type: &str| {
        push.sign(&signer(), biz_type, "dr", NOW);
        push
    };
    let mut near = true;
    // The fields of DID take 240 bytes; the text makes it 1 kB.
    let text = "您的包裹已送达。Your parcel has arrived. ".repeat(15);
    let fixture = Fixture::<did::Event>::new("did_sms_signed").with("content", text);
    near &= table::<did::Event, did::DidSmsEvent>(
        "DID message with a long text",
        &signed(fixture.request(), "4"),
        rounds,
    );
    let text = "Your parcel \"4711\" has arrived.\nThank you!\n".repeat(17);
    let fixture = Fixture::<did::Event>::new("did_sms_signed").with("content", text);
    near &= table::<did::Event, did::DidSmsEvent>(
        "DID message with lines and quotes",
        &signed(fixture.request(), "4"),
        rounds,
    );
    let fixture = Fixture::<call_center::Event>::example("call_log_push", "all_fields")
        .with("recordUrl", "https://record.example/calls/".repeat(6))
        .with("other", "order-4711 ".repeat(12));
    near &= table::<call_center::Event, call_center::CallRecord>(
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
    near &= table::<whatsapp::Event, whatsapp::MessageStatus>(
        "WhatsApp status, two entries",
        &signed(fixture.request(), "2"),
        rounds,
    );
    if near || !std::env::args().any(|arg| arg == "--check") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
