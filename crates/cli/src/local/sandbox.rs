//! `nxcloud sandbox`: the platform on this machine, with a page to look into it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nxcloud::signing::{AccessKey, Secret};
use nxcloud_sandbox::{ACCESS_KEY, APP_ID, Sandbox};

use super::{in_one_line, random_token, variable};
use crate::account::{SANDBOX_PORT, check_secret};
use crate::call;
use crate::failure::Failure;
use crate::interrupt::interrupted;
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
                .help("An access key beside the built-in one, and the environment variable that holds its secret; the page then asks for a token, a random one without --token-variable"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("FILE")
                .help("Begin with this state: what GET /__sandbox/state of another sandbox showed"),
        )
        .arg(
            Arg::new("record")
                .long("record")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Keep the requests in a SQLite file, and show those that are in it"),
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .value_parser(value_parser!(IpAddr))
                .help("Serve this address instead of loopback; another machine's needs a token"),
        )
        .arg(
            Arg::new("token-variable")
                .long("token-variable")
                .value_name("VARIABLE")
                .help("The environment variable that holds the token which the page asks for"),
        )
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .short('q')
                .action(ArgAction::SetTrue)
                .help("Log no requests to stderr"),
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
    if let Some(address) = matches.get_one::<IpAddr>("listen").copied() {
        builder = builder.listen_on(address);
    }
    let mut own_token = None;
    if let Some(name) = matches.get_one::<String>("token-variable") {
        let token = variable(name, || "--token-variable".to_owned())?;
        let token = Secret::new(token).map_err(|error| Failure::usage(error.to_string()))?;
        check_secret("--token-variable", &token)?;
        builder = builder.token(token);
    } else if matches.contains_id("account") {
        // Whoever reads what a real account sends, or has pushes signed with its secret, acts for it.
        let token = random_token()?;
        own_token = Some(token.expose().to_owned());
        builder = builder.token(token);
    }
    if let Some(path) = matches.get_one::<PathBuf>("record") {
        builder = builder.record(path);
    }
    if let Some(from) = matches.get_one::<String>("seed") {
        builder = builder.seed(call::read_object(from)?.into());
    }
    if !matches.get_flag("quiet") {
        tracing_subscriber::fmt().with_writer(|| output::Log).init();
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
                nxcloud_sandbox::Error::TokenNeeded { .. } => {
                    failure.hint("Name the variable that holds one with --token-variable.")
                }
                _ => failure,
            }
        })?;
        output::data(&format!("listening on {}", sandbox.url()))?;
        let page = sandbox.inspector_url();
        let named = matches.get_one::<String>("token-variable");
        output::note(&match (named, &own_token) {
            (Some(name), _) => {
                format!("page: {page}?token=… (the token in {name}; asked for once a browser)")
            }
            (None, Some(token)) => format!("page: {page}?token={token}"),
            (None, None) => format!("page: {page}"),
        });
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
    let Some((key, name)) = text.split_once('=') else {
        let problem =
            "--account takes KEY=VARIABLE, the name of the variable that holds the secret";
        return Err(Failure::usage(problem));
    };
    let secret = variable(name, || format!("--account {key}=…"))?;
    let wrong =
        |error: nxcloud::signing::InvalidField| Failure::usage(format!("--account {key}: {error}"));
    let secret = Secret::new(secret).map_err(wrong)?;
    check_secret(&format!("--account {key}"), &secret)?;
    Ok((AccessKey::new(key).map_err(wrong)?, secret))
}
