//! Bindings and groups that earlier calls made.

use super::state::{DAY, platform, send_on};
use super::test_request::{NOW, TestRequest, json_of};
use crate::platform::*;

fn pns(platform: &Platform, action: &str, body: Value) -> Value {
    let body = body.to_string();
    json_of(&TestRequest::signed("/api/pns/", "5", action, body.as_bytes()).send(platform))
}

fn reached(platform: &Platform, caller: &str, did: &Value) -> Value {
    let reply = pns(platform, "queryAXB", json!({"caller": caller, "did": did}));
    if reply["code"] == 0 {
        reply["data"]["callee"].clone()
    } else {
        reply["code"].clone()
    }
}

#[test]
fn a_binding_is_listed_and_reached_until_it_is_removed() {
    let platform = platform();
    let body = json!({
        "phoneA": "8613900000001", "phoneB": "8613900000002", "customerBindId": "c-1", "flag": 1,
        "expireSecond": 60,
    });
    let bound = pns(&platform, "bindAXB", body.clone())["data"].clone();
    let list = || pns(&platform, "getAXBList", json!({"limit": 0, "offset": 0}))["data"].clone();
    let row = &list()["bindList"][0];
    for (name, value) in [
        ("bindId", bound["bindId"].clone()),
        ("did", bound["did"].clone()),
        ("phoneA", json!("8613900000001")),
        ("customerBindId", json!("c-1")),
        ("flag", json!(1)),
        ("expireAt", json!(NOW / 1000 + 60)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    assert_eq!(
        reached(&platform, "8613900000001", &bound["did"]),
        "8613900000002"
    );
    assert_eq!(
        reached(&platform, "13900000002", &bound["did"]),
        "8613900000001"
    );
    assert_eq!(reached(&platform, "8613900000003", &bound["did"]), 10013);
    assert_eq!(
        reached(&platform, "8613900000001", &json!("8617000000001")),
        10013
    );
    // For another pair with A the platform chooses another number. It accepts a customer's id only once.
    assert_eq!(pns(&platform, "bindAXB", body)["code"], 1002);
    let other = json!({"phoneA": "8613900000001", "phoneB": "8613900000003", "expireSecond": 0});
    let other = pns(&platform, "bindAXB", other)["data"].clone();
    assert_ne!(other["did"], bound["did"]);
    assert_eq!(list()["total"], 2);
    assert_eq!(
        pns(&platform, "unbindAXB", json!({"customerBindId": "c-1"}))["code"],
        0
    );
    assert_eq!(
        pns(&platform, "unbindAXB", json!({"customerBindId": "c-1"}))["code"],
        10013
    );
    assert_eq!(reached(&platform, "8613900000001", &bound["did"]), 10013);
    assert_eq!(
        pns(&platform, "unbindAXB", json!({"bindId": other["bindId"]}))["code"],
        0
    );
    assert_eq!(list(), json!({"bindList": [], "total": 0}));
}

#[test]
fn a_binding_expires() {
    let platform = platform();
    let body = json!({"phoneA": "8613900000001", "phoneB": "8613900000002", "expireSecond": 60});
    pns(&platform, "bindAXB", body);
    let body = json!({"limit": 0, "offset": 0}).to_string();
    let draft = TestRequest::signed_at(
        NOW + DAY,
        "s3cret",
        "/api/pns/",
        "5",
        "getAXBList",
        body.as_bytes(),
    );
    assert_eq!(send_on(&platform, 1, &draft)["data"]["total"], 0);
}

#[test]
fn a_binding_with_an_extension_asks_for_it() {
    let platform = platform();
    let body = json!({
        "phoneA": "8613900000001", "phoneB": "8613900000002", "phoneX": "8617000000009",
        "extension": "007", "expireSecond": 0,
    });
    assert_eq!(
        pns(&platform, "bindAXBExtension", body)["data"]["did"],
        "8617000000009"
    );
    let query = |extension: Value| {
        let mut body = json!({"caller": "8613900000001", "did": "8617000000009"});
        if !extension.is_null() {
            body["extension"] = extension;
        }
        pns(&platform, "queryAXB", body)
    };
    assert_eq!(query(Value::Null)["data"]["bindType"], 4);
    let with = query(json!("007"));
    assert_eq!(with["data"]["callee"], "8613900000002");
    assert_eq!(with["data"]["extension"], "007");
    assert!(with["data"].get("bindType").is_none());
    assert_eq!(query(json!("008"))["code"], 10013);
}

#[test]
fn a_group_shows_every_change() {
    let platform = platform();
    let group = pns(
        &platform,
        "createGroup",
        json!({"phones": "8613900000011,8613900000012,8613900000011"}),
    );
    let id = &group["groupId"];
    assert!(group.get("data").is_none());
    let list = || pns(&platform, "listGroup", json!({"limit": 10, "offset": 0}))["data"].clone();
    assert_eq!(list()["groups"][0]["groupName"], *id);
    let mut expected = vec![list()["groups"][0]["phones"].clone()];
    for (operate_type, phones) in [
        (0, "8613900000013,8613900000012"),
        (1, "8613900000011"),
        (2, "8613900000014"),
    ] {
        let body = json!({"groupId": id, "operateType": operate_type, "phones": phones});
        assert_eq!(pns(&platform, "updateGroup", body)["code"], 0);
        expected.push(list()["groups"][0]["phones"].clone());
    }
    assert_eq!(
        expected,
        [
            "8613900000011,8613900000012",
            "8613900000011,8613900000012,8613900000013",
            "8613900000012,8613900000013",
            "8613900000014"
        ]
    );
    let bind = |phone_b: &str| {
        let body = json!({
            "phoneA": "8613900000001", "phoneB": phone_b, "groupId": id, "expireSecond": 0,
        });
        pns(&platform, "bindAXG", body)
    };
    assert_eq!(bind("8613900000011")["code"], 1002);
    let bound = bind("8613900000014");
    let did = &bound["data"]["did"];
    assert_eq!(reached(&platform, "8613900000014", did), "8613900000001");
    assert_eq!(reached(&platform, "8613900000001", did), "8613900000014");
    let unknown = json!({"groupId": "g", "operateType": 0, "phones": "8613900000011"});
    assert_eq!(pns(&platform, "updateGroup", unknown)["code"], 1002);
    let unknown = json!({"groupId": id, "operateType": 3, "phones": "8613900000011"});
    assert_eq!(pns(&platform, "updateGroup", unknown)["code"], 1002);
    assert_eq!(
        pns(&platform, "deleteGroup", json!({"groupId": id}))["code"],
        0
    );
    assert_eq!(
        pns(&platform, "deleteGroup", json!({"groupId": id}))["code"],
        1002
    );
    assert_eq!(list(), json!({"groups": [], "total": 0}));
}

#[test]
fn lists_are_cut_by_limit_and_offset() {
    let platform = platform();
    for name in ["a", "b", "c"] {
        pns(
            &platform,
            "createGroup",
            json!({"phones": "8613900000011", "groupName": name}),
        );
    }
    let names = |limit: i64, offset: i64| {
        let body = json!({"limit": limit, "offset": offset});
        let reply = pns(&platform, "listGroup", body);
        assert_eq!(reply["data"]["total"], 3);
        let groups = reply["data"]["groups"].as_array().unwrap().iter();
        groups
            .map(|group| group["groupName"].as_str().unwrap())
            .collect::<String>()
    };
    assert_eq!(
        [names(2, 0), names(2, 2), names(0, 0), names(1000, 3)],
        ["ab", "c", "abc", ""]
    );
    for action in ["listGroup", "getAXBList"] {
        for (body, code) in [
            (json!({"limit": 1001, "offset": 0}), 10011),
            (json!({"limit": -1, "offset": 0}), 10011),
            (json!({"limit": 0, "offset": -1}), 10012),
            (json!({"limit": "1", "offset": 0}), 1002),
            (json!({"limit": 1}), 1002),
        ] {
            assert_eq!(pns(&platform, action, body.clone())["code"], code, "{body}");
        }
    }
}

#[test]
fn numbers_that_cannot_be_bound_have_the_documented_code() {
    let platform = platform();
    for (action, body, code) in [
        (
            "bindAXB",
            json!({"phoneA": "", "phoneB": "8613900000002", "expireSecond": 0}),
            10001,
        ),
        (
            "bindAXB",
            json!({"phoneA": "8613900000001", "expireSecond": 0}),
            10001,
        ),
        ("bindAXG", json!({"groupId": "g", "expireSecond": 0}), 10001),
        (
            "bindAXB",
            json!({"phoneA": 1, "phoneB": "8613900000002", "expireSecond": 0}),
            1002,
        ),
        (
            "bindAXB",
            json!({"phoneA": "8613900000001", "phoneB": "8613900000001", "expireSecond": 0}),
            10002,
        ),
        (
            "bindAXB",
            json!({"phoneA": "8613900000001", "phoneB": "8613900000002", "expireSecond": -1}),
            1002,
        ),
        (
            "bindAXG",
            json!({"phoneA": "8613900000001", "groupId": "g", "expireSecond": 0}),
            1002,
        ),
    ] {
        let reply = pns(&platform, action, body.clone());
        assert_eq!(reply["code"], code, "{body}");
        assert!(reply.get("data").is_none());
    }
    for at in 0..100 {
        let body = json!({"phoneA": "8613900000001", "phoneB": format!("86139000002{at:02}"), "expireSecond": 0});
        assert_eq!(pns(&platform, "bindAXB", body)["code"], 0);
    }
    let body = json!({"phoneA": "8613900000001", "phoneB": "8613900000003", "expireSecond": 0});
    assert_eq!(pns(&platform, "bindAXB", body)["code"], 10010);
}

#[test]
fn a_lifetime_that_no_date_can_hold_is_refused() {
    let platform = platform();
    let mut body = json!({"phoneA": "8613900000001", "phoneB": "8613900000002"});
    for seconds in [253_402_207_200, i64::MAX] {
        body["expireSecond"] = seconds.into();
        let reply = pns(&platform, "bindAXB", body.clone());
        assert_eq!(reply["code"], 1002);
        let text = reply["msg"].as_str().unwrap();
        assert!(
            text.ends_with("/expireSecond ends after the year 9999"),
            "{text}"
        );
    }
    body["expireSecond"] = (200_i64 * 365 * 24 * 60 * 60).into();
    assert_eq!(pns(&platform, "bindAXB", body)["code"], 0);
}
