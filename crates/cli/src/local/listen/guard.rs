//! Who may push here. `listen` hands requests on to an endpoint under development, which a page in the user's browser must not reach
//! through it, under whatever name.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName};

use crate::http::is_loopback;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is refused, and what to do. `hosts` are names beside those of this machine.
pub(super) fn refusal(headers: &HeaderMap, hosts: &[Authority]) -> Option<String> {
    if is_foreign(headers) {
        return Some("it comes from a web page, which the platform's pushes do not".to_owned());
    }
    let mut sent = headers.get_all(HOST).iter();
    let (first, more) = (sent.next(), sent.next());
    // Programs may leave it out; a browser does not.
    let first = first?.to_str().unwrap_or_default();
    let host = first.parse::<Authority>().ok();
    let host = host.filter(|host| more.is_none() && !host.as_str().contains('@'));
    let Some(host) = host else {
        return Some("its Host is malformed".to_owned());
    };
    let host = host.host();
    let mut known = hosts.iter().map(Authority::host);
    let known = is_loopback(host) || known.any(|known| known.eq_ignore_ascii_case(host));
    (!known).then(|| format!("it asks for the host {host}; allow that with --host {host}"))
}

/// Whether a request was sent by a web page of another origin. Programs send neither header.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE);
    if site.is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none")) {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let own = headers
        .get(HOST)
        .map(|host| [b"http://", host.as_bytes()].concat());
    own.is_none_or(|own| !origin.as_bytes().eq_ignore_ascii_case(&own))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn refused(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        refusal(&headers, &[Authority::from_static("Tunnel.example:80")]).is_some()
    }

    #[test]
    fn only_names_of_this_machine_and_allowed_ones_are_accepted() {
        for host in [
            "127.0.0.1:4011",
            "localhost",
            "LocalHost:4011",
            "[::1]:4011",
            "tunnel.example",
            "TUNNEL.example:443",
        ] {
            assert!(!refused(&[("host", host)]), "{host}");
        }
        assert!(!refused(&[]));
        for host in [
            "evil.example",
            "evil.example:4011",
            "localhost.evil.example",
            "tunnel.example.evil.example",
            "0.0.0.0:4011",
            "192.168.0.1",
            "evil.example@127.0.0.1",
            "127.0.0.1:4011, evil.example",
            "",
        ] {
            assert!(refused(&[("host", host)]), "{host}");
        }
        assert!(refused(&[("host", "localhost"), ("host", "evil.example")]));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let host = ("host", "LocalHost:4011");
        for fine in [
            ("origin", "http://localhost:4011"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(!refused(&[host, fine]), "{fine:?}");
        }
        for foreign in [
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:3000"),
            ("origin", "https://localhost:4011"),
            ("origin", "null"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(refused(&[host, foreign]), "{foreign:?}");
        }
        assert!(refused(&[("origin", "http://localhost:4011")]));
    }
}
