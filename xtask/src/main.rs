//! `cargo xtask`: see `cargo xtask help`.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command prints"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use xtask::generate::{self, Outcome};
use xtask::outside::Outside;

const HELP: &str = "\
cargo xtask generate [--check]   check specs/*.yaml and write every generated file
cargo xtask generate [--check] --specs DIR --out DIR
                                 write a crate for each spec in the first folder to the second, for another workspace
cargo xtask bench-report         update the figures of benches/README.md from criterion's output

--check writes no files: it prints the differences, and exits with 1 if there are any";

/// The task that the arguments select.
enum Task {
    Generate {
        check: bool,
        outside: Option<(PathBuf, PathBuf)>,
    },
    BenchReport,
    Help,
}

fn main() -> ExitCode {
    match task(lexopt::Parser::from_env()) {
        Ok(Task::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Task::BenchReport) => bench_report(),
        Ok(Task::Generate { check, outside }) => generate(check, outside),
        Err(error) => {
            eprintln!("{error}; see `cargo xtask help`");
            ExitCode::from(2)
        }
    }
}

fn task(mut arguments: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let mut command = None;
    let (mut check, mut specs, mut out) = (false, None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Task::Help),
            Value(value) if command.is_none() => {
                command = Some(value.to_string_lossy().into_owned())
            }
            Long("check") if !check => check = true,
            Long("specs") if specs.is_none() => specs = Some(folder(&mut arguments, "specs")?),
            Long("out") if out.is_none() => out = Some(folder(&mut arguments, "out")?),
            Long(flag @ ("check" | "specs" | "out")) => {
                return Err(format!("`--{flag}` is set twice: set it once").into());
            }
            other => return Err(other.unexpected()),
        }
    }
    let outside = match (specs, out) {
        (Some(specs), Some(out)) => Some((specs, out)),
        (None, None) => None,
        (Some(_), None) => return Err("`--out` is missing: name the folder for the crates".into()),
        (None, Some(_)) => return Err("`--specs` is missing: name the folder of the specs".into()),
    };
    let flags = check || outside.is_some();
    match command.as_deref() {
        Some("generate") => Ok(Task::Generate { check, outside }),
        Some("bench-report") if !flags => Ok(Task::BenchReport),
        Some("help") if !flags => Ok(Task::Help),
        Some(name @ ("bench-report" | "help")) => {
            Err(format!("`{name}` takes no flags: remove them").into())
        }
        Some(other) => Err(format!("`{other}` is not a command: write `generate`").into()),
        None => Err("the command is missing: write `generate`".into()),
    }
}

/// The value of a flag. Another flag is not a value.
fn folder(arguments: &mut lexopt::Parser, flag: &str) -> Result<PathBuf, lexopt::Error> {
    let missing = || format!("`--{flag}` has no value: write a folder after it");
    let value = arguments.value().map_err(|_| missing())?;
    if value.is_empty() || value.to_string_lossy().starts_with("--") {
        return Err(missing().into());
    }
    Ok(value.into())
}

fn generate(check: bool, outside: Option<(PathBuf, PathBuf)>) -> ExitCode {
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() else {
        return ExitCode::FAILURE;
    };
    let outcome = match &outside {
        Some((specs, out)) => {
            let outside = Outside { root, specs, out };
            if check {
                outside.check()
            } else {
                outside.write()
            }
        }
        None if check => generate::check(root),
        None => generate::write(root),
    };
    match outcome {
        Ok(Outcome::Clean(summary)) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Ok(Outcome::Drift(difference)) => {
            println!("{difference}");
            eprintln!(
                "generated files differ from the specs: run `cargo xtask generate` without `--check` and commit the result"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the report program, which is part of the package of the benches: xtask does not depend on criterion.
fn bench_report() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let report = std::process::Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--package",
            "nxcloud-benches",
            "--bin",
            "bench-report",
        ])
        .status();
    match report {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
