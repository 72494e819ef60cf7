//! Measures the stores: `cargo run --release -p midge-store --example
//! store_bench [messages] [subjects] [folder]`.
//!
//! Prints nanoseconds for each operation, and the memory and the time of a
//! restart.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use midge_store::disk::RealDisk;
use midge_store::{
    CacheBudget, Counting, FileStore, Filter, MemoryStore, Nanos, NewMessage, Removal, RootOptions,
    Seq, StoreRoot, StreamOptions, StreamStore,
};

const PAYLOAD: [u8; 128] = [b'x'; 128];
/// Messages that are flushed together.
const BATCH: u64 = 500;

fn root(folder: &Path) -> StoreRoot {
    let options = RootOptions {
        keys: None,
        budget: CacheBudget::default(),
    };
    StoreRoot::open(Arc::new(RealDisk), folder, options).unwrap()
}

fn report(what: &str, count: u64, start: Clock) {
    let nanos = start.elapsed().as_nanos() as f64;
    println!("{what:44} {:10.1} ns  ({count})", nanos / count as f64);
}

/// Processor time of this thread where the system tells it (other load on the
/// machine does not count then), else time.
#[derive(Clone, Copy)]
struct Clock {
    cpu: Option<u64>,
    wall: Instant,
}

impl Clock {
    fn cpu() -> Option<u64> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split_whitespace().next()?.parse().ok()
    }

    fn now() -> Self {
        Self {
            cpu: Self::cpu(),
            wall: Instant::now(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.cpu, Self::cpu()) {
            (Some(before), Some(now)) => Duration::from_nanos(now - before),
            _ => self.wall.elapsed(),
        }
    }
}

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn append(store: &mut dyn StreamStore, count: u64, subject: &dyn Fn(u64, &mut Vec<u8>)) {
    let mut text = Vec::new();
    for at in 0..count {
        subject(at, &mut text);
        store
            .append(NewMessage {
                subject: &text,
                payload: &PAYLOAD,
                timestamp: Nanos(1_700_000_000_000_000_000 + at as i64),
                ..NewMessage::default()
            })
            .unwrap();
        if (at + 1) % BATCH == 0 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
}

fn one_subject(_: u64, text: &mut Vec<u8>) {
    text.clear();
    text.extend_from_slice(b"orders.new");
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        arguments
            .next()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (messages, subjects): (u64, u64) = (number(2_000_000), number(200_000));
    let folder = arguments.next().map_or_else(
        || std::env::temp_dir().join(format!("midge-store-bench-{}", std::process::id())),
        PathBuf::from,
    );
    let _ = std::fs::remove_dir_all(&folder);
    small(&folder, messages.min(2_000_000));
    bucket(&folder, messages.min(2_000_000), subjects.min(100_000));
    large(&folder, messages, subjects);
    let _ = std::fs::remove_dir_all(&folder);
}

/// One subject, sequential.
fn small(folder: &Path, count: u64) {
    let options = StreamOptions::default();
    if std::env::var_os("ONLY_APPEND").is_some() {
        let root = root(folder);
        let mut store = root.create_stream("$G", "SMALL", b"{}", options).unwrap();
        let start = Clock::now();
        append(&mut store, count, &one_subject);
        report("file: append, flush each 500", count, start);
        std::process::exit(0);
    }
    let mut memory = MemoryStore::new(options);
    let start = Clock::now();
    append(&mut memory, count, &one_subject);
    report("memory: append", count, start);
    read_all(&mut memory, "memory: sequential read");
    drop(memory);

    let root = root(folder);
    let mut store = root.create_stream("$G", "SMALL", b"{}", options).unwrap();
    let start = Clock::now();
    append(&mut store, count, &one_subject);
    report("file: append, flush each 500", count, start);
    if let Some(task) = store.take_sync() {
        let start = Clock::now();
        task.run().unwrap();
        println!("file: first sync of everything {:28.1} ms", millis(start));
    }
    let start = Clock::now();
    for _ in 0..200 {
        append(&mut store, BATCH, &one_subject);
        store.take_sync().unwrap().run().unwrap();
    }
    report("file: append 500, flush, sync", 200 * BATCH, start);
    read_all(&mut store, "file: sequential read");
    read_all(&mut store, "file: sequential read, again");
    let start = Clock::now();
    let mut seq = 1;
    for _ in 0..100_000 {
        seq = (seq * 7_919 + 13) % count.min(100_000);
        store.load(Seq(count - seq)).unwrap();
    }
    report("file: random read, cached", 100_000, start);
    store.close().unwrap();
    root.delete_stream("$G", "SMALL").unwrap();
}

/// A bucket that keeps one value for each key.
fn bucket(folder: &Path, updates: u64, keys: u64) {
    let place = root(folder);
    let options = StreamOptions {
        block_size: 4 << 20,
        ..StreamOptions::default()
    };
    let mut store = place.create_stream("$G", "KV", b"{}", options).unwrap();
    let mut text = Vec::new();
    let start = Clock::now();
    for at in 0..updates {
        use std::io::Write as _;
        let key = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
        text.clear();
        write!(text, "$KV.bucket.key.{key}").unwrap();
        let done = store
            .append(NewMessage {
                subject: &text,
                payload: &PAYLOAD,
                timestamp: Nanos(1_700_000_000_000_000_000 + at as i64),
                ..NewMessage::default()
            })
            .unwrap();
        if done.subject_messages > 1 {
            let first = store.subject_state(&text).unwrap().unwrap().first;
            store.remove(first, Removal::Limit).unwrap().unwrap();
        }
        if (at + 1) % BATCH == 0 {
            store.flush().unwrap();
        }
        if (at + 1) % 200_000 == 0 {
            store.flush().unwrap();
            store.take_sync().map_or(Ok(()), |task| task.run()).unwrap();
            while store.maintain(Nanos(1)).unwrap() {}
        }
    }
    report("file: update of one value per key", updates, start);
    println!("  {:?}", store.memory());
    store.close().unwrap();
}

fn millis(start: Clock) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn read_all(store: &mut dyn StreamStore, what: &str) {
    let start = Clock::now();
    let (mut from, mut count, mut bytes) = (Seq(1), 0u64, 0u64);
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        from = message.seq.next();
        count += 1;
        bytes += message.payload.len() as u64;
    }
    assert_eq!(bytes, count * 128);
    report(what, count, start);
}

/// Many subjects: searches, counts, restart.
fn large(folder: &Path, messages: u64, subjects: u64) {
    let options = StreamOptions::default();
    let place = root(folder);
    let mut store = place.create_stream("$G", "LARGE", b"{}", options).unwrap();
    let name = |at: u64, text: &mut Vec<u8>| {
        use std::io::Write as _;
        let number = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % subjects;
        text.clear();
        write!(text, "devices.{}.sensor.{number}", number % 1000).unwrap();
    };
    let start = Clock::now();
    append(&mut store, messages, &name);
    report("file: append to many subjects", messages, start);
    println!("memory resident {:43} MiB", resident());
    println!("memory of index and cache {:?}", store.memory());

    let start = Clock::now();
    for at in 0..1_000u64 {
        let mut text = Vec::new();
        name(at * 31, &mut text);
        store
            .previous(&Filter::subject(&text), Seq::MAX)
            .unwrap()
            .unwrap();
    }
    report("file: last message of a subject", 1_000, start);
    searches(&mut store, messages);
    let start = Clock::now();
    store.close().unwrap();
    println!("close {:53.1} ms", millis(start));
    drop(store);

    let start = Clock::now();
    let (mut store, recovery) = place.open_stream("$G", "LARGE", options).unwrap();
    println!(
        "restart with index (rebuilt: {}) {:22.1} ms",
        recovery.rebuilt,
        millis(start)
    );
    println!("memory resident {:43} MiB", resident());
    println!("memory of index and cache {:?}", store.memory());
    searches(&mut store, messages);
    drop(store);
    std::fs::remove_file(folder.join("$G/streams/LARGE/msgs/index.db")).unwrap();
    let start = Clock::now();
    let (store, recovery) = place.open_stream("$G", "LARGE", options).unwrap();
    println!(
        "restart without index (rebuilt: {}) {:20.1} ms",
        recovery.rebuilt,
        millis(start)
    );
    println!("memory resident {:43} MiB", resident());
    assert_eq!(store.state().messages, messages);
}

fn searches(store: &mut FileStore, messages: u64) {
    let time = |store: &mut FileStore, what: &str, filter: &[u8], from: u64, counting| {
        let filter = Filter::subject(filter);
        let start = Clock::now();
        let count = store.count(&filter, Seq(from), counting).unwrap();
        println!("{what:44} {:10.3} ms  = {count}", millis(start));
    };
    let all = Counting::Messages;
    let last = Counting::LastPerSubject;
    time(store, "count all from the middle", b">", messages / 2, all);
    time(
        store,
        "count devices.7.> from the start",
        b"devices.7.>",
        1,
        all,
    );
    time(
        store,
        "count devices.7.> from the middle",
        b"devices.7.>",
        messages / 2,
        all,
    );
    time(
        store,
        "count devices.7.>, again",
        b"devices.7.>",
        messages / 2,
        all,
    );
    time(
        store,
        "count devices.*.sensor.7",
        b"devices.*.sensor.7",
        1,
        all,
    );
    time(
        store,
        "count last per subject, devices.7.>",
        b"devices.7.>",
        messages / 2,
        last,
    );
    let start = Clock::now();
    let filter = Filter::subject(b"devices.7.>");
    let (mut from, mut count) = (Seq(1), 0);
    while count < 500
        && let Some(message) = store.next(&filter, from).unwrap()
    {
        from = message.seq.next();
        count += 1;
    }
    report("next of devices.7.>", count, start);
}
