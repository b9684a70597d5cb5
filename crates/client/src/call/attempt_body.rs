//! The body of one attempt. It is either sent or abandoned, never both.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::{Body, Request};

use crate::call::handover::Handover;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The attempt's side of the handover. Dropping it abandons the body, so a call whose future is dropped sends nothing later.
///
/// A request without a body has no handover, because hyper polls nothing before it writes the head. Such an attempt counts as sent
/// unless the connection failed.
pub(crate) struct Attempt(Option<Arc<Handover>>);

impl Attempt {
    /// Wraps the body of a request so that it takes part in the handover.
    pub(crate) fn new(request: &mut Request) -> Self {
        // hyper never polls an empty body.
        let is_empty = |body: &Body| body.size_hint().exact() == Some(0);
        if request.body().is_none_or(is_empty) {
            return Self(None);
        }
        let Some(body) = request.body_mut().take() else {
            return Self(None);
        };
        let handover = Arc::new(Handover::new());
        *request.body_mut() = Some(Body::wrap(AttemptBody {
            body,
            handover: Arc::clone(&handover),
        }));
        Self(Some(handover))
    }

    /// Ends the attempt. Returns true if the body may have been sent, false if none of it was or will be.
    pub(crate) fn end(&self) -> bool {
        self.0.as_ref().is_none_or(|handover| !handover.abandon())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.end();
    }
}

struct AttemptBody {
    body: Body,
    handover: Arc<Handover>,
}

impl HttpBody for AttemptBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { body, handover } = self.get_mut();
        if !handover.take() {
            return Poll::Ready(Some(Err(
                "the attempt ended before its body was sent".into()
            )));
        }
        Pin::new(body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn request(body: impl Into<Body>) -> Request {
        let url = reqwest::Url::parse("http://127.0.0.1/").unwrap();
        let mut request = Request::new(reqwest::Method::POST, url);
        *request.body_mut() = Some(body.into());
        request
    }

    /// Polls the next bytes as a connection does.
    async fn poll_body(request: &mut Request) -> Option<Result<Bytes, reqwest::Error>> {
        let body = request.body_mut().as_mut().unwrap();
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    #[tokio::test]
    async fn a_polled_body_may_have_been_sent() {
        let mut request = request("hello");
        let attempt = Attempt::new(&mut request);
        assert_eq!(poll_body(&mut request).await.unwrap().unwrap(), "hello");
        assert!(attempt.end());
        assert!(poll_body(&mut request).await.is_none());
    }

    #[tokio::test]
    async fn an_abandoned_body_is_never_sent() {
        let mut request = request("hello");
        let attempt = Attempt::new(&mut request);
        assert!(!attempt.end());
        assert!(poll_body(&mut request).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_dropped_attempt_abandons_its_body() {
        let mut request = request("hello");
        drop(Attempt::new(&mut request));
        assert!(poll_body(&mut request).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_stream_is_abandoned_or_sent_as_a_whole() {
        let chunks = || {
            let chunks = ["a", "b"].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
            Body::wrap_stream(futures_util::stream::iter(chunks))
        };
        let mut taken = request(chunks());
        let attempt = Attempt::new(&mut taken);
        assert_eq!(poll_body(&mut taken).await.unwrap().unwrap(), "a");
        assert!(attempt.end());
        assert_eq!(poll_body(&mut taken).await.unwrap().unwrap(), "b");

        let mut abandoned = request(chunks());
        drop(Attempt::new(&mut abandoned));
        assert!(poll_body(&mut abandoned).await.unwrap().is_err());
    }

    #[test]
    fn a_request_without_a_body_counts_as_sent() {
        let mut empty = request("");
        assert!(Attempt::new(&mut empty).end());
        *empty.body_mut() = None;
        assert!(Attempt::new(&mut empty).end());
    }
}
