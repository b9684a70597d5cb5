//! Verifies signed pushes, over the bytes as received.

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

/// The default of [`Verifier::tolerance`]: 60 s, which the platform allows for requests. The reference gives no other value for pushes.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(60);

/// The default of [`Verifier::body_limit`]: 256 KiB. The documented pushes have about 1 kB.
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
    /// `None` accepts every action; an empty list accepts none.
    actions: Option<Vec<String>>,
    tolerance: u64,
    max_age: Option<u64>,
    body_limit: usize,
    clock: Clock,
    store: Option<Arc<dyn ReplayStore>>,
}

impl Verifier {
    /// Creates a verifier for pushes signed with an account's secret. It uses the system clock, and a [`MemoryStore`] as replay guard.
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

    /// Also accepts another account, or a second secret of the same account while the secret is being replaced.
    #[must_use]
    pub fn also(mut self, signer: Signer) -> Self {
        self.signers.push(signer);
        self
    }

    /// Accepts only pushes signed for this service. By default, every signed `bizType` is accepted.
    #[must_use]
    pub fn biz_type(mut self, biz_type: impl Into<String>) -> Self {
        self.biz_type = Some(biz_type.into());
        self
    }

    /// Accepts only pushes signed for one of these actions. An empty list accepts none. Your own requests are signed with the same secret
    /// as pushes; only bizType and action distinguish them.
    #[must_use]
    pub fn actions<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = Some(actions.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how far `ts` may be from the clock, in the past and in the future. The default is [`DEFAULT_TOLERANCE`]. The value is rounded
    /// down to milliseconds. [`max_age`](Self::max_age) sets only the past.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = millis(tolerance);
        self
    }

    /// Sets how old a push may be, that is, how far `ts` may be in the past. The default is the [`tolerance`](Self::tolerance).
    ///
    /// Both directions have a cost:
    ///
    /// - A push that first arrives later is lost, for example after an outage of the network or of the receiver. Repeats with the same `ts`
    ///   are refused too. It is not documented whether the platform signs repeats with a new `ts`. (Late repeats of a push that arrived in
    ///   time are accepted: see [`MemoryStore::repeat_window`].)
    /// - During this time, an attacker who has captured a push can send it again if the replay guard does not remember it: after a restart,
    ///   or in another process with its own memory. The handler then runs twice.
    ///
    /// The guard needs room for all pushes of this time ([`MemoryStore::new`]). When it is full, it refuses new pushes.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(millis(age));
        self
    }

    /// Sets the maximum size of a body in bytes. A larger body is refused before anything is verified.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the clock that `ts` is compared with. The default is the system clock. A time before 1970 counts as 1970.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with_shared_clock(Arc::new(clock))
    }

    pub(crate) fn with_shared_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the store of the replay guard, for example one that several processes share.
    #[must_use]
    pub fn replay_store(mut self, store: impl ReplayStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Turns the replay guard off. A push is then accepted any number of times while its `ts` is accepted.
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

    /// Verifies a push, over its headers and the bytes of its body as received.
    ///
    /// Headers are pairs of name and value: a `&http::HeaderMap` or any iterator. Names are case-insensitive. After success the push is in
    /// progress, and repeats are refused. Then call [`Verified::complete`] if it was processed; repeats are then
    /// [`VerifyError::AlreadyProcessed`] and can be answered. Or call [`Verified::release`] if it was not; the next attempt is then accepted.
    ///
    /// The signature covers the five headers and the body. It does not cover the URL, its query or any other header.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]. The checks run in this order: list of actions, size, headers, account, time, signature, service and action, replay.
    /// Do not send the error to the sender.
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
            // If the guard remembers the push, this is a late repeat.
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

    /// Finds the account that signed the request, and checks service and action.
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

    /// Claims the push in the replay guard. A push that is too old is accepted only as a repeat of a failed one.
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

    /// Checks `ts` against the clock. A `ts` beyond 64 bits counts as far in the future.
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

/// The signed properties of a verified push.
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

    /// The key of this push in a replay guard.
    #[must_use]
    pub const fn replay_key(&self) -> &ReplayKey {
        &self.claimed.key
    }

    /// The time until which a guard must remember the push, in milliseconds since 1970-01-01 UTC. Afterwards its `ts` is too old.
    #[must_use]
    pub const fn replay_until(&self) -> u64 {
        self.until
    }

    /// Reports that the push was processed. Within the guard's window, repeats are [`VerifyError::AlreadyProcessed`].
    pub fn complete(self) {
        self.settle(true);
    }

    /// Reports that the push was not processed. The platform's next attempt is accepted.
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
