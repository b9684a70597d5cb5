//! Sends a push with its retries.

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

/// Maximum number of attempts in the log.
const MAX_LOG: usize = 10_000;

impl Outbox {
    /// Waits until another attempt may start.
    pub(super) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// Sends until the receiver accepts or the documented attempts are used up.
    pub(super) async fn run(
        self: Arc<Self>,
        job: Job,
        mut slot: Option<OwnedSemaphorePermit>,
    ) -> Vec<Delivery> {
        let mut delivery = job.delivery;
        let Ok(spec) = self.spec_of(&delivery.service, &delivery.push) else {
            return Vec::new();
        };
        let (documented, attempts) = spec.attempts();
        let attempts = if job.once { 1 } else { attempts };
        let target = Target::new(&delivery.url);
        let bytes = size(&delivery.fields);
        let mut made = Vec::new();
        for attempt in 1..=attempts {
            if attempt > 1 {
                drop(slot.take());
                let pause = self.settings.lock().retry_pause;
                time::sleep(pause.unwrap_or(documented)).await;
                slot = self.slot().await;
            }
            delivery.attempt = attempt;
            delivery.after = documented.saturating_mul(attempt - 1);
            delivery.at = self.clock.now();
            let outbox = Arc::clone(&self);
            let message;
            (delivery, message) = pool::run_if_large(bytes, move || outbox.message(delivery)).await;
            delivery.outcome = match &target {
                Some(target) => judge(spec, send::send(target, &message, &delivery.headers).await),
                None => DeliveryOutcome::NotSent,
            };
            delivery.id = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
            self.note(delivery.clone());
            made.push(delivery.clone());
            if matches!(
                delivery.outcome,
                DeliveryOutcome::Accepted | DeliveryOutcome::NotSent
            ) {
                break;
            }
        }
        made
    }

    /// Creates the content. A signed push gets its headers.
    fn message(&self, mut delivery: Delivery) -> (Delivery, Message) {
        let message = Message::new(&delivery.fields, delivery.content);
        let spec = self.spec_of(&delivery.service, &delivery.push);
        let spec = spec.ok().filter(|spec| spec.webhook.signed);
        let signer = self.signers.get(&delivery.access_key);
        delivery.headers = spec.zip(signer).map_or_else(Vec::new, |(spec, signer)| {
            let action = delivery.action.as_deref();
            send::sign(spec, action, signer, delivery.at, &message.body)
        });
        (delivery, message)
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

/// The approximate size of a value as JSON.
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

/// The result of a reply: it must be the documented text, or HTTP 200 if none is documented.
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
