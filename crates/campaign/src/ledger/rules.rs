//! Decisions that every ledger takes in the same way, over what it has read.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::types::Cost;
use super::{CampaignId, CampaignState, Counts, NewCampaign, Settle};
use crate::compose::{Columns, Row};
use crate::key::{LedgerKey, RowId};
use crate::state::{Next, Skip, State, settle};
use crate::template::Parts;
use crate::{Error, ErrorKind, money};

/// What a request of a worker has to know of a campaign.
pub(crate) struct CampaignContext {
    pub(crate) campaign: CampaignId,
    pub(crate) state: CampaignState,
    pub(crate) reason: Option<String>,
    pub(crate) echoes: bool,
    pub(crate) service: String,
    pub(crate) bucket: i64,
    /// Whether the deadline has passed.
    pub(crate) expired: bool,
    pub(crate) max_rows: Option<u64>,
    pub(crate) cost: Option<Cost>,
}

impl CampaignContext {
    /// Whether a worker may begin.
    pub(crate) fn may_start(&self) -> Result<(), Error> {
        match self.state {
            CampaignState::Importing => Err(wrong(
                "the list was not imported to its end; import it again, which goes on where it stopped",
            )),
            CampaignState::Paused => {
                let reason = self.reason.as_deref().unwrap_or_default();
                Err(wrong(format!(
                    "the campaign is paused: {reason}; resume it first"
                )))
            }
            CampaignState::Cancelled => Err(wrong("the campaign was cancelled; make another one")),
            CampaignState::Ready | CampaignState::Running | CampaignState::Done => Ok(()),
        }
    }

    /// What becomes of a row in this state when its attempt ends.
    pub(crate) fn next(&self, current: State, settled: &Settle) -> Option<Next> {
        let mut next = settle(current, settled.attempt.result, settled.claim)?;
        if next.state == State::Ready && self.state == CampaignState::Cancelled {
            (next.state, next.skip) = (State::Skipped, Some(Skip::Cancelled));
        }
        Some(next)
    }

    /// How many rows the caps allow, or why the campaign has to pause.
    pub(crate) fn capped(&self, counts: &Counts, max_claims: u32) -> Result<u32, String> {
        let sent = counts.sent();
        let mut most = u64::from(max_claims);
        let mut reason = String::new();
        if let Some(rows) = self.max_rows {
            most = most.min(rows.saturating_sub(sent));
            reason = format!("the cap of {rows} rows is reached");
        }
        if let Some(cost) = self.cost {
            let each = u64::try_from(cost.row).unwrap_or_default().max(1);
            let left = (u64::try_from(cost.most).unwrap_or_default() / each).saturating_sub(sent);
            if left < most {
                most = left;
                let (most, each) = (money::decimal(cost.most), money::decimal(cost.row));
                reason = format!("the cap of {most} on money is reached, at {each} a row");
            }
        }
        // Those that are being sent may come back.
        if most == 0 && counts.state(State::Sending) == 0 && counts.state(State::Ready) > 0 {
            return Err(reason);
        }
        Ok(u32::try_from(most).unwrap_or(max_claims))
    }

    pub(crate) fn has_caps(&self) -> bool {
        self.max_rows.is_some() || self.cost.is_some()
    }
}

impl CampaignState {
    /// Whether a campaign in this state may be paused.
    pub(crate) fn may_pause(self) -> Result<(), Error> {
        match self {
            Self::Ready | Self::Running | Self::Paused => Ok(()),
            other => Err(not_now("paused", other)),
        }
    }

    /// What it becomes when it is resumed, if that changes it.
    pub(crate) fn resumed(self) -> Result<Option<Self>, Error> {
        match self {
            Self::Paused => Ok(Some(Self::Ready)),
            Self::Ready | Self::Running => Ok(None),
            other => Err(not_now("resumed", other)),
        }
    }

    /// What it becomes when it is cancelled, if that changes it.
    pub(crate) fn cancelled(self) -> Result<Option<Self>, Error> {
        match self {
            Self::Done => Err(not_now("cancelled", Self::Done)),
            Self::Cancelled => Ok(None),
            _ => Ok(Some(Self::Cancelled)),
        }
    }

    /// Whether rows may be added.
    pub(crate) fn may_import(self) -> Result<(), Error> {
        if self == Self::Importing {
            return Ok(());
        }
        Err(wrong(
            "the list was imported to its end; make another campaign for other rows",
        ))
    }
}

pub(crate) fn not_now(done: &str, state: CampaignState) -> Error {
    wrong(format!(
        "the campaign cannot be {done}: it is {}",
        state.as_str()
    ))
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::WrongState, text)
}

impl super::Decision {
    /// Whether it may be carried out for a campaign in this state.
    pub(crate) fn allowed(&self, state: CampaignState) -> Result<(), Error> {
        if self.by.trim().is_empty() {
            return Err(Error::new(
                ErrorKind::Argument,
                "a decision needs the name of who takes it",
            ));
        }
        if state == CampaignState::Cancelled && self.order == crate::Order::Resend {
            return Err(not_now("resumed", state));
        }
        Ok(())
    }
}

impl NewCampaign {
    pub(crate) fn json(&self) -> Option<&str> {
        self.template.as_deref().map(Parts::json)
    }

    /// What makes two campaigns the same.
    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        for part in [
            self.list.as_slice(),
            self.operation.as_bytes(),
            self.json().unwrap_or_default().as_bytes(),
        ] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }
}

impl Columns {
    /// From the JSON that a ledger keeps, and the name of the column of numbers.
    pub(crate) fn kept(names: &str, number: &str) -> Result<Self, Error> {
        let names: Vec<String> = serde_json::from_str(names).map_err(|_| corrupt())?;
        let number = names
            .iter()
            .position(|name| *name == number)
            .unwrap_or(usize::MAX);
        Ok(Self { names, number })
    }
}

impl Row {
    /// From what a ledger keeps.
    pub(crate) fn kept(
        key: &LedgerKey,
        of: RowId,
        phone: String,
        values: &str,
        columns: &Arc<Columns>,
    ) -> Result<Self, Error> {
        Ok(Self {
            number: of.row,
            phone,
            key: key.row(of),
            columns: Arc::clone(columns),
            values: serde_json::from_str(values).map_err(|_| corrupt())?,
        })
    }
}

/// The id of a row in a ledger.
pub(crate) fn id(campaign: CampaignId, row: u32) -> i64 {
    i64::from(campaign.get()) << 32 | i64::from(row)
}

/// The row of an id.
pub(crate) fn row_id(id: i64) -> Result<RowId, Error> {
    let campaign = u32::try_from(id >> 32)
        .ok()
        .and_then(CampaignId::new)
        .ok_or_else(corrupt)?;
    let row = u32::try_from(id & 0xffff_ffff).map_err(|_| corrupt())?;
    Ok(RowId { campaign, row })
}

/// A value in the ledger that no version writes.
pub(crate) fn corrupt() -> Error {
    Error::new(
        ErrorKind::NotALedger,
        "the ledger holds a value that no version writes; put a copy back",
    )
}

/// A random number: the id of a worker.
pub(crate) fn random() -> Result<i64, Error> {
    let mut bytes = [0; 8];
    random_bytes(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

/// Random bytes: the secret of a ledger.
pub(crate) fn random_bytes(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(
            ErrorKind::Storage,
            format!("the system has no random bytes: {error}"),
        )
    })
}

pub(crate) fn no_campaign() -> Error {
    Error::new(
        ErrorKind::NoCampaign,
        "the ledger has no campaign of this name; list its campaigns",
    )
}

pub(crate) fn name_taken() -> Error {
    Error::new(
        ErrorKind::Exists,
        "the ledger has a campaign of this name; choose another name",
    )
}

pub(crate) fn same_campaign() -> Error {
    Error::new(
        ErrorKind::Exists,
        "the ledger has a campaign with the same list, operation and template; ask for it to be made again, or use that one",
    )
}

pub(crate) fn imported_elsewhere() -> Error {
    Error::new(
        ErrorKind::InUse,
        "another process imports the same list; wait for it",
    )
}
