//! Checking, reading and answering pushes, without any HTTP framework.

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

use crate::event::{Event, parse_arrived};
use crate::fields::Arrived;
use crate::millis::{Clock, millis, millis_since_1970};
use crate::push::Transport;
use crate::replay::{Claim, Claimed, ReplayKey, ReplayStore};
use crate::source::{AllowList, UrlSecret, check_query};
use crate::verify::{DEFAULT_BODY_LIMIT, Verified, Verifier, VerifyError};

/// Receives the pushes of one service: checks where they come from, reads them, and answers what the platform expects once
/// they are processed. Cloning it is cheap.
///
/// ```
/// # #[cfg(feature = "sms")] {
/// use nxcloud_webhooks::{Incoming, Receiver, Secret, UrlSecret, sms};
///
/// # fn store(_: &sms::SmsReceipt) -> Result<(), std::io::Error> { Ok(()) }
/// let secret = Secret::new("7b6f0c5d9a1e48f3").unwrap();
/// let receiver = Receiver::<sms::Event>::with_url_secret(UrlSecret::last_segment(secret));
///
/// // From the web server, whichever it is:
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

/// How long the extractor and the layer wait for the whole body unless set otherwise: 10 s. The documented pushes take about 1 kB.
pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of a body is read, and for how long.
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

/// Which events were handled, and for how long that is remembered, in milliseconds.
#[derive(Clone)]
struct Once {
    window: u64,
    store: Arc<dyn ReplayStore>,
}

impl<E: Event> Receiver<E> {
    /// Accepts signed pushes only. Where the verifier does not say which service and which actions it expects, those of `E` are.
    ///
    /// For a service without documented signed pushes, and a verifier that names no actions, everything is refused with
    /// [`VerifyError::NoActionAccepted`](crate::VerifyError::NoActionAccepted): no action is expected, and accepting any would let a
    /// request of one's own pass as a push. Where requests of the service are signed for an accepted action as well, such as `mtsend`
    /// of DID, a body that is no documented push is refused with [`VerifyError::UnexpectedAction`](crate::VerifyError::UnexpectedAction).
    ///
    /// Nothing but the signed body is read: no signature covers the query.
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

    /// Accepts pushes whose URL holds a secret.
    #[must_use]
    pub fn with_url_secret(secret: UrlSecret) -> Self {
        Self::unprotected().and_url_secret(secret)
    }

    /// Accepts pushes from these addresses.
    #[must_use]
    pub fn with_allow_list(list: AllowList) -> Self {
        Self::unprotected().and_allow_list(list)
    }

    /// Accepts every push from everyone: whoever finds the URL can report any message as delivered.
    #[must_use]
    pub fn unprotected() -> Self {
        Self(Arc::new(Settings::of::<E>()), PhantomData)
    }

    /// Wants a secret in the URL too.
    #[must_use]
    pub fn and_url_secret(self, secret: UrlSecret) -> Self {
        self.with(|settings| settings.secret = Some(secret))
    }

    /// Wants the sender's address to be on a list too.
    #[must_use]
    pub fn and_allow_list(self, list: AllowList) -> Self {
        self.with(|settings| settings.allow_list = Some(list))
    }

    /// The largest push in bytes, body and query together: [`DEFAULT_BODY_LIMIT`] or what the verifier has.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        self.with(|settings| {
            settings.limit = bytes;
            settings.verifier = settings.verifier.take().map(|v| v.body_limit(bytes));
        })
    }

    /// How long the extractor and the layer wait for the whole body: [`DEFAULT_BODY_TIMEOUT`] unless set here, `None` for no limit.
    ///
    /// It takes tokio's timer. On another runtime nothing is timed, and the server must have a time-out of its own. The time-out for
    /// the head of a request is the server's in any case.
    #[must_use]
    pub fn body_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.with(|settings| settings.body_timeout = timeout)
    }

    /// Handles each event once within this time, recognised by its [`IdempotencyKey`](crate::IdempotencyKey): a repeat of an event that was
    /// processed is answered as accepted, and one that comes while the first is in progress as not processed.
    ///
    /// It works for unsigned pushes and for repeats that the platform signs with a new `ts`, neither of which the replay guard of a [`Verifier`]
    /// knows. It is off unless asked for, because an unsigned push proves nothing: whoever knows the URL can send an event before the
    /// platform does, and the genuine one is then dropped as a repeat. An event without a key is always handled.
    ///
    /// What the store cannot tell (it is full, or cannot be asked) is handled, since some pushes come only once. With a
    /// [`MemoryStore`](crate::MemoryStore) for `n` events, that is: while the last `n` are younger than the window, further ones are
    /// handled without being remembered.
    #[must_use]
    pub fn once_per_event(self, window: Duration, store: impl ReplayStore + 'static) -> Self {
        let once = Once {
            window: millis(window),
            store: Arc::new(store),
        };
        self.with(|settings| settings.once = Some(once))
    }

    /// The clock for [`once_per_event`](Self::once_per_event) and for the verifier: the verifier's or the system's unless set here.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let clock: Clock = Arc::new(clock);
        self.with(|settings| {
            let verifier = settings.verifier.take();
            settings.verifier = verifier.map(|v| v.with_shared_clock(Arc::clone(&clock)));
            settings.clock = clock;
        })
    }

    /// Calls this for every push that is not handled, to log or count the reason, which the sender does not get.
    #[must_use]
    pub fn on_refusal(self, hook: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_refusal = Some(Arc::new(hook)))
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        change(&mut settings);
        Self(Arc::new(settings), PhantomData)
    }

    /// The largest push in bytes; read no further than this.
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

    /// Checks and reads a push. What comes back waits for its outcome: see [`Pending`].
    ///
    /// The order is: size, sender's address, secret in the URL, signature, fields.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason and the answer.
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
        // A second one is as good as an unknown one: which of them would count?
        let content_type = content_types.next().map_or(content_type, |_| Some("?"));
        let encodings: Vec<_> = incoming
            .values("content-encoding")
            .map(String::from_utf8_lossy)
            .collect();
        let encodings = encodings.join(",");
        let arrived = Arrived {
            content_type,
            content_encoding: Some(&*encodings).filter(|encodings| !encodings.is_empty()),
            query: query.as_deref(),
            body: incoming.body,
            limit,
            signed: verified.is_some(),
        };
        let claimed = parse_arrived(&settings.transports, &arrived)
            .map_err(Refusal::from)
            .and_then(|event| not_a_request(event, verified.as_ref()))
            .and_then(|event| Ok((self.claim(&event)?, event)));
        match claimed {
            Ok((claimed, event)) => {
                Ok(Pending::new(self.clone(), event, verified, claimed, sender))
            }
            Err(reason) => {
                // What cannot be read was not processed: the platform may try again.
                if let Some(verified) = verified {
                    verified.settle(reason == Refusal::AlreadyProcessed);
                }
                Err(reason)
            }
        }
    }

    /// Remembers an event as in progress, where events are handled once.
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

    /// Receives a push, has it handled, and gives back what to answer: that it was accepted only if the handler succeeded.
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

    /// As [`handle`](Self::handle), with a handler that waits.
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

    /// As [`handle`](Self::handle), with a handler that cannot fail.
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

    /// As [`accept_with`](Self::accept_with), with a handler that waits.
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

/// A request of the account's own is signed with the same secret. Where an action is that of requests as well, only what has the
/// fields of a push is one.
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
