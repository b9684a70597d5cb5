//! A minimal HTTP server on the loopback interface. It runs in a separate process, so that a bench measures only the client in its own process.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The argument that starts a bench as the server.
pub const SERVE: &str = "serve";

/// The reply to every request.
pub const REPLY: &str =
    r#"{"code":"0","messageid":"0123456789abcdef0123456789abcdef","result":"success"}"#;

/// The server, as a child process. It ends when this value is dropped.
#[derive(Debug)]
pub struct Server {
    /// The address of the server, as `http://host:port`.
    pub url: String,
    child: Child,
}

impl Server {
    /// Starts this program again with the argument [`SERVE`]. The program must then call [`serve`].
    ///
    /// # Errors
    ///
    /// If the process cannot be started, or ends before it listens.
    pub fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut url = String::new();
        BufReader::new(output).read_line(&mut url)?;
        let url = url.trim_end().to_owned();
        Ok(Self { url, child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints its URL, then answers every request with [`REPLY`]. Each connection has a thread, which reads only the length among the headers.
///
/// # Errors
///
/// If the listener fails.
#[expect(
    clippy::print_stdout,
    reason = "the parent process reads the URL from standard output"
)]
pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            let _ = answer(stream);
        });
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{REPLY}",
        REPLY.len()
    );
    while read_request(&mut stream)?.is_some() {
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// Reads the head and the body of a request; `None` at the end of the connection. The client sends the next request after the reply.
pub(crate) fn read_request(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let head = received.windows(4).position(|window| window == b"\r\n\r\n");
        let length = head.map(|head| head + 4 + content_length(received.get(..head)));
        if length.is_some_and(|length| length <= received.len()) {
            return Ok(Some(received));
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(None),
            n => received.extend_from_slice(chunk.get(..n).unwrap_or_default()),
        }
    }
}

fn content_length(head: Option<&[u8]>) -> usize {
    let head = String::from_utf8_lossy(head.unwrap_or_default()).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length.unwrap_or(0)
}
