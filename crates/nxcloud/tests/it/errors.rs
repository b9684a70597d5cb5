//! Errors as a program matches on them.

use std::collections::BTreeMap;

use nxcloud::sms::{self, SendSms, codes};
use nxcloud::virtual_number::{self, Bind, QueryBinding};
use nxcloud::{Code, CodeKind, ErrorKind, Operation, Outcome, Session};
use nxcloud_client::codegen::Call;
use nxcloud_client::codegen::{Validate, Validator};
use nxcloud_client::signing::{Action, BizType};
use nxcloud_client::{Request, Scheme};
use nxcloud_sandbox::{Fault, Sandbox};
use progenitor_client::ResponseValue;

use crate::support::{Answer, PHONE, Server, TEXT, session};

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

/// An operation with an id and public fields that are at least as long as those of every real operation.
static LONGEST: Operation = Operation::new(
    "virtual-number",
    "integrator_create_client_of_length_32",
    "POST",
    "/",
    "https://api2.nxcloud.com",
    Scheme::NxcloudMd5 {
        biz_type: BizType::from_static("3"),
        action: Action::from_static("any"),
        body_signed: true,
    },
    false,
    &[codes::SHARED_CODES],
)
.with_public_fields(&["customerBindId", "bindId", "groupId"]);

/// The request of that operation, with overlong values in all public fields.
struct Longest;

impl Validate for Longest {
    fn validate(&self, _: &mut Validator) {}
}

impl Request for Longest {
    const OPERATION: &'static Operation = &LONGEST;
    type Reply = sms::SendSmsReply;

    async fn build(&self, call: Call) -> Result<ResponseValue<()>, progenitor_client::Error<()>> {
        let id = "x".repeat(200);
        let fields = LONGEST.public_fields.iter().map(|name| (*name, &*id));
        let body: BTreeMap<&str, &str> = fields.collect();
        let request = call.http().post(call.base_url()).json(&body).build()?;
        call.exec(request).await?;
        Err(progenitor_client::Error::Custom(
            "the hook answered".to_owned(),
        ))
    }
}

#[tokio::test]
async fn debug_of_an_unknown_outcome_is_short_for_every_operation() {
    let specs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs")).unwrap();
    let specs = specs.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    assert_eq!(specs.count(), SERVICES.len(), "SERVICES is incomplete");
    let length = |operation: &Operation| operation.public_fields.concat().len();
    for operation in SERVICES.into_iter().flatten() {
        assert!(operation.id.len() <= LONGEST.id.len(), "{}", operation.id);
        assert!(
            operation.public_fields.len() <= LONGEST.public_fields.len(),
            "{}",
            operation.id
        );
        assert!(length(operation) <= length(&LONGEST), "{}", operation.id);
    }
    let closing = Server::start(Answer::Bytes(Vec::new())).await;
    let failing = Server::answering("503 Busy", "", "<html>busy</html>").await;
    let code = Server::answering("200 OK", "", r#"{"code":99,"traceId":"0123456789abcdef"}"#).await;
    for server in [closing, failing, code] {
        let error = session(&server.url).send(&Longest).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}");
        let debug = format!("{error:?}");
        assert!(debug.len() < 500, "{} characters: {debug}", debug.len());
        assert!(
            debug.contains(LONGEST.id) && debug.contains("customerBindId"),
            "{debug}"
        );
    }
}

async fn sandbox() -> (Sandbox, Session) {
    let sandbox = Sandbox::start().await.unwrap();
    let session = sandbox.session();
    (sandbox, session)
}

#[tokio::test]
async fn a_missing_binding_is_not_found() {
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
async fn all_violated_limits_are_listed() {
    let session = session("http://127.0.0.1:9");
    let client = virtual_number::Client::new(&session);
    let error = client.bind(&Bind::new("", "", -1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let violations = error.violations().iter();
    let fields: Vec<_> = violations.map(|violation| &*violation.field).collect();
    assert!(fields.len() > 1, "{fields:?}");
    assert!(!error.is_not_found() && !error.may_have_been_sent());
}

#[tokio::test]
async fn an_unknown_outcome_shows_in_the_text_and_in_the_predicate() {
    let (sandbox, session) = sandbox().await;
    let client = sms::Client::new(&session);
    let request = SendSms::new(nxcloud::AppKey::new("app"), PHONE, TEXT);
    for (fault, kind, unknown) in [
        (Fault::ResetBeforeAccept, ErrorKind::Transport, true),
        (
            Fault::StatusAfterAccept { status: 502 },
            ErrorKind::HttpStatus,
            true,
        ),
        (Fault::Status { status: 403 }, ErrorKind::HttpStatus, false),
        (
            Fault::Code { code: 99 },
            ErrorKind::ResultCode(CodeKind::Platform),
            true,
        ),
        (
            Fault::Code {
                code: codes::BALANCE_TOO_LOW.value(),
            },
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
fn kinds_and_outcomes_have_a_text_form() {
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

#[tokio::test]
async fn details_of_a_success_contain_attempts_and_request_id() {
    let bodies = [
        r#"{"code":"28","result":"too fast"}"#.to_owned(),
        r#"{"code":"0","messageid":"7","reqId":"a1b2-c3"}"#.to_owned(),
        r#"{"code":"0","messageid":"8"}"#.to_owned(),
    ];
    let server = Server::answering_in_turn(&bodies).await;
    let session = session(&server.url);
    let request = SendSms::new(nxcloud::AppKey::new("app"), PHONE, TEXT);
    let details = session.send_with_details(&request).await.unwrap();
    assert_eq!(details.attempts, 2);
    assert_eq!(details.request_id.as_deref(), Some("a1b2-c3"));
    assert_eq!(details.reply.message_id().unwrap(), "7");
    let details = session.send_with_details(&request).await.unwrap();
    assert_eq!((details.attempts, details.request_id), (1, None));
}
