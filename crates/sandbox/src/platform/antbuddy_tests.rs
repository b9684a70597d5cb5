use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use nxcloud_signing::Secret;
use nxcloud_signing::antbuddy::AppId;
use serde_json::{Value, json};

use super::*;
use crate::platform::catalog::Catalog;
use crate::platform::{Answer, Platform};

/// The published test vector of the scheme.
const APP_ID: &str = "6544646543674";
const FROM: &str = "2018-02-07T02:19:33.000Z";
const TO: &str = "2018-02-07T07:04:22.000Z";
const HASH: &str = "9b11b9ff77dbba70fe059acf84c02cfe6af90de9122e4d3bd6ec69c9d637f9ed";
const HEADER_HASH: &str = "1de1c7a667297905f45373f982c0e182c6d5ba6391f2bf41dc053619182b351b";

fn platform() -> Platform {
    let time = |name: &str, required| {
        json!({
            "name": name, "in": "query", "required": required, "schema": { "type": "string", "format": "date-time" },
        })
    };
    let number = |name: &str| {
        json!({
            "name": name, "in": "query", "schema": { "type": "integer", "maximum": 100 },
        })
    };
    let replies = |success: Value| {
        json!({ "200": { "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Reply" }, "examples": { "success": { "value": success } },
    } } } })
    };
    let spec = json!({
        "x-nx-scheme": "antbuddy-sha256",
        "paths": {
            "/histories": { "get": {
                "operationId": "histories",
                "x-nx-hash-in": "query",
                "x-nx-hash-order": ["appId", "created_from", "created_to", "limit", "page"],
                "x-nx-max-days": { "from": "created_from", "to": "created_to", "days": 31 },
                "parameters": [time("created_from", true), time("created_to", true), number("limit"), number("page")],
                "responses": replies(json!([{ "page": 1 }])),
            } },
            "/call/{number}": { "post": {
                "operationId": "call",
                "x-nx-hash-in": "header",
                "parameters": [{ "name": "number", "in": "path", "required": true, "schema": { "type": "string" } }],
                "requestBody": { "required": true, "content": { "application/json": { "schema": {
                    "type": "object", "required": ["sipUser"], "properties": { "sipUser": { "type": "string" } },
                } } } },
                "responses": { "200": {} },
            } },
        },
        "components": { "schemas": {
            "Reply": { "type": "array", "x-nx-list": "records", "items": { "$ref": "#/components/schemas/Row" } },
            "Row": { "properties": { "page": { "type": "integer" } } },
        } },
    });
    let mut accounts = Accounts::default();
    accounts.add_antbuddy(AppId::new(APP_ID).unwrap(), Secret::new("123456").unwrap());
    let catalog = Catalog::of("ant", spec).unwrap();
    Platform::new(Arc::new(catalog), accounts)
}

fn send(
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &str,
) -> Answer {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let incoming = Incoming {
        method,
        path,
        query,
        headers,
        body: &body,
    };
    let platform = platform();
    let mut answer = platform.answer(&incoming, 0, true).unwrap();
    if answer.verdict.is_wrong_signature() {
        answer
            .verdict
            .explain(platform.diagnose(&incoming).unwrap());
    }
    answer
}

fn histories(query: &str) -> Answer {
    send(
        &Method::GET,
        "/histories",
        Some(query),
        &HeaderMap::new(),
        "",
    )
}

fn call(path: &str, app_id: &str, hash: &str, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-auth-app-id", app_id), ("x-auth-app-hash", hash)] {
        if !value.is_empty() {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    send(&Method::POST, path, None, &headers, body)
}

/// The message of a refusal, which has HTTP status 400.
fn message(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.verdict.code(), 400);
    let reply = serde_json::from_slice::<Value>(&answer.body).unwrap();
    assert_eq!(reply.as_object().unwrap().len(), 1);
    reply["message"].as_str().unwrap().to_owned()
}

fn mismatch(answer: &Answer) -> &SignatureMismatch {
    match answer.verdict.cause() {
        Some(Cause::Signature(mismatch)) => mismatch,
        other => panic!("not a wrong hash: {other:?}"),
    }
}

fn likely(answer: &Answer) -> LikelyCause {
    mismatch(answer).likely_cause()
}

fn hash_of(values: &[&str]) -> String {
    let signer = Signer::new(AppId::new(APP_ID).unwrap(), Secret::new("123456").unwrap());
    signer.sign(values).as_str().to_owned()
}

#[test]
fn the_published_hash_is_accepted_encoded_or_not() {
    for query in [
        format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&hash={HASH}"),
        format!("hash={HASH}&created_to={TO}&created_from={FROM}&appId={APP_ID}"),
        format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&hash={HASH}")
            .replace(':', "%3A"),
    ] {
        let answer = histories(&query);
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert_eq!(answer.body, r#"[{"page":1}]"#);
        assert_eq!(answer.operation.as_deref(), Some("histories"));
    }
}

#[test]
fn an_optional_parameter_is_hashed_and_echoed() {
    let query = format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&limit=20&page=3");
    let refused = histories(&format!("{query}&hash={HASH}"));
    assert_eq!(message(&refused), "wrong signature");
    let hash = hash_of(&[APP_ID, FROM, TO, "20", "3"]);
    let answer = histories(&format!("{query}&hash={hash}"));
    assert_eq!(answer.body, r#"[{"page":3}]"#);
}

#[test]
fn each_check_of_a_query_hash_says_what_is_wrong() {
    let times = format!("created_from={FROM}&created_to={TO}");
    for (query, text) in [
        (
            format!("{times}&hash={HASH}"),
            "common parameter appId is missing",
        ),
        (
            format!("appId=&{times}&hash={HASH}"),
            "common parameter appId is missing",
        ),
        (
            format!("appId={APP_ID}&{times}"),
            "common parameter hash is missing",
        ),
        (
            format!("appId={APP_ID}&appId=2&{times}&hash={HASH}"),
            "common parameter appId appears more than once",
        ),
        (
            format!("appId=1&{times}&hash={HASH}"),
            "no permission: unknown account",
        ),
        (format!("appId={APP_ID}&{times}&hash=0"), "wrong signature"),
    ] {
        assert_eq!(message(&histories(&query)), text, "{query}");
    }
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let ask = |from: &str, to: &str, more: &[(&str, &str)]| {
        let mut values = vec![APP_ID, from, to];
        values.extend(more.iter().map(|(_, value)| value));
        let mut query = format!(
            "appId={APP_ID}&created_from={from}&created_to={to}&hash={}",
            hash_of(&values)
        );
        for (name, value) in more {
            query.push_str(&format!("&{name}={value}"));
        }
        message(&histories(&query))
    };
    assert_eq!(
        ask(FROM, TO, &[("limit", "101")]),
        "/limit greater than 100"
    );
    for limit in [
        "ten",
        "",
        "1.0",
        "1e1",
        "+1",
        "%2B1",
        "%201",
        "9223372036854775808",
        "18446744073709551616",
    ] {
        let sent = format!("limit={limit}");
        let (_, decoded) = percent::lenient(&sent).next().unwrap();
        let hash = hash_of(&[APP_ID, FROM, TO, &decoded]);
        let query =
            format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&{sent}&hash={hash}");
        let expected = "/limit is not a 64-bit integer, without fraction and exponent";
        assert_eq!(message(&histories(&query)), expected, "{limit}");
    }
    assert_eq!(
        ask("yesterday", TO, &[]),
        "/created_from not in the form date-time"
    );
    let later = "2018-03-10T02:19:33.001Z";
    assert_eq!(
        ask(FROM, later, &[]),
        "/created_to is more than 31 days after created_from"
    );
}

#[test]
fn invalid_percent_encoding_is_refused_by_parameter_name() {
    let body = r#"{"sipUser":"device-1"}"#;
    for (bad, problem) in [
        ("%zz", "is not percent-encoded UTF-8"),
        ("%FF", "is not percent-encoded UTF-8"),
        ("84%", "is not percent-encoded UTF-8"),
        ("84%2", "is not percent-encoded UTF-8"),
        ("%00", "contains a control character"),
        ("84%1F", "contains a control character"),
    ] {
        let path = format!("/call/{bad}");
        let said = message(&call(&path, APP_ID, HEADER_HASH, body));
        assert_eq!(said, format!("/number {problem}"));
        for name in ["created_from", "limit", "appId", "hash", "other"] {
            let query = format!("{name}={bad}&appId={APP_ID}&created_to={TO}&hash={HASH}");
            assert_eq!(message(&histories(&query)), format!("/{name} {problem}"));
        }
    }
    let said = message(&histories(&format!("appId={APP_ID}&a%FF=1&hash={HASH}")));
    assert_eq!(
        said,
        "the name of a query parameter is not percent-encoded UTF-8"
    );
}

#[test]
fn exactly_as_many_days_as_allowed_are_accepted() {
    let later = "2018-03-10T02:19:33.000Z";
    let hash = hash_of(&[APP_ID, FROM, later]);
    let answer = histories(&format!(
        "appId={APP_ID}&created_from={FROM}&created_to={later}&hash={hash}"
    ));
    assert_eq!(answer.status, StatusCode::OK);
}

#[test]
fn the_hash_of_the_headers_covers_the_app_id_alone() {
    let body = r#"{"sipUser":"device-1"}"#;
    let answer = call("/call/%2B8491", APP_ID, HEADER_HASH, body);
    assert_eq!(
        (answer.status, &answer.body[..]),
        (StatusCode::OK, &b""[..])
    );
    assert_eq!(
        message(&call("/call/1", "", HEADER_HASH, body)),
        "common parameter x-auth-app-id is missing"
    );
    assert_eq!(
        message(&call("/call/1", APP_ID, "", body)),
        "common parameter x-auth-app-hash is missing"
    );
    assert_eq!(
        message(&call("/call/1", "nobody", HEADER_HASH, body)),
        "no permission: unknown account"
    );
    assert_eq!(
        message(&call("/call/1", APP_ID, HASH, body)),
        "wrong signature"
    );
    assert_eq!(
        message(&call("/call/1", APP_ID, HEADER_HASH, "{}")),
        "/sipUser is missing"
    );
}

#[test]
fn the_documented_mistakes_are_recognised() {
    let ask = |hash: &str| {
        let query = format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&hash={hash}");
        likely(&histories(&query))
    };
    // The order of another page of the vendor, published with its digest.
    let other_order = "11007cf0d31cb5c46f9d0031a69bb287d8a1a30e0087cfc6ccc3032a4cb8483d";
    assert_eq!(ask(other_order), LikelyCause::ParameterOrder);
    let signed = |hash: &str| {
        let query = format!("appId={APP_ID}&created_from={FROM}&created_to={TO}&hash={hash}");
        let answer = histories(&query);
        mismatch(&answer).client_string().map(str::to_owned)
    };
    let encoded_times = format!("{APP_ID}{FROM}{TO}***").replace(':', "%3A");
    let claimed = hash_of(&[APP_ID, &FROM.replace(':', "%3A"), &TO.replace(':', "%3A")]);
    assert_eq!(signed(&claimed), Some(encoded_times));
    assert_eq!(
        signed(&hash_of(&[TO, APP_ID, FROM])),
        Some(format!("{TO}{APP_ID}{FROM}***"))
    );
    assert_eq!(signed(HEADER_HASH), None);
    let encoded = |time: &str| time.replace(':', "%3A");
    assert_eq!(
        ask(&hash_of(&[APP_ID, &encoded(FROM), &encoded(TO)])),
        LikelyCause::EncodedValues
    );
    assert_eq!(ask(&HASH.to_uppercase()), LikelyCause::UpperCase);
    assert_eq!(ask(HEADER_HASH), LikelyCause::WrongSecret);
    assert_eq!(
        likely(&call("/call/1", APP_ID, &HEADER_HASH.to_uppercase(), "{}")),
        LikelyCause::UpperCase
    );
}

#[test]
fn white_space_around_the_secret_is_recognised() {
    let ask = |secret: &str| {
        let secret = Secret::new(secret).unwrap();
        let signer = Signer::new(AppId::new(APP_ID).unwrap(), secret);
        call("/call/1", APP_ID, signer.sign_app_id().as_str(), "{}")
    };
    for secret in ["123456\n", "123456\r\n", " 123456", "\t123456 "] {
        let answer = ask(secret);
        assert_eq!(likely(&answer), LikelyCause::SecretWhiteSpace);
        assert!(mismatch(&answer).difference().unwrap().contains("line end"));
    }
    assert_eq!(likely(&ask("1234567")), LikelyCause::WrongSecret);
}

#[test]
fn the_explanation_masks_the_secret() {
    let answer = histories(&format!(
        "appId={APP_ID}&created_from={FROM}&created_to={TO}&hash=0"
    ));
    let Some(Cause::Signature(mismatch)) = answer.verdict.cause() else {
        panic!("the hash is wrong");
    };
    assert_eq!(mismatch.string_to_sign(), format!("{APP_ID}{FROM}{TO}***"));
}
