//! `client.rs`: the thin public client, one method an operation.

use nxcloud_spec::document::Paging;
use proc_macro2::TokenStream;
use quote::quote;

use super::example::Example;
use super::paging::item_type;
use super::{doc, doc_markdown, ident};
use crate::model::{Operation, Service};

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
    let paging = service.has_pages().then(|| quote!(Items,));
    quote! {
        //! The client.

        use nxcloud_client::{CallOptions, Error, #paging Session};

        use super::{replies::*, requests::*};

        #text
        #[derive(Clone, Debug)]
        pub struct Client {
            session: Session,
        }

        impl Client {
            /// A client over a session's accounts and connections.
            #[must_use]
            pub fn new(session: &Session) -> Self {
                Self { session: session.clone() }
            }

            /// The same client with other settings for its calls.
            #[must_use]
            pub fn with_options(&self, options: CallOptions) -> Self {
                Self { session: self.session.with_options(options) }
            }

            #(#methods)*
        }
    }
}

fn method(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&operation.id);
    let reply = ident(&operation.reply);
    let repeat = if operation.safe {
        "Only reads: repeating it is harmless."
    } else {
        "Changes state: it is not repeated when the platform may have acted."
    };
    let description = operation.description.trim();
    let gap = if description.is_empty() { "" } else { "\n\n" };
    let text = doc(&format!(
        "{}{gap}{description}\n\n{repeat}",
        operation.summary.trim(),
    ));
    let krate = service.package.replace('-', "_");
    let example = Example::of(service, operation).map(|example| {
        let example = doc_markdown(&example.in_documentation(&krate));
        quote!(
            ///
            #example
        )
    });
    let (argument, request) = argument(service, operation);
    let paging = operation.paging.as_ref();
    let all = paging.map(|paging| pages(service, operation, paging));
    quote! {
        #text
        #example
        ///
        /// # Errors
        ///
        /// Whatever goes wrong, as [`Error`]: see its `kind`.
        pub async fn #name(&self #argument) -> Result<#reply, Error> {
            self.session.send(#request).await
        }

        #all
    }
}

/// The argument of an operation's method, and the request that it passes on. A request without fields is no argument.
pub(super) fn argument(
    service: &Service,
    operation: &Operation,
) -> (Option<TokenStream>, TokenStream) {
    let request = ident(operation.input.type_name());
    if service.has_fields(operation.input.type_name()) {
        (Some(quote!(, request: &#request)), quote!(request))
    } else {
        (None, quote!(&#request::new()))
    }
}

/// The method that goes through all pages.
fn pages(service: &Service, operation: &Operation, paging: &Paging) -> TokenStream {
    let all = ident(&format!("{}_all", operation.id));
    let request = ident(operation.input.type_name());
    let item = item_type(service, operation, paging).unwrap_or_default();
    let text = doc_markdown(&format!(
        "Every item of `{}`, page after page, beginning at the page of the request. See [`Items`].",
        operation.id
    ));
    quote! {
        #text
        #[must_use]
        pub fn #all(&self, request: &#request) -> Items<#item> {
            self.session.items(request)
        }
    }
}
