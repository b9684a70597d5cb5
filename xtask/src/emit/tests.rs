//! `tests/generated/`: every example round-trips, every operation is called.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{ident, sample};
use crate::model::{Input, Operation, Place, Service, Ty};
use crate::names;

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

pub(super) fn examples(service: &Service) -> TokenStream {
    let mut tests = Vec::new();
    for operation in &service.operations {
        if let Input::Json(request) | Input::Parameters(request) = &operation.input {
            let apart: Vec<&str> = match &operation.input {
                Input::Json(_) => service
                    .parameters(operation)
                    .map(|field| field.wire.as_str())
                    .collect(),
                _ => Vec::new(),
            };
            let holder = format!("{}_request", operation.id);
            for example in &operation.request_examples {
                tests.push(test(service, &holder, example, request, &apart, false));
            }
        }
        let holder = format!("{}_reply", operation.id);
        for example in &operation.reply_examples {
            tests.push(test(service, &holder, example, &operation.reply, &[], true));
        }
    }
    for webhook in &service.webhooks {
        let holder = format!("{}_push", webhook.name);
        for (name, example) in &webhook.examples {
            let example = (name.clone(), example.value.clone());
            tests.push(test(service, &holder, &example, webhook.event(), &[], true));
        }
    }
    quote! {
        use nxcloud_sandbox::testing;
        use proptest::collection::vec;
        use proptest::prelude::{any, proptest};

        #(#tests)*
    }
}

fn test(
    service: &Service,
    holder: &str,
    (name, example): &(String, Value),
    ty: &str,
    apart: &[&str],
    lenient: bool,
) -> TokenStream {
    let krate = ident(&service.package.replace('-', "_"));
    let test = ident(&names::test(holder, name));
    let ty = ident(ty);
    let text = pretty(example);
    let mutated = lenient.then(|| quote!(testing::decodes_whatever_happens::<#krate::#ty>(#text);));
    let changed = ident(&names::test(holder, &format!("{name}_changed")));
    let changed = lenient.then(|| {
        quote! {
            proptest! {
                #[test]
                fn #changed(changes in vec(any::<(usize, usize)>(), 1..8)) {
                    testing::decodes_changed::<#krate::#ty>(#text, &changes);
                }
            }
        }
    });
    quote! {
        #[test]
        fn #test() {
            testing::round_trip::<#krate::#ty>(#text, &[#(#apart),*]);
            #mutated
        }

        #changed
    }
}

pub(super) fn operations(service: &Service) -> TokenStream {
    let krate = ident(&service.package.replace('-', "_"));
    let tests = service.operations.iter().map(|operation| {
        let name = ident(&operation.id);
        let id = &operation.id;
        let example = operation.request_examples.first();
        let text = example.map(|(_, value)| pretty(value)).unwrap_or_default();
        let call = match &operation.input {
            Input::Json(request) | Input::Parameters(request) if !service.has_fields(request) => {
                quote!(client.#name().await)
            }
            Input::Json(request) | Input::Parameters(request) => {
                let request = ident(request);
                quote!({
                    let request: #krate::#request = serde_json::from_str(#text).unwrap();
                    client.#name(&request).await
                })
            }
            Input::Multipart(_) => {
                let request = example.and_then(|(_, value)| {
                    sample::expression(
                        service,
                        operation.input.type_name(),
                        value,
                        &krate.to_string(),
                    )
                });
                quote!(client.#name(&#request).await)
            }
        };
        quote! {
            #[tokio::test]
            async fn #name() {
                let sandbox = Sandbox::start().await.unwrap();
                let client = Client::new(&session(&sandbox));
                let reply = #call;
                reply.unwrap();
                let received = sandbox.requests_for(#id);
                assert_eq!(received.len(), 1, "the operation reached the sandbox once");
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
    let codes = service.all_codes().map(|code| {
        let (name, text) = (ident(&code.name), &code.name);
        let number = proc_macro2::Literal::i64_unsuffixed(code.code);
        quote!((#krate::codes::#name, #number, #text))
    });
    let pushes = service
        .webhooks
        .iter()
        .any(|webhook| !webhook.codes.is_empty());
    let pushed = if pushes {
        quote!(#krate::codes::PUSHED)
    } else {
        quote!(&[])
    };
    quote! {
        use #krate::{Client, Code, CodeInfo, Credentials, Session};
        use nxcloud_sandbox::{Sandbox, testing};

        fn session(sandbox: &Sandbox) -> Session {
            let credentials = Credentials::nxcloud(testing::ACCESS_KEY, testing::ACCESS_SECRET)
                .and_then(|credentials| credentials.with_antbuddy(testing::APP_ID, testing::APP_SECRET));
            Session::builder().credentials(credentials.unwrap()).base_url(sandbox.url()).build().unwrap()
        }

        #(#tests)*

        #(#paths)*

        #[test]
        fn every_code_of_the_spec_is_a_constant_and_in_a_table() {
            let codes: &[(Code, i64, &str)] = &[#(#codes),*];
            let pushed: &[CodeInfo] = #pushed;
            for (code, number, name) in codes {
                assert_eq!(code.value(), *number);
                let of_operations = #krate::operations::ALL.iter().filter_map(|operation| operation.code_info(*code));
                let of_pushes = pushed.iter().filter(|info| info.code == *code);
                assert!(of_operations.chain(of_pushes).any(|info| info.name == *name), "{name} is in no table");
            }
        }
    }
}

/// A path parameter stays one segment of its operation's path, whatever it holds, or is refused.
fn path(service: &Service, operation: &Operation, wire: &str, member: &str) -> TokenStream {
    let krate = ident(&service.package.replace('-', "_"));
    let member = ident(member);
    let test = ident(&format!("{}_{member}_is_one_segment", operation.id));
    let request = ident(operation.input.type_name());
    let example = operation.request_examples.first();
    let text = example.map(|(_, value)| pretty(value)).unwrap_or_default();
    let segments = operation.path.matches('/').count();
    let field = format!("`{wire}`");
    quote! {
        #[test]
        fn #test() {
            let credentials = Credentials::nxcloud(testing::ACCESS_KEY, testing::ACCESS_SECRET)
                .and_then(|credentials| credentials.with_antbuddy(testing::APP_ID, testing::APP_SECRET));
            // Refused even where limits are not checked.
            let session = Session::builder().credentials(credentials.unwrap()).local_checks(false).build().unwrap();
            let presign = |value: &str| {
                let mut request: #krate::#request = serde_json::from_str(#text).unwrap();
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
