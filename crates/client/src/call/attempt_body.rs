//! The body of one attempt, which is sent or abandoned, never both.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::{Body, Request};

use crate::call::handover::Handover;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The attempt's side of the hand-over. Dropping it abandons the body: of a call whose future is dropped, nothing is sent later.
///
/// A request without a body has no such moment: hyper writes its head without asking anybody. Such an attempt counts as sent
/// unless connecting failed.
pub(crate) struct Attempt(Option<Arc<Handover>>);

impl Attempt {
    /// Wraps the body of a request so that it asks before it is sent.
    pub(crate) fn new(request: &mut Request) -> Self {
        // hyper never asks for the bytes of an empty body.
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

    /// Ends the attempt. True if its body may have been sent; false if nothing of it was, and nothing will be.
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
        let this = self.get_mut();
        if !this.handover.take() {
            return Poll::Ready(Some(Err(
                "the attempt ended before its body was sent".into()
            )));
        }
        Pin::new(&mut this.body)
            .poll_frame(context)
            .map_err(Into::into)
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

    /// Asks for the next bytes as a connection does.
    async fn ask(request: &mut Request) -> Option<Result<Bytes, reqwest::Error>> {
        let body = request.body_mut().as_mut().unwrap();
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    #[tokio::test]
    async fn a_body_that_was_asked_for_may_have_been_sent() {
        let mut request = request("hello");
        let attempt = Attempt::new(&mut request);
        assert_eq!(ask(&mut request).await.unwrap().unwrap(), "hello");
        assert!(attempt.end());
        assert!(ask(&mut request).await.is_none());
    }

    #[tokio::test]
    async fn an_abandoned_body_is_never_sent() {
        let mut request = request("hello");
        let attempt = Attempt::new(&mut request);
        assert!(!attempt.end());
        assert!(ask(&mut request).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_dropped_attempt_abandons_its_body() {
        let mut request = request("hello");
        drop(Attempt::new(&mut request));
        assert!(ask(&mut request).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_stream_is_abandoned_as_a_whole_and_once_taken_goes_on() {
        let chunks = || {
            let chunks = ["a", "b"].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
            Body::wrap_stream(futures_util::stream::iter(chunks))
        };
        let mut taken = request(chunks());
        let attempt = Attempt::new(&mut taken);
        assert_eq!(ask(&mut taken).await.unwrap().unwrap(), "a");
        assert!(attempt.end());
        assert_eq!(ask(&mut taken).await.unwrap().unwrap(), "b");

        let mut abandoned = request(chunks());
        drop(Attempt::new(&mut abandoned));
        assert!(ask(&mut abandoned).await.unwrap().is_err());
    }

    #[test]
    fn a_request_without_a_body_counts_as_sent() {
        let mut empty = request("");
        assert!(Attempt::new(&mut empty).end());
        *empty.body_mut() = None;
        assert!(Attempt::new(&mut empty).end());
    }
}
