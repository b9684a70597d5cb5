//! Counters of a campaign's rows, changed in the transaction that changes the rows.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::problem::Stored as _;
use super::sql;
use crate::Error;
use crate::ledger::{CampaignId, Counts};
use crate::receipt::ReceiptState;
use crate::state::{Skip, State};

const SKIPS: i64 = 10;
const RECEIPTS: i64 = 20;
const RESENT: i64 = 40;

/// Changes of counters, until they are written.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<(CampaignId, i64), i64>);

impl Changes {
    fn add(&mut self, campaign: CampaignId, kind: i64, count: i64) {
        *self.0.entry((campaign, kind)).or_default() += count;
    }

    /// Rows that are new.
    pub(super) fn enter(
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
    pub(super) fn moved(
        &mut self,
        campaign: CampaignId,
        from: (State, Option<Skip>),
        to: (State, Option<Skip>),
        count: i64,
    ) {
        self.enter(campaign, from.0, from.1, -count);
        self.enter(campaign, to.0, to.1, count);
    }

    pub(super) fn receipt(
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

    pub(super) fn resent(&mut self, campaign: CampaignId, count: i64) {
        self.add(campaign, RESENT, count);
    }

    pub(super) fn write(self, connection: &Connection) -> Result<(), Error> {
        let mut statement = connection.prepare_cached(sql::TALLY).stored()?;
        for ((campaign, kind), count) in self.0 {
            if count != 0 {
                statement.execute((campaign.get(), kind, count)).stored()?;
            }
        }
        Ok(())
    }
}

pub(super) fn counts(connection: &Connection, campaign: CampaignId) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let mut statement = connection.prepare_cached(sql::COUNTS).stored()?;
    let mut found = statement.query([campaign.get()]).stored()?;
    while let Some(row) = found.next().stored()? {
        let (kind, count): (i64, i64) = (row.get(0).stored()?, row.get(1).stored()?);
        let place = |base: i64| usize::try_from(kind - base).unwrap_or(usize::MAX);
        let counter = match kind {
            RESENT => Some(&mut counts.resent),
            RECEIPTS.. => counts.receipts.get_mut(place(RECEIPTS)),
            SKIPS.. => counts.skips.get_mut(place(SKIPS)),
            _ => counts.states.get_mut(place(0)),
        };
        if let Some(counter) = counter {
            *counter = u64::try_from(count).unwrap_or_default();
        }
    }
    Ok(counts)
}
