//! The facade: one feature and one re-export a service, from the list of specs.

use std::fmt::Write as _;

use super::Block;
use crate::model::Service;
use crate::names;
use crate::prose::doc_text;

/// What hand-written files hold of all services, but for the webhooks crate.
#[must_use]
pub fn workspace_blocks(services: &[Service], version: &str) -> Vec<Block> {
    let block = |file, name, text| Block { file, name, text };
    let manifest = "crates/nxcloud/Cargo.toml";
    vec![
        block("Cargo.toml", None, versions(services, version)),
        block("README.md", None, workspace_table(services)),
        block("crates/nxcloud/README.md", None, facade_table(services)),
        block("crates/nxcloud/src/lib.rs", None, re_exports(services)),
        block(manifest, Some("features"), features(services)),
        block(manifest, Some("dependencies"), dependencies(services)),
    ]
}

/// A feature a service, and those that reach into the services.
fn features(services: &[Service]) -> String {
    let quoted: Vec<String> = services
        .iter()
        .map(|service| format!("\"{}\"", service.name))
        .collect();
    let mut features = format!("# Every service.\nfull = [{}]\n", quoted.join(", "));
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
    }
    for (feature, comment) in [
        ("blocking", "# Clients for programs without async code.\n"),
        ("native-tls", ""),
        ("rustls", ""),
        (
            "rustls-no-provider",
            "# As rustls, with a provider of cryptography that the program installs.\n",
        ),
    ] {
        let mut parts = vec![format!("\"nxcloud-client/{feature}\"")];
        let of_services = services.iter();
        parts.extend(of_services.map(|service| format!("\"{}?/{feature}\"", service.package)));
        let _ = writeln!(features, "{comment}{feature} = [{}]", parts.join(", "));
    }
    features
}

/// An optional dependency a service.
pub(super) fn dependencies<'s>(services: impl IntoIterator<Item = &'s Service>) -> String {
    let services = services.into_iter();
    services
        .map(|service| {
            format!(
                "{} = {{ workspace = true, optional = true }}\n",
                service.package
            )
        })
        .collect()
}

/// One module a service, line by line: of a glob, rustc does not say which feature a missing module is behind.
fn re_exports(services: &[Service]) -> String {
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
fn versions(services: &[Service], version: &str) -> String {
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
fn workspace_table(services: &[Service]) -> String {
    table(services, |service| {
        format!("[`{}`](crates/{})", service.package, service.name)
    })
}

/// The table of services in the facade's README. A crate page has no links into the repository.
fn facade_table(services: &[Service]) -> String {
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
