//! Blocks of hand-written files that list all services, such as the features and re-exports of the facade.

use std::fmt::Write as _;

use super::Block;
use crate::model::Service;
use crate::names;
use crate::prose::doc_text;

/// The blocks of all hand-written files, except for those of the webhooks crate.
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

/// A feature for each service, and the features that enable others in the services.
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
        (
            "blocking",
            "# The clients for programs without async code.\n",
        ),
        ("native-tls", ""),
        ("rustls", ""),
        (
            "rustls-no-provider",
            "# Like rustls, with a crypto provider that the program installs.\n",
        ),
    ] {
        let mut parts = vec![format!("\"nxcloud-client/{feature}\"")];
        let of_services = services.iter();
        parts.extend(of_services.map(|service| format!("\"{}?/{feature}\"", service.package)));
        let _ = writeln!(features, "{comment}{feature} = [{}]", parts.join(", "));
    }
    features
}

/// An optional dependency for each service.
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

/// A re-export for each service. With a glob, rustc would not name the feature of a missing module.
fn re_exports(services: &[Service]) -> String {
    let mut out = String::new();
    for (index, service) in services.iter().enumerate() {
        // Blank lines keep rustfmt from sorting them.
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

/// The lines of the service crates in `[workspace.dependencies]`.
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

/// The table of services in the facade's README. A crate page cannot link to files of the repository.
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
