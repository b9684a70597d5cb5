//! Input in several spellings, and pushes through proxies and tunnels.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use nxcloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::safety::get;
use crate::support::Nxcloud;

#[tokio::test(flavor = "multi_thread")]
async fn explain_prints_the_url_that_a_call_would_use() {
    let sign = [
        "sign",
        "--action",
        "mtsend",
        "--biz-type",
        "3",
        "--ts",
        "1",
        "--explain",
    ];
    let nxcloud = Nxcloud::new();
    for (more, expected) in [
        (&["--sandbox"][..], "http://127.0.0.1:4010/"),
        (
            &["--sandbox", "--base-url", "http://127.0.0.1:5/x/"],
            "http://127.0.0.1:5/x/",
        ),
        (
            &["--sandbox", "--base-url", "http://me:hush@127.0.0.1:5"],
            "http://***@127.0.0.1:5/",
        ),
    ] {
        let output = nxcloud.run(&[&sign[..], more].concat()).exits(0);
        let url = output.stdout.trim_end().rsplit(' ').next().unwrap();
        assert!(url.trim_matches('\'').starts_with(expected), "{output}");
        assert!(!format!("{output}").contains("hush"), "{output}");
    }
    let account = Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "my-key")
        .with("NXCLOUD_ACCESS_SECRET", "my-secret");
    let output = account.run(&sign).exits(0);
    assert!(output.stdout.contains(" https://"), "{output}");
    let output = account
        .with("NXCLOUD_BASE_URL", "https://gateway.example/v")
        .run(&sign)
        .exits(0);
    assert!(
        output.stdout.contains(" https://gateway.example/v/"),
        "{output}"
    );
    let wrong = [&sign[..], &["--sandbox", "--base-url", "127.0.0.1"]].concat();
    let output = nxcloud.run(&wrong).exits(2);
    assert!(
        output.stderr_line().contains("the base URL is not a URL"),
        "{output}"
    );
}

#[test]
fn a_copied_signature_is_trimmed() {
    let nxcloud = Nxcloud::new();
    let request = ["--sandbox", "--action", "a", "--biz-type", "3", "--ts", "1"];
    let signed = nxcloud.run(&[&["sign"][..], &request].concat()).exits(0);
    let signature = signed.stdout.trim_end();
    for copied in [format!("{signature} "), format!("\t{signature}\r\n")] {
        let verify = [&["verify", "--signature", &copied][..], &request].concat();
        assert_eq!(nxcloud.run(&verify).exits(0).stdout, "valid\n");
    }
    let line = json!({ "action": "a", "biz_type": 3, "ts": 1, "sign": format!(" {signature}\n") });
    let output = nxcloud.feed(&["--sandbox", "verify", "--lines", "-"], &line.to_string());
    assert_eq!(output.exits(0).stdout, "valid\n");
    let values = ["--sandbox", "--scheme", "antbuddy", "an-app"];
    let signed = nxcloud.run(&[&["sign"][..], &values].concat()).exits(0);
    let verify = [&["verify", "--signature", &signed.stdout][..], &values].concat();
    assert_eq!(nxcloud.run(&verify).exits(0).stdout, "valid\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn mime_types_are_case_insensitive() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    std::fs::write(nxcloud.home().join("a"), b"\x89PNG").unwrap();
    for mime in ["IMAGE/PNG", "Image/Jpeg"] {
        let upload = [
            "whatsapp",
            "upload-media",
            "--business-phone",
            "12025550143",
        ];
        let file = ["--file", "a", "--mime", mime];
        nxcloud.run(&[&upload[..], &file].concat()).exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn command_and_sandbox_accept_the_same_decimals() {
    let sandbox = Sandbox::start().await.unwrap();
    let nxcloud = Nxcloud::at(&sandbox);
    let body = |longitude: Value| {
        json!({
            "appkey": "a", "business_phone": "12025550143", "to": "8615012345678", "type": "location",
            "location": { "longitude": longitude, "latitude": "22.5" },
        })
    };
    let send = ["whatsapp", "send-message", "--json", "-"];
    for good in [
        json!("114.05"),
        json!("-1"),
        json!(114.05),
        json!(7),
        json!(" 1.50 "),
    ] {
        nxcloud.feed(&send, &body(good).to_string()).exits(0);
    }
    let accepted = sandbox.requests_for("send_message");
    assert_eq!(accepted.len(), 5);
    for bad in [
        json!("1e2"),
        json!(".5"),
        json!("5."),
        json!("+1"),
        json!("1,5"),
        json!(1e30),
        json!(""),
    ] {
        let output = nxcloud.feed(&send, &body(bad.clone()).to_string()).exits(2);
        assert!(
            output.stderr_line().contains("`location.longitude`"),
            "{bad}: {output}"
        );
    }
    let flags = [
        "--app-key",
        "a",
        "--business-phone",
        "12025550143",
        "--to",
        "8615012345678",
    ];
    let send = [
        &["whatsapp", "send-message", "--type", "location"][..],
        &flags,
    ]
    .concat();
    for (longitude, code) in [("-114.05", 0), ("1e2", 2), (".5", 2)] {
        let place = [
            "--location.longitude",
            longitude,
            "--location.latitude",
            "22.5",
        ];
        nxcloud.run(&[&send[..], &place].concat()).exits(code);
    }
    assert_eq!(sandbox.requests_for("send_message").len(), 6);
}

#[test]
fn listen_prints_a_line_for_every_request() {
    let nxcloud = Nxcloud::new();
    for format in ["json", "table"] {
        let mut listening = nxcloud.start(&["listen", "--port", "0", "--output", format]);
        let address = listening.url.strip_prefix("http://").unwrap().to_owned();
        let post = |length: usize, body: &[u8]| {
            let mut stream = TcpStream::connect(&address).unwrap();
            let head = format!(
                "POST /sms/sms_receipt HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            // The server may answer and close before it has read everything.
            let _ = stream.write_all(body);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = testing::read_to_end(stream);
        };
        let large = 1024 * 1024 + 1;
        post(large, &vec![b'x'; large]);
        let row = listening.line();
        assert!(
            row.contains("413") && row.contains("larger than 1048576 bytes"),
            "{row}"
        );
        // An incomplete body.
        post(10, b"123");
        let row = listening.line();
        assert!(row.contains("400") && row.contains("incomplete"), "{row}");
        post(large - 1, &vec![b'x'; large - 1]);
        let row = listening.line();
        assert!(row.contains("200") && row.contains("1048576"), "{row}");
    }
}

#[test]
fn listen_forwards_compressed_answers_and_drops_hop_by_hop_headers() {
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", endpoint.local_addr().unwrap());
    // "success", compressed with gzip.
    let zipped: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x2b, 0x2e, 0x4d, 0x4e, 0x4e, 0x2d, 0x2e, 6, 0, 0x69,
        0x30, 0x93, 0x1e, 7, 0, 0, 0,
    ];
    let served = thread::spawn(move || {
        let mut stream = testing::accepted(&endpoint);
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"{}") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&request));
            request.extend(&buffer[..count]);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nx-own: 1\r\nconnection: close, x-hop\r\nx-hop: 2\r\n\
            keep-alive: timeout=5\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("{:x}\r\n", zipped.len());
        stream
            .write_all(&[chunk.as_bytes(), zipped, b"\r\n0\r\n\r\n"].concat())
            .unwrap();
        String::from_utf8(request).unwrap().to_ascii_lowercase()
    });
    let listening = Nxcloud::new().start(&["listen", "--port", "0", "--forward-to", &url]);
    let address = listening.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /did/did_sms_signed HTTP/1.1\r\nhost: {address}\r\nconnection: close, X-Private\r\nx-private: 1\r\n\
        keep-alive: timeout=5\r\nte: trailers\r\nproxy-authorization: Basic abc\r\nupgrade: h2c\r\nsign: abc\r\n\
        accept-encoding: gzip\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = testing::read_to_end(stream).unwrap();
    assert!(
        answer.ends_with(zipped),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let head = String::from_utf8_lossy(&answer[..answer.len() - zipped.len()]).to_ascii_lowercase();
    assert!(
        head.contains("content-encoding: gzip") && head.contains("x-own: 1"),
        "{head}"
    );
    assert!(
        head.contains(&format!("content-length: {}", zipped.len())),
        "{head}"
    );
    for hop in ["x-hop", "keep-alive", "transfer-encoding"] {
        assert!(!head.contains(hop), "{hop}: {head}");
    }
    let request = testing::joined("the endpoint", served);
    assert!(
        request.contains("sign: abc") && request.contains("accept-encoding: gzip"),
        "{request}"
    );
    for hop in [
        "x-private",
        "keep-alive",
        "te:",
        "proxy-authorization",
        "upgrade",
        "connection: close",
    ] {
        assert!(!request.contains(&format!("\r\n{hop}")), "{hop}: {request}");
    }
}

#[test]
fn trigger_reaches_localhost_over_ipv4_and_ipv6() {
    let nxcloud = Nxcloud::new();
    // A machine without IPv6 is tested with IPv4 only.
    for listener in ["127.0.0.1:0", "[::1]:0"]
        .into_iter()
        .filter_map(|at| TcpListener::bind(at).ok())
    {
        let port = listener.local_addr().unwrap().port();
        let served = thread::spawn(move || {
            for _ in 0..2 {
                let mut stream = testing::accepted(&listener);
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).unwrap();
                let answer =
                    "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        for host in ["localhost", "LOCALHOST"] {
            let to = format!("http://{host}:{port}/hook");
            nxcloud
                .run(&["trigger", "sms", "sms-receipt", "--to", &to])
                .exits(0);
        }
        testing::joined("the endpoint", served);
    }
}

#[test]
fn listen_forwards_to_localhost_over_ipv4_and_ipv6() {
    let nxcloud = Nxcloud::new();
    for listener in ["127.0.0.1:0", "[::1]:0"]
        .into_iter()
        .filter_map(|at| TcpListener::bind(at).ok())
    {
        let port = listener.local_addr().unwrap().port();
        let served = thread::spawn(move || {
            let mut stream = testing::accepted(&listener);
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess";
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let to = format!("http://LocalHost:{port}/hook");
        let listening = nxcloud.start(&["listen", "--port", "0", "--forward-to", &to]);
        let address = listening.url.strip_prefix("http://").unwrap();
        let answer = get(address, "/sms/sms_receipt", "").unwrap();
        assert!(answer.ends_with("success"), "{answer}");
        testing::joined("the endpoint", served);
    }
}

#[test]
fn required_integers_with_a_default_and_constants_are_filled_in() {
    let nxcloud = Nxcloud::new();
    let body = |arguments: &[&str], input: Value| {
        let more = ["--sandbox", "--json", "-", "--dry-run"];
        let output = nxcloud.feed(&[arguments, &more].concat(), &input.to_string());
        let request = output.exits(0).json();
        serde_json::from_str::<Value>(request["body"].as_str().unwrap()).unwrap()
    };
    let calls = ["did", "query-calls"];
    let query = json!({ "date": "2026-11-21", "pageSize": 10 });
    assert_eq!(body(&calls, query.clone())["page"], 1);
    assert_eq!(
        body(&[&calls[..], &["--page", "3"]].concat(), query.clone())["page"],
        3
    );
    let mut null = query;
    null["page"] = Value::Null;
    assert_eq!(body(&calls, null)["page"], 1);
    let groups = body(&["virtual-number", "list-groups"], json!({ "limit": 5 }));
    assert_eq!(groups["offset"], 0);
    let message = json!({
        "appkey": "a", "business_phone": "12025550143", "to": "8615012345678", "type": "text", "text": { "body": "x" },
    });
    let message = body(&["whatsapp", "send-message"], message);
    assert_eq!(message["messaging_product"], "whatsapp");
    assert_eq!(message["recipient_type"], "individual");
}
