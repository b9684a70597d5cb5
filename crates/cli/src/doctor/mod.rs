//! `nxcloud doctor`: checks account, clock, network and signature.

mod hosts;

use nxcloud::signing::Secret;
use nxcloud::{Credentials, Session, antbuddy, number_check};
use serde_json::{Value, json};

use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::local::private_sandbox;
use crate::output::{self, Format};

/// The result of one check.
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
    let (credentials, session) = check_settings(account, &mut findings);
    check_accounts(&credentials, &mut findings);
    if let Err(error) = &session {
        let detail = format!("{error}. {} No host was contacted.", error.hint());
        findings.push(Finding::new("settings", State::Wrong, detail));
    }
    crate::block_on(async {
        check_signatures(&credentials, &mut findings).await;
        // A refused base URL may contain a password, so it is neither printed nor contacted.
        if let Ok(session) = &session {
            hosts::ask(session, &hosts::of(session)?, &mut findings).await;
        }
        Ok::<_, Failure>(())
    })??;
    let rows: Vec<Value> = findings.iter().map(row).collect();
    match format {
        Format::Json => rows.iter().try_for_each(output::line)?,
        Format::Table => output::print(&output::rows(rows.iter()))?,
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.state == State::Wrong);
    match wrong.count() {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Refused, "1 check failed")),
        count => Err(Failure::new(
            Exit::Refused,
            format!("{count} checks failed"),
        )),
    }
}

/// Finds the accounts and builds the session. A missing account is a finding; the hosts can be asked without one.
fn check_settings(
    args: &AccountArgs,
    findings: &mut Vec<Finding>,
) -> (Credentials, Result<Session, nxcloud::Error>) {
    let builder = account::builder(args).and_then(|builder| {
        // These settings are valid, so only the account can be wrong.
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
            // Without an account, only the flag names a base URL.
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

/// Lists the accounts, and warns about secrets that look incorrectly copied.
fn check_accounts(credentials: &Credentials, findings: &mut Vec<Finding>) {
    let nxcloud = credentials.nxcloud_signer();
    let nxcloud =
        nxcloud.map(|signer| ("access key", signer.access_key().as_str(), signer.secret()));
    let antbuddy = credentials.antbuddy_signer();
    let antbuddy =
        antbuddy.map(|signer| ("AntBuddy app id", signer.app_id().as_str(), signer.secret()));
    for (key_name, key, secret) in nxcloud.into_iter().chain(antbuddy) {
        findings.push(match secret_warning(secret) {
            None => Finding::new(
                "account",
                State::Fine,
                format!("{key_name} {key}, with a secret"),
            ),
            Some(problem) => Finding::new(
                "account",
                State::Warning,
                format!("{key_name} {key}: the secret {problem}; copy it again"),
            ),
        });
    }
}

fn secret_warning(secret: &Secret) -> Option<&'static str> {
    let text = secret.expose();
    let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') || quoted('\'') {
        return Some("is in quotes, which become part of it");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("contains characters other than visible ASCII");
    }
    None
}

/// Signs a query and sends it to a sandbox with the same account.
async fn check_signatures(credentials: &Credentials, findings: &mut Vec<Finding>) {
    for finding in signature_findings(credentials).await {
        findings.push(
            finding.unwrap_or_else(|problem| Finding::new("signature", State::Wrong, problem)),
        );
    }
}

async fn signature_findings(credentials: &Credentials) -> Vec<Result<Finding, String>> {
    if credentials.nxcloud_signer().is_none() && credentials.antbuddy_signer().is_none() {
        return Vec::new();
    }
    let sandbox = match private_sandbox(credentials).start().await {
        Ok(sandbox) => sandbox,
        Err(error) => return vec![Err(format!("cannot start the sandbox: {error}"))],
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
            format!("the sandbox accepts the signatures of this account ({scheme})"),
        )),
        Err(error) => Err(format!(
            "the sandbox refuses the signatures of this account: {error}"
        )),
    };
    // The date does not matter.
    let day = nxcloud::Date::new(2000, 1, 1);
    if let (Some(_), Ok(day)) = (credentials.nxcloud_signer(), day) {
        let client = number_check::Client::new(&session);
        let reply = client
            .query_checks(&number_check::QueryChecks::new(1, day).with_batch_no("doctor"))
            .await;
        findings.push(finding("NXCLOUD, MD5", reply.map(|_| ())));
    }
    if credentials.antbuddy_signer().is_some() {
        let client = antbuddy::Client::new(&session);
        let reply = client.create_auth_token().await;
        findings.push(finding("AntBuddy, SHA-256", reply.map(|_| ())));
    }
    sandbox.shutdown().await;
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incorrectly_copied_secrets_cause_a_warning() {
        for (secret, is_fine) in [
            ("s3cret", true),
            ("s3cret\n", false),
            (" s3cret", false),
            ("\"s3cret\"", false),
            ("\"", true),
            ("sécret", false),
        ] {
            let problem = secret_warning(&Secret::new(secret).unwrap());
            assert_eq!(problem.is_none(), is_fine, "{secret:?}");
        }
    }
}
