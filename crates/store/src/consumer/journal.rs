//! The changes of a consumer since its `o.dat` was written, in a file beside
//! it (`journal.db`) that other servers do not look at.
//!
//! The file is a row of frames: u32 length of the body, checksum of the body,
//! body. The body (sealed, if the consumer is encrypted) begins with a byte
//! that tells what follows:
//!
//! - 1: changes, one after the other
//! - 2: the checksum of the `o.dat` that has all changes before this frame
//!
//! Only changes behind the frame that names the `o.dat` that is there are
//! applied: if another server wrote one meanwhile, none are.

use std::collections::BTreeMap;

use crate::crypt::Seed;
use crate::error::KeyError;
use crate::hash::{Checksum, Sum};
use crate::types::{Nanos, Seq};
use crate::varint::{Reader, put_sv, put_uv};

use super::{ConsumerChange, ConsumerState, PendingAck, SeqPair};

const CHANGES: u8 = 1;
const BASE: u8 = 2;

const DELIVERED: u8 = 1;
const FLOOR: u8 = 2;
const PENDING: u8 = 3;
const SETTLED: u8 = 4;
const REDELIVERED: u8 = 5;

/// Starts the body of a frame with changes.
pub fn changes() -> Vec<u8> {
    vec![CHANGES]
}

/// The body of a frame that names an `o.dat`.
pub fn base(sum: Sum) -> Vec<u8> {
    let mut body = vec![BASE];
    body.extend(sum);
    body
}

/// Appends a change to a body.
pub fn put(body: &mut Vec<u8>, change: ConsumerChange) {
    let mut put = |kind, numbers: &[u64]| {
        body.push(kind);
        numbers.iter().for_each(|&number| put_uv(body, number));
    };
    match change {
        ConsumerChange::Delivered(pair) => put(DELIVERED, &[pair.consumer, pair.stream.0]),
        ConsumerChange::Floor(pair) => put(FLOOR, &[pair.consumer, pair.stream.0]),
        ConsumerChange::Pending(entry) => {
            put(PENDING, &[entry.stream.0, entry.consumer]);
            put_sv(body, entry.delivered_at.0);
        }
        ConsumerChange::Settled(seq) => put(SETTLED, &[seq.0]),
        ConsumerChange::Redelivered(seq, times) => put(REDELIVERED, &[seq.0, times]),
    }
}

fn read_change(reader: &mut Reader<'_>) -> Option<ConsumerChange> {
    let kind = reader.byte()?;
    let mut pair = || {
        Some(SeqPair {
            consumer: reader.uv()?,
            stream: Seq(reader.uv()?),
        })
    };
    Some(match kind {
        DELIVERED => ConsumerChange::Delivered(pair()?),
        FLOOR => ConsumerChange::Floor(pair()?),
        PENDING => ConsumerChange::Pending(PendingAck {
            stream: Seq(reader.uv()?),
            consumer: reader.uv()?,
            delivered_at: Nanos(reader.sv()?),
        }),
        SETTLED => ConsumerChange::Settled(Seq(reader.uv()?)),
        REDELIVERED => ConsumerChange::Redelivered(Seq(reader.uv()?), reader.uv()?),
        _ => return None,
    })
}

/// Appends a frame.
///
/// # Errors
///
/// If the body cannot be sealed.
pub fn put_frame(
    out: &mut Vec<u8>,
    body: &[u8],
    checksum: &Checksum,
    seed: Option<&Seed>,
) -> Result<(), KeyError> {
    let sealed = match seed {
        Some(seed) => seed.seal(body)?,
        None => body.to_vec(),
    };
    out.extend((sealed.len() as u32).to_le_bytes());
    out.extend(checksum.sum(&sealed));
    out.extend(sealed);
    Ok(())
}

/// What a journal adds to the state in `o.dat`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replay {
    /// Bytes of the journal's good frames.
    pub length: u64,
    /// Where the frame is that names the `o.dat`, if there is one.
    pub base_at: Option<u64>,
}

/// Applies the changes of a journal that belong to the `o.dat` with this
/// checksum.
pub fn replay(
    journal: &[u8],
    checksum: &Checksum,
    seed: Option<&Seed>,
    state_sum: Sum,
    state: &mut ConsumerState,
) -> Replay {
    let mut replay = Replay::default();
    let mut reader = Reader::new(journal);
    let mut bodies = Vec::new();
    while let Some(body) = read_frame(&mut reader, checksum, seed) {
        if body.first() == Some(&BASE) {
            if body.get(1..) == Some(&state_sum[..]) {
                replay.base_at = Some(replay.length);
                bodies.clear();
            }
        } else if replay.base_at.is_some() {
            bodies.push(body);
        }
        replay.length = (journal.len() - reader.rest().len()) as u64;
    }
    if !bodies.is_empty() {
        apply(&bodies, state);
    }
    replay
}

fn read_frame(
    reader: &mut Reader<'_>,
    checksum: &Checksum,
    seed: Option<&Seed>,
) -> Option<Vec<u8>> {
    let length = reader.u32()?;
    let sum: Sum = reader.array()?;
    let sealed = reader.bytes(length as usize)?;
    if checksum.sum(sealed) != sum {
        return None;
    }
    match seed {
        Some(seed) => seed.unseal(sealed).ok(),
        None => Some(sealed.to_vec()),
    }
}

fn apply(bodies: &[Vec<u8>], state: &mut ConsumerState) {
    let old = std::mem::take(&mut state.pending);
    let mut pending: BTreeMap<Seq, PendingAck> =
        old.into_iter().map(|entry| (entry.stream, entry)).collect();
    let old = std::mem::take(&mut state.redelivered);
    let mut redelivered: BTreeMap<Seq, u64> = old.into_iter().collect();
    for body in bodies {
        let mut reader = Reader::new(body.get(1..).unwrap_or_default());
        while let Some(change) = read_change(&mut reader) {
            match change {
                ConsumerChange::Delivered(pair) => state.delivered = pair,
                ConsumerChange::Floor(pair) => {
                    state.ack_floor = pair;
                    pending = pending.split_off(&pair.stream.next());
                    redelivered = redelivered.split_off(&pair.stream.next());
                }
                ConsumerChange::Pending(entry) => {
                    pending.insert(entry.stream, entry);
                }
                ConsumerChange::Settled(seq) => {
                    pending.remove(&seq);
                }
                ConsumerChange::Redelivered(seq, 0) => {
                    redelivered.remove(&seq);
                }
                ConsumerChange::Redelivered(seq, times) => {
                    redelivered.insert(seq, times);
                }
            }
        }
    }
    state.pending = pending.into_values().collect();
    state.redelivered = redelivered.into_iter().collect();
}
