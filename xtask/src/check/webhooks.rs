//! Rules that the generated receiver and the sandbox rely on.

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
                format!("`{schema}` is no object"),
                "let the push be an object",
            );
        }
        if push.signed && push.action.is_empty() {
            findings.add(&at, "signed, but without actions", "list them as `action`");
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
            format!("`{name}` cannot name a push"),
            "write a snake_case name of ASCII letters and digits, a letter first",
        );
    } else if !seen.insert(name) {
        findings.add(
            at,
            format!("two pushes are named `{name}`"),
            "give one of them another name",
        );
    }
}

fn reply(at: &str, service: &Service, push: &Webhook, findings: &mut Findings<'_>) {
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '`' | '|');
    for text in [&push.reply, &push.reply_error].into_iter().flatten() {
        if !text.chars().all(is_plain) {
            findings.add(
                at,
                "a reply with other than plain ASCII characters",
                "write the text that the platform expects, on one line",
            );
        }
    }
    let first = service.webhooks.first().unwrap_or(push);
    if (&first.reply, &first.reply_error) != (&push.reply, &push.reply_error) {
        findings.add(
            at,
            "another reply than the first push of the service",
            "give all the same: a refused push is answered before anyone knows which it is",
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
    }
}
