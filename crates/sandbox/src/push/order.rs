//! Pushes on demand.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use nxcloud_spec::message::Answer;
use nxcloud_spec::{Template, path};
use serde_json::Value;

use super::rules::Rule;
use super::{Inner, Job, Origin, PushError, fill, lock};
use crate::push::Delivery;
use crate::record::ReceivedRequest;

/// A push on demand, sent with [`Pushes::send`](super::Pushes::send): a receipt, a reply of a user, a call record.
///
/// Its fields are those of an example of the spec, then what the request that it [follows](Self::following) says, then
/// what [`field`](Self::field) sets. `Debug` shows neither fields nor address: they hold phone numbers, texts, and
/// secrets in URLs.
#[derive(Clone)]
#[must_use = "an order does nothing until it is sent"]
pub struct Order {
    pub(super) service: String,
    pub(super) push: String,
    example: Option<String>,
    fields: Vec<(String, Value)>,
    url: Option<String>,
    access_key: Option<String>,
    action: Option<String>,
    follows: Option<(ReceivedRequest, usize)>,
    /// Fields that are filled from the request, by dotted path.
    templates: IndexMap<String, Template>,
    once: bool,
}

impl Order {
    /// A push of a service, such as `sms_receipt` of `sms`, as in its first example.
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

    /// The fields of this example of the spec.
    pub fn example(mut self, name: impl Into<String>) -> Self {
        self.example = Some(name.into());
        self
    }

    /// Sets a field by its dotted path, such as `statuses.0.status`. What is not there on the way is made. A path of more
    /// than 32 steps is an error when the push is sent.
    pub fn field(mut self, path: impl Into<String>, value: Value) -> Self {
        self.fields.push((path.into(), value));
        self
    }

    /// Sends to this address, instead of the one in the request that it follows or the one that is set for the push.
    pub fn to(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Signs with the secret of this account, if the push is signed. Without it the account of the request that it
    /// follows does, else the built-in one or, where that is not served, the first one that was added.
    pub fn signed_by(mut self, access_key: impl Into<String>) -> Self {
        self.access_key = Some(access_key.into());
        self
    }

    /// The `action` header of a signed push: one of those that the spec names. Without it the first of them.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Makes it belong to a request: number `entry`, from 0, of what the request is about, for example of the recipients of a
    /// message. If the push is documented to follow that operation, its fields are filled as if it came by itself.
    pub fn following(mut self, request: &ReceivedRequest, entry: usize) -> Self {
        self.follows = Some((request.clone(), entry));
        self
    }

    /// The answer of the recipient of a message with this text.
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

    /// Sends once, whatever comes of it, instead of as often as documented.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("service", &self.service)
            .field("push", &self.push)
            .field("example", &self.example)
            .field("once", &self.once)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// What an order comes to.
    pub(super) fn job(&self, order: Order) -> Result<Job, PushError> {
        let (index, rule) = self.rule_of(&order.service, &order.push)?;
        let unknown = || PushError::UnknownExample(order.example.clone().unwrap_or_default());
        let mut fields = rule.example(order.example.as_deref()).ok_or_else(unknown)?;
        let mut named = None;
        let mut sender = None;
        if let Some((request, entry)) = &order.follows {
            let origin = Origin::of(request);
            named = self.fill(rule, &mut fields, &origin, *entry)?;
            let sources = self.sources(&[], &origin, &Value::Null);
            fill::fill_templates(&mut fields, &order.templates, &sources);
            sender = Some(origin.access_key).filter(|key| !key.is_empty());
        }
        for (name, value) in order.fields {
            fill::check(&name)?;
            path::set(&mut fields, &name, value);
        }
        let access_key = order.access_key.or(sender);
        let access_key = access_key.or_else(|| self.first_account.clone());
        let access_key = match access_key {
            Some(key) if self.signers.contains_key(&key) => key,
            Some(key) => return Err(PushError::UnknownAccessKey(key)),
            None if rule.spec.signed => return Err(PushError::NoAccount),
            None => String::new(),
        };
        if let Some(action) = &order.action
            && !rule.spec.action.contains(action)
        {
            return Err(PushError::UnknownAction(action.clone()));
        }
        let configured = || lock(&self.settings).address(&rule.spec.name).cloned();
        let url = order.url.or(named).or_else(configured);
        Ok(Job {
            rule: index,
            url: url.ok_or(PushError::NoAddress)?,
            fields,
            content: self.content(rule),
            access_key,
            action: order.action,
            delay: Duration::ZERO,
            follows: order.follows.map(|(request, entry)| (request.id(), entry)),
            once: order.once,
        })
    }

    /// Fills the fields of a push from one entry of the request that it follows, and gives back the address that the
    /// request names. A push that does not follow the operation keeps its fields.
    fn fill(
        &self,
        rule: &Rule,
        fields: &mut Value,
        origin: &Origin<'_>,
        entry: usize,
    ) -> Result<Option<String>, PushError> {
        let Some(after) = rule
            .spec
            .after
            .as_ref()
            .filter(|_| rule.follows(origin.request))
        else {
            return Ok(None);
        };
        let entries = fill::entries(after, &origin.body);
        let many = entries.len() > 1;
        let entry = entries.get(entry).ok_or(PushError::UnknownEntry(entry))?;
        let sources = self.sources(fill::ignored(after, many), origin, entry);
        fill::fill(fields, after, many, &sources);
        let address = self.named_address(rule, after, many, origin);
        Ok(address.map(str::to_owned))
    }

    /// What an attempt of the past comes to when it is made again.
    pub(super) fn again(&self, delivery: u64) -> Result<Job, PushError> {
        let log = lock(&self.log);
        let made = log.iter().find(|made| made.id == delivery);
        let made: &Delivery = made.ok_or(PushError::UnknownDelivery(delivery))?;
        let (rule, _) = self.rule_of(&made.service, &made.push)?;
        Ok(Job {
            rule,
            url: made.url.clone(),
            fields: made.fields.clone(),
            content: made.content,
            access_key: made.access_key.clone(),
            action: made.action.clone(),
            delay: Duration::ZERO,
            follows: made.request.map(|request| (request, made.entry)),
            once: true,
        })
    }
}
