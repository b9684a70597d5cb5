//! Formats tokens as the text of a file: imports, doc comments, blank lines, bodies of macros.
//!
//! Emitters write full paths; this module turns them into imports. prettyplease breaks the lines.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr, ExprLit, File, Item, ItemMacro, Lit, Meta};

/// Crates whose items are imported.
const IMPORTED: [&str; 2] = ["nxcloud_client", "serde"];

/// The text of a file. If tokens do not parse, an emitter has a bug: the text then contains `compile_error!` and the tokens.
pub(super) fn pretty(tokens: TokenStream) -> String {
    match syn::parse2(with_imports(tokens.clone())) {
        Ok(file) => unparse(file),
        Err(error) => format!("compile_error!(\"{error}\");\n{tokens}\n"),
    }
}

/// Imports items of [`IMPORTED`] and shortens their paths to the last segment (`codegen::Map` to the last two).
fn with_imports(tokens: TokenStream) -> TokenStream {
    let mut taken = BTreeSet::new();
    single_names(tokens.clone(), &mut taken);
    let mut used = IMPORTED.map(|_| BTreeSet::new());
    let body = shortened(tokens, &taken, &mut used);
    let mut imports = TokenStream::new();
    for (krate, used) in IMPORTED.into_iter().zip(used) {
        let krate = super::ident(krate);
        let names: Vec<Ident> = used.iter().map(|name| super::ident(name)).collect();
        match names.as_slice() {
            [] => {}
            [name] => imports.extend(quote!(use #krate::#name;)),
            names => imports.extend(quote!(use #krate::{#(#names),*};)),
        }
    }
    // Attributes of the file must come first.
    let (attributes, body) = split_attributes(body);
    quote!(#attributes #imports #body)
}

/// Splits `#![…]` at the start from the rest.
fn split_attributes(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut end = 0;
    while punct(tokens.get(end)) == Some('#') && punct(tokens.get(end + 1)) == Some('!') {
        end += 3;
    }
    let (attributes, rest) = tokens.split_at(end.min(tokens.len()));
    (
        attributes.iter().cloned().collect(),
        rest.iter().cloned().collect(),
    )
}

/// Every name without a path before it.
fn single_names(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut before = [None, None];
    for token in tokens {
        match &token {
            TokenTree::Group(group) => single_names(group.stream(), names),
            TokenTree::Ident(name) if before != [Some(':'), Some(':')] => {
                names.insert(name.to_string());
            }
            _ => {}
        }
        let [_, last] = before;
        before = [last, punct(Some(&token))];
    }
}

fn punct(token: Option<&TokenTree>) -> Option<char> {
    match token {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    }
}

/// Removes `krate::` before each name that is not used otherwise in the file. Imports are not changed.
fn shortened(
    tokens: TokenStream,
    taken: &BTreeSet<String>,
    used: &mut [BTreeSet<String>; IMPORTED.len()],
) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = TokenStream::new();
    let mut in_use = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(keyword) if keyword == "use" => in_use = true,
            TokenTree::Punct(end) if end.as_char() == ';' => in_use = false,
            _ => {}
        }
        let path = name_below(&tokens, at);
        if let Some((krate, name)) = path.filter(|(_, name)| !in_use && !taken.contains(name)) {
            used[krate].insert(name);
            at += 3;
            continue;
        }
        out.extend([match token {
            TokenTree::Group(group) => {
                let inner = shortened(group.stream(), taken, used);
                let mut changed = Group::new(group.delimiter(), inner);
                changed.set_span(group.span());
                TokenTree::Group(changed)
            }
            other => other.clone(),
        }]);
        at += 1;
    }
    out
}

/// If the tokens at an index are `krate::name`: the index of the crate in [`IMPORTED`], and the name.
fn name_below(tokens: &[TokenTree], at: usize) -> Option<(usize, String)> {
    match tokens.get(at..at + 4)? {
        [
            TokenTree::Ident(first),
            TokenTree::Punct(a),
            TokenTree::Punct(b),
            TokenTree::Ident(name),
        ] if a.as_char() == ':' && b.as_char() == ':' => {
            let krate = IMPORTED.iter().position(|krate| first == krate)?;
            Some((krate, name.to_string()))
        }
        _ => None,
    }
}

/// Prints items with blank lines between them; prettyplease writes none.
fn unparse(mut file: File) -> String {
    DocComments.visit_file_mut(&mut file);
    let mut parts: Vec<(Kind, String)> = Vec::new();
    if !file.attrs.is_empty() {
        parts.push((Kind::Other, print(std::mem::take(&mut file.attrs), None)));
    }
    for item in file.items {
        let kind = Kind::of(&item);
        let text = match &item {
            Item::Impl(_) | Item::Trait(_) | Item::Mod(_) => spaced(&print(Vec::new(), Some(item))),
            Item::Macro(call) => {
                open_enum(call).unwrap_or_else(|| print(Vec::new(), Some(item.clone())))
            }
            _ => print(Vec::new(), Some(item)),
        };
        parts.push((kind, text));
    }
    let mut out = String::new();
    let mut before = None;
    for (kind, text) in parts {
        if before.is_some_and(|before| before != kind || kind == Kind::Other) {
            out.push('\n');
        }
        out.push_str(&text);
        before = Some(kind);
    }
    out
}

/// Items of the same kind have no blank lines between them, except for `Other`.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Import,
    Module,
    Other,
}

impl Kind {
    fn of(item: &Item) -> Self {
        match item {
            Item::Use(_) => Self::Import,
            Item::Mod(module) if module.content.is_none() && !is_documented(&module.attrs) => {
                Self::Module
            }
            _ => Self::Other,
        }
    }
}

fn print(attrs: Vec<Attribute>, item: Option<Item>) -> String {
    prettyplease::unparse(&File {
        shebang: None,
        frontmatter: None,
        attrs,
        items: item.into_iter().collect(),
    })
}

/// Adds a blank line after each member of an `impl`, a trait or a module, but not between imports.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut ended = "";
    for line in text.lines() {
        let is_member = line.starts_with("    ") && !line.starts_with("     ");
        let is_member = is_member && !line.starts_with("    //");
        let are_imports = [ended, line]
            .iter()
            .all(|line| line.starts_with("    use "));
        if !ended.is_empty() && line != "}" && !are_imports {
            out.push('\n');
        }
        ended = if is_member && line.ends_with(['}', ';']) {
            line
        } else {
            ""
        };
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// `open_enum! { pub enum Name: base { … } }`, written as the enum that it is but for `: base`.
fn open_enum(call: &ItemMacro) -> Option<String> {
    call.mac
        .path
        .segments
        .last()
        .filter(|last| last.ident == "open_enum")?;
    let body: Vec<TokenTree> = call.mac.tokens.clone().into_iter().collect();
    let colon = body
        .iter()
        .position(|token| punct(Some(token)) == Some(':'))?;
    let (name, base) = (body.get(colon - 1)?, body.get(colon + 1)?);
    let plain = [body.get(..colon)?, body.get(colon + 2..)?].concat();
    let mut item: Item = syn::parse2(plain.into_iter().collect()).ok()?;
    DocComments.visit_item_mut(&mut item);
    let text = print(Vec::new(), Some(item));
    let text = text.replacen(
        &format!("enum {name} {{"),
        &format!("enum {name}: {base} {{"),
        1,
    );
    let path = call.mac.path.to_token_stream().to_string().replace(' ', "");
    let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
    Some(format!("{path}! {{\n{lines}}}\n"))
}

/// Splits doc comments into one attribute per line, with a space before the text, so that they are printed as `/// text`.
struct DocComments;

impl VisitMut for DocComments {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let all = std::mem::take(attributes);
        for attribute in all {
            match doc_text(&attribute) {
                None => attributes.push(attribute),
                Some(text) => {
                    let text = text.trim_matches('\n').trim_end();
                    // A space before the first line belongs to the comment. Without one there, spaces indent code.
                    let before = if text.starts_with(' ') { " " } else { "" };
                    for line in text.split('\n') {
                        let text = line.strip_prefix(before).unwrap_or(line).trim_end();
                        let text = if text.is_empty() {
                            String::new()
                        } else {
                            format!(" {text}")
                        };
                        let mut of_line = attribute.clone();
                        if let Meta::NameValue(pair) = &mut of_line.meta {
                            pair.value = syn::parse_quote!(#text);
                        }
                        attributes.push(of_line);
                    }
                }
            }
        }
    }
}

fn is_documented(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| doc_text(attribute).is_some())
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(source: &str) -> String {
        pretty(source.parse().unwrap())
    }

    #[test]
    fn paths_become_imports_unless_the_name_is_taken() {
        let text = formatted(
            "#![doc = \"Types.\"] use serde::ser::SerializeMap as _;
             #[derive(serde::Serialize)] struct Decimal(nxcloud_client::Decimal, nxcloud_client::Repairs, nxcloud_client::codegen::Map);",
        );
        assert_eq!(
            text,
            "//! Types.\n\nuse nxcloud_client::{Repairs, codegen};\nuse serde::Serialize;\nuse serde::ser::SerializeMap as _;\n\n\
             #[derive(Serialize)]\nstruct Decimal(nxcloud_client::Decimal, Repairs, codegen::Map);\n"
        );
    }

    #[test]
    fn members_have_blank_lines_and_comments_are_split_into_lines() {
        let text = formatted(
            "impl A { /** One.\n\nTwo. */ fn a() { if b { c() } d() } #[doc = \"Three.\"] const X: u8 = 1; fn e() {} }
             mod f { use g::h; use i::j; #[test] fn k() {} #[test] fn l() {} }",
        );
        assert_eq!(
            text,
            "impl A {\n    /// One.\n    ///\n    /// Two.\n    fn a() {\n        if b {\n            c()\n        }\n        d()\n    }\n\n    \
             /// Three.\n    const X: u8 = 1;\n\n    fn e() {}\n}\n\n\
             mod f {\n    use g::h;\n    use i::j;\n\n    #[test]\n    fn k() {}\n\n    #[test]\n    fn l() {}\n}\n"
        );
    }

    #[test]
    fn code_in_a_comment_keeps_its_lines_and_its_indentation() {
        let text = formatted(
            "impl A { #[doc = \"Text.\\n\\n```\\nlet a = f(\\n    1,\\n);\\nb();\\n# }\\n```\"] fn a() {} /// One.\nfn b() {} }",
        );
        assert_eq!(
            text,
            "impl A {\n    /// Text.\n    ///\n    /// ```\n    /// let a = f(\n    ///     1,\n    /// );\n    /// b();\n    /// # }\n    /// ```\n    fn a() {}\n\n    /// One.\n    fn b() {}\n}\n"
        );
    }

    #[test]
    fn the_body_of_an_open_enum_is_formatted() {
        let text = formatted(
            "nxcloud_client::codegen::open_enum! { #[doc = \"Whether.\"] pub enum Flag: i64 { #[doc = \"`1`: on.\"] On = 1, #[doc = \"Off.\"] Off = -1, } }",
        );
        assert_eq!(
            text,
            "use nxcloud_client::codegen;\n\ncodegen::open_enum! {\n    /// Whether.\n    pub enum Flag: i64 {\n        \
             /// `1`: on.\n        On = 1,\n        /// Off.\n        Off = -1,\n    }\n}\n"
        );
    }
}
