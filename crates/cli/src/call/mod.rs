//! `nxcloud <service> <operation>`.

mod args;
mod body;
pub(crate) mod flags;
mod members;
pub(crate) mod operation;

use clap::{ArgMatches, Command};
use nxcloud::ErrorKind;
use nxcloud_spec::OperationRef;
use serde_json::{Map, Value};

use self::args::CallArgs;
pub(crate) use self::args::read_if_defined;
use self::body::Problem;
use self::flags::Leaf;
use self::operation::Operation;
use crate::Detail;
use crate::account::{self, AccountArgs};
use crate::failure::{Exit, Failure};
use crate::interrupt;
use crate::job::{Job, Progress};
use crate::output::{self, Format};
use crate::spec::{command_name, one_line, sentence, service};
use crate::text;

/// Adds a subcommand for each operation to the command of a service. `detail` says which of them get their flags.
pub(crate) fn with_operations(
    command: Command,
    name: &str,
    detail: Detail<'_>,
) -> Result<Command, Failure> {
    let service = service(name)?;
    let about = service.document().info.description.as_deref();
    let mut command = command
        .long_about(sentence(about.unwrap_or_default()))
        .subcommand_required(true)
        .arg_required_else_help(true);
    for operation in service.operations() {
        command = command.subcommand(if detail.covers(&command_name(&operation.id)) {
            self::command(&Operation::new(operation)?)
        } else {
            outline(operation)
        });
    }
    Ok(command)
}

/// The command of an operation without its flags.
fn outline(operation: OperationRef<'_>) -> Command {
    Command::new(command_name(&operation.id)).about(sentence(&operation.summary))
}

/// The command of an operation.
fn command(operation: &Operation) -> Command {
    let outline = outline(operation.spec);
    let mut long = sentence(&operation.spec.summary);
    let more = operation.spec.description.as_deref().unwrap_or_default();
    if !more.trim().is_empty() {
        long.push_str(&format!("\n\n{}", one_line(more)));
    }
    let leaves = flags::leaves(operation.request());
    let command = outline
        .long_about(long)
        .next_help_heading("Fields")
        .args(leaves.iter().map(Leaf::arg))
        .next_help_heading("Call");
    CallArgs::define(command, operation)
}

/// Calls an operation and prints the reply.
pub(crate) fn run(
    operation: &Operation,
    matches: &ArgMatches,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    let args = CallArgs::read(matches)?;
    if let Some(name) = &args.example.example {
        return example(operation, name);
    }
    let body = body(operation, matches, args.json.json.as_deref())?;
    let job = Job {
        operation: operation.spec,
        session: account::session(account)?,
        body,
        file: args.upload.file,
        mime: args.upload.mime,
        all_pages: args.pages.all_pages,
        dry_run: args.dry_run.dry_run,
        format,
        progress: Progress::default(),
    };
    let result = crate::block_on(async {
        let interrupt = interrupt::interrupted()?;
        tokio::select! {
            result = (operation.send)(&job) => result,
            _ = interrupt => Err(interrupted(&job)),
        }
    })?;
    result.map_err(|failure| with_flags(operation, failure))
}

fn example(operation: &Operation, name: &str) -> Result<(), Failure> {
    let examples = operation.spec.request_examples();
    let mut named = examples.iter();
    match named.find(|(example, _)| name.is_empty() || *example == name) {
        Some((_, example)) => output::print(&format!("{example:#}")),
        None => {
            let names: Vec<&str> = examples.iter().map(|(name, _)| *name).collect();
            Err(Failure::usage(format!(
                "there is no example `{name}`; use one of {}",
                names.join(", ")
            )))
        }
    }
}

/// Builds the body from a JSON file and the flags, and validates it.
fn body(
    operation: &Operation,
    matches: &ArgMatches,
    file: Option<&str>,
) -> Result<Map<String, Value>, Failure> {
    let mut body = match file {
        Some(path) => read_object(path)?,
        None => Map::new(),
    };
    let leaves = flags::leaves(operation.request());
    flags::merge(&leaves, matches, &mut body)?;
    let problems = operation.complete(&mut body)?;
    if problems.is_empty() {
        return Ok(body);
    }
    let problems = problems.iter().map(|Problem { path, text }| {
        let flag = flags::flag_of(&leaves, path);
        let flag = flag.map_or(String::new(), |flag| format!(" (--{flag})"));
        format!("`{path}`{flag} {text}")
    });
    let problems: Vec<String> = problems.collect();
    let id = &operation.spec.id;
    let failure = Failure::usage(format!("{id}: invalid request: {}", problems.join("; ")));
    Err(if operation.spec.request_examples().is_empty() {
        failure.hint("See --help.")
    } else {
        failure.hint("See --help, or start from the output of --example.")
    })
}

/// Reads a JSON object from a file, or from standard input for `-`.
pub(crate) fn read_object(path: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = text::read(path)?;
    let source = text::source_name(path);
    let invalid = |problem: String| Failure::usage(format!("{source} {problem}"));
    let text = text::utf8(&bytes).map_err(invalid)?;
    match text::json(text).map_err(|problem| invalid(problem.to_string()))? {
        Value::Object(body) => Ok(body),
        _ => Err(invalid("is not a JSON object".to_owned())),
    }
}

fn interrupted(job: &Job) -> Failure {
    let id = &job.operation.id;
    if job.progress.was_signed() && !job.operation.safe {
        let problem = format!("{id}: interrupted; the platform may have acted");
        return Failure::new(Exit::Unknown, problem)
            .hint("Check whether it was sent before you send it again.");
    }
    Failure::new(
        Exit::Transport,
        format!("{id}: interrupted; nothing was changed"),
    )
}

/// Adds the flags of the fields that an error of the typed crate names.
fn with_flags(operation: &Operation, mut failure: Failure) -> Failure {
    if failure.kind == Some(ErrorKind::InvalidRequest) {
        for leaf in flags::leaves(operation.request()) {
            failure.message = leaf.named_in(&failure.message);
        }
    }
    failure
}

#[cfg(test)]
mod tests;
