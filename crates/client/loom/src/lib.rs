//! Explores every interleaving of the two sides of `crates/client/src/call/handover.rs`, which this test-only crate includes.

#![forbid(unsafe_code)]

#[cfg(test)]
#[path = "../../src/call/handover.rs"]
mod handover;

#[cfg(test)]
mod tests {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    use crate::handover::Handover;

    /// Ends the attempt as the guard in `sent.rs` does.
    struct Attempt(Arc<Handover>);

    impl Drop for Attempt {
        fn drop(&mut self) {
            self.0.abandon();
        }
    }

    /// A connection that asks for two frames of the body, and counts what it sends.
    fn connection(handover: &Handover, sent: &AtomicUsize) {
        for _ in 0..2 {
            if !handover.take() {
                return;
            }
            sent.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_body_is_sent_or_reported_as_not_sent_and_never_both() {
        loom::model(|| {
            let (handover, sent) = (Arc::new(Handover::new()), Arc::new(AtomicUsize::new(0)));
            let connection = {
                let (handover, sent) = (Arc::clone(&handover), Arc::clone(&sent));
                thread::spawn(move || connection(&handover, &sent))
            };
            let not_sent = handover.abandon();
            connection.join().unwrap();
            let frames = sent.load(Ordering::SeqCst);
            assert_eq!(not_sent, frames == 0);
            // Once taken, a body is sent to its end: half a body would be a third outcome.
            assert!(frames == 0 || frames == 2);
        });
    }

    #[test]
    fn a_retry_never_makes_it_two() {
        loom::model(|| {
            let received = Arc::new(AtomicUsize::new(0));
            let mut connections = Vec::new();
            for _ in 0..2 {
                let handover = Arc::new(Handover::new());
                let connection = {
                    let (handover, received) = (Arc::clone(&handover), Arc::clone(&received));
                    thread::spawn(move || {
                        if handover.take() {
                            received.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                };
                connections.push(connection);
                // The time-out of this attempt; only what was not sent is followed by another.
                if !handover.abandon() {
                    break;
                }
            }
            for connection in connections {
                connection.join().unwrap();
            }
            assert!(received.load(Ordering::SeqCst) <= 1);
        });
    }

    #[test]
    fn a_dropped_attempt_abandons_its_body() {
        loom::model(|| {
            let (handover, sent) = (Arc::new(Handover::new()), Arc::new(AtomicUsize::new(0)));
            let attempt = Attempt(Arc::clone(&handover));
            let connection = {
                let (handover, sent) = (Arc::clone(&handover), Arc::clone(&sent));
                thread::spawn(move || connection(&handover, &sent))
            };
            drop(attempt);
            let before = sent.load(Ordering::SeqCst);
            connection.join().unwrap();
            let after = sent.load(Ordering::SeqCst);
            // Nothing begins after the drop: what was not taken by then is not taken later.
            assert!(after == 0 || after == 2);
            assert_eq!(handover.abandon(), after == 0);
            assert!(before <= after);
        });
    }
}
