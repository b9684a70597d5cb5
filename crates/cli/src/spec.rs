//! What the commands take from the specs.

use nxcloud_spec::{OperationRef, Service, SpecError, embedded, embedded_services};

use crate::failure::Failure;

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        Self::usage(error.to_string())
    }
}

/// A service by its name. Only this spec is read.
pub(crate) fn service(name: &str) -> Result<&'static Service, Failure> {
    let missing = || Failure::usage(format!("there is no service `{name}`"));
    Ok(embedded(name).ok_or_else(missing)??)
}

/// Every operation of every service.
pub(crate) fn operations() -> Result<impl Iterator<Item = OperationRef<'static>>, Failure> {
    let services = embedded_services()?.into_iter();
    Ok(services.flat_map(|service| service.operations()))
}

/// The documented host of an operation, as a URL.
pub(crate) fn base_url(operation: OperationRef<'static>) -> &'static str {
    let own = operation.spec().servers.first();
    let server = own.or(operation.service().document().servers.first());
    server.map_or("", |server| &server.url)
}

/// An id as a command: `send_sms` is `send-sms`.
pub(crate) fn command_name(id: &str) -> String {
    id.replace('_', "-")
}

/// The id behind a command.
pub(crate) fn id(command: &str) -> String {
    command.replace('-', "_")
}

/// A text of a spec in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of a spec as a sentence in one line.
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
