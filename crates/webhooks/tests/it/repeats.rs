//! Repeats of a push: answered if the push was processed, refused while it is in progress, handled again after it failed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nxcloud_webhooks::testing::{Fixture, TestRequest};
use nxcloud_webhooks::{
    Claim, DEFAULT_REPEAT_WINDOW, MemoryStore, Receiver, Refusal, ReplayKey, ReplayStore, Verifier,
    VerifyError, did, number_check, sms,
};

use crate::common::{NOW, UnavailableStore, clock, now, signer};

fn signed_at(ts: u64) -> TestRequest {
    Fixture::<did::Event>::new("did_sms_signed").signed(&signer(), ts)
}

/// A receiver with a handler that counts its runs and fails a number of times.
struct Counted<E> {
    receiver: Receiver<E>,
    runs: AtomicUsize,
    failures: AtomicUsize,
}

impl<E: nxcloud_webhooks::Event> Counted<E> {
    fn new(receiver: Receiver<E>, failures: usize) -> Self {
        Self {
            receiver,
            runs: AtomicUsize::new(0),
            failures: AtomicUsize::new(failures),
        }
    }

    /// Receives a push. Returns the answer, and how often the handler has run.
    fn push(&self, push: &TestRequest) -> (u16, &'static str, usize) {
        let answer = self.receiver.handle(&push.incoming(), |_| {
            self.runs.fetch_add(1, Ordering::Relaxed);
            let failures = self.failures.load(Ordering::Relaxed);
            self.failures
                .store(failures.saturating_sub(1), Ordering::Relaxed);
            if failures > 0 { Err(()) } else { Ok(()) }
        });
        (
            answer.status(),
            answer.body(),
            self.runs.load(Ordering::Relaxed),
        )
    }

    fn reason(&self, push: &TestRequest) -> Refusal {
        self.receiver
            .receive(&push.incoming())
            .unwrap_err()
            .reason()
    }
}

#[test]
fn a_processed_push_is_answered_and_not_handled_again() {
    let signed = Receiver::signed(Verifier::new(signer()).clock(now));
    let receiver = Counted::<did::Event>::new(signed, 2);
    let push = signed_at(NOW);
    assert_eq!(receiver.push(&push), (200, "error", 1));
    assert_eq!(receiver.push(&push), (200, "error", 2), "it failed");
    for _ in 0..3 {
        assert_eq!(receiver.push(&push), (200, "success", 3));
    }
    assert_eq!(receiver.reason(&push), Refusal::AlreadyProcessed);
    // A forged repeat is refused.
    let mut forged = push;
    forged.body.push(b' ');
    assert_eq!(receiver.push(&forged), (200, "error", 3));
}

#[test]
fn a_repeat_of_a_push_in_progress_is_refused() {
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let push = signed_at(NOW);
    let pending = receiver.receive(&push.incoming()).unwrap();
    let repeat = receiver.receive(&push.incoming()).unwrap_err();
    assert_eq!(repeat.reason(), Refusal::Verify(VerifyError::Replayed));
    assert_eq!(repeat.answer().body(), "error");
    assert_eq!(pending.reject().body(), "error");
    let pending = receiver.receive(&push.incoming()).unwrap();
    assert_eq!(pending.accept().body(), "success");
    let repeat = receiver.receive(&push.incoming()).unwrap_err();
    assert_eq!(repeat.answer().body(), "success");
}

#[test]
fn a_queued_push_counts_as_processed() {
    let receiver = Receiver::<did::Event>::signed(Verifier::new(signer()).clock(now));
    let (queue, events) = mpsc::sync_channel(1);
    let push = signed_at(NOW);
    let pending = receiver.receive(&push.incoming()).unwrap();
    assert_eq!(pending.enqueue(&queue).body(), "success");
    let repeat = receiver.receive(&push.incoming()).unwrap_err();
    assert_eq!(repeat.answer().body(), "success");
    assert_eq!(events.try_iter().count(), 1);
}

#[test]
fn a_late_repeat_is_answered_within_the_repeat_window() {
    for (window, store) in [
        (DEFAULT_REPEAT_WINDOW, MemoryStore::default()),
        (
            Duration::from_secs(300),
            MemoryStore::default().repeat_window(Duration::from_secs(300)),
        ),
        (
            Duration::ZERO,
            MemoryStore::default().repeat_window(Duration::ZERO),
        ),
    ] {
        let (now, clock) = clock();
        let verifier = Verifier::new(signer()).clock(clock).replay_store(store);
        let receiver = Counted::<did::Event>::new(Receiver::signed(verifier), 0);
        let push = signed_at(NOW);
        assert_eq!(receiver.push(&push), (200, "success", 1));
        let last = NOW + 60_000 + u64::try_from(window.as_millis()).unwrap();
        now.store(last, Ordering::Relaxed);
        assert_eq!(receiver.push(&push), (200, "success", 1));
        now.store(last + 1, Ordering::Relaxed);
        assert_eq!(receiver.push(&push), (200, "error", 1));
        let too_old = VerifyError::TimestampTooOld {
            by_millis: last + 1 - NOW,
            limit_millis: 60_000,
        };
        assert_eq!(receiver.reason(&push), Refusal::Verify(too_old));
    }
}

#[test]
fn a_late_repeat_of_a_failed_push_is_handled_and_a_late_new_push_is_refused() {
    let (now, clock) = clock();
    let verifier = Verifier::new(signer()).clock(clock);
    let receiver = Counted::<did::Event>::new(Receiver::signed(verifier), 2);
    let (failed, other) = (signed_at(NOW), signed_at(NOW + 1));
    assert_eq!(receiver.push(&failed), (200, "error", 1));
    let pending = receiver.receiver.receive(&other.incoming()).unwrap();
    now.store(NOW + 300_000, Ordering::Relaxed);
    assert_eq!(receiver.push(&other), (200, "error", 1), "in progress");
    assert_eq!(pending.accept().body(), "success");
    assert_eq!(receiver.push(&other), (200, "success", 1));
    assert_eq!(receiver.push(&failed), (200, "error", 2), "it fails again");
    now.store(NOW + 600_000, Ordering::Relaxed);
    assert_eq!(receiver.push(&failed), (200, "success", 3));
    assert_eq!(receiver.push(&failed), (200, "success", 3));
    let mut forged = signed_at(NOW);
    forged.body.push(b' ');
    for push in [signed_at(NOW + 2), forged] {
        let reason = receiver.reason(&push);
        let too_old = matches!(reason, Refusal::Verify(VerifyError::TimestampTooOld { .. }));
        assert!(too_old, "{reason}");
        assert_eq!(receiver.push(&push), (200, "error", 3));
    }
}

/// A push that arrives late after an outage of five minutes.
#[test]
fn max_age_sets_the_age_limit_and_the_error_names_it() {
    let late = signed_at(NOW - 300_000);
    let verifier = || Verifier::new(signer()).clock(now);
    let receiver = Receiver::<did::Event>::signed(verifier());
    let refused = receiver.receive(&late.incoming()).unwrap_err();
    for text in [refused.to_string(), refused.reason().to_string()] {
        assert!(text.contains("300 s"), "{text}");
        assert!(text.contains("60 s"), "{text}");
        assert!(text.contains("Verifier::max_age"), "{text}");
    }
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    for verifier in [
        verifier().max_age(minutes(5)),
        // In either order. The tolerance then applies to the future only.
        verifier().max_age(minutes(5)).tolerance(minutes(0)),
        verifier().tolerance(minutes(0)).max_age(minutes(5)),
        verifier().tolerance(minutes(5)),
    ] {
        let receiver = Counted::<did::Event>::new(Receiver::signed(verifier.clone()), 0);
        assert_eq!(receiver.push(&late), (200, "success", 1), "{verifier:?}");
        assert_eq!(receiver.push(&late), (200, "success", 1));
        let older = receiver.reason(&signed_at(NOW - 300_001)).to_string();
        assert!(older.contains("300.001 s"), "{older}");
    }
    let receiver = Counted::<did::Event>::new(Receiver::signed(verifier().max_age(minutes(5))), 0);
    let ahead = receiver.reason(&signed_at(NOW + 60_001)).to_string();
    assert!(
        ahead.contains("60.001 s") && ahead.contains("60 s"),
        "{ahead}"
    );
}

#[test]
fn the_guard_remembers_pushes_for_the_maximum_age() {
    let (now, clock) = clock();
    let store = Arc::new(MemoryStore::new(1).repeat_window(Duration::ZERO));
    let verifier = Verifier::new(signer())
        .clock(clock)
        .max_age(Duration::from_secs(300))
        .replay_store(Arc::clone(&store));
    let receiver = Counted::<did::Event>::new(Receiver::signed(verifier), 0);
    let push = signed_at(NOW);
    assert_eq!(receiver.push(&push), (200, "success", 1));
    now.store(NOW + 300_000, Ordering::Relaxed);
    assert_eq!(receiver.push(&push), (200, "success", 1));
    // The guard is full, and forgetting the first push would allow a replay.
    let other = signed_at(NOW + 300_000);
    assert_eq!(receiver.push(&other), (200, "error", 1));
    let full = Refusal::Verify(VerifyError::ReplayGuardFull);
    assert_eq!(receiver.reason(&other), full);
    now.store(NOW + 300_001, Ordering::Relaxed);
    assert_eq!(receiver.push(&other), (200, "success", 2));
    assert_eq!(store.len(), 1);
}

#[test]
fn the_outcome_can_be_reported_to_a_verifier_without_a_receiver() {
    let verifier = Verifier::new(signer()).clock(now);
    let push = signed_at(NOW);
    let verify = || {
        let headers = push.headers.iter().map(|(name, value)| (name, value));
        verifier.verify(headers, &push.body)
    };
    verify().unwrap().release();
    let verified = verify().unwrap();
    assert_eq!(verify().unwrap_err(), VerifyError::Replayed);
    verified.complete();
    assert_eq!(verify().unwrap_err(), VerifyError::AlreadyProcessed);
}

/// A store that does not record outcomes.
struct WithoutOutcomes(MemoryStore);

impl ReplayStore for WithoutOutcomes {
    fn claim(&self, key: &ReplayKey, until: u64, now: u64) -> Claim {
        self.0.claim(key, until, now)
    }

    fn release(&self, key: &ReplayKey) {
        self.0.release(key);
    }
}

#[test]
fn a_store_without_outcomes_refuses_repeats() {
    let store = WithoutOutcomes(MemoryStore::default());
    let verifier = Verifier::new(signer()).clock(now).replay_store(store);
    let receiver = Counted::<did::Event>::new(Receiver::signed(verifier), 0);
    let push = signed_at(NOW);
    assert_eq!(receiver.push(&push), (200, "success", 1));
    assert_eq!(receiver.push(&push), (200, "error", 1));
    let replayed = Refusal::Verify(VerifyError::Replayed);
    assert_eq!(receiver.reason(&push), replayed);
}

const WINDOW: Duration = Duration::from_secs(600);

fn receipt(id: &str) -> TestRequest {
    Fixture::<sms::Event>::new("sms_receipt")
        .with("messageid", id)
        .request()
}

#[test]
fn unsigned_events_are_handled_once_with_once_per_event() {
    let default = Counted::<sms::Event>::new(Receiver::unprotected(), 0);
    assert_eq!(default.push(&receipt("1")), (200, "success", 1));
    assert_eq!(default.push(&receipt("1")), (200, "success", 2));

    let (now, clock) = clock();
    let receiver = Receiver::unprotected()
        .once_per_event(WINDOW, MemoryStore::default())
        .clock(clock);
    let once = Counted::<sms::Event>::new(receiver, 1);
    assert_eq!(once.push(&receipt("1")), (200, "error", 1), "it failed");
    assert_eq!(once.push(&receipt("1")), (200, "success", 2));
    assert_eq!(once.push(&receipt("1")), (200, "success", 2));
    assert_eq!(once.reason(&receipt("1")), Refusal::AlreadyProcessed);
    assert_eq!(once.push(&receipt("2")), (200, "success", 3));
    // Events without a key are always handled.
    let without_key = Fixture::<sms::Event>::new("sms_receipt")
        .without("messageid")
        .request();
    assert_eq!(once.push(&without_key), (200, "success", 4));
    assert_eq!(once.push(&without_key), (200, "success", 5));
    // Different invalid bytes become the same replacement character, so they give no key.
    let mut damaged = receipt("471");
    for byte in [0xe5, 0xe6] {
        damaged.body = [b"messageid=471".as_slice(), &[byte], b"&status=2"].concat();
        let runs = once.runs.load(Ordering::Relaxed);
        assert_eq!(once.push(&damaged), (200, "success", runs + 1));
    }
    now.fetch_add(600_000, Ordering::Relaxed);
    assert_eq!(once.push(&receipt("1")), (200, "success", 7));
    now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(once.push(&receipt("1")), (200, "success", 8), "too late");
    assert_eq!(once.push(&receipt("1")), (200, "success", 8));
}

#[test]
fn a_repeat_of_an_event_in_progress_is_refused() {
    let receiver = Receiver::<number_check::Event>::unprotected()
        .once_per_event(WINDOW, MemoryStore::default());
    let push = Fixture::<number_check::Event>::new("number_check_result").request();
    let pending = receiver.receive(&push.incoming()).unwrap();
    let repeat = receiver.receive(&push.incoming()).unwrap_err();
    assert_eq!(repeat.reason(), Refusal::InProgress);
    assert_eq!(repeat.answer().status(), 503, "the platform repeats it");
    drop(pending);
    let pending = receiver.receive(&push.incoming()).unwrap();
    assert_eq!(pending.accept().status(), 200);
    let repeat = receiver.receive(&push.incoming()).unwrap_err();
    assert_eq!(repeat.answer().status(), 200);
}

#[test]
fn an_event_is_handled_if_the_store_is_full_or_unavailable() {
    let full = Receiver::unprotected().once_per_event(WINDOW, MemoryStore::new(1));
    let full = Counted::<sms::Event>::new(full, 0);
    assert_eq!(full.push(&receipt("1")), (200, "success", 1));
    assert_eq!(full.push(&receipt("2")), (200, "success", 2));
    assert_eq!(full.push(&receipt("2")), (200, "success", 3));
    assert_eq!(full.push(&receipt("1")), (200, "success", 3));
    let unavailable = Receiver::unprotected().once_per_event(WINDOW, UnavailableStore);
    let unavailable = Counted::<sms::Event>::new(unavailable, 0);
    assert_eq!(unavailable.push(&receipt("1")), (200, "success", 1));
    assert_eq!(unavailable.push(&receipt("1")), (200, "success", 2));
}

/// The platform may sign a repeat with a new `ts`. For the replay guard it is then a new push.
#[test]
fn a_repeat_signed_with_a_new_ts_is_handled_once() {
    let receiver = Receiver::signed(Verifier::new(signer()).clock(now))
        .once_per_event(WINDOW, MemoryStore::default());
    let once = Counted::<did::Event>::new(receiver, 1);
    assert_eq!(once.push(&signed_at(NOW)), (200, "error", 1), "it failed");
    let pending = once
        .receiver
        .receive(&signed_at(NOW + 1).incoming())
        .unwrap();
    let repeat = signed_at(NOW + 2);
    assert_eq!(once.reason(&repeat), Refusal::InProgress);
    assert_eq!(pending.accept().body(), "success");
    assert_eq!(once.push(&repeat), (200, "success", 1));
    assert_eq!(once.push(&signed_at(NOW + 3)), (200, "success", 1));
    assert_eq!(once.push(&repeat), (200, "success", 1));
    let other = Fixture::<did::Event>::new("did_sms_signed").with("messageId", "another");
    assert_eq!(
        once.push(&other.signed(&signer(), NOW + 4)),
        (200, "success", 2)
    );
}
