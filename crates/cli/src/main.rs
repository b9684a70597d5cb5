//! The `nxcloud` command.
#![forbid(unsafe_code)]

mod account;
mod call;
mod doctor;
mod dry;
mod escape;
mod failure;
mod fit;
mod flags;
#[rustfmt::skip]
mod generated;
mod http;
mod interrupt;
mod job;
mod lines;
mod local;
mod manual;
mod mask;
mod output;
mod sign;
mod table;
mod text;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind as Clash;
use clap::{Arg, ArgMatches, Command};

use failure::{Exit, Failure};
use local::{listen, sandbox, trigger};
use output::Format;
use sign::Verb;

const EXIT_CODES: &str = "\
Exit codes: 0 success; 1 refused by the platform, or a signature that is not right; 2 wrong arguments, settings or body, nothing sent; \
3 the transport failed, or stdout cannot be written: repeating does no harm; 4 the platform has acted and its reply cannot be printed, \
or it may have acted: look before sending again.";

/// The whole command line.
fn command() -> Command {
    let services = generated::SERVICES.iter();
    Command::new("nxcloud")
        // And not the name that the caller gave the process.
        .bin_name("nxcloud")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Send messages and calls through NXCLOUD and AntBuddy, sign requests, and play the platform on this machine")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("output")
                .long("output")
                .value_name("FORMAT")
                .value_parser(["json", "table"])
                .global(true)
                .help("How data is printed; without it a table on a terminal and JSON elsewhere"),
        )
        .args(account::args())
        .subcommands(services.map(|service| call::subcommand(service)))
        .subcommand(sign::subcommand(Verb::Sign))
        .subcommand(sign::subcommand(Verb::Verify))
        .subcommand(sandbox::subcommand())
        .subcommand(listen::subcommand())
        .subcommand(trigger::subcommand())
        .subcommand(doctor::subcommand())
        .subcommand(manual::completions())
        .subcommand(manual::man())
}

fn main() -> ExitCode {
    let mut command = command();
    let arguments: Vec<_> = std::env::args_os().collect();
    let words = arguments.get(1..).unwrap_or_default();
    if let Err(failure) = words::refuse_flags_as_values(&command, words) {
        return tell(failure);
    }
    let matches = match command.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) => return misused(&error),
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => tell(failure),
    }
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let asked = matches.get_one::<String>("output").map(String::as_str);
    let format = Format::choose(asked);
    let Some((name, inner)) = matches.subcommand() else {
        return Err(Failure::usage("no command; see nxcloud --help"));
    };
    let mut services = generated::SERVICES.iter();
    if let Some(service) = services.find(|service| service.name == name)
        && let Some((name, matches)) = inner.subcommand()
        && let Some(command) = service.commands.iter().find(|c| c.name == name)
    {
        return call::run(command, matches, format);
    }
    let json = asked == Some("json");
    match name {
        "sign" => sign::run(Verb::Sign, inner, json),
        "verify" => sign::run(Verb::Verify, inner, json),
        "sandbox" => sandbox::run(inner),
        "listen" => listen::run(inner, format),
        "trigger" => trigger::run(inner, format),
        "doctor" => doctor::run(inner, format),
        "completions" => manual::print_completions(inner, command()),
        "man" => manual::print_man(inner, command()),
        _ => Err(Failure::usage(format!("there is no command `{name}`"))),
    }
}

/// Help and version go to stdout as they are; what is wrong is told in one line.
fn misused(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        Clash::DisplayHelp
            | Clash::DisplayVersion
            | Clash::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let printed = output::help(error);
        return match (error.kind(), printed) {
            (Clash::DisplayHelpOnMissingArgumentOrSubcommand, _) => Exit::Usage.into(),
            // A reader that has gone wants no more.
            (_, Err(error)) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                tell(Failure::output(&error))
            }
            _ => ExitCode::SUCCESS,
        };
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let told: Vec<&str> = lines
        .clone()
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .collect();
    let told = told.join("; ");
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    let usage = lines
        .into_iter()
        .find_map(|line| line.strip_prefix("Usage: "));
    // What is wrong with a value is told without the command.
    let words = usage.unwrap_or_default().split(' ');
    let command: Vec<&str> = words
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.starts_with(['[', '<', '-']))
        .collect();
    let help = [&command[..], &["--help"]].concat();
    output::error(&format!("{told}; see {}", help.join(" ")));
    Exit::Usage.into()
}

/// The reply of a refusal is data; the rest is for people.
fn tell(failure: Failure) -> ExitCode {
    if let Some(reply) = &failure.reply {
        // The failure itself is told below, whatever becomes of this.
        if let Err(unprinted) = output::reply(Format::Json, reply) {
            output::note(&format!(
                "the reply cannot be printed: {}",
                unprinted.message
            ));
        }
    }
    output::error(&match &failure.hint {
        Some(hint) => format!("{}. {hint}", failure.message.trim_end_matches('.')),
        None => failure.message,
    });
    failure.exit.into()
}

/// Runs a future to its end on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("the runtime", &error))?;
    Ok(runtime.block_on(future))
}
