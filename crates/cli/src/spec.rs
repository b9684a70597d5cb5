//! Access to the embedded specs.

use nxcloud_spec::{OperationRef, Service, SpecError, embedded, embedded_services};

use crate::failure::Failure;

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Finds a service by name. No other spec is read.
pub(crate) fn service(name: &str) -> Result<&'static Service, Failure> {
    let missing = || Failure::usage(format!("unknown service `{name}`; see nxcloud --help"));
    Ok(embedded(name).ok_or_else(missing)??)
}

/// Every operation of every service.
pub(crate) fn operations() -> Result<impl Iterator<Item = OperationRef<'static>>, Failure> {
    let services = embedded_services()?.into_iter();
    Ok(services.flat_map(|service| service.operations()))
}

/// The documented base URL of an operation.
pub(crate) fn base_url(operation: OperationRef<'static>) -> &'static str {
    let own = operation.spec().servers.first();
    let server = own.or(operation.service().document().servers.first());
    server.map_or("", |server| &server.url)
}

/// Turns an operation id into a command name: `send_sms` becomes `send-sms`.
pub(crate) fn command_name(id: &str) -> String {
    id.replace('_', "-")
}

/// Turns a command name back into an operation id.
pub(crate) fn id(command: &str) -> String {
    command.replace('-', "_")
}

/// Puts a spec text on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts a spec text on one line, with a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = one_line(text);
    let mut characters = text.chars();
    let mut sentence: String = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => return text,
    };
    if !sentence.ends_with(['.', '!', '?', ':']) {
        sentence.push('.');
    }
    sentence
}
