//! `crates/webhooks`: its manifest, and one module of events a service.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::types::is_filled;
use super::{doc, ident, marker, pretty, sentence};
use crate::model::{Field, Service, Ty, Webhook};
use crate::names;
use crate::webhooks::{Event, Step, events, format, object, steps};

/// The generated files of the webhooks crate, by their path in it.
#[must_use]
pub fn webhook_files(services: &[Service]) -> BTreeMap<String, String> {
    let pushing: Vec<&Service> = services
        .iter()
        .filter(|service| !service.webhooks.is_empty())
        .collect();
    let mut files = BTreeMap::new();
    files.insert("Cargo.toml".to_owned(), manifest(&pushing));
    files.insert("src/generated/pushes.md".to_owned(), table(&pushing));
    let mut modules = format!("// {}\n//! One module a service.\n", marker("specs/*.yaml"));
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
//! Every example of every push is read from every transport that the reference names.
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

fn manifest(services: &[&Service]) -> String {
    let quoted: Vec<String> = services
        .iter()
        .map(|service| format!("\"{}\"", service.name))
        .collect();
    let mut features = String::new();
    let mut dependencies = String::new();
    for service in services {
        let (name, package) = (&service.name, &service.package);
        let _ = writeln!(
            features,
            "# Events of {}.\n{name} = [\"dep:{package}\"]",
            service.title
        );
        let _ = writeln!(
            dependencies,
            "{package} = {{ workspace = true, optional = true }}"
        );
    }
    include_str!("webhooks.toml.in")
        .replace("{marker}", &marker("specs/*.yaml"))
        .replace("{full}", &quoted.join(", "))
        .replace("{features}\n", &features)
        .replace("{dependencies}\n", &dependencies)
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
                push.schema,
                push.content.join(", "),
                if push.signed { "yes" } else { "no" },
                accepted_by(push),
                retried(push),
                key_text(push),
            );
        }
    }
    out
}

fn accepted_by(push: &Webhook) -> String {
    let text = push.reply.as_ref();
    text.map_or("HTTP 200".to_owned(), |text| format!("`{text}`"))
}

fn retried(push: &Webhook) -> String {
    push.retry
        .map_or("not documented".to_owned(), |(every, within)| {
            format!("every {every} s for {within} s")
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
    let source = format!(" Reference: `{}`.", service.source);
    let title = quote!(#![doc = #title] #![doc = ""] #![doc = #source]);
    let krate = ident(&service.package.replace('-', "_"));
    let events = events(service);
    let types = reachable(service, &events);
    let names = types.iter().map(|name| ident(name));
    let enumeration = enumeration(service, &events);
    let implementation = implementation(service, &events);
    let times = types.iter().filter_map(|name| times(service, name));
    quote! {
        #title

        #[allow(unused_imports, reason = "not every event has parts")]
        pub use #krate::{#(#names),*};
        use nxcloud_client::lenient::{Map, Record as _};

        use crate::event::recognize;
        use crate::idempotency::{IdempotencyKey, KeyBuilder};
        use crate::push::{Content, Kind, Name, Push, Reply};
        use crate::Unrecognized;

        #enumeration
        #implementation
        #(#times)*
    }
}

/// The types of the events and all types in them, sorted.
fn reachable(service: &Service, events: &[Event<'_>]) -> BTreeSet<String> {
    fn named(ty: &Ty) -> Option<&String> {
        match ty {
            Ty::Named(name) => Some(name),
            Ty::List(item) | Ty::Map(item) => named(item),
            _ => None,
        }
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = events.iter().map(|e| e.schema.to_owned()).collect();
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let fields = object(service, &name).map(|object| &object.fields);
        let parts = fields.into_iter().flatten();
        open.extend(parts.filter_map(|field| named(&field.ty)).cloned());
    }
    found
}

fn enumeration(service: &Service, events: &[Event<'_>]) -> TokenStream {
    let variants = events.iter().map(|event| {
        let variant = ident(event.schema);
        let text = doc(&about(event));
        quote!(#text #variant(#variant),)
    });
    let text = doc(&format!(
        "What {} pushes. Serialises as the fields that were received.",
        service.title
    ));
    quote! {
        #text
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "an event is moved a few times, not kept by the thousand")]
        pub enum Event {
            #(#variants)*
            /// None of the documented pushes, as received.
            Unrecognized(Unrecognized),
        }
    }
}

/// The documentation of a variant.
fn about(event: &Event<'_>) -> String {
    let mut out = String::new();
    for push in &event.pushes {
        let signed = if push.signed {
            format!("signed, action {}", push.actions.join(", "))
        } else {
            "not signed".to_owned()
        };
        let _ = write!(
            out,
            "`{}`: {}\n\nTransport: {}; {signed}. Accepted by: {}. Retried: {}. Idempotency key: {}.\n\n",
            push.name,
            sentence(&push.description),
            push.content.join(", "),
            accepted_by(push),
            retried(push),
            key_text(push),
        );
    }
    out
}

fn implementation(service: &Service, events: &[Event<'_>]) -> TokenStream {
    let name = &service.name;
    let biz_type = service.biz_type.as_deref().unwrap_or_default();
    let pushes = service.webhooks.iter().map(push);
    let first = service.webhooks.first();
    let success = first
        .and_then(|push| push.reply.clone())
        .unwrap_or_default();
    let error = first.and_then(|push| push.reply_error.clone());
    let error = error.map_or(quote!(None), |error| quote!(Some(#error)));
    let used: BTreeSet<&String> = service.webhooks.iter().flat_map(|p| &p.content).collect();
    let content = used.into_iter().map(|content| content_variant(content));
    let top: BTreeSet<String> = events
        .iter()
        .filter_map(|event| object(service, event.schema))
        .flat_map(|object| object.fields.iter().flat_map(spellings))
        .collect();
    let top = top.iter();
    let kinds = events.iter().map(|event| kind(service, event, events));
    let from = events.iter().enumerate().map(|(index, event)| {
        let variant = ident(event.schema);
        let index = proc_macro2::Literal::usize_unsuffixed(index);
        quote!(Some(#index) => Self::#variant(#variant::from_map(fields)),)
    });
    let keys = events.iter().map(|event| key(service, event));
    let push_names = events.iter().map(|event| {
        let variant = ident(event.schema);
        let name = event.pushes.first().map(|push| &push.name);
        quote!(Self::#variant(_) => Some(#name),)
    });
    let examples = service.webhooks.iter().flat_map(|push| {
        let name = &push.name;
        push.examples.iter().map(move |(example, value)| {
            let json = value.to_string();
            quote!((#name, #example, #json))
        })
    });
    quote! {
        const KINDS: &[Kind] = &[#(#kinds),*];

        impl crate::Event for Event {
            const SERVICE: &'static str = #name;
            const BIZ_TYPE: &'static str = #biz_type;
            const PUSHES: &'static [Push] = &[#(#pushes),*];
            const REPLY: Reply = Reply { success: #success, error: #error };
            const CONTENT: &'static [Content] = &[#(#content),*];
            const NAMES: &'static [&'static str] = &[#(#top),*];
            #[cfg(feature = "testing")]
            const EXAMPLES: &'static [(&'static str, &'static str, &'static str)] = &[#(#examples),*];

            fn from_fields(fields: Map) -> Self {
                match recognize(&fields, KINDS) {
                    #(#from)*
                    _ => Self::Unrecognized(Unrecognized { fields }),
                }
            }

            fn idempotency_key(&self) -> Option<IdempotencyKey> {
                match self {
                    #(#keys)*
                    Self::Unrecognized(_) => None,
                }
            }

            fn push_name(&self) -> Option<&'static str> {
                match self {
                    #(#push_names)*
                    Self::Unrecognized(_) => None,
                }
            }
        }
    }
}

fn content_variant(content: &str) -> TokenStream {
    let variant = ident(&names::variant(content));
    quote!(Content::#variant)
}

fn push(push: &Webhook) -> TokenStream {
    let (name, signed, actions, key) = (
        &push.name,
        push.signed,
        &push.actions,
        &push.idempotency_key,
    );
    let content = push.content.iter().map(|content| content_variant(content));
    let retry = push.retry.map_or(quote!(None), |(every, within)| {
        let every = proc_macro2::Literal::u64_unsuffixed(every);
        let within = proc_macro2::Literal::u64_unsuffixed(within);
        quote!(Some(crate::Retry::seconds(#every, #within)))
    });
    quote! {
        Push {
            name: #name,
            signed: #signed,
            content: &[#(#content),*],
            actions: &[#(#actions),*],
            retry: #retry,
            idempotency_key: &[#(#key),*],
        }
    }
}

fn spellings(field: &Field) -> impl Iterator<Item = String> {
    std::iter::once(field.wire.clone()).chain(field.aliases.clone())
}

/// What tells a type of event from the others: the fields of its idempotency key or, where it has none, the required fields that no
/// other one has.
fn kind(service: &Service, event: &Event<'_>, all: &[Event<'_>]) -> TokenStream {
    let Some(own) = object(service, event.schema) else {
        return quote!(Kind {
            marks: &[],
            names: &[]
        });
    };
    let keys = event.pushes.first().map(|push| &push.idempotency_key);
    let tops: BTreeSet<&str> = keys
        .into_iter()
        .flatten()
        .filter_map(|path| path.split('.').next())
        .map(|top| top.trim_end_matches("[]"))
        .collect();
    let elsewhere = |field: &Field| {
        all.iter()
            .filter(|other| other.schema != event.schema)
            .filter_map(|other| object(service, other.schema))
            .any(|other| other.fields.iter().any(|f| f.wire == field.wire))
    };
    let marks = own.fields.iter().filter(|field| {
        if tops.is_empty() {
            field.required && !elsewhere(field)
        } else {
            tops.contains(field.wire.as_str())
        }
    });
    let marks = marks.flat_map(spellings);
    let names = tree(service, event.schema, 5);
    quote!(Kind { marks: &[#(#marks),*], names: &[#(#names),*] })
}

/// The names of a type, with those below each; types may hold themselves, so only so deep.
fn tree(service: &Service, schema: &str, depth: usize) -> Vec<TokenStream> {
    let fields = object(service, schema).map(|object| &object.fields);
    let mut names = Vec::new();
    for field in fields.into_iter().flatten() {
        let below = match &field.ty {
            Ty::Named(name) if depth > 0 => tree(service, name, depth - 1),
            Ty::List(item) => match &**item {
                Ty::Named(name) if depth > 0 => tree(service, name, depth - 1),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for name in spellings(field) {
            names.push(quote!(Name { name: #name, below: &[#(#below),*] }));
        }
    }
    names
}

fn key(service: &Service, event: &Event<'_>) -> TokenStream {
    let variant = ident(event.schema);
    let (name, first) = (&service.name, event.pushes.first());
    let paths = first.map(|push| push.idempotency_key.as_slice());
    let (Some(push), Some(paths @ [_, ..])) = (first, paths) else {
        return quote!(Self::#variant(_) => None,);
    };
    let push = &push.name;
    let parts = paths
        .iter()
        .filter_map(|path| steps(service, event.schema, path))
        .map(|steps| part(service, quote!(event), &steps));
    quote! {
        Self::#variant(event) => {
            let mut key = KeyBuilder::new(#name, #push);
            #(#parts)*
            key.finish()
        }
    }
}

/// Code that puts the value at the end of a path into the key.
fn part(service: &Service, holder: TokenStream, path: &[Step<'_>]) -> TokenStream {
    let Some((step, rest)) = path.split_first() else {
        return quote!();
    };
    let member = ident(&step.field.rust);
    if step.each {
        let inner = match rest {
            [] => quote!(key.part(item);),
            _ => part(service, quote!(item), rest),
        };
        return quote! {
            key.elements(#holder.#member.len());
            for item in &#holder.#member {
                #inner
            }
        };
    }
    if rest.is_empty() {
        return quote!(key.part(&#holder.#member););
    }
    if is_filled(service, step.field) {
        return part(service, quote!(#holder.#member), rest);
    }
    let inner = part(service, quote!(inner), rest);
    quote! {
        match &#holder.#member {
            Some(inner) => { #inner }
            None => key.absent(),
        }
    }
}

/// A trait that reads the times of a type.
fn times(service: &Service, schema: &str) -> Option<TokenStream> {
    let fields = &object(service, schema)?.fields;
    let methods: Vec<(TokenStream, TokenStream)> = fields
        .iter()
        .filter_map(|field| time(field, format(service, schema, &field.wire)?))
        .collect();
    if methods.is_empty() {
        return None;
    }
    let (declared, defined): (Vec<_>, Vec<_>) = methods.into_iter().unzip();
    let (ty, name) = (ident(schema), ident(&format!("{schema}Times")));
    let text = doc(&format!(
        "The times of `{schema}`. `None` where one is missing or not of the documented form; the field has it as it came."
    ));
    Some(quote! {
        #text
        pub trait #name {
            #(#declared)*
        }

        impl #name for #ty {
            #(#defined)*
        }
    })
}

/// Declaration and definition of the method that reads one time.
fn time(field: &Field, format: &str) -> Option<(TokenStream, TokenStream)> {
    let member = ident(&field.rust);
    let (suffix, zone, result, value) = match (format, &field.ty) {
        ("local-date-time", Ty::Text) => (
            "local",
            "no zone is stated",
            quote!(crate::LocalDateTime),
            quote!(self.#member.as_ref()?.parse().ok()),
        ),
        ("unix-seconds" | "unix-millis", ty) => {
            let from = ident(match format {
                "unix-seconds" => "from_seconds",
                _ => "from_millis",
            });
            let number = match ty {
                Ty::Integer | Ty::QuotedInteger => quote!(self.#member?),
                Ty::Text => quote!(self.#member.as_ref()?.trim().parse().ok()?),
                _ => return None,
            };
            (
                "utc",
                "a moment in time",
                quote!(crate::UnixTime),
                quote!(Some(crate::UnixTime::#from(#number))),
            )
        }
        _ => return None,
    };
    let name = ident(&format!("{}_{suffix}", field.rust.trim_end_matches('_')));
    let text = doc(&format!("`{}`: {zone}.", field.wire));
    Some((
        quote!(#text fn #name(&self) -> Option<#result>;),
        quote!(fn #name(&self) -> Option<#result> { #value }),
    ))
}

/// A test of every example of every push.
fn tests(services: &[&Service]) -> TokenStream {
    let modules = services.iter().map(|service| {
        let module = ident(&names::module(&service.name));
        let tests = service.webhooks.iter().flat_map(|push| {
            let (name, schema) = (&push.name, ident(&push.schema));
            push.examples.iter().map(move |(example, _)| {
                let test = ident(&names::module(&format!("{name}_{example}")));
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
        //! Every example of every push is read from every transport that the reference names.

        #(#modules)*
    }
}
