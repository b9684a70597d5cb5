//! Where a ledger is: in a file or in a database, whose password is never shown.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use testing::ClosedPort;

use crate::campaign::World;
use crate::campaign_input::error;
use crate::support::{Nxcloud, Output, finish};

const VARIABLE: &str = "NXCLOUD_LEDGER_PASSWORD";
const FLAG: &str = "--ledger-password-file";

/// A server that asks for a password and refuses every one.
struct Server {
    url: String,
    passwords: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://ann@{}/c", listener.local_addr().unwrap());
        let passwords = Arc::<Mutex<Vec<String>>>::default();
        let received = Arc::clone(&passwords);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if let Some(password) = refuse(stream) {
                    received.lock().unwrap().push(password);
                }
            }
        });
        Self { url, passwords }
    }

    fn received(&self) -> Vec<String> {
        std::mem::take(&mut *self.passwords.lock().unwrap())
    }
}

/// Asks for a password, refuses it and returns it; `None` if the client leaves without one.
fn refuse(mut stream: TcpStream) -> Option<String> {
    read(&mut stream)?;
    // The code 3 asks for the password in plain text.
    stream.write_all(b"R\0\0\0\x08\0\0\0\x03").ok()?;
    let mut kind = [0];
    stream.read_exact(&mut kind).ok()?;
    let password = read(&mut stream)?;
    let password = String::from_utf8(password).unwrap();
    let password = password.trim_end_matches('\0').to_owned();
    let fields = format!("SFATAL\0VFATAL\0C28P01\0M{password} is wrong\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    let error = [b"E", &length[..], fields.as_bytes()].concat();
    stream.write_all(&error).ok()?;
    Some(password)
}

/// The rest of a message, after its length.
fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut rest).ok()?;
    Some(rest)
}

/// A file in the home directory that only its owner can read.
fn file(nxcloud: &Nxcloud, name: &str, content: &[u8]) -> PathBuf {
    let path = nxcloud.home().join(name);
    std::fs::write(&path, content).unwrap();
    set_mode(&path, 0o600);
    path
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &std::path::Path, _: u32) {}

#[test]
fn the_password_of_a_database_comes_from_a_file_or_the_environment() {
    let server = Server::start();
    let status = ["campaign", "status", "--ledger", &server.url];
    let nxcloud = Nxcloud::new();
    for (content, expected) in [
        ("hush", "hush"),
        ("hush hush\n", "hush hush"),
        ("\u{feff} hüsh \r\n", " hüsh "),
    ] {
        file(&nxcloud, "password", content.as_bytes());
        let output = nxcloud.run(&[&status[..], &[FLAG, "password"]].concat());
        error(output, "refused the user or the password");
        assert_eq!(server.received(), [expected]);
    }
    error(nxcloud.run(&status), "asks for a password");
    error(nxcloud.run(&status), FLAG);
    error(nxcloud.run(&status), VARIABLE);
    assert!(server.received().is_empty());
    let nxcloud = Nxcloud::new().with(VARIABLE, "from the environment");
    error(nxcloud.run(&status), "refused the user or the password");
    assert_eq!(server.received(), ["from the environment"]);
    file(&nxcloud, "password", b"from the file");
    error(
        nxcloud.run(&[&status[..], &[FLAG, "password"]].concat()),
        "refused the user or the password",
    );
    assert_eq!(server.received(), ["from the file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_password_is_asked_for_on_a_terminal_when_the_server_asks() {
    let server = Server::start();
    let nxcloud = Nxcloud::new();
    let status = format!(
        "{} campaign status --ledger {}",
        env!("CARGO_BIN_EXE_nxcloud"),
        server.url
    );
    let mut terminal = nxcloud.program("script", &["-qec", &status, "/dev/null"]);
    let mut child = terminal
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let shown = testing::blocking("the prompt", move || {
        let mut shown = Vec::new();
        let mut byte = [0];
        while !shown.ends_with(b"database: ") {
            stdout.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
        }
        // The prompt comes just before the terminal stops to show what is typed.
        std::thread::sleep(std::time::Duration::from_millis(500));
        stdin.write_all(b"hush\n").unwrap();
        stdout.read_to_end(&mut shown).unwrap();
        String::from_utf8(shown).unwrap()
    });
    finish(child);
    assert_eq!(server.received(), ["hush"]);
    assert!(
        shown.contains("refused the user or the password"),
        "{shown}"
    );
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn a_password_file_that_cannot_be_used_is_refused() {
    let server = Server::start();
    let nxcloud = Nxcloud::new();
    let status =
        |path: &str| nxcloud.run(&["campaign", "status", "--ledger", &server.url, FLAG, path]);
    for (content, expected) in [
        (&b""[..], "is empty"),
        (b"\n", "is empty"),
        (b"hush\nhush\n", "several lines"),
        (b"hush\rhush", "several lines"),
        (b"hush\0", "zero byte"),
        (b"hush\xff", "not UTF-8"),
        (&[b'h'; 20_000], "16 KiB"),
    ] {
        file(&nxcloud, "password", content);
        error(status("password"), expected);
    }
    error(status("missing"), "missing");
    error(status("."), "folder");
    #[cfg(unix)]
    for mode in [0o640, 0o604, 0o620, 0o644] {
        let path = file(&nxcloud, "password", b"hush");
        set_mode(&path, mode);
        error(status("password"), "chmod 600 password");
    }
    let two_lines = Nxcloud::new().with(VARIABLE, "hush\nhush");
    let output = two_lines.run(&["campaign", "status", "--ledger", &server.url]);
    error(output, "several lines");
    assert!(server.received().is_empty());
}

#[test]
fn a_password_in_a_url_is_refused_and_not_shown() {
    for url in [
        "postgres://ann:hush@db.invalid/c",
        "postgresql://ann@db.invalid/c?password=hush",
        "POSTGRES://ann:hush@db.invalid/c",
        "postgres:/ann:hush@db.invalid/c",
        "postgres://ann:hush@db.invalid:port/c",
        "postgres://ann:hush@db.invalid/c?hush=1",
        "mysql://ann:hush@db.invalid/c",
        "host=db.invalid user=ann password=hush",
    ] {
        let nxcloud = Nxcloud::new().with("NXCLOUD_LEDGER", url);
        let flag = ["--ledger", url];
        for command in [&["status"][..], &["status", "c"], &["export", "c"]] {
            let arguments = [&["campaign"], command].concat();
            error(nxcloud.run(&arguments), "");
            error(Nxcloud::new().run(&[&arguments[..], &flag].concat()), "");
        }
        for arguments in [&["doctor"][..], &["campaign", "run", "--help"]] {
            let output = nxcloud.run(arguments);
            assert!(!output.to_string().contains("hush"), "{output}");
        }
        assert_eq!(std::fs::read_dir(nxcloud.home()).unwrap().count(), 0);
    }
    let status = |url| Nxcloud::new().run(&["campaign", "status", "--ledger", url]);
    error(status("postgres://ann:hush@db.invalid/c"), FLAG);
    error(status("postgres://ann@db.invalid:port/c"), "postgres://");
    error(status("postgres:///c"), "names no host");
}

#[test]
fn a_server_that_is_away_is_a_failure_that_may_pass() {
    let closed = ClosedPort::new();
    let url = format!("postgres://ann@127.0.0.1:{}/c", closed.port());
    let status = Nxcloud::new().run(&["campaign", "status", "--ledger", &url]);
    let status = status.exits(3);
    let line = status.stderr_line();
    assert!(line.contains("cannot be reached"), "{line}");
    assert!(line.contains("try again"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_database_has_is_refused_for_a_file() {
    let world = World::with_rows(1).await;
    for more in [
        ["--silent-after", "2m"],
        ["--outcomes", "folder"],
        [FLAG, "password"],
    ] {
        let run = world.campaign(&[&["run", "c"][..], &more].concat());
        error(run, &format!("{} is for a ledger in PostgreSQL", more[0]));
    }
    for time in ["0s", "999ms", "25h", "soon", "", "-5s"] {
        let silent_after = format!("--silent-after={time}");
        error(
            world.campaign(&["run", "c", &silent_after]),
            "from 1s to 24h",
        );
    }
    assert!(world.accepted().is_empty());
}

/// A user who may read a ledger and not write it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_written_is_refused() {
    let world = World::with_rows(2).await;
    let home = world.nxcloud.home();
    set_mode(home, 0o755);
    set_mode(&home.join("my.ledger"), 0o444);
    // The superuser may write everywhere, so another user is it who tries.
    let is_root = std::fs::write(home.join("my.ledger-probe"), "").is_ok()
        && std::fs::OpenOptions::new()
            .write(true)
            .open(home.join("my.ledger"))
            .is_ok();
    let command = |arguments: &[&str]| -> Output {
        let arguments = [&["campaign"], arguments].concat();
        if !is_root {
            set_mode(home, 0o555);
            return world.nxcloud.run(&arguments);
        }
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let program = [env!("CARGO_BIN_EXE_nxcloud")];
        let all = [&nobody[..], &program, &arguments].concat();
        finish(world.nxcloud.program("setpriv", &all).spawn().unwrap())
    };
    for arguments in [
        &["status"][..],
        &["run", "c"],
        &["pause", "c"],
        &["export", "c"],
    ] {
        error(command(arguments), "cannot be written");
    }
    assert!(world.accepted().is_empty());
    set_mode(home, 0o755);
    set_mode(&home.join("my.ledger"), 0o600);
    assert_eq!(world.rows()["ready"], 2);
}
