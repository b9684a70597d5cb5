//! A description of the machine on which the figures were measured.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

/// The machine and the compiler.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The name of the CPU, and the vector instructions that it has.
    pub cpu: String,
    /// Number of logical CPUs.
    pub cpus: usize,
    /// Name and version of the compiler.
    pub compiler: String,
    /// Compiler flags beyond the bench profile.
    pub flags: String,
}

impl Machine {
    /// Describes this machine, from `/proc/cpuinfo` if it exists.
    #[must_use]
    pub fn this() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let value = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(": "))
                .map(|(_, value)| value)
        };
        let has: Vec<_> = value("flags").unwrap_or_default().split(' ').collect();
        let vector = ["sse2", "avx2", "avx512f", "sha_ni"]
            .into_iter()
            .filter(|flag| has.contains(flag));
        let model = value("model name").unwrap_or(std::env::consts::ARCH);
        let compiler = Command::new("rustc").arg("--version").output().ok();
        let compiler = compiler.and_then(|output| String::from_utf8(output.stdout).ok());
        Self {
            cpu: format!("{model} ({})", vector.collect::<Vec<_>>().join(", ")),
            cpus: thread::available_parallelism().map_or(1, usize::from),
            compiler: compiler.map_or_else(|| "rustc".to_owned(), |text| text.trim().to_owned()),
            flags: std::env::var("RUSTFLAGS").unwrap_or_default(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            cpus,
            compiler,
            flags,
        } = self;
        let flags = if flags.is_empty() {
            "default target features"
        } else {
            flags
        };
        write!(
            f,
            "{cpu}, {cpus} logical CPUs, one used; {compiler}, bench profile, {flags}."
        )
    }
}
