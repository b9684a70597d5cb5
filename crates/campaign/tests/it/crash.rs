//! What happens when a run ends at any point: dropped like a process that is killed.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use nxcloud_campaign::{
    Attempt, CampaignState, ErrorKind, Ledger as _, NewCampaign, Receipt, ReceiptState, RowFilter,
    Run, RunEnd, Sender, Sqlite, State, import,
};
use nxcloud_sms::SendSms;

use crate::common::{Script, Sent, World, accepted, number, states};

/// Ends a future when so many requests have been begun.
async fn killed<T>(run: impl Future<Output = T>, sent: &Sent, after: usize) -> Option<T> {
    let mut run = pin!(run);
    std::future::poll_fn(|context: &mut Context<'_>| {
        if sent.len() >= after {
            return Poll::Ready(None);
        }
        let poll = run.as_mut().poll(context);
        match poll {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if sent.len() >= after => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn killed_again_and_again_no_row_is_sent_twice() {
    const SLOTS: u64 = 8;
    let world = World::new().await;
    let campaign = world.campaign(400).await;
    let sent = Sent::default();
    let mut kills = 0;
    loop {
        // Another process each time.
        world.ended().await;
        let ledger = world.opened_again().await;
        let sender = Script::new(accepted)
            .slowly(Duration::from_millis(1))
            .with(&sent);
        let run = Run::new(&ledger, "c", &world.template, &sender)
            .slots(8)
            .execute();
        let until = sent.len() + 1 + kills * 7 % 41;
        if let Some(report) = killed(run, &sent, until).await {
            assert_eq!(report.unwrap().ended, RunEnd::Done);
            break;
        }
        kills += 1;
        assert!(kills < 400);
    }
    let counts = world.counts(&campaign).await;
    assert_eq!(sent.most(), 1, "sent twice");
    assert_eq!(
        counts.state(State::Accepted) + counts.state(State::Unknown),
        400
    );
    let unknown = counts.state(State::Unknown);
    assert!(
        unknown <= SLOTS * kills as u64,
        "{unknown} unknown after {kills} kills"
    );
    assert!(kills > 10 && unknown > 0);
    // A receipt settles each of them that was sent; one that was not has none, and waits.
    let rows = world
        .ledger
        .rows(campaign.id, RowFilter::Unknown, 0, 1000)
        .await
        .unwrap();
    let keys = sent.keys();
    for row in rows {
        assert_eq!(
            row.reason.as_deref(),
            Some("the process ended before the reply")
        );
        if keys.iter().any(|key| key == row.row.key()) {
            world
                .ledger
                .record(vec![receipt(row.row.key())])
                .await
                .unwrap();
        }
    }
    let left = world
        .ledger
        .rows(campaign.id, RowFilter::Unknown, 0, 1000)
        .await
        .unwrap();
    assert!(
        left.iter()
            .all(|row| keys.iter().all(|key| key != row.row.key()))
    );
}

fn receipt(key: &str) -> Receipt {
    let push = serde_json::json!({"messageid": "m", "status": "2", "ext": key});
    Receipt::of_push::<SendSms>("sms_receipt", &push, false)
        .pop()
        .unwrap()
}

/// A sender in which the process ends before or after the bytes left.
struct Dies {
    /// Whether the platform got the request.
    after: bool,
    sent: Sent,
    dead: AtomicBool,
}

impl Sender<SendSms> for Dies {
    async fn send(&self, request: &SendSms) -> Attempt {
        if number(request) == 3 {
            if self.after {
                Script::new(accepted).with(&self.sent).send(request).await;
            }
            self.dead.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        Script::new(accepted).with(&self.sent).send(request).await
    }
}

async fn dies(after: bool) -> (World, nxcloud_campaign::Campaign, Sent) {
    let world = World::new().await;
    let campaign = world.campaign(6).await;
    let sender = Dies {
        after,
        sent: Sent::default(),
        dead: AtomicBool::new(false),
    };
    {
        let ledger = world.opened_again().await;
        let mut run = pin!(
            Run::new(&ledger, "c", &world.template, &sender)
                .slots(1)
                .execute()
        );
        std::future::poll_fn(|context| match run.as_mut().poll(context) {
            Poll::Pending if sender.dead.load(Ordering::SeqCst) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
            Poll::Ready(report) => panic!("{report:?}"),
        })
        .await;
    }
    world.ended().await;
    (world, campaign, sender.sent)
}

#[tokio::test]
async fn it_ends_after_the_claim_and_before_the_bytes() {
    let (world, campaign, sent) = dies(false).await;
    let sender = Script::new(accepted).with(&sent);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!((report.reaped, report.ended), (1, RunEnd::Done));
    assert_eq!(
        states(&report.counts),
        [("accepted", 5), ("unknown", 1)].into()
    );
    assert_eq!((sent.len(), sent.most()), (5, 1));
    assert_eq!(world.rows(&campaign).await[2].state, State::Unknown);
}

#[tokio::test]
async fn it_ends_after_the_bytes_and_before_the_reply() {
    let (world, campaign, sent) = dies(true).await;
    let key = world.rows(&campaign).await[2].row.key().to_owned();
    assert_eq!(sent.keys()[2], key);
    // The receipt comes while nobody runs the campaign, and settles the row.
    let beside = world.opened_again().await;
    beside.record(vec![receipt(&key)]).await.unwrap();
    let sender = Script::new(accepted).with(&sent);
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(states(&report.counts), [("accepted", 6)].into());
    assert_eq!((sent.len(), sent.most()), (6, 1));
    let row = &world.rows(&campaign).await[2];
    assert_eq!(
        row.reason.as_deref(),
        Some("accepted by its receipt, which is unsigned")
    );
    assert_eq!(row.receipt.as_ref().unwrap().state, ReceiptState::Delivered);
}

#[tokio::test]
async fn a_copy_of_an_older_ledger_is_put_back() {
    let world = World::new().await;
    let list = world.list("list.csv", crate::common::csv(10)).unwrap();
    let path = world.path("a.ledger");
    let ledger = Sqlite::create(&path).unwrap();
    let new = NewCampaign::from_template("c", &world.template);
    let campaign = import(&ledger, new, &list, |_| {}).await.unwrap();
    drop(ledger);
    std::fs::copy(&path, world.path("copy")).unwrap();
    let sender = Script::new(accepted).slowly(Duration::from_millis(1));
    let ledger = Sqlite::open(&path).unwrap();
    let run = Run::new(&ledger, "c", &world.template, &sender)
        .slots(1)
        .execute();
    assert!(killed(run, &sender.sent, 4).await.is_none());
    drop(ledger);
    let before = sender.sent.keys();
    // The copy knows nothing of what was sent. A receipt that comes keeps its row from being sent again.
    let copy = Sqlite::open(world.path("copy")).unwrap();
    for key in &before {
        copy.record(vec![receipt(key)]).await.unwrap();
    }
    let report = Run::new(&copy, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!(states(&report.counts), [("accepted", 10)].into());
    assert_eq!((sender.sent.len(), sender.sent.most()), (10, 1));
    let rows = copy
        .rows(campaign.id, RowFilter::All, 0, 100)
        .await
        .unwrap();
    assert_eq!(
        rows.iter().filter(|row| row.claims == 0).count(),
        before.len()
    );
}

#[tokio::test]
async fn an_older_copy_in_the_place_of_the_ledger_pauses_every_campaign() {
    let world = World::new().await;
    let list = world.list("list.csv", crate::common::csv(20)).unwrap();
    let path = world.path("a.ledger");
    let new = NewCampaign::from_template("c", &world.template);
    import(&Sqlite::create(&path).unwrap(), new, &list, |_| {})
        .await
        .unwrap();
    let sender = Script::new(accepted).slowly(Duration::from_millis(1));
    let run = async |after: usize| {
        let ledger = Sqlite::open(&path).unwrap();
        let run = Run::new(&ledger, "c", &world.template, &sender).slots(1);
        killed(run.execute(), &sender.sent, after).await
    };
    assert!(run(2).await.is_none());
    std::fs::copy(&path, world.path("copy")).unwrap();
    assert!(run(10).await.is_none());
    let sent = sender.sent.len();
    // Without its journal, which belongs to the newer one.
    for name in ["a.ledger-wal", "a.ledger-shm"] {
        drop(std::fs::remove_file(world.path(name)));
    }
    std::fs::copy(world.path("copy"), &path).unwrap();
    let error = run(usize::MAX).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongState);
    assert!(error.to_string().contains("older copy"), "{error}");
    assert_eq!(sender.sent.len(), sent, "nothing was sent");
    // It stays paused until a person resumes it.
    assert!(run(usize::MAX).await.unwrap().is_err());
    let ledger = Sqlite::open(&path).unwrap();
    let campaign = ledger.campaign("c").await.unwrap();
    assert_eq!(campaign.state, CampaignState::Paused);
    ledger.resume(campaign.id).await.unwrap();
    let report = run(usize::MAX).await.unwrap().unwrap();
    assert_eq!(report.ended, RunEnd::Done);
}

/// A future that is polled once.
struct Once<F>(Pin<Box<F>>);

impl<F: Future> Future for Once<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let _ = self.0.as_mut().poll(context);
        Poll::Ready(())
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_at_its_start_harms_nothing() {
    let world = World::new().await;
    world.campaign(5).await;
    let sender = Script::new(accepted);
    for _ in 0..20 {
        Once(Box::pin(
            Run::new(&world.ledger, "c", &world.template, &sender).execute(),
        ))
        .await;
    }
    let report = Run::new(&world.ledger, "c", &world.template, &sender)
        .execute()
        .await
        .unwrap();
    assert_eq!((report.ended, sender.sent.most()), (RunEnd::Done, 1));
}

/// A process records receipts all the time; a worker that was killed is replaced meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_opened_while_another_process_writes() {
    let world = World::new().await;
    let campaign = world.campaign(400).await;
    let writer = world.opened_again().await;
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let stop = std::sync::Arc::clone(&stop);
        async move {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let phone = format!("4420794{number:05}");
                writer.suppress(vec![phone], "test").await.unwrap();
            }
        }
    });
    for _ in 0..60 {
        let (ledger, sent) = (world.opened_again().await, Sent::default());
        let sender = Script::new(accepted)
            .slowly(Duration::from_secs(60))
            .with(&sent);
        let run = Run::new(&ledger, "c", &world.template, &sender)
            .slots(4)
            .execute();
        // Rows stay in flight, so that the next process has to write when it opens the ledger.
        assert!(killed(run, &sent, 1).await.is_none());
    }
    stop.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    let counts = world.counts(&campaign).await;
    assert!(counts.state(State::Unknown) >= 59, "{counts:?}");
}
