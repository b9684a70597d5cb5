//! `codes.rs`: result codes as constants, and in tables for the error type.

use std::collections::BTreeSet;

use nxcloud_spec::document::Code;
use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, ident, sentence};
use crate::model::Service;
use crate::names;

pub(super) fn codes(service: &Service) -> TokenStream {
    let mut seen = BTreeSet::new();
    let constants = service
        .all_codes()
        .filter(|code| seen.insert(&code.name))
        .map(|code| {
            let name = ident(&code.name);
            let number = proc_macro2::Literal::i64_unsuffixed(code.code);
            let meaning = doc(&sentence(&code.meaning));
            quote!(#meaning pub const #name: Code = Code::new(#number);)
        });
    let shared = table(
        "SHARED",
        "Codes that every operation may return.",
        &service.codes,
    );
    let own = service
        .operations
        .iter()
        .filter(|operation| !operation.codes.is_empty())
        .map(|operation| {
            let text = format!("Codes that only `{}` returns.", operation.id);
            table(&names::constant(&operation.id), &text, &operation.codes)
        });
    let pushed: Vec<&Code> = service
        .webhooks
        .iter()
        .flat_map(|webhook| &webhook.codes)
        .collect();
    let module = format!(
        "Result codes of {}. The codes shared by all services are constants of [`Code`](nxcloud_client::Code).",
        service.title
    );
    let pushed = (!pushed.is_empty()).then(|| {
        let rows = pushed.into_iter().map(row);
        quote! {
            /// Codes in pushes.
            pub static PUSHED: &[CodeInfo] = &[#(#rows),*];
        }
    });
    let imports = if service.all_codes().next().is_some() {
        quote!(
            use nxcloud_client::{Code, CodeInfo, CodeKind};
        )
    } else {
        quote!(
            use nxcloud_client::CodeInfo;
        )
    };
    quote! {
        #![doc = #module]

        #imports

        #(#constants)*
        #shared
        #(#own)*
        #pushed
    }
}

fn table(name: &str, text: &str, codes: &[Code]) -> TokenStream {
    let text = doc(text);
    let name = ident(&format!("{name}_CODES"));
    let rows = codes.iter().map(row);
    quote!(#text pub static #name: &[CodeInfo] = &[#(#rows),*];)
}

fn row(code: &Code) -> TokenStream {
    let number = proc_macro2::Literal::i64_unsuffixed(code.code);
    let (name, meaning) = (&code.name, &code.meaning);
    let kind = ident(code.kind.as_str());
    let hint = match &code.hint {
        Some(hint) => quote!(Some(#hint)),
        None => quote!(None),
    };
    quote!(CodeInfo::new(#number, #name, CodeKind::#kind, #meaning, #hint))
}
