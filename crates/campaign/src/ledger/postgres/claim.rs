//! A worker's requests: settle and claim in one transaction of two round trips.

use std::time::Duration;

use tokio::join;

use super::campaign::{lock_campaign, lock_campaign_shared, set_state, skip_ready};
use super::connection::{Transaction, TransactionKind, get, u32_at};
use super::cursor::Search;
use super::params::{Param, text};
use super::settle::{Ends, unclaim};
use super::{receipts, sql, tally, worker};
use crate::Error;
use crate::breaker::LONGEST_PAUSE;
use crate::clock::{Nanos, nanos};
use crate::compose::Row;
use crate::ledger::rules::{CampaignContext, corrupt, row_id};
use crate::ledger::tally::Changes;
use crate::ledger::{CampaignId, CampaignState, ClaimReply, ClaimRequest, Claimed, POLL};
use crate::state::{Skip, State};

/// What a claim brought.
#[derive(Default)]
struct Claims {
    rows: Vec<Claimed>,
    suppressed: i64,
    wait: Option<Duration>,
    search: Search,
}

/// What a request brought.
pub(super) struct Reply {
    pub(super) claim: ClaimReply,
    /// Whether the campaign has to pause because a cap is reached.
    pub(super) at_cap: bool,
    pub(super) search: Search,
}

/// Settles, and claims rows behind the cursor.
///
/// The first round trip carries everything that a campaign without caps needs. No statement needs the answer to one before it: conditions and
/// settings of the transaction take its place. Whether the worker may go on at all is seen before the second round trip, which commits.
pub(super) async fn settle_and_claim(
    tx: &Transaction<'_>,
    request: ClaimRequest,
    after: i64,
) -> Result<Reply, Error> {
    let (campaign, me) = (request.campaign, request.worker);
    let ends = Ends::new(campaign, &request.settle);
    let (begun, seen, context, locked, found, unclaimed, paused, slowed, claims) = join!(
        biased;
        tx.begin(TransactionKind::Short),
        worker::seen(tx, me),
        context(tx, campaign, request.pause.as_deref()),
        lock_messages(tx, &ends, request.echoes),
        ends.store(tx, campaign, me),
        unclaim(tx, campaign, me, request.in_flight.as_deref()),
        pause(tx, campaign, request.pause.as_deref()),
        slow_down(tx, campaign, request.slow_down),
        claim(tx, &request, request.max_claims, false, after),
    );
    begun?;
    seen?;
    let mut of = context?;
    locked?;
    let mut changes = Changes::default();
    let sent = ends.stored(&found?, campaign, &mut changes)?;
    let (sending, ready) = ((State::Sending, None), (State::Ready, None));
    changes.moved(campaign, sending, ready, unclaimed?);
    if paused? {
        (of.state, of.reason) = (CampaignState::Paused, request.pause.clone());
    }
    slowed?;
    let mut claims = claims?;
    claims.count(campaign, &mut changes);
    if !of.echoes {
        receipts::sent(tx, &of.service, sent, &mut changes).await?;
    }
    let mut at_cap = false;
    if of.state == CampaignState::Running && request.max_claims > 0 {
        if of.expired {
            tally::write(tx, me.0, std::mem::take(&mut changes)).await?;
            let more = skip_ready(tx, campaign, Skip::Expired, me.0).await?;
            claims.wait = Some(if more { Duration::ZERO } else { POLL });
        } else if of.has_caps() {
            let bucket: [&dyn Param; 1] = [&of.bucket];
            let (locked, written, counts) = join!(
                biased;
                tx.execute(sql::LOCK_RATE, &bucket),
                tally::write(tx, me.0, std::mem::take(&mut changes)),
                tally::counts(tx, campaign),
            );
            locked?;
            written?;
            match of.capped(&counts?, request.max_claims) {
                Ok(max) => {
                    claims = claim(tx, &request, max, true, after).await?;
                    claims.count(campaign, &mut changes);
                }
                Err(_) => at_cap = true,
            }
        }
    }
    let (written, counts, committed) = join!(
        biased;
        tally::write(tx, me.0, changes),
        tally::counts(tx, campaign),
        tx.commit(),
    );
    written?;
    let counts = counts?;
    committed?;
    Ok(Reply {
        claim: ClaimReply {
            claimed: claims.rows,
            state: of.state,
            reason: of.reason,
            counts,
            wait: claims.wait,
        },
        at_cap,
        search: claims.search,
    })
}

/// Pauses a campaign whose cap is reached, unless that changed meanwhile; its state and the reason.
pub(super) async fn pause_at_cap(
    tx: &Transaction<'_>,
    campaign: CampaignId,
) -> Result<(CampaignState, Option<String>), Error> {
    let of = lock_campaign(tx, campaign).await?;
    let counts = tally::counts(tx, campaign).await?;
    match of.capped(&counts, 1) {
        Err(reason) if of.state == CampaignState::Running => {
            set_state(tx, campaign, CampaignState::Paused, Some(&reason)).await?;
            Ok((CampaignState::Paused, Some(reason)))
        }
        _ => Ok((of.state, of.reason)),
    }
}

async fn context(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    pause: Option<&str>,
) -> Result<CampaignContext, Error> {
    match pause {
        None => lock_campaign_shared(tx, campaign).await,
        Some(_) => lock_campaign(tx, campaign).await,
    }
}

/// Locks the message ids of a service whose receipts are found by them.
async fn lock_messages(tx: &Transaction<'_>, ends: &Ends, echoes: bool) -> Result<(), Error> {
    if echoes {
        return Ok(());
    }
    receipts::lock(tx, ends.locks()).await
}

/// Pauses a campaign that runs; whether it did.
async fn pause(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    reason: Option<&str>,
) -> Result<bool, Error> {
    let Some(reason) = reason.map(text) else {
        return Ok(false);
    };
    let number = i64::from(campaign.get());
    Ok(tx.execute(sql::PAUSE_RUNNING, &[&number, &reason]).await? == 1)
}

/// Grants nothing of the account for a while.
pub(super) async fn slow_down(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    pause: Option<Duration>,
) -> Result<(), Error> {
    if let Some(pause) = pause {
        let number = i64::from(campaign.get());
        let (pause, longest) = (nanos(pause.min(LONGEST_PAUSE)), nanos(LONGEST_PAUSE));
        tx.execute(sql::SLOW_DOWN, &[&number, &pause, &longest])
            .await?;
    }
    Ok(())
}

/// Claims rows, as many as the rate allows; none unless the campaign runs and has caps or not, as the caller supposes.
async fn claim(
    tx: &Transaction<'_>,
    request: &ClaimRequest,
    max_claims: u32,
    has_caps: bool,
    after: i64,
) -> Result<Claims, Error> {
    if max_claims == 0 {
        return Ok(Claims::default());
    }
    let campaign = i64::from(request.campaign.get());
    let params: [&dyn Param; 3] = [&campaign, &request.worker.0, &after];
    let (permits, found) = join!(
        biased;
        take_permits(tx, campaign, max_claims, has_caps, after),
        tx.query(sql::CLAIM, &params),
    );
    let (permits, found) = (permits?, found?);
    let max = permits.granted.unwrap_or(0) as usize;
    let mut claims = Claims {
        wait: permits.wait(max_claims),
        search: Search {
            short: permits.granted.is_none() || found.len() < max,
            last: None,
        },
        ..Claims::default()
    };
    for row in &found {
        let (number, not_before) = (get(row, 0)?, get(row, 5)?);
        claims.search.last = claims.search.last.max(Some((not_before, number)));
        if get(row, 4)? {
            claims.suppressed += 1;
            continue;
        }
        let columns = &request.columns;
        let of = row_id(number)?;
        claims.rows.push(Claimed {
            row: Row::kept(tx.key, of, get(row, 2)?, get(row, 3)?, columns)?,
            claim: u32_at(row, 1)?,
        });
    }
    Ok(claims)
}

/// What the rate of the account granted.
pub(super) struct Granted {
    /// How many requests; `None` if no row is ready yet.
    pub(super) granted: Option<u32>,
    until_row: Option<Duration>,
    until_permit: Option<Duration>,
}

/// Takes requests out of the rate of the account, and leaves their number to the next statement.
pub(super) async fn take_permits(
    tx: &Transaction<'_>,
    campaign: i64,
    max_claims: u32,
    has_caps: bool,
    after: i64,
) -> Result<Granted, Error> {
    let (max, longest) = (i64::from(max_claims), nanos(LONGEST_PAUSE));
    let params: [&dyn Param; 5] = [&campaign, &max, &has_caps, &longest, &after];
    let found = tx.first(sql::TAKE_PERMITS, &params).await?;
    let found = found.ok_or_else(corrupt)?;
    let duration = |place| {
        let nanos: Option<Nanos> = get(&found, place)?;
        let nanos = nanos.map(|nanos| u64::try_from(nanos).unwrap_or_default());
        Ok(nanos.map(Duration::from_nanos))
    };
    let granted: Option<i64> = get(&found, 1)?;
    let granted = granted.map(|granted| u32::try_from(granted).map_err(|_| corrupt()));
    Ok(Granted {
        granted: granted.transpose()?,
        until_row: duration(0)?,
        until_permit: duration(2)?,
    })
}

impl Granted {
    /// How long to wait if there are fewer than asked for.
    fn wait(&self, max_claims: u32) -> Option<Duration> {
        match self.granted {
            None => Some(self.until_row.unwrap_or(POLL).min(POLL)),
            Some(granted) if granted == max_claims => None,
            Some(0) => Some(self.until_permit.unwrap_or(POLL)),
            Some(_) => self.until_permit,
        }
    }
}

impl Claims {
    fn count(&self, campaign: CampaignId, changes: &mut Changes) {
        let ready = (State::Ready, None);
        let sending = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        changes.moved(campaign, ready, (State::Sending, None), sending);
        let suppressed = (State::Skipped, Some(Skip::Suppressed));
        changes.moved(campaign, ready, suppressed, self.suppressed);
    }
}
