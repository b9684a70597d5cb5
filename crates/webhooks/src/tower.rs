//! The tower layer.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::body;
use crate::event::Event;
use crate::receiver::{Answer, Incoming, Receiver};

/// The address of a connection's peer, as an extension of requests. Servers other than axum set it. Only an allow-list needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "servers construct it from an address"
)]
pub struct PeerAddress(pub IpAddr);

/// Puts a [`Receiver`] in front of a service.
///
/// The service gets only pushes that were checked and read. Each request has a [`Received`](crate::Received) among its extensions, and the
/// body as received. The status of the service's response decides the answer: 2xx means accepted; another status or an error means not
/// processed. The platform does not get the response itself, but the text that it expects.
#[derive(Clone, Debug)]
pub struct PushLayer<E>(Receiver<E>);

impl<E: Event> PushLayer<E> {
    /// A layer with this receiver.
    #[must_use]
    pub const fn new(receiver: Receiver<E>) -> Self {
        Self(receiver)
    }
}

impl<S, E: Event> Layer<S> for PushLayer<E> {
    type Service = PushService<S, E>;

    fn layer(&self, inner: S) -> Self::Service {
        PushService {
            receiver: self.0.clone(),
            inner,
        }
    }
}

/// The service of [`PushLayer`].
#[derive(Clone, Debug)]
pub struct PushService<S, E> {
    receiver: Receiver<E>,
    inner: S,
}

impl<S, E, B, R> Service<Request<B>> for PushService<S, E>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    E: Event,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R: From<&'static str>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.receiver.clone();
        // Use the service that was polled to readiness; its clone may not be ready.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            let (mut head, stream) = request.into_parts();
            let body = match body::read(&head.headers, stream, receiver.body_limits()).await {
                Ok(body) => body,
                Err(reason) => return Ok(respond(receiver.refuse(reason).answer())),
            };
            let mut incoming = Incoming::new(&body)
                .headers(&head.headers)
                .url(head.uri.path(), head.uri.query());
            if let Some(peer) = peer(&head.extensions) {
                incoming = incoming.peer(peer);
            }
            let (received, outcome) = match receiver.receive(&incoming) {
                Ok(pending) => pending.into_parts(),
                Err(refused) => return Ok(respond(refused.answer())),
            };
            head.extensions.insert(received);
            let response = inner.call(Request::from_parts(head, B::from(body))).await;
            let processed = response.is_ok_and(|response| response.status().is_success());
            Ok(respond(outcome.settle(processed)))
        })
    }
}

fn peer(extensions: &http::Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(info) = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>() {
        return Some(info.0.ip());
    }
    extensions
        .get::<PeerAddress>()
        .map(|peer| peer.0)
        .or_else(|| extensions.get::<SocketAddr>().map(SocketAddr::ip))
}

fn respond<R: From<&'static str>>(answer: Answer) -> Response<R> {
    let mut response = Response::new(R::from(answer.body()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
