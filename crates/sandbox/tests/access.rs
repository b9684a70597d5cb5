//! Addresses and tokens, over the network.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::{Hook, SMS_PATH, call, good_sms, send, signed};
use nxcloud_sandbox::{Builder, Cause, Error, MIN_TOKEN, PushError, PushRequest, Sandbox};
use nxcloud_signing::antbuddy::AppId;
use nxcloud_signing::{AccessKey, Secret, Signer};

const NOW: u64 = 1_800_000_000_000;
const TOKEN: &str = "open-sesame-0123";

fn token() -> Secret {
    Secret::new(TOKEN).unwrap()
}

fn key() -> AccessKey {
    AccessKey::new("key-2").unwrap()
}

fn secret() -> Secret {
    Secret::new("s3cret-2").unwrap()
}

/// A `send_sms` of an added account, with these additional members.
fn own_sms(members: &str) -> Vec<u8> {
    let body = format!(r#"{{"appKey":"a","phone":"8615012345678","content":"x"{members}}}"#);
    let what = [SMS_PATH, "3", "mtsend"];
    signed(&Signer::new(key(), secret()), what, NOW, body.as_bytes())
}

/// The same bytes with another `Host`.
fn to_host(bytes: &[u8], host: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.replacen("host: localhost", &format!("host: {host}"), 1)
        .into_bytes()
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
async fn with_a_token_every_path_of_the_inspector_requires_it() {
    let builder = Sandbox::builder()
        .listen_on(Ipv4Addr::UNSPECIFIED.into())
        .token(token())
        .account(key(), secret())
        .clock(common::at(NOW));
    assert!(!format!("{builder:?}").contains(TOKEN));
    let sandbox = builder.start().await.unwrap();
    assert!(sandbox.address().ip().is_unspecified());
    assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    // The platform's own paths need no token.
    let sent = send(sandbox.url(), &own_sms("")).await.unwrap();
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
            assert_eq!(
                reply.body,
                "token required: see the README of nxcloud-sandbox\n"
            );
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

/// The cookie of a reply, unchanged; [`send`] would turn it to lower case.
async fn cookie_of(url: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    let read = stream.read_to_string(&mut reply);
    testing::in_time("the end of a reply", read).await.unwrap();
    let cookie = reply
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn other_addresses_are_refused_with_a_short_token() {
    let start = async |token: String| {
        let builder = Sandbox::builder().listen_on(Ipv4Addr::UNSPECIFIED.into());
        builder.token(Secret::new(token).unwrap()).start().await
    };
    let error = start("é".repeat(MIN_TOKEN - 1)).await.err().unwrap();
    assert!(matches!(error, Error::ShortToken { min: MIN_TOKEN, .. }));
    assert!(
        error.to_string().contains("at least 16 characters"),
        "{error}"
    );
    assert!(!error.to_string().contains('é'));
    assert!(start("é".repeat(MIN_TOKEN)).await.is_ok());
    let loopback = Sandbox::builder().token(Secret::new("x").unwrap());
    assert!(loopback.start().await.is_ok());
}

/// An added account may be a real one, so nobody reads or sends anything without the token.
#[tokio::test]
async fn requests_of_another_account_require_a_token() {
    let folder = std::env::temp_dir();
    let path = folder.join(format!("nxcloud-sandbox-access-{}", std::process::id()));
    let older = path.with_extension("1");
    let begin = || {
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_file(&older);
        Sandbox::builder().clock(common::at(NOW)).record(&path)
    };
    let other = |head: &str| {
        format!("GET /hook{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n")
    };
    let requests = [
        (own_sms(""), true),
        (
            format!("{}x-auth-app-id: app-2\r\n\r\n", other("")).into(),
            true,
        ),
        (format!("{}\r\n", other("?a=b&app%49d=app-2")).into(), true),
        (format!("{}\r\n", other("?appId=sandbox-app")).into(), false),
        (good_sms(NOW), false),
    ];
    for (request, needs_token) in requests {
        let with_account = begin().account(key(), secret()).start().await.unwrap();
        assert!(send(with_account.url(), &request).await.is_some());
        with_account.shutdown().await;
        // Started again without the account.
        let sandbox = Sandbox::builder().clock(common::at(NOW)).record(&path);
        let sandbox = sandbox.start().await.unwrap();
        assert_eq!(sandbox.requests().len(), 1);
        let status = call(sandbox.url(), "GET", "/__sandbox/requests")
            .await
            .status;
        let request = String::from_utf8_lossy(&request);
        assert_eq!(status, if needs_token { 401 } else { 200 }, "{request}");
        assert_eq!(sandbox.token().is_some(), needs_token);
        sandbox.shutdown().await;
    }
    drop(begin());
    for (account, needs_token) in [
        ("key-2", true),
        ("sandbox-key", false),
        ("sandbox-app", false),
    ] {
        let seed = serde_json::json!({ account: { "checks": [] } });
        let sandbox = Sandbox::builder().seed(seed).start().await.unwrap();
        let status = call(sandbox.url(), "GET", "/__sandbox/state").await.status;
        assert_eq!(status, if needs_token { 401 } else { 200 }, "{account}");
    }
}

#[tokio::test]
async fn with_another_account_the_inspector_requires_a_random_token() {
    let builders: [fn(Builder) -> Builder; 2] = [
        |builder| builder.account(key(), secret()),
        |builder| builder.antbuddy_account(AppId::new("app-2").unwrap(), secret()),
    ];
    for with_account in builders {
        let sandbox = with_account(Sandbox::builder().clock(common::at(NOW)));
        let sandbox = sandbox.start().await.unwrap();
        let url = sandbox.url();
        // The built-in account still works on this machine.
        assert_eq!(send(url, &good_sms(NOW)).await.unwrap().code(), "0");
        for target in [
            "",
            "requests",
            "requests/1",
            "messages",
            "pushes",
            "state",
            "events",
            "about",
        ] {
            let target = format!("/__sandbox/{target}");
            assert_eq!(call(url, "GET", &target).await.status, 401, "{target}");
        }
        let order = serde_json::json!({ "service": "did", "push": "did_sms_signed", "request": 1 });
        let forged = common::ask(url, "POST", "pushes", order).await;
        assert_eq!(forged.status, 401);
        let token = sandbox.token().unwrap().expose().to_owned();
        assert!(!format!("{sandbox:?}").contains(&token));
        let page = sandbox.inspector_url();
        let page = page.strip_prefix(url).unwrap();
        assert_eq!(page, format!("/__sandbox/?token={token}"));
        assert_eq!(call(url, "GET", page).await.status, 303);
        let request = format!(
            "GET /__sandbox/requests HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\n\r\n"
        );
        let history = send(url, request.as_bytes()).await.unwrap();
        assert_eq!(history.json()["requests"][0]["operation"], "send_sms");
    }
    let built_in = Sandbox::start().await.unwrap();
    assert!(built_in.token().is_none());
    assert_eq!(
        call(built_in.url(), "GET", "/__sandbox/requests")
            .await
            .status,
        200
    );
}

/// A page whose host name was made to resolve to this machine knows the secret of the built-in account.
#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_built_in_account() {
    let mut hook = Hook::start("success").await;
    let body = format!(
        r#"{{"appKey":"a","phone":"8615012345678","content":"x","drUrl":"{}"}}"#,
        hook.url("/delete")
    );
    let bytes = common::sms(NOW, nxcloud_sandbox::ACCESS_SECRET, body.as_bytes());
    let plain = Sandbox::builder().clock(common::at(NOW));
    let with_account = Sandbox::builder()
        .clock(common::at(NOW))
        .account(key(), secret());
    for builder in [plain, with_account] {
        let sandbox = builder.start().await.unwrap();
        for host in ["evil.example", "localhost.evil.example:80", "192.0.2.1", ""] {
            let reply = send(sandbox.url(), &to_host(&bytes, host)).await.unwrap();
            assert_eq!(reply.status, 403, "{host}");
            let kept = sandbox.requests().pop().unwrap();
            assert!(matches!(kept.verdict().cause(), Some(Cause::ForeignHost)));
            assert_eq!(kept.body(), b"");
        }
        sandbox.pushes().settled().await;
        assert!(sandbox.pushes().log().is_empty());
        for host in ["LocalHost", "[::1]:80", "127.0.0.1"] {
            let reply = send(sandbox.url(), &to_host(&bytes, host)).await.unwrap();
            assert_eq!(reply.code(), "0", "{host}");
            hook.next().await;
        }
        sandbox.pushes().settled().await;
    }
}

#[tokio::test]
async fn with_a_token_the_built_in_accounts_are_disabled() {
    let antbuddy = nxcloud_signing::antbuddy::Signer::new(
        AppId::new(nxcloud_sandbox::APP_ID).unwrap(),
        Secret::new(nxcloud_sandbox::APP_SECRET).unwrap(),
    );
    let hash = antbuddy.sign(&[nxcloud_sandbox::APP_ID]);
    let antbuddy = format!(
        "POST /oapi/v1/voice/auth_token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\
         x-auth-app-id: {}\r\nx-auth-app-hash: {}\r\n\r\n",
        nxcloud_sandbox::APP_ID,
        hash.as_str()
    );
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
        let start = async |builder: Builder| builder.clock(common::at(NOW)).start().await.unwrap();
        let builder = Sandbox::builder().listen_on(address.into()).token(token());
        let sandbox = start(builder.account(key(), secret())).await;
        for host in ["localhost", "rebound.example"] {
            let refused = to_host(&good_sms(NOW), host);
            assert_eq!(send(sandbox.url(), &refused).await.unwrap().code(), "1005");
            let refused = to_host(antbuddy.as_bytes(), host);
            assert_eq!(send(sandbox.url(), &refused).await.unwrap().status, 400);
            let own = to_host(&own_sms(""), host);
            assert_eq!(send(sandbox.url(), &own).await.unwrap().code(), "0");
        }
        assert!(!sandbox.inspector_url().contains("token"));
        let own = start(Sandbox::builder().account(key(), secret())).await;
        assert_eq!(
            send(own.url(), antbuddy.as_bytes()).await.unwrap().status,
            200
        );
    }
    // Pushes that are not signed need no account.
    let sandbox = Sandbox::builder().token(token()).start().await.unwrap();
    let (pushes, hook) = (sandbox.pushes(), Hook::start("success").await);
    let receipt = PushRequest::new("sms", "sms_receipt").to(hook.url("/"));
    assert_eq!(pushes.send(receipt).await.unwrap().len(), 1);
    let signed = PushRequest::new("did", "did_sms_signed").to(hook.url("/"));
    assert_eq!(pushes.send(signed).await.unwrap_err(), PushError::NoAccount);
}

#[tokio::test]
async fn with_a_token_an_address_in_a_request_is_used_only_if_its_port_is_allowed() {
    let (mut hook, mut usual) = (Hook::start("success").await, Hook::start("success").await);
    let port = hook
        .url("")
        .rsplit(':')
        .next()
        .unwrap()
        .parse::<u16>()
        .unwrap();
    let open = || {
        let builder = Sandbox::builder().token(token()).account(key(), secret());
        builder.clock(common::at(NOW))
    };
    let named = own_sms(&format!(r#","drUrl":"{}""#, hook.url("/named")));
    for (builder, is_allowed) in [(open(), false), (open().push_port(1).push_port(port), true)] {
        let sandbox = builder.start().await.unwrap();
        assert_eq!(send(sandbox.url(), &named).await.unwrap().code(), "0");
        sandbox.pushes().settled().await;
        assert_eq!(sandbox.pushes().log().len(), usize::from(is_allowed));
        sandbox
            .pushes()
            .send_to("sms_receipt", usual.url("/usual"))
            .unwrap();
        assert_eq!(send(sandbox.url(), &named).await.unwrap().code(), "0");
        let request = sandbox.requests().pop().unwrap();
        let order = PushRequest::new("sms", "sms_receipt").following(&request, 0);
        sandbox.pushes().send(order).await.unwrap();
        sandbox.pushes().settled().await;
        for _ in 0..2 {
            let hook = if is_allowed { &mut hook } else { &mut usual };
            let path = if is_allowed {
                "post /named"
            } else {
                "post /usual"
            };
            let pushed = hook.next().await;
            assert!(pushed.head.starts_with(path), "{}", pushed.head);
        }
        if is_allowed {
            hook.next().await;
        }
    }
}

#[tokio::test]
async fn a_sandbox_on_the_ipv6_loopback_address_is_this_machine() {
    let builder = Sandbox::builder().listen_on(std::net::Ipv6Addr::LOCALHOST.into());
    let Ok(sandbox) = builder.clock(common::at(NOW)).start().await else {
        // A machine without IPv6.
        return;
    };
    let host = sandbox.url().strip_prefix("http://").unwrap();
    assert!(host.starts_with("[::1]:"), "{host}");
    let sent = send(sandbox.url(), &to_host(&good_sms(NOW), host)).await;
    assert_eq!(sent.unwrap().code(), "0");
    let request =
        format!("GET /__sandbox/requests HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let history = send(sandbox.url(), request.as_bytes()).await.unwrap();
    assert_eq!(history.json()["requests"][0]["operation"], "send_sms");
}
