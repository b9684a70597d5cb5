//! `nxcloud campaign unknown`: lists rows whose outcome is unknown, and takes a person's decision.

use std::ops::RangeInclusive;

use clap::Args;
use nxcloud::campaign::{Campaign, Decision, Ledger as _, Order, RowFilter, RowRecord};
use serde_json::{Value, json};

use super::ledger::{Place, Store};
use crate::failure::Failure;
use crate::output::{self, Format};

/// How many rows are read at once.
const PAGE: u32 = 1000;

#[derive(Args)]
pub(crate) struct UnknownArgs {
    /// Name of the campaign
    name: String,
    /// Count the rows as accepted
    #[arg(long, conflicts_with = "resend", requires = "by", requires = "reason")]
    accept: bool,
    /// Send the rows again with the next run: a recipient may get the message twice
    #[arg(long, requires = "by", requires = "reason")]
    resend: bool,
    /// Rows by their number, such as 1,5-9 [default: all unknown rows]
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = range)]
    rows: Vec<RangeInclusive<u32>>,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn range(text: &str) -> Result<RangeInclusive<u32>, &'static str> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
        _ => Err("expected numbers of rows, such as 1,5-9"),
    }
}

pub(super) fn run(args: &UnknownArgs, ledger: &Place, format: Format) -> Result<(), Failure> {
    let order = match (args.accept, args.resend) {
        (true, _) => Order::Accept,
        (_, true) => Order::Resend,
        _ => return list(args, ledger, format),
    };
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        let mut rows = Vec::new();
        each_page(&store, &campaign, args, |page| {
            rows.extend(page.iter().map(|row| row.row.number()));
            Ok(true)
        })
        .await?;
        let what = match order {
            Order::Accept => "count as accepted",
            Order::Resend => "will be sent again, and may arrive twice",
        };
        let count = rows.len();
        if count > 0 && !args.yes {
            let question = format!("{count} rows {what}. Go on? [y/N] ");
            match output::confirm(&question)? {
                Some(true) => {}
                Some(false) => return Err(Failure::usage("nothing was changed")),
                None => {
                    return Err(Failure::usage(format!(
                        "{count} rows {what}; confirm with --yes"
                    )));
                }
            }
        }
        let by = args.by.as_deref().unwrap_or_default();
        let reason = args.reason.as_deref().unwrap_or_default();
        let decision = Decision::all(order, by, reason).rows(rows);
        let changed = store.decide(campaign.id, decision).await?;
        output::eprint(&format!("{changed} rows {what}"));
        if changed > 0 && order == Order::Resend {
            output::eprint("`nxcloud campaign run` sends them");
        }
        Ok(())
    })?
}

fn list(args: &UnknownArgs, ledger: &Place, format: Format) -> Result<(), Failure> {
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        each_page(&store, &campaign, args, |page| {
            let rows: Vec<Value> = page.iter().map(|row| shown(row)).collect();
            let text = match format {
                Format::Table => output::rows(rows.iter()),
                Format::Json => rows.iter().map(|row| format!("{row}\n")).collect(),
            };
            output::print_if_open(&text)
        })
        .await
    })?
}

fn shown(row: &RowRecord) -> Value {
    let time = |time| {
        jiff::Timestamp::try_from(time)
            .map(|time| format!("{time:.3}"))
            .ok()
    };
    json!({
        "row": row.row.number(),
        "phone": row.row.phone(),
        "claimed_at": row.claimed_at.and_then(time),
        "claims": row.claims,
        "code": row.code,
        "reason": row.reason,
        "key": row.row.key(),
    })
}

/// Reads the unknown rows that the arguments name, until `page` returns `false`.
async fn each_page(
    store: &Store,
    campaign: &Campaign,
    args: &UnknownArgs,
    mut page: impl FnMut(&[&RowRecord]) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let rows = store
            .rows(campaign.id, RowFilter::Unknown, after, PAGE)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.row.number();
        let is_named = |row: &&RowRecord| {
            let number = row.row.number();
            args.rows.is_empty() || args.rows.iter().any(|rows| rows.contains(&number))
        };
        let named: Vec<&RowRecord> = rows.iter().filter(is_named).collect();
        if !named.is_empty() && !page(&named)? {
            return Ok(());
        }
    }
}
