//! Carrying a push out.

use std::sync::atomic::Ordering;

use tokio::time;

use super::delivery::{Delivery, DeliveryOutcome};
use super::outbox::{Job, Outbox};
use super::send::{self, Message, Target};
use super::spec::PushSpec;

/// The latest attempts that are kept.
const MAX_LOG: usize = 10_000;

impl Outbox {
    /// Sends until the receiver accepts, or the documented attempts are over.
    pub(super) async fn run(&self, job: Job) -> Vec<Delivery> {
        time::sleep(job.delay).await;
        let Some(spec) = self.specs.get(job.spec) else {
            return Vec::new();
        };
        let (documented, attempts) = spec.attempts();
        let attempts = if job.once { 1 } else { attempts };
        let target = Target::new(&job.url);
        let message = Message::new(&job.fields, job.content);
        let mut made = Vec::new();
        for attempt in 1..=attempts {
            if attempt > 1 {
                let pause = self.settings.lock().retry_pause;
                time::sleep(pause.unwrap_or(documented)).await;
            }
            let at = self.clock.now();
            let headers = match self.signers.get(&job.access_key) {
                Some(signer) if spec.webhook.signed => {
                    let action = job.action.as_deref();
                    send::sign(spec, action, signer, at, &message.body)
                }
                _ => Vec::new(),
            };
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
        log.push_back(delivery);
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
