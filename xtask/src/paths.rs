//! Dotted paths in the types of replies and pushes.

use crate::model::{Field, Object, Service, Ty, TypeKind};

/// The object with a name.
#[must_use]
pub fn object<'a>(service: &'a Service, name: &str) -> Option<&'a Object> {
    match &service.type_def(name)?.kind {
        TypeKind::Object(object) => Some(object),
        _ => None,
    }
}

/// One step of a dotted path.
#[derive(Debug)]
pub struct Step<'a> {
    /// The field.
    pub field: &'a Field,
    /// Whether `[]` follows: each entry of a list.
    pub each: bool,
}

/// The steps of a dotted path in a type; `None` if a step is not a field, or has the wrong type for the rest of the path.
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
