//! The sandbox as a server: how it stops, what it says, and how many clients it takes.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use crate::support::{Nxcloud, send, serving};

#[cfg(unix)]
#[test]
fn a_signal_stops_what_serves_and_it_says_so() {
    let nxcloud = Nxcloud::new();
    for command in ["sandbox", "listen"] {
        for (signal, name) in [("-INT", "Ctrl-C"), ("-TERM", "SIGTERM")] {
            let ran = nxcloud.start(&[command, "--port", "0"]).stop(signal);
            let ran = ran.exits(0);
            let last = ran.stderr.lines().last();
            assert_eq!(last, Some(&*format!("stopping: {name}")), "{ran}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for command in ["sandbox", "listen"] {
        let ran = Nxcloud::new().run(&[command, "--port", &port]).exits(2);
        let complaint = ran.complaint();
        assert!(complaint.contains(&format!("port {port}")), "{ran}");
        assert!(complaint.contains("Choose another --port"), "{ran}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn what_is_no_origin_is_an_error_that_says_what_to_write() {
    for origin in ["localhost:8081", "http://localhost:8081/docs", "null"] {
        let arguments = ["sandbox", "--port", "0", "--allow-origin", origin];
        let ran = Nxcloud::new().run(&arguments).exits(2);
        let complaint = ran.complaint();
        assert!(complaint.contains("such as http://localhost:8081"), "{ran}");
    }
}

/// What a server answers to these bytes, until it closes the connection.
fn answer(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(bytes).unwrap();
    let reply = testing::read_to_end(stream).unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}

#[cfg(unix)]
#[test]
fn the_log_has_a_line_for_what_is_refused_early_and_none_of_its_content() {
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
        let answer = answer(&sandbox.url, bytes.as_bytes());
        assert!(answer.starts_with(reply), "{answer}");
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

/// With the fewer files not even as many connections can be accepted as may be open.
#[cfg(target_os = "linux")]
#[test]
fn idle_connections_lock_nobody_out() {
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
