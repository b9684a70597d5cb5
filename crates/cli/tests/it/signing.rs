//! `sign` and `verify`, compared with signatures from independent MD5 and SHA-256 crates.

use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::Nxcloud;

const SECRET: &str = "a-secret";

fn nxcloud() -> Nxcloud {
    Nxcloud::new()
        .with("NXCLOUD_ACCESS_KEY", "a-key")
        .with("NXCLOUD_ACCESS_SECRET", SECRET)
        .with("ANTBUDDY_APP_ID", "an-app")
        .with("ANTBUDDY_APP_SECRET", SECRET)
}

/// The signature by the documented algorithm.
fn md5(ts: &str, body: &[u8]) -> String {
    let mut text = format!("accessKey=a-key&action=send&bizType=3&ts={ts}").into_bytes();
    if !body.is_empty() {
        text.extend(b"&body=");
        text.extend(body);
    }
    text.extend(format!("&accessSecret={SECRET}").bytes());
    hex::encode(Md5::digest(text))
}

fn sha256(values: &str) -> String {
    hex::encode(Sha256::digest(format!("{values}{SECRET}")))
}

const REQUEST: [&str; 6] = [
    "--action",
    "send",
    "--biz-type",
    "3",
    "--ts",
    "1700000000000",
];

fn with<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![verb];
    arguments.extend(REQUEST);
    arguments.extend(more);
    arguments
}

#[test]
fn sign_covers_the_exact_bytes_and_prints_only_the_signature() {
    let nxcloud = nxcloud();
    let bytes = b"{\"a\": 1}\r\n\xff\n";
    std::fs::write(nxcloud.home().join("body"), bytes).unwrap();
    let output = nxcloud.run(&with("sign", &["--body", "body"])).exits(0);
    let expected = md5("1700000000000", bytes);
    assert_eq!(
        (output.stdout, output.stderr),
        (format!("{expected}\n"), String::new())
    );
    let output = nxcloud
        .feed(&with("sign", &["--body", "-"]), "text")
        .exits(0);
    assert_eq!(output.stdout.trim_end(), md5("1700000000000", b"text"));
    let empty = md5("1700000000000", b"");
    assert_eq!(nxcloud.run(&with("sign", &[])).stdout.trim_end(), empty);
    assert_eq!(
        nxcloud
            .run(&with("sign", &["--multipart"]))
            .stdout
            .trim_end(),
        empty
    );
    let output = nxcloud
        .run(&["sign", "--scheme", "antbuddy", "an-app", "84912345678"])
        .exits(0);
    assert_eq!(output.stdout.trim_end(), sha256("an-app84912345678"));
}

#[test]
fn sign_prints_the_time_if_ts_is_not_set() {
    let output = nxcloud()
        .run(&["sign", "--action", "send", "--biz-type", "3"])
        .exits(0);
    let ts = output
        .stderr_line()
        .strip_prefix("ts: ")
        .unwrap()
        .to_owned();
    assert_eq!(output.stdout.trim_end(), md5(&ts, b""));
}

#[test]
fn verify_prints_valid_or_invalid() {
    let nxcloud = nxcloud();
    let right = md5("1700000000000", b"");
    let output = nxcloud
        .run(&with("verify", &["--signature", &right]))
        .exits(0);
    assert_eq!(output.stdout, "valid\n");
    let upper = right.to_uppercase();
    let output = nxcloud
        .run(&with("verify", &["--signature", &upper]))
        .exits(1);
    assert_eq!(output.stdout, "invalid\n");
    let hash = sha256("an-app");
    let arguments = [
        "verify",
        "--scheme",
        "antbuddy",
        "--signature",
        &hash,
        "an-app",
    ];
    assert_eq!(nxcloud.run(&arguments).exits(0).stdout, "valid\n");
}

#[test]
fn explain_masks_the_secret_and_prints_a_curl_command() {
    let nxcloud = nxcloud();
    std::fs::write(nxcloud.home().join("it's.json"), "{}").unwrap();
    let output = nxcloud
        .run(&with("sign", &["--explain", "--body", "it's.json"]))
        .exits(0);
    let signature = md5("1700000000000", b"{}");
    let masked = "accessKey=a-key&action=send&bizType=3&ts=1700000000000&body={}&accessSecret=***";
    assert!(output.stdout.contains(masked), "{output}");
    assert!(!output.stdout.contains(SECRET));
    let curl = output.stdout.lines().last().unwrap();
    let arguments = shlex::split(curl).unwrap();
    for expected in [
        "accessKey: a-key",
        "ts: 1700000000000",
        "bizType: 3",
        "action: send",
        "@it's.json",
    ] {
        assert!(
            arguments.iter().any(|argument| argument == expected),
            "{curl}"
        );
    }
    assert!(arguments.contains(&format!("sign: {signature}")), "{curl}");

    let send = [
        "sign",
        "--action",
        "mtsend",
        "--biz-type",
        "3",
        "--ts",
        "1",
        "--explain",
    ];
    let documented = nxcloud.run(&send).exits(0);
    assert!(
        documented.stdout.contains("http"),
        "the URL of the operation: {documented}"
    );
}

#[test]
fn lines_signs_and_verifies_many_requests() {
    let nxcloud = nxcloud();
    // More than one batch, with bodies of different lengths.
    let lines: Vec<Value> = (0..2_500_usize)
        .map(|n| match n % 3 {
            0 => json!({ "action": "send", "biz_type": 3, "ts": n, "body": "x".repeat(n % 200) }),
            1 => json!({ "action": "send", "bizType": "3", "ts": n.to_string(), "body_base64": "AP8=" }),
            _ => json!({ "action": "send", "biz_type": "3", "ts": n, "body": "y", "multipart": true }),
        })
        .collect();
    let input: Vec<String> = lines.iter().map(Value::to_string).collect();
    let output = nxcloud
        .feed(&["sign", "--lines", "-"], &input.join("\n"))
        .exits(0);
    let signatures: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(signatures.len(), lines.len());
    for (n, signature) in signatures.iter().enumerate() {
        let body = match n % 3 {
            0 => "x".repeat(n % 200).into_bytes(),
            1 => vec![0, 255],
            _ => Vec::new(),
        };
        assert_eq!(*signature, md5(&n.to_string(), &body), "line {n}");
    }
    let output = nxcloud
        .feed(&["sign", "--lines", "-", "--output", "json"], &input[0])
        .exits(0);
    assert_eq!(
        output.json(),
        json!({
            "accessKey": "a-key", "ts": "0", "bizType": "3", "action": "send", "sign": signatures[0],
        })
    );

    let claimed = lines.iter().zip(&signatures).map(|(line, signature)| {
        let mut line = line.clone();
        line["sign"] = (*signature).into();
        line
    });
    let mut claimed: Vec<Value> = claimed.collect();
    claimed[1_700]["sign"] = "0".repeat(32).into();
    let input: Vec<String> = claimed.iter().map(Value::to_string).collect();
    let output = nxcloud
        .feed(&["verify", "--lines", "-"], &input.join("\n"))
        .exits(1);
    let wrong: Vec<usize> = output
        .stdout
        .lines()
        .enumerate()
        .filter(|(_, verdict)| *verdict == "invalid")
        .map(|(line, _)| line)
        .collect();
    assert_eq!(wrong, [1_700]);
    assert!(
        output.stderr_line().contains("invalid signatures: 1"),
        "{output}"
    );
}

#[test]
fn an_invalid_line_does_not_stop_the_others() {
    let nxcloud = nxcloud();
    let good = r#"{"action": "send", "biz_type": 3, "ts": 1}"#;
    for (bad, problem) in [
        ("{", "line 3: column"),
        (r#"{"acton": "send"}"#, "line 3: column"),
        (r#"{"biz_type": 3, "ts": 1}"#, "line 3: the action"),
        (
            r#"{"action": "send", "biz_type": 3, "ts": "soon"}"#,
            "line 3: ts",
        ),
        (
            r#"{"action": "send", "biz_type": 3, "ts": 1, "body_base64": "?"}"#,
            "line 3: body_base64",
        ),
    ] {
        let input = format!("{good}\n\n{bad}\n{good}\n");
        let output = nxcloud.feed(&["sign", "--lines", "-"], &input).exits(2);
        assert_eq!(output.stdout.lines().count(), 2, "{bad}: {output}");
        assert!(output.stderr.contains(problem), "{bad}: {output}");
    }
}

#[test]
fn antbuddy_lines_contain_values() {
    let nxcloud = nxcloud();
    let input = "{\"values\": [\"an-app\", \"1\"]}\n{\"values\": [\"an-app\"]}\n";
    let output = nxcloud
        .feed(&["sign", "--scheme", "antbuddy", "--lines", "-"], input)
        .exits(0);
    assert_eq!(
        output.stdout,
        format!("{}\n{}\n", sha256("an-app1"), sha256("an-app"))
    );
    let input = format!(
        "{{\"values\": [\"an-app\"], \"hash\": \"{}\"}}",
        sha256("an-app")
    );
    let output = nxcloud
        .feed(&["verify", "--scheme", "antbuddy", "--lines", "-"], &input)
        .exits(0);
    assert_eq!(output.stdout, "valid\n");
}
