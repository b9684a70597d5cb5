//! `nxcloud campaign export`: writes what became of each row.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use nxcloud::campaign::export::{Format, Which, export, export_file};
use nxcloud::campaign::{RowFilter, State};

use super::ledger::Place;
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
    #[arg(long, value_name = "ROWS", default_value = "all", value_parser = which())]
    which: Which,
    /// Format of the rows [default: jsonl for files that end in .jsonl or .ndjson, otherwise csv]
    #[arg(long, value_name = "FORMAT")]
    format: Option<As>,
}

/// Which rows can be named: those of a state, and those that no state names.
fn choices() -> impl Iterator<Item = (&'static str, Which)> {
    let filters = [
        ("all", RowFilter::All.into()),
        ("invalid", RowFilter::Invalid.into()),
    ];
    let states = State::ALL
        .iter()
        .map(|&state| (state.as_str(), state.into()));
    filters.into_iter().chain(states)
}

fn which() -> impl TypedValueParser<Value = Which> {
    let names = choices().map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|chosen| {
        let mut choices = choices();
        let found = choices.find(|(name, _)| *name == chosen);
        found.map(|(_, which)| which).ok_or("no such rows")
    })
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum As {
    Csv,
    Jsonl,
}

pub(super) fn run(args: &ExportArgs, ledger: &Place) -> Result<(), Failure> {
    let extension = args.file.as_deref().and_then(Path::extension);
    let format = match args.format {
        Some(As::Jsonl) => Format::JsonLines,
        Some(As::Csv) => Format::Csv,
        None if extension.is_some_and(|end| end == "jsonl" || end == "ndjson") => Format::JsonLines,
        None => Format::Csv,
    };
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
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
