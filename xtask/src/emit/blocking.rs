//! `blocking.rs`: the public client for programs without async code, with one method per operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::client::argument;
use super::example::Example;
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
        "Client of {} for programs without async code. It has the methods of [`Client`](crate::Client), but each blocks the calling thread \
         until the call ends. In async code, use [`Client`](crate::Client).{}",
        doc_text(&service.title),
        example(service)
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
            /// A client that uses the accounts and connections of a session. The example of [`Client`](Self) creates one.
            #[must_use]
            pub fn new(session: &Session) -> Self {
                Self { session: session.clone() }
            }

            /// The same client with other settings for its calls. [`CallOptions`] has an example.
            #[must_use]
            pub fn with_options(&self, options: CallOptions) -> Self {
                Self { session: self.session.with_options(options) }
            }

            #(#methods)*
        }
    }
}

/// The example of the client: the first operation that has one.
fn example(service: &Service) -> String {
    let mut operations = service.operations.iter();
    let krate = service.package.replace('-', "_");
    let example = operations.find_map(|operation| Example::of(service, operation));
    example.map_or_else(String::new, |example| {
        format!("\n\n{}", example.blocking(&krate).trim())
    })
}

fn method(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&operation.id);
    let reply = ident(&operation.reply);
    let text = doc_markdown(&format!(
        "{}\n\nDetails and example: [`Client::{name}`](crate::Client::{name}).",
        doc_text(&operation.summary)
    ));
    let (argument, request) = argument(service, operation);
    let all = pages(service, operation);
    quote! {
        #text
        ///
        /// # Errors
        ///
        /// Any failure of the call; see [`Error`].
        pub fn #name(&self #argument) -> Result<#reply, Error> {
            self.session.send_blocking(#request)
        }

        #all
    }
}

/// The method that lists all pages.
fn pages(service: &Service, operation: &Operation) -> Option<TokenStream> {
    operation.paging.as_ref()?;
    let all = ident(&format!("{}_all", operation.id));
    let request = ident(operation.input.type_name());
    let item = item_type(service, operation).unwrap_or_default();
    let text = doc_markdown(&format!(
        "All items of [`{id}`](Self::{id}), starting at the page of the request. Details and example: [`Client::{all}`](crate::Client::{all}).",
        id = operation.id
    ));
    Some(quote! {
        #text
        pub fn #all(&self, request: &#request) -> impl Iterator<Item = Result<#item, Error>> + use<> {
            self.session.items(request).blocking()
        }
    })
}
