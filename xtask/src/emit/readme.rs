//! `README.md` of a service, which is its crate page too.

use std::fmt::Write as _;

use super::example::Example;
use super::webhooks::transports;
use super::{marker, sentence};
use crate::model::{Scheme, Service};
use crate::prose::doc_text;

/// What a crate page says about licences.
pub(super) const LICENCE: &str = "\
MIT or Apache-2.0, at your choice. A build contains `progenitor-client`, which is under the MPL-2.0: whoever distributes the program says
where the source of `progenitor-client` is, and publishes changes of its files. The rest of the program may have any licence.";

/// `pushes` follows the table of pushes, `licences` is the last section.
pub(super) fn readme(service: &Service, source: &str, pushes: &str, licences: &str) -> String {
    let mut out = String::new();
    let krate = service.package.replace('-', "_");
    let biz_type = service
        .biz_type
        .as_ref()
        .map(|biz_type| format!(" (bizType {biz_type})"))
        .unwrap_or_default();
    let _ = write!(
        out,
        "<!-- {} -->\n\n# {}\n\nTyped, signed client of {}{biz_type}. {}\n",
        marker(source),
        service.package,
        service.title,
        doc_text(&service.description),
    );
    let antbuddy = service
        .operations
        .iter()
        .any(|operation| matches!(operation.scheme, Scheme::AntBuddySha256 { .. }));
    let variables = if antbuddy {
        "ANTBUDDY_APP_ID, ANTBUDDY_APP_SECRET"
    } else {
        "NXCLOUD_ACCESS_KEY, NXCLOUD_ACCESS_SECRET"
    };
    let first = service
        .operations
        .iter()
        .find(|operation| !operation.request_examples.is_empty());
    if let Some(example) = first.and_then(|operation| Example::of(service, operation)) {
        let error = example.error(&krate);
        let _ = write!(
            out,
            "\n```no_run\nuse {krate}::{{{}}};\n\n# async fn run() -> Result<(), {error}> {{\nlet session = Session::from_env()?; // {variables}\nlet client = Client::new(&session);\n{}# Ok(())\n# }}\n```\n",
            example.imports(&["Client", "Session"]),
            example.lines
        );
    }
    out.push_str(
        "\n## Operations\n\n| method | what it does | repeatable |\n| --- | --- | --- |\n",
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
    if !service.webhooks.is_empty() {
        out.push_str(
            "\n## Pushes\n\n| push | type | transport | signed |\n| --- | --- | --- | --- |\n",
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
        out.push_str(pushes);
    }
    out.push_str("\n## Result codes\n\nConstants in the module `codes`; the codes shared by all services are constants of `Code`.\n\n| code | name | kind | meaning |\n| --- | --- | --- | --- |\n");
    let mut seen = std::collections::BTreeSet::new();
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
    let _ = write!(
        out,
        "\nA request is checked against its documented limits before it is sent; a reply decodes whatever the platform leaves out, adds or\nwrites in another type, and keeps it. TLS is rustls by default; `native-tls` is a feature,\nand `rustls-no-provider` leaves the provider of cryptography to the program.\n\n{licences}"
    );
    out
}

fn cell(text: &str) -> String {
    doc_text(&sentence(text))
        .replace('|', "\\|")
        .replace('\n', " ")
}
