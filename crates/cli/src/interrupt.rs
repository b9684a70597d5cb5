//! Interruption by a signal.

use crate::failure::Failure;

const CTRL_C: &str = "Ctrl-C";

/// Completes on SIGINT (Ctrl-C), SIGTERM or SIGHUP, and returns its name. The signals are caught from the moment of this call.
#[cfg(unix)]
pub(crate) fn interrupted() -> Result<impl Future<Output = &'static str>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let catch = |kind| signal(kind).map_err(|error| Failure::io("cannot catch signals", &error));
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut terminate = catch(SignalKind::terminate())?;
    let mut hangup = match ignores_hangup() {
        true => None,
        false => Some(catch(SignalKind::hangup())?),
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

/// Whether SIGHUP is ignored, as under `nohup`, and must stay ignored. Outside Linux this is unknown and assumed, so SIGHUP keeps
/// its setting.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit stands for signal 1, SIGHUP.
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_none_or(|bits| bits & 1 == 1)
}

/// Completes on Ctrl-C. It is caught from the moment of this call.
#[cfg(windows)]
pub(crate) fn interrupted() -> Result<impl Future<Output = &'static str>, Failure> {
    let interrupt = tokio::signal::windows::ctrl_c();
    let mut interrupt = interrupt.map_err(|error| Failure::io("cannot catch signals", &error))?;
    Ok(async move {
        interrupt.recv().await;
        CTRL_C
    })
}
