//! Services: a spec with its name, and access to its parts.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::document::{Code, Document, MediaType, Operation, Place, Scheme};
use crate::schema::{Kind, Schema};
use crate::view::SchemaRef;
use crate::webhook::Webhook;
use crate::{SpecError, document};

/// A service: a spec and its name. Clones share the spec.
#[derive(Clone, Debug)]
pub struct Service {
    name: Arc<str>,
    document: Arc<Document>,
}

impl Service {
    /// A service from a parsed spec. The name is that of the spec file, such as `sms`.
    pub fn new(name: impl Into<Arc<str>>, document: Document) -> Self {
        Self {
            name: name.into(),
            document: Arc::new(document),
        }
    }

    /// Reads a spec in JSON.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or if a key is unknown or missing or has a value of the wrong type. The error names the place.
    pub fn read(name: &str, json: &str) -> Result<Self, SpecError> {
        if let Ok(document) = serde_json::from_str(json) {
            return Ok(Self::new(name, document));
        }
        // Tracking the place takes 40% longer, so read again only after a failure.
        let mut json = serde_json::Deserializer::from_str(json);
        let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let place = match error.path().to_string() {
                root if root == "." => "(root)".to_owned(),
                path => path,
            };
            SpecError::new(name, place, error.into_inner().to_string())
        })?;
        json.end()
            .map_err(|error| SpecError::new(name, "(root)", error.to_string()))?;
        Ok(Self::new(name, document))
    }

    /// The name of the spec file, such as `sms`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The spec.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The operations in the order of the spec.
    pub fn operations(&self) -> impl Iterator<Item = OperationRef<'_>> {
        self.document.paths.iter().flat_map(move |(path, item)| {
            item.operations()
                .map(move |(method, operation)| OperationRef {
                    service: self,
                    path,
                    method,
                    operation,
                })
        })
    }

    /// The operation with this id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<OperationRef<'_>> {
        self.operations().find(|operation| operation.id == id)
    }

    /// The pushes in the order of the spec.
    #[must_use]
    pub fn webhooks(&self) -> &[Webhook] {
        &self.document.webhooks
    }

    /// The push with this name.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks().iter().find(|webhook| webhook.name == name)
    }

    /// A schema of this spec, with access to its references.
    #[must_use]
    pub fn schema<'a>(&'a self, schema: &'a Schema) -> SchemaRef<'a> {
        SchemaRef::new(schema, &self.document)
    }
}

/// An operation with its path and method. It dereferences to [`Operation`].
#[derive(Clone, Copy, Debug)]
pub struct OperationRef<'a> {
    service: &'a Service,
    path: &'a str,
    method: &'static str,
    operation: &'a Operation,
}

impl Deref for OperationRef<'_> {
    type Target = Operation;

    fn deref(&self) -> &Operation {
        self.operation
    }
}

impl<'a> OperationRef<'a> {
    /// The service of the operation.
    #[must_use]
    pub const fn service(self) -> &'a Service {
        self.service
    }

    /// The operation in the spec. Unlike through `Deref`, it lives as long as the service.
    #[must_use]
    pub const fn spec(self) -> &'a Operation {
        self.operation
    }

    /// The HTTP method in upper case.
    #[must_use]
    pub const fn method(self) -> &'static str {
        self.method
    }

    /// The path as in the spec, with its `#fragment`, if any.
    #[must_use]
    pub const fn key(self) -> &'a str {
        self.path
    }

    /// The path as sent, with parameters in braces.
    #[must_use]
    pub fn path(self) -> &'a str {
        self.path.split('#').next().unwrap_or(self.path)
    }

    /// The signature scheme.
    #[must_use]
    pub fn scheme(self) -> Scheme {
        self.service.document.scheme
    }

    /// The `bizType` header of the operation, else that of the service.
    #[must_use]
    pub fn biz_type(self) -> Option<&'a str> {
        let own = self.operation.biz_type.as_deref();
        own.or(self.service.document.biz_type.as_deref())
    }

    /// The result codes of the operation, then those of the service.
    pub fn all_codes(self) -> impl Iterator<Item = &'a Code> {
        self.operation
            .codes
            .iter()
            .chain(&self.service.document.codes)
    }

    /// The media type and content of the body; `None` without a body.
    #[must_use]
    pub fn request(self) -> Option<(&'a str, &'a MediaType)> {
        first(&self.operation.body.as_ref()?.content)
    }

    /// The media type and content of the reply; `None` if none is documented.
    #[must_use]
    pub fn reply(self) -> Option<(&'a str, &'a MediaType)> {
        first(&self.operation.responses.get("200")?.content)
    }

    /// The schema of the body.
    #[must_use]
    pub fn request_schema(self) -> Option<SchemaRef<'a>> {
        Some(self.service.schema(&self.request()?.1.schema))
    }

    /// The schema of the reply.
    #[must_use]
    pub fn reply_schema(self) -> Option<SchemaRef<'a>> {
        Some(self.service.schema(&self.reply()?.1.schema))
    }

    /// A schema of an object with the path or the query parameters as properties; `None` if there are none.
    #[must_use]
    pub fn parameters_schema(self, place: Place) -> Option<Schema> {
        let parameters = self.operation.parameters.iter();
        let mut schema = Schema {
            kind: Some(Kind::Object),
            ..Schema::default()
        };
        for parameter in parameters.filter(|parameter| parameter.place == place) {
            let property = parameter.schema.clone();
            schema.properties.insert(parameter.name.clone(), property);
            if parameter.required {
                schema.required.push(parameter.name.clone());
            }
        }
        (!schema.properties.is_empty()).then_some(schema)
    }

    /// The example requests by name. Each contains the example values of the parameters and the members of the body. Without a body, there is one example,
    /// named `parameters`.
    #[must_use]
    pub fn request_examples(self) -> Vec<(&'a str, Value)> {
        let parameters = self.operation.parameters.iter();
        let parameters: Map<String, Value> = parameters
            .filter_map(|parameter| Some((parameter.name.clone(), parameter.example.clone()?)))
            .collect();
        let join = |body: &Value| {
            let mut joined = parameters.clone();
            joined.extend(body.as_object().cloned().unwrap_or_default());
            Value::Object(joined)
        };
        match self.request() {
            Some((_, body)) if parameters.is_empty() => named(&body.examples).collect(),
            Some((_, body)) => named(&body.examples)
                .map(|(name, value)| (name, join(&value)))
                .collect(),
            None if parameters.is_empty() => Vec::new(),
            None => vec![("parameters", Value::Object(parameters))],
        }
    }

    /// The example replies by name.
    pub fn reply_examples(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let examples = self.reply().map(|(_, reply)| &reply.examples);
        examples
            .into_iter()
            .flatten()
            .map(|(name, example)| (name.as_str(), &example.value))
    }
}

fn named(
    examples: &indexmap::IndexMap<String, document::Example>,
) -> impl Iterator<Item = (&str, Value)> {
    examples
        .iter()
        .map(|(name, example)| (name.as_str(), example.value.clone()))
}

fn first(content: &indexmap::IndexMap<String, MediaType>) -> Option<(&str, &MediaType)> {
    let (media, body) = content.first()?;
    Some((media, body))
}
