//! Clients of a sandbox, and the requests that it accepted.

use nxcloud::signing::antbuddy::AppId;
use nxcloud::signing::{AccessKey, Secret};
use nxcloud::sms::{self, SendSms};
use nxcloud::{AppKey, ErrorKind, antbuddy, virtual_number};
use nxcloud_sandbox::{Fault, Sandbox};

use crate::support::{PHONE, TEXT};

/// Sends a text with the blocking client to a sandbox on a separate thread.
fn send_blocking() -> Result<usize, nxcloud::Error> {
    let sandbox = Sandbox::start_blocking().unwrap();
    let client = sms::blocking::Client::new(&sandbox.session());
    client.send_sms(&SendSms::new(AppKey::new("app"), PHONE, TEXT))?;
    Ok(sandbox.accepted("send_sms").len())
}

#[test]
fn a_blocking_test_needs_no_runtime() {
    assert_eq!(send_blocking().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_client_works_in_a_multi_thread_test() {
    assert_eq!(send_blocking().unwrap(), 1);
}

#[tokio::test]
async fn a_blocking_call_in_a_current_thread_test_fails_at_once() {
    let error = send_blocking().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let accepted = tokio::task::spawn_blocking(send_blocking).await.unwrap();
    assert_eq!(accepted.unwrap(), 1);
}

#[tokio::test]
async fn accepted_contains_only_requests_that_were_carried_out() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = sms::Client::new(&sandbox.session());
    let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
    for (fault, accepted) in [
        (Fault::Status { status: 500 }, 0),
        (Fault::Code { code: 3 }, 0),
        (Fault::StatusAfterAccept { status: 500 }, 1),
        (Fault::ResetAfterAccept, 2),
        (Fault::ResetBeforeAccept, 2),
    ] {
        sandbox.faults().enqueue(fault);
        client.send_sms(&request).await.unwrap_err();
        assert_eq!(sandbox.accepted("send_sms").len(), accepted, "{fault:?}");
    }
    assert_eq!(sandbox.requests_for("send_sms").len(), 5);
    assert!(sandbox.accepted("bind").is_empty());
    let accepted = sandbox.accepted("send_sms").remove(0);
    assert_eq!(accepted.json().unwrap()["phone"], PHONE);
    assert_eq!(accepted.decode::<SendSms>().unwrap(), request);
    assert!(accepted.decode::<virtual_number::Bind>().is_err());
}

#[tokio::test]
async fn the_session_builder_of_a_sandbox_accepts_other_settings() {
    let sandbox = Sandbox::start().await.unwrap();
    let limit = nxcloud::RateLimit::per_second(1).failing();
    let session = sandbox.session_builder().rate_limit(limit).build().unwrap();
    let client = sms::Client::new(&session);
    let request = SendSms::new(nxcloud::AppKey::new("app"), PHONE, TEXT);
    client.send_sms(&request).await.unwrap();
    assert_eq!(sandbox.accepted("send_sms").len(), 1);
    let error = client.send_sms(&request).await.unwrap_err();
    assert_eq!(error.kind(), nxcloud::ErrorKind::Throttled);
}

#[tokio::test]
async fn the_session_has_the_accounts_of_both_schemes() {
    let secret = |text: &str| Secret::new(text).unwrap();
    let with_accounts = Sandbox::builder()
        .token(secret("0123456789abcdef"))
        .account(AccessKey::new("own-key").unwrap(), secret("own-secret-1"))
        .antbuddy_account(AppId::new("own-app").unwrap(), secret("own-secret-2"));
    for builder in [Sandbox::builder(), with_accounts] {
        let sandbox = builder.start().await.unwrap();
        let session = sandbox.session();
        let request = SendSms::new(AppKey::new("app"), PHONE, TEXT);
        sms::Client::new(&session).send_sms(&request).await.unwrap();
        let client = antbuddy::Client::new(&session);
        client.create_auth_token().await.unwrap();
    }
}
