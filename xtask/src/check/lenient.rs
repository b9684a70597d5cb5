//! What replies and pushes alone may say: that null comes, and that values of several types do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{COMPONENTS, place};
use crate::model::{Service, Side, Ty, TypeKind};
use crate::read::Findings;

/// Requests are strict. A validator looks for `nullable` beside `type`.
pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    let of_requests = enums_of_requests(service);
    for def in &service.types {
        let side = match &def.kind {
            TypeKind::Object(object) => object.side,
            TypeKind::Union(_) => Side::Request,
            TypeKind::Enum { .. } if of_requests.contains(def.name.as_str()) => Side::Request,
            TypeKind::Enum { .. } => Side::Reply,
        };
        let schema = &service.raw["components"]["schemas"][&def.name];
        schema_at(
            &format!("{COMPONENTS}.{}", def.name),
            schema,
            side,
            findings,
        );
    }
    for operation in &service.operations {
        let raw = &service.raw["paths"][&operation.path][operation.method.to_lowercase()];
        let parameters = raw["parameters"].as_array();
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let at = format!("{}.parameters[{index}].schema", place(operation));
            schema_at(&at, &parameter["schema"], Side::Request, findings);
        }
    }
}

/// Open enums may be on both sides.
fn enums_of_requests(service: &Service) -> BTreeSet<&str> {
    fn named(ty: &Ty) -> Option<&str> {
        match ty {
            Ty::Named(name) => Some(name),
            Ty::List(inner) | Ty::Map(inner) => named(inner),
            _ => None,
        }
    }
    let objects = service.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Object(object) if object.side == Side::Request => Some(object),
        _ => None,
    });
    objects
        .flat_map(|object| &object.fields)
        .filter_map(|field| named(&field.ty))
        .collect()
}

fn schema_at(at: &str, schema: &Value, side: Side, findings: &mut Findings<'_>) {
    let wrong = [nullable(schema, side), untyped(schema, side)];
    for (problem, instead) in wrong.into_iter().flatten() {
        findings.add(at, problem, instead);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        schema_at(&format!("{at}.properties.{name}"), property, side, findings);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            schema_at(&format!("{at}.{key}"), inner, side, findings);
        }
    }
    for (index, part) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
        schema_at(&format!("{at}.allOf[{index}]"), part, side, findings);
    }
}

fn nullable(schema: &Value, side: Side) -> Option<(String, &'static str)> {
    let value = schema.get("nullable")?;
    if *value != Value::Bool(true) {
        return Some((
            "`nullable` is not true".to_owned(),
            "write `nullable: true`, or leave it out",
        ));
    }
    if side == Side::Request {
        return Some((
            "`nullable` in a request".to_owned(),
            "leave it out: what a request does not set is not sent",
        ));
    }
    if let Some(key) = refers(schema) {
        return Some((
            format!("`nullable` beside `{key}`, where validators ignore it"),
            "write it in the schema that is referred to, beside its `type`",
        ));
    }
    schema.get("type").is_none().then(|| {
        (
            "`nullable` without `type`".to_owned(),
            "leave it out: a schema without `type` takes null",
        )
    })
}

/// The platform may write a number or a text, a list or something else; a request writes one of them.
fn untyped(schema: &Value, side: Side) -> Option<(String, &'static str)> {
    if schema.get("type").is_some() || refers(schema).is_some() {
        return None;
    }
    let format = schema.get("format").and_then(Value::as_str);
    let several = side == Side::Reply && format.is_none_or(|format| format == "decimal");
    let key = ["format", "items"]
        .into_iter()
        .find(|key| schema.get(key).is_some())?;
    (!several).then(|| (format!("`{key}` without `type`"), "write the `type`"))
}

fn refers(schema: &Value) -> Option<&'static str> {
    let mut keys = ["$ref", "allOf", "oneOf"].into_iter();
    keys.find(|key| schema.get(key).is_some())
}
