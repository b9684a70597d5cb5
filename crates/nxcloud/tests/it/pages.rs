//! Paged queries as streams.

use futures_util::{StreamExt as _, TryStreamExt as _};
use nxcloud::number_check::{self, QueryChecks};
use nxcloud::virtual_number::{self, ListBindings};
use nxcloud::whatsapp::{self, GetTemplates};
use nxcloud::{AppKey, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Server, session};

fn page(number: i64, total: i64, rows: &[&str]) -> String {
    let rows: Vec<Value> = rows.iter().map(|id| json!({"messageId": id})).collect();
    json!({"code": 0, "msg": "ok", "data": {"page": number, "totalPage": total, "result": rows}})
        .to_string()
}

/// The bodies of the received requests, as JSON.
fn bodies(server: &Server) -> Vec<Value> {
    let body = |request: &Vec<u8>| {
        let head = request
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        serde_json::from_slice(&request[head + 4..]).unwrap()
    };
    server.requests().iter().map(body).collect()
}

#[tokio::test]
async fn every_page_is_requested_once() {
    let server =
        Server::answering_in_turn(&[page(1, 3, &["a", "b"]), page(2, 3, &[]), page(3, 3, &["c"])])
            .await;
    let client = number_check::Client::new(&session(&server.url));
    let request = QueryChecks::new(2, "2026-11-21".parse().unwrap()).with_batch_no("b");
    // An empty page does not end the stream.
    let ids: Vec<_> = client
        .query_checks_all(&request)
        .map_ok(|row| row.message_id)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, ["a", "b", "c"].map(|id| Some(id.to_owned())));
    let pages: Vec<_> = bodies(&server)
        .iter()
        .map(|body| body["page"].clone())
        .collect();
    assert_eq!(pages, [1, 2, 3]);
}

#[tokio::test]
async fn the_last_page_ends_the_stream() {
    let server =
        Server::answering_in_turn(&[page(1, 2, &["a", "b"]), page(2, 2, &["c", "d"])]).await;
    let client = number_check::Client::new(&session(&server.url));
    let request = QueryChecks::new(2, "2026-11-21".parse().unwrap()).with_batch_no("b");
    let rows: Vec<_> = client
        .query_checks_all(&request)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn after_an_error_the_same_page_is_requested_again() {
    let refused = r#"{"code":202,"msg":"disabled"}"#.to_owned();
    let server =
        Server::answering_in_turn(&[page(1, 2, &["a"]), refused, page(2, 2, &["b"])]).await;
    let client = number_check::Client::new(&session(&server.url));
    let request = QueryChecks::new(1, "2026-11-21".parse().unwrap()).with_batch_no("b");
    let stream = client.query_checks_all(&request);
    let results: Vec<_> = stream.collect().await;
    assert_eq!(results.len(), 3);
    assert!(results[0].is_ok() && results[2].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ResultCode(_)), "{error}");
    let pages: Vec<_> = bodies(&server)
        .iter()
        .map(|body| body["page"].clone())
        .collect();
    assert_eq!(pages, [1, 2, 2]);
}

#[tokio::test]
async fn the_offset_advances_by_the_received_rows_until_a_short_page() {
    let bindings = |ids: &[&str]| {
        let list: Vec<Value> = ids.iter().map(|id| json!({"bindId": id})).collect();
        json!({"code": 0, "msg": "ok", "requestId": "1", "data": {"bindList": list, "total": 3}})
            .to_string()
    };
    let server = Server::answering_in_turn(&[bindings(&["a", "b"]), bindings(&["c"])]).await;
    let client = virtual_number::Client::new(&session(&server.url));
    let rows: Vec<_> = client
        .list_bindings_all(&ListBindings::new(2))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    let offsets: Vec<_> = bodies(&server)
        .iter()
        .map(|body| body["offset"].clone())
        .collect();
    assert_eq!(offsets, [0, 2]);
}

#[tokio::test]
async fn a_cursor_is_followed_until_there_is_no_next_page() {
    let templates = |name: &str, after: &str, next: bool| {
        let mut paging = json!({"cursors": {"before": "x", "after": after}});
        if next {
            paging["next"] = json!("https://graph.example/next");
        }
        json!({"code": 0, "message": "ok", "data": {"data": [{"name": name}], "paging": paging}})
            .to_string()
    };
    let request = GetTemplates::new(AppKey::new("app"), "12025550143");
    let server =
        Server::answering_in_turn(&[templates("a", "1", true), templates("b", "2", false)]).await;
    let client = whatsapp::Client::new(&session(&server.url));
    let names: Vec<_> = client
        .get_templates_all(&request)
        .map_ok(|row| row.name)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned())]);
    assert_eq!(bodies(&server)[1]["after"], "1");

    // A repeated cursor, and a missing cursor although another page is announced.
    for (second, requests) in [("1", 2), ("", 2), ("2", 3)] {
        let stuck = Server::answering_in_turn(&[
            templates("a", "1", true),
            templates("b", second, true),
            templates("c", "1", true),
        ])
        .await;
        let client = whatsapp::Client::new(&session(&stuck.url));
        let rows: Vec<_> = client.get_templates_all(&request).collect().await;
        assert_eq!(rows.len(), requests + 1, "valid rows come first");
        assert_repetition(rows.last().unwrap());
        assert_eq!(stuck.requests().len(), requests);
    }
}

#[track_caller]
fn assert_repetition<T>(result: &Result<T, nxcloud::Error>) {
    let error = result.as_ref().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnreadableReply);
    assert!(error.to_string().contains("for the second time"), "{error}");
}

#[tokio::test]
async fn a_repeated_page_is_an_error() {
    let server = Server::answering_in_turn(&[page(1, 9, &["a", "b"])]).await;
    let client = number_check::Client::new(&session(&server.url));
    let request = QueryChecks::new(2, "2026-11-21".parse().unwrap()).with_batch_no("b");
    let rows: Vec<_> = client.query_checks_all(&request).collect().await;
    assert_eq!((rows.len(), server.requests().len()), (3, 2));
    assert_repetition(&rows[2]);

    // Two alternating pages, and endless empty pages.
    let alternating = [page(1, 9, &["a"]), page(2, 9, &["b"]), page(1, 9, &["a"])];
    let server = Server::answering_in_turn(&alternating).await;
    let client = number_check::Client::new(&session(&server.url));
    let rows: Vec<_> = client.query_checks_all(&request).collect().await;
    assert_eq!((rows.len(), server.requests().len()), (3, 3));
    assert_repetition(&rows[2]);
    let server = Server::answering_in_turn(&[page(1, 9, &[])]).await;
    let client = number_check::Client::new(&session(&server.url));
    let rows: Vec<_> = client.query_checks_all(&request).collect().await;
    assert_eq!((rows.len(), server.requests().len()), (1, 2));
    assert_repetition(&rows[0]);

    let list = json!({"code": 0, "data": {"bindList": [{"bindId": "a"}, {"bindId": "b"}]}});
    let server = Server::answering_in_turn(&[list.to_string()]).await;
    let client = virtual_number::Client::new(&session(&server.url));
    let request = ListBindings::new(2);
    let rows: Vec<_> = client.list_bindings_all(&request).collect().await;
    assert_eq!((rows.len(), server.requests().len()), (3, 2));
    assert_repetition(&rows[2]);
}
