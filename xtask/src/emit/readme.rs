//! `README.md` of a service, which is its crate page too.

use std::fmt::Write as _;

use serde_json::Value;

use super::{marker, sentence};
use crate::model::{Input, Object, Operation, Service, Ty, TypeKind};

pub(super) fn readme(service: &Service) -> String {
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
        marker(&format!("specs/{}.yaml", service.name)),
        service.package,
        service.title,
        service.description.trim(),
    );
    if let Some(snippet) = snippet(service) {
        let _ = write!(
            out,
            "\n```no_run\nuse {krate}::{{{}, Client, Session}};\n\n# async fn run() -> Result<(), {krate}::Error> {{\nlet session = Session::from_env()?; // NXCLOUD_ACCESS_KEY, NXCLOUD_ACCESS_SECRET\nlet client = Client::new(&session);\n{}\nprintln!(\"{{reply:?}}\");\n# Ok(())\n# }}\n```\n",
            snippet.0, snippet.1
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
    if !service.webhooks.is_empty() {
        out.push_str(
            "\n## Pushes\n\n| push | type | transport | signed |\n| --- | --- | --- | --- |\n",
        );
        for webhook in &service.webhooks {
            let _ = writeln!(
                out,
                "| `{}` | `{}` | {} | {} |",
                webhook.name,
                webhook.schema,
                webhook.content.join(", "),
                if webhook.signed { "yes" } else { "no" }
            );
        }
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
                code.kind,
                cell(&code.meaning)
            );
        }
    }
    let _ = write!(
        out,
        "\nA request is checked against its documented limits before it is sent; a reply decodes whatever the platform leaves out, adds or\nwrites in another type, and keeps it. Reference: `{}`. TLS is rustls by default; `native-tls` is a feature.\n",
        service.source
    );
    out
}

fn cell(text: &str) -> String {
    sentence(text).replace('|', "\\|").replace('\n', " ")
}

/// The first operation whose required fields are all plain: its request type and the lines that call it.
fn snippet(service: &Service) -> Option<(String, String)> {
    service.operations.iter().find_map(|operation| {
        let Input::Json(request) = &operation.input else {
            return None;
        };
        let TypeKind::Object(object) = &service.type_def(request)?.kind else {
            return None;
        };
        let arguments = arguments(object, operation)?;
        Some((
            request.clone(),
            format!(
                "let request = {request}::new({arguments});\nlet reply = client.{}(&request).await?;",
                operation.id
            ),
        ))
    })
}

fn arguments(object: &Object, operation: &Operation) -> Option<String> {
    if object.flattened.is_some() {
        return None;
    }
    let (_, example) = operation.request_examples.first()?;
    let required = object
        .fields
        .iter()
        .filter(|field| field.required && field.constant.is_none());
    let literals: Option<Vec<String>> = required
        .map(|field| match (&field.ty, example.get(&field.wire)?) {
            (Ty::Text, Value::String(text)) => Some(format!("{text:?}")),
            (Ty::Integer | Ty::Float | Ty::Boolean, value) => Some(value.to_string()),
            _ => None,
        })
        .collect();
    Some(literals?.join(", "))
}
