//! `operations.rs`: the table of operations.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, ident};
use crate::model::{Input, Operation, Place, Scheme, Service, Ty, TypeKind};
use crate::names;

mod message;

use message::constant;

pub(super) fn operations(service: &Service) -> TokenStream {
    let rows = service
        .operations
        .iter()
        .map(|operation| row(service, operation));
    let all = service.operations.iter().map(|operation| {
        let name = ident(&names::constant(&operation.id));
        quote!(&#name)
    });
    let service_name = &service.name;
    let module = format!(
        "The operations of {}: how each is signed and sent.",
        service.title
    );
    let imports = match service
        .operations
        .first()
        .map(|operation| &operation.scheme)
    {
        Some(Scheme::AntBuddySha256 { .. }) => quote!(
            use nxcloud_client::{HashIn, Operation, Request, Scheme};
        ),
        _ => quote! {
            use nxcloud_client::signing::{Action, BizType};
            use nxcloud_client::{Operation, Request, Scheme};
        },
    };
    quote! {
        #![doc = #module]

        #imports
        use nxcloud_client::codegen::Call;
        use progenitor_client::{Error, ResponseValue};

        use super::codes;
        use super::http::Client;
        use super::{replies::*, requests::*};

        #(#rows)*

        /// The name of the service, for settings per service.
        pub const SERVICE: nxcloud_client::ServiceName = nxcloud_client::codegen::service_name(#service_name);

        /// All operations.
        pub static ALL: &[&Operation] = &[#(#all),*];
    }
}

fn row(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&names::constant(&operation.id));
    let text = doc(&operation.summary);
    let (title, id, method, path) = (
        &service.name,
        &operation.id,
        &operation.method,
        &operation.path,
    );
    let base_url = operation.base_url.as_ref().unwrap_or(&service.base_url);
    let safe = operation.safe;
    let scheme = match &operation.scheme {
        Scheme::NxcloudMd5 { biz_type, action } => {
            let body_signed = operation.body_is_signed();
            quote! {
                Scheme::NxcloudMd5 {
                    biz_type: BizType::from_static(#biz_type),
                    action: Action::from_static(#action),
                    body_signed: #body_signed,
                }
            }
        }
        Scheme::AntBuddySha256 { in_header, order } => {
            let place = ident(if *in_header { "Header" } else { "Query" });
            quote!(Scheme::AntBuddySha256 { hash_in: HashIn::#place, order: &[#(#order),*] })
        }
    };
    let own = (!operation.codes.is_empty()).then(|| {
        let table = ident(&format!("{}_CODES", names::constant(&operation.id)));
        quote!(codes::#table,)
    });
    let public = public_fields(service, operation);
    let public = (!public.is_empty()).then(|| quote!(.with_public_fields(&[#(#public),*])));
    let request = request(service, operation);
    quote! {
        #text
        pub static #name: Operation = Operation::new(
            #title, #id, #method, #path, #base_url, #scheme, #safe, &[#own codes::SHARED_CODES],
        )
        #public;

        #request
    }
}

/// Connects an operation with its request and reply. The function of progenitor builds the request.
fn request(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&operation.id);
    let row = ident(&names::constant(&operation.id));
    let request = ident(operation.input.type_name());
    let reply = ident(&operation.reply);
    let parameters = service.parameters(operation).map(|field| {
        let member = ident(&field.rust);
        match (&field.ty, field.required || field.place == Place::Path) {
            (Ty::Text, true) => quote!(&self.#member),
            (Ty::Text, false) => quote!(self.#member.as_deref()),
            (Ty::AppKey, true) => quote!(self.#member.as_str()),
            (Ty::AppKey, false) => {
                quote!(self.#member.as_ref().map(nxcloud_client::AppKey::as_str))
            }
            (Ty::DateTime, true) => quote!(self.#member.as_str()),
            (Ty::DateTime, false) => {
                quote!(self.#member.as_ref().map(nxcloud_client::DateTime::as_str))
            }
            (Ty::Date, true) => quote!(&self.#member.to_string()),
            (Ty::Date, false) => quote!(self.#member.map(|date| date.to_string()).as_deref()),
            (Ty::UnixSeconds, _) => quote!(self.#member.unix_seconds()),
            _ => quote!(self.#member),
        }
    });
    let (call, passed) = match &operation.input {
        Input::Parameters(_) => (quote!(call), quote!(#(#parameters),*)),
        Input::Json(_) => (quote!(call), quote!(#(#parameters,)* self)),
        // The form replaces the empty body.
        Input::Multipart(_) => (
            quote!(call.with_form(self.form())),
            quote!(reqwest::Body::default()),
        ),
    };
    let message = operation.message.as_ref();
    let message = message.map(|message| constant(service, message));
    quote! {
        impl Request for #request {
            const OPERATION: &'static Operation = &#row;
            #message
            type Reply = #reply;

            async fn build(&self, call: Call) -> Result<ResponseValue<()>, Error<()>> {
                Client::from(#call).#name(#passed).await
            }
        }
    }
}

/// Wire names of the request's fields that may be shown, in the order of the spec.
fn public_fields<'a>(service: &'a Service, operation: &Operation) -> Vec<&'a str> {
    match service
        .type_def(operation.input.type_name())
        .map(|def| &def.kind)
    {
        Some(TypeKind::Object(object)) => object
            .fields
            .iter()
            .filter(|field| field.public && field.constant.is_none())
            .map(|field| field.wire.as_str())
            .collect(),
        _ => Vec::new(),
    }
}
