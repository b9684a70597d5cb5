//! `nxcloud <service> <operation>`.

mod args;
pub(crate) mod flags;

use clap::{ArgMatches, Command as Clap};
use nxcloud::ErrorKind;
use serde_json::{Map, Value};

use self::args::CallArgs;
pub(crate) use self::args::read_if_defined;
use self::flags::Leaf;
use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::fit::{Misfit, fit};
use crate::interrupt;
use crate::job::{Job, Progress};
use crate::output::{self, Format};
use crate::table::{Command, Service};
use crate::text;

/// The subcommand of a service, with one for each operation.
pub(crate) fn subcommand(service: &'static Service) -> Clap {
    Clap::new(service.name)
        .about(service.title)
        .long_about(service.about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(service.commands.iter().map(operation))
}

pub(crate) fn operation(command: &'static Command) -> Clap {
    let long = if command.long.is_empty() {
        command.about.to_owned()
    } else {
        format!("{}\n\n{}", command.about, command.long)
    };
    let mut clap = Clap::new(command.name)
        .about(command.about)
        .long_about(long)
        .next_help_heading("Fields");
    let object = command.input.object();
    clap = clap.args(flags::leaves(object).iter().map(Leaf::arg));
    CallArgs::define(clap.next_help_heading("Call"), command)
}

/// Runs an operation.
pub(crate) fn run(
    command: &'static Command,
    matches: &ArgMatches,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    let args = CallArgs::read(matches)?;
    if let Some(name) = &args.example.example {
        return example(command, name);
    }
    let body = body(command, matches, args.json.json.as_deref())?;
    let job = Job {
        operation: command.operation,
        session: account::session(account)?,
        body,
        file: args.upload.file,
        mime: args.upload.mime,
        all_pages: args.pages.all_pages,
        dry_run: args.dry_run.dry_run,
        format,
        progress: Progress::default(),
    };
    let done = crate::block_on(async {
        let interrupt = interrupt::interrupted()?;
        tokio::select! {
            done = (command.run)(&job) => done,
            () = interrupt => Err(interrupted(command, &job)),
        }
    })?;
    match done {
        Err(failure) => Err(in_flags(command, failure)),
        Ok(()) => Ok(()),
    }
}

fn example(command: &Command, name: &str) -> Result<(), Failure> {
    let mut examples = command.examples.iter();
    match examples.find(|example| name.is_empty() || example.name == name) {
        Some(example) => output::data(example.json),
        None => Err(Failure::usage(format!(
            "there is no example `{name}`; there are {}",
            command
                .examples
                .iter()
                .map(|example| example.name)
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// The body that a file and flags make, if it fits.
fn body(
    command: &Command,
    matches: &ArgMatches,
    file: Option<&str>,
) -> Result<Map<String, Value>, Failure> {
    let object = command.input.object();
    let mut body = match file {
        Some(from) => read_object(from)?,
        None => Map::new(),
    };
    let leaves = flags::leaves(object);
    flags::merge(&leaves, matches, &mut body)?;
    let misfits = fit(object, &mut body);
    if misfits.is_empty() {
        return Ok(body);
    }
    let problems = misfits.iter().map(|misfit| {
        let flag = flags::flag_of(&leaves, &misfit.path);
        let flag = flag.map_or(String::new(), |flag| format!(" (--{flag})"));
        let Misfit { path, problem } = misfit;
        format!("`{path}`{flag} {problem}")
    });
    let problems: Vec<String> = problems.collect();
    let id = command.operation.id;
    let failure = Failure::usage(format!(
        "{id}: the request does not fit: {}",
        problems.join("; ")
    ));
    Err(if command.examples.is_empty() {
        failure.hint("See --help.")
    } else {
        failure.hint("See --help, or begin with what --example prints.")
    })
}

/// The JSON object in a file or on standard input.
pub(crate) fn read_object(from: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = text::read(from)?;
    let wrong = |problem: String| Failure::usage(format!("{from} {problem}"));
    let text = text::utf8(&bytes).map_err(wrong)?;
    match text::json(text).map_err(|problem| wrong(problem.to_string()))? {
        Value::Object(body) => Ok(body),
        _ => Err(wrong("is not a JSON object".to_owned())),
    }
}

fn interrupted(command: &Command, job: &Job) -> Failure {
    let id = command.operation.id;
    if job.progress.was_signed() && !command.operation.safe {
        let problem = format!("{id}: interrupted; the platform may have acted");
        return Failure::new(Exit::Unknown, problem)
            .hint("Look for the message before sending it again.");
    }
    Failure::new(
        Exit::Transport,
        format!("{id}: interrupted; nothing was changed"),
    )
}

/// Fields in an error of the typed crate, with the flags that set them.
fn in_flags(command: &Command, mut failure: Failure) -> Failure {
    if failure.kind == Some(ErrorKind::InvalidRequest) {
        for leaf in flags::leaves(command.input.object()) {
            failure.message = leaf.named_in(&failure.message);
        }
    }
    failure
}
