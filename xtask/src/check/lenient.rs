//! Checks the keys that only replies and pushes may have: `nullable`, and fields of several types.

use std::collections::BTreeSet;

use nxcloud_spec::schema::{Format, Schema};

use crate::finding::Findings;
use crate::model::{Service, Side, Ty, TypeKind};
use crate::places::{self, Located};

/// Checks every schema. Requests are strict. OpenAPI validators read `nullable` only beside `type`.
pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    let lenient = lenient(service);
    for Located { at, schema, .. } in places::schemas(service.spec.document()) {
        let name = at.strip_prefix("components.schemas.");
        let name = name.and_then(|rest| rest.split('.').next());
        let side = match name {
            Some(name) if lenient.contains(name) => Side::Reply,
            _ => Side::Request,
        };
        for (problem, instead) in [nullable(schema, side), untyped(schema, side)]
            .into_iter()
            .flatten()
        {
            findings.add(&at, problem, instead);
        }
    }
}

/// The types of replies and pushes, and the open enums that no request contains.
fn lenient(service: &Service) -> BTreeSet<&str> {
    fn named(ty: &Ty) -> Option<&str> {
        match ty {
            Ty::Named(name) => Some(name),
            Ty::List(inner) | Ty::Map(inner) => named(inner),
            _ => None,
        }
    }
    let of_requests = service.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Object(object) if object.side == Side::Request => Some(&object.fields),
        _ => None,
    });
    let in_requests: BTreeSet<&str> = of_requests
        .flatten()
        .filter_map(|field| named(&field.ty))
        .collect();
    let types = service.types.iter().filter(|def| match &def.kind {
        TypeKind::Object(object) => object.side == Side::Reply,
        TypeKind::Union(_) => false,
        TypeKind::Enum { .. } => !in_requests.contains(def.name.as_str()),
    });
    types.map(|def| def.name.as_str()).collect()
}

fn nullable(schema: &Schema, side: Side) -> Option<(String, &'static str)> {
    if !schema.nullable {
        return None;
    }
    if side == Side::Request {
        return Some((
            "a request has `nullable`".to_owned(),
            "remove it: a request leaves out fields that are not set",
        ));
    }
    if let Some(key) = refers(schema) {
        return Some((
            format!("`nullable` is beside `{key}`, where validators ignore it"),
            "move it to the referenced schema, beside its `type`",
        ));
    }
    schema.kind.is_none().then(|| {
        (
            "there is `nullable` but no `type`".to_owned(),
            "remove it: a schema without `type` allows null",
        )
    })
}

/// A reply may have several types in one field, such as a number or a text. A request has one.
fn untyped(schema: &Schema, side: Side) -> Option<(String, &'static str)> {
    if schema.kind.is_some() || refers(schema).is_some() {
        return None;
    }
    let several = side == Side::Reply && matches!(schema.format, None | Some(Format::Decimal));
    let key = match schema {
        Schema {
            format: Some(_), ..
        } => "format",
        Schema { items: Some(_), .. } => "items",
        _ => return None,
    };
    (!several).then(|| (format!("there is `{key}` but no `type`"), "add the `type`"))
}

fn refers(schema: &Schema) -> Option<&'static str> {
    match schema {
        Schema {
            reference: Some(_), ..
        } => Some("$ref"),
        Schema { all_of, .. } if !all_of.is_empty() => Some("allOf"),
        Schema { one_of, .. } if !one_of.is_empty() => Some("oneOf"),
        _ => None,
    }
}
