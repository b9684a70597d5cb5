//! `nxcloud sandbox`: the platform on this machine, with a page to look into it.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nxcloud::signing::{AccessKey, Secret};
use nxcloud_sandbox::{ACCESS_KEY, APP_ID, Sandbox};

use super::{in_one_line, interrupted};
use crate::account::SANDBOX_PORT;
use crate::failure::Failure;
use crate::output;

pub(crate) fn subcommand() -> Command {
    Command::new("sandbox")
        .about("Play the platform on this machine, with a page that shows every request")
        .arg(
            Arg::new("port")
                .long("port")
                .short('p')
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .help("Port to listen on; 4010 unless given, 0 for any free one"),
        )
        .arg(
            Arg::new("account")
                .long("account")
                .value_name("KEY=VARIABLE")
                .action(ArgAction::Append)
                .help("An access key beside the built-in one, and the environment variable that holds its secret"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let given = matches.get_one::<u16>("port").copied();
    let port = given.unwrap_or(SANDBOX_PORT);
    let mut builder = Sandbox::builder().port(port);
    for account in matches.get_many::<String>("account").into_iter().flatten() {
        let (key, secret) = self::account(account)?;
        builder = builder.account(key, secret);
    }
    crate::block_on(async {
        // Before the line is printed, so that whoever reads it can stop the sandbox at once.
        let interrupted = interrupted()?;
        let sandbox = builder.start().await.map_err(|error| {
            let failure = Failure::usage(in_one_line(&error));
            match error {
                nxcloud_sandbox::Error::Listen { .. } => {
                    failure.hint("Choose another --port, or 0 for any free one.")
                }
                _ => failure,
            }
        })?;
        output::data(&format!("listening on {}", sandbox.url()))?;
        output::note(&format!(
            "built-in accounts: access key {ACCESS_KEY}, app id {APP_ID}; `nxcloud --sandbox` uses them{}; Ctrl-C stops",
            if given.is_some_and(|port| port != SANDBOX_PORT) {
                format!(" with --base-url {}", sandbox.url())
            } else {
                String::new()
            }
        ));
        interrupted.await;
        sandbox.shutdown().await;
        Ok(())
    })?
}

/// An access key and its secret, which stands in the environment and not among the arguments.
fn account(text: &str) -> Result<(AccessKey, Secret), Failure> {
    let Some((key, variable)) = text.split_once('=') else {
        let problem =
            "--account takes KEY=VARIABLE, the name of the variable that holds the secret";
        return Err(Failure::usage(problem));
    };
    let secret = std::env::var(variable).map_err(|_| {
        // What was given may be the secret itself, and is not repeated.
        let problem = format!("--account {key}=…: no environment variable of that name is set");
        Failure::usage(problem).hint("Put the secret into a variable and name that variable.")
    })?;
    let wrong =
        |error: nxcloud::signing::InvalidField| Failure::usage(format!("--account {key}: {error}"));
    Ok((
        AccessKey::new(key).map_err(wrong)?,
        Secret::new(secret).map_err(wrong)?,
    ))
}
