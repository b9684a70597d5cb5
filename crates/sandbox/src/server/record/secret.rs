//! The headers and parameters that contain a credential that is the same in every request. This is the only place
//! that lists them.

use axum::http::{HeaderMap, HeaderValue};
use bytes::BytesMut;

use super::Headers;
use crate::platform::percent;

/// Replaces a credential.
pub const MASK: &str = "***";

/// `hash` is `AntBuddy`'s: it covers no time, so it can be replayed for ever. A signature is not in the list, because
/// it is valid for one time and one body only.
const ENDINGS: [&str; 13] = [
    "apikey",
    "auth",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "hash",
    "jwt",
    "passwd",
    "password",
    "secret",
    "sessionid",
    "token",
];

/// Whether a name, in any case and with any separators, is that of a credential.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let letters = name.bytes().rev();
    let letters = letters.filter(|byte| !matches!(byte, b'-' | b'_' | b'.'));
    let Some(last) = letters.clone().next() else {
        return false;
    };
    let mut endings = ENDINGS.iter();
    endings.any(|ending| {
        // Most names end here.
        if !ending
            .as_bytes()
            .last()
            .is_some_and(|end| end.eq_ignore_ascii_case(&last))
        {
            return false;
        }
        let mut letters = letters.clone();
        let mut ending = ending.bytes().rev();
        ending.all(|end| {
            letters
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(&end))
        })
    })
}

/// Headers with masked credentials. Values are copied into one buffer, so that they do not keep the connection's
/// buffer alive.
pub(crate) fn mask_headers(headers: &HeaderMap) -> Headers {
    let mut buffer = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
    let masked = headers.iter().map(|(name, value)| {
        let mask = HeaderValue::from_static(MASK);
        let kept = if is_secret(name.as_str()) {
            mask
        } else {
            buffer.extend_from_slice(value.as_bytes());
            HeaderValue::from_maybe_shared(buffer.split().freeze()).unwrap_or(mask)
        };
        (name.clone(), kept)
    });
    masked.collect()
}

/// A query with masked credentials. All other bytes stay the same.
#[must_use]
pub fn mask_query(query: &str) -> String {
    let pairs = query.split('&').map(|pair| {
        let decoded = percent::lenient(pair).next();
        let secret = decoded.is_some_and(|(name, _)| is_secret(name.trim()));
        match pair.split_once('=') {
            Some((name, _)) if secret => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_query_are_masked_in_any_spelling() {
        for (query, masked) in [
            ("appId=a&hash=0f&page=1", "appId=a&hash=***&page=1"),
            ("h%61sh=0f", "h%61sh=***"),
            ("HASH=0f&Hash=0e", "HASH=***&Hash=***"),
            (
                "+hash=0f==&x-auth-app-hash=%20",
                "+hash=***&x-auth-app-hash=***",
            ),
            ("token=t&accessSecret=s", "token=***&accessSecret=***"),
            (
                "a=hash&hash&=&&hashes=1&%zz=%a",
                "a=hash&hash&=&&hashes=1&%zz=%a",
            ),
            ("", ""),
        ] {
            assert_eq!(mask_query(query), masked);
        }
    }

    #[test]
    fn credentials_in_headers_are_masked_and_the_order_is_kept() {
        let headers = |pairs: &[(&'static str, &'static [u8])]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let value = HeaderValue::from_bytes(value).unwrap();
                (axum::http::HeaderName::from_static(name), value)
            });
            pairs.collect::<HeaderMap>()
        };
        let sent = headers(&[
            ("a", b"1"),
            ("cookie", b"b=c"),
            ("a", b"\xFF\t"),
            ("cookie", b"d=e"),
        ]);
        let kept = headers(&[
            ("a", b"1"),
            ("cookie", b"***"),
            ("a", b"\xFF\t"),
            ("cookie", b"***"),
        ]);
        let masked = mask_headers(&sent).into_iter();
        assert_eq!(masked.collect::<HeaderMap>(), kept);
    }

    #[test]
    fn signatures_and_account_names_are_not_masked() {
        for name in [
            "x-auth-app-hash",
            "X-Auth-App-Hash",
            "authorization",
            "X-Forwarded-Authorization",
            "Proxy-Authorization",
            "cookie",
            "Set-Cookie",
            "app-secret",
            "x-api-key",
            "api_key",
            "access_token",
            "X-Amz-Security-Token",
            "JSESSIONID",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "sign",
            "accesskey",
            "x-auth-app-id",
            "ts",
            "host",
            "user-agent",
            "x-author",
            "key",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
