//! The wire of one connection, which can be cut, held up and slowed down by the byte.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use memchr::memmem;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// How much of a reply's body goes out before the wire is cut in its middle.
const HALF: usize = 5;
/// How much goes out at once on a slow wire.
const PIECE: usize = 16;
/// The end of an HTTP head.
const END: &[u8] = b"\r\n\r\n";

/// The handle by which the server's answer decides on the wire that carries it, and learns that the server stops.
#[derive(Clone)]
pub(crate) struct ConnectionControl(Arc<Inner>);

struct Inner {
    plan: Mutex<Plan>,
    endless: AtomicBool,
    closing: watch::Receiver<bool>,
}

/// What is to happen to the bytes of a reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Plan {
    #[default]
    Nothing,
    /// The connection is reset before the first byte.
    Reset,
    /// So much of the body goes out; then the connection ends.
    Cut { reset: bool },
    /// Nothing goes out.
    Stall,
    /// A pause before each piece.
    Slow(Duration),
}

impl ConnectionControl {
    /// The control of a new connection, with what says that the server stops.
    pub(crate) fn new(closing: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Inner {
            plan: Mutex::default(),
            endless: AtomicBool::new(false),
            closing,
        }))
    }

    /// Completes when the server stops.
    pub(crate) async fn closing(&self) {
        // It fails when the server is gone.
        let _ = self.0.closing.clone().wait_for(|closing| *closing).await;
    }

    /// Decides on the reply that comes next.
    pub(crate) fn plan(&self, plan: Plan) {
        *self.0.plan.lock() = plan;
    }

    /// Forgets what was decided on the reply before.
    pub(crate) fn clear(&self) {
        *self.0.plan.lock() = Plan::Nothing;
        self.0.endless.store(false, Ordering::Relaxed);
    }

    /// Says that the reply has no end of its own.
    pub(crate) fn never_ends(&self) {
        self.0.endless.store(true, Ordering::Relaxed);
    }

    /// Whether the reply under way has no end of its own.
    pub(crate) fn is_endless(&self) -> bool {
        self.0.endless.load(Ordering::Relaxed)
    }
}

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

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let plan = *self.control.0.plan.lock();
        match plan {
            Plan::Nothing => self.write(context, bytes),
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
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
