//! What a push on demand comes to.

use std::sync::Arc;

use nxcloud_spec::path;
use serde_json::Value;

use super::delivery::{Delivery, PushError};
use super::fill;
use super::outbox::{Job, Origin, Outbox};
use super::request::PushRequest;
use super::spec::PushSpec;

impl Outbox {
    /// What it comes to.
    pub(super) fn job(&self, request: PushRequest) -> Result<Job, PushError> {
        let spec = self.spec_of(&request.service, &request.push)?;
        let unknown = || PushError::UnknownExample(request.example.clone().unwrap_or_default());
        let mut fields = spec
            .example(request.example.as_deref())
            .ok_or_else(unknown)?;
        let mut named = None;
        let mut sender = None;
        if let Some((followed, entry)) = &request.follows {
            let origin = Origin::of(followed);
            named = self.fill(spec, &mut fields, &origin, *entry)?;
            let sources = self.sources(&[], &origin, &Value::Null);
            fill::fill_templates(&mut fields, &request.templates, &sources);
            sender = Some(origin.access_key).filter(|key| !key.is_empty());
        }
        for (name, value) in request.fields {
            fill::check(&name)?;
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
        let configured = || self.settings.lock().address(spec.number).cloned();
        let url = request.url.or(named).or_else(configured);
        Ok(Job {
            spec: spec.number,
            url: url.ok_or(PushError::NoAddress)?,
            fields,
            content: self.content(spec),
            access_key,
            action: request.action,
            follows: request
                .follows
                .map(|(followed, entry)| (followed.id(), entry)),
            once: request.once,
        })
    }

    /// Fills the fields of a push from one entry of the request that it follows, and gives back the address that the
    /// request names. A push that does not follow the operation keeps its fields.
    fn fill(
        &self,
        spec: &PushSpec,
        fields: &mut Value,
        origin: &Origin,
        entry: usize,
    ) -> Result<Option<String>, PushError> {
        let Some(after) = spec
            .webhook
            .after
            .as_ref()
            .filter(|_| spec.follows(&origin.request))
        else {
            return Ok(None);
        };
        let entries = fill::entries(after, &origin.body);
        let many = entries.len() > 1;
        let entry = entries.get(entry).ok_or(PushError::UnknownEntry(entry))?;
        let sources = self.sources(fill::ignored(after, many), origin, entry);
        fill::fill(fields, after, many, &sources);
        let address = self.named_address(spec, after, many, origin);
        Ok(address.map(str::to_owned))
    }

    /// What an attempt of the past comes to when it is made again.
    pub(super) fn again(&self, delivery: u64) -> Result<Job, PushError> {
        let made = {
            let log = self.log.lock();
            log.iter().find(|made| made.id == delivery).cloned()
        };
        let made: Arc<Delivery> = made.ok_or(PushError::UnknownDelivery(delivery))?;
        let spec = self.spec_of(&made.service, &made.push)?.number;
        Ok(Job {
            spec,
            url: made.url.clone(),
            fields: made.fields.clone(),
            content: made.content,
            access_key: made.access_key.clone(),
            action: made.action.clone(),
            follows: made.request.map(|request| (request, made.entry)),
            once: true,
        })
    }
}
