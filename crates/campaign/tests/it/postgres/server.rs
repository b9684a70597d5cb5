//! A server with settings of its own, made with the programs that `.ci/postgres` found.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server on 127.0.0.1 and on a socket. It is stopped when this is dropped.
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// A server with TLS: its certificate is for `localhost`, its root in `root.pem`. `access` has the lines of `pg_hba.conf`.
    pub(crate) fn start(access: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let data = std::env::var("NXCLOUD_TEST_POSTGRES_DATA").expect("run it with .ci/postgres");
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("server_{}_{number}", std::process::id());
        let folder = Path::new(&data).with_file_name(name);
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let server = Self { folder, port };
        let folder = server.folder();
        let new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650";
        server.run(&format!(
            "mkdir {folder} && chmod 755 {folder} && cd {folder}
            initdb -D data -U postgres --auth=trust --no-sync
            {new} -keyout root.key -out root.pem -subj /CN=root
            {new} -keyout server.key -out server.pem -subj /CN=localhost -CA root.pem -CAkey root.key \
                -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
            chmod 644 root.pem
            cat >>data/postgresql.conf <<END
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
ssl = on
ssl_cert_file = '{folder}/server.pem'
ssl_key_file = '{folder}/server.key'
END
            cat >data/pg_hba.conf <<END
local all postgres trust
{access}
END"
        ));
        drop(free);
        server.pg_ctl("start");
        server
    }

    /// Makes it a standby of nothing, which only reads.
    pub(crate) fn become_standby(&self) {
        self.pg_ctl("-m fast stop");
        self.run(&format!("touch {}/data/standby.signal", self.folder()));
        self.pg_ctl("start");
    }

    /// The URL of a user's database on this host.
    pub(crate) fn url(&self, user: &str, host: &str, database: &str) -> String {
        format!("postgres://{user}@{host}:{}/{database}", self.port)
    }

    /// The URL of the administrator's database on the socket.
    pub(crate) fn socket(&self, database: &str) -> String {
        let (folder, port) = (self.folder(), self.port);
        format!("postgres://postgres@/{database}?host={folder}&port={port}")
    }

    fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    fn pg_ctl(&self, what: &str) {
        let folder = self.folder();
        // The server would keep pipes of the test open.
        self.run(&format!(
            "pg_ctl -D {folder}/data -w -l {folder}/log {what} >/dev/null || (cat {folder}/log && false)"
        ));
    }

    /// Runs commands as the user of the server.
    fn run(&self, commands: &str) {
        let run = std::env::var("NXCLOUD_TEST_POSTGRES_RUN").expect("run it with .ci/postgres");
        let log = self.folder.with_extension("log");
        let commands = format!("set -e; {{ {commands}\n}} >>{} 2>&1", log.display());
        let status = Command::new(run).args(["sh", "-c", &commands]).status();
        assert!(
            status.unwrap().success(),
            "{}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.pg_ctl("-m immediate stop");
        }
    }
}
