//! Types of requests.

use nxcloud_spec::document::MaxDays;
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote};

use super::{Naming, convert, debug, doc, ident, rust_type, serde, serialize_with};
use crate::characters::Characters;
use crate::model::{Field, Limits, Object, Place, Service, Ty, TypeDef, TypeKind, Union};
use crate::names;

pub(super) fn request(service: &Service, def: &TypeDef, object: &Object) -> TokenStream {
    let name = ident(&def.name);
    let form = object
        .fields
        .iter()
        .any(|field| field.ty == Ty::Upload)
        .then(|| form(object));
    let text = doc(&format!(
        "{}\n\nThe constructor takes the required fields. The `with_` methods set the others. All fields are public.",
        def.description.trim(),
    ));
    let has_body =
        object.flattened.is_some() || object.fields.iter().any(|field| field.place == Place::Body);
    let naming = Naming::of(&object.fields);
    let members = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let text = doc(&field.description);
        let ty = rust_type(&field.ty);
        // A path or query parameter beside a body is deserialised with the body, but not serialised into it.
        let apart = field.place != Place::Body && has_body;
        let serde = serde([
            naming.rename(field),
            (!field.required).then(|| quote!(default)),
            (!field.required).then(|| quote!(skip_serializing_if = "Option::is_none")),
            apart.then(|| quote!(skip_serializing)),
            serialize_with(&field.ty, field.required),
            deserialize_with(&field.ty, field.required),
        ])
        .filter(|_| form.is_none());
        let ty = if field.required {
            ty
        } else {
            quote!(Option<#ty>)
        };
        quote!(#text #serde pub #member: #ty,)
    });
    let flattened = object.flattened.as_ref().map(|(member, ty)| {
        let (member, ty) = (ident(member), ident(ty));
        let text = doc(&service
            .type_def(&ty.to_string())
            .map(|def| def.description.clone())
            .unwrap_or_default());
        quote!(#text #[serde(flatten)] pub #member: #ty,)
    });
    // serde cannot reject unknown fields of a struct with a flattened member.
    let strict = object
        .flattened
        .is_none()
        .then(|| quote!(deny_unknown_fields));
    let constructor = constructor(&def.name, object);
    let alternatives = object.alternatives();
    let needs_nothing = object.flattened.is_none()
        && alternatives.is_empty()
        && object.fields.iter().all(|field| {
            !field.required || field.constant.is_some() || field.filled_in().is_some()
        });
    let default = needs_nothing.then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    let setters = object
        .fields
        .iter()
        .filter(|field| !field.required || field.filled_in().is_some())
        .filter(|field| field.constant.is_none())
        .filter(|field| !alternatives.contains(&field.wire))
        .map(setter);
    let adders = convert::adders(service, object);
    let conversions = convert::into_object(service, &def.name, object);
    let check = check(service, object, &name);
    let debug = debug(
        &def.name,
        &object.fields,
        &match &object.flattened {
            Some((member, _)) => {
                let label = member;
                let member = ident(member);
                quote!(.field(#label, &self.#member))
            }
            None => quote!(),
        },
    );
    let derives = if form.is_some() {
        quote!(#[derive(Clone)])
    } else {
        let serde = serde([naming.rule(), strict]);
        quote!(#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)] #serde)
    };
    quote! {
        #text
        #derives
        #[non_exhaustive]
        pub struct #name {
            #(#members)*
            #flattened
        }

        impl #name {
            #constructor
            #(#setters)*
            #(#adders)*
            #form
        }

        #default

        #conversions

        #check

        #debug
    }
}

/// The constructor `new`, or one constructor for each alternative.
fn constructor(type_name: &str, object: &Object) -> TokenStream {
    let alternatives = object.alternatives();
    if alternatives.is_empty() {
        return one_constructor(type_name, object, None);
    }
    let all = object
        .fields
        .iter()
        .filter(|field| alternatives.contains(&field.wire));
    all.map(|field| one_constructor(type_name, object, Some(field)))
        .collect()
}

fn one_constructor(type_name: &str, object: &Object, chosen: Option<&Field>) -> TokenStream {
    let mut arguments = Vec::new();
    let mut values = Vec::new();
    for field in object.arguments() {
        let member = ident(&field.rust);
        let is_chosen = chosen.is_some_and(|chosen| chosen.wire == field.wire);
        if let Some(constant) = &field.constant {
            values.push(if field.required {
                quote!(#member: #constant.to_owned())
            } else {
                quote!(#member: Some(#constant.to_owned()))
            });
        } else if let Some(upload) = mime_of(object, field) {
            values.push(quote!(#member: #upload.mime().to_owned()));
        } else if let Some(default) = field.filled_in() {
            let default = Literal::i64_unsuffixed(default);
            values.push(quote!(#member: #default));
        } else if field.required || is_chosen {
            let (argument, value) = accept(&member, field);
            arguments.push(argument);
            // The short form for a value that is not converted.
            values.push(if is_chosen {
                quote!(#member: Some(#value))
            } else if value.to_string() == field.rust {
                quote!(#member)
            } else {
                quote!(#member: #value)
            });
        } else {
            values.push(quote!(#member: None));
        }
    }
    if let Some((member, ty)) = &object.flattened {
        let (member, ty) = (ident(member), ident(ty));
        arguments.push(quote!(#member: impl Into<#ty>));
        values.push(quote!(#member: #member.into()));
    }
    let (name, text) = match chosen {
        Some(field) => (
            ident(&format!("from_{}", field.rust.trim_end_matches('_'))),
            doc(&format!(
                "Creates `{type_name}` from the required fields and `{}`. {}",
                field.rust, field.description
            )),
        ),
        None if arguments.is_empty() => (
            ident("new"),
            doc(&format!("Creates `{type_name}`. No field is required.")),
        ),
        None => (
            ident("new"),
            doc(&format!("Creates `{type_name}` from the required fields.")),
        ),
    };
    let many = (arguments.len() > 7)
        .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "all fields are required")]));
    quote! {
        #text
        #many
        #[must_use]
        pub fn #name(#(#arguments),*) -> Self {
            Self { #(#values),* }
        }
    }
}

/// The upload whose MIME type a field repeats: the part `type` of a form.
fn mime_of(object: &Object, field: &Field) -> Option<proc_macro2::Ident> {
    let upload = object.fields.iter().find(|field| field.ty == Ty::Upload)?;
    (field.wire == "type").then(|| ident(&upload.rust))
}

/// The parts of a multipart body.
fn form(object: &Object) -> TokenStream {
    let parts = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let wire = &field.wire;
        let add = ident(if field.ty == Ty::Upload {
            "file"
        } else {
            "text"
        });
        let text = (field.ty == Ty::AppKey).then(|| quote!(.as_str()));
        if field.required {
            quote!(form.#add(#wire, &self.#member #text);)
        } else {
            quote!(if let Some(value) = &self.#member { form.#add(#wire, value #text); })
        }
    });
    quote! {
        pub(crate) fn form(&self) -> nxcloud_client::codegen::Form {
            let mut form = nxcloud_client::codegen::Form::default();
            #(#parts)*
            form
        }
    }
}

fn setter(field: &Field) -> TokenStream {
    let member = ident(&field.rust);
    let name = ident(&field.setter());
    let text = doc(&field.description);
    let (argument, value) = accept(&member, field);
    let value = if field.required {
        value
    } else {
        quote!(Some(#value))
    };
    quote! {
        #text
        #[must_use]
        pub fn #name(mut self, #argument) -> Self {
            self.#member = #value;
            self
        }
    }
}

/// The parameter and the value for a field. Parameters use `Into` where that saves the caller a conversion.
pub(super) fn accept(member: &proc_macro2::Ident, field: &Field) -> (TokenStream, TokenStream) {
    let rust = rust_type(&field.ty);
    match &field.ty {
        Ty::Text if field.takes_several_phones() => (
            quote!(#member: impl Into<nxcloud_client::phone::Phones>),
            quote!(#member.into().into()),
        ),
        Ty::Integer
        | Ty::QuotedInteger
        | Ty::Float
        | Ty::Boolean
        | Ty::Date
        | Ty::DateTime
        | Ty::UnixSeconds
        | Ty::Map(_)
        | Ty::Upload => (quote!(#member: #rust), quote!(#member)),
        Ty::List(item) => {
            let (ty, converted) = list(item, &quote!(#member));
            (quote!(#member: #ty), converted)
        }
        _ => (quote!(#member: impl Into<#rust>), quote!(#member.into())),
    }
}

/// The parameter type and the value for a list: an iterator over values that convert into its items. Items may be lists.
fn list(item: &Ty, value: &TokenStream) -> (TokenStream, TokenStream) {
    let (ty, convert) = match item {
        Ty::List(inner) => {
            let (ty, converted) = list(inner, &quote!(list));
            (ty, quote!(|list| #converted))
        }
        item => {
            let item = rust_type(item);
            (quote!(impl Into<#item>), quote!(Into::into))
        }
    };
    (
        quote!(impl IntoIterator<Item = #ty>),
        quote!(#value.into_iter().map(#convert).collect()),
    )
}

fn check(service: &Service, object: &Object, name: &proc_macro2::Ident) -> TokenStream {
    let mut patterns = Vec::new();
    let mut checks: Vec<TokenStream> = Vec::new();
    for field in &object.fields {
        checks.extend(field_check(service, field, &mut patterns));
        if field.place == Place::Path && matches!(field.ty, Ty::Text | Ty::AppKey) {
            let (member, wire) = (ident(&field.rust), &field.wire);
            checks.push(quote!(at.segment(#wire, self.#member.as_str());));
        }
    }
    if let Some((member, _)) = &object.flattened {
        let member = ident(member);
        checks.push(quote!(self.#member.validate(at);));
    }
    for rule in &object.rules {
        let count = |count| Literal::usize_unsuffixed(count).into_token_stream();
        let (min, max) = (count(rule.min), rule.max.map_or(quote!(usize::MAX), count));
        let is_set = rule.fields.iter().filter_map(|wire| {
            let field = object.fields.iter().find(|field| field.wire == *wire)?;
            let member = ident(&field.rust);
            let is_set = match (&field.ty, field.required) {
                (Ty::Text, false) => {
                    quote!(self.#member.as_deref().is_some_and(|text| !text.is_empty()))
                }
                (_, false) => quote!(self.#member.is_some()),
                (Ty::Text, true) => quote!(!self.#member.is_empty()),
                (_, true) => quote!(true),
            };
            Some(quote!((#wire, #is_set)))
        });
        checks.push(quote!(at.cardinality(&[#(#is_set),*], #min, #max);));
    }
    if let Some(MaxDays { from, to, days, .. }) = &object.max_days {
        let member = |wire: &String| {
            let field = object.fields.iter().find(|field| field.wire == *wire)?;
            Some(ident(&field.rust))
        };
        if let (Some(start), Some(end)) = (member(from), member(to)) {
            let days = Literal::i64_unsuffixed(*days);
            checks.push(quote!(at.days_between((#from, &self.#start), (#to, &self.#end), #days);));
        }
    }
    let at = if checks.is_empty() {
        quote!(_)
    } else {
        quote!(at)
    };
    quote! {
        impl nxcloud_client::codegen::Validate for #name {
            fn validate(&self, #at: &mut nxcloud_client::codegen::Validator) {
                #(#patterns)*
                #(#checks)*
            }
        }
    }
}

/// The checks of one field. They accept an `Option`; an absent value has no limits.
fn field_check(
    service: &Service,
    field: &Field,
    patterns: &mut Vec<TokenStream>,
) -> Option<TokenStream> {
    let wire = &field.wire;
    let limits = &field.limits;
    let member = ident(&field.rust);
    let text = if field.required {
        quote!(self.#member.as_str())
    } else if field.ty == Ty::AppKey {
        quote!(self.#member.as_ref().map(nxcloud_client::AppKey::as_str))
    } else {
        quote!(self.#member.as_deref())
    };
    if let Some(constant) = &field.constant {
        return Some(quote!(at.constant(#wire, #text, #constant);));
    }
    match &field.ty {
        Ty::Text | Ty::AppKey if *limits != Limits::default() => {
            let characters = limits.pattern.as_deref().and_then(Characters::read);
            let (mut min, mut max) = (limits.min_length, limits.max_length);
            if let Some(characters) = &characters {
                min = min.max((characters.min > 0).then_some(characters.min));
                max = [max, characters.max].into_iter().flatten().min();
            }
            let length = range(min, max).map(|range| quote!(.length(#range)));
            let pattern = limits.pattern.as_ref().map(|pattern| {
                if let Some(characters) = characters {
                    return allowed(&characters);
                }
                let name = ident(&names::constant(&field.rust));
                patterns.push(quote! {
                    static #name: nxcloud_client::codegen::Pattern = nxcloud_client::codegen::Pattern::new(#pattern);
                });
                quote!(.pattern(&#name))
            });
            let phone = limits.phone.as_ref().map(|form| {
                let form = ident(form);
                quote!(.phone(nxcloud_client::codegen::PhoneForm::#form))
            });
            Some(quote!(at.text(#wire, #text) #length #pattern #phone;))
        }
        Ty::Integer | Ty::QuotedInteger | Ty::Float => {
            let range = range(limits.minimum.as_ref(), limits.maximum.as_ref())?;
            Some(quote!(at.number(#wire, self.#member, #range);))
        }
        Ty::List(item) => {
            let items = if field.required {
                quote!(self.#member.as_slice())
            } else {
                quote!(self.#member.as_deref())
            };
            let length = range(limits.min_length, limits.max_length)
                .map(|range| quote!(at.length(#wire, #items, #range);));
            let each = match &**item {
                Ty::Named(name) if checks_itself(service, name) => {
                    Some(quote!(at.each(#wire, #items);))
                }
                _ => None,
            };
            (length.is_some() || each.is_some()).then(|| quote!(#length #each))
        }
        Ty::Named(name) if checks_itself(service, name) => {
            Some(quote!(at.nested(#wire, &self.#member);))
        }
        Ty::Upload => {
            let rules = field.uploads.iter().map(|rule| {
                let (kind, mime) = (&rule.kind, &rule.mime);
                let max_bytes = match rule.max_bytes {
                    Some(max_bytes) => quote!(Some(#max_bytes)),
                    None => quote!(None),
                };
                quote!(nxcloud_client::codegen::Rule::new(#kind, &[#(#mime),*], #max_bytes))
            });
            let rules = quote!(&[#(#rules),*]);
            Some(if field.required {
                quote!(self.#member.check(#wire, at, #rules);)
            } else {
                quote!(if let Some(upload) = &self.#member { upload.check(#wire, at, #rules); })
            })
        }
        _ => None,
    }
}

/// The serde attribute for a field that is not deserialised like its type.
fn deserialize_with(ty: &Ty, required: bool) -> Option<TokenStream> {
    let path = match (ty, required) {
        (Ty::QuotedInteger, true) => "codegen::unquoted",
        (Ty::QuotedInteger, false) => "codegen::unquoted_option",
        _ => return None,
    };
    Some(quote!(deserialize_with = #path))
}

/// The check of the characters of a text.
fn allowed(characters: &Characters) -> TokenStream {
    let ranges = characters
        .ranges
        .iter()
        .map(|(first, last)| quote!(#first..=#last));
    if characters.excluded {
        quote!(.without(&[#(#ranges),*]))
    } else {
        quote!(.only(&[#(#ranges),*]))
    }
}

/// The range `min..=max`, open on a side without limit; `None` without limits.
fn range(min: Option<impl ToString>, max: Option<impl ToString>) -> Option<TokenStream> {
    let literal = |value: Option<String>| -> Option<TokenStream> { value?.parse().ok() };
    let min = literal(min.map(|value| value.to_string()));
    let max = literal(max.map(|value| value.to_string()));
    match (min, max) {
        (None, None) => None,
        (min, Some(max)) => Some(quote!(#min..=#max)),
        (min, None) => Some(quote!(#min..)),
    }
}

fn checks_itself(service: &Service, name: &str) -> bool {
    service
        .type_def(name)
        .is_some_and(|def| !matches!(def.kind, TypeKind::Enum { .. }))
}

pub(super) fn union(service: &Service, def: &TypeDef, union: &Union) -> TokenStream {
    let name = ident(&def.name);
    let text = doc(&def.description);
    let variants = union.variants.iter().map(|(value, variant, ty)| {
        let text = doc(&service
            .type_def(ty)
            .map(|def| def.description.clone())
            .unwrap_or_default());
        let (variant, ty) = (ident(variant), ident(ty));
        quote!(#text #[serde(rename = #value)] #variant(#ty),)
    });
    let conversions = convert::into_union(service, &def.name, union);
    let checks = union.variants.iter().map(|(_, variant, _)| {
        let variant = ident(variant);
        quote!(Self::#variant(value) => value.validate(at),)
    });
    let tag = Literal::string(&union.tag);
    quote! {
        #text
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = #tag)]
        #[non_exhaustive]
        pub enum #name { #(#variants)* }

        #conversions

        impl nxcloud_client::codegen::Validate for #name {
            fn validate(&self, at: &mut nxcloud_client::codegen::Validator) {
                match self { #(#checks)* }
            }
        }
    }
}
