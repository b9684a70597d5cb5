//! Checks names that are equal in Rust.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Findings;
use crate::model::{Input, Service};
use crate::names;
use crate::places::operation as place;
use crate::places::{component, push};

/// Checks the names of types, streams and constants. A type of parameters has the name of its operation.
pub(super) fn type_names(service: &Service, findings: &mut Findings<'_>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for def in &service.types {
        if !seen.insert(&def.name) {
            findings.add(
                component(&def.name),
                format!(
                    "`{}` is also the type of the parameters of an operation",
                    def.name
                ),
                "rename the schema or the operation",
            );
        }
    }
    for operation in &service.operations {
        if let (Input::Parameters(name), Some((problem, _))) = (
            &operation.input,
            names::unusable_type(operation.input.type_name()),
        ) {
            findings.add(
                place(operation),
                format!(
                    "the operation id `{}` gives the type `{name}`: {problem}",
                    operation.id
                ),
                "choose another id, such as a verb and an object: `send_sms`",
            );
        }
    }
    let ids: BTreeSet<&str> = service
        .operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    for operation in service
        .operations
        .iter()
        .filter(|operation| operation.paging.is_some())
    {
        let all = format!("{}_all", operation.id);
        if ids.contains(all.as_str()) {
            findings.add(
                format!("paths.{}", operation.path),
                format!(
                    "the operation id `{all}` is also the method that lists all pages of `{}`",
                    operation.id
                ),
                "choose another id for one of them",
            );
        }
    }
    let tables: Vec<String> = ids
        .iter()
        .chain(&["shared"])
        .map(|id| format!("{}_CODES", names::constant(id)))
        .collect();
    // Each name becomes a constant of the service, so it names one code only.
    let mut numbers: BTreeMap<&str, i64> = BTreeMap::new();
    for code in service.all_codes() {
        let other = numbers.insert(&code.name, code.code);
        if let Some(other) = other.filter(|other| *other != code.code) {
            findings.add(
                "x-nx-codes",
                format!("`{}` names the codes {other} and {}", code.name, code.code),
                "rename one of them",
            );
        }
        if !names::is_identifier(&code.name) || code.name == "PUSHED" || tables.contains(&code.name)
        {
            findings.add(
                "x-nx-codes",
                format!("`{}` cannot be the name of a constant", code.name),
                "write another SCREAMING_SNAKE_CASE name that starts with a letter",
            );
        }
    }
}

/// Checks the names of examples. Every example becomes a test of the service's crate; an example of a push also becomes a test of
/// `nxcloud-webhooks`.
pub(super) fn tests(service: &Service, findings: &mut Findings<'_>) {
    let mut seen = BTreeSet::new();
    let mut add = |of_pushes: bool, at: &str, holder: &str, name: &str, changed: bool| {
        let mut tests = vec![names::test(holder, name)];
        if changed {
            tests.push(names::test(holder, &format!("{name}_changed")));
        }
        let is_name =
            !names::module(name).is_empty() && tests.iter().all(|test| names::is_identifier(test));
        let is_unique = tests.into_iter().all(|test| seen.insert((of_pushes, test)));
        if !is_name || !is_unique {
            findings.add(
                format!("{at}.examples"),
                format!("the example `{name}` does not give a unique test name"),
                "write a name of ASCII letters and digits that differs from the others in more than case and punctuation",
            );
        }
    };
    for operation in &service.operations {
        let (at, id) = (place(operation), &operation.id);
        for (name, _) in &operation.request_examples {
            let at = format!("{at}.requestBody");
            add(false, &at, &format!("{id}_request"), name, false);
        }
        for (name, _) in &operation.reply_examples {
            let at = format!("{at}.responses.200");
            add(false, &at, &format!("{id}_reply"), name, true);
        }
    }
    for webhook in &service.webhooks {
        let at = push(&webhook.name);
        for name in webhook.examples.keys() {
            add(false, &at, &format!("{}_push", webhook.name), name, true);
            add(true, &at, &webhook.name, name, false);
        }
    }
}
