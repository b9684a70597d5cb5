//! Checks `x-nx-receipt`: the properties and values that it names exist.

use nxcloud_spec::message::Receipt;

use crate::finding::Findings;
use crate::model::{Object, Service, Side, Ty, TypeKind};
use crate::paths::object;
use crate::places::{self, Located, component};

pub(super) fn check(service: &Service, findings: &mut Findings<'_>) {
    for def in &service.types {
        if let TypeKind::Object(object) = &def.kind
            && let Some(receipt) = &object.receipt
        {
            let at = format!("{}.x-nx-receipt", component(&def.name));
            self::receipt(service, &at, object, receipt, findings);
        }
    }
    // The key has no effect on other schemas.
    for Located { at, under, schema } in places::schemas(service.spec.document()) {
        let name = at.strip_prefix(&places::component("")).unwrap_or_default();
        let is_read = under.is_none() && object(service, name).is_some();
        if schema.receipt.is_some() && !is_read {
            findings.add(
                at,
                "`x-nx-receipt` is not on a named object",
                "write it beside the `properties` of a push",
            );
        }
    }
}

fn receipt(
    service: &Service,
    at: &str,
    object: &Object,
    receipt: &Receipt,
    findings: &mut Findings<'_>,
) {
    if object.side == Side::Request {
        findings.add(
            at,
            "a request cannot be a receipt",
            "move the key to a push",
        );
    }
    let field = |wire: &str| object.fields.iter().find(|field| field.wire == wire);
    if field(&receipt.id).is_none_or(|field| field.ty != Ty::Text) {
        findings.add(
            at,
            format!("the id `{}` is not a text property", receipt.id),
            "name the property with the id that the sending operation returned",
        );
    }
    for (key, wire) in [
        ("echo", &receipt.echo),
        ("price", &receipt.price),
        ("currency", &receipt.currency),
        ("parts", &receipt.parts),
    ] {
        if let Some(wire) = wire.as_ref().filter(|wire| field(wire).is_none()) {
            findings.add(
                format!("{at}.{key}"),
                format!("`{wire}` is not a property"),
                "name a property of the same schema, or remove the key",
            );
        }
    }
    let Some(status) = &receipt.status else {
        if !receipt.states.is_empty() {
            let instead = "name the property with the open enum as `status`";
            findings.add(at, "there is `states` but no `status`", instead);
        }
        return;
    };
    let values = match field(status).map(|field| &field.ty) {
        Some(Ty::Named(name)) => match service.type_def(name).map(|def| &def.kind) {
            Some(TypeKind::Enum { values, .. }) => Some(values),
            _ => None,
        },
        _ => None,
    };
    let Some(values) = values else {
        findings.add(
            format!("{at}.status"),
            format!("`{status}` is not a property with an open enum"),
            "name the property with the status of the message",
        );
        return;
    };
    for state in receipt.states.keys() {
        if !values.iter().any(|value| value.text() == *state) {
            findings.add(
                format!("{at}.states.{state}"),
                format!("`{state}` is not a value of `{status}`"),
                "write values of its open enum",
            );
        }
    }
    if !receipt.states.values().any(|state| state.is_delivered()) {
        findings.add(
            format!("{at}.states"),
            format!("no value of `{status}` means delivered"),
            "map a value to `delivered` or `read`, or remove `status`",
        );
    }
}
