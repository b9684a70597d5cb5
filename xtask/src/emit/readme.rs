//! `README.md` of a service, which is also its crate page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use nxcloud_spec::document::{Code, CodeKind};

use super::example::Example;
use super::webhooks::transports;
use super::{marker, sentence};
use crate::model::{Operation, Scheme, Service};
use crate::paths::object;
use crate::prose::doc_text;

/// The licence section of a crate page.
pub(super) const LICENCE: &str = "\
MIT or Apache-2.0, at your choice. Builds contain `progenitor-client`, which is licensed under the MPL-2.0: if you distribute a program, say
where the source of `progenitor-client` is available, and publish changes to its files. The rest of the program may have any licence.";

/// The parts of a crate page that depend on the workspace of the crate.
pub(super) struct Surroundings<'a> {
    /// Follows the examples.
    pub(super) more_examples: &'a str,
    /// How to receive pushes.
    pub(super) receiving: &'a str,
    /// The last section.
    pub(super) licences: &'a str,
}

pub(super) fn readme(service: &Service, source: &str, surroundings: &Surroundings<'_>) -> String {
    let mut out = String::new();
    let krate = service.package.replace('-', "_");
    let biz_type = service
        .biz_type
        .as_ref()
        .map(|biz_type| format!(" (bizType {biz_type})"))
        .unwrap_or_default();
    let introduction = format!(
        "Typed client of {}{biz_type}. {}",
        service.title,
        doc_text(&service.description)
    );
    let _ = write!(
        out,
        "<!-- {} -->\n\n# {}\n\n{}\n\nVendor documentation: {}.\n",
        marker(source),
        service.package,
        wrapped(&introduction),
        doc_text(&service.spec.document().source),
    );
    examples(&mut out, service, &krate, surroundings);
    failures(&mut out, service, &krate);
    receipts(&mut out, service, &krate, surroundings);
    operations(&mut out, service);
    pushes(&mut out, service, surroundings);
    codes(&mut out, service);
    let _ = write!(
        out,
        "\n## Features\n\nTLS is rustls with aws-lc-rs by default. `native-tls` uses the operating system's library instead; `rustls-no-provider` uses the\ncrypto provider that the program installs. `blocking` adds `blocking::Client`, for programs without async code.\n\n{}",
        surroundings.licences
    );
    out
}

/// The environment variables of the account.
fn variables(service: &Service) -> &'static str {
    let mut operations = service.operations.iter();
    if operations.any(|operation| matches!(operation.scheme, Scheme::AntBuddySha256 { .. })) {
        "ANTBUDDY_APP_ID, ANTBUDDY_APP_SECRET"
    } else {
        "NXCLOUD_ACCESS_KEY, NXCLOUD_ACCESS_SECRET"
    }
}

/// The operation of the first program.
fn first(service: &Service) -> Option<&Operation> {
    let mut operations = service.operations.iter();
    operations.find(|operation| !operation.request_examples.is_empty())
}

fn examples(out: &mut String, service: &Service, krate: &str, surroundings: &Surroundings<'_>) {
    if let Some(operation) = first(service)
        && let Some(example) = Example::of(service, operation)
    {
        let _ = write!(out, "\n{}", example.program(krate, variables(service)));
        let description = doc_text(&operation.description);
        if !description.is_empty() {
            let _ = writeln!(out, "\n{description}");
        }
    }
    for operation in &service.operations {
        for (summary, example) in Example::summarised(service, operation) {
            let heading = doc_text(&summary);
            let _ = write!(out, "\n## {heading}\n\n{}", example.statements(krate));
        }
    }
    let mut paged = service.operations.iter();
    if let Some(operation) = paged.find(|operation| operation.paging.is_some())
        && let Some(example) = Example::all_pages(service, operation)
    {
        let _ = write!(
            out,
            "\n## All pages\n\n`{}_all` requests page after page:\n\n{}",
            operation.id,
            example.statements(krate)
        );
    }
    out.push_str(surroundings.more_examples);
}

fn failures(out: &mut String, service: &Service, krate: &str) {
    let Some(operation) = first(service) else {
        return;
    };
    let code = code_to_handle(service, operation);
    let code = code.map(|code| (code.name.as_str(), code.hint.as_deref().unwrap_or_default()));
    let Some(example) = Example::of_failures(service, operation, code) else {
        return;
    };
    let _ = write!(
        out,
        "\n## Failures\n\nRequests are checked against their documented limits before they are sent. Any result code other than 0 is an `Error`:\n\n{}",
        example.call_only(krate)
    );
}

/// A result code of an operation that a program handles itself, rather than its developer.
fn code_to_handle<'s>(service: &'s Service, operation: &'s Operation) -> Option<&'s Code> {
    let codes = || operation.codes.iter().chain(&service.codes);
    [
        CodeKind::Balance,
        CodeKind::Quota,
        CodeKind::Permission,
        CodeKind::NotFound,
        CodeKind::RateLimit,
    ]
    .into_iter()
    .find_map(|kind| codes().find(|code| code.kind == kind && code.hint.is_some()))
}

/// How to match receipts to messages, for the first operation whose receipts a push holds directly or in a list.
fn receipts(out: &mut String, service: &Service, krate: &str, surroundings: &Surroundings<'_>) {
    let mut operations = service.operations.iter();
    let receipts = operations.find_map(|operation| {
        let message = operation.message.as_ref()?;
        let push = service.spec.webhook(message.receipts.first()?)?;
        let (path, _) = service.spec.schema(&push.schema).receipt()?;
        Some((message, push, receipt_list(service, push.event(), &path)?))
    });
    let Some((message, push, list)) = receipts else {
        return;
    };
    let event = push.event();
    let function = match list {
        None => format!(
            "fn on_receipt(receipt: &{event}, message_id: &str) {{\n    if receipt.answers(message_id) {{\n        println!(\"delivered: {{}}\", receipt.is_delivered());\n    }}\n}}"
        ),
        Some(list) => format!(
            "fn on_receipts(event: &{event}, message_id: &str) {{\n    for receipt in &event.{list} {{\n        if receipt.answers(message_id) {{\n            println!(\"delivered: {{}}\", receipt.is_delivered());\n        }}\n    }}\n}}"
        ),
    };
    let introduction = format!(
        "The push `{}` reports the status of a message. {} `answers` matches a receipt to a message id:",
        push.name, surroundings.receiving
    );
    let _ = write!(
        out,
        "\n## Receipts\n\n{}\n\n```\n# use {krate}::{event};\n{function}\n```\n",
        wrapped(&introduction)
    );
    if let Some(echo) = &message.echo {
        let advice = format!(
            "A receipt may arrive before the reply, and a send with an unknown outcome has no message id. Set `{echo}` to an id of your own: receipts return it."
        );
        let _ = write!(out, "\n{}\n", wrapped(&advice));
    }
}

/// The field with the list of receipts in a push; `Some(None)` if the push is the receipt.
fn receipt_list(service: &Service, event: &str, path: &str) -> Option<Option<String>> {
    if path.is_empty() {
        return Some(None);
    }
    let wire = path.strip_suffix(".0")?;
    let fields = &object(service, event)?.fields;
    let field = fields.iter().find(|field| field.wire == wire)?;
    Some(Some(field.rust.clone()))
}

fn operations(out: &mut String, service: &Service) {
    out.push_str(
        "\n## Operations\n\nRetries repeat an operation with an unknown outcome only if it is repeatable.\n\n| method | what it does | repeatable |\n| --- | --- | --- |\n",
    );
    for operation in &service.operations {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            operation.id,
            cell(&operation.summary),
            if operation.safe { "yes" } else { "no" }
        );
    }
    let paged: Vec<String> = service
        .operations
        .iter()
        .filter(|operation| operation.paging.is_some())
        .map(|operation| format!("`{}_all`", operation.id))
        .collect();
    if !paged.is_empty() {
        let _ = writeln!(out, "\nStreams over all pages: {}.", paged.join(", "));
    }
}

fn pushes(out: &mut String, service: &Service, surroundings: &Surroundings<'_>) {
    if service.webhooks.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "\n## Pushes\n\n{}\n\n| push | type | transport | signed |\n| --- | --- | --- | --- |\n",
        wrapped(surroundings.receiving)
    );
    for webhook in &service.webhooks {
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} | {} |",
            webhook.name,
            webhook.event(),
            transports(&webhook.content),
            if webhook.signed { "yes" } else { "no" }
        );
    }
}

fn codes(out: &mut String, service: &Service) {
    out.push_str("\n## Result codes\n\nThe module `codes` has them as constants. Codes shared by all services are constants of `Code`.\n\n| code | name | kind | meaning |\n| --- | --- | --- | --- |\n");
    let mut seen = BTreeSet::new();
    for code in service.all_codes() {
        if seen.insert((code.code, &code.name)) {
            let _ = writeln!(
                out,
                "| {} | `{}` | {} | {} |",
                code.code,
                code.name,
                code.kind.as_str(),
                cell(&code.meaning)
            );
        }
    }
}

/// Breaks lines that are longer than 140 characters.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((end, _)) = rest.char_indices().nth(140) {
            let Some(space) = rest.get(..end).and_then(|start| start.rfind(' ')) else {
                break;
            };
            let (start, after) = rest.split_at(space);
            lines.push(start);
            rest = after.trim_start();
        }
        lines.push(rest);
    }
    lines.join("\n")
}

fn cell(text: &str) -> String {
    doc_text(&sentence(text))
        .replace('|', "\\|")
        .replace('\n', " ")
}
