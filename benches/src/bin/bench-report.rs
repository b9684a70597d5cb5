//! Writes `README.md` and `chart.svg` of this folder from criterion's output: `cargo run -p nxcloud-benches --bin bench-report`.

use std::path::{Path, PathBuf};

use nxcloud_benches::report::{Machine, ReportError, write};

fn main() -> Result<(), ReportError> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| benches.join("../target"), PathBuf::from);
    write(&target.join("criterion"), benches, &Machine::this())
}
