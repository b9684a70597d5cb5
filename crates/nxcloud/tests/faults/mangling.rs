//! What stands between client and platform, and mangles replies.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// How a reply is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mangling {
    Gzip,
    GzipUnsaid,
    Deflate,
    Mark,
    Wide,
    Gbk,
    GbkSaid,
    Surrogate,
    InvalidByte,
    LineBreak,
    LongNumber,
    EqualKeys,
    CodeTwice,
    TwoCodes,
    Brotli,
    GzipCut,
    Cut,
    Appended,
}

impl Mangling {
    pub(crate) const ALL: [Self; 18] = [
        Self::Gzip,
        Self::GzipUnsaid,
        Self::Deflate,
        Self::Mark,
        Self::Wide,
        Self::Gbk,
        Self::GbkSaid,
        Self::Surrogate,
        Self::InvalidByte,
        Self::LineBreak,
        Self::LongNumber,
        Self::EqualKeys,
        Self::CodeTwice,
        Self::TwoCodes,
        Self::Brotli,
        Self::GzipCut,
        Self::Cut,
        Self::Appended,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "in gzip",
            Self::GzipUnsaid => "in gzip without a header",
            Self::Deflate => "in deflate",
            Self::Mark => "after a byte order mark",
            Self::Wide => "in UTF-16",
            Self::Gbk => "with a text in GBK",
            Self::GbkSaid => "with a text in GBK, declared",
            Self::Surrogate => "with half an emoji",
            Self::InvalidByte => "with a byte that is no text",
            Self::LineBreak => "with a raw line break in a text",
            Self::LongNumber => "with a number of 22 digits",
            Self::EqualKeys => "with a key twice",
            Self::CodeTwice => "with its code twice, once as a text",
            Self::TwoCodes => "with another code too",
            Self::Brotli => "in an encoding that is not supported",
            Self::GzipCut => "in gzip, cut short",
            Self::Cut => "without its last byte",
            Self::Appended => "with a page appended",
        }
    }

    /// Whether its structure is what it was.
    pub(crate) fn is_readable(self) -> bool {
        let broken = [
            Self::TwoCodes,
            Self::Brotli,
            Self::GzipCut,
            Self::Cut,
            Self::Appended,
        ];
        !broken.contains(&self)
    }

    /// The headers that say so, and the body.
    fn apply(self, body: &[u8]) -> (&'static [(&'static str, &'static str)], Vec<u8>) {
        let more = |field: &[u8]| [b"{", field, b",", &body[1..]].concat();
        let changed = match self {
            Self::Gzip => return (&[("content-encoding", "gzip")], gzip(body)),
            Self::GzipUnsaid => gzip(body),
            Self::Deflate => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                let body = encoder.finish().unwrap();
                return (&[("content-encoding", "deflate")], body);
            }
            Self::Mark => [b"\xef\xbb\xbf", body].concat(),
            Self::Wide => {
                let text = std::str::from_utf8(body).unwrap();
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::Gbk => more(b"\"note\":\"\xb2\xce\xca\xfd\""),
            Self::GbkSaid => {
                let body = more(b"\"note\":\"\xb2\xce\xca\xfd\"");
                return (&[("content-type", "application/json;charset=gbk")], body);
            }
            Self::Surrogate => more(br#""note":"\ud83d""#),
            Self::InvalidByte => more(b"\"note\":\"\xff\""),
            Self::LineBreak => more(b"\"note\":\"a\r\nb\""),
            Self::LongNumber => more(br#""note":1234567890123456789012"#),
            Self::EqualKeys => more(br#""note":1,"note":2"#),
            Self::CodeTwice => {
                let reply: serde_json::Value = serde_json::from_slice(body).unwrap();
                let code = reply["code"].as_str().map(str::to_owned);
                let code = code.unwrap_or_else(|| reply["code"].to_string());
                more(format!("\"code\":\"{code}\",\"code\":{code}").as_bytes())
            }
            Self::TwoCodes => more(br#""code":28"#),
            Self::Brotli => return (&[("content-encoding", "br")], body.to_vec()),
            Self::GzipCut => {
                let whole = gzip(body);
                let cut = whole[..whole.len() / 2].to_vec();
                return (&[("content-encoding", "gzip")], cut);
            }
            Self::Cut => body[..body.len() - 1].to_vec(),
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

/// Hands requests on as they are, and replies mangled. It ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Way {
    mangling: Mangling,
    to: String,
    http: reqwest::Client,
}

impl Proxy {
    pub(crate) async fn start(mangling: Mangling, to: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let way = Arc::new(Way { mangling, to, http });
        let router = Router::new().fallback(hand_on).with_state(way);
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { url, task }
    }
}

async fn hand_on(State(way): State<Arc<Way>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path_and_query().unwrap();
    let mut headers = head.headers;
    headers.remove("host");
    let request = way.http.request(head.method, format!("{}{path}", way.to));
    let reply = request.headers(headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(reply.status());
    for (name, value) in reply.headers() {
        if name == "date" || name == "content-type" {
            response = response.header(name, value);
        }
    }
    let body: Bytes = reply.bytes().await.unwrap();
    let (headers, body) = way.mangling.apply(&body);
    let mut response = response.body(Body::from(body)).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
