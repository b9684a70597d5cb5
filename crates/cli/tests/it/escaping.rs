//! Received or typed control characters never reach the terminal unescaped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Nxcloud, Output, send};

/// A sequence that sets the title, a C1 control sequence, direction overrides, a line separator, DEL and a byte order mark.
const EVIL: &str = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{2066}\u{2028}\u{7f}\u{feff}";

fn is_clean(text: &str) -> bool {
    text.chars().all(|c| {
        c == '\n'
            || !(c.is_control()
                || matches!(c, '\u{feff}' | '\u{61c}')
                || ('\u{200e}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c))
    })
}

#[track_caller]
fn assert_clean(output: &Output) {
    assert!(is_clean(&output.stdout), "{:?}", output.stdout);
    assert!(is_clean(&output.stderr), "{:?}", output.stderr);
}

/// A platform that answers every request with the same status and JSON, until the test process ends.
fn platform(status: &'static str, reply: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = reply.to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), status, &body);
        }
    });
    url
}

fn answer(mut stream: TcpStream, status: &str, body: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The client may have gone already.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

#[test]
fn replies_are_escaped_in_names_and_values() {
    let reply = json!({
        "code": 0,
        "msg": EVIL,
        EVIL: "a name",
        "result": { EVIL: [{ EVIL: EVIL }], "list": [EVIL] },
    });
    let url = platform("200 OK", &reply);
    let nxcloud = Nxcloud::new();
    for format in ["json", "table"] {
        let arguments = send(&["--sandbox", "--base-url", &url, "--output", format]);
        let output = nxcloud.run(&arguments).exits(0);
        assert_clean(&output);
        assert!(output.stdout.contains("\\u009b31m\\u202e"), "{output}");
        if format == "json" {
            assert_eq!(output.json()[EVIL], "a name", "escaping keeps the value");
            assert_eq!(output.json()["msg"], EVIL);
        }
    }
}

#[test]
fn refusals_are_escaped() {
    let reply = json!({ "code": 1003, "msg": EVIL, "message": EVIL, EVIL: EVIL });
    let nxcloud = Nxcloud::new();
    for status in ["200 OK", "400 Bad Request", "500 Oh"] {
        let url = platform(status, &reply);
        for format in ["json", "table"] {
            let arguments = send(&["--sandbox", "--base-url", &url, "--output", format]);
            assert_clean(&nxcloud.run(&arguments));
        }
    }
}

#[test]
fn errors_escape_arguments_and_stay_on_one_line() {
    let evil = format!("{EVIL}\nx");
    let nxcloud = Nxcloud::new();
    let flag = format!("--{evil}");
    let set = format!("{evil}:=");
    for arguments in [
        &["sms", "send-sms", &flag][..],
        &[&evil],
        &["sms", "send-sms", "--json", &evil],
        &["sms", "send-sms", &format!("--example={evil}")],
        &["sandbox", "--account", &format!("{evil}=X")],
        &["sandbox", "--port", &evil],
        &["sign", "--lines", &evil],
        &["man", "--dir", &format!("/dev/null/{evil}")],
        &["trigger", "sms", "sms-receipt", "--set", &set],
        &["--profile", &evil, "sms", "send-sms"],
        &[
            "--access-key",
            &evil,
            "--secret-fd",
            "0",
            "sign",
            "--action",
            "a",
            "--biz-type",
            "3",
        ],
        &["listen", "--host", &evil],
    ] {
        let output = nxcloud.run(arguments).exits(2);
        assert_clean(&output);
        output.stderr_line();
    }
}

#[test]
fn dry_runs_and_explanations_are_escaped() {
    let nxcloud = Nxcloud::new();
    let evil = format!("a{EVIL}b");
    for format in ["json", "table"] {
        let arguments = send(&["--sandbox", "--dry-run", "--output", format, "--ext", &evil]);
        assert_clean(&nxcloud.run(&arguments).exits(0));
    }
    let sign = [
        "--sandbox",
        "sign",
        "--action",
        "a",
        "--biz-type",
        "3",
        "--explain",
    ];
    assert_clean(
        &nxcloud
            .feed(&[&sign[..], &["--body", "-"]].concat(), &evil)
            .exits(0),
    );
    let values = [
        "--sandbox",
        "sign",
        "--scheme",
        "antbuddy",
        "--explain",
        &evil,
    ];
    assert_clean(&nxcloud.run(&values).exits(0));
}

#[test]
fn listen_escapes_paths_queries_and_bodies() {
    for format in ["json", "table"] {
        let nxcloud = Nxcloud::new();
        let mut listening =
            nxcloud.start(&["listen", "--port", "0", "--show-body", "--output", format]);
        let address = listening.url.strip_prefix("http://").unwrap().to_owned();
        for body in [format!("text {EVIL}"), json!({ EVIL: EVIL }).to_string()] {
            let mut stream = TcpStream::connect(&address).unwrap();
            let head = format!(
                "POST /sms/\u{9b}31m\u{202e}?q=\u{9d} HTTP/1.1\r\nhost: {address}\r\nsign: \u{9b}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            testing::read_to_end(stream).unwrap();
            let mut output = listening.line();
            assert!(output.contains("\\u009b31m\\u202e"), "{output:?}");
            if format == "table" {
                output += &listening.line();
                output += &listening.line();
            }
            assert!(is_clean(&output), "{output:?}");
        }
    }
}

#[test]
fn the_sandbox_log_has_no_escapes_and_no_private_data() {
    let nxcloud = Nxcloud::new().with("NXCLOUD_ACCESS_SECRET", "not-the-secret");
    let mut child = nxcloud
        .command(&["sandbox", "--port", "0"])
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (_stdout, line) = testing::line(stdout);
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    let content = format!("PRIVATE {EVIL}");
    let wrong = [
        "--access-key",
        "sandbox-key",
        "--base-url",
        url,
        "sms",
        "send-sms",
        "--app-key",
        "a",
        "--phone",
        "8615012345678",
        "--content",
        &content,
    ];
    nxcloud.run(&wrong).exits(1);
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let head = "GET /\u{9b}31m?PRIVATE HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    testing::read_to_end(stream).unwrap();
    child.kill().unwrap();
    let log = String::from_utf8(testing::output(child).stderr).unwrap();
    assert!(log.contains("signature rejected"), "{log}");
    for hidden in ["PRIVATE", "8615012345678", "not-the-secret", "\\u001b"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
    assert!(is_clean(&log), "{log:?}");
}
