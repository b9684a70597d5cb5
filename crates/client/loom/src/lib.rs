//! Explores every interleaving of the two sides of `crates/client/src/call/handover.rs`. Tests only.

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

    /// Ends the attempt as the guard in `attempt_body.rs` does.
    struct Attempt(Arc<Handover>);

    impl Drop for Attempt {
        fn drop(&mut self) {
            self.0.abandon();
        }
    }

    /// A connection that sends two frames of the body and counts them.
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
            // A taken body is sent completely.
            assert!(frames == 0 || frames == 2);
        });
    }

    #[test]
    fn a_retry_never_sends_a_second_body() {
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
                // This attempt times out. Another one follows only if nothing was sent.
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
            // A body that was not taken before the drop is not taken later.
            assert!(after == 0 || after == 2);
            assert_eq!(handover.abandon(), after == 0);
            assert!(before <= after);
        });
    }
}
