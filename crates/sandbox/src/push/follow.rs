//! What follows a request by itself.

use memchr::memmem;
use nxcloud_spec::webhook::After;
use serde_json::Value;

use super::rules::Rule;
use super::send::Target;
use super::{DEFAULT_DELAY, Inner, Job, Origin, fill, lock};
use crate::record::ReceivedRequest;

impl Inner {
    /// The pushes that follow a request.
    pub(super) fn jobs(&self, request: &ReceivedRequest) -> Vec<Job> {
        let rules = self.rules.iter().enumerate();
        let mut rules = rules
            .filter(|(_, rule)| rule.follows(request) && self.has_address(rule, request.body()))
            .peekable();
        if rules.peek().is_none() {
            return Vec::new();
        }
        let origin = Origin::of(request);
        rules
            .flat_map(|(index, rule)| self.jobs_of(index, rule, &origin))
            .collect()
    }

    /// Whether a push can have an address, told without reading the body as JSON.
    fn has_address(&self, rule: &Rule, body: &[u8]) -> bool {
        let named = |field: &String| {
            // Behind a backslash a name may be spelled in another way.
            memmem::find(body, field.as_bytes()).is_some() || memchr::memchr(b'\\', body).is_some()
        };
        let field = rule
            .spec
            .after
            .as_ref()
            .and_then(|after| after.address.as_ref());
        field.is_some_and(named) || lock(&self.settings).address(&rule.spec.name).is_some()
    }

    /// The address that a request names, if pushes may go there.
    pub(super) fn named_address<'v>(
        &self,
        rule: &Rule,
        after: &After,
        many: bool,
        origin: &'v Origin<'_>,
    ) -> Option<&'v str> {
        let url = fill::address(after, many, &origin.body)?;
        let port = || Target::new(url).map(|target| target.port());
        match &self.ports {
            Some(ports) if !port().is_some_and(|port| ports.contains(&port)) => {
                tracing::warn!(
                    push = rule.spec.name,
                    "the address in the request is not used: its port is not allowed"
                );
                None
            }
            _ => Some(url),
        }
    }

    fn jobs_of(&self, index: usize, rule: &Rule, origin: &Origin<'_>) -> Vec<Job> {
        let Some(after) = &rule.spec.after else {
            return Vec::new();
        };
        let entries = fill::entries(after, &origin.body);
        let many = entries.len() > 1;
        let named = self.named_address(rule, after, many, origin);
        let settings = lock(&self.settings);
        let configured = || settings.address(&rule.spec.name).map(String::as_str);
        let Some(url) = named.or_else(configured).map(str::to_owned) else {
            return Vec::new();
        };
        let delay = settings.delay.unwrap_or(DEFAULT_DELAY);
        let outcomes = settings.outcomes.get(&rule.spec.name).cloned();
        drop(settings);
        let content = self.content(rule);
        let examples = match &outcomes {
            Some(names) => names.iter().map(|name| Some(name.as_str())).collect(),
            None => vec![None],
        };
        let mut jobs = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            for (place, example) in (1_u32..).zip(&examples) {
                let Some(mut fields) = rule.example(*example) else {
                    continue;
                };
                let sources = self.sources(fill::ignored(after, many), origin, entry);
                fill::fill(&mut fields, after, many, &sources);
                jobs.push(Job {
                    rule: index,
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
