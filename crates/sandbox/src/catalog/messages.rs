//! The messages that an operation sends, and the pushes about them.

use nxcloud_spec::message::{Message, MessageState, Receipt};
use nxcloud_spec::{OperationRef, path};
use serde_json::Value;

use crate::SpecError;

/// What the spec says of the messages of one operation: `x-nx-message`, and `x-nx-receipt` of the pushes.
#[derive(Clone)]
pub(crate) struct Messages {
    pub(crate) spec: Message,
    receipts: Vec<ReceiptPush>,
}

/// A push that says what became of a message.
#[derive(Clone)]
struct ReceiptPush {
    push: String,
    /// Dotted path of the status in the push.
    status: String,
    receipt: Receipt,
}

impl Messages {
    pub(super) fn read(operation: OperationRef<'_>) -> Result<Option<Self>, SpecError> {
        let Some(message) = &operation.message else {
            return Ok(None);
        };
        let receipts = message.receipts.iter().map(|push| {
            let read = || {
                let service = operation.service();
                let (place, receipt) = service.schema(&service.webhook(push)?.schema).receipt()?;
                let status = receipt.status.as_ref()?;
                let places = [place.as_str(), status]
                    .into_iter()
                    .filter(|step| !step.is_empty());
                Some(ReceiptPush {
                    push: push.clone(),
                    status: places.collect::<Vec<_>>().join("."),
                    receipt: receipt.clone(),
                })
            };
            read().ok_or_else(|| {
                let reason = format!("`{push}` is no push with a status in `x-nx-receipt`");
                SpecError::new(operation.service().name(), &operation.id, reason)
            })
        });
        Ok(Some(Self {
            spec: message.clone(),
            receipts: receipts.collect::<Result<_, _>>()?,
        }))
    }

    /// The recipients that a request names.
    pub(crate) fn recipients<'v>(&self, body: &'v Value) -> Vec<&'v str> {
        let to = path::get(body, &self.spec.to).and_then(Value::as_str);
        let to = to.unwrap_or_default();
        if self.spec.several {
            to.split(',').map(str::trim).collect()
        } else {
            vec![to]
        }
    }

    /// The pushes that say what became of a message.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = &str> {
        self.receipts.iter().map(|receipt| receipt.push.as_str())
    }

    /// The status in a push, and what it means; `None` if the push is no receipt.
    pub(crate) fn status<'v>(
        &self,
        push: &str,
        fields: &'v Value,
    ) -> Option<(&'v str, Option<MessageState>)> {
        let receipt = self.receipts.iter().find(|known| known.push == push)?;
        let status = path::get(fields, &receipt.status)?.as_str()?;
        Some((status, receipt.receipt.states.get(status).copied()))
    }
}
