//! `nxcloud doctor`: what is wrong with account, clock, network or signature, in plain words.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use clap::{ArgMatches, Command};
use nxcloud::signing::Secret;
use nxcloud::{Credentials, Session, antbuddy, number_check};
use nxcloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::account;
use crate::failure::{Exit, Failure};
use crate::generated::SERVICES;
use crate::output::{self, Format};

/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Farther than this from the platform's clock a request is refused.
const TOLERANCE: i64 = 60;
/// Half of it is worth a word.
const WORTH_A_WORD: i64 = 30;

pub(crate) fn subcommand() -> Command {
    Command::new("doctor")
        .about("Check account, clock, reachability and signature, and say what is wrong")
        .long_about(
            "Check account, clock, reachability and signature, and say what is wrong.\n\nThe account is looked for where every command \
             looks. Each host is asked once, without a signature and without a message, for its clock. The signature is checked against \
             a sandbox within this process that has the same account: nothing is sent to the platform that could cost anything, and so \
             nothing here can tell whether the platform knows the account.",
        )
}

/// One thing that was looked at.
struct Finding {
    check: String,
    state: State,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fine,
    Warning,
    Wrong,
}

impl Finding {
    fn new(check: impl Into<String>, state: State, detail: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            state,
            detail: detail.into(),
        }
    }
}

pub(crate) fn run(matches: &ArgMatches, format: Format) -> Result<(), Failure> {
    let mut findings = Vec::new();
    // Without an account only the flag says where to look.
    let mut base_url = matches.get_one::<String>("base-url").cloned();
    match account::builder(matches) {
        Err(failure) => {
            let hint = failure.hint.unwrap_or_default();
            let detail = format!("{}. {hint}", failure.message);
            findings.push(Finding::new("account", State::Wrong, detail.trim_end()));
        }
        Ok(builder) => {
            let credentials = builder.credentials().clone();
            base_url = builder.base_url_of_all().map(str::to_owned);
            accounts(&credentials, &mut findings);
            if let Err(error) = builder.build() {
                let detail = format!("{error}. {}", error.hint());
                findings.push(Finding::new("settings", State::Wrong, detail));
            }
            crate::block_on(signatures(&credentials, &mut findings))?;
        }
    }
    crate::block_on(hosts(base_url, &mut findings))?;
    let rows: Vec<Value> = findings.iter().map(row).collect();
    match format {
        Format::Json => rows.iter().try_for_each(output::line)?,
        Format::Table => output::data(&output::rows(rows.iter()))?,
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.state == State::Wrong);
    match wrong.count() {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Refused, "one thing is wrong")),
        count => Err(Failure::new(
            Exit::Refused,
            format!("{count} things are wrong"),
        )),
    }
}

fn row(finding: &Finding) -> Value {
    let state = match finding.state {
        State::Fine => "ok",
        State::Warning => "warning",
        State::Wrong => "WRONG",
    };
    json!({ "check": finding.check, "state": state, "detail": finding.detail })
}

/// Which accounts there are, and what a secret looks like that was not copied well.
fn accounts(credentials: &Credentials, findings: &mut Vec<Finding>) {
    let nxcloud = credentials.nxcloud_signer();
    let nxcloud =
        nxcloud.map(|signer| ("access key", signer.access_key().as_str(), signer.secret()));
    let antbuddy = credentials.antbuddy_signer();
    let antbuddy =
        antbuddy.map(|signer| ("AntBuddy app id", signer.app_id().as_str(), signer.secret()));
    for (what, key, secret) in nxcloud.into_iter().chain(antbuddy) {
        findings.push(match suspicion(secret) {
            None => Finding::new(
                "account",
                State::Fine,
                format!("{what} {key}, with a secret"),
            ),
            Some(problem) => Finding::new(
                "account",
                State::Warning,
                format!("{what} {key}: its secret {problem}; copy it again"),
            ),
        });
    }
}

fn suspicion(secret: &Secret) -> Option<&'static str> {
    let text = secret.expose();
    if text.trim() != text {
        return Some("begins or ends with a space or a line end");
    }
    let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') || quoted('\'') {
        return Some("stands in quotes, which are signed with it");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("holds characters beyond visible ASCII");
    }
    None
}

/// Signs a read for a sandbox with the same account.
async fn signatures(credentials: &Credentials, findings: &mut Vec<Finding>) {
    for finding in signed(credentials).await {
        findings.push(
            finding.unwrap_or_else(|problem| Finding::new("signature", State::Wrong, problem)),
        );
    }
}

async fn signed(credentials: &Credentials) -> Vec<Result<Finding, String>> {
    let mut builder = Sandbox::builder();
    if let Some(signer) = credentials.nxcloud_signer() {
        builder = builder.account(signer.access_key().clone(), signer.secret().clone());
    }
    if let Some(signer) = credentials.antbuddy_signer() {
        builder = builder.antbuddy_account(signer.app_id().clone(), signer.secret().clone());
    }
    let sandbox = match builder.start().await {
        Ok(sandbox) => sandbox,
        Err(error) => return vec![Err(format!("the sandbox does not start: {error}"))],
    };
    let session = Session::builder(credentials.clone()).base_url(sandbox.url());
    let session = match session.build() {
        Ok(session) => session,
        Err(error) => return vec![Err(error.to_string())],
    };
    let mut found = Vec::new();
    let told = |scheme: &str, result: Result<(), nxcloud::Error>| match result {
        Ok(()) => Ok(Finding::new(
            "signature",
            State::Fine,
            format!("the sandbox accepts what this account signs ({scheme})"),
        )),
        Err(error) => Err(format!(
            "the sandbox refuses what this account signs: {error}"
        )),
    };
    if credentials.nxcloud_signer().is_some() {
        let client = number_check::Client::new(&session);
        let read = client
            .query_checks(
                &number_check::QueryChecks::new(1, 1, "2000-01-01").with_batch_no("doctor"),
            )
            .await;
        found.push(told("NXCLOUD, MD5", read.map(|_| ())));
    }
    if credentials.antbuddy_signer().is_some() {
        let client = antbuddy::Client::new(&session);
        let read = client.create_auth_token().await;
        found.push(told("AntBuddy, SHA-256", read.map(|_| ())));
    }
    sandbox.shutdown().await;
    found
}

/// Asks each host for its clock.
async fn hosts(base_url: Option<String>, findings: &mut Vec<Finding>) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            findings.push(Finding::new("network", State::Wrong, error.to_string()));
            return;
        }
    };
    let urls: BTreeSet<String> = match base_url {
        Some(url) => BTreeSet::from([url]),
        None => SERVICES
            .iter()
            .flat_map(|service| service.commands)
            .map(|command| command.operation.base_url.to_owned())
            .collect(),
    };
    for url in urls {
        let (reached, clock) = host(&client, &url).await;
        findings.push(Finding {
            check: format!("reach {url}"),
            ..reached
        });
        findings.extend(clock.map(|clock| Finding {
            check: format!("clock {url}"),
            ..clock
        }));
    }
}

async fn host(client: &reqwest::Client, url: &str) -> (Finding, Option<Finding>) {
    let before = SystemTime::now();
    let answer = match client.get(url).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let detail = unreachable(&error);
            return (Finding::new("", State::Wrong, detail), None);
        }
    };
    let round = before.elapsed().unwrap_or_default();
    let status = answer.status().as_u16();
    let detail = format!("answers (HTTP {status}) in {} ms", round.as_millis());
    let reached = Finding::new("", State::Fine, detail);
    let date = answer.headers().get(reqwest::header::DATE);
    let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(date) = date else {
        let detail = "the host does not say what time it is";
        return (reached, Some(Finding::new("", State::Warning, detail)));
    };
    (reached, Some(clock(date, before + round / 2)))
}

/// This machine's clock beside the host's, which counts whole seconds.
fn clock(theirs: SystemTime, ours: SystemTime) -> Finding {
    let ahead = match ours.duration_since(theirs) {
        Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
        Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(i64::MAX),
    };
    let direction = if ahead < 0 { "behind" } else { "ahead" };
    let seconds = ahead.abs();
    let offset = format!("this machine's clock is {seconds} s {direction}");
    if seconds > TOLERANCE {
        let detail = format!(
            "{offset}: requests more than {TOLERANCE} s off are refused (code 1004); set the clock"
        );
        return Finding::new("", State::Wrong, detail);
    }
    if seconds > WORTH_A_WORD {
        let detail = format!("{offset}; from {TOLERANCE} s on requests are refused");
        return Finding::new("", State::Warning, detail);
    }
    Finding::new(
        "",
        State::Fine,
        format!("within {WORTH_A_WORD} s of the host's"),
    )
}

/// Why a host cannot be reached, by the last of its causes.
fn unreachable(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!(
            "no answer within {} s; a firewall may drop the packets",
            PATIENCE.as_secs()
        );
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("cannot be reached: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_the_documented_tolerance() {
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let state = |offset: i64| {
            let seconds = Duration::from_secs(offset.unsigned_abs());
            let ours = if offset < 0 {
                theirs - seconds
            } else {
                theirs + seconds
            };
            clock(theirs, ours).state
        };
        assert!(state(0) == State::Fine && state(-30) == State::Fine && state(30) == State::Fine);
        assert!(state(31) == State::Warning && state(-60) == State::Warning);
        assert!(state(61) == State::Wrong && state(-3600) == State::Wrong);
    }

    #[test]
    fn secrets_that_were_copied_badly_are_noticed() {
        for (secret, fine) in [
            ("s3cret", true),
            ("s3cret\n", false),
            (" s3cret", false),
            ("\"s3cret\"", false),
            ("\"", true),
            ("sécret", false),
        ] {
            let found = suspicion(&Secret::new(secret).unwrap());
            assert_eq!(found.is_none(), fine, "{secret:?}");
        }
    }
}
