//! The headers of a request that is kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

use super::secret::{MASK, is_secret};

/// Headers in one piece of memory, in the form of an HTTP head: `name: value`, CR, LF, names in lower case. No value can
/// hold a line end.
///
/// Credentials are masked from the start, so that nothing that shows or stores headers can show them.
///
/// A map would take ten times the room, and hold on to the buffers of the connection.
#[derive(Clone, Default)]
pub(crate) struct Headers(Box<[u8]>);

impl Headers {
    /// All headers, those of one name beside each other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let colon = memmem::find(rest, b": ")?;
            let (name, value) = (rest.get(..colon)?, rest.get(colon + 2..)?);
            let end = memmem::find(value, b"\r\n")?;
            rest = value.get(end + 2..)?;
            Some((std::str::from_utf8(name).ok()?, value.get(..end)?))
        })
    }

    /// The first value of a name in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The headers as they were received, but for the credentials.
    pub(crate) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in self.iter() {
            // Both came out of a map.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                map.append(name, value);
            }
        }
        map
    }

    /// The head that [`as_bytes`](Self::as_bytes) gave.
    pub(super) fn from_bytes(head: Vec<u8>) -> Self {
        Self(head.into_boxed_slice())
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes they take.
    pub(crate) const fn size(&self) -> usize {
        self.0.len()
    }
}

impl From<&HeaderMap> for Headers {
    fn from(headers: &HeaderMap) -> Self {
        let sizes = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4);
        let mut head = Vec::with_capacity(sizes.sum());
        for (name, value) in headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            let secret = is_secret(name.as_str());
            head.extend_from_slice(if secret {
                MASK.as_bytes()
            } else {
                value.as_bytes()
            });
            head.extend_from_slice(b"\r\n");
        }
        Self(head.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_headers_of_a_map_come_out_as_they_were(
            headers in prop::collection::vec(
                ("[a-zA-Z][a-z0-9.!#-]{0,12}", prop::collection::vec(prop_oneof![Just(b'\t'), b' '..=b'~', 0x80..=0xFF_u8], 0..20)),
                0..8,
            ),
        ) {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.append(
                    HeaderName::try_from(name.as_str()).unwrap(),
                    HeaderValue::from_bytes(value).unwrap(),
                );
            }
            let kept = Headers::from(&map);
            let expected = map.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            prop_assert!(kept.iter().eq(expected));
            prop_assert_eq!(kept.to_map(), map.clone());
            for (name, _) in &headers {
                prop_assert_eq!(kept.get(name), map.get(name.as_str()).map(HeaderValue::as_bytes));
            }
            prop_assert_eq!(kept.get("not-there"), None);
        }
    }
}
