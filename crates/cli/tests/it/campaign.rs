//! The command `campaign`: a list is sent, whatever interrupts it.

use std::collections::BTreeMap;
use std::process::Child;

use nxcloud_sandbox::{Fault, Mix, Sandbox};
use serde_json::Value;
use testing::until;

use crate::support::{Nxcloud, Output, finish};

pub(crate) const TEMPLATE: &str =
    r#"{"appKey": "my-app", "phone": "{phone}", "content": "Hello {name}"}"#;

/// A sandbox, and a folder with a list and a ledger.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) nxcloud: Nxcloud,
}

/// A list of recipients, the line with the columns first.
pub(crate) fn list(rows: usize) -> String {
    let rows = (0..rows).map(|row| format!("+86 150 {row:08};person {row}\n"));
    format!("phone;name\n{}", rows.collect::<String>())
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at("my.ledger").await
    }

    /// With a ledger at this place.
    pub(crate) async fn at(ledger: &str) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let nxcloud = Nxcloud::at(&sandbox).with("NXCLOUD_LEDGER", ledger);
        Self { sandbox, nxcloud }
    }

    /// With the campaign `c`.
    pub(crate) async fn with_rows(rows: usize) -> Self {
        Self::new().await.and_rows(rows)
    }

    pub(crate) fn and_rows(self, rows: usize) -> Self {
        self.write("list.csv", &list(rows));
        self.create(&[]).exits(0);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &(impl AsRef<[u8]> + ?Sized)) {
        std::fs::write(self.nxcloud.home().join(name), text).unwrap();
    }

    pub(crate) fn create(&self, more: &[&str]) -> Output {
        let create = ["create", "list.csv", "--name", "c", "--template", TEMPLATE];
        self.campaign(&[&create[..], more].concat())
    }

    /// A campaign with the list and the template of `c`.
    pub(crate) fn create_with(&self, name: &str, more: &[&str]) -> Output {
        let create = ["create", "list.csv", "--name", name, "--again"];
        self.campaign(&[&create[..], &["--template", TEMPLATE], more].concat())
    }

    pub(crate) fn campaign(&self, arguments: &[&str]) -> Output {
        self.nxcloud.run(&[&["campaign"], arguments].concat())
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let arguments = [&["campaign"], arguments].concat();
        self.nxcloud.command(&arguments).spawn().unwrap()
    }

    /// Rows by state.
    pub(crate) fn rows(&self) -> Value {
        self.campaign(&["status", "c"]).exits(0).json()["rows"].take()
    }

    /// How often the sandbox accepted each row, by its key.
    pub(crate) fn accepted(&self) -> BTreeMap<String, usize> {
        let mut rows = BTreeMap::new();
        for request in self.sandbox.accepted("send_sms") {
            let body = request.json().unwrap();
            *rows
                .entry(body["ext"].as_str().unwrap().to_owned())
                .or_insert(0) += 1;
        }
        rows
    }

    pub(crate) async fn until_accepted(&self, count: usize) {
        let what = format!("{count} accepted requests");
        until(&what, || self.sandbox.accepted("send_sms").len() >= count).await;
    }
}

/// Every reply takes seconds.
pub(crate) fn slow() -> Mix {
    Mix::new(1).with(1.0, Fault::Slow { milliseconds: 400 })
}

pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_sent_once_although_the_run_is_killed_twice() {
    let world = World::with_rows(40).await;
    let check = world.campaign(&["check", "c"]).exits(0).json();
    assert_eq!(check["ready"], 40);
    assert_eq!(check["samples"][2]["phone"], "8615000000002");
    assert_eq!(check["samples"][2]["content"], "Hello person 2");
    assert!(world.accepted().is_empty(), "check sends nothing");

    for _ in 0..3 {
        world.sandbox.faults().enqueue(Fault::StallAfterAccept);
    }
    let mut run = world.spawn(&["run", "c", "--slots", "3"]);
    world.until_accepted(3).await;
    run.kill().unwrap();
    finish(run);
    for _ in 0..2 {
        world.sandbox.faults().enqueue(Fault::StallBeforeAccept);
    }
    let mut run = world.spawn(&["run", "c", "--slots", "4"]);
    world.until_accepted(38).await;
    run.kill().unwrap();
    finish(run);

    let output = world.campaign(&["run", "c"]).exits(4);
    assert_eq!(output.json()["rows"]["ready"], 0);
    assert!(output.stderr.contains("campaign unknown c"), "{output}");
    let unknown = lines(&world.campaign(&["unknown", "c"]).exits(0));
    assert!((5..=9).contains(&unknown.len()), "{}", unknown.len());

    // The platform has accepted some of the unknown rows; a person compares and decides.
    let accepted = world.accepted();
    let (got, lost): (Vec<&Value>, Vec<&Value>) = unknown
        .iter()
        .partition(|row| accepted.contains_key(row["key"].as_str().unwrap()));
    assert_eq!(lost.len(), 2);
    let numbers = |rows: &[&Value]| {
        let rows: Vec<String> = rows.iter().map(|row| row["row"].to_string()).collect();
        rows.join(",")
    };
    let decide = |order, rows: &str, more: &[&str]| {
        let arguments = [
            "unknown", "c", order, "--rows", rows, "--by", "me", "--reason", "seen",
        ];
        world.campaign(&[&arguments[..], more].concat())
    };
    let unconfirmed = decide("--resend", &numbers(&lost), &[]).exits(2);
    assert!(unconfirmed.stderr_line().contains("--yes"), "{unconfirmed}");
    decide("--resend", &numbers(&lost), &["--yes"]).exits(0);
    decide("--accept", &numbers(&got), &["--yes"]).exits(0);
    let output = world.campaign(&["run", "c"]).exits(0);
    assert_eq!(output.json()["rows"]["accepted"], 40);
    let accepted = world.accepted();
    assert_eq!(accepted.len(), 40);
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");

    world
        .campaign(&["export", "c", "--file", "out.csv"])
        .exits(0);
    let path = world.nxcloud.home().join("out.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines()
            .filter(|line| line.contains(",accepted,"))
            .count(),
        40
    );
    #[cfg(unix)]
    for file in ["out.csv", "my.ledger"] {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(world.nxcloud.home().join(file)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    let again = world
        .campaign(&["export", "c", "--file", "out.csv"])
        .exits(2);
    assert!(again.stderr_line().contains("another"), "{again}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_run_in_order_and_the_same_command_goes_on() {
    for signal in ["-INT", "-TERM"] {
        let world = World::with_rows(200).await;
        world.sandbox.faults().mix(slow());
        let run = world.spawn(&["run", "c", "--slots", "2"]);
        world.until_accepted(1).await;
        crate::support::signal(&run, signal);
        let output = finish(run).exits(3);
        assert!(output.stderr.contains("rows are left"), "{output}");
        assert!(
            output.stderr.contains("The same command goes on"),
            "{output}"
        );
        let result = output.json();
        assert_eq!(result["ended"], "stopped");
        let rows = &result["rows"];
        assert_eq!(rows["unknown"], 0, "it waited for the replies");
        assert!(rows["ready"].as_u64().unwrap() > 0);
        assert_eq!(rows["accepted"], world.accepted().len());
        world.sandbox.faults().clear();
        world.campaign(&["run", "c"]).exits(0);
        assert!(world.accepted().values().all(|count| *count == 1));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_run_at_once_and_its_rows_are_unknown() {
    let world = World::with_rows(10).await;
    for _ in 0..2 {
        world.sandbox.faults().enqueue(Fault::StallAfterAccept);
    }
    let mut run = world.spawn(&["run", "c", "--slots", "2"]);
    world.until_accepted(2).await;
    // Signals that come at the same time count as one.
    until("the end of the run", || {
        crate::support::signal(&run, "-INT");
        run.try_wait().unwrap().is_some()
    })
    .await;
    let output = finish(run).exits(4);
    assert!(
        output.stderr.contains("up to 2 rows are unknown"),
        "{output}"
    );
    let rows = world.rows();
    assert_eq!((&rows["unknown"], &rows["ready"]), (&2.into(), &8.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_what_became_of_the_rows() {
    for (faults, code) in [
        (vec![], 0),
        (vec![Fault::Code { code: 6 }], 1),
        (vec![Fault::ResetAfterAccept], 4),
        (vec![Fault::Code { code: 6 }, Fault::ResetAfterAccept], 4),
        // An empty balance pauses the campaign, and no row is lost.
        (vec![Fault::Code { code: 3 }], 3),
    ] {
        let world = World::with_rows(5).await;
        for fault in &faults {
            world.sandbox.faults().enqueue(*fault);
        }
        let output = world.campaign(&["run", "c", "--slots", "1"]).exits(code);
        // The same holds for a run with nothing left to do; a paused campaign is refused.
        let again = if code == 3 { 2 } else { code };
        world.campaign(&["run", "c"]).exits(again);
        assert!(!output.to_string().contains("person"), "{output}");
        let rejected = ["export", "c", "--which", "rejected", "--format", "jsonl"];
        let rejected = lines(&world.campaign(&rejected).exits(0)).len();
        let is_rejected = |fault: &&Fault| matches!(fault, Fault::Code { code: 6 });
        assert_eq!(rejected, faults.iter().filter(is_rejected).count());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_commands_work_beside_a_run() {
    let world = World::with_rows(200).await;
    world.sandbox.faults().mix(slow());
    let run = world.spawn(&["run", "c", "--slots", "2"]);
    world.until_accepted(1).await;
    let second = world.campaign(&["run", "c"]).exits(3);
    assert!(second.stderr_line().contains("another"), "{second}");
    assert_eq!(world.rows()["total"], 200);
    let all = world.campaign(&["status"]).exits(0).json();
    assert_eq!(all[0]["state"], "running");
    world.campaign(&["unknown", "c"]).exits(0);
    world.campaign(&["export", "c"]).exits(0);
    world
        .campaign(&["pause", "c", "--reason", "lunch"])
        .exits(0);
    let output = finish(run).exits(3);
    assert!(output.stderr.contains("paused: lunch"), "{output}");
    let paused = world.campaign(&["run", "c"]).exits(2);
    assert!(paused.stderr_line().contains("lunch"), "{paused}");
    world.campaign(&["resume", "c"]).exits(0);
    world.sandbox.faults().clear();
    world.campaign(&["run", "c"]).exits(0);
    assert!(world.accepted().values().all(|count| *count == 1));

    world.write("list.csv", &list(3));
    let create = ["create", "list.csv", "--name", "d", "--template", TEMPLATE];
    world.campaign(&create).exits(0);
    let cancelled = world.campaign(&["cancel", "d"]).exits(0);
    assert!(
        cancelled.stderr_line().contains("3 rows are skipped"),
        "{cancelled}"
    );
    world.campaign(&["run", "d"]).exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_can_be_changed() {
    let world = World::new().await;
    world.write("list.csv", &list(10));
    let limits = [
        "--max-rows",
        "4",
        "--rate",
        "1000",
        "--deadline",
        "2099-01-01T00:00:00Z",
    ];
    world.create(&limits).exits(0);
    let status = world.campaign(&["status", "c"]).exits(0).json();
    assert_eq!(
        status["limits"],
        "until 2099-01-01T00:00:00Z, at most 4 rows"
    );
    assert_eq!(status["rate"], 1000);
    let output = world.campaign(&["run", "c"]).exits(3);
    assert!(output.stderr.contains("cap of 4 rows"), "{output}");
    world.campaign(&["resume", "c"]).exits(0);
    let cost = [
        "--max-rows",
        "10",
        "--max-cost",
        "0.35",
        "--row-cost",
        "0.05",
    ];
    let output = world
        .campaign(&[&["run", "c"], &cost[..]].concat())
        .exits(3);
    assert_eq!(output.json()["rows"]["accepted"], 7);
    assert!(output.stderr.contains("0.35"), "{output}");
    let past = world
        .campaign(&["run", "c", "--deadline", "2001-01-01T00:00:00Z"])
        .exits(2);
    assert!(past.stderr_line().contains("past"), "{past}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_sends_messages_can_be_a_campaign() {
    let world = World::new().await;
    world.write("list.csv", &list(3));
    let services = nxcloud_spec::embedded_services().unwrap();
    let operations = services.iter().flat_map(|service| service.operations());
    let mut names = Vec::new();
    for operation in operations {
        let Some(message) = &operation.message else {
            continue;
        };
        let (service, id) = (operation.service().name(), operation.id.as_str());
        let example = [service, &id.replace('_', "-"), "--example"];
        let mut template = world.nxcloud.run(&example).exits(0).json();
        template[&message.to] = "{phone}".into();
        if let Some(echo) = &message.echo {
            template.as_object_mut().unwrap().remove(echo);
        }
        let (template, name) = (template.to_string(), format!("{service}.{id}"));
        let create = [
            "create",
            "list.csv",
            "--name",
            &name,
            "--template",
            &template,
        ];
        world
            .campaign(&[&create[..], &["--operation", &name]].concat())
            .exits(0);
        let check = world.campaign(&["check", &name]).exits(0).json();
        assert_eq!(
            check["notes"].as_array().unwrap().is_empty(),
            message.echo.is_some()
        );
        let run = world.campaign(&["run", &name]).exits(0).json();
        assert_eq!(run["rows"]["accepted"], 3, "{name}");
        names.push(name);
    }
    assert!(names.len() > 3, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_expire_are_in_the_exit_code() {
    let world = World::with_rows(1).await;
    // A used-up quota puts the row back for an hour.
    world.sandbox.faults().enqueue(Fault::Code { code: 27 });
    let output = loop {
        let deadline = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
        let deadline = deadline.to_string();
        let output = world.campaign(&["run", "c", "--deadline", &deadline]);
        // It may take longer to start on a slow machine.
        if !output.stderr.contains("past") {
            break output;
        }
    };
    assert!(output.stderr.contains("1 rows expired"), "{output}");
    assert_eq!(output.exits(1).json()["rows"]["skipped"], 1);
}
