//! A call of an operation as a person would write it, for the crate page and the documentation of its method.

use serde_json::Value;

use super::client::argument;
use super::sample;
use crate::model::{Operation, Service, Ty};
use crate::paths::object;

/// The lines of a call, in a function with the variable `client`.
pub(super) struct Example {
    /// The types that they name.
    names: Vec<String>,
    /// The lines: the request, the call, and what is printed of the reply.
    pub lines: String,
    /// Whether a line before the call may fail, as a date that does not exist does.
    fallible: bool,
}

impl Example {
    /// The first example of the spec; `None` if it cannot be written in Rust.
    pub(super) fn of(service: &Service, operation: &Operation) -> Option<Self> {
        let (argument, _) = argument(service, operation);
        let request = match argument {
            Some(_) => request(service, operation)?,
            None => String::new(),
        };
        let passed = if request.is_empty() { "" } else { "&request" };
        let reply = object(service, &operation.reply)?;
        let shown = match reply.accessors.first() {
            Some((name, _)) => format!("\"{{}}\", reply.{name}()?"),
            None => "\"{reply:?}\"".to_owned(),
        };
        let names = service
            .types
            .iter()
            .map(|def| def.name.as_str())
            .chain(["AppKey", "Date", "DateTime", "Upload"])
            .filter(|name| {
                let mut words = request.split(|c: char| !c.is_alphanumeric());
                words.any(|word| word == *name)
            });
        Some(Self {
            names: names.map(str::to_owned).collect(),
            fallible: request.contains(")?"),
            lines: format!(
                "{request}let reply = client.{}({passed}).await?;\nprintln!({shown});\n",
                operation.id
            ),
        })
    }

    /// What is imported, these names included.
    pub(super) fn imports(&self, others: &[&str]) -> String {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.extend(others);
        names.sort_unstable();
        names.join(", ")
    }

    /// The error type of a function with these lines.
    pub(super) fn error(&self, krate: &str) -> String {
        if self.fallible {
            "Box<dyn std::error::Error>".to_owned()
        } else {
            format!("{krate}::Error")
        }
    }

    /// As part of the documentation of a method.
    pub(super) fn in_documentation(&self, krate: &str) -> String {
        format!(
            "```no_run\n# use {krate}::{{{}}};\n# async fn run(client: &Client) -> Result<(), {}> {{\n{}# Ok(())\n# }}\n```",
            self.imports(&["Client"]),
            self.error(krate),
            self.lines
        )
    }
}

/// The statements that make the request.
fn request(service: &Service, operation: &Operation) -> Option<String> {
    let (_, example) = operation.request_examples.first()?;
    let name = operation.input.type_name();
    let expression = sample::expression(service, name, example, "")?;
    let app = app_key(service, name, example).map(|key| {
        quote::quote! {
            let app = AppKey::new(#key);
        }
    });
    format_statements(&quote::quote! {
        #app
        let request = #expression;
    })
}

/// The application key of an example.
fn app_key<'e>(service: &Service, request: &str, example: &'e Value) -> Option<&'e str> {
    let fields = &object(service, request)?.fields;
    let mut keys = fields.iter().filter(|field| field.ty == Ty::AppKey);
    keys.find_map(|field| example.get(&field.wire)?.as_str())
}

/// Statements, formatted as they would be in a function.
fn format_statements(statements: &proc_macro2::TokenStream) -> Option<String> {
    let file = syn::parse2(quote::quote!(fn f() { #statements })).ok()?;
    let text = prettyplease::unparse(&file);
    let body = text.trim().strip_prefix("fn f() {")?.strip_suffix('}')?;
    let lines = body.lines().filter(|line| !line.is_empty());
    Some(
        lines
            .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
            .collect(),
    )
}
