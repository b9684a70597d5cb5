//! The bytes of one connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::control::ConnectionControl;

/// How long a closed connection still reads from the client. A reset would make the client lose the reply.
const LINGER: Duration = Duration::from_secs(5);

/// A connection that reports its progress to a [`ConnectionControl`], and ends with a reset if the control says so.
pub(super) struct ClientStream {
    stream: TcpStream,
    control: ConnectionControl,
    ending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream, control: ConnectionControl) -> Self {
        Self {
            stream,
            control,
            ending: None,
        }
    }

    /// Reads and discards bytes until the client closes its side, the time is over, or the server stops.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let control = self.control.clone();
        let ending = self.ending.get_or_insert_with(|| {
            control.lingers();
            Box::pin(async move { drop(timeout(LINGER, control.closing()).await) })
        });
        if ending.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut room = [0; 16 * 1024];
        loop {
            let mut dropped = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut dropped));
            if read.is_err() || dropped.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let received = buffer.filled().get(before..);
        self.control.received(received.unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.control.sent(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        if self.control.has_more() {
            self.linger(context)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        if self.control.is_reset() {
            // If a socket cannot be reset, it is closed normally, which is a fault as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}
