//! The generated file of the command line: the functions that send operations with the typed crates. The rest of the command line reads
//! the specs at run time.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::{ident, marker, pretty};
use crate::model::{Field, Input, Object, Operation, Service, Ty, TypeKind};
use crate::names;

/// The generated files of the command line, by path.
#[must_use]
pub fn cli_files(services: &[Service]) -> BTreeMap<String, String> {
    let titles = services.iter().map(|service| {
        let (name, title) = (&service.name, &service.title);
        quote!((#name, #title))
    });
    let operations = services.iter().flat_map(|service| {
        let operations = service.operations.iter();
        operations.map(move |operation| (service, operation))
    });
    let rows = operations.clone().map(|(service, operation)| {
        let (name, id) = (&service.name, &operation.id);
        let send = send(service, operation);
        quote!((#name, #id) => #send,)
    });
    // A campaign needs receipts: a service without pushes has none.
    let campaigns = operations
        .clone()
        .filter(|(service, operation)| operation.message.is_some() && !service.webhooks.is_empty());
    let campaigns = campaigns.map(|(service, operation)| {
        let module = ident(&names::module(&service.name));
        let request = ident(operation.input.type_name());
        quote!(&Of::<nxcloud::#module::#request, nxcloud::webhooks::#module::Event>::NEW)
    });
    let forms = operations.filter_map(|(service, operation)| form(service, operation));
    let tokens = quote! {
        //! The functions that send operations with the typed crates.

        #[allow(unused_imports, reason = "not every set of specs sends messages")]
        use crate::campaign::operation::{Of, Operation};
        #[allow(unused_imports, reason = "not every set of specs has forms, or operations at all")]
        use crate::job::{self, Job, Running, SendFn};

        /// Name and title of every service, sorted by name. A list of the services needs no specs.
        pub(crate) const SERVICES: &[(&str, &str)] = &[#(#titles),*];

        /// The operations that a campaign can send.
        pub(crate) const CAMPAIGNS: &[&dyn Operation] = &[#(#campaigns),*];

        /// The function that sends an operation.
        pub(crate) fn send(service: &str, operation: &str) -> Option<SendFn> {
            Some(match (service, operation) {
                #(#rows)*
                _ => return None,
            })
        }

        #(#forms)*
    };
    let text = format!("// {}\n{}", marker("specs/*.yaml"), pretty(tokens));
    BTreeMap::from([("src/generated/mod.rs".to_owned(), text)])
}

fn facade(service: &Service) -> TokenStream {
    let module = ident(&names::module(&service.name));
    quote!(nxcloud::#module)
}

/// The function that creates a request from the arguments of the command and sends it. Each form has its own function.
fn send(service: &Service, operation: &Operation) -> TokenStream {
    let root = facade(service);
    let request = ident(operation.input.type_name());
    match (&operation.input, &operation.paging) {
        (Input::Multipart(_), _) => {
            let name = form_name(service, operation);
            quote!(#name)
        }
        (_, Some(_)) => quote!(job::send_paged::<#root::#request>),
        (_, None) => quote!(job::send::<#root::#request>),
    }
}

fn form_name(service: &Service, operation: &Operation) -> proc_macro2::Ident {
    ident(&format!(
        "{}_{}",
        names::module(&service.name),
        operation.id
    ))
}

/// The function of a form.
fn form(service: &Service, operation: &Operation) -> Option<TokenStream> {
    let Input::Multipart(ty) = &operation.input else {
        return None;
    };
    let root = facade(service);
    let name = form_name(service, operation);
    let (arguments, setters) = parts(service, ty);
    let ty = ident(ty);
    let mutable = (!setters.is_empty()).then(|| quote!(mut));
    Some(quote! {
        fn #name(job: &Job) -> Running<'_> {
            Box::pin(async move {
                let #mutable request = #root::#ty::new(#(#arguments),*);
                #(#setters)*
                job.run(&request).await
            })
        }
    })
}

/// The arguments of a form's constructor, and the setters of optional parts.
fn parts(service: &Service, ty: &str) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut arguments = Vec::new();
    let mut setters = Vec::new();
    let Some(TypeKind::Object(object)) = service.type_def(ty).map(|def| &def.kind) else {
        return (arguments, setters);
    };
    for field in visible(object).filter(|field| field.constant.is_none()) {
        let wire = &field.wire;
        match (field.ty == Ty::Upload, field.required) {
            (true, _) => arguments.push(quote!(job.upload()?)),
            (false, true) => arguments.push(quote!(job.text(#wire)?)),
            (false, false) => {
                let setter = ident(&format!("with_{}", field.rust.trim_end_matches('_')));
                setters.push(quote!(if let Some(text) = job.part(#wire) {
                    request = request.#setter(text);
                }));
            }
        }
    }
    (arguments, setters)
}

/// The fields that a caller sets: all but the part `type`, which repeats the file's MIME type.
fn visible(form: &Object) -> impl Iterator<Item = &Field> {
    form.fields.iter().filter(|field| field.wire != "type")
}
