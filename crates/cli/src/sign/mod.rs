//! `nxcloud sign` and `nxcloud verify`: signatures for requests that other programs send.

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
--lines reads JSON Lines. Each object has the keys \"action\", \"biz_type\", \"ts\", \"body\" or \"body_base64\", and \"multipart\"; for \
AntBuddy \"values\"; for verify also \"sign\". The flags supply omitted keys. The output is one signature per line, or with --output json \
one object with the headers, written as soon as the input pauses. Invalid lines are skipped and reported on stderr with their numbers; \
the exit code is then 2.";

// The parts of a request.
#[derive(Args)]
#[command(next_help_heading = "Request", after_long_help = LINES_HELP)]
pub(crate) struct SignArgs {
    /// Signature scheme
    #[arg(long, default_value = "nxcloud")]
    scheme: Scheme,
    /// Value of the action header
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Value of the bizType header
    #[arg(long, value_name = "N")]
    biz_type: Option<String>,
    /// Value of the ts header, in milliseconds since 1970-01-01 UTC [default: now]
    #[arg(long, value_name = "MILLIS")]
    ts: Option<String>,
    /// File with the exact bytes of the body
    #[arg(long, value_name = "FILE|-", conflicts_with = "multipart")]
    body: Option<String>,
    /// The body is multipart/form-data, which the signature does not cover
    #[arg(long)]
    multipart: bool,
    /// AntBuddy: values to hash in the documented order, beginning with the app id
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    /// Read many requests from JSON Lines, one object per line
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["body", "explain"])]
    lines: Option<String>,
    /// Print the string to sign (secret masked) and a curl command with the headers
    #[arg(long)]
    explain: bool,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    request: SignArgs,
    /// Signature to verify
    #[arg(long, value_name = "HEX", help_heading = "Request")]
    signature: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheme {
    Nxcloud,
    #[value(name = "antbuddy")]
    AntBuddy,
}

/// The signer of the scheme.
enum Account {
    Nxcloud(Signer),
    AntBuddy(antbuddy::Signer),
}

/// The task of the command.
#[derive(Clone, Copy)]
enum Task<'a> {
    Sign,
    /// Verifies this signature, or with `--lines` the signature of each line.
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
    // Nothing is sent, so --base-url is not checked: it may be a URL that calls would refuse.
    let session = account::build(account, account::source(account)?)?;
    let credentials = session.credentials();
    let signer = match args.scheme {
        Scheme::AntBuddy => {
            let signer = credentials.antbuddy_signer().cloned();
            let missing = || Failure::usage("no AntBuddy account; pass --app-id");
            Account::AntBuddy(signer.ok_or_else(missing)?)
        }
        Scheme::Nxcloud => {
            let signer = credentials.nxcloud_signer().cloned();
            let missing = || Failure::usage("no NXCLOUD account; pass --access-key");
            Account::Nxcloud(signer.ok_or_else(missing)?)
        }
    };
    let run = Run {
        task,
        signer,
        args,
        times: Times::of(args)?,
        json,
    };
    if let Some(path) = &args.lines {
        return jsonl::run(&run, path);
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
    /// Whether to print JSON objects.
    json: bool,
}

/// The candidates for the time of a request.
#[derive(Clone, Copy)]
struct Times {
    /// The value of `--ts`.
    flag: Option<Timestamp>,
    /// The current time, for requests without a time.
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

/// Refuses flags of the other scheme. They would have no effect, which the user does not expect.
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
            "--{name} is not part of AntBuddy's scheme; pass the values in order"
        ))),
        _ if !is_antbuddy && !args.values.is_empty() => Err(Failure::usage(
            "VALUE arguments are part of AntBuddy's scheme; add --scheme antbuddy",
        )),
        _ => Ok(()),
    }
}

/// Prints the result of a verification.
fn verdict(valid: bool) -> Result<(), Failure> {
    output::print(if valid { "valid" } else { "invalid" })?;
    if valid {
        return Ok(());
    }
    let failure = Failure::new(Exit::Refused, "the signature does not match the request");
    Err(failure.hint("Compare the string to sign, which --explain prints."))
}
