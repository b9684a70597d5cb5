//! The invariants of ARCHITECTURE.md that a caller can observe. Each test fails if its invariant is violated.

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
    let string_to_sign = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let writer = std::sync::Arc::clone(&string_to_sign);
    let options = CallOptions::new()
        .on_signed(move |signed| *writer.lock().unwrap() = signed.string_to_sign());
    let client = sms::Client::new(&session(&server.url)).with_options(options);
    assert_send(client.send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT)))
        .await
        .unwrap();
    let request = server.requests().remove(0);
    let head = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let body = String::from_utf8(request[head + 4..].to_vec()).unwrap();
    assert!(body.contains(TEXT), "text is sent as UTF-8");
    let string_to_sign = string_to_sign.lock().unwrap().clone();
    assert!(
        string_to_sign.ends_with(&format!("&body={body}&accessSecret=***")),
        "{string_to_sign}"
    );
}

#[tokio::test]
async fn a_request_has_the_five_headers_and_no_api_version() {
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
async fn the_sandbox_accepts_typed_calls() {
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
async fn a_wrong_secret_gives_the_typed_error_of_code_1003() {
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
async fn a_violated_limit_is_an_error_and_nothing_is_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let long = "x".repeat(1001);
    let request = SendSms::new(AppKey::new("app"), PHONE, &long).with_source_address("two words");
    let error = sms::Client::new(&session(&server.url))
        .send_sms(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let message = error.to_string();
    assert!(
        message.contains("`content` has 1001 characters, at most 1000 are allowed"),
        "{message}"
    );
    assert!(
        message.contains("`sourceAddress` may contain only the characters `0-9`, `A-Z`, `a-z`"),
        "{message}"
    );
    assert!(
        !message.contains("two words") && !message.contains(&long),
        "{message}"
    );
    assert!(server.requests().is_empty());

    // Local checks can be turned off, in case the platform changes its limits.
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
async fn rules_that_require_one_of_several_fields_are_checked() {
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
fn a_nonexistent_date_cannot_be_part_of_a_request() {
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
fn debug_output_hides_texts_and_numbers_but_prints_ids() {
    let request =
        SendSms::new(AppKey::new("app-key-1"), PHONE, TEXT).with_sys_message_id("order-0000001");
    let debug = format!("{request:?}");
    assert!(debug.contains("order-0000001"), "{debug}");
    for private in ["app-key-1", PHONE, TEXT, "4711"] {
        assert!(!debug.contains(private), "{private} in {debug}");
    }
    let session = session("http://127.0.0.1:1");
    let debug = format!("{session:?} {:?}", sms::Client::new(&session));
    assert!(!debug.contains(SECRET), "{debug}");
}

#[test]
fn plain_http_is_allowed_for_loopback_only() {
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
    let opted_in = Session::builder()
        .credentials(credentials)
        .base_url("http://gateway.example")
        .allow_plain_http(true);
    assert!(opted_in.build().is_ok());
}

#[test]
fn malformed_credentials_are_refused_at_once() {
    for (key, secret) in [("", "s"), ("k", ""), ("k\n", "s"), ("k\u{e9}y", "s")] {
        let error = Credentials::nxcloud(key, secret).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
