//! Schemas: the types and limits of values.
//!
//! # Rust types
//!
//! | schema | Rust |
//! | --- | --- |
//! | `type: string` | `String` |
//! | with `format: app-key` | in requests `AppKey`: constructors take it first, and strings do not convert to it. In replies and pushes, use `string` without a format |
//! | with `format: phone`, `phone-digits`, `phone-dialled` | `String`, validated. An empty text is checked by `minLength` |
//! | with `format: phones`, `phones-digits`, `phones-spaced` | `String`, validated; constructors and setters also take an array or a list |
//! | with `format: date` | in requests `Date`, in replies `String` |
//! | with `format: date-time` | in requests `DateTime`, in replies `Time` |
//! | with `format: local-date-time` | in replies `Time`, in requests `String` |
//! | with `format: integer` | `i64`, sent as a string |
//! | with `format: binary` | `Upload`, a required part of a form |
//! | with `enum` of one value, in a request | none: the constructor sets it |
//! | `type: integer` | `i64` |
//! | with `default`, required in a request | `i64`: the constructor sets the default, and there is a setter. Used for the number of the first page |
//! | `type: integer` or `string`, `format: unix-seconds` or `unix-millis` | in replies `Time`. In a request, a required `integer` with `unix-seconds` is `DateTime`, sent as the number |
//! | `type: number` | `f64` |
//! | `type: number` or `string`, `format: decimal` | `Decimal`, which keeps the digits and whether it was a string. In replies and pushes, leave out `type` if both occur |
//! | `type: boolean` | `bool` |
//! | `type: array` | `Vec`. In replies and pushes, write `items` without `type` if other types occur, too |
//! | `type: object` with `additionalProperties` and no properties | `BTreeMap<String, …>` |
//! | empty, or only a description | `serde_json::Value` |
//! | `$ref` | the named type |
//! | `x-extensible-enum` with `type: string` or `integer` | an enum that can also hold unknown values |
//! | `oneOf` of references, with `discriminator` and `mapping` | an enum with a variant for each mapped value. Through `allOf` beside common fields, it is flattened. Several values may map to one schema, and a branch may be another choice with a different discriminator. The fields of a variant are beside the discriminator; if the wire format has them below a key, write each branch as an object with that single required property |
//!
//! The limits of a request's fields (`minLength`, `maxLength`, `pattern`, `minimum`, `maximum`, `minItems`, `maxItems`, `format`) are checked before
//! the request is sent.

use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::message::Receipt;
use crate::switch::{is_false, only_true};

/// The type and limits of a value. An empty schema allows any value.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Schema {
    /// A reference to a named schema. No other key may be beside it.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The JSON type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The format of a string or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Whether null is possible. Only beside `type`, and only in replies and pushes.
    #[serde(
        default,
        deserialize_with = "only_true",
        skip_serializing_if = "is_false"
    )]
    pub nullable: bool,
    /// The documentation: what the value is in the first sentence, then unit, limits and quirks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The names of the required properties. In replies and pushes, this is documentation only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// The properties of an object.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub properties: IndexMap<String, Schema>,
    /// The entries of an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// The values of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Box<Schema>>,
    /// On a property: one reference, to add a description. On a named schema: one object, and the choice that is flattened into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<Schema>,
    /// A choice of objects, distinguished by `discriminator`. In requests only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Schema>,
    /// The property that distinguishes the objects of `oneOf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Discriminator>,
    /// The only allowed value of a string. For several values, write `x-extensible-enum`.
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Value>,
    /// The regular expression that a string must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The minimum number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The maximum number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The minimum value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// The maximum value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// The minimum number of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u32>,
    /// The maximum number of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// The platform's default if the value is absent. The constructor sets the default of a required integer of a request.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub default: Option<Value>,
    /// An example of the value.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub example: Option<Value>,
    /// `x-extensible-enum`: the known values of an open enum, strings or integers. Other values are possible, too.
    #[serde(
        rename = "x-extensible-enum",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub known_values: Vec<KnownValue>,
    /// `x-nx-at-least-one`: properties of a request, at least one of which must be set.
    #[serde(
        rename = "x-nx-at-least-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub at_least_one: Vec<String>,
    /// `x-nx-at-most-one`: properties of a request, at most one of which may be set.
    #[serde(
        rename = "x-nx-at-most-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub at_most_one: Vec<String>,
    /// `x-nx-exactly-one`: properties of a request, exactly one of which must be set.
    #[serde(
        rename = "x-nx-exactly-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub exactly_one: Vec<String>,
    /// `x-nx-list`: on a reply that is a bare array (a named `type: array`), the name of the Rust field for the entries. Dotted paths use the same name.
    #[serde(rename = "x-nx-list", skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// `x-nx-receipt`: marks the schema of a push as a receipt.
    #[serde(rename = "x-nx-receipt", skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// `x-nx-accessors`: on a reply, methods for essential texts such as the id that a send returns: the method name, and a dotted path with `[]` after a
    /// list, of which the first entry counts. The method returns the text, or an error if it is missing or empty.
    #[serde(
        rename = "x-nx-accessors",
        default,
        skip_serializing_if = "IndexMap::is_empty"
    )]
    pub accessors: IndexMap<String, String>,
    /// `x-nx-variants`: beside `oneOf`, the Rust names for discriminator values that do not convert to a Rust name.
    #[serde(
        rename = "x-nx-variants",
        default,
        skip_serializing_if = "IndexMap::is_empty"
    )]
    pub variants: IndexMap<String, String>,
    /// `x-nx-field`: on a property, the Rust name, if it is not the wire name in `snake_case`.
    #[serde(rename = "x-nx-field", skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `x-nx-argument`: on an optional list, true if the short forms of constructors take it as an argument although it is optional.
    #[serde(rename = "x-nx-argument", default, skip_serializing_if = "is_false")]
    pub argument: bool,
    /// `x-nx-aliases`: on a property, other spellings that replies and pushes may use.
    #[serde(
        rename = "x-nx-aliases",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub aliases: Vec<String>,
    /// `x-nx-public`: on a property, true if `Debug`, logs and errors may show it. Ids, states and dates are public. Phone numbers, texts, names, links and
    /// keys are not.
    #[serde(rename = "x-nx-public", default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// `x-nx-sandbox`: on a property of a reply, how the sandbox fills it. Without this key, the sandbox echoes the request field with the same wire name,
    /// or keeps the value of the example.
    #[serde(rename = "x-nx-sandbox", skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxValue>,
    /// `x-nx-uploads`: on a `format: binary` part, the files that it accepts. A text part `type` beside it is set to the file's MIME type. In an example,
    /// the value of the part is the content of the file, as text.
    #[serde(
        rename = "x-nx-uploads",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub uploads: Vec<Upload>,
}

/// Reads a value that is present, even if it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// An object or a map.
    Object,
}

/// The format of a string or number.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Deserialize,
    Serialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Format {
    /// The key of an application. In requests only.
    AppKey,
    /// The content of a file. In multipart forms only.
    Binary,
    /// `yyyy-MM-dd`.
    Date,
    /// RFC 3339.
    DateTime,
    /// A decimal number, as a string or a number.
    Decimal,
    /// A 64-bit float.
    Double,
    /// A 64-bit integer.
    Int64,
    /// A whole number sent as a string.
    Integer,
    /// `yyyy-MM-dd HH:mm:ss` without a time zone.
    LocalDateTime,
    /// A phone number of 7 to 15 digits that starts with the country code, without a plus.
    Phone,
    /// A phone number of digits with an optional plus. For fields without a documented format.
    PhoneDialled,
    /// A phone number of digits. For fields in which the country code is optional, or the platform reports a wrong length later.
    PhoneDigits,
    /// Several `phone`, separated by commas.
    Phones,
    /// Several `phone-digits`, separated by commas.
    PhonesDigits,
    /// Several `phone`, separated by a comma and a space.
    PhonesSpaced,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Seconds since 1970.
    UnixSeconds,
    /// A link. Its only effect is that the string is not a free text (see "Short forms of requests" in `specs/README.md`).
    Uri,
}

impl Kind {
    /// The JSON type of a value; `None` for null. An integer has neither fraction nor exponent.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(number) if number.is_f64() => Some(Self::Number),
            Value::Number(_) => Some(Self::Integer),
            Value::String(_) => Some(Self::String),
            Value::Array(_) => Some(Self::Array),
            Value::Object(_) => Some(Self::Object),
        }
    }
}

impl Format {
    /// The name as in a spec, such as `app-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A reference to a named schema: `#/components/schemas/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

const REFERENCE: &str = "#/components/schemas/";

impl Reference {
    /// The name of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix(REFERENCE) {
            Some(name) if !name.is_empty() && !name.contains('/') => Ok(Self(name.to_owned())),
            _ => Err(format!(
                "`{text}` is not a reference to a named schema: write `{REFERENCE}NAME`"
            )),
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        format!("{REFERENCE}{}", reference.0)
    }
}

/// The property that distinguishes the objects of a choice.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Discriminator {
    /// Its wire name.
    pub property_name: String,
    /// The schema of each value. Several values may map to one schema.
    #[serde(default)]
    pub mapping: IndexMap<String, Reference>,
}

/// A known value of an open enum, written as the value or as `{value, name, meaning}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownValue {
    /// The value on the wire.
    pub value: Value,
    /// The name of the Rust variant, if it is not the value in `PascalCase`.
    pub name: Option<String>,
    /// What the value means.
    pub meaning: Option<String>,
}

/// The long form of a known value.
#[derive(Deserialize, Serialize)]
#[serde(remote = "KnownValue", deny_unknown_fields)]
struct Named {
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

impl Serialize for KnownValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.name.is_none() && self.meaning.is_none() {
            self.value.serialize(serializer)
        } else {
            Named::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for KnownValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

/// Reads both forms directly, without an intermediate value, so that an error keeps its place.
struct EitherForm;

impl EitherForm {
    #[expect(clippy::unnecessary_wraps, reason = "visitors return a result")]
    fn bare<E>(value: impl Into<Value>) -> Result<KnownValue, E> {
        Ok(KnownValue {
            value: value.into(),
            name: None,
            meaning: None,
        })
    }
}

impl<'de> Visitor<'de> for EitherForm {
    type Value = KnownValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or {value, name, meaning}")
    }

    fn visit_bool<E>(self, value: bool) -> Result<KnownValue, E> {
        Self::bare(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<KnownValue, E> {
        Self::bare(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<KnownValue, E> {
        Self::bare(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<KnownValue, E> {
        Self::bare(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<KnownValue, E> {
        Self::bare(value)
    }

    fn visit_unit<E>(self) -> Result<KnownValue, E> {
        Self::bare(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KnownValue, A::Error> {
        Named::deserialize(MapAccessDeserializer::new(map))
    }
}

/// How the sandbox fills a field of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum SandboxValue {
    /// `uuid`: a new UUID.
    Uuid,
    /// `hex32`: 32 new hexadecimal digits.
    Hex32,
    /// `digits:N`: N new digits.
    Digits(u32),
    /// `now-ms`: milliseconds since 1970.
    NowMillis,
    /// `now-s`: seconds since 1970.
    NowSeconds,
    /// `now-text`: `yyyy-MM-dd HH:mm:ss`.
    NowText,
    /// `echo:PATH`: the request field at a dotted path.
    Echo(String),
    /// `example`: the value of the example, even if a request field has the same name.
    Example,
}

impl TryFrom<String> for SandboxValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, argument) = text.split_once(':').unwrap_or((&text, ""));
        match (name, argument) {
            ("uuid", "") => Ok(Self::Uuid),
            ("hex32", "") => Ok(Self::Hex32),
            ("now-ms", "") => Ok(Self::NowMillis),
            ("now-s", "") => Ok(Self::NowSeconds),
            ("now-text", "") => Ok(Self::NowText),
            ("example", "") => Ok(Self::Example),
            ("echo", path) if !path.is_empty() => Ok(Self::Echo(path.to_owned())),
            ("digits", count)
                if count
                    .parse::<u32>()
                    .is_ok_and(|count| (1..=64).contains(&count)) =>
            {
                Ok(Self::Digits(count.parse().unwrap_or(1)))
            }
            _ => Err(format!(
                "`{text}` is not a value of `x-nx-sandbox`: write `uuid`, `hex32`, `digits:N` (1 to 64), `now-ms`, `now-s`, `now-text`, `echo:PATH` or `example`"
            )),
        }
    }
}

impl From<SandboxValue> for String {
    fn from(value: SandboxValue) -> Self {
        match value {
            SandboxValue::Uuid => "uuid".to_owned(),
            SandboxValue::Hex32 => "hex32".to_owned(),
            SandboxValue::Digits(count) => format!("digits:{count}"),
            SandboxValue::NowMillis => "now-ms".to_owned(),
            SandboxValue::NowSeconds => "now-s".to_owned(),
            SandboxValue::NowText => "now-text".to_owned(),
            SandboxValue::Echo(path) => format!("echo:{path}"),
            SandboxValue::Example => "example".to_owned(),
        }
    }
}

/// A kind of file that a part of a form accepts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Upload {
    /// The kind, such as `image`.
    pub kind: String,
    /// The MIME types.
    pub mime: Vec<String>,
    /// The maximum size in bytes; absent if no limit is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}
