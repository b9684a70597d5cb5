//! Phone numbers: the client refuses what the sandbox refuses, for every service, and says what gives the right form.

use nxcloud::antbuddy::{self, ClickToCall};
use nxcloud::did::{self, SendDidSms};
use nxcloud::number_check::{self, SubmitCheck};
use nxcloud::ota::{self, Init};
use nxcloud::sms::{self, SendSms};
use nxcloud::virtual_number::{self, Bind, BindGroup, CreateGroup, QueryBinding};
use nxcloud::whatsapp::{self, GetPhones, IntegratorGetCode};
use nxcloud::{AppKey, Credentials, Error, ErrorKind, Session, call_center, viber};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};

const ONE: &str = "8615012345678";
const WRITTEN: [&str; 12] = [
    ONE,
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

/// What is taken besides one number in the usual form.
const NOTHING: [&str; 0] = [];
const SEVERAL: [&str; 1] = ["8615012345678,85251234567"];
const SPACED: [&str; 2] = ["8615012345678,85251234567", "8615012345678, 85251234567"];
const ANY_LENGTH: [&str; 3] = ["015012345678", "123456", "1234567890123456"];

fn session(sandbox: &Sandbox, local_checks: bool) -> Session {
    let credentials = Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET)
        .and_then(|credentials| credentials.with_antbuddy(APP_ID, APP_SECRET));
    let session = Session::builder(credentials.unwrap()).base_url(sandbox.url());
    session.local_checks(local_checks).build().unwrap()
}

/// Sends each text with local checks and without; both have to take `others` and one usual number, and refuse the rest.
async fn agree<T>(
    sandbox: &Sandbox,
    others: &[&[&str]],
    send: impl AsyncFn(&Session, &str) -> Result<T, Error>,
) {
    let (strict, loose) = (session(sandbox, true), session(sandbox, false));
    for text in WRITTEN {
        let fits = text == ONE || others.iter().any(|others| others.contains(&text));
        let received = sandbox.requests().len();
        match send(&strict, text).await.map(drop) {
            Ok(()) => assert!(fits, "{text:?} is taken"),
            Err(error) => {
                assert!(!fits, "{text:?}: {error}");
                assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text:?}: {error}");
                let shown = error.to_string();
                assert!(shown.contains("`phone::normalize`"), "{shown}");
                assert!(!shown.contains("1501234"), "{shown}");
                assert_eq!(sandbox.requests().len(), received, "nothing is sent");
            }
        }
        let taken = send(&loose, text).await.map(drop);
        assert_eq!(taken.is_ok(), fits, "the sandbox, {text:?}: {taken:?}");
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
        let request = whatsapp::SendMessage::new(app, phone, ONE, text());
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
fn an_optional_number_may_be_empty_and_a_required_one_not() {
    use nxcloud_client::codegen::Validator;
    let group = BindGroup::new(ONE, "g1", 60).with_phone_b("");
    assert_eq!(Validator::run(&group), Ok(()));
    let query = QueryBinding::new("15012345678", "");
    let broken = Validator::run(&query).unwrap_err().to_string();
    assert_eq!(broken, "`did` must not be empty");
    let none: [&str; 0] = [];
    let broken = Validator::run(&CreateGroup::new(none))
        .unwrap_err()
        .to_string();
    assert_eq!(broken, "`phones` must not be empty");
}
