//! Operations that share a path, and uploads.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::test_request::{TestRequest, json_of, platform_of};
use crate::platform::catalog::Catalog;
use crate::platform::{Answer, Platform};

fn operation(id: &str, action: &str, body: Value, content: &str) -> Value {
    json!({ "post": {
        "operationId": id,
        "x-nx-action": action,
        "x-nx-parameter-code": 1002,
        "requestBody": { "required": true, "content": { content: { "schema": body } } },
        "responses": { "200": { "content": { "application/json": {
            "schema": { "type": "object" },
            "examples": { "success": { "value": { "code": 0, "msg": "success", "of": id } } },
        } } } },
    } })
}

fn object(required: &[&str]) -> Value {
    let properties = required
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "type": "string" })));
    let properties = properties.collect::<serde_json::Map<_, _>>();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn platform() -> Platform {
    let json = "application/json";
    let upload = json!({
        "type": "object",
        "required": ["appkey", "type", "file"],
        "properties": {
            "appkey": { "type": "string", "minLength": 1 },
            "type": { "type": "string" },
            "level": { "type": "integer" },
            "file": { "type": "string", "format": "binary", "x-nx-uploads": [
                { "kind": "image", "mime": ["image/png", "image/jpeg"], "max-bytes": 8 },
                { "kind": "video", "mime": ["video/mp4"], "max-bytes": 16 },
            ] },
        },
    });
    let spec = json!({
        "x-nx-scheme": "nxcloud-md5",
        "x-nx-biz-type": "5",
        "paths": {
            "/pns/#bind": operation("bind", "bind", object(&["phoneA"]), json),
            "/pns/#query": operation("query", "query", object(&["phoneX"]), json),
            "/pns/#queryExtension": operation("query_extension", "query", object(&["phoneX", "extension"]), json),
            "/upload": operation("upload", "upload", upload, "multipart/form-data"),
        },
    });
    platform_of(Arc::new(Catalog::of("pns", spec).unwrap()))
}

fn call(action: &str, body: &Value) -> Answer {
    let body = body.to_string();
    TestRequest::signed("/pns/", "5", action, body.as_bytes()).send(&platform())
}

#[test]
fn the_action_picks_the_operation_of_a_shared_path() {
    for (action, body, id) in [
        ("bind", json!({ "phoneA": "1" }), "bind"),
        ("query", json!({ "phoneX": "1" }), "query"),
        (
            "query",
            json!({ "phoneX": "1", "extension": "2" }),
            "query_extension",
        ),
    ] {
        let answer = call(action, &body);
        assert_eq!(json_of(&answer)["of"], id);
        assert_eq!(answer.operation.as_deref(), Some(id));
    }
}

#[test]
fn the_first_of_two_operations_with_the_same_action_refuses() {
    let answer = call("query", &json!({ "extension": "2" }));
    let reply = json_of(&answer);
    assert_eq!(reply["code"], json!(1002));
    assert_eq!(reply["msg"], "/phoneX is missing");
    assert_eq!(answer.operation.as_deref(), Some("query"));
}

#[test]
fn an_unknown_action_of_a_shared_path_still_gets_an_envelope() {
    let answer = call("unbind", &json!({}));
    assert_eq!(json_of(&answer)["code"], json!(1002));
    assert_eq!(answer.service.as_deref(), Some("pns"));
    assert_eq!(answer.operation, None);
}

const TYPE: &str = "multipart/form-data; boundary=xx";

/// The body of an upload: text parts, then an optional file with an optional content type.
fn form(texts: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in texts {
        body.extend(
            format!("--xx\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
                .bytes(),
        );
    }
    if let Some((header, bytes)) = file {
        body.extend(
            format!(
                "--xx\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n{header}\r\n"
            )
            .bytes(),
        );
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--xx--\r\n");
    body
}

/// A correct upload: its body is not signed.
fn upload(content_type: &str, body: Vec<u8>) -> Value {
    let mut draft =
        TestRequest::signed("/upload", "5", "upload", b"").with("content-type", content_type);
    draft.body = body.into();
    let answer = draft.send(&platform());
    assert_eq!(answer.status, StatusCode::OK);
    json_of(&answer)
}

#[test]
fn an_upload_is_accepted_without_its_body_in_the_signature() {
    let body = form(
        &[("appkey", "a"), ("level", "3"), ("type", "image/png")],
        Some(("", b"\x00\xFF--x\r\n")),
    );
    assert_eq!(upload(TYPE, body)["code"], json!(0));
}

#[test]
fn an_upload_with_its_body_in_the_signature_is_refused() {
    let body = form(&[("appkey", "a"), ("type", "image/png")], Some(("", b"1")));
    let draft = TestRequest::signed("/upload", "5", "upload", &body).with("content-type", TYPE);
    assert_eq!(json_of(&draft.send(&platform()))["code"], json!(1003));
}

#[test]
fn an_invalid_upload_names_the_part() {
    let texts = [("appkey", "a"), ("type", "image/png")];
    let file = |bytes: &'static [u8]| Some(("", bytes));
    let types = "/type not one of image/png, image/jpeg, video/mp4";
    for (body, text) in [
        (form(&texts, None), "/file is missing"),
        (form(&texts[1..], file(b"1")), "/appkey is missing"),
        (form(&texts[..1], file(b"1")), "/type is missing"),
        (
            form(&[("appkey", ""), texts[1]], file(b"1")),
            "/appkey is empty",
        ),
        (
            form(&[texts[0], texts[1], ("level", "x")], file(b"1")),
            "/level is not a 64-bit integer, without fraction and exponent",
        ),
        (
            form(&[texts[0], texts[1], ("file", "text")], None),
            "/file has no file name",
        ),
        (
            form(&texts, file(b"123456789")),
            "/file is larger than 8 bytes",
        ),
        (form(&[texts[0], ("type", "text/html")], file(b"1")), types),
        (form(&[texts[0], ("type", "image")], file(b"1")), types),
        (form(&[texts[0], ("type", "")], file(b"1")), types),
        (
            form(&[texts[0], texts[1], texts[1]], file(b"1")),
            "/type appears more than once",
        ),
        (
            b"--xx\r\n".to_vec(),
            "the body cannot be read: the last boundary is missing",
        ),
        (b"".to_vec(), "the body is missing"),
    ] {
        assert_eq!(upload(TYPE, body)["msg"], text);
    }
    let mut two_files = form(&texts, file(b"1"));
    let second = form(&[], file(b"2"));
    two_files.truncate(two_files.len() - b"--xx--\r\n".len());
    two_files.extend(second);
    assert_eq!(
        upload(TYPE, two_files)["msg"],
        "/file appears more than once"
    );
    let form = form(&texts, file(b"1"));
    assert_eq!(
        upload("multipart/form-data", form)["msg"],
        "the content type has no boundary"
    );
}

#[test]
fn an_upload_is_judged_by_its_field_type_and_not_by_its_content_type() {
    let sixteen = b"1234567890123456";
    for content_type in [
        "",
        "content-type: application/octet-stream\r\n",
        "content-type: text/html\r\n",
        "content-type: image/png\r\n",
    ] {
        for mime in ["video/mp4", "Video/MP4", " video/mp4; codecs=avc1"] {
            let texts = [("appkey", "a"), ("type", mime)];
            let reply = upload(TYPE, form(&texts, Some((content_type, sixteen))));
            assert_eq!(reply["code"], json!(0), "{mime} {content_type}");
        }
        let texts = [("appkey", "a"), ("type", "image/jpeg")];
        let reply = upload(TYPE, form(&texts, Some((content_type, sixteen))));
        assert_eq!(
            reply["msg"], "/file is larger than 8 bytes",
            "{content_type}"
        );
    }
}

#[test]
fn an_upload_as_json_is_refused() {
    let draft = TestRequest::signed("/upload", "5", "upload", b"{}");
    let reply = json_of(&draft.send(&platform()));
    assert_eq!(reply["msg"], "content type multipart/form-data expected");
}

#[test]
fn an_upload_with_a_content_encoding_is_refused() {
    let body = form(&[("appkey", "a"), ("type", "image/png")], Some(("", b"1")));
    let mut draft = TestRequest::signed("/upload", "5", "upload", b"")
        .with("content-type", TYPE)
        .with("content-encoding", "gzip");
    draft.body = body.into();
    let reply = json_of(&draft.send(&platform()));
    let expected = "the body has the content-encoding gzip; send it without compression";
    assert_eq!(reply["msg"], expected);
}
