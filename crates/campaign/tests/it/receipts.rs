//! Receipts in any order, repeated, for nobody, of services with and without a key.

use nxcloud_campaign::{
    Attempt, AttemptResult, Campaign, Ledger as _, Limits, NewCampaign, Receipt, ReceiptState,
    Recorded, RowId, Run, RunEnd, Sender, State, Template, import, record, record_stop,
};
use nxcloud_sms::SendSms;
use nxcloud_viber::SendMessage;
use nxcloud_webhooks::{Incoming, Receiver, did, sms};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::common::{Script, World, accepted, number, states};

fn receipt(key: &str, status: &str) -> Receipt {
    let push = json!({"messageid": "m", "status": status, "ext": key, "price": "0.035", "currency": "USD", "size": "2"});
    Receipt::of_push::<SendSms>("sms_receipt", &push, false)
        .pop()
        .unwrap()
}

async fn note(world: &World, receipt: Receipt) -> Recorded {
    world
        .opened_again()
        .await
        .record(vec![receipt])
        .await
        .unwrap()
        .pop()
        .unwrap()
}

fn matched(campaign: &Campaign, row: u32, changed: bool) -> Recorded {
    Recorded::Matched {
        row: RowId {
            campaign: campaign.id,
            row,
        },
        changed,
    }
}

/// Sends receipts of its own row while the request is in flight.
struct Early<'w> {
    world: &'w World,
    result: AttemptResult,
}

impl Sender<SendSms> for Early<'_> {
    async fn send(&self, request: &SendSms) -> Attempt {
        note(self.world, receipt(request.ext.as_deref().unwrap(), "2")).await;
        match self.result {
            AttemptResult::Accepted => accepted(request),
            result => Attempt::new(result),
        }
    }
}

#[tokio::test]
async fn a_receipt_before_the_reply_settles_the_row_whatever_the_reply_says() {
    for result in [
        AttemptResult::Accepted,
        AttemptResult::Unknown,
        AttemptResult::Rejected,
        AttemptResult::NotSent,
    ] {
        let world = World::new().await;
        let campaign = world.campaign(20).await;
        let sender = Early {
            world: &world,
            result,
        };
        let report = Run::new(&world.ledger, "c", &world.template, &sender)
            .slots(4)
            .execute()
            .await
            .unwrap();
        assert_eq!(
            states(&report.counts),
            [("accepted", 20)].into(),
            "{result:?}"
        );
        assert_eq!(
            report.counts.delivered(),
            20,
            "every receipt has found its row"
        );
        for row in world.rows(&campaign).await {
            assert_eq!(row.claims, 1);
            let id = if result == AttemptResult::Accepted {
                format!("m{}", row.row.number())
            } else {
                "m".to_owned()
            };
            assert_eq!(row.message_id.as_ref(), Some(&id));
            let receipt = row.receipt.unwrap();
            assert_eq!(
                (receipt.signed, receipt.parts, receipt.price.as_deref()),
                (false, Some(2), Some("0.035"))
            );
        }
    }
}

#[tokio::test]
async fn a_receipt_after_the_reply_and_its_repeats() {
    let world = World::new().await;
    let campaign = world.campaign(3).await;
    let sender = Script::new(|request| match number(request) {
        1 => Attempt::new(AttemptResult::Unknown),
        2 => Attempt::new(AttemptResult::Rejected),
        _ => accepted(request),
    });
    Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    let rows = world.rows(&campaign).await;
    let key = |row: usize| rows[row - 1].row.key();
    assert_eq!(
        note(&world, receipt(key(1), "5")).await,
        matched(&campaign, 1, true)
    );
    assert_eq!(
        note(&world, receipt(key(1), "5")).await,
        matched(&campaign, 1, false)
    );
    assert_eq!(
        note(&world, receipt(key(1), "2")).await,
        matched(&campaign, 1, true)
    );
    assert_eq!(
        note(&world, receipt(key(1), "5")).await,
        matched(&campaign, 1, false),
        "delivered stays"
    );
    assert_eq!(
        note(&world, receipt(key(3), "2")).await,
        matched(&campaign, 3, true)
    );
    let counts = world.counts(&campaign).await;
    assert_eq!(
        (counts.delivered(), counts.receipt(ReceiptState::Failed)),
        (2, 0)
    );
    assert_eq!(states(&counts), [("accepted", 2), ("rejected", 1)].into());
    let rows = world.rows(&campaign).await;
    assert_eq!(
        rows[0].reason.as_deref(),
        Some("accepted by its receipt, which is unsigned")
    );
    assert_eq!(rows[2].reason, None);
}

#[tokio::test]
async fn a_receipt_for_a_row_that_was_ordered_again_keeps_it_from_being_sent() {
    let world = World::new().await;
    let campaign = world.campaign(1).await;
    let sender = Script::new(|_| Attempt::new(AttemptResult::Unknown));
    let run = || Run::new(&world.ledger, "c", &world.template, &sender);
    run().execute().await.unwrap();
    let order = nxcloud_campaign::Decision::all(nxcloud_campaign::Order::Resend, "Ann", "");
    world.ledger.decide(campaign.id, order).await.unwrap();
    let key = world.rows(&campaign).await[0].row.key().to_owned();
    note(&world, receipt(&key, "2")).await;
    assert_eq!(run().execute().await.unwrap().ended, RunEnd::Done);
    assert_eq!(sender.sent.len(), 1);
}

#[tokio::test]
async fn a_receipt_for_nobody_changes_nothing() {
    let world = World::new().await;
    let campaign = world.campaign(2).await;
    let other = World::new().await;
    let stranger = other.campaign(2).await;
    let foreign = other.rows(&stranger).await[0].row.key().to_owned();
    let before = world.counts(&campaign).await;
    let key = world.rows(&campaign).await[0].row.key().to_owned();
    let guessed = key.replace("nx-1-1-", "nx-1-2-");
    let missing = format!("nx-1-99-{}", key.rsplit('-').next().unwrap());
    for wrong in [foreign.as_str(), &guessed, &missing, "order-7", ""] {
        assert_eq!(
            note(&world, receipt(wrong, "2")).await,
            Recorded::NoRow,
            "{wrong}"
        );
    }
    assert_eq!(world.counts(&campaign).await, before);
    // As a push.
    let received = push("phone=8615012345678&status=2&messageid=4711&ext=order-7");
    assert_eq!(
        record::<SendSms, _>(&world.ledger, &received)
            .await
            .unwrap(),
        [Recorded::NoRow]
    );
    let received = push(&format!(
        "phone=8615012345678&status=2&messageid=4711&ext={key}"
    ));
    assert_eq!(
        record::<SendSms, _>(&world.ledger, &received)
            .await
            .unwrap(),
        [matched(&campaign, 1, true)]
    );
    assert_eq!(
        record::<SendMessage, _>(&world.ledger, &received)
            .await
            .unwrap(),
        [],
        "another service's"
    );
}

fn push(form: &str) -> nxcloud_webhooks::Received<sms::Event> {
    let receiver = Receiver::<sms::Event>::unprotected();
    let incoming = Incoming::new(form.as_bytes()).headers(
        [("content-type", "application/x-www-form-urlencoded")]
            .iter()
            .map(|(name, value)| (name, value)),
    );
    receiver.receive(&incoming).unwrap().received().clone()
}

/// The order of receipts, their repeats, and where between them the reply comes, change nothing.
#[test]
fn any_order_leads_to_the_same_row() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let statuses =
        prop::collection::vec(prop::sample::select(vec!["2", "5", "7", "8", "77"]), 1..6);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
    let orders = statuses.prop_flat_map(|statuses| {
        (
            Just(statuses.clone()),
            Just(statuses).prop_shuffle(),
            0..6_usize,
        )
    });
    runner
        .run(&orders, |(first, second, reply)| {
            let outcome = |statuses: Vec<&'static str>, reply: usize| {
                runtime.block_on(after(statuses, reply))
            };
            prop_assert_eq!(outcome(first, 0), outcome(second, reply));
            Ok(())
        })
        .unwrap();
}

/// The row of a campaign of one after these receipts, the reply coming after so many of them.
async fn after(statuses: Vec<&'static str>, reply: usize) -> String {
    let world = World::new().await;
    let campaign = world.campaign(1).await;
    struct Receives<'w>(&'w World, Vec<&'static str>);
    impl Sender<SendSms> for Receives<'_> {
        async fn send(&self, request: &SendSms) -> Attempt {
            for status in &self.1 {
                self.0
                    .ledger
                    .record(vec![receipt(request.ext.as_deref().unwrap(), status)])
                    .await
                    .unwrap();
            }
            Attempt::new(AttemptResult::Unknown)
        }
    }
    let (before, later) = statuses.split_at(reply.min(statuses.len()));
    let sender = Receives(&world, before.to_vec());
    Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    let key = world.rows(&campaign).await[0].row.key().to_owned();
    for status in later {
        world
            .ledger
            .record(vec![receipt(&key, status)])
            .await
            .unwrap();
    }
    let row = world.rows(&campaign).await.pop().unwrap();
    let counts = world.counts(&campaign).await;
    format!(
        "{:?} {:?} {counts:?}",
        row.state,
        row.receipt.map(|receipt| receipt.state)
    )
}

const VIBER: &str = r#"{"appkey": "app", "phone": "{phone}", "functionType": "text", "messageData": {"rateType": "Transactional", "text": "Hello {name}"}}"#;

fn seen(id: &str, status: &str) -> Receipt {
    Receipt::of_push::<SendMessage>(
        "message_receipt",
        &json!({"requestId": id, "status": status}),
        true,
    )
    .pop()
    .unwrap()
}

/// Gives each request the id of its text, after noting a receipt for the rows with an even number.
struct ById<'w>(&'w World);

impl Sender<SendMessage> for ById<'_> {
    async fn send(&self, request: &SendMessage) -> Attempt {
        let body = serde_json::to_value(request).unwrap();
        let text = body["messageData"]["text"].as_str().unwrap();
        let number: u32 = text.rsplit(' ').next().unwrap().parse().unwrap();
        let id = format!("r{number}");
        if number.is_multiple_of(2) {
            for status in ["seen", "delivered"] {
                assert_eq!(note(self.0, seen(&id, status)).await, Recorded::Waiting);
            }
        }
        if number == 5 {
            return Attempt::new(AttemptResult::Unknown);
        }
        Attempt::accepted(id)
    }
}

#[tokio::test]
async fn without_a_key_the_message_id_finds_the_row_before_and_after_the_reply() {
    let world = World::new().await;
    let list = world.list("list.csv", crate::common::csv(6)).unwrap();
    let template = Template::<SendMessage>::new(VIBER).unwrap();
    let new = NewCampaign::from_template("v", &template);
    let campaign = import(&world.ledger, new, &list, |_| {}).await.unwrap();
    let checked = nxcloud_campaign::check(&world.ledger, &campaign, &template, Default::default())
        .await
        .unwrap();
    assert_eq!(checked.findings.total, 0, "{:?}", checked.findings);
    assert!(
        checked.notes[0].contains("waits for a decision"),
        "{:?}",
        checked.notes
    );
    let report = Run::new(&world.ledger, "v", &template, &ById(&world))
        .execute()
        .await
        .unwrap();
    assert_eq!(
        states(&report.counts),
        [("accepted", 5), ("unknown", 1)].into()
    );
    assert_eq!(
        report.counts.receipt(ReceiptState::Read),
        3,
        "those that came before the reply"
    );
    assert_eq!(
        note(&world, seen("r3", "delivered")).await,
        matched(&campaign, 3, true)
    );
    assert_eq!(
        note(&world, seen("r3", "seen")).await,
        matched(&campaign, 3, true)
    );
    // Of a row whose outcome is unknown nobody knows the id: its receipt waits, and the row for a person.
    assert_eq!(note(&world, seen("r5", "seen")).await, Recorded::Waiting);
    let counts = world.counts(&campaign).await;
    assert_eq!(
        (
            counts.receipt(ReceiptState::Read),
            counts.state(State::Unknown)
        ),
        (4, 1)
    );
    let rows = world.rows(&campaign).await;
    assert!(rows[2].receipt.as_ref().unwrap().signed);
}

#[tokio::test]
async fn a_higher_price_than_assumed_counts_against_the_cap() {
    let world = World::new().await;
    let campaign = world.campaign(20).await;
    let sender = Early {
        world: &world,
        result: AttemptResult::Accepted,
    };
    // Each costs 2 parts at 0.035 and not 0.01.
    let limits = Limits::none().cost("0.50", "0.01").unwrap();
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .slots(1)
        .limits(limits)
        .execute()
        .await
        .unwrap();
    assert_eq!(
        report.ended,
        RunEnd::Paused("the cap of 0.5 on money is reached, at 0.07 a row".to_owned())
    );
    assert_eq!(
        report.counts.state(State::Accepted),
        7,
        "7 at 0.07 leave less than 0.02"
    );
    assert_eq!(world.rows(&campaign).await.len(), 20);
}

#[tokio::test]
async fn an_answer_puts_its_number_on_the_suppression_list() {
    let world = World::new().await;
    let campaign = world.campaign(3).await;
    let answer = |content: &str| {
        let body = json!({"messageId": "1", "fromPhone": "8615000000002", "content": content, "smsType": "1"}).to_string();
        let receiver = Receiver::<did::Event>::unprotected();
        let incoming = Incoming::new(body.as_bytes()).headers(
            [("content-type", "application/json")]
                .iter()
                .map(|(name, value)| (name, value)),
        );
        receiver.receive(&incoming).unwrap().received().clone()
    };
    let stop = async |content: &str| {
        record_stop::<nxcloud_did::SendDidSms, _>(&world.ledger, &answer(content), &["STOP", "TD"])
            .await
            .unwrap()
    };
    assert!(!stop("stop it").await);
    assert!(stop(" Stop\n").await);
    let sender = Script::new(accepted);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(
        (
            report.counts.skipped(nxcloud_campaign::Skip::Suppressed),
            sender.sent.len()
        ),
        (1, 2)
    );
    assert_eq!(world.rows(&campaign).await[1].state, State::Skipped);
}
