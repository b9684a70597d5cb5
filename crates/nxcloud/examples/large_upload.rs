//! Uploads a document of 100 MB from disk to a loopback server and prints how much memory the upload used.
//!
//! The server discards what it reads, so only the client can use memory. Linux only: the peak is read from `/proc/self/status`.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::io::Write as _;

use nxcloud::whatsapp::{Client, Upload, UploadMedia};
use nxcloud::{Credentials, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const MEGABYTE: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("nxcloud-large-{}.pdf", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    for _ in 0..100 {
        file.write_all(&vec![b'x'; MEGABYTE])?;
    }
    drop(file);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let sink = tokio::spawn(sink(listener));
    let credentials = Credentials::nxcloud("key", "secret")?;
    let session = Session::builder()
        .credentials(credentials)
        .base_url(url)
        .build()?;

    let before = peak_kilobytes()?;
    let upload = Upload::from_path(&path)?;
    let reply = Client::new(&session)
        .upload_media(&UploadMedia::new("12025550143", upload))
        .await;
    let after = peak_kilobytes()?;
    std::fs::remove_file(&path)?;
    reply?;
    println!(
        "received {} MB; peak memory {before} kB before, {after} kB after: {} kB more",
        sink.await?? / MEGABYTE,
        after - before
    );
    Ok(())
}

/// Reads one request, answers it, and returns its size in bytes.
async fn sink(listener: TcpListener) -> std::io::Result<usize> {
    let (mut stream, _) = listener.accept().await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut received = 0;
    let mut tail = Vec::new();
    // The body ends with its closing boundary: two dashes and a line break.
    while !tail.ends_with(b"--\r\n") || received < 100 * MEGABYTE {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            break;
        }
        received += n;
        tail.extend_from_slice(&buffer[..n]);
        tail.drain(..tail.len().saturating_sub(4));
    }
    let body = r#"{"code":0,"data":{"id":"1"},"message":"success"}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    Ok(received)
}

fn peak_kilobytes() -> Result<usize, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}
