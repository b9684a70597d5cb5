//! `paging.rs`: how each paged request selects its next page.

use nxcloud_spec::document::Paging;
use proc_macro2::TokenStream;
use quote::quote;

use super::ident;
use super::types::rust_type;
use crate::model::{Field, Object, Operation, Service, Ty};
use crate::paths::object;

pub(super) fn paging(service: &Service) -> TokenStream {
    let impls = service
        .operations
        .iter()
        .filter_map(|operation| paged(service, operation, operation.paging.as_ref()?));
    let counts = service
        .operations
        .iter()
        .filter_map(|operation| operation.paging.as_ref());
    let counts = counts
        .clone()
        .any(|paging| !matches!(paging, Paging::Cursor { .. }));
    let imports = if counts {
        quote!(
            use nxcloud_client::{Paged, codegen::Page};
        )
    } else {
        quote!(
            use nxcloud_client::Paged;
        )
    };
    quote! {
        //! How each paged request selects its next page.

        #imports

        use super::replies::*;
        use super::requests::*;

        #(#impls)*
    }
}

/// Follows a path of wire names in a type. Returns the expression and the last field.
fn follow<'a>(
    service: &'a Service,
    start: &str,
    path: &str,
    root: TokenStream,
    mutable: bool,
) -> Option<(TokenStream, &'a Field)> {
    let mut expression = root;
    let mut holder = start.to_owned();
    let mut last = None;
    let mut steps = path.split('.').peekable();
    while let Some(wire) = steps.next() {
        let object = object(service, &holder)?;
        let field = object.fields.iter().find(|field| field.wire == wire)?;
        let member = ident(&field.rust);
        expression = quote!(#expression.#member);
        if steps.peek().is_some() {
            let Ty::Named(name) = &field.ty else {
                return None;
            };
            if !field.required {
                let access = ident(if mutable { "as_mut" } else { "as_ref" });
                expression = quote!(#expression.#access()?);
            }
            holder.clone_from(name);
        }
        last = Some(field);
    }
    Some((expression, last?))
}

/// The type of one item of a paged operation.
fn item_ty<'a>(service: &'a Service, operation: &Operation) -> Option<&'a Ty> {
    let items = operation.paging.as_ref()?.items();
    let (_, field) = follow(service, &operation.reply, items, quote!(reply), true)?;
    match &field.ty {
        Ty::List(item) => Some(item),
        _ => None,
    }
}

/// The Rust type of one item.
pub(super) fn item_type(service: &Service, operation: &Operation) -> Option<TokenStream> {
    item_ty(service, operation).map(rust_type)
}

/// One item, if it is an object.
pub(super) fn item<'a>(service: &'a Service, operation: &Operation) -> Option<&'a Object> {
    match item_ty(service, operation)? {
        Ty::Named(name) => object(service, name),
        _ => None,
    }
}

fn paged(service: &Service, operation: &Operation, paging: &Paging) -> Option<TokenStream> {
    let request_name = operation.input.type_name();
    let request = ident(request_name);
    let reply = ident(&operation.reply);
    let item = item_type(service, operation)?;
    let (items, _) = follow(
        service,
        &operation.reply,
        paging.items(),
        quote!(reply),
        true,
    )?;
    let fields = &object(service, request_name)?.fields;
    let cursor = fields
        .iter()
        .find(|field| field.wire == paging.position())?;
    let size = fields.iter().find(|field| field.wire == paging.size())?;
    let next = match paging {
        Paging::Page {
            total_pages: total, ..
        } => {
            let page = number(cursor, "1");
            let size = number(size, "0");
            let set = set(cursor, &quote!(page + 1));
            let total = total.as_ref().and_then(|total| {
                let (expression, _) =
                    follow(service, &operation.reply, total, quote!(reply), false)?;
                Some(optional(&expression))
            });
            let total = total.unwrap_or_else(|| quote!(None));
            quote! {
                let page = #page;
                let more = match #total {
                    Some(pages) => page < pages,
                    // Without a number of pages, the first page that is not full is the last.
                    None => Page::is_full(items, #size),
                };
                #set
                more
            }
        }
        Paging::Offset { .. } => {
            let offset = number(cursor, "0");
            let limit = number(size, "0");
            let max = size
                .limits
                .maximum
                .clone()
                .unwrap_or_else(|| "0".to_owned());
            let max: TokenStream = max.parse().ok()?;
            let set = set(cursor, &quote!(offset + Page::count(items)));
            quote! {
                let offset = #offset;
                // 0 requests all items, which the platform cuts at the maximum page size.
                let limit = if #limit == 0 { #max } else { #limit };
                #set
                Page::is_full(items, limit)
            }
        }
        Paging::Cursor { next, more, .. } => {
            let (next, _) = follow(service, &operation.reply, next, quote!(reply), false)?;
            let (more, _) = follow(service, &operation.reply, more, quote!(reply), false)?;
            let member = ident(&cursor.rust);
            let (next, more) = (
                optional(&quote!(#next.clone())),
                optional(&quote!(#more.clone())),
            );
            quote! {
                let more = #more.is_some_and(|next| !next.is_empty());
                // Without another cursor the request does not change, and the stream reports a repeated page.
                if let Some(next) = #next.filter(|next| !next.is_empty()) {
                    self.#member = Some(next);
                }
                more
            }
        }
    };
    let take = quote!(std::mem::take(&mut #items));
    let take = if may_fail(&items) {
        let inner = optional(&quote!(Some(#take)));
        quote!(#inner.unwrap_or_default())
    } else {
        take
    };
    let parameter = |name: &str| {
        let is_used = next
            .to_string()
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| part == name);
        if is_used {
            ident(name)
        } else {
            ident(&format!("_{name}"))
        }
    };
    let (reply_name, items_name) = (parameter("reply"), parameter("items"));
    Some(quote! {
        impl Paged for #request {
            type Item = #item;

            fn take_items(reply: &mut #reply) -> Vec<#item> {
                #take
            }

            fn turn(&mut self, #reply_name: &#reply, #items_name: usize) -> bool {
                #next
            }
        }
    })
}

/// Whether an expression contains `?`.
fn may_fail(expression: &TokenStream) -> bool {
    expression.to_string().contains('?')
}

/// An expression of an `Option` type. If it contains `?`, it is wrapped in a closure.
fn optional(expression: &TokenStream) -> TokenStream {
    if may_fail(expression) {
        quote!((|| #expression)())
    } else {
        quote!(#expression)
    }
}

fn number(field: &Field, default: &str) -> TokenStream {
    let member = ident(&field.rust);
    let default: TokenStream = field
        .default
        .as_deref()
        .unwrap_or(default)
        .parse()
        .unwrap_or_default();
    if field.required {
        quote!(self.#member)
    } else {
        quote!(self.#member.unwrap_or(#default))
    }
}

fn set(field: &Field, value: &TokenStream) -> TokenStream {
    let member = ident(&field.rust);
    if field.required {
        quote!(self.#member = #value;)
    } else {
        quote!(self.#member = Some(#value);)
    }
}
