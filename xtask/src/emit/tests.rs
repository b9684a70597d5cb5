//! `tests/generated/`: tests that decode and encode every example, and call every operation. Examples are read from the embedded spec.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::{ident, sample};
use crate::model::{Input, Operation, Place, Service, Ty};
use crate::names;

pub(super) fn examples(service: &Service) -> TokenStream {
    let mut tests = Vec::new();
    let mut types = BTreeSet::new();
    let mut test = |side: &str, holder: &str, example: &str, ty: &str| {
        let test = ident(&names::test(&format!("{holder}_{side}"), example));
        let check = ident(&format!("check_{side}"));
        let ty = ident(ty);
        tests.push(quote! {
            #[test]
            fn #test() {
                SPEC.#check::<#ty>(#holder, #example);
            }
        });
        types.insert(ty);
    };
    for operation in &service.operations {
        if let Input::Json(request) | Input::Parameters(request) = &operation.input {
            for (example, _) in &operation.request_examples {
                test("request", &operation.id, example, request);
            }
        }
        for (example, _) in &operation.reply_examples {
            test("reply", &operation.id, example, &operation.reply);
        }
    }
    for push in &service.webhooks {
        for example in push.examples.keys() {
            test("push", &push.name, example, push.event());
        }
    }
    let krate = krate(service);
    let types = types.iter();
    quote! {
        use crate::SPEC;
        use #krate::{#(#types),*};

        #(#tests)*
    }
}

pub(super) fn operations(service: &Service) -> TokenStream {
    let krate = krate(service);
    let tests = service.operations.iter().map(|operation| {
        let name = ident(&operation.id);
        let id = &operation.id;
        let arguments = match &operation.input {
            Input::Json(request) | Input::Parameters(request) if !service.has_fields(request) => {
                None
            }
            Input::Json(_) | Input::Parameters(_) => {
                let example = first_example(operation);
                Some(quote!(&SPEC.request(#id, #example)))
            }
            Input::Multipart(request) => {
                let example = operation.request_examples.first();
                let request = example.and_then(|(_, value)| {
                    sample::expression(service, request, value, &krate.to_string())
                });
                Some(quote!(&#request))
            }
        };
        quote! {
            #[tokio::test]
            async fn #name() {
                let sandbox = Sandbox::start().await.unwrap();
                let client = Client::new(&sandbox.session());
                client.#name(#arguments).await.unwrap();
                assert_eq!(sandbox.requests_for(#id).len(), 1);
            }
        }
    });
    let paths = service.operations.iter().flat_map(|operation| {
        let fields = service.parameters(operation);
        fields
            .filter(|field| field.place == Place::Path && field.ty == Ty::Text)
            .map(|field| path(service, operation, &field.wire, &field.rust))
            .collect::<Vec<_>>()
    });
    quote! {
        use #krate::Client;
        use nxcloud_sandbox::Sandbox;

        use crate::SPEC;

        #(#tests)*

        #(#paths)*
    }
}

fn krate(service: &Service) -> proc_macro2::Ident {
    ident(&service.package.replace('-', "_"))
}

/// The name of the first example of a request. Without one the test fails.
fn first_example(operation: &Operation) -> &str {
    let first = operation.request_examples.first();
    first.map_or("", |(name, _)| name)
}

/// A test that a path parameter is rejected or stays one segment of the path, for every value.
fn path(service: &Service, operation: &Operation, wire: &str, member: &str) -> TokenStream {
    let krate = krate(service);
    let member = ident(member);
    let id = &operation.id;
    let test = ident(&format!("{id}_{member}_is_one_segment"));
    let request = ident(operation.input.type_name());
    let example = first_example(operation);
    let segments = operation.path.matches('/').count();
    let field = format!("`{wire}`");
    quote! {
        #[test]
        fn #test() {
            let sandbox = Sandbox::start_blocking().unwrap();
            // Rejected even without checks of limits.
            let session = sandbox.session_builder().local_checks(false).build().unwrap();
            let presign = |value: &str| {
                let mut request: #krate::#request = SPEC.request(#id, #example);
                request.#member = value.to_owned();
                session.presign(&request)
            };
            for value in ["", ".", "..", "%2e", ".%2E", "%2E%2e"] {
                let error = presign(value).unwrap_err().to_string();
                assert!(error.contains(#field), "{value:?}: {error}");
            }
            let values = ["a\\b", "..\\b", "\\", "a/b", "../b", "/", "%2f", "a?b", "a#b", "\t.\n.", "\u{ff0e}."];
            for value in values {
                let url = reqwest::Url::parse(presign(value).unwrap().url()).unwrap();
                let path = url.path();
                assert_eq!(path.matches('/').count(), #segments, "{path}");
                assert!(!path.contains('\\'), "{path}");
            }
        }
    }
}
