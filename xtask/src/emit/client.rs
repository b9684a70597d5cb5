//! `client.rs`: the public client, with one method per operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::example::Example;
use super::paging::item_type;
use super::{doc_markdown, ident};
use crate::model::{Operation, Scheme, Service};
use crate::prose::doc_text;

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
    let text = doc_markdown(&format!(
        "Client of {}{biz_type}. {}\n\nCreating and cloning it is cheap: all clients of a session share its connections. The [crate page](crate) has examples.\n\n\
         Vendor documentation: {}.",
        doc_text(&service.title),
        doc_text(&service.description),
        doc_text(&service.spec.document().source),
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
            /// A client that uses the accounts and connections of a session. The [crate page](crate) has an example.
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

fn method(service: &Service, operation: &Operation) -> TokenStream {
    let name = ident(&operation.id);
    let reply = ident(&operation.reply);
    let text = doc_markdown(&documentation(service, operation));
    let (argument, request) = argument(service, operation);
    let all = pages(service, operation);
    quote! {
        #text
        ///
        /// # Errors
        ///
        /// Any failure of the call; see [`Error`].
        pub async fn #name(&self #argument) -> Result<#reply, Error> {
            self.session.send(#request).await
        }

        #all
    }
}

/// The documentation of an operation's method, without its errors.
fn documentation(service: &Service, operation: &Operation) -> String {
    let krate = service.package.replace('-', "_");
    let mut paragraphs = vec![doc_text(&operation.summary)];
    let description = doc_text(&operation.description);
    paragraphs.extend((!description.is_empty()).then_some(description));
    paragraphs.push(
        if operation.safe {
            "The operation only reads: it is retried even if the outcome of an attempt is unknown."
        } else {
            "The operation changes state: it is not retried if the platform may have acted."
        }
        .to_owned(),
    );
    let example = Example::of(service, operation);
    paragraphs.extend(example.map(|example| example.statements(&krate)));
    for (summary, example) in Example::summarised(service, operation) {
        paragraphs.push(format!("{}:", doc_text(&summary)));
        paragraphs.push(example.statements(&krate));
    }
    paragraphs.push(format!(
        "Vendor documentation: {}, {}.",
        doc_text(&service.spec.document().source),
        endpoint(operation)
    ));
    let paragraphs: Vec<&str> = paragraphs.iter().map(|text| text.trim()).collect();
    paragraphs.join("\n\n")
}

/// How the vendor's documentation identifies an operation.
fn endpoint(operation: &Operation) -> String {
    let path = operation.path.split('#').next().unwrap_or_default();
    let endpoint = format!("`{} {path}`", operation.method);
    match &operation.scheme {
        Scheme::NxcloudMd5 { action, .. } => format!("{endpoint}, action `{action}`"),
        Scheme::AntBuddySha256 { .. } => endpoint,
    }
}

/// The argument of an operation's method, and the request that it sends. A request without fields is not an argument.
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

/// The method that lists all pages.
fn pages(service: &Service, operation: &Operation) -> Option<TokenStream> {
    operation.paging.as_ref()?;
    let all = ident(&format!("{}_all", operation.id));
    let request = ident(operation.input.type_name());
    let item = item_type(service, operation).unwrap_or_default();
    let krate = service.package.replace('-', "_");
    let example = Example::all_pages(service, operation);
    let example = example.map(|example| format!("\n\n{}", example.statements(&krate).trim()));
    let text = doc_markdown(&format!(
        "All items of [`{id}`](Self::{id}), starting at the page of the request; see [`Items`].{}",
        example.unwrap_or_default(),
        id = operation.id,
    ));
    Some(quote! {
        #text
        #[must_use]
        pub fn #all(&self, request: &#request) -> Items<#item> {
            self.session.items(request)
        }
    })
}
