//! The `nxcloud` command.
#![forbid(unsafe_code)]

mod account;
mod call;
mod doctor;
mod dry;
mod escape;
mod failure;
#[rustfmt::skip]
mod generated;
mod http;
mod interrupt;
mod job;
mod lines;
mod local;
mod manual;
mod mask;
mod missing_value;
mod output;
mod sign;
mod spec;
mod text;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches as _, Subcommand};
use nxcloud_spec::embedded;

use account::AccountArgs;
use call::operation::Operation;
use failure::{Exit, Failure};
use local::{listen, sandbox, trigger};
use output::Format;

const EXIT_CODES: &str = "\
Exit codes: 0 success; 1 refused by the platform, or a signature that is not right; 2 wrong arguments, settings or body, nothing sent; \
3 the transport failed, or stdout cannot be written: repeating does no harm; 4 the platform has acted and its reply cannot be printed, \
or it may have acted: look before sending again.";

// Doc comments of the structs and enums that clap reads would become help texts.

// The flags of every command.
#[derive(Args)]
struct GlobalArgs {
    /// Output format [default: table on a terminal, JSON otherwise]
    #[arg(long, value_name = "FORMAT", global = true)]
    output: Option<Format>,
    #[command(flatten, next_help_heading = "Account")]
    account: AccountArgs,
}

// The commands that call no operation.
#[derive(Subcommand)]
enum Tool {
    /// Sign a request, or many, and print the signature only
    Sign(sign::SignArgs),
    /// Check the signature of a request, or of many
    Verify(sign::VerifyArgs),
    /// Play the platform on this machine, with a page that shows every request
    Sandbox(sandbox::SandboxArgs),
    /// Receive pushes on this machine, print what arrived, and forward them.
    ///
    /// One line per push, a refused one too: where it arrived, whether its signature is right (of pushes that are signed, when an
    /// account is known), and what the endpoint answered. Body and headers are forwarded unchanged, without the headers of the
    /// connection, and so is the endpoint's answer. Without an endpoint every push is answered as documented. With --sandbox the
    /// sandbox on this machine sends its pushes here.
    Listen(listen::ListenArgs),
    /// Send a documented push to an endpoint on this machine, signed where the platform signs it
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Trigger,
    /// Check account, clock, reachability and signature, and say what is wrong.
    ///
    /// The account is looked for where every command looks. Each host is asked once, without a signature and without a message, for
    /// its clock. The signature is checked against a sandbox within this process that has the same account: nothing is sent to the
    /// platform that could cost anything, and so nothing here can tell whether the platform knows the account.
    Doctor,
    /// Print the completion script of a shell
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write those of all commands
    Man(manual::ManArgs),
}

/// Which commands have all their flags and inner commands; that takes reading specs.
#[derive(Clone, Copy)]
enum Detail<'a> {
    All,
    /// Those that are named among the arguments; no other can be called.
    Named(&'a [OsString]),
}

impl Detail<'_> {
    fn covers(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(arguments) => arguments.iter().any(|argument| argument == name),
        }
    }
}

/// The command line.
fn command(detail: Detail<'_>) -> Result<Command, Failure> {
    let root = Command::new("nxcloud")
        // And not the name that the caller gave the process.
        .bin_name("nxcloud")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Send messages and calls through NXCLOUD and AntBuddy, sign requests, and play the platform on this machine")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true);
    let mut root = GlobalArgs::augment_args(root);
    for (name, title) in generated::SERVICES.iter().copied() {
        let service = Command::new(name).about(title);
        root = root.subcommand(if detail.covers(name) {
            call::with_operations(service, name, detail)?
        } else {
            service
        });
    }
    let root = Tool::augment_subcommands(root);
    if !detail.covers("trigger") {
        return Ok(root);
    }
    let pushes = trigger::commands()?;
    Ok(root.mut_subcommand("trigger", |trigger| trigger.subcommands(pushes)))
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let parameters = arguments.get(1..).unwrap_or_default();
    let command = command(Detail::Named(parameters)).and_then(|command| {
        missing_value::refuse_flags_as_values(&command, parameters)?;
        Ok(command)
    });
    let matches = match command.map(|command| command.try_get_matches_from(&arguments)) {
        Ok(Ok(matches)) => matches,
        Ok(Err(error)) => return help_or_error(error),
        Err(failure) => return report(failure),
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(failure),
    }
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let GlobalArgs { output, account } = GlobalArgs::from_arg_matches(matches)?;
    let format = Format::choose(output);
    let json = output == Some(Format::Json);
    let Some((name, inner)) = matches.subcommand() else {
        return Err(Failure::usage("no command; see nxcloud --help"));
    };
    if let Some(service) = embedded(name)
        && let Some((name, matches)) = inner.subcommand()
        && let Some(operation) = service?.operation(&spec::id(name))
    {
        return call::run(&Operation::new(operation)?, matches, &account, format);
    }
    match Tool::from_arg_matches(matches)? {
        Tool::Sign(args) => sign::sign(&args, &account, json),
        Tool::Verify(args) => sign::verify(&args, &account, json),
        Tool::Sandbox(args) => sandbox::run(&args),
        Tool::Listen(args) => listen::run(args, &account, format),
        Tool::Trigger => trigger::run(inner, &account, format),
        Tool::Doctor => doctor::run(&account, format),
        Tool::Completions(args) => manual::print_completions(&args, command(Detail::All)?),
        Tool::Man(args) => manual::print_man(&args, command(Detail::All)?),
    }
}

/// Help and version go to stdout unchanged; an error is one line on stderr.
fn help_or_error(error: clap::Error) -> ExitCode {
    let is_error = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => false,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        _ => return report(error.into()),
    };
    match output::help(&error) {
        _ if is_error => Exit::Usage.into(),
        // A reader that has closed the pipe has all that it needs.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => report(Failure::output(&error)),
        _ => ExitCode::SUCCESS,
    }
}

/// The reply of a refusal is data; the rest is for people.
fn report(failure: Failure) -> ExitCode {
    if let Some(reply) = &failure.reply {
        // The failure itself is reported below in any case.
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
