//! The axum extractor.

use std::net::SocketAddr;

use axum::extract::connect_info::ConnectInfo;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::body;
use crate::event::Event;
use crate::receiver::{Answer, Incoming, Pending, Receiver, Refused};

/// Extracts a push that the [`Receiver`] in the router's state has checked and read. The handler returns the [`Answer`] that a method of
/// [`Pending`] gives.
///
/// To use your own router state, implement `FromRef<YourState> for Receiver<E>`; the crate page has an example.
///
/// A refused push never reaches the handler. Its reason goes to [`Receiver::on_refusal`]. An allow-list needs the peer's address: serve
/// with `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// A URL secret in the last path segment also works below `Router::nest`.
impl<S, E> FromRequest<S> for Pending<E>
where
    S: Send + Sync,
    E: Event,
    Receiver<E>: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let receiver = Receiver::<E>::from_ref(state);
        let (head, stream) = request.into_parts();
        let body = body::read(&head.headers, stream, receiver.body_limits())
            .await
            .map_err(|reason| receiver.refuse(reason))?;
        let mut incoming = Incoming::new(&body)
            .headers(&head.headers)
            .url(head.uri.path(), head.uri.query());
        if let Some(ConnectInfo(peer)) = head.extensions.get::<ConnectInfo<SocketAddr>>() {
            incoming = incoming.peer(peer.ip());
        }
        receiver.receive(&incoming)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let text = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        (status, text, self.body()).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.answer().into_response()
    }
}
