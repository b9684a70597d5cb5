//! The enum of a service's events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use nxcloud_spec::webhook::{Transport, Webhook};
use proc_macro2::TokenStream;
use quote::quote;

use super::key::key;
use super::{accepted_by, key_text, retried, transports};
use crate::emit::{doc, ident, sentence};
use crate::model::{Field, Operation, Scheme, Service, Ty};
use crate::names;
use crate::paths::object;
use crate::webhooks::Event;

pub(super) fn enumeration(service: &Service, events: &[Event<'_>]) -> TokenStream {
    let variants = events.iter().map(|event| {
        let variant = ident(event.schema);
        let text = doc(&about(event));
        quote!(#text #variant(#variant),)
    });
    let text = doc(&format!(
        "An event of {}. It is serialised as the fields that were received.",
        service.title
    ));
    quote! {
        #text
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "an event is moved a few times, and programs do not store thousands of them")]
        pub enum Event {
            #(#variants)*
            /// An undocumented push, with the fields that were received.
            Unrecognized(Unrecognized),
        }
    }
}

/// The documentation of a variant.
fn about(event: &Event<'_>) -> String {
    let mut out = String::new();
    for push in &event.pushes {
        let signed = if push.signed {
            format!("signed, action {}", push.action.join(", "))
        } else {
            "not signed".to_owned()
        };
        let _ = write!(
            out,
            "`{}`: {}\n\nTransport: {}; {signed}. Accepted by: {}. Retried: {}. Idempotency key: {}.\n\n",
            push.name,
            sentence(push.description.as_deref().unwrap_or_default()),
            transports(&push.content),
            accepted_by(push),
            retried(push),
            key_text(push),
        );
    }
    out
}

pub(super) fn implementation(service: &Service, events: &[Event<'_>]) -> TokenStream {
    let name = &service.name;
    let biz_type = service.biz_type.as_deref().unwrap_or_default();
    let pushes = service.webhooks.iter().map(push);
    let first = service.webhooks.first();
    let success = first
        .and_then(|push| push.reply.clone())
        .unwrap_or_default();
    let error = first.and_then(|push| push.reply_error.clone());
    let error = error.map_or(quote!(None), |error| quote!(Some(#error)));
    let requests: BTreeSet<&String> = service.operations.iter().filter_map(request).collect();
    let requests = requests.into_iter();
    let used = service.webhooks.iter().flat_map(|push| &push.content);
    let used: BTreeMap<&str, Transport> = used.map(|used| (used.as_str(), *used)).collect();
    let transports = used.into_values().map(transport);
    let top: BTreeSet<String> = events
        .iter()
        .filter_map(|event| object(service, event.schema))
        .flat_map(|object| object.fields.iter().flat_map(spellings))
        .collect();
    let top = top.iter();
    let shapes = events.iter().map(|event| shape(service, event, events));
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
    let variants: Vec<_> = events.iter().map(|event| ident(event.schema)).collect();
    quote! {
        const SHAPES: &[EventShape] = &[#(#shapes),*];

        impl Event {
            /// Reads a push from its content type, the query of its URL and its body. It does not check the signature. See
            /// [`crate::Event::parse`].
            ///
            /// # Errors
            ///
            /// [`ParseError`] if the push has no fields.
            pub fn parse(content_type: Option<&str>, query: Option<&str>, body: &[u8]) -> Result<Self, ParseError> {
                <Self as crate::Event>::parse(content_type, query, body)
            }

            /// A stable key for deduplication: a repeated event has the same key, any other event another key. `None` if the push lacks a
            /// part of the key, or has no key; then treat the event as new.
            #[must_use]
            pub fn idempotency_key(&self) -> Option<IdempotencyKey> {
                match self {
                    #(#keys)*
                    Self::Unrecognized(_) => None,
                }
            }

            /// The name of the push; `None` for an undocumented push. Pushes with the same fields have the name of the first one.
            #[must_use]
            pub fn push_name(&self) -> Option<&'static str> {
                match self {
                    #(#push_names)*
                    Self::Unrecognized(_) => None,
                }
            }

            /// The repairs that decoding needed; usually none.
            #[must_use]
            pub fn repairs(&self) -> Repairs {
                match self {
                    #(Self::#variants(event) => event.repairs,)*
                    Self::Unrecognized(event) => event.repairs,
                }
            }
        }

        impl crate::Event for Event {
            const SERVICE: &'static str = #name;
            const BIZ_TYPE: &'static str = #biz_type;
            const PUSHES: &'static [Push] = &[#(#pushes),*];
            const REQUESTS: &'static [&'static str] = &[#(#requests),*];
            const REPLY: Reply = Reply { success: #success, error: #error };
            const TRANSPORTS: &'static [Transport] = &[#(#transports),*];
            const NAMES: &'static [&'static str] = &[#(#top),*];

            fn from_fields(fields: Map) -> Self {
                match recognize(&fields, SHAPES) {
                    #(#from)*
                    _ => Self::Unrecognized(fields.into()),
                }
            }

            fn idempotency_key(&self) -> Option<IdempotencyKey> {
                self.idempotency_key()
            }

            fn push_name(&self) -> Option<&'static str> {
                self.push_name()
            }

            fn repairs(&self) -> Repairs {
                self.repairs()
            }

            fn repairs_mut(&mut self) -> &mut Repairs {
                match self {
                    #(Self::#variants(event) => &mut event.repairs,)*
                    Self::Unrecognized(event) => &mut event.repairs,
                }
            }
        }
    }
}

/// The action that a request is signed for.
fn request(operation: &Operation) -> Option<&String> {
    match &operation.scheme {
        Scheme::NxcloudMd5 { action, .. } => Some(action),
        Scheme::AntBuddySha256 { .. } => None,
    }
}

fn transport(content: Transport) -> TokenStream {
    let variant = ident(&names::variant(content.as_str()));
    quote!(Transport::#variant)
}

fn push(push: &Webhook) -> TokenStream {
    let (name, signed, actions, key) =
        (&push.name, push.signed, &push.action, &push.idempotency_key);
    let transports = push.content.iter().copied().map(transport);
    let retry = push.retry.map_or(quote!(None), |retry| {
        let every = proc_macro2::Literal::u64_unsuffixed(retry.every_seconds);
        let within = proc_macro2::Literal::u64_unsuffixed(retry.for_seconds);
        quote!(Some(crate::Retry::seconds(#every, #within)))
    });
    quote! {
        Push {
            name: #name,
            signed: #signed,
            transports: &[#(#transports),*],
            actions: &[#(#actions),*],
            retry: #retry,
            idempotency_key: &[#(#key),*],
        }
    }
}

fn spellings(field: &Field) -> impl Iterator<Item = String> {
    std::iter::once(field.wire.clone()).chain(field.aliases.clone())
}

/// The fields that identify a type of event: those of its idempotency key or, if it has no key, the required fields that no other type
/// has.
fn shape(service: &Service, event: &Event<'_>, all: &[Event<'_>]) -> TokenStream {
    let Some(own) = object(service, event.schema) else {
        return quote!(EventShape {
            identifying: &[],
            fields: &[]
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
    let identifying = own.fields.iter().filter(|field| {
        if tops.is_empty() {
            field.required && !elsewhere(field)
        } else {
            tops.contains(field.wire.as_str())
        }
    });
    let identifying = identifying.flat_map(spellings);
    let fields = tree(service, event.schema, &[]);
    quote!(EventShape { identifying: &[#(#identifying),*], fields: &[#(#fields),*] })
}

/// The names of a type's fields and, for each, those of its inner type, five types deep. A type within itself is skipped.
fn tree(service: &Service, schema: &str, above: &[&str]) -> Vec<TokenStream> {
    let fields = object(service, schema).map(|object| &object.fields);
    let path = [above, &[schema]].concat();
    let inner = |name: &str| {
        if path.len() > 5 || path.contains(&name) {
            Vec::new()
        } else {
            tree(service, name, &path)
        }
    };
    let mut names = Vec::new();
    for field in fields.into_iter().flatten() {
        let below = match &field.ty {
            Ty::Named(name) => inner(name),
            Ty::List(item) => match &**item {
                Ty::Named(name) => inner(name),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for name in spellings(field) {
            names.push(quote!(FieldShape { name: #name, below: &[#(#below),*] }));
        }
    }
    names
}
