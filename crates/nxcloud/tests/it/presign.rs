//! Presigned requests, sent with another HTTP client.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use nxcloud::antbuddy::{CreateAuthToken, ListCallHistories};
use nxcloud::sms::SendSms;
use nxcloud::virtual_number::Bind;
use nxcloud::whatsapp::UploadMedia;
use nxcloud::{
    AppKey, CallOptions, Credentials, ErrorKind, Outcome, Request, Session, SignedRequest,
};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

use crate::support::{PHONE, TEXT};

fn session(sandbox: &Sandbox) -> Session {
    let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap();
    let credentials = credentials.with_antbuddy(APP_ID, APP_SECRET).unwrap();
    Session::builder()
        .credentials(credentials)
        .base_url(sandbox.url())
        .build()
        .unwrap()
}

/// Sends a signed request with a plain HTTP client.
async fn send(signed: SignedRequest) -> (u16, Bytes) {
    let request = http::Request::<Bytes>::try_from(signed).unwrap();
    let request = reqwest::Request::try_from(request).unwrap();
    let reply = reqwest::Client::new().execute(request).await.unwrap();
    (reply.status().as_u16(), reply.bytes().await.unwrap())
}

#[tokio::test]
async fn presigned_requests_are_accepted_from_another_http_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let requests: Vec<SendSms> = (0..40)
        .map(|n| SendSms::new(AppKey::new("app"), PHONE, TEXT.repeat(n % 5 + 1)))
        .collect();
    let signed = session(&sandbox).presign_batch(&requests).unwrap();
    assert_eq!(signed.len(), 40);
    let mut signatures = BTreeSet::new();
    for signed in signed {
        let signature = signed.headers()["sign"].to_str().unwrap().to_owned();
        let debug = format!("{signed:?} {:?}", signed.headers());
        assert!(
            !debug.contains(PHONE) && !debug.contains(&signature),
            "{debug}"
        );
        assert!(signed.string_to_sign().contains("&accessSecret=***"));
        let (status, body) = send(signed).await;
        let reply = SendSms::read_reply(status, body).unwrap();
        assert!(reply.message_id.is_some());
        signatures.insert(signature);
    }
    assert_eq!(signatures.len(), 5, "one for each different body");
    assert_eq!(sandbox.requests_for("send_sms").len(), 40);
}

#[tokio::test]
async fn a_presigned_request_equals_the_request_of_a_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox);
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let (status, _) = send(session.presign(&request).unwrap()).await;
    assert_eq!(status, 200);
    session.send(&request).await.unwrap();
    let received = sandbox.requests_for("send_sms");
    let [presigned, sent] = &received[..] else {
        panic!("{} requests", received.len());
    };
    assert_eq!(presigned.body(), sent.body());
    for name in ["accesskey", "action", "biztype", "content-type", "accept"] {
        assert_eq!(presigned.header(name), sent.header(name), "{name}");
    }
}

#[test]
fn the_url_of_a_presigned_request_has_no_fragment() {
    let session = Session::new(Credentials::nxcloud("key", "secret").unwrap()).unwrap();
    // The spec distinguishes operations with the same path by a fragment.
    let signed = session.presign(&Bind::new(PHONE, PHONE, 60)).unwrap();
    assert!(signed.url().ends_with("/api/pns/"), "{}", signed.url());
}

#[tokio::test]
async fn antbuddy_requests_can_be_presigned() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox);
    let signed = session.presign(&CreateAuthToken::new()).unwrap();
    assert_eq!(signed.expires_at(), None);
    assert!(signed.string_to_sign().ends_with("***"));
    let (status, body) = send(signed).await;
    CreateAuthToken::read_reply(status, body).unwrap();
    // This operation has its hash in the query.
    let list = ListCallHistories::new(
        "2025-01-01T00:00:00.000Z".parse().unwrap(),
        "2025-01-02T00:00:00.000Z".parse().unwrap(),
    );
    let (status, body) = send(session.presign(&list).unwrap()).await;
    ListCallHistories::read_reply(status, body).unwrap();
    let batch = session.presign_batch(&[list]).unwrap();
    assert!(batch[0].url().contains("hash="));
}

#[tokio::test]
async fn a_signed_request_expires_60_seconds_after_its_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let before = SystemTime::now();
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let expires = session(&sandbox).presign(&request).unwrap().expires_at();
    let lifetime = expires.unwrap().duration_since(before).unwrap();
    // The time is sent in whole milliseconds.
    assert!(lifetime >= Duration::from_millis(59_999), "{lifetime:?}");
    assert!(lifetime <= Duration::from_secs(60) + before.elapsed().unwrap());
}

#[test]
fn read_reply_gives_the_same_result_as_a_call() {
    let reply = SendSms::read_reply(200, r#"{"code":"0","messageid":"7","result":"ok"}"#).unwrap();
    assert_eq!(reply.message_id.as_deref(), Some("7"));
    let error = SendSms::read_reply(200, r#"{"code":"6","result":"no"}"#).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(error.operation(), Some("send_sms"));
    assert_eq!(error.code_name(), Some("PHONE_INVALID"));
    let error = SendSms::read_reply(502, "<html>").unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = SendSms::read_reply(200, "[1]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnreadableReply);
}

#[tokio::test]
async fn an_invalid_request_of_a_batch_is_named_by_its_index() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox);
    let requests = [
        SendSms::new(AppKey::new("app"), PHONE, TEXT),
        SendSms::new(AppKey::new("app"), PHONE, ""),
    ];
    let error = session.presign_batch(&requests).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let problem = "`[1].content` must not be empty";
    assert!(error.to_string().contains(problem), "{error}");
    let error = session.presign(&requests[1]).unwrap_err().to_string();
    assert!(error.contains("`content` must not be empty"), "{error}");
    assert!(session.presign_batch::<SendSms>(&[]).unwrap().is_empty());
}

#[tokio::test]
async fn a_presigned_form_has_no_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let upload = nxcloud::whatsapp::Upload::from_bytes("a.png", "image/png", "png");
    let request = UploadMedia::new("15551234567", upload);
    let signed = session(&sandbox).presign(&request).unwrap();
    assert_eq!(signed.body(), None);
    assert!(!signed.string_to_sign().contains("&body="));
    let error = http::Request::<Bytes>::try_from(signed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("multipart"), "{error}");
}

#[test]
fn presigning_without_an_account_is_an_error() {
    let antbuddy = Session::new(Credentials::antbuddy(APP_ID, APP_SECRET).unwrap()).unwrap();
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let errors = [
        antbuddy.presign(&request).unwrap_err(),
        antbuddy.presign_batch(&[request]).unwrap_err(),
    ];
    let nxcloud = Session::new(Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap()).unwrap();
    let error = nxcloud.presign(&CreateAuthToken::new()).unwrap_err();
    for error in errors.into_iter().chain([error]) {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("account"), "{error}");
    }
}

#[test]
fn the_string_to_sign_matches_headers_and_body() {
    let credentials = Credentials::nxcloud("my-key", "my-secret").unwrap();
    let credentials = credentials.with_antbuddy("my-app", "secret-2").unwrap();
    let session = Session::new(credentials).unwrap();
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let signed = session.presign(&request).unwrap();
    let ts = signed.headers()["ts"].to_str().unwrap();
    let body = std::str::from_utf8(signed.body().unwrap()).unwrap();
    assert_eq!(
        signed.string_to_sign(),
        format!("accessKey=my-key&action=mtsend&bizType=3&ts={ts}&body={body}&accessSecret=***")
    );
    let other = session.with_options(CallOptions::new().action("other").biz_type("7"));
    let string = other.presign(&request).unwrap().string_to_sign();
    assert!(
        string.starts_with("accessKey=my-key&action=other&bizType=7&ts="),
        "{string}"
    );
    let signed = session.presign(&CreateAuthToken::new()).unwrap();
    assert_eq!(signed.string_to_sign(), "my-app***");
    let list = ListCallHistories::new(
        "2025-01-01T00:00:00.000Z".parse().unwrap(),
        "2025-01-02T00:00:00.000Z".parse().unwrap(),
    );
    assert_eq!(
        session.presign(&list).unwrap().string_to_sign(),
        "my-app2025-01-01T00:00:00.000Z2025-01-02T00:00:00.000Z***"
    );
}

#[test]
fn a_large_batch_has_the_same_time_for_all_requests() {
    let session = Session::new(Credentials::nxcloud("my-key", "my-secret").unwrap()).unwrap();
    let mut requests: Vec<SendSms> = (0..2_100)
        .map(|n| SendSms::new(AppKey::new("app"), PHONE, n.to_string()))
        .collect();
    let signed = session.presign_batch(&requests).unwrap();
    assert_eq!(signed.len(), requests.len());
    for (n, signed) in signed.iter().enumerate() {
        let body: serde_json::Value = serde_json::from_slice(signed.body().unwrap()).unwrap();
        assert_eq!(body["content"], n.to_string());
    }
    let times: BTreeSet<_> = signed.iter().map(SignedRequest::expires_at).collect();
    assert_eq!(times.len(), 1);
    requests[2_050] = SendSms::new(AppKey::new("app"), PHONE, "");
    let error = session.presign_batch(&requests).unwrap_err();
    assert!(error.to_string().contains("[2050]."), "{error}");
}
