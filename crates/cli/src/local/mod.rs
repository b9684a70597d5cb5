//! Commands that work on this machine: `sandbox`, `trigger` and `listen`.

pub(crate) mod listen;
pub(crate) mod registry;
pub(crate) mod sandbox;
pub(crate) mod trigger;

use std::error::Error;

use nxcloud::Credentials;
use nxcloud_sandbox::{Builder, Sandbox};

use crate::account;
use crate::failure::Failure;

/// Settings of a sandbox that only this process uses. It can contain real accounts, so its inspector requires a random token.
pub(crate) fn private_sandbox(accounts: &Credentials) -> Builder {
    let mut builder = Sandbox::builder().random_token();
    if let Some(signer) = accounts.nxcloud_signer() {
        builder = builder.account(signer.access_key().clone(), signer.secret().clone());
    }
    if let Some(signer) = accounts.antbuddy_signer() {
        builder = builder.antbuddy_account(signer.app_id().clone(), signer.secret().clone());
    }
    builder
}

/// Reads the secret in the environment variable that a flag names.
fn variable(name: &str, flag: impl FnOnce() -> String) -> Result<String, Failure> {
    account::variable(name).ok().flatten().ok_or_else(|| {
        // The error does not repeat the name, which may be the secret itself.
        let problem = format!("{}: no environment variable with this name is set", flag());
        Failure::usage(problem)
            .hint("Put the secret into an environment variable and pass its name.")
    })
}

/// Writes an error and its causes in one line.
pub(crate) fn in_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line.push_str(&format!(": {source}"));
        cause = source.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_inspector_of_a_private_sandbox_requires_a_token() {
        let account = Credentials::antbuddy("my-app", "my-secret").unwrap();
        for accounts in [account, Credentials::default()] {
            let sandbox = private_sandbox(&accounts).start().await.unwrap();
            for path in ["requests", "state", "pushes", "events", ""] {
                let url = format!("{}/__sandbox/{path}", sandbox.url());
                let answer = reqwest::get(url).await.unwrap();
                assert_eq!(answer.status(), 401, "{path}");
            }
            sandbox.shutdown().await;
        }
    }
}
