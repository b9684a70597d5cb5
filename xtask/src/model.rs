//! The model of a service: its spec, with all Rust names decided. The emitters use nothing else.

use nxcloud_spec::document::{Code, MaxDays, Paging};
use nxcloud_spec::message::{Message, Receipt};
use nxcloud_spec::schema::{Format, Upload};
use nxcloud_spec::webhook::Webhook;
use serde_json::Value;

/// A spec as a model.
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
    /// The root's bizType; absent for `AntBuddy`.
    pub biz_type: Option<String>,
    /// Documented base URL.
    pub base_url: String,
    /// Codes that every operation may return.
    pub codes: Vec<Code>,
    /// Operations in the order of the spec.
    pub operations: Vec<Operation>,
    /// Pushes in the order of the spec.
    pub webhooks: Vec<Webhook>,
    /// Named schemas in the order of the spec.
    pub types: Vec<TypeDef>,
    /// The whole spec.
    pub spec: nxcloud_spec::Service,
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
    /// Base URL, if it differs from that of the service.
    pub base_url: Option<String>,
    /// First line of the documentation.
    pub summary: String,
    /// The rest of the documentation.
    pub description: String,
    /// How it is signed.
    pub scheme: Scheme,
    /// May be repeated after a failure with an unknown outcome.
    pub safe: bool,
    /// Codes that only this operation returns.
    pub codes: Vec<Code>,
    /// What the caller passes.
    pub input: Input,
    /// Name of the reply type.
    pub reply: String,
    /// How it is paged.
    pub paging: Option<Paging>,
    /// How it sends messages.
    pub message: Option<Message>,
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
            Input::Parameters(_) | Input::Json(_) => true,
            Input::Multipart(_) => false,
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
    /// Query and path parameters only, or nothing, as the fields of this type.
    Parameters(String),
    /// A JSON body of this type; fields of it may be parameters.
    Json(String),
    /// Parts of a form, as the fields of this type.
    Multipart(String),
}

impl Input {
    /// The name of the request type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Parameters(name) | Self::Json(name) | Self::Multipart(name) => name,
        }
    }
}

/// The direction of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Strict: created by the caller.
    Request,
    /// Lenient: created by the platform.
    Reply,
}

/// A named schema.
#[derive(Debug)]
pub struct TypeDef {
    /// Its name in the spec and in Rust.
    pub name: String,
    /// Documentation.
    pub description: String,
    /// Enum, object or choice.
    pub kind: TypeKind,
}

/// The kind of a named schema.
#[derive(Debug)]
pub enum TypeKind {
    /// An open enum; used in both directions.
    Enum {
        /// Numbers instead of texts.
        integer: bool,
        /// Known values.
        values: Vec<EnumValue>,
    },
    /// An object.
    Object(Object),
    /// A choice of objects, identified by a tag; requests only.
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

impl EnumValue {
    /// The value as a text.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| self.value.to_string())
    }
}

/// An object.
#[derive(Debug)]
pub struct Object {
    /// Its direction.
    pub side: Side,
    /// Its fields in the order of the spec.
    pub fields: Vec<Field>,
    /// A union whose fields are on the same level as the object's: field name and type.
    pub flattened: Option<(String, String)>,
    /// Either-or rules.
    pub rules: Vec<CountRule>,
    /// The field that receives the entries of a reply that is a bare array.
    pub list: Option<String>,
    /// The fields of a receipt, if the object is one.
    pub receipt: Option<Box<Receipt>>,
    /// Methods for the most important values of a reply: name, and dotted path.
    pub accessors: Vec<(String, String)>,
    /// Two date-time fields and the maximum number of days between them.
    pub max_days: Option<MaxDays>,
}

impl Object {
    /// An object with fields only.
    #[must_use]
    pub fn new(side: Side, fields: Vec<Field>) -> Self {
        Self {
            side,
            fields,
            flattened: None,
            rules: Vec::new(),
            list: None,
            receipt: None,
            accessors: Vec::new(),
            max_days: None,
        }
    }

    /// The fields in the order in which constructors take them: the application key first, the others as in the spec.
    pub fn arguments(&self) -> impl Iterator<Item = &Field> {
        let is_key = |field: &&Field| field.ty == Ty::AppKey;
        let keys = self.fields.iter().filter(is_key);
        keys.chain(self.fields.iter().filter(move |field| !is_key(field)))
    }

    /// Wire names of the fields of which the caller sets exactly one. Each has a constructor, so code that sets none or two does not
    /// compile.
    #[must_use]
    pub fn alternatives(&self) -> &[String] {
        let rule = self
            .rules
            .iter()
            .find(|rule| (rule.min, rule.max) == (1, Some(1)));
        rule.map_or(&[], |rule| &rule.fields)
    }
}

/// How many of some fields the caller must set.
#[derive(Debug)]
pub struct CountRule {
    /// Minimum.
    pub min: usize,
    /// Maximum, if there is one.
    pub max: Option<usize>,
    /// Wire names.
    pub fields: Vec<String>,
}

/// A choice of objects.
#[derive(Debug)]
pub struct Union {
    /// Wire name of the tag.
    pub tag: String,
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
    /// Required by the spec, or a field of a type that an operation returns.
    pub required: bool,
    /// May be shown in Debug output.
    pub public: bool,
    /// Other spellings accepted in replies.
    pub aliases: Vec<String>,
    /// The only allowed value, set by the constructor.
    pub constant: Option<String>,
    /// Limits, checked before a request is sent.
    pub limits: Limits,
    /// Body, query or path.
    pub place: Place,
    /// The documented limits of an upload.
    pub uploads: Vec<Upload>,
    /// The documented default, as a literal.
    pub default: Option<String>,
    /// The `format` of the spec.
    pub format: Option<Format>,
    /// An optional list that the short forms of its object take (`x-nx-argument`).
    pub argument: bool,
}

impl Field {
    /// The name of the method that sets it.
    #[must_use]
    pub fn setter(&self) -> String {
        format!("with_{}", self.rust.trim_end_matches('_'))
    }

    /// Whether any text is valid: it has no pattern or format, and is not an id, state or name (those may be shown in Debug output).
    #[must_use]
    pub fn is_free_text(&self) -> bool {
        let limited = self.limits.pattern.is_some() || self.format.is_some();
        self.ty == Ty::Text && !limited && !self.public && self.constant.is_none()
    }

    /// Whether it contains one or several phone numbers, separated by commas.
    #[must_use]
    pub fn takes_several_phones(&self) -> bool {
        let form = self.limits.phone.as_deref();
        form.is_some_and(|form| form.starts_with("Phones"))
    }

    /// Whether the short forms of its object take it.
    #[must_use]
    pub fn is_argument(&self) -> bool {
        self.constant.is_none() && (self.required || self.argument)
    }
}

impl Field {
    /// The value that a constructor sets: the documented default of a required whole number, such as the first page.
    #[must_use]
    pub fn filled_in(&self) -> Option<i64> {
        let default = self.default.as_ref()?.parse().ok()?;
        (self.required && self.ty == Ty::Integer && self.constant.is_none()).then_some(default)
    }
}

/// The place of a field in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The body. Fields of replies are in the body too.
    Body,
    /// The query.
    Query,
    /// The path.
    Path,
}

/// Type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// Text.
    Text,
    /// Key of an application; requests only.
    AppKey,
    /// Whole number.
    Integer,
    /// Whole number that is sent as text.
    QuotedInteger,
    /// Number.
    Float,
    /// Decimal digits.
    Decimal,
    /// A day, in a request.
    Date,
    /// A moment, in a request: RFC 3339.
    DateTime,
    /// A moment, in a request: a number of seconds.
    UnixSeconds,
    /// A time, in a reply or push.
    Time(TimeForm),
    /// True or false.
    Boolean,
    /// Anything.
    Json,
    /// A file.
    Upload,
    /// List.
    List(Box<Ty>),
    /// Map by text.
    Map(Box<Ty>),
    /// Named schema.
    Named(String),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeForm {
    /// A text, with a zone (`date-time`) or without one (`local-date-time`).
    Text,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
}

/// Limits of a field.
#[derive(Debug, Default, PartialEq)]
pub struct Limits {
    /// Minimum length in characters, or number of entries.
    pub min_length: Option<usize>,
    /// Maximum length in characters, or number of entries.
    pub max_length: Option<usize>,
    /// Regular expression.
    pub pattern: Option<String>,
    /// The form of phone numbers: a variant of the client's `PhoneForm`.
    pub phone: Option<String>,
    /// Minimum value, as a literal.
    pub minimum: Option<String>,
    /// Maximum value, as a literal.
    pub maximum: Option<String>,
}

impl Service {
    /// Every code of the service: of all operations, of single operations, of pushes.
    pub fn all_codes(&self) -> impl Iterator<Item = &Code> {
        let own = self
            .operations
            .iter()
            .flat_map(|operation| &operation.codes);
        let pushed = self.webhooks.iter().flat_map(|webhook| &webhook.codes);
        self.codes.iter().chain(own).chain(pushed)
    }

    /// The query and path parameters of an operation, as fields of its request type, in progenitor's order: those of the path in the
    /// order of the path, then those of the query by name.
    pub fn parameters<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> impl Iterator<Item = &'a Field> + use<'a> {
        let def = self.type_def(operation.input.type_name());
        let mut fields: Vec<&Field> = match def.map(|def| &def.kind) {
            Some(TypeKind::Object(object)) => object
                .fields
                .iter()
                .filter(|field| field.place != Place::Body)
                .collect(),
            _ => Vec::new(),
        };
        fields.sort_by_key(|field| match field.place {
            Place::Path => (operation.path.find(&format!("{{{}}}", field.wire)), ""),
            _ => (Some(usize::MAX), field.wire.as_str()),
        });
        fields.into_iter()
    }

    /// Whether a request type has fields.
    #[must_use]
    pub fn has_fields(&self, name: &str) -> bool {
        match self.type_def(name).map(|def| &def.kind) {
            Some(TypeKind::Object(object)) => {
                object.flattened.is_some() || !object.fields.is_empty()
            }
            _ => true,
        }
    }

    /// Whether an operation takes files.
    #[must_use]
    pub fn has_uploads(&self) -> bool {
        self.operations
            .iter()
            .any(|operation| matches!(operation.input, Input::Multipart(_)))
    }

    /// Whether an operation is paged.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        self.operations
            .iter()
            .any(|operation| operation.paging.is_some())
    }

    /// The definition of a named schema.
    #[must_use]
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|def| def.name == name)
    }
}
