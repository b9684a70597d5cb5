//! One operation, read from its spec.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::Method;
use nxcloud_spec::document::{self, CodeKind, HashIn, MediaType, Place};
use nxcloud_spec::schema::{Kind, Schema, Upload};
use nxcloud_spec::validate::{Compiler, NOT_AN_INTEGER, Validator, Violation, below, integer};
use nxcloud_spec::{OperationRef, SchemaRef, Service};
use serde_json::{Map, Value};

use super::{Messages, PathTemplate};
use crate::SpecError;

/// An operation of a service.
pub(crate) struct Operation {
    /// Name of the spec.
    pub(crate) service: Arc<str>,
    /// `operationId` of the spec.
    pub(crate) id: Arc<str>,
    pub(crate) method: Method,
    pub(crate) path: PathTemplate,
    pub(crate) signed: Signed,
    pub(crate) body: Option<RequestBody>,
    /// Schema of the path parameters, if there are any.
    pub(crate) path_parameters: Option<Parameters>,
    /// Schema of the query parameters, if there are any.
    pub(crate) query: Option<Parameters>,
    /// Example reply to an accepted request; absent if no reply body is documented.
    pub(crate) success: Option<Value>,
    /// Example of a refusal.
    pub(crate) failure: Option<Value>,
    /// The messages that it sends, if any.
    pub(crate) messages: Option<Messages>,
    /// The code for requests that come too fast, if the service documents one.
    pub(crate) rate_code: Option<i64>,
    reply_schema: Schema,
    meanings: BTreeMap<i64, String>,
    /// The operation in the spec.
    pub(crate) spec: document::Operation,
    service_spec: Service,
}

/// The signing scheme of an operation, with its parameters.
pub(crate) enum Signed {
    /// MD5 over header parameters, body and secret.
    Md5 {
        biz_type: String,
        action: String,
        /// The code for a body that violates the schema.
        parameter_code: i64,
    },
    /// SHA-256 over parameter values and secret.
    Sha256 {
        place: HashIn,
        /// The parameters whose values are hashed.
        order: Vec<String>,
    },
}

/// The body of a request.
pub(crate) struct RequestBody {
    pub(crate) required: bool,
    pub(crate) content: Content,
    pub(crate) validator: Validator,
    /// The files that the binary parts of a multipart body may contain.
    pub(crate) uploads: HashMap<String, Vec<Upload>>,
    /// The examples of the spec.
    examples: Vec<Value>,
    schema: Schema,
    spec: Service,
}

/// The media type of a body.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Json,
    Multipart,
    /// Any other type. Its bytes are not checked.
    Opaque(String),
}

/// The parameters in one location of a request.
pub(crate) struct Parameters {
    pub(crate) validator: Validator,
    schema: Schema,
    spec: Service,
}

impl Operation {
    /// The schema of the reply.
    pub(crate) fn reply(&self) -> SchemaRef<'_> {
        self.service_spec.schema(&self.reply_schema)
    }

    /// Whether the fields of a request equal those of an example of the spec.
    pub(crate) fn is_example(&self, fields: &Map<String, Value>) -> bool {
        let examples = self.body.as_ref().map_or(&[][..], |body| &body.examples);
        examples
            .iter()
            .any(|example| example.as_object() == Some(fields))
    }

    /// Whether it is signed with this bizType and action.
    pub(crate) fn is_named(&self, biz_type: Option<&str>, action: Option<&str>) -> bool {
        self.names() == biz_type.zip(action) && self.names().is_some()
    }

    /// bizType and action, if they are part of the signature.
    pub(super) fn names(&self) -> Option<(&str, &str)> {
        match &self.signed {
            Signed::Md5 {
                biz_type, action, ..
            } => Some((biz_type, action)),
            Signed::Sha256 { .. } => None,
        }
    }

    /// The code for a wrong parameter.
    pub(crate) const fn parameter_code(&self) -> i64 {
        match self.signed {
            Signed::Md5 { parameter_code, .. } => parameter_code,
            Signed::Sha256 { .. } => 400,
        }
    }

    /// The description of a result code in the spec.
    pub(crate) fn meaning(&self, code: i64) -> Option<&str> {
        self.meanings.get(&code).map(String::as_str)
    }
}

impl RequestBody {
    /// The schema of the body.
    pub(crate) fn schema(&self) -> SchemaRef<'_> {
        self.spec.schema(&self.schema)
    }
}

impl Parameters {
    /// The schema of the parameters, as properties of an object.
    pub(crate) fn schema(&self) -> SchemaRef<'_> {
        self.spec.schema(&self.schema)
    }
}

/// Reads all operations of a service.
pub(super) fn read(service: &Service) -> Result<Vec<Operation>, SpecError> {
    let compiler = Compiler::new(service.document());
    let operations = service.operations();
    operations.map(|spec| operation(spec, &compiler)).collect()
}

fn operation(spec: OperationRef<'_>, compiler: &Compiler) -> Result<Operation, SpecError> {
    let service = spec.service();
    let error = |reason: &str| SpecError::new(service.name(), &spec.id, reason);
    let example = |name: &str| {
        let mut examples = spec.reply_examples();
        let (_, value) = examples.find(|(known, _)| *known == name)?;
        Some(value.clone())
    };
    let compile = |schema: &Schema| compiler.compile(schema).map_err(|reason| error(&reason));
    let parameters = |place| {
        let read = |schema| {
            Ok(Parameters {
                validator: compile(&schema)?,
                schema,
                spec: service.clone(),
            })
        };
        spec.parameters_schema(place).map(read).transpose()
    };
    let reply = spec.reply().map(|(_, reply)| reply.schema.clone());
    let success = example("success");
    if success.is_none() && reply.is_some() {
        return Err(error("the reply has no example named success: add it"));
    }
    let method = spec.method().parse();
    // The codes of the operation go before those of the service.
    let codes = service.document().codes.iter().chain(&spec.codes);
    let rate_code = {
        let own = spec.codes.iter().chain(&service.document().codes);
        let mut limits = own.filter(|code| code.kind == CodeKind::RateLimit);
        limits.next().map(|code| code.code)
    };
    Ok(Operation {
        service: service.name().into(),
        id: spec.id.as_str().into(),
        method: method.map_err(|_| error("the method is not an HTTP method"))?,
        path: PathTemplate::new(spec.path()),
        signed: signed(spec).map_err(|key| error(&format!("{key} is missing")))?,
        body: match &spec.body {
            Some(described) => {
                let content = spec.request();
                let content = content.ok_or_else(|| error("the request body has no content"))?;
                Some(body(described.required, content, service, compile)?)
            }
            None => None,
        },
        path_parameters: parameters(Place::Path)?,
        query: parameters(Place::Query)?,
        success,
        failure: example("failure"),
        messages: Messages::read(spec)?,
        rate_code,
        reply_schema: reply.unwrap_or_default(),
        meanings: codes
            .map(|code| (code.code, code.meaning.clone()))
            .collect(),
        spec: spec.spec().clone(),
        service_spec: service.clone(),
    })
}

/// The signing scheme of an operation, or the name of the missing key.
fn signed(spec: OperationRef<'_>) -> Result<Signed, &'static str> {
    Ok(match spec.scheme() {
        document::Scheme::AntBuddySha256 => Signed::Sha256 {
            place: spec.hash_in.ok_or("x-nx-hash-in")?,
            order: spec.hash_order.clone().unwrap_or_default(),
        },
        document::Scheme::NxcloudMd5 => Signed::Md5 {
            biz_type: spec.biz_type().ok_or("x-nx-biz-type")?.to_owned(),
            action: spec.action.clone().ok_or("x-nx-action")?,
            parameter_code: spec.parameter_code.ok_or("x-nx-parameter-code")?,
        },
    })
}

fn body(
    required: bool,
    (media, described): (&str, &MediaType),
    service: &Service,
    compile: impl Fn(&Schema) -> Result<Validator, SpecError>,
) -> Result<RequestBody, SpecError> {
    let parts = service.schema(&described.schema).properties();
    let uploads = parts.filter_map(|(name, part)| {
        let uploads = part.find(|schema| Some(&schema.uploads).filter(|list| !list.is_empty()))?;
        Some((name.to_owned(), uploads.clone()))
    });
    let examples = described.examples.values();
    Ok(RequestBody {
        required,
        content: match media {
            "application/json" => Content::Json,
            "multipart/form-data" => Content::Multipart,
            _ => Content::Opaque(media.to_owned()),
        },
        validator: compile(&described.schema)?,
        uploads: uploads.collect(),
        examples: examples.map(|example| example.value.clone()).collect(),
        schema: described.schema.clone(),
        spec: service.clone(),
    })
}

/// Converts text values to the type in their schema. If a name repeats, the first value counts.
pub(crate) fn typed_fields(
    fields: impl IntoIterator<Item = (String, String)>,
    schema: SchemaRef<'_>,
) -> Result<Map<String, Value>, Violation> {
    let mut typed = Map::new();
    for (name, text) in fields {
        let value = match schema.property(&name).and_then(SchemaRef::kind) {
            Some(Kind::Integer) => {
                let problem = || Violation::at(below("", &name), NOT_AN_INTEGER);
                Some(integer(&text).ok_or_else(problem)?.into())
            }
            Some(Kind::Number) => text.parse().map(Value::Number).ok(),
            Some(Kind::Boolean) => text.parse().map(Value::Bool).ok(),
            Some(Kind::Array | Kind::Object) => serde_json::from_str(&text).ok(),
            _ => None,
        };
        typed
            .entry(name)
            .or_insert(value.unwrap_or(Value::String(text)));
    }
    Ok(typed)
}
