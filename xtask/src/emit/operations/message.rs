//! The constant `MESSAGE` of a request.

use nxcloud_spec::message::{Answer, Message};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::emit::ident;
use crate::model::Service;
use crate::names;

/// The constant for `x-nx-message` and the receipts of its pushes.
pub(super) fn constant(service: &Service, message: &Message) -> TokenStream {
    let Message {
        channel,
        to,
        several,
        text,
        media,
        name,
        ..
    } = message;
    let (from, kind) = (option(&message.from), option(&message.kind));
    let (id, echo) = (option(&message.id), option(&message.echo));
    let receipts = message.receipts.iter();
    let receipts = receipts.filter_map(|push| receipt(service, push));
    let answer = match &message.answer {
        Some(Answer {
            push, from, text, ..
        }) => quote!(Some(nxcloud_client::codegen::MessageAnswer::new(#push, #from, #text))),
        None => quote!(None),
    };
    quote! {
        const MESSAGE: Option<&'static nxcloud_client::codegen::Message> = {
            static MESSAGE: nxcloud_client::codegen::Message =
                nxcloud_client::codegen::Message::new(#channel, #to, #several)
                    .with_sender(#from, #kind)
                    .with_content(&[#(#text),*], &[#(#media),*], &[#(#name),*])
                    .with_tracking(#id, #echo, &[#(#receipts),*], #answer);
            Some(&MESSAGE)
        };
    }
}

fn receipt(service: &Service, push: &str) -> Option<TokenStream> {
    let schema = &service.spec.webhook(push)?.schema;
    let (path, receipt) = service.spec.schema(schema).receipt()?;
    // Every entry of a list is a receipt.
    let path = path
        .split('.')
        .fold(String::new(), |path, step| match step {
            "0" => path + "[]",
            step if path.is_empty() => step.to_owned(),
            step => format!("{path}.{step}"),
        });
    let id = &receipt.id;
    let digits = Literal::usize_unsuffixed(receipt.digits.unwrap_or_default());
    let status = option(&receipt.status);
    let states = receipt.states.iter().map(|(value, state)| {
        let state = ident(&names::variant(state.as_str()));
        quote!((#value, nxcloud_client::codegen::MessageState::#state))
    });
    let [echo, price, currency, parts] = [
        &receipt.echo,
        &receipt.price,
        &receipt.currency,
        &receipt.parts,
    ]
    .map(option);
    Some(quote! {
        nxcloud_client::codegen::MessageReceipt::new(#push, #path, #id, #digits, #status, &[#(#states),*])
            .with_fields(#echo, #price, #currency, #parts)
    })
}

fn option(text: &Option<String>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}
