//! The bytes of one connection. Those of a reply can be cut, held up and slowed down.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::control::{ConnectionControl, Plan};

/// How much of a reply's body goes out before the connection is cut in its middle.
const HALF: usize = 5;
/// How much goes out at once on a slow connection.
const PIECE: usize = 16;
/// The end of an HTTP head.
const END: &[u8] = b"\r\n\r\n";
/// How long a closed connection takes what the client still sends: a reset would keep the reply from it.
const LINGER: Duration = Duration::from_secs(5);

/// A connection whose writing side obeys a [`ConnectionControl`].
pub(crate) struct FaultyStream {
    stream: TcpStream,
    control: ConnectionControl,
    pause: Option<Pin<Box<Sleep>>>,
    /// How many bytes are still to go out before the cut, once the end of the head is known.
    left: Option<usize>,
}

impl FaultyStream {
    pub(crate) fn new(stream: TcpStream, control: ConnectionControl) -> Self {
        Self {
            stream,
            control,
            pause: None,
            left: None,
        }
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    /// Ends the connection: with a reset, or in an orderly way.
    fn end(&self, reset: bool) -> Poll<io::Result<usize>> {
        if reset {
            // A socket that cannot be reset is closed in an orderly way, which is a fault as well.
            let _ = self.stream.set_zero_linger();
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    fn write_until_cut(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        reset: bool,
    ) -> Poll<io::Result<usize>> {
        let left = self.left.or_else(|| {
            let head = memmem::find(bytes, END)?;
            Some(head + END.len() + HALF)
        });
        let allowed = left.unwrap_or(bytes.len()).min(bytes.len());
        if allowed == 0 {
            return self.end(reset);
        }
        let written = ready!(self.write(context, &bytes[..allowed]))?;
        self.left = left.map(|left| left - written);
        Poll::Ready(Ok(written))
    }

    fn write_slowly(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        pause: Duration,
    ) -> Poll<io::Result<usize>> {
        let waiting = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(waiting.as_mut().poll(context));
        self.pause = None;
        self.write(context, &bytes[..PIECE.min(bytes.len())])
    }
}

impl FaultyStream {
    /// Reads and drops what comes, until the client closes its side or time is over.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ending = self.pause.get_or_insert_with(|| Box::pin(sleep(LINGER)));
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

impl AsyncRead for FaultyStream {
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

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.control.planned() {
            Plan::Nothing => {
                let written = self.write(context, bytes);
                self.control.sent(written.is_pending());
                written
            }
            Plan::Reset => self.end(true),
            Plan::Cut { reset } => self.write_until_cut(context, bytes, reset),
            Plan::Slow(pause) => self.write_slowly(context, bytes, pause),
            // Until the other side goes away, which it does without having sent more.
            Plan::Stall => {
                ready!(self.stream.poll_read_ready(context))?;
                self.end(false)
            }
        }
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
