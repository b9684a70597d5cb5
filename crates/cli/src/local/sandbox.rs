//! `nxcloud sandbox`: the platform on this machine, with a page to look into it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nxcloud::signing::antbuddy::AppId;
use nxcloud::signing::{AccessKey, InvalidField, Secret};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

use super::{in_one_line, variable};
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
            Arg::new("antbuddy-account")
                .long("antbuddy-account")
                .value_name("ID=VARIABLE")
                .action(ArgAction::Append)
                .help("An AntBuddy app id beside the built-in one, and the environment variable that holds its secret"),
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
                .help("Keep the requests in a file of JSON lines, and show those that are in it"),
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
                .help("The environment variable that holds the token which the page asks for; the built-in accounts are then not served"),
        )
        .arg(
            Arg::new("push-port")
                .long("push-port")
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .action(ArgAction::Append)
                .help("With a token, let requests name addresses of this machine with this port for pushes"),
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
        let (key, secret) = self::account("--account", account, AccessKey::new)?;
        builder = builder.account(key, secret);
    }
    let accounts = matches.get_many::<String>("antbuddy-account");
    for account in accounts.into_iter().flatten() {
        let (app_id, secret) = self::account("--antbuddy-account", account, AppId::new)?;
        builder = builder.antbuddy_account(app_id, secret);
    }
    for port in matches.get_many::<u16>("push-port").into_iter().flatten() {
        builder = builder.push_port(*port);
    }
    if let Some(address) = matches.get_one::<IpAddr>("listen").copied() {
        builder = builder.listen_on(address);
    }
    if let Some(name) = matches.get_one::<String>("token-variable") {
        let token = variable(name, || "--token-variable".to_owned())?;
        let token = Secret::new(token).map_err(|error| Failure::usage(error.to_string()))?;
        check_secret("--token-variable", &token)?;
        builder = builder.token(token);
    }
    if let Some(path) = matches.get_one::<PathBuf>("record") {
        builder = builder.record(path);
    }
    if let Some(from) = matches.get_one::<String>("seed") {
        builder = builder.seed(call::read_object(from)?.into());
    }
    if !matches.get_flag("quiet") {
        // Colours would be escaped with the rest.
        let log = tracing_subscriber::fmt().with_ansi(false);
        log.with_writer(|| output::Log).init();
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
                nxcloud_sandbox::Error::TokenNeeded { .. }
                | nxcloud_sandbox::Error::ShortToken { .. } => {
                    failure.hint("Name the variable that holds one with --token-variable.")
                }
                _ => failure,
            }
        })?;
        output::data(&format!("listening on {}", sandbox.url()))?;
        let page = sandbox.inspector_url();
        let named = matches.get_one::<String>("token-variable");
        output::note(&match named {
            Some(name) => {
                format!("page: {page}?token=… (the token in {name}; asked for once a browser)")
            }
            // With an account beside the built-in ones the address holds a token that the sandbox made.
            None => format!("page: {page}"),
        });
        output::note(&if named.is_some() {
            "accounts: those of --account and --antbuddy-account only; Ctrl-C stops".to_owned()
        } else {
            let base_url = if given.is_some_and(|port| port != SANDBOX_PORT) {
                format!(" with --base-url {}", sandbox.url())
            } else {
                String::new()
            };
            format!(
                "built-in accounts: access key {ACCESS_KEY}, secret {ACCESS_SECRET}; app id {APP_ID}, secret {APP_SECRET}; `nxcloud --sandbox` uses them{base_url}; Ctrl-C stops"
            )
        });
        interrupted.await;
        sandbox.shutdown().await;
        Ok(())
    })?
}

/// An access key or app id and its secret, which stands in the environment and not among the arguments.
fn account<K>(
    flag: &str,
    text: &str,
    key: impl Fn(String) -> Result<K, InvalidField>,
) -> Result<(K, Secret), Failure> {
    let Some((id, name)) = text.split_once('=') else {
        let problem =
            format!("{flag} takes KEY=VARIABLE, the name of the variable that holds the secret");
        return Err(Failure::usage(problem));
    };
    let secret = variable(name, || format!("{flag} {id}=…"))?;
    let wrong = |error: InvalidField| Failure::usage(format!("{flag} {id}: {error}"));
    let key = key(id.to_owned()).map_err(wrong)?;
    let secret = Secret::new(secret).map_err(wrong)?;
    check_secret(&format!("{flag} {id}"), &secret)?;
    Ok((key, secret))
}
