//! Receipts: what a push says of a message that was sent, and how that is merged into a row.

use nxcloud_client::{Message, MessageState, Request, phone};
use nxcloud_webhooks::{Event, Received};
use serde_json::Value;

use crate::key::RowId;
use crate::ledger::Ledger;
use crate::{Error, ErrorKind};

/// How far a message came. A later one in this order takes the place of an earlier one and never the reverse, so that the order of
/// receipts and their repeats change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ReceiptState {
    /// The platform says something that is not documented.
    Other,
    /// It left the platform.
    Sent,
    /// It was deleted.
    Deleted,
    /// It was not delivered in time.
    Expired,
    /// It did not arrive.
    Failed,
    /// It arrived.
    Delivered,
    /// It was read.
    Read,
}

impl ReceiptState {
    /// Every state, in the order of their numbers in a ledger.
    pub const ALL: &[Self] = &[
        Self::Other,
        Self::Sent,
        Self::Deleted,
        Self::Expired,
        Self::Failed,
        Self::Delivered,
        Self::Read,
    ];

    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Sent => "sent",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

impl From<Option<MessageState>> for ReceiptState {
    fn from(state: Option<MessageState>) -> Self {
        match state {
            Some(MessageState::Sent) => Self::Sent,
            Some(MessageState::Delivered) => Self::Delivered,
            Some(MessageState::Read) => Self::Read,
            Some(MessageState::Failed) => Self::Failed,
            Some(MessageState::Expired) => Self::Expired,
            Some(MessageState::Deleted) => Self::Deleted,
            _ => Self::Other,
        }
    }
}

/// What a push says of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The service.
    pub service: &'static str,
    /// What the request gave to be brought back.
    pub key: Option<String>,
    /// The platform's id of the message.
    pub message_id: Option<String>,
    /// What became of it.
    pub state: ReceiptState,
    /// The price of the message or of each part.
    pub price: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// How many parts are billed.
    pub parts: Option<u32>,
    /// Whether the platform had signed the push.
    pub signed: bool,
}

impl Receipt {
    /// The receipts in a push on messages of `R`, which is named as its event names it; none if it is no receipt of them.
    #[must_use]
    pub fn of_push<R: Request>(push: &str, event: &Value, signed: bool) -> Vec<Self> {
        let Some(rule) = R::MESSAGE.and_then(|message| message.receipt(push)) else {
            return Vec::new();
        };
        let receipts = rule.receipts_in(event).into_iter().map(|receipt| {
            let text = |name: Option<&str>| match receipt.get(name?)? {
                Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            Self {
                service: R::OPERATION.service,
                key: text(rule.echo),
                message_id: text(Some(rule.id)),
                state: rule.state(receipt).into(),
                price: text(rule.price),
                currency: text(rule.currency),
                parts: text(rule.parts).and_then(|parts| parts.parse().ok()),
                signed,
            }
        });
        receipts.collect()
    }
}

/// What was done with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// It belongs to this row. `changed` is false for a repeat, and for a state that a later one has overtaken.
    Matched {
        /// The row.
        row: RowId,
        /// Whether it changed anything.
        changed: bool,
    },
    /// No row has its id yet; it is kept for a reply that may come.
    Waiting,
    /// It belongs to no row of this ledger, and is not kept.
    NoRow,
}

/// Notes every receipt in a push on messages of `R`. They are durable when this returns: answer the push then.
///
/// Any other push, such as an answer, gives an empty list.
///
/// # Errors
///
/// As [`Ledger::record`]: answer the push as not processed, so that the platform repeats it.
pub async fn record<R: Request, E: Event>(
    ledger: &impl Ledger,
    received: &Received<E>,
) -> Result<Vec<Recorded>, Error> {
    let Some(push) = received
        .event
        .push_name()
        .filter(|_| R::OPERATION.service == E::SERVICE)
    else {
        return Ok(Vec::new());
    };
    let receipts = Receipt::of_push::<R>(push, &event(received)?, received.verified.is_some());
    if receipts.is_empty() {
        return Ok(Vec::new());
    }
    ledger.record(receipts).await
}

/// Puts the number of a recipient who answers with one of these texts (`STOP`) on the suppression list; whether the push was such an
/// answer. Case and spaces around do not count.
///
/// Services whose reference documents no answers, SMS among them, have no such push.
///
/// # Errors
///
/// As [`Ledger::suppress`].
pub async fn record_stop<R: Request, E: Event>(
    ledger: &impl Ledger,
    received: &Received<E>,
    texts: &[&str],
) -> Result<bool, Error> {
    let Some(push) = received
        .event
        .push_name()
        .filter(|_| R::OPERATION.service == E::SERVICE)
    else {
        return Ok(false);
    };
    let Some(phone) = stop_of_push::<R>(push, &event(received)?, texts) else {
        return Ok(false);
    };
    ledger.suppress(vec![phone], STOPPED).await?;
    Ok(true)
}

/// Why a number is suppressed whose owner answered so.
pub const STOPPED: &str = "the recipient's answer";

/// The number of a recipient who answers messages of `R` with one of these texts in a push, which is named as its event names it.
#[must_use]
pub fn stop_of_push<R: Request>(push: &str, event: &Value, texts: &[&str]) -> Option<String> {
    let answer = R::MESSAGE
        .and_then(|message: &Message| message.answer)
        .filter(|answer| answer.push == push)?;
    let text = |path| event.pointer(&crate::compose::pointer(path))?.as_str();
    let (from, text) = (text(answer.from)?, text(answer.text)?);
    let stops = texts
        .iter()
        .any(|stop| text.trim().to_lowercase() == stop.to_lowercase());
    stops.then(|| phone::normalize(from, None).ok()).flatten()
}

fn event<E: Event>(received: &Received<E>) -> Result<Value, Error> {
    serde_json::to_value(&received.event).map_err(|error| {
        Error::new(
            ErrorKind::Io,
            "the push cannot be written as JSON; it was not noted",
        )
        .because(error)
    })
}

#[cfg(test)]
mod tests {
    use nxcloud_sms::SendSms;
    use nxcloud_viber::SendMessage;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_sms_receipt_has_key_id_state_and_price() {
        let push = json!({"messageid": " 4711 ", "status": "2", "ext": "nx-1-2-3", "price": "0.0350", "currency": "USD", "size": "2"});
        let receipts = Receipt::of_push::<SendSms>("sms_receipt", &push, false);
        let [receipt] = receipts.as_slice() else {
            panic!("{receipts:?}")
        };
        assert_eq!(receipt.key.as_deref(), Some("nx-1-2-3"));
        assert_eq!(receipt.message_id.as_deref(), Some("4711"));
        assert_eq!(receipt.state, ReceiptState::Delivered);
        assert_eq!(receipt.price.as_deref(), Some("0.0350"));
        assert_eq!(receipt.currency.as_deref(), Some("USD"));
        assert_eq!(receipt.parts, Some(2));
        assert!(!receipt.signed);
        assert!(Receipt::of_push::<SendSms>("message_receipt", &push, false).is_empty());
        let odd = Receipt::of_push::<SendSms>("sms_receipt", &json!({"status": "77"}), false);
        assert_eq!(odd.first().map(|odd| odd.state), Some(ReceiptState::Other));
    }

    #[test]
    fn a_service_without_echo_has_ids_only() {
        let push = json!({"requestId": "r1", "status": "seen"});
        let receipts = Receipt::of_push::<SendMessage>("message_receipt", &push, true);
        let [receipt] = receipts.as_slice() else {
            panic!("{receipts:?}")
        };
        assert_eq!(
            (receipt.key.as_deref(), receipt.message_id.as_deref()),
            (None, Some("r1"))
        );
        assert_eq!(receipt.state, ReceiptState::Read);
        assert!(receipt.signed);
    }

    #[test]
    fn numbers_of_states_lead_back() {
        for &state in ReceiptState::ALL {
            assert_eq!(ReceiptState::from_number(state.number()), Some(state));
        }
        assert_eq!(ReceiptState::from_number(7), None);
    }
}
