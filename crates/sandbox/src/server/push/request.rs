//! A push on demand.

use std::fmt;

use indexmap::IndexMap;
use nxcloud_spec::Template;
use nxcloud_spec::message::Answer;
use serde_json::Value;

use crate::server::record::ReceivedRequest;

/// A push on demand, sent with [`Pushes::send`](super::Pushes::send): a receipt, a reply of a user, a call record.
///
/// Its fields are those of an example of the spec, then values of the request that it [follows](Self::following),
/// then those set with [`field`](Self::field). `Debug` shows neither fields nor address: they contain phone numbers,
/// texts, and secrets in URLs.
#[derive(Clone)]
#[must_use = "a push request does nothing until it is sent"]
pub struct PushRequest {
    pub(super) service: String,
    pub(super) push: String,
    pub(super) example: Option<String>,
    pub(super) fields: Vec<(String, Value)>,
    pub(super) url: Option<String>,
    pub(super) access_key: Option<String>,
    pub(super) action: Option<String>,
    pub(super) follows: Option<(ReceivedRequest, usize)>,
    /// Fields that are filled from the request, by dotted path.
    pub(super) templates: IndexMap<String, Template>,
    pub(super) once: bool,
}

impl PushRequest {
    /// A push of a service, such as `sms_receipt` of `sms`, with the fields of its first example.
    pub fn new(service: impl Into<String>, push: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            push: push.into(),
            example: None,
            fields: Vec::new(),
            url: None,
            access_key: None,
            action: None,
            follows: None,
            templates: IndexMap::new(),
            once: false,
        }
    }

    /// Uses the fields of this example of the spec.
    pub fn example(mut self, name: impl Into<String>) -> Self {
        self.example = Some(name.into());
        self
    }

    /// Sets a field by its dotted path, such as `statuses.0.status`. Missing objects on the way are created. A path
    /// of more than 32 steps is an error when the push is sent.
    pub fn field(mut self, path: impl Into<String>, value: Value) -> Self {
        self.fields.push((path.into(), value));
        self
    }

    /// Sends to this address instead of the one in the request that it follows or the one that is set for the push.
    pub fn to(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Signs with the secret of this account, if the push is signed. The default is the account of the request that
    /// it follows, otherwise the built-in one or, where that is disabled, the first one that was added.
    pub fn signed_by(mut self, access_key: impl Into<String>) -> Self {
        self.access_key = Some(access_key.into());
        self
    }

    /// Sets the `action` header of a signed push: one of those in the spec. The default is the first of them.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Links the push to a request and to its entry number `entry`, from 0, for example one of a message's
    /// recipients. If the push is documented to follow that operation, its fields are filled as in an automatic push.
    pub fn following(mut self, request: &ReceivedRequest, entry: usize) -> Self {
        self.follows = Some((request.clone(), entry));
        self
    }

    /// Turns the push into the reply of a message's recipient, with this text.
    pub(crate) fn answer(
        answer: &Answer,
        request: &ReceivedRequest,
        entry: usize,
        text: &str,
    ) -> Self {
        let order = Self::new(request.service().unwrap_or_default(), &answer.push)
            .example(&answer.example)
            .following(request, entry)
            .field(&answer.text, text.into());
        Self {
            action: answer.action.clone(),
            templates: answer.fill.clone(),
            ..order
        }
    }

    /// Sends once and does not retry.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

impl fmt::Debug for PushRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushRequest")
            .field("service", &self.service)
            .field("push", &self.push)
            .field("example", &self.example)
            .field("once", &self.once)
            .finish_non_exhaustive()
    }
}
