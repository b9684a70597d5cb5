//! Checks the accessors of replies: their names are valid, and each path ends at a text.

use crate::finding::Findings;
use crate::model::{Service, Side, Ty, TypeKind};
use crate::names;
use crate::paths::{Step, steps};
use crate::places::component;

pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    for def in &service.types {
        let TypeKind::Object(object) = &def.kind else {
            continue;
        };
        for (name, path) in &object.accessors {
            let at = format!("{}.x-nx-accessors", component(&def.name));
            if object.side == Side::Request {
                findings.add(
                    &at,
                    "a request cannot have accessors",
                    "move them to a reply",
                );
            }
            if !names::is_identifier(name) || names::field(name) != *name {
                findings.add(
                    &at,
                    format!("`{name}` is not a Rust name"),
                    "write a snake_case name",
                );
            }
            let steps = steps(service, &def.name, path).unwrap_or_default();
            let is_text = |step: &Step<'_>| step.field.ty == Ty::Text && !step.each;
            if !steps.last().is_some_and(is_text) {
                findings.add(
                    &at,
                    format!("`{path}` is not the path of a text in `{}`", def.name),
                    "write a dotted path of wire names that ends at a text, with `[]` after lists",
                );
            }
        }
    }
}
