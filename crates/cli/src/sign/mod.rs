//! `nxcloud sign` and `nxcloud verify`: the scheme itself, for requests that are sent by other means.

mod explain;
mod jsonl;
mod single;

use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use nxcloud::signing::{Signer, Timestamp, antbuddy};

use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::output;

const LINES_HELP: &str = "\
JSON-lines (--lines) hold one object per line: {\"action\", \"biz_type\", \"ts\", \"body\" or \"body_base64\", \"multipart\"}, or \
{\"values\"} for AntBuddy, and to verify \"sign\"; what a line leaves out comes from the flags. Signatures are computed side by side in \
vector registers and printed one per line, as soon as the input pauses; with --output json as objects that hold the headers. A line that \
is wrong is left out and named by its number on stderr, and the exit code is 2.";

// The parts of a request, and the account that signs them.
#[derive(Args)]
#[command(next_help_heading = "Request", after_long_help = LINES_HELP)]
pub(crate) struct SignArgs {
    /// How the request is signed
    #[arg(long, default_value = "nxcloud")]
    scheme: Scheme,
    /// The action header
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// The bizType header
    #[arg(long, value_name = "N")]
    biz_type: Option<String>,
    /// The ts header, milliseconds since 1970-01-01 UTC [default: now]
    #[arg(long, value_name = "MILLIS")]
    ts: Option<String>,
    /// File with the exact bytes of the body
    #[arg(long, value_name = "FILE|-", conflicts_with = "multipart")]
    body: Option<String>,
    /// The body is multipart/form-data, which is not signed
    #[arg(long)]
    multipart: bool,
    /// AntBuddy: the values to hash, in the documented order, the app id first
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    /// Read many requests, one JSON object per line
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["body", "explain"])]
    lines: Option<String>,
    /// Print the string to sign, the secret masked, and a curl command with the headers
    #[arg(long)]
    explain: bool,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    request: SignArgs,
    /// The signature to check
    #[arg(long, value_name = "HEX", help_heading = "Request")]
    signature: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheme {
    Nxcloud,
    #[value(name = "antbuddy")]
    AntBuddy,
}

/// What signs: an account of one of the schemes.
enum Account {
    Nxcloud(Signer),
    AntBuddy(antbuddy::Signer),
}

/// What is done with a request.
#[derive(Clone, Copy)]
enum Task<'a> {
    Sign,
    /// Checks a signature, or with `--lines` that of each line.
    Verify(Option<&'a str>),
}

/// Runs `sign`.
pub(crate) fn sign(args: &SignArgs, account: &AccountArgs, json: bool) -> Result<(), Failure> {
    run(Task::Sign, args, account, json)
}

/// Runs `verify`.
pub(crate) fn verify(args: &VerifyArgs, account: &AccountArgs, json: bool) -> Result<(), Failure> {
    let task = Task::Verify(args.signature.as_deref());
    run(task, &args.request, account, json)
}

fn run(task: Task<'_>, args: &SignArgs, account: &AccountArgs, json: bool) -> Result<(), Failure> {
    refuse_other_scheme(args)?;
    // Nothing is sent, so the base URL may be one that no call goes to.
    let session = account::build(account, account::source(account)?)?;
    let credentials = session.credentials();
    let missing = |what: &str| Failure::usage(format!("the account is none of {what}"));
    let signer = match args.scheme {
        Scheme::AntBuddy => {
            let signer = credentials.antbuddy_signer().cloned();
            Account::AntBuddy(signer.ok_or_else(|| missing("AntBuddy's; give --app-id"))?)
        }
        Scheme::Nxcloud => {
            let signer = credentials.nxcloud_signer().cloned();
            Account::Nxcloud(signer.ok_or_else(|| missing("NXCLOUD's; give --access-key"))?)
        }
    };
    let run = Run {
        task,
        signer,
        args,
        times: Times::of(args)?,
        json,
    };
    if let Some(from) = &args.lines {
        return jsonl::run(&run, from);
    }
    let flag = account::base_url(account);
    single::run(&run, account, flag.as_deref().or(session.base_url()))
}

/// A run of `sign` or `verify`.
struct Run<'a> {
    task: Task<'a>,
    signer: Account,
    args: &'a SignArgs,
    times: Times,
    /// Whether objects are printed.
    json: bool,
}

/// The time of a request.
#[derive(Clone, Copy)]
struct Times {
    /// That of `--ts`.
    flag: Option<Timestamp>,
    /// That of this run, for requests that name none.
    now: Timestamp,
}

impl Times {
    fn of(args: &SignArgs) -> Result<Self, Failure> {
        let flag = args.ts.as_deref().map(str::parse::<Timestamp>).transpose();
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = elapsed.map_or(0, |elapsed| elapsed.as_millis());
        Ok(Self {
            flag: flag.map_err(|error| Failure::usage(format!("--ts: {error}")))?,
            now: Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)),
        })
    }
}

/// Refuses flags of the other scheme: they would change nothing, and whoever writes them expects something else.
fn refuse_other_scheme(args: &SignArgs) -> Result<(), Failure> {
    let is_antbuddy = args.scheme == Scheme::AntBuddy;
    let nxcloud = [
        ("action", args.action.is_some()),
        ("biz-type", args.biz_type.is_some()),
        ("ts", args.ts.is_some()),
        ("body", args.body.is_some()),
        ("multipart", args.multipart),
    ];
    match nxcloud.iter().find(|(_, is_set)| *is_set) {
        Some((name, _)) if is_antbuddy => Err(Failure::usage(format!(
            "--{name} is not part of AntBuddy's scheme; give the values in order"
        ))),
        _ if !is_antbuddy && !args.values.is_empty() => Err(Failure::usage(
            "values in order are AntBuddy's scheme; add --scheme antbuddy",
        )),
        _ => Ok(()),
    }
}

/// What a check of a signature says.
fn verdict(valid: bool) -> Result<(), Failure> {
    output::data(if valid { "valid" } else { "invalid" })?;
    if valid {
        return Ok(());
    }
    let failure = Failure::new(Exit::Refused, "the signature is not that of the request");
    Err(failure.hint("Compare the string to sign: --explain shows it."))
}
