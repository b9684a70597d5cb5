//! Verification of signed pushes over the bytes received.

mod error;
mod headers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Signer, Timestamp};

pub use error::{SignedHeader, VerifyError};
use headers::Found;

use crate::clock::{Clock, SystemClock};
use crate::replay::{Claim, MemoryStore, ReplayKey, ReplayStore};

/// How far `ts` may be from the clock, on both sides, unless told otherwise: the 60 s that the platform allows for requests. The
/// reference states no other for pushes.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(60);

/// Largest body in bytes unless told otherwise: 256 KiB. The documented pushes take about 1 kB.
pub const DEFAULT_BODY_LIMIT: usize = 256 * 1024;

/// Verifies signed pushes.
///
/// ```
/// use nxcloud_signing::{AccessKey, Secret, Signer};
/// use nxcloud_webhooks::{Verifier, VerifyError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = Signer::new(AccessKey::new("my-key")?, Secret::new("my-secret")?);
/// let verifier = Verifier::new(signer).biz_type("4").actions(["dr", "mo"]);
///
/// let headers: [(&str, &str); 0] = []; // a `&http::HeaderMap`, or any pairs of name and value
/// let refused = verifier.verify(headers, b"{}").unwrap_err();
/// assert_eq!(refused.to_string(), "the header accessKey is missing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier {
    signers: Vec<Signer>,
    biz_type: Option<String>,
    /// `None` accepts every action, an empty list none.
    actions: Option<Vec<String>>,
    tolerance: u64,
    body_limit: usize,
    clock: Arc<dyn Clock>,
    store: Option<Arc<dyn ReplayStore>>,
}

impl Verifier {
    /// Verifies pushes signed with one account's secret, with the system's clock and a [`MemoryStore`] as replay guard.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self {
            signers: vec![signer],
            biz_type: None,
            actions: None,
            tolerance: millis(DEFAULT_TOLERANCE),
            body_limit: DEFAULT_BODY_LIMIT,
            clock: Arc::new(SystemClock),
            store: Some(Arc::new(MemoryStore::default())),
        }
    }

    /// Accepts another account too, or another secret of the same one while it is being replaced.
    #[must_use]
    pub fn also(mut self, signer: Signer) -> Self {
        self.signers.push(signer);
        self
    }

    /// Accepts only pushes signed for this service. Without it the `bizType` is verified as signed, whatever it is.
    #[must_use]
    pub fn biz_type(mut self, biz_type: impl Into<String>) -> Self {
        self.biz_type = Some(biz_type.into());
        self
    }

    /// Accepts only pushes signed for one of these actions; with an empty list it accepts none. Requests are signed with the same
    /// secret as pushes; bizType and action are what keeps a request of one's own from being taken for a push.
    #[must_use]
    pub fn actions<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = Some(actions.into_iter().map(Into::into).collect());
        self
    }

    /// How far `ts` may be from the clock, in the past and in the future. Parts of a millisecond are dropped.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = millis(tolerance);
        self
    }

    /// The largest body in bytes. A larger one is refused before it is looked at.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The clock that `ts` is compared with.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Another replay guard, for example one that several processes share.
    #[must_use]
    pub fn replay_store(mut self, store: impl ReplayStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// No replay guard: the same push is accepted as often as it comes within the tolerance.
    #[must_use]
    pub fn without_replay_guard(mut self) -> Self {
        self.store = None;
        self
    }

    pub(crate) const fn limit(&self) -> usize {
        self.body_limit
    }

    pub(crate) fn has_biz_type(&self) -> bool {
        self.biz_type.is_some()
    }

    pub(crate) fn has_actions(&self) -> bool {
        self.actions.is_some()
    }

    /// Verifies a push over its headers and the very bytes of its body.
    ///
    /// Headers are pairs of name and value: a `&http::HeaderMap`, or any iterator. Names may be in any case. On success the push
    /// counts as seen; if it cannot be processed, [`Verified::release`] lets the platform's next attempt in.
    ///
    /// The signature covers the five headers and the body, not the URL, its query or any other header.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]; the order is: actions that may come at all, size, headers, account, time, signature, service and action, replay. Tell the sender none of it.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
    ) -> Result<Verified, VerifyError> {
        if self.actions.as_ref().is_some_and(Vec::is_empty) {
            return Err(VerifyError::NoActionAccepted);
        }
        if body.len() > self.body_limit {
            return Err(VerifyError::BodyTooLarge {
                limit: self.body_limit,
            });
        }
        let found = Found::pick(headers)?;
        let invalid = |header| move |_| VerifyError::InvalidHeader(header);
        let ts: Timestamp = found
            .text(SignedHeader::Ts)?
            .parse()
            .map_err(invalid(SignedHeader::Ts))?;
        let biz_type = BizType::new(found.text(SignedHeader::BizType)?)
            .map_err(invalid(SignedHeader::BizType))?;
        let action = Action::new(found.text(SignedHeader::Action)?)
            .map_err(invalid(SignedHeader::Action))?;
        let claimed = found.text(SignedHeader::Sign)?;
        let access_key = found.text(SignedHeader::AccessKey)?;
        let mut signers = self
            .signers
            .iter()
            .filter(|signer| signer.access_key().as_str() == access_key)
            .peekable();
        if signers.peek().is_none() {
            return Err(VerifyError::UnknownAccessKey);
        }
        let now = self.clock.now_millis();
        let at = self.in_time(&ts, now)?;
        let request = Request {
            action,
            biz_type,
            ts,
            body: Body::Signed(body),
        };
        // `HexDigest` compares in constant time.
        let signed = signers
            .map(|signer| (signer, signer.sign(&request)))
            .find(|(_, signature)| signature == claimed);
        let Some((signer, signature)) = signed else {
            return Err(VerifyError::SignatureMismatch);
        };
        if self
            .biz_type
            .as_deref()
            .is_some_and(|b| b != biz_type.as_str())
        {
            return Err(VerifyError::UnexpectedBizType);
        }
        let accepted = self.actions.as_ref();
        if accepted.is_some_and(|actions| !actions.iter().any(|a| a == action.as_str())) {
            return Err(VerifyError::UnexpectedAction);
        }
        let key = ReplayKey::new(&signature);
        let until = at.saturating_add(self.tolerance);
        if let Some(store) = &self.store {
            match store.claim(&key, until, now) {
                Claim::Fresh => {}
                Claim::Seen => return Err(VerifyError::Replayed),
                Claim::Full => return Err(VerifyError::ReplayGuardFull),
                Claim::Expired => return Err(VerifyError::ClockSetBack),
                Claim::Unavailable => return Err(VerifyError::ReplayGuardUnavailable),
            }
        }
        Ok(Verified {
            access_key: signer.access_key().clone(),
            action: action.as_str().to_owned(),
            ts,
            key,
            until,
            store: self.store.clone(),
        })
    }

    /// The moment of `ts`, if it is near enough. Digits beyond the range of the clock are far ahead.
    fn in_time(&self, ts: &Timestamp, now: u64) -> Result<u64, VerifyError> {
        let at = ts.millis().unwrap_or(u64::MAX);
        if at.abs_diff(now) <= self.tolerance {
            Ok(at)
        } else if at < now {
            Err(VerifyError::TimestampTooOld {
                by_millis: now - at,
            })
        } else {
            Err(VerifyError::TimestampTooNew {
                by_millis: at - now,
            })
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("accounts", &self.signers.len())
            .field("biz_type", &self.biz_type)
            .field("actions", &self.actions)
            .field("tolerance_millis", &self.tolerance)
            .field("body_limit", &self.body_limit)
            .field("replay_guard", &self.store.is_some())
            .finish_non_exhaustive()
    }
}

/// What a verified push is signed for.
#[derive(Clone)]
pub struct Verified {
    access_key: AccessKey,
    action: String,
    ts: Timestamp,
    key: ReplayKey,
    until: u64,
    store: Option<Arc<dyn ReplayStore>>,
}

impl Verified {
    /// The account that signed.
    #[must_use]
    pub const fn access_key(&self) -> &AccessKey {
        &self.access_key
    }

    /// The `action` header, for example `mo` for an incoming message and `dr` for a receipt.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The `ts` header.
    #[must_use]
    pub const fn ts(&self) -> Timestamp {
        self.ts
    }

    /// What a replay guard remembers of this push.
    #[must_use]
    pub const fn replay_key(&self) -> &ReplayKey {
        &self.key
    }

    /// Until when it must be remembered, in milliseconds since 1970-01-01 UTC: later its `ts` is too old.
    #[must_use]
    pub const fn replay_until(&self) -> u64 {
        self.until
    }

    /// Forgets the push, because it was not processed: the platform's next attempt is accepted.
    pub fn release(self) {
        if let Some(store) = &self.store {
            store.release(&self.key);
        }
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("access_key", &self.access_key)
            .field("action", &self.action)
            .field("ts", &self.ts)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
