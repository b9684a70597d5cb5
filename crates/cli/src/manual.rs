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
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct ManArgs {
    /// Write all pages into this directory (created if missing)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn print_completions(args: &CompletionsArgs, mut whole: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole, "nxcloud", &mut script);
    output::data(&String::from_utf8_lossy(&script))
}

pub(crate) fn print_man(args: &ManArgs, whole: Command) -> Result<(), Failure> {
    match &args.dir {
        None => output::data(&page(whole)?),
        Some(folder) => {
            let failed = |error| Failure::io(&folder.display().to_string(), &error);
            fs::create_dir_all(folder).map_err(failed)?;
            let mut whole = whole.disable_help_subcommand(true);
            whole.build();
            write_all(&whole, "nxcloud", folder)
        }
    }
}

fn page(command: Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command);
    man.render(&mut page)
        .map_err(|error| Failure::io("the manual page", &error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The page of a command and of those below it, as `nxcloud-sms-send-sms.1`.
fn write_all(command: &Command, name: &str, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    let failed = |error| Failure::io(&path.display().to_string(), &error);
    let text = page(command.clone().display_name(name.to_owned()))?;
    write_whole(folder, &path, &text).map_err(failed)?;
    for inner in command.get_subcommands() {
        write_all(inner, &format!("{name}-{}", inner.get_name()), folder)?;
    }
    Ok(())
}

/// Under a random name of its own first, so that no link leads elsewhere, and no reader and no full disk leaves half a page.
fn write_whole(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nxcloud-");
    // Others may read it, as far as the user's mask lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
