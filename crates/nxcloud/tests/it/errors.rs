//! What a program that matches on errors relies on.

use nxcloud::sms::{self, SendSms, codes};
use nxcloud::virtual_number::{self, Bind, QueryBinding};
use nxcloud::{Code, CodeKind, Error, ErrorKind, Operation, Outcome, RetryPolicy, Session};
use nxcloud_client::codegen::Service;
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Fault, Sandbox};

use crate::support::{PHONE, Server, TEXT, session};

const SERVICES: [&[&Operation]; 10] = [
    nxcloud::antbuddy::operations::ALL,
    nxcloud::call_center::operations::ALL,
    nxcloud::customer_data::operations::ALL,
    nxcloud::did::operations::ALL,
    nxcloud::number_check::operations::ALL,
    nxcloud::ota::operations::ALL,
    nxcloud::sms::operations::ALL,
    nxcloud::viber::operations::ALL,
    nxcloud::virtual_number::operations::ALL,
    nxcloud::whatsapp::operations::ALL,
];

/// The error of an operation whose body has every public field, each as long as an id can be.
async fn error_of(session: &Session, operation: &'static Operation) -> Error {
    let id = "x".repeat(200);
    let fields = operation.public_fields.iter().map(|name| (*name, &*id));
    let body: std::collections::BTreeMap<&str, &str> = fields.collect();
    let service = Service::new(session);
    let call =
        service.call::<sms::SendSmsReply, _, _>(operation, &(), |url, http, call| async move {
            let request = http.post(url).json(&body).build().unwrap();
            let response = call.exec(request).await.unwrap();
            progenitor_client::ResponseValue::from_response(response).await
        });
    call.await.unwrap_err()
}

#[tokio::test]
async fn debug_of_an_unknown_outcome_is_short_for_every_operation() {
    let specs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs")).unwrap();
    let specs = specs.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    assert_eq!(specs.count(), SERVICES.len(), "a service is missing here");

    let both = nxcloud::Credentials::nxcloud("key", "secret")
        .unwrap()
        .with_antbuddy("app", "secret")
        .unwrap();
    let closing = Server::start(crate::support::Answer::Bytes(Vec::new())).await;
    let failing = Server::answering("503 Busy", "", "<html>busy</html>").await;
    for server in [closing, failing] {
        let session = Session::builder(both.clone()).base_url(&server.url);
        let session = session.retry(RetryPolicy::never()).build().unwrap();
        for operation in SERVICES.into_iter().flatten() {
            let error = error_of(&session, operation).await;
            assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}");
            let shown = format!("{error:?}");
            assert!(shown.len() < 500, "{} characters: {shown}", shown.len());
            assert!(shown.contains(operation.id), "{shown}");
        }
    }
}

async fn sandbox() -> (Sandbox, Session) {
    let sandbox = Sandbox::start().await.unwrap();
    let credentials = nxcloud::Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap();
    let session = Session::builder(credentials).base_url(sandbox.url());
    (sandbox, session.build().unwrap())
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (_sandbox, session) = sandbox().await;
    let client = virtual_number::Client::new(&session);
    let absent = QueryBinding::new("8613800000009", "8613800000008");
    let error = client.query_binding(&absent).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert!(error.is_code(virtual_number::codes::BINDING_NOT_FOUND));
    assert!(!error.is_code(Code::NO_PERMISSION));
    assert!(!error.may_have_been_sent());
    assert!(error.violations().is_empty());
}

#[tokio::test]
async fn broken_limits_are_a_list() {
    let session = session("http://127.0.0.1:9");
    let client = virtual_number::Client::new(&session);
    let error = client.bind(&Bind::new("", "", -1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let fields: Vec<_> = error.violations().iter().map(|one| &*one.field).collect();
    assert!(fields.len() > 1, "{fields:?}");
    assert!(!error.is_not_found() && !error.may_have_been_sent());
}

#[tokio::test]
async fn an_outcome_that_is_unknown_is_said_by_the_text_and_by_the_predicate() {
    let (sandbox, session) = sandbox().await;
    let client = sms::Client::new(&session);
    let request = SendSms::new("app", PHONE, TEXT);
    for (fault, kind, unknown) in [
        (Fault::ResetBeforeAccept, ErrorKind::Transport, true),
        (Fault::StatusAfterAccept(502), ErrorKind::HttpStatus, true),
        (Fault::Status(403), ErrorKind::HttpStatus, false),
        (
            Fault::Code(99),
            ErrorKind::ResultCode(CodeKind::Platform),
            true,
        ),
        (
            Fault::Code(codes::BALANCE_TOO_LOW.value()),
            ErrorKind::ResultCode(CodeKind::Balance),
            false,
        ),
    ] {
        sandbox.faults().enqueue(fault);
        let error = client.send_sms(&request).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.may_have_been_sent(), unknown, "{error:?}");
        let text = error.to_string();
        assert_eq!(text.contains("the outcome is unknown"), unknown, "{text}");
        assert!(!(unknown && text.contains("rejected")), "{text}");
    }
}

#[test]
fn kinds_and_outcomes_are_words() {
    let kind = ErrorKind::ResultCode(CodeKind::Balance);
    assert_eq!(
        (kind.as_str(), kind.to_string().as_str()),
        ("result_code", "result_code")
    );
    assert_eq!(format!("{:>10}|", Outcome::NotSent), "  not_sent|");
    for outcome in [Outcome::NotSent, Outcome::Rejected, Outcome::Unknown] {
        assert_eq!(outcome.to_string(), outcome.as_str());
    }
}
