//! What pushes mean for those who receive them, and rules that hold for all pushes of a service.

use crate::model::{Service, Webhook};
use crate::paths::steps;
use crate::read::Findings;

/// A type of event, and the pushes that bring it.
#[derive(Debug)]
pub struct Event<'a> {
    /// Name of its type.
    pub schema: &'a str,
    /// The pushes, at least one.
    pub pushes: Vec<&'a Webhook>,
}

/// The types of event of a service, in the order of their first pushes.
#[must_use]
pub fn events(service: &Service) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Vec::new();
    for webhook in &service.webhooks {
        match events.iter_mut().find(|e| e.schema == webhook.schema) {
            Some(event) => event.pushes.push(webhook),
            None => events.push(Event {
                schema: &webhook.schema,
                pushes: vec![webhook],
            }),
        }
    }
    events
}

/// Rules that the generated receiver relies on.
pub(crate) fn check(service: &Service, findings: &mut Findings<'_>) {
    for event in events(service) {
        for push in &event.pushes {
            let at = format!("x-nx-webhooks.{}", push.name);
            for path in &push.idempotency_key {
                if steps(service, event.schema, path).is_none() {
                    findings.add(
                        &at,
                        format!("`{path}` is no value of `{}`", event.schema),
                        "write a dotted path of wire names, with `[]` after lists",
                    );
                }
            }
            let first = event.pushes.first();
            if first.is_some_and(|first| first.idempotency_key != push.idempotency_key) {
                findings.add(
                    &at,
                    "another idempotency key than an earlier push of the same schema",
                    "give both the same, so that the same event has one key whichever push brings it",
                );
            }
            if push.signed && push.actions.is_empty() {
                findings.add(&at, "signed, but without actions", "list them as `action`");
            }
        }
    }
    let raw = service.raw["x-nx-webhooks"].as_array();
    for push in raw.into_iter().flatten() {
        let Some(after) = push["after"]["operation"].as_str() else {
            continue;
        };
        if !service.operations.iter().any(|o| o.id == after) {
            findings.add(
                format!(
                    "x-nx-webhooks.{}",
                    push["name"].as_str().unwrap_or_default()
                ),
                format!("`{after}` is no operation"),
                "name the `operationId` that the push follows",
            );
        }
    }
    let reply = |push: &Webhook| (push.reply.clone(), push.reply_error.clone());
    for push in &service.webhooks {
        if service.webhooks.first().map(reply) != Some(reply(push)) {
            findings.add(
                format!("x-nx-webhooks.{}", push.name),
                "another reply than the first push of the service",
                "give all the same: a refused push is answered before anyone knows which it is",
            );
        }
    }
}
