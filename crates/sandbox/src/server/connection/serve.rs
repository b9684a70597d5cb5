//! Accepting, serving and closing connections.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{self, AbortHandle, JoinError, JoinSet};
use tokio::time::{self, MissedTickBehavior};

use super::control::ConnectionControl;
use super::head;
use super::refused::{Refusals, Refused};
use super::stream::ClientStream;

/// How long running requests may take after the server starts to stop.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, usually because too many files are open.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest time between two checks of the open connections.
const LOOK: Duration = Duration::from_secs(1);

/// The first bytes of a TLS handshake.
const TLS: &[u8] = &[22, 3];

/// The limits for clients: times and number of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a head may take, from the start of the connection or the end of the previous reply; also how long a
    /// reply may stay unread.
    pub(crate) head: Duration,
    /// Beyond this number, the connection that has waited longest is closed.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            connections: most_connections(),
        }
    }
}

/// Three quarters of the files that the process may open. The rest is for its other work.
fn most_connections() -> usize {
    #[cfg(unix)]
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let files = None::<u64>;
    let most = files.and_then(|files| usize::try_from(files / 4 * 3).ok());
    most.unwrap_or(usize::MAX)
}

/// Serves until the sender of `stop` is dropped, then lets running requests finish. Returns whether all of them
/// finished in time. Dropping the future closes everything at once.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: oneshot::Receiver<Infallible>,
) -> bool {
    let (closing, _) = watch::channel(false);
    let refusals = Arc::new(Refusals::default());
    let mut open = OpenConnections::default();
    let mut look = time::interval((limits.head / 8).clamp(Duration::from_millis(1), LOOK));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if open.controls.len() >= limits.connections {
                        open.make_room(&refusals);
                    }
                    let connection = Connection {
                        router: router.clone(),
                        control: ConnectionControl::new(peer, closing.subscribe()),
                        refusals: Arc::clone(&refusals),
                    };
                    open.add(stream, connection);
                }
                Err(error) => {
                    let reason = format!("a connection could not be accepted: {error}");
                    refusals.log(None, "a connection could not be accepted", &reason);
                    if error.kind() != ErrorKind::ConnectionAborted {
                        open.make_room(&refusals);
                    }
                    time::sleep(PAUSE).await;
                }
            },
            Some(ended) = open.tasks.join_next_with_id() => open.forget(&ended),
            _ = look.tick(), if !open.controls.is_empty() || refusals.is_pending() => {
                open.close_overdue(limits.head, &refusals);
                refusals.catch_up(false);
            }
        }
    }
    drop(listener);
    closing.send_replace(true);
    let finished = async { while open.tasks.join_next().await.is_some() {} };
    let in_time = time::timeout(GRACE, finished).await.is_ok();
    if !in_time {
        open.tasks.shutdown().await;
    }
    refusals.catch_up(true);
    in_time
}

/// The open connections.
#[derive(Default)]
struct OpenConnections {
    tasks: JoinSet<()>,
    controls: HashMap<task::Id, (ConnectionControl, AbortHandle)>,
}

impl OpenConnections {
    fn add(&mut self, stream: TcpStream, connection: Connection) {
        let control = connection.control.clone();
        let task = self.tasks.spawn(connection.serve(stream));
        self.controls.insert(task.id(), (control, task));
    }

    fn forget(&mut self, ended: &Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.controls.remove(&id);
    }

    /// Closes the connection that has waited longest for its client.
    fn make_room(&mut self, refusals: &Refusals) {
        let waiting = self.controls.iter();
        let waiting = waiting.filter_map(|(id, (control, _))| Some((control.waits()?, *id)));
        let longest = waiting.min_by_key(|(waits, _)| *waits);
        if let Some((control, task)) = longest.and_then(|(_, id)| self.controls.remove(&id)) {
            let reason = "too many connections: closed the one that was idle longest";
            refusals.log(Some(control.peer()), reason, reason);
            task.abort();
        }
    }

    fn close_overdue(&mut self, patience: Duration, refusals: &Refusals) {
        self.controls.retain(|_, (control, task)| {
            let overdue = control.overdue(patience);
            if let Some(reason) = overdue {
                if let Some(reason) = reason {
                    refusals.log(Some(control.peer()), reason, reason);
                }
                task.abort();
            }
            overdue.is_none()
        });
    }
}

/// The state that serving one connection needs.
struct Connection {
    router: Router,
    control: ConnectionControl,
    refusals: Arc<Refusals>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Replies are small, so waiting for more data would only delay them. If the option cannot be set, they still
        // arrive.
        let _ = stream.set_nodelay(true);
        let stream = ClientStream::new(stream, self.control.clone());
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(|request| self.answer(request, &router));
        let mut http = http1::Builder::new();
        // The list of open connections enforces the time limits.
        http.header_read_timeout(None);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            ended = connection.as_mut() => self.log(ended),
            () = self.control.closing() => if self.control.is_at_work() {
                connection.as_mut().graceful_shutdown();
                self.log(connection.await);
            }
        }
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        router: &TowerToHyperService<Router>,
    ) -> Result<Response, Infallible> {
        self.control.begins(!request.body().is_end_stream());
        let mut response = match head::check(&mut request, &self.control) {
            Ok(()) => {
                request.extensions_mut().insert(self.control.clone());
                router.call(request).await?
            }
            Err(bad) => head::refuse(bad),
        };
        if let Some(Refused { kind, reason }) = response.extensions().get() {
            self.refusals.log(Some(self.control.peer()), kind, reason);
        }
        if self.control.answered() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Ok(response)
    }

    /// Logs why hyper refused a request. Its method and path are not known, so it is not in the history. The text is
    /// hyper's and contains nothing of the request.
    fn log(&self, ended: hyper::Result<()>) {
        let Err(error) = ended else {
            return;
        };
        let kind = if error.is_parse_version_h2() {
            "it is HTTP/2: use HTTP/1.1"
        } else if error.is_parse_too_large() {
            "its head is too large or has more than 100 headers"
        } else if self.control.with_head(|head| head.starts_with(TLS)) {
            "it is TLS: use a base URL that starts with http://"
        } else if error.is_parse() {
            "it is not a valid HTTP/1.1 request"
        } else {
            // The client went away.
            return;
        };
        let reason = format!("{kind} ({error})");
        self.refusals.log(Some(self.control.peer()), kind, &reason);
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
