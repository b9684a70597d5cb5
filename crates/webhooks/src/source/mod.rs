//! Checks of the source of a push, for pushes without a signature.

mod allow;
mod query;
mod secret;

use std::fmt;

pub use allow::{AllowList, InvalidIpRange, IpRange};
pub(crate) use query::check_query;
pub use secret::UrlSecret;

/// Why the source of a push was refused. This error is for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceError {
    /// The secret in the URL is missing, wrong, or present more than once.
    UrlSecret,
    /// The query contains a second `?`. The platform appended its fields to a URL that already had a query. Use a URL without a query,
    /// with the secret in the path ([`UrlSecret::last_segment`]).
    SecondQuery,
    /// The sender's address is not on the allow-list.
    NotAllowed,
    /// The address of the connection's peer is unknown. With axum, serve with `into_make_service_with_connect_info::<SocketAddr>()`; with
    /// another server, pass it to [`Incoming::peer`](crate::Incoming::peer).
    PeerUnknown,
    /// The `X-Forwarded-For` header of a trusted proxy contains something other than addresses, or only addresses of proxies.
    ForwardedFor,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrlSecret => "the secret in the URL is missing or wrong",
            Self::SecondQuery => {
                "the query contains a second `?`; give the platform a URL without a query, with the secret in its path"
            }
            Self::NotAllowed => "the sender's address is not on the allow-list",
            Self::PeerUnknown => {
                "the address of the connection's peer is unknown; the server must pass it on"
            }
            Self::ForwardedFor => {
                "X-Forwarded-For of a trusted proxy names no sender; check the proxy's settings"
            }
        })
    }
}

impl std::error::Error for SourceError {}
