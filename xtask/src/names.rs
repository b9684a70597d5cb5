//! Names: how wire names become Rust names, and which names are reserved. All decisions about names are here.

use heck::{ToKebabCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// The types of the client that every service crate re-exports, except for `Items` and `Upload`, which only some need.
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

/// Types, traits and variants that generated code uses without a path. A schema with the same name would hide them. The test
/// `every_name_that_generated_code_uses_is_reserved` fails if one is missing.
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

/// Methods that clients already have, inherent or from traits of Rust's prelude, and functions of generated code with the same scope as
/// operations.
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

/// Names that a spec file cannot have, because its name becomes a crate, a module, a feature and a command. The test
/// `reserved_names_of_specs_are_listed` compares the list with the command, the manifests and the folders.
pub const RESERVED_SPECS: &[&str] = &[
    // Commands.
    "campaign",
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
    "campaign-postgres",
    "campaign-postgres-no-provider",
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
    // Hand-written crates, and standard crates of Rust.
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

/// Why a name cannot be the name of a schema; `None` if it can.
#[must_use]
pub fn unusable_type(name: &str) -> Option<(String, String)> {
    let canonical = variant(name);
    if USED.contains(&name) || RE_EXPORTED.contains(&name) {
        return Some((
            format!("generated code uses the name `{name}`"),
            format!("rename the schema, for example to `{name}Data`, here and in every `$ref`"),
        ));
    }
    // Tables of the command line are named with the constant.
    if is_identifier(name) && canonical == name && variant(&constant(name)) == name {
        return None;
    }
    let instead = if is_identifier(&canonical) && variant(&constant(&canonical)) == canonical {
        format!("write `{canonical}`")
    } else {
        "write a PascalCase name of ASCII letters and digits that starts with a letter".to_owned()
    };
    Some((format!("`{name}` is not a PascalCase name"), instead))
}

/// Why a `snake_case` name cannot be the id of an operation; `None` if it can.
#[must_use]
pub fn unusable_operation(id: &str) -> Option<(String, String)> {
    let taken = METHODS.contains(&id) || matches!(constant(id).as_str(), "ALL" | "SERVICE");
    if taken || !is_identifier(id) {
        return Some((
            format!("the operation id `{id}` is reserved in Rust or in generated code"),
            "choose another id, such as a verb and an object: `send_sms`".to_owned(),
        ));
    }
    None
}

/// Why a name cannot be the Rust name of a field; `None` if it can.
#[must_use]
pub fn unusable_field(rust: &str) -> Option<(String, String)> {
    if FIELDS.contains(&rust) {
        return Some((
            format!("every reply has a field `{rust}`"),
            "set another name with `x-nx-field`".to_owned(),
        ));
    }
    let bare = rust.trim_end_matches('_');
    if !is_identifier(rust) || bare.to_snake_case() != bare {
        return Some((
            format!("`{rust}` is not a Rust name"),
            "write a snake_case name of ASCII letters and digits as `x-nx-field`".to_owned(),
        ));
    }
    None
}

/// Why a name cannot be the name of a spec file; `None` if it can.
#[must_use]
pub fn unusable_spec(name: &str) -> Option<(String, String)> {
    if RESERVED_SPECS.contains(&name) || !is_identifier(&module(name)) && is_crate(name) {
        return Some((
            format!("`{name}` is already a command, a feature, a crate or a keyword of Rust"),
            "rename the file".to_owned(),
        ));
    }
    // Two files must not become one module.
    if !is_crate(name) || module(name).to_kebab_case() != name {
        return Some((
            format!("`{name}` cannot be the name of a crate"),
            "write lowercase letters, digits and dashes, starting with a letter".to_owned(),
        ));
    }
    None
}

/// Whether a name has only lowercase letters, digits and dashes, and starts with a letter.
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

/// The wire name of a field under serde's `rename_all = "camelCase"`.
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

/// Appends an underscore to names that are not valid in Rust.
#[must_use]
pub fn escape(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        format!("{name}_")
    }
}

/// Whether a name is a valid ASCII identifier in Rust. Other letters are valid in Rust, but may look alike and are hard to type in flags.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    // syn accepts `gen`, edition 2024 does not.
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
