//! Proxies: which requests use them. And which requests `listen` accepts.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use nxcloud_sandbox::Sandbox;
use serde_json::Value;

use crate::safety::get;
use crate::support::{Nxcloud, Output};

/// A proxy that counts its connections.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:hush@{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let connections = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            connections.fetch_add(1, SeqCst);
            drop(stream);
        }
    });
    (url, count)
}

fn proxied(mut nxcloud: Nxcloud, proxy: &str) -> Nxcloud {
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        nxcloud = nxcloud.with(name, proxy);
    }
    nxcloud
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_never_reached_through_a_proxy() {
    let sandbox = Sandbox::start().await.unwrap();
    let (url, connections) = proxy();
    let nxcloud = proxied(Nxcloud::at(&sandbox), &url);
    nxcloud.run(&["doctor"]).exits(0);
    let port = sandbox.url().rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "LocalHost"] {
        let to = format!("http://{host}:{port}/x");
        let listening = nxcloud.start(&["listen", "--port", "0", "--forward-to", &to]);
        let address = listening.url.strip_prefix("http://").unwrap();
        let answer = get(address, "/sms/sms_receipt", "").unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 404"),
            "the answer of the sandbox: {answer}"
        );
    }
    let listen = [
        "listen",
        "--port",
        "0",
        "--sandbox",
        "--base-url",
        sandbox.url(),
    ];
    nxcloud.start(&listen);
    assert_eq!(connections.load(SeqCst), 0);
}

fn assert_names_the_proxy(output: &Output, url: &str) {
    let masked = url.replace("me:hush@", "");
    let expected = format!("through the proxy {masked}");
    assert!(output.stdout.contains(&expected), "{output}");
    assert!(!output.to_string().contains("hush"), "{output}");
}

#[test]
fn doctor_names_the_proxy_without_its_password() {
    let (url, connections) = proxy();
    let nxcloud = proxied(Nxcloud::new(), &url);
    let output = nxcloud
        .run(&["doctor", "--base-url", "https://gateway.example"])
        .exits(1);
    assert_names_the_proxy(&output, &url);
    assert!(connections.load(SeqCst) > 0, "the proxy was used");
}

#[cfg(unix)]
#[test]
fn doctor_uses_the_proxy_of_a_profile() {
    use std::os::unix::fs::PermissionsExt as _;
    let (url, connections) = proxy();
    let nxcloud = Nxcloud::new();
    let folder = nxcloud.home().join("nxcloud");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("profiles.toml");
    let profile = format!(
        "[default]\naccess_key = \"k\"\naccess_secret = \"s3cret\"\nbase_url = \"https://gateway.example\"\nproxy = \"{url}\"\n"
    );
    std::fs::write(&path, profile).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let output = nxcloud.run(&["doctor"]).exits(1);
    assert_names_the_proxy(&output, &url);
    assert!(connections.load(SeqCst) > 0, "the proxy was used");
}

#[test]
fn doctor_neither_prints_nor_contacts_a_refused_base_url() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://me:hush@{}", listener.local_addr().unwrap());
    let account = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "my-secret");
    for nxcloud in [Nxcloud::new(), account] {
        let by_flag = nxcloud.run(&["doctor", "--base-url", &url]).exits(1);
        let nxcloud = nxcloud.with("NXCLOUD_BASE_URL", &url);
        for output in [
            by_flag,
            nxcloud.run(&["doctor", "--base-url", "ftp://me:hush@127.0.0.1"]),
        ] {
            assert!(!format!("{output}").contains("hush"), "{output}");
            assert!(output.stdout.contains("base URL"), "{output}");
            assert!(!output.stdout.contains("reach "), "{output}");
        }
    }
    assert!(listener.accept().is_err(), "no connection was made");
}

#[test]
fn listen_accepts_only_this_machine_and_allowed_hosts() {
    let nxcloud = Nxcloud::new();
    let listen = [
        "listen",
        "--port",
        "0",
        "--output",
        "json",
        "--host",
        "tunnel.example",
    ];
    let mut listening = nxcloud.start(&listen);
    let address = listening.url.strip_prefix("http://").unwrap().to_owned();
    let mut push = |host: &str, more: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!("POST /sms/sms_receipt HTTP/1.1\r\nhost: {host}\r\n{more}");
        let head = format!("{head}content-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let answer = String::from_utf8(testing::read_to_end(stream).unwrap()).unwrap();
        let row: Value = serde_json::from_str(&listening.line()).unwrap();
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        assert_eq!(row["answered"].to_string(), status, "{row}");
        (status, row)
    };
    for host in [
        "127.0.0.1",
        "LOCALHOST:4011",
        "[::1]:4011",
        "Tunnel.Example",
    ] {
        assert_eq!(push(host, "").0, "200", "{host}");
    }
    for (host, more) in [
        ("evil.example", ""),
        ("127.0.0.1", "origin: http://evil.example\r\n"),
        ("127.0.0.1", "origin: null\r\n"),
        ("127.0.0.1", "sec-fetch-site: cross-site\r\n"),
    ] {
        let (status, row) = push(host, more);
        assert_eq!(status, "403", "{host} {more}");
        assert!(row["problem"].is_string(), "{row}");
    }
}
