//! Decides which requests `listen` accepts. It forwards them to an endpoint under development, which a web page in the user's browser
//! must not reach this way, neither directly nor by a host name that resolves to this machine.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName};
use nxcloud_sandbox::names_this_machine;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Says why a request is refused and what to do. `allowed` are accepted host names other than those of this machine.
pub(super) fn refusal(headers: &HeaderMap, allowed: &[Authority]) -> Option<String> {
    if is_cross_origin(headers) {
        return Some("it comes from a web page; the platform's pushes do not".to_owned());
    }
    let mut values = headers.get_all(HOST).iter();
    let (first, second) = (values.next(), values.next());
    // Programs may omit the header; browsers always send it.
    let first = first?.to_str().unwrap_or_default();
    let host = first.parse::<Authority>().ok();
    let host = host.filter(|host| second.is_none() && !host.as_str().contains('@'));
    let Some(host) = host else {
        return Some("its Host header is malformed".to_owned());
    };
    let host = host.host();
    let mut allowed = allowed.iter().map(Authority::host);
    let is_allowed =
        names_this_machine(first) || allowed.any(|allowed| allowed.eq_ignore_ascii_case(host));
    (!is_allowed)
        .then(|| format!("its Host header names {host}; to accept it, start with --host {host}"))
}

/// Whether a web page of another origin sent the request. Programs send neither `Origin` nor `Sec-Fetch-Site`.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE);
    if site.is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none")) {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let same_origin = headers
        .get(HOST)
        .map(|host| [b"http://", host.as_bytes()].concat());
    same_origin.is_none_or(|same_origin| !origin.as_bytes().eq_ignore_ascii_case(&same_origin))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_refused(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        refusal(&headers, &[Authority::from_static("Tunnel.example:80")]).is_some()
    }

    #[test]
    fn only_this_machine_and_allowed_hosts_are_accepted() {
        for host in [
            "127.0.0.1:4011",
            "localhost",
            "LocalHost:4011",
            "[::1]:4011",
            "tunnel.example",
            "TUNNEL.example:443",
        ] {
            assert!(!is_refused(&[("host", host)]), "{host}");
        }
        assert!(!is_refused(&[]));
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
            assert!(is_refused(&[("host", host)]), "{host}");
        }
        assert!(is_refused(&[
            ("host", "localhost"),
            ("host", "evil.example")
        ]));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let host = ("host", "LocalHost:4011");
        for same_origin in [
            ("origin", "http://localhost:4011"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(!is_refused(&[host, same_origin]), "{same_origin:?}");
        }
        for cross_origin in [
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:3000"),
            ("origin", "https://localhost:4011"),
            ("origin", "null"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(is_refused(&[host, cross_origin]), "{cross_origin:?}");
        }
        assert!(is_refused(&[("origin", "http://localhost:4011")]));
    }
}
