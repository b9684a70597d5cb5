//! `client.rs`: the thin public client, one method an operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::paging::item_type;
use super::{doc, ident};
use crate::model::{Input, Operation, Paging, Place, Service, Ty};
use crate::names;

pub(super) fn client(service: &Service) -> TokenStream {
    let methods = service
        .operations
        .iter()
        .map(|operation| method(service, operation));
    let biz_type = service
        .biz_type
        .as_ref()
        .map(|biz_type| format!(" (bizType {biz_type})"))
        .unwrap_or_default();
    let text = doc(&format!(
        "Client of {}{biz_type}. {}\n\nCheap to make and to clone; all clients of a session share its connections.",
        service.title, service.description
    ));
    let imports = service.has_pages().then(|| {
        quote!(
            use nxcloud_client::codegen::paging::{self, Stream};
        )
    });
    quote! {
        //! The client.

        #imports
        use nxcloud_client::codegen::Service; use nxcloud_client::{CallOptions, Error, Session};

        use super::{http, operations};
        use super::{replies::*, requests::*};

        #text
        #[derive(Clone, Debug)]
        pub struct Client {
            service: Service,
        }

        impl Client {
            /// A client over a session's accounts and connections.
            #[must_use]
            pub fn new(session: &Session) -> Self {
                Self { service: Service::new(session) }
            }

            /// The same client with other settings for its calls.
            #[must_use]
            pub fn with_options(&self, options: CallOptions) -> Self {
                Self { service: self.service.with_options(options) }
            }

            #(#methods)*
        }
    }
}

fn method(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&operation.id);
    let row = ident(&names::constant(&operation.id));
    let reply = ident(&operation.reply);
    let repeat = if operation.safe {
        "Only reads: repeating it is harmless."
    } else {
        "Changes state: it is not repeated when the platform may have acted."
    };
    let description = operation.description.trim();
    let gap = if description.is_empty() { "" } else { "\n\n" };
    let text = doc(&format!(
        "{}{gap}{description}\n\n{repeat}\n\nReference: `{}`, `{}`.",
        operation.summary.trim(),
        service.source,
        operation.id,
    ));
    let parameters = service.parameters(operation).map(|field| {
        let member = ident(&field.rust);
        match (&field.ty, field.required || field.place == Place::Path) {
            (Ty::Text, true) => quote!(&request.#member),
            (Ty::Text, false) => quote!(request.#member.as_deref()),
            (Ty::DateTime, true) => quote!(request.#member.as_str()),
            (Ty::DateTime, false) => {
                quote!(request.#member.as_ref().map(nxcloud_client::DateTime::as_str))
            }
            (Ty::Date, true) => quote!(&request.#member.to_string()),
            (Ty::Date, false) => quote!(request.#member.map(|date| date.to_string()).as_deref()),
            _ => quote!(request.#member),
        }
    });
    let parameters: Vec<TokenStream> = parameters.collect();
    let (argument, checked, passed) = match &operation.input {
        Input::Nothing => (None, quote!(&()), quote!()),
        Input::Parameters(request) => {
            let request = ident(request);
            let argument = quote!(, request: &#request);
            (Some(argument), quote!(request), quote!(#(#parameters),*))
        }
        Input::Json(request) => {
            let request = ident(request);
            let argument = quote!(, request: &#request);
            (
                Some(argument),
                quote!(request),
                quote!(#(#parameters,)* request),
            )
        }
        Input::Multipart(request) => {
            let request = ident(request);
            let argument = quote!(, request: &#request);
            (
                Some(argument),
                quote!(request),
                quote!(reqwest::Body::default()),
            )
        }
    };
    let prepare = matches!(operation.input, Input::Multipart(_))
        .then(|| quote!(let call = call.with_form(request.form());));
    let paging = operation.paging.as_ref();
    let all = paging.map(|paging| pages(service, operation, paging));
    quote! {
        #text
        ///
        /// # Errors
        ///
        /// Whatever goes wrong, as [`Error`]: see its `kind`.
        pub async fn #name(&self #argument) -> Result<#reply, Error> {
            self.service
                .call(&operations::#row, #checked, |base_url, http, call| async move {
                    #prepare
                    http::Client::new_with_client(&base_url, http, call).#name(#passed).await
                })
                .await
        }

        #all
    }
}

/// The method that goes through all pages.
fn pages(service: &Service, operation: &Operation, paging: &Paging) -> TokenStream {
    let name = ident(&operation.id);
    let all = ident(&format!("{}_all", operation.id));
    let request = ident(operation.input.type_name().unwrap_or_default());
    let item = item_type(service, operation, paging).unwrap_or_default();
    let text = doc(&format!(
        "Every item of `{}`, page after page, beginning at the page of the request.",
        operation.id
    ));
    quote! {
        #text
        ///
        /// A page is asked for when its items are wanted. After an error the stream asks for the same page again; a page that
        /// repeats is an error that ends it.
        pub fn #all<'a>(
            &'a self,
            request: &#request,
        ) -> impl Stream<Item = Result<#item, Error>> + Send + 'a {
            paging::items(request.clone(), move |request: #request| async move {
                self.#name(&request).await
            })
        }
    }
}
