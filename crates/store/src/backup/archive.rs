//! `NATSARC1`: state, consumers, messages (storage-format.md 12.2).

use crate::types::{MessageRef, Nanos, Seq};
use crate::varint::{Reader, put_sv, put_uv};

use super::BackupError;

/// What the archive begins with.
pub const MAGIC: &[u8] = b"NATSARC1";
/// What the archive ends with.
pub const END: &[u8] = &[0; 5];

const STATE: &[u8] = b"state.json";
const CONSUMERS: &[u8] = b"consumers/";
/// Longest name.
const NAME_BYTES_MAX: u64 = 1 << 20;

/// An entry of an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// The stream's state, JSON.
    State(&'a [u8]),
    /// A consumer, JSON with `config` and `state`.
    Consumer {
        /// Its name.
        name: &'a [u8],
        /// Configuration and state.
        json: &'a [u8],
    },
    /// A message.
    Message(MessageRef<'a>),
    /// Nothing comes after this.
    End,
}

fn put(out: &mut Vec<u8>, name: &[u8], time: Nanos, seq: Seq, [header, payload]: [&[u8]; 2]) {
    put_uv(out, name.len() as u64);
    put_sv(out, time.0);
    put_uv(out, seq.0);
    put_uv(out, header.len() as u64);
    put_uv(out, payload.len() as u64);
    for part in [name, header, payload] {
        out.extend_from_slice(part);
    }
}

/// Appends the state, which comes first; `consumer_count` in it is the number
/// of consumers that follow.
pub fn put_state(out: &mut Vec<u8>, json: &[u8], now: Nanos) {
    put(out, STATE, now, Seq::NONE, [b"", json]);
}

/// Appends a consumer; they come after the state.
pub fn put_consumer(out: &mut Vec<u8>, name: &[u8], json: &[u8], now: Nanos) {
    let name = [CONSUMERS, name].concat();
    put(out, &name, now, Seq::NONE, [b"", json]);
}

/// Appends a message; they come last, ascending.
pub fn put_message(out: &mut Vec<u8>, message: &MessageRef<'_>) {
    let parts = [message.header, message.payload];
    put(out, message.subject, message.timestamp, message.seq, parts);
}

/// Reads the entry at the start of `bytes`: it and its length. `None` if more
/// bytes are needed.
///
/// # Errors
///
/// If it cannot be an entry.
pub fn read(bytes: &[u8]) -> Result<Option<(Entry<'_>, usize)>, BackupError> {
    let mut reader = Reader::new(bytes);
    let mut numbers = || {
        Some((
            reader.uv()?,
            reader.sv()?,
            reader.uv()?,
            reader.uv()?,
            reader.uv()?,
        ))
    };
    let Some((name_length, time, seq, header_length, payload_length)) = numbers() else {
        // Five numbers take 50 bytes at most.
        return if bytes.len() < 50 {
            Ok(None)
        } else {
            Err(BackupError::Content)
        };
    };
    let sizes = [name_length, header_length, payload_length];
    let too_large = crate::limits::RECORD_BYTES_MAX;
    if name_length > NAME_BYTES_MAX || sizes.iter().any(|&size| size > too_large) {
        return Err(BackupError::Content);
    }
    if name_length == 0 && seq == 0 && header_length == 0 && payload_length == 0 {
        return Ok(Some((Entry::End, bytes.len() - reader.rest().len())));
    }
    let mut part = |length: u64| reader.bytes(length as usize);
    let (Some(name), Some(header), Some(payload)) =
        (part(name_length), part(header_length), part(payload_length))
    else {
        return Ok(None);
    };
    let entry = match (seq, name.strip_prefix(CONSUMERS)) {
        (0, None) if name == STATE => Entry::State(payload),
        (0, Some(name)) => Entry::Consumer {
            name,
            json: payload,
        },
        (0, None) => return Err(BackupError::NoSequence),
        (seq, _) => Entry::Message(MessageRef {
            seq: Seq(seq),
            timestamp: Nanos(time),
            subject: name,
            header,
            payload,
        }),
    };
    Ok(Some((entry, bytes.len() - reader.rest().len())))
}
