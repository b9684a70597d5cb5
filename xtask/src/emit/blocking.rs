//! `blocking.rs`: the public client for programs without async code, one method an operation.

use nxcloud_spec::document::Paging;
use proc_macro2::TokenStream;
use quote::quote;

use super::client::argument;
use super::paging::item_type;
use super::{doc_markdown, ident};
use crate::model::{Operation, Service};
use crate::prose::doc_text;

pub(super) fn blocking(service: &Service) -> TokenStream {
    let methods = service
        .operations
        .iter()
        .map(|operation| method(service, operation));
    let text = doc_markdown(&format!(
        "Client of {} for programs without async code: the same calls, each to its end on the calling thread.\n\nIn async code use \
         [`Client`](crate::Client): a blocking call there holds up its thread.",
        doc_text(&service.title)
    ));
    quote! {
        //! The client for programs without async code.

        use nxcloud_client::{CallOptions, Error, Session};

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
    let text = doc_markdown(&format!(
        "{}\n\nAs [`Client::{name}`](crate::Client::{name}).",
        doc_text(&operation.summary)
    ));
    let (argument, request) = argument(service, operation);
    let all = operation
        .paging
        .as_ref()
        .map(|paging| pages(service, operation, paging));
    quote! {
        #text
        ///
        /// # Errors
        ///
        /// Whatever goes wrong, as [`Error`]: see its `kind`.
        pub fn #name(&self #argument) -> Result<#reply, Error> {
            self.session.send_blocking(#request)
        }

        #all
    }
}

/// The method that goes through all pages.
fn pages(service: &Service, operation: &Operation, paging: &Paging) -> TokenStream {
    let all = ident(&format!("{}_all", operation.id));
    let request = ident(operation.input.type_name());
    let item = item_type(service, operation, paging).unwrap_or_default();
    let text = doc_markdown(&format!(
        "Every item of `{}`, as [`Client::{all}`](crate::Client::{all}).",
        operation.id
    ));
    quote! {
        #text
        pub fn #all(&self, request: &#request) -> impl Iterator<Item = Result<#item, Error>> + use<> {
            self.session.items(request).blocking()
        }
    }
}
