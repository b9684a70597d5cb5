use serde_json::{Value, json};

use super::*;
use crate::platform::catalog::Catalog;
use crate::platform::tests::test_request::{TestRequest, json_of, platform_of};

/// Texts that are not numbers in the platform's format.
const MALFORMED: [&str; 22] = [
    "+8615012345678",
    "+86 150-1234-5678",
    "008615012345678",
    "015012345678",
    "86 15012345678",
    "86-150-1234-5678",
    "(86)15012345678",
    "\u{202a}8615012345678\u{202c}",
    "\u{feff}8615012345678",
    "８６１５０１２３４５６７８",
    "٨٦١٥٠١٢٣٤٥٦٧٨",
    "abc",
    "86150l2345678",
    "8615012345678.0",
    "8.615012345678e12",
    " ",
    " 8615012345678",
    "8615012345678\n",
    "861501",
    "8615012345678901",
    "8615012345678;8615012345679",
    "8615012345678 8615012345679",
];
/// Texts that are not lists of numbers.
const MALFORMED_LISTS: [&str; 7] = [
    ",",
    "8615012345678,",
    ",8615012345678",
    "8615012345678,,8615012345679",
    "8615012345678, ,8615012345679",
    "8615012345678,+8615012345679",
    "8615012345678，8615012345679",
];

fn code(path: &str, biz_type: &str, action: &str, body: &Value) -> Value {
    let platform = platform_of(Catalog::embedded().unwrap());
    let body = body.to_string();
    let draft = TestRequest::signed(path, biz_type, action, body.as_bytes());
    let reply = json_of(&draft.send(&platform));
    let reply_text = reply.to_string();
    assert!(
        !reply_text.contains("1234567") && reply_text.lines().count() == 1,
        "{reply_text}"
    );
    reply["code"].clone()
}

#[test]
fn an_sms_to_an_invalid_number_gets_code_6() {
    let send = |phone: &str| {
        let body = json!({ "appKey": "a", "phone": phone, "content": "hi" });
        code("/api/sms/mtsend_v2", "3", "mtsend", &body)
    };
    for phone in MALFORMED.iter().chain(&MALFORMED_LISTS) {
        assert_eq!(send(phone), "6", "{phone:?}");
    }
    assert_eq!(send(""), "2");
    for phone in [
        "8615012345678",
        "2905012",
        "861501234567890",
        "8615012345678,85251234567",
    ] {
        assert_eq!(send(phone), "0", "{phone}");
    }
}

#[test]
fn every_service_answers_with_its_own_code() {
    let did = |phone: &str| {
        let body = json!({ "sender": "12025550143", "phone": phone, "content": "hi" });
        code("/didsms/mtsend", "4", "mtsend", &body)
    };
    let sender = |sender: &str| {
        let body = json!({ "sender": sender, "phone": "8615012345678", "content": "hi" });
        code("/didsms/mtsend", "4", "mtsend", &body)
    };
    let viber = |phone: &str| {
        let body = json!({
            "appkey": "a", "phone": phone, "functionType": "text",
            "messageData": { "rateType": "Transactional", "text": "hi" },
        });
        code("/api/viber/mt", "7", "mt", &body)
    };
    let ota = |phone: &str| {
        let body = json!({ "appkey": "a", "phone": phone, "userIp": "192.0.2.1" });
        code("/api/ota/init", "6", "init", &body)
    };
    let bind = |phone: &str| {
        let body = json!({ "phoneA": phone, "phoneB": "8615012345679", "expireSecond": 0 });
        code("/api/pns/", "5", "bindAXB", &body)
    };
    for phone in MALFORMED {
        assert_eq!(did(phone), 9006, "{phone:?}");
        assert_eq!(sender(phone), 9006, "{phone:?}");
        assert_eq!(viber(phone), 9002, "{phone:?}");
        assert_eq!(ota(phone), 9901, "{phone:?}");
        assert_eq!(bind(phone), 1002, "{phone:?}");
    }
    for list in MALFORMED_LISTS {
        assert_eq!(did(list), 9006, "{list:?}");
    }
    assert_eq!(bind(""), 10001);
    for good in [did, sender, viber, ota, bind] {
        assert_eq!(good("8615012345678"), 0);
    }
}

#[test]
fn lists_with_empty_entries_are_refused() {
    let check = |phone: &str| {
        code(
            "/api/number/check",
            "1",
            "numbercheck",
            &json!({ "phone": phone, "appkey": "a" }),
        )
    };
    let group = |phones: &str| {
        code(
            "/api/pns/",
            "5",
            "createGroup",
            &json!({ "phones": phones }),
        )
    };
    for list in MALFORMED_LISTS {
        assert_eq!(check(list), 201, "{list:?}");
        assert_eq!(group(list), 1002, "{list:?}");
    }
    assert_eq!(check(""), 201);
    // The reference accepts a wrong length here and reports it in the push.
    assert_eq!(check("12345,8615012345678"), 0);
    assert_eq!(group("8615012345678,8615012345679"), 0);
}

#[test]
fn every_code_of_the_table_is_one_of_its_operation() {
    let catalog = Catalog::embedded().unwrap();
    for (service, id, pointer, code) in [TEXTS, EMPTY, NUMBERS].concat() {
        let operation = catalog.operation(service, id);
        let operation = operation.unwrap_or_else(|| panic!("{service} {id}"));
        assert!(operation.meaning(code).is_some(), "{id} {code}");
        let body = operation.body.as_ref().unwrap();
        let field = body.schema().property(&pointer[1..]).unwrap();
        let format = field.find(|schema| schema.format);
        let is_phone = format.is_some_and(|format| format.as_str().starts_with("phone"));
        let is_other = ["/batchNo", "/limit", "/offset"].contains(&pointer);
        assert!(is_phone || is_other, "{id} {pointer} {format:?}");
    }
}
