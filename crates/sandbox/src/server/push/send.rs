//! Sending a push over plain HTTP to this machine.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use nxcloud_signing::header::lower;
use nxcloud_signing::{Action, BizType, Body, Request as SignedRequest, Signer, Timestamp};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time;

use super::Transport;
use super::spec::PushSpec;
use crate::server::loopback;

/// Time limit of an attempt. The reference does not say how long the platform waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum number of bytes that are read from a reply.
const MAX_REPLY: usize = 64 * 1024;
/// A push, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) query: Option<String>,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Bytes,
}

impl Message {
    pub(super) fn new(fields: &Value, content: Transport) -> Self {
        match content {
            Transport::Json => Self {
                query: None,
                content_type: Some("application/json"),
                body: fields.to_string().into(),
            },
            Transport::Form => Self {
                query: None,
                content_type: Some("application/x-www-form-urlencoded"),
                body: form(fields).into(),
            },
            Transport::Query => Self {
                query: Some(form(fields)),
                content_type: None,
                body: Bytes::new(),
            },
        }
    }
}

/// Texts are sent as text, all other values as JSON.
fn form(fields: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => form.append_pair(name, text),
            other => form.append_pair(name, &other.to_string()),
        };
    }
    form.finish()
}

/// The headers of a signed push, named as in the reference's sample; none if a value is not valid in a header.
pub(super) fn sign(
    spec: &PushSpec,
    action: Option<&str>,
    signer: &Signer,
    now: u64,
    body: &[u8],
) -> Vec<(String, String)> {
    let documented = || spec.webhook.action.first().map_or("", String::as_str);
    let action = action.unwrap_or_else(documented);
    let (Ok(biz_type), Ok(action)) = (BizType::new(&spec.biz_type), Action::new(action)) else {
        return Vec::new();
    };
    let ts = Timestamp::from_millis(now);
    let request = SignedRequest {
        action,
        biz_type,
        ts,
        body: Body::Signed(body),
    };
    let sign = signer.sign(&request);
    let headers = [
        (lower::ACCESS_KEY, signer.access_key().as_str()),
        (lower::TS, ts.as_str()),
        (lower::BIZ_TYPE, biz_type.as_str()),
        (lower::ACTION, action.as_str()),
        (lower::SIGN, sign.as_str()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    headers.into()
}

/// An allowed address of a push.
#[derive(Debug)]
pub(super) struct Target {
    /// Tried in this order until a connection succeeds.
    addresses: Vec<SocketAddr>,
    host: String,
    path: String,
    query: Option<String>,
}

impl Target {
    /// Parses an address. Only plain http to this machine is allowed, so that addresses in tests and examples are
    /// never called by accident.
    pub(super) fn new(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        if uri.scheme_str() != Some("http") {
            return None;
        }
        let port = uri.port_u16().unwrap_or(80);
        let host = uri.host()?;
        let addresses = loopback::addresses(host).map(|ip| SocketAddr::new(ip, port));
        let addresses = addresses.collect::<Vec<_>>();
        (!addresses.is_empty()).then(|| Self {
            addresses,
            // Without user name and password.
            host: match uri.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }
}

/// The reply: status and text.
pub(super) type Reply = (u16, String);

/// Sends once.
pub(super) async fn send(
    target: &Target,
    message: &Message,
    headers: &[(String, String)],
) -> Result<Reply, String> {
    match time::timeout(PATIENCE, exchange(target, message, headers)).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn exchange(
    target: &Target,
    message: &Message,
    headers: &[(String, String)],
) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
    let queries = [target.query.as_deref(), message.query.as_deref()];
    let query = queries.into_iter().flatten().collect::<Vec<_>>().join("&");
    let url = match query.as_str() {
        "" => target.path.clone(),
        query => format!("{}?{query}", target.path),
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(HOST, &target.host);
    if let Some(kind) = message.content_type {
        request = request.header(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(message.body.clone()))?;
    let stream = TcpStream::connect(&target.addresses[..]).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the exchange.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_REPLY)
        .collect()
        .await?;
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok((status, text))
}
