//! What is waiting to be written to one connection.
//!
//! Small pieces are copied into one contiguous buffer. A large body is not
//! copied while it lies in the input that is being processed: the queue holds
//! its place ([`Piece::Input`]), and the write at the end of the chunk takes it
//! from there. What could not be written by then becomes a shared copy
//! ([`Output::keep_input`]), one for all targets.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;

use super::buffers::BufferPool;
use super::transport::Transport;

/// Bodies of at least this many bytes are written from where they lie instead
/// of being copied. Below it a `memcpy` is cheaper than one more I/O vector.
pub(crate) const BORROW_FROM: usize = 8 * 1024;

/// Most I/O vectors of one write; the kernel's own limit is 1024.
const MAX_VECTORS: usize = 64;

/// A buffer's written front is cut off when it is longer than this and than
/// what is left, so that a reader that is always a little behind does not make
/// the buffer grow.
const COMPACT_FROM: usize = 64 * 1024;

#[derive(Debug)]
enum Piece {
    /// `bytes` up to this offset.
    Bytes { end: usize },
    /// A range of the input being processed.
    Input(Range<usize>),
    /// A copy shared by all targets of a message.
    Shared(Arc<[u8]>, Range<usize>),
}

/// Whether everything was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Nothing is left.
    All,
    /// The socket takes no more for now.
    Blocked,
}

/// The output queue of a connection.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Small pieces, in order; those before `written` are gone.
    bytes: Vec<u8>,
    /// Bytes of `bytes` that have been written.
    written: usize,
    /// The order of pieces; empty means "just `bytes`".
    pieces: VecDeque<Piece>,
    /// Bytes queued and not yet written.
    pending: usize,
    /// Bytes ever written, to judge progress of slow readers.
    total_written: u64,
    /// At least one piece lies in the input being processed.
    borrows_input: bool,
}

impl Output {
    /// Bytes queued and not yet written.
    #[inline]
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// Bytes written since the connection began.
    pub(crate) fn total_written(&self) -> u64 {
        self.total_written
    }

    /// The buffer to append a small piece of about `len` bytes to; pair with
    /// [`Output::appended`].
    #[inline]
    pub(crate) fn buffer(&mut self, pool: &mut BufferPool) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = pool.take();
        }
        &mut self.bytes
    }

    /// Accounts for `len` bytes appended to [`Output::buffer`].
    #[inline]
    pub(crate) fn appended(&mut self, len: usize) {
        self.pending += len;
        if !self.pieces.is_empty() {
            self.note_bytes();
        }
    }

    #[cold]
    fn note_bytes(&mut self) {
        let end = self.bytes.len();
        match self.pieces.back_mut() {
            Some(Piece::Bytes { end: last }) => *last = end,
            _ => self.pieces.push_back(Piece::Bytes { end }),
        }
    }

    /// Appends a copy of `data`.
    #[inline]
    pub(crate) fn push(&mut self, pool: &mut BufferPool, data: &[u8]) {
        self.buffer(pool).extend_from_slice(data);
        self.appended(data.len());
    }

    /// Appends a range of the input being processed, without copying it.
    pub(crate) fn push_input(&mut self, range: Range<usize>) {
        if self.pieces.is_empty() && self.bytes.len() > self.written {
            self.pieces.push_back(Piece::Bytes {
                end: self.bytes.len(),
            });
        }
        self.pending += range.len();
        self.pieces.push_back(Piece::Input(range));
        self.borrows_input = true;
    }

    /// Writes as much as the socket takes. `input` is what [`Piece::Input`]
    /// ranges refer to.
    ///
    /// # Errors
    /// The socket's, but for "would block" and "interrupted".
    pub(crate) fn flush(
        &mut self,
        transport: &mut Transport,
        input: &[u8],
        pool: &mut BufferPool,
    ) -> io::Result<Flushed> {
        while self.pending > 0 {
            let result = if self.pieces.is_empty() {
                transport.write(self.bytes.get(self.written..).unwrap_or_default())
            } else {
                self.write_pieces(transport, input)
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.consume(count),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.compact();
                    return Ok(Flushed::Blocked);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.reset(pool);
        match transport.flush() {
            Ok(()) => Ok(Flushed::All),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Flushed::Blocked),
            Err(e) => Err(e),
        }
    }

    /// Writes `data` from where it lies, while nothing else is waiting; queues
    /// a copy of what the socket does not take.
    ///
    /// # Errors
    /// As [`Output::flush`].
    pub(crate) fn write_through(
        &mut self,
        transport: &mut Transport,
        data: &[u8],
        pool: &mut BufferPool,
    ) -> io::Result<Flushed> {
        debug_assert_eq!(self.pending, 0);
        let mut rest = data;
        while !rest.is_empty() {
            match transport.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.total_written += count as u64;
                    rest = rest.get(count..).unwrap_or_default();
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.push(pool, rest);
                    return Ok(Flushed::Blocked);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        match transport.flush() {
            Ok(()) => Ok(Flushed::All),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Flushed::Blocked),
            Err(e) => Err(e),
        }
    }

    fn write_pieces(&self, transport: &mut Transport, input: &[u8]) -> io::Result<usize> {
        let mut vectors = [IoSlice::new(&[]); MAX_VECTORS];
        let mut count = 0;
        let mut at = self.written;
        for (piece, slot) in self.pieces.iter().zip(&mut vectors) {
            let slice = match piece {
                Piece::Bytes { end } => {
                    let slice = self.bytes.get(at..*end);
                    at = *end;
                    slice
                }
                Piece::Input(range) => input.get(range.clone()),
                Piece::Shared(data, range) => data.get(range.clone()),
            };
            *slot = IoSlice::new(slice.unwrap_or_default());
            count += 1;
        }
        transport.write_vectored(vectors.get(..count).unwrap_or_default())
    }

    /// Drops `count` written bytes off the front.
    fn consume(&mut self, mut count: usize) {
        self.pending -= count.min(self.pending);
        self.total_written += count as u64;
        if self.pieces.is_empty() {
            self.written += count;
            return;
        }
        while count > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                return;
            };
            let len = match piece {
                Piece::Bytes { end } => *end - self.written,
                Piece::Input(range) | Piece::Shared(_, range) => range.len(),
            };
            let taken = len.min(count);
            count -= taken;
            match piece {
                Piece::Bytes { .. } => self.written += taken,
                Piece::Input(range) | Piece::Shared(_, range) => range.start += taken,
            }
            if taken == len {
                self.pieces.pop_front();
            }
        }
    }

    /// After everything was written: nothing is kept for an idle connection.
    fn reset(&mut self, pool: &mut BufferPool) {
        self.written = 0;
        self.pieces.clear();
        self.borrows_input = false;
        pool.give(std::mem::take(&mut self.bytes));
    }

    fn compact(&mut self) {
        let left = self.bytes.len() - self.written;
        if self.written < COMPACT_FROM || self.written < left {
            return;
        }
        self.bytes.drain(..self.written);
        for piece in &mut self.pieces {
            if let Piece::Bytes { end } = piece {
                *end -= self.written;
            }
        }
        self.written = 0;
    }

    /// Makes the queue independent of `input`, which is about to be reused.
    /// `copies` is shared by all targets of the chunk.
    pub(crate) fn keep_input(&mut self, input: &[u8], copies: &mut InputCopies) {
        if !self.borrows_input {
            return;
        }
        self.borrows_input = false;
        for piece in &mut self.pieces {
            if let Piece::Input(range) = piece {
                *piece = copies.of(input, range.clone());
            }
        }
    }

    /// Forgets everything that is queued.
    pub(crate) fn clear(&mut self, pool: &mut BufferPool) {
        self.pending = 0;
        self.reset(pool);
    }
}

/// Copies of input ranges, made once per chunk however many targets want them.
#[derive(Debug, Default)]
pub(crate) struct InputCopies {
    /// By the end of the range in the input; a body is one range, of which a
    /// target may have written a front part already.
    copies: Vec<(usize, usize, Arc<[u8]>)>,
}

impl InputCopies {
    fn of(&mut self, input: &[u8], range: Range<usize>) -> Piece {
        for (start, end, data) in &self.copies {
            if *end == range.end && *start <= range.start {
                return Piece::Shared(data.clone(), range.start - start..range.end - start);
            }
        }
        let data: Arc<[u8]> = input.get(range.clone()).unwrap_or_default().into();
        let len = data.len();
        self.copies.push((range.start, range.end, data.clone()));
        Piece::Shared(data, 0..len)
    }

    /// Forgets the copies; targets keep those they hold.
    pub(crate) fn clear(&mut self) {
        self.copies.clear();
    }
}
