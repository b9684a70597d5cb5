//! Checks, reads and answers pushes, independently of an HTTP framework.

mod answer;
mod incoming;
mod pending;
mod queue;
mod refusal;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use answer::Answer;
pub use incoming::Incoming;
pub use pending::{Pending, Received};
pub use queue::{NotQueued, Queue};
pub use refusal::{Refusal, Refused};

use crate::event::{Event, parse_raw};
use crate::fields::RawPush;
use crate::millis::{Clock, millis, millis_since_1970};
use crate::push::Transport;
use crate::replay::{Claim, Claimed, ReplayKey, ReplayStore};
use crate::source::{AllowList, UrlSecret, check_query};
use crate::verify::{DEFAULT_BODY_LIMIT, Verified, Verifier, VerifyError};

/// Receives the pushes of a service: checks their source, reads them, and gives the answer that the platform expects. Cloning a receiver
/// is cheap.
///
/// ```
/// # #[cfg(feature = "sms")] {
/// use nxcloud_webhooks::{Incoming, Receiver, Secret, UrlSecret, sms};
///
/// # fn store(_: &sms::SmsReceipt) -> Result<(), std::io::Error> { Ok(()) }
/// let secret = Secret::new("7b6f0c5d9a1e48f3").unwrap();
/// let receiver = Receiver::<sms::Event>::with_url_secret(UrlSecret::last_segment(secret));
///
/// // Fill this in from your web server:
/// let push = Incoming::new(b"messageid=4711&status=2&drtime=2026-11-21 10:15:42")
///     .headers([("content-type", "application/x-www-form-urlencoded")])
///     .url("/hooks/7b6f0c5d9a1e48f3", None);
/// let answer = receiver.handle(&push, |received| match received.event {
///     sms::Event::SmsReceipt(receipt) => store(&receipt),
///     _ => Ok(()),
/// });
/// assert_eq!((answer.status(), answer.body()), (200, "success"));
/// # }
/// ```
pub struct Receiver<E>(Arc<Settings>, PhantomData<fn() -> E>);

/// The default of [`Receiver::body_timeout`]: 10 s. The documented pushes have about 1 kB.
pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The limits for reading a body.
#[cfg(any(feature = "axum", feature = "tower"))]
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) time: Option<Duration>,
}

type Hook = Arc<dyn Fn(&Refusal) + Send + Sync>;

#[derive(Clone)]
struct Settings {
    verifier: Option<Verifier>,
    secret: Option<UrlSecret>,
    allow_list: Option<AllowList>,
    transports: Vec<Transport>,
    limit: usize,
    body_timeout: Option<Duration>,
    clock: Clock,
    once: Option<Once>,
    on_refusal: Option<Hook>,
}

/// The settings of [`Receiver::once_per_event`].
#[derive(Clone)]
struct Once {
    /// How long events are remembered, in milliseconds.
    window: u64,
    store: Arc<dyn ReplayStore>,
}

impl<E: Event> Receiver<E> {
    /// Accepts signed pushes only. If the verifier names no bizType or no actions, those of `E` are expected.
    ///
    /// If neither the verifier nor the reference names signed actions, every push is refused with
    /// [`VerifyError::NoActionAccepted`](crate::VerifyError::NoActionAccepted). Accepting any action would let an attacker send one of
    /// your own requests back as a push. Some actions are used for both requests and pushes, such as `mtsend` of DID. With such an
    /// action, a body that matches no documented push is refused with
    /// [`VerifyError::UnexpectedAction`](crate::VerifyError::UnexpectedAction).
    ///
    /// Only the signed body is read. The signature does not cover the query.
    #[must_use]
    pub fn signed(verifier: Verifier) -> Self {
        let signed = E::PUSHES.iter().filter(|push| push.signed);
        let actions: Vec<&str> = signed
            .clone()
            .flat_map(|push| push.actions)
            .copied()
            .collect();
        let mut transports: Vec<Transport> =
            signed.flat_map(|push| push.transports).copied().collect();
        if transports.is_empty() {
            transports.extend(E::TRANSPORTS);
        }
        transports.retain(|transport| *transport != Transport::Query);
        let mut verifier = verifier;
        if !verifier.has_biz_type() {
            verifier = verifier.biz_type(E::BIZ_TYPE);
        }
        if !verifier.has_actions() {
            verifier = verifier.actions(actions);
        }
        let mut settings = Settings::of::<E>();
        settings.limit = verifier.limit();
        settings.transports = transports;
        settings.clock = verifier.shared_clock();
        settings.verifier = Some(verifier);
        Self(Arc::new(settings), PhantomData)
    }

    /// Accepts pushes whose URL contains a secret.
    #[must_use]
    pub fn with_url_secret(secret: UrlSecret) -> Self {
        Self::unprotected().and_url_secret(secret)
    }

    /// Accepts pushes from the addresses on a list.
    #[must_use]
    pub fn with_allow_list(list: AllowList) -> Self {
        Self::unprotected().and_allow_list(list)
    }

    /// Accepts every push from every sender. Anyone who finds the URL can report any message as delivered.
    #[must_use]
    pub fn unprotected() -> Self {
        Self(Arc::new(Settings::of::<E>()), PhantomData)
    }

    /// Also requires a secret in the URL.
    #[must_use]
    pub fn and_url_secret(self, secret: UrlSecret) -> Self {
        self.with(|settings| settings.secret = Some(secret))
    }

    /// Also requires the sender's address to be on a list.
    #[must_use]
    pub fn and_allow_list(self, list: AllowList) -> Self {
        self.with(|settings| settings.allow_list = Some(list))
    }

    /// Sets the maximum size of a push in bytes, body and query together. The default is the verifier's limit or
    /// [`DEFAULT_BODY_LIMIT`].
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        self.with(|settings| {
            settings.limit = bytes;
            settings.verifier = settings.verifier.take().map(|v| v.body_limit(bytes));
        })
    }

    /// Sets how long the extractor and the layer wait for the complete body. `None` means no limit; the default is
    /// [`DEFAULT_BODY_TIMEOUT`].
    ///
    /// This uses tokio's timer. On another runtime there is no time-out, so the server must have one. The server is always responsible for
    /// the time-out of the request head.
    #[must_use]
    pub fn body_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.with(|settings| settings.body_timeout = timeout)
    }

    /// Handles each event once within `window`. Events are identified by their [`IdempotencyKey`](crate::IdempotencyKey). A repeat of a
    /// processed event is answered as accepted; a repeat of an event in progress is answered as not processed.
    ///
    /// This works for unsigned pushes, and for repeats that the platform signs with a new `ts`; the replay guard of a [`Verifier`] knows
    /// neither. It is off by default, because an unsigned push proves nothing: anyone who knows the URL can send an event before the
    /// platform does, and the genuine push is then dropped as a repeat. An event without a key is always handled.
    ///
    /// If the store is full or unavailable, the event is handled, because some pushes are sent only once. So with a
    /// [`MemoryStore`](crate::MemoryStore) for `n` events, further events are handled without being remembered while the last `n` are
    /// younger than the window.
    #[must_use]
    pub fn once_per_event(self, window: Duration, store: impl ReplayStore + 'static) -> Self {
        let once = Once {
            window: millis(window),
            store: Arc::new(store),
        };
        self.with(|settings| settings.once = Some(once))
    }

    /// Sets the clock of [`once_per_event`](Self::once_per_event) and of the verifier. The default is the verifier's clock or the system
    /// clock.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let clock: Clock = Arc::new(clock);
        self.with(|settings| {
            let verifier = settings.verifier.take();
            settings.verifier = verifier.map(|v| v.with_shared_clock(Arc::clone(&clock)));
            settings.clock = clock;
        })
    }

    /// Sets a function that is called for every push that is not handled, for example to log the reason. The sender does not get the
    /// reason.
    #[must_use]
    pub fn on_refusal(self, hook: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_refusal = Some(Arc::new(hook)))
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        change(&mut settings);
        Self(Arc::new(settings), PhantomData)
    }

    /// The maximum size of a push in bytes. Do not read more than this.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    #[cfg(any(feature = "axum", feature = "tower"))]
    pub(crate) fn body_limits(&self) -> BodyLimits {
        BodyLimits {
            bytes: self.0.limit,
            time: self.0.body_timeout,
        }
    }

    /// Checks and reads a push. Call a method of the returned [`Pending`] to report the outcome and get the answer.
    ///
    /// The checks run in this order: size, sender's address, secret in the URL, signature, fields.
    ///
    /// # Errors
    ///
    /// [`Refused`] with the reason and the answer.
    pub fn receive(&self, incoming: &Incoming<'_>) -> Result<Pending<E>, Refused> {
        self.check(incoming).map_err(|reason| self.refuse(reason))
    }

    fn check(&self, incoming: &Incoming<'_>) -> Result<Pending<E>, Refusal> {
        let settings = &*self.0;
        let limit = settings.limit;
        if incoming.body.len() > limit {
            return Err(Refusal::BodyTooLarge { limit });
        }
        let sender = match &settings.allow_list {
            Some(list) => Some(list.check(incoming.peer, incoming.values("x-forwarded-for"))?),
            None => None,
        };
        let query = match &settings.secret {
            Some(secret) => secret.check(incoming.path, incoming.query)?,
            None => incoming.query.map(Into::into),
        };
        if let Some(query) = &query
            && settings.transports.contains(&Transport::Query)
        {
            check_query(query, E::NAMES)?;
        }
        let headers = incoming.headers.iter().copied();
        let verified = match &settings.verifier {
            Some(verifier) => Some(verifier.verify(headers, incoming.body)?),
            None => None,
        };
        let mut content_types = incoming.values("content-type");
        let content_type = content_types
            .next()
            .map(|value| std::str::from_utf8(value).unwrap_or("?"));
        // Two content types are ambiguous, so they count as an unknown one.
        let content_type = content_types.next().map_or(content_type, |_| Some("?"));
        let encodings: Vec<_> = incoming
            .values("content-encoding")
            .map(String::from_utf8_lossy)
            .collect();
        let encodings = encodings.join(",");
        let raw = RawPush {
            content_type,
            content_encoding: Some(&*encodings).filter(|encodings| !encodings.is_empty()),
            query: query.as_deref(),
            body: incoming.body,
            limit,
            signed: verified.is_some(),
        };
        let claimed = parse_raw(&settings.transports, &raw)
            .map_err(Refusal::from)
            .and_then(|event| not_a_request(event, verified.as_ref()))
            .and_then(|event| Ok((self.claim(&event)?, event)));
        match claimed {
            Ok((claimed, event)) => {
                Ok(Pending::new(self.clone(), event, verified, claimed, sender))
            }
            Err(reason) => {
                // An unreadable push was not processed, so a repeat of it must be accepted.
                if let Some(verified) = verified {
                    verified.settle(reason == Refusal::AlreadyProcessed);
                }
                Err(reason)
            }
        }
    }

    /// Marks an event as in progress, if events are handled once.
    fn claim(&self, event: &E) -> Result<Option<Claimed>, Refusal> {
        let settings = &*self.0;
        let (Some(once), Some(key)) = (&settings.once, event.idempotency_key()) else {
            return Ok(None);
        };
        let (key, now) = (
            ReplayKey::of_event(&key),
            millis_since_1970((settings.clock)()),
        );
        match once.store.claim(&key, now.saturating_add(once.window), now) {
            Claim::Fresh => Ok(Some(Claimed {
                key,
                store: Some(Arc::clone(&once.store)),
            })),
            Claim::Processed => Err(Refusal::AlreadyProcessed),
            Claim::Seen => Err(Refusal::InProgress),
            Claim::Full | Claim::Expired | Claim::Unavailable => Ok(None),
        }
    }

    /// Receives a push, calls the handler and returns the answer. The push is accepted only if the handler succeeded.
    pub fn handle<Error>(
        &self,
        incoming: &Incoming<'_>,
        handler: impl FnOnce(Received<E>) -> Result<(), Error>,
    ) -> Answer {
        match self.receive(incoming) {
            Ok(pending) => pending.handle(handler),
            Err(refused) => refused.answer,
        }
    }

    /// Like [`handle`](Self::handle), with an async handler.
    pub async fn handle_async<Error>(
        &self,
        incoming: &Incoming<'_>,
        handler: impl AsyncFnOnce(Received<E>) -> Result<(), Error>,
    ) -> Answer {
        match self.receive(incoming) {
            Ok(pending) => pending.handle_async(handler).await,
            Err(refused) => refused.answer,
        }
    }

    /// Like [`handle`](Self::handle), with a handler that cannot fail.
    pub fn accept_with(
        &self,
        incoming: &Incoming<'_>,
        handler: impl FnOnce(Received<E>),
    ) -> Answer {
        match self.receive(incoming) {
            Ok(pending) => pending.accept_with(handler),
            Err(refused) => refused.answer,
        }
    }

    /// Like [`accept_with`](Self::accept_with), with an async handler.
    pub async fn accept_with_async(
        &self,
        incoming: &Incoming<'_>,
        handler: impl AsyncFnOnce(Received<E>),
    ) -> Answer {
        match self.receive(incoming) {
            Ok(pending) => pending.accept_with_async(handler).await,
            Err(refused) => refused.answer,
        }
    }

    pub(crate) fn refuse(&self, reason: Refusal) -> Refused {
        self.report(reason);
        Refused {
            reason,
            answer: reason.answer(E::REPLY),
        }
    }

    pub(crate) fn report(&self, reason: Refusal) {
        if let Some(hook) = &self.0.on_refusal {
            hook(&reason);
        }
    }
}

/// Refuses one of the account's own requests, sent back by an attacker: it is signed with the same secret. If requests use the action too,
/// only a body with the fields of a push is accepted.
fn not_a_request<E: Event>(event: E, verified: Option<&Verified>) -> Result<E, Refusal> {
    let ambiguous = verified.is_some_and(|verified| E::REQUESTS.contains(&verified.action()));
    if ambiguous && event.push_name().is_none() {
        return Err(VerifyError::UnexpectedAction.into());
    }
    Ok(event)
}

impl Settings {
    fn of<E: Event>() -> Self {
        Self {
            verifier: None,
            secret: None,
            allow_list: None,
            transports: E::TRANSPORTS.to_vec(),
            limit: DEFAULT_BODY_LIMIT,
            body_timeout: Some(DEFAULT_BODY_TIMEOUT),
            clock: Arc::new(SystemTime::now),
            once: None,
            on_refusal: None,
        }
    }
}

impl<E> Clone for Receiver<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<E> fmt::Debug for Receiver<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.0.verifier)
            .field("url_secret", &self.0.secret.is_some())
            .field("allow_list", &self.0.allow_list)
            .field("limit", &self.0.limit)
            .field("body_timeout", &self.0.body_timeout)
            .field("once_per_event", &self.0.once.is_some())
            .finish_non_exhaustive()
    }
}
