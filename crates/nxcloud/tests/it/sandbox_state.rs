//! Calls that depend on earlier calls: the typed clients with the sandbox's state.

use futures_util::TryStreamExt as _;
use nxcloud::antbuddy::{self, ListCallHistories};
use nxcloud::call_center::{self, QueryCallRecords};
use nxcloud::did::{self, QueryCalls};
use nxcloud::number_check::{self, QueryChecks, SubmitCheck};
use nxcloud::ota::{self, Init, Verify};
use nxcloud::signing::{AccessKey, Secret};
use nxcloud::virtual_number::{
    self, Bind, CreateGroup, ListBindings, ListGroups, OperateType, QueryBinding, Unbind,
    UpdateGroup,
};
use nxcloud::whatsapp::{
    self, CreateTemplate, DeleteMedia, DeleteTemplate, GetMedia, GetTemplates, IntegratorCreateApp,
    IntegratorPhoneList, Upload, UploadMedia,
};
use nxcloud::{AppKey, Code, Credentials, Session};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, APP_ID, APP_SECRET, Sandbox};
use serde_json::json;

const SENDER: &str = "12025550143";

fn session_of(sandbox: &Sandbox, access_key: &str) -> Session {
    let credentials = Credentials::nxcloud(access_key, ACCESS_SECRET)
        .and_then(|credentials| credentials.with_antbuddy(APP_ID, APP_SECRET));
    let session = Session::builder()
        .credentials(credentials.unwrap())
        .base_url(sandbox.url());
    session.build().unwrap()
}

async fn start() -> (Sandbox, Session) {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session_of(&sandbox, ACCESS_KEY);
    (sandbox, session)
}

/// A sandbox with a second account.
async fn start_with_two_accounts() -> (Sandbox, Session, Session) {
    let sandbox = Sandbox::builder()
        .account(
            AccessKey::new("key-2").unwrap(),
            Secret::new(ACCESS_SECRET).unwrap(),
        )
        .start()
        .await
        .unwrap();
    let first = session_of(&sandbox, ACCESS_KEY);
    let second = session_of(&sandbox, "key-2");
    (sandbox, first, second)
}

#[tokio::test]
async fn every_submitted_number_is_a_row_of_the_query() {
    let (sandbox, session) = start().await;
    let client = number_check::Client::new(&session);
    let submit = SubmitCheck::new(AppKey::new("app"), "84912345678,84987654321,84955512345")
        .with_batch_no("b");
    let id = client.submit_check(&submit).await.unwrap().data.message_id;
    // The date by the sandbox's clock.
    let date = sandbox.state()[ACCESS_KEY]["checks"][0]["date"].clone();
    let query = QueryChecks::new(2, date.as_str().unwrap().parse().unwrap()).with_batch_no("b");
    let rows: Vec<_> = client.query_checks_all(&query).try_collect().await.unwrap();
    let phones: Vec<_> = rows.iter().filter_map(|row| row.phone.as_deref()).collect();
    assert_eq!(phones, ["84912345678", "84987654321", "84955512345"]);
    let prefix = format!("{}-", id.unwrap());
    let matches = |id: &Option<String>| id.as_ref().is_some_and(|id| id.starts_with(&prefix));
    assert!(rows.iter().all(|row| matches(&row.message_id)));
    assert_eq!(sandbox.requests_for("query_checks").len(), 2);
}

#[tokio::test]
async fn a_binding_is_listed_until_it_is_removed() {
    let (_sandbox, session) = start().await;
    let client = virtual_number::Client::new(&session);
    let mut ids = Vec::new();
    for phone_b in ["8613900000002", "8613900000003", "8613900000004"] {
        let bind = Bind::new("8613900000001", phone_b, 0);
        ids.push(client.bind(&bind).await.unwrap().data);
    }
    let list = ListBindings::new(2);
    let rows: Vec<_> = client.list_bindings_all(&list).try_collect().await.unwrap();
    let listed: Vec<_> = rows.iter().map(|row| row.bind_id.clone()).collect();
    let bound: Vec<_> = ids.iter().map(|data| data.bind_id.clone()).collect();
    assert_eq!(listed, bound);

    let did = ids[0].did.clone().unwrap();
    let query = QueryBinding::new("8613900000002", did);
    let binding = client.query_binding(&query).await.unwrap();
    assert_eq!(binding.data.callee.as_deref(), Some("8613900000001"));
    let unbind = Unbind::new().with_bind_id(bound[0].clone().unwrap());
    client.unbind(&unbind).await.unwrap();
    let error = client.query_binding(&query).await.unwrap_err();
    assert_eq!(error.code().map(Code::value), Some(10013));
    let error = client.unbind(&unbind).await.unwrap_err();
    assert!(error.is_not_found() && !error.may_have_been_sent());
    assert!(error.is_code(virtual_number::codes::BINDING_NOT_FOUND));
}

#[tokio::test]
async fn an_updated_group_is_listed_with_its_change() {
    let (_sandbox, session) = start().await;
    let client = virtual_number::Client::new(&session);
    let create = CreateGroup::new("8613900000001,8613900000002").with_group_name("couriers");
    let id = client
        .create_group(&create)
        .await
        .unwrap()
        .group_id
        .unwrap();
    let update = UpdateGroup::new(id.as_str(), OperateType::Delete, "8613900000001");
    client.update_group(&update).await.unwrap();
    let groups = client.list_groups(&ListGroups::new(0)).await.unwrap();
    let [group] = &groups.data.groups[..] else {
        panic!("expected one group");
    };
    assert_eq!(group.group_id.as_deref(), Some(id.as_str()));
    assert_eq!(group.group_name.as_deref(), Some("couriers"));
    assert_eq!(group.phones.as_deref(), Some("8613900000002"));
}

#[tokio::test]
async fn uploaded_media_can_be_read_and_deleted() {
    let (_sandbox, session) = start().await;
    let client = whatsapp::Client::new(&session);
    let upload = Upload::from_bytes("菜单 1.txt", "text/plain", "content");
    let upload = UploadMedia::new(SENDER, upload);
    let id = client.upload_media(&upload).await.unwrap().data.id.unwrap();
    let get = GetMedia::new(SENDER, id.as_str());
    let media = client.get_media(&get).await.unwrap().data;
    assert_eq!(media.mime_type.as_deref(), Some("text/plain"));
    assert_eq!(media.file_name.as_deref(), Some("菜单 1.txt"));
    let delete = DeleteMedia::new(SENDER, id.as_str());
    let deleted = client.delete_media(&delete).await.unwrap();
    assert_eq!(deleted.data.success, Some(true));
    let error = client.get_media(&get).await.unwrap_err();
    assert_eq!(error.code().map(Code::value), Some(9000));
}

#[tokio::test]
async fn templates_are_listed_page_by_page() {
    let (_sandbox, session) = start().await;
    let client = whatsapp::Client::new(&session);
    for name in ["a", "b", "c", "b"] {
        let body = json!({
            "appkey": "app", "business_phone": SENDER, "messaging_product": "whatsapp",
            "category": "UTILITY", "language": "en", "name": name,
            "components": [{"type": "BODY", "text": "hello"}],
        });
        let create: CreateTemplate = serde_json::from_value(body).unwrap();
        client.create_template(&create).await.unwrap();
    }
    let names = async |limit: i64| {
        let request = GetTemplates::new(AppKey::new("app"), SENDER).with_limit(limit);
        let rows = client.get_templates_all(&request);
        let rows: Vec<_> = rows.try_collect().await.unwrap();
        rows.into_iter()
            .filter_map(|row| row.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(3).await, ["a", "b", "c", "b"]);
    assert_eq!(names(4).await, ["a", "b", "c", "b"]);
    let delete = DeleteTemplate::new(AppKey::new("app"), SENDER, "b");
    client.delete_template(&delete).await.unwrap();
    assert_eq!(names(1).await, ["a", "c"]);
}

#[tokio::test]
async fn a_test_can_set_the_status_of_a_login() {
    let (sandbox, session) = start().await;
    let client = ota::Client::new(&session);
    let init = Init::new(AppKey::new("app"), "8613912345678", "203.0.113.7");
    let id = client.init(&init).await.unwrap().data.request_id.unwrap();
    let verify = Verify::new(AppKey::new("app"), id.as_str());
    let status = async || {
        let reply = client.verify(&verify).await.unwrap();
        reply.data.status
    };
    assert_eq!(status().await, Some(ota::VerificationStatus::Pending));
    assert!(sandbox.set_ota_status(&id, "MISMATCH"));
    assert_eq!(status().await, Some(ota::VerificationStatus::Mismatch));
    sandbox.clear();
    assert!(!sandbox.set_ota_status(&id, "SUCCESS"));
    let error = client.verify(&verify).await.unwrap_err();
    assert_eq!(error.code(), Some(ota::codes::RECORD_NOT_FOUND));
}

#[tokio::test]
async fn call_records_of_every_service_can_be_streamed() {
    let (sandbox, session) = start().await;
    let calls = did::Client::new(&session);
    let query = QueryCalls::new("2025-01-01".parse().unwrap(), 5);
    let rows: Vec<_> = calls.query_calls_all(&query).try_collect().await.unwrap();
    assert_eq!(rows.len(), 12);
    assert_eq!(sandbox.requests_for("query_calls").len(), 3);

    let calls = call_center::Client::new(&session);
    let second = |unix| nxcloud::DateTime::from_unix_seconds(unix).unwrap();
    let query = QueryCallRecords::new(second(1_735_689_600), second(1_735_775_999), 5);
    let rows = calls.query_call_records_all(&query);
    let rows: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(rows.len(), 12);

    let calls = antbuddy::Client::new(&session);
    let (from, to) = ("2025-01-01T00:00:00.000Z", "2025-01-02T23:59:59.999Z");
    let query = ListCallHistories::new(from.parse().unwrap(), to.parse().unwrap());
    let rows = calls.list_call_histories_all(&query);
    let rows: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(rows.len(), 24);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let (sandbox, first, second) = start_with_two_accounts().await;
    let bind = Bind::new("8613900000001", "8613900000002", 0);
    let client = virtual_number::Client::new(&first);
    client.bind(&bind).await.unwrap();
    let other = virtual_number::Client::new(&second);
    let rows = other.list_bindings(&ListBindings::new(0)).await.unwrap();
    assert!(rows.data.bind_list.is_empty());

    let create = IntegratorCreateApp::new("Shop", "https://hooks.example/w");
    let app = whatsapp::Client::new(&first);
    let app = app.integrator_create_app(&create).await.unwrap().data;
    let list = IntegratorPhoneList::new(AppKey::new(app.app_key.unwrap()));
    let client = whatsapp::Client::new(&first);
    assert!(client.integrator_phone_list(&list).await.is_ok());
    let client = whatsapp::Client::new(&second);
    let error = client.integrator_phone_list(&list).await.unwrap_err();
    assert_eq!(error.code().map(Code::value), Some(9010));

    let state = sandbox.state();
    assert_eq!(state[ACCESS_KEY]["bindings"][0]["phone_a"], "8613900000001");
    assert_eq!(state["key-2"]["bindings"], json!([]));
    sandbox.clear();
    assert_eq!(sandbox.state(), json!({}));
}
