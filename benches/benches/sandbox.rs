//! The throughput of the sandbox. The bench sends signed `send_sms` requests; the sandbox verifies, checks, answers and records each. It is
//! compared with a bare axum handler that reads the same body and answers with the same number of bytes, in turn. The bench then measures the
//! memory of a sandbox over many requests.
//!
//!     cargo bench -p nxcloud-benches --features services --bench sandbox
//!
//! Each server is a separate process with a runtime of one thread, like `nxcloud sandbox`. The client is one thread with blocking connections.
//! It writes prepared bytes and checks only the length of the replies.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use axum::serve::ListenerExt;
use nxcloud_sandbox::{ACCESS_KEY, ACCESS_SECRET, Sandbox};
use nxcloud_signing::{AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp};

/// A reply as long as the sandbox's reply.
const REPLY: &str =
    r#"{"code":"0","messageid":"0123456789abcdef0123456789abcdef","result":"success"}"#;
const PATH: &str = "/api/sms/mtsend_v2";
/// With this body the string to sign has 172 bytes.
const BODY: &str =
    r#"{"appKey":"app-key-01","phone":"8615012345678","content":"Your code is 471"}"#;
/// Number of open connections. Each has one request in flight.
const CONNECTIONS: usize = 64;
/// How long each of the two runs in a turn. A signature is valid for a minute.
const SLICE: Duration = Duration::from_millis(1500);
const TURNS: usize = 9;
/// Number of requests for the memory measurement, and the number between two measurements.
const MANY: usize = 200_000;
const STEP: usize = 50_000;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args();
    if arguments.any(|argument| argument == "serve") {
        return serve(arguments.next().as_deref() == Some("sandbox"));
    }
    speed()?;
    memory()
}

fn speed() -> Result<(), Failure> {
    let (bare, sandbox) = (Server::start("bare")?, Server::start("sandbox")?);
    let (mut to_bare, mut to_sandbox) = (Client::new(&bare)?, Client::new(&sandbox)?);
    let (mut bares, mut sandboxes) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let bare_figures = measure(&bare, &mut to_bare)?;
        let sandbox_figures = measure(&sandbox, &mut to_sandbox)?;
        // The first turn warms up.
        if turn > 0 {
            bares.push(bare_figures);
            sandboxes.push(sandbox_figures);
        }
    }
    let (bare, sandbox) = (median(&bares), median(&sandboxes));
    println!(
        "| | bare axum | sandbox | ratio |\n| --- | --- | --- | --- |\n\
        | requests/s | {:.0} | {:.0} | {:.2} |\n\
        | CPU µs of the server per request | {:.1} | {:.1} | {:.2} |\n",
        bare.per_second,
        sandbox.per_second,
        sandbox.per_second / bare.per_second,
        bare.cpu_micros,
        sandbox.cpu_micros,
        bare.cpu_micros / sandbox.cpu_micros
    );
    Ok(())
}

fn memory() -> Result<(), Failure> {
    let server = Server::start("sandbox")?;
    let mut client = Client::new(&server)?;
    println!("| requests | resident, MB | peak, MB |\n| --- | --- | --- |");
    let print = |requests: usize| -> Result<(), Failure> {
        let (resident, peak) = (server.memory("VmRSS")?, server.memory("VmHWM")?);
        println!("| {requests} | {resident:.1} | {peak:.1} |");
        Ok(())
    };
    print(0)?;
    for step in 1..=MANY / STEP {
        client.send(|sent| sent + CONNECTIONS >= STEP)?;
        print(step * STEP)?;
    }
    Ok(())
}

/// The figures of a turn, or the medians of all turns.
#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    cpu_micros: f64,
}

fn measure(server: &Server, client: &mut Client) -> Result<Figures, Failure> {
    let (start, cpu) = (Instant::now(), server.cpu_nanos());
    let sent = client.send(|_| start.elapsed() >= SLICE)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu_nanos() - cpu);
    let sent = f64::from(u32::try_from(sent)?);
    Ok(Figures {
        per_second: sent / elapsed.as_secs_f64(),
        cpu_micros: cpu / sent / 1000.0,
    })
}

fn median(turns: &[Figures]) -> Figures {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Figures {
        per_second: middle(turns.iter().map(|turn| turn.per_second).collect()),
        cpu_micros: middle(turns.iter().map(|turn| turn.cpu_micros).collect()),
    }
}

/// The connections to a server.
struct Client {
    connections: Vec<TcpStream>,
    reply: Vec<u8>,
}

impl Client {
    fn new(server: &Server) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let connection = TcpStream::connect(&server.address)?;
            connection.set_nodelay(true)?;
            connections.push(connection);
        }
        // All replies have the same length. The first reply shows which.
        let mut first = connections.first().ok_or("no connection")?;
        first.write_all(&signed()?)?;
        let mut reply = vec![0; 4096];
        let length = first.read(&mut reply)?;
        reply.truncate(length);
        if !reply.ends_with(b"}") {
            return Err("the first reply arrived in several parts; run the bench again".into());
        }
        Ok(Self { connections, reply })
    }

    /// Sends requests until `enough` returns true for the number of replies. While the server answers one half of the connections, the client
    /// reads and writes the other half. It waits for the last reply first: it then seldom sleeps, and the server always has work.
    fn send(&mut self, enough: impl Fn(usize) -> bool) -> Result<usize, Failure> {
        let request = signed()?;
        for connection in &mut self.connections {
            connection.write_all(&request)?;
        }
        let mut sent = 0;
        while !enough(sent) {
            for half in self.connections.chunks_mut(CONNECTIONS / 2) {
                for connection in half.iter_mut().rev() {
                    connection.read_exact(&mut self.reply)?;
                }
                for connection in half.iter_mut() {
                    connection.write_all(&request)?;
                }
                sent += half.len();
            }
        }
        for connection in &mut self.connections {
            connection.read_exact(&mut self.reply)?;
            let accepted = self.reply.starts_with(b"HTTP/1.1 200 OK\r\n")
                && self.reply.windows(10).any(|part| part == br#""code":"0""#);
            if !accepted {
                return Err(String::from_utf8_lossy(&self.reply).into());
            }
        }
        Ok(sent + CONNECTIONS)
    }
}

/// The bytes of a signed request.
fn signed() -> Result<Vec<u8>, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let ts = Timestamp::from_millis(u64::try_from(now)?);
    let signer = Signer::new(AccessKey::new(ACCESS_KEY)?, Secret::new(ACCESS_SECRET)?);
    let sign = signer.sign(&Request {
        action: Action::from_static("mtsend"),
        biz_type: BizType::from_static("3"),
        ts,
        body: Body::Signed(BODY.as_bytes()),
    });
    Ok(format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\naccesskey: {ACCESS_KEY}\r\nts: {ts}\r\nbiztype: 3\r\naction: mtsend\r\n\
        sign: {sign}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into_bytes())
}

/// A server in a separate process, so that its CPU time and memory can be measured.
struct Server {
    address: String,
    child: Child,
    /// The server stops when this input is closed, even if the bench is killed.
    _input: Option<ChildStdin>,
}

impl Server {
    fn start(kind: &str) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        let address = address.trim_end().to_owned();
        Ok(Self {
            address,
            child,
            _input: input,
        })
    }

    /// The CPU time of the process in nanoseconds; 0 on systems without `/proc`.
    fn cpu_nanos(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        tasks
            .into_iter()
            .flatten()
            .filter_map(|task| {
                let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
                text.split_whitespace().next()?.parse::<f64>().ok()
            })
            .sum()
    }

    /// A figure from the status of the process, in MB.
    fn memory(&self, name: &str) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes = kilobytes.ok_or_else(|| format!("the process status lacks {name}"))?;
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until standard input is closed.
fn serve(sandbox: bool) -> Result<(), Failure> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if sandbox {
            let sandbox = Sandbox::start().await?;
            println!("{}", sandbox.address());
            std::future::pending().await
        } else {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            Ok(axum::serve(listener, Router::new().route(PATH, post(bare))).await?)
        }
    })
}

async fn bare(body: bytes::Bytes) -> impl axum::response::IntoResponse {
    std::hint::black_box(&body);
    ([(CONTENT_TYPE, "application/json")], REPLY)
}
