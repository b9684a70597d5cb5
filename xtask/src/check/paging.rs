//! Checks `x-nx-paging`.

use nxcloud_spec::document::Paging;

use crate::finding::Findings;
use crate::model::{Field, Operation, Service, Ty};
use crate::paths;

/// The field at the end of a path in a reply. Other than with `paths::steps`, it may be a list.
fn end<'a>(service: &'a Service, start: &str, path: &str) -> Option<&'a Field> {
    let mut holder = paths::object(service, start);
    let mut last = None;
    for wire in path.split('.') {
        let field = holder?.fields.iter().find(|field| field.wire == *wire)?;
        holder = match &field.ty {
            Ty::Named(name) => paths::object(service, name),
            _ => None,
        };
        last = Some(field);
    }
    last
}

pub(super) fn paging(
    service: &Service,
    at: &str,
    operation: &Operation,
    paging: &Paging,
    findings: &mut Findings<'_>,
) {
    let mut of_request = |wire: &str, text: bool| {
        let field = paths::object(service, operation.input.type_name())
            .and_then(|object| object.fields.iter().find(|field| field.wire == *wire));
        let fits = field.is_some_and(|field| match text {
            true => field.ty == Ty::Text && !field.required,
            false => field.ty == Ty::Integer,
        });
        if !fits {
            let kind = if text {
                "an optional text"
            } else {
                "an integer"
            };
            findings.add(
                at,
                format!("`{wire}` is not {kind} of the request"),
                "name the field of the request that selects the page",
            );
        }
    };
    of_request(paging.position(), matches!(paging, Paging::Cursor { .. }));
    of_request(paging.size(), false);
    let mut of_reply = |path: &str, fits: &dyn Fn(&Ty) -> bool, kind: &str| {
        if !end(service, &operation.reply, path).is_some_and(|field| fits(&field.ty)) {
            findings.add(
                at,
                format!("`{path}` is not {kind} of the reply"),
                "write the dotted path of a field of the reply",
            );
        }
    };
    of_reply(paging.items(), &|ty| matches!(ty, Ty::List(_)), "a list");
    match paging {
        Paging::Page {
            total_pages: Some(total),
            ..
        } => {
            of_reply(total, &|ty| *ty == Ty::Integer, "an integer");
        }
        Paging::Cursor { next, more, .. } => {
            for path in [next, more] {
                of_reply(path, &|ty| *ty == Ty::Text, "a text");
            }
        }
        _ => {}
    }
}
