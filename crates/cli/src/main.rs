//! The `nxcloud` command.
#![forbid(unsafe_code)]

mod account;
mod call;
mod campaign;
mod doctor;
mod dry_run;
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
Exit codes:
  0  Success
  1  The platform refused the request, or a signature is invalid
  2  Invalid arguments, settings or body; nothing was sent
  3  The transport failed, or stdout cannot be written; it is safe to repeat the command
  4  The platform may have acted, or its reply cannot be printed; check before you send again";

// These structs and enums have no doc comments: clap would print them as help texts.

// The flags of all commands.
#[derive(Args)]
struct GlobalArgs {
    /// Output format [default: table on a terminal, JSON otherwise]
    #[arg(long, value_name = "FORMAT", global = true)]
    output: Option<Format>,
    #[command(flatten, next_help_heading = "Account")]
    account: AccountArgs,
}

// The commands that are not operations of a service.
#[derive(Subcommand)]
enum Tool {
    /// Sign one or many requests and print the signatures
    Sign(sign::SignArgs),
    /// Verify the signature of one or many requests
    Verify(sign::VerifyArgs),
    /// Run a sandbox of the platform on this machine, with a web page that shows every request
    Sandbox(sandbox::SandboxArgs),
    /// Receive pushes on this machine, print them and forward them.
    ///
    /// Prints one line for each push, also for a refused one: the path, the result of the signature check and the answer. A signature
    /// is checked if the push has one and an account is known. Body and headers are forwarded unchanged, except for the headers of the
    /// connection, and the endpoint's answer is returned unchanged. Without an endpoint, every push gets the documented answer. With
    /// --sandbox, the sandbox on this machine sends its pushes here.
    Listen(listen::ListenArgs),
    /// Send a documented push to an endpoint on this machine, signed if the platform signs it
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Trigger,
    /// Send to a list of recipients: each at most once, with a record of every row.
    ///
    /// A ledger, which is a file or a database in PostgreSQL, records what becomes of each row. A run that was interrupted, even killed,
    /// goes on with the same command. With a database, several machines send one campaign together.
    Campaign(campaign::CampaignArgs),
    /// Check account, clock, network and signature, and report problems.
    ///
    /// Uses the account that every other command would use. Asks each host once for its clock, without a signature and without a
    /// message. Checks the signature against a sandbox in this process that has the same account. Nothing that could cost money is
    /// sent, so this command cannot find out whether the platform knows the account.
    Doctor,
    /// Print a shell completion script
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands
    Man(manual::ManArgs),
}

/// Which commands get all their flags and subcommands. Building these means reading specs.
#[derive(Clone, Copy)]
enum Detail<'a> {
    All,
    /// Only commands whose names are among the arguments. No other command can be called.
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
        // Without this line, the help shows the name under which the process was started.
        .bin_name("nxcloud")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Send messages and calls through NXCLOUD and AntBuddy, sign requests, and run a sandbox of the platform")
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
        Tool::Campaign(args) => campaign::run(args, &account, format),
        Tool::Trigger => trigger::run(inner, &account, format),
        Tool::Doctor => doctor::run(&account, format),
        Tool::Completions(args) => manual::print_completions(&args, command(Detail::All)?),
        Tool::Man(args) => manual::print_man(&args, command(Detail::All)?),
    }
}

/// Prints help and version to stdout, and an error as one line to stderr.
fn help_or_error(error: clap::Error) -> ExitCode {
    let is_error = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => false,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        _ => return report(error.into()),
    };
    match output::help(&error) {
        _ if is_error => Exit::Usage.into(),
        // A reader that closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => report(Failure::output(&error)),
        _ => ExitCode::SUCCESS,
    }
}

/// Prints a failure: the platform's reply to stdout, the error to stderr.
fn report(failure: Failure) -> ExitCode {
    if let Some(reply) = &failure.reply {
        // A reply that cannot be printed must not hide the failure.
        if let Err(error) = output::reply(Format::Json, reply) {
            output::eprint(&format!("the reply cannot be printed: {}", error.message));
        }
    }
    output::error(&match &failure.hint {
        Some(hint) => format!("{}. {hint}", failure.message.trim_end_matches('.')),
        None => failure.message,
    });
    failure.exit.into()
}

/// Runs a future to completion on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start the async runtime", &error))?;
    Ok(runtime.block_on(future))
}
