//! A proxy between client and platform that damages replies.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// A change to a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mangling {
    Gzip,
    GzipWithoutHeader,
    Deflate,
    ByteOrderMark,
    Utf16,
    Gbk,
    GbkWithCharset,
    Surrogate,
    InvalidByte,
    LineBreak,
    LongNumber,
    EqualKeys,
    EqualCodes,
    DifferentCodes,
    Brotli,
    TruncatedGzip,
    Truncated,
    Appended,
}

impl Mangling {
    pub(crate) const ALL: [Self; 18] = [
        Self::Gzip,
        Self::GzipWithoutHeader,
        Self::Deflate,
        Self::ByteOrderMark,
        Self::Utf16,
        Self::Gbk,
        Self::GbkWithCharset,
        Self::Surrogate,
        Self::InvalidByte,
        Self::LineBreak,
        Self::LongNumber,
        Self::EqualKeys,
        Self::EqualCodes,
        Self::DifferentCodes,
        Self::Brotli,
        Self::TruncatedGzip,
        Self::Truncated,
        Self::Appended,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "in gzip",
            Self::GzipWithoutHeader => "in gzip without a header",
            Self::Deflate => "in deflate",
            Self::ByteOrderMark => "with a byte order mark",
            Self::Utf16 => "in UTF-16",
            Self::Gbk => "with GBK text, undeclared",
            Self::GbkWithCharset => "with GBK text, declared",
            Self::Surrogate => "with an unpaired surrogate",
            Self::InvalidByte => "with an invalid byte",
            Self::LineBreak => "with a raw line break in a string",
            Self::LongNumber => "with a number of 22 digits",
            Self::EqualKeys => "with a duplicate key",
            Self::EqualCodes => "with its code as number and as string",
            Self::DifferentCodes => "with two different codes",
            Self::Brotli => "in an unsupported encoding",
            Self::TruncatedGzip => "in truncated gzip",
            Self::Truncated => "without its last byte",
            Self::Appended => "with appended HTML",
        }
    }

    /// Whether the client can still read the reply.
    pub(crate) fn is_readable(self) -> bool {
        let unreadable = [
            Self::DifferentCodes,
            Self::Brotli,
            Self::TruncatedGzip,
            Self::Truncated,
            Self::Appended,
        ];
        !unreadable.contains(&self)
    }

    /// Changes a body. Returns the headers to set and the new body.
    fn apply(self, body: &[u8]) -> (&'static [(&'static str, &'static str)], Vec<u8>) {
        let with_field = |field: &[u8]| [b"{", field, b",", &body[1..]].concat();
        let changed = match self {
            Self::Gzip => return (&[("content-encoding", "gzip")], gzip(body)),
            Self::GzipWithoutHeader => gzip(body),
            Self::Deflate => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                let body = encoder.finish().unwrap();
                return (&[("content-encoding", "deflate")], body);
            }
            Self::ByteOrderMark => [b"\xef\xbb\xbf", body].concat(),
            Self::Utf16 => {
                let text = std::str::from_utf8(body).unwrap();
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::Gbk => with_field(b"\"note\":\"\xb2\xce\xca\xfd\""),
            Self::GbkWithCharset => {
                let body = with_field(b"\"note\":\"\xb2\xce\xca\xfd\"");
                return (&[("content-type", "application/json;charset=gbk")], body);
            }
            Self::Surrogate => with_field(br#""note":"\ud83d""#),
            Self::InvalidByte => with_field(b"\"note\":\"\xff\""),
            Self::LineBreak => with_field(b"\"note\":\"a\r\nb\""),
            Self::LongNumber => with_field(br#""note":1234567890123456789012"#),
            Self::EqualKeys => with_field(br#""note":1,"note":2"#),
            Self::EqualCodes => {
                let reply: serde_json::Value = serde_json::from_slice(body).unwrap();
                let code = reply["code"].as_str().map(str::to_owned);
                let code = code.unwrap_or_else(|| reply["code"].to_string());
                with_field(format!("\"code\":\"{code}\",\"code\":{code}").as_bytes())
            }
            Self::DifferentCodes => with_field(br#""code":28"#),
            Self::Brotli => return (&[("content-encoding", "br")], body.to_vec()),
            Self::TruncatedGzip => {
                let complete = gzip(body);
                let truncated = complete[..complete.len() / 2].to_vec();
                return (&[("content-encoding", "gzip")], truncated);
            }
            Self::Truncated => body[..body.len() - 1].to_vec(),
            Self::Appended => [body, b"<!-- from your proxy -->"].concat(),
        };
        (&[], changed)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A proxy that forwards requests unchanged and changes replies. It stops when it is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Settings {
    mangling: Mangling,
    target: String,
    http: reqwest::Client,
}

impl Proxy {
    pub(crate) async fn start(mangling: Mangling, target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let settings = Arc::new(Settings {
            mangling,
            target,
            http,
        });
        let router = Router::new().fallback(forward).with_state(settings);
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { url, task }
    }
}

async fn forward(State(settings): State<Arc<Settings>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path_and_query().unwrap();
    let mut headers = head.headers;
    headers.remove("host");
    let url = format!("{}{path}", settings.target);
    let request = settings.http.request(head.method, url);
    let reply = request.headers(headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(reply.status());
    for (name, value) in reply.headers() {
        if name == "date" || name == "content-type" {
            response = response.header(name, value);
        }
    }
    let body: Bytes = reply.bytes().await.unwrap();
    let (headers, body) = settings.mangling.apply(&body);
    let mut response = response.body(Body::from(body)).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
