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
cargo xtask generate --check   compare in memory; print the differences and exit with 1 on any";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() else {
        return ExitCode::FAILURE;
    };
    let outcome = match arguments.as_slice() {
        ["generate"] => generate::write(root),
        ["generate", "--check"] => generate::check(root),
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
