//! The fields of customers.

use serde_json::Value;

use super::account::Account;
use super::call::{Call, Done, put};

/// Keeps only the requested fields.
pub(super) fn fields(call: &Call<'_>, _: &mut Account, reply: &mut Value) -> Done {
    if let Some(preset) = call.fields.get("is_preset").and_then(Value::as_bool) {
        let fields = reply.get("data").and_then(Value::as_array);
        let fields = fields.into_iter().flatten();
        // In the reply, the request's field has replaced the field of each entry.
        let asked_for = fields
            .zip(call.examples("/data"))
            .filter(|(_, example)| example["is_preset"] == preset)
            .map(|(field, _)| field.clone())
            .collect::<Vec<_>>();
        put(reply, "/data", asked_for);
    }
    Ok(())
}
