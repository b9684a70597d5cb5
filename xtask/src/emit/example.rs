//! Example calls of an operation, for the crate page and the documentation of its methods.

use proc_macro2::TokenStream;
use serde_json::Value;

use super::client::argument;
use super::paging::item;
use super::{ident, mentions, sample};
use crate::model::{Field, Operation, Service, Ty};
use crate::paths::object;

/// The statements of an example, in a function with the variable `client`.
pub(super) struct Example {
    /// The types that the statements name.
    names: Vec<String>,
    /// Create the request, in the variable `request`; empty for a request without fields.
    request: String,
    /// Make the call and print the reply.
    call: String,
}

impl Example {
    /// The first example request of the spec; `None` if it cannot be written in Rust.
    pub(super) fn of(service: &Service, operation: &Operation) -> Option<Self> {
        let request = first_request(service, operation)?;
        Some(Self::with(service, operation, request))
    }

    /// The example requests that have a summary in the spec, each with its summary.
    pub(super) fn summarised(service: &Service, operation: &Operation) -> Vec<(String, Self)> {
        let spec = service.spec.operation(&operation.id);
        let Some((_, body)) = spec.and_then(nxcloud_spec::OperationRef::request) else {
            return Vec::new();
        };
        let examples = operation.request_examples.iter();
        let examples = examples.filter_map(|(name, value)| {
            let summary = body.examples.get(name)?.summary.clone()?;
            let request = request(service, operation, value)?;
            Some((summary, Self::with(service, operation, request)))
        });
        examples.collect()
    }

    /// The method that lists all pages.
    pub(super) fn all_pages(service: &Service, operation: &Operation) -> Option<Self> {
        let fields = &item(service, operation)?.fields;
        let request = first_request(service, operation)?;
        let is_private = |field: &&Field| field.ty == Ty::Text && !field.public;
        let print = match fields.iter().find(is_private) {
            Some(field) => {
                let member = ident(&field.rust);
                format!(
                    "    // `Debug` hides phone numbers and texts; read the fields instead.\n    println!(\"{{:?}} {{item:?}}\", item.{member});\n"
                )
            }
            None => "    println!(\"{item:?}\");\n".to_owned(),
        };
        let call = format!(
            "let mut items = client.{}_all(&request);\nwhile let Some(item) = items.next().await {{\n    let item = item?;\n{print}}}\n",
            operation.id
        );
        Some(Self {
            names: names(service, &request),
            request,
            call,
        })
    }

    /// A call whose failures are handled. `code` is the name of a result code, and its hint.
    pub(super) fn of_failures(
        service: &Service,
        operation: &Operation,
        code: Option<(&str, &str)>,
    ) -> Option<Self> {
        let request = first_request(service, operation)?;
        let mut arms = format!(
            "    Ok(reply) => println!(\"accepted: {{reply:?}}\"),\n{}",
            if operation.safe {
                ""
            } else {
                "    // The platform may have acted: check that before you repeat the call.\n    Err(error) if error.may_have_been_sent() => println!(\"{error}: {:?}\", error.sent()),\n"
            }
        );
        if let Some((name, hint)) = code {
            arms.push_str(&format!(
                "    // {hint}\n    Err(error) if error.is_code(codes::{name}) => println!(\"{{error}}\"),\n"
            ));
        }
        arms.push_str("    Err(error) => println!(\"{error}: {}\", error.hint()),\n");
        let call = format!(
            "match client.{}({}).await {{\n{arms}}}\n",
            operation.id,
            passed(&request)
        );
        let mut names = names(service, &request);
        names.extend(code.map(|_| "codes".to_owned()));
        Some(Self {
            names,
            request,
            call,
        })
    }

    fn with(service: &Service, operation: &Operation, request: String) -> Self {
        let reply = object(service, &operation.reply);
        let accessor = reply.and_then(|reply| reply.accessors.first());
        let printed = match accessor {
            Some((name, _)) => format!("\"{{}}\", reply.{name}()?"),
            None => "\"{reply:?}\"".to_owned(),
        };
        let call = format!(
            "let reply = client.{}({}).await?;\nprintln!({printed});\n",
            operation.id,
            passed(&request)
        );
        Self {
            names: names(service, &request),
            request,
            call,
        }
    }

    /// The names to import, these included.
    fn imports(&self, others: &[&str]) -> String {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.extend(others);
        names.sort_unstable();
        names.join(", ")
    }

    /// The error type of a function with these statements.
    fn error(&self, krate: &str) -> String {
        // A date or time that does not exist has an error type of its own.
        let has_times = ["Date::new(", "parse()?", "from_unix_seconds("]
            .iter()
            .any(|call| self.request.contains(call));
        if has_times {
            "Box<dyn std::error::Error>".to_owned()
        } else {
            format!("{krate}::Error")
        }
    }

    /// A whole program, except for its `main`. `variables` are the environment variables of the account.
    pub(super) fn program(&self, krate: &str, variables: &str) -> String {
        format!(
            "```no_run\nuse {krate}::{{{}}};\n\n# async fn run() -> Result<(), {}> {{\nlet session = Session::from_env()?; // {variables}\nlet client = Client::new(&session);\n{}{}# Ok(())\n# }}\n```\n",
            self.imports(&["Client", "Session"]),
            self.error(krate),
            self.request,
            self.call
        )
    }

    /// Like [`statements`](Self::statements), with a blocking client.
    pub(super) fn blocking(&self, krate: &str) -> String {
        format!(
            "```no_run\n# use {krate}::{{{}}};\n# fn run(session: &Session) -> Result<(), {}> {{\nlet client = {krate}::blocking::Client::new(session);\n{}{}# Ok(())\n# }}\n```\n",
            self.imports(&["Session"]),
            self.error(krate),
            self.request,
            self.call.replace(".await?", "?")
        )
    }

    /// The statements alone, in a function with the variable `client`.
    pub(super) fn statements(&self, krate: &str) -> String {
        self.in_function(krate, &self.request)
    }

    /// The call alone; the statements that create the request are hidden.
    pub(super) fn call_only(&self, krate: &str) -> String {
        let hidden: String = self
            .request
            .lines()
            .map(|line| format!("# {line}\n"))
            .collect();
        self.in_function(krate, &hidden)
    }

    fn in_function(&self, krate: &str, request: &str) -> String {
        format!(
            "```no_run\n# use {krate}::{{{}}};\n# async fn run(client: &Client) -> Result<(), {}> {{\n{request}{}# Ok(())\n# }}\n```\n",
            self.imports(&["Client"]),
            self.error(krate),
            self.call
        )
    }
}

/// The argument of the call.
fn passed(request: &str) -> &'static str {
    if request.is_empty() { "" } else { "&request" }
}

/// The types that statements name.
fn names(service: &Service, statements: &str) -> Vec<String> {
    // As tokens: text in string literals does not count.
    let tokens: TokenStream = statements.parse().unwrap_or_default();
    let names = service.types.iter().map(|def| def.name.as_str());
    let names = names.chain(["AppKey", "Date", "DateTime", "Upload"]);
    names
        .filter(|name| mentions(tokens.clone(), name))
        .map(str::to_owned)
        .collect()
}

/// The statements that create the first example request; empty for a request without fields.
fn first_request(service: &Service, operation: &Operation) -> Option<String> {
    match argument(service, operation) {
        (Some(_), _) => {
            let (_, example) = operation.request_examples.first()?;
            request(service, operation, example)
        }
        (None, _) => Some(String::new()),
    }
}

/// The statements that create a request.
fn request(service: &Service, operation: &Operation, example: &Value) -> Option<String> {
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
