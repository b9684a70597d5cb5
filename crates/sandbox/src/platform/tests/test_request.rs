//! Requests for tests: signed, then changed.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::header::lower;
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};

use crate::platform::*;

pub(in crate::platform) const NOW: u64 = 1_800_000_000_000;

pub(in crate::platform) fn platform_of(catalog: Arc<Catalog>) -> Platform {
    let mut accounts = Accounts::default();
    accounts.add(
        AccessKey::new("key-1").unwrap(),
        Secret::new("s3cret").unwrap(),
    );
    accounts.add_antbuddy(AppId::new("app-1").unwrap(), Secret::new("s3cret").unwrap());
    Platform::new(catalog, accounts)
}

/// A request that a test can change before it is sent.
#[derive(Clone)]
pub(in crate::platform) struct TestRequest {
    pub(in crate::platform) method: Method,
    pub(in crate::platform) path: String,
    pub(in crate::platform) headers: Vec<(&'static str, Vec<u8>)>,
    pub(in crate::platform) body: Bytes,
}

impl TestRequest {
    /// A request of the AntBuddy scheme, without any common header.
    pub(in crate::platform) fn plain(method: Method, path: &str, body: &[u8]) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: vec![("content-type", b"application/json".to_vec())],
            body: Bytes::copy_from_slice(body),
        }
    }

    /// A correctly signed request.
    pub(in crate::platform) fn signed(
        path: &str,
        biz_type: &str,
        action: &str,
        body: &[u8],
    ) -> Self {
        Self::signed_at(NOW, "s3cret", path, biz_type, action, body)
    }

    pub(in crate::platform) fn signed_at(
        ts: u64,
        secret: &str,
        path: &str,
        biz_type: &str,
        action: &str,
        body: &[u8],
    ) -> Self {
        let signer = Signer::new(
            AccessKey::new("key-1").unwrap(),
            Secret::new(secret).unwrap(),
        );
        let ts = Timestamp::from_millis(ts);
        let signature = signer.sign(&Request {
            action: Action::new(action).unwrap(),
            biz_type: BizType::new(biz_type).unwrap(),
            ts,
            body: Body::Signed(body),
        });
        let headers = [
            (lower::ACCESS_KEY, "key-1"),
            (lower::TS, ts.as_str()),
            (lower::BIZ_TYPE, biz_type),
            (lower::ACTION, action),
            (lower::SIGN, signature.as_str()),
            ("content-type", "application/json"),
        ];
        Self {
            method: Method::POST,
            path: path.to_owned(),
            headers: headers.map(|(name, value)| (name, value.into())).to_vec(),
            body: Bytes::copy_from_slice(body),
        }
    }

    pub(in crate::platform) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    pub(in crate::platform) fn with(self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let mut draft = self.without(name);
        draft.headers.push((name, value.as_ref().to_vec()));
        draft
    }

    pub(in crate::platform) fn with_another(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(in crate::platform) fn with_body(mut self, body: &'static str) -> Self {
        self.body = Bytes::from_static(body.as_bytes());
        self
    }

    pub(in crate::platform) fn send(&self, platform: &Platform) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let incoming = Incoming {
            method: &self.method,
            path,
            query: (!query.is_empty()).then_some(query),
            headers: &headers,
            body: &self.body,
        };
        let mut answer = platform.answer(&incoming, NOW, true).unwrap();
        if answer.verdict.is_wrong_signature() {
            let mismatch = platform.diagnose(&incoming).unwrap();
            answer.verdict.explain(mismatch);
        }
        answer
    }
}

pub(in crate::platform) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}
