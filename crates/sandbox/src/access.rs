//! Who may ask below `/__sandbox/`. This is the only place that decides on it.

use std::net::IpAddr;

use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, LOCATION, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use nxcloud_signing::Secret;
use subtle::ConstantTimeEq;

/// Where the page is.
const PAGE: &str = "/__sandbox/";
/// The cookie that holds the token.
const NAME: &str = "nxcloud-sandbox-token";

/// Who may ask.
pub(crate) enum Access {
    /// Requests that name this machine. A page of another site that has its name resolved to the loopback address does
    /// not, and must not read what was received.
    ThisMachine,
    /// Requests that know the token, whatever host they name.
    Token {
        token: Secret,
        /// The token in letters that a cookie can hold.
        cookie: Secret,
    },
}

impl Access {
    pub(crate) fn new(token: Option<Secret>) -> Self {
        let encoded = |token: &Secret| BASE64URL_NOPAD.encode(token.expose().as_bytes());
        match token.map(|token| (Secret::new(encoded(&token)), token)) {
            Some((Ok(cookie), token)) => Self::Token { token, cookie },
            // A secret is never empty, so neither is its encoding.
            Some((Err(_), _)) | None => Self::ThisMachine,
        }
    }

    /// The answer to a request that gets no further; `None` for one that may pass.
    pub(crate) fn stop(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let (token, cookie) = match self {
            Self::ThisMachine if is_local(headers) => return None,
            Self::ThisMachine => return Some(StatusCode::FORBIDDEN.into_response()),
            Self::Token { token, cookie } => (token, cookie),
        };
        if *method == Method::GET && matches!(uri.path(), PAGE | "/__sandbox") {
            let query = uri.query().unwrap_or_default();
            let mut query = form_urlencoded::parse(query.as_bytes());
            if let Some((_, sent)) = query.find(|(name, _)| name == "token") {
                let right = same(sent.as_bytes(), token);
                return Some(if right { let_in(cookie) } else { refuse() });
            }
        }
        let by_header = bearer(headers).is_some_and(|sent| same(sent, token));
        let by_cookie = || cookies(headers).any(|sent| same(sent, cookie));
        (!by_header && !by_cookie()).then(refuse)
    }
}

/// Compares in a time that depends on the lengths only.
fn same(sent: &[u8], secret: &Secret) -> bool {
    sent.ct_eq(secret.expose().as_bytes()).into()
}

/// Keeps the token in a cookie and leads to the page by an address without it.
fn let_in(cookie: &Secret) -> Response {
    let cookie = format!(
        "{NAME}={}; HttpOnly; SameSite=Strict; Path=/__sandbox",
        cookie.expose()
    );
    let headers = [
        (LOCATION, PAGE),
        (SET_COOKIE, &cookie),
        (CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn refuse() -> Response {
    let headers = [(WWW_AUTHENTICATE, "Bearer"), (CACHE_CONTROL, "no-store")];
    (StatusCode::UNAUTHORIZED, headers, "token needed\n").into_response()
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let sent = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = sent.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// The values of the cookie; a browser may send several.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let pairs = headers.get_all(COOKIE).into_iter();
    pairs
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(NAME.as_bytes())?;
            value.strip_prefix(b"=")
        })
}

/// Whether a request names this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        return true;
    };
    let host = host.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = address.unwrap_or(name).parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TOKEN: &str = "sésame; ouvre-toi+";
    const WITH_TOKEN: &str = "/__sandbox/?token=s%C3%A9same%3B+ouvre-toi%2B";

    fn access() -> Access {
        Access::new(Some(Secret::new(TOKEN).unwrap()))
    }

    fn stop(
        access: &Access,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Option<Response> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        access.stop(&method, &uri.parse().unwrap(), &map)
    }

    fn status(access: &Access, uri: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        stop(access, Method::GET, uri, headers).map(|response| response.status())
    }

    #[test]
    fn without_a_token_only_this_machine_is_let_in() {
        for (host, local) in [
            ("127.0.0.1:80", true),
            ("127.0.0.2:80", true),
            ("localhost", true),
            ("localhost:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("evil.example", false),
            ("localhost.evil.example:80", false),
            ("127.0.0.1.evil.example", false),
            ("192.168.0.1:80", false),
            ("0.0.0.0:80", false),
            ("", false),
        ] {
            let expected = (!local).then_some(StatusCode::FORBIDDEN);
            let found = status(
                &Access::ThisMachine,
                "/__sandbox/requests",
                &[("host", host)],
            );
            assert_eq!(found, expected, "{host}");
        }
        assert_eq!(
            status(&Access::ThisMachine, "/__sandbox/requests", &[]),
            None
        );
    }

    #[test]
    fn a_token_comes_by_header_or_cookie_from_any_host() {
        let access = access();
        let bearer = format!("bearer {TOKEN}");
        let cookie = BASE64URL_NOPAD.encode(TOKEN.as_bytes());
        let cookies = format!("a=b; {NAME}=old; {NAME}={cookie};c=d");
        for headers in [
            &[("host", "evil.example"), ("authorization", bearer.as_str())][..],
            &[("cookie", cookies.as_str())],
            &[("authorization", "Bearer wrong"), ("cookie", &cookies)],
        ] {
            assert_eq!(status(&access, "/__sandbox/requests", headers), None);
            assert_eq!(status(&access, "/__sandbox/", headers), None);
        }
        for headers in [
            &[][..],
            &[("host", "localhost")],
            &[("authorization", TOKEN)],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer s")],
            &[("authorization", &bearer[..bearer.len() - 1])],
            &[("cookie", TOKEN)],
            &[("cookie", &format!("{NAME}={TOKEN}"))],
            &[("cookie", &format!("x{NAME}={cookie}"))],
            &[("cookie", &format!("{NAME}={cookie}x"))],
        ] {
            let found = status(&access, "/__sandbox/requests", headers);
            assert_eq!(found, Some(StatusCode::UNAUTHORIZED), "{headers:?}");
        }
    }

    #[test]
    fn the_page_takes_the_token_out_of_its_address() {
        let access = access();
        let response = stop(&access, Method::GET, WITH_TOKEN, &[]).unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header(LOCATION), PAGE);
        let (pair, attributes) = header(SET_COOKIE).split_once("; ").unwrap();
        assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/__sandbox");
        assert_eq!(status(&access, PAGE, &[("cookie", pair)]), None);
        let refused = Some(StatusCode::UNAUTHORIZED);
        for uri in [
            "/__sandbox/?token=wrong",
            "/__sandbox/?token=",
            "/__sandbox/requests?token=s%C3%A9same%3B+ouvre-toi%2B",
        ] {
            assert_eq!(status(&access, uri, &[]), refused, "{uri}");
        }
        let posted = stop(&access, Method::POST, WITH_TOKEN, &[]).unwrap();
        assert_eq!(posted.status(), StatusCode::UNAUTHORIZED);
    }
}
