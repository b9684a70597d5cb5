//! What the client costs on top of reqwest: `send_sms` beside raw reqwest that posts the same pre-signed bytes, to a bare server on the
//! loopback interface, in one run and in turn.
//!
//!     cargo bench -p nxcloud-benches --features services --bench overhead
//!
//! The server is a process of its own, so that the CPU time of this one is that of the clients.

#![expect(clippy::print_stdout, reason = "a bench shows what it measures")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nxcloud_client::{AppKey, CallOptions, Credentials, Session};
use nxcloud_sms::{Client, SendSms};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const REPLY: &str =
    r#"{"code":"0","messageid":"0123456789abcdef0123456789abcdef","result":"success"}"#;
/// How long each of the two runs before the other's turn.
const SLICE: Duration = Duration::from_millis(1500);
const TURNS: usize = 7;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == "serve") {
        return serve();
    }
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    println!(
        "| concurrent | raw reqwest, requests/s | send_sms, requests/s | ratio | raw, CPU µs/request | send_sms, CPU µs/request |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for concurrent in [1, 64] {
        let (raw, client) = runtime.block_on(measure(&server.url, concurrent))?;
        let ratio = client.per_second / raw.per_second;
        println!(
            "| {concurrent} | {:.0} | {:.0} | {ratio:.3} | {:.1} | {:.1} |",
            raw.per_second, client.per_second, raw.cpu_micros, client.cpu_micros
        );
    }
    Ok(())
}

/// One way's figures: medians over its turns.
struct Figures {
    per_second: f64,
    cpu_micros: f64,
}

async fn measure(url: &str, concurrent: usize) -> Result<(Figures, Figures), Failure> {
    let request = Arc::new(
        SendSms::new(
            AppKey::new("app-key-0123456789"),
            "8615012345678",
            "Your code is 4711",
        )
        .with_source_address("ACME"),
    );
    let session = Session::builder()
        .credentials(Credentials::nxcloud("access-key", "access-secret")?)
        .base_url(url)
        .build()?;
    let client = Client::new(&session);
    let raw = Raw::signed(&client, &request, url).await?;
    let (mut raws, mut clients) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let one = run(concurrent, {
            let raw = raw.clone();
            move || {
                let raw = raw.clone();
                async move { raw.send().await }
            }
        })
        .await?;
        let other = run(concurrent, {
            let (client, request) = (client.clone(), Arc::clone(&request));
            move || {
                let (client, request) = (client.clone(), Arc::clone(&request));
                async move { Ok(client.send_sms(&request).await.map(drop)?) }
            }
        })
        .await?;
        // The first turn warms up.
        if turn > 0 {
            raws.push(one);
            clients.push(other);
        }
    }
    Ok((median(&raws), median(&clients)))
}

/// Requests per second and CPU microseconds a request, over one slice.
async fn run<F>(
    concurrent: usize,
    work: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(f64, f64), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let (begun, cpu) = (Instant::now(), cpu_nanos());
    let tasks: Vec<_> = (0..concurrent)
        .map(|_| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while begun.elapsed() < SLICE {
                    work().await?;
                    done += 1;
                }
                Ok::<u32, Failure>(done)
            })
        })
        .collect();
    let mut done = 0.0;
    for task in tasks {
        done += f64::from(task.await??);
    }
    let took = begun.elapsed().as_secs_f64();
    let cpu = (cpu_nanos() - cpu) / 1_000.0;
    Ok((done / took, cpu / done))
}

fn median(turns: &[(f64, f64)]) -> Figures {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Figures {
        per_second: middle(turns.iter().map(|turn| turn.0).collect()),
        cpu_micros: middle(turns.iter().map(|turn| turn.1).collect()),
    }
}

/// The CPU time of all threads of this process in nanoseconds, where the system tells.
fn cpu_nanos() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        })
        .sum()
}

/// What a careful person writes with reqwest alone, with the signing left out: the bytes are signed already.
#[derive(Clone)]
struct Raw {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Raw {
    /// The request that the client sends, headers and body to the byte.
    async fn signed(client: &Client, request: &SendSms, url: &str) -> Result<Self, Failure> {
        let seen = Arc::new(std::sync::Mutex::new(None));
        let into = Arc::clone(&seen);
        let options = CallOptions::new().on_signed(move |signed| {
            if let Ok(mut seen) = into.lock() {
                *seen = Some((signed.string_to_sign.clone(), signed.signature.clone()));
            }
        });
        client.with_options(options).send_sms(request).await?;
        let seen = seen.lock().map(|mut seen| seen.take()).unwrap_or_default();
        let (signed, signature) = seen.ok_or("nothing was signed")?;
        let (parameters, _) = signed.split_once("&body=").ok_or("no body was signed")?;
        let mut headers = HeaderMap::new();
        for parameter in parameters.split('&') {
            let (name, value) = parameter.split_once('=').ok_or("not a parameter")?;
            headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
        }
        headers.insert("sign", HeaderValue::from_str(&signature)?);
        headers.insert("accept", HeaderValue::from_static("application/json"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: format!("{url}/api/sms/mtsend_v2"),
            headers,
            body: serde_json::to_vec(request)?.into(),
        })
    }

    async fn send(&self) -> Result<(), Failure> {
        let request = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .body(self.body.clone());
        let reply = request.send().await?.error_for_status()?.bytes().await?;
        if reply.len() == REPLY.len() {
            Ok(())
        } else {
            Err("not the server's reply".into())
        }
    }
}

/// The bare server, as a child process.
struct Server {
    url: String,
    child: Child,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the server says nothing")?;
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

/// Answers every request with the same bytes: a thread a connection, nothing looked at but the length.
fn serve() -> Result<(), Failure> {
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

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{REPLY}",
        REPLY.len()
    );
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let head = received.windows(4).position(|window| window == b"\r\n\r\n");
        let request = head.map(|head| head + 4 + content_length(received.get(..head)));
        match request.filter(|length| *length <= received.len()) {
            Some(length) => {
                received.drain(..length);
                stream.write_all(reply.as_bytes())?;
            }
            None => match stream.read(&mut chunk)? {
                0 => return Ok(()),
                n => received.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            },
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
