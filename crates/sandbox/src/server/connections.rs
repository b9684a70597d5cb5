//! Connections: accepting, serving and closing them.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time;

use super::faults::{ConnectionControl, FaultyStream};

/// How long requests that are being answered may take after the server begins to stop.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted, which mostly means that there are too many open files.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves until the sender of `stop` is dropped, then lets the requests at work finish, and tells whether all of them
/// did in time. Dropping the future closes everything at once. The head of a request may take so long to arrive.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Option<Duration>,
    mut stop: oneshot::Receiver<Infallible>,
) -> bool {
    let (closing, _) = watch::channel(false);
    // A timer for each head costs more than a quiet connection on this machine does.
    let mut http = http1::Builder::new();
    if patience.is_some() {
        http.timer(TokioTimer::new());
    }
    http.header_read_timeout(patience);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let closing = closing.subscribe();
                    connections.spawn(connection(stream, http.clone(), router.clone(), closing));
                }
                Err(_) => time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    let in_time = time::timeout(GRACE, finished).await.is_ok();
    if !in_time {
        connections.shutdown().await;
    }
    in_time
}

async fn connection(
    stream: TcpStream,
    http: http1::Builder,
    router: Router,
    closing: watch::Receiver<bool>,
) {
    // Replies are small; waiting for more to send only delays them. Without it they still arrive.
    let _ = stream.set_nodelay(true);
    let control = ConnectionControl::new(closing);
    let stream = FaultyStream::new(stream, control.clone());
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: Request<Incoming>| {
        control.clear();
        request.extensions_mut().insert(control.clone());
        router.call(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let closing = control.closing();
    tokio::select! {
        ended = connection.as_mut() => log(ended),
        // A stream of events goes on for ever, and who watches may have stopped reading.
        () = closing => if !control.is_endless() {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Says why a request got no further than HTTP. Its method and path are not known, so it is not in the history. The text is
/// hyper's and holds nothing of what was sent.
fn log(ended: hyper::Result<()>) {
    let Err(error) = ended else {
        return;
    };
    let problem = if error.is_parse_too_large() {
        "its head is too large or has over 100 headers"
    } else if error.is_parse() {
        "it is not HTTP/1.1; the base URL begins with http://"
    } else if error.is_timeout() {
        "its head did not come in time"
    } else {
        // The client went away.
        return;
    };
    tracing::warn!(reason = %error, "a request was refused and is not in the history: {problem}");
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A reply that goes on for ever, faster than it is read.
    async fn endless(request: axum::extract::Request) -> axum::body::Body {
        if let Some(control) = request.extensions().get::<ConnectionControl>() {
            control.never_ends();
        }
        let piece = bytes::Bytes::from_static(&[b'x'; 16 * 1024]);
        let pieces =
            futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        axum::body::Body::from_stream(pieces)
    }

    #[tokio::test]
    async fn an_endless_reply_that_nobody_reads_does_not_use_up_the_time_to_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().fallback(endless);
        let server = tokio::spawn(serve(listener, router, None, stopped));
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        // The reply has begun; the rest stays unread.
        silent.read_u8().await.unwrap();
        drop(stop);
        assert!(server.await.unwrap(), "the connection was closed by force");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_to_its_end_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let patience = Some(Duration::from_secs(30));
        let server = tokio::spawn(serve(listener, Router::new(), patience, stopped));
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
            .await
            .unwrap();
        let mut rest = Vec::new();
        // It ends, whatever the server says.
        let _ = slow.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 404"));
        drop(stop);
        assert!(server.await.unwrap());
    }

    #[tokio::test]
    async fn idle_connections_are_closed_without_waiting_for_their_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, Router::new(), None, stopped));
        let mut idle = TcpStream::connect(address).await.unwrap();
        drop(stop);
        assert!(server.await.unwrap(), "the connection was closed by force");
        let mut rest = Vec::new();
        assert!(matches!(idle.read_to_end(&mut rest).await, Ok(0) | Err(_)));
    }
}
