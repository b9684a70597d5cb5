//! The end that somebody asks for.

use crate::failure::Failure;

/// Completes on Ctrl-C or a request to terminate. The signals are caught from now on.
#[cfg(unix)]
pub(crate) fn interrupted() -> Result<impl Future<Output = ()>, Failure> {
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
pub(crate) fn interrupted() -> Result<impl Future<Output = ()>, Failure> {
    let caught = tokio::signal::windows::ctrl_c();
    let mut interrupt = caught.map_err(|error| Failure::io("signals", &error))?;
    Ok(async move {
        interrupt.recv().await;
    })
}
