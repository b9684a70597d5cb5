//! Checks of a request's head that HTTP/1.1 requires and hyper does not make.

use std::net::Ipv6Addr;

use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, ORIGIN,
    TRANSFER_ENCODING,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};

use super::control::ConnectionControl;
use super::refused::Refused;

/// The reason to refuse a head, with its status.
type Bad = (StatusCode, &'static str);

const fn bad(reason: &'static str) -> Bad {
    (StatusCode::BAD_REQUEST, reason)
}

/// Checks a head and sets `Host` to the host of the request. If the target is a whole URL, its host counts (RFC 9112,
/// 3.2.2).
pub(super) fn check<B>(request: &mut Request<B>, control: &ConnectionControl) -> Result<(), Bad> {
    let headers = request.headers();
    for (name, reason) in [
        (HOST, "Host appears more than once"),
        (CONTENT_TYPE, "Content-Type appears more than once"),
        (AUTHORIZATION, "Authorization appears more than once"),
        (ORIGIN, "Origin appears more than once"),
    ] {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(bad(reason));
        }
    }
    check_length(headers, control)?;
    check_host(request.version(), headers)?;
    if let Some(host) = target_host(request.uri())? {
        request.headers_mut().insert(HOST, host);
    }
    Ok(())
}

/// hyper removes `Content-Length` from the headers if `Transfer-Encoding` is present too.
fn check_length(headers: &HeaderMap, control: &ConnectionControl) -> Result<(), Bad> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    if headers.contains_key(CONTENT_LENGTH)
        || control.with_head(|head| names(head, &CONTENT_LENGTH))
    {
        return Err(bad("both Content-Length and Transfer-Encoding"));
    }
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !is_chunked || codings.next().is_some() {
        let reason = "a Transfer-Encoding other than chunked";
        return Err((StatusCode::NOT_IMPLEMENTED, reason));
    }
    Ok(())
}

/// Whether a head contains a header of this name.
fn names(head: &[u8], name: &HeaderName) -> bool {
    let lines = head.trim_ascii_start().split(|byte| *byte == b'\n').skip(1);
    let mut lines = lines.take_while(|line| !line.trim_ascii().is_empty());
    lines.any(|line| {
        let header = line.split(|byte| *byte == b':').next();
        header.is_some_and(|header| header.eq_ignore_ascii_case(name.as_str().as_bytes()))
    })
}

fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Bad> {
    match headers.get(HOST) {
        // HTTP/1.0 does not require one.
        None if version < Version::HTTP_11 => Ok(()),
        None => Err(bad("HTTP/1.1 without a Host header")),
        Some(host) if host.to_str().is_ok_and(is_host) => Ok(()),
        Some(_) => Err(bad("Host is not HOST or HOST:PORT")),
    }
}

/// The host of a target that is a whole URL.
fn target_host(uri: &Uri) -> Result<Option<HeaderValue>, Bad> {
    let Some(authority) = uri.authority().filter(|_| uri.scheme().is_some()) else {
        return Ok(None);
    };
    let host = HeaderValue::from_str(authority.as_str()).ok();
    let host = host.filter(|_| is_host(authority.as_str()));
    host.map(Some)
        .ok_or(bad("the host of the URL is not HOST or HOST:PORT"))
}

/// Whether the text is a host with or without a port. The host may be empty, as in a URL without one.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return text.is_empty();
    };
    let host = authority.host();
    let port = text.strip_prefix(host).and_then(|rest| match rest {
        "" => Some(""),
        rest => rest.strip_prefix(':'),
    });
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && (port.is_empty() || port.parse::<u16>().is_ok())
    };
    let is_v6 = |literal: &str| {
        let inner = literal.strip_suffix(']');
        inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
    };
    port.is_some_and(is_port) && host.strip_prefix('[').is_none_or(is_v6)
}

/// The reply to a refused head.
pub(super) fn refuse((status, kind): Bad) -> Response {
    let mut response = (status, [(CONNECTION, "close")], format!("{kind}\n")).into_response();
    let reason = kind.to_owned();
    response.extensions_mut().insert(Refused { kind, reason });
    response
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::sync::watch;

    use super::*;

    /// The result of a check: the host of the request, or the reason to refuse it.
    fn checked(head: &str) -> Result<String, StatusCode> {
        let (first, lines) = head.split_once('\n').unwrap();
        let mut first = first.split(' ');
        let mut request = Request::builder().method(first.next().unwrap());
        request = request.uri(first.next().unwrap());
        if first.next() == Some("HTTP/1.0") {
            request = request.version(Version::HTTP_10);
        }
        for line in lines.lines() {
            let (name, value) = line.split_once(':').unwrap();
            request = request.header(name, value.trim());
        }
        let mut request = request.body(()).unwrap();
        // hyper removes it.
        if request.headers().contains_key(TRANSFER_ENCODING) {
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let control = ConnectionControl::new(peer, watch::channel(false).1);
        control.received(head.as_bytes());
        let host = |request: Request<()>| match request.headers().get(HOST) {
            Some(host) => host.to_str().unwrap().to_owned(),
            None => "none".to_owned(),
        };
        match check(&mut request, &control) {
            Ok(()) => Ok(host(request)),
            Err((status, _)) => Err(status),
        }
    }

    #[test]
    fn exactly_one_valid_host_is_required() {
        let one_line = |host: &str| format!("GET / HTTP/1.1\nhost:{host}\n");
        for host in [
            "localhost",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8080",
            "test.example:",
            "",
        ] {
            assert_eq!(checked(&one_line(host)).unwrap(), host, "{host}");
        }
        for host in [
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "me@localhost",
            "localhost@evil.example",
            "localhost:80:80",
            "localhost:x",
            "localhost:+80",
            "localhost:65536",
            "[::1",
            "::1",
            "[localhost]",
            "[::1]x",
            "http://localhost",
            "localhost, localhost",
        ] {
            assert_eq!(
                checked(&one_line(host)),
                Err(StatusCode::BAD_REQUEST),
                "{host}"
            );
        }
        for head in [
            "GET / HTTP/1.1\n",
            "GET http://localhost/ HTTP/1.1\n",
            "GET / HTTP/1.1\nhost: localhost\nhost: localhost\n",
            "GET / HTTP/1.0\nhost: localhost\nhost: evil.example\n",
            "GET / HTTP/1.0\nhost: a b\n",
        ] {
            assert_eq!(checked(head), Err(StatusCode::BAD_REQUEST), "{head}");
        }
        assert_eq!(checked("GET / HTTP/1.0\n").unwrap(), "none");
    }

    #[test]
    fn the_host_of_a_whole_url_counts() {
        for (target, host) in [
            ("http://localhost:80/x", Ok("localhost:80")),
            ("http://evil.example/x", Ok("evil.example")),
            ("http://me@localhost/x", Err(StatusCode::BAD_REQUEST)),
            ("/x", Ok("127.0.0.1")),
        ] {
            let actual = checked(&format!("GET {target} HTTP/1.1\nhost: 127.0.0.1\n"));
            assert_eq!(actual, host.map(str::to_owned), "{target}");
        }
    }

    #[test]
    fn single_value_headers_must_not_repeat() {
        for lines in [
            "content-type: text/plain\ncontent-type: application/json",
            "content-type: text/plain\nContent-Type: text/plain",
            "authorization: Bearer a\nauthorization: Bearer b",
            "origin: http://a\norigin: http://b",
            "content-length: 1\ntransfer-encoding: chunked",
            "Transfer-Encoding: chunked\nCONTENT-LENGTH: 1",
        ] {
            let head = format!("POST / HTTP/1.1\nhost: x\n{lines}\n");
            assert_eq!(checked(&head), Err(StatusCode::BAD_REQUEST), "{lines}");
        }
        for lines in [
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked\ntransfer-encoding: chunked",
        ] {
            let head = format!("POST / HTTP/1.1\nhost: x\n{lines}\n");
            assert_eq!(checked(&head), Err(StatusCode::NOT_IMPLEMENTED), "{lines}");
        }
        let several = "accept: a\naccept: b\ncookie: a=b\ncookie: c=d\ntransfer-encoding: Chunked";
        assert!(checked(&format!("POST / HTTP/1.1\nhost: x\n{several}\n")).is_ok());
    }
}
