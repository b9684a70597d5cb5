//! What follows a request by itself.

use std::time::Duration;

use super::fill::{Following, Origin};
use super::outbox::{Job, Outbox};
use super::spec::PushSpec;
use crate::platform::Action;
use crate::server::record::ReceivedRequest;

/// Pause before the first attempt unless [`Pushes::delay`](super::Pushes::delay) says otherwise, so that the sender mostly has its reply before.
const DEFAULT_DELAY: Duration = Duration::from_millis(20);

impl Outbox {
    /// The pushes that follow a request.
    pub(super) fn jobs(&self, request: &ReceivedRequest, action: Action) -> Vec<Job> {
        // Most requests are followed by none.
        let follows = |spec: &&PushSpec| {
            let after = spec.after(request);
            after.is_some_and(|after| after.address.is_some() || self.address(spec).is_some())
        };
        let mut specs = self.specs.iter().filter(follows).peekable();
        if specs.peek().is_none() {
            return Vec::new();
        }
        let origin = Origin::new(request, action);
        specs.flat_map(|spec| self.jobs_of(spec, &origin)).collect()
    }

    fn jobs_of(&self, spec: &PushSpec, origin: &Origin) -> Vec<Job> {
        let Some(after) = &spec.webhook.after else {
            return Vec::new();
        };
        let following = Following::new(after, origin);
        let named = self.named_address(spec, &following);
        let Some(url) = named.or_else(|| self.address(spec)) else {
            return Vec::new();
        };
        let settings = self.settings.lock();
        let delay = settings.delay.unwrap_or(DEFAULT_DELAY);
        let outcomes = settings.outcomes.get(&spec.number).cloned();
        drop(settings);
        let examples = match outcomes {
            Some(names) => names.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let mut jobs = Vec::new();
        for (number, entry) in following.entries.iter().enumerate() {
            for (place, example) in (1_u32..).zip(&examples) {
                let Some(mut fields) = spec.example(example.as_deref()) else {
                    continue;
                };
                following.fill(&mut fields, entry, &self.digits);
                let mut delivery = self.planned(spec, url.clone(), fields);
                delivery.request = Some(origin.id);
                delivery.entry = number;
                delivery.access_key.clone_from(&origin.access_key);
                jobs.push(Job {
                    delivery,
                    // One state of a message after another.
                    delay: delay.saturating_mul(place),
                    once: false,
                });
            }
        }
        jobs
    }
}
