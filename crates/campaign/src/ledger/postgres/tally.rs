//! The table of counters.

use super::connection::{Transaction, get};
use super::sql;
use crate::Error;
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, Counts};

/// Whose counters change when it is not a worker's request that changes them.
pub(super) const SHARED_COUNTERS: i64 = 0;

/// Writes changes into the counters of a worker. The last statement of a transaction that others may wait for.
pub(super) async fn write(
    tx: &Transaction<'_>,
    worker: i64,
    changes: Changes,
) -> Result<(), Error> {
    let (mut campaigns, mut kinds, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (campaign, kind, count) in changes.counters() {
        campaigns.push(i64::from(campaign.get()));
        kinds.push(kind);
        counts.push(count);
    }
    if kinds.is_empty() {
        return Ok(());
    }
    tx.execute(sql::TALLY, &[&worker, &campaigns, &kinds, &counts])
        .await?;
    Ok(())
}

pub(super) async fn counts(tx: &Transaction<'_>, campaign: CampaignId) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let campaign = i64::from(campaign.get());
    for row in tx.query(sql::COUNTS, &[&campaign]).await? {
        counts.count(get(&row, 0)?, get(&row, 1)?);
    }
    Ok(counts)
}
