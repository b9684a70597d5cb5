//! What a spec may not say, found before anything is generated from it. Its structure is sound: the typed document refuses the rest.

use nxcloud_spec::Document;
use nxcloud_spec::document::{Code, Scheme, Server};
use nxcloud_spec::webhook::Webhook;

use crate::finding::Findings;
use crate::{names, places};

mod fit;
mod operations;
mod paths;
mod schemas;
pub(crate) mod values;

pub(crate) use fit::misfits;

/// Every rule about what stands in one place.
pub(crate) fn lint(document: &Document, findings: &mut Findings<'_>) {
    root(document, findings);
    codes("x-nx-codes", &document.codes, findings);
    paths::paths(document, findings);
    operations::operations(document, findings);
    for written in places::schemas(document) {
        schemas::schema(&written, findings);
    }
    for (index, webhook) in document.webhooks.iter().enumerate() {
        self::webhook(&format!("x-nx-webhooks[{index}]"), webhook, findings);
    }
}

fn root(document: &Document, findings: &mut Findings<'_>) {
    if !document.openapi.starts_with("3.0.") {
        findings.add(
            "openapi",
            format!("version {} is not supported", document.openapi),
            "write `openapi: 3.0.3`",
        );
    }
    if document.generated.is_some() {
        findings.add(
            "x-nx-generated",
            "the mark of a generated file",
            "leave it out: a spec is written by hand",
        );
    }
    if document.servers.is_empty() {
        findings.add(
            "servers",
            "no server",
            "write the documented base URL as the first server",
        );
    }
    servers("servers", &document.servers, findings);
    if document.scheme == Scheme::NxcloudMd5 && document.biz_type.is_none() {
        let instead = "write the bizType header as a string";
        findings.add("(root)", "`x-nx-biz-type` is missing", instead);
    }
    header("(root).x-nx-biz-type", document.biz_type.as_ref(), findings);
    // The title stands in manifests and comments as it is.
    let title = &document.info.title;
    let is_plain = |c: char| c.is_alphanumeric() || " -.,:()&/+'".contains(c);
    if title.trim().is_empty() || !title.chars().all(is_plain) {
        findings.add(
            "info.title",
            format!("{title:?} is no plain title"),
            "write letters, digits, spaces and `-.,:()&/+'` on one line",
        );
    }
}

/// Paths are written behind the base URL as it is.
fn servers(at: &str, servers: &[Server], findings: &mut Findings<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
    for (index, server) in servers.iter().enumerate() {
        let url = &server.url;
        let mut schemes = ["https://", "http://"].into_iter();
        let rest = schemes.find_map(|scheme| url.strip_prefix(scheme));
        let sound = rest.is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !rest.ends_with('/')
                && rest.chars().all(is_plain)
        });
        if !sound {
            findings.add(
                format!("{at}[{index}].url"),
                format!("{url:?} is no base URL"),
                "write `https://`, the host and the common start of the paths, without a slash at the end",
            );
        }
    }
}

/// A text that is sent as the value of a header.
fn header(at: &str, value: Option<&String>, findings: &mut Findings<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if let Some(value) = value.filter(|value| value.is_empty() || !value.chars().all(is_plain)) {
        findings.add(
            at,
            format!("{value:?} cannot be the value of a header"),
            "write ASCII letters, digits and `-_.:/`",
        );
    }
}

fn codes(at: &str, codes: &[Code], findings: &mut Findings<'_>) {
    for (index, code) in codes.iter().enumerate() {
        let name = names::constant(&code.name);
        if name != code.name {
            findings.add(
                format!("{at}[{index}].name"),
                format!("`{}` is not SCREAMING_SNAKE", code.name),
                format!("write `{name}`"),
            );
        }
    }
}

fn webhook(at: &str, webhook: &Webhook, findings: &mut Findings<'_>) {
    let mut seen = Vec::new();
    for transport in &webhook.content {
        if seen.contains(&transport) {
            findings.add(
                format!("{at}.content"),
                format!("`{}` stands twice", transport.as_str()),
                "write each of json, form, query once",
            );
        }
        seen.push(transport);
    }
    if seen.is_empty() {
        findings.add(
            format!("{at}.content"),
            "no transport",
            "write one or more of json, form, query in brackets",
        );
    }
    for (index, action) in webhook.action.iter().enumerate() {
        header(&format!("{at}.action[{index}]"), Some(action), findings);
    }
    if webhook.schema.reference.is_none() {
        findings.add(
            format!("{at}.schema"),
            "inline schema",
            "name it under components.schemas and refer to it",
        );
    }
    if webhook.examples.is_empty() {
        findings.add(at, "no `examples`", "write at least one complete example");
    }
    codes(&format!("{at}.x-nx-codes"), &webhook.codes, findings);
}
