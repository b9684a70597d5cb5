//! Dotted paths into the types of replies and pushes.

use crate::model::{Field, Object, Service, Side, Ty, TypeKind};
use crate::names;
use crate::read::Findings;

/// The object that a name stands for.
#[must_use]
pub fn object<'a>(service: &'a Service, name: &str) -> Option<&'a Object> {
    match &service.type_def(name)?.kind {
        TypeKind::Object(object) => Some(object),
        _ => None,
    }
}

/// One step of a dotted path: a field, and whether each element of its list is meant.
#[derive(Debug)]
pub struct Step<'a> {
    /// The field.
    pub field: &'a Field,
    /// `[]` after it.
    pub each: bool,
}

/// The steps of a dotted path from a type; `None` if a step is no field, or has the wrong type for what follows.
#[must_use]
pub fn steps<'a>(service: &'a Service, schema: &str, path: &str) -> Option<Vec<Step<'a>>> {
    let mut steps = Vec::new();
    let mut holder = object(service, schema);
    for segment in path.split('.') {
        let name = segment.strip_suffix("[]");
        let (name, each) = (name.unwrap_or(segment), name.is_some());
        let field = holder?.fields.iter().find(|field| field.wire == name)?;
        let inner = match (&field.ty, each) {
            (Ty::List(item), true) => item,
            (Ty::List(_), false) | (_, true) => return None,
            (ty, false) => ty,
        };
        holder = match inner {
            Ty::Named(name) => object(service, name),
            _ => None,
        };
        steps.push(Step { field, each });
    }
    // A path ends at a value, not at an object.
    holder.is_none().then_some(steps)
}

/// The accessors of replies: their names, and that each path ends at a text.
pub(crate) fn check_accessors(service: &Service, findings: &mut Findings<'_>) {
    for def in &service.types {
        let TypeKind::Object(object) = &def.kind else {
            continue;
        };
        for (name, path) in &object.accessors {
            let at = format!("components.schemas.{}.x-nx-accessors", def.name);
            if object.side == Side::Request {
                findings.add(&at, "a request has no accessors", "write them at a reply");
            }
            if !names::is_identifier(name) || names::field(name) != *name {
                findings.add(
                    &at,
                    format!("`{name}` is no Rust name"),
                    "write a snake_case name",
                );
            }
            let steps = steps(service, &def.name, path).unwrap_or_default();
            let is_text = |step: &Step<'_>| step.field.ty == Ty::Text && !step.each;
            if !steps.last().is_some_and(is_text) {
                findings.add(
                    &at,
                    format!("`{path}` is no text of `{}`", def.name),
                    "write a dotted path of wire names that ends at a text, with `[]` after lists",
                );
            }
        }
    }
}
