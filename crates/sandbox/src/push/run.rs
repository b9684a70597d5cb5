//! Carrying a push out.

use std::sync::atomic::Ordering;

use tokio::time;

use super::rules::Rule;
use super::send::{self, Message, Target};
use super::{Delivery, DeliveryOutcome, Inner, Job, MAX_LOG, lock};

impl Inner {
    /// Sends until the receiver accepts, or the documented attempts are over.
    pub(super) async fn run(&self, job: Job) -> Vec<Delivery> {
        time::sleep(job.delay).await;
        let Some(rule) = self.rules.get(job.rule) else {
            return Vec::new();
        };
        let (documented, attempts) = rule.attempts();
        let attempts = if job.once { 1 } else { attempts };
        let target = Target::new(&job.url);
        let message = Message::new(&job.fields, job.content);
        let mut made = Vec::new();
        for attempt in 1..=attempts {
            if attempt > 1 {
                let pause = lock(&self.settings).retry_pause;
                time::sleep(pause.unwrap_or(documented)).await;
            }
            let at = self.clock.now();
            let headers = match self.signers.get(&job.access_key) {
                Some(signer) if rule.spec.signed => {
                    let action = job.action.as_deref();
                    send::sign(rule, action, signer, at, &message.body)
                }
                _ => Vec::new(),
            };
            let outcome = match &target {
                Some(target) => judge(rule, send::send(target, &message, &headers).await),
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
                push: rule.spec.name.clone(),
                service: rule.service.clone(),
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
        self.events.tell("delivery", || delivery.summary());
        let mut log = lock(&self.log);
        if log.len() >= MAX_LOG {
            log.pop_front();
        }
        log.push_back(delivery);
    }
}

/// What the platform makes of an answer: the documented word, or HTTP 200 where none is documented.
fn judge(rule: &Rule, answer: Result<send::Reply, String>) -> DeliveryOutcome {
    match answer {
        Ok((200, body))
            if rule
                .spec
                .reply
                .as_ref()
                .is_none_or(|word| body.trim() == word) =>
        {
            DeliveryOutcome::Accepted
        }
        Ok((status, body)) => DeliveryOutcome::Refused { status, body },
        Err(reason) => DeliveryOutcome::Failed { reason },
    }
}
