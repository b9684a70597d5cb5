//! Worker processes: this program, started again with other arguments.

use std::error::Error;
use std::process::{Child, Command};

use nxcloud_client::{Credentials, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET};

/// Starts this program as a worker.
pub(super) fn start(arguments: &[&str]) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("worker").args(arguments).spawn()
}

/// The account of the sandbox.
pub(super) fn session(url: &str) -> Result<Session, Box<dyn Error>> {
    let credentials = Credentials::default().with_nxcloud(ACCESS_KEY, ACCESS_SECRET)?;
    let session = Session::builder().credentials(credentials).base_url(url);
    Ok(session.allow_plain_http(true).build()?)
}
