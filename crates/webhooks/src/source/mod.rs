//! What can stand in for a signature.

mod allow;
mod query;
mod secret;

use std::fmt;

pub use allow::{AllowList, IpRange, NotARange};
pub(crate) use query::check_query;
pub use secret::UrlSecret;

/// Why the source of a push was refused. For the operator's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceError {
    /// The URL lacks the secret, has another one, or has it more than once.
    UrlSecret,
    /// The query holds a second `?`: the platform added its fields to a URL that had a query already. Give it a URL without a query,
    /// with the secret in the path ([`UrlSecret::last_segment`]).
    SecondQuery,
    /// The address of the sender is not on the allow-list.
    NotAllowed,
    /// The address of the other end of the connection is not known: with axum, serve with
    /// `into_make_service_with_connect_info::<SocketAddr>()`; with others, pass it along.
    PeerUnknown,
    /// A trusted proxy sent an `X-Forwarded-For` that holds something else than addresses, or none but proxies.
    ForwardedFor,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrlSecret => "the secret in the URL is missing or wrong",
            Self::SecondQuery => {
                "the query holds a second `?`; give the platform a URL without a query, with the secret in its path"
            }
            Self::NotAllowed => "the sender's address is not on the allow-list",
            Self::PeerUnknown => "the address of the other end is not known",
            Self::ForwardedFor => "X-Forwarded-For of a trusted proxy names no sender",
        })
    }
}

impl std::error::Error for SourceError {}
