//! CORS: pages of other origins that may call the platform from a browser.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use nxcloud_signing::header::lower;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::error::Error;

/// How long a browser may cache a preflight reply.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The headers of a request to the platform.
const HEADERS: [&str; 7] = [
    lower::ACCESS_KEY,
    lower::TS,
    lower::BIZ_TYPE,
    lower::ACTION,
    lower::SIGN,
    lower::APP_ID,
    lower::APP_HASH,
];

/// The CORS layer for these origins; `None` if there are none.
pub(super) fn layer(origins: &[String]) -> Result<Option<CorsLayer>, Error> {
    if origins.is_empty() {
        return Ok(None);
    }
    let headers = HEADERS.map(HeaderName::from_static).into_iter();
    let named = origins.iter().filter(|origin| *origin != "*");
    let named = named
        .map(|origin| parsed(origin))
        .collect::<Result<Vec<_>, _>>()?;
    let allowed = if named.len() < origins.len() {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(named)
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(headers.chain([CONTENT_TYPE]).collect::<Vec<_>>())
        .max_age(MAX_AGE);
    Ok(Some(layer))
}

/// An origin as browsers write it: in lower case, without the default port.
fn parsed(text: &str) -> Result<HeaderValue, Error> {
    let read = || {
        let uri = text.parse::<Uri>().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let host = authority.strip_suffix(usual).unwrap_or(&authority);
        let is_origin = text.eq_ignore_ascii_case(&format!("{scheme}://{authority}"))
            && !authority.contains('@')
            && !host.is_empty();
        HeaderValue::from_str(&format!("{scheme}://{host}"))
            .ok()
            .filter(|_| is_origin)
    };
    read().ok_or_else(|| Error::Origin {
        origin: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_accepted_and_normalised() {
        for (text, origin) in [
            ("http://localhost:8081", "http://localhost:8081"),
            ("HTTPS://Editor.Example:443", "https://editor.example"),
            ("http://[::1]:80", "http://[::1]"),
            ("vscode-webview://abc", "vscode-webview://abc"),
        ] {
            assert_eq!(parsed(text).unwrap(), origin, "{text}");
        }
        for text in [
            "",
            "null",
            "localhost:8081",
            "http://",
            "http://:80",
            "http://localhost:8081/",
            "http://localhost:8081/docs",
            "http://localhost?x",
            "http://me@localhost",
            "http://local host",
            "http://a,http://b",
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains("such as http://localhost:8081"), "{error}");
        }
    }
}
