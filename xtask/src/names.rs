//! Names: from the wire to Rust.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// `sourceAddress` to `source_address`; a Rust keyword gets a trailing underscore.
#[must_use]
pub fn field(wire: &str) -> String {
    escape(&wire.to_snake_case())
}

/// `number-check` to `number_check`.
#[must_use]
pub fn module(name: &str) -> String {
    name.to_snake_case()
}

/// `send_sms` to `SEND_SMS`.
#[must_use]
pub fn constant(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// `text_image` to `TextImage`; a leading digit gets a `V`.
#[must_use]
pub fn variant(value: &str) -> String {
    let name = value.to_upper_camel_case();
    match name.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("V{name}"),
        _ => name,
    }
}

/// What serde's `rename_all = "camelCase"` makes of a field.
#[must_use]
pub fn camel_case(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut raise = false;
    for c in field.chars() {
        match c {
            '_' => raise = !out.is_empty(),
            c if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            c if out.is_empty() => out.push(c.to_ascii_lowercase()),
            c => out.push(c),
        }
    }
    out
}

/// Appends an underscore to what Rust reserves.
#[must_use]
pub fn escape(name: &str) -> String {
    if syn::parse_str::<syn::Ident>(name).is_ok() {
        name.to_owned()
    } else {
        format!("{name}_")
    }
}

/// Whether the name can stand as it is in Rust.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok()
}

/// Text for rustdoc: brackets and angle brackets outside code spans would be read as links and tags; `<https://…>` is a link.
#[must_use]
pub fn doc_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut code, mut link) = (false, false);
    let text = text.trim();
    for (at, c) in text.char_indices() {
        match c {
            '`' => code = !code,
            '<' if text[at..].starts_with("<http") => link = true,
            '>' if link => link = false,
            '[' | ']' | '<' | '>' if !code => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_rust_names() {
        assert_eq!(field("sourceAddress"), "source_address");
        assert_eq!(field("Media-ID"), "media_id");
        assert_eq!(field("type"), "type_");
        assert_eq!(field("self"), "self_");
        assert_eq!(variant("text_image_button"), "TextImageButton");
        assert_eq!(variant("2G"), "V2g");
        assert_eq!(constant("send_sms"), "SEND_SMS");
        assert_eq!(camel_case("source_address"), "sourceAddress");
        assert_eq!(camel_case("type_"), "type");
        assert_eq!(camel_case("v_2g"), "v2g");
    }

    #[test]
    fn documentation_is_not_read_as_markup() {
        assert_eq!(doc_text("a [b] `[c]` <d>"), "a \\[b\\] `[c]` \\<d\\>");
        assert_eq!(
            doc_text("see <https://x.example>"),
            "see <https://x.example>"
        );
    }
}
