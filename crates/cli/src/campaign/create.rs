//! `nxcloud campaign create`: makes a campaign from a list and a template.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use nxcloud::campaign::import::{Format as ListFormat, List, ListOptions};
use nxcloud::campaign::{ErrorKind, Ledger as _, Limits, Rate, import};
use nxcloud::phone;
use serde_json::Value;

use super::ledger::{Place, Store};
use super::operation::{self, Operation};
use super::status;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::text;

/// How many suppressed numbers are stored at once.
const BATCH: usize = 10_000;

#[derive(Args)]
pub(crate) struct CreateArgs {
    /// List of recipients: CSV with the names of the columns in its first line, or JSON lines
    list: PathBuf,
    /// Name of the campaign
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Request of the operation as JSON, with {column} in its texts: a text, or a file (FILE or @FILE)
    #[arg(long, value_name = "JSON|FILE")]
    template: String,
    /// Operation that sends the messages, such as `send_sms` or `viber.send_message`
    #[arg(long, value_name = "OPERATION", default_value = "send_sms")]
    operation: String,
    /// Column of the numbers; the template may then leave out the recipient
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// Country code of numbers that are written without one, such as 86
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Encoding of a list that is neither UTF-8 nor UTF-16, such as gb18030
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Character between the values of a CSV, or `tab` [default: found in the first line]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Format of the list [default: jsonl for names that end in .jsonl or .ndjson, otherwise csv]
    #[arg(long, value_name = "FORMAT")]
    list_format: Option<Lists>,
    /// Requests per second, of all campaigns of the same service and --account in this ledger together
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Name of your choice for the account that will send it: campaigns with the same name and service share one rate. It does not
    /// choose the account of `run` [default: one name for all]
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    /// File of numbers, one per line, that no campaign of this ledger sends to
    #[arg(long, value_name = "FILE")]
    suppress: Option<String>,
    /// Make another campaign although the ledger has one with the same list, operation and template
    #[arg(long)]
    again: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Lists {
    Csv,
    Jsonl,
}

// The limits of a campaign.
#[derive(Args)]
pub(super) struct LimitArgs {
    /// Do not send after this time, such as 2026-11-27T18:00:00+08:00; rows that are left expire
    #[arg(long, value_name = "TIME")]
    deadline: Option<jiff::Timestamp>,
    /// Send at most this many rows
    #[arg(long, value_name = "ROWS")]
    max_rows: Option<u64>,
    /// Spend at most this amount; needs --row-cost
    #[arg(long, value_name = "AMOUNT", requires = "row_cost")]
    max_cost: Option<String>,
    /// The most that one row can cost
    #[arg(long, value_name = "AMOUNT", requires = "max_cost")]
    row_cost: Option<String>,
}

impl LimitArgs {
    /// The limits with those of the flags in place; `None` without flags.
    pub(super) fn over(&self, limits: &Limits) -> Result<Option<Limits>, Failure> {
        let mut changed = limits.clone();
        if let Some(deadline) = self.deadline {
            if deadline <= jiff::Timestamp::now() {
                return Err(Failure::usage(
                    "--deadline is in the past; name a later time",
                ));
            }
            let deadline = SystemTime::try_from(deadline)
                .map_err(|_| Failure::usage("--deadline is too far away; name an earlier time"))?;
            changed = changed.deadline(deadline);
        }
        if let Some(rows) = self.max_rows {
            changed = changed.rows(rows);
        }
        if let (Some(most), Some(row)) = (&self.max_cost, &self.row_cost) {
            changed = changed.cost(most, row)?;
        }
        Ok((changed != *limits).then_some(changed))
    }
}

fn delimiter(text: &str) -> Result<u8, &'static str> {
    match text.as_bytes() {
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("expected one ASCII character, or `tab`"),
    }
}

pub(super) fn run(args: &CreateArgs, ledger: &Place, format: Format) -> Result<(), Failure> {
    if args.name.trim().is_empty() {
        return Err(Failure::usage("--name is empty; name the campaign"));
    }
    let operation = operation::named(&args.operation)?;
    let template = template(&args.template)?;
    let template = with_recipient(&template, args.column.as_deref(), operation)?;
    let mut new = operation.new_campaign(&args.name, &template)?;
    if let Some(limits) = args.limits.over(&Limits::none())? {
        new = new.limits(limits);
    }
    if let Some(rate) = args.rate {
        new = new.rate(Rate::per_second(rate));
    }
    if let Some(account) = &args.account {
        new = new.account(account);
    }
    if args.again {
        new = new.again();
    }
    let suppressed = args
        .suppress
        .as_deref()
        .map(|path| numbers(path, args.country.as_deref()))
        .transpose()?;
    let list = List::open(&args.list, &options(args))?;
    crate::block_on(async {
        let store = ledger.create().await?;
        for numbers in suppressed.iter().flat_map(|all| all.chunks(BATCH)) {
            store.suppress(numbers.to_vec(), "--suppress").await?;
        }
        let imported = import(&store, new, &list, |rows| {
            output::progress(usize::try_from(rows).unwrap_or(usize::MAX));
        });
        let imported = imported.await;
        output::clear_progress();
        match imported {
            Ok(campaign) => {
                let counts = store.counts(campaign.id).await?;
                output::reply(format, &status::one(&campaign, &counts))
            }
            Err(error) => Err(explained(error, &store, &args.name).await),
        }
    })?
}

/// The error of an import. If another campaign is the same, the flag that allows it is named.
async fn explained(error: nxcloud::campaign::Error, store: &Store, name: &str) -> Failure {
    let exists = error.kind() == ErrorKind::Exists;
    let failure = Failure::from(error);
    let is_free =
        matches!(store.campaign(name).await, Err(error) if error.kind() == ErrorKind::NoCampaign);
    if exists && is_free {
        return failure.hint("To send to the same list again, add --again.");
    }
    failure
}

fn options(args: &CreateArgs) -> ListOptions {
    let mut options = ListOptions::new();
    if let Some(format) = args.list_format {
        options = options.format(match format {
            Lists::Csv => ListFormat::Csv,
            Lists::Jsonl => ListFormat::JsonLines,
        });
    }
    if let Some(encoding) = &args.encoding {
        options = options.encoding(encoding);
    }
    if let Some(delimiter) = args.delimiter {
        options = options.delimiter(delimiter);
    }
    if let Some(country) = &args.country {
        options = options.default_country(country);
    }
    options
}

/// The text of the template: the argument itself, or the file that it names.
fn template(argument: &str) -> Result<String, Failure> {
    if argument.trim_start().starts_with('{') {
        return Ok(argument.to_owned());
    }
    let path = argument.strip_prefix('@').unwrap_or(argument);
    let bytes = text::read(path)?;
    let source = text::source_name(path);
    let text =
        text::utf8(&bytes).map_err(|problem| Failure::usage(format!("{source} {problem}")))?;
    Ok(text.to_owned())
}

/// The template with the column as its recipient, if a column is named.
fn with_recipient(
    template: &str,
    column: Option<&str>,
    operation: &dyn Operation,
) -> Result<String, Failure> {
    let (Some(column), Some(path)) = (column, operation.recipient()) else {
        return Ok(template.to_owned());
    };
    // A template that is not a JSON object is refused later, when it is parsed.
    let Ok(Value::Object(mut request)) = serde_json::from_str(template) else {
        return Ok(template.to_owned());
    };
    let recipient = Value::from(format!("{{{column}}}"));
    match request.get(path) {
        Some(present) if *present != recipient => Err(Failure::usage(format!(
            "--column names another column than `{path}` in the template; leave one of them out"
        ))),
        Some(_) => Ok(template.to_owned()),
        None => {
            request.insert(path.to_owned(), recipient);
            Ok(Value::Object(request).to_string())
        }
    }
}

/// The numbers of a file, one per line.
fn numbers(path: &str, country: Option<&str>) -> Result<Vec<String>, Failure> {
    let bytes = text::read(path)?;
    let source = text::source_name(path);
    let text =
        text::utf8(&bytes).map_err(|problem| Failure::usage(format!("{source} {problem}")))?;
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, place)| (line.trim(), place));
    lines
        .filter(|(line, _)| !line.is_empty())
        .map(|(line, place)| {
            phone::normalize(line, country).map_err(|_| {
                Failure::usage(format!(
                    "{source}: line {place} is not a phone number; write one number per line, with its country code"
                ))
            })
        })
        .collect()
}
