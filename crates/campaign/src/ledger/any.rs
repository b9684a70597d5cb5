//! A ledger of any kind, for programs that learn only at run time which one it is.

use super::sqlite::Sqlite;
use super::{
    Batch, Campaign, CampaignId, ClaimReply, ClaimRequest, Counts, Decision, DecisionRecord,
    Ledger, Limits, NewCampaign, RowFilter, RowRecord, Settle, Worker, WorkerId,
};
use crate::key::RowId;
use crate::receipt::{Receipt, Recorded};
use crate::{Error, Rate};

/// A ledger of any kind. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyLedger {
    /// In a file.
    Sqlite(Sqlite),
    /// In a database.
    #[cfg(feature = "postgres-no-provider")]
    Postgres(super::postgres::Postgres),
}

impl From<Sqlite> for AnyLedger {
    fn from(ledger: Sqlite) -> Self {
        Self::Sqlite(ledger)
    }
}

#[cfg(feature = "postgres-no-provider")]
impl From<super::postgres::Postgres> for AnyLedger {
    fn from(ledger: super::postgres::Postgres) -> Self {
        Self::Postgres(ledger)
    }
}

macro_rules! each {
    ($self:ident, $ledger:ident => $call:expr) => {
        match $self {
            Self::Sqlite($ledger) => $call,
            #[cfg(feature = "postgres-no-provider")]
            Self::Postgres($ledger) => $call,
        }
    };
}

macro_rules! delegate {
    ($($name:ident($($argument:ident: $of:ty),*) -> $result:ty;)*) => {
        impl Ledger for AnyLedger {
            $(async fn $name(&self, $($argument: $of),*) -> Result<$result, Error> {
                each!(self, ledger => ledger.$name($($argument),*).await)
            })*

            fn save_unsettled(&self, campaign: CampaignId, worker: WorkerId, unsettled: &[Settle]) {
                each!(self, ledger => ledger.save_unsettled(campaign, worker, unsettled));
            }

            fn row_of_key(&self, key: &str) -> Option<RowId> {
                each!(self, ledger => ledger.row_of_key(key))
            }
        }
    };
}

delegate! {
    create(new: NewCampaign) -> CampaignId;
    campaign(name: &str) -> Campaign;
    campaigns() -> Vec<Campaign>;
    import(campaign: CampaignId, batch: Batch) -> ();
    finish_import(campaign: CampaignId) -> Counts;
    discard(campaign: CampaignId) -> ();
    rows(campaign: CampaignId, which: RowFilter, after: u32, limit: u32) -> Vec<RowRecord>;
    invalidate(campaign: CampaignId, rows: Vec<(u32, String)>) -> ();
    checked(campaign: CampaignId) -> ();
    start(campaign: CampaignId) -> Worker;
    settle_and_claim(request: ClaimRequest) -> ClaimReply;
    finish(campaign: CampaignId, worker: WorkerId) -> Counts;
    record(receipts: Vec<Receipt>) -> Vec<Recorded>;
    pause(campaign: CampaignId, reason: &str) -> ();
    resume(campaign: CampaignId) -> ();
    cancel(campaign: CampaignId) -> Counts;
    counts(campaign: CampaignId) -> Counts;
    decide(campaign: CampaignId, decision: Decision) -> u64;
    decisions(campaign: CampaignId) -> Vec<DecisionRecord>;
    suppress(phones: Vec<String>, reason: &str) -> u64;
    set_limits(campaign: CampaignId, limits: Limits) -> ();
    set_rate(campaign: CampaignId, rate: Option<Rate>) -> ();
}
