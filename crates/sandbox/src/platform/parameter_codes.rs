//! Codes of their own that the reference has for what a schema refuses.

use serde_json::Value;

use crate::platform::catalog::Operation;

/// The code for a body that breaks a rule at a place, if it is not the usual one of the operation.
pub(super) fn code(operation: &Operation, pointer: &str, body: &[u8]) -> Option<i64> {
    let value = || {
        let body = serde_json::from_slice::<Value>(body).ok()?;
        body.pointer(pointer).cloned()
    };
    let too_long = || value().is_some_and(|value| value.is_string());
    // Absent counts as empty; another type does not.
    let empty = || value().is_none_or(|value| value.is_null() || value == "");
    let out_of_range = || value().is_some_and(|value| value.is_number());
    match (operation.service.as_ref(), operation.id.as_ref(), pointer) {
        ("number-check", "submit_check", "/batchNo") if too_long() => Some(212),
        (
            "virtual-number",
            "bind" | "bind_group" | "bind_with_extension",
            "/phoneA" | "/phoneB",
        ) if empty() => Some(10001),
        ("virtual-number", "list_bindings" | "list_groups", "/limit") if out_of_range() => {
            Some(10011)
        }
        ("virtual-number", "list_bindings" | "list_groups", "/offset") if out_of_range() => {
            Some(10012)
        }
        _ => None,
    }
}
