//! The facade: one feature and one re-export a service, from the list of specs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::marker;
use crate::model::Service;
use crate::names;
use crate::prose::doc_text;

/// The facade's generated files, by their path in its crate.
#[must_use]
pub fn facade_files(services: &[Service]) -> BTreeMap<String, String> {
    BTreeMap::from([("Cargo.toml".to_owned(), manifest(services))])
}

fn manifest(services: &[Service]) -> String {
    let quoted: Vec<String> = services
        .iter()
        .map(|service| format!("\"{}\"", service.name))
        .collect();
    let mut features = String::new();
    let mut dependencies = String::new();
    let mut native: Vec<String> = vec!["\"nxcloud-client/native-tls\"".to_owned()];
    let mut rustls: Vec<String> = vec!["\"nxcloud-client/rustls\"".to_owned()];
    let mut no_provider: Vec<String> = vec!["\"nxcloud-client/rustls-no-provider\"".to_owned()];
    let mut blocking: Vec<String> = vec!["\"nxcloud-client/blocking\"".to_owned()];
    for service in services {
        let (name, package) = (&service.name, &service.package);
        let events = if service.webhooks.is_empty() {
            String::new()
        } else {
            format!(", \"nxcloud-webhooks?/{name}\"")
        };
        let _ = writeln!(
            features,
            "# {}.\n{name} = [\"dep:{package}\"{events}]",
            service.title
        );
        let _ = writeln!(
            dependencies,
            "{package} = {{ workspace = true, optional = true }}"
        );
        native.push(format!("\"{package}?/native-tls\""));
        rustls.push(format!("\"{package}?/rustls\""));
        no_provider.push(format!("\"{package}?/rustls-no-provider\""));
        blocking.push(format!("\"{package}?/blocking\""));
    }
    format!(
        r#"# {marker}
[package]
name = "nxcloud"
description = "Signed clients for NXCLOUD and AntBuddy: SMS, WhatsApp, Viber, number checks and more; one feature a service"
readme = "README.md"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
categories.workspace = true
keywords.workspace = true

[features]
default = ["compression", "rustls"]
# Every service.
full = [{full}]
{features}# Clients for programs without async code.
blocking = [{blocking}]
# Replies and pushes that are compressed with gzip or deflate.
compression = ["nxcloud-client/compression"]
# Accounts and settings by name, in a file of the user's.
profiles = ["nxcloud-client/profiles"]
# Receives the pushes of the chosen services.
webhooks = ["dep:nxcloud-webhooks"]
# The same with the axum extractor, the tower layer, tokio's channel as a queue, fixtures for tests.
webhooks-axum = ["webhooks", "nxcloud-webhooks/axum"]
webhooks-tower = ["webhooks", "nxcloud-webhooks/tower"]
webhooks-tokio = ["webhooks", "nxcloud-webhooks/tokio"]
webhooks-testing = ["webhooks", "nxcloud-webhooks/testing"]
native-tls = [{native}]
rustls = [{rustls}]
# As rustls, with a provider of cryptography that the program installs.
rustls-no-provider = [{no_provider}]

[dependencies]
nxcloud-client.workspace = true
{dependencies}nxcloud-webhooks = {{ workspace = true, optional = true }}

[dev-dependencies]
bytes.workspace = true
flate2.workspace = true
futures-util.workspace = true
http.workspace = true
http-body-util.workspace = true
hyper-util = {{ workspace = true, features = ["client-legacy", "http1"] }}
axum = {{ workspace = true, features = ["http1", "tokio"] }}
# Itself with every service, so that examples and tests need no flags.
nxcloud = {{ path = ".", features = ["blocking", "full", "profiles", "webhooks-axum", "webhooks-tokio"] }}
nxcloud-sandbox = {{ workspace = true, features = ["client"] }}
nxcloud-spec = {{ workspace = true, features = ["embedded"] }}
progenitor-client.workspace = true
proptest.workspace = true
reqwest.workspace = true
serde.workspace = true
serde_json.workspace = true
testing.workspace = true
tokio = {{ workspace = true, features = ["fs", "io-util", "macros", "net", "rt-multi-thread", "signal", "sync", "time"] }}
tracing-subscriber = {{ workspace = true, features = ["json", "tracing-log"] }}

# Its tests are part of what it shows.
[[example]]
name = "test_double"
test = true

[package.metadata.docs.rs]
features = ["blocking", "full", "profiles", "webhooks"]

[lints]
workspace = true
"#,
        marker = marker("specs/*.yaml"),
        full = quoted.join(", "),
        blocking = blocking.join(", "),
        native = native.join(", "),
        rustls = rustls.join(", "),
        no_provider = no_provider.join(", "),
    )
}

/// One module a service, line by line: of a glob, rustc does not say which feature a missing module is behind.
#[must_use]
pub fn re_exports(services: &[Service]) -> String {
    let mut out = String::new();
    for (index, service) in services.iter().enumerate() {
        // Apart, so that rustfmt leaves their order.
        let gap = if index > 0 { "\n" } else { "" };
        let module = names::module(&service.name);
        let krate = service.package.replace('-', "_");
        let renamed = if module == krate {
            String::new()
        } else {
            format!(" as {module}")
        };
        let _ = writeln!(
            out,
            "{gap}#[cfg(feature = \"{}\")]\n#[doc(inline)]\npub use {krate}{renamed};",
            service.name
        );
    }
    out
}

/// The service crates' lines of `[workspace.dependencies]`.
#[must_use]
pub fn workspace_block(services: &[Service], version: &str) -> String {
    services
        .iter()
        .map(|service| {
            format!(
                "{} = {{ path = \"crates/{}\", version = \"{version}\", default-features = false }}\n",
                service.package, service.name
            )
        })
        .collect()
}

/// The table of services in the top README, with links into the repository.
#[must_use]
pub fn workspace_table(services: &[Service]) -> String {
    table(services, |service| {
        format!("[`{}`](crates/{})", service.package, service.name)
    })
}

/// The table of services in the facade's README. A crate page has no links into the repository.
#[must_use]
pub fn facade_table(services: &[Service]) -> String {
    table(services, |service| format!("`{}`", service.package))
}

fn table(services: &[Service], krate: impl Fn(&Service) -> String) -> String {
    let mut out = String::from(
        "| feature, crate | bizType | what it does | operations |\n| --- | --- | --- | --- |\n",
    );
    for service in services {
        let operations: Vec<String> = service
            .operations
            .iter()
            .map(|operation| format!("`{}`", operation.id))
            .collect();
        let _ = writeln!(
            out,
            "| `{}`, {} | {} | {} | {} |",
            service.name,
            krate(service),
            service.biz_type.as_deref().unwrap_or("-"),
            doc_text(&service.description)
                .replace('\n', " ")
                .replace('|', "\\|"),
            operations.join(", ")
        );
    }
    out
}
