//! Looks at every row before the first one is sent.

use std::fmt;

use nxcloud_client::Request;
use serde::Serialize;

use crate::compose::Compose;
use crate::ledger::{Campaign, CampaignState, Counts, Ledger, RowFilter};
use crate::{Error, ErrorKind};

/// Rows per read.
const PAGE: u32 = 2000;
/// How many findings are kept.
const KEPT: usize = 1000;
/// How many requests are shown.
const SAMPLES: usize = 3;

/// A row that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Its number in the list.
    pub row: u32,
    /// What is wrong, in one line without numbers and texts.
    pub problem: String,
}

/// The rows that cannot be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// The first 1000.
    pub first: Vec<Finding>,
    /// How many there are.
    pub total: u64,
}

impl Findings {
    fn add(&mut self, row: u32, problem: &str) {
        self.total += 1;
        if self.first.len() < KEPT {
            self.first.push(Finding {
                row,
                problem: problem.to_owned(),
            });
        }
    }
}

/// What is done with rows that cannot be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum BadRows {
    /// The campaign cannot be run as long as there are any.
    #[default]
    Refuse,
    /// They are skipped as invalid, each with its reason.
    Skip,
}

/// What a check found.
///
/// `Debug` shows no requests.
#[derive(Clone)]
#[non_exhaustive]
pub struct Checked {
    /// How many rows are in which state.
    pub counts: Counts,
    /// The rows that cannot be sent. Those that were skipped before are among them.
    pub findings: Findings,
    /// The requests of the first rows, as JSON, with numbers and texts.
    pub samples: Vec<String>,
    /// What is worth knowing before the start, a line each.
    pub notes: Vec<String>,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("counts", &self.counts)
            .field("findings", &self.findings)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// Makes the request of every row that is ready and checks its documented limits. Nothing is sent.
///
/// Rows that cannot be sent are listed, with [`BadRows::Skip`] they are skipped. When none is left, the ledger notes that the campaign was
/// checked, and a run begins at once.
///
/// # Errors
///
/// [`ErrorKind::WrongState`] for a campaign whose list is not imported to its end or whose operation is not that of `R`, and those of the
/// ledger. Bad rows are no error here.
pub async fn check<R: Request + Serialize, L: Ledger>(
    ledger: &L,
    campaign: &Campaign,
    compose: &impl Compose<R>,
    bad_rows: BadRows,
) -> Result<Checked, Error> {
    is_of::<R>(campaign)?;
    if campaign.state == CampaignState::Importing {
        return Err(Error::new(
            ErrorKind::WrongState,
            "the list was not imported to its end; import it again, which goes on where it stopped",
        ));
    }
    let mut findings = Findings::default();
    let mut after = 0;
    loop {
        let rows = ledger
            .rows(campaign.id, RowFilter::Invalid, after, PAGE)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.row.number();
        for row in &rows {
            findings.add(row.row.number(), row.reason.as_deref().unwrap_or_default());
        }
    }
    let (mut samples, mut after, mut open) = (Vec::new(), 0, findings.total);
    if bad_rows == BadRows::Skip {
        open = 0;
    }
    loop {
        let rows = ledger
            .rows(campaign.id, RowFilter::Ready, after, PAGE)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.row.number();
        let mut bad = Vec::new();
        for row in &rows {
            match checked(compose, &row.row) {
                Ok(request) if samples.len() < SAMPLES => {
                    samples.extend(serde_json::to_string(&request))
                }
                Ok(_) => {}
                Err(problem) => bad.push((row.row.number(), problem)),
            }
        }
        for (row, problem) in &bad {
            findings.add(*row, problem);
        }
        match bad_rows {
            BadRows::Refuse => open += bad.len() as u64,
            BadRows::Skip if bad.is_empty() => {}
            BadRows::Skip => ledger.invalidate(campaign.id, bad).await?,
        }
        // Lets other tasks run.
        tokio::task::yield_now().await;
    }
    findings.first.sort_by_key(|finding| finding.row);
    if open == 0 {
        ledger.checked(campaign.id).await?;
    }
    let echoes = R::MESSAGE.is_some_and(|message| message.echo.is_some());
    let mut notes = Vec::new();
    if !echoes {
        notes.push(format!(
            "{} brings back nothing of a request: a row whose outcome is unknown is not settled by its receipt and waits for a decision",
            R::OPERATION.service
        ));
    }
    Ok(Checked {
        counts: ledger.counts(campaign.id).await?,
        findings,
        samples,
        notes,
    })
}

/// The request of a row, if it may be sent.
pub(crate) fn checked<R: Request>(
    compose: &impl Compose<R>,
    row: &crate::Row,
) -> Result<R, String> {
    let request = compose.compose(row)?;
    request
        .check_limits()
        .map_err(|violations| violations.to_string())?;
    Ok(request)
}

/// Whether the campaign's operation is that of `R`.
pub(crate) fn is_of<R: Request>(campaign: &Campaign) -> Result<(), Error> {
    let (service, operation) = (R::OPERATION.service, R::OPERATION.id);
    if campaign.service == service && campaign.operation == operation {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::WrongState,
        format!(
            "the campaign is one of {} {}, not of {service} {operation}; use its operation",
            campaign.service, campaign.operation
        ),
    ))
}
