//! `nxcloud campaign`: sends a message to every row of a list, from a ledger that outlives the process.

mod check;
mod control;
mod create;
mod export;
mod ledger;
pub(crate) mod operation;
mod password;
mod progress;
mod receipts;
mod run;
mod status;
mod unknown;

use clap::{Args, Subcommand};
use nxcloud::campaign::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::account::AccountArgs;
use crate::failure::{Exit, Failure};
use crate::output::Format;

#[derive(Args)]
pub(crate) struct CampaignArgs {
    #[command(flatten)]
    ledger: ledger::LedgerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a campaign from a list of recipients and a template; sends nothing
    Create(create::CreateArgs),
    /// Make the request of every row and check it; sends nothing
    Check(check::CheckArgs),
    /// Send to every row that is left
    Run(run::RunArgs),
    /// Show a campaign, or all of them
    Status(status::StatusArgs),
    /// Pause a campaign, also while it runs
    Pause(control::PauseArgs),
    /// Let a paused campaign run again
    Resume(control::NameArgs),
    /// End a campaign; rows that are not sent yet are skipped
    Cancel(control::NameArgs),
    /// List the rows whose outcome is unknown, or decide what becomes of them
    Unknown(unknown::UnknownArgs),
    /// Receive receipts, beside a run or without one
    Receipts(receipts::ReceiptsArgs),
    /// Write the rows of a campaign to a file or to stdout
    Export(export::ExportArgs),
}

pub(crate) fn run(
    args: CampaignArgs,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    let ledger = ledger::Place::of(args.ledger)?;
    match args.command {
        Command::Create(args) => create::run(&args, &ledger, format),
        Command::Check(args) => check::run(&args, &ledger, format),
        Command::Run(args) => run::run(&args, &ledger, account, format),
        Command::Status(args) => status::run(&args, &ledger, format),
        Command::Pause(args) => control::pause(&args, &ledger),
        Command::Resume(args) => control::resume(&args, &ledger),
        Command::Cancel(args) => control::cancel(&args, &ledger),
        Command::Unknown(args) => unknown::run(&args, &ledger, format),
        Command::Receipts(args) => receipts::run(&args, &ledger, account, format),
        Command::Export(args) => export::run(&args, &ledger),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::InUse
            | ErrorKind::Busy
            | ErrorKind::Unreachable
            | ErrorKind::Full
            | ErrorKind::Storage => Exit::Transport,
            _ => Exit::Usage,
        };
        let mut failure = Self::new(exit, error.to_string());
        failure.reply = error.findings().map(|found| Box::new(findings(found)));
        failure
    }
}

/// Rows that cannot be sent, as JSON.
fn findings(findings: &nxcloud::campaign::check::Findings) -> Value {
    let first = findings.first.iter();
    let rows = first.map(|finding| json!({ "row": finding.row, "problem": finding.problem }));
    json!({ "bad": findings.total, "bad_rows": rows.collect::<Value>() })
}
