//! A fuzz test with a fixed seed and a fixed number of inputs, mutated from the documented pushes. It looks for panics, and for events that
//! change when they are encoded and decoded.

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    Event, Receiver, Transport, Verifier, call_center, did, number_check, ota, sms, viber,
    virtual_number, whatsapp,
};

use crate::common::{NOW, now, signer};

/// Inputs per service.
const RUNS: usize = 2_000;

/// Receives an arbitrary request.
fn target<E: Event>(request: &TestRequest) {
    let verifier = Verifier::new(signer()).clock(now);
    if let Ok(pending) = Receiver::<E>::signed(verifier).receive(&request.incoming()) {
        let _ = pending.accept();
    }
    if let Ok(pending) = Receiver::<E>::unprotected().receive(&request.incoming()) {
        let event = &pending.received().event;
        let first = serde_json::to_value(event).unwrap();
        assert!(first.is_object());
        let _ = (event.idempotency_key(), format!("{event:?}"));
        let fields = first.as_object().unwrap().clone();
        let again = serde_json::to_value(E::from_fields(fields)).unwrap();
        assert_eq!(first, again, "decoding an event again changes it");
        let _ = pending.accept();
    }
}

/// SplitMix64: a small generator with the same output on every platform.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

const BYTES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b":",
    b",",
    b"=",
    b"&",
    b"%",
    b"%ff",
    b"+",
    b" ",
    b"\0",
    b"null",
    b"-0",
    b"1e999",
    b"99999999999999999999",
    b"\xff",
    "邮".as_bytes(),
    b"[[[[[[[[",
];
const TEXTS: &[&str] = &[
    "",
    "application/json",
    "x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=x",
    "text/plain",
    "1795255500000",
    "-1",
    "\u{7f}",
    "ü",
    "4",
    "mo",
    "application/json",
    "application/json;;;",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let start = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => {
                bytes.splice(start..start, random.pick(BYTES).iter().copied());
            }
            1 => bytes.truncate(start),
            2 if start < bytes.len() => bytes[start] ^= 1 << random.below(8),
            _ => {
                let end = (start + random.below(8)).min(bytes.len());
                let copy = bytes[start..end].to_vec();
                let target = random.below(bytes.len() + 1);
                bytes.splice(target..target, copy);
            }
        }
    }
}

fn run<E: Event>(seed: u64) {
    let mut random = Random(seed);
    let examples: Vec<_> = Fixture::<E>::examples().collect();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..RUNS {
        let (push, example) = examples[random.below(examples.len())];
        let transport = [Transport::Json, Transport::Form, Transport::Query][random.below(3)];
        let fixture = Fixture::<E>::example(push, example).transport(transport);
        let mut request = fixture.request();
        if random.below(4) > 0 {
            mutate(&mut request.body, &mut random);
        }
        if let Some(query) = &mut request.query {
            let mut bytes = std::mem::take(query).into_bytes();
            mutate(&mut bytes, &mut random);
            *query = String::from_utf8_lossy(&bytes).into_owned();
        }
        // Half of the inputs are signed after the mutation, to reach the code after the signature check.
        if random.below(2) == 0 {
            request.sign(&signer(), E::BIZ_TYPE, random.pick(&["mo", "dr", "x"]), NOW);
        }
        if random.below(3) == 0 {
            let name = random.pick(&[
                "content-type",
                "ts",
                "sign",
                "action",
                "biztype",
                "accesskey",
            ]);
            request.set_header(name, random.pick(TEXTS));
        }
        target::<E>(&request);
        match Receiver::<E>::unprotected().receive(&request.incoming()) {
            Ok(pending) => {
                read += 1;
                let _ = pending.accept();
            }
            Err(_) => refused += 1,
        }
    }
    assert!(
        read > RUNS / 20 && refused > RUNS / 20,
        "some inputs are readable and some are not: {read}, {refused}"
    );
}

#[test]
fn mutated_pushes_never_panic_and_decode_consistently() {
    run::<call_center::Event>(1);
    run::<did::Event>(2);
    run::<number_check::Event>(3);
    run::<ota::Event>(4);
    run::<sms::Event>(5);
    run::<viber::Event>(6);
    run::<virtual_number::Event>(7);
    run::<whatsapp::Event>(9);
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random(8);
    for _ in 0..2_000 {
        let length = random.below(200);
        let body = (0..length)
            .map(|_| random.next().to_le_bytes()[0])
            .collect();
        let mut request = Fixture::<did::Event>::new("did_sms_signed").request();
        request.body = body;
        target::<did::Event>(&request);
        request.set_header("content-type", "x-www-form-urlencoded");
        target::<did::Event>(&request);
    }
}
