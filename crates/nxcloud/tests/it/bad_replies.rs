//! Errors for undocumented replies. Every test uses a real loopback server.

use std::error::Error as _;
use std::time::Duration;

use crate::support::{Answer, PHONE, SECRET, Server, TEXT, session};
use nxcloud::sms::{Client, SendSms, SendSmsReply};
use nxcloud::{AppKey, CodeKind, Credentials, Error, ErrorKind, Outcome, Session};

async fn send(url: &str) -> Result<SendSmsReply, Error> {
    let client = Client::new(&session(url));
    client
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
}

/// Asserts that the error and its causes print nothing private.
fn assert_discreet(error: &Error) {
    let mut output = format!("{error} {error:?} {}", error.hint());
    let mut cause = error.source();
    while let Some(source) = cause {
        output.push_str(&format!(" {source} {source:?}"));
        cause = source.source();
    }
    for private in [SECRET, PHONE, TEXT, "4711", "验证码"] {
        assert!(!output.contains(private), "`{private}` in: {output}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_json_is_an_error_with_its_body() {
    let page = "<html><h1>Bad gateway</h1></html>";
    let server = Server::answering("200 OK", "content-type: text/html\r\n", page).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnreadableReply);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_eq!(error.body(), Some(page.as_bytes()));
    assert!(!error.is_retryable(), "a send with an unknown outcome");
    assert_discreet(&error);
}

#[tokio::test]
async fn an_html_error_page_is_an_http_error_with_its_body() {
    let page = format!("<html>502 for {PHONE}</html>");
    let server = Server::answering("502 Bad Gateway", "", &page).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HttpStatus);
    assert_eq!(error.status(), Some(502));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_eq!(error.body(), Some(page.as_bytes()));
    assert_discreet(&error);
}

#[tokio::test]
async fn a_truncated_reply_is_a_transport_error_with_the_received_part() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\":\"0\",\"mess";
    let server = Server::start(Answer::Bytes(text.into())).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_eq!(error.body(), Some(br#"{"code":"0","mess"#.as_slice()));
    assert_discreet(&error);
}

#[tokio::test]
async fn a_connection_closed_without_a_reply_has_an_unknown_outcome() {
    let server = Server::start(Answer::Bytes(Vec::new())).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_eq!(server.requests().len(), 1, "a send is not repeated");
    assert_discreet(&error);
}

#[tokio::test]
async fn unknown_and_null_fields_are_kept() {
    let body = r#"{"code":0,"messageid":null,"result":5,"segments":[{"n":1}],"note":null}"#;
    let server = Server::answering("200 OK", "", body).await;
    let reply = send(&server.url).await.unwrap();
    assert_eq!(reply.code.as_deref(), Some("0"));
    assert_eq!(reply.message_id, None);
    assert_eq!(reply.result.as_deref(), Some("5"));
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        serde_json::json!({"code": "0", "messageid": null, "result": "5", "segments": [{"n": 1}], "note": null})
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("location: {}/elsewhere\r\n", target.url);
        let server = Server::answering(status, &location, "").await;
        let error = send(&server.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::HttpStatus, "{status}");
        assert_eq!(error.outcome(), Outcome::Rejected, "{status}");
    }
    assert!(target.requests().is_empty(), "the redirect was followed");
}

#[tokio::test]
async fn no_setting_of_the_http_client_redirects_a_request() {
    let target = Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
    let target_url = target.url.clone();
    let location = format!("location: {target_url}/elsewhere\r\n");
    let server = Server::answering("307 Temporary Redirect", &location, "").await;
    let session = Session::builder()
        .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
        .base_url(&server.url)
        .http_client(|builder| builder.redirect(reqwest::redirect::Policy::limited(10)))
        .build()
        .unwrap();
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    let error = Client::new(&session).send_sms(&request).await.unwrap_err();
    assert_eq!(error.status(), Some(307));
    assert_eq!(server.requests().len(), 1);
    assert!(target.requests().is_empty(), "the redirect was followed");
    // A proxy set on the HTTP client is refused too, with and without a proxy of the session.
    for proxy in [None, Some("http://127.0.0.1:9"), Some(server.url.as_str())] {
        let target_url = target_url.clone();
        let mut builder = Session::builder()
            .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
            .base_url(&server.url)
            .http_client(move |builder| builder.proxy(reqwest::Proxy::all(&target_url).unwrap()));
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy);
        }
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains("SessionBuilder::proxy"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_unreachable_host_means_not_sent_and_retryable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.is_retryable());
    assert!(error.source().is_some(), "the error has a cause");
    assert_discreet(&error);
}

#[tokio::test]
async fn no_answer_is_a_time_out_with_an_unknown_outcome() {
    let server = Server::start(Answer::Silence).await;
    let session = Session::builder()
        .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
        .base_url(&server.url)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = Client::new(&session)
        .send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_discreet(&error);
}

#[tokio::test]
async fn http_200_with_an_error_code_is_an_error_with_the_platforms_details() {
    let body = format!(
        r#"{{"code":"3","messageid":"","result":"no money for {PHONE}","requestId":"r-1"}}"#
    );
    let server = Server::answering("200 OK", "", &body).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResultCode(CodeKind::Balance));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(error.code(), Some(nxcloud::sms::codes::BALANCE_TOO_LOW));
    assert_eq!(error.code_name(), Some("BALANCE_TOO_LOW"));
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(error.status(), Some(200));
    assert!(
        error
            .platform_message()
            .is_some_and(|message| message.contains("no money"))
    );
    assert_eq!(error.operation(), Some("send_sms"));
    assert!(error.hint().contains("Top up"));
    assert_discreet(&error);
}

#[tokio::test]
async fn the_code_in_the_body_of_an_http_error_is_read() {
    let server = Server::answering("500 Oops", "", r#"{"code":28,"result":"TPS"}"#).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResultCode(CodeKind::RateLimit));
    assert_eq!(error.status(), Some(500));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_reply_without_a_code_is_unreadable() {
    for body in ["{}", "[]", "null", r#""ok""#, r#"{"code":"zero"}"#] {
        let server = Server::answering("200 OK", "", body).await;
        let error = send(&server.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnreadableReply, "{body}");
        assert_eq!(error.body(), Some(body.as_bytes()));
    }
}

#[tokio::test]
async fn an_undocumented_code_is_an_error_with_unknown_outcome() {
    let server = Server::answering("200 OK", "", r#"{"code":"77","result":"?"}"#).await;
    let error = send(&server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResultCode(CodeKind::Unknown));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.sent().is_some());
    assert_eq!(error.code_name(), None);
}

#[tokio::test]
async fn debug_of_an_error_prints_the_operation_without_its_code_table() {
    let server = Server::answering("500 X", "", "").await;
    let error = send(&server.url).await.unwrap_err();
    let sent = error.sent().unwrap();
    for debug in [format!("{error:?}"), format!("{sent:?}")] {
        assert!(debug.contains("send_sms"), "{debug}");
        assert!(!debug.contains("CodeInfo"), "{debug}");
    }
}
