//! What the emitters know of a service: the spec, read once, with every name decided.

use serde_json::Value;

/// One spec, read.
#[derive(Debug)]
pub struct Service {
    /// File stem, crate folder and feature: `number-check`.
    pub name: String,
    /// Package name: `nxcloud-number-check`.
    pub package: String,
    /// `info.title`.
    pub title: String,
    /// `info.description`.
    pub description: String,
    /// The reference page.
    pub source: String,
    /// The root's bizType; absent for `AntBuddy`.
    pub biz_type: Option<String>,
    /// Documented base URL.
    pub base_url: String,
    /// Codes of every operation.
    pub codes: Vec<Code>,
    /// Operations in the order of the spec.
    pub operations: Vec<Operation>,
    /// Pushes in the order of the spec.
    pub webhooks: Vec<Webhook>,
    /// Named schemas in the order of the spec.
    pub types: Vec<TypeDef>,
    /// The whole spec as JSON, for the sandbox.
    pub raw: Value,
}

/// One endpoint.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`, `snake_case`.
    pub id: String,
    /// HTTP method, upper case.
    pub method: String,
    /// Path key of the spec, fragment included.
    pub path: String,
    /// Base URL of its own, when it has one.
    pub base_url: Option<String>,
    /// First line of the documentation.
    pub summary: String,
    /// The rest of it.
    pub description: String,
    /// How it is signed.
    pub scheme: Scheme,
    /// May be repeated after an ambiguous failure.
    pub safe: bool,
    /// Codes of this operation alone.
    pub codes: Vec<Code>,
    /// What the caller passes.
    pub input: Input,
    /// Name of the reply type.
    pub reply: String,
    /// Examples of the request body, by name.
    pub request_examples: Vec<(String, Value)>,
    /// Examples of the reply, by name.
    pub reply_examples: Vec<(String, Value)>,
}

impl Operation {
    /// False for multipart bodies, which the signature leaves out.
    #[must_use]
    pub fn body_is_signed(&self) -> bool {
        match self.input {
            Input::Nothing | Input::Json(_) => true,
        }
    }
}

/// How an operation is signed.
#[derive(Debug)]
pub enum Scheme {
    /// The MD5 scheme.
    NxcloudMd5 {
        /// bizType header.
        biz_type: String,
        /// action header.
        action: String,
    },
    /// The SHA-256 scheme.
    AntBuddySha256 {
        /// `header` (true) or `query` (false).
        in_header: bool,
        /// Hashed parameters in order.
        order: Vec<String>,
    },
}

/// What the caller passes to an operation.
#[derive(Debug)]
pub enum Input {
    /// Nothing.
    Nothing,
    /// A JSON body of this type.
    Json(String),
}

/// A result code.
#[derive(Debug, Clone)]
pub struct Code {
    /// The number.
    pub code: i64,
    /// `SCREAMING_SNAKE` name.
    pub name: String,
    /// Variant of the client's `CodeKind`.
    pub kind: &'static str,
    /// What it means.
    pub meaning: String,
    /// What to do.
    pub hint: Option<String>,
}

/// A push of the platform.
#[derive(Debug)]
pub struct Webhook {
    /// `snake_case` name.
    pub name: String,
    /// Documentation.
    pub description: String,
    /// Name of the event type.
    pub schema: String,
    /// Whether it is signed.
    pub signed: bool,
    /// Transports: json, form, query.
    pub content: Vec<String>,
    /// `action` headers of a signed push.
    pub actions: Vec<String>,
    /// Text that the platform expects; absent when it expects only HTTP 200.
    pub reply: Option<String>,
    /// Text for a push that was not accepted.
    pub reply_error: Option<String>,
    /// Retry rule in seconds: pause, and time after which the platform gives up.
    pub retry: Option<(u64, u64)>,
    /// Dotted paths of the fields that tell a repeat from another event.
    pub idempotency_key: Vec<String>,
    /// Codes that appear in the push.
    pub codes: Vec<Code>,
    /// Examples, by name.
    pub examples: Vec<(String, Value)>,
}

/// Which side of the wire a type is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Strict: what the caller makes.
    Request,
    /// Lenient: what the platform makes.
    Reply,
}

/// A named schema.
#[derive(Debug)]
pub struct TypeDef {
    /// Its name in the spec and in Rust.
    pub name: String,
    /// Documentation.
    pub description: String,
    /// What it is.
    pub kind: TypeKind,
}

/// What a named schema is.
#[derive(Debug)]
pub enum TypeKind {
    /// An open enum; used on either side.
    Enum {
        /// Numbers instead of texts.
        integer: bool,
        /// Known values.
        values: Vec<EnumValue>,
    },
    /// An object.
    Object(Object),
    /// A choice of objects, told apart by a tag; requests only.
    Union(Union),
}

/// A known value of an open enum.
#[derive(Debug)]
pub struct EnumValue {
    /// Wire value.
    pub value: Value,
    /// Rust variant.
    pub name: String,
    /// Documentation.
    pub meaning: String,
}

/// An object.
#[derive(Debug)]
pub struct Object {
    /// Which side it is on.
    pub side: Side,
    /// Its fields in the order of the spec.
    pub fields: Vec<Field>,
    /// A union whose fields stand beside its own: field name and type.
    pub flattened: Option<(String, String)>,
    /// Either-or rules.
    pub rules: Vec<GivenRule>,
    /// The field that receives a reply which is a bare array.
    pub list: Option<String>,
}

/// How many of some fields must be given.
#[derive(Debug)]
pub struct GivenRule {
    /// Least number.
    pub min: usize,
    /// Greatest number, when there is one.
    pub max: Option<usize>,
    /// Wire names.
    pub fields: Vec<String>,
}

/// A choice of objects.
#[derive(Debug)]
pub struct Union {
    /// Wire name of the tag.
    pub tag: String,
    /// Wire name of the key that holds the variant's fields, when they do not stand beside the tag.
    pub content: Option<String>,
    /// Tag value, Rust variant, type name.
    pub variants: Vec<(String, String, String)>,
}

/// A field of an object.
#[derive(Debug)]
pub struct Field {
    /// Wire name.
    pub wire: String,
    /// Rust name.
    pub rust: String,
    /// Documentation.
    pub description: String,
    /// Type.
    pub ty: Ty,
    /// Required by the spec.
    pub required: bool,
    /// May be shown in Debug output.
    pub public: bool,
    /// Other spellings accepted in replies.
    pub aliases: Vec<String>,
    /// The only allowed value, filled in by the constructor.
    pub constant: Option<String>,
    /// Limits, checked before sending.
    pub limits: Limits,
}

/// Type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// Text.
    Text,
    /// Whole number.
    Integer,
    /// Whole number that the wire carries as text.
    QuotedInteger,
    /// Number.
    Float,
    /// Decimal digits.
    Decimal,
    /// True or false.
    Boolean,
    /// Anything.
    Json,
    /// List.
    List(Box<Ty>),
    /// Map by text.
    Map(Box<Ty>),
    /// Named schema.
    Named(String),
}

/// Limits of a field.
#[derive(Debug, Default, PartialEq)]
pub struct Limits {
    /// Least length in characters, or number of entries.
    pub min_length: Option<usize>,
    /// Greatest length in characters, or number of entries.
    pub max_length: Option<usize>,
    /// Regular expression.
    pub pattern: Option<String>,
    /// Named format that is checked: `Date`, `DateTime`.
    pub format: Option<&'static str>,
    /// Least value, as a literal.
    pub minimum: Option<String>,
    /// Greatest value, as a literal.
    pub maximum: Option<String>,
}

impl Service {
    /// Every code of the service: shared, of operations, of pushes.
    pub fn all_codes(&self) -> impl Iterator<Item = &Code> {
        let own = self
            .operations
            .iter()
            .flat_map(|operation| &operation.codes);
        let pushed = self.webhooks.iter().flat_map(|webhook| &webhook.codes);
        self.codes.iter().chain(own).chain(pushed)
    }

    /// The definition of a named schema.
    #[must_use]
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|def| def.name == name)
    }
}
