//! Buffers that connections borrow while they have something to write.

/// Most idle buffers a shard keeps.
const MAX_IDLE: usize = 256;
/// Idle buffers larger than this many bytes are given back to the system, so
/// that memory shrinks after a burst.
const MAX_KEPT_CAPACITY: usize = 512 * 1024;
/// Capacity of a new buffer in bytes.
const NEW_CAPACITY: usize = 4 * 1024;

/// A shard's idle output buffers. Idle connections own none.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    idle: Vec<Vec<u8>>,
}

impl BufferPool {
    /// An empty buffer, preferably the one used last.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.idle
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(NEW_CAPACITY))
    }

    /// Takes back a buffer.
    pub(crate) fn give(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity > 0 && capacity <= MAX_KEPT_CAPACITY && self.idle.len() < MAX_IDLE {
            buffer.clear();
            self.idle.push(buffer);
        }
    }
}
