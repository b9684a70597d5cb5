//! `nullable: true`, which says that null comes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{COMPONENTS, place};
use crate::model::{Service, Side, Ty, TypeKind};
use crate::read::Findings;

/// Null comes in replies and pushes only, and a validator looks for `nullable` beside `type`.
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
    if let Some(value) = schema.get("nullable") {
        let refers = ["$ref", "allOf", "oneOf"]
            .into_iter()
            .find(|key| schema.get(key).is_some());
        let wrong = match (value, side, refers) {
            (value, ..) if *value != Value::Bool(true) => Some((
                "other than `nullable: true`".to_owned(),
                "write `nullable: true`, or leave it out",
            )),
            (_, Side::Request, _) => Some((
                "`nullable` in a request".to_owned(),
                "leave it out: what a request does not set is not sent",
            )),
            (.., Some(key)) => Some((
                format!("`nullable` beside `{key}`, where validators ignore it"),
                "write it in the schema that is referred to, beside its `type`",
            )),
            _ if schema.get("type").is_none() => Some((
                "`nullable` without `type`".to_owned(),
                "leave it out: a schema without `type` takes null",
            )),
            _ => None,
        };
        if let Some((problem, instead)) = wrong {
            findings.add(at, problem, instead);
        }
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
