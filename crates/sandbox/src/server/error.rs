//! Errors at the start of a sandbox.

use std::net::IpAddr;
use std::{error, fmt, io};

use nxcloud_signing::InvalidField;

use nxcloud_spec::SpecError;

use crate::{RecordError, SeedError};

/// A sandbox could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A spec of [`Builder::spec`](crate::Builder::spec) is not usable. For an embedded spec this is a bug of the
    /// crate.
    Spec(SpecError),
    /// The credentials of an account are not valid.
    Account(InvalidField),
    /// Listening on the port failed. Choose another port, or 0 for any free one.
    Listen {
        /// The requested port.
        port: u16,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Other machines can reach the address, and no token is set. Set one with
    /// [`Builder::token`](crate::Builder::token), or listen on a loopback address.
    TokenNeeded {
        /// The requested address.
        address: IpAddr,
    },
    /// Other machines can reach the address, and the token is too short to protect it.
    ShortToken {
        /// The requested address.
        address: IpAddr,
        /// The minimum number of characters of a token.
        min: usize,
    },
    /// The operating system returned no random numbers for a token. Set a token with
    /// [`Builder::token`](crate::Builder::token).
    Random(io::Error),
    /// The argument of [`Builder::allow_origin`](crate::Builder::allow_origin) is not an origin.
    Origin {
        /// The argument.
        origin: String,
    },
    /// There is no tokio runtime. Use [`Builder::start_blocking`](crate::Builder::start_blocking) instead.
    NoRuntime,
    /// The thread of the sandbox, or its runtime, cannot be created.
    Thread(io::Error),
    /// The session of [`Sandbox::session`](crate::Sandbox::session) cannot be created, for example without TLS
    /// certificates.
    #[cfg(feature = "client")]
    Client(nxcloud_client::Error),
    /// The seed does not have the format of a state.
    Seed(SeedError),
    /// The file cannot be used for recording.
    Record(RecordError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(_) => f.write_str("a spec is not usable"),
            Self::Account(_) => f.write_str("the credentials of an account are not valid"),
            Self::Listen { port, .. } => write!(f, "cannot listen on port {port}"),
            Self::TokenNeeded { address } => write!(
                f,
                "other machines can reach {address}: set a token (Builder::token) or listen on a loopback address"
            ),
            Self::ShortToken { address, min } => write!(
                f,
                "other machines can reach {address}: set a token of at least {min} characters"
            ),
            Self::Random(_) => {
                f.write_str("cannot create a random token: set one (Builder::token)")
            }
            Self::Origin { origin } => write!(
                f,
                "`{origin}` is not an origin: write scheme and host without a path, such as http://localhost:8081, or * for all pages"
            ),
            Self::NoRuntime => f.write_str(
                "there is no tokio runtime: start the sandbox within one, or with start_blocking",
            ),
            Self::Thread(_) => f.write_str("cannot create the thread of the sandbox"),
            #[cfg(feature = "client")]
            Self::Client(_) => f.write_str("cannot create the session of the sandbox"),
            Self::Seed(_) => f.write_str(
                "the seed does not have the format of a state: use one of Sandbox::state",
            ),
            Self::Record(_) => f.write_str("cannot record the requests"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Spec(source) => Some(source),
            Self::Account(source) => Some(source),
            Self::Listen { source, .. } | Self::Random(source) | Self::Thread(source) => {
                Some(source)
            }
            #[cfg(feature = "client")]
            Self::Client(source) => Some(source),
            Self::TokenNeeded { .. }
            | Self::ShortToken { .. }
            | Self::Origin { .. }
            | Self::NoRuntime => None,
            Self::Seed(source) => Some(source),
            Self::Record(source) => Some(source),
        }
    }
}

impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<SeedError> for Error {
    fn from(error: SeedError) -> Self {
        Self::Seed(error)
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Self {
        Self::Account(error)
    }
}
