//! `client.rs`: the thin public client, one method an operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, ident};
use crate::model::{Input, Operation, Service};
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
    quote! {
        //! The client.

        use nxcloud_client::{CallOptions, Error, Service, Session};

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
    let (argument, checked, passed) = match &operation.input {
        Input::Nothing => (None, quote!(&()), quote!()),
        Input::Json(request) => {
            let request = ident(request);
            (
                Some(quote!(, request: &#request)),
                quote!(request),
                quote!(request),
            )
        }
    };
    quote! {
        #text
        ///
        /// # Errors
        ///
        /// Whatever goes wrong, as [`Error`]: see its `kind`.
        pub async fn #name(&self #argument) -> Result<#reply, Error> {
            self.service
                .call(&operations::#row, #checked, |base_url, http, call| async move {
                    http::Client::new_with_client(&base_url, http, call).#name(#passed).await
                })
                .await
        }
    }
}
