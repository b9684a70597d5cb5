//! `nxcloud campaign check`: looks at every row and sends nothing.

use clap::Args;
use nxcloud::campaign::{Skip, State};
use serde_json::{Value, json};

use super::ledger::Place;
use super::{findings, operation};
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Name of the campaign
    name: String,
}

pub(super) fn run(args: &CheckArgs, ledger: &Place, format: Format) -> Result<(), Failure> {
    let checked = crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        operation::of(&campaign)?.check(&store, &campaign).await
    })??;
    let counts = &checked.counts;
    // Bad rows become invalid at the start of the run only.
    let bad = checked
        .findings
        .total
        .saturating_sub(counts.skipped(Skip::Invalid));
    let mut result = json!({
        "campaign": args.name,
        "rows": counts.total(),
        "ready": counts.state(State::Ready).saturating_sub(bad),
        "duplicates": counts.skipped(Skip::Duplicate),
        "suppressed": counts.skipped(Skip::Suppressed),
    });
    let samples = checked.samples.iter();
    let samples: Value = samples
        .filter_map(|text| serde_json::from_str::<Value>(text).ok())
        .collect();
    if let (Some(result), Value::Object(found)) =
        (result.as_object_mut(), findings(&checked.findings))
    {
        result.extend(found);
        result.insert("samples".to_owned(), samples);
        result.insert("notes".to_owned(), checked.notes.into());
    }
    output::reply(format, &result)?;
    match checked.findings.total {
        0 => Ok(()),
        bad => Err(Failure::usage(format!(
            "{bad} of the rows cannot be sent; correct the list, or run with --skip-invalid"
        ))),
    }
}
