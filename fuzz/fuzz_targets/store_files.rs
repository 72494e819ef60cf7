#![no_main]
//! The files of streams and consumers (storage-format.md 2, 6, 8, 10).
//!
//! Input: a byte that chooses, then the file. Where a file has checksums, they
//! are made right, so that they are no wall.

use libfuzzer_sys::fuzz_target;
use midge_store::consumer::{journal, odat};
use midge_store::counts::{Counts, Wanted};
use midge_store::file::{counts_db, idx29, index_db};
use midge_store::hash::Checksum;
use midge_store::note::{Gone, Note};
use midge_store::record::{self, Record};
use midge_store::scan::{Found, Scan};
use midge_store::seqset::SeqSet;
use midge_store::varint::{Reader, put_sv, put_uv};
use midge_store::{ConsumerChange, ConsumerState, Nanos, sidefiles, ttl};

fn sum() -> Checksum {
    Checksum::of_name(b"S")
}

/// The parts of a scan follow each other without gaps.
fn check_scan(block: &[u8], checksum: Option<&Checksum>) -> usize {
    let (mut at, mut records) = (0, 0);
    for found in Scan::new(block, checksum) {
        let (from, to) = match found {
            Found::Record(from, record) => {
                records += 1;
                let parts = record.subject.len() + record.header.len() + record.payload.len();
                assert!(record.bytes.len() >= parts + record::RECORD_BYTES_MIN);
                assert!(checksum.is_none_or(|checksum| record.is_intact(checksum)));
                (from, from + record.bytes.len())
            }
            Found::Damage(from, to) => (from, to),
        };
        assert!(from == at && to > from && to <= block.len());
        at = to;
    }
    assert_eq!(at, block.len());
    records
}

fn check_block(block: &[u8]) {
    check_scan(block, None);
    let sum = sum();
    check_scan(block, Some(&sum));
    // The same with right checksums: every record is found.
    let mut right = block.to_vec();
    let (mut at, mut count) = (0, 0);
    while let Some(record) = Record::parse(&right[at..]) {
        // A header of no bytes is never written: that is no good record.
        if right[at + 3] & 0x80 != 0 && record.header.is_empty() {
            break;
        }
        let mut one = Vec::new();
        let seq = u64::from_le_bytes(right[at + 4..at + 12].try_into().expect("8 bytes"));
        let (subject, header, payload) = (record.subject, record.header, record.payload);
        record::put_message(
            &mut one,
            Some(&sum),
            seq,
            record.timestamp,
            [subject, header, payload],
        );
        let length = record.bytes.len();
        let new = Record::parse(&one).expect("what was written");
        assert!(new.is_intact(&sum));
        assert_eq!(
            (new.kind, new.seq, new.subject),
            (record.kind, record.seq, subject)
        );
        assert_eq!((new.header, new.payload), (header, payload));
        let tail = one[one.len() - 8..].to_vec();
        right[at + length - 8..at + length].copy_from_slice(&tail);
        at += length;
        count += 1;
    }
    assert!(check_scan(&right, Some(&sum)) >= count);
}

fn check_index(body: &[u8]) {
    let Ok(file) = index_db::decode(body) else {
        return;
    };
    let subjects = file.subjects.len() * 3;
    assert!(subjects <= body.len() && file.blocks.len() * 7 <= body.len());
    let mut out = index_db::start(&file.head, file.subjects.len() as u64);
    file.subjects
        .iter()
        .for_each(|entry| index_db::put_subject(&mut out, entry));
    put_uv(&mut out, file.blocks.len() as u64);
    for block in &file.blocks {
        index_db::put_block(&mut out, file.head.first_time, block);
    }
    put_uv(
        &mut out,
        u64::from(file.blocks.last().map_or(0, |block| block.number)),
    );
    out.extend(file.last_sum);
    let again = index_db::decode(&out).expect("what was written");
    assert_eq!((&again.head, &again.subjects), (&file.head, &file.subjects));
    for (a, b) in again.blocks.iter().zip(&file.blocks) {
        assert_eq!(
            (a.number, a.bytes, a.first, a.last),
            (b.number, b.bytes, b.first, b.last)
        );
        assert_eq!((a.first_time, a.last_time), (b.first_time, b.last_time));
        assert_eq!(a.deleted, b.deleted);
        assert!(
            a.deleted
                .iter()
                .all(|seq| (b.first..=b.last).contains(&seq))
        );
    }
    assert_eq!(again.blocks.len(), file.blocks.len());
}

fn check_set(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(set) = SeqSet::decode(&mut reader) else {
        return;
    };
    assert!(set.len() <= bytes.len() as u64 * 8);
    assert_eq!(set.iter().count() as u64, set.len());
    assert!(set.iter().is_sorted());
    assert_eq!(set.iter().last(), set.last());
    let mut out = Vec::new();
    set.encode(&mut out);
    // Nodes of other places may split in two, and empty ones go.
    assert!(out.len() <= 2 * bytes.len() + 10);
    assert_eq!(SeqSet::decode(&mut Reader::new(&out)), Some(set));
}

fn check_state(bytes: &[u8]) {
    let Ok(Some(state)) = odat::decode(bytes) else {
        return;
    };
    assert!((state.pending.len() + state.redelivered.len()) * 2 <= bytes.len());
    let floor = state.ack_floor.stream;
    let again = odat::decode(&odat::encode(&state));
    let again = again.expect("what was written").expect("a state");
    assert_eq!(
        (again.delivered, again.ack_floor),
        (state.delivered, state.ack_floor)
    );
    let pending = state.pending.iter().filter(|entry| entry.stream > floor);
    assert!(pending.eq(&again.pending));
    let redelivered = state.redelivered.iter().filter(|(seq, _)| *seq > floor);
    assert!(redelivered.eq(&again.redelivered));
}

/// Frames of a row of bodies, each with its length in front.
fn frames(mut bytes: &[u8], put: &mut dyn FnMut(&[u8])) {
    while let Some((&length, rest)) = bytes.split_first() {
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        put(body);
        bytes = rest;
    }
}

fn check_journal(bytes: &[u8]) {
    let (sum, state_sum) = (sum(), [1; 8]);
    let mut file = Vec::new();
    journal::put_frame(&mut file, &journal::base(state_sum), &sum, None).expect("not sealed");
    let good = file.len() as u64;
    frames(bytes, &mut |body| {
        journal::put_frame(&mut file, body, &sum, None).expect("not sealed");
    });
    let whole = file.len() as u64;
    file.extend(bytes);
    let mut state = ConsumerState::default();
    let replay = journal::replay(&file, &sum, None, state_sum, &mut state);
    assert!(replay.length >= whole && replay.length <= file.len() as u64);
    assert!(replay.base_at.is_some_and(|at| at < replay.length));
    assert!((state.pending.len() + state.redelivered.len()) * 3 <= file.len());
    // As changes that are written the state is the same.
    let mut body = journal::changes();
    journal::put(&mut body, ConsumerChange::Delivered(state.delivered));
    journal::put(&mut body, ConsumerChange::Floor(state.ack_floor));
    for &entry in &state.pending {
        journal::put(&mut body, ConsumerChange::Pending(entry));
    }
    for &(seq, times) in &state.redelivered {
        journal::put(&mut body, ConsumerChange::Redelivered(seq, times));
    }
    file.truncate(good as usize);
    journal::put_frame(&mut file, &body, &sum, None).expect("not sealed");
    let mut again = ConsumerState::default();
    journal::replay(&file, &sum, None, state_sum, &mut again);
    assert_eq!(again, state);
    // What has another base is left alone.
    let mut other = ConsumerState::default();
    let replay = journal::replay(&file, &sum, None, [2; 8], &mut other);
    assert_eq!((replay.base_at, other), (None, ConsumerState::default()));
}

fn check_note(bytes: &[u8]) {
    let Some(note) = Note::decode(bytes) else {
        return;
    };
    assert!(note.ranges.len() * 2 <= bytes.len());
    let mut gone = Gone::default();
    gone.add(&note);
    assert!(gone.ranges() <= note.ranges.len());
    assert!(
        note.ranges
            .iter()
            .all(|&(first, end)| gone.has(first) && gone.has(end - 1))
    );
    assert!(!gone.has(note.highest() + 1));
    let again = note.encode();
    assert_eq!(
        again.iter().map(|part| Note::decode(part)).next(),
        Some(Some(note))
    );
}

fn check_side_files(bytes: &[u8]) {
    if let Some(file) = ttl::decode(bytes) {
        assert!(file.entries.len() * 2 <= bytes.len());
        let out = ttl::encode(file.stamp, file.entries.iter().copied());
        assert_eq!(ttl::decode(&out), Some(file));
    }
    if let Some(file) = sidefiles::decode_schedules(bytes) {
        assert!(file.entries.len() * 4 <= bytes.len());
        let out = sidefiles::encode_schedules(&file);
        assert_eq!(sidefiles::decode_schedules(&out), Some(file));
    }
    if let Some(file) = sidefiles::decode_sources(bytes) {
        assert!(file.entries.len() * 3 <= bytes.len());
        let out = sidefiles::encode_sources(&file);
        assert_eq!(sidefiles::decode_sources(&out), Some(file));
    }
}

fn check_counts(bytes: &[u8]) {
    let Some(file) = counts_db::decode(bytes) else {
        return;
    };
    let entries: usize = file
        .blocks
        .iter()
        .map(|(_, counts)| counts.iter().count())
        .sum();
    assert!(file.blocks.len() * 2 + entries <= bytes.len());
    assert_eq!(
        counts_db::decode(&counts_db::encode(&file)).as_ref(),
        Some(&file)
    );
    for (_, counts) in &file.blocks {
        let all: Vec<(u32, u64)> = counts.iter().collect();
        assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            all.iter()
                .all(|&(id, messages)| id < file.subjects && messages > 0)
        );
        assert_eq!(all.iter().map(|one| one.1).sum::<u64>(), counts.messages());
        assert!(
            all.iter()
                .step_by(37)
                .all(|&(id, messages)| counts.of(id) == messages)
        );
        let ids = all.iter().map(|one| one.0).collect();
        assert_eq!(counts.of_all(&mut Wanted::new(ids)), counts.messages());
        if let Some(&(first, messages)) = all.first() {
            let left = counts.without(&[first]).expect("it has one");
            assert_eq!(left.of(first), messages - 1);
            assert_eq!(Counts::parse(left.bytes(), file.subjects), Some(left));
        }
    }
}

fn check_old_index(bytes: &[u8]) {
    if let Some(index) = idx29::decode(bytes) {
        assert!(index.deleted.len() <= bytes.len() as u64 * 8);
        assert!(index.deleted.len() <= (index.last + 1).saturating_sub(index.first));
        assert_eq!(
            index.messages + index.deleted.len(),
            index.last + 1 - index.first
        );
    }
}

fn check_numbers(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    if let Some(value) = reader.uv() {
        let mut out = Vec::new();
        put_uv(&mut out, value);
        assert!(out.len() <= bytes.len() - reader.rest().len());
        assert_eq!(Reader::new(&out).uv(), Some(value));
    }
    let mut reader = Reader::new(bytes);
    if let Some(value) = reader.sv() {
        let mut out = Vec::new();
        put_sv(&mut out, value);
        assert_eq!(Reader::new(&out).sv(), Some(value));
    }
    let mut reader = Reader::new(bytes);
    if let Some(part) = reader.sized() {
        assert!(bytes.ends_with(reader.rest()) && part.len() < bytes.len());
    }
}

fn check_header(header: &[u8]) {
    ttl::has_schedule(header);
    match (ttl::ttl_of_header(header), ttl::expiry_of(1_000, header)) {
        (Some(ttl::Ttl::Seconds(seconds)), Some(at)) => {
            assert!(seconds >= 1);
            assert_eq!(Nanos(at), Nanos(1_000 + seconds * 1_000_000_000));
        }
        (Some(ttl::Ttl::Seconds(seconds)), None) => assert!(seconds > i64::MAX / 2_000_000_000),
        (_, at) => assert_eq!(at, None),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    match choice {
        b'b' => check_block(bytes),
        b'i' => check_index(bytes),
        b'c' => check_counts(bytes),
        b's' => check_set(bytes),
        b'o' => check_state(bytes),
        b'j' => check_journal(bytes),
        b'r' => check_note(bytes),
        b'f' => check_side_files(bytes),
        b'x' => check_old_index(bytes),
        b'n' => check_numbers(bytes),
        b'h' => check_header(bytes),
        _ => {}
    }
});
