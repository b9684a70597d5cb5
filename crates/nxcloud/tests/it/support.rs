//! A loopback server with fixed answers.

use std::sync::{Arc, Mutex};

use nxcloud::{Credentials, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "s3cr3t-value";
pub(crate) const PHONE: &str = "8615012345678";
pub(crate) const TEXT: &str = "Grüße 验证码 4711";

/// The server's answer to a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Never answers.
    Silence,
}

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        Self::start_in_turn(vec![answer]).await
    }

    /// Answers the connections with these answers in turn. The last answer is repeated.
    async fn start_in_turn(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut count = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answers[count.min(answers.len() - 1)].clone();
                count += 1;
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    log.lock().unwrap().push(request);
                    match answer {
                        Answer::Bytes(bytes) => {
                            let _ = stream.write_all(&bytes).await;
                            let _ = stream.shutdown().await;
                        }
                        Answer::Silence => std::future::pending::<()>().await,
                    }
                });
            }
        });
        Self {
            url,
            requests,
            task,
        }
    }

    /// A server that answers with a status line, headers and a body of the right length.
    pub(crate) async fn answering(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::start(with_body(status, headers, body)).await
    }

    /// A server that answers with HTTP 200 and these bodies in turn.
    pub(crate) async fn answering_in_turn(bodies: &[String]) -> Self {
        let answers = bodies.iter().map(|body| with_body("200 OK", "", body));
        Self::start_in_turn(answers.collect()).await
    }

    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        self.requests.lock().unwrap().clone()
    }
}

fn with_body(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    );
    Answer::Bytes([head.as_bytes(), body].concat())
}

/// Reads a request with a content length.
async fn read_request(stream: &mut tokio::net::TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
            let length: usize = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if request.len() >= head + 4 + length {
                return request;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return request,
            Ok(n) => request.extend_from_slice(&chunk[..n]),
        }
    }
}

pub(crate) fn session(url: &str) -> Session {
    Session::builder()
        .credentials(Credentials::nxcloud("test-key", SECRET).unwrap())
        .base_url(url)
        .build()
        .unwrap()
}
