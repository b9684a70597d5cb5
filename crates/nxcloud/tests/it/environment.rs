//! A session from the environment. The variables are set for a child process: this very test binary, running one ignored test.

use std::process::Command;

use nxcloud::{Error, Session};

/// What the child prints: the session or the error, as a log would show them.
fn child(variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "environment::prints_the_session",
            "--ignored",
            "--nocapture",
        ])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let begin = text.find("<<<").expect("the child printed") + 3;
    text[begin..text.find(">>>").expect("the child finished")].to_owned()
}

#[test]
#[ignore = "run by the other tests in a child process"]
fn prints_the_session() {
    let session: Result<Session, Error> = Session::from_env();
    println!(
        "<<<{}>>>",
        match session {
            Ok(session) => format!("{session:?}"),
            Err(error) => format!("{error} {error:?}"),
        }
    );
}

#[test]
fn both_variables_make_a_session_that_shows_no_secret() {
    let shown = child(&[
        ("NXCLOUD_ACCESS_KEY", "the-key"),
        ("NXCLOUD_ACCESS_SECRET", "the-secret"),
        ("NXCLOUD_BASE_URL", "http://127.0.0.1:1234"),
    ]);
    assert!(shown.starts_with("Session"), "{shown}");
    assert!(
        shown.contains("the-key") && shown.contains("http://127.0.0.1:1234"),
        "{shown}"
    );
    assert!(!shown.contains("the-secret"), "{shown}");
}

#[test]
fn what_is_missing_or_malformed_is_named_without_its_value() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], "set NXCLOUD_ACCESS_KEY and NXCLOUD_ACCESS_SECRET"),
        (
            &[("NXCLOUD_ACCESS_KEY", "sensitive")],
            "NXCLOUD_ACCESS_SECRET is not",
        ),
        (
            &[("NXCLOUD_ACCESS_SECRET", "sensitive")],
            "NXCLOUD_ACCESS_KEY is not",
        ),
        (
            &[
                ("NXCLOUD_ACCESS_KEY", "sens\nitive"),
                ("NXCLOUD_ACCESS_SECRET", "sensitive"),
            ],
            "an HTTP header cannot carry",
        ),
        (
            &[("NXCLOUD_ACCESS_KEY", "k"), ("NXCLOUD_ACCESS_SECRET", "")],
            "secret is empty",
        ),
        (
            &[
                ("NXCLOUD_ACCESS_KEY", "k"),
                ("NXCLOUD_ACCESS_SECRET", "sensitive"),
                ("NXCLOUD_BASE_URL", "http://example.com"),
            ],
            "plain http is refused",
        ),
    ];
    for (variables, expected) in cases {
        let shown = child(variables);
        assert!(shown.contains(expected), "{expected} in {shown}");
        assert!(shown.contains("Configuration"), "{shown}");
        assert!(
            !shown.contains("sensitive") && !shown.contains("sens\n"),
            "{shown}"
        );
    }
}
