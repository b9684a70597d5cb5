//! A network between a worker and its database that can fail.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

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
    fault: Arc<Mutex<Option<Fault>>>,
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
        let fault = Arc::new(Mutex::new(None));
        let faults = Arc::clone(&fault);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = UnixStream::connect(&server).await.unwrap();
                let mut cut = is_cut.clone();
                let faults = Arc::clone(&faults);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = cut.wait_for(|cut| *cut) => {}
                        _ = pump(client, server, &faults) => {}
                    }
                });
            }
        });
        Self {
            _folder: folder,
            url,
            cut,
            fault,
        }
    }

    /// Ends every connection, and refuses more, until the network is back.
    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }

    pub(crate) fn next_commit(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// Whether the fault has happened.
    pub(crate) fn done(&self) -> bool {
        self.fault.lock().unwrap().is_none()
    }
}

async fn pump(
    mut client: UnixStream,
    mut server: UnixStream,
    faults: &Mutex<Option<Fault>>,
) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let sent = &up[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                let commits = sent.windows(7).any(|part| part == b"COMMIT\0");
                let fault = commits.then(|| faults.lock().unwrap().take()).flatten();
                server.write_all(sent).await?;
                if let Some(fault) = fault {
                    let read = server.read(&mut down).await?;
                    match fault {
                        Fault::Lose => return Ok(()),
                        Fault::Late(late) => tokio::time::sleep(late).await,
                    }
                    client.write_all(&down[..read]).await?;
                }
            }
            read = server.read(&mut down) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                client.write_all(&down[..read]).await?;
            }
        }
    }
}
