//! A session from the environment. The variables are set for a child process: this very test binary, running one ignored test.

use std::process::Command;

use nxcloud::{AppKey, Credentials, Error, Session, SessionBuilder};

/// What the child prints: the session or the error, as a log would show them.
fn child(variables: &[(&str, &str)]) -> String {
    run("environment::prints_the_session", variables)
}

fn run(test: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
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
            "NXCLOUD_ACCESS_SECRET is not or is empty",
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

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let mut empty = [
        "ANTBUDDY_APP_ID",
        "ANTBUDDY_APP_SECRET",
        "NXCLOUD_BASE_URL",
        "HTTPS_PROXY",
    ]
    .map(|name| (name, ""))
    .to_vec();
    empty.extend([
        ("NXCLOUD_ACCESS_KEY", "the-key"),
        ("NXCLOUD_ACCESS_SECRET", "the-secret"),
    ]);
    let shown = child(&empty);
    assert!(
        shown.starts_with("Session") && shown.contains("base_url: None"),
        "{shown}"
    );
    let none = [("NXCLOUD_ACCESS_KEY", ""), ("NXCLOUD_ACCESS_SECRET", "")];
    assert!(child(&none).contains("no credentials in the environment"));
}

/// What the child finds, and with what it is asked to pass itself.
#[test]
#[ignore = "run by the other tests in a child process"]
fn prints_what_is_discovered() {
    let passed = std::env::var("PASSED_BY_THE_PROGRAM").ok();
    let passed = passed.map(|key| Credentials::nxcloud(key, "the-secret").unwrap());
    let session = Session::discover(passed).and_then(SessionBuilder::build);
    println!(
        "<<<{}>>>",
        match session {
            Ok(session) => format!("{session:?}"),
            Err(error) => format!("{error} {error:?}"),
        }
    );
}

#[cfg(unix)]
#[test]
fn what_the_program_passes_goes_before_the_environment_before_a_profile() {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    let home = std::env::temp_dir().join(format!("nxcloud-discover-{}", std::process::id()));
    let folder = home.join("nxcloud");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .unwrap();
    let file = folder.join("profiles.toml");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .unwrap();
    let text = "[default]\naccess_key = \"key-of-default\"\naccess_secret = \"the-secret\"\n\
                base_url = \"https://default.example\"\n\
                [other]\naccess_key = \"key-of-other\"\naccess_secret = \"the-secret\"\n";
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let config = ("XDG_CONFIG_HOME", home.to_str().unwrap());
    let discover = |variables: &[(&str, &str)]| {
        let mut all = vec![config];
        all.extend(variables);
        let shown = run("environment::prints_what_is_discovered", &all);
        assert!(!shown.contains("the-secret"), "{shown}");
        shown
    };
    let environment = [
        ("NXCLOUD_ACCESS_KEY", "key-of-env"),
        ("NXCLOUD_ACCESS_SECRET", "the-secret"),
    ];
    let passed = ("PASSED_BY_THE_PROGRAM", "key-of-program");
    let named = ("NXCLOUD_PROFILE", "other");
    let gateway = ("NXCLOUD_BASE_URL", "https://gateway.example");
    let [key, secret] = environment;
    for (variables, expected) in [
        (vec![passed, key, secret, named], "key-of-program"),
        (vec![key, secret, named], "key-of-env"),
        (vec![named], "key-of-other"),
        (vec![], "key-of-default"),
        (
            vec![("NXCLOUD_ACCESS_KEY", ""), ("NXCLOUD_PROFILE", "")],
            "key-of-default",
        ),
        (vec![gateway], "https://default.example"),
        (vec![named, gateway], "https://gateway.example"),
        (vec![passed, gateway], "https://gateway.example"),
        // What is there but broken is not passed over.
        (vec![key], "NXCLOUD_ACCESS_SECRET is not"),
        (
            vec![("NXCLOUD_PROFILE", "nobody")],
            "there is no profile `nobody`",
        ),
        (
            vec![("XDG_CONFIG_HOME", "/nonexistent")],
            "no account: set NXCLOUD_ACCESS_KEY",
        ),
    ] {
        let shown = discover(&variables);
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    std::fs::remove_dir_all(&home).unwrap();
}

#[tokio::test]
#[ignore = "run by the other tests in a child process"]
async fn sends_one_message() {
    let session = Session::from_env().unwrap();
    let request = nxcloud::sms::SendSms::new(AppKey::new("app"), "8615012345678", "hello");
    let result = nxcloud::sms::Client::new(&session).send_sms(&request).await;
    println!(
        "<<<{}>>>",
        result.map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    );
}

#[tokio::test]
async fn this_machine_is_never_reached_through_a_proxy_of_the_environment() {
    let proxy = crate::support::Server::answering("502 Bad Gateway", "", "").await;
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        let server = crate::support::Server::answering("200 OK", "", r#"{"code":"0"}"#).await;
        let (url, proxy_url) = (server.url.clone(), proxy.url.clone());
        let said = tokio::task::spawn_blocking(move || {
            let account = [("NXCLOUD_ACCESS_KEY", "k"), ("NXCLOUD_ACCESS_SECRET", "s")];
            let places = [
                ("NXCLOUD_BASE_URL", url.as_str()),
                (variable, proxy_url.as_str()),
            ];
            run(
                "environment::sends_one_message",
                &[account, places].concat(),
            )
        });
        assert_eq!(said.await.unwrap(), "accepted", "{variable}");
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(proxy.requests().len(), 0);
}
