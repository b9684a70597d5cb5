//! Forwards a push to an endpoint and returns its answer.

use axum::body::{Body, Bytes};
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use reqwest::{Client, Url};

use super::TIMEOUT;
use crate::failure::Failure;
use crate::http;
use crate::local::in_one_line;

/// The endpoint that receives forwarded pushes.
pub(super) struct Endpoint {
    client: Client,
    url: Url,
}

impl Endpoint {
    pub(super) fn new(text: &str) -> Result<Self, Failure> {
        let invalid =
            || Failure::usage("--forward-to takes a URL such as http://127.0.0.1:3000/receipts");
        let url = Url::parse(text).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(invalid());
        }
        let client = http::client(&url, TIMEOUT)
            .map_err(|error| Failure::usage(in_one_line(&error.without_url())))?;
        Ok(Self { client, url })
    }

    /// Forwards a push and returns the endpoint's answer, both unchanged.
    pub(super) async fn forward(
        &self,
        push: &Parts,
        body: &Bytes,
    ) -> Result<Response, reqwest::Error> {
        let mut url = self.url.clone();
        if let Some(query) = push.uri.query() {
            // A push can have its form in the query. It goes after the query of the endpoint's URL.
            let query = match url.query() {
                Some(endpoint) => format!("{endpoint}&{query}"),
                None => query.to_owned(),
            };
            url.set_query(Some(&query));
        }
        let mut headers = end_to_end(&push.headers);
        // The client sets these itself.
        for name in [HOST, CONTENT_LENGTH, EXPECT] {
            headers.remove(name);
        }
        let request = self.client.request(push.method.clone(), url);
        let answer = request.headers(headers).body(body.clone()).send().await?;
        let (status, mut headers) = (answer.status(), end_to_end(answer.headers()));
        headers.remove(CONTENT_LENGTH);
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Removes the headers of the connection: those of RFC 9110, section 7.6.1, and those that `Connection` names.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut end_to_end = headers.clone();
    let connection = headers.get_all(CONNECTION).iter();
    for name in connection.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        if let Ok(name) = HeaderName::from_bytes(name.trim_ascii()) {
            end_to_end.remove(name);
        }
    }
    for name in [
        CONNECTION,
        HeaderName::from_static("keep-alive"),
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        HeaderName::from_static("proxy-connection"),
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        end_to_end.remove(name);
    }
    end_to_end
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn headers_of_the_connection_are_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("connection", " x-other ,, not a name"),
            ("keep-alive", "timeout=5"),
            ("proxy-authenticate", "Basic"),
            ("proxy-authorization", "Basic abc"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-hop", "1"),
            ("x-other", "2"),
            ("content-encoding", "gzip"),
            ("sign", "abc"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let headers = end_to_end(&headers);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-encoding", "sign"]);
    }
}
