//! `nxcloud campaign status`, and a campaign as JSON.

use clap::Args;
use nxcloud::campaign::{Campaign, Counts, Ledger as _, ReceiptState, Skip, State};
use serde_json::{Map, Value, json};

use super::ledger::Place;
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Args)]
pub(crate) struct StatusArgs {
    /// Name of the campaign [default: all]
    name: Option<String>,
}

pub(super) fn run(args: &StatusArgs, ledger: &Place, format: Format) -> Result<(), Failure> {
    let value = crate::block_on(async {
        let store = ledger.open().await?;
        if let Some(name) = &args.name {
            let campaign = store.campaign(name).await?;
            let counts = store.counts(campaign.id).await?;
            return Ok::<_, Failure>(one(&campaign, &counts));
        }
        let mut all = Vec::new();
        for campaign in store.campaigns().await? {
            let counts = store.counts(campaign.id).await?;
            all.push(in_list(&campaign, &counts));
        }
        Ok(Value::Array(all))
    })??;
    match (&value, format) {
        (Value::Array(all), Format::Table) if all.is_empty() => output::print("no campaigns"),
        (Value::Array(all), Format::Table) => output::print(&output::rows(all.iter())),
        _ => output::reply(format, &value),
    }
}

/// A campaign with all its counts.
pub(super) fn one(campaign: &Campaign, counts: &Counts) -> Value {
    let skipped = Skip::ALL
        .iter()
        .map(|&skip| (skip.as_str(), counts.skipped(skip)));
    let receipts = ReceiptState::ALL
        .iter()
        .map(|&state| (state.as_str(), counts.receipt(state)));
    let limits = Some(campaign.limits.to_string()).filter(|limits| !limits.is_empty());
    json!({
        "campaign": campaign.name,
        "operation": operation(campaign),
        "state": campaign.state.as_str(),
        "reason": campaign.reason,
        "checked": campaign.checked,
        "rate": campaign.rate.map(|rate| rate.rate()),
        "limits": limits,
        "rows": rows(counts),
        "skipped": present(skipped),
        "receipts": present(receipts),
        "resent": counts.resent,
    })
}

/// How many rows are in which state.
pub(super) fn rows(counts: &Counts) -> Value {
    let states = State::ALL
        .iter()
        .map(|&state| (state.as_str().to_owned(), counts.state(state).into()));
    let mut rows: Map<String, Value> = [("total".to_owned(), counts.total().into())]
        .into_iter()
        .collect();
    rows.extend(states);
    rows.insert("delivered".to_owned(), counts.delivered().into());
    rows.into()
}

/// A campaign in the list of all.
fn in_list(campaign: &Campaign, counts: &Counts) -> Value {
    let mut value = json!({
        "campaign": campaign.name,
        "operation": operation(campaign),
        "state": campaign.state.as_str(),
    });
    if let (Some(value), Value::Object(rows)) = (value.as_object_mut(), rows(counts)) {
        value.extend(rows);
    }
    value
}

fn operation(campaign: &Campaign) -> String {
    format!("{}.{}", campaign.service, campaign.operation)
}

/// The counts that are not zero.
fn present<'c>(counts: impl Iterator<Item = (&'c str, u64)>) -> Value {
    let counts = counts.filter(|(_, count)| *count > 0);
    let counts = counts.map(|(name, count)| (name.to_owned(), count.into()));
    Value::Object(counts.collect())
}
