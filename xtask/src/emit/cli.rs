//! The command's tables: what each operation takes, and the function that calls it through the typed crate.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToKebabCase;
use proc_macro2::TokenStream;
use quote::quote;

use super::{ident, marker, pretty, sentence};
use crate::model::{Field, Input, Object, Operation, Service, Ty, TypeKind, Union};
use crate::names;

/// The command's generated files, by their path in its crate.
#[must_use]
pub fn cli_files(services: &[Service]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for service in services {
        let module = names::module(&service.name);
        let source = format!("specs/{}.yaml", service.name);
        let text = format!("// {}\n{}", marker(&source), pretty(tables(service)));
        files.insert(format!("src/generated/{module}.rs"), text);
    }
    let modules = services
        .iter()
        .map(|service| ident(&names::module(&service.name)));
    let rows = modules.clone().map(|module| quote!(&#module::SERVICE));
    let index = quote! {
        //! Every operation and push of every spec.

        use crate::table::Service;

        #(mod #modules;)*

        /// Every service, sorted by name.
        pub(crate) static SERVICES: &[&Service] = &[#(#rows),*];
    };
    let text = format!("// {}\n{}", marker("specs/*.yaml"), pretty(index));
    files.insert("src/generated/mod.rs".to_owned(), text);
    files
}

fn tables(service: &Service) -> TokenStream {
    let (name, title) = (&service.name, &service.title);
    let about = sentence(&one_line(&service.description));
    let commands = service
        .operations
        .iter()
        .map(|operation| command(service, operation));
    let functions = service
        .operations
        .iter()
        .filter_map(|operation| function(service, operation));
    let pushes = service.webhooks.iter().map(|webhook| {
        let (name, signed) = (&webhook.name, webhook.signed);
        let about = sentence(&one_line(&webhook.description));
        let (actions, examples) = (
            &webhook.actions,
            webhook.examples.iter().map(|(name, _)| name),
        );
        let reply = match &webhook.reply {
            Some(reply) => quote!(Some(#reply)),
            None => quote!(None),
        };
        quote! {
            Push {
                name: #name,
                about: #about,
                signed: #signed,
                actions: &[#(#actions),*],
                examples: &[#(#examples),*],
                reply: #reply,
            }
        }
    });
    let mut wanted = Wanted::default();
    for operation in &service.operations {
        wanted.add(service, operation.input.type_name());
    }
    let shapes = wanted.names.iter().filter_map(|name| shape(service, name));
    let module = format!("Commands of {title}.");
    quote! {
        #![doc = #module]

        #[allow(unused_imports, reason = "a service may take forms only")]
        use crate::job;
        #[allow(unused_imports, reason = "not every service has every kind of field, or pushes")]
        use crate::table::{
            Choice, Command, Example, Field, Input, Job, Object, Push, Running, Service, Ty, Union, Variant,
        };

        pub(crate) static SERVICE: Service = Service {
            name: #name,
            title: #title,
            about: #about,
            commands: &[#(#commands),*],
            pushes: &[#(#pushes),*],
        };

        #(#functions)*

        #(#shapes)*
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn facade(service: &Service) -> TokenStream {
    let module = ident(&names::module(&service.name));
    quote!(nxcloud::#module)
}

fn command(service: &Service, operation: &Operation) -> TokenStream {
    let root = facade(service);
    let row = ident(&names::constant(&operation.id));
    let run = run(service, operation);
    let name = operation.id.replace('_', "-");
    let about = sentence(&one_line(&operation.summary));
    let long = one_line(&operation.description);
    let input = match &operation.input {
        Input::Parameters(name) | Input::Json(name) => {
            let shape = shape_name(name);
            quote!(Input::Object(&#shape))
        }
        Input::Multipart(name) => {
            let shape = shape_name(name);
            quote!(Input::Form(&#shape))
        }
    };
    let examples = operation.request_examples.iter().map(|(name, value)| {
        let json = serde_json::to_string_pretty(value).unwrap_or_default();
        quote!(Example { name: #name, json: #json })
    });
    let paged = operation.paging.is_some();
    quote! {
        Command {
            name: #name,
            about: #about,
            long: #long,
            operation: &#root::operations::#row,
            input: #input,
            paged: #paged,
            examples: &[#(#examples),*],
            run: #run,
        }
    }
}

/// The function that makes the request of the command's arguments and sends it. Only forms need one of their own.
fn run(service: &Service, operation: &Operation) -> TokenStream {
    let root = facade(service);
    let request = ident(operation.input.type_name());
    match (&operation.input, &operation.paging) {
        (Input::Multipart(_), _) => {
            let name = ident(&operation.id);
            quote!(#name)
        }
        (_, Some(_)) => quote!(job::send_paged::<#root::#request>),
        (_, None) => quote!(job::send::<#root::#request>),
    }
}

/// The function of a form.
fn function(service: &Service, operation: &Operation) -> Option<TokenStream> {
    let Input::Multipart(ty) = &operation.input else {
        return None;
    };
    let root = facade(service);
    let name = ident(&operation.id);
    let (arguments, setters) = form(service, ty);
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

/// The arguments of a form's constructor, and the setters of what is not required.
fn form(service: &Service, ty: &str) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut arguments = Vec::new();
    let mut setters = Vec::new();
    let Some(TypeKind::Object(object)) = service.type_def(ty).map(|def| &def.kind) else {
        return (arguments, setters);
    };
    for field in parts(object).filter(|field| field.constant.is_none()) {
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

/// The fields that the caller sees: of a form not the part `type`, which repeats the file's MIME type.
fn parts(object: &Object) -> impl Iterator<Item = &Field> {
    let is_form = object.fields.iter().any(|field| field.ty == Ty::Upload);
    let fields = object.fields.iter();
    fields.filter(move |field| !(is_form && field.wire == "type"))
}

/// The types that requests are made of.
#[derive(Default)]
struct Wanted {
    names: BTreeSet<String>,
}

impl Wanted {
    fn add(&mut self, service: &Service, name: &str) {
        let Some(def) = service.type_def(name) else {
            return;
        };
        if !self.names.insert(name.to_owned()) {
            return;
        }
        match &def.kind {
            TypeKind::Enum { .. } => {}
            TypeKind::Union(union) => {
                for (_, _, ty) in &union.variants {
                    self.add(service, ty);
                }
            }
            TypeKind::Object(object) => {
                for field in &object.fields {
                    self.add_type(service, &field.ty);
                }
                if let Some((_, union)) = &object.flattened {
                    self.add(service, union);
                }
            }
        }
    }

    fn add_type(&mut self, service: &Service, ty: &Ty) {
        match ty {
            Ty::Named(name) => self.add(service, name),
            Ty::List(inner) | Ty::Map(inner) => self.add_type(service, inner),
            _ => {}
        }
    }
}

fn shape_name(name: &str) -> proc_macro2::Ident {
    ident(&format!("{}_SHAPE", names::constant(name)))
}

fn shape(service: &Service, name: &str) -> Option<TokenStream> {
    let shape = shape_name(name);
    Some(match &service.type_def(name)?.kind {
        TypeKind::Enum { integer, values } => {
            let values = values.iter().map(|value| {
                let text = match &value.value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let meaning = one_line(&value.meaning);
                quote!((#text, #meaning))
            });
            quote! {
                static #shape: Choice = Choice { integer: #integer, values: &[#(#values),*] };
            }
        }
        TypeKind::Union(union) => union_shape(service, &shape, union),
        TypeKind::Object(object) => {
            let fields = parts(object).map(|field| self::field(service, field));
            let flattened = match &object.flattened {
                Some((_, union)) => {
                    let union = shape_name(union);
                    quote!(Some(&#union))
                }
                None => quote!(None),
            };
            quote! {
                static #shape: Object = Object { fields: &[#(#fields),*], flattened: #flattened };
            }
        }
    })
}

fn union_shape(service: &Service, shape: &proc_macro2::Ident, union: &Union) -> TokenStream {
    let tag = &union.tag;
    let flag = tag.to_kebab_case();
    let variants = union.variants.iter().map(|(value, _, ty)| {
        let inner = type_shape(service, &Ty::Named(ty.clone()));
        quote!(Variant { tag: #value, ty: #inner })
    });
    quote! {
        static #shape: Union = Union { tag: #tag, flag: #flag, variants: &[#(#variants),*] };
    }
}

fn field(service: &Service, field: &Field) -> TokenStream {
    let (wire, required) = (&field.wire, field.required);
    let help = one_line(&field.description);
    let ty = type_shape(service, &field.ty);
    let constant = match &field.constant {
        Some(constant) => quote!(Some(#constant)),
        None => quote!(None),
    };
    let flag = field.rust.to_kebab_case();
    quote!(Field { wire: #wire, flag: #flag, help: #help, ty: #ty, required: #required, constant: #constant })
}

fn type_shape(service: &Service, ty: &Ty) -> TokenStream {
    match ty {
        Ty::Text | Ty::AppKey => quote!(Ty::Text),
        Ty::Integer => quote!(Ty::Integer),
        Ty::QuotedInteger => quote!(Ty::QuotedInteger),
        Ty::Float => quote!(Ty::Float),
        Ty::Decimal => quote!(Ty::Decimal),
        Ty::Date => quote!(Ty::Date),
        Ty::DateTime => quote!(Ty::DateTime),
        Ty::UnixSeconds => quote!(Ty::UnixSeconds),
        // Replies only.
        Ty::Time(_) => quote!(Ty::Text),
        Ty::Boolean => quote!(Ty::Boolean),
        Ty::Json => quote!(Ty::Json),
        Ty::Upload => quote!(Ty::File),
        Ty::List(inner) => {
            let inner = type_shape(service, inner);
            quote!(Ty::List(&#inner))
        }
        Ty::Map(inner) => {
            let inner = type_shape(service, inner);
            quote!(Ty::Map(&#inner))
        }
        Ty::Named(name) => {
            let shape = shape_name(name);
            match service.type_def(name).map(|def| &def.kind) {
                Some(TypeKind::Enum { .. }) => quote!(Ty::Choice(&#shape)),
                Some(TypeKind::Union(_)) => quote!(Ty::Union(&#shape)),
                _ => quote!(Ty::Object(&#shape)),
            }
        }
    }
}
