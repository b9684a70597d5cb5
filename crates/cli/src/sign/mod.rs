//! `nxcloud sign` and `nxcloud verify`: the scheme itself, for requests that are sent by other means.

mod explain;
mod lines;
mod one;

use clap::{Arg, ArgAction, ArgMatches, Command};
use nxcloud::signing::{Signer, antbuddy};

use crate::account;
use crate::failure::{Exit, Failure};
use crate::output;

/// What a command does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Sign,
    Verify,
}

const LINES_HELP: &str = "\
JSON-lines (--lines) hold one object a line: {\"action\", \"biz_type\", \"ts\", \"body\" or \"body_base64\", \"multipart\"}, or \
{\"values\"} for AntBuddy, and to verify \"sign\"; what a line leaves out comes from the flags. Signatures are computed side by side in \
vector registers and printed one a line, as soon as the input pauses; with --output json as objects that hold the headers. A line that \
is wrong is left out and named by its number on stderr, and the exit code is 2.";

/// The subcommand of a verb.
pub(crate) fn subcommand(verb: Verb) -> Command {
    let (name, about) = match verb {
        Verb::Sign => (
            "sign",
            "Sign a request, or many, and print the signature only",
        ),
        Verb::Verify => ("verify", "Check the signature of a request, or of many"),
    };
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let mut command = Command::new(name)
        .about(about)
        .after_long_help(LINES_HELP)
        .next_help_heading("Request")
        .arg(
            option("scheme", "SCHEME", "How it is signed")
                .value_parser(["nxcloud", "antbuddy"])
                .default_value("nxcloud"),
        )
        .arg(option("action", "ACTION", "The action header"))
        .arg(option("biz-type", "N", "The bizType header"))
        .arg(option("ts", "MILLIS", "The ts header, milliseconds since 1970-01-01 UTC; now if it is left out"))
        .arg(option("body", "FILE|-", "The exact bytes of the body").conflicts_with("multipart"))
        .arg(
            Arg::new("multipart")
                .long("multipart")
                .action(ArgAction::SetTrue)
                .help("The body is multipart/form-data, which the signature leaves out"),
        )
        .arg(
            Arg::new("values")
                .value_name("VALUE")
                .num_args(0..)
                .help("AntBuddy: the values to hash, in the documented order, the app id first"),
        )
        .arg(
            option("lines", "FILE|-", "Many requests, one JSON object a line")
                .conflicts_with_all(["body", "explain"]),
        )
        .arg(
            Arg::new("explain")
                .long("explain")
                .action(ArgAction::SetTrue)
                .help("Print the string to sign, the secret masked, and a curl command with the headers"),
        );
    if verb == Verb::Verify {
        command = command.arg(option("signature", "HEX", "The signature to check"));
    }
    command
}

/// What signs: an account of one of the schemes.
enum Account {
    Nxcloud(Signer),
    AntBuddy(antbuddy::Signer),
}

/// Runs a verb. `json` says that objects were asked for.
pub(crate) fn run(verb: Verb, matches: &ArgMatches, json: bool) -> Result<(), Failure> {
    let scheme = matches.get_one::<String>("scheme").map(String::as_str);
    let antbuddy = scheme == Some("antbuddy");
    refuse_foreign(matches, antbuddy)?;
    // Nothing is sent, so the base URL may be one that no call goes to.
    let session = account::build(matches, account::source(matches)?)?;
    let credentials = session.credentials();
    let missing = |what: &str| Failure::usage(format!("the account is none of {what}"));
    let account = if antbuddy {
        let signer = credentials.antbuddy_signer().cloned();
        Account::AntBuddy(signer.ok_or_else(|| missing("AntBuddy's; give --app-id"))?)
    } else {
        let signer = credentials.nxcloud_signer().cloned();
        Account::Nxcloud(signer.ok_or_else(|| missing("NXCLOUD's; give --access-key"))?)
    };
    let defaults = one::Given::of(matches)?;
    match matches.get_one::<String>("lines") {
        Some(from) => lines::run(verb, &account, &defaults, from, json),
        None => {
            let by_flag = account::base_url(matches);
            let base_url = by_flag.as_deref().or(session.base_url());
            one::run(verb, &account, &defaults, matches, base_url, json)
        }
    }
}

/// Flags of the other scheme say nothing, and whoever gives them expects something else.
fn refuse_foreign(matches: &ArgMatches, antbuddy: bool) -> Result<(), Failure> {
    let foreign: &[&str] = if antbuddy {
        &["action", "biz-type", "ts", "body"]
    } else {
        &[]
    };
    for name in foreign {
        if matches.contains_id(name) {
            return Err(Failure::usage(format!(
                "--{name} is not part of AntBuddy's scheme; give the values in order"
            )));
        }
    }
    if antbuddy && matches.get_flag("multipart") {
        let problem = "--multipart is not part of AntBuddy's scheme; give the values in order";
        return Err(Failure::usage(problem));
    }
    if !antbuddy && matches.contains_id("values") {
        let problem = "values in order are AntBuddy's scheme; add --scheme antbuddy";
        return Err(Failure::usage(problem));
    }
    Ok(())
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
