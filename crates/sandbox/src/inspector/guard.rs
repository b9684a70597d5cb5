//! Protects the inspector from pages of other sites, and limits what the browser may do with a reply.
//! [`Access`](crate::server::access::Access) decides who may send requests at all.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::Shared;
use crate::server::connection::Refused;

/// The page may load only its own files and endpoints. Inline scripts and styles are not allowed.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Passes or refuses a request below `/__sandbox`, and adds the security headers to every reply.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let (method, headers) = (request.method(), request.headers());
    let stopped = shared.access.stop(method, request.uri(), headers);
    let refused = || refusal(method, headers).map(IntoResponse::into_response);
    let mut response = match stopped.or_else(refused) {
        Some(mut response) if !response.status().is_redirection() => {
            let kind = "access denied below /__sandbox/";
            let reason = format!("{kind}: HTTP {}", response.status().as_u16());
            response.extensions_mut().insert(Refused { kind, reason });
            response
        }
        Some(to_the_page) => to_the_page,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The reason to refuse a request, if any.
///
/// A page of another site can send requests here but cannot read the replies. So a request that changes something
/// must come from the inspector's own page or from a program. Before a browser sends `DELETE` or a JSON body to
/// another site, it sends a preflight request, which is never granted here.
fn refusal(method: &Method, headers: &HeaderMap) -> Option<StatusCode> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    if !is_same_site(headers) {
        return Some(StatusCode::FORBIDDEN);
    }
    let has_body = *method != Method::DELETE;
    (has_body && !is_json(headers)).then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// Whether a request does not come from a page of another site. Programs send neither of these headers.
fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    let fetched = text(HeaderName::from_static("sec-fetch-site"));
    if fetched.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    match (text(ORIGIN), text(HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            let origin = origin.strip_prefix("http://");
            origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let sent = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = sent.and_then(|sent| sent.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn changes_require_the_same_origin_and_json() {
        let json = ("content-type", "application/json; charset=utf-8");
        let host = ("host", "localhost:8080");
        let forbidden = Some(StatusCode::FORBIDDEN);
        let unsupported = Some(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        for (sent, expected) in [
            (vec![host, json], None),
            (vec![host, json, ("origin", "http://localhost:8080")], None),
            (vec![host, json, ("origin", "http://LocalHost:8080")], None),
            (vec![host, json, ("sec-fetch-site", "same-origin")], None),
            (
                vec![host, json, ("origin", "http://evil.example")],
                forbidden,
            ),
            (
                vec![host, json, ("origin", "http://localhost:9090")],
                forbidden,
            ),
            (
                vec![host, json, ("origin", "https://localhost:8080")],
                forbidden,
            ),
            (vec![host, json, ("origin", "null")], forbidden),
            (vec![json, ("origin", "http://localhost:8080")], forbidden),
            (
                vec![host, json, ("sec-fetch-site", "cross-site")],
                forbidden,
            ),
            (vec![host, json, ("sec-fetch-site", "same-site")], forbidden),
            (vec![host], unsupported),
            (vec![host, ("content-type", "text/plain")], unsupported),
            (
                vec![host, ("content-type", "application/x-www-form-urlencoded")],
                unsupported,
            ),
        ] {
            let sent = headers(&sent);
            for method in [Method::POST, Method::PUT] {
                assert_eq!(refusal(&method, &sent), expected, "{method} {sent:?}");
            }
            assert_eq!(refusal(&Method::GET, &sent), None);
            let unless_foreign = expected.filter(|status| *status == StatusCode::FORBIDDEN);
            assert_eq!(refusal(&Method::DELETE, &sent), unless_foreign, "{sent:?}");
        }
    }
}
