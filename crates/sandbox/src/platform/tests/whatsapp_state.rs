//! Media, templates, numbers and call records that depend on earlier calls.

use super::state::platform;
use super::test_request::{NOW, TestRequest, json_of};
use crate::platform::*;
use http::Method;

const PHONE: &str = "12025550143";

fn call(platform: &Platform, path: &str, action: &str, body: &Value) -> Value {
    let body = body.to_string();
    json_of(&TestRequest::signed(path, "2", action, body.as_bytes()).send(platform))
}

fn upload(platform: &Platform, action: &str) -> Value {
    let part = |name: &str, text: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body = [
        part("messaging_product", "whatsapp"),
        part("business_phone", PHONE),
        part("type", "application/pdf"),
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"menu.pdf\"\r\ncontent-type: application/pdf\r\n\r\n1\r\n--x--\r\n".to_owned(),
    ];
    let path = format!("/api/wa/{action}");
    let mut draft = TestRequest::signed(&path, "2", action, b"")
        .with("content-type", "multipart/form-data; boundary=x");
    draft.body = body.concat().into();
    json_of(&draft.send(platform))["data"]["id"].clone()
}

#[test]
fn an_uploaded_medium_can_be_read_until_it_is_deleted() {
    let platform = platform();
    let id = upload(&platform, "uploadMedia");
    let send = |action: &str, phone: &str| {
        let body = json!({
            "business_phone": phone, "messaging_product": "whatsapp", "Media-ID": id,
        });
        call(&platform, &format!("/api/wa/{action}"), action, &body)
    };
    let media = send("getMedia", PHONE);
    assert_eq!(media["data"]["mime_type"], "application/pdf");
    assert_eq!(media["data"]["file_name"], "menu.pdf");
    assert!(
        media["data"]["url"]
            .as_str()
            .unwrap()
            .ends_with(id.as_str().unwrap())
    );
    assert_eq!(
        send("deleteMedia", "12025550199")["data"],
        json!({"success": false})
    );
    assert_eq!(send("deleteMedia", PHONE)["data"], json!({"success": true}));
    let gone = send("getMedia", PHONE);
    assert_eq!((&gone["code"], &gone["data"]), (&json!(9000), &Value::Null));
    assert_eq!(
        send("deleteMedia", PHONE)["data"],
        json!({"success": false})
    );
    let handles = [(); 2].map(|()| upload(&platform, "uploadTemplateFile"));
    assert!(handles[0].as_str().unwrap().starts_with("4:"));
    assert_ne!(handles[0], handles[1]);
}

fn create(platform: &Platform, name: &str, language: &str) -> Value {
    let body = json!({
        "appkey": "a", "business_phone": PHONE, "messaging_product": "whatsapp", "category": "MARKETING",
        "language": language, "name": name, "components": [
            {"type": "HEADER", "format": "TEXT", "text": "{{1}}", "example": {"header_text": "sale"}},
            {"type": "BODY", "text": "hello"},
        ],
    });
    let reply = call(platform, "/api/wa/createTemplate", "createTemplate", &body);
    reply["data"]["id"].clone()
}

fn get(platform: &Platform, more: &Value) -> Value {
    let mut body = json!({"appkey": "a", "business_phone": PHONE, "messaging_product": "whatsapp"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    call(platform, "/api/wa/getTemplate", "getTemplate", &body)
}

fn names(reply: &Value) -> Vec<&str> {
    let rows = reply["data"]["data"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn a_template_can_be_read_changed_and_deleted() {
    let platform = platform();
    let id = create(&platform, "sale", "en");
    create(&platform, "sale", "de");
    create(&platform, "other", "en");
    let reply = get(&platform, &json!({"name": "sale"}));
    assert_eq!(names(&reply), ["sale", "sale"]);
    let row = &reply["data"]["data"][0];
    assert_eq!((&row["id"], &row["language"]), (&id, &json!("en")));
    assert_eq!(
        row["components"][0]["example"]["header_text"],
        json!(["sale"])
    );
    let update = |id: &Value| {
        let body = json!({
            "appkey": "a", "business_phone": PHONE, "messaging_product": "whatsapp", "category": "UTILITY",
            "template_id": id, "components": [
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": "4:abc"}},
                {"type": "BODY", "text": "bye"},
            ],
        });
        call(&platform, "/api/wa/updateTemplate", "updateTemplate", &body)
    };
    assert_eq!(update(&id)["data"]["id"], id);
    assert_eq!(update(&json!("1"))["code"], 9000);
    let row = get(&platform, &json!({}))["data"]["data"][0].clone();
    assert_eq!(
        (&row["category"], &row["name"]),
        (&json!("UTILITY"), &json!("sale"))
    );
    assert_eq!(row["components"][1]["text"], "bye");
    let link = row["components"][0]["example"]["header_handle"]
        .as_str()
        .unwrap();
    assert!(link.starts_with("https://"));
    let delete = || {
        let body = json!({
            "appkey": "a", "business_phone": PHONE, "messaging_product": "whatsapp", "name": "sale",
        });
        call(&platform, "/api/wa/deleteTemplate", "deleteTemplate", &body)["data"].clone()
    };
    assert_eq!(delete(), json!({"success": true}));
    assert_eq!(delete(), json!({"success": false}));
    assert_eq!(names(&get(&platform, &json!({}))), ["other"]);
    assert!(names(&get(&platform, &json!({"business_phone": "12025550144"}))).is_empty());
}

#[test]
fn templates_are_paged_by_cursor_in_both_directions() {
    let platform = platform();
    for name in ["a", "b", "c", "d", "e"] {
        create(&platform, name, "en");
    }
    let page = |more: Value| get(&platform, &more);
    let first = page(json!({"limit": 2}));
    assert_eq!(names(&first), ["a", "b"]);
    let paging = &first["data"]["paging"];
    assert!(paging["next"].is_string() && paging.get("previous").is_none());
    let second = page(json!({"limit": 2, "after": paging["cursors"]["after"]}));
    assert_eq!(names(&second), ["c", "d"]);
    let paging = &second["data"]["paging"];
    assert!(paging["next"].is_string() && paging["previous"].is_string());
    let third = page(json!({"limit": 2, "after": paging["cursors"]["after"]}));
    assert_eq!(names(&third), ["e"]);
    assert!(third["data"]["paging"].get("next").is_none());
    assert!(third["data"]["paging"]["cursors"]["after"].is_string());
    let back = page(json!({"limit": 2, "before": paging["cursors"]["before"]}));
    assert_eq!(names(&back), ["a", "b"]);
    assert_eq!(names(&page(json!({}))).len(), 5);
    for bad in [
        json!({"after": "x"}),
        json!({"before": "dGVtcGxhdGU6eA=="}),
        json!({"limit": 0}),
    ] {
        assert_eq!(page(bad)["code"], 9000);
    }
}

#[test]
fn the_default_page_has_twenty_templates() {
    let platform = platform();
    for at in 0..21 {
        create(&platform, &format!("t{at}"), "en");
    }
    assert_eq!(names(&get(&platform, &json!({}))).len(), 20);
}

#[test]
fn an_integrators_application_lists_the_numbers_it_registered() {
    let platform = platform();
    let register = |action: &str, body: Value| {
        let path = format!("/api/wa/integrator/embedded/register/{action}");
        call(&platform, &path, action, &body)
    };
    let app = json!({"app_name": "Shop", "webhook": "https://hooks.example/w"});
    let app = register("createApp", app)["data"].clone();
    assert_eq!(app["app_name"], "Shop");
    let list = |key: &Value| register("phoneList", json!({"appkey": key}));
    assert_eq!(list(&app["app_key"])["data"], json!([]));
    assert_eq!(list(&json!("unknown"))["code"], 9008);
    for (phone, checked) in [("12025550001", true), ("12025550002", false)] {
        if checked {
            register("checkCode", json!({"phone_number": phone, "code": "1234"}));
        }
        register("createClient", json!({"phone_number": phone}));
    }
    let phones = list(&app["app_key"])["data"].clone();
    let states = phones.as_array().unwrap().iter().map(|phone| {
        assert_eq!(phone["register_status"], 4);
        (
            phone["display_phone_number"].as_str().unwrap(),
            phone["code_verification_status"].as_str().unwrap(),
        )
    });
    assert_eq!(
        states.collect::<Vec<_>>(),
        [
            ("+12025550001", "VERIFIED"),
            ("+12025550002", "NOT_VERIFIED")
        ]
    );
    let state = |phones: &str| {
        let body =
            json!({"appkey": "a", "business_phones": phones, "messaging_product": "whatsapp"});
        let reply = call(&platform, "/api/wa/getPhone", "getPhone", &body);
        let data = reply["data"].as_object().unwrap().clone();
        data.into_iter()
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        state("12025550009, 12025550001"),
        ["12025550001", "12025550009"]
    );
    assert_eq!(state(""), ["12025550001", "12025550002"]);
    for _ in 1..1000 {
        register(
            "createApp",
            json!({"app_name": "x", "webhook": "https://hooks.example/w"}),
        );
    }
    let app = json!({"app_name": "x", "webhook": "https://hooks.example/w"});
    assert_eq!(register("createApp", app)["code"], 9009);
}

#[test]
fn call_records_of_a_window_come_in_pages() {
    let platform = platform();
    let send = |path: &str, body: &Value| {
        let body = body.to_string();
        json_of(&TestRequest::signed(path, "8", "cc", body.as_bytes()).send(&platform))
    };
    let day = NOW / 1000 - 86_400 - 28_800;
    let records = |more: Value| {
        let mut body = json!({"startTime": day, "endTime": day + 86_399, "size": 100, "page": 1});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        send("/saas/cc/openapi/cdr/page", &body)["data"].clone()
    };
    let count = |more: Value| records(more).as_array().unwrap().len();
    let all = records(json!({}));
    assert_eq!(all.as_array().unwrap().len(), 12);
    assert_eq!(all[0]["startTime"], day * 1000);
    assert_eq!(count(json!({"size": 5, "page": 3})), 2);
    let answered = count(json!({"answered": 2}));
    assert_eq!([answered, count(json!({"answered": 1}))], [6, 6]);
    assert_eq!(count(json!({"answered": 0, "direction": 0})), 12);
    let incoming = records(json!({"direction": 1}));
    assert!(
        incoming
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["direction"] == 0)
    );
    assert_eq!(count(json!({"callId": all[3]["callId"]})), 1);
    assert_eq!(count(json!({"caller": "nobody"})), 0);
    assert_eq!(records(json!({"page": 0})), json!({}));

    let task = json!({
        "country": "HK", "taskName": "t", "strategyName": "s", "dispatchType": 0, "agentGroupNo": "g",
        "predictCallRate": 1.25, "ratioCallRate": 1.5, "startCount": 1, "startupType": 3,
        "callList": [{"orderID": "o-1", "userPhone": "85260000001", "other": "x"}],
    });
    let path = "/saas/cc/openapi/ai/createandcall";
    assert_eq!(send(path, &task)["code"], 0);
    let mut later = task.clone();
    later["startupType"] = json!(1);
    send(path, &later);
    let now = json!({
        "startTime": NOW / 1000, "endTime": NOW / 1000, "direction": 3, "callee": "85260000001",
    });
    let made = records(now);
    assert_eq!(made.as_array().unwrap().len(), 1);
    assert_eq!(
        (&made[0]["orderId"], &made[0]["other"]),
        (&json!("o-1"), &json!("x"))
    );
    assert_eq!(made[0]["taskId"].as_str().unwrap().len(), 19);
}

#[test]
fn did_calls_of_a_day_come_in_pages() {
    let platform = platform();
    let query = |more: Value| {
        let mut body = json!({"date": "2027-01-14", "pageSize": 5, "page": 1});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let body = body.to_string();
        json_of(&TestRequest::signed("/api/did/cdr", "4", "cdr", body.as_bytes()).send(&platform))
    };
    let first = query(json!({}))["data"].clone();
    assert_eq!(
        (&first["totalRow"], &first["totalPage"]),
        (&json!(12), &json!(3))
    );
    assert_eq!(first["list"][0]["startTime"], "2027-01-14 00:00:00");
    assert_eq!(first["list"][0]["endTime"], "2027-01-14 00:01:35");
    let third = query(json!({"page": 3}))["data"].clone();
    assert_eq!(third["list"].as_array().unwrap().len(), 2);
    assert_eq!(query(json!({"page": 4}))["data"]["list"], json!([]));
    let incoming = query(json!({"type": 0, "didNumber": "85230001111"}))["data"].clone();
    assert_eq!(incoming["totalRow"], 6);
    assert_eq!(
        query(json!({"callNumber": "1", "didNumber": ""}))["data"]["totalRow"],
        0
    );
    assert_eq!(query(json!({"date": "2027-01-16"}))["data"]["totalRow"], 0);
    let refused = query(json!({"pageSize": 0}));
    assert_eq!(
        (&refused["code"], &refused["data"]),
        (&json!(1002), &Value::Null)
    );
}

#[test]
fn customer_fields_are_preset_or_custom() {
    let platform = platform();
    let names = |more: &str| {
        let path = format!("/saas/cdp/openapi/customers/fields?tenant_id=7&app_key=a{more}");
        let mut draft = TestRequest::signed(&path, "2", "mt", b"");
        draft.method = Method::GET;
        let reply = json_of(&draft.send(&platform));
        let fields = reply["data"].as_array().unwrap();
        assert!(fields.iter().all(|field| field["tenantId"] == 7));
        let names = fields.iter().map(|field| field["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let (preset, custom) = (names("&is_preset=true"), names("&is_preset=false"));
    assert!(!preset.is_empty() && preset.iter().all(|name| !name.starts_with("customize_")));
    assert!(!custom.is_empty() && custom.iter().all(|name| name.starts_with("customize_")));
    assert_eq!(names(""), [preset, custom].concat());
}
