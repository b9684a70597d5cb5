//! The client session that sends to a sandbox.

use nxcloud_client::{Credentials, Session, SessionBuilder};
use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::{Secret, Signer};

use super::error::Error;
use super::sandbox::Sandbox;

impl Sandbox {
    /// A session whose base URL is this sandbox. It uses the built-in accounts, otherwise the first ones that were
    /// added: `sms::Client::new(&sandbox.session())`.
    ///
    /// All other settings are the client's defaults. To change them, use [`session_builder`](Self::session_builder).
    #[must_use]
    pub fn session(&self) -> Session {
        self.session.clone()
    }

    /// The builder of [`session`](Self::session), to change other settings: a rate limit, time-outs, a name.
    pub fn session_builder(&self) -> SessionBuilder {
        builder(&self.url, self.session.credentials().clone())
    }
}

/// The first account of each scheme.
pub(super) fn credentials(
    nxcloud: Option<&Signer>,
    antbuddy: Option<&(AppId, Secret)>,
) -> Result<Credentials, Error> {
    let mut credentials = Credentials::default();
    if let Some(signer) = nxcloud {
        let (key, secret) = (signer.access_key().as_str(), signer.secret().expose());
        credentials = credentials.with_nxcloud(key, secret)?;
    }
    if let Some((app_id, secret)) = antbuddy {
        credentials = credentials.with_antbuddy(app_id.as_str(), secret.expose())?;
    }
    Ok(credentials)
}

/// A session that sends to this address.
pub(super) fn session(url: &str, credentials: Credentials) -> Result<Session, Error> {
    Ok(builder(url, credentials).build()?)
}

/// The sandbox does not support TLS on any address.
fn builder(url: &str, credentials: Credentials) -> SessionBuilder {
    let session = Session::builder().credentials(credentials).base_url(url);
    session.allow_plain_http(true)
}

impl From<nxcloud_client::Error> for Error {
    fn from(source: nxcloud_client::Error) -> Self {
        Self::Client(source)
    }
}
