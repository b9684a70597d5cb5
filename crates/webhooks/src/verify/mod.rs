//! Verification of signed pushes over the bytes received.

mod error;
mod headers;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Signature, Signer, Timestamp};

pub use error::{SignedHeader, VerifyError};
use headers::SignatureHeaders;

use crate::millis::{Clock, millis, millis_since_1970};
use crate::replay::{Claim, Claimed, MemoryStore, ReplayKey, ReplayStore};

/// How far `ts` may be from the clock, on both sides, unless set otherwise: the 60 s that the platform allows for requests. The
/// reference states no other for pushes.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(60);

/// Largest body in bytes unless set otherwise: 256 KiB. The documented pushes take about 1 kB.
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
    max_age: Option<u64>,
    body_limit: usize,
    clock: Clock,
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
            max_age: None,
            body_limit: DEFAULT_BODY_LIMIT,
            clock: Arc::new(SystemTime::now),
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

    /// How far `ts` may be from the clock, in the past and in the future: [`DEFAULT_TOLERANCE`] unless set here. Parts of a
    /// millisecond are dropped. [`max_age`](Self::max_age) sets the past alone.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = millis(tolerance);
        self
    }

    /// How old a push may be: how far `ts` may be in the past. Without it that is the [`tolerance`](Self::tolerance).
    ///
    /// It is a choice between two losses:
    ///
    /// - A push that arrives later is lost, for example after an outage of the network or of the receiver. It is refused as often as it
    ///   is repeated with the same `ts`. Whether the platform signs a repeat with a new one is not documented. (Late repeats of a push
    ///   that came in time are no loss: see [`MemoryStore::repeat_window`].)
    /// - Whoever got hold of a push can send it again for so long wherever the replay guard does not remember it: after a restart, and in
    ///   another process with a memory of its own. The handler then runs twice.
    ///
    /// The guard must have room for all pushes of that time ([`MemoryStore::new`]); full of them, it refuses new ones.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(millis(age));
        self
    }

    /// The largest body in bytes. A larger one is refused before it is looked at.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The clock that `ts` is compared with, the system's unless set here. A time before 1970 counts as 1970.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with_shared_clock(Arc::new(clock))
    }

    pub(crate) fn with_shared_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Another replay guard, for example one that several processes share.
    #[must_use]
    pub fn replay_store(mut self, store: impl ReplayStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// No replay guard: the same push is accepted as often as it comes while its `ts` is.
    #[must_use]
    pub fn without_replay_guard(mut self) -> Self {
        self.store = None;
        self
    }

    pub(crate) fn shared_clock(&self) -> Clock {
        Arc::clone(&self.clock)
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

    /// Verifies a push over its headers and the bytes of its body as received.
    ///
    /// Headers are pairs of name and value: a `&http::HeaderMap`, or any iterator. Names may be in any case. On success the push
    /// counts as in progress, and repeats are refused. [`Verified::complete`] says that it was processed, so that repeats are
    /// [`VerifyError::AlreadyProcessed`] and can be answered; [`Verified::release`] that it was not, so that the next attempt gets in.
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
        let headers = SignatureHeaders::pick(headers)?;
        let invalid = |header| move |_| VerifyError::InvalidHeader(header);
        let ts: Timestamp = headers
            .text(SignedHeader::Ts)?
            .parse()
            .map_err(invalid(SignedHeader::Ts))?;
        let biz_type = BizType::new(headers.text(SignedHeader::BizType)?)
            .map_err(invalid(SignedHeader::BizType))?;
        let action = Action::new(headers.text(SignedHeader::Action)?)
            .map_err(invalid(SignedHeader::Action))?;
        let claimed = headers.text(SignedHeader::Sign)?;
        let access_key = headers.text(SignedHeader::AccessKey)?;
        let mut signers = self
            .signers
            .iter()
            .filter(|signer| signer.access_key().as_str() == access_key)
            .peekable();
        if signers.peek().is_none() {
            return Err(VerifyError::UnknownAccessKey);
        }
        let now = millis_since_1970((self.clock)());
        let at = ts.millis().unwrap_or(u64::MAX);
        let too_old = match (self.in_time(at, now), &self.store) {
            // The guard may know it: then it is a repeat.
            (Err(error @ VerifyError::TimestampTooOld { .. }), Some(_)) => Some(error),
            (result, _) => {
                result?;
                None
            }
        };
        let request = Request {
            action,
            biz_type,
            ts,
            body: Body::Signed(body),
        };
        let (signer, signature) = match (self.signed(signers, &request, claimed), too_old) {
            (Err(_), Some(too_old)) => return Err(too_old),
            (signed, _) => signed?,
        };
        let key = ReplayKey::of_signature(&signature);
        let until = at.saturating_add(self.limit_of_age());
        self.guard(&key, until, now, too_old)?;
        Ok(Verified {
            access_key: signer.access_key().clone(),
            action: action.as_str().to_owned(),
            ts,
            until,
            claimed: Claimed {
                key,
                store: self.store.clone(),
            },
        })
    }

    /// Who signed the request, if the signature is right and for what this verifier accepts.
    fn signed<'s>(
        &self,
        mut signers: impl Iterator<Item = &'s Signer>,
        request: &Request<'_>,
        claimed: &str,
    ) -> Result<(&'s Signer, Signature), VerifyError> {
        // `HexDigest` compares in constant time.
        let signed = signers.find_map(|signer| {
            let signature = signer.sign(request);
            (signature == *claimed).then_some((signer, signature))
        });
        let signed = signed.ok_or(VerifyError::SignatureMismatch)?;
        let biz_type = request.biz_type.as_str();
        if self.biz_type.as_deref().is_some_and(|b| b != biz_type) {
            return Err(VerifyError::UnexpectedBizType);
        }
        let action = request.action.as_str();
        let accepted = self.actions.as_ref();
        if accepted.is_some_and(|actions| !actions.iter().any(|a| a == action)) {
            return Err(VerifyError::UnexpectedAction);
        }
        Ok(signed)
    }

    /// Asks the replay guard to remember the push as in progress, if it is new, or is too old and a repeat of one that failed.
    fn guard(
        &self,
        key: &ReplayKey,
        until: u64,
        now: u64,
        too_old: Option<VerifyError>,
    ) -> Result<(), VerifyError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let claim = match too_old {
            Some(_) => store.claim_late(key, now),
            None => store.claim(key, until, now),
        };
        match (claim, too_old) {
            (Claim::Seen | Claim::Expired, Some(too_old)) => Err(too_old),
            (Claim::Fresh, _) => Ok(()),
            (Claim::Processed, _) => Err(VerifyError::AlreadyProcessed),
            (Claim::Seen, None) => Err(VerifyError::Replayed),
            (Claim::Full, _) => Err(VerifyError::ReplayGuardFull),
            (Claim::Expired, None) => Err(VerifyError::ClockSetBack),
            (Claim::Unavailable, _) => Err(VerifyError::ReplayGuardUnavailable),
        }
    }

    const fn limit_of_age(&self) -> u64 {
        match self.max_age {
            Some(age) => age,
            None => self.tolerance,
        }
    }

    /// Whether a `ts` is near enough. Digits beyond the range of the clock are far ahead.
    const fn in_time(&self, at: u64, now: u64) -> Result<(), VerifyError> {
        let by_millis = at.abs_diff(now);
        let (past, future) = (self.limit_of_age(), self.tolerance);
        if at < now && by_millis > past {
            return Err(VerifyError::TimestampTooOld {
                by_millis,
                limit_millis: past,
            });
        }
        if at > now && by_millis > future {
            return Err(VerifyError::TimestampTooNew {
                by_millis,
                limit_millis: future,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("accounts", &self.signers.len())
            .field("biz_type", &self.biz_type)
            .field("actions", &self.actions)
            .field("tolerance_millis", &self.tolerance)
            .field("max_age_millis", &self.limit_of_age())
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
    until: u64,
    claimed: Claimed,
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
        &self.claimed.key
    }

    /// Until when it must be remembered, in milliseconds since 1970-01-01 UTC: later its `ts` is too old.
    #[must_use]
    pub const fn replay_until(&self) -> u64 {
        self.until
    }

    /// The push was processed: within the guard's window repeats of it are [`VerifyError::AlreadyProcessed`].
    pub fn complete(self) {
        self.settle(true);
    }

    /// Forgets the push, because it was not processed: the platform's next attempt is accepted.
    pub fn release(self) {
        self.settle(false);
    }

    pub(crate) fn settle(&self, processed: bool) {
        self.claimed.settle(processed);
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
