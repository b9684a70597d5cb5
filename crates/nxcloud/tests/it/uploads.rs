//! Files in multipart bodies.

use bytes::Bytes;
use futures_util::stream;
use nxcloud::ErrorKind;
use nxcloud::whatsapp::{Client, Upload, UploadMedia, UploadTemplateFile};
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};

use crate::support::{Server, session};

fn client(sandbox: &Sandbox) -> Client {
    let credentials = nxcloud::Credentials::nxcloud(ACCESS_KEY, ACCESS_SECRET).unwrap();
    let session = nxcloud::Session::builder(credentials).base_url(sandbox.url());
    Client::new(&session.build().unwrap())
}

/// The body that the sandbox took, as text.
fn body(sandbox: &Sandbox) -> String {
    let received = sandbox.requests_for("upload_media").pop().unwrap();
    String::from_utf8_lossy(received.body()).into_owned()
}

#[tokio::test]
async fn bytes_path_and_stream_arrive_with_name_and_type() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let folder = std::env::temp_dir().join(format!("nxcloud-upload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("menu.txt");
    std::fs::write(&path, "content").unwrap();
    let pieces = stream::iter([
        Ok::<_, std::io::Error>(Bytes::from("con")),
        Ok(Bytes::from("tent")),
    ]);
    let uploads = [
        Upload::from_bytes("menu.txt", "text/plain", "content"),
        Upload::from_path(&path, "text/plain").await.unwrap(),
        Upload::from_stream("menu.txt", "text/plain", 7, pieces),
    ];
    for upload in uploads {
        let reply = client
            .upload_media(&UploadMedia::new("12025550143", upload))
            .await
            .unwrap();
        assert!(reply.data.id.is_some());
        let body = body(&sandbox);
        for part in [
            "name=\"business_phone\"\r\n\r\n12025550143\r\n",
            "name=\"messaging_product\"\r\n\r\nwhatsapp\r\n",
            "name=\"type\"\r\n\r\ntext/plain\r\n",
            "name=\"file\"; filename=\"menu.txt\"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_signature_leaves_the_body_out() {
    // The sandbox verifies; a signature over the body would be refused with 1003.
    let sandbox = Sandbox::start().await.unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let into = std::sync::Arc::clone(&seen);
    let options = nxcloud::CallOptions::new()
        .on_signed(move |signed| *into.lock().unwrap() = signed.string_to_sign().to_owned());
    let client = client(&sandbox).with_options(options);
    let upload = Upload::from_bytes("a.png", "image/png", "pixels");
    client
        .upload_media(&UploadMedia::new("12025550143", upload))
        .await
        .unwrap();
    assert!(!seen.lock().unwrap().contains("&body="));
}

#[tokio::test]
async fn type_and_size_are_checked_before_anything_is_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":0}"#).await;
    let client = Client::new(&session(&server.url));
    let cases = [
        (
            Upload::from_bytes("a.gif", "image/gif", "x"),
            "`file` is of the MIME type `image/gif`; allowed are image/jpeg",
        ),
        (
            Upload::from_bytes("a.png", "image/png", vec![0; 5_242_881]),
            "`file` has 5242881 bytes, at most 5242880 are allowed for the kind `image`",
        ),
        (
            Upload::from_bytes("a.png", "image/png", ""),
            "`file` is empty",
        ),
    ];
    for (upload, expected) in cases {
        let error = client
            .upload_media(&UploadMedia::new("12025550143", upload))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(
            error.to_string().contains(expected),
            "{expected} in {error}"
        );
    }
    assert!(server.requests().is_empty());
    // The template file has no documented size limit.
    let large = Upload::from_bytes("a.png", "image/png", vec![0; 5_242_881]);
    client
        .upload_template_file(&UploadTemplateFile::new("12025550143", large))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_refused_at_once() {
    let error = Upload::from_path("/nowhere/at/all.png", "image/png")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_stream_can_be_sent_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from("x"))]);
    let request = UploadMedia::new(
        "12025550143",
        Upload::from_stream("a.txt", "text/plain", 1, content),
    );
    client.upload_media(&request).await.unwrap();
    let error = client.upload_media(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(sandbox.requests().len(), 1);
}
