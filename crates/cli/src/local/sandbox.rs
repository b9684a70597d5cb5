//! `nxcloud sandbox`: runs a sandbox of the platform on this machine, with a page to inspect it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use nxcloud::signing::antbuddy::AppId;
use nxcloud::signing::{AccessKey, InvalidField, Secret};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

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
