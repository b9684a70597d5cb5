//! Addresses and the token, over the network.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::{call, good_sms, send};
use nxcloud_sandbox::{Error, Sandbox};
use nxcloud_signing::Secret;

const NOW: u64 = 1_800_000_000_000;
const TOKEN: &str = "open-sesame";

fn token() -> Secret {
    Secret::new(TOKEN).unwrap()
}

#[tokio::test]
async fn other_addresses_are_refused_without_a_token() {
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        let address = address.parse::<IpAddr>().unwrap();
        let refused = Sandbox::builder().listen_on(address).start().await;
        let error = refused.err().unwrap();
        assert!(matches!(error, Error::TokenNeeded { address: of } if of == address));
        assert!(error.to_string().contains("set a token"), "{error}");
    }
    let loopback = Sandbox::builder().listen_on(Ipv4Addr::LOCALHOST.into());
    assert!(loopback.start().await.is_ok());
}

#[tokio::test]
async fn with_a_token_everything_below_the_sandboxs_path_needs_it() {
    let builder = Sandbox::builder()
        .listen_on(Ipv4Addr::UNSPECIFIED.into())
        .token(token())
        .clock(|| NOW);
    assert!(!format!("{builder:?}").contains(TOKEN));
    let sandbox = builder.start().await.unwrap();
    assert!(sandbox.address().ip().is_unspecified());
    assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    // The platform itself is open.
    let sent = send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    assert_eq!(sent.code(), "0");
    for target in [
        "/__sandbox/",
        "/__sandbox/requests",
        "/__sandbox/not-there",
        "/__sandbox/?token=wrong",
    ] {
        for method in ["GET", "DELETE"] {
            let reply = call(sandbox.url(), method, target).await;
            assert_eq!(reply.status, 401, "{method} {target}");
            assert_eq!(reply.body, "token needed\n");
        }
    }
    assert_eq!(sandbox.requests().len(), 1);
    let ask = |header: &str| {
        let request = format!(
            "GET /__sandbox/requests HTTP/1.1\r\nhost: test.example\r\nconnection: close\r\n{header}\r\n\r\n"
        );
        let url = sandbox.url().to_owned();
        async move { send(&url, request.as_bytes()).await.unwrap() }
    };
    let by_header = ask(&format!("authorization: Bearer {TOKEN}")).await;
    assert_eq!(by_header.json()["requests"][0]["operation"], "send_sms");
    let page = call(sandbox.url(), "GET", &format!("/__sandbox/?token={TOKEN}")).await;
    assert_eq!(page.status, 303);
    assert!(
        page.head.contains("location: /__sandbox/\r\n"),
        "{}",
        page.head
    );
    let request =
        format!("GET /__sandbox/?token={TOKEN} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let cookie = cookie_of(sandbox.url(), &request).await;
    let by_cookie = ask(&format!("cookie: {cookie}")).await;
    assert_eq!(by_cookie.status, 200);
    assert!(!format!("{sandbox:?}").contains(TOKEN));
    sandbox.shutdown().await;
}

/// The cookie of a reply, as it is sent back; [`send`] would turn it to lower case.
async fn cookie_of(url: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let cookie = reply
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap().split(';').next().unwrap().to_owned()
}
