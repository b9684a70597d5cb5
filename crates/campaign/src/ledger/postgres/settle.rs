//! What is stored when attempts end.

use std::collections::BTreeSet;

use tokio_postgres::Row as Found;

use super::campaign::lock_campaign_shared;
use super::connection::{Transaction, get};
use super::params::text;
use super::tally::{self, SHARED_COUNTERS};
use super::{receipts, sql};
use crate::Error;
use crate::clock::nanos;
use crate::ledger::rules::{corrupt, id};
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, Settle, WorkerId};
use crate::state::{self, Next, Skip, State};

/// The ends of attempts as a statement takes them: one array for each column.
#[derive(Default)]
pub(super) struct Ends {
    ids: Vec<i64>,
    claims: Vec<i64>,
    masks: Vec<i64>,
    states: Vec<i64>,
    skips: Vec<Option<i64>>,
    waits: Vec<i64>,
    codes: Vec<Option<i64>>,
    reasons: Vec<Option<String>>,
    message_ids: Vec<Option<String>>,
}

/// What becomes of a row when its attempt ends, and a bit for each state of the row in which that holds.
fn next(settled: &Settle) -> Option<(i64, Next)> {
    let mut found = None;
    for current in State::ALL {
        let next = state::settle(*current, settled.attempt.result, settled.claim);
        if let Some(next) = next {
            let (mask, _) = found.unwrap_or((0, next));
            found = Some((mask | 1 << current.number(), next));
        }
    }
    found
}

impl Ends {
    pub(super) fn new(campaign: CampaignId, settles: &[Settle]) -> Self {
        let mut ends = Self::default();
        for settled in settles {
            let Some((mask, next)) = next(settled) else {
                continue;
            };
            let attempt = &settled.attempt;
            let reason = Some(text(&attempt.reason)).filter(|reason| !reason.is_empty());
            ends.ids.push(id(campaign, settled.row));
            ends.claims.push(i64::from(settled.claim));
            ends.masks.push(mask);
            ends.states.push(next.state.number());
            ends.skips.push(next.skip.map(Skip::number));
            ends.waits.push(nanos(next.wait));
            ends.codes.push(attempt.code);
            ends.reasons.push(reason);
            let message_id = attempt.message_id.as_deref().map(text);
            ends.message_ids.push(message_id);
        }
        ends
    }

    /// The locks of the message ids.
    pub(super) fn locks(&self) -> BTreeSet<i32> {
        let messages = self.message_ids.iter().flatten();
        messages.map(|id| receipts::lock_of(id)).collect()
    }

    /// Stores those whose claims are still the worker's.
    pub(super) async fn store(
        &self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        worker: WorkerId,
    ) -> Result<Vec<Found>, Error> {
        if self.ids.is_empty() {
            return Ok(Vec::new());
        }
        tx.query(
            sql::SETTLE,
            &[
                &worker.0,
                &i64::from(campaign.get()),
                &self.ids,
                &self.claims,
                &self.masks,
                &self.states,
                &self.skips,
                &self.waits,
                &self.codes,
                &self.reasons,
                &self.message_ids,
            ],
        )
        .await
    }

    /// Counts what was stored; the message ids with their rows.
    pub(super) fn stored(
        &self,
        found: &[Found],
        campaign: CampaignId,
        changes: &mut Changes,
    ) -> Result<Vec<(String, i64)>, Error> {
        let mut sent = Vec::new();
        for row in found {
            let number: i64 = get(row, 0)?;
            let state = |place| State::from_number(get(row, place)?).ok_or_else(corrupt);
            let skip: Option<i64> = get(row, 3)?;
            let to = (state(2)?, skip.and_then(Skip::from_number));
            changes.moved(campaign, (state(1)?, None), to, 1);
            let place = self.ids.iter().position(|id| *id == number);
            let message_id = place.and_then(|place| self.message_ids.get(place)?.clone());
            sent.extend(message_id.map(|message_id| (message_id, number)));
        }
        Ok(sent)
    }
}

/// Puts back what an earlier request claimed whose answer was lost: the worker never began to send these rows. How many.
pub(super) async fn unclaim(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
    in_flight: Option<&[u32]>,
) -> Result<i64, Error> {
    let Some(in_flight) = in_flight else {
        return Ok(0);
    };
    let begun: Vec<i64> = in_flight.iter().map(|row| id(campaign, *row)).collect();
    let number = i64::from(campaign.get());
    tx.execute(sql::UNCLAIM, &[&worker.0, &number, &begun])
        .await
}

/// Settles what a worker could not settle before its end.
pub(super) async fn settle_late(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    worker: WorkerId,
    settles: &[Settle],
) -> Result<(), Error> {
    let of = lock_campaign_shared(tx, campaign).await?;
    let ends = Ends::new(campaign, settles);
    if !of.echoes {
        receipts::lock(tx, ends.locks()).await?;
    }
    let found = ends.store(tx, campaign, worker).await?;
    let mut changes = Changes::default();
    let sent = ends.stored(&found, campaign, &mut changes)?;
    if !of.echoes {
        receipts::sent(tx, &of.service, sent, &mut changes).await?;
    }
    tally::write(tx, SHARED_COUNTERS, changes).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Attempt;
    use crate::state::tests::EVERY_RESULT;

    /// The statement knows one next state for all states in which there is one.
    #[test]
    fn the_end_of_an_attempt_means_the_same_in_every_state_in_which_it_means_anything() {
        for (result, claim) in EVERY_RESULT
            .iter()
            .flat_map(|result| (1..30).map(move |claim| (*result, claim)))
        {
            let settled = Settle {
                row: 1,
                claim,
                attempt: Attempt::new(result),
            };
            let (mask, expected) = next(&settled).unwrap();
            for current in State::ALL {
                let next = state::settle(*current, result, claim);
                assert_eq!(mask >> current.number() & 1 == 1, next.is_some());
                assert!(
                    next.is_none_or(|next| next == expected),
                    "{result:?} {current:?}"
                );
            }
        }
    }
}
