//! `nxcloud sandbox`: runs a sandbox of the platform on this machine, with a page to inspect it.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use nxcloud::signing::antbuddy::AppId;
use nxcloud::signing::{AccessKey, InvalidField, Secret};
use nxcloud_sandbox::{
    ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, DEFAULT_ACCEPTED_KEYS, Sandbox,
};

use super::{in_one_line, variable};
use crate::account::{SANDBOX_PORT, check_secret};
use crate::call;
use crate::failure::Failure;
use crate::interrupt::interrupted;
use crate::output;

#[derive(Args)]
pub(crate) struct SandboxArgs {
    /// Port to listen on (0: any free port)
    #[arg(long, short, value_name = "PORT", default_value_t = SANDBOX_PORT)]
    port: u16,
    /// Also serve this access key; VARIABLE is an environment variable with its secret. The inspector then requires a token, by default
    /// a random one
    #[arg(long, value_name = "KEY=VARIABLE")]
    account: Vec<String>,
    /// Also serve this AntBuddy app id; VARIABLE is an environment variable with its secret
    #[arg(long, value_name = "ID=VARIABLE")]
    antbuddy_account: Vec<String>,
    /// Start with the state in this file, as returned by GET /__sandbox/state
    #[arg(long, value_name = "FILE")]
    seed: Option<String>,
    /// Append the requests to this JSON Lines file, and load those already in it
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Address to listen on [default: loopback]; an address that other machines can reach requires --token-variable
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// Require the token in this environment variable, and do not serve the built-in accounts
    #[arg(long, value_name = "VARIABLE")]
    token_variable: Option<String>,
    /// With --token-variable: allow pushes to this port on this machine if a request asks for it
    #[arg(long, value_name = "PORT")]
    push_port: Vec<u16>,
    /// Allow pages of this origin, for example http://localhost:8081, to call the platform from a browser (*: all pages); they
    /// cannot use the inspector
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Count the acceptances of at most this many row keys (`ext` of an SMS); GET /__sandbox/accepted returns the counts
    #[arg(long, value_name = "KEYS", default_value_t = DEFAULT_ACCEPTED_KEYS)]
    accepted_keys: usize,
    /// Send the receipt of a message before the reply; wait at most this many milliseconds for its receiver
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    receipts_before_reply: Option<u64>,
    /// Refuse sends of an account and service that are faster than this many per second (SMS: code 28)
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<NonZeroU32>,
    /// With --rate: so many sends may come at once after a pause
    #[arg(long, value_name = "SENDS", default_value = "1", requires = "rate")]
    burst: NonZeroU32,
    /// Delay each reply by this many milliseconds, or by a random time in a range: 100 or 50-150
    #[arg(long, value_name = "MILLISECONDS", value_parser = delay)]
    reply_delay: Option<RangeInclusive<Duration>>,
    /// Do not log requests to stderr
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: &SandboxArgs) -> Result<(), Failure> {
    let mut builder = Sandbox::builder().port(args.port);
    for account in &args.account {
        let (key, secret) = self::account("--account", account, AccessKey::new)?;
        builder = builder.account(key, secret);
    }
    for account in &args.antbuddy_account {
        let (app_id, secret) = self::account("--antbuddy-account", account, AppId::new)?;
        builder = builder.antbuddy_account(app_id, secret);
    }
    for port in &args.push_port {
        builder = builder.push_port(*port);
    }
    for origin in &args.allow_origin {
        builder = builder.allow_origin(origin);
    }
    if let Some(address) = args.listen {
        builder = builder.listen_on(address);
    }
    if let Some(name) = &args.token_variable {
        let token = variable(name, || "--token-variable".to_owned())?;
        let token = Secret::new(token).map_err(|error| Failure::usage(error.to_string()))?;
        check_secret("--token-variable", &token)?;
        builder = builder.token(token);
    }
    builder = builder.accepted_keys(args.accepted_keys);
    if let Some(limit) = args.receipts_before_reply {
        builder = builder.receipts_before_reply(Duration::from_millis(limit));
    }
    if let Some(rate) = args.rate {
        builder = builder.rate(rate, args.burst);
    }
    if let Some(delay) = &args.reply_delay {
        builder = builder.reply_delay(delay.clone());
    }
    if let Some(path) = &args.record {
        builder = builder.record(path);
    }
    if let Some(from) = &args.seed {
        builder = builder.seed(call::read_object(from)?.into());
    }
    if !args.quiet {
        // Colour codes would be escaped.
        let log = tracing_subscriber::fmt().with_ansi(false);
        log.with_writer(|| output::Log).init();
    }
    crate::block_on(async {
        // Catch signals first: a reader of the next line may stop the sandbox at once.
        let interrupted = interrupted()?;
        let sandbox = builder.start().await.map_err(|error| {
            let failure = Failure::usage(in_one_line(&error));
            match error {
                nxcloud_sandbox::Error::Listen { .. } => {
                    failure.hint("Choose another --port, or 0 for any free port.")
                }
                nxcloud_sandbox::Error::TokenNeeded { .. }
                | nxcloud_sandbox::Error::ShortToken { .. } => {
                    failure.hint("Name the environment variable of a token with --token-variable.")
                }
                _ => failure,
            }
        })?;
        output::print(&format!("listening on {}", sandbox.url()))?;
        let inspector = sandbox.inspector_url();
        output::eprint(&match &args.token_variable {
            Some(name) => {
                format!("inspector: {inspector}?token=… (the token in {name}; once per browser)")
            }
            // If accounts were added, the address contains a random token.
            None => format!("inspector: {inspector}"),
        });
        output::eprint(&if args.token_variable.is_some() {
            "accounts: those of --account and --antbuddy-account only; Ctrl-C stops".to_owned()
        } else {
            let base_url = if args.port != SANDBOX_PORT {
                format!(" with --base-url {}", sandbox.url())
            } else {
                String::new()
            };
            format!(
                "built-in accounts: access key {ACCESS_KEY}, secret {ACCESS_SECRET}; app id {APP_ID}, secret {APP_SECRET}; `nxcloud --sandbox` uses them{base_url}; Ctrl-C stops"
            )
        });
        let signal = interrupted.await;
        output::eprint(&format!("stopping: {signal}"));
        sandbox.shutdown().await;
        Ok(())
    })?
}

/// Reads a delay: `100`, or a range such as `50-150`.
fn delay(text: &str) -> Result<RangeInclusive<Duration>, String> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    match (start.parse(), end.parse()) {
        (Ok(start), Ok(end)) if start <= end && end <= 600_000_u64 => {
            Ok(Duration::from_millis(start)..=Duration::from_millis(end))
        }
        _ => Err("not milliseconds up to 600000, such as 100 or 50-150".to_owned()),
    }
}

/// Reads an access key or app id, and its secret from the environment variable that the argument names.
fn account<K>(
    flag: &str,
    text: &str,
    key: impl Fn(String) -> Result<K, InvalidField>,
) -> Result<(K, Secret), Failure> {
    let Some((id, name)) = text.split_once('=') else {
        let problem = format!(
            "{flag} takes KEY=VARIABLE; VARIABLE is the name of the variable with the secret"
        );
        return Err(Failure::usage(problem));
    };
    let secret = variable(name, || format!("{flag} {id}=…"))?;
    let invalid = |error: InvalidField| Failure::usage(format!("{flag} {id}: {error}"));
    let key = key(id.to_owned()).map_err(invalid)?;
    let secret = Secret::new(secret).map_err(invalid)?;
    check_secret(&format!("{flag} {id}"), &secret)?;
    Ok((key, secret))
}
