//! `nxcloud <service> <operation>`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command as Clap, value_parser};
use nxcloud::ErrorKind;
use serde_json::{Map, Value};

use crate::account;
use crate::failure::{Exit, Failure};
use crate::fit::{Misfit, fit};
use crate::flags::{self, Leaf};
use crate::interrupt;
use crate::job::{Job, Progress};
use crate::output::{self, Format};
use crate::phones;
use crate::table::{Command, Input, Service};
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
    clap = clap.next_help_heading("Call");
    if matches!(command.input, Input::Object(_)) && !object.is_empty() {
        clap = clap.arg(
            Arg::new("json")
                .long("json")
                .value_name("FILE|-")
                .help("The fields as a JSON object; flags win over what is in it"),
        );
    }
    if matches!(command.input, Input::Form(_)) {
        clap = clap
            .arg(
                Arg::new("file")
                    .long("file")
                    .value_name("PATH")
                    .value_parser(value_parser!(PathBuf))
                    .help("The file to upload"),
            )
            .arg(
                Arg::new("mime")
                    .long("mime")
                    .value_name("TYPE")
                    .help("Its MIME type, where the file's name does not tell"),
            );
    }
    if !command.examples.is_empty() {
        clap = clap.arg(
            Arg::new("example")
                .long("example")
                .value_name("NAME")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .value_parser(value_parser!(String))
                .help(example_help(command)),
        );
    }
    if command.paged {
        clap = clap.arg(switch(
            "all-pages",
            "Every item of every page, as JSON one a line",
        ));
    }
    clap.arg(switch(
        "dry-run",
        "Print the signed request and send nothing",
    ))
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}

fn example_help(command: &Command) -> String {
    let names: Vec<&str> = command.examples.iter().map(|e| e.name).collect();
    format!(
        "Print a documented request for --json and send nothing: {}",
        names.join(", ")
    )
}

/// Runs an operation.
pub(crate) fn run(
    command: &'static Command,
    matches: &ArgMatches,
    format: Format,
) -> Result<(), Failure> {
    if let Some(name) = given(matches, "example") {
        return example(command, name);
    }
    let body = body(command, matches)?;
    let warnings = match command.operation.safe {
        true => Vec::new(),
        false => phones::warnings(command, &body),
    };
    let get_flag = |name: &str| matches!(matches.try_get_one::<bool>(name), Ok(Some(true)));
    let job = Job {
        operation: command.operation,
        session: account::session(matches)?,
        body,
        file: matches
            .try_get_one::<PathBuf>("file")
            .ok()
            .flatten()
            .cloned(),
        mime: given(matches, "mime").map(str::to_owned),
        all_pages: get_flag("all-pages"),
        dry_run: get_flag("dry-run"),
        warnings,
        format,
        progress: Progress::default(),
    };
    let done = crate::block_on(async {
        let asked_to_end = interrupt::interrupted()?;
        tokio::select! {
            done = (command.run)(&job) => done,
            () = asked_to_end => Err(interrupted(command, &job)),
        }
    })?;
    match done {
        Err(failure) => Err(in_flags(command, failure)),
        Ok(()) => Ok(()),
    }
}

/// A flag that not every operation has.
fn given<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    let text = matches.try_get_one::<String>(name).ok().flatten();
    text.map(String::as_str)
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

/// The body that file and flags make, if it fits.
fn body(command: &Command, matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let object = command.input.object();
    let mut body = match given(matches, "json") {
        Some(from) => read_object(from)?,
        None => Map::new(),
    };
    let leaves = flags::leaves(object);
    flags::merge(&leaves, matches, &mut body)?;
    let misfits = fit(object, &mut body);
    if misfits.is_empty() {
        return Ok(body);
    }
    let told = misfits.iter().map(|misfit| {
        let flag = flags::flag_of(&leaves, &misfit.path);
        let flag = flag.map_or(String::new(), |flag| format!(" (--{flag})"));
        let Misfit { path, problem } = misfit;
        format!("`{path}`{flag} {problem}")
    });
    let told: Vec<String> = told.collect();
    let id = command.operation.id;
    let failure = Failure::usage(format!(
        "{id}: the request does not fit: {}",
        told.join("; ")
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
