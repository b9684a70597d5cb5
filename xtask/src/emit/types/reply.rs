//! Types of replies and pushes.

use proc_macro2::TokenStream;
use quote::quote;

use super::{debug, doc, ident, rust_type, serialize_with};
use crate::model::{Field, Object, Service, Ty, TypeDef, TypeKind};

pub(super) fn reply(service: &Service, def: &TypeDef, object: &Object) -> TokenStream {
    let name = ident(&def.name);
    let text = doc(&format!(
        "{}\n\nReference: `{}`.",
        def.description.trim(),
        service.source
    ));
    let members = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let wire = &field.wire;
        let text = doc(&field.description);
        let written = serialize_with(&field.ty, false);
        let ty = rust_type(&field.ty);
        let (ty, skip) = if is_filled(service, field) {
            (ty, "nxcloud_client::lenient::is_default")
        } else {
            (quote!(Option<#ty>), "Option::is_none")
        };
        quote! {
            #text
            #[serde(rename = #wire, skip_serializing_if = #skip)]
            #written
            pub #member: #ty,
        }
    });
    let takes = object.fields.iter().map(|field| {
        let member = ident(&field.rust);
        let spellings = std::iter::once(&field.wire).chain(&field.aliases);
        let take = ident(if is_filled(service, field) {
            "take_filled"
        } else {
            "take"
        });
        quote!(#member: nxcloud_client::lenient::#take(&mut map, &[#(#spellings),*]),)
    });
    let list = object
        .list
        .as_ref()
        .map(|field| quote!(const LIST: Option<&'static str> = Some(#field);));
    let mutable = (!object.fields.is_empty()).then(|| quote!(mut));
    let debug = debug(
        &def.name,
        &object.fields,
        &quote!(.field("extra", &nxcloud_client::Shape::shape(&self.extra))),
    );
    quote! {
        #text
        #[derive(Clone, Default, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#members)*
            /// What the reference does not list, and values that did not fit their field.
            #[serde(flatten)]
            pub extra: nxcloud_client::lenient::Map,
        }

        impl nxcloud_client::lenient::Record for #name {
            #list

            fn from_map(#mutable map: nxcloud_client::lenient::Map) -> Self {
                Self {
                    #(#takes)*
                    extra: map,
                }
            }
        }

        nxcloud_client::record_deserialize!(#name);

        #debug
    }
}

/// Lists and maps, and objects that the reference requires, are there in any case: empty when the platform left them out.
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
