//! Stores that Go servers have written open with the content they had.
//!
//! The archives and what the Go server 2.15.1 reports of them are in
//! `data/store-samples`; its README tells what each holds.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::{
    ConsumerStore, Counting, FileStore, Filter, Nanos, RootOptions, Seq, StoreRoot, StreamOptions,
    StreamStore,
};
use model::open::open_root;
use serde_json::Value;
use sha2::{Digest, Sha256};

const KEY: &str = "0123456789abcdef-store-sample-key";
const ACCOUNT: &str = "$G";

/// A folder that goes at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("midge-store-{}-{number}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn unpack(sample: &str) -> Self {
        let scratch = Self::new(sample);
        let archive = data().join(format!("{sample}.tar.gz"));
        let done = Command::new("tar")
            .arg("xzf")
            .arg(archive)
            .arg("-C")
            .arg(&scratch.0)
            .status();
        assert!(done.unwrap().success());
        scratch
    }

    fn root(&self, cipher: Option<Cipher>) -> StoreRoot {
        let keys = cipher.map(|cipher| EncryptionKeys {
            cipher,
            key: KEY.into(),
            previous: None,
        });
        let options = RootOptions {
            keys,
            ..RootOptions::default()
        };
        open_root(&self.0.join("jetstream"), &options)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store-samples")
}

/// Nanoseconds of an RFC 3339 time in UTC.
fn nanos(text: &str) -> i64 {
    let (date, time) = text.trim_end_matches('Z').split_once('T').unwrap();
    let date: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let clock: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    let (year, month, day) = (date[0], date[1], date[2]);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
    let fraction: i64 = format!("{fraction:0<9}").parse().unwrap();
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(fraction)
}

/// What a store is to be compared with: mostly what the Go server found.
struct Expected {
    streams: BTreeMap<String, Value>,
    /// Streams whose sequences are others: we recover more, or the Go server
    /// acts on limits and TTLs, which is not the store's business.
    sequences: BTreeMap<&'static str, Vec<u64>>,
}

fn expected(sample: &str) -> Expected {
    let path = data().join(format!("{sample}.expected.json"));
    let value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let streams = value["streams"].as_object().unwrap().clone();
    Expected {
        streams: streams.into_iter().collect(),
        sequences: BTreeMap::new(),
    }
}

fn seqs(ranges: &[(u64, u64)]) -> Vec<u64> {
    ranges
        .iter()
        .flat_map(|&(first, last)| first..=last)
        .collect()
}

fn options(meta: &Value) -> StreamOptions {
    StreamOptions {
        block_size: 32_000,
        compress: meta["compression"] == "s2",
        ttl: meta["allow_msg_ttl"] == true,
        limits: midge_store::Limits::Some,
    }
}

fn open(root: &StoreRoot, name: &str) -> FileStore {
    let found = root.streams(ACCOUNT).unwrap();
    let meta = found
        .into_iter()
        .find(|found| found.name == name)
        .unwrap()
        .meta
        .unwrap();
    let meta: Value = serde_json::from_slice(&meta).unwrap();
    root.open_stream(ACCOUNT, name, options(&meta)).unwrap().0
}

fn unquote(message: &Value, key: &str) -> Option<Vec<u8>> {
    message[key].as_str().map(|text| text.as_bytes().to_vec())
}

fn check_messages(name: &str, store: &mut FileStore, want: &Value, sequences: Option<&[u64]>) {
    let wanted: BTreeMap<u64, &Value> = want["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["subject"].is_string())
        .map(|message| (message["seq"].as_u64().unwrap(), message))
        .collect();
    let want: Vec<u64> = match sequences {
        Some(sequences) => sequences.to_vec(),
        None => wanted.keys().copied().collect(),
    };
    let mut found = Vec::new();
    let mut from = Seq(0);
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        found.push(message.seq.0);
        from = message.seq.next();
        let Some(want) = wanted.get(&message.seq.0) else {
            continue;
        };
        assert_eq!(
            message.subject,
            want["subject"].as_str().unwrap().as_bytes(),
            "{name}"
        );
        assert_eq!(message.timestamp.0, nanos(want["time"].as_str().unwrap()));
        if let Some(data) = unquote(want, "data") {
            assert_eq!(message.payload, data, "{name} {}", message.seq);
        } else if let Some(digest) = want["data_sha256"].as_str() {
            let have: [u8; 32] = Sha256::digest(message.payload).into();
            let have: String = have.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(have, digest);
        }
        if let Some(headers) = want["headers"].as_str() {
            assert_eq!(message.header, headers.as_bytes());
        }
    }
    assert_eq!(found, want, "{name}");
}

fn check_state(name: &str, store: &FileStore, want: &Value, same_messages: bool) {
    let (state, want) = (store.state(), &want["state"]);
    let number = |key: &str| want[key].as_u64().unwrap_or(0);
    if same_messages {
        assert_eq!(state.last.0, number("last_seq"), "{name}");
    }
    if number("last_seq") > 0 && same_messages {
        assert_eq!(state.messages, number("messages"), "{name}");
        assert_eq!(state.first.0, number("first_seq"), "{name}");
        assert_eq!(state.bytes, number("bytes"), "{name}");
        assert_eq!(state.deleted, number("num_deleted"), "{name}");
        assert_eq!(state.subjects, number("num_subjects"), "{name}");
    }
    let time = want["last_ts"].as_str().unwrap();
    let none = time.starts_with("0001") || time.starts_with("1754");
    if !none && same_messages {
        assert_eq!(state.last_time, Nanos(nanos(time)), "{name}");
    }
}

fn check_consumers(root: &StoreRoot, stream: &str, store: &mut FileStore, want: &Value) {
    let Some(consumers) = want["consumers"].as_object() else {
        return;
    };
    let mut listed = root.consumers(ACCOUNT, stream).unwrap();
    for (name, want) in consumers {
        let at = listed.iter().position(|found| found.name == *name).unwrap();
        let meta: Value = serde_json::from_slice(&listed.remove(at).meta.unwrap()).unwrap();
        let mut consumer = root.open_consumer(ACCOUNT, stream, name).unwrap();
        let state = consumer.take_recovered().unwrap();
        let pair = |which: &str, part: &str| want[which][part].as_u64().unwrap();
        assert_eq!(
            state.delivered.consumer,
            pair("delivered", "consumer_seq"),
            "{stream} {name}"
        );
        assert_eq!(state.ack_floor.consumer, pair("ack_floor", "consumer_seq"));
        assert_eq!(state.ack_floor.stream.0, pair("ack_floor", "stream_seq"));
        assert_eq!(
            state.pending.len() as u64,
            want["num_ack_pending"].as_u64().unwrap()
        );
        assert_eq!(
            state.redelivered.len() as u64,
            want["num_redelivered"].as_u64().unwrap()
        );
        let filter = Filter::subject(meta["filter_subject"].as_str().unwrap_or("").as_bytes());
        let next = state.delivered.stream.next();
        let pending = store.count(&filter, next, Counting::Messages).unwrap();
        assert_eq!(
            pending,
            want["num_pending"].as_u64().unwrap(),
            "{stream} {name}"
        );
        consumer.close(&state).unwrap();
    }
}

/// Opens every stream and compares it.
fn check(root: &StoreRoot, expected: &Expected, consumers: bool) {
    root.clean(ACCOUNT).unwrap();
    for (name, want) in &expected.streams {
        let sequences = expected.sequences.get(&name[..]).map(Vec::as_slice);
        let mut store = open(root, name);
        check_messages(name, &mut store, want, sequences);
        check_state(name, &store, want, sequences.is_none());
        if consumers && sequences.is_none() {
            check_consumers(root, name, &mut store, want);
        }
        store.close().unwrap();
    }
}

fn remove_indexes(scratch: &Scratch) {
    let streams = scratch.0.join("jetstream").join(ACCOUNT).join("streams");
    for stream in std::fs::read_dir(streams).unwrap() {
        std::fs::remove_file(stream.unwrap().path().join("msgs/index.db")).unwrap();
    }
}

/// As the Go server left it, as we left it, and from the blocks alone.
fn check_three_times(sample: &str, cipher: Option<Cipher>, expected: &Expected) {
    let scratch = Scratch::unpack(sample);
    check(&scratch.root(cipher), expected, true);
    check(&scratch.root(cipher), expected, true);
    remove_indexes(&scratch);
    check(&scratch.root(cipher), expected, true);
}

#[test]
fn plain_stores_open() {
    check_three_times("plain", None, &expected("plain"));
}

#[test]
fn deletes_of_every_kind_are_kept() {
    let mut expected = expected("deletes");
    let scratch = Scratch::unpack("deletes");
    check(&scratch.root(None), &expected, true);
    check(&scratch.root(None), &expected, true);
    remove_indexes(&scratch);
    // Limits are applied again by the stream.
    expected.sequences.insert("MAXMSGS", seqs(&[(1, 10)]));
    expected.sequences.insert("MAXPER", seqs(&[(1, 12)]));
    check(&scratch.root(None), &expected, true);
}

#[test]
fn headers_and_ttls_are_read() {
    let mut expected = expected("headers-ttl");
    // Expiry is the stream's business.
    expected.sequences.insert("TTL", seqs(&[(1, 6)]));
    expected.streams.remove("SDM");
    check_three_times("headers-ttl", None, &expected);
    let scratch = Scratch::unpack("headers-ttl");
    for _ in 0..2 {
        let root = scratch.root(None);
        let mut store = open(&root, "TTL");
        assert_eq!(store.next_expiry(), Some(Nanos(1795419530911033907)));
        let mut expired = Vec::new();
        store.take_expired(Nanos(1795419530911033907), 10, &mut expired);
        assert_eq!(expired, [Seq(5)]);
        store.take_expired(Nanos(i64::MAX), 10, &mut expired);
        assert_eq!(expired, [Seq(5), Seq(4), Seq(2)]);
        drop(store);
        // The next time it is found by scanning.
        let msgs = scratch.0.join("jetstream/$G/streams/TTL/msgs");
        let _ = std::fs::remove_file(msgs.join("thw.db"));
    }
}

#[test]
fn schedules_and_sources_are_read() {
    check_three_times("schedules-sources", None, &expected("schedules-sources"));
    let scratch = Scratch::unpack("schedules-sources");
    let root = scratch.root(None);
    let mut store = open(&root, "SCHED");
    let bytes = store
        .side_file(midge_store::SideFile::Schedules)
        .unwrap()
        .unwrap();
    let schedules = midge_store::sidefiles::decode_schedules(&bytes).unwrap();
    assert_eq!((schedules.stamp, schedules.entries.len()), (4, 2));
    let mut store = open(&root, "AGG");
    let bytes = store
        .side_file(midge_store::SideFile::Sources)
        .unwrap()
        .unwrap();
    let sources = midge_store::sidefiles::decode_sources(&bytes).unwrap();
    assert_eq!(sources.entries.len(), 2);
}

#[test]
fn compressed_blocks_are_read() {
    check_three_times("compressed-s2", None, &expected("compressed-s2"));
}

#[test]
fn encrypted_stores_open_with_their_key() {
    for (sample, cipher, other) in [
        ("encrypted-aes", Cipher::Aes, Cipher::ChaCha),
        ("encrypted-chacha", Cipher::ChaCha, Cipher::Aes),
    ] {
        check_three_times(sample, Some(cipher), &expected(sample));
        // The same key with the other cipher will do.
        check_three_times(sample, Some(other), &expected(sample));
    }
}

#[test]
fn encrypted_stores_stay_closed_without_their_key() {
    let scratch = Scratch::unpack("encrypted-aes");
    for found in scratch.root(None).streams(ACCOUNT).unwrap() {
        assert_eq!(
            found.meta.unwrap_err().to_string(),
            "encryption not enabled"
        );
    }
}

#[test]
fn plain_stores_are_encrypted_when_a_key_is_configured() {
    for (sample, cipher) in [("plain", Cipher::Aes), ("compressed-s2", Cipher::ChaCha)] {
        let scratch = Scratch::unpack(sample);
        check(&scratch.root(Some(cipher)), &expected(sample), true);
        let block = scratch.0.join("jetstream/$G/streams");
        let first = std::fs::read_dir(block)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        assert!(first.join("meta.key").exists());
        check(&scratch.root(Some(cipher)), &expected(sample), true);
        remove_indexes(&scratch);
        check(&scratch.root(Some(cipher)), &expected(sample), true);
    }
}

#[test]
fn key_value_buckets_and_work_queues_open() {
    let scratch = Scratch::unpack("kv-bucket");
    let mut kv = expected("kv-bucket");
    check(&scratch.root(None), &kv, true);
    remove_indexes(&scratch);
    // The limit of messages per subject is applied again by the stream.
    kv.sequences.insert("KV_CONFIG", seqs(&[(1, 8), (11, 41)]));
    check(&scratch.root(None), &kv, true);
    check_three_times("workqueue", None, &expected("workqueue"));
}

#[test]
fn a_killed_server_loses_nothing() {
    check_three_times("crash-kill9", None, &expected("crash-kill9"));
}

#[test]
fn torn_files_lose_what_was_torn_off() {
    let mut expected = expected("truncated-tail");
    // We see at once that the block is short.
    let less: Vec<u64> = (1..=100).filter(|&seq| seq != 68).collect();
    expected.sequences.insert("MIDIDX", less);
    let scratch = Scratch::unpack("truncated-tail");
    check(&scratch.root(None), &expected, false);
    check(&scratch.root(None), &expected, false);
}

#[test]
fn missing_blocks_are_told() {
    let scratch = Scratch::unpack("truncated-tail");
    let root = scratch.root(None);
    let store = open(&root, "LOSTBLK");
    let lost: Vec<u64> = store.lost().messages.iter().map(|seq| seq.0).collect();
    assert_eq!(lost, seqs(&[(35, 68)]));
    let mut store = open(&root, "MIDIDX");
    assert_eq!(store.load(Seq(68)).unwrap(), None);
    assert_eq!(store.lost().messages, [Seq(68)]);
}

#[test]
fn a_flipped_bit_costs_one_message() {
    let mut expected = expected("flipped-bit");
    let without_five = seqs(&[(1, 4), (6, 10)]);
    for stream in ["FLIP", "FLIPIDX", "FLIPSEQ", "FLIPLEN"] {
        expected.sequences.insert(stream, without_five.clone());
    }
    let flipmid: Vec<u64> = (1..=100).filter(|&seq| seq != 45).collect();
    expected.sequences.insert("FLIPMID", flipmid);
    let scratch = Scratch::unpack("flipped-bit");
    let root = scratch.root(None);
    let broken = root.open_consumer(ACCOUNT, "BADODAT", "C");
    if let Err(error) = broken {
        assert!(error.to_string().contains("corrupt state file"), "{error}");
    }
    check(&root, &expected, false);
    drop(root);
    let again = scratch.root(None);
    check(&again, &expected, false);
}

#[test]
fn interrupted_purges_are_completed_or_forgotten() {
    let scratch = Scratch::unpack("purge-interrupted");
    check(&scratch.root(None), &expected("purge-interrupted"), true);
    let streams = scratch.0.join("jetstream/$G/streams");
    assert!(!streams.join(".DELETED").exists());
    assert!(!streams.join("POLD/__msgs__").exists());
    check(&scratch.root(None), &expected("purge-interrupted"), true);
}

#[test]
fn stores_of_older_servers_open() {
    for sample in [
        "older-2.9.10",
        "older-2.10.26",
        "older-2.11.11",
        "older-2.12.8",
        "older-2.14.6",
    ] {
        let scratch = Scratch::unpack(sample);
        check(&scratch.root(None), &expected(sample), true);
        check(&scratch.root(None), &expected(sample), true);
    }
}
