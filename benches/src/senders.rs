//! Other implementations that send the same SMS with reqwest, to compare the client with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use nxcloud_client::AppKey;
use nxcloud_sms::SendSms;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use crate::bare_server::REPLY;

/// The access key of every sender.
pub const ACCESS_KEY: &str = "access-key";
/// The secret of every sender.
pub const SECRET: &str = "access-secret";
const ACTION: &str = "mtsend";
const BIZ_TYPE: &str = "3";

/// An error of a sender: the request was not sent, or the reply was not accepted.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The SMS that every sender sends.
#[must_use]
pub fn request() -> SendSms {
    let app_key = AppKey::new("app-key-0123456789");
    SendSms::new(app_key, "8615012345678", "Your code is 4711").with_source_address("ACME")
}

/// Careful hand-written code for this one operation, with reqwest, serde and the md-5 crate.
#[derive(Clone, Debug)]
pub struct Careful {
    http: reqwest::Client,
    url: String,
}

/// The reply, as the vendor documents it.
#[derive(Debug, Deserialize)]
pub struct Reply {
    /// The result code.
    pub code: Option<String>,
    /// The id of the message.
    #[serde(rename = "messageid")]
    pub message_id: Option<String>,
    /// The text that goes with the code.
    pub result: Option<String>,
}

impl Careful {
    /// Creates a sender to a base URL. Proxies, redirects and retries are off, as in the client.
    ///
    /// # Errors
    ///
    /// If reqwest cannot build its client.
    pub fn new(base_url: &str) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .connect_timeout(Duration::from_secs(10))
            .user_agent("careful")
            .build()?;
        Ok(Self {
            http,
            url: format!("{base_url}/api/sms/mtsend_v2"),
        })
    }

    /// Serialises, signs, sends with a time limit, reads the reply, and checks its status and code.
    ///
    /// # Errors
    ///
    /// If the request fails, or the reply cannot be read or reports an error.
    pub async fn send(&self, request: &SendSms) -> Result<Reply, Failure> {
        let response = self.signed(request)?.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        if !status.is_success() {
            return Err(format!("HTTP status {status}").into());
        }
        let reply: Reply = serde_json::from_slice(&bytes)?;
        match reply.code.as_deref() {
            Some("0") => Ok(reply),
            code => Err(format!("result code {code:?}").into()),
        }
    }

    fn signed(&self, request: &SendSms) -> Result<reqwest::RequestBuilder, Failure> {
        let body = serde_json::to_vec(request)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let ts = now.as_millis().to_string();
        let mut digest = Md5::new();
        digest.update(format!(
            "accessKey={ACCESS_KEY}&action={ACTION}&bizType={BIZ_TYPE}&ts={ts}&body="
        ));
        digest.update(&body);
        digest.update(format!("&accessSecret={SECRET}"));
        Ok(self
            .http
            .post(&self.url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header("accessKey", ACCESS_KEY)
            .header("ts", ts)
            .header("bizType", BIZ_TYPE)
            .header("action", ACTION)
            .header("sign", hex::encode(digest.finalize()))
            .timeout(Duration::from_secs(30))
            .body(body))
    }
}

/// reqwest alone: posts bytes that were serialised and signed beforehand, without a time limit, and decodes nothing.
#[derive(Clone, Debug)]
pub struct Raw {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Raw {
    /// Creates a sender of this request to a base URL.
    ///
    /// # Errors
    ///
    /// If the request cannot be built.
    pub fn new(base_url: &str, request: &SendSms) -> Result<Self, Failure> {
        let careful = Careful::new(base_url)?;
        let signed = careful.signed(request)?.build()?;
        let Careful { http, url } = careful;
        Ok(Self {
            http,
            url,
            headers: signed.headers().clone(),
            body: serde_json::to_vec(request)?.into(),
        })
    }

    /// Posts the bytes, and reads the whole reply.
    ///
    /// # Errors
    ///
    /// If the request fails, or the reply has another length than the reply of the bare server.
    pub async fn send(&self) -> Result<(), Failure> {
        let request = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .body(self.body.clone());
        let reply = request.send().await?.error_for_status()?.bytes().await?;
        if reply.len() == REPLY.len() {
            Ok(())
        } else {
            Err("the reply has another length than the reply of the bare server".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::net::TcpListener;

    use nxcloud_client::{Credentials, Session};
    use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer};

    use super::*;
    use crate::bare_server::read_request;

    type Headers = BTreeMap<String, String>;

    /// The headers and the body that a sender sends.
    async fn capture<F: Future<Output = Result<(), Failure>>>(
        send: impl FnOnce(String) -> F,
    ) -> (Headers, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&mut stream).unwrap().unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", REPLY.len());
            stream.write_all((head + REPLY).as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        send(url).await.unwrap();
        let text = server.join().unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let lines = head.lines().skip(1).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        (lines.collect(), body.to_owned())
    }

    fn signature(headers: &Headers, body: &str) -> String {
        let signer = Signer::new(
            AccessKey::new(ACCESS_KEY).unwrap(),
            Secret::new(SECRET).unwrap(),
        );
        let parts = Request {
            action: Action::new(ACTION).unwrap(),
            biz_type: BizType::new(BIZ_TYPE).unwrap(),
            ts: headers["ts"].parse().unwrap(),
            body: Body::Signed(body.as_bytes()),
        };
        signer.sign(&parts).as_str().to_owned()
    }

    #[tokio::test]
    async fn all_senders_send_the_same_request() {
        let request = &request();
        let raw = capture(|url| async move { Raw::new(&url, request)?.send().await }).await;
        let careful =
            capture(|url| async move { Careful::new(&url)?.send(request).await.map(drop) }).await;
        let client = capture(|url| async move {
            let session = Session::builder()
                .credentials(Credentials::nxcloud(ACCESS_KEY, SECRET)?)
                .base_url(url)
                .build()?;
            let client = nxcloud_sms::Client::new(&session);
            Ok(client.send_sms(request).await.map(drop)?)
        })
        .await;
        let [raw, careful, client] = [raw, careful, client].map(|(mut headers, body)| {
            assert_eq!(headers["sign"], signature(&headers, &body));
            for name in ["host", "sign", "ts", "user-agent"] {
                assert!(headers.remove(name).is_some(), "{name} is missing");
            }
            (headers, body)
        });
        assert_eq!(raw, careful);
        assert_eq!(client, careful);
    }
}
