//! The invariants of ARCHITECTURE.md that a caller relies on. Each test fails when its invariant is broken.

use crate::support::{PHONE, SECRET, Server, TEXT, session};
use nxcloud::number_check::{self, QueryChecks, SubmitCheck};
use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, CallOptions, CodeKind, Credentials, ErrorKind, Outcome, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn sandbox_session(sandbox: &Sandbox, key: &str, secret: &str) -> Session {
    Session::builder()
        .credentials(Credentials::nxcloud(key, secret).unwrap())
        .base_url(sandbox.url())
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_bytes_that_are_signed_are_the_bytes_that_are_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let into = std::sync::Arc::clone(&seen);
    let options =
        CallOptions::new().on_signed(move |signed| *into.lock().unwrap() = signed.string_to_sign());
    let client = sms::Client::new(&session(&server.url)).with_options(options);
    assert_send(client.send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT)))
        .await
        .unwrap();
    let request = server.requests().remove(0);
    let head = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let body = String::from_utf8(request[head + 4..].to_vec()).unwrap();
    assert!(body.contains(TEXT), "text goes out as UTF-8");
    let signed = seen.lock().unwrap().clone();
    assert!(
        signed.ends_with(&format!("&body={body}&accessSecret=***")),
        "{signed}"
    );
}

#[tokio::test]
async fn five_headers_and_no_api_version_go_out() {
    let server = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let client = sms::Client::new(&session(&server.url));
    client
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
        .unwrap();
    let request = server.requests().remove(0);
    let head = String::from_utf8_lossy(&request).to_lowercase();
    assert!(
        head.starts_with("post /api/sms/mtsend_v2 http/1.1\r\n"),
        "{head}"
    );
    for header in [
        "accesskey: test-key",
        "biztype: 3",
        "action: mtsend",
        "\r\nts: ",
        "\r\nsign: ",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    assert!(!head.contains("api-version"), "{head}");
    assert!(!head.contains(SECRET));
}

#[tokio::test]
async fn typed_calls_are_accepted_by_a_server_that_verifies() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox_session(&sandbox, ACCESS_KEY, ACCESS_SECRET);
    let reply = sms::Client::new(&session)
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT).with_source_address("ACME"))
        .await
        .unwrap();
    assert_eq!(reply.code.as_deref(), Some("0"));
    assert!(reply.message_id.is_some_and(|id| !id.is_empty()));
    let checks = number_check::Client::new(&session);
    let submitted = checks
        .submit_check(&SubmitCheck::new(AppKey::new("app"), PHONE).with_batch_no("batch-1"))
        .await
        .unwrap();
    assert_eq!(submitted.data.batch_no.as_deref(), Some("batch-1"));
    let request = QueryChecks::new(10, "2026-11-21".parse().unwrap()).with_batch_no("batch-1");
    checks.query_checks(&request).await.unwrap();
    let received = sandbox.requests();
    assert_eq!(received.len(), 3);
}

#[tokio::test]
async fn a_wrong_secret_is_the_typed_error_of_code_1003() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox_session(&sandbox, ACCESS_KEY, "wrong");
    let error = sms::Client::new(&session)
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(nxcloud::Code::INVALID_SIGNATURE));
    assert_eq!(
        error.kind(),
        ErrorKind::ResultCode(CodeKind::Authentication)
    );
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let credentials = Credentials::antbuddy("app", "secret").unwrap();
    let session = Session::builder()
        .credentials(credentials)
        .base_url(&server.url)
        .build()
        .unwrap();
    let error = sms::Client::new(&session)
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_broken_limit_is_named_and_nothing_is_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let long = "x".repeat(1001);
    let request = SendSms::new(AppKey::new("app"), PHONE, &long).with_source_address("two words");
    let error = sms::Client::new(&session(&server.url))
        .send_sms(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let shown = error.to_string();
    assert!(
        shown.contains("`content` has 1001 characters, at most 1000 are allowed"),
        "{shown}"
    );
    assert!(
        shown.contains("`sourceAddress` may contain only the characters `0-9`, `A-Z`, `a-z`"),
        "{shown}"
    );
    assert!(
        !shown.contains("two words") && !shown.contains(&long),
        "{shown}"
    );
    assert!(server.requests().is_empty());

    // Limits can be switched off for a platform that has changed its mind.
    let unchecked = Session::builder()
        .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
        .base_url(&server.url)
        .local_checks(false)
        .build()
        .unwrap();
    sms::Client::new(&unchecked)
        .send_sms(&request)
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn either_or_rules_are_checked() {
    let server = Server::answering("200 OK", "", r#"{"code":0}"#).await;
    let checks = number_check::Client::new(&session(&server.url));
    let neither =
        QueryChecks::new(101, nxcloud::Date::new(2026, 11, 21).unwrap()).with_batch_no("");
    let error = checks.query_checks(&neither).await.unwrap_err().to_string();
    for part in ["`pageSize` must be at most 100", "`batchNo`"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_day_that_does_not_exist_is_an_error_before_there_is_a_request() {
    let error = "2026-02-30".parse::<nxcloud::Date>().unwrap_err();
    assert!(error.to_string().starts_with("not a date; "), "{error}");
    let moment = "2026-02-30T00:00:00Z".parse::<nxcloud::DateTime>();
    assert!(
        moment
            .unwrap_err()
            .to_string()
            .starts_with("not a date-time; ")
    );
    let body = r#"{"page":1,"pageSize":1,"date":"2026-02-30","batchNo":"b"}"#;
    let error = serde_json::from_str::<QueryChecks>(body).unwrap_err();
    assert!(error.to_string().starts_with("not a date; "), "{error}");
}

#[test]
fn debug_output_hides_texts_and_numbers_but_shows_ids() {
    let request =
        SendSms::new(AppKey::new("app-key-1"), PHONE, TEXT).with_sys_message_id("order-0000001");
    let shown = format!("{request:?}");
    assert!(shown.contains("order-0000001"), "{shown}");
    for private in ["app-key-1", PHONE, TEXT, "4711"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
    let session = session("http://127.0.0.1:1");
    let shown = format!("{session:?} {:?}", sms::Client::new(&session));
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn plain_http_is_for_loopback_only() {
    let build = |url: &str| {
        let credentials = Credentials::nxcloud("key", "secret").unwrap();
        Session::builder()
            .credentials(credentials)
            .base_url(url)
            .build()
    };
    for good in [
        "https://api2.nxcloud.com",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:9/x",
    ] {
        assert!(build(good).is_ok(), "{good}");
    }
    for bad in [
        "http://api2.nxcloud.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://x",
        "api2.nxcloud.com",
        "https://user:pw@host",
        "https://host?x=1",
        "",
    ] {
        let error = build(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
    }
    let credentials = Credentials::nxcloud("key", "secret").unwrap();
    let insisting = Session::builder()
        .credentials(credentials)
        .base_url("http://gateway.example")
        .allow_plain_http(true);
    assert!(insisting.build().is_ok());
}

#[test]
fn wrong_credentials_are_refused_when_they_are_made() {
    for (key, secret) in [("", "s"), ("k", ""), ("k\n", "s"), ("k\u{e9}y", "s")] {
        let error = Credentials::nxcloud(key, secret).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
