//! Rust expressions for the values of examples, with the constructors and methods that a person would use.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::{ident, types::convert};
use crate::model::{Field, Object, Service, Ty, TypeKind, Union};

/// The expression for an example of a request type: `new` with the required fields, setters for the others. Types have the path
/// `root`. Without a root, the application key is the variable `app`.
pub(super) fn expression(
    service: &Service,
    type_name: &str,
    example: &Value,
    root: &str,
) -> Option<TokenStream> {
    let sample = Sample { service, root };
    sample.named(type_name, example)
}

struct Sample<'a> {
    service: &'a Service,
    root: &'a str,
}

impl Sample<'_> {
    fn path(&self, name: &str) -> TokenStream {
        let name = ident(name);
        if self.root.is_empty() {
            quote!(#name)
        } else {
            let root = ident(self.root);
            quote!(#root::#name)
        }
    }

    fn named(&self, name: &str, example: &Value) -> Option<TokenStream> {
        match &self.service.type_def(name)?.kind {
            TypeKind::Object(object) => self.object(name, object, example),
            TypeKind::Union(union) => self.union(name, union, example),
            TypeKind::Enum { values, .. } => {
                let value = values.iter().find(|value| value.value == *example)?;
                let (path, variant) = (self.path(name), ident(&value.name));
                Some(quote!(#path::#variant))
            }
        }
    }

    fn object(&self, name: &str, object: &Object, example: &Value) -> Option<TokenStream> {
        let path = self.path(name);
        let is_form = object.fields.iter().any(|field| field.ty == Ty::Upload);
        let mut arguments = Vec::new();
        let mut setters = Vec::new();
        let mut constructor = ident("new");
        for field in object.arguments().filter(|field| field.constant.is_none()) {
            if is_form && field.wire == "type" {
                continue; // Taken from the upload.
            }
            match (field.required, example.get(&field.wire)) {
                (_, Some(value)) if field.ty == Ty::Upload => {
                    let upload = self.path("Upload");
                    let content = value.as_str()?;
                    let mime = example.get("type")?.as_str()?;
                    arguments.push(match file_of(mime).filter(|_| self.root.is_empty()) {
                        Some(file) => quote!(#upload::from_path(#file)?),
                        None => quote!(#upload::from_bytes("file", #mime, #content)),
                    });
                }
                (true, Some(value)) if field.filled_in().is_some() => {
                    if value.as_i64() != field.filled_in() {
                        let setter = ident(&format!("with_{}", field.rust.trim_end_matches('_')));
                        let value = self.value(field, value)?;
                        setters.push(quote!(.#setter(#value)));
                    }
                }
                (true, Some(value)) => arguments.push(self.value(field, value)?),
                (false, Some(value)) if object.alternatives().contains(&field.wire) => {
                    constructor = ident(&format!("from_{}", field.rust.trim_end_matches('_')));
                    arguments.push(self.value(field, value)?);
                }
                (true, None) => return None,
                (false, Some(value)) => setters.push(match self.additions(object, field, value) {
                    Some(calls) => calls,
                    None => {
                        let setter = ident(&field.setter());
                        let value = self.value(field, value)?;
                        quote!(.#setter(#value))
                    }
                }),
                (false, None) => {}
            }
        }
        if let Some((_, union)) = &object.flattened {
            // A value that converts into the union is passed directly.
            let TypeKind::Union(definition) = &self.service.type_def(union)?.kind else {
                return None;
            };
            arguments.push(self.branch(union, definition, example)?);
        }
        Some(quote!(#path::#constructor(#(#arguments),*) #(#setters)*))
    }

    /// The calls that add every entry of a list of choices; `None` if an entry has no such method.
    fn additions(&self, object: &Object, list: &Field, value: &Value) -> Option<TokenStream> {
        let kinds = convert::added_entries(self.service, object);
        let calls: Option<Vec<TokenStream>> = value
            .as_array()?
            .iter()
            .map(|entry| {
                let (_, kind) = kinds.iter().find(|(field, kind)| {
                    field.wire == list.wire && kind.matches(self.service, entry)
                })?;
                let method = ident(&kind.method());
                let arguments = match kind.arguments(self.service) {
                    Some(fields) => fields
                        .into_iter()
                        .map(|field| self.value(field, entry.get(&field.wire)?))
                        .collect::<Option<Vec<_>>>()?,
                    None => vec![self.convertible(kind.ty, entry)?],
                };
                Some(quote!(.#method(#(#arguments),*)))
            })
            .collect();
        let calls = calls.filter(|calls| !calls.is_empty())?;
        Some(quote!(#(#calls)*))
    }

    /// A value of an object, or the value of its only field if that converts into the object.
    fn convertible(&self, name: &str, example: &Value) -> Option<TokenStream> {
        match convert::source(self.service, name, example) {
            Some(field) => self.value(field, example.get(&field.wire)?),
            None => self.named(name, example),
        }
    }

    /// The entries of a list. They have one Rust type, so all of them are short or none is.
    fn entries(&self, item: &str, entries: &[Value]) -> Option<Vec<TokenStream>> {
        let is_short = |entry| convert::source(self.service, item, entry).is_some();
        if entries.iter().all(is_short) {
            let entries = entries.iter().map(|entry| self.convertible(item, entry));
            return entries.collect();
        }
        match (&self.service.type_def(item)?.kind, entries) {
            (TypeKind::Union(union), [entry]) => Some(vec![self.branch(item, union, entry)?]),
            _ => entries
                .iter()
                .map(|entry| self.named(item, entry))
                .collect(),
        }
    }

    /// A list within a list: entries of the exact type, so that all inner lists have one Rust type.
    fn exact_list(&self, list: &Ty, value: &Value) -> Option<TokenStream> {
        let Ty::List(item) = list else {
            return self.of_type(list, value);
        };
        let entries: Option<Vec<_>> = value
            .as_array()?
            .iter()
            .map(|entry| match &**item {
                Ty::Named(name) => self.named(name, entry),
                item => self.exact_list(item, entry),
            })
            .collect();
        let entries = entries?;
        Some(quote!([#(#entries),*]))
    }

    /// A union, in a place that needs its exact type.
    fn union(&self, name: &str, union: &Union, example: &Value) -> Option<TokenStream> {
        let (variant, inner, _) = self.variant(union, example)?;
        let path = self.path(name);
        Some(quote!(#path::#variant(#inner)))
    }

    /// A union, in a place that accepts values that convert into it.
    fn branch(&self, name: &str, union: &Union, example: &Value) -> Option<TokenStream> {
        if let Some(inner) = self.inner(name, union, example) {
            return Some(inner);
        }
        let (_, inner, unique) = self.variant(union, example)?;
        if unique {
            Some(inner)
        } else {
            self.union(name, union, example)
        }
    }

    /// The innermost value that converts into a union.
    fn inner(&self, name: &str, union: &Union, example: &Value) -> Option<TokenStream> {
        let tag = example.get(&union.tag)?.as_str()?;
        let (_, _, target) = union.variants.iter().find(|(value, _, _)| value == tag)?;
        let mut content = example;
        let mut inner = target.as_str();
        while let Some((field, next)) = convert::wrapped(self.service, inner)
            && convert::converts(self.service, next, name)
            && convert::holds_only(self.service, inner, field, content)
        {
            content = content.get(&field.wire)?;
            inner = next;
        }
        (inner != target).then(|| self.named(inner, content))?
    }

    fn variant(
        &self,
        union: &Union,
        example: &Value,
    ) -> Option<(proc_macro2::Ident, TokenStream, bool)> {
        let tag = example.get(&union.tag)?.as_str()?;
        let (_, variant, target) = union.variants.iter().find(|(value, _, _)| value == tag)?;
        let same = union
            .variants
            .iter()
            .filter(|(_, _, other)| other == target);
        let inner = self.named(target, example)?;
        Some((ident(variant), inner, same.count() == 1))
    }

    fn value(&self, field: &Field, value: &Value) -> Option<TokenStream> {
        match value {
            Value::String(text) if field.takes_several_phones() && text.contains(',') => {
                let numbers = text.split(',').map(str::trim);
                Some(quote!([#(#numbers),*]))
            }
            value => self.of_type(&field.ty, value),
        }
    }

    fn of_type(&self, ty: &Ty, value: &Value) -> Option<TokenStream> {
        match (ty, value) {
            (Ty::Text, Value::String(text)) => Some(quote!(#text)),
            (Ty::AppKey, Value::String(key)) => {
                if self.root.is_empty() {
                    return Some(quote!(&app));
                }
                let path = self.path("AppKey");
                Some(quote!(#path::new(#key)))
            }
            (Ty::Date, Value::String(text)) => {
                let path = self.path("Date");
                let mut parts = text
                    .splitn(3, '-')
                    .map(|part| part.parse().map(Literal::u16_unsuffixed));
                let (year, month, day) = (
                    parts.next()?.ok()?,
                    parts.next()?.ok()?,
                    parts.next()?.ok()?,
                );
                Some(quote!(#path::new(#year, #month, #day)?))
            }
            (Ty::DateTime, Value::String(text)) => Some(quote!(#text.parse()?)),
            (Ty::UnixSeconds, _) => {
                let (path, seconds) = (
                    self.path("DateTime"),
                    Literal::i64_unsuffixed(value.as_i64()?),
                );
                Some(quote!(#path::from_unix_seconds(#seconds)?))
            }
            (Ty::Integer | Ty::QuotedInteger, _) => {
                let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
                let literal = Literal::i64_unsuffixed(number);
                Some(quote!(#literal))
            }
            (Ty::Float, Value::Number(number)) => {
                let literal = Literal::f64_unsuffixed(number.as_f64()?);
                Some(quote!(#literal))
            }
            (Ty::Boolean, Value::Bool(flag)) => Some(quote!(#flag)),
            (Ty::List(item), Value::Array(items)) => {
                let items: Option<Vec<_>> = match &**item {
                    Ty::Named(name) => self.entries(name, items),
                    Ty::List(_) => items
                        .iter()
                        .map(|list| self.exact_list(item, list))
                        .collect(),
                    item => items
                        .iter()
                        .map(|value| self.of_type(item, value))
                        .collect(),
                };
                let items = items?;
                Some(quote!([#(#items),*]))
            }
            (Ty::Named(name), value) => match &self.service.type_def(name)?.kind {
                TypeKind::Union(union) => self.branch(name, union, value),
                _ => self.convertible(name, value),
            },
            _ => None,
        }
    }
}

/// A file whose name has the extension of a MIME type.
fn file_of(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "application/pdf" => "menu.pdf",
        "image/jpeg" => "menu.jpeg",
        "image/png" => "menu.png",
        "text/plain" => "menu.txt",
        "video/mp4" => "menu.mp4",
        _ => return None,
    })
}
