//! The end that somebody asks for.

use crate::failure::Failure;

const CTRL_C: &str = "Ctrl-C";

/// Completes on Ctrl-C, a request to terminate, or the end of the terminal, and names it. The signals are caught from now on.
#[cfg(unix)]
pub(crate) fn interrupted() -> Result<impl Future<Output = &'static str>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = |kind| signal(kind).map_err(|error| Failure::io("signals", &error));
    let mut interrupt = caught(SignalKind::interrupt())?;
    let mut terminate = caught(SignalKind::terminate())?;
    let mut hangup = match ignores_hangup() {
        true => None,
        false => Some(caught(SignalKind::hangup())?),
    };
    let hung_up = async move {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => CTRL_C,
            _ = terminate.recv() => "SIGTERM",
            _ = hung_up => "SIGHUP",
        }
    })
}

/// Whether the end of the terminal is ignored, as `nohup` has it, and must stay so. Where that cannot be found out (outside Linux)
/// nothing is changed either.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit is that of signal 1, which is SIGHUP.
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_none_or(|bits| bits & 1 == 1)
}

/// Completes on Ctrl-C, which is caught from now on.
#[cfg(windows)]
pub(crate) fn interrupted() -> Result<impl Future<Output = &'static str>, Failure> {
    let caught = tokio::signal::windows::ctrl_c();
    let mut interrupt = caught.map_err(|error| Failure::io("signals", &error))?;
    Ok(async move {
        interrupt.recv().await;
        CTRL_C
    })
}
