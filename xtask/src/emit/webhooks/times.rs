//! Traits that read the times of events.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::{doc, ident};
use crate::model::{Field, Service, Ty};
use crate::webhooks::{format, object};

/// A trait that reads the times of a type.
pub(super) fn times(service: &Service, schema: &str) -> Option<TokenStream> {
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
