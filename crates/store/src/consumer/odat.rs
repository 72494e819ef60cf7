//! `o.dat`: the state of a consumer (storage-format.md 10).

use crate::types::{Nanos, Seq};
use crate::varint::{Reader, put_sv, put_uv};

use super::{ConsumerState, PendingAck, SeqPair};

const MAGIC: u8 = 0x16;
const VERSION: u8 = 2;
const SECOND: i64 = 1_000_000_000;
/// Stream sequences have this bit clear.
const SEQ_INVALID: u64 = 1 << 63;

/// Why the file is no use; the texts are the Go server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StateError {
    /// It ends too early or holds what cannot be.
    #[error("corrupt state file")]
    Corrupt,
    /// Written by a newer server.
    #[error("unsupported version: {0}")]
    Version(u8),
}

/// Reads the file. `None` if it is empty: the consumer is a fresh one.
///
/// # Errors
///
/// See [`StateError`].
pub fn decode(bytes: &[u8]) -> Result<Option<ConsumerState>, StateError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(bytes);
    if reader.byte() != Some(MAGIC) {
        return Err(StateError::Corrupt);
    }
    let version = reader.byte().ok_or(StateError::Corrupt)?;
    if !(1..=VERSION).contains(&version) {
        return Err(StateError::Version(version));
    }
    read(&mut reader, version)
        .map(Some)
        .ok_or(StateError::Corrupt)
}

fn read(reader: &mut Reader<'_>, version: u8) -> Option<ConsumerState> {
    let mut pair = || {
        Some(SeqPair {
            consumer: reader.uv()?,
            stream: Seq(reader.uv()?),
        })
    };
    let (floor, mut delivered) = (pair()?, pair()?);
    if version == 1 {
        // Deliveries were counted from the floor on.
        if floor.consumer > 1 {
            delivered.consumer = delivered.consumer.checked_add(floor.consumer - 1)?;
        }
        if floor.stream.0 > 1 {
            delivered.stream = Seq(delivered.stream.0.checked_add(floor.stream.0 - 1)?);
        }
    }
    if (floor.stream.0 | delivered.stream.0) & SEQ_INVALID != 0 {
        return None;
    }
    let mut state = ConsumerState {
        delivered,
        ack_floor: floor,
        ..ConsumerState::default()
    };
    let count = reader.uv()?;
    if count > 0 {
        let base = reader.sv()?;
        for _ in 0..count {
            let stream = reader.uv()?.checked_add(floor.stream.0)?;
            let consumer = match version {
                1 => 0,
                // A message redelivered below the floor wraps around.
                _ => reader.uv()?.wrapping_add(floor.consumer),
            };
            let delta = reader.sv()?;
            let seconds = match version {
                1 => base.checked_add(delta)?,
                _ => base.checked_sub(delta)?,
            };
            if stream == 0 {
                return None;
            }
            state.pending.push(PendingAck {
                stream: Seq(stream),
                consumer,
                delivered_at: Nanos(seconds.checked_mul(SECOND)?),
            });
        }
    }
    // What is missing from here on is no reason to lose the rest.
    for _ in 0..reader.uv().unwrap_or(0) {
        let (Some(delta), Some(times)) = (reader.uv(), reader.uv()) else {
            break;
        };
        if delta > 0 && times > 0 {
            let seq = Seq(delta.checked_add(floor.stream.0)?);
            state.redelivered.push((seq, times));
        }
    }
    Some(state)
}

/// Writes the file. Times are kept in whole seconds.
pub fn encode(state: &ConsumerState) -> Vec<u8> {
    let mut out = vec![MAGIC, VERSION];
    let floor = state.ack_floor;
    put_uv(&mut out, floor.consumer);
    put_uv(&mut out, floor.stream.0);
    put_uv(&mut out, state.delivered.consumer);
    put_uv(&mut out, state.delivered.stream.0);
    let pending = state
        .pending
        .iter()
        .filter(|entry| entry.stream > floor.stream);
    put_uv(&mut out, pending.clone().count() as u64);
    // Any base will do; the newest keeps the differences small.
    if let Some(newest) = pending.clone().map(|entry| entry.delivered_at.0).max() {
        let base = seconds(newest);
        put_sv(&mut out, base);
        for entry in pending {
            put_uv(&mut out, entry.stream.0 - floor.stream.0);
            put_uv(&mut out, entry.consumer.wrapping_sub(floor.consumer));
            put_sv(&mut out, base - seconds(entry.delivered_at.0));
        }
    }
    let redelivered = state.redelivered.iter();
    let redelivered = redelivered.filter(|(seq, times)| *seq > floor.stream && *times > 0);
    put_uv(&mut out, redelivered.clone().count() as u64);
    for (seq, times) in redelivered {
        put_uv(&mut out, seq.0 - floor.stream.0);
        put_uv(&mut out, *times);
    }
    out
}

/// The nearest second.
fn seconds(nanos: i64) -> i64 {
    nanos.saturating_add(SECOND / 2).div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(consumer: u64, stream: u64) -> SeqPair {
        let stream = Seq(stream);
        SeqPair { consumer, stream }
    }

    /// The annotated file of storage-format.md 10.
    #[test]
    fn the_documented_file_is_read_and_written() {
        let bytes = [
            0x16, 2, 1, 1, 7, 6, 4, 0xc0, 0xb6, 0x9f, 0xb0, 0x0d, 1, 1, 2, 3, 3, 2, 4, 4, 2, 5, 5,
            2, 1, 1, 1,
        ];
        let state = decode(&bytes).unwrap().unwrap();
        assert_eq!((state.ack_floor, state.delivered), (pair(1, 1), pair(7, 6)));
        let found: Vec<_> = state
            .pending
            .iter()
            .map(|entry| (entry.stream.0, entry.consumer))
            .collect();
        assert_eq!(found, [(2, 2), (4, 4), (5, 5), (6, 6)]);
        assert_eq!(state.pending[0].delivered_at.0, 1795419551 * SECOND);
        assert_eq!(state.redelivered, [(Seq(2), 1)]);
        assert_eq!(decode(&encode(&state)).unwrap().unwrap(), state);
        for cut in 1..24 {
            assert!(decode(&bytes[..cut]).is_err(), "{cut}");
        }
        assert_eq!(decode(&[]), Ok(None));
        assert_eq!(decode(&[0x17, 2]), Err(StateError::Corrupt));
        assert_eq!(decode(&[0x16, 3, 0]), Err(StateError::Version(3)));
    }

    #[test]
    fn fresh_consumers_are_written_as_documented() {
        let state = ConsumerState::default();
        assert_eq!(encode(&state), [0x16, 2, 0, 0, 0, 0, 0, 0]);
        let state = ConsumerState {
            delivered: pair(0, 7),
            ack_floor: pair(0, 7),
            ..state
        };
        assert_eq!(encode(&state), [0x16, 2, 0, 7, 0, 7, 0, 0]);
    }
}
