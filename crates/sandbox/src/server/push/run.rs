//! Carrying a push out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time;

use super::delivery::{Delivery, DeliveryOutcome};
use super::outbox::{Job, Outbox};
use super::send::{self, Message, Target};
use super::spec::PushSpec;
use crate::server::pool;

/// The latest attempts that are kept.
const MAX_LOG: usize = 10_000;

impl Outbox {
    /// Waits until one more attempt may be made.
    pub(super) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// Sends until the receiver accepts, or the documented attempts are over.
    pub(super) async fn run(
        self: Arc<Self>,
        job: Job,
        mut slot: Option<OwnedSemaphorePermit>,
    ) -> Vec<Delivery> {
        let Some(spec) = self.specs.get(job.spec) else {
            return Vec::new();
        };
        let (documented, attempts) = spec.attempts();
        let attempts = if job.once { 1 } else { attempts };
        let target = Target::new(&job.url);
        let (bytes, job) = (size(&job.fields), Arc::new(job));
        let mut made = Vec::new();
        for attempt in 1..=attempts {
            if attempt > 1 {
                drop(slot.take());
                let pause = self.settings.lock().retry_pause;
                time::sleep(pause.unwrap_or(documented)).await;
                slot = self.slot().await;
            }
            let at = self.clock.now();
            let (outbox, of) = (Arc::clone(&self), Arc::clone(&job));
            let (message, headers) = pool::by_size(bytes, move || outbox.message(&of, at)).await;
            let outcome = match &target {
                Some(target) => judge(spec, send::send(target, &message, &headers).await),
                None => DeliveryOutcome::NotSent,
            };
            let last = matches!(
                outcome,
                DeliveryOutcome::Accepted | DeliveryOutcome::NotSent
            );
            let headers = headers.into_iter();
            let delivery = Delivery {
                id: self.attempts.fetch_add(1, Ordering::Relaxed) + 1,
                at,
                request: job.follows.map(|(request, _)| request),
                push: spec.webhook.name.clone(),
                service: spec.service.clone(),
                url: job.url.clone(),
                attempt,
                after: documented.saturating_mul(attempt - 1),
                fields: job.fields.clone(),
                headers: headers
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                outcome,
                content: job.content,
                access_key: job.access_key.clone(),
                action: job.action.clone(),
                entry: job.follows.map_or(0, |(_, entry)| entry),
            };
            self.note(delivery.clone());
            made.push(delivery);
            if last {
                break;
            }
        }
        made
    }

    /// What is sent, with the headers of a signed push.
    fn message(&self, job: &Job, at: u64) -> (Message, Vec<(&'static str, String)>) {
        let message = Message::new(&job.fields, job.content);
        let spec = self.specs.get(job.spec).filter(|spec| spec.webhook.signed);
        let headers = match (spec, self.signers.get(&job.access_key)) {
            (Some(spec), Some(signer)) => {
                send::sign(spec, job.action.as_deref(), signer, at, &message.body)
            }
            _ => Vec::new(),
        };
        (message, headers)
    }

    fn note(&self, delivery: Delivery) {
        tracing::info!(
            push = delivery.push,
            attempt = delivery.attempt,
            outcome = delivery.outcome.name(),
            "pushed"
        );
        self.events.publish("delivery", || delivery.summary());
        let mut log = self.log.lock();
        if log.len() >= MAX_LOG {
            log.pop_front();
        }
        log.push_back(Arc::new(delivery));
    }
}

/// About how many bytes a value takes as JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 1 + size(item)).sum(),
        Value::Object(members) => {
            let members = members.iter();
            members.map(|(name, value)| name.len() + size(value)).sum()
        }
        _ => 1,
    }
}

/// What the platform makes of an answer: the documented text, or HTTP 200 where none is documented.
fn judge(spec: &PushSpec, answer: Result<send::Reply, String>) -> DeliveryOutcome {
    match answer {
        Ok((200, body))
            if spec
                .webhook
                .reply
                .as_ref()
                .is_none_or(|text| body.trim() == text) =>
        {
            DeliveryOutcome::Accepted
        }
        Ok((status, body)) => DeliveryOutcome::Refused { status, body },
        Err(reason) => DeliveryOutcome::Failed { reason },
    }
}
