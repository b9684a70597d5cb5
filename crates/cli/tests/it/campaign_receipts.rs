//! Receipts of campaigns.

use nxcloud_sandbox::Fault;
use testing::{in_time, until};

use crate::campaign::{World, list};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_serves_receipts_settles_its_unknown_rows() {
    let world = World::with_rows(20).await;
    for _ in 0..3 {
        world.sandbox.faults().enqueue(Fault::ResetAfterAccept);
    }
    let url = world.sandbox.url();
    let run = [
        "run",
        "c",
        "--sandbox",
        "--base-url",
        url,
        "--receipts",
        "127.0.0.1:0",
    ];
    let output = world
        .campaign(&[&run[..], &["--wait-receipts", "2m"]].concat())
        .exits(0);
    let rows = &output.json()["rows"];
    assert_eq!(
        (&rows["accepted"], &rows["delivered"]),
        (&20.into(), &20.into())
    );
    assert!(world.accepted().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_beside_a_run_that_is_killed_settle_its_rows() {
    let world = World::with_rows(6).await;
    let listen = ["campaign", "receipts", "--listen", "127.0.0.1:0"];
    let receipts = world.nxcloud.start(&listen);
    let url = format!("{}/sms", receipts.url);
    world.sandbox.pushes().send_to("sms_receipt", url).unwrap();
    for _ in 0..2 {
        world.sandbox.faults().enqueue(Fault::StallAfterAccept);
    }
    let run = ["campaign", "run", "c", "--slots", "2"];
    let mut run = world.nxcloud.command(&run).spawn().unwrap();
    until("two accepted rows", || world.accepted().len() == 2).await;
    run.kill().unwrap();
    run.wait().unwrap();
    in_time("the receipts", world.sandbox.pushes().settled()).await;
    let rows = world.rows();
    assert_eq!(
        (&rows["accepted"], &rows["unknown"]),
        (&2.into(), &0.into())
    );
    world.campaign(&["run", "c"]).exits(0);
    in_time("the receipts", world.sandbox.pushes().settled()).await;
    assert_eq!(world.rows()["delivered"], 6);
    assert!(world.accepted().values().all(|count| *count == 1));
    #[cfg(unix)]
    assert_eq!(receipts.interrupt(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_nobody_and_one_with_a_wrong_signature_change_nothing() {
    let world = World::with_rows(1).await;
    world.sandbox.faults().enqueue(Fault::ResetBeforeAccept);
    world.campaign(&["run", "c"]).exits(4);
    let listen = ["campaign", "receipts", "--listen", "127.0.0.1:0"];
    let receipts = world.nxcloud.start(&listen);
    let key = world.campaign(&["unknown", "c"]).exits(0).json()["key"].take();
    let url = format!("{}/sms/sms_receipt", receipts.url);
    let push = async |key: &str, headers: &[(&str, &str)]| {
        let mut request = reqwest::Client::new()
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("messageid=1&status=2&ext={key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = in_time("the answer", request.send()).await.unwrap();
        answer.text().await.unwrap()
    };
    let key = key.as_str().unwrap();
    assert_eq!(push("nx-1-1-000000000000", &[]).await, "success");
    assert_ne!(push(key, &[("sign", "0")]).await, "success");
    assert_eq!(world.rows()["unknown"], 1);
    assert_eq!(push(key, &[]).await, "success");
    assert_eq!(world.rows()["delivered"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_such_as_stop_keeps_its_sender_from_later_campaigns() {
    let world = World::with_rows(1).await;
    let listen = [
        "campaign",
        "receipts",
        "--listen",
        "127.0.0.1:0",
        "--stop",
        "enough",
    ];
    let receipts = world.nxcloud.start(&listen);
    let to = format!("{}/viber/message_reply", receipts.url);
    for (text, phone) in [(" Enough ", "8615000000001"), ("thanks", "8615000000002")] {
        let (text, phone) = (format!("message.text={text}"), format!("phone={phone}"));
        let trigger = ["trigger", "viber", "message-reply", "--to", &to];
        let set = ["--set", &text, "--set", &phone];
        world.nxcloud.run(&[&trigger[..], &set].concat()).exits(0);
    }
    world.write("list.csv", &list(4));
    world.write("stop.txt", "+86 150 0000 0003\n");
    let create = [
        "create",
        "list.csv",
        "--name",
        "d",
        "--suppress",
        "stop.txt",
    ];
    let template = ["--template", crate::campaign::TEMPLATE];
    let created = world.campaign(&[&create[..], &template].concat()).exits(0);
    assert_eq!(created.json()["skipped"]["suppressed"], 2);
}
