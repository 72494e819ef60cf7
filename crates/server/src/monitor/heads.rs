//! Finds the request lines in what a client sends, and has them put right
//! (`request_line`) before the HTTP library reads them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::request_line::{Refusal, rewrite};

/// Longest request line that is looked at, bytes; longer ones pass as they
/// are. It is about the longest URI the HTTP library takes.
const LINE_MAX: usize = 1 << 16;

/// Bytes read at a time. Up to three times as many may wait for the reader.
const READ: usize = 4_096;

/// Bytes of a header field that are kept: enough for the two that announce a
/// body.
const FIELD_MAX: usize = 64;

/// Reads of what the client still sends after a refusal, so that closing the
/// socket does not reset the connection before it has read the answer.
const DRAIN_READS: usize = 16;

/// Where in a request the next byte is.
enum Place {
    /// In its first line, of which this much has come.
    Line(Vec<u8>),
    /// In its header block.
    Fields(Fields),
    /// Behind the header block of a request with a body. What follows passes
    /// as it is until the connection ends: to find the next request line the
    /// framing of the body would have to be known. Requests to this port have
    /// no bodies.
    Rest,
}

/// A header block on its way.
#[derive(Default)]
struct Fields {
    /// The start of the current field, at most [`FIELD_MAX`] bytes.
    field: Vec<u8>,
    /// A field so far announces a body.
    has_body: bool,
}

impl Fields {
    /// Takes up to one line of `bytes`; returns how many, and whether the
    /// block ends there.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = FIELD_MAX.saturating_sub(self.field.len());
        self.field.extend_from_slice(&part[..part.len().min(room)]);
        let Some(end) = end else {
            return (bytes.len(), false);
        };
        let is_end = matches!(self.field.as_slice(), b"" | b"\r");
        self.has_body |= announces_body(&self.field);
        self.field.clear();
        (end + 1, is_end)
    }
}

/// Whether a header field (or its start) says that a body follows.
fn announces_body(field: &[u8]) -> bool {
    let colon = field.iter().position(|byte| *byte == b':');
    let (name, value) = field.split_at(colon.unwrap_or(field.len()));
    let name = name.trim_ascii();
    if name.eq_ignore_ascii_case(b"content-length") {
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let is_cut = field.len() == FIELD_MAX;
        return is_cut || value.is_empty() || value.iter().any(|byte| *byte != b'0');
    }
    name.eq_ignore_ascii_case(b"transfer-encoding")
}

/// Follows the requests of a connection.
struct Scanner {
    place: Place,
}

impl Scanner {
    fn new() -> Self {
        Self {
            place: Place::Line(Vec::new()),
        }
    }

    /// Takes the next bytes, cut anywhere, and appends what the HTTP library
    /// is to read. A request line is held back until it is whole.
    ///
    /// # Errors
    /// A line that should start a request does not; `out` has all before it.
    fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            let taken = match &mut self.place {
                Place::Line(line) => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let taken = end.map_or(bytes.len(), |at| at + 1);
                    line.extend_from_slice(&bytes[..taken]);
                    if line.len() > LINE_MAX {
                        out.append(line);
                        self.place = Place::Rest;
                    } else if end.is_some() {
                        // Empty lines before a request are nothing (RFC 9112, 2.2).
                        if matches!(line.as_slice(), b"\n" | b"\r\n") {
                            line.clear();
                        } else {
                            rewrite_whole(line, out)?;
                            self.place = Place::Fields(Fields::default());
                        }
                    }
                    taken
                }
                Place::Fields(fields) => {
                    let (taken, is_end) = fields.take(bytes);
                    out.extend_from_slice(&bytes[..taken]);
                    if is_end {
                        self.place = match fields.has_body {
                            true => Place::Rest,
                            false => Place::Line(Vec::new()),
                        };
                    }
                    taken
                }
                Place::Rest => {
                    out.extend_from_slice(bytes);
                    bytes.len()
                }
            };
            bytes = &bytes[taken..];
        }
        Ok(())
    }
}

/// Rewrites a line, or leaves `out` as it was.
fn rewrite_whole(line: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    let before = out.len();
    rewrite(line, out).inspect_err(|_| out.truncate(before))
}

/// A stream whose reader sees request lines put right.
///
/// At a line that is refused, the reader sees the end of the stream, as if the
/// client had finished after the requests before; when it then closes the
/// stream, the client is told why.
pub(crate) struct Heads<S> {
    stream: S,
    scanner: Scanner,
    /// What the reader has not taken yet, from `taken` on.
    ready: Vec<u8>,
    taken: usize,
    refusal: Option<Farewell>,
}

/// The answer to a refused request.
struct Farewell {
    answer: Vec<u8>,
    /// Bytes of it that are written.
    written: usize,
    /// The reader has come to the refused request. It does not if it closes
    /// the connection after an earlier one.
    due: bool,
    /// Reads until the stream is closed whatever the client sends.
    drains: usize,
}

impl<S> Heads<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            scanner: Scanner::new(),
            ready: Vec::new(),
            taken: 0,
            refusal: None,
        }
    }

    /// Hands out what is ready; `false` if there is nothing.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let ready = self.ready.get(self.taken..).unwrap_or_default();
        if ready.is_empty() {
            return false;
        }
        let size = ready.len().min(buffer.remaining());
        buffer.put_slice(&ready[..size]);
        self.taken += size;
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.give(buffer) {
                return Poll::Ready(Ok(()));
            }
            if let Some(farewell) = &mut this.refusal {
                farewell.due = true;
                return Poll::Ready(Ok(()));
            }
            if matches!(this.scanner.place, Place::Rest) {
                return Pin::new(&mut this.stream).poll_read(context, buffer);
            }
            let mut bytes = [0; READ];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                // An unfinished request line is nothing.
                return Poll::Ready(Ok(()));
            }
            this.ready.clear();
            this.taken = 0;
            if let Err(refusal) = this.scanner.feed(read.filled(), &mut this.ready) {
                this.refusal = Some(Farewell {
                    answer: refusal.answer().into_bytes(),
                    written: 0,
                    due: false,
                    drains: DRAIN_READS,
                });
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let due = this.refusal.as_mut().filter(|farewell| farewell.due);
        if let Some(farewell) = due {
            while let Some(rest @ [_, ..]) = farewell.answer.get(farewell.written..) {
                let size = ready!(Pin::new(&mut this.stream).poll_write(context, rest))?;
                if size == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                farewell.written += size;
            }
            while farewell.drains > 0 {
                farewell.drains -= 1;
                let mut waste = [0; READ];
                let mut read = ReadBuf::new(&mut waste);
                match Pin::new(&mut this.stream).poll_read(context, &mut read) {
                    Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                    // It has sent no more, or it is gone.
                    _ => farewell.drains = 0,
                }
            }
        }
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
#[path = "heads_tests.rs"]
mod tests;
