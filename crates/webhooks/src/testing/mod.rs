//! Pushes for tests: every documented one, with fields of your own, signed where the platform signs.
//!
//! ```
//! # #[cfg(feature = "sms")] {
//! use nxcloud_webhooks::testing::Fixture;
//! use nxcloud_webhooks::{Incoming, Receiver, sms};
//!
//! let push = Fixture::<sms::Event>::new("sms_receipt").with("messageid", "4711").with("status", "5").request();
//! let receiver = Receiver::<sms::Event>::unprotected();
//! let pending = receiver.receive(&push.incoming()).unwrap();
//! assert!(pending.accept().body() == "success");
//! # }
//! ```

mod encode;

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use nxcloud_client::codegen::{Map, Value};
use nxcloud_signing::header::lower;
use nxcloud_signing::{Action, BizType, Body, Request, Signer, Timestamp};
use nxcloud_spec::webhook::Webhook;

use crate::event::Event;
use crate::push::{Push, Transport};
use crate::receiver::Incoming;

/// A documented push, to be changed and sent.
#[derive(Clone)]
pub struct Fixture<E> {
    push: &'static Push,
    fields: Value,
    transport: Transport,
    service: PhantomData<fn() -> E>,
}

impl<E: Event> Fixture<E> {
    /// The first example of a push, such as `sms_receipt`.
    ///
    /// # Panics
    ///
    /// If the service has no such push.
    #[must_use]
    pub fn new(push: &str) -> Self {
        Self::find(push, None)
    }

    /// An example of a push by its name in the spec, such as `delivered`; [`examples`](Self::examples) lists them.
    ///
    /// # Panics
    ///
    /// If the service has no such push, or the push no such example.
    #[must_use]
    pub fn example(push: &str, example: &str) -> Self {
        Self::find(push, Some(example))
    }

    /// Every push with every example of it.
    pub fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
        webhooks::<E>().iter().flat_map(|push| {
            let names = push.examples.keys();
            names.map(|example| (push.name.as_str(), example.as_str()))
        })
    }

    #[expect(
        clippy::panic,
        reason = "for tests, whose mistakes should show at once"
    )]
    fn find(name: &str, example: Option<&str>) -> Self {
        let push = E::PUSHES.iter().find(|push| push.name == name);
        let webhook = webhooks::<E>().iter().find(|webhook| webhook.name == name);
        let found = webhook.and_then(|webhook| match example {
            Some(example) => webhook.examples.get(example),
            None => webhook.examples.values().next(),
        });
        let (Some(push), Some(found)) = (push, found) else {
            panic!(
                "{} has no push {name} with an example {}",
                E::SERVICE,
                example.unwrap_or("at all")
            );
        };
        Self {
            push,
            fields: found.value.clone(),
            transport: push.transports.first().copied().unwrap_or(Transport::Json),
            service: PhantomData,
        }
    }

    /// Sets a field, documented or not, by its dotted path: `status`, `data.basic.carrier`, `statuses.0.id`. What is not there on the
    /// way is made.
    ///
    /// # Panics
    ///
    /// If the path leads through a text or a number, or into a list by anything but a place in it.
    #[must_use]
    pub fn with(mut self, path: &str, value: impl Into<Value>) -> Self {
        *self.at(path) = value.into();
        self
    }

    /// Leaves a field out.
    ///
    /// # Panics
    ///
    /// As [`with`](Self::with).
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        let (holder, name) = match path.rsplit_once('.') {
            Some((holder, name)) => (self.at(holder), name),
            None => (&mut self.fields, path),
        };
        if let Some(map) = holder.as_object_mut() {
            map.remove(name);
        }
        self
    }

    #[expect(
        clippy::panic,
        reason = "for tests, whose mistakes should show at once"
    )]
    fn at(&mut self, path: &str) -> &mut Value {
        path.split('.').fold(&mut self.fields, |holder, step| {
            if holder.is_null() {
                *holder = Value::Object(Map::new());
            }
            match holder {
                Value::Object(map) => map.entry(step).or_insert(Value::Null),
                Value::Array(items) => step
                    .parse::<usize>()
                    .ok()
                    .and_then(|at| items.get_mut(at))
                    .unwrap_or_else(|| panic!("{path}: the list has no place {step}")),
                _ => panic!("{path}: there is nothing below a single value"),
            }
        })
    }

    /// Sends the fields another way, documented or not. Without it they go the first way that the reference names.
    #[must_use]
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> &Value {
        &self.fields
    }

    /// The request as the platform sends it, without a signature.
    #[must_use]
    pub fn request(&self) -> TestRequest {
        encode::request(&self.fields, self.transport)
    }

    /// The request as the platform sends it, signed if the platform signs this push: for the first documented action.
    ///
    /// # Panics
    ///
    /// As [`signed_for`](Self::signed_for).
    #[must_use]
    pub fn signed(&self, signer: &Signer, ts_millis: u64) -> TestRequest {
        if self.push.signed {
            self.signed_for(signer, ts_millis, self.push.actions.first().unwrap_or(&""))
        } else {
            self.request()
        }
    }

    /// The request, signed for an action whether the platform would or not.
    ///
    /// # Panics
    ///
    /// If no header can carry the action.
    #[must_use]
    pub fn signed_for(&self, signer: &Signer, ts_millis: u64, action: &str) -> TestRequest {
        let mut request = self.request();
        request.sign(signer, E::BIZ_TYPE, action, ts_millis);
        request
    }
}

/// The pushes in the spec of the service.
fn webhooks<E: Event>() -> &'static [Webhook] {
    match nxcloud_spec::embedded(E::SERVICE) {
        Some(Ok(spec)) => spec.webhooks(),
        Some(Err(_)) | None => &[],
    }
}

impl<E: Event> fmt::Debug for Fixture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture")
            .field("service", &E::SERVICE)
            .field("push", &self.push.name)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// A request with a push, with everything in it open to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRequest {
    /// Names and values, in order; `content-type` is the first one, if there is a body.
    pub headers: Vec<(String, String)>,
    /// Path of the URL.
    pub path: String,
    /// Query of the URL.
    pub query: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
}

impl TestRequest {
    /// The request as a receiver takes it.
    #[must_use]
    pub fn incoming(&self) -> Incoming<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name, value));
        let incoming = Incoming::new(&self.body)
            .headers(headers)
            .url(&self.path, self.query.as_deref());
        match self.peer {
            Some(peer) => incoming.peer(peer),
            None => incoming,
        }
    }

    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Replaces a header, or adds it.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Signs the body as it is now, and sets the five headers. Their names are in lower case, as in the reference's sample.
    ///
    /// # Panics
    ///
    /// If no header can carry the bizType or the action.
    pub fn sign(&mut self, signer: &Signer, biz_type: &str, action: &str, ts_millis: u64) {
        let (Ok(biz), Ok(act)) = (BizType::new(biz_type), Action::new(action)) else {
            #[expect(
                clippy::panic,
                reason = "for tests, whose mistakes should show at once"
            )]
            {
                panic!("no header can carry the bizType or the action");
            }
        };
        let ts = Timestamp::from_millis(ts_millis);
        let sign = signer.sign(&Request {
            action: act,
            biz_type: biz,
            ts,
            body: Body::Signed(&self.body),
        });
        self.set_header(lower::ACCESS_KEY, signer.access_key().as_str());
        self.set_header(lower::TS, ts.as_str());
        self.set_header(lower::BIZ_TYPE, biz_type);
        self.set_header(lower::ACTION, action);
        self.set_header(lower::SIGN, sign.as_str());
    }
}
