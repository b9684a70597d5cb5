//! The summary of a request in lists and events.

use nxcloud_spec::path;
use serde_json::{Value, json};

use super::ReceivedRequest;
use crate::platform::catalog::Catalog;
use crate::platform::percent;
use crate::platform::text::beginning;
use crate::platform::verdict::Cause;

/// In larger bodies the recipient is not looked up.
const MAX_LOOKED_INTO: usize = 64 * 1024;
/// Texts of a summary are cut at this size.
const MAX_TEXT: usize = 200;

/// The summary of a request: no header, no body.
pub(crate) fn summary(catalog: &Catalog, request: &ReceivedRequest) -> Value {
    let verdict = request.verdict();
    let likely = match verdict.cause() {
        Some(Cause::Signature(mismatch)) => Some(mismatch.likely_cause()),
        _ => None,
    };
    json!({
        "id": request.id(),
        "received_at": request.received_at(),
        "took_micros": u64::try_from(request.took().as_micros()).unwrap_or(u64::MAX),
        "service": request.service(),
        "operation": request.operation(),
        "method": request.method(),
        "path": beginning(request.path(), MAX_TEXT).0,
        "to": recipient(catalog, request),
        "status": request.status(),
        "code": verdict.code(),
        "accepted": verdict.is_accepted(),
        "cause": verdict.cause().map(Cause::name),
        "likely_cause": likely,
    })
}

/// The recipient of a request, if it is in a usual field.
fn recipient(catalog: &Catalog, request: &ReceivedRequest) -> Option<String> {
    let operation = catalog.operation(request.service()?, request.operation()?)?;
    let message = operation.spec.message.as_ref().map(|message| &message.to);
    let name = message.or(operation.spec.recipient.as_ref())?;
    let query = || {
        let mut pairs = percent::lenient(request.query()?);
        let (_, value) = pairs.find(|(key, _)| key == name)?;
        Some(value.into_owned())
    };
    let body = Some(request.body()).filter(|body| body.len() <= MAX_LOOKED_INTO);
    let body = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let member = || match path::get(body.as_ref()?, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            Some(items.collect::<Vec<_>>().join(","))
        }
        _ => None,
    };
    let recipient = member().or_else(query)?;
    Some(beginning(&recipient, MAX_TEXT).0.to_owned())
}
