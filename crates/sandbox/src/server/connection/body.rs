//! The body of a request as it arrives.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::control::ConnectionControl;

/// A whole body may take so many times the longest pause within it.
const PAUSES: u32 = 10;

/// The body of a request. A pause in it that is too long is an error, and its connection knows whether it was read to its end.
pub(super) struct RequestBody {
    body: Incoming,
    control: ConnectionControl,
    patience: Duration,
    end: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, control: ConnectionControl, patience: Duration) -> Self {
        let has_ended = body.is_end_stream();
        if !has_ended {
            control.body_begins();
        }
        Self {
            body,
            control,
            patience,
            end: Instant::now() + patience * PAUSES,
            sleep: None,
            has_ended,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.sleep = None;
            // After an error nothing more can come.
            this.has_ended = !matches!(frame, Some(Ok(_))) || this.body.is_end_stream();
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let until = this.end.min(Instant::now() + this.patience);
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        sleep
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.control.body_ends(self.has_ended);
    }
}
