//! What only the inside of the ledger can show.

mod faults;
mod file;
mod plan;
mod rate;

use nxcloud_sms::SendSms;
use tempfile::TempDir;

use super::*;
use crate::ledger::types::NewRow;
use crate::{Attempt, Template};

/// A ledger in its own folder.
pub(super) fn ledger() -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::create(folder.path().join("test.ledger")).unwrap();
    (folder, ledger)
}

/// A campaign with this number of rows, ready to run.
pub(super) async fn campaign(ledger: &Sqlite, rows: u32) -> CampaignId {
    let json = r#"{"appKey": "app", "phone": "{phone}", "content": "hello"}"#;
    let template = Template::<SendSms>::new(json).unwrap();
    let name = format!("c{}", ledger.campaigns().await.unwrap().len());
    let id = ledger
        .create(NewCampaign::from_template(name, &template).again())
        .await
        .unwrap();
    add(ledger, id, 0, rows).await;
    ledger.finish_import(id).await.unwrap();
    id
}

pub(super) async fn add(ledger: &Sqlite, id: CampaignId, after: u32, rows: u32) {
    let rows = (after..after + rows).map(|row| NewRow {
        phone: format!("86150{row:08}"),
        values: "[null]".to_owned(),
        problem: None,
    });
    let batch = Batch {
        rows: rows.collect(),
        columns: Some(vec!["phone".to_owned()]),
        after,
    };
    ledger.import(id, batch).await.unwrap();
}

pub(super) fn request(
    campaign: CampaignId,
    worker: &Worker,
    settle: Vec<Settle>,
    max_claims: u32,
) -> ClaimRequest {
    ClaimRequest {
        campaign,
        worker: worker.id,
        settle: Arc::new(settle),
        max_claims,
        slow_down: None,
        pause: None,
        columns: Arc::clone(&worker.columns),
        echoes: worker.echoes,
        in_flight: None,
    }
}

pub(super) fn settled(claimed: &Claimed, attempt: Attempt) -> Settle {
    Settle {
        row: claimed.row.number(),
        claim: claimed.claim,
        attempt,
    }
}

use crate::ledger::{Claimed, Settle};
