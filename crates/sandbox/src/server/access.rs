//! Access control. This is the only place that decides who may send requests.

use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, LOCATION, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use nxcloud_signing::{InvalidField, Secret};
use subtle::ConstantTimeEq;

use crate::platform::percent;
use crate::server::loopback;

/// Path of the page.
const PAGE: &str = "/__sandbox/";
/// The cookie that holds the token.
const NAME: &str = "nxcloud-sandbox-token";

/// Who may send requests.
pub(crate) struct Access {
    /// The token that requests below `/__sandbox` must send. Without a token, a request must name this machine in
    /// `Host`.
    token: Option<Token>,
    /// Whether the platform's paths accept requests whose `Host` is another machine.
    any_host: bool,
}

struct Token {
    secret: Secret,
    /// The token encoded for a cookie.
    cookie: Secret,
}

impl Token {
    fn new(secret: Secret) -> Result<Self, InvalidField> {
        let cookie = Secret::new(BASE64URL_NOPAD.encode(secret.expose().as_bytes()))?;
        Ok(Self { secret, cookie })
    }
}

impl Access {
    /// Accepts only requests whose `Host` is this machine. This keeps out web pages whose host name was made to
    /// resolve to the loopback address: they must neither read the history nor send anything.
    pub(crate) const fn this_machine() -> Self {
        Self {
            token: None,
            any_host: false,
        }
    }

    /// Like [`this_machine`](Self::this_machine), and additionally requires a random token below `/__sandbox`.
    pub(crate) fn random_token() -> Result<Self, getrandom::Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let token = Secret::new(HEXLOWER.encode(&random)).and_then(Token::new);
        // 64 hexadecimal digits are always a valid secret.
        Ok(Self {
            token: Some(token.map_err(|_| getrandom::Error::UNEXPECTED)?),
            any_host: false,
        })
    }

    /// Requires this token below `/__sandbox`. The platform's paths accept any `Host`.
    pub(crate) fn token(token: Secret) -> Result<Self, InvalidField> {
        Ok(Self {
            token: Some(Token::new(token)?),
            any_host: true,
        })
    }

    /// The required token.
    pub(crate) fn asked_for(&self) -> Option<&Secret> {
        self.token.as_ref().map(|token| &token.secret)
    }

    /// Path and query of the page. They include a random token, but never one that the user chose.
    pub(crate) fn page(&self) -> String {
        match &self.token {
            Some(token) if !self.any_host => format!("{PAGE}?token={}", token.secret.expose()),
            _ => PAGE.to_owned(),
        }
    }

    /// Whether a request to the platform must be refused because its `Host` is another machine.
    pub(crate) fn is_foreign(&self, headers: &HeaderMap) -> bool {
        !self.any_host && !is_local(headers)
    }

    /// The reply to a request below `/__sandbox` that is not let through; `None` if it may pass.
    pub(crate) fn stop(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let Some(Token { secret, cookie }) = &self.token else {
            let foreign = !is_local(headers);
            return foreign.then(|| StatusCode::FORBIDDEN.into_response());
        };
        if *method == Method::GET && matches!(uri.path(), PAGE | "/__sandbox") {
            let query = uri.query().unwrap_or_default();
            let mut query = percent::lenient(query);
            if let Some((_, sent)) = query.find(|(name, _)| name == "token") {
                let right = same(sent.as_bytes(), secret);
                return Some(if right { let_in(cookie) } else { refuse() });
            }
        }
        let by_header = bearer(headers).is_some_and(|sent| same(sent, secret));
        let by_cookie = || cookies(headers).any(|sent| same(sent, cookie));
        (!by_header && !by_cookie()).then(refuse)
    }
}

/// Compares in a time that depends only on the lengths.
fn same(sent: &[u8], secret: &Secret) -> bool {
    sent.ct_eq(secret.expose().as_bytes()).into()
}

/// Stores the token in a cookie and redirects to the page's address without the token.
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
    (
        StatusCode::UNAUTHORIZED,
        headers,
        "token required: see the README of nxcloud-sandbox\n",
    )
        .into_response()
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let sent = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = sent.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// The values of the cookie. A browser may send several.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let pairs = headers.get_all(COOKIE).into_iter();
    pairs
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(NAME.as_bytes())?;
            value.strip_prefix(b"=")
        })
}

/// Whether `Host` is this machine. An HTTP/1.0 request may have no `Host`.
fn is_local(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).into_iter();
    hosts.all(|host| host.to_str().is_ok_and(loopback::is_named_by))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TOKEN: &str = "sésame; ouvre-toi+";
    const WITH_TOKEN: &str = "/__sandbox/?token=s%C3%A9same%3B+ouvre-toi%2B";

    fn access() -> Access {
        Access::token(Secret::new(TOKEN).unwrap()).unwrap()
    }

    fn stop(
        access: &Access,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Option<Response> {
        access.stop(&method, &uri.parse().unwrap(), &map(headers))
    }

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let headers = headers.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        map
    }

    fn status(access: &Access, uri: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        stop(access, Method::GET, uri, headers).map(|response| response.status())
    }

    #[test]
    fn without_a_token_only_this_machine_has_access() {
        let access = Access::this_machine();
        let uri = "/__sandbox/requests";
        for (hosts, local) in [
            (&["127.0.0.1:80"][..], true),
            (&["LocalHost"], true),
            (&["[::1]:80"], true),
            (&[], true),
            (&["evil.example"], false),
            (&["0.0.0.0:80"], false),
            (&[""], false),
            (&["localhost", "evil.example"], false),
            (&["evil.example", "localhost"], false),
        ] {
            let headers = hosts.iter().map(|host| ("host", *host)).collect::<Vec<_>>();
            let expected = (!local).then_some(StatusCode::FORBIDDEN);
            assert_eq!(status(&access, uri, &headers), expected, "{uri} {hosts:?}");
            let headers = map(&headers);
            assert_eq!(access.is_foreign(&headers), !local);
            let random = Access::random_token().unwrap();
            assert_eq!(random.is_foreign(&headers), !local);
            assert!(!self::access().is_foreign(&headers));
        }
    }

    #[test]
    fn a_random_token_is_long_and_unique() {
        let token = || {
            let access = Access::random_token().unwrap();
            access.asked_for().unwrap().expose().to_owned()
        };
        let (first, second) = (token(), token());
        assert!(first.len() == 64 && second.len() == 64 && first != second);
    }

    #[test]
    fn a_token_is_accepted_by_header_or_cookie_from_any_host() {
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
            let actual = status(&access, "/__sandbox/requests", headers);
            assert_eq!(actual, Some(StatusCode::UNAUTHORIZED), "{headers:?}");
        }
    }

    #[test]
    fn the_page_removes_the_token_from_its_address() {
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
