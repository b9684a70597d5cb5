//! Messages: which operations send them, where their parts are, and how they are tracked.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::template::Template;

/// `x-nx-message`: an operation that sends a message to one or several recipients.
///
/// Unless stated otherwise, paths are dotted wire names in the body of the request. Of a list of paths, the first that leads to a string counts.
/// `{kind}` in a path stands for the kind of the message.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Message {
    /// The channel: `sms`, `whatsapp`, `viber`, …
    pub channel: String,
    /// The recipient.
    pub to: String,
    /// Whether `to` may hold several recipients, separated by commas.
    #[serde(default, skip_serializing_if = "crate::switch::is_false")]
    pub several: bool,
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The kind of the message; absent if all messages are texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// The image, video or file: a link or an id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// The name of a file or location.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<String>,
    /// A button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<Button>,
    /// A template stored on the platform, and its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<MessageTemplate>,
    /// The id of the message, in the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A free text of the request that receipts return unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// The pushes that report the state of the message. The schema of each, or of an object in it, has `x-nx-receipt`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
    /// The push with the recipient's answer, if one is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A button of a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Button {
    /// Its label.
    pub text: String,
    /// The link that it opens.
    pub link: String,
}

/// A template stored on the platform.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MessageTemplate {
    /// The name of the template.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The list of its parts, such as header and body.
    pub parts: String,
    /// In a part: its name.
    pub part: String,
    /// In a part: the list of its values.
    pub values: String,
    /// In a value: its kind. `{kind}` in `text` stands for it.
    pub kind: String,
    /// In a value: the text, link or id.
    pub text: Vec<String>,
}

/// The push with a recipient's answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The push.
    pub push: String,
    /// The example on which the sandbox bases its answers.
    pub example: String,
    /// The `action` header of a signed push, if it is not the push's first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The path, in the push, of the number that sent the answer.
    pub from: String,
    /// The path, in the push, of the text.
    pub text: String,
    /// Further fields of the push, by dotted path.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill: IndexMap<String, Template>,
}

/// `x-nx-receipt`: marks the schema of a push as a receipt. The names are properties of that schema. In Rust, the type gets the method `answers` and,
/// with `status`, the method `is_delivered`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Receipt {
    /// The id that the send returned.
    pub id: String,
    /// How many digits the platform appends to the id, after a dash, if the send had several recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<usize>,
    /// The property with the state of the message, an open enum; absent if the push reports no delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The meaning of each value of `status`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub states: IndexMap<String, MessageState>,
    /// The text echoed from the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// The price of the message, or of each of its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The currency of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The number of billed parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
}

/// The state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
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
    /// The name as in a spec, such as `delivered`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the message was delivered, or delivered and read.
    #[must_use]
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }
}
