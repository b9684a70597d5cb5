//! Golden files of help, errors and tables. `SNAPSHOTS=overwrite cargo test -p nxcloud-cli golden` updates them.

use std::path::{Path, PathBuf};

use nxcloud_sandbox::{Fault, Sandbox};
use snapbox::{assert_data_eq, file};

use crate::support::{Nxcloud, SEND};

#[test]
fn help_matches_the_golden_files() {
    let nxcloud = Nxcloud::new();
    let help = |arguments: &[&str]| nxcloud.run(arguments).exits(0).stdout;
    assert_data_eq!(help(&["--help"]), file!["golden/help.txt"].raw());
    assert_data_eq!(help(&["sms", "--help"]), file!["golden/help-sms.txt"].raw());
    let send = help(&["sms", "send-sms", "--help"]);
    assert_data_eq!(send, file!["golden/help-send-sms.txt"].raw());
    assert_data_eq!(
        help(&["sign", "--help"]),
        file!["golden/help-sign.txt"].raw()
    );
    assert_data_eq!(
        help(&["sandbox", "--help"]),
        file!["golden/help-sandbox.txt"].raw()
    );
    assert_data_eq!(
        help(&["listen", "--help"]),
        file!["golden/help-listen.txt"].raw()
    );
    assert_data_eq!(
        help(&["campaign", "--help"]),
        file!["golden/help-campaign.txt"].raw()
    );
    assert_data_eq!(
        help(&["campaign", "create", "--help"]),
        file!["golden/help-campaign-create.txt"].raw()
    );
    assert_data_eq!(
        help(&["campaign", "run", "--help"]),
        file!["golden/help-campaign-run.txt"].raw()
    );
    let receipt = help(&["trigger", "sms", "sms-receipt", "--help"]);
    assert_data_eq!(receipt, file!["golden/help-trigger.txt"].raw());
    let nothing = nxcloud.run(&[]).exits(2);
    assert_data_eq!(nothing.stderr, file!["golden/help-nothing.txt"].raw());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_match_the_golden_files() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    for (service, operation, golden) in [
        ("did", "query-calls", file!["golden/table-query-calls.txt"]),
        (
            "virtual-number",
            "list-bindings",
            file!["golden/table-list-bindings.txt"],
        ),
        (
            "customer-data",
            "query-customer-fields",
            file!["golden/table-customer-fields.txt"],
        ),
    ] {
        let example = nxcloud.run(&[service, operation, "--example"]).exits(0);
        let arguments = [service, operation, "--json", "-", "--output", "table"];
        let output = nxcloud.feed(&arguments, &example.stdout).exits(0);
        // Request ids differ from run to run.
        let lines = output
            .stdout
            .lines()
            .filter(|line| !line.starts_with("traceId ") && !line.starts_with("requestId "));
        let lines: Vec<&str> = lines.collect();
        assert_data_eq!(lines.join("\n") + "\n", golden.raw());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_match_the_golden_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let mut lines = String::new();
    let faults = [
        Fault::Code { code: 1003 },
        Fault::Code { code: 28 },
        Fault::Code { code: 424_242 },
        Fault::Status { status: 403 },
        Fault::StatusAfterAccept { status: 502 },
        Fault::ResetAfterAccept,
        Fault::Malformed,
    ];
    for fault in faults {
        for _ in 0..3 {
            // One fault for each attempt of the client.
            sandbox.faults().enqueue(fault);
        }
        let output = nxcloud.run(&SEND);
        sandbox.faults().clear();
        let code = output.code.unwrap();
        lines.push_str(&format!(
            "{fault:?}: exit {code}\n  {}\n",
            masked(output.stderr_line())
        ));
    }
    for arguments in [
        &["sms", "send-sms", "--content", ""][..],
        &[
            "sms",
            "send-sms",
            "--app-key",
            "a",
            "--phone",
            "1",
            "--content",
            "",
        ],
        &["sms", "send-sms", "--unknown"],
        &["sms"],
        &["sms", "send-sms", "--json", "absent.json"],
    ] {
        let output = nxcloud.run(arguments).exits(2);
        // Without an operation, the command prints its help instead of an error line.
        if arguments.len() > 1 {
            let stderr_line = masked(output.stderr_line());
            lines.push_str(&format!("{}\n  {stderr_line}\n", arguments.join(" ")));
        }
    }
    assert_data_eq!(lines, file!["golden/errors.txt"].raw());
}

/// A golden file with texts or error numbers of one operating system would fail on every other one. This test reads all golden
/// files: every file in a folder `tests` that is not Rust code.
#[test]
fn no_golden_file_quotes_the_operating_system() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let crates = std::fs::read_dir(crates).unwrap();
    let mut folders: Vec<PathBuf> = crates
        .map(|entry| entry.unwrap().path().join("tests"))
        .filter(|tests| tests.is_dir())
        .collect();
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|kind| kind != "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("os error"), "{}", path.display());
                names.push(path.file_name().unwrap().to_owned());
            }
        }
    }
    for name in ["errors.txt", "matrix.md"] {
        assert!(names.iter().any(|file| file == name), "{names:?}");
    }
    assert_eq!(
        masked("error: a.json: The file was not found. (os error 2)"),
        "error: a.json: [system error]"
    );
    assert_eq!(
        masked("a: not found (os error 2); b: refused (os error 111)."),
        "a: [system error]; b: [system error]."
    );
}

/// Masks what differs from run to run or between systems: times, request ids and messages of the operating system.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some((before, after)) = line.split_once(" (os error ") {
        let before = before.rsplit_once(": ").map_or("", |(before, _)| before);
        let after = after.split_once(')').map_or("", |(_, after)| after);
        line = format!("{before}: [system error]{after}");
    }
    let mut out = String::new();
    let mut digits = String::new();
    for character in line.chars().chain([' ']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        out.push_str(if digits.len() > 8 { "#" } else { &digits });
        digits.clear();
        out.push(character);
    }
    out.trim_end().to_owned()
}
