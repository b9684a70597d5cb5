//! Settings of single calls, on top of those of the session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{OnLimit, RetryPolicy, SignedRequest};

/// Settings for the calls of one client, on top of its session's; see the `with_options` of every service client.
///
/// ```
/// use nxcloud_client::{CallOptions, Credentials, RetryPolicy, Session};
/// use std::time::Duration;
///
/// let session = Session::new(Credentials::nxcloud("my-access-key", "my-access-secret")?)?;
/// // Soon or not at all, over the same connections.
/// let hurried = CallOptions::new().timeout(Duration::from_secs(2)).retry(RetryPolicy::never());
/// let session = session.with_options(hurried); // or `client.with_options(hurried)`
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
    /// The session's settings, unchanged.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one attempt may take, instead of the session's [`timeout`](crate::SessionBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long the whole call may take, instead of the session's
    /// [`total_timeout`](crate::SessionBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// When failed attempts are followed by others, instead of the session's [`retry`](crate::SessionBuilder::retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// What to do when the session's rate limit is reached, instead of what the limit says.
    pub fn when_limited(mut self, when: OnLimit) -> Self {
        self.when_limited = Some(when);
        self
    }

    /// Sends another `bizType` header than the documented one; the reference contradicts itself on some.
    pub fn biz_type(mut self, biz_type: impl Into<String>) -> Self {
        self.biz_type = Some(biz_type.into());
        self
    }

    /// Sends another `action` header than the documented one.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Calls this with every attempt as it was signed, before it is sent: to find out why a signature is rejected.
    ///
    /// To look at a request without sending it, use [`Session::presign`](crate::Session::presign).
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
