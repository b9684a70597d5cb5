//! A push as it came.

use std::fmt;
use std::net::IpAddr;

/// An HTTP request with a push, as received.
///
/// `Debug` shows neither headers nor URL nor body.
#[derive(Clone)]
pub struct Incoming<'a> {
    pub(super) headers: Vec<(&'a str, &'a [u8])>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) peer: Option<IpAddr>,
    pub(super) body: &'a [u8],
}

impl<'a> Incoming<'a> {
    /// A request with this body, byte for byte as it came.
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

    /// All headers: a `&http::HeaderMap`, or pairs of name and value, with a header that came twice in it twice.
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

    /// Path and query of the URL, not decoded.
    #[must_use]
    pub const fn url(mut self, path: &'a str, query: Option<&'a str>) -> Self {
        self.path = path;
        self.query = query;
        self
    }

    /// The address of the other end of the connection. Only an [`AllowList`](crate::AllowList) asks for it.
    #[must_use]
    pub const fn peer(mut self, address: IpAddr) -> Self {
        self.peer = Some(address);
        self
    }

    pub(super) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let headers = self.headers.iter();
        headers
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
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
