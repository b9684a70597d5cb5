//! Prepares a push on demand.

use std::sync::Arc;

use nxcloud_spec::path;
use serde_json::Value;

use super::delivery::PushError;
use super::fill::{Following, Origin};
use super::outbox::{Job, Outbox};
use super::request::PushRequest;

/// Maximum number of steps in a dotted path: each step nests an object, and recursion over nested objects uses stack.
const MAX_STEPS: usize = 32;

impl Outbox {
    /// Resolves the request to a push.
    pub(super) fn job(&self, request: PushRequest) -> Result<Job, PushError> {
        let spec = self.spec_of(&request.service, &request.push)?;
        let example = request.example.as_deref();
        let unknown = || PushError::UnknownExample(example.unwrap_or_default().to_owned());
        let mut fields = spec.example(example).ok_or_else(unknown)?;
        let mut named = None;
        let mut sender = None;
        if let Some((followed, entry)) = &request.follows {
            let origin = Arc::new(Origin::of(followed));
            // A push that does not follow the operation keeps its fields.
            if let Some(after) = spec.after(followed) {
                let following = Following::new(after, &origin);
                let entries = &following.entries;
                let entry = entries.get(*entry).ok_or(PushError::UnknownEntry(*entry))?;
                following.fill(&mut fields, entry, &self.digits);
                named = self.named_address(spec, &following);
            }
            for (name, template) in &request.templates {
                let value = |source: &_| origin.value(source, &Value::Null, &self.digits);
                if let Some(text) = template.expand(value) {
                    path::set(&mut fields, name, text.into());
                }
            }
            sender = Some(origin.access_key.clone()).filter(|key| !key.is_empty());
        }
        for (name, value) in request.fields {
            if name.split('.').count() > MAX_STEPS {
                return Err(PushError::DeepField { max: MAX_STEPS });
            }
            path::set(&mut fields, &name, value);
        }
        let access_key = request.access_key.or(sender);
        let access_key = access_key.or_else(|| self.first_account.clone());
        let access_key = match access_key {
            Some(key) if self.signers.contains_key(&key) => key,
            Some(key) => return Err(PushError::UnknownAccessKey(key)),
            None if spec.webhook.signed => return Err(PushError::NoAccount),
            None => String::new(),
        };
        if let Some(action) = &request.action
            && !spec.webhook.action.contains(action)
        {
            return Err(PushError::UnknownAction(action.clone()));
        }
        let url = request.url.or(named).or_else(|| self.address(spec));
        let mut delivery = self.planned(spec, url.ok_or(PushError::NoAddress)?, fields);
        delivery.access_key = access_key;
        delivery.action = request.action;
        if let Some((followed, entry)) = &request.follows {
            delivery.request = Some(followed.id());
            delivery.entry = *entry;
        }
        Ok(Job {
            delivery,
            once: request.once,
        })
    }

    /// Prepares to repeat an earlier attempt.
    pub(super) fn again(&self, id: u64) -> Result<Job, PushError> {
        let log = self.log.lock();
        let made = log.iter().find(|made| made.id == id).cloned();
        drop(log);
        let made = made.ok_or(PushError::UnknownDelivery(id))?;
        Ok(Job {
            delivery: (*made).clone(),
            once: true,
        })
    }
}
