//! Names: from the wire to Rust, and which of them are taken. Nothing else decides about names.

use heck::{ToKebabCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// What every service crate re-exports of the client, beside `Items` and `Upload` where they are needed.
pub const RE_EXPORTED: [&str; 20] = [
    "AppKey",
    "CallOptions",
    "Code",
    "CodeInfo",
    "CodeKind",
    "Credentials",
    "Date",
    "DateTime",
    "Decimal",
    "Error",
    "ErrorKind",
    "InvalidTime",
    "Outcome",
    "Repair",
    "Repairs",
    "Request",
    "ServiceName",
    "Session",
    "SignedRequest",
    "Time",
];

/// Types, traits and variants that generated code names without a path: a schema of that name would hide them.
/// `every_name_that_generated_code_uses_is_taken` holds the list complete.
const USED: &[&str] = &[
    // Rust's own.
    "AsRef",
    "BTreeMap",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Deserializer",
    "Display",
    "Drop",
    "Eq",
    "Err",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Serialize",
    "SerializeMap",
    "Serializer",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Vec",
    // Of the crates that generated code uses.
    "Action",
    "BizType",
    "ByteStream",
    "Call",
    "Client",
    "ClientHooks",
    "ClientInfo",
    "Event",
    "EventShape",
    "FieldShape",
    "HashIn",
    "IdempotencyKey",
    "Items",
    "KeyBuilder",
    "LenientObject",
    "Map",
    "Operation",
    "OperationInfo",
    "Page",
    "Paged",
    "ParseError",
    "Pattern",
    "PhoneForm",
    "Push",
    "Reply",
    "RequestBuilder",
    "ResponseValue",
    "Retry",
    "Rule",
    "Sandbox",
    "Scheme",
    "Transport",
    "Unlisted",
    "Unrecognized",
    "Upload",
    "Validate",
    "Validator",
    "Value",
    "WireNames",
];

/// Methods that clients have already, of their own or of traits in Rust's prelude, and functions of generated code that operations stand beside.
const METHODS: &[&str] = &[
    "api_version",
    "baseurl",
    "client",
    "clone",
    "exec",
    "from",
    "help",
    "inner",
    "into",
    "new",
    "new_with_client",
    "post",
    "pre",
    "session",
    "try_into",
    "with_options",
];

/// Fields that every reply has.
const FIELDS: [&str; 3] = ["extra", "repairs", "spellings"];

/// Names that a spec file cannot have: its name becomes a crate, a module, a feature and a command. The test
/// `names_of_specs_that_are_taken_are_listed` compares the list with the command, the manifests and the folders.
pub const TAKEN_SPECS: &[&str] = &[
    // Commands.
    "completions",
    "doctor",
    "help",
    "listen",
    "man",
    "sandbox",
    "sign",
    "trigger",
    "verify",
    // Features of the facade and of the webhooks crate.
    "axum",
    "blocking",
    "compression",
    "default",
    "full",
    "http",
    "native-tls",
    "profiles",
    "rustls",
    "rustls-no-provider",
    "testing",
    "tokio",
    "tower",
    "webhooks",
    "webhooks-axum",
    "webhooks-testing",
    "webhooks-tokio",
    "webhooks-tower",
    // Crates written by hand, and Rust's own.
    "cli",
    "client",
    "nxcloud",
    "signing",
    "spec",
    "xtask",
    "alloc",
    "core",
    "std",
];

/// Why a schema cannot have a name, if it cannot.
#[must_use]
pub fn unusable_type(name: &str) -> Option<(String, String)> {
    let canonical = variant(name);
    if USED.contains(&name) || RE_EXPORTED.contains(&name) {
        return Some((
            format!("`{name}` is a name that generated code uses"),
            format!(
                "give it a name of its own, such as `{name}Data`, here and where it is referred to"
            ),
        ));
    }
    // Tables of the command are named by the constant.
    if is_identifier(name) && canonical == name && variant(&constant(name)) == name {
        return None;
    }
    let instead = if is_identifier(&canonical) && variant(&constant(&canonical)) == canonical {
        format!("write `{canonical}`")
    } else {
        "write a PascalCase name of ASCII letters and digits, a letter first".to_owned()
    };
    Some((format!("`{name}` is not a PascalCase name"), instead))
}

/// Why an operation cannot have an id that is written in `snake_case`, if it cannot.
#[must_use]
pub fn unusable_operation(id: &str) -> Option<(String, String)> {
    let taken = METHODS.contains(&id) || matches!(constant(id).as_str(), "ALL" | "SERVICE");
    if taken || !is_identifier(id) {
        return Some((
            format!("operation id `{id}` is taken in Rust"),
            "give it another id, such as a verb and an object: `send_sms`".to_owned(),
        ));
    }
    None
}

/// Why a field cannot have a Rust name, if it cannot.
#[must_use]
pub fn unusable_field(rust: &str) -> Option<(String, String)> {
    if FIELDS.contains(&rust) {
        return Some((
            format!("`{rust}` is taken in Rust"),
            "give it another name with `x-nx-field`".to_owned(),
        ));
    }
    let bare = rust.trim_end_matches('_');
    if !is_identifier(rust) || bare.to_snake_case() != bare {
        return Some((
            format!("`{rust}` is no Rust name"),
            "write a snake_case name of ASCII letters and digits as `x-nx-field`".to_owned(),
        ));
    }
    None
}

/// Why a spec file cannot have a name, if it cannot.
#[must_use]
pub fn unusable_spec(name: &str) -> Option<(String, String)> {
    if TAKEN_SPECS.contains(&name) || !is_identifier(&module(name)) && is_crate(name) {
        return Some((
            format!("`{name}` is taken: by a command, a feature, a crate or a word of Rust"),
            "give the file another name".to_owned(),
        ));
    }
    // Two files must not become one module.
    if !is_crate(name) || module(name).to_kebab_case() != name {
        return Some((
            format!("`{name}` cannot be the name of a crate"),
            "write lowercase letters, digits and dashes, a letter first".to_owned(),
        ));
    }
    None
}

/// Lowercase letters, digits and dashes, a letter first.
#[must_use]
pub fn is_crate(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// The generated test of an example.
#[must_use]
pub fn test(holder: &str, example: &str) -> String {
    module(&format!("{holder}_{example}"))
}

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
    if is_identifier(name) {
        name.to_owned()
    } else {
        format!("{name}_")
    }
}

/// Whether the name can stand as it is in Rust. Letters beyond ASCII could, but look alike and have no flag in a shell.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    // syn takes `gen` for a name, and edition 2024 does not.
    let reserved = name == "gen" || name.bytes().all(|byte| byte == b'_');
    let ascii = name
        .bytes()
        .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    ascii && !reserved && syn::parse_str::<syn::Ident>(name).is_ok()
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
        assert_eq!(field("gen"), "gen_");
        assert_eq!(variant("text_image_button"), "TextImageButton");
        assert_eq!(variant("2G"), "V2g");
        assert_eq!(constant("send_sms"), "SEND_SMS");
        assert_eq!(camel_case("source_address"), "sourceAddress");
        assert_eq!(camel_case("type_"), "type");
        assert_eq!(camel_case("v_2g"), "v2g");
    }
}
