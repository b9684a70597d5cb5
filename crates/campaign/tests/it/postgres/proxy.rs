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

/// What becomes of bytes while the network drops. Connections hang, and nobody resets them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drops {
    /// They arrive when the network is back.
    Delays,
    /// Those to the server are lost, and their connections hang for ever.
    LosesRequests,
    /// Those to the client are lost: the server may have done what it was asked for.
    LosesAnswers,
}

pub(crate) struct Proxy {
    _folder: TempDir,
    pub(crate) url: String,
    cut: watch::Sender<bool>,
    drops: watch::Sender<Option<Drops>>,
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
        let (drops, is_dropping) = watch::channel(None);
        let network = Arc::new(Network::default());
        let shared = Arc::clone(&network);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(&server).await.unwrap();
                let mut cut = is_cut.clone();
                let dropping = is_dropping.clone();
                let network = Arc::clone(&shared);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = cut.wait_for(|cut| *cut) => {}
                        _ = pump(client, server, &network, dropping) => {}
                    }
                });
            }
        });
        Self {
            _folder: folder,
            url,
            cut,
            drops,
            network,
        }
    }

    /// From now on the network drops like this; `None` when it is back.
    pub(crate) fn drops(&self, drops: Option<Drops>) {
        self.drops.send_replace(drops);
    }

    /// Ends every connection, and refuses more, until the network is back.
    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }

    /// Ends the connections that there are.
    pub(crate) async fn reset(&self) {
        self.cut(true);
        // Until every connection has seen it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.cut(false);
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
    mut dropping: watch::Receiver<Option<Drops>>,
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
                pass(&mut dropping, Drops::LosesRequests).await;
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
                pass(&mut dropping, Drops::LosesAnswers).await;
                answered = true;
                client.write_all(&down[..read]).await?;
            }
        }
    }
}

/// Waits while the network delays bytes; for ever if it loses those of this direction.
async fn pass(dropping: &mut watch::Receiver<Option<Drops>>, loses: Drops) {
    let passes = |drops: &Option<Drops>| *drops != Some(Drops::Delays);
    let drops = dropping.wait_for(passes).await.map(|drops| *drops);
    if drops.is_ok_and(|drops| drops == Some(loses)) {
        std::future::pending().await
    }
}
