//! Messages: which operations send messages, where their parts are, and what becomes of them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::template::Template;

/// `x-nx-message`: an operation that sends a message, or the same message to several recipients.
///
/// Paths are dotted wire names into the body of the request, unless said otherwise. Where a list of paths is written, the first that leads to a text
/// counts. `{kind}` in a path stands for the kind of the message.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Message {
    /// What carries it: `sms`, `whatsapp`, `viber`, …
    pub channel: String,
    /// The recipient.
    pub to: String,
    /// Whether `to` may hold several recipients with commas between.
    #[serde(default, skip_serializing_if = "crate::switch::is_false")]
    pub several: bool,
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The kind of the message; absent where all are texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// The picture, film or file: a link or an id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// The name of a file or place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<String>,
    /// A button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<Button>,
    /// A template that the platform keeps, and the values for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<MessageTemplate>,
    /// The id of the message, in the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A free text of the request that receipts bring back unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// The pushes that say what became of the message. The schema of each, or of an object in it, has `x-nx-receipt`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
    /// How the recipient's answer comes, where the reference says so.
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

/// A template that the platform keeps.
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
    /// In a value: its kind, which `{kind}` in `text` stands for.
    pub kind: String,
    /// In a value: the text, or what stands for it.
    pub text: Vec<String>,
}

/// The push that brings a recipient's answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The push.
    pub push: String,
    /// The example that the sandbox's answers are made from.
    pub example: String,
    /// The `action` header of a signed push, where it is not the first of the push.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Path of the number that answers, in the push.
    pub from: String,
    /// Path of the text, in the push.
    pub text: String,
    /// The other fields of the push by dotted path.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fill: IndexMap<String, Template>,
}

/// `x-nx-receipt`: what a push says of a send. The names are properties of the schema that it stands on. In Rust the type gets the methods `answers`
/// and, with `status`, `is_delivered`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Receipt {
    /// The id that the send returned.
    pub id: String,
    /// How many digits follow that id and a dash after a send to several recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<usize>,
    /// The property with an open enum that says what became of the message; absent where the push reports no delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What each value of `status` means.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub states: IndexMap<String, MessageState>,
    /// The free text that the request gave to be brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<String>,
    /// The price of the message, or of each of its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The currency of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// How many parts are billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum MessageState {
    /// It left the platform.
    Sent,
    /// It arrived.
    Delivered,
    /// It was read.
    Read,
    /// It did not arrive.
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

    /// Whether the message arrived.
    #[must_use]
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }
}
