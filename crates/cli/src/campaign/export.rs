//! `nxcloud campaign export`: writes what became of each row.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use nxcloud::campaign::export::{Format, Which, export, export_file};
use nxcloud::campaign::{RowFilter, State};

use super::ledger;
use crate::failure::Failure;
use crate::output;

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Name of the campaign
    name: String,
    /// New file, which only its owner may read [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Rows to write
    #[arg(long, value_name = "ROWS", default_value = "all")]
    which: Rows,
    /// Format of the rows [default: jsonl for files that end in .jsonl or .ndjson, otherwise csv]
    #[arg(long, value_name = "FORMAT")]
    format: Option<As>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Rows {
    All,
    Ready,
    Sending,
    Accepted,
    Rejected,
    Unknown,
    Skipped,
    Invalid,
}

impl From<Rows> for Which {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::All => RowFilter::All.into(),
            Rows::Invalid => RowFilter::Invalid.into(),
            Rows::Ready => State::Ready.into(),
            Rows::Sending => State::Sending.into(),
            Rows::Accepted => State::Accepted.into(),
            Rows::Rejected => State::Rejected.into(),
            Rows::Unknown => State::Unknown.into(),
            Rows::Skipped => State::Skipped.into(),
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum As {
    Csv,
    Jsonl,
}

pub(super) fn run(args: &ExportArgs, ledger: &str) -> Result<(), Failure> {
    let extension = args.file.as_deref().and_then(Path::extension);
    let format = match args.format {
        Some(As::Jsonl) => Format::JsonLines,
        Some(As::Csv) => Format::Csv,
        None if extension.is_some_and(|end| end == "jsonl" || end == "ndjson") => Format::JsonLines,
        None => Format::Csv,
    };
    crate::block_on(async {
        let (store, campaign) = ledger::campaign(ledger, &args.name).await?;
        if let Some(path) = &args.file {
            let rows = export_file(&store, &campaign, args.which, format, path).await?;
            output::eprint(&format!("{rows} rows written"));
            return Ok(());
        }
        let mut stdout = output::Stdout::default();
        match export(&store, &campaign, args.which, format, stdout.buffered()).await {
            Ok(_) => Ok(()),
            Err(error) => match stdout.failure() {
                Some(failed) if failed.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                Some(failed) => Err(Failure::output(failed)),
                None => Err(error.into()),
            },
        }
    })?
}
