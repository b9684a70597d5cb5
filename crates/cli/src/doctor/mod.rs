//! `nxcloud doctor`: what is wrong with account, clock, network or signature, in plain words.

mod hosts;

use nxcloud::signing::Secret;
use nxcloud::{Credentials, Session, antbuddy, number_check};
use serde_json::{Value, json};

use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::local::own_sandbox;
use crate::output::{self, Format};

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

pub(crate) fn run(account: &AccountArgs, format: Format) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let (credentials, session) = examined(account, &mut findings);
    accounts(&credentials, &mut findings);
    if let Err(error) = &session {
        let detail = format!("{error}. {} No host was asked.", error.hint());
        findings.push(Finding::new("settings", State::Wrong, detail));
    }
    crate::block_on(async {
        signatures(&credentials, &mut findings).await;
        // A refused base URL may hold a password, and is neither shown nor asked.
        if let Ok(session) = &session {
            hosts::ask(session, &hosts::of(session)?, &mut findings).await;
        }
        Ok::<_, Failure>(())
    })??;
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

/// The accounts, and the session with what is set and found. No account is a finding; it is not needed to ask the hosts.
fn examined(
    args: &AccountArgs,
    findings: &mut Vec<Finding>,
) -> (Credentials, Result<Session, nxcloud::Error>) {
    let builder = account::builder(args).and_then(|builder| {
        // With settings that are right only the account can be wrong.
        let neutral = builder
            .clone()
            .base_url("https://localhost")
            .proxy("http://localhost");
        Ok((account::build(args, neutral)?, builder))
    });
    match builder {
        Ok((neutral, builder)) => (neutral.credentials().clone(), builder.build()),
        Err(failure) => {
            let hint = failure.hint.unwrap_or_default();
            let detail = format!("{}. {hint}", failure.message);
            findings.push(Finding::new("account", State::Wrong, detail.trim_end()));
            // Without an account only the flag says where to look.
            let mut builder = Session::builder()
                .credentials(Credentials::default())
                .proxy_from_env(true);
            if let Some(url) = &args.base_url {
                builder = builder.base_url(url);
            }
            (Credentials::default(), builder.build())
        }
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
    if credentials.nxcloud_signer().is_none() && credentials.antbuddy_signer().is_none() {
        return Vec::new();
    }
    let sandbox = match own_sandbox(credentials).start().await {
        Ok(sandbox) => sandbox,
        Err(error) => return vec![Err(format!("the sandbox does not start: {error}"))],
    };
    let session = Session::builder()
        .credentials(credentials.clone())
        .base_url(sandbox.url());
    let session = match session.build() {
        Ok(session) => session,
        Err(error) => return vec![Err(error.to_string())],
    };
    let mut findings = Vec::new();
    let finding = |scheme: &str, result: Result<(), nxcloud::Error>| match result {
        Ok(()) => Ok(Finding::new(
            "signature",
            State::Fine,
            format!("the sandbox accepts what this account signs ({scheme})"),
        )),
        Err(error) => Err(format!(
            "the sandbox refuses what this account signs: {error}"
        )),
    };
    // Any day will do.
    let day = nxcloud::Date::new(2000, 1, 1);
    if let (Some(_), Ok(day)) = (credentials.nxcloud_signer(), day) {
        let client = number_check::Client::new(&session);
        let read = client
            .query_checks(&number_check::QueryChecks::new(1, day).with_batch_no("doctor"))
            .await;
        findings.push(finding("NXCLOUD, MD5", read.map(|_| ())));
    }
    if credentials.antbuddy_signer().is_some() {
        let client = antbuddy::Client::new(&session);
        let read = client.create_auth_token().await;
        findings.push(finding("AntBuddy, SHA-256", read.map(|_| ())));
    }
    sandbox.shutdown().await;
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let problem = suspicion(&Secret::new(secret).unwrap());
            assert_eq!(problem.is_none(), fine, "{secret:?}");
        }
    }
}
