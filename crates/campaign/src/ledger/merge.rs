//! What a receipt changes in its row, whatever the ledger keeps it in.

use super::tally::Changes;
use crate::key::RowId;
use crate::money::micros;
use crate::receipt::{Receipt, ReceiptState};
use crate::state::{Skip, State, on_receipt};

const BY_RECEIPT: &str = "accepted by its receipt";
const BY_UNSIGNED: &str = "accepted by its receipt, which is unsigned";

/// What a receipt says.
pub(crate) struct ReceiptData {
    pub(crate) state: ReceiptState,
    pub(crate) signed: bool,
    pub(crate) price: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) parts: Option<u32>,
}

impl From<&Receipt> for ReceiptData {
    fn from(receipt: &Receipt) -> Self {
        Self {
            state: receipt.state,
            signed: receipt.signed,
            price: receipt.price.clone(),
            currency: receipt.currency.clone(),
            parts: receipt.parts,
        }
    }
}

/// What a row knows.
pub(crate) struct RowFields {
    pub(crate) state: State,
    pub(crate) skip: Option<Skip>,
    /// What its receipts said so far.
    pub(crate) receipt: Option<ReceiptState>,
    pub(crate) signed: bool,
    pub(crate) price: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) parts: Option<u32>,
}

/// What else a receipt changes.
pub(crate) struct MergeResult {
    /// What the row cost.
    pub(crate) cost: Option<i64>,
    /// The row's new reason.
    pub(crate) reason: Option<&'static str>,
}

/// Merges a receipt into a row: the furthest state stays, whatever the order. `None` if nothing changes.
pub(crate) fn merge(
    row: RowId,
    is: &mut RowFields,
    data: &ReceiptData,
    changes: &mut Changes,
) -> Option<MergeResult> {
    let (before, skip) = (is.state, is.skip);
    let after = on_receipt(before);
    let mut changed = after != before;
    match is.receipt {
        Some(known) if data.state == known && data.signed && !is.signed => {
            (is.signed, changed) = (true, true);
        }
        Some(known) if data.state <= known => {}
        known => {
            changes.receipt(row.campaign, known, data.state);
            (is.receipt, is.signed, changed) = (Some(data.state), data.signed, true);
        }
    }
    for (is, data) in [
        (&mut is.price, &data.price),
        (&mut is.currency, &data.currency),
    ] {
        if is.is_none() && data.is_some() {
            (*is, changed) = (data.clone(), true);
        }
    }
    if is.parts.is_none() && data.parts.is_some() {
        (is.parts, changed) = (data.parts, true);
    }
    if !changed {
        return None;
    }
    let price = is.price.as_deref().and_then(micros);
    let cost = price.map(|price| price.saturating_mul(is.parts.unwrap_or(1).into()));
    changes.moved(row.campaign, (before, skip), (after, None), 1);
    (is.state, is.skip) = (after, None);
    // Of a row that was accepted already, the reply's reason stays.
    let reason = match (before == after, is.signed) {
        (true, _) => None,
        (false, true) => Some(BY_RECEIPT),
        (false, false) => Some(BY_UNSIGNED),
    };
    Some(MergeResult { cost, reason })
}
