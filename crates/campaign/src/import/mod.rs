//! From a file with a list to the rows of a campaign: CSV or JSON lines, read in bounded memory.

mod csv;
mod encoding;
mod jsonl;
mod list;
mod parser;

use std::sync::Arc;
use std::thread::JoinHandle;

use nxcloud_client::Request;
use tokio::sync::mpsc;

use crate::ledger::{Campaign, CampaignId, CampaignState, Ledger, Limits, NewCampaign};
use crate::template::{Parts, Template, name, names};
use crate::{Error, ErrorKind, Rate};
use list::changed;
pub use list::{Format, List, ListOptions};
use parser::Parser;

/// The longest row, in bytes of UTF-8.
const LONGEST_ROW: usize = 1 << 20;

impl NewCampaign {
    /// A campaign that sends what a template makes of the rows, for the operation of `R`.
    pub fn from_template<R: Request>(name: impl Into<String>, template: &Template<R>) -> Self {
        Self::of::<R>(
            name.into(),
            Some(template.parts()),
            template.number_column(),
        )
    }

    /// A campaign whose requests a closure makes; the column holds the recipients' numbers.
    pub fn from_requests<R: Request>(name: impl Into<String>, number_column: &str) -> Self {
        Self::of::<R>(name.into(), None, number_column)
    }

    fn of<R: Request>(name: String, template: Option<Arc<Parts>>, number_column: &str) -> Self {
        Self {
            name,
            service: R::OPERATION.service,
            operation: R::OPERATION.id,
            echoes: R::MESSAGE.is_some_and(|message| message.echo.is_some()),
            template,
            account: String::new(),
            list: Vec::new(),
            number_column: number_column.to_owned(),
            again: false,
            limits: None,
            rate: None,
        }
    }

    /// The account that sends: campaigns of one account and service share one rate.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = name.into();
        self
    }

    /// Its deadline and caps; the campaign has them before its import ends, so it never runs without.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The rate of its account and service; the campaign has it before its import ends.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Makes it although the ledger has a campaign with the same list, operation and template.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }
}

/// Makes a campaign and imports its list; or goes on with an import of the same name and list that was interrupted. `progress` gets the
/// number of rows that the ledger has.
///
/// Every row of the list becomes one of the campaign. Those that cannot be read are skipped as invalid, with the reason; a run is refused as
/// long as they are not skipped on purpose. Later rows with the number of an earlier one are skipped as duplicates.
///
/// # Errors
///
/// [`ErrorKind::Exists`], [`ErrorKind::ListChanged`]; [`ErrorKind::Template`] and [`ErrorKind::List`] when list and template do not fit, or a
/// row is too long (then the campaign is discarded, so that its name is free for the corrected list); and those of the ledger.
pub async fn import<L: Ledger>(
    ledger: &L,
    mut new: NewCampaign,
    list: &List,
    mut progress: impl FnMut(u64),
) -> Result<Campaign, Error> {
    let place = list
        .columns
        .iter()
        .position(|name| *name == new.number_column);
    let Some(place) = place else {
        return Err(wrong(format!(
            "the list has no column {} for the numbers; it has: {}",
            name(&new.number_column),
            names(&list.columns)
        )));
    };
    if let Some(template) = &new.template {
        template.check(&list.columns)?;
    }
    new.list = list.encoded.hash.clone();
    let name = new.name.clone();
    let (limits, rate) = (new.limits.take(), new.rate.take());
    let begun = match ledger.campaign(&name).await {
        Err(error) if error.kind() == ErrorKind::NoCampaign => None,
        found => Some(found?),
    };
    let (id, skip) = match begun {
        Some(begun) if begun.state == CampaignState::Importing => {
            let same = begun.operation == new.operation
                && begun.template.as_deref() == new.template.as_deref().map(Parts::json)
                && begun.number_column == new.number_column;
            if !same {
                return Err(exists());
            }
            if begun.list != new.list {
                return Err(changed());
            }
            (begun.id, begun.imported)
        }
        Some(_) => return Err(exists()),
        None => (ledger.create(new).await?, 0),
    };
    if let Some(limits) = limits {
        ledger.set_limits(id, limits).await?;
    }
    if rate.is_some() {
        ledger.set_rate(id, rate).await?;
    }
    let filled = fill(ledger, id, list, place, skip, &mut progress).await;
    if let Err(error) = filled {
        // The list has to be corrected, and then it is another one. Nothing was sent.
        if matches!(error.kind(), ErrorKind::List | ErrorKind::ListChanged) {
            ledger.discard(id).await?;
        }
        return Err(error);
    }
    ledger.finish_import(id).await?;
    ledger.campaign(&name).await
}

/// Reads the list into the campaign, after the rows that are already there.
async fn fill<L: Ledger>(
    ledger: &L,
    id: CampaignId,
    list: &List,
    place: usize,
    skip: u32,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let (sender, mut batches) = mpsc::channel(2);
    let parser = Parser::new(list.clone(), place, skip, sender);
    let parser = std::thread::Builder::new()
        .name("nxcloud-list".to_owned())
        .spawn(move || parser.run());
    let parser = parser.map_err(|error| Error::io("no thread could be started", error))?;
    while let Some(mut batch) = batches.recv().await {
        let rows = u64::from(batch.after) + batch.rows.len() as u64;
        batch.columns = (batch.after == 0).then(|| list.columns.clone());
        ledger.import(id, batch).await?;
        progress(rows);
    }
    joined(parser)?;
    list.unchanged()
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::List, text)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::io("the list cannot be read", error)
}

fn exists() -> Error {
    Error::new(
        ErrorKind::Exists,
        "the ledger has a campaign of this name; choose another name",
    )
}

fn joined(parser: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    parser
        .join()
        .unwrap_or_else(|_| Err(wrong("the list could not be read to its end")))
}
