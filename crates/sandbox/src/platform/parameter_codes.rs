//! The codes that the reference documents for violations at certain places.
//!
//! The formats of phone numbers are `format`s of the specs (`format/phone.rs`). Neither the existence of a number nor
//! the lengths of a country's numbers are checked.

use serde_json::Value;

use crate::platform::catalog::Operation;

/// Service, operation, JSON pointer, code.
type Row = (&'static str, &'static str, &'static str, i64);

/// Texts, such as phone numbers, that do not have the documented format.
const TEXTS: &[Row] = &[
    ("sms", "send_sms", "/phone", 6),
    ("did", "send_did_sms", "/phone", 9006),
    ("did", "send_did_sms", "/sender", 9006),
    ("viber", "send_message", "/phone", 9002),
    ("whatsapp", "saas_send_template", "/business_phone", 22123),
    ("whatsapp", "saas_send_template", "/to", 22090),
    ("number-check", "submit_check", "/batchNo", 212),
];
/// Empty or absent values.
const EMPTY: &[Row] = &[
    ("virtual-number", "bind", "/phoneA", 10001),
    ("virtual-number", "bind", "/phoneB", 10001),
    ("virtual-number", "bind_group", "/phoneA", 10001),
    ("virtual-number", "bind_group", "/phoneB", 10001),
    ("virtual-number", "bind_with_extension", "/phoneA", 10001),
    ("virtual-number", "bind_with_extension", "/phoneB", 10001),
];
/// Numbers out of range.
const NUMBERS: &[Row] = &[
    ("virtual-number", "list_bindings", "/limit", 10011),
    ("virtual-number", "list_bindings", "/offset", 10012),
    ("virtual-number", "list_groups", "/limit", 10011),
    ("virtual-number", "list_groups", "/offset", 10012),
];

/// The code for a violation at a place, if it is not the usual one of the operation.
pub(super) fn code(operation: &Operation, pointer: &str, body: &[u8]) -> Option<i64> {
    let place = (&*operation.service, &*operation.id, pointer);
    let of = |table: &[Row]| {
        let mut rows = table.iter();
        rows.find(|row| (row.0, row.1, row.2) == place)
            .map(|row| row.3)
    };
    let codes = [TEXTS, EMPTY, NUMBERS].map(of);
    if codes == [None; 3] {
        return None;
    }
    let body = serde_json::from_slice::<Value>(body).ok()?;
    let [text, empty, number] = codes;
    match body.pointer(pointer) {
        None | Some(Value::Null) => empty,
        Some(Value::String(value)) if value.is_empty() => empty,
        Some(Value::String(_)) => text,
        Some(Value::Number(_)) => number,
        Some(_) => None,
    }
}

#[cfg(test)]
#[path = "parameter_codes_tests.rs"]
mod tests;
