//! Against the sandbox: whole requests, whole replies, whole pushes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State as Of};
use axum::routing::post;
use nxcloud_campaign::{
    AnyLedger, BreakerLimits, Ledger as _, NewCampaign, ReceiptState, Run, RunEnd, State, Template,
    import, record,
};
use nxcloud_client::{Request, RetryPolicy};
use nxcloud_sandbox::{Fault, Mix, Sandbox};
use nxcloud_sms::SendSms;
use nxcloud_viber::SendMessage;
use nxcloud_webhooks::{Answer, Event, Pending, Receiver, sms, viber};
use testing::{in_time, until};
use tokio::net::TcpListener;

use crate::common::{World, states};

struct Endpoint<E: Event>(Receiver<E>, AnyLedger);

impl<E: Event> Clone for Endpoint<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<E: Event> FromRef<Endpoint<E>> for Receiver<E> {
    fn from_ref(endpoint: &Endpoint<E>) -> Self {
        endpoint.0.clone()
    }
}

async fn receive<R: Request, E: Event>(Of(endpoint): Of<Endpoint<E>>, push: Pending<E>) -> Answer {
    push.handle_async(async |received| record::<R, E>(&endpoint.1, &received).await.map(drop))
        .await
}

/// An endpoint for the receipts of an operation, over the ledger; its URL.
async fn endpoint<R: Request + 'static, E: Event>(ledger: &AnyLedger) -> String {
    let state = Endpoint(Receiver::<E>::unprotected(), ledger.clone());
    let app = Router::new()
        .route("/", post(receive::<R, E>))
        .with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// How often each row was accepted.
fn accepted_rows(sandbox: &Sandbox, field: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for request in sandbox.accepted("send_sms") {
        let body = request.json().unwrap();
        *rows
            .entry(body[field].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    rows
}

#[tokio::test]
async fn sms_with_faults_and_receipts_ends_with_every_row_settled() {
    let sandbox = Sandbox::start().await.unwrap();
    let world = World::new().await;
    let campaign = world.campaign(300).await;
    let url = endpoint::<SendSms, sms::Event>(&world.ledger).await;
    sandbox.pushes().send_to("sms_receipt", url).unwrap();
    let faults = Mix::new(17)
        .with(0.05, Fault::ResetAfterAccept)
        .with(0.05, Fault::StatusAfterAccept { status: 502 })
        .with(0.03, Fault::ResetBeforeAccept)
        .with(0.03, Fault::Code { code: 28 })
        .with(0.03, Fault::Code { code: 6 })
        .with(0.02, Fault::Malformed);
    sandbox.faults().mix(faults);
    // A session that would repeat everything: the run does not let it.
    let careless = RetryPolicy::new()
        .max_attempts(5)
        .repeat_unknown_sends(true);
    let session = sandbox.session_builder().retry(careless).build().unwrap();
    let run = Run::new(&world.ledger, "c", &world.template, &session).slots(8);
    let run = run.breaker(BreakerLimits::new().unknown_in_a_row(1000));
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(report.ended, RunEnd::Done);
    sandbox.pushes().settled().await;

    let accepted = accepted_rows(&sandbox, "ext");
    assert!(
        accepted.values().all(|count| *count == 1),
        "a row was accepted twice"
    );
    assert_eq!(
        accepted_rows(&sandbox, "sysMessageId"),
        accepted,
        "both carry the key"
    );
    let counts = world.counts(&campaign).await;
    assert_eq!(counts.state(State::Ready) + counts.state(State::Sending), 0);
    // What the platform accepted is accepted, by its reply or its receipt; what is unknown it never got.
    assert_eq!(counts.state(State::Accepted), accepted.len() as u64);
    assert_eq!(counts.delivered(), accepted.len() as u64);
    for row in world.rows(&campaign).await {
        let got = accepted.contains_key(row.row.key());
        assert_eq!(
            row.state == State::Accepted,
            got,
            "row {}: {:?}",
            row.row.number(),
            row.reason
        );
        assert_eq!(row.message_id.is_some(), got);
    }
    assert!(counts.state(State::Rejected) > 0 && counts.state(State::Unknown) > 0);
}

#[tokio::test]
async fn every_receipt_that_comes_before_its_reply_finds_its_row() {
    let sandbox = Sandbox::builder().receipts_before_reply(Duration::from_secs(60));
    let sandbox = sandbox.start().await.unwrap();
    let world = World::new().await;
    let campaign = world.campaign(200).await;
    let url = endpoint::<SendSms, sms::Event>(&world.ledger).await;
    sandbox.pushes().send_to("sms_receipt", url).unwrap();
    let session = sandbox.session();
    let run = Run::new(&world.ledger, "c", &world.template, &session).slots(16);
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(states(&report.counts), [("accepted", 200)].into());
    // Nothing waited for pushes after the replies.
    assert_eq!(world.counts(&campaign).await.delivered(), 200);
}

#[tokio::test]
async fn an_empty_balance_pauses_and_a_topped_up_account_goes_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let world = World::new().await;
    let campaign = world.campaign(20).await;
    let session = sandbox.session();
    for _ in 0..4 {
        sandbox
            .faults()
            .enqueue_for("send_sms", Fault::Code { code: 3 });
    }
    let run = || Run::new(&world.ledger, "c", &world.template, &session).slots(4);
    let report = in_time("the run", run().execute()).await.unwrap();
    let RunEnd::Paused(reason) = report.ended else {
        panic!("{report:?}")
    };
    assert!(reason.contains("BALANCE_TOO_LOW"), "{reason}");
    assert_eq!(report.counts.state(State::Rejected), 0);
    sandbox.faults().clear();
    world.ledger.resume(campaign.id).await.unwrap();
    let report = in_time("the run", run().execute()).await.unwrap();
    assert_eq!(states(&report.counts), [("accepted", 20)].into());
    assert_eq!(accepted_rows(&sandbox, "ext").len(), 20);
}

#[tokio::test]
async fn a_service_without_a_key_matches_by_message_id() {
    let sandbox = Sandbox::start().await.unwrap();
    let world = World::new().await;
    let list = world.list("list.csv", crate::common::csv(40)).unwrap();
    let json = r#"{"appkey": "app", "phone": "{phone}", "functionType": "text", "messageData": {"rateType": "Transactional", "text": "Hello {name}"}}"#;
    let template = Template::<SendMessage>::new(json).unwrap();
    let campaign = import(
        &world.ledger,
        NewCampaign::from_template("v", &template),
        &list,
        |_| {},
    )
    .await
    .unwrap();
    let url = endpoint::<SendMessage, viber::Event>(&world.ledger).await;
    sandbox.pushes().send_to("message_receipt", url).unwrap();
    sandbox
        .faults()
        .enqueue_for("send_message", Fault::ResetAfterAccept);
    let session = sandbox.session();
    let run = Run::new(&world.ledger, "v", &template, &session).slots(8);
    let report = in_time("the run", run.execute()).await.unwrap();
    assert_eq!(
        states(&report.counts),
        [("accepted", 39), ("unknown", 1)].into()
    );
    sandbox.pushes().settled().await;
    let ledger = world.opened_again().await;
    let counts = || async { ledger.counts(campaign.id).await.unwrap() };
    let counts = counts().await;
    let said: u64 = ReceiptState::ALL
        .iter()
        .map(|&state| counts.receipt(state))
        .sum();
    assert_eq!(
        (said, counts.state(State::Unknown)),
        (39, 1),
        "the unknown row waits for a person"
    );
    until("the log", || sandbox.pushes().log().len() >= 40).await;
}
