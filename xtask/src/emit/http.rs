//! `http.rs`: progenitor's output over a reduced spec.
//!
//! progenitor gets paths, methods and media types of requests. Every schema is replaced by a type of this generator, because
//! progenitor's types drop unknown fields and fail on nulls. Its code only builds requests: a hook stores each request, and the client
//! signs it, sends it and reads the reply.

use openapiv3::OpenAPI;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::{ToTokens, quote};
use serde_json::{Map, Value, json};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, File, ImplItem, Item, Stmt};

use super::{ident, mentions};
use crate::model::{Input, Place, Service, Ty};

pub(super) fn http(service: &Service) -> Result<TokenStream, String> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(nxcloud_client::codegen::Call));
    let mut schemas = Map::new();
    let mut named = |name: &str| {
        schemas.insert(name.to_owned(), json!({"type": "object"}));
        settings.with_replacement(
            name,
            format!("crate::generated::requests::{name}"),
            std::iter::empty(),
        );
        json!({"schema": {"$ref": format!("#/components/schemas/{name}")}})
    };
    let mut paths = Map::new();
    for operation in &service.operations {
        let mut body = json!({
            "operationId": operation.id,
            // The client reads replies.
            "responses": {"200": {"description": ""}},
        });
        match &operation.input {
            Input::Parameters(_) => {}
            Input::Json(request) => {
                let request = named(request);
                body["requestBody"] =
                    json!({"required": true, "content": {"application/json": request}});
            }
            // progenitor does not support multipart. It gets an empty body, which the hook replaces with the form.
            Input::Multipart(_) => {
                let bytes = json!({"schema": {"type": "string", "format": "binary"}});
                body["requestBody"] =
                    json!({"required": true, "content": {"application/octet-stream": bytes}});
            }
        }
        let parameters = service.parameters(operation).map(|field| {
            json!({
                "name": field.wire,
                "in": if field.place == Place::Path { "path" } else { "query" },
                "required": field.required,
                "schema": {"type": plain_type(&field.ty)},
            })
        });
        body["parameters"] = parameters.collect();
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        item[operation.method.to_lowercase()] = body;
    }
    let reduced: Value = json!({
        "openapi": "3.0.3",
        "info": {"title": service.title, "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    });
    let reduced: OpenAPI = serde_json::from_value(reduced).map_err(|error| error.to_string())?;
    let tokens = Generator::new(&settings)
        .generate_tokens(&reduced)
        .map_err(|error| format!("progenitor: {error}"))?;
    without_dead_items(with_encoded_paths(tokens))
        .map_err(|error| format!("output of progenitor: {error}"))
}

/// Removes unused items: modules of types and re-exports, constructors, and the header `api-version`, which the platform does not
/// define.
fn without_dead_items(tokens: TokenStream) -> syn::Result<TokenStream> {
    let mut file: File = syn::parse2(tokens)?;
    file.items.retain_mut(|item| match item {
        Item::Mod(module) => module.ident != "types" && module.ident != "prelude",
        Item::Use(_) => false,
        Item::Impl(block) => {
            block.attrs.clear();
            block.items.retain(|item| match item {
                ImplItem::Fn(method) => {
                    method.sig.ident != "new" && method.sig.ident != "new_with_client"
                }
                _ => true,
            });
            block.trait_.is_some() || !block.items.is_empty()
        }
        _ => true,
    });
    WithoutApiVersion.visit_file_mut(&mut file);
    let file = file.into_token_stream();
    let imports = [
        "ByteStream",
        "ClientHooks",
        "ClientInfo",
        "Error",
        "OperationInfo",
        "ResponseValue",
    ]
    .into_iter()
    .filter(|name| mentions(file.clone(), name))
    .map(ident);
    Ok(quote! {
        use progenitor_client::{#(#imports),*};

        #file
    })
}

struct WithoutApiVersion;

impl VisitMut for WithoutApiVersion {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let of_map = |statement: &Stmt| match statement {
            Stmt::Local(local) => is_named(&local.pat, "header_map"),
            Stmt::Expr(Expr::MethodCall(call), _) => is_named(&call.receiver, "header_map"),
            _ => false,
        };
        // One statement creates the map, one fills it. A third would be a header of an operation.
        if block
            .stmts
            .iter()
            .filter(|statement| of_map(statement))
            .count()
            == 2
        {
            block.stmts.retain(|statement| !of_map(statement));
            WithoutHeaderMap.visit_block_mut(block);
        }
    }
}

/// Removes `.headers(header_map)` from a chain of calls.
struct WithoutHeaderMap;

impl VisitMut for WithoutHeaderMap {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
            && call
                .args
                .iter()
                .any(|argument| is_named(argument, "header_map"))
        {
            *expression = (*call.receiver).clone();
        }
    }
}

fn is_named(node: &impl ToTokens, name: &str) -> bool {
    let text = node.to_token_stream().to_string();
    text.trim_start_matches("mut ") == name
}

/// Calls the client's `encode_path` instead of progenitor's, which does not encode `\`.
fn with_encoded_paths(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut out = TokenStream::new();
    while let Some(token) = tokens.next() {
        let is_call = matches!(tokens.peek(), Some(TokenTree::Group(next)) if next.delimiter() == Delimiter::Parenthesis);
        match token {
            TokenTree::Ident(name) if name == "encode_path" && is_call => {
                out.extend(quote!(nxcloud_client::codegen::encode_path));
            }
            TokenTree::Group(group) => {
                let inner = with_encoded_paths(group.stream());
                let mut changed = Group::new(group.delimiter(), inner);
                changed.set_span(group.span());
                out.extend([TokenTree::Group(changed)]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// A type without a format: progenitor would generate types for formats.
fn plain_type(ty: &Ty) -> &'static str {
    match ty {
        Ty::Integer | Ty::UnixSeconds => "integer",
        Ty::Float => "number",
        Ty::Boolean => "boolean",
        _ => "string",
    }
}
