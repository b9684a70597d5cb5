//! Uploads of files in multipart bodies.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use nxcloud::whatsapp::{Client, Upload, UploadMedia, UploadTemplateFile};
use nxcloud::{ErrorKind, Outcome};
use nxcloud_sandbox::{Fault, Sandbox};

use crate::support::{Server, session};

fn client(sandbox: &Sandbox) -> Client {
    Client::new(&sandbox.session())
}

/// The body that the sandbox received, as text.
fn body(sandbox: &Sandbox) -> String {
    let received = sandbox.requests_for("upload_media").pop().unwrap();
    String::from_utf8_lossy(received.body()).into_owned()
}

#[tokio::test]
async fn uploads_from_bytes_path_and_stream_have_name_and_type() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let folder = Folder::new("sources");
    let path = folder.file("menu.txt", "content");
    let pieces = stream::iter([
        Ok::<_, std::io::Error>(Bytes::from("con")),
        Ok(Bytes::from("tent")),
    ]);
    let uploads = [
        Upload::from_bytes("menu.txt", "text/plain", "content"),
        Upload::from_path(&path).unwrap(),
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
}

#[tokio::test]
async fn the_signature_does_not_cover_the_form() {
    // The sandbox would refuse a signature over the body with code 1003.
    let sandbox = Sandbox::start().await.unwrap();
    let string_to_sign = Arc::new(Mutex::new(String::new()));
    let writer = Arc::clone(&string_to_sign);
    let options = nxcloud::CallOptions::new()
        .on_signed(move |signed| *writer.lock().unwrap() = signed.string_to_sign());
    let client = client(&sandbox).with_options(options);
    let upload = Upload::from_bytes("a.png", "image/png", "pixels");
    client
        .upload_media(&UploadMedia::new("12025550143", upload))
        .await
        .unwrap();
    assert!(!string_to_sign.lock().unwrap().contains("&body="));
}

#[tokio::test]
async fn type_and_size_are_checked_before_anything_is_sent() {
    let server = Server::answering("200 OK", "", r#"{"code":0}"#).await;
    let client = Client::new(&session(&server.url));
    let cases = [
        (
            Upload::from_bytes("a.gif", "image/gif", "x"),
            "`file` has the MIME type `image/gif`; allowed are image/jpeg",
        ),
        (
            Upload::from_bytes("a.png", "image/png", vec![0; 5_242_881]),
            "`file` has 5242881 bytes; the maximum for the kind `image` is 5242880",
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
async fn a_stream_can_be_sent_only_once() {
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

#[tokio::test]
async fn the_mime_type_comes_from_the_file_name_unless_it_is_set() {
    let folder = Folder::new("type");
    for (name, mime) in [
        ("a.png", "image/png"),
        ("A.JPG", "image/jpeg"),
        ("a.unknown", "application/octet-stream"),
    ] {
        let upload = Upload::from_path(folder.file(name, "x")).unwrap();
        assert_eq!(upload.mime(), mime, "{name}");
        assert_eq!(
            upload.with_mime(" audio/ogg; codecs=opus").mime(),
            "audio/ogg; codecs=opus"
        );
    }
}

#[test]
fn an_unreadable_file_is_refused_at_once_with_its_name() {
    let folder = Folder::new("refused");
    let plain = folder.file("plain.png", "x");
    std::fs::create_dir(folder.path("pictures.png")).unwrap();
    let cases = [
        (
            folder.path("nowhere.png"),
            "cannot read nowhere.png: the file does not exist",
        ),
        (
            folder.path("pictures.png"),
            "cannot read pictures.png: it is a directory",
        ),
        (
            folder.file("empty.png", ""),
            "cannot read empty.png: it is empty",
        ),
        (
            plain.join("b.png"),
            "cannot read b.png: a part of its path is not a directory",
        ),
        (
            folder.path("a\nb.png"),
            "cannot read a\\nb.png: the file does not exist",
        ),
    ];
    for (path, expected) in cases {
        let error = Upload::from_path(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert_eq!(
            error.to_string(),
            format!("the request cannot be sent: {expected}")
        );
        assert!(error.violations().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_refused() {
    let error = Upload::from_path("/dev/null").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("cannot read null: it is not a regular file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_changed_or_disappeared_is_not_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let folder = Folder::new("changed");
    let path = folder.file("a.txt", "seven b");
    let request = UploadMedia::new("12025550143", Upload::from_path(&path).unwrap());
    std::fs::write(&path, "eight by").unwrap();
    let changed = client.upload_media(&request).await.unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let gone = client.upload_media(&request).await.unwrap_err();
    for (error, reason) in [
        (
            changed,
            "cannot read a.txt: its size changed from 7 to 8 bytes; create a new Upload",
        ),
        (gone, "cannot read a.txt: the file does not exist"),
    ] {
        let expected = format!("upload_media: the request cannot be sent: {reason}");
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
    assert!(sandbox.requests().is_empty());
}

/// Much larger than the buffers between client and server.
const LARGE: usize = 64 * 1024 * 1024;

#[tokio::test]
async fn a_file_that_changes_during_the_upload_leaves_the_request_incomplete() {
    let folder = Folder::new("meanwhile");
    for (length, how) in [(LARGE as u64 - 1, "fewer"), (LARGE as u64 + 1, "more")] {
        let sandbox = Sandbox::start().await.unwrap();
        let path = folder.file("a.pdf", vec![b'x'; LARGE]);
        let file = path.clone();
        let upload = Upload::from_path(&path)
            .unwrap()
            .on_progress(move |sent, _| {
                if sent > 0 {
                    let file = std::fs::File::options().write(true).open(&file).unwrap();
                    file.set_len(length).unwrap();
                }
            });
        let error = client(&sandbox)
            .upload_media(&UploadMedia::new("12025550143", upload))
            .await
            .unwrap_err();
        let reason = format!(
            "upload_media: the outcome is unknown: the request cannot be sent: cannot read a.pdf: it has {how} bytes than the \
             67108864 announced; create a new Upload"
        );
        assert!(error.to_string().starts_with(&reason), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.attempts(), 1);
        assert!(error.may_have_been_sent());
        assert!(sandbox.accepted("upload_media").is_empty());
    }
}

#[tokio::test]
async fn a_stream_that_fails_or_has_a_wrong_length_is_an_error() {
    let cases = [
        (
            vec![Ok("x")],
            "it has fewer bytes than the 2 announced; create a new Upload",
        ),
        (
            vec![Ok("x"), Ok("yz")],
            "it has more bytes than the 2 announced; create a new Upload",
        ),
        (
            vec![Ok("x"), Err(std::io::Error::other("secret"))],
            "its stream failed",
        ),
    ];
    for (pieces, reason) in cases {
        let sandbox = Sandbox::start().await.unwrap();
        let pieces = pieces.into_iter().map(|piece| piece.map(Bytes::from));
        let upload = Upload::from_stream("a.txt", "text/plain", 2, stream::iter(pieces));
        let error = client(&sandbox)
            .upload_media(&UploadMedia::new("12025550143", upload))
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&format!("cannot read a.txt: {reason}")),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
        assert!(sandbox.accepted("upload_media").is_empty());
    }
}

#[tokio::test]
async fn progress_starts_at_0_in_each_attempt_and_ends_at_the_size() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("progress");
    let path = folder.file("a.pdf", vec![b'x'; 200_000]);
    let pieces = (0..200).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1000])));
    let uploads = [
        (Upload::from_path(&path).unwrap(), 2),
        (
            Upload::from_bytes("a.pdf", "application/pdf", vec![b'x'; 200_000]),
            2,
        ),
        (
            Upload::from_stream("a.pdf", "application/pdf", 200_000, stream::iter(pieces)),
            1,
        ),
    ];
    for (upload, attempts) in uploads {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&calls);
        let upload = upload.on_progress(move |sent, total| log.lock().unwrap().push((sent, total)));
        if attempts > 1 {
            sandbox.faults().enqueue(Fault::Status { status: 429 });
        }
        let request = UploadMedia::new("12025550143", upload);
        client(&sandbox).upload_media(&request).await.unwrap();
        let calls = std::mem::take(&mut *calls.lock().unwrap());
        assert!(calls.iter().all(|(_, total)| *total == 200_000));
        let starts = calls.iter().filter(|(sent, _)| *sent == 0).count();
        assert_eq!(starts, attempts);
        for attempt in calls.split(|(sent, _)| *sent == 0).skip(1) {
            assert!(attempt.len() > 2 && attempt.is_sorted(), "{attempt:?}");
        }
        assert_eq!(calls.last(), Some(&(200_000, 200_000)));
    }
}

#[test]
fn a_blocking_client_uploads_a_file() {
    let sandbox = Sandbox::start_blocking().unwrap();
    let folder = Folder::new("blocking");
    let upload = Upload::from_path(folder.file("menu.txt", "content")).unwrap();
    nxcloud::whatsapp::blocking::Client::new(&sandbox.session())
        .upload_media(&UploadMedia::new("12025550143", upload))
        .unwrap();
    assert_eq!(sandbox.accepted("upload_media").len(), 1);
}

/// A temporary folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("nxcloud-upload-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
