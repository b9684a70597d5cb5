//! Phone numbers: for every service, client and sandbox accept the same forms, and the client's error names the function that normalises.

use nxcloud::antbuddy::{self, ClickToCall};
use nxcloud::did::{self, SendDidSms};
use nxcloud::number_check::{self, SubmitCheck};
use nxcloud::ota::{self, Init};
use nxcloud::sms::{self, SendSms};
use nxcloud::virtual_number::{self, Bind, BindGroup, CreateGroup, QueryBinding};
use nxcloud::whatsapp::{self, GetPhones, IntegratorGetCode};
use nxcloud::{AppKey, Credentials, Error, ErrorKind, Session, call_center, viber};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

const NORMAL: &str = "8615012345678";
const SPELLINGS: [&str; 12] = [
    NORMAL,
    "+8615012345678",
    "+86 150 1234 5678",
    "86-15012345678",
    "015012345678",
    "123456",
    "1234567890123456",
    "my-app",
    "８６１５０１２３４５６",
    "8615012345678,85251234567",
    "8615012345678, 85251234567",
    "8615012345678,",
];

/// The forms that an operation accepts besides `NORMAL`.
const NOTHING: [&str; 0] = [];
const SEVERAL: [&str; 1] = ["8615012345678,85251234567"];
const SPACED: [&str; 2] = ["8615012345678,85251234567", "8615012345678, 85251234567"];
const ANY_LENGTH: [&str; 3] = ["015012345678", "123456", "1234567890123456"];

fn session(sandbox: &Sandbox, local_checks: bool) -> Session {
    let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET)
        .and_then(|credentials| credentials.with_antbuddy(APP_ID, APP_SECRET));
    let session = Session::builder()
        .credentials(credentials.unwrap())
        .base_url(sandbox.url());
    session.local_checks(local_checks).build().unwrap()
}

/// Sends each spelling with and without local checks. Client and sandbox must accept `NORMAL` and `others`, and refuse the rest.
async fn agree<T>(
    sandbox: &Sandbox,
    others: &[&[&str]],
    send: impl AsyncFn(&Session, &str) -> Result<T, Error>,
) {
    let (checked, unchecked) = (session(sandbox, true), session(sandbox, false));
    for phone in SPELLINGS {
        let is_valid = phone == NORMAL || others.iter().any(|others| others.contains(&phone));
        let received = sandbox.requests().len();
        match send(&checked, phone).await.map(drop) {
            Ok(()) => assert!(is_valid, "{phone:?} is accepted"),
            Err(error) => {
                assert!(!is_valid, "{phone:?}: {error}");
                assert_eq!(
                    error.kind(),
                    ErrorKind::InvalidRequest,
                    "{phone:?}: {error}"
                );
                let message = error.to_string();
                assert!(message.contains("`phone::normalize`"), "{message}");
                assert!(!message.contains("1501234"), "{message}");
                assert_eq!(sandbox.requests().len(), received, "nothing is sent");
            }
        }
        let result = send(&unchecked, phone).await.map(drop);
        assert_eq!(
            result.is_ok(),
            is_valid,
            "the sandbox, {phone:?}: {result:?}"
        );
    }
}

#[tokio::test]
async fn client_and_sandbox_agree_on_every_form() {
    let sandbox = Sandbox::start().await.unwrap();
    let (sandbox, app) = (&sandbox, &AppKey::new("app"));
    agree(sandbox, &[&SEVERAL], async |session, phone| {
        let request = SendSms::new(app, phone, "hello");
        sms::Client::new(session).send_sms(&request).await
    })
    .await;
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = SendDidSms::new("12025550143", phone, "hello");
        did::Client::new(session).send_did_sms(&request).await
    })
    .await;
    agree(sandbox, &[&SEVERAL, &ANY_LENGTH], async |session, phone| {
        let request = SubmitCheck::new(app, phone);
        number_check::Client::new(session)
            .submit_check(&request)
            .await
    })
    .await;
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = Init::new(app, phone, "203.0.113.7");
        ota::Client::new(session).init(&request).await
    })
    .await;
    let text = || viber::TextMessage::new(viber::TextRateType::Transactional, "hello");
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = viber::SendMessage::new(app, phone, text());
        viber::Client::new(session).send_message(&request).await
    })
    .await;
    let text = || whatsapp::Text::new("hello");
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = whatsapp::SendMessage::new(app, "12025550143", phone, text());
        whatsapp::Client::new(session).send_message(&request).await
    })
    .await;
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = whatsapp::SendMessage::new(app, phone, NORMAL, text());
        whatsapp::Client::new(session).send_message(&request).await
    })
    .await;
    agree(sandbox, &[&SPACED], async |session, phones| {
        let request = GetPhones::new(app).with_business_phones(phones);
        whatsapp::Client::new(session).get_phones(&request).await
    })
    .await;
    agree(sandbox, &[&ANY_LENGTH], async |session, phone| {
        let request = IntegratorGetCode::new(phone, whatsapp::CodeMethod::Sms);
        whatsapp::Client::new(session)
            .integrator_get_code(&request)
            .await
    })
    .await;
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let request = Bind::new(phone, "8615012345670", 60);
        virtual_number::Client::new(session).bind(&request).await
    })
    .await;
    agree(sandbox, &[&SEVERAL], async |session, phones| {
        let request = CreateGroup::new(phones);
        virtual_number::Client::new(session)
            .create_group(&request)
            .await
    })
    .await;
    agree(sandbox, &[&NOTHING], async |session, phone| {
        let item = call_center::CallListItem::new("order-1", phone, "");
        let request = call_center::CreateAiCallTask::new(
            "CN",
            "task",
            "strategy",
            1,
            "NX1",
            1.5,
            1.5,
            1,
            [item],
        );
        call_center::Client::new(session)
            .create_ai_call_task(&request)
            .await
    })
    .await;
    agree(
        sandbox,
        &[&ANY_LENGTH, &["+8615012345678"]],
        async |session, phone| {
            let request = ClickToCall::new(phone, "101", "password");
            antbuddy::Client::new(session).click_to_call(&request).await
        },
    )
    .await;
}

#[test]
fn only_an_optional_number_may_be_empty() {
    use nxcloud_client::codegen::Validator;
    let group = BindGroup::new(NORMAL, "g1", 60).with_phone_b("");
    assert_eq!(Validator::run(&group), Ok(()));
    let query = QueryBinding::new("15012345678", "");
    let error = Validator::run(&query).unwrap_err().to_string();
    assert_eq!(error, "`did` must not be empty");
    let no_phones: [&str; 0] = [];
    let error = Validator::run(&CreateGroup::new(no_phones))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "`phones` must not be empty");
}
