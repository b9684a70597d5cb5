//! Settings of single calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{OnLimit, RetryPolicy, SignedRequest};

/// Settings for the calls of one client. They override the session's; pass them to the method `with_options` of a service client.
///
/// ```
/// use nxcloud_client::{CallOptions, Credentials, RetryPolicy, Session};
/// use std::time::Duration;
///
/// let session = Session::new(Credentials::nxcloud("my-access-key", "my-access-secret")?)?;
/// // One attempt of at most 2 s, over the same connections.
/// let options = CallOptions::new().timeout(Duration::from_secs(2)).retry(RetryPolicy::never());
/// let session = session.with_options(options); // or `client.with_options(options)`
/// # Ok::<(), nxcloud_client::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) when_limited: Option<OnLimit>,
    pub(crate) biz_type: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) on_signed: Option<Arc<Observer>>,
}

type Observer = dyn Fn(&SignedRequest) + Send + Sync;

impl CallOptions {
    /// No overrides: the session's settings apply.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time-out of one attempt; overrides the session's [`timeout`](crate::SessionBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The time-out of the whole call; overrides the session's [`total_timeout`](crate::SessionBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// When to retry failed attempts; overrides the session's [`retry`](crate::SessionBuilder::retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// What to do when the rate limit is reached; overrides the setting of the [`RateLimit`](crate::RateLimit).
    pub fn when_limited(mut self, when: OnLimit) -> Self {
        self.when_limited = Some(when);
        self
    }

    /// Overrides the `bizType` header. The platform's documentation contradicts itself about some of them.
    pub fn biz_type(mut self, biz_type: impl Into<String>) -> Self {
        self.biz_type = Some(biz_type.into());
        self
    }

    /// Overrides the `action` header.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Calls the closure with each signed request before it is sent, for example to debug a rejected signature.
    ///
    /// To inspect a request without sending it, use [`Session::presign`](crate::Session::presign).
    pub fn on_signed(mut self, observer: impl Fn(&SignedRequest) + Send + Sync + 'static) -> Self {
        self.on_signed = Some(Arc::new(observer));
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("total_timeout", &self.total_timeout)
            .field("retry", &self.retry)
            .field("when_limited", &self.when_limited)
            .field("biz_type", &self.biz_type)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}
