//! Describes the messages that an operation sends.

use serde_json::Value;

use crate::types::receipt::answers;

/// Describes the messages that an operation sends: [`Request::MESSAGE`](crate::Request::MESSAGE).
///
/// Paths are dotted wire names and list positions, such as `data.messages.0.id`. Unless stated otherwise, they lead into the serialised
/// request. `{kind}` in a path stands for the value at [`kind`](Self::kind). Of several paths, the first that leads to a string counts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Message {
    /// The channel: `sms`, `whatsapp`, `viber`, …
    pub channel: &'static str,
    /// The recipient.
    pub to: &'static str,
    /// Whether `to` may hold several recipients, separated by commas.
    pub several: bool,
    /// The sender.
    pub from: Option<&'static str>,
    /// The kind of the message; absent if all messages are texts.
    pub kind: Option<&'static str>,
    /// The text.
    pub text: &'static [&'static str],
    /// The image, video or file: a link or an id.
    pub media: &'static [&'static str],
    /// The name of a file or location.
    pub name: &'static [&'static str],
    /// The id of the message, in the reply.
    pub id: Option<&'static str>,
    /// A free text of the request that receipts return unchanged.
    pub echo: Option<&'static str>,
    /// The pushes that report the state of the message.
    pub receipts: &'static [MessageReceipt],
    /// The push with the recipient's answer, if one is documented.
    pub answer: Option<MessageAnswer>,
}

impl Message {
    /// The description from the spec. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(channel: &'static str, to: &'static str, several: bool) -> Self {
        Self {
            channel,
            to,
            several,
            from: None,
            kind: None,
            text: &[],
            media: &[],
            name: &[],
            id: None,
            echo: None,
            receipts: &[],
            answer: None,
        }
    }

    /// Adds the paths of the sender and of the kind.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_sender(
        mut self,
        from: Option<&'static str>,
        kind: Option<&'static str>,
    ) -> Self {
        self.from = from;
        self.kind = kind;
        self
    }

    /// Adds the paths of text, media and name.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_content(
        mut self,
        text: &'static [&'static str],
        media: &'static [&'static str],
        name: &'static [&'static str],
    ) -> Self {
        self.text = text;
        self.media = media;
        self.name = name;
        self
    }

    /// Adds how the message is tracked: the id in the reply, the echoed text, the receipts, the answer.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_tracking(
        mut self,
        id: Option<&'static str>,
        echo: Option<&'static str>,
        receipts: &'static [MessageReceipt],
        answer: Option<MessageAnswer>,
    ) -> Self {
        self.id = id;
        self.echo = echo;
        self.receipts = receipts;
        self.answer = answer;
        self
    }

    /// The id of the message in the serialised reply; `None` if it is missing or empty.
    #[must_use]
    pub fn id_in<'v>(&self, reply: &'v Value) -> Option<&'v str> {
        at(reply, self.id?)?.as_str().filter(|id| !id.is_empty())
    }

    /// The description of the receipts in the push with this name.
    #[must_use]
    pub fn receipt(&self, push: &str) -> Option<&'static MessageReceipt> {
        self.receipts.iter().find(|receipt| receipt.push == push)
    }
}

/// A push that reports the state of messages. The names below are fields of a receipt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MessageReceipt {
    /// The push.
    pub push: &'static str,
    /// The path of the receipts in the push: empty if the push is the receipt, else a dotted path with `[]` after a list of receipts.
    pub path: &'static str,
    /// The id that the send returned.
    pub id: &'static str,
    /// How many digits the platform appends to the id, after a dash, if the send had several recipients; 0 for none.
    pub digits: usize,
    /// The state of the message.
    pub status: Option<&'static str>,
    /// The meaning of each value of `status`.
    pub states: &'static [(&'static str, MessageState)],
    /// The text echoed from the request.
    pub echo: Option<&'static str>,
    /// The price of the message, or of each of its parts.
    pub price: Option<&'static str>,
    /// The currency of the price.
    pub currency: Option<&'static str>,
    /// The number of billed parts.
    pub parts: Option<&'static str>,
}

impl MessageReceipt {
    /// The description from the spec. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        push: &'static str,
        path: &'static str,
        id: &'static str,
        digits: usize,
        status: Option<&'static str>,
        states: &'static [(&'static str, MessageState)],
    ) -> Self {
        Self {
            push,
            path,
            id,
            digits,
            status,
            states,
            echo: None,
            price: None,
            currency: None,
            parts: None,
        }
    }

    /// Adds the names of further fields.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_fields(
        mut self,
        echo: Option<&'static str>,
        price: Option<&'static str>,
        currency: Option<&'static str>,
        parts: Option<&'static str>,
    ) -> Self {
        self.echo = echo;
        self.price = price;
        self.currency = currency;
        self.parts = parts;
        self
    }

    /// The receipts in a serialised push.
    #[must_use]
    pub fn receipts_in<'v>(&self, push: &'v Value) -> Vec<&'v Value> {
        let steps = self.path.split('.').filter(|step| !step.is_empty());
        steps.fold(vec![push], |values, step| {
            let (name, is_list) = match step.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (step, false),
            };
            let inner = values.into_iter().filter_map(|value| value.get(name));
            match is_list {
                true => inner.filter_map(Value::as_array).flatten().collect(),
                false => inner.collect(),
            }
        })
    }

    /// Whether a receipt belongs to the send that returned this id. False for an empty id.
    #[must_use]
    pub fn answers(&self, receipt: &Value, id: &str) -> bool {
        let received = receipt.get(self.id).and_then(Value::as_str);
        answers(received, id, self.digits)
    }

    /// The state of the message; `None` if the status is not documented.
    #[must_use]
    pub fn state(&self, receipt: &Value) -> Option<MessageState> {
        let status = receipt.get(self.status?)?;
        let number = status.is_number().then(|| status.to_string());
        let status = status.as_str().or(number.as_deref())?;
        let mut states = self.states.iter();
        states
            .find(|(value, _)| *value == status)
            .map(|(_, state)| *state)
    }
}

/// The push with a recipient's answer. Paths lead into the push.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MessageAnswer {
    /// The push.
    pub push: &'static str,
    /// The number that sent the answer.
    pub from: &'static str,
    /// The text.
    pub text: &'static str,
}

impl MessageAnswer {
    /// The description from the spec. Called by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(push: &'static str, from: &'static str, text: &'static str) -> Self {
        Self { push, from, text }
    }
}

/// The state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageState {
    /// It left the platform.
    Sent,
    /// It was delivered.
    Delivered,
    /// It was read.
    Read,
    /// It was not delivered.
    Failed,
    /// It was not delivered in time.
    Expired,
    /// It was deleted.
    Deleted,
}

impl MessageState {
    /// Whether the message was delivered, or delivered and read.
    #[must_use]
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }
}

/// The value at a dotted path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STATES: &[(&str, MessageState)] =
        &[("2", MessageState::Delivered), ("5", MessageState::Failed)];

    #[test]
    fn receipts_are_found_at_their_path_in_a_push() {
        let push = json!({"a": {"list": [{"id": "x"}, {"id": "y"}]}, "id": "z"});
        let count = |path| {
            let receipt = MessageReceipt::new("p", path, "id", 0, None, &[]);
            let receipts = receipt.receipts_in(&push);
            receipts
                .iter()
                .filter(|receipt| receipt["id"].is_string())
                .count()
        };
        assert_eq!(count(""), 1);
        assert_eq!(count("a.list[]"), 2);
        for other in ["a", "list[]", "a.list", "id[]", "a.list[].id"] {
            assert_eq!(count(other), 0, "{other}");
        }
    }

    #[test]
    fn a_state_is_read_from_a_string_and_from_a_number() {
        let receipt = MessageReceipt::new("p", "", "id", 0, Some("status"), STATES);
        let state = |status: Value| receipt.state(&json!({ "status": status }));
        assert_eq!(state(json!("2")), Some(MessageState::Delivered));
        assert_eq!(state(json!(5)), Some(MessageState::Failed));
        for other in [json!("3"), json!(null), json!({}), json!(2.0)] {
            assert_eq!(state(other), None);
        }
        assert_eq!(receipt.state(&json!({})), None);
    }

    #[test]
    fn an_id_is_a_non_empty_string() {
        let message = Message::new("c", "to", false).with_tracking(Some("a.0.id"), None, &[], None);
        assert_eq!(message.id_in(&json!({"a": [{"id": "x"}]})), Some("x"));
        for other in [json!({"a": [{"id": ""}]}), json!({"a": []}), json!(null)] {
            assert_eq!(message.id_in(&other), None, "{other}");
        }
        let silent = Message::new("c", "to", false);
        assert_eq!(silent.id_in(&json!({"id": "x"})), None);
    }
}
