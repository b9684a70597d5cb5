//! Sessions from the environment. The variables are set for a child process, which runs one ignored test of this test binary.

use std::process::{Command, Stdio};

use nxcloud::{AppKey, Credentials, Error, Session};

/// Runs the child, which prints the session or the error.
fn child(variables: &[(&str, &str)]) -> String {
    run("environment::prints_the_session", variables)
}

fn run(test: &str, variables: &[(&str, &str)]) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = testing::output(child);
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
fn the_session_from_the_environment_prints_no_secret() {
    let output = child(&[
        ("NXCLOUD_ACCESS_KEY", "the-key"),
        ("NXCLOUD_ACCESS_SECRET", "the-secret"),
        ("NXCLOUD_BASE_URL", "http://127.0.0.1:1234"),
    ]);
    assert!(output.starts_with("Session"), "{output}");
    assert!(
        output.contains("the-key") && output.contains("http://127.0.0.1:1234"),
        "{output}"
    );
    assert!(!output.contains("the-secret"), "{output}");
}

#[test]
fn errors_name_missing_and_malformed_variables_without_their_values() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], "set NXCLOUD_ACCESS_KEY and NXCLOUD_ACCESS_SECRET"),
        (
            &[("NXCLOUD_ACCESS_KEY", "sensitive")],
            "NXCLOUD_ACCESS_SECRET is missing",
        ),
        (
            &[("NXCLOUD_ACCESS_SECRET", "sensitive")],
            "NXCLOUD_ACCESS_KEY is missing",
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
            "NXCLOUD_ACCESS_SECRET is missing or empty",
        ),
        (
            &[
                ("NXCLOUD_ACCESS_KEY", "k"),
                ("NXCLOUD_ACCESS_SECRET", "sensitive"),
                ("NXCLOUD_BASE_URL", "http://example.com"),
            ],
            "uses plain http to another machine",
        ),
    ];
    for (variables, expected) in cases {
        let output = child(variables);
        assert!(output.contains(expected), "{expected} in {output}");
        assert!(output.contains("Configuration"), "{output}");
        assert!(
            !output.contains("sensitive") && !output.contains("sens\n"),
            "{output}"
        );
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
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
    let output = child(&empty);
    assert!(
        output.starts_with("Session") && output.contains("base_url: None"),
        "{output}"
    );
    let none = [("NXCLOUD_ACCESS_KEY", ""), ("NXCLOUD_ACCESS_SECRET", "")];
    assert!(child(&none).contains("no credentials in the environment"));
}

#[test]
fn an_invalid_proxy_in_the_environment_is_an_error_that_names_the_variable() {
    let account = [("NXCLOUD_ACCESS_KEY", "k"), ("NXCLOUD_ACCESS_SECRET", "s")];
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        for wrong in [
            "http://me:hush@",
            "ftp://me:hush@proxy.example",
            "me hush",
            "http://me:hush@proxy:99999",
        ] {
            let output = child(&[account.as_slice(), &[(name, wrong)]].concat());
            assert!(
                output.contains(&format!("{name} is not a proxy URL")),
                "{output}"
            );
            assert!(
                output.contains("Configuration") && !output.contains("hush"),
                "{output}"
            );
            // For a base URL on this machine the proxy is not used, so it is not checked.
            let local = ("NXCLOUD_BASE_URL", "http://127.0.0.1:1");
            let output = child(&[account.as_slice(), &[(name, wrong), local]].concat());
            assert!(output.starts_with("Session"), "{output}");
        }
        let output = child(
            &[
                account.as_slice(),
                &[(name, "http://me:hush@proxy.example:3128")],
            ]
            .concat(),
        );
        assert!(output.starts_with("Session"), "{output}");
    }
}

#[test]
fn the_error_without_an_account_names_every_source() {
    for builder in [
        Session::builder(),
        Session::builder()
            .base_url("https://gateway.example")
            .proxy_from_env(true),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), nxcloud::ErrorKind::Configuration);
        for source in ["credentials", "env", "profile", "discover"] {
            assert!(error.to_string().contains(source), "{source} in {error}");
        }
    }
}

/// Calls the methods of the builder that `CALLS` names, in order, and prints the session.
#[test]
#[ignore = "run by the other tests in a child process"]
fn prints_the_built_session() {
    let mut builder = Session::builder();
    for call in std::env::var("CALLS").unwrap().split(' ') {
        builder = match call {
            "credentials" => {
                builder.credentials(Credentials::nxcloud("key-of-program", "the-secret").unwrap())
            }
            "base_url" => builder.base_url("https://program.example"),
            "proxy" => builder.proxy("http://program.example:1"),
            "no_proxy" => builder.proxy_from_env(false),
            "env" => builder.env(),
            "discover" => builder.discover(),
            profile => builder.profile(profile),
        };
    }
    println!(
        "<<<{}>>>",
        match builder.build() {
            Ok(session) => format!(
                "{} {:?} {:?}",
                session
                    .credentials()
                    .nxcloud_signer()
                    .unwrap()
                    .access_key()
                    .as_str(),
                session.base_url().unwrap_or_default(),
                session.proxy_for("https://example.com").unwrap_or_default(),
            ),
            Err(error) => error.to_string(),
        }
    );
}

/// Prints the session of `discover`, with the credentials that the variable `PASSED_BY_THE_PROGRAM` asks for.
#[test]
#[ignore = "run by the other tests in a child process"]
fn prints_the_discovered_session() {
    let key = std::env::var("PASSED_BY_THE_PROGRAM").ok();
    let credentials = key.map(|key| Credentials::nxcloud(key, "the-secret").unwrap());
    let builder = Session::builder().discover();
    let session = match credentials {
        Some(credentials) => builder.credentials(credentials),
        None => builder,
    };
    let session = session.build();
    println!(
        "<<<{}>>>",
        match session {
            Ok(session) => format!("{session:?}"),
            Err(error) => format!("{error} {error:?}"),
        }
    );
}

/// Creates a configuration directory with these profiles.
#[cfg(unix)]
fn home(name: &str, profiles: &str) -> std::path::PathBuf {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    let home = std::env::temp_dir().join(format!("nxcloud-{name}-{}", std::process::id()));
    let folder = home.join("nxcloud");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .unwrap();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .mode(0o600)
        .open(folder.join("profiles.toml"))
        .unwrap();
    std::io::Write::write_all(&mut file, profiles.as_bytes()).unwrap();
    home
}

#[cfg(unix)]
#[test]
fn settings_of_the_program_win_regardless_of_the_order_of_calls() {
    let profiles = "[full]\naccess_key = \"key-of-full\"\naccess_secret = \"the-secret\"\n\
                    base_url = \"https://full.example\"\nproxy = \"http://full.example:1\"\n\
                    [bare]\naccess_key = \"key-of-bare\"\naccess_secret = \"the-secret\"\n";
    let home = home("sources", profiles);
    let variables = [
        ("XDG_CONFIG_HOME", home.to_str().unwrap()),
        ("NXCLOUD_ACCESS_KEY", "key-of-env"),
        ("NXCLOUD_ACCESS_SECRET", "the-secret"),
        ("NXCLOUD_BASE_URL", "https://env.example"),
        ("HTTPS_PROXY", "http://env.example:1"),
    ];
    for (calls, expected) in [
        ("env", "key-of-env env env"),
        ("discover", "key-of-env env env"),
        ("full", "key-of-full full full"),
        ("bare", "key-of-bare - -"),
        ("full discover", "key-of-full full full"),
        ("bare discover", "key-of-bare env env"),
        ("bare env", "key-of-bare env env"),
        ("env no_proxy", "key-of-env env -"),
        ("credentials", "key-of-program - -"),
        ("credentials env", "key-of-program env env"),
        ("credentials discover", "key-of-program env env"),
        ("credentials full", "key-of-program full full"),
        (
            "credentials base_url proxy env",
            "key-of-program program program",
        ),
        (
            "credentials base_url proxy full discover",
            "key-of-program program program",
        ),
        ("base_url bare discover", "key-of-bare program env"),
        ("proxy env", "key-of-env env program"),
        (
            "nobody",
            "there is no profile `nobody`; use one of: bare, full",
        ),
        (
            "Full env",
            "there is no profile `Full`; use one of: bare, full",
        ),
    ] {
        let mut calls: Vec<&str> = calls.split(' ').collect();
        for _ in 0..calls.len() {
            calls.rotate_left(1);
            let joined = calls.join(" ");
            let output = run(
                "environment::prints_the_built_session",
                &[variables.as_slice(), &[("CALLS", &joined)]].concat(),
            );
            let short = output
                .replace("\"https://", "")
                .replace("\"http://", "")
                .replace(".example:1\"", "")
                .replace(".example\"", "")
                .replace("\"\"", "-");
            assert!(short.ends_with(expected), "{joined}: {expected} in {short}");
        }
    }
    std::fs::remove_dir_all(&home).unwrap();
}

#[cfg(unix)]
#[test]
fn discover_prefers_the_program_then_the_environment_then_a_profile() {
    let text = "[default]\naccess_key = \"key-of-default\"\naccess_secret = \"the-secret\"\n\
                base_url = \"https://default.example\"\n\
                [other]\naccess_key = \"key-of-other\"\naccess_secret = \"the-secret\"\n";
    let home = home("discover", text);
    let config = ("XDG_CONFIG_HOME", home.to_str().unwrap());
    let discover = |variables: &[(&str, &str)]| {
        let mut all = vec![config];
        all.extend(variables);
        let output = run("environment::prints_the_discovered_session", &all);
        assert!(!output.contains("the-secret"), "{output}");
        output
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
        // A broken source is an error and is not skipped.
        (vec![key], "NXCLOUD_ACCESS_SECRET is missing"),
        (
            vec![("NXCLOUD_PROFILE", "nobody")],
            "there is no profile `nobody`",
        ),
        (
            vec![("XDG_CONFIG_HOME", "/nonexistent")],
            "no account found; set NXCLOUD_ACCESS_KEY",
        ),
    ] {
        let output = discover(&variables);
        assert!(output.contains(expected), "{expected} in {output}");
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
        let output = tokio::task::spawn_blocking(move || {
            let account = [("NXCLOUD_ACCESS_KEY", "k"), ("NXCLOUD_ACCESS_SECRET", "s")];
            let urls = [
                ("NXCLOUD_BASE_URL", url.as_str()),
                (variable, proxy_url.as_str()),
            ];
            run("environment::sends_one_message", &[account, urls].concat())
        });
        assert_eq!(output.await.unwrap(), "accepted", "{variable}");
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(proxy.requests().len(), 0);
}
