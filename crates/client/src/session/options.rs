//! Settings of single calls, on top of those of the session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{OnLimit, Operation, RetryPolicy};

/// Settings for the calls of one client, on top of its session's; see the `with_options` of every service client.
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
    pub(crate) dry_run: Option<Arc<Witness>>,
}

type Observer = dyn Fn(&Signed) + Send + Sync;
type Witness = dyn Fn(&reqwest::Request) + Send + Sync;

/// One attempt as it was signed, to find out why a signature is rejected.
///
/// The string to sign has the secret masked, but it holds the body: mind who reads it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Signed {
    /// The operation.
    pub operation: &'static Operation,
    /// The exact string that was digested, with `***` for the secret.
    pub string_to_sign: String,
    /// The signature that was sent.
    pub signature: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("operation", &self.operation.id)
            .finish_non_exhaustive()
    }
}

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

    /// Calls this with every attempt as it was signed.
    pub fn on_signed(mut self, observer: impl Fn(&Signed) + Send + Sync + 'static) -> Self {
        self.on_signed = Some(Arc::new(observer));
        self
    }

    /// Sends nothing: each call is checked and signed, its request handed over as it would have been sent, and the call ends with
    /// [`ErrorKind::DryRun`](crate::ErrorKind::DryRun).
    ///
    /// A multipart body is a stream, which has no bytes to look at; everything else has.
    pub fn dry_run(mut self, witness: impl Fn(&reqwest::Request) + Send + Sync + 'static) -> Self {
        self.dry_run = Some(Arc::new(witness));
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
            .field("dry_run", &self.dry_run.is_some())
            .finish_non_exhaustive()
    }
}
