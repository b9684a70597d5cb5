//! A received HTTP request.

use std::fmt;
use std::net::IpAddr;

/// A received HTTP request with a push.
///
/// `Debug` prints neither headers nor URL nor body.
#[derive(Clone)]
pub struct Incoming<'a> {
    pub(super) headers: Vec<(&'a str, &'a [u8])>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) peer: Option<IpAddr>,
    pub(super) body: &'a [u8],
}

impl<'a> Incoming<'a> {
    /// A request with a body. Pass the bytes exactly as received.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self {
            headers: Vec::new(),
            path: "/",
            query: None,
            peer: None,
            body,
        }
    }

    /// Adds all headers: a `&http::HeaderMap`, or pairs of name and value. Include duplicates.
    #[must_use]
    pub fn headers<N, V>(mut self, headers: impl IntoIterator<Item = (&'a N, &'a V)>) -> Self
    where
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let headers = headers.into_iter();
        self.headers
            .extend(headers.map(|(name, value)| (name.as_ref(), value.as_ref())));
        self
    }

    /// Sets path and query of the URL, percent-encoded as received.
    #[must_use]
    pub const fn url(mut self, path: &'a str, query: Option<&'a str>) -> Self {
        self.path = path;
        self.query = query;
        self
    }

    /// Sets the address of the connection's peer. Only an [`AllowList`](crate::AllowList) needs it.
    #[must_use]
    pub const fn peer(mut self, address: IpAddr) -> Self {
        self.peer = Some(address);
        self
    }

    pub(super) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let headers = self.headers.iter();
        headers
            .filter(move |(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
