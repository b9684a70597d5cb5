//! Pushes for tests: every documented push, with your own field values, signed if the platform signs it.
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

/// A documented push that a test can change and send.
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
    /// Panics if the service has no such push.
    #[must_use]
    pub fn new(push: &str) -> Self {
        Self::find(push, None)
    }

    /// An example of a push by its name in the spec, such as `delivered`; [`examples`](Self::examples) lists them.
    ///
    /// # Panics
    ///
    /// Panics if the service has no such push, or the push has no such example.
    #[must_use]
    pub fn example(push: &str, example: &str) -> Self {
        Self::find(push, Some(example))
    }

    /// All pushes with all their examples.
    pub fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
        webhooks::<E>().iter().flat_map(|push| {
            let names = push.examples.keys();
            names.map(|example| (push.name.as_str(), example.as_str()))
        })
    }

    #[expect(clippy::panic, reason = "mistakes in tests should fail at once")]
    fn find(name: &str, example: Option<&str>) -> Self {
        let push = E::PUSHES.iter().find(|push| push.name == name);
        let webhook = webhooks::<E>().iter().find(|webhook| webhook.name == name);
        let fields = webhook.and_then(|webhook| match example {
            Some(example) => webhook.examples.get(example),
            None => webhook.examples.values().next(),
        });
        let (Some(push), Some(fields)) = (push, fields) else {
            let example = example.map_or(String::new(), |example| {
                format!(" with an example {example}")
            });
            panic!("{} has no push {name}{example}", E::SERVICE);
        };
        Self {
            push,
            fields: fields.value.clone(),
            transport: push.transports.first().copied().unwrap_or(Transport::Json),
            service: PhantomData,
        }
    }

    /// Sets a field, documented or not, by its dotted path: `status`, `data.basic.carrier`, `statuses.0.id`. Missing objects on the path
    /// are created.
    ///
    /// # Panics
    ///
    /// Panics if the path goes through a value that is not an object or a list, or if an index is not in its list.
    #[must_use]
    pub fn with(mut self, path: &str, value: impl Into<Value>) -> Self {
        *self.at(path) = value.into();
        self
    }

    /// Removes a field.
    ///
    /// # Panics
    ///
    /// Panics like [`with`](Self::with).
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        let (parent, name) = match path.rsplit_once('.') {
            Some((parent, name)) => (self.at(parent), name),
            None => (&mut self.fields, path),
        };
        if let Some(map) = parent.as_object_mut() {
            map.remove(name);
        }
        self
    }

    #[expect(clippy::panic, reason = "mistakes in tests should fail at once")]
    fn at(&mut self, path: &str) -> &mut Value {
        path.split('.').fold(&mut self.fields, |parent, step| {
            if parent.is_null() {
                *parent = Value::Object(Map::new());
            }
            match parent {
                Value::Object(map) => map.entry(step).or_insert(Value::Null),
                Value::Array(items) => step
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get_mut(index))
                    .unwrap_or_else(|| panic!("{path}: the list has no index {step}")),
                _ => panic!("{path}: {step} is a field of a value that is not an object"),
            }
        })
    }

    /// Sets the transport, documented or not. The default is the first documented one.
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

    /// The request as the platform would send it, without a signature.
    #[must_use]
    pub fn request(&self) -> TestRequest {
        encode::request(&self.fields, self.transport)
    }

    /// The request as the platform would send it. If the platform signs this push, it is signed for the first documented action.
    ///
    /// # Panics
    ///
    /// Panics like [`signed_for`](Self::signed_for).
    #[must_use]
    pub fn signed(&self, signer: &Signer, ts_millis: u64) -> TestRequest {
        if self.push.signed {
            self.signed_for(signer, ts_millis, self.push.actions.first().unwrap_or(&""))
        } else {
            self.request()
        }
    }

    /// The request, signed for an action even if the platform would not sign it.
    ///
    /// # Panics
    ///
    /// Panics if the action is not a valid header value.
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

/// A request with a push. A test can change all its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRequest {
    /// Names and values, in order. If there is a body, `content-type` is the first.
    pub headers: Vec<(String, String)>,
    /// Path of the URL.
    pub path: String,
    /// Query of the URL.
    pub query: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Address of the connection's peer.
    pub peer: Option<IpAddr>,
}

impl TestRequest {
    /// The request as the input of a receiver.
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

    /// The value of the first header with a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Replaces a header, or adds it.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers
            .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Signs the current body and sets the five headers. Their names are in lower case, as in the reference's sample.
    ///
    /// # Panics
    ///
    /// Panics if the bizType or the action is not a valid header value.
    pub fn sign(&mut self, signer: &Signer, biz_type: &str, action: &str, ts_millis: u64) {
        let fields = (BizType::new(biz_type), Action::new(action));
        let (Ok(signed_biz_type), Ok(signed_action)) = fields else {
            #[expect(clippy::panic, reason = "mistakes in tests should fail at once")]
            {
                panic!("the bizType or the action is not a valid header value");
            }
        };
        let ts = Timestamp::from_millis(ts_millis);
        let sign = signer.sign(&Request {
            action: signed_action,
            biz_type: signed_biz_type,
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
