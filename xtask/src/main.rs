//! `cargo xtask`: see `cargo xtask help`.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command prints"
)]

use std::path::Path;
use std::process::ExitCode;

use xtask::generate::{self, Outcome};

const HELP: &str = "\
cargo xtask generate           lint specs/*.yaml and write every generated file
cargo xtask generate --check   compare in memory; print the differences and exit with 1 on any
cargo xtask bench-report       write the figures of benches/README.md from criterion's output";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() else {
        return ExitCode::FAILURE;
    };
    let outcome = match arguments.as_slice() {
        ["generate"] => generate::write(root),
        ["generate", "--check"] => generate::check(root),
        ["bench-report"] => return bench_report(),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(Outcome::Clean(summary)) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Ok(Outcome::Drift(difference)) => {
            println!("{difference}");
            eprintln!(
                "generated files differ from the specs: run `cargo xtask generate` and commit the result"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The report is a program of the benches' own package, so that this one need not build criterion's world.
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
