//! Schemas: what a value is.
//!
//! # In Rust
//!
//! | schema | Rust |
//! | --- | --- |
//! | `type: string` | `String` |
//! | with `format: app-key` | `AppKey`, in requests only: constructors take it first, and no text converts into it. In replies and pushes a key is a plain text |
//! | with `format: phone`, `phone-digits`, `phone-dialled` | `String`, checked. An empty text is left to `minLength` |
//! | with `format: phones`, `phones-digits`, `phones-spaced` | the same; constructors and setters also take an array or a list |
//! | with `format: date` | in requests `Date`; in replies `String` |
//! | with `format: date-time` | in requests `DateTime`; in replies `Time` |
//! | with `format: local-date-time` | in replies `Time`; in requests `String` |
//! | with `format: integer` | `i64`, written in quotes |
//! | with `format: binary` | `Upload`, a required part of a form |
//! | with `enum` of one value, in a request | filled in by the constructor |
//! | `type: integer` | `i64` |
//! | with `default`, required in a request | filled in by the constructor, with a setter: the first page |
//! | `type: integer` or `string`, `format: unix-seconds` or `unix-millis` | in replies `Time`; a required `integer` with `unix-seconds` in a request `DateTime`, written as the number |
//! | `type: number` | `f64` |
//! | `type: number` or `string`, `format: decimal` | `Decimal`: keeps the digits and whether they were quoted. In replies and pushes also without `type`, where both come |
//! | `type: boolean` | `bool` |
//! | `type: array` | `Vec`. In replies and pushes also `items` without `type`, where something else may come |
//! | `type: object` with `additionalProperties` and no properties | `BTreeMap<String, …>` |
//! | nothing, or a description alone | `serde_json::Value` |
//! | `$ref` | the named type |
//! | `x-extensible-enum` with `type: string` or `integer` | an enum that also carries an unknown value |
//! | `oneOf` of references, with `discriminator` and `mapping` | an enum with a variant for each mapped value; used through `allOf` beside common fields it is flattened. Several values may lead to one schema, and a branch may itself be such a choice over another key. The fields of a variant stand beside the discriminator; where the wire has them below a key, each branch is an object with that one required property |
//!
//! The limits of a request's fields (`minLength`, `maxLength`, `pattern`, `minimum`, `maximum`, `minItems`, `maxItems`, `format`) are checked before
//! anything is sent.

use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::message::Receipt;
use crate::switch::{is_false, only_true};

/// What a value is. An empty schema stands for any value.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Schema {
    /// The named schema that this one stands for; nothing stands beside it.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The JSON type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The form of a text or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// True where null may come, beside `type`; in replies and pushes only.
    #[serde(
        default,
        deserialize_with = "only_true",
        skip_serializing_if = "is_false"
    )]
    pub nullable: bool,
    /// What it is: first sentence what, then unit, limits and quirks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the properties that have to be there. In replies and pushes it only documents.
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
    /// On a property one reference, to describe it. On a named schema one object and the choice that is flattened into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<Schema>,
    /// A choice of objects, told apart by `discriminator`; in requests only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Schema>,
    /// The property that tells the objects of `oneOf` apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Discriminator>,
    /// The only value that a text may have. For several values write `x-extensible-enum`.
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Value>,
    /// Regular expression that a text matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Greatest number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// Greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// Least number of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u32>,
    /// Greatest number of entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// What the platform takes where the value is absent. A required integer of a request with a default is filled in.
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
    /// `x-extensible-enum`: the known values of an open enum, texts or integers. Other values are carried too.
    #[serde(
        rename = "x-extensible-enum",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub known_values: Vec<KnownValue>,
    /// `x-nx-at-least-one`: properties of a request, of which at least one has to be there.
    #[serde(
        rename = "x-nx-at-least-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub at_least_one: Vec<String>,
    /// `x-nx-at-most-one`: properties of a request, of which at most one may be there.
    #[serde(
        rename = "x-nx-at-most-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub at_most_one: Vec<String>,
    /// `x-nx-exactly-one`: properties of a request, of which exactly one has to be there.
    #[serde(
        rename = "x-nx-exactly-one",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub exactly_one: Vec<String>,
    /// `x-nx-list`: on a named `type: array`, which only a whole reply may be, the name of the Rust field that holds the entries;
    /// dotted paths name it too.
    #[serde(rename = "x-nx-list", skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// `x-nx-receipt`: what a push says of a send.
    #[serde(rename = "x-nx-receipt", skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// `x-nx-accessors`: of a reply, methods for the texts that it is of no use without, such as the id that a send returns: method name, and dotted path
    /// with `[]` after a list, whose first entry counts. The method returns the text, or an error if it is missing or empty.
    #[serde(
        rename = "x-nx-accessors",
        default,
        skip_serializing_if = "IndexMap::is_empty"
    )]
    pub accessors: IndexMap<String, String>,
    /// `x-nx-variants`: beside `oneOf`, the Rust names of discriminator values that make no name of their own.
    #[serde(
        rename = "x-nx-variants",
        default,
        skip_serializing_if = "IndexMap::is_empty"
    )]
    pub variants: IndexMap<String, String>,
    /// `x-nx-field`: of a property, the Rust name where it is not the wire name in `snake_case`.
    #[serde(rename = "x-nx-field", skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `x-nx-argument`: of an optional list, true if the short ways to make its object take it all the same.
    #[serde(rename = "x-nx-argument", default, skip_serializing_if = "is_false")]
    pub argument: bool,
    /// `x-nx-aliases`: of a property, other spellings accepted in replies and pushes.
    #[serde(
        rename = "x-nx-aliases",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub aliases: Vec<String>,
    /// `x-nx-public`: of a property, true if `Debug` and logs may show it. Ids, states and dates are public; phone numbers, texts, names, links and keys
    /// are not.
    #[serde(rename = "x-nx-public", default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// `x-nx-sandbox`: of a property of a reply, how the sandbox fills it. Without it a request field of the same wire name is echoed, else the example
    /// stands.
    #[serde(rename = "x-nx-sandbox", skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxValue>,
    /// `x-nx-uploads`: of a `format: binary` part, the files that it takes. The text part `type` beside it carries the file's MIME type. In an example
    /// the part's value is the content of the file, as text.
    #[serde(
        rename = "x-nx-uploads",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub uploads: Vec<Upload>,
}

/// A value that is there, even if it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    String,
    /// Whole number.
    Integer,
    /// Number.
    Number,
    /// True or false.
    Boolean,
    /// List.
    Array,
    /// Object or map.
    Object,
}

/// The form of a text or number.
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
    /// Key of an application; in requests.
    AppKey,
    /// Content of a file; in a multipart form.
    Binary,
    /// `yyyy-MM-dd`.
    Date,
    /// RFC 3339.
    DateTime,
    /// Decimal digits, quoted or not.
    Decimal,
    /// 64-bit float.
    Double,
    /// 64-bit integer.
    Int64,
    /// Whole number in quotes.
    Integer,
    /// `yyyy-MM-dd HH:mm:ss` without a zone.
    LocalDateTime,
    /// Phone number of 7 to 15 digits that begins with the country code, without a plus.
    Phone,
    /// Phone number of digits after a plus or none, where the reference names no form.
    PhoneDialled,
    /// Phone number of digits, where the country code may be left out or a wrong length is reported later.
    PhoneDigits,
    /// Several of `phone` with commas between.
    Phones,
    /// Several of `phone-digits` with commas between.
    PhonesDigits,
    /// Several of `phone` with a comma and a space between.
    PhonesSpaced,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Seconds since 1970.
    UnixSeconds,
    /// A link; changes nothing but whether a text is free.
    Uri,
}

impl Kind {
    /// The JSON type of a value: an integer has neither fraction nor exponent. `None` for null.
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
                "`{text}` is no reference to a named schema: write `{REFERENCE}NAME`"
            )),
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        format!("{REFERENCE}{}", reference.0)
    }
}

/// The property that tells the objects of a choice apart.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Discriminator {
    /// Its wire name.
    pub property_name: String,
    /// The schema of each value. Several values may lead to one schema.
    #[serde(default)]
    pub mapping: IndexMap<String, Reference>,
}

/// A known value of an open enum: the value alone, or `{value, name, meaning}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownValue {
    /// The value on the wire.
    pub value: Value,
    /// The Rust variant, where it is not the value in `PascalCase`.
    pub name: Option<String>,
    /// What it means.
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

/// Reads a known value without a copy on the way, so that an error keeps its place.
struct EitherForm;

impl EitherForm {
    #[expect(clippy::unnecessary_wraps, reason = "visitors return a result")]
    fn alone<E>(value: impl Into<Value>) -> Result<KnownValue, E> {
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
        Self::alone(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<KnownValue, E> {
        Self::alone(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<KnownValue, E> {
        Self::alone(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<KnownValue, E> {
        Self::alone(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<KnownValue, E> {
        Self::alone(value)
    }

    fn visit_unit<E>(self) -> Result<KnownValue, E> {
        Self::alone(())
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
    /// `example`: the example stands, even where a request field has the same name.
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
                "`{text}` is no value of the sandbox: write `uuid`, `hex32`, `digits:N` (1 to 64), `now-ms`, `now-s`, `now-text`, `echo:PATH` or `example`"
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

/// Files that a part of a form takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Upload {
    /// The kind, such as `image`.
    pub kind: String,
    /// MIME types.
    pub mime: Vec<String>,
    /// Greatest size in bytes; absent where no limit is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}
