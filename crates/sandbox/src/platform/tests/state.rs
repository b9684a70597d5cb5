//! Calls that depend on earlier calls.

use http::{HeaderMap, Method};
use nxcloud_signing::Secret;
use nxcloud_signing::antbuddy::{AppId, Signer};

use super::test_request::{NOW, TestRequest, json_of, platform_of};
use crate::platform::*;

pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;

pub(super) fn platform() -> Platform {
    platform_of(Catalog::embedded().unwrap())
}

/// Sends a request this many days later.
pub(super) fn send_on(platform: &Platform, day: u64, draft: &TestRequest) -> Value {
    let mut headers = HeaderMap::new();
    let draft = draft.clone();
    for (name, value) in &draft.headers {
        let value = http::HeaderValue::from_bytes(value).unwrap();
        headers.append(http::HeaderName::from_static(name), value);
    }
    let (path, query) = draft.path.split_once('?').unwrap_or((&draft.path, ""));
    let incoming = Incoming {
        method: &draft.method,
        path,
        query: (!query.is_empty()).then_some(query),
        headers: &headers,
        body: &draft.body,
    };
    json_of(&platform.answer(&incoming, NOW + day * DAY, true).unwrap())
}

fn number(platform: &Platform, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    json_of(&TestRequest::signed(path, "1", "numbercheck", body.as_bytes()).send(platform))
}

fn submit(platform: &Platform, body: Value) -> Value {
    number(platform, "/api/number/check", &body)
}

fn query(platform: &Platform, body: Value) -> Value {
    number(platform, "/api/number/query", &body)
}

#[test]
fn a_check_can_be_queried_by_its_id_and_its_batch() {
    let platform = platform();
    let submitted = submit(&platform, json!({"phone": "84912345678", "appkey": "a"}));
    let id = submitted["data"]["messageId"].as_str().unwrap();
    let batch = submitted["data"]["batchNo"].as_str().unwrap();
    assert!(batch.len() == 12 && batch.bytes().all(|byte| byte.is_ascii_digit()));
    let page = |name: &str, value: &str| {
        query(
            &platform,
            json!({"page": 1, "pageSize": 10, "date": "2027-01-15", name: value}),
        )
    };
    let reply = page("messageId", id);
    assert_eq!(reply["data"]["totalSize"], 1);
    assert_eq!(reply["data"]["totalPage"], 1);
    let row = &reply["data"]["result"][0];
    assert_eq!(row["phone"], "84912345678");
    assert_eq!(row["messageId"], id);
    assert_eq!(row["batchNo"], batch);
    assert_eq!(row["checkLevel"], 1);
    assert!(row["regionCode"].is_string() && row.get("validity").is_none());
    assert_eq!(reply["data"], page("batchNo", batch)["data"]);
    let nothing = json!({"page": 1, "pageSize": 10, "totalPage": 0, "totalSize": 0, "result": []});
    assert_eq!(page("messageId", "other")["data"], nothing);
}

#[test]
fn each_number_of_a_batch_has_the_id_of_the_submit_with_six_digits() {
    let platform = platform();
    let phones = "84912345678,84987654321,84955512345,12";
    let body = json!({"phone": phones, "appkey": "a", "batchNo": "b", "checkLevel": 5});
    let id = submit(&platform, body)["data"]["messageId"].clone();
    let page = |number: i64, phone: &str| {
        let body = json!({
            "page": number, "pageSize": 3, "date": "2027-01-15", "batchNo": "b", "phone": phone,
        });
        query(&platform, body)["data"].clone()
    };
    let first = page(1, "");
    assert_eq!(
        (&first["totalSize"], &first["totalPage"]),
        (&json!(4), &json!(2))
    );
    let mut ids = Vec::new();
    for row in first["result"].as_array().unwrap() {
        let own = row["messageId"].as_str().unwrap();
        let (bare, suffix) = own.rsplit_once('-').unwrap();
        assert_eq!(bare, id);
        assert!(suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(row["roaming"].is_string() && row.get("answered").is_none());
        ids.push(own.to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let second = page(2, "");
    assert_eq!(second["result"][0]["phone"], "12");
    assert_eq!(second["result"][0]["preCheck"], "NO");
    assert_eq!(page(3, "")["result"], json!([]));
    assert_eq!(page(1, "84987654321")["totalSize"], 1);
}

#[test]
fn checks_of_14_days_can_be_queried() {
    let platform = platform();
    submit(
        &platform,
        json!({"phone": "84912345678", "appkey": "a", "batchNo": "b"}),
    );
    let body = json!({"page": 1, "pageSize": 1, "date": "2027-01-15", "batchNo": "b"}).to_string();
    let reply = |day: u64| {
        let ts = NOW + day * DAY;
        let path = "/api/number/query";
        let draft = TestRequest::signed_at(ts, "s3cret", path, "1", "numbercheck", body.as_bytes());
        send_on(&platform, day, &draft)["data"]["totalSize"].clone()
    };
    assert_eq!(
        [reply(0), reply(13), reply(14)],
        [json!(1), json!(1), json!(0)]
    );
}

#[test]
fn what_cannot_be_submitted_or_queried_has_the_documented_code() {
    let platform = platform();
    let long = "b".repeat(65);
    for (body, code) in [
        (
            json!({"phone": "84912345678", "appkey": "a", "batchNo": long}),
            212,
        ),
        (
            json!({"phone": "84912345678", "appkey": "a", "checkLevel": 2}),
            207,
        ),
        (json!({"phone": " ,", "appkey": "a"}), 201),
        (json!({"appkey": "a", "batchNo": 7}), 201),
    ] {
        let reply = submit(&platform, body);
        assert_eq!(reply["code"], code, "{reply}");
        assert_eq!(reply["data"], json!({"messageId": "", "batchNo": ""}));
    }
    for body in [
        json!({"page": 1, "pageSize": 10, "date": "21.11.2026", "batchNo": "b"}),
        json!({"page": 0, "pageSize": 10, "date": "2027-01-15", "batchNo": "b"}),
        json!({"page": 1, "pageSize": 0, "date": "2027-01-15", "batchNo": "b"}),
    ] {
        let reply = query(&platform, body);
        assert_eq!((&reply["code"], &reply["data"]), (&json!(88), &json!({})));
    }
}

#[test]
fn a_login_is_pending_until_it_is_set() {
    let platform = platform();
    let send = |path: &str, action: &str, body: Value| {
        let body = body.to_string();
        json_of(&TestRequest::signed(path, "6", action, body.as_bytes()).send(&platform))
    };
    let init = || {
        let body = json!({"appkey": "a", "phone": "8613912345678", "userIp": "203.0.113.7"});
        send("/api/ota/init", "init", body)["data"].clone()
    };
    let verify = |id: &Value| {
        send(
            "/api/ota/verify",
            "verify",
            json!({"appkey": "a", "requestId": id}),
        )
    };
    let (first, second) = (init(), init());
    assert_ne!(first["url"], second["url"]);
    assert_eq!(verify(&first["requestId"])["data"]["status"], "PENDING");
    let id = first["requestId"].as_str().unwrap();
    assert!(platform.state.set_ota_status(id, "MISMATCH"));
    assert!(!platform.state.set_ota_status("other", "SUCCESS"));
    assert_eq!(
        verify(&first["requestId"])["data"],
        json!({"requestId": id, "status": "MISMATCH"})
    );
    assert_eq!(verify(&second["requestId"])["data"]["status"], "PENDING");
    let unknown = verify(&json!("other"));
    assert_eq!(
        (&unknown["code"], &unknown["data"]),
        (&json!(2205), &Value::Null)
    );
}

/// The examples of the documentation are answered as documented only until something was created.
#[test]
fn examples_are_answered_until_something_was_created() {
    let platform = platform();
    let verify = |id: &str| {
        let body = json!({"appkey": "app-1", "requestId": id}).to_string();
        let draft = TestRequest::signed("/api/ota/verify", "6", "verify", body.as_bytes());
        json_of(&draft.send(&platform))["code"].clone()
    };
    let example = "9b2f7a54-0c1d-4e8e-a3b6-51c7d2e8f904";
    assert_eq!([verify(example), verify("other")], [json!(0), json!(2205)]);
    let body = br#"{"appkey":"a","phone":"8613912345678","userIp":"203.0.113.7"}"#;
    TestRequest::signed("/api/ota/init", "6", "init", body).send(&platform);
    assert_eq!(verify(example), 2205);
}

#[test]
fn antbuddy_calls_come_in_pages() {
    let platform = platform();
    let signer = Signer::new(AppId::new("app-1").unwrap(), Secret::new("s3cret").unwrap());
    let page = |more: &[(&str, &str)]| {
        let mut query = vec![
            ("appId", "app-1"),
            ("created_from", "2027-01-13T00:00:00.000Z"),
            ("created_to", "2027-01-14T23:59:59.000Z"),
        ];
        query.extend(more);
        let values = query.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let hash = signer.sign(&values);
        query.push(("hash", hash.as_str()));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let path = format!("/oapi/v1/call/histories?{query}");
        let answer = TestRequest::plain(Method::GET, &path, b"").send(&platform);
        (answer.status.as_u16(), json_of(&answer))
    };
    let (_, all) = page(&[("limit", "100")]);
    let times = |rows: &Value| {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["unix_timestamp"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let all = times(&all);
    assert_eq!(all.len(), 24);
    assert!(all.is_sorted() && all[0] == 1_799_798_400);
    assert_eq!(times(&page(&[]).1), all[..20]);
    assert_eq!(times(&page(&[("page", "2")]).1), all[20..]);
    assert_eq!(page(&[("limit", "5"), ("page", "6")]).1, json!([]));
    for (name, number) in [
        ("page", "0"),
        ("page", "-1"),
        ("limit", "0"),
        ("limit", "-20"),
    ] {
        let (status, refused) = page(&[(name, number)]);
        assert_eq!(status, 400);
        assert_eq!(refused["message"], format!("/{name} less than 1"));
    }
}
