//! An endpoint that receives pushes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Receives pushes and answers 200 with one word, or 500 below the path `/500`.
pub(crate) struct Hook {
    base: String,
    received: mpsc::UnboundedReceiver<Push>,
    task: JoinHandle<()>,
}

/// A received push: its head in lower case, and its body.
pub(crate) struct Push {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Push {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines();
        let prefix = format!("{name}: ");
        lines.find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
    }
}

impl Hook {
    pub(crate) async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, answer)
    }

    /// An endpoint on a listening socket.
    pub(crate) fn on(listener: TcpListener, answer: &'static str) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (queue, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(push) = take(stream, answer).await {
                    let _ = queue.send(push);
                }
            }
        });
        Self {
            base,
            received,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Waits for the next push.
    pub(crate) async fn next(&mut self) -> Push {
        let received = self.received.recv();
        testing::in_time("a push", received).await.unwrap()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(mut stream: TcpStream, answer: &str) -> Option<Push> {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok()?;
        bytes.extend_from_slice(piece.get(..count)?);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head, body.to_owned());
            }
        }
        if count == 0 {
            return None;
        }
    };
    let status = if head.starts_with("post /500") {
        500
    } else {
        200
    };
    let length = answer.len();
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    );
    stream.write_all(reply.as_bytes()).await.ok()?;
    Some(Push { head, body })
}
