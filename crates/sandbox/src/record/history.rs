//! The requests of the past, within a bound.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ReceivedRequest;

/// The latest requests, in the order in which they were answered.
pub(crate) struct History {
    max_requests: usize,
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<ReceivedRequest>,
    bytes: usize,
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.requests.pop_front() {
            self.bytes -= oldest.size();
        }
    }
}

impl History {
    /// A history of so many requests, whose bodies and texts take so many bytes.
    pub(crate) fn new(max_requests: usize, max_bytes: usize) -> Self {
        Self {
            max_requests,
            max_bytes,
            kept: Mutex::default(),
        }
    }

    /// Keeps a request; the oldest ones go until the rest is within the bounds. A request that alone is larger than the
    /// bound is kept until the next one comes.
    pub(crate) fn push(&self, request: ReceivedRequest) {
        if self.max_requests == 0 {
            return;
        }
        let mut kept = self.kept();
        kept.bytes += request.size();
        kept.requests.push_back(request);
        while kept.requests.len() > self.max_requests
            || (kept.bytes > self.max_bytes && kept.requests.len() > 1)
        {
            kept.drop_oldest();
        }
    }

    /// All requests kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.kept().requests.iter().cloned().collect()
    }

    /// Forgets all requests.
    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change under the lock is complete or not begun, so a poisoned lock guards a sound value.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::record::{Headers, Parts, Verdict};

    fn request(number: u64, body_bytes: usize) -> ReceivedRequest {
        ReceivedRequest::new(Parts {
            received_at: number,
            service: None,
            operation: None,
            method: String::new(),
            path: String::new(),
            query: None,
            headers: Headers::default(),
            body: Bytes::from(vec![0; body_bytes]),
            verdict: Verdict::accepted(),
            status: 200,
            reply: Bytes::new(),
        })
    }

    fn numbers(history: &History) -> Vec<u64> {
        let requests = history.requests();
        requests.iter().map(ReceivedRequest::received_at).collect()
    }

    #[test]
    fn the_oldest_request_goes_first() {
        let history = History::new(3, 1000);
        for number in 1..=5 {
            history.push(request(number, 10));
        }
        assert_eq!(numbers(&history), [3, 4, 5]);
        history.clear();
        assert!(numbers(&history).is_empty());
    }

    #[test]
    fn large_bodies_push_out_older_ones() {
        let history = History::new(10, 100);
        for number in 1..=4 {
            history.push(request(number, 40));
        }
        assert_eq!(numbers(&history), [3, 4]);
        history.push(request(5, 500));
        assert_eq!(numbers(&history), [5]);
        history.push(request(6, 40));
        assert_eq!(numbers(&history), [6]);
    }

    #[test]
    fn a_history_of_none_keeps_none() {
        let history = History::new(0, 100);
        history.push(request(1, 1));
        assert!(numbers(&history).is_empty());
    }
}
