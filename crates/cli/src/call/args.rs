//! The flags of an operation other than its fields.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command};

use super::operation::Operation;
use crate::GlobalArgs;

// Each operation gets only the groups that apply to it.
#[derive(Args)]
pub(super) struct CallArgs {
    #[command(flatten)]
    pub(super) json: JsonArgs,
    #[command(flatten)]
    pub(super) upload: UploadArgs,
    #[command(flatten)]
    pub(super) example: ExampleArgs,
    #[command(flatten)]
    pub(super) pages: PagesArgs,
    #[command(flatten)]
    pub(super) dry_run: DryRunArgs,
}

#[derive(Args, Default)]
pub(super) struct JsonArgs {
    /// Read fields from a JSON object; flags override them
    #[arg(long, value_name = "FILE|-")]
    pub(super) json: Option<String>,
}

#[derive(Args, Default)]
pub(super) struct UploadArgs {
    /// File to upload
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,
    /// MIME type of the file [default: from the file name]
    #[arg(long, value_name = "TYPE")]
    pub(super) mime: Option<String>,
}

#[derive(Args, Default)]
pub(super) struct ExampleArgs {
    /// Print a documented example request without sending it
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) example: Option<String>,
}

#[derive(Args, Default)]
pub(super) struct PagesArgs {
    /// Print the items of all pages, as JSON one per line
    #[arg(long)]
    pub(super) all_pages: bool,
}

#[derive(Args, Default)]
pub(super) struct DryRunArgs {
    /// Print the signed request without sending it
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl CallArgs {
    /// Adds the flags that apply to an operation to its command.
    pub(super) fn define(mut command: Command, operation: &Operation) -> Command {
        if operation.is_form {
            command = UploadArgs::augment_args(command);
        } else if operation.has_fields() {
            command = JsonArgs::augment_args(command);
        }
        let examples = operation.spec.request_examples();
        if !examples.is_empty() {
            let names: Vec<&str> = examples.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            command = ExampleArgs::augment_args(command).mut_arg("example", |arg| {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                arg.help(format!("{help} [names: {names}]"))
            });
        }
        if operation.spec.paging.is_some() {
            command = PagesArgs::augment_args(command);
        }
        DryRunArgs::augment_args(command)
    }

    /// Reads the flags. Flags that the command does not have get their defaults.
    pub(super) fn read(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            json: read_if_defined(matches)?,
            upload: read_if_defined(matches)?,
            example: read_if_defined(matches)?,
            pages: read_if_defined(matches)?,
            dry_run: read_if_defined(matches)?,
        })
    }

    /// The long flags that are reserved, so that no field can use them.
    pub(super) fn reserved() -> Vec<String> {
        let command = Self::augment_args(GlobalArgs::augment_args(Command::new("")));
        let flags = command.get_arguments().filter_map(|arg| arg.get_long());
        // clap adds `--help` itself.
        flags.chain(["help"]).map(str::to_owned).collect()
    }
}

/// Reads a group of flags that the command may lack.
pub(crate) fn read_if_defined<T: Args + Default>(matches: &ArgMatches) -> Result<T, clap::Error> {
    // clap defines one group per struct. It is present if one of its flags is.
    let group = T::group_id();
    let is_present =
        group.is_some_and(|id| matches!(matches.try_contains_id(id.as_str()), Ok(true)));
    if is_present {
        T::from_arg_matches(matches)
    } else {
        Ok(T::default())
    }
}
