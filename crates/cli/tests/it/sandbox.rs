//! The sandbox as a server: signals, errors, log lines and limits of connections.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use crate::support::{Nxcloud, send, serving};

#[cfg(unix)]
#[test]
fn a_server_stops_on_a_signal_and_prints_its_name() {
    let nxcloud = Nxcloud::new();
    for command in ["sandbox", "listen"] {
        for (signal, name) in [("-INT", "Ctrl-C"), ("-TERM", "SIGTERM")] {
            let output = nxcloud.start(&[command, "--port", "0"]).stop(signal);
            let output = output.exits(0);
            let last = output.stderr.lines().last();
            assert_eq!(last, Some(&*format!("stopping: {name}")), "{output}");
        }
    }
}

#[test]
fn the_error_for_a_port_in_use_recommends_another_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for command in ["sandbox", "listen"] {
        let output = Nxcloud::new().run(&[command, "--port", &port]).exits(2);
        let stderr_line = output.stderr_line();
        assert!(stderr_line.contains(&format!("port {port}")), "{output}");
        assert!(stderr_line.contains("Choose another --port"), "{output}");
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn the_error_for_an_invalid_origin_has_an_example() {
    for origin in ["localhost:8081", "http://localhost:8081/docs", "null"] {
        let arguments = ["sandbox", "--port", "0", "--allow-origin", origin];
        let output = Nxcloud::new().run(&arguments).exits(2);
        let stderr_line = output.stderr_line();
        assert!(
            stderr_line.contains("such as http://localhost:8081"),
            "{output}"
        );
    }
}

/// Sends these bytes, and reads until the server closes the connection.
fn exchange(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(bytes).unwrap();
    let reply = testing::read_to_end(stream).unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}

#[cfg(unix)]
#[test]
fn requests_that_are_refused_early_are_logged_without_their_content() {
    let nxcloud = Nxcloud::new();
    let origin = "http://localhost:8081";
    let sandbox = nxcloud.start(&["sandbox", "--port", "0", "--allow-origin", origin]);
    for (bytes, reply) in [
        ("GET /8615012345678 HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        (
            "POST /8615012345678 HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
             content-length: 999999999\r\n\r\n",
            "HTTP/1.1 413",
        ),
        ("\u{16}\u{3}\u{1}8615012345678\r\n\r\n", "HTTP/1.1 400"),
        (
            "OPTIONS /api/sms/mtsend_v2 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             origin: http://localhost:8081\r\naccess-control-request-method: POST\r\n\r\n",
            "HTTP/1.1 200",
        ),
    ] {
        let received = exchange(&sandbox.url, bytes.as_bytes());
        assert!(received.starts_with(reply), "{received}");
    }
    let log = sandbox.stop("-INT").stderr;
    let early = log.lines().filter(|line| line.contains("refused early: "));
    let early: Vec<&str> = early.collect();
    for (line, reason) in early.iter().zip(["without a Host", "HTTP 413", "TLS"]) {
        assert!(
            line.contains(reason) && line.contains("peer=127.0.0.1:"),
            "{log}"
        );
    }
    assert_eq!(early.len(), 3, "{log}");
    assert!(!log.contains("8615012345678"), "{log}");
}

/// The second case has too few file descriptors for the number of connections that the sandbox allows.
#[cfg(target_os = "linux")]
#[test]
fn idle_connections_do_not_keep_new_clients_out() {
    let nxcloud = Nxcloud::new();
    for (files, clients, reason) in [
        (128, 300, "too many connections"),
        (16, 40, "a connection could not be accepted"),
    ] {
        let arguments = ["sandbox", "--port", "0"];
        let command = nxcloud.limited_to(files, &arguments);
        let sandbox = serving(command);
        let address = sandbox.url.strip_prefix("http://").unwrap();
        let idle: Vec<_> = (0..clients)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let send = send(&["--sandbox", "--base-url", &sandbox.url]);
        nxcloud.run(&send).exits(0);
        drop(idle);
        let log = sandbox.stop("-INT").stderr;
        assert!(log.contains(reason), "{log}");
        let lines = log.lines().filter(|line| line.contains("refused early: "));
        // 10 of each kind in 10 seconds.
        assert!(lines.count() < clients, "{log}");
    }
}

#[test]
fn the_flags_for_crash_tests_reach_the_sandbox() {
    let nxcloud = Nxcloud::new();
    let sandbox = nxcloud.start(&[
        "sandbox",
        "--port",
        "0",
        "--accepted-keys",
        "1",
        "--receipts-before-reply",
        "100",
        "--rate",
        "1",
        "--burst",
        "2",
        "--reply-delay",
        "1-2",
    ]);
    let target = ["--sandbox", "--base-url", &sandbox.url];
    let ext = |key| [&send(&target)[..], &["--ext", key]].concat();
    nxcloud.run(&ext("a")).exits(0);
    let get = |path: &str| {
        let request = format!(
            "GET /__sandbox/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        );
        exchange(&sandbox.url, request.as_bytes())
    };
    let accepted = get("accepted");
    assert!(accepted.contains(r#""total":1,"keys":1"#), "{accepted}");
    assert!(get("accepted/keys").contains(r#"{"key":"a","count":1}"#));
    assert!(get("rate").contains(r#""refused":0"#));
}

#[test]
fn invalid_flags_for_crash_tests_are_refused() {
    for arguments in [
        &["--reply-delay", "5-1"][..],
        &["--reply-delay", "x"],
        &["--rate", "0"],
        &["--burst", "2"],
        &["--receipts-before-reply", "0"],
    ] {
        let arguments = [&["sandbox", "--port", "0"], arguments].concat();
        Nxcloud::new().run(&arguments).exits(2);
    }
}
