//! `crates/webhooks`: a module of events for each service, and the features.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use nxcloud_spec::webhook::{Transport, Webhook};
use proc_macro2::TokenStream;
use quote::quote;

use super::facade::dependencies;
use super::{Block, ident, marker, pretty};
use crate::model::{Service, Ty};
use crate::names;
use crate::paths::object;
use crate::webhooks::{Event, events};

mod enumeration;
mod key;

use enumeration::{enumeration, implementation};

/// The generated files of the webhooks crate, by path.
#[must_use]
pub fn webhook_files(services: &[Service]) -> BTreeMap<String, String> {
    let pushing = pushing(services);
    let mut files = BTreeMap::new();
    files.insert("src/generated/pushes.md".to_owned(), table(&pushing));
    let mut modules = format!(
        "// {}\n//! The events, in one module per service.\n",
        marker("specs/*.yaml")
    );
    for service in &pushing {
        let module = names::module(&service.name);
        let _ = write!(
            modules,
            "\n#[cfg(feature = \"{}\")]\npub mod {module};\n",
            service.name
        );
        let source = format!("specs/{}.yaml", service.name);
        files.insert(
            format!("src/generated/{module}.rs"),
            format!("// {}\n{}", marker(&source), pretty(events_of(service))),
        );
    }
    files.insert("src/generated/mod.rs".to_owned(), modules);
    let marker = marker("specs/*.yaml");
    files.insert(
        "tests/generated/main.rs".to_owned(),
        format!(
            r#"// {marker}
//! Reads every example of every push from each of its transports.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
#[rustfmt::skip]
mod samples;
"#
        ),
    );
    files.insert(
        "tests/generated/samples.rs".to_owned(),
        format!("// {marker}\n{}", pretty(tests(&pushing))),
    );
    files
}

/// The blocks in the manifest of the webhooks crate.
#[must_use]
pub fn webhook_blocks(services: &[Service]) -> Vec<Block> {
    let pushing = pushing(services);
    let quoted: Vec<String> = pushing
        .iter()
        .map(|service| format!("\"{}\"", service.name))
        .collect();
    let mut features = format!(
        "# The events of every service.\nfull = [{}]\n",
        quoted.join(", ")
    );
    for service in &pushing {
        let (name, package) = (&service.name, &service.package);
        let _ = writeln!(
            features,
            "# The events of {}.\n{name} = [\"dep:{package}\"]",
            service.title
        );
    }
    let block = |name, text| Block {
        file: "crates/webhooks/Cargo.toml",
        name: Some(name),
        text,
    };
    vec![
        block("features", features),
        block("dependencies", dependencies(pushing)),
    ]
}

/// The services with pushes.
fn pushing(services: &[Service]) -> Vec<&Service> {
    let pushing = services.iter();
    pushing
        .filter(|service| !service.webhooks.is_empty())
        .collect()
}

/// The table of pushes at the end of the crate page.
fn table(services: &[&Service]) -> String {
    let mut out = format!(
        "<!-- {} -->\n\n## Pushes\n\n| module, push | event | transport | signed | accepted by | retried | idempotency key |\n| --- | --- | --- | --- | --- | --- | --- |\n",
        marker("specs/*.yaml")
    );
    for service in services {
        for push in &service.webhooks {
            let _ = writeln!(
                out,
                "| `{}` `{}` | `{}` | {} | {} | {} | {} | {} |",
                names::module(&service.name),
                push.name,
                push.event(),
                transports(&push.content),
                if push.signed { "yes" } else { "no" },
                accepted_by(push),
                retried(push),
                key_text(push),
            );
        }
    }
    out
}

/// The transports of a push, as a text.
pub(super) fn transports(content: &[Transport]) -> String {
    let names: Vec<&str> = content.iter().map(|transport| transport.as_str()).collect();
    names.join(", ")
}

fn accepted_by(push: &Webhook) -> String {
    let text = push.reply.as_ref();
    text.map_or("HTTP 200".to_owned(), |text| format!("`{text}`"))
}

fn retried(push: &Webhook) -> String {
    push.retry.map_or("not documented".to_owned(), |retry| {
        format!(
            "every {} s for {} s",
            retry.every_seconds, retry.for_seconds
        )
    })
}

fn key_text(push: &Webhook) -> String {
    if push.idempotency_key.is_empty() {
        return "none".to_owned();
    }
    let fields: Vec<String> = push
        .idempotency_key
        .iter()
        .map(|path| format!("`{path}`"))
        .collect();
    fields.join(", ")
}

fn events_of(service: &Service) -> TokenStream {
    let title = format!(" Pushes of {}.", service.title);
    let title = quote!(#![doc = #title]);
    let krate = ident(&service.package.replace('-', "_"));
    let events = events(service);
    let types = reachable(service, &events);
    let names = types.iter().map(|name| ident(name));
    let enumeration = enumeration(service, &events);
    let implementation = implementation(service, &events);
    quote! {
        #title

        #[allow(unused_imports, reason = "not every event has parts")]
        pub use #krate::{#(#names),*};
        use nxcloud_client::codegen::{LenientObject as _, Map};

        use crate::event::recognize;
        use crate::idempotency::{IdempotencyKey, KeyBuilder};
        use crate::push::{EventShape, FieldShape, Push, Reply, Transport};
        use crate::{ParseError, Repairs, Unrecognized};

        #enumeration
        #implementation
    }
}

/// The types of the events and of all values in them, sorted.
fn reachable(service: &Service, events: &[Event<'_>]) -> BTreeSet<String> {
    fn named(ty: &Ty) -> Option<&String> {
        match ty {
            Ty::Named(name) => Some(name),
            Ty::List(item) | Ty::Map(item) => named(item),
            _ => None,
        }
    }
    let mut types = BTreeSet::new();
    let mut open: Vec<String> = events.iter().map(|e| e.schema.to_owned()).collect();
    while let Some(name) = open.pop() {
        if !types.insert(name.clone()) {
            continue;
        }
        let fields = object(service, &name).map(|object| &object.fields);
        let parts = fields.into_iter().flatten();
        open.extend(parts.filter_map(|field| named(&field.ty)).cloned());
    }
    types
}

/// A test of every example of every push.
fn tests(services: &[&Service]) -> TokenStream {
    let modules = services.iter().map(|service| {
        let module = ident(&names::module(&service.name));
        let tests = service.webhooks.iter().flat_map(|push| {
            let (name, schema) = (&push.name, ident(push.event()));
            push.examples.keys().map(move |example| {
                let test = ident(&names::test(name, example));
                quote! {
                    #[test]
                    fn #test() {
                        let event = common::every_transport::<Event>(#name, #example);
                        assert!(matches!(event, Event::#schema(_)));
                    }
                }
            })
        });
        quote! {
            mod #module {
                use nxcloud_webhooks::#module::Event;

                use crate::common;

                #(#tests)*
            }
        }
    });
    quote! {
        //! Reads every example of every push from each of its transports.

        #(#modules)*
    }
}
