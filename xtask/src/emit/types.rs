//! `enums.rs`, `replies.rs` and `requests.rs`: the data types.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{doc, ident, sentence};
use crate::model::{Field, Object, Service, Side, Ty, TypeDef, TypeKind};
use crate::names;

pub(super) mod convert;
mod reply;
mod request;

pub(super) use reply::is_filled;

/// The re-exports of the modules that have types.
pub(super) fn modules(service: &Service) -> Vec<&'static str> {
    let has = |is_kind: fn(&TypeKind) -> bool| service.types.iter().any(|def| is_kind(&def.kind));
    let mut modules = Vec::new();
    if has(|kind| matches!(kind, TypeKind::Enum { .. })) {
        modules.push("enums::*");
    }
    if has(|kind| matches!(kind, TypeKind::Object(object) if object.side == Side::Reply)) {
        modules.push("replies::*");
    }
    if has(|kind| {
        matches!(kind, TypeKind::Union(_))
            || matches!(kind, TypeKind::Object(object) if object.side == Side::Request)
    }) {
        modules.push("requests::*");
    }
    modules
}

pub(super) fn enums(service: &Service) -> TokenStream {
    let items = service.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Enum { integer, values } => {
            let name = ident(&def.name);
            let text = doc(&format!(
                "{}\n\nThe platform may add values. Other values are `Unlisted`.",
                def.description
            ));
            let base = ident(if *integer { "i64" } else { "str" });
            let variants = values.iter().map(|value| {
                let variant = ident(&value.name);
                let (literal, code) = match (value.value.as_i64(), value.value.as_str()) {
                    (Some(number), _) => (Literal::i64_unsuffixed(number), number.to_string()),
                    (None, text) => {
                        let text = text.unwrap_or_default();
                        (Literal::string(text), format!("`{text}`"))
                    }
                };
                let meaning = doc(&sentence(&match value.meaning.as_str() {
                    "" => code,
                    meaning => format!("{code}: {meaning}"),
                }));
                quote!(#meaning #variant = #literal,)
            });
            Some(quote! {
                nxcloud_client::codegen::open_enum! {
                    #text
                    pub enum #name: #base { #(#variants)* }
                }
            })
        }
        _ => None,
    });
    quote! {
        //! Open enums: the platform may add values.

        #(#items)*
    }
}

pub(super) fn replies(service: &Service) -> TokenStream {
    let items =
        objects(service, Side::Reply).map(|(def, object)| reply::reply(service, def, object));
    let items: TokenStream = items.collect();
    let enums = enums_used(service, &items);
    quote! {
        //! Replies and pushes. Decoding is lenient and keeps unknown fields and values.

        #enums

        #items
    }
}

pub(super) fn requests(service: &Service) -> TokenStream {
    let items = service.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Object(object) if object.side == Side::Request => {
            Some(request::request(service, def, object))
        }
        TypeKind::Union(union) => Some(request::union(service, def, union)),
        _ => None,
    });
    let items: TokenStream = items.collect();
    let enums = enums_used(service, &items);
    quote! {
        //! Requests. Limits are checked before a request is sent.

        #enums

        #items
    }
}

/// The import of the service's enums, if the items use one.
fn enums_used(service: &Service, items: &TokenStream) -> Option<TokenStream> {
    let mut enums = service
        .types
        .iter()
        .filter(|def| matches!(def.kind, TypeKind::Enum { .. }));
    enums
        .any(|def| super::mentions(items.clone(), &def.name))
        .then(|| {
            quote!(
                use super::enums::*;
            )
        })
}

fn objects(service: &Service, side: Side) -> impl Iterator<Item = (&TypeDef, &Object)> {
    service.types.iter().filter_map(move |def| match &def.kind {
        TypeKind::Object(object) if object.side == side => Some((def, object)),
        _ => None,
    })
}

/// The Rust type of a field, without `Option`.
pub(super) fn rust_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Text => quote!(String),
        Ty::AppKey => quote!(nxcloud_client::AppKey),
        Ty::Integer | Ty::QuotedInteger => quote!(i64),
        Ty::Float => quote!(f64),
        Ty::Decimal => quote!(nxcloud_client::Decimal),
        Ty::Date => quote!(nxcloud_client::Date),
        Ty::DateTime | Ty::UnixSeconds => quote!(nxcloud_client::DateTime),
        Ty::Time(_) => quote!(nxcloud_client::Time),
        Ty::Boolean => quote!(bool),
        Ty::Upload => quote!(nxcloud_client::Upload),
        Ty::Json => quote!(nxcloud_client::codegen::Value),
        Ty::List(item) => {
            let item = rust_type(item);
            quote!(Vec<#item>)
        }
        Ty::Map(value) => {
            let value = rust_type(value);
            quote!(std::collections::BTreeMap<String, #value>)
        }
        Ty::Named(name) => {
            let name = ident(name);
            quote!(#name)
        }
    }
}

/// How serde names the members of a struct: with one rule, and with `rename` for the members that do not follow it.
struct Naming {
    camel: bool,
}

impl Naming {
    fn of(fields: &[Field]) -> Self {
        let fit = |camel| {
            let naming = Self { camel };
            fields
                .iter()
                .filter(|field| naming.rename(field).is_none())
                .count()
        };
        Self {
            camel: fit(true) > fit(false),
        }
    }

    fn rule(&self) -> Option<TokenStream> {
        self.camel.then(|| quote!(rename_all = "camelCase"))
    }

    fn rename(&self, field: &Field) -> Option<TokenStream> {
        let named = if self.camel {
            names::camel_case(&field.rust)
        } else {
            field.rust.clone()
        };
        let wire = &field.wire;
        (named != *wire).then(|| quote!(rename = #wire))
    }
}

/// A `#[serde(…)]` attribute with all parts; `None` if there are none.
fn serde(parts: impl IntoIterator<Item = Option<TokenStream>>) -> Option<TokenStream> {
    let parts: Vec<TokenStream> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| quote!(#[serde(#(#parts),*)]))
}

/// The serde attribute for a field that is not serialised like its type.
fn serialize_with(ty: &Ty, required: bool) -> Option<TokenStream> {
    match (ty, required) {
        (Ty::QuotedInteger, true) => Some(quote!(serialize_with = "codegen::quoted")),
        (Ty::QuotedInteger, false) => Some(quote!(serialize_with = "codegen::quoted_option")),
        (Ty::UnixSeconds, _) => Some(quote!(with = "codegen::unix_seconds")),
        _ => None,
    }
}

/// Whether every value of a type may be shown in Debug output.
fn shows_itself(ty: &Ty) -> bool {
    match ty {
        Ty::Text
        | Ty::Date
        | Ty::DateTime
        | Ty::UnixSeconds
        | Ty::Time(_)
        | Ty::Json
        | Ty::Map(_) => false,
        Ty::List(item) => shows_itself(item),
        Ty::Integer
        | Ty::QuotedInteger
        | Ty::Float
        | Ty::Decimal
        | Ty::Boolean
        | Ty::AppKey
        | Ty::Named(_)
        | Ty::Upload => true,
    }
}

/// An implementation of `Debug` that shows only the texts that are public in the spec.
fn debug(name: &str, fields: &[Field], more: &TokenStream) -> TokenStream {
    let calls = fields.iter().map(|field| {
        let label = &field.rust;
        let member = ident(&field.rust);
        if field.public || field.constant.is_some() || shows_itself(&field.ty) {
            quote!(.field(#label, &self.#member))
        } else {
            quote!(.field(#label, &nxcloud_client::codegen::redact(&self.#member)))
        }
    });
    let ident = ident(name);
    quote! {
        impl std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(#name) #(#calls)* #more .finish()
            }
        }
    }
}
