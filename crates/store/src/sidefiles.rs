//! Files that lie beside a stream's messages: `sched.db` and `sources.db`
//! (storage-format.md 8.2, 8.4).

use crate::varint::{Reader, put_sv, put_uv};

const VERSION: u8 = 1;

/// One message schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The subject that has the schedule.
    pub subject: Vec<u8>,
    /// When it fires next, ns.
    pub next: i64,
    /// The message that set it.
    pub seq: u64,
}

/// How far a source was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourcePosition {
    /// The source's key.
    pub key: Vec<u8>,
    /// Last sequence taken from it.
    pub seq: u64,
    /// Identity of the origin, or empty.
    pub identity: Vec<u8>,
}

/// Entries that are complete for all sequences of the stream below `stamp`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamped<T> {
    /// Last sequence + 1 when it was written.
    pub stamp: u64,
    /// In any order.
    pub entries: Vec<T>,
}

fn head(bytes: &[u8], entry_bytes_min: usize) -> Option<(Reader<'_>, usize, u64)> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    let count = usize::try_from(reader.u64()?).ok()?;
    let stamp = reader.u64()?;
    (count <= reader.rest().len() / entry_bytes_min).then_some((reader, count, stamp))
}

fn start(count: usize, stamp: u64) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend((count as u64).to_le_bytes());
    out.extend(stamp.to_le_bytes());
    out
}

/// Reads `sched.db`.
pub fn decode_schedules(bytes: &[u8]) -> Option<Stamped<Schedule>> {
    let (mut reader, count, stamp) = head(bytes, 4)?;
    let mut entry = || {
        let length = reader.u16()?;
        Some(Schedule {
            subject: reader.bytes(usize::from(length))?.to_vec(),
            next: reader.sv()?,
            seq: reader.uv()?,
        })
    };
    let entries: Option<Vec<_>> = (0..count).map(|_| entry()).collect();
    Some(Stamped {
        stamp,
        entries: entries?,
    })
}

/// Writes `sched.db`. Subjects have less than 64 KiB.
pub fn encode_schedules(file: &Stamped<Schedule>) -> Vec<u8> {
    let mut out = start(file.entries.len(), file.stamp);
    for entry in &file.entries {
        out.extend((entry.subject.len() as u16).to_le_bytes());
        out.extend_from_slice(&entry.subject);
        put_sv(&mut out, entry.next);
        put_uv(&mut out, entry.seq);
    }
    out
}

/// Reads `sources.db`.
pub fn decode_sources(bytes: &[u8]) -> Option<Stamped<SourcePosition>> {
    let (mut reader, count, stamp) = head(bytes, 3)?;
    let mut entry = || {
        Some(SourcePosition {
            key: reader.sized()?.to_vec(),
            seq: reader.uv()?,
            identity: reader.sized()?.to_vec(),
        })
    };
    let entries: Option<Vec<_>> = (0..count).map(|_| entry()).collect();
    Some(Stamped {
        stamp,
        entries: entries?,
    })
}

/// Writes `sources.db`.
pub fn encode_sources(file: &Stamped<SourcePosition>) -> Vec<u8> {
    let mut out = start(file.entries.len(), file.stamp);
    for entry in &file.entries {
        put_uv(&mut out, entry.key.len() as u64);
        out.extend_from_slice(&entry.key);
        put_uv(&mut out, entry.seq);
        put_uv(&mut out, entry.identity.len() as u64);
        out.extend_from_slice(&entry.identity);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_schedules_are_read_and_written() {
        let mut bytes = vec![1, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        bytes.extend(b"sched.at");
        bytes.extend([
            0x80, 0x80, 0xb0, 0xea, 0xea, 0xf3, 0xe7, 0xee, 0x71, 2, 0x0b, 0,
        ]);
        bytes.extend(b"sched.every");
        bytes.extend([0x80, 0xe8, 0xf0, 0xaa, 0xef, 0xf2, 0xc3, 0xcc, 0x5d, 3]);
        let file = decode_schedules(&bytes).unwrap();
        assert_eq!(file.stamp, 4);
        assert_eq!(file.entries[0].next, 4102444800000000000);
        assert_eq!(
            (file.entries[1].next, file.entries[1].seq),
            (3372219529000000000, 3)
        );
        assert_eq!(encode_schedules(&file), bytes);
        assert_eq!(decode_schedules(&bytes[..40]), None);
    }

    #[test]
    fn the_documented_sources_are_read_and_written() {
        let mut bytes = vec![1, 2, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 10];
        bytes.extend(b"ORIGIN > >\x05\x08q5OexmYT\x13ORIGIN2 origin2.a >\x03\x08SLA0i3hf");
        let file = decode_sources(&bytes).unwrap();
        assert_eq!(file.entries[1].key, b"ORIGIN2 origin2.a >");
        assert_eq!(
            (file.entries[0].seq, &file.entries[0].identity[..]),
            (5, &b"q5OexmYT"[..])
        );
        assert_eq!(encode_sources(&file), bytes);
        assert_eq!(decode_sources(&bytes[..bytes.len() - 1]), None);
    }
}
