//! What the emitters know of a service: the spec, read once, with every name decided.

use nxcloud_spec::document::{Code, MaxDays, Paging};
use nxcloud_spec::message::{Message, Receipt};
use nxcloud_spec::schema::{Format, Upload};
use nxcloud_spec::webhook::Webhook;
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
    /// How it is paged.
    pub paging: Option<Paging>,
    /// What it says of messages.
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
    /// What the object says of a send, when it is a receipt.
    pub receipt: Option<Box<Receipt>>,
    /// Methods for the values that a reply is of no use without: name, and dotted path.
    pub accessors: Vec<(String, String)>,
    /// Two date-time fields and the greatest number of days between them.
    pub max_days: Option<MaxDays>,
}

impl Object {
    /// An object that has nothing but its fields.
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

    /// Wire names of the fields of which the caller gives exactly one: each has a constructor, so that none and two do not
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
    /// Required by the spec, or a field of what an operation returns.
    pub required: bool,
    /// May be shown in Debug output.
    pub public: bool,
    /// Other spellings accepted in replies.
    pub aliases: Vec<String>,
    /// The only allowed value, filled in by the constructor.
    pub constant: Option<String>,
    /// Limits, checked before sending.
    pub limits: Limits,
    /// Where it goes.
    pub place: Place,
    /// What the reference allows of an upload.
    pub uploads: Vec<Upload>,
    /// The documented default, as a literal.
    pub default: Option<String>,
    /// The `format` of the spec.
    pub format: Option<Format>,
    /// An optional list that short ways to make its object take all the same.
    pub argument: bool,
}

impl Field {
    /// The name of the method that sets it.
    #[must_use]
    pub fn setter(&self) -> String {
        format!("with_{}", self.rust.trim_end_matches('_'))
    }

    /// Whether any text will do: nothing that has a form, and no id, state or name, which may be shown in Debug output.
    #[must_use]
    pub fn is_free_text(&self) -> bool {
        let limited = self.limits.pattern.is_some() || self.format.is_some();
        self.ty == Ty::Text && !limited && !self.public && self.constant.is_none()
    }

    /// Whether it holds one or several phone numbers, separated by commas.
    #[must_use]
    pub fn takes_several_phones(&self) -> bool {
        let form = self.limits.phone.as_deref();
        form.is_some_and(|form| form.starts_with("Phones"))
    }

    /// Whether a short way to make its object takes it.
    #[must_use]
    pub fn is_argument(&self) -> bool {
        self.constant.is_none() && (self.required || self.argument)
    }
}

impl Field {
    /// What a constructor fills in: the documented default of a whole number that the wire always carries, such as the first page.
    #[must_use]
    pub fn filled_in(&self) -> Option<i64> {
        let default = self.default.as_ref()?.parse().ok()?;
        (self.required && self.ty == Ty::Integer && self.constant.is_none()).then_some(default)
    }
}

/// Where a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the body (or, in a reply, out of it).
    Body,
    /// Into the query.
    Query,
    /// Into the path.
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
    /// Whole number that the wire carries as text.
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

/// What the reference says of the zone of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeForm {
    /// Nothing: `local-date-time`; or the text states it: `date-time`.
    Text,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
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
    /// Form of phone numbers that is checked: a variant of the client's `PhoneForm`.
    pub phone: Option<String>,
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

    /// The query and path parameters of an operation, as fields of its request type, in the order in which progenitor wants
    /// them: those of the path as they stand in it, then those of the query by name.
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

    /// Whether a request type has anything to fill in.
    #[must_use]
    pub fn has_fields(&self, name: &str) -> bool {
        match self.type_def(name).map(|def| &def.kind) {
            Some(TypeKind::Object(object)) => {
                object.flattened.is_some() || !object.fields.is_empty()
            }
            _ => true,
        }
    }

    /// Whether any operation takes files.
    #[must_use]
    pub fn has_uploads(&self) -> bool {
        self.operations
            .iter()
            .any(|operation| matches!(operation.input, Input::Multipart(_)))
    }

    /// Whether any operation is paged.
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
