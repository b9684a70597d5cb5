//! Writes the figures in `README.md` and `chart.svg` from criterion's output: `cargo run -p nxcloud-benches --bin bench-report`.

use std::path::Path;

use nxcloud_benches::report::{Machine, ReportError, criterion_folder, write};

fn main() -> Result<(), ReportError> {
    write(
        &criterion_folder(),
        Path::new(env!("CARGO_MANIFEST_DIR")),
        &Machine::this(),
    )
}
