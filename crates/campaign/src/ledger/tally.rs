//! Counters of a campaign's rows: every ledger changes them in the transaction that changes the rows.

use std::collections::BTreeMap;

use super::{CampaignId, Counts};
use crate::receipt::ReceiptState;
use crate::state::{Skip, State};

const SKIPS: i64 = 10;
const RECEIPTS: i64 = 20;
const RESENT: i64 = 40;

/// Changes of counters, until they are written.
#[derive(Default)]
pub(crate) struct Changes(BTreeMap<(CampaignId, i64), i64>);

impl Changes {
    fn add(&mut self, campaign: CampaignId, kind: i64, count: i64) {
        *self.0.entry((campaign, kind)).or_default() += count;
    }

    /// Rows that are new.
    pub(crate) fn enter(
        &mut self,
        campaign: CampaignId,
        state: State,
        skip: Option<Skip>,
        count: i64,
    ) {
        self.add(campaign, state.number(), count);
        if let Some(skip) = skip {
            self.add(campaign, SKIPS + skip.number(), count);
        }
    }

    /// Rows that go from one state to another.
    pub(crate) fn moved(
        &mut self,
        campaign: CampaignId,
        from: (State, Option<Skip>),
        to: (State, Option<Skip>),
        count: i64,
    ) {
        self.enter(campaign, from.0, from.1, -count);
        self.enter(campaign, to.0, to.1, count);
    }

    pub(crate) fn receipt(
        &mut self,
        campaign: CampaignId,
        from: Option<ReceiptState>,
        to: ReceiptState,
    ) {
        if let Some(from) = from {
            self.add(campaign, RECEIPTS + from.number(), -1);
        }
        self.add(campaign, RECEIPTS + to.number(), 1);
    }

    pub(crate) fn resent(&mut self, campaign: CampaignId, count: i64) {
        self.add(campaign, RESENT, count);
    }

    /// Campaign, kind and change of each counter that changes.
    pub(crate) fn counters(self) -> impl Iterator<Item = (CampaignId, i64, i64)> {
        let changes = self.0.into_iter();
        changes
            .filter(|(_, count)| *count != 0)
            .map(|((campaign, kind), count)| (campaign, kind, count))
    }
}

impl Counts {
    /// Adds a counter of this kind.
    pub(crate) fn count(&mut self, kind: i64, count: i64) {
        let place = |base: i64| usize::try_from(kind - base).unwrap_or(usize::MAX);
        let counter = match kind {
            RESENT => Some(&mut self.resent),
            RECEIPTS.. => self.receipts.get_mut(place(RECEIPTS)),
            SKIPS.. => self.skips.get_mut(place(SKIPS)),
            _ => self.states.get_mut(place(0)),
        };
        if let Some(counter) = counter {
            *counter = u64::try_from(count).unwrap_or_default();
        }
    }
}
