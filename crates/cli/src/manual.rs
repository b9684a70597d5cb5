//! `nxcloud completions` and `nxcloud man`.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// Shell that the script is for
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct ManArgs {
    /// Write all pages into this directory (created if missing)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn print_completions(args: &CompletionsArgs, mut root: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut root, "nxcloud", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

pub(crate) fn print_man(args: &ManArgs, root: Command) -> Result<(), Failure> {
    match &args.dir {
        None => output::print(&page(root)?),
        Some(folder) => {
            let failed = |error| Failure::io(&folder.display().to_string(), &error);
            fs::create_dir_all(folder).map_err(failed)?;
            let mut root = root.disable_help_subcommand(true);
            root.build();
            write_all(&root, "nxcloud", folder)
        }
    }
}

fn page(command: Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command);
    man.render(&mut page)
        .map_err(|error| Failure::io("cannot write the manual page", &error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Writes the page of a command, such as `nxcloud-sms-send-sms.1`, and the pages of its subcommands.
fn write_all(command: &Command, name: &str, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    let failed = |error| Failure::io(&path.display().to_string(), &error);
    let text = page(command.clone().display_name(name.to_owned()))?;
    write_atomically(folder, &path, &text).map_err(failed)?;
    for inner in command.get_subcommands() {
        write_all(inner, &format!("{name}-{}", inner.get_name()), folder)?;
    }
    Ok(())
}

/// Writes to a temporary file and renames it. So a symbolic link is replaced and not followed, and a page is never incomplete.
fn write_atomically(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nxcloud-");
    // Other users may read it, within the limits of the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
