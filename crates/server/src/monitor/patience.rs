//! How long a connection to the monitoring port may take.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Time for a TLS handshake, and then for the header block of each request,
/// counted from its first byte (of the first request: from the connection).
pub(crate) const HEAD_MAX: Duration = Duration::from_secs(5);

/// Time without any byte in either direction, between requests or while an
/// answer is taken: scrapers come at least once a minute.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// What a connection is doing.
#[derive(Clone, Copy)]
enum Phase {
    /// A header block is coming in, since then.
    Head(Instant),
    /// An answer is being put together.
    Answering,
    /// An answer is going out, or nothing happens; the last byte was then.
    Quiet(Instant),
}

/// Watches one connection.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<Phase>>);

impl Watch {
    /// Watches a connection that has just been accepted.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Phase::Head(Instant::now()))))
    }

    fn phase(&self) -> Phase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// A request is complete.
    pub(crate) fn request(&self) {
        self.set(Phase::Answering);
    }

    /// Its answer is about to go out.
    pub(crate) fn answer(&self) {
        self.set(Phase::Quiet(Instant::now()));
    }

    fn read(&self) {
        if let Phase::Quiet(_) = self.phase() {
            self.set(Phase::Head(Instant::now()));
        }
    }

    fn wrote(&self) {
        if let Phase::Quiet(_) = self.phase() {
            self.set(Phase::Quiet(Instant::now()));
        }
    }

    /// Returns when the connection has taken too long.
    pub(crate) async fn exceeded(&self) {
        loop {
            let now = Instant::now();
            let until = match self.phase() {
                Phase::Head(since) => since + HEAD_MAX,
                Phase::Quiet(since) => since + SILENCE_MAX,
                // Looked at again soon after the answer.
                Phase::Answering => now + HEAD_MAX,
            };
            if until <= now {
                return;
            }
            // The phase may change to one with less time meanwhile.
            tokio::time::sleep_until(until.min(now + HEAD_MAX)).await;
        }
    }
}

/// A stream that tells its watch of every byte.
pub(crate) struct Watched<S> {
    pub(crate) stream: S,
    pub(crate) watch: Watch,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.read();
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(_)) = poll {
            self.watch.wrote();
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
