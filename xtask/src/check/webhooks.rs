//! Checks pushes, for the generated receiver and the sandbox.

use std::collections::BTreeSet;

use nxcloud_spec::webhook::Webhook;

use crate::finding::Findings;
use crate::model::Service;
use crate::names;
use crate::paths::{object, steps};
use crate::places;
use crate::webhooks::{Event, events};

pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    let mut seen = BTreeSet::new();
    for push in &service.webhooks {
        let at = places::push(&push.name);
        name(&at, &push.name, &mut seen, findings);
        let schema = push.event();
        let is_object = object(service, schema).is_some_and(|object| object.list.is_none());
        if !is_object && service.type_def(schema).is_some() {
            findings.add(
                &at,
                format!("`{schema}` is not an object"),
                "make the push an object",
            );
        }
        if push.signed && push.action.is_empty() {
            findings.add(
                &at,
                "the push is signed, but has no actions",
                "list them as `action`",
            );
        }
        reply(&at, service, push, findings);
    }
    for event in events(service) {
        keys(service, &event, findings);
    }
}

fn name<'a>(at: &str, name: &'a str, seen: &mut BTreeSet<&'a str>, findings: &mut Findings<'_>) {
    if !names::is_identifier(name) || names::module(name) != name || name == "help" {
        findings.add(
            at,
            format!("`{name}` cannot be the name of a push"),
            "write a snake_case name of ASCII letters and digits that starts with a letter",
        );
    } else if !seen.insert(name) {
        findings.add(
            at,
            format!("two pushes have the name `{name}`"),
            "rename one of them",
        );
    }
}

fn reply(at: &str, service: &Service, push: &Webhook, findings: &mut Findings<'_>) {
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '`' | '|');
    for text in [&push.reply, &push.reply_error].into_iter().flatten() {
        if !text.chars().all(is_plain) {
            findings.add(
                at,
                "the reply has characters that are not printable ASCII",
                "write the text that the platform expects, on one line",
            );
        }
    }
    let first = service.webhooks.first().unwrap_or(push);
    if (&first.reply, &first.reply_error) != (&push.reply, &push.reply_error) {
        findings.add(
            at,
            "the reply differs from that of the first push of the service",
            "write the same reply for all: a rejected push is answered before it is identified",
        );
    }
}

fn keys(service: &Service, event: &Event<'_>, findings: &mut Findings<'_>) {
    for push in &event.pushes {
        let at = places::push(&push.name);
        for path in &push.idempotency_key {
            if steps(service, event.schema, path).is_none() {
                findings.add(
                    &at,
                    format!("`{path}` is not the path of a value in `{}`", event.schema),
                    "write a dotted path of wire names, with `[]` after lists",
                );
            }
        }
        let first = event.pushes.first();
        if first.is_some_and(|first| first.idempotency_key != push.idempotency_key) {
            findings.add(
                &at,
                "the idempotency key differs from that of an earlier push with the same schema",
                "write the same key for both: an event has the same key in every push",
            );
        }
    }
}
