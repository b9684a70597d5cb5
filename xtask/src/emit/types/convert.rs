//! Conversions into the types of requests, and the methods that add entries to lists of choices.
//!
//! - A type whose only required field is an object or a choice is created from that, and from everything that converts into it.
//! - A choice is created from each of its variants, and from everything that converts into exactly one of them.
//! - A type whose only required field is a free text is created from a text. A type with an open enum as its only field is created from
//!   the enum and, if the enum has text values, from a text. A text never converts into a choice.
//! - A list of choices has a method for each kind of entry.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::request::accept;
use super::{doc, ident};
use crate::model::{Field, Object, Place, Service, Ty, TypeKind, Union};
use crate::names;

/// The conversions into an object.
pub(super) fn into_object(service: &Service, name: &str, object: &Object) -> TokenStream {
    if is_whole_request(service, name) {
        return TokenStream::new();
    }
    let mut sources: Vec<TokenStream> = Vec::new();
    for source in unique_sources(service, name) {
        let source = ident(&source);
        sources.push(quote!(#source));
    }
    if let Some(field) = source_field(service, object) {
        let is_integer = match &field.ty {
            Ty::Named(ty) => {
                let source = ident(ty);
                sources.push(quote!(#source));
                let def = service.type_def(ty).map(|def| &def.kind);
                matches!(def, Some(TypeKind::Enum { integer: true, .. }))
            }
            _ => false,
        };
        if !is_integer {
            sources.extend([quote!(&str), quote!(String)]);
        }
    }
    let name = ident(name);
    let conversions = sources.iter().map(|source| {
        quote! {
            impl From<#source> for #name {
                fn from(value: #source) -> Self {
                    Self::new(value)
                }
            }
        }
    });
    quote!(#(#conversions)*)
}

/// The field of a type that is created from the value of that field: a free text, or the only field if it is an open enum.
fn source_field<'o>(service: &Service, object: &'o Object) -> Option<&'o Field> {
    let field = only_argument(object)?;
    let converts = match &field.ty {
        Ty::Text => field.is_free_text(),
        Ty::Named(ty) => {
            let def = service.type_def(ty).map(|def| &def.kind);
            inputs(object).count() == 1 && matches!(def, Some(TypeKind::Enum { .. }))
        }
        _ => false,
    };
    converts.then_some(field)
}

/// The field whose value converts into a type, if an example sets no other field of the type.
pub(in crate::emit) fn source<'s>(
    service: &'s Service,
    name: &str,
    example: &Value,
) -> Option<&'s Field> {
    let TypeKind::Object(object) = &service.type_def(name)?.kind else {
        return None;
    };
    let field = source_field(service, object)?;
    (!is_whole_request(service, name) && holds_only(service, name, field, example)).then_some(field)
}

/// The conversions into a choice.
pub(super) fn into_union(service: &Service, name: &str, union: &Union) -> TokenStream {
    let name_of = ident(name);
    let once = |ty: &str| {
        let same = union.variants.iter().filter(|(_, _, other)| other == ty);
        same.count() == 1
    };
    let direct = union.variants.iter().filter(|(_, _, ty)| once(ty));
    let direct = direct.map(|(_, variant, ty)| {
        let (variant, ty) = (ident(variant), ident(ty));
        quote! {
            impl From<#ty> for #name_of {
                fn from(value: #ty) -> Self {
                    Self::#variant(value)
                }
            }
        }
    });
    let through = unique_sources(service, name)
        .into_iter()
        .filter_map(|source| {
            let (_, variant, ty) = union
                .variants
                .iter()
                .find(|(_, _, ty)| sources(service, ty, &mut Vec::new()).contains(&source))?;
            let (source, variant, ty) = (ident(&source), ident(variant), ident(ty));
            Some(quote! {
                impl From<#source> for #name_of {
                    fn from(value: #source) -> Self {
                        Self::#variant(#ty::from(value))
                    }
                }
            })
        });
    quote!(#(#direct)* #(#through)*)
}

/// Whether a type converts into another one by itself.
pub(in crate::emit) fn converts(service: &Service, source: &str, target: &str) -> bool {
    !is_whole_request(service, target)
        && unique_sources(service, target)
            .iter()
            .any(|name| name == source)
}

/// The only required field of a type and the name of its type, if that is an object or a choice.
pub(in crate::emit) fn wrapped<'s>(
    service: &'s Service,
    name: &str,
) -> Option<(&'s Field, &'s str)> {
    let TypeKind::Object(object) = &service.type_def(name)?.kind else {
        return None;
    };
    let field = only_argument(object)?;
    match &field.ty {
        Ty::Named(inner) => match service.type_def(inner)?.kind {
            TypeKind::Enum { .. } => None,
            _ => Some((field, inner)),
        },
        _ => None,
    }
}

/// Whether an example sets no other field of a type.
pub(in crate::emit) fn holds_only(
    service: &Service,
    name: &str,
    only: &Field,
    example: &Value,
) -> bool {
    match service.type_def(name).map(|def| &def.kind) {
        Some(TypeKind::Object(object)) => inputs(object)
            .filter(|field| field.wire != only.wire)
            .all(|field| example.get(&field.wire).is_none()),
        _ => false,
    }
}

/// The types that convert into a type in exactly one way, except for the variants of a choice.
fn unique_sources(service: &Service, name: &str) -> Vec<String> {
    let all = sources(service, name, &mut Vec::new());
    let is_variant = |source: &String| match service.type_def(name).map(|def| &def.kind) {
        Some(TypeKind::Union(union)) => union.variants.iter().any(|(_, _, ty)| ty == source),
        _ => false,
    };
    let once = |source: &&String| all.iter().filter(|other| other == source).count() == 1;
    let unique = all.iter().filter(once);
    unique
        .filter(|source| *source != name && !is_variant(source))
        .cloned()
        .collect()
}

/// Every type that a type is created from, once for each way, in the order of the spec.
fn sources(service: &Service, name: &str, above: &mut Vec<String>) -> Vec<String> {
    if above.iter().any(|other| other == name) {
        return Vec::new();
    }
    let inner: Vec<String> = match service.type_def(name).map(|def| &def.kind) {
        Some(TypeKind::Union(union)) => {
            let variants = union.variants.iter();
            variants.map(|(_, _, ty)| ty.clone()).collect()
        }
        _ => wrapped(service, name)
            .map(|(_, inner)| inner.to_owned())
            .into_iter()
            .collect(),
    };
    above.push(name.to_owned());
    let mut all = Vec::new();
    for ty in inner {
        let more = sources(service, &ty, above);
        all.push(ty);
        all.extend(more);
    }
    above.pop();
    all
}

/// The fields that a caller may set.
fn inputs(object: &Object) -> impl Iterator<Item = &Field> {
    object
        .fields
        .iter()
        .filter(|field| field.constant.is_none())
}

/// The only required field of a type with one constructor.
fn only_argument(object: &Object) -> Option<&Field> {
    let plain = is_plain(object) && inputs(object).all(|field| field.place == Place::Body);
    let mut required = inputs(object).filter(|field| field.required);
    match (required.next(), required.next()) {
        (Some(field), None) if plain => Some(field),
        _ => None,
    }
}

/// Whether `new` creates the type from its fields: it has no alternatives, flattened choice or file.
fn is_plain(object: &Object) -> bool {
    object.flattened.is_none()
        && object.alternatives().is_empty()
        && object.fields.iter().all(|field| field.ty != Ty::Upload)
}

/// Whether a type is the request of an operation. Requests are passed by reference and need no conversions.
fn is_whole_request(service: &Service, name: &str) -> bool {
    let mut operations = service.operations.iter();
    operations.any(|operation| operation.input.type_name() == name)
}

/// A kind of entry in a list of choices.
pub(in crate::emit) struct Entry<'s> {
    /// Tags, from the outermost to the innermost.
    tags: Vec<&'s str>,
    /// Choices and their variants, from the outermost to the innermost.
    path: Vec<(&'s str, &'s str)>,
    pub(in crate::emit) ty: &'s str,
}

impl<'s> Entry<'s> {
    /// The name of the method: `with_quick_reply_button` for `quick_reply` within `button`.
    pub(in crate::emit) fn method(&self) -> String {
        let tags: Vec<String> = self
            .tags
            .iter()
            .rev()
            .map(|tag| names::module(tag))
            .collect();
        format!("with_{}", tags.join("_"))
    }

    /// Whether an example is an entry of this kind.
    pub(in crate::emit) fn matches(&self, service: &Service, example: &Value) -> bool {
        self.path.iter().all(|(choice, variant)| {
            let Some(TypeKind::Union(union)) = service.type_def(choice).map(|def| &def.kind) else {
                return false;
            };
            let mut variants = union.variants.iter();
            variants.any(|(tag, name, _)| {
                name == variant && example.get(&union.tag).is_some_and(|value| value == tag)
            })
        })
    }

    /// The fields that the method takes; `None` if it takes the whole entry.
    pub(in crate::emit) fn arguments(&self, service: &'s Service) -> Option<Vec<&'s Field>> {
        let TypeKind::Object(object) = &service.type_def(self.ty)?.kind else {
            return None;
        };
        let takes_fields = is_plain(object) && inputs(object).all(Field::is_argument);
        let arguments = object.arguments().filter(|field| field.is_argument());
        takes_fields.then(|| arguments.collect())
    }
}

/// Every kind of entry in a list of a choice, including the variants of choices within the choice.
fn entries<'s>(service: &'s Service, name: &'s str, above: &Entry<'s>) -> Vec<Entry<'s>> {
    let Some(TypeKind::Union(union)) = service.type_def(name).map(|def| &def.kind) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (tag, variant, ty) in &union.variants {
        // A tag that does not give a name: the spec names the variant.
        let tag = if names::variant(tag) == *variant {
            tag
        } else {
            variant
        };
        let entry = Entry {
            tags: [above.tags.as_slice(), &[tag.as_str()]].concat(),
            path: [above.path.as_slice(), &[(name, variant.as_str())]].concat(),
            ty,
        };
        let is_above = entry.path.iter().any(|(choice, _)| choice == ty);
        let within = if is_above {
            Vec::new()
        } else {
            entries(service, ty, &entry)
        };
        if within.is_empty() {
            all.push(entry);
        } else {
            all.extend(within);
        }
    }
    all
}

/// The lists of choices in a type, with each kind of entry that a method adds. Two methods that would have the same name are left
/// out, and so is one with the name of an other method.
pub(in crate::emit) fn added_entries<'s>(
    service: &'s Service,
    object: &'s Object,
) -> Vec<(&'s Field, Entry<'s>)> {
    let top = |ty| Entry {
        tags: Vec::new(),
        path: Vec::new(),
        ty,
    };
    let alternatives = object.alternatives();
    let lists = object.fields.iter().filter_map(|field| match &field.ty {
        Ty::List(item) if !alternatives.contains(&field.wire) => match &**item {
            Ty::Named(name) => Some((field, name.as_str())),
            _ => None,
        },
        _ => None,
    });
    let mut all: Vec<(&Field, Entry<'_>)> = lists
        .flat_map(|(field, name)| {
            let entries = entries(service, name, &top(name));
            entries.into_iter().map(move |entry| (field, entry))
        })
        .collect();
    let mut taken: Vec<String> = all.iter().map(|(_, entry)| entry.method()).collect();
    taken.extend(object.fields.iter().map(Field::setter));
    let once = |name: &String| taken.iter().filter(|other| *other == name).count() == 1;
    all.retain(|(_, entry)| {
        let is_object = matches!(
            service.type_def(entry.ty).map(|def| &def.kind),
            Some(TypeKind::Object(_))
        );
        is_object && once(&entry.method())
    });
    all
}

/// The methods that add one entry to a list of choices.
pub(super) fn adders(service: &Service, object: &Object) -> Vec<TokenStream> {
    let entries = added_entries(service, object);
    entries
        .iter()
        .filter_map(|(field, entry)| adder(service, field, entry))
        .collect()
}

fn adder(service: &Service, list: &Field, entry: &Entry<'_>) -> Option<TokenStream> {
    let def = service.type_def(entry.ty)?;
    let name = ident(&entry.method());
    let text = doc(&format!(
        "Adds an entry to `{}`. {}",
        list.rust,
        def.description.trim()
    ));
    let ty = ident(entry.ty);
    let (arguments, value) = if let Some(fields) = entry.arguments(service) {
        let arguments = fields
            .iter()
            .map(|field| accept(&ident(&field.rust), field).0);
        let required = fields.iter().filter(|field| field.required);
        let required = required.map(|field| ident(&field.rust));
        let more = fields.iter().filter(|field| !field.required).map(|field| {
            let (setter, member) = (ident(&field.setter()), ident(&field.rust));
            quote!(.#setter(#member))
        });
        (
            quote!(#(#arguments),*),
            quote!(#ty::new(#(#required),*) #(#more)*),
        )
    } else {
        (quote!(entry: impl Into<#ty>), quote!(entry.into()))
    };
    let value = entry
        .path
        .iter()
        .rev()
        .fold(value, |inner, (choice, variant)| {
            let (choice, variant) = (ident(choice), ident(variant));
            quote!(#choice::#variant(#inner))
        });
    let member = ident(&list.rust);
    let target = if list.required {
        quote!(self.#member)
    } else {
        quote!(self.#member.get_or_insert_default())
    };
    Some(quote! {
        #text
        #[must_use]
        pub fn #name(mut self, #arguments) -> Self {
            #target.push(#value);
            self
        }
    })
}
