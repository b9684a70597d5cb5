//! The attempts of one call: each waits for room, is signed anew, and is followed by another only if the policy says so.

use std::time::Duration;

use nxcloud_signing::Timestamp;
use reqwest::Request;
use tokio::time::Instant;

use crate::base_url::is_same_place;
use crate::call::Call;
use crate::call::attempt_body::Attempt;
use crate::call::reply::{self, Accepted};
use crate::call::sign::Signing;
use crate::policy::clock::{Reading, retry_after};
use crate::policy::retry::{Decision, Delays};
use crate::{Code, Error, Outcome, RetryPolicy, SignedRequest, trace};

/// What may still happen in a call.
struct RetryLoop {
    policy: RetryPolicy,
    /// When the call's total time is up.
    deadline: Option<Instant>,
    /// Made when the first one is needed.
    delays: Option<Delays>,
    /// A request is signed again for a wrong clock once.
    clock_corrected: bool,
}

impl RetryLoop {
    fn time_remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

impl Call {
    /// Makes attempts until one succeeds or no other may follow.
    ///
    /// Dropping the future drops the attempt at work with its connection, or its place in the line of the rate limit.
    pub(crate) async fn run(&self, mut request: Request) -> Result<Accepted, Error> {
        let session = &self.0.session;
        let options = session.options();
        let signing = Signing::new(session, self.0.operation)?;
        let total = options.total_timeout.or(session.total_timeout());
        let mut retries = RetryLoop {
            policy: options.retry.unwrap_or(session.retry()),
            deadline: total.and_then(|total| Instant::now().checked_add(total)),
            delays: None,
            clock_corrected: false,
        };
        session.budget().deposit();
        let result = self.attempts(&mut request, &signing, &mut retries).await;
        self.state().request = Some(request);
        result
    }

    async fn attempts(
        &self,
        request: &mut Request,
        signing: &Signing<'_>,
        retries: &mut RetryLoop,
    ) -> Result<Accepted, Error> {
        let session = &self.0.session;
        let mut number = 0;
        // Attempts that count for the policy; one that only met a wrong clock does not.
        let mut counted = 0;
        let mut last = None;
        // A body that is not held in memory can be sent once.
        let once = request.body().is_some_and(|body| body.as_bytes().is_none());
        loop {
            if let Some(bucket) = session.bucket(self.0.operation.service) {
                let when = self.0.session.options().when_limited;
                let room = bucket.take(when, retries.deadline, session.sleep());
                if let Err(throttled) = room.await {
                    // What the platform said tells more than that there is no room to ask again.
                    return Err(last.unwrap_or(throttled));
                }
            }
            let this = match self.prepare(request).await {
                Ok(this) => this,
                // A stream that cannot be sent again ends the call with what the first sending met.
                Err(error) => return Err(last.unwrap_or(error)),
            };
            number += 1;
            self.state().attempts = number;
            let reading = session.clock().read();
            let (corrected, error) = match self.attempt(this, signing, reading, retries).await {
                Ok(accepted) => return Ok(accepted),
                Err(failed) => failed,
            };
            if error.outcome() == Outcome::Unknown {
                self.state().open.push(ts(signing, reading));
            }
            if error.is_too_fast()
                && let Some(bucket) = session.bucket(self.0.operation.service)
            {
                bucket.pause(error.retry_after(), retries.policy.longest_retry_after());
            }
            if once {
                return Err(error);
            }
            if corrected && !retries.clock_corrected {
                retries.clock_corrected = true;
                trace::clock_learned(session.clock().offset());
                trace::attempt_failed(number, &error, Some(Duration::ZERO));
                last = Some(error);
                continue;
            }
            counted += 1;
            let delay = self.delay(&error, counted, retries);
            trace::attempt_failed(number, &error, delay);
            match delay {
                Some(delay) => session.sleep()(delay).await,
                None => return Err(error),
            }
            last = Some(error);
        }
    }

    /// The request of one attempt, unsigned. A multipart body is made for each one.
    #[cfg_attr(
        not(feature = "uploads"),
        expect(clippy::unused_async, reason = "files are opened here")
    )]
    async fn prepare(&self, request: &mut Request) -> Result<Request, Error> {
        #[cfg(feature = "uploads")]
        if let Some(form) = self.0.form.get() {
            let mut request = copy(request)?;
            // The octet-stream type of the empty body would win over that of the form.
            request.headers_mut().remove(reqwest::header::CONTENT_TYPE);
            let http = self.0.session.http().clone();
            return reqwest::RequestBuilder::from_parts(http, request)
                .multipart(form.encode().await?)
                .build()
                .map_err(|error| Error::transport(error, false));
        }
        copy(request)
    }

    /// How long to wait before another attempt, if there is to be one.
    fn delay(&self, error: &Error, counted: u32, retries: &mut RetryLoop) -> Option<Duration> {
        let policy = retries.policy;
        let Decision::Retry { at_least } =
            policy.decide(self.0.operation.safe, error.failure(), counted)
        else {
            return None;
        };
        let delays = retries.delays.get_or_insert_with(|| policy.delays());
        let delay = delays.next().max(at_least);
        // Whoever would wait beyond the end of the call can be told now.
        if retries.time_remaining().is_some_and(|left| delay >= left) {
            return None;
        }
        if !self.0.session.budget().withdraw() {
            trace::budget_used_up();
            return None;
        }
        Some(delay)
    }

    /// One attempt. The error comes with whether the clock was corrected because of it.
    async fn attempt(
        &self,
        mut request: Request,
        signing: &Signing<'_>,
        reading: Reading,
        retries: &RetryLoop,
    ) -> Result<Accepted, (bool, Error)> {
        let session = &self.0.session;
        let options = session.options();
        let explain = options.on_signed.is_some();
        let string_to_sign = signing
            .sign(&mut request, reading.ts(), explain)
            .map_err(|error| (false, error))?;
        if let (Some(observer), Some(string)) = (&options.on_signed, string_to_sign) {
            let ts = ts(signing, reading);
            observer(&SignedRequest::new(self.0.operation, &request, ts, string));
        }
        let limit = options.timeout.or(session.timeout());
        *request.timeout_mut() = match (limit, retries.time_remaining()) {
            (Some(limit), Some(left)) => Some(limit.min(left)),
            (limit, left) => limit.or(left),
        };
        let url = request.url().clone();
        // Until it is dropped at the end of this function, the body may be sent.
        let attempt = Attempt::new(&mut request);
        let response = session
            .http()
            .execute(request)
            .await
            .map_err(|error| (false, Error::transport(error, attempt.end())))?;
        if !is_same_place(&url, response.url()) {
            let error = Error::unreadable("it came from another URL than the one that was asked");
            return Err((false, error));
        }
        let timed = signing.has_ts();
        let measured = timed
            .then(|| {
                let (url, headers) = (response.url(), response.headers());
                session.clock().measure(reading, url, headers)
            })
            .flatten();
        let failing = !response.status().is_success();
        let wait = retry_after(response.headers(), || session.clock().system_time());
        let result = reply::read(self.0.operation, response).await;
        let code = match &result {
            Ok(_) => Some(Code::SUCCESS),
            Err(error) => error.code(),
        };
        // A reply without a code may come from anywhere, and with it its date.
        let expired = code == Some(Code::TIMESTAMP_EXPIRED);
        let corrected =
            timed && code.is_some() && session.clock().learn(reading, measured, expired);
        if let Ok(accepted) = &result {
            let mut state = self.state();
            state.accepted = Some(ts(signing, reading));
            state.repairs = accepted.repairs;
        }
        result.map_err(|error| {
            let asks = failing || error.is_too_fast();
            let error = error.with_retry_after(wait.filter(|_| asks));
            (corrected && expired, error)
        })
    }
}

/// The `ts` of an attempt, where requests carry one.
fn ts(signing: &Signing<'_>, reading: Reading) -> Option<Timestamp> {
    signing.has_ts().then(|| reading.ts())
}

/// The request with its body, which stays behind if it is held in memory.
fn copy(request: &mut Request) -> Result<Request, Error> {
    if let Some(copy) = request.try_clone() {
        return Ok(copy);
    }
    let body = request.body_mut().take();
    let mut copy = request
        .try_clone()
        .ok_or_else(|| Error::configuration("the request cannot be sent"))?;
    *copy.body_mut() = body;
    Ok(copy)
}
