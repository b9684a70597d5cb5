//! What replies and pushes alone may say: that null comes, and that values of several types do.

use std::collections::BTreeSet;

use nxcloud_spec::schema::{Format, Schema};

use crate::finding::Findings;
use crate::model::{Service, Side, Ty, TypeKind};
use crate::places::{self, Written};

/// Requests are strict. A validator looks for `nullable` beside `type`.
pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    let lenient = lenient(service);
    for Written { at, schema, .. } in places::schemas(service.spec.document()) {
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

/// The types of replies and pushes, and the open enums that no request holds.
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
    schema.kind.is_none().then(|| {
        (
            "`nullable` without `type`".to_owned(),
            "leave it out: a schema without `type` takes null",
        )
    })
}

/// The platform may write a number or a text, a list or something else; a request writes one of them.
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
    (!several).then(|| (format!("`{key}` without `type`"), "write the `type`"))
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
