//! What runs on this machine: the sandbox, pushes from it, and an end for them.

pub(crate) mod listen;
pub(crate) mod sandbox;
pub(crate) mod trigger;

use std::error::Error;

use crate::failure::Failure;

/// Completes on Ctrl-C or a request to terminate. The signals are caught from now on.
#[cfg(unix)]
fn interrupted() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = |kind| signal(kind).map_err(|error| Failure::io("signals", &error));
    let mut interrupt = caught(SignalKind::interrupt())?;
    let mut terminate = caught(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes on Ctrl-C, which is caught from now on.
#[cfg(windows)]
fn interrupted() -> Result<impl Future<Output = ()>, Failure> {
    let caught = tokio::signal::windows::ctrl_c();
    let mut interrupt = caught.map_err(|error| Failure::io("signals", &error))?;
    Ok(async move {
        interrupt.recv().await;
    })
}

/// An error with its causes, in one line.
fn in_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line.push_str(&format!(": {source}"));
        cause = source.source();
    }
    line
}
