//! Types of replies and pushes.

use nxcloud_spec::message::Receipt;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::super::doc_markdown;
use super::{Naming, debug, doc, ident, rust_type, serde, serialize_with};
use crate::model::{Field, Object, Service, TimeForm, Ty, TypeDef, TypeKind};
use crate::paths::steps;

pub(super) fn reply(service: &Service, def: &TypeDef, object: &Object) -> TokenStream {
    let name = ident(&def.name);
    let text = doc(&def.description);
    let aliases = object.fields.iter().any(|field| !field.aliases.is_empty());
    let spelled = aliases || object.list.is_some();
    let naming = Naming::of(&object.fields);
    let rule = serde([naming.rule()]).filter(|_| !spelled);
    let members = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let text = doc(&field.description);
        let see = accessors_of(object, field);
        let written = serialize_with(&field.ty, false);
        let ty = rust_type(&field.ty);
        let (ty, skip) = if is_filled(service, field) {
            (ty, "codegen::is_default")
        } else {
            (quote!(Option<#ty>), "Option::is_none")
        };
        let skip = quote!(skip_serializing_if = #skip);
        let serde = serde([naming.rename(field), Some(skip), written]).filter(|_| !spelled);
        quote!(#text #see #serde pub #member: #ty,)
    });
    let takes = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let wire = &field.wire;
        let aliases = &field.aliases;
        let value = if is_filled(service, field) {
            quote!(take_filled(&mut map, #wire))
        } else if aliases.is_empty() {
            quote!(take(&mut map, #wire))
        } else {
            quote!(take_spelled(&mut map, &[#wire, #(#aliases),*], &mut spellings))
        };
        let read = match &field.ty {
            Ty::Time(form) => {
                let form = ident(match form {
                    TimeForm::Text => "TextTime",
                    TimeForm::UnixSeconds => "UnixSeconds",
                    TimeForm::UnixMillis => "UnixMillis",
                });
                Some(quote!(.map(|time: nxcloud_client::codegen::#form| time.into())))
            }
            _ => None,
        };
        quote!(#member: nxcloud_client::codegen::#value #read,)
    });
    let list = object.list.as_ref().map(|field| {
        quote! {
            const LIST: Option<&'static str> = Some(#field);

            fn came_as_list(mut self) -> Self {
                self.spellings.set_list();
                self
            }
        }
    });
    let mutable = (!object.fields.is_empty()).then(|| quote!(mut));
    let debug = debug(
        &def.name,
        &object.fields,
        &quote!(.field("extra", &nxcloud_client::codegen::redact(&self.extra))),
    );
    // A field is serialised with the spelling that was received. That needs a record of spellings and a hand-written `Serialize`.
    let derive = (!spelled).then(|| quote!(, serde::Serialize));
    let flatten = (!spelled).then(|| quote!(#[serde(flatten)]));
    let skip = (!spelled).then(|| quote!(#[serde(skip)]));
    let spellings_member = spelled.then(|| quote!(spellings: nxcloud_client::codegen::WireNames,));
    let spellings_mut = aliases.then(|| quote!(mut));
    let new_spellings = spelled.then(
        || quote!(let #spellings_mut spellings = nxcloud_client::codegen::WireNames::default();),
    );
    let spellings_value = spelled.then(|| quote!(spellings,));
    let receipt = object
        .receipt
        .as_ref()
        .map(|rule| receipt(service, &name, object, rule));
    let accessors = accessors(service, def, object);
    let serialize = spelled.then(|| spelled_serialize(service, &name, object));
    quote! {
        #text
        #[derive(Clone, Default, PartialEq #derive)]
        #rule
        #[non_exhaustive]
        pub struct #name {
            #(#members)*
            /// Undocumented fields, and values that do not fit the type of their field.
            #flatten
            pub extra: nxcloud_client::codegen::Map,
            /// The repairs that decoding needed; usually none. Set only on a whole reply or push, and not serialised.
            #skip
            pub repairs: nxcloud_client::Repairs,
            #spellings_member
        }

        #serialize

        impl nxcloud_client::codegen::LenientObject for #name {
            #list

            fn from_map(#mutable map: nxcloud_client::codegen::Map) -> Self {
                #new_spellings
                Self {
                    #(#takes)*
                    extra: map,
                    repairs: nxcloud_client::Repairs::NONE,
                    #spellings_value
                }
            }

            fn repairs(&self) -> nxcloud_client::Repairs {
                self.repairs
            }

            fn repairs_mut(&mut self) -> &mut nxcloud_client::Repairs {
                &mut self.repairs
            }
        }

        nxcloud_client::codegen::record_deserialize!(#name);

        #receipt

        #accessors

        #debug
    }
}

/// Documentation that links a field to the accessors that read it.
fn accessors_of(object: &Object, field: &Field) -> Option<TokenStream> {
    let names: Vec<String> = object
        .accessors
        .iter()
        .filter(|(_, path)| path.split(['.', '[']).next() == Some(&field.wire))
        .map(|(name, _)| format!("[`{name}`](Self::{name}())"))
        .collect();
    let text = format!("See {}.", names.join(" and "));
    (!names.is_empty()).then(|| {
        let text = doc_markdown(&text);
        quote!(
            ///
            #text
        )
    })
}

/// Methods that return the most important values of a reply, or an error.
fn accessors(service: &Service, def: &TypeDef, object: &Object) -> Option<TokenStream> {
    let methods: Vec<TokenStream> = object
        .accessors
        .iter()
        .filter_map(|(name, path)| {
            let steps = steps(service, &def.name, path)?;
            let last = steps.last()?.field;
            let mut early = false;
            let mut value = quote!(self);
            for (index, step) in steps.iter().enumerate() {
                let member = ident(&step.field.rust);
                value = quote!(#value.#member);
                if index + 1 == steps.len() {
                    value = quote!(#value.as_deref());
                } else if step.each {
                    value = quote!(#value.first()?);
                    early = true;
                } else if !is_filled(service, step.field) {
                    value = quote!(#value.as_ref()?);
                    early = true;
                }
            }
            if early {
                value = quote!((|| #value)());
            }
            let place = path.replace("[]", "");
            let text = doc(&format!("Returns `{place}`. {}", last.description));
            let name = ident(name);
            Some(quote! {
                #text
                ///
                /// # Errors
                ///
                /// [`ErrorKind::UnreadableReply`](nxcloud_client::ErrorKind::UnreadableReply) if it is missing or empty. The platform
                /// has accepted the request: do not send it again.
                pub fn #name(&self) -> Result<&str, nxcloud_client::Error> {
                    nxcloud_client::codegen::required(#value, #place)
                }
            })
        })
        .collect();
    if methods.is_empty() {
        return None;
    }
    let name = ident(&def.name);
    Some(quote!(impl #name { #(#methods)* }))
}

/// The methods of a receipt.
fn receipt(
    service: &Service,
    name: &proc_macro2::Ident,
    object: &Object,
    rule: &Receipt,
) -> TokenStream {
    let field = |wire: &String| object.fields.iter().find(|field| field.wire == *wire);
    let id = field(&rule.id).map(|field| ident(&field.rust));
    let digits = rule.digits.unwrap_or_default();
    let text = match digits {
        0 => doc(&format!(
            "Whether the receipt belongs to the message with this id: `{}` is equal to it. False for an empty id.",
            rule.id
        )),
        digits => doc(&format!(
            "Whether the receipt belongs to the message with this id: `{}` is equal to it or, for a message to several numbers, is the id, a dash and {digits} digits. False for an empty id.",
            rule.id
        )),
    };
    let digits = Literal::usize_unsuffixed(digits);
    let delivered = rule.status.as_ref().and_then(|status| {
        let field = field(status)?;
        let Ty::Named(ty) = &field.ty else {
            return None;
        };
        let TypeKind::Enum { values: known, .. } = &service.type_def(ty)?.kind else {
            return None;
        };
        let delivered = rule.states.iter().filter(|(_, state)| state.is_delivered());
        let variants = delivered.filter_map(|(value, _)| {
            let known = known.iter().find(|known| known.text() == *value)?;
            Some(ident(&known.name))
        });
        let (member, ty) = (ident(&field.rust), ident(ty));
        let text = doc(&format!(
            "Whether the message was delivered, according to `{status}`. {}",
            field.description
        ));
        Some(quote! {
            #text
            #[must_use]
            pub fn is_delivered(&self) -> bool {
                matches!(self.#member, Some(#(#ty::#variants)|*))
            }
        })
    });
    quote! {
        impl #name {
            #delivered

            #text
            #[must_use]
            pub fn answers(&self, id: &str) -> bool {
                nxcloud_client::codegen::answers(self.#id.as_deref(), id, #digits)
            }
        }
    }
}

/// An implementation of `Serialize` that writes each field with the spelling that was received.
fn spelled_serialize(service: &Service, name: &proc_macro2::Ident, object: &Object) -> TokenStream {
    let entries = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let wire = &field.wire;
        let present = if is_filled(service, field) {
            quote!(!nxcloud_client::codegen::is_default(&self.#member))
        } else {
            quote!(self.#member.is_some())
        };
        quote! {
            if #present {
                map.serialize_entry(self.spellings.of(#wire), &self.#member)?;
            }
        }
    });
    let list = object
        .fields
        .iter()
        .find(|field| object.list.as_ref() == Some(&field.wire));
    let list = list.map(|field| {
        let (member, wire) = (ident(&field.rust), &field.wire);
        quote! {
            if self.spellings.is_list() {
                return match self.extra.get(#wire) {
                    Some(list) => list.serialize(serializer),
                    None => self.#member.serialize(serializer),
                };
            }
        }
    });
    quote! {
        impl serde::Serialize for #name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                #list
                let mut map = serializer.serialize_map(None)?;
                #(#entries)*
                for (key, value) in &self.extra {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// Whether a field is not an `Option`: lists, maps, and required objects are empty if the platform leaves them out. Every object
/// directly in a reply is required.
pub(in crate::emit) fn is_filled(service: &Service, field: &Field) -> bool {
    match &field.ty {
        Ty::List(_) | Ty::Map(_) => true,
        Ty::Named(name) => {
            let object = service
                .type_def(name)
                .is_some_and(|def| matches!(def.kind, TypeKind::Object(_)));
            object && field.required
        }
        _ => false,
    }
}
