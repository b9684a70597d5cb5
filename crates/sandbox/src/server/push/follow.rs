//! What follows a request by itself.

use std::sync::Arc;
use std::time::Duration;

use nxcloud_spec::webhook::After;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::outbox::{Job, Origin, Outbox};
use super::send::Target;
use super::spec::PushSpec;
use super::{Transport, fill};
use crate::platform::Action;
use crate::server::pool;
use crate::server::record::ReceivedRequest;

/// Pause before the first attempt unless [`Pushes::delay`](super::Pushes::delay) says otherwise, so that the sender mostly has its reply before.
const DEFAULT_DELAY: Duration = Duration::from_millis(20);

/// The pushes of one kind that follow a request.
pub(super) struct Followers {
    spec: usize,
    origin: Arc<Origin>,
    entries: Vec<Value>,
    url: String,
    delay: Duration,
    content: Transport,
    /// Each entry gets one push for each of them; `None` is the first example.
    examples: Vec<Option<String>>,
}

impl Outbox {
    /// The pushes that follow a request.
    pub(super) fn followers(&self, request: &ReceivedRequest, action: Action) -> Vec<Followers> {
        let follows = |spec: &&PushSpec| spec.follows(request) && self.can_have_address(spec);
        let mut specs = self.specs.iter().filter(follows).peekable();
        if specs.peek().is_none() {
            return Vec::new();
        }
        let origin = Arc::new(Origin::new(request, action));
        specs
            .filter_map(|spec| self.followers_of(spec, &origin))
            .collect()
    }

    /// Sends pushes as fast as they go out, so that a request with many recipients leaves the others their share.
    pub(super) async fn send_all(self: Arc<Self>, followers: Followers) {
        let begun = Instant::now();
        let mut sends = JoinSet::new();
        // One state of a message after another.
        for (place, example) in (1_u32..).zip(&followers.examples) {
            time::sleep_until(begun + followers.delay.saturating_mul(place)).await;
            for number in 0..followers.entries.len() {
                let slot = self.slot().await;
                if let Some(job) = self.job_of(&followers, number, example.as_deref()) {
                    sends.spawn(Arc::clone(&self).run(job, slot));
                }
                while sends.try_join_next().is_some() {}
            }
        }
        while sends.join_next().await.is_some() {}
        let bytes = followers.origin.request.body().len();
        pool::by_size(bytes, move || drop(followers)).await;
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
        origin: &'v Origin,
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

    fn followers_of(&self, spec: &PushSpec, origin: &Arc<Origin>) -> Option<Followers> {
        let after = spec.webhook.after.as_ref()?;
        let entries = fill::entries(after, &origin.body);
        let named = self.named_address(spec, after, entries.len() > 1, origin);
        let settings = self.settings.lock();
        let configured = || settings.address(spec.number).map(String::as_str);
        let url = named.or_else(configured)?.to_owned();
        let delay = settings.delay.unwrap_or(DEFAULT_DELAY);
        let outcomes = settings.outcomes.get(&spec.number).cloned();
        drop(settings);
        Some(Followers {
            spec: spec.number,
            origin: Arc::clone(origin),
            entries,
            url,
            delay,
            content: self.content(spec),
            examples: match outcomes {
                Some(names) => names.into_iter().map(Some).collect(),
                None => vec![None],
            },
        })
    }

    fn job_of(&self, followers: &Followers, number: usize, example: Option<&str>) -> Option<Job> {
        let Followers {
            origin, entries, ..
        } = followers;
        let spec = self.specs.get(followers.spec)?;
        let after = spec.webhook.after.as_ref()?;
        let many = entries.len() > 1;
        let mut fields = spec.example(example)?;
        let sources = self.sources(fill::ignored(after, many), origin, entries.get(number)?);
        fill::fill(&mut fields, after, many, &sources);
        Some(Job {
            spec: followers.spec,
            url: followers.url.clone(),
            fields,
            content: followers.content,
            access_key: origin.access_key.clone(),
            action: None,
            follows: Some((origin.request.id(), number)),
            once: false,
        })
    }

    pub(super) fn sources<'a>(
        &'a self,
        ignored: &'a [String],
        origin: &'a Origin,
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
