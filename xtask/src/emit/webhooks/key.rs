//! Code that builds idempotency keys.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::ident;
use crate::emit::types::is_filled;
use crate::model::Service;
use crate::paths::{Step, steps};
use crate::webhooks::Event;

pub(super) fn key(service: &Service, event: &Event<'_>) -> TokenStream {
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

/// Code that adds the value at the end of a path to the key.
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
