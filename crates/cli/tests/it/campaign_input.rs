//! Bad input to campaigns: a clear message, the right exit code, nothing lost, nothing sent.

use nxcloud_sandbox::{APP_ID, APP_SECRET};

use crate::campaign::{TEMPLATE, World, list};
use crate::support::{Nxcloud, Output, finish};

/// The one line of an error, which shows neither numbers nor texts.
#[track_caller]
pub(crate) fn error(output: Output, expected: &str) {
    let output = output.exits(2);
    let line = output.stderr_line();
    assert!(line.contains(expected), "not `{expected}`: {line}");
    for private in ["86150", "person", "hush"] {
        assert!(!line.contains(private), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_named() {
    let nxcloud = Nxcloud::new();
    error(nxcloud.run(&["campaign", "status"]), "NXCLOUD_LEDGER");
    let status = |ledger| nxcloud.run(&["campaign", "status", "--ledger", ledger]);
    error(status("mysql://me:hush@db/campaigns"), "PostgreSQL");
    error(status("my.ledger"), "create a campaign first");
    let world = World::with_rows(1).await;
    let status = ["--ledger", "another.ledger", "status"];
    error(world.campaign(&status), "create a campaign first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_ledger_stays_as_it_is() {
    let world = World::with_rows(1).await;
    let path = world.nxcloud.home().join("my.ledger");
    let ledger = std::fs::read(&path).unwrap();
    // Where SQLite keeps the version of the schema and the id of the program.
    let (mut newer, mut foreign) = (ledger.clone(), ledger);
    newer[63] = 99;
    foreign[71] ^= 1;
    let text = "not a database, and long enough to be a file of somebody".repeat(100);
    for (bytes, expected) in [
        (newer, "version 99"),
        (foreign, "another program"),
        (text.into_bytes(), "ledger"),
    ] {
        world.write("my.ledger", &bytes);
        error(world.campaign(&["status"]), expected);
        error(world.create(&["--again"]), expected);
        error(world.campaign(&["run", "c"]), expected);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{expected}");
    }
    let folder = world.campaign(&["status", "--ledger", "."]);
    error(folder, "folder");
    let nowhere = world.create(&["--ledger", "nowhere/my.ledger"]);
    error(nowhere, "cannot be made");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_runs_out_of_space_goes_on_later() {
    let world = World::new().await;
    let home = world.nxcloud.home();
    world.write("list.csv", &list(50_000));
    let create = [
        "campaign",
        "create",
        "list.csv",
        "--name",
        "c",
        "--max-rows",
        "7",
    ];
    let create = [&create[..], &["--template", TEMPLATE]].concat();
    // A file that grows too large fails like one on a full disk.
    let mut create = world
        .nxcloud
        .limited("trap '' XFSZ; ulimit -f 4000", &create);
    let output = finish(create.spawn().unwrap()).exits(3);
    assert!(output.stderr_line().contains("ledger"), "{output}");
    let status = world.campaign(&["status", "c"]).exits(0).json();
    assert_eq!(status["state"], "importing");
    assert_eq!(
        status["limits"], "at most 7 rows",
        "it never runs without them"
    );
    error(world.campaign(&["run", "c"]), "import");
    for end in ["", "-wal"] {
        let file = |name| home.join(format!("{name}.ledger{end}"));
        if file("my").exists() {
            std::fs::copy(file("my"), file("copy")).unwrap();
        }
    }
    let cancelled = world.campaign(&["cancel", "c", "--ledger", "copy.ledger"]);
    assert!(cancelled.stderr.contains("removed"), "{cancelled}");
    let status = world
        .campaign(&["status", "--ledger", "copy.ledger"])
        .exits(0);
    assert_eq!(status.stdout, "[]\n");
    world.write("list.csv", &list(50_001));
    error(world.create(&[]), "put that one back");
    world.write("list.csv", &list(50_000));
    let rows = world.create(&[]).exits(0).json()["rows"].take();
    assert_eq!(
        (&rows["ready"], &rows["total"]),
        (&50_000.into(), &50_000.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_makes_no_campaign() {
    let world = World::new().await;
    let columns: Vec<String> = (0..100_000).map(|column| format!("c{column}")).collect();
    let long = format!("phone,name\n8615000000000,{}\n", "x".repeat(10 << 20));
    let lists = [
        (String::new(), "empty"),
        (
            "phone,name,phone\n8615000000000,a,b\n".to_owned(),
            "two columns",
        ),
        (columns.join(",") + "\n", "100000 columns"),
        (long, "longer than 1024 KiB"),
        (
            "number,name\n8615000000000,a\n".to_owned(),
            "no column phone",
        ),
        ("8615000000000,person\n".to_owned(), "no column phone"),
    ];
    for (text, expected) in lists {
        world.write("list.csv", &text);
        error(world.create(&[]), expected);
    }
    world.write("list.csv", b"phone,name\n8615000000000,\xd5\xc5\n");
    error(world.create(&[]), "encoding");
    error(world.create(&["--encoding", "klingon"]), "encoding");
    std::fs::remove_file(world.nxcloud.home().join("list.csv")).unwrap();
    error(world.create(&[]), "list");
    if world.nxcloud.home().join("my.ledger").exists() {
        assert_eq!(world.campaign(&["status"]).exits(0).stdout, "[]\n");
    }
    world.write("list.csv", b"phone,name\n8615000000000,\xd5\xc5\n");
    world.create(&["--encoding", "gb18030"]).exits(0);
    assert!(world.accepted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_cannot_be_used_makes_no_campaign() {
    let world = World::new().await;
    world.write("list.csv", &list(3));
    let create = |template: &str, more: &[&str]| {
        let create = ["create", "list.csv", "--name", "c", "--template", template];
        world.campaign(&[&create[..], more].concat())
    };
    error(
        create(
            r#"{"appKey": "a", "phone": "{phone}", "content": "{city}"}"#,
            &[],
        ),
        "`city`",
    );
    error(create(r#"{"appKey": "a", "phone": "#, &[]), "no JSON");
    error(create("[1]", &[]), "[1]");
    error(create("@nowhere.json", &[]), "nowhere.json");
    error(
        create(r#"{"appKey": "a", "content": "hush"}"#, &[]),
        "`phone`",
    );
    error(
        create(
            r#"{"appKey": "a", "phone": "{phone}", "content": "x", "ext": "1"}"#,
            &[],
        ),
        "`ext`",
    );
    error(create(TEMPLATE, &["--column", "name"]), "--column");
    error(
        create(TEMPLATE, &["--operation", "send_message"]),
        "viber.send_message",
    );
    error(
        create(TEMPLATE, &["--operation", "query_calls"]),
        "sms.send_sms",
    );
    error(
        create(TEMPLATE, &["--max-cost", "x", "--row-cost", "1"]),
        "decimal",
    );
    world.write("numbers.txt", "8615000000000\n\n86150000000000000000000\n");
    error(create(TEMPLATE, &["--suppress", "numbers.txt"]), "line 3");
    world.write(
        "template.json",
        r#"{"appKey": "a", "content": "Hello {name}"}"#,
    );
    create("template.json", &["--column", "phone"]).exits(0);
    let sample = world.campaign(&["check", "c"]).exits(0).json()["samples"][0].take();
    assert_eq!(sample["phone"], "8615000000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_refuse_the_start_with_all_findings() {
    let world = World::new().await;
    let rows = (1..=9).map(|row| match row {
        3 => "8615000000003\n".to_owned(),
        5 => "86150000000055555555555;person\n".to_owned(),
        7 => format!("861500000000{row};{}\n", "long".repeat(2000)),
        9 => "8615000000001;person\n".to_owned(),
        _ => format!("861500000000{row};person\n"),
    });
    world.write(
        "list.csv",
        &format!("phone;name\n{}", rows.collect::<String>()),
    );
    world.create(&[]).exits(0);
    let check = world.campaign(&["check", "c"]).exits(2);
    let found = check.json();
    assert_eq!(
        (&found["bad"], &found["duplicates"]),
        (&3.into(), &1.into())
    );
    let numbers: Vec<_> = found["bad_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| bad["row"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [3, 5, 7]);
    assert_eq!(found["ready"], 5);
    let run = world.campaign(&["run", "c"]).exits(2);
    assert_eq!(run.json()["bad"], 3);
    error(run, "3 of the rows");
    assert!(world.accepted().is_empty());
    let run = world.campaign(&["run", "c", "--skip-invalid"]).exits(0);
    assert_eq!(run.json()["rows"]["accepted"], 5);
    assert_eq!(run.json()["rows"]["skipped"], 4);
    let invalid = ["export", "c", "--which", "invalid", "--format", "jsonl"];
    assert_eq!(world.campaign(&invalid).exits(0).stdout.lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_that_of_one_campaign() {
    let world = World::with_rows(2).await;
    error(world.create(&["--again"]), "another name");
    let other = ["create", "list.csv", "--name", "d", "--template", TEMPLATE];
    error(world.campaign(&other), "--again");
    world
        .campaign(&[&other[..], &["--again"]].concat())
        .exits(0);
    for command in [
        "check", "run", "status", "pause", "resume", "cancel", "unknown", "export",
    ] {
        error(world.campaign(&[command, "nobody"]), "campaign");
    }
    error(world.campaign(&["unknown", "c", "--resend"]), "--by");
    error(world.campaign(&["unknown", "c", "--rows", "9-5"]), "1,5-9");
    error(
        world.campaign(&["run", "c", "--receipts", "here"]),
        "127.0.0.1:4011",
    );
    error(
        world.campaign(&["run", "c", "--wait-receipts", "long"]),
        "10m",
    );
    assert!(world.accepted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_platform_sends_nothing() {
    let world = World::with_rows(2).await;
    let ledger = world.nxcloud.home().join("my.ledger");
    let other = Nxcloud::new()
        .with("ANTBUDDY_APP_ID", APP_ID)
        .with("ANTBUDDY_APP_SECRET", APP_SECRET)
        .with("NXCLOUD_BASE_URL", world.sandbox.url())
        .with("NXCLOUD_LEDGER", ledger.to_str().unwrap());
    error(other.run(&["campaign", "run", "c"]), "account");
    error(
        Nxcloud::new().run(&["campaign", "--ledger", ledger.to_str().unwrap(), "run", "c"]),
        "account",
    );
    assert_eq!(world.rows()["ready"], 2);
    assert!(world.sandbox.requests().is_empty());
}
