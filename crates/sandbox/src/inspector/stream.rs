//! Server-sent events.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time;

use super::reply::{Problem, refuse};
use crate::server::Shared;
use crate::server::connection::ConnectionControl;
use crate::server::events::{Event, Events};

/// After this time without an event a comment is sent, so that a closed page is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Maximum number of open streams.
const MAX_WATCHERS: usize = 64;
/// The first bytes of a stream: the time after which a browser reconnects.
const BEGINNING: &str = "retry: 1000\n\n";

/// `GET events`: `request`, `delivery`, `cleared`, `faults`, each with JSON; `lagged` if the page missed events.
///
/// Events are sent only as fast as the page reads them. The queue is short and its events are small, so a page that
/// does not read neither blocks the platform nor fills the memory.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    if shared.events.watchers() >= MAX_WATCHERS {
        let problem = "too many pages are open: close one";
        return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, problem));
    }
    Ok(open(&shared.events, request.extensions()))
}

/// A stream of all events from now on, in reply to a request with these extensions.
fn open(events: &Events, extensions: &Extensions) -> Response {
    let control = extensions.get::<ConnectionControl>().cloned();
    if let Some(control) = &control {
        control.never_ends();
    }
    let beginning = Some(Bytes::from_static(BEGINNING.as_bytes()));
    let events = stream::unfold((events.watch(), control, beginning), next);
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

type Watcher = (
    broadcast::Receiver<Event>,
    Option<ConnectionControl>,
    Option<Bytes>,
);

/// The next chunk of the stream; `None` when the sandbox stops.
async fn next((mut watcher, control, first): Watcher) -> Option<(Result<Bytes, String>, Watcher)> {
    if let Some(first) = first {
        return Some((Ok(first), (watcher, control, None)));
    }
    let stopping = async {
        match &control {
            Some(control) => control.closing().await,
            None => std::future::pending().await,
        }
    };
    let piece = tokio::select! {
        () = stopping => return None,
        received = watcher.recv() => match received {
            Ok(Event { name, data }) => format!("event: {name}\ndata: {data}\n\n"),
            Err(RecvError::Lagged(missed)) => {
                format!("event: lagged\ndata: {{\"missed\":{missed}}}\n\n")
            }
            Err(RecvError::Closed) => return None,
        },
        () = time::sleep(KEEP_ALIVE) => ": still here\n\n".to_owned(),
    };
    Some((Ok(piece.into()), (watcher, control, None)))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::*;
    use crate::server::connection::{Limits, serve};
    use crate::server::events::CAPACITY;

    async fn piece(watcher: Watcher) -> (String, Watcher) {
        let (piece, watcher) = next(watcher).await.unwrap();
        (String::from_utf8(piece.unwrap().to_vec()).unwrap(), watcher)
    }

    #[tokio::test]
    async fn a_slow_watcher_misses_the_oldest_events_and_receives_lagged() {
        let events = Events::default();
        let watcher = (events.watch(), None, None);
        for number in 0..CAPACITY + 3 {
            events.publish("request", || json!({ "id": number }));
        }
        let (event, watcher) = piece(watcher).await;
        assert_eq!(event, "event: lagged\ndata: {\"missed\":3}\n\n");
        let (event, mut watcher) = piece(watcher).await;
        assert_eq!(event, "event: request\ndata: {\"id\":3}\n\n");
        for _ in 4..CAPACITY + 3 {
            (_, watcher) = piece(watcher).await;
        }
        drop(events);
        assert!(next(watcher).await.is_none());
    }

    #[tokio::test]
    async fn an_open_stream_does_not_delay_the_shutdown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let events = Events::default();
        let watching = events.clone();
        let watch =
            async move |request: axum::extract::Request| open(&watching, request.extensions());
        let router = Router::new().fallback(watch);
        let server = tokio::spawn(serve(listener, router, Limits::default(), stopped));
        let mut page = TcpStream::connect(address).await.unwrap();
        page.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        page.read_u8().await.unwrap();
        assert_eq!(events.watchers(), 1);
        drop(stop);
        assert!(server.await.unwrap(), "the connection was closed by force");
        assert_eq!(events.watchers(), 0);
    }
}
