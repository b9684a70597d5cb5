//! What runs on this machine: the sandbox, pushes from it, and an end for them.

pub(crate) mod listen;
pub(crate) mod sandbox;
pub(crate) mod trigger;

use std::error::Error;

use nxcloud::Credentials;
use nxcloud_sandbox::{Builder, Sandbox};

use crate::account;
use crate::failure::Failure;

/// Settings of a sandbox that only this process uses. It may hold real accounts; nobody else can know the token that its
/// inspector asks for.
pub(crate) fn own_sandbox(accounts: &Credentials) -> Builder {
    let mut builder = Sandbox::builder().random_token();
    if let Some(signer) = accounts.nxcloud_signer() {
        builder = builder.account(signer.access_key().clone(), signer.secret().clone());
    }
    if let Some(signer) = accounts.antbuddy_signer() {
        builder = builder.antbuddy_account(signer.app_id().clone(), signer.secret().clone());
    }
    builder
}

/// The secret in the environment variable that a flag names.
fn variable(name: &str, flag: impl FnOnce() -> String) -> Result<String, Failure> {
    account::variable(name).ok().flatten().ok_or_else(|| {
        // The name may be the secret itself, and is not repeated.
        let problem = format!("{}: no environment variable of that name is set", flag());
        Failure::usage(problem).hint("Put the secret into a variable and name that variable.")
    })
}

/// An error with its causes, in one line.
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
    async fn the_inspector_of_an_own_sandbox_asks_for_a_token() {
        let mine = Credentials::antbuddy("my-app", "my-secret").unwrap();
        for accounts in [mine, Credentials::default()] {
            let sandbox = own_sandbox(&accounts).start().await.unwrap();
            for path in ["requests", "state", "pushes", "events", ""] {
                let url = format!("{}/__sandbox/{path}", sandbox.url());
                let answer = reqwest::get(url).await.unwrap();
                assert_eq!(answer.status(), 401, "{path}");
            }
            sandbox.shutdown().await;
        }
    }
}
