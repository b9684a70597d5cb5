//! What follows a request by itself.

use std::time::Duration;

use nxcloud_spec::webhook::After;
use serde_json::Value;

use super::fill;
use super::outbox::{Job, Origin, Outbox};
use super::send::Target;
use super::spec::PushSpec;
use crate::server::record::ReceivedRequest;

/// Pause before the first attempt unless [`Pushes::delay`](super::Pushes::delay) says otherwise, so that the sender mostly has its reply before.
const DEFAULT_DELAY: Duration = Duration::from_millis(20);

impl Outbox {
    /// The pushes that follow a request.
    pub(super) fn jobs(&self, request: &ReceivedRequest) -> Vec<Job> {
        let follows = |spec: &&PushSpec| spec.follows(request) && self.can_have_address(spec);
        let mut specs = self.specs.iter().filter(follows).peekable();
        if specs.peek().is_none() {
            return Vec::new();
        }
        let origin = Origin::of(request);
        specs.flat_map(|spec| self.jobs_of(spec, &origin)).collect()
    }

    /// Whether a push can have an address.
    fn can_have_address(&self, spec: &PushSpec) -> bool {
        let after = spec.webhook.after.as_ref();
        after.is_some_and(|after| after.address.is_some())
            || self.settings.lock().address(spec.number).is_some()
    }

    /// The address that a request names, if pushes may go there.
    pub(super) fn named_address<'v>(
        &self,
        spec: &PushSpec,
        after: &After,
        many: bool,
        origin: &'v Origin<'_>,
    ) -> Option<&'v str> {
        let url = fill::address(after, many, &origin.body)?;
        let port = || Target::new(url).map(|target| target.port());
        match &self.ports {
            Some(ports) if !port().is_some_and(|port| ports.contains(&port)) => {
                tracing::warn!(
                    push = spec.webhook.name,
                    "the address in the request is not used: its port is not allowed"
                );
                None
            }
            _ => Some(url),
        }
    }

    fn jobs_of(&self, spec: &PushSpec, origin: &Origin<'_>) -> Vec<Job> {
        let Some(after) = &spec.webhook.after else {
            return Vec::new();
        };
        let entries = fill::entries(after, &origin.body);
        let many = entries.len() > 1;
        let named = self.named_address(spec, after, many, origin);
        let settings = self.settings.lock();
        let configured = || settings.address(spec.number).map(String::as_str);
        let Some(url) = named.or_else(configured).map(str::to_owned) else {
            return Vec::new();
        };
        let delay = settings.delay.unwrap_or(DEFAULT_DELAY);
        let outcomes = settings.outcomes.get(&spec.number).cloned();
        drop(settings);
        let content = self.content(spec);
        let examples = match &outcomes {
            Some(names) => names.iter().map(|name| Some(name.as_str())).collect(),
            None => vec![None],
        };
        let mut jobs = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            for (place, example) in (1_u32..).zip(&examples) {
                let Some(mut fields) = spec.example(*example) else {
                    continue;
                };
                let sources = self.sources(fill::ignored(after, many), origin, entry);
                fill::fill(&mut fields, after, many, &sources);
                jobs.push(Job {
                    spec: spec.number,
                    url: url.clone(),
                    fields,
                    content,
                    access_key: origin.access_key.clone(),
                    action: None,
                    // One state of a message after another.
                    delay: delay.saturating_mul(place),
                    follows: Some((origin.request.id(), number)),
                    once: false,
                });
            }
        }
        jobs
    }

    pub(super) fn sources<'a>(
        &'a self,
        ignored: &'a [String],
        origin: &'a Origin<'_>,
        entry: &'a Value,
    ) -> fill::Sources<'a> {
        fill::Sources {
            request: &origin.body,
            reply: &origin.reply,
            entry,
            ignored,
            digits: &self.digits,
        }
    }
}
