//! The tests of a crate for another workspace. They decode and encode every example, and call every operation once. A small server in
//! the test answers with the examples.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::emit::{ident, marker, pretty, sample};
use crate::model::{Input, Operation, Service};
use crate::names;

pub(super) fn files(service: &Service, source: &str) -> BTreeMap<String, String> {
    let marker = marker(source);
    let rust = |tokens: TokenStream| format!("// {marker}\n{}", pretty(tokens));
    BTreeMap::from(
        [
            ("main", format!("// {marker}\n{MAIN}")),
            ("support", format!("// {marker}\n{}", support(service))),
            ("examples", rust(examples(service))),
            ("operations", rust(operations(service))),
        ]
        .map(|(name, text)| (format!("tests/generated/{name}.rs"), text)),
    )
}

const MAIN: &str = "\
//! Tests of every example and every operation of the spec.
#![allow(clippy::unwrap_used, reason = \"a test fails by panicking\")]

#[rustfmt::skip]
mod examples;
#[rustfmt::skip]
mod operations;
#[rustfmt::skip]
mod support;
";

fn support(service: &Service) -> String {
    let krate = krate(service).to_string();
    include_str!("support.rs.in").replace("{krate}", &krate)
}

/// The names of the constant with an example and of its test.
fn name(holder: &str, example: &str) -> (proc_macro2::Ident, proc_macro2::Ident) {
    let test = names::test(holder, example);
    (ident(&names::constant(&test)), ident(&test))
}

fn request_holder(operation: &Operation) -> String {
    format!("{}_request", operation.id)
}

fn reply_holder(operation: &Operation) -> String {
    format!("{}_reply", operation.id)
}

fn krate(service: &Service) -> proc_macro2::Ident {
    ident(&service.package.replace('-', "_"))
}

/// Each example as a constant, with a test that decoding and encoding do not change it.
fn examples(service: &Service) -> TokenStream {
    let krate = krate(service);
    let mut out = TokenStream::new();
    let mut put = |holder: &str, examples: &[(String, Value)], ty: &str, apart: &[&str]| {
        let ty = ident(ty);
        for (example, value) in examples {
            let (constant, test) = name(holder, example);
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            out.extend(quote! {
                pub(crate) const #constant: &str = #text;

                #[test]
                fn #test() {
                    crate::support::round_trip::<#krate::#ty>(#constant, &[#(#apart),*]);
                }
            });
        }
    };
    for operation in &service.operations {
        let examples = &operation.request_examples;
        match &operation.input {
            Input::Json(request) => {
                let apart: Vec<&str> = service
                    .parameters(operation)
                    .map(|field| field.wire.as_str())
                    .collect();
                put(&request_holder(operation), examples, request, &apart);
            }
            Input::Parameters(request) => {
                put(&request_holder(operation), examples, request, &[]);
            }
            Input::Multipart(_) => {}
        }
        let examples = &operation.reply_examples;
        put(&reply_holder(operation), examples, &operation.reply, &[]);
    }
    for webhook in &service.webhooks {
        let holder = format!("{}_push", webhook.name);
        let examples = webhook.examples.iter();
        let examples: Vec<(String, Value)> = examples
            .map(|(name, example)| (name.clone(), example.value.clone()))
            .collect();
        put(&holder, &examples, webhook.event(), &[]);
    }
    out
}

/// A test for each operation: it calls the operation, and the server answers with the example `success`.
fn operations(service: &Service) -> TokenStream {
    let krate = krate(service);
    let tests = service.operations.iter().filter_map(|operation| {
        let test = ident(&operation.id);
        let call = call(service, operation)?;
        let (success, _) = operation
            .reply_examples
            .iter()
            .find(|(name, _)| name == "success")?;
        let (reply, _) = name(&reply_holder(operation), success);
        // The part of the path before the first parameter.
        let path = operation.path.split(['{', '#']).next().unwrap_or_default();
        let line = format!("{} {path}", operation.method);
        Some(quote! {
            #[tokio::test]
            async fn #test() {
                let (session, request_line) = crate::support::answering(crate::examples::#reply);
                let client = #krate::Client::new(&session);
                #call
                reply.unwrap();
                let request_line = request_line.join().unwrap();
                assert!(request_line.starts_with(#line), "{request_line}");
            }
        })
    });
    quote!(#(#tests)*)
}

/// Code that calls an operation with the first example of its request; `None` if there is no example.
fn call(service: &Service, operation: &Operation) -> Option<TokenStream> {
    let krate = krate(service);
    let method = ident(&operation.id);
    let example = operation.request_examples.first();
    let request = match &operation.input {
        Input::Json(request) | Input::Parameters(request) if !service.has_fields(request) => {
            return Some(quote!(let reply = client.#method().await;));
        }
        Input::Json(request) | Input::Parameters(request) => {
            let request = ident(request);
            let (example, _) = name(&request_holder(operation), &example?.0);
            quote!(let request: #krate::#request = serde_json::from_str(crate::examples::#example).unwrap();)
        }
        Input::Multipart(request) => {
            let request = sample::expression(service, request, &example?.1, &krate.to_string())?;
            quote!(let request = #request;)
        }
    };
    Some(quote!(#request let reply = client.#method(&request).await;))
}
