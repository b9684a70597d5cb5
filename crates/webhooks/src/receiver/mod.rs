//! Checking, reading and answering pushes, without any HTTP framework.

mod answer;
mod pending;
mod queue;
mod refusal;

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use answer::Answer;
pub use pending::{Pending, Received};
pub use queue::{NotQueued, Queue};
pub use refusal::{Refusal, Refused};

use crate::event::{Event, parse_arrived};
use crate::fields::Arrived;
use crate::push::Content;
use crate::unsigned::{AllowList, UrlSecret, check_query};
use crate::verify::{DEFAULT_BODY_LIMIT, Verifier};

/// An HTTP request with a push, as received.
///
/// `Debug` shows neither headers nor URL nor body.
#[derive(Clone)]
pub struct Incoming<'a> {
    headers: Vec<(&'a str, &'a [u8])>,
    path: &'a str,
    query: Option<&'a str>,
    peer: Option<IpAddr>,
    body: &'a [u8],
}

impl<'a> Incoming<'a> {
    /// A request with this body, byte for byte as it came.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self {
            headers: Vec::new(),
            path: "/",
            query: None,
            peer: None,
            body,
        }
    }

    /// All headers: a `&http::HeaderMap`, or pairs of name and value, with a header that came twice in it twice.
    #[must_use]
    pub fn headers<N, V>(mut self, headers: impl IntoIterator<Item = (&'a N, &'a V)>) -> Self
    where
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let headers = headers.into_iter();
        self.headers
            .extend(headers.map(|(name, value)| (name.as_ref(), value.as_ref())));
        self
    }

    /// Path and query of the URL, not decoded.
    #[must_use]
    pub const fn url(mut self, path: &'a str, query: Option<&'a str>) -> Self {
        self.path = path;
        self.query = query;
        self
    }

    /// The address of the other end of the connection. Only an [`AllowList`] asks for it.
    #[must_use]
    pub const fn peer(mut self, address: IpAddr) -> Self {
        self.peer = Some(address);
        self
    }

    fn values<'s>(&'s self, wanted: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let headers = self.headers.iter();
        headers
            .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| *value)
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

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
    content: Vec<Content>,
    limit: usize,
    body_timeout: Option<Duration>,
    on_refusal: Option<Hook>,
}

impl<E: Event> Receiver<E> {
    /// Accepts signed pushes only. Where the verifier does not say which service and which actions it expects, those of `E` are.
    ///
    /// For a service without documented signed pushes, and a verifier that names no actions, everything is refused with
    /// [`VerifyError::NoActionAccepted`](crate::VerifyError::NoActionAccepted): no action is expected, and accepting any would let a
    /// request of one's own pass as a push.
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
        let mut content: Vec<Content> = signed.flat_map(|push| push.content).copied().collect();
        if content.is_empty() {
            content.extend(E::CONTENT);
        }
        content.retain(|content| *content != Content::Query);
        let mut verifier = verifier;
        if !verifier.has_biz_type() {
            verifier = verifier.biz_type(E::BIZ_TYPE);
        }
        if !verifier.has_actions() {
            verifier = verifier.actions(actions);
        }
        let mut settings = Settings::of::<E>();
        settings.limit = verifier.limit();
        settings.content = content;
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

    /// Calls this for every push that is not accepted, to log or count the reason that the sender is not told.
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
            && settings.content.contains(&Content::Query)
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
        match parse_arrived(&settings.content, &arrived) {
            Ok(event) => Ok(Pending::new(self.clone(), event, verified, sender)),
            Err(error) => {
                // What cannot be read was not processed: the platform may try again.
                if let Some(verified) = verified {
                    verified.release();
                }
                Err(error.into())
            }
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

    pub(crate) fn refuse(&self, reason: Refusal) -> Refused {
        self.report(reason);
        Refused {
            reason,
            answer: Answer::refused(E::REPLY),
        }
    }

    pub(crate) fn report(&self, reason: Refusal) {
        if let Some(hook) = &self.0.on_refusal {
            hook(&reason);
        }
    }
}

impl Settings {
    fn of<E: Event>() -> Self {
        Self {
            verifier: None,
            secret: None,
            allow_list: None,
            content: E::CONTENT.to_vec(),
            limit: DEFAULT_BODY_LIMIT,
            body_timeout: Some(DEFAULT_BODY_TIMEOUT),
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
            .finish_non_exhaustive()
    }
}
