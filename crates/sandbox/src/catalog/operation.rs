//! One operation, read from its spec.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::document::{self, Document, HashIn, MaxDays, OperationItem, Scheme};
use super::schema::{self, Rules};
use super::{Node, PathTemplate};
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
    /// Rules for the parameters of the path, if there are any.
    pub(crate) path_rules: Option<ParameterRules>,
    /// Rules for the query parameters, if there are any.
    pub(crate) query: Option<ParameterRules>,
    pub(crate) max_days: Option<MaxDays>,
    /// Example of a reply to a request that was accepted; absent when no reply body is documented.
    pub(crate) success: Option<Value>,
    /// Example of a refusal.
    pub(crate) failure: Option<Value>,
    reply_schema: Value,
    meanings: BTreeMap<i64, String>,
    document: Arc<Value>,
}

/// How an operation is signed, and what belongs to that.
pub(crate) enum Signed {
    /// MD5 over header parameters, body and secret.
    Md5 {
        biz_type: String,
        action: String,
        /// The code that answers a body against the rules.
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
    pub(crate) rules: Rules,
    /// What the binary parts of a multipart body may hold.
    pub(crate) uploads: HashMap<String, Vec<Upload>>,
    /// The examples of the spec.
    examples: Vec<Value>,
    schema: Value,
    document: Arc<Value>,
}

/// The media type of a body.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Json,
    Multipart,
    /// Another type, whose bytes are not looked into.
    Opaque(String),
}

/// The parameters in one place of a request.
pub(crate) struct ParameterRules {
    pub(crate) rules: Rules,
    schema: Value,
    document: Arc<Value>,
}

/// What may be uploaded in a part of a multipart body.
#[derive(Deserialize)]
pub(crate) struct Upload {
    #[serde(default)]
    pub(crate) mime: Vec<String>,
    #[serde(rename = "max-bytes")]
    pub(crate) max_bytes: Option<u64>,
}

impl Operation {
    /// What describes the reply.
    pub(crate) fn reply(&self) -> Node<'_> {
        Node::new(&self.reply_schema, &self.document)
    }

    /// Whether the fields of a request are those of an example of the spec.
    pub(crate) fn is_example(&self, fields: &Map<String, Value>) -> bool {
        let examples = self.body.as_ref().map_or(&[][..], |body| &body.examples);
        examples
            .iter()
            .any(|example| example.as_object() == Some(fields))
    }

    /// What the spec says about a result code.
    pub(crate) fn meaning(&self, code: i64) -> Option<&str> {
        self.meanings.get(&code).map(String::as_str)
    }
}

impl RequestBody {
    /// What describes the body.
    pub(crate) fn node(&self) -> Node<'_> {
        Node::new(&self.schema, &self.document)
    }
}

impl ParameterRules {
    /// What describes the parameters, as properties of an object.
    pub(crate) fn node(&self) -> Node<'_> {
        Node::new(&self.schema, &self.document)
    }
}

/// Reads all operations of a spec in JSON.
pub(super) fn read(service: &str, json: &str) -> Result<Vec<Operation>, SpecError> {
    let document = serde_json::from_str::<Document>(json)
        .map_err(|error| SpecError::new(service, "document", error.to_string()))?;
    let reader = Reader {
        service: service.into(),
        scheme: document.scheme,
        biz_type: document.biz_type,
        codes: document.codes,
        components: schema::translate_components(&document.components),
        document: Arc::new(json!({ "components": document.components })),
    };
    let mut operations = Vec::new();
    for (path, item) in document.paths {
        for (method, item) in item.operations() {
            operations.push(reader.operation(&path, method, item)?);
        }
    }
    Ok(operations)
}

/// What the operations of one spec share.
struct Reader {
    service: Arc<str>,
    scheme: Scheme,
    biz_type: Option<String>,
    codes: Vec<document::Code>,
    /// The translated schemas.
    components: Value,
    /// The schemas as written.
    document: Arc<Value>,
}

impl Reader {
    fn operation(
        &self,
        path: &str,
        method: Method,
        mut item: OperationItem,
    ) -> Result<Operation, SpecError> {
        let id: Arc<str> = item.id.as_str().into();
        let signed = self.signed(&item)?;
        let meanings = self.meanings(&item.codes);
        let body = match item.body.take() {
            Some(body) => Some(self.body(&id, body)?),
            None => None,
        };
        let path_rules = self.parameters(&id, &item.parameters, "path")?;
        let query = self.parameters(&id, &item.parameters, "query")?;
        let reply = item
            .responses
            .remove("200")
            .and_then(|response| response.content.into_values().next());
        let (reply_schema, mut examples) = match reply {
            Some(reply) => (reply.schema, reply.examples),
            None => (Value::Null, BTreeMap::new()),
        };
        let mut example = |name: &str| examples.remove(name).map(|example| example.value);
        let success = example("success");
        if success.is_none() && !reply_schema.is_null() {
            return Err(self.error(&id, "the reply has no example named success"));
        }
        Ok(Operation {
            service: Arc::clone(&self.service),
            id,
            method,
            path: PathTemplate::new(path),
            signed,
            body,
            path_rules,
            query,
            max_days: item.max_days,
            success,
            failure: example("failure"),
            reply_schema,
            meanings,
            document: Arc::clone(&self.document),
        })
    }

    fn signed(&self, item: &OperationItem) -> Result<Signed, SpecError> {
        let missing = |key: &str| self.error(&item.id, format!("{key} is missing"));
        match self.scheme {
            Scheme::Md5 => Ok(Signed::Md5 {
                biz_type: item
                    .biz_type
                    .clone()
                    .or_else(|| self.biz_type.clone())
                    .ok_or_else(|| missing("x-nx-biz-type"))?,
                action: item.action.clone().ok_or_else(|| missing("x-nx-action"))?,
                parameter_code: item
                    .parameter_code
                    .ok_or_else(|| missing("x-nx-parameter-code"))?,
            }),
            Scheme::Sha256 => Ok(Signed::Sha256 {
                place: item.hash_in.ok_or_else(|| missing("x-nx-hash-in"))?,
                order: item.hash_order.clone(),
            }),
        }
    }

    /// An operation's own codes go before those of the service.
    fn meanings(&self, own: &[document::Code]) -> BTreeMap<i64, String> {
        self.codes
            .iter()
            .chain(own)
            .map(|code| (code.code, code.meaning.clone()))
            .collect()
    }

    fn body(&self, id: &str, body: document::RequestBody) -> Result<RequestBody, SpecError> {
        let (media, described) = body
            .content
            .into_iter()
            .next()
            .ok_or_else(|| self.error(id, "the request body has no content"))?;
        let content = match media.as_str() {
            "application/json" => Content::Json,
            "multipart/form-data" => Content::Multipart,
            _ => Content::Opaque(media),
        };
        Ok(RequestBody {
            required: body.required,
            content,
            rules: self.compile(id, &described.schema)?,
            uploads: self.uploads(id, Node::new(&described.schema, &self.document))?,
            examples: described
                .examples
                .into_values()
                .map(|example| example.value)
                .collect(),
            schema: described.schema,
            document: Arc::clone(&self.document),
        })
    }

    fn uploads(&self, id: &str, body: Node<'_>) -> Result<HashMap<String, Vec<Upload>>, SpecError> {
        let mut uploads = HashMap::new();
        for name in body.property_names() {
            let rule = body
                .property(name)
                .and_then(|part| part.get("x-nx-uploads"));
            if let Some(rule) = rule {
                let allowed = Vec::<Upload>::deserialize(rule)
                    .map_err(|error| self.error(id, format!("x-nx-uploads of {name}: {error}")))?;
                uploads.insert(name.to_owned(), allowed);
            }
        }
        Ok(uploads)
    }

    /// The parameters of one place as one object.
    fn parameters(
        &self,
        id: &str,
        parameters: &[document::Parameter],
        place: &str,
    ) -> Result<Option<ParameterRules>, SpecError> {
        let of_place = || {
            parameters
                .iter()
                .filter(|parameter| parameter.place == place)
        };
        let properties = of_place()
            .map(|parameter| (parameter.name.clone(), parameter.schema.clone()))
            .collect::<Map<_, _>>();
        if properties.is_empty() {
            return Ok(None);
        }
        let required = of_place()
            .filter(|parameter| parameter.required)
            .map(|parameter| parameter.name.as_str())
            .collect::<Vec<_>>();
        let schema = json!({ "type": "object", "required": required, "properties": properties });
        Ok(Some(ParameterRules {
            rules: self.compile(id, &schema)?,
            schema,
            document: Arc::clone(&self.document),
        }))
    }

    fn compile(&self, id: &str, schema: &Value) -> Result<Rules, SpecError> {
        Rules::compile(schema::translate(schema), &self.components)
            .map_err(|reason| self.error(id, reason))
    }

    fn error(&self, id: &str, reason: impl Into<String>) -> SpecError {
        SpecError::new(&self.service, id, reason.into())
    }
}

/// Scalars that came as text, in the type that their schema says. A name that comes again is ignored.
pub(crate) fn typed_fields(
    fields: impl IntoIterator<Item = (String, String)>,
    node: Node<'_>,
) -> Map<String, Value> {
    let mut typed = Map::new();
    for (name, text) in fields {
        let value = match node.property(&name).and_then(Node::kind) {
            Some("integer" | "number") => text.parse().map(Value::Number).ok(),
            Some("boolean") => text.parse().map(Value::Bool).ok(),
            Some("array" | "object") => serde_json::from_str(&text).ok(),
            _ => None,
        };
        typed
            .entry(name)
            .or_insert(value.unwrap_or(Value::String(text)));
    }
    typed
}
