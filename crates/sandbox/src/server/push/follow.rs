//! Pushes that follow a request automatically.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::delivery::Delivery;
use super::fill::{Following, Origin};
use super::outbox::{Job, Outbox};
use super::spec::PushSpec;
use crate::platform::Action;
use crate::server::pool;
use crate::server::record::ReceivedRequest;

/// Default of [`Pushes::delay`](super::Pushes::delay): long enough that the sender usually has its reply first.
const DEFAULT_DELAY: Duration = Duration::from_millis(20);

/// The pushes of one kind that follow a request.
pub(super) struct Followers {
    following: Following,
    /// The parts that they share.
    plan: Delivery,
    delay: Duration,
    /// Each entry gets one push for each of these examples; `None` is the first example.
    examples: Vec<Option<String>>,
    /// The size of the request's body.
    bytes: usize,
}

impl Followers {
    /// Sends without a delay.
    pub(super) const fn at_once(&mut self) {
        self.delay = Duration::ZERO;
    }
}

impl Outbox {
    /// The pushes that follow a request.
    pub(super) fn followers(&self, request: &ReceivedRequest, action: Action) -> Vec<Followers> {
        // Most requests cause no push.
        let follows = |spec: &&PushSpec| {
            let Some(after) = spec.after(request) else {
                return false;
            };
            let mut named = after.address.iter();
            named.any(|field| action.request.get(field).is_some()) || self.address(spec).is_some()
        };
        let specs = self.specs.iter().filter(follows).collect::<Vec<_>>();
        if specs.is_empty() {
            return Vec::new();
        }
        let origin = Arc::new(Origin::new(request, action));
        let bytes = request.body().len();
        specs
            .into_iter()
            .filter_map(|spec| self.followers_of(spec, &origin, bytes))
            .collect()
    }

    fn followers_of(
        &self,
        spec: &PushSpec,
        origin: &Arc<Origin>,
        bytes: usize,
    ) -> Option<Followers> {
        let following = Following::new(spec.webhook.after.as_ref()?, origin);
        let named = self.named_address(spec, &following);
        let url = named.or_else(|| self.address(spec))?;
        let mut plan = self.planned(spec, url, Value::Null);
        plan.request = Some(origin.id);
        plan.access_key.clone_from(&origin.access_key);
        let settings = self.settings.lock();
        let outcomes = settings.outcomes.get(&spec.number).cloned();
        Some(Followers {
            following,
            plan,
            delay: settings.delay.unwrap_or(DEFAULT_DELAY),
            examples: match outcomes {
                Some(names) => names.into_iter().map(Some).collect(),
                None => vec![None],
            },
            bytes,
        })
    }

    /// Creates pushes only as fast as they are sent, so that a request with many recipients does not block others.
    pub(super) async fn send_all(self: Arc<Self>, followers: Followers) {
        let begun = Instant::now();
        let mut sends = JoinSet::new();
        let (following, plan) = (&followers.following, &followers.plan);
        // The states of a message are sent in sequence.
        for (place, example) in (1_u32..).zip(&followers.examples) {
            let delay = followers.delay.saturating_mul(place);
            time::sleep(delay.saturating_sub(begun.elapsed())).await;
            let spec = self.spec_of(&plan.service, &plan.push).ok();
            let Some(example) = spec.and_then(|spec| spec.example(example.as_deref())) else {
                continue;
            };
            for (number, entry) in following.entries.iter().enumerate() {
                let slot = self.slot().await;
                let mut fields = example.clone();
                following.fill(&mut fields, entry, &self.digits);
                let delivery = Delivery {
                    fields,
                    entry: number,
                    ..plan.clone()
                };
                let once = false;
                sends.spawn(Arc::clone(&self).run(Job { delivery, once }, slot));
                while sends.try_join_next().is_some() {}
            }
        }
        while sends.join_next().await.is_some() {}
        pool::run_if_large(followers.bytes, move || drop(followers)).await;
    }
}
