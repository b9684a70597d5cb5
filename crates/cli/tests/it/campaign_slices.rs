//! A campaign that is sent in slices, one call after the other, as cron calls it.

use nxcloud_sandbox::Fault;

use crate::campaign::{World, lines, slow};
use crate::campaign_input::error;
use crate::support::finish;

#[tokio::test(flavor = "multi_thread")]
async fn slices_send_a_campaign_bit_by_bit() {
    let world = World::with_rows(25).await;
    let slice = || world.campaign(&["run", "c", "--slice-rows", "10"]);
    for left in [15, 5] {
        let output = slice().exits(3);
        assert_eq!(output.json()["ended"], "slice");
        assert_eq!(output.json()["rows"]["ready"], left);
        let says = format!("the slice ended; {left} rows are left. The same command goes on.");
        assert!(output.stderr_line().contains(&says), "{output}");
    }
    for _ in 0..2 {
        let output = slice().exits(0);
        assert_eq!(output.json()["ended"], "done");
        assert_eq!(output.json()["rows"]["accepted"], 25);
        assert_eq!(output.stderr, "");
    }
    let accepted = world.accepted();
    assert_eq!(accepted.len(), 25);
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_ends_in_time() {
    let world = World::with_rows(100).await;
    world.sandbox.faults().mix(slow());
    let slice = ["run", "c", "--slots", "2", "--slice-time", "2s"];
    let output = world.campaign(&slice).exits(3);
    assert_eq!(output.json()["ended"], "slice");
    let rows = &output.json()["rows"];
    assert_eq!(rows["accepted"], world.accepted().len());
    assert_eq!((&rows["sending"], &rows["unknown"]), (&0.into(), &0.into()));
    assert!(rows["ready"].as_u64().unwrap() > 0);
    world.sandbox.faults().clear();
    let slice = ["run", "c", "--slice-time", "5m", "--slice-rows", "1000"];
    assert_eq!(world.campaign(&slice).exits(0).json()["ended"], "done");
    assert!(world.accepted().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_leaves_the_file_to_the_one_that_runs() {
    let world = World::with_rows(10).await;
    world.sandbox.faults().enqueue(Fault::StallAfterAccept);
    let slice = ["run", "c", "--slots", "1", "--slice-rows", "1"];
    let mut first = world.spawn(&slice);
    world.until_accepted(1).await;
    let second = world.campaign(&slice).exits(3);
    assert!(second.stderr_line().contains("another process"), "{second}");
    assert_eq!(second.stdout, "");
    first.kill().unwrap();
    finish(first);
    assert_eq!(world.accepted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_says_what_keeps_the_next_one_from_going_on() {
    let world = World::with_rows(10).await;
    let slice = || world.campaign(&["run", "c", "--slice-rows", "1"]);
    world.sandbox.faults().enqueue(Fault::ResetAfterAccept);
    let output = slice().exits(4);
    assert_eq!(output.json()["ended"], "slice");
    let says = "the slice ended; 9 rows are left; 1 rows are unknown";
    assert!(output.stderr_line().contains(says), "{output}");
    // The balance is empty.
    world.sandbox.faults().enqueue(Fault::Code { code: 3 });
    let output = slice().exits(4);
    assert_eq!(output.json()["ended"], "paused");
    error(slice(), "resume");
    assert_eq!(world.accepted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_has_rows_and_time() {
    let world = World::with_rows(1).await;
    for rows in ["0", "-1", "many", "4294967296"] {
        let rows = format!("--slice-rows={rows}");
        error(world.campaign(&["run", "c", &rows]), "--slice-rows");
    }
    for time in ["0s", "-1s", "soon", "100000h"] {
        let time = format!("--slice-time={time}");
        error(world.campaign(&["run", "c", &time]), "such as 50s");
    }
    assert!(world.accepted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_of_one_account_share_a_rate() {
    let world = World::new().await;
    world.write("list.csv", &crate::campaign::list(2));
    let rate = |name: &str, more: &[&str]| {
        world.create_with(name, more).exits(0);
        world.campaign(&["status", name]).exits(0).json()["rate"].take()
    };
    assert_eq!(rate("a", &["--rate", "100", "--account", "shop"]), 100);
    assert_eq!(rate("b", &["--rate", "7", "--account", "bank"]), 7);
    assert_eq!(rate("c", &["--account", "shop"]), 100);
    assert!(rate("d", &[]).is_null());
    world.campaign(&["run", "a", "--rate", "50"]).exits(0);
    for (name, expected) in [("b", 7), ("c", 50)] {
        let status = world.campaign(&["status", name]).exits(0).json();
        assert_eq!(status["rate"], expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_takes_the_rows_of_any_state() {
    let world = World::with_rows(6).await;
    for fault in [Fault::Code { code: 6 }, Fault::ResetAfterAccept] {
        world.sandbox.faults().enqueue(fault);
    }
    let run = ["run", "c", "--slots", "1", "--slice-rows", "4"];
    world.campaign(&run).exits(4);
    for (which, count) in [
        ("all", 6),
        ("ready", 2),
        ("sending", 0),
        ("accepted", 2),
        ("rejected", 1),
        ("unknown", 1),
        ("skipped", 0),
        ("invalid", 0),
    ] {
        let export = ["export", "c", "--format", "jsonl", "--which", which];
        let rows = lines(&world.campaign(&export).exits(0));
        assert_eq!(rows.len(), count, "{which}");
        let is_of = |row: &serde_json::Value| which == "all" || row["state"] == which;
        assert!(rows.iter().all(is_of), "{which}");
    }
    let wrong = world.campaign(&["export", "c", "--which", "sent"]);
    error(wrong, "accepted, rejected, unknown, skipped");
}
