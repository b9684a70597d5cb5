//! The codes for phone numbers that do not have the documented form, where the reference has codes of their own for them.
//!
//! The forms are `format`s of the specs (`format/phone.rs`). Whether a number exists, and which lengths a country has, is not known here.

use serde_json::Value;

use crate::platform::catalog::Operation;

/// Service, operation, JSON pointer of the number, code.
const CODES: &[(&str, &str, &str, i64)] = &[
    ("sms", "send_sms", "/phone", 6),
    ("did", "send_did_sms", "/phone", 9006),
    ("did", "send_did_sms", "/sender", 9006),
    ("viber", "send_message", "/phone", 9002),
    ("whatsapp", "saas_send_template", "/business_phone", 22123),
    ("whatsapp", "saas_send_template", "/to", 22090),
];

/// The code for what is wrong at a place, if a number is there that the reference has a code for.
pub(super) fn code(operation: &Operation, pointer: &str, body: &[u8]) -> Option<i64> {
    let (service, id) = (operation.service.as_ref(), operation.id.as_ref());
    let mut codes = CODES.iter();
    let (_, _, _, code) = codes.find(|row| (row.0, row.1, row.2) == (service, id, pointer))?;
    let body = serde_json::from_slice::<Value>(body).ok()?;
    let number = body.pointer(pointer)?.as_str()?;
    (!number.is_empty()).then_some(*code)
}

#[cfg(test)]
#[path = "phone_codes_tests.rs"]
mod tests;
