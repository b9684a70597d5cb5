//! The messages that an operation sends, and the pushes about them.

use nxcloud_spec::message::{Message, MessageState, Receipt};
use nxcloud_spec::{OperationRef, Service, path};
use serde_json::Value;

use crate::SpecError;

/// The description of one operation's messages: `x-nx-message`, and `x-nx-receipt` of the pushes.
#[derive(Clone)]
pub(crate) struct Messages {
    pub(crate) spec: Message,
    /// The name of the service.
    pub(crate) label: String,
    receipts: Vec<ReceiptPush>,
}

/// A push that reports the status of a message.
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
        let error =
            |reason: String| SpecError::new(operation.service().name(), &operation.id, reason);
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
                let reason = format!(
                    "x-nx-message.receipts: `{push}` is not a push whose schema has an `x-nx-receipt` with `status`"
                );
                error(reason)
            })
        });
        if let Some(problem) = problem(operation, message) {
            let reason = format!("x-nx-message.{problem}");
            return Err(error(reason));
        }
        Ok(Some(Self {
            spec: message.clone(),
            label: label(operation.service()),
            receipts: receipts.collect::<Result<_, _>>()?,
        }))
    }

    /// The recipients in a request.
    pub(crate) fn recipients<'v>(&self, body: &'v Value) -> Vec<&'v str> {
        let to = path::get(body, &self.spec.to).and_then(Value::as_str);
        let to = to.unwrap_or_default();
        if self.spec.several {
            to.split(',').map(str::trim).collect()
        } else {
            vec![to]
        }
    }

    /// The pushes that report the status of a message.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = &str> {
        self.receipts.iter().map(|receipt| receipt.push.as_str())
    }

    /// The status in a push, and its meaning; `None` if the push is not a receipt.
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

/// The title of a spec without the name of the platform, such as `SMS`.
fn label(service: &Service) -> String {
    let title = &service.document().info.title;
    title.strip_prefix("NXCLOUD ").unwrap_or(title).to_owned()
}

/// Checks the paths and the reply push of a message.
fn problem(operation: OperationRef<'_>, message: &Message) -> Option<String> {
    let Some(body) = operation.request_schema() else {
        return Some("to: the request has no body".to_owned());
    };
    let mut steps = message.to.split('.');
    let to = steps.try_fold(body, |schema, step| {
        schema.property(step).or_else(|| schema.items())
    });
    if to.is_none() {
        return Some(format!("to: the request has no field `{}`", message.to));
    }
    let answer = message.answer.as_ref()?;
    let Some(push) = operation.service().webhook(&answer.push) else {
        return Some(format!(
            "answer: there is no push `{}`; add it or name another",
            answer.push
        ));
    };
    if !push.examples.contains_key(&answer.example) {
        return Some(format!(
            "answer: `{}` has no example `{}`",
            push.name, answer.example
        ));
    }
    let action = answer.action.as_ref();
    let unknown = action.filter(|action| !push.action.contains(action))?;
    Some(format!("answer: `{}` has no action `{unknown}`", push.name))
}
