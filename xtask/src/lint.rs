//! Checks the values of a spec before code is generated from it. The typed document has already checked its structure.

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

/// Runs every check that needs only one place of the spec.
pub(crate) fn lint(document: &Document, findings: &mut Findings<'_>) {
    root(document, findings);
    codes("x-nx-codes", &document.codes, findings);
    paths::paths(document, findings);
    operations::operations(document, findings);
    for place in places::schemas(document) {
        schemas::schema(&place, findings);
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
            "the spec has the marker of generated files",
            "remove it: specs are written by hand",
        );
    }
    if document.servers.is_empty() {
        findings.add(
            "servers",
            "the list of servers is empty",
            "write the documented base URL as the first server",
        );
    }
    servers("servers", &document.servers, findings);
    if document.scheme == Scheme::NxcloudMd5 && document.biz_type.is_none() {
        let instead = "write the bizType header as a string";
        findings.add("(root)", "`x-nx-biz-type` is missing", instead);
    }
    header("(root).x-nx-biz-type", document.biz_type.as_ref(), findings);
    // The title is copied into manifests and comments without escaping.
    let title = &document.info.title;
    let is_plain = |c: char| c.is_alphanumeric() || " -.,:()&/+'".contains(c);
    if title.trim().is_empty() || !title.chars().all(is_plain) {
        findings.add(
            "info.title",
            format!("the title {title:?} is empty or has other characters than letters, digits, spaces and `-.,:()&/+'`"),
            "write the name of the service with these characters",
        );
    }
}

/// Checks base URLs. Requests go to the base URL followed by the path.
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
                format!("{url:?} is not a base URL"),
                "write `https://`, the host and the common start of the paths, without a slash at the end",
            );
        }
    }
}

/// Checks a text that is sent as the value of a header.
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
                format!("`{}` is not in SCREAMING_SNAKE_CASE", code.name),
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
                format!("`{}` is listed twice", transport.as_str()),
                "list each of json, form and query once",
            );
        }
        seen.push(transport);
    }
    if seen.is_empty() {
        findings.add(
            format!("{at}.content"),
            "the list of transports is empty",
            "list one or more of json, form and query",
        );
    }
    for (index, action) in webhook.action.iter().enumerate() {
        header(&format!("{at}.action[{index}]"), Some(action), findings);
    }
    if webhook.schema.reference.is_none() {
        findings.add(
            format!("{at}.schema"),
            "the schema is inline",
            "move it to components.schemas and refer to it with `$ref`",
        );
    }
    if webhook.examples.is_empty() {
        findings.add(
            at,
            "there are no `examples`",
            "write at least one complete example",
        );
    }
    codes(&format!("{at}.x-nx-codes"), &webhook.codes, findings);
}
