//! The JSON API of the inspector.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Hook, SMS_BODY, accepted, ask, built_in, call, get, good_sms, send, signed, sms};
use nxcloud_sandbox::{ACCESS_SECRET, Fault, Sandbox};
use nxcloud_signing::{AccessKey, Secret, Signer, antbuddy::AppId};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000_000;

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .clock(common::at(NOW))
        .start()
        .await
        .unwrap()
}

fn ids(listed: &Value) -> Vec<u64> {
    let listed = listed["requests"].as_array().unwrap().iter();
    listed
        .map(|request| request["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn requests_are_listed_searched_and_paged() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    for body in [
        SMS_BODY,
        r#"{"appKey":"a","phone":"491512345678","content":"Grüße"}"#,
    ] {
        let bytes = signed(
            &built_in(),
            ["/api/sms/mtsend_v2", "3", "mtsend"],
            NOW,
            body.as_bytes(),
        );
        send(url, &bytes).await.unwrap();
    }
    for path in ["/nowhere", "/else"] {
        call(url, "GET", path).await;
    }
    for (query, expected) in [
        ("", vec![1, 2, 3, 4]),
        ("?limit=2", vec![3, 4]),
        ("?after=1&limit=2", vec![2, 3]),
        ("?before=3&limit=1", vec![2]),
        ("?after=4", vec![]),
        ("?q=gr%C3%BC%C3%9Fe", vec![2]),
        ("?q=GR%C3%9C", vec![2]),
        ("?q=NOWHERE", vec![3]),
        ("?q=messageid", vec![1, 2]),
        ("?q=sandbox-key", vec![1, 2]),
        ("?q=send_sms&before=2", vec![1]),
        ("?operation=send_sms&limit=1", vec![2]),
    ] {
        let listed = get(url, &format!("requests{query}")).await;
        assert_eq!(ids(&listed), expected, "{query}");
    }
    let sign = sandbox.request(1).unwrap();
    let sign = sign.header("sign").unwrap();
    assert!(ids(&get(url, &format!("requests?q={sign}")).await).is_empty());

    let listed = get(url, "requests?view=summary&limit=3").await;
    let [sms, unknown, _] = &listed["requests"].as_array().unwrap()[..] else {
        panic!("three were asked for: {listed}");
    };
    assert_eq!(
        (&sms["operation"], &sms["to"]),
        (&"send_sms".into(), &"491512345678".into())
    );
    assert_eq!(
        (&sms["accepted"], &sms["cause"]),
        (&true.into(), &Value::Null)
    );
    assert_eq!(unknown["cause"], "unknown-path");
    assert!(sms.get("body").is_none() && sms.get("headers").is_none());
    for wrong in ["requests?limit=x", "requests?after=-1", "requests?view=all"] {
        let reply = call(url, "GET", &format!("/__sandbox/{wrong}")).await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_request_is_shown_with_its_details() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    send(url, &good_sms(NOW)).await.unwrap();
    let detail = get(url, "requests/1").await;
    let server = format!(
        "accessKey=sandbox-key&action=mtsend&bizType=3&ts={NOW}&body={SMS_BODY}&accessSecret=***"
    );
    assert_eq!(detail["signing"]["server"], server);
    assert_eq!(detail["signing"]["client"], Value::Null);
    assert_eq!(detail["verdict"], json!({ "accepted": true, "code": 0 }));
    assert_eq!(detail["body"]["text"], SMS_BODY);
    assert_eq!(detail["body"]["kind"], "json");
    assert_eq!(detail["reply"]["kind"], "json");
    assert!(
        detail["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["ts", NOW.to_string()]))
    );
    assert_eq!(detail["pushes"], json!([]));
    for none in [
        "requests/2",
        "requests/0",
        "requests/x",
        "nothing",
        "assets/none.js",
    ] {
        let reply = call(url, "GET", &format!("/__sandbox/{none}")).await;
        assert_eq!(reply.status, 404, "{none}");
        assert!(reply.json()["error"].is_string());
    }
    assert_eq!(sandbox.requests().len(), 1, "questions are no requests");
}

/// Signs one body (or none) and sends another.
fn signed_otherwise(over: &[u8], sent: &str) -> Vec<u8> {
    let what = ["/api/sms/mtsend_v2", "3", "mtsend"];
    let bytes = String::from_utf8(signed(&built_in(), what, NOW, over)).unwrap();
    let (head, _) = bytes.split_once("\r\n\r\n").unwrap();
    let length = format!("content-length: {}", over.len());
    let head = head.replace(&length, &format!("content-length: {}", sent.len()));
    format!("{head}\r\n\r\n{sent}").into_bytes()
}

#[tokio::test]
async fn a_wrong_signature_is_shown_with_the_string_that_the_client_signed() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let start = format!("accessKey=sandbox-key&action=mtsend&bizType=3&ts={NOW}");
    let respelled = r#"{"appKey": "app-1", "phone": "8615012345678", "content": "您好"}"#;
    let good = String::from_utf8(good_sms(NOW)).unwrap();
    let (_, sign) = good.split_once("Sign: ").unwrap();
    let sign = sign.split("\r\n").next().unwrap();
    for (bytes, cause, client) in [
        (
            signed_otherwise(b"", SMS_BODY),
            "body-left-out",
            Some(format!("{start}&accessSecret=***")),
        ),
        (
            signed_otherwise(respelled.as_bytes(), SMS_BODY),
            "body-reserialised",
            Some(format!("{start}&body={respelled}&accessSecret=***")),
        ),
        (
            good.replace(sign, &sign.to_uppercase()).into_bytes(),
            "upper-case",
            Some(format!("{start}&body={SMS_BODY}&accessSecret=***")),
        ),
        (
            sms(NOW, "another", SMS_BODY.as_bytes()),
            "wrong-secret",
            None,
        ),
    ] {
        send(url, &bytes).await.unwrap();
        let id = sandbox.requests().pop().unwrap().id();
        let detail = get(url, &format!("requests/{id}")).await;
        let server = format!("{start}&body={SMS_BODY}&accessSecret=***");
        assert_eq!(detail["verdict"]["likely_cause"], cause);
        assert_eq!(detail["signing"]["server"], server, "{cause}");
        assert_eq!(detail["signing"]["client"], json!(client), "{cause}");
        assert!(detail["verdict"]["advice"].as_str().unwrap().ends_with('.'));
    }
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let listed = get(url, "faults").await;
    assert_eq!(listed["kinds"].as_array().unwrap().len(), 13);
    assert_eq!(listed["on"], json!([]));
    let on = json!({
        "fault": "status", "on": true, "operation": "send_sms", "parameters": { "status": 502 }, "next": 1,
    });
    let listed = ask(url, "PUT", "faults", on).await.json();
    assert_eq!(
        listed["on"],
        json!([{
            "fault": "status", "parameters": { "status": 502 }, "operation": "send_sms", "share": 1.0, "left": 1,
        }])
    );
    assert_eq!(call(url, "GET", "/nowhere").await.status, 404);
    assert_eq!(send(url, &good_sms(NOW)).await.unwrap().status, 502);
    assert_eq!(send(url, &good_sms(NOW)).await.unwrap().status, 200);
    assert_eq!(get(url, "faults").await["on"], json!([]));

    ask(url, "PUT", "faults", json!({ "fault": "code", "on": true })).await;
    assert_eq!(send(url, &good_sms(NOW)).await.unwrap().code(), "99");
    assert_eq!(
        sandbox.faults().switches()[0].fault(),
        Fault::Code { code: 99 }
    );
    ask(
        url,
        "PUT",
        "faults",
        json!({ "fault": "code", "on": false }),
    )
    .await;
    assert_eq!(send(url, &good_sms(NOW)).await.unwrap().code(), "0");
    sandbox.faults().enqueue(Fault::Malformed);
    let listed = ask(url, "PUT", "faults", json!({ "on": false }))
        .await
        .json();
    assert_eq!((&listed["queued"], &listed["hit"]), (&0.into(), &2.into()));
}

#[tokio::test]
async fn the_page_loads_only_its_own_files_and_has_no_inline_code() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    assert_eq!(sandbox.inspector_url(), format!("{url}/__sandbox/"));
    let page = call(url, "GET", "/__sandbox/").await;
    assert_eq!(page.status, 200);
    for expected in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-cache",
    ] {
        assert!(page.head.contains(expected), "{expected} in {}", page.head);
    }
    for inline in [
        " style=",
        "<style",
        " onclick",
        "javascript:",
        "src=\"http",
        "href=\"http",
        "=\"//",
    ] {
        assert!(!page.body.contains(inline), "{inline}");
    }
    let mut files = 0;
    for part in page.body.split("assets/").skip(1) {
        let name = part.split('"').next().unwrap();
        let file = call(url, "GET", &format!("/__sandbox/assets/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        let kind = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert!(
            file.head.contains(&format!("content-type: {kind}")),
            "{name}"
        );
        files += 1;
    }
    assert!(files >= 3, "{files} files");
    let moved = call(url, "GET", "/__sandbox").await;
    assert_eq!(moved.status, 308);
    assert!(moved.head.contains("location: /__sandbox/"));
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn requests_from_other_sites_are_refused() {
    let sandbox = sandbox().await;
    send(sandbox.url(), &good_sms(NOW)).await.unwrap();
    let body = r#"{"on":true,"fault":"truncated"}"#;
    let foreign = "origin: http://evil.example\r\n";
    let json = "content-type: application/json\r\n";
    for (line, host, headers, status) in [
        (
            "PUT /__sandbox/faults",
            "evil.example",
            json.to_owned(),
            403,
        ),
        (
            "PUT /__sandbox/faults",
            "localhost",
            format!("{json}{foreign}"),
            403,
        ),
        (
            "PUT /__sandbox/faults",
            "localhost",
            format!("{json}sec-fetch-site: cross-site\r\n"),
            403,
        ),
        (
            "PUT /__sandbox/faults",
            "localhost",
            "content-type: text/plain\r\n".to_owned(),
            415,
        ),
        ("POST /__sandbox/pushes", "localhost", String::new(), 415),
        (
            "DELETE /__sandbox/requests",
            "localhost",
            foreign.to_owned(),
            403,
        ),
        ("GET /__sandbox/", "evil.example", String::new(), 403),
        ("GET /__sandbox/events", "evil.example", String::new(), 403),
        (
            "GET /__sandbox/requests/1",
            "evil.example",
            String::new(),
            403,
        ),
        ("GET /__sandbox/other", "evil.example", String::new(), 403),
        (
            "OPTIONS /__sandbox/faults",
            "localhost",
            foreign.to_owned(),
            405,
        ),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = send(sandbox.url(), request.as_bytes()).await.unwrap();
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (status, ""),
            "{line} {headers}"
        );
        assert!(!reply.head.contains("access-control"), "{}", reply.head);
    }
    assert!(sandbox.faults().switches().is_empty());
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test]
async fn no_secret_of_an_account_leaves_the_server() {
    let secret = "s3cret-of-mine-77";
    let sandbox = Sandbox::builder()
        .clock(common::at(NOW))
        .account(
            AccessKey::new("key-2").unwrap(),
            Secret::new(secret).unwrap(),
        )
        .antbuddy_account(AppId::new("app-2").unwrap(), Secret::new(secret).unwrap())
        .start()
        .await
        .unwrap();
    let url = sandbox.url();
    let mut hook = Hook::start("success").await;
    sandbox.pushes().send_all_to(hook.url("/"));
    let signer = Signer::new(
        AccessKey::new("key-2").unwrap(),
        Secret::new(secret).unwrap(),
    );
    let did =
        json!({ "appkey": "a", "phone": "8613912345678", "sender": "85230001111", "content": "x" });
    let did = did.to_string();
    let good = signed(
        &signer,
        ["/didsms/mtsend", "4", "mtsend"],
        NOW,
        did.as_bytes(),
    );
    send(url, &good).await.unwrap();
    let wrong = String::from_utf8(good)
        .unwrap()
        .replace("sign: ", "sign: 0");
    send(url, wrong.as_bytes()).await.unwrap();
    call(url, "GET", "/oapi/v1/voice/auth_token?appId=app-2&hash=00").await;
    let order = nxcloud_sandbox::PushRequest::new("did", "did_sms_signed").signed_by("key-2");
    sandbox.pushes().send(order).await.unwrap();
    let pushed = hook.next().await;
    assert!(!format!("{}{}", pushed.head, pushed.body).contains(secret));
    let token = sandbox.token().unwrap().expose();
    let ask_with_token = async |target: &str| {
        let request = format!(
            "GET /__sandbox/{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\n\r\n"
        );
        send(url, request.as_bytes()).await.unwrap()
    };
    for target in [
        "",
        "about",
        "requests",
        "requests?view=summary",
        "requests/1",
        "requests/2",
        "requests/3",
        "messages",
        "pushes",
        "faults",
        "state",
    ] {
        let reply = ask_with_token(target).await;
        assert_eq!(reply.status, 200, "{target}");
        assert!(!reply.body.contains(secret), "{target}");
        assert!(!reply.head.contains(secret), "{target}");
    }
    let detail = ask_with_token("requests/2").await.json();
    let string = detail["signing"]["server"].as_str().unwrap();
    assert!(string.ends_with("&accessSecret=***"), "{string}");
}

#[tokio::test]
async fn the_state_is_that_of_the_library() {
    let sandbox = sandbox().await;
    let check = json!({ "phone": "8615012345678", "appkey": "app-1" });
    let reply = accepted(
        &sandbox,
        NOW,
        ["/api/number/check", "1", "numbercheck"],
        &check,
    )
    .await;
    assert_eq!(reply, 1);
    let state = get(sandbox.url(), "state").await;
    assert!(state["sandbox-key"].is_object(), "{state}");
    assert_eq!(state, sandbox.state());
}

/// `x-auth-app-hash` can be replayed for ever.
#[tokio::test]
async fn a_permanent_credential_is_masked_everywhere() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let signer = nxcloud_signing::antbuddy::Signer::new(
        AppId::new(nxcloud_sandbox::APP_ID).unwrap(),
        Secret::new(nxcloud_sandbox::APP_SECRET).unwrap(),
    );
    let hash = signer.sign_app_id();
    let hash = hash.as_str();
    let id = nxcloud_sandbox::APP_ID;
    let accepted = format!(
        "POST /oapi/v1/voice/auth_token HTTP/1.1\r\nX-Auth-App-Id: {id}\r\nX-Auth-App-Hash: {hash}"
    );
    let upper = hash.to_uppercase();
    let refused = format!(
        "POST /oapi/v1/voice/auth_token HTTP/1.1\r\nx-auth-app-id: {id}\r\nx-auth-app-hash: {upper}"
    );
    let misplaced = format!(
        "GET /nowhere?x-auth-app-hash={hash}&a=1 HTTP/1.1\r\nx-auth-app-hash: {hash}\r\nx-auth-app-hash: {hash}\r\n\
         x-app-hash: {hash}\r\nauthorization: Bearer {hash}\r\ncookie: a={hash}"
    );
    let query =
        format!("GET /oapi/v1/call/histories?appId={id}&h%61sh={hash}&page=1 HTTP/1.1\r\nx-a: b");
    for request in [&accepted, &refused, &misplaced, &query] {
        let request = format!(
            "{request}\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        send(url, request.as_bytes()).await.unwrap();
    }
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[0].verdict().is_accepted());
    assert_eq!(requests[0].header("x-auth-app-hash"), Some("***"));
    assert_eq!(requests[2].query(), Some("x-auth-app-hash=***&a=1"));
    let hidden = |text: &str| !text.to_lowercase().contains(hash);
    for request in &requests {
        assert!(hidden(&format!("{request:?}")));
        for (name, value) in request.headers() {
            assert!(hidden(&String::from_utf8_lossy(value)), "{name}");
        }
        assert!(hidden(request.query().unwrap_or_default()));
    }
    for target in [
        "requests",
        "requests?view=summary",
        "requests/1",
        "requests/2",
        "requests/3",
        "requests/4",
        "messages",
        "state",
    ] {
        let reply = call(url, "GET", &format!("/__sandbox/{target}")).await;
        assert_eq!(reply.status, 200);
        assert!(hidden(&reply.body), "{target}: {}", reply.body);
    }
    let matches = get(url, &format!("requests?q={hash}")).await;
    assert_eq!(matches["requests"].as_array().unwrap().len(), 0);
    // The string to sign is still explained.
    let detail = get(url, "requests/2").await;
    assert_eq!(detail["verdict"]["likely_cause"], "upper-case");
    assert!(
        detail["signing"]["server"]
            .as_str()
            .unwrap()
            .ends_with("***")
    );
}

#[tokio::test]
async fn a_list_cuts_large_bodies_and_links_to_all_bytes() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    let text = "ä".repeat(33_000);
    let large = format!(r#"{{"appKey":"a","phone":"8615012345678","content":"{text}"}}"#);
    let mut binary = large.clone().into_bytes();
    binary.push(0xFF);
    send(url, &sms(NOW, "another", large.as_bytes())).await;
    send(url, &sms(NOW, ACCESS_SECRET, &binary)).await;
    let one = async |query: &str| {
        let listed = get(url, &format!("requests?{query}")).await;
        listed["requests"][0].clone()
    };
    let (first, second) = (one("before=2").await, one("after=1").await);
    let beginning = first["body"].as_str().unwrap();
    assert!(large.starts_with(beginning) && (65_536..65_540).contains(&beginning.len()));
    assert_eq!(first["body_bytes"], large.len());
    assert_eq!(first["body_url"], "/__sandbox/requests/1/body");
    assert!(first.get("reply_bytes").is_none() && first["reply"].is_string());
    let verdict = &first["verdict"];
    let string = verdict["string_to_sign"].as_str().unwrap();
    assert!(string.len() < 65_540);
    assert!(verdict["string_to_sign_bytes"].as_u64().unwrap() > large.len() as u64);
    let base64 = second["body_base64"].as_str().unwrap();
    assert_eq!(base64.len(), 65_536_usize.div_ceil(3) * 4);
    assert_eq!(second["body_bytes"], binary.len());

    let whole = call(url, "GET", first["body_url"].as_str().unwrap()).await;
    assert_eq!((whole.status, &whole.body), (200, &large));
    for header in [
        "content-type: application/octet-stream",
        "content-disposition: attachment",
        "x-content-type-options: nosniff",
    ] {
        assert!(whole.head.contains(header), "{}", whole.head);
    }
    let reply = call(url, "GET", "/__sandbox/requests/2/reply").await;
    assert_eq!(reply.body.as_bytes(), sandbox.requests()[1].reply());
    for missing in ["requests/3/body", "requests/1/verdict", "requests/x/body"] {
        let reply = call(url, "GET", &format!("/__sandbox/{missing}")).await;
        assert_eq!(reply.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn unreadable_input_of_the_api_is_named() {
    let sandbox = sandbox().await;
    let url = sandbox.url();
    for (query, problem) in [
        ("q=%zz", "q is not percent-encoded UTF-8"),
        ("q=%00", "q contains a control character"),
        (
            "%FF=1",
            "the name of a query parameter is not percent-encoded UTF-8",
        ),
        ("limit=1.0", "limit is not a number"),
        ("after=-1", "after is not a number"),
        ("before=%2B1", "before is not a number"),
    ] {
        let reply = call(url, "GET", &format!("/__sandbox/requests?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.json()["error"], problem);
    }
    let put = |header: &str, body: &str| {
        let request = format!(
            "PUT /__sandbox/faults HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             {header}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        async move { send(url, request.as_bytes()).await.unwrap() }
    };
    for (header, body, problem) in [
        (
            "content-encoding: gzip\r\n",
            "{}",
            "has the content-encoding gzip",
        ),
        ("", "\u{FEFF}{}", "begins with a byte order mark"),
        ("", "{\"on\": NaN}", "has no NaN"),
        ("", "{\"on\": false, \"off\": 1}", "unknown field `off`"),
    ] {
        let reply = put(header, body).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(problem), "{error}");
    }
}
