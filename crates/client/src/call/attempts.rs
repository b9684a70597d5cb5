//! The attempts of one call. Each one waits for the rate limit and is signed with its own timestamp. The retry policy decides whether
//! another one follows.

use std::time::Duration;

use nxcloud_signing::Timestamp;
use tokio::time::Instant;

use crate::call::attempt_body::Attempt;
use crate::call::prepare::Prepared;
use crate::call::reply::{self, Accepted};
use crate::call::sign::Signing;
use crate::policy::clock::{Reading, retry_after};
use crate::policy::retry::{Decision, Failure};
use crate::{Code, Error, Outcome, RetryPolicy, Sent, Session, trace};

/// The attempts of one call, and the state that limits them.
pub(crate) struct Attempts<'a> {
    session: &'a Session,
    prepared: &'a Prepared,
    signing: Signing<'a>,
    policy: RetryPolicy,
    /// When the call's total time-out expires.
    deadline: Option<Instant>,
    /// A wrong clock leads to one more attempt, once per call.
    clock_corrected: bool,
    made: u32,
    /// Attempts that count for the policy. One that failed because of a wrong clock does not.
    counted: u32,
    /// The `ts` of every attempt that the platform may have acted on; `None` if requests carry no timestamp.
    open: Vec<Option<Timestamp>>,
}

impl<'a> Attempts<'a> {
    /// # Errors
    ///
    /// If the session has no account for the operation.
    pub(crate) fn new(session: &'a Session, prepared: &'a Prepared) -> Result<Self, Error> {
        let options = session.options();
        let total = options.total_timeout.or(session.total_timeout());
        Ok(Self {
            session,
            prepared,
            signing: Signing::new(session, prepared.operation)?,
            policy: options.retry.unwrap_or(session.retry()),
            deadline: total.and_then(|total| Instant::now().checked_add(total)),
            clock_corrected: false,
            made: 0,
            counted: 0,
            open: Vec::new(),
        })
    }

    /// The number of attempts made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Makes attempts until one succeeds or the policy allows no more.
    ///
    /// Dropping the future drops the attempt in progress with its connection, or its place in the rate limit's queue.
    pub(crate) async fn run(&mut self) -> Result<Accepted, Error> {
        let session = self.session;
        session.budget().deposit();
        let mut last = None;
        loop {
            if let Some(bucket) = session.bucket(self.prepared.operation.service) {
                let on_limit = session.options().when_limited;
                let slot = bucket.take(on_limit, self.deadline, session.sleep());
                if let Err(throttled) = slot.await {
                    // The platform's answer is more useful than the fact that the limit is reached.
                    return Err(last.unwrap_or(throttled));
                }
            }
            let reading = session.clock().read();
            let request = match self.sign(reading.ts()).await {
                Ok(request) => request,
                // A stream cannot be sent again: return the failure of the first attempt.
                Err(error) => return Err(last.unwrap_or(error)),
            };
            self.made += 1;
            let (corrected, error) = match self.attempt(request, reading).await {
                Ok(accepted) => {
                    // If decoding fails, the error must say which request was sent.
                    self.open.push(self.ts(reading));
                    return Ok(accepted);
                }
                Err(failed) => failed,
            };
            if error.outcome() == Outcome::Unknown {
                self.open.push(self.ts(reading));
            }
            if Failure::from(&error).is_too_fast()
                && let Some(bucket) = session.bucket(self.prepared.operation.service)
            {
                bucket.pause(error.retry_after(), self.policy.longest_retry_after());
            }
            if corrected && !self.clock_corrected {
                self.clock_corrected = true;
                trace::clock_learned(session.clock().offset());
                trace::attempt_failed(self.made, &error, Some(Duration::ZERO));
                last = Some(error);
                continue;
            }
            self.counted += 1;
            let delay = self.delay(&error);
            trace::attempt_failed(self.made, &error, delay);
            match delay {
                Some(delay) => session.sleep()(delay).await,
                None => return Err(error),
            }
            last = Some(error);
        }
    }

    /// Completes the error for the caller: if the platform may have acted on a send, it says what was sent.
    pub(crate) fn conclude(self, error: Error) -> Error {
        let error = error.with_attempts(self.made);
        let Prepared {
            operation,
            url,
            body,
            ..
        } = self.prepared;
        // If the platform may have acted on any attempt, the outcome is unknown, even if a later attempt was rejected.
        if operation.safe || self.open.is_empty() {
            return error;
        }
        let timestamps = self.open.into_iter().flatten();
        let body = body.as_deref().unwrap_or_default();
        error.with_sent(Sent::new(operation, timestamps, url, body))
    }

    /// The request of one attempt. Each attempt gets its own multipart body.
    #[cfg_attr(
        not(feature = "uploads"),
        expect(clippy::unused_async, reason = "files are opened here")
    )]
    async fn sign(&self, ts: Timestamp) -> Result<reqwest::Request, Error> {
        let signed = self.signing.sign(self.prepared, ts)?;
        if let Some(observer) = &self.session.options().on_signed {
            observer(&signed);
        }
        let request = signed.into_reqwest();
        #[cfg(feature = "uploads")]
        if let Some(form) = &self.prepared.form {
            let http = self.session.http().clone();
            return reqwest::RequestBuilder::from_parts(http, request)
                .multipart(form.encode().await?)
                .build()
                .map_err(|error| Error::transport(error, false));
        }
        Ok(request)
    }

    /// The `ts` of an attempt, if requests carry one.
    fn ts(&self, reading: Reading) -> Option<Timestamp> {
        self.signing.has_ts().then(|| reading.ts())
    }

    fn time_remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The delay before the next attempt; `None` if there is none.
    fn delay(&mut self, error: &Error) -> Option<Duration> {
        let policy = self.policy;
        let Decision::Retry { at_least } = policy.decide(
            self.prepared.operation.safe,
            Failure::from(error),
            self.counted,
        ) else {
            return None;
        };
        let delay = policy.delay(self.counted).max(at_least);
        // If the delay exceeds the remaining time, end the call now.
        if self
            .time_remaining()
            .is_some_and(|remaining| delay >= remaining)
        {
            return None;
        }
        if !self.session.budget().withdraw() {
            trace::budget_used_up();
            return None;
        }
        Some(delay)
    }

    /// Makes one attempt. The error comes with a flag: whether it led to a clock correction.
    async fn attempt(
        &self,
        mut request: reqwest::Request,
        reading: Reading,
    ) -> Result<Accepted, (bool, Error)> {
        let session = self.session;
        let limit = session.options().timeout.or(session.timeout());
        *request.timeout_mut() = match (limit, self.time_remaining()) {
            (Some(limit), Some(remaining)) => Some(limit.min(remaining)),
            (limit, remaining) => limit.or(remaining),
        };
        let url = request.url().clone();
        // The body may be sent until this is dropped at the end of the function.
        let attempt = Attempt::new(&mut request);
        let response = session
            .http()
            .execute(request)
            .await
            .map_err(|error| (false, session.transport_error(error, attempt.end(), &url)))?;
        if url != *response.url() {
            let error = Error::unreadable("it came from a different URL than the one requested");
            return Err((false, error));
        }
        let timed = self.signing.has_ts();
        let measured = timed
            .then(|| {
                let (url, headers) = (response.url(), response.headers());
                session.clock().measure(reading, url, headers)
            })
            .flatten();
        let failing = !response.status().is_success();
        let wait = retry_after(response.headers(), || session.clock().system_time());
        let result = reply::read(self.prepared.operation, response).await;
        let code = match &result {
            Ok(_) => Some(Code::SUCCESS),
            Err(error) => error.code(),
        };
        // A reply without a code, and so its `Date`, may not be the platform's.
        let expired = code == Some(Code::TIMESTAMP_EXPIRED);
        let corrected =
            timed && code.is_some() && session.clock().learn(reading, measured, expired);
        result.map_err(|error| {
            let asks = failing || Failure::from(&error).is_too_fast();
            let error = error.with_retry_after(wait.filter(|_| asks));
            (corrected && expired, error)
        })
    }
}
