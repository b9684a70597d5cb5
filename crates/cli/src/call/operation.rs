//! An operation as a command: its spec, its request and the function that sends it.

use nxcloud_spec::document::MediaType;
use nxcloud_spec::schema::{Format, Kind, Schema};
use nxcloud_spec::{OperationRef, SchemaRef};
use serde_json::{Map, Value};

use super::body::{self, Problem};
use super::members::Members;
use crate::failure::Failure;
use crate::generated;
use crate::job::SendFn;

/// An operation that the command can call.
pub(crate) struct Operation {
    pub(crate) spec: OperationRef<'static>,
    /// One object schema with everything that a caller passes: parameters and members of the body.
    request: Schema,
    pub(super) is_form: bool,
    pub(crate) send: SendFn,
}

impl Operation {
    pub(crate) fn new(spec: OperationRef<'static>) -> Result<Self, Failure> {
        let (service, id) = (spec.service().name(), &spec.id);
        let missing = || Failure::usage(format!("{service} {id} is not part of this build"));
        let mut request = Schema::default();
        request.all_of.push(parameters(spec));
        let mut is_form = false;
        if let Some((media, MediaType { schema, .. })) = spec.request() {
            is_form = media == "multipart/form-data";
            request.all_of.push(if is_form {
                text_parts(spec.service().schema(schema))
            } else {
                schema.clone()
            });
        }
        Ok(Self {
            spec,
            request,
            is_form,
            send: generated::send(service, id).ok_or_else(missing)?,
        })
    }

    /// The schema of everything that a caller passes, except a file.
    pub(crate) fn request(&self) -> SchemaRef<'_> {
        self.spec.service().schema(&self.request)
    }

    /// Completes a body and returns its problems.
    pub(super) fn complete(&self, body: &mut Map<String, Value>) -> Result<Vec<Problem>, Failure> {
        body::complete(self.request(), self.spec.service().document(), body)
    }

    /// Whether the operation has fields.
    pub(super) fn has_fields(&self) -> bool {
        !Members::of(self.request()).is_empty()
    }
}

/// An object schema with the parameters as properties. Description and field name of a parameter go to its property.
fn parameters(spec: OperationRef<'_>) -> Schema {
    let mut object = Schema::default();
    object.kind = Some(Kind::Object);
    for parameter in &spec.parameters {
        let mut property = parameter.schema.clone();
        property.description.clone_from(&parameter.description);
        property.field.clone_from(&parameter.field);
        object.properties.insert(parameter.name.clone(), property);
        if parameter.required {
            object.required.push(parameter.name.clone());
        }
    }
    object
}

/// The text parts of a form. The part `type` is left out: it repeats the MIME type of the file.
fn text_parts(form: SchemaRef<'_>) -> Schema {
    let mut object = form.resolved().schema().clone();
    let is_text = |name: &str, part: &Schema| name != "type" && part.format != Some(Format::Binary);
    object.properties.retain(|name, part| is_text(name, part));
    let properties = &object.properties;
    object.required.retain(|name| properties.contains_key(name));
    object
}
