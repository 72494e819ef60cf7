//! The record of a message in a block (storage-format.md 2).
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | length of the record; bit 31: there is a header |
//! | 4 | 8 | sequence; bit 63: erased, bit 62: tombstone |
//! | 12 | 8 | time, ns |
//! | 20 | 2 | length of the subject |
//! | 22 | | subject |
//! | | 4 | length of the header, if there is one |
//! | | | header, payload |
//! | end - 8 | 8 | checksum of all but the three lengths |

use crate::hash::{Checksum, Sum};
use crate::limits::RECORD_BYTES_MAX;

/// Bytes before the subject.
pub const HEAD_BYTES: usize = 22;
/// Bytes of the checksum.
pub const SUM_BYTES: usize = 8;
/// Bytes of a record without subject, header and payload.
pub const RECORD_BYTES_MIN: usize = HEAD_BYTES + SUM_BYTES;

const HEADER_BIT: u32 = 1 << 31;
const ERASED_BIT: u64 = 1 << 63;
const TOMBSTONE_BIT: u64 = 1 << 62;

/// The time that the Go server writes for "never": year 1 in a number that
/// cannot hold it.
pub const GO_ZERO_TIME: i64 = -6795364578871345152;

/// What a record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// There is a message with this sequence.
    Message,
    /// All sequences from the previous record's to this one are used, and
    /// this one has no message.
    Erased,
    /// The message with this sequence, in an earlier record, is deleted. The
    /// payload may tell of more, see [`note`](crate::note).
    Tombstone,
}

/// A record, borrowed from its block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// All its bytes.
    pub bytes: &'a [u8],
    /// What it says.
    pub kind: Kind,
    /// Its sequence, without the bits that tell the kind.
    pub seq: u64,
    /// Its time as stored; ns.
    pub timestamp: i64,
    /// The subject; not meaningful for other kinds than messages.
    pub subject: &'a [u8],
    /// The header section, or empty.
    pub header: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the start of `block`, if one can be there: its lengths
    /// fit. The checksum is not looked at.
    #[inline]
    pub fn parse(block: &'a [u8]) -> Option<Self> {
        let head: &[u8; HEAD_BYTES] = block.first_chunk()?;
        let word = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let length = (word & !HEADER_BIT) as usize;
        if length < RECORD_BYTES_MIN || length as u64 > RECORD_BYTES_MAX {
            return None;
        }
        let bytes = block.get(..length)?;
        let (seq, timestamp) = (read_u64(head, 4), read_u64(head, 12) as i64);
        let subject_length = usize::from(u16::from_le_bytes([head[20], head[21]]));
        let body = bytes.get(HEAD_BYTES..length - SUM_BYTES)?;
        let (subject, rest) = body.split_at_checked(subject_length)?;
        let (header, payload) = if word & HEADER_BIT == 0 {
            (&[][..], rest)
        } else {
            let (size, rest) = rest.split_first_chunk::<4>()?;
            rest.split_at_checked(u32::from_le_bytes(*size) as usize)?
        };
        let kind = if seq & ERASED_BIT != 0 || seq == 0 {
            Kind::Erased
        } else if seq & TOMBSTONE_BIT != 0 {
            Kind::Tombstone
        } else {
            Kind::Message
        };
        Some(Self {
            bytes,
            kind,
            seq: seq & !(ERASED_BIT | TOMBSTONE_BIT),
            timestamp,
            subject,
            header,
            payload,
        })
    }

    /// The stored checksum.
    #[inline]
    pub fn sum(&self) -> Sum {
        self.bytes.last_chunk().copied().unwrap_or_default()
    }

    /// Whether the checksum is right.
    #[inline]
    pub fn is_intact(&self, checksum: &Checksum) -> bool {
        let stamp = self.bytes.get(4..20).unwrap_or_default();
        let sum = if self.header.is_empty() {
            let end = self.bytes.len() - SUM_BYTES;
            let body = self.bytes.get(HEAD_BYTES..end).unwrap_or_default();
            checksum.sum_of(&[stamp, body])
        } else {
            checksum.sum_of(&[stamp, self.subject, self.header, self.payload])
        };
        sum == self.sum()
    }
}

#[inline]
fn read_u64(head: &[u8; HEAD_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| head[at + index]))
}

/// Length of the record of a message.
#[inline]
pub fn record_length(subject: &[u8], header: &[u8], payload: &[u8]) -> u64 {
    let header_length = if header.is_empty() {
        0
    } else {
        header.len() + 4
    };
    (RECORD_BYTES_MIN + subject.len() + header_length + payload.len()) as u64
}

/// What a record's sequence field is made of.
fn sequence_field(kind: Kind, seq: u64) -> u64 {
    match kind {
        Kind::Message => seq,
        Kind::Erased => seq | ERASED_BIT,
        Kind::Tombstone => seq | TOMBSTONE_BIT,
    }
}

/// Appends the record of a message. Without `checksum` (records that never
/// leave memory) the sum is zeros. The lengths have to be within bounds.
#[inline]
pub fn put_message(
    out: &mut Vec<u8>,
    checksum: Option<&Checksum>,
    seq: u64,
    timestamp: i64,
    [subject, header, payload]: [&[u8]; 3],
) -> Sum {
    let length = record_length(subject, header, payload) as usize;
    out.reserve(length);
    let flag = if header.is_empty() { 0 } else { HEADER_BIT };
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&(length as u32 | flag).to_le_bytes());
    head[4..12].copy_from_slice(&seq.to_le_bytes());
    head[12..20].copy_from_slice(&timestamp.to_le_bytes());
    head[20..].copy_from_slice(&(subject.len() as u16).to_le_bytes());
    out.extend_from_slice(&head);
    let body_at = out.len();
    out.extend_from_slice(subject);
    if !header.is_empty() {
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(header);
    }
    out.extend_from_slice(payload);
    let sum = match checksum {
        None => Sum::default(),
        Some(checksum) if header.is_empty() => {
            checksum.sum_of(&[&head[4..20], out.get(body_at..).unwrap_or_default()])
        }
        Some(checksum) => checksum.sum_of(&[&head[4..20], subject, header, payload]),
    };
    out.extend_from_slice(&sum);
    sum
}

/// Appends a record without subject and body: a tombstone or a skip record.
pub fn put_mark(
    out: &mut Vec<u8>,
    checksum: Option<&Checksum>,
    kind: Kind,
    seq: u64,
    timestamp: i64,
) -> Sum {
    put_message(
        out,
        checksum,
        sequence_field(kind, seq),
        timestamp,
        [&[], &[], &[]],
    )
}

/// Appends a tombstone that says more than its sequence (see
/// [`note`](crate::note)).
pub fn put_tombstone(
    out: &mut Vec<u8>,
    checksum: Option<&Checksum>,
    seq: u64,
    timestamp: i64,
    note: &[u8],
) -> Sum {
    let seq = sequence_field(Kind::Tombstone, seq);
    put_message(out, checksum, seq, timestamp, [&[], &[], note])
}

/// Turns the record of a message, all of `bytes`, into an erased one: its
/// content becomes `random`, its time 0 (storage-format.md 3.5).
pub fn erase(
    bytes: &mut [u8],
    checksum: Option<&Checksum>,
    seq: u64,
    random: &mut dyn FnMut(&mut [u8]),
) {
    let length = bytes.len();
    if length < RECORD_BYTES_MIN {
        return;
    }
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    bytes[4..12].copy_from_slice(&sequence_field(Kind::Erased, seq).to_le_bytes());
    bytes[12..HEAD_BYTES].fill(0);
    let (rest, sum) = bytes.split_at_mut(length - SUM_BYTES);
    random(&mut rest[HEAD_BYTES..]);
    if let Some(checksum) = checksum {
        sum.copy_from_slice(&checksum.sum_of(&[&rest[4..20], &rest[HEAD_BYTES..]]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The annotated block of storage-format.md 4.1.
    #[test]
    fn records_are_those_of_the_go_server() {
        let sum = Checksum::of_block(b"PLAIN", 1);
        let mut block = Vec::new();
        let none = b"".as_slice();
        put_message(
            &mut block,
            Some(&sum),
            1,
            1795419323789008102,
            [b"plain.a", none, b"m0"],
        );
        let fourth = block.len();
        let header = b"NATS/1.0\r\nX: y\r\n\r\n".as_slice();
        let time = 0x18ea9c5cc9554a46;
        put_message(
            &mut block,
            Some(&sum),
            4,
            time,
            [b"plain.b", header, b"hello"],
        );
        let tombstone = block.len();
        put_mark(
            &mut block,
            Some(&sum),
            Kind::Tombstone,
            2,
            0x18ea9c5cc95367c2,
        );
        assert_eq!(block[..4], [0x27, 0, 0, 0]);
        assert_eq!(
            block[fourth - 8..fourth],
            [0x27, 0xf6, 0xd1, 0x03, 0xd4, 0x5b, 0x97, 0x52]
        );
        assert_eq!(block[fourth..fourth + 4], [0x40, 0, 0, 0x80]);
        let last = &block[tombstone - 8..tombstone];
        assert_eq!(last, [0xad, 0x6f, 0x71, 0x9a, 0x00, 0xa8, 0x10, 0x0f]);
        assert_eq!(
            block[block.len() - 8..],
            [7, 0x0a, 0x85, 0xc8, 0x24, 0x5c, 0x68, 0xd3]
        );

        let record = Record::parse(&block[fourth..]).unwrap();
        assert_eq!((record.seq, record.kind), (4, Kind::Message));
        assert_eq!((record.header, record.payload), (header, &b"hello"[..]));
        assert!(record.is_intact(&sum));
        assert!(!record.is_intact(&Checksum::of_block(b"PLAIN", 2)));
        let record = Record::parse(&block[tombstone..]).unwrap();
        assert_eq!((record.seq, record.kind), (2, Kind::Tombstone));
        assert!(Record::parse(&block[tombstone..block.len() - 1]).is_none());
    }

    #[test]
    fn an_erased_record_has_its_length_and_nothing_else() {
        let sum = Checksum::of_block(b"S", 3);
        let mut block = Vec::new();
        put_message(
            &mut block,
            Some(&sum),
            9,
            5,
            [b"a.b", b"NATS/1.0\r\n\r\n", b"secret"],
        );
        let length = block.len();
        erase(&mut block, Some(&sum), 9, &mut |bytes| bytes.fill(0xaa));
        let record = Record::parse(&block).unwrap();
        assert_eq!(
            (record.kind, record.seq, record.timestamp),
            (Kind::Erased, 9, 0)
        );
        assert_eq!(record.bytes.len(), length);
        assert!(record.is_intact(&sum) && record.subject.is_empty());
        assert!(!block.windows(6).any(|window| window == b"secret"));
    }
}
