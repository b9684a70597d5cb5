//! Worker processes: this program, started again with other arguments.

use std::error::Error;
use std::process::{Child, Command, ExitStatus};

use nxcloud_client::{Credentials, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET};

/// A worker process. It is killed when this is dropped.
pub(super) struct Worker(pub(super) Child);

impl Worker {
    pub(super) fn start(arguments: &[&str]) -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").args(arguments).spawn().map(Self)
    }

    /// Waits for its end.
    pub(super) async fn end(mut self) -> std::io::Result<ExitStatus> {
        tokio::task::spawn_blocking(move || self.0.wait()).await?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The account of the sandbox.
pub(super) fn session(url: &str) -> Result<Session, Box<dyn Error>> {
    let credentials = Credentials::default().with_nxcloud(ACCESS_KEY, ACCESS_SECRET)?;
    let session = Session::builder().credentials(credentials).base_url(url);
    Ok(session.allow_plain_http(true).build()?)
}
