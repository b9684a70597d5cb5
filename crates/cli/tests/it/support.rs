//! Runs the binary, isolated from the user's home directory and environment.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nxcloud_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

/// The arguments of a complete send.
pub(crate) const SEND: [&str; 8] = [
    "sms",
    "send-sms",
    "--app-key",
    "app-1",
    "--phone",
    "8615012345678",
    "--content",
    "hello",
];

/// The arguments of a complete send, with more flags.
pub(crate) fn send<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SEND.into_iter().chain(more.iter().copied()).collect()
}

/// The result of a run.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Stdout, parsed as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{self}"))
    }

    /// The only line on stderr.
    pub(crate) fn stderr_line(&self) -> &str {
        let line = self.stderr.trim_end();
        assert!(
            !line.is_empty() && !line.contains('\n'),
            "stderr has other than one line: {self}"
        );
        assert!(!line.contains("panicked"), "{self}");
        line
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        write!(f, "code {code:?}\nstdout: {stdout}\nstderr: {stderr}")
    }
}

/// The binary with a temporary home directory.
pub(crate) struct Nxcloud {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Nxcloud {
    /// Has no account.
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// Has the built-in accounts of a sandbox and its address as the base URL.
    pub(crate) fn at(sandbox: &Sandbox) -> Self {
        Self::new()
            .with("NXCLOUD_ACCESS_KEY", nxcloud_sandbox::ACCESS_KEY)
            .with("NXCLOUD_ACCESS_SECRET", nxcloud_sandbox::ACCESS_SECRET)
            .with("ANTBUDDY_APP_ID", nxcloud_sandbox::APP_ID)
            .with("ANTBUDDY_APP_SECRET", nxcloud_sandbox::APP_SECRET)
            .with("NXCLOUD_BASE_URL", sandbox.url())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_nxcloud"), arguments)
    }

    /// A command that may open at most `files` files.
    #[cfg(unix)]
    pub(crate) fn limited_to(&self, files: u32, arguments: &[&str]) -> Command {
        self.limited(&format!("ulimit -n {files}"), arguments)
    }

    /// A command that a shell starts after this one.
    #[cfg(unix)]
    pub(crate) fn limited(&self, first: &str, arguments: &[&str]) -> Command {
        let script = format!("{first} && exec \"$0\" \"$@\"");
        let shell = ["-c", &script, env!("CARGO_BIN_EXE_nxcloud")];
        self.program("sh", &[&shell[..], arguments].concat())
    }

    /// Another program, isolated in the same way.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs it with `input` on standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &(impl AsRef<[u8]> + ?Sized)) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // Write while the output is read, so that neither side blocks.
        let writer = std::thread::spawn(move || {
            // The command may stop reading early; then writing fails.
            let _ = stdin.write_all(&input);
        });
        let output = finish(child);
        testing::joined("the input", writer);
        output
    }

    /// Starts a command that serves until it is stopped, and reads its address from its first line.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        serving(self.command(arguments))
    }
}

/// Starts a command that serves, and waits for its line; gives the address in it.
pub(crate) fn serving(mut command: Command) -> Running {
    let mut child = command.spawn().unwrap();
    let stdout = child.stdout.take().map(BufReader::new);
    let url = String::new();
    let mut running = Running { url, stdout, child };
    let line = running.line();
    let Some(url) = line.trim_end().strip_prefix("listening on ") else {
        // It may have ended already.
        let _ = running.child.kill();
        panic!("unexpected first line: {line:?}\n{}", running.stderr());
    };
    running.url = url.split("/<").next().unwrap().to_owned();
    running
}

pub(crate) fn finish(child: Child) -> Output {
    let output = testing::output(child);
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server that always sends the same reply. Returns its address and a counter of its requests.
pub(crate) fn answering(body: String) -> (String, impl Fn() -> usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            counter.fetch_add(1, Ordering::SeqCst);
            answer(stream, &body);
        }
    });
    (url, move || requests.load(Ordering::SeqCst))
}

/// Reads one request to its end and answers it.
fn answer(mut stream: TcpStream, body: &str) {
    let mut request = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    let mut line = String::new();
    while request.read_line(&mut line).is_ok_and(|read| read > 2) {
        let header = line.trim().to_lowercase();
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        line.clear();
    }
    std::io::copy(&mut request.take(length), &mut std::io::sink()).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}",
        body.len()
    );
    // The client may have gone already.
    let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
}

/// A running server process. It is killed when the test ends.
pub(crate) struct Running {
    pub(crate) url: String,
    stdout: Option<BufReader<ChildStdout>>,
    child: Child,
}

impl Running {
    /// Closes its stdout, calls `action`, and waits for the exit code.
    pub(crate) fn unread(self, action: impl FnOnce()) -> Option<i32> {
        let mut running = self;
        running.stdout = None;
        action();
        testing::exit_status(&mut running.child).code()
    }

    pub(crate) fn line(&mut self) -> String {
        let (stdout, line) = testing::line(self.stdout.take().unwrap());
        self.stdout = Some(stdout);
        line
    }

    fn stderr(&mut self) -> String {
        let stderr = self.child.stderr.take().unwrap();
        String::from_utf8(testing::read_to_end(stderr).unwrap()).unwrap()
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(self) -> Option<i32> {
        self.stop("-INT").code
    }

    /// Sends it a signal, and gives what it leaves on stderr.
    #[cfg(unix)]
    pub(crate) fn stop(mut self, name: &str) -> Output {
        signal(&self.child, name);
        let stderr = self.stderr();
        Output {
            code: testing::exit_status(&mut self.child).code(),
            stdout: String::new(),
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGINT, like Ctrl-C.
#[cfg(unix)]
pub(crate) fn interrupt(child: &Child) {
    signal(child, "-INT");
}

#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let kill = Command::new("kill").args([name, &id]).status();
    assert!(kill.unwrap().success());
}
