//! The request history, with a limit.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::file::{RecordError, Recorder};
use super::{Cause, Parts, ReceivedRequest};

/// The latest requests, in the order of their replies.
pub(crate) struct History {
    max_requests: usize,
    max_bytes: usize,
    is_recorded: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    requests: VecDeque<ReceivedRequest>,
    bytes: usize,
    /// The number of the latest request.
    last_id: u64,
    recorder: Option<Recorder>,
}

impl Inner {
    /// Adds a request. Drops the oldest requests beyond the limits.
    fn push(&mut self, request: ReceivedRequest, max_requests: usize, max_bytes: usize) {
        if max_requests == 0 {
            return;
        }
        self.bytes += request.size();
        self.requests.push_back(request);
        while self.requests.len() > max_requests
            || (self.bytes > max_bytes && self.requests.len() > 1)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.requests.pop_front() {
            self.bytes -= oldest.size();
        }
    }
}

impl History {
    /// A history of at most this many requests, whose bodies and texts take at most this many bytes.
    pub(crate) fn new(max_requests: usize, max_bytes: usize) -> Self {
        Self {
            max_requests,
            max_bytes,
            is_recorded: false,
            inner: Mutex::default(),
        }
    }

    /// Loads the requests of a file, and records new requests to it.
    pub(crate) fn record(mut self, path: &Path, max_size: u64) -> Result<Self, RecordError> {
        let mut inner = self.inner.lock();
        let recorder = Recorder::open(path, max_size, |request| {
            inner.push(request, self.max_requests, self.max_bytes);
        })?;
        inner.last_id = recorder.last_id();
        inner.recorder = Some(recorder);
        drop(inner);
        self.is_recorded = true;
        Ok(self)
    }

    /// Whether the next request can be recorded; true if there is no file. It is checked before the platform acts, so
    /// that every request that is carried out is recorded.
    ///
    /// `None` if another thread holds the history and this caller must not wait.
    pub(crate) fn can_record(&self, wait: bool) -> Option<bool> {
        let mut inner = self.lock(wait)?;
        let recorder = inner.recorder.as_mut();
        Some(recorder.is_none_or(|recorder| recorder.flush().is_ok()))
    }

    fn lock(&self, wait: bool) -> Option<MutexGuard<'_, Inner>> {
        if wait {
            Some(self.inner.lock())
        } else {
            self.inner.try_lock()
        }
    }

    /// Numbers a request and adds it. Drops the oldest requests beyond the limits. A request that is larger than the
    /// limit by itself is kept until the next one arrives.
    ///
    /// `None` if another thread holds the history and this caller must not wait.
    pub(crate) fn push(&self, parts: &Arc<Parts>, wait: bool) -> Option<ReceivedRequest> {
        let refused = matches!(parts.verdict.cause(), Some(Cause::NotRecorded));
        // Serialised before the lock is taken, so that a large body makes nobody wait.
        let line = (self.is_recorded && !refused).then(|| Recorder::line(parts));
        let mut inner = self.lock(wait)?;
        inner.last_id += 1;
        let request = ReceivedRequest::new(inner.last_id, Arc::clone(parts));
        inner.push(request.clone(), self.max_requests, self.max_bytes);
        if let (Some(recorder), Some(line)) = (&mut inner.recorder, line) {
            recorder.push(request.id(), line);
        }
        Some(request)
    }

    /// The request with a number, if the history still has it.
    pub(crate) fn request(&self, id: u64) -> Option<ReceivedRequest> {
        let inner = self.inner.lock();
        let at = inner
            .requests
            .binary_search_by_key(&id, ReceivedRequest::id)
            .ok()?;
        inner.requests.get(at).cloned()
    }

    /// All requests in the history, oldest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.inner.lock().requests.iter().cloned().collect()
    }

    /// Whether the history has a request that names an account other than the built-in ones.
    pub(crate) fn has_another_account(&self) -> bool {
        let inner = self.inner.lock();
        inner
            .requests
            .iter()
            .any(ReceivedRequest::is_of_another_account)
    }

    /// Deletes all requests. Their numbers are not used again.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock();
        inner.requests.clear();
        inner.bytes = 0;
        if let Some(recorder) = &mut inner.recorder {
            recorder.clear();
        }
    }

    /// Holds the lock until the guard is dropped.
    #[cfg(test)]
    pub(crate) fn held(&self) -> impl Drop + '_ {
        self.inner.lock()
    }

    /// Records to a device that is always full.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn record_on_a_full_disk(mut self) -> Self {
        self.is_recorded = true;
        self.inner.lock().recorder = Some(Recorder::on_a_full_disk());
        self
    }

    /// Closes the file. Later requests are not recorded.
    pub(crate) fn close(&self) {
        self.inner.lock().recorder = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Method;
    use bytes::Bytes;

    use super::*;
    use crate::platform::verdict::Verdict;

    fn push(history: &History, number: u64, body_bytes: usize) -> ReceivedRequest {
        let parts = Parts {
            received_at: number,
            took: Duration::ZERO,
            service: None,
            operation: None,
            method: Method::POST,
            path: String::new(),
            query: None,
            headers: Vec::new(),
            body: Bytes::from(vec![0; body_bytes]),
            verdict: Verdict::accepted(),
            status: 200,
            reply: Bytes::new(),
        };
        history.push(&Arc::new(parts), true).unwrap()
    }

    fn numbers(history: &History) -> Vec<u64> {
        let requests = history.requests();
        requests.iter().map(ReceivedRequest::received_at).collect()
    }

    #[test]
    fn the_oldest_request_is_dropped_first() {
        let history = History::new(3, 1000);
        for number in 1..=5 {
            push(&history, number, 10);
        }
        assert_eq!(numbers(&history), [3, 4, 5]);
        history.clear();
        assert!(numbers(&history).is_empty());
    }

    #[test]
    fn request_numbers_are_never_reused() {
        let history = History::new(2, 1000);
        for number in 1..=3 {
            assert_eq!(push(&history, number * 100, 10).id(), number);
        }
        let lookup = |id| history.request(id).map(|request| request.received_at());
        assert_eq!(
            (lookup(1), lookup(2), lookup(3), lookup(4)),
            (None, Some(200), Some(300), None)
        );
        history.clear();
        assert_eq!(lookup(3), None);
        assert_eq!(push(&history, 400, 10).id(), 4);
        assert_eq!(lookup(4), Some(400));
    }

    #[test]
    fn large_bodies_make_the_history_drop_older_ones() {
        let history = History::new(10, 100);
        for number in 1..=4 {
            push(&history, number, 40);
        }
        assert_eq!(numbers(&history), [3, 4]);
        push(&history, 5, 500);
        assert_eq!(numbers(&history), [5]);
        push(&history, 6, 40);
        assert_eq!(numbers(&history), [6]);
    }

    #[test]
    fn a_history_of_size_0_is_empty() {
        let history = History::new(0, 100);
        assert_eq!(push(&history, 1, 1).id(), 1);
        assert!(numbers(&history).is_empty());
    }
}
