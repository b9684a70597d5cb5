//! A network between a worker and its database that can fail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What the server sends when it is ready for a query outside of a transaction.
const OUTSIDE: &[u8] = b"Z\0\0\0\x05I";

/// What happens to the answer of a commit.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// The server commits; the connection ends.
    Lose,
    /// The answer is held back.
    Late(Duration),
}

pub(crate) struct Proxy {
    _folder: TempDir,
    pub(crate) url: String,
    cut: watch::Sender<bool>,
    network: Arc<Network>,
}

#[derive(Default)]
struct Network {
    fault: Mutex<Option<Fault>>,
    /// How often a client sent something after an answer.
    round_trips: AtomicUsize,
    commits: AtomicUsize,
}

impl Proxy {
    pub(crate) fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (front, rest) = url.split_once("host=").unwrap();
        let (host, port) = rest.split_once("&port=").unwrap();
        let server = PathBuf::from(host).join(format!(".s.PGSQL.{port}"));
        let own = folder.path().display();
        let url = format!("{front}host={own}&port={port}");
        let socket = folder.path().join(format!(".s.PGSQL.{port}"));
        let listener = UnixListener::bind(socket).unwrap();
        let (cut, is_cut) = watch::channel(false);
        let network = Arc::new(Network::default());
        let shared = Arc::clone(&network);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(&server).await.unwrap();
                let mut cut = is_cut.clone();
                let network = Arc::clone(&shared);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = cut.wait_for(|cut| *cut) => {}
                        _ = pump(client, server, &network) => {}
                    }
                });
            }
        });
        Self {
            _folder: folder,
            url,
            cut,
            network,
        }
    }

    /// Ends every connection, and refuses more, until the network is back.
    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }

    pub(crate) fn next_commit(&self, fault: Fault) {
        *self.network.fault.lock().unwrap() = Some(fault);
    }

    /// Round trips and commits.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        let Network {
            round_trips,
            commits,
            ..
        } = &*self.network;
        (
            round_trips.load(Ordering::SeqCst),
            commits.load(Ordering::SeqCst),
        )
    }

    /// Whether the fault has happened.
    pub(crate) fn done(&self) -> bool {
        self.network.fault.lock().unwrap().is_none()
    }
}

async fn pump(
    mut client: UnixStream,
    mut server: UnixStream,
    network: &Network,
) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut answered = true;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let sent = &up[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                if std::mem::take(&mut answered) {
                    network.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                let commits = sent.windows(7).any(|part| part == b"COMMIT\0");
                network.commits.fetch_add(usize::from(commits), Ordering::SeqCst);
                let fault = commits.then(|| network.fault.lock().unwrap().take()).flatten();
                server.write_all(sent).await?;
                if let Some(fault) = fault {
                    let mut answers = Vec::new();
                    while !answers.ends_with(OUTSIDE) {
                        let read = server.read(&mut down).await?;
                        answers.extend_from_slice(&down[..read]);
                    }
                    match fault {
                        Fault::Lose => return Ok(()),
                        Fault::Late(late) => tokio::time::sleep(late).await,
                    }
                    answered = true;
                    client.write_all(&answers).await?;
                }
            }
            read = server.read(&mut down) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                answered = true;
                client.write_all(&down[..read]).await?;
            }
        }
    }
}
