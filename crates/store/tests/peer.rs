//! Stores go to the Go server and come back from it. Needs its binary:
//! `MIDGE_PEER=path/to/nats-server`; without it nothing is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod model;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::{
    ConsumerState, ConsumerStore, FileStore, Nanos, NewMessage, PendingAck, RootOptions, Seq,
    SeqPair, StoreRoot, StreamOptions, StreamStore,
};
use model::open::open_root;
use model::{Model, Shape};
use serde_json::{Value, json};

const KEY: &str = "a key of some length for tests";
const PATIENCE: Duration = Duration::from_secs(20);

fn peer() -> Option<PathBuf> {
    let path = std::env::var_os("MIDGE_PEER").map(PathBuf::from);
    if path.is_none() {
        eprintln!("MIDGE_PEER is not set: nothing is compared with the Go server");
    }
    path
}

/// A running Go server and a connection to it.
struct Peer {
    child: Child,
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    log: PathBuf,
}

impl Peer {
    fn start(binary: &Path, store: &Path, cipher: Option<Cipher>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = store.join("peer.log");
        let _ = std::fs::remove_file(&log);
        let encryption = match cipher {
            None => String::new(),
            Some(Cipher::Aes) => format!("key: \"{KEY}\", cipher: aes"),
            Some(Cipher::ChaCha) => format!("key: \"{KEY}\", cipher: chachapoly"),
        };
        let text = format!(
            "listen: 127.0.0.1:{port}\nlog_file: \"{}\"\njetstream {{\n store_dir: \"{}\"\n {encryption}\n}}\n",
            log.display(),
            store.display(),
        );
        let config = store.join("peer.conf");
        std::fs::write(&config, text).unwrap();
        let child = Command::new(binary)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut peer = Self {
            child,
            reader: BufReader::new(stream.try_clone().unwrap()),
            writer: stream,
            log,
        };
        let options = r#"{"verbose":false,"pedantic":false,"headers":true,"no_responders":true}"#;
        write!(
            peer.writer,
            "CONNECT {options}\r\nSUB inbox.> 1\r\nPING\r\n"
        )
        .unwrap();
        peer
    }

    /// A request, again until JetStream answers.
    fn request(&mut self, subject: &str, body: &str) -> Value {
        let start = Instant::now();
        loop {
            write!(
                self.writer,
                "PUB {subject} inbox.a {}\r\n{body}\r\n",
                body.len()
            )
            .unwrap();
            if let Some(answer) = self.answer() {
                return serde_json::from_slice(&answer).unwrap();
            }
            assert!(start.elapsed() < PATIENCE, "no answer to {subject}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The next message; `None` if nobody answered.
    fn answer(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let fields: Vec<&str> = line.split_whitespace().collect();
            match fields.first() {
                Some(&"PING") => self.writer.write_all(b"PONG\r\n").unwrap(),
                Some(&"MSG") => {
                    let size: usize = fields.last().unwrap().parse().unwrap();
                    let mut body = vec![0; size + 2];
                    self.reader.read_exact(&mut body).unwrap();
                    body.truncate(size);
                    return Some(body);
                }
                Some(&"HMSG") => {
                    let size: usize = fields.last().unwrap().parse().unwrap();
                    let mut body = vec![0; size + 2];
                    self.reader.read_exact(&mut body).unwrap();
                    return None;
                }
                _ => assert!(!line.starts_with("-ERR"), "{line}"),
            }
        }
    }

    /// Ends it, gracefully or not; returns its log.
    fn stop(mut self, kill: bool) -> String {
        if kill {
            self.child.kill().unwrap();
        } else {
            let pid = self.child.id().to_string();
            assert!(Command::new("kill").arg(pid).status().unwrap().success());
        }
        self.child.wait().unwrap();
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("midge-store-peer-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn root(&self, cipher: Option<Cipher>) -> StoreRoot {
        let options = RootOptions {
            keys: cipher.map(|cipher| EncryptionKeys {
                cipher,
                key: KEY.into(),
                previous: None,
            }),
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

fn stream_meta(name: &str, compress: bool) -> String {
    json!({
        "Created": "2026-11-23T07:35:23.787173565Z", "name": name, "subjects": ["a.>"],
        "retention": "limits", "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
        "max_msgs_per_subject": -1, "max_msg_size": -1, "discard": "old", "storage": "file",
        "num_replicas": 1, "duplicate_window": 120_000_000_000u64,
        "compression": if compress { "s2" } else { "none" },
        "allow_direct": false, "mirror_direct": false, "sealed": false, "deny_delete": false,
        "deny_purge": false, "allow_rollup_hdrs": false, "consumer_limits": {},
        "allow_msg_ttl": false, "metadata": {"_nats.req.level": "0"},
    })
    .to_string()
}

fn consumer_meta() -> String {
    json!({
        "Created": "2026-11-23T07:35:23.789691291Z", "Name": "D", "durable_name": "D", "name": "D",
        "deliver_policy": "all", "ack_policy": "explicit", "ack_wait": 3_600_000_000_000u64,
        "max_deliver": -1, "replay_policy": "instant", "max_waiting": 512,
        "max_ack_pending": 1000, "num_replicas": 0, "metadata": {"_nats.req.level": "0"},
    })
    .to_string()
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut out, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for byte in text.bytes().filter(|&byte| byte != b'=') {
        bits = bits << 6 | u32::from(digit(byte));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// What the Go server has is what the model has.
fn compare(peer: &mut Peer, stream: &str, model: &Model) {
    let info = peer.request(
        &format!("$JS.API.STREAM.INFO.{stream}"),
        r#"{"deleted_details":true}"#,
    );
    let state = &info["state"];
    assert_eq!(state["messages"], model.messages.len(), "{info}");
    assert_eq!(state["last_seq"], model.last, "{info}");
    assert_eq!(state["first_seq"], model.first(), "{info}");
    assert_eq!(state["bytes"], model.bytes(), "{info}");
    let deleted: Vec<u64> = (model.first()..=model.last)
        .filter(|seq| !model.messages.contains_key(seq))
        .collect();
    if !model.messages.is_empty() {
        let told = state["deleted"].as_array().cloned().unwrap_or_default();
        assert_eq!(told, deleted, "{info}");
    }
    assert!(state["lost"].is_null(), "{info}");
    for (seq, message) in &model.messages {
        let answer = peer.request(
            &format!("$JS.API.STREAM.MSG.GET.{stream}"),
            &format!("{{\"seq\":{seq}}}"),
        );
        let found = &answer["message"];
        assert_eq!(
            found["subject"].as_str().unwrap().as_bytes(),
            message.subject,
            "{answer}"
        );
        assert_eq!(
            base64(found["data"].as_str().unwrap_or("")),
            message.payload
        );
        assert_eq!(base64(found["hdrs"].as_str().unwrap_or("")), message.header);
    }
}

/// Lines of the log that tell of trouble with stores.
fn complaints(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| line.contains("[WRN]") || line.contains("[ERR]"))
        .filter(|line| !line.contains("Encryption") && !line.contains("ephemeral"))
        .collect()
}

/// `limits`: messages are removed by limits as well.
fn fill(
    store: &mut FileStore,
    model: &mut Model,
    random: &mut fastrand::Rng,
    rounds: usize,
    limits: bool,
) {
    let shape = Shape {
        subjects: 5,
        payload: 200,
        limits,
    };
    for _ in 0..rounds {
        model::change(store, model, random, shape);
        if random.u8(..4) == 0 {
            store.flush().unwrap();
        }
        if random.u8(..8) == 0 {
            store
                .take_sync()
                .into_iter()
                .for_each(|task| task.run().unwrap());
        }
        if random.u8(..20) == 0 {
            store.flush().unwrap();
            while store.maintain(Nanos(1)).unwrap() {}
            while let Some(task) = store.take_packing().unwrap() {
                task.run();
            }
        }
    }
    store.flush().unwrap();
    // The Go server sees of a purge what has become of the files.
    store
        .take_sync()
        .into_iter()
        .for_each(|task| task.run().unwrap());
}

/// How a store is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Closed,
    /// Without index file.
    NoIndex,
    /// As after a kill.
    Killed,
}

#[test]
fn the_go_server_opens_our_stores_and_we_open_them_again() {
    let Some(binary) = peer() else {
        return;
    };
    let mut seed = 0;
    for cipher in [None, Some(Cipher::Aes), Some(Cipher::ChaCha)] {
        for compress in [false, true] {
            for end in [End::Closed, End::NoIndex, End::Killed] {
                seed += 1;
                round_trip(&binary, seed, cipher, compress, end);
            }
        }
    }
}

fn round_trip(binary: &Path, seed: u64, cipher: Option<Cipher>, compress: bool, end: End) {
    let mut random = fastrand::Rng::with_seed(seed);
    let scratch = Scratch::new(&format!("ours-{seed}"));
    let root = scratch.root(cipher);
    let options = StreamOptions {
        block_size: [2_000, 32_000][random.usize(..2)],
        compress,
        ttl: false,
        limits: midge_store::Limits::Some,
    };
    let meta = stream_meta("S", compress);
    let mut store = root
        .create_stream("$G", "S", meta.as_bytes(), options)
        .unwrap();
    let mut model = Model {
        file: true,
        last_time: 1_795_000_000_000_000_000,
        ..Model::default()
    };
    fill(&mut store, &mut model, &mut random, 300, end == End::Closed);
    let delivered = model.last.min(10);
    let mut state = ConsumerState {
        delivered: SeqPair {
            consumer: delivered,
            stream: Seq(delivered),
        },
        ..ConsumerState::default()
    };
    for &seq in model.messages.keys().filter(|&&seq| seq <= delivered) {
        state.pending.push(PendingAck {
            stream: Seq(seq),
            consumer: seq,
            delivered_at: Nanos(1_795_000_000_000_000_000),
        });
    }
    let meta = consumer_meta();
    let mut consumer = root
        .create_consumer("$G", "S", "D", meta.as_bytes(), &ConsumerState::default())
        .unwrap();
    consumer.write(&state);
    consumer.close(&state).unwrap();
    let msgs = root.stream_folder("$G", "S").join("msgs");
    if end != End::Killed {
        store.close().unwrap();
    }
    drop(store);
    drop(root);
    if end == End::NoIndex {
        std::fs::remove_file(msgs.join("index.db")).unwrap();
    }
    if end != End::Closed {
        let root = scratch.root(cipher);
        let mut store = root.open_stream("$G", "S", options).unwrap().0;
        adopt_all(&mut store, &mut model);
        if end == End::NoIndex {
            store.close().unwrap();
            std::fs::remove_file(msgs.join("index.db")).unwrap();
        }
    }

    let mut peer = Peer::start(binary, &scratch.0, cipher);
    compare(&mut peer, "S", &model);
    let info = peer.request("$JS.API.CONSUMER.INFO.S.D", "");
    assert_eq!(info["delivered"]["stream_seq"], delivered, "{info}");
    assert_eq!(info["num_ack_pending"], state.pending.len(), "{info}");
    // It goes on with it.
    for at in 0..20 {
        let message = model::Message {
            time: 0,
            subject: b"a.0.0".to_vec(),
            header: Vec::new(),
            payload: format!("from the Go server {at}").into_bytes(),
        };
        let text = String::from_utf8(message.payload.clone()).unwrap();
        let ack = peer.request("a.0.0", &text);
        model.last += 1;
        assert_eq!(ack["seq"], model.last, "{ack}");
        model.messages.insert(model.last, message);
    }
    let victim = *model.messages.keys().next().unwrap();
    let done = peer.request(
        "$JS.API.STREAM.MSG.DELETE.S",
        &format!("{{\"seq\":{victim}}}"),
    );
    assert_eq!(done["success"], true, "{done}");
    model.messages.remove(&victim);
    let log = peer.stop(end == End::Killed);
    let complaints = complaints(&log);
    let expected = |line: &&&str| end == End::Killed && line.contains("Stream state");
    let unexpected: Vec<_> = complaints.iter().filter(|line| !expected(line)).collect();
    assert!(unexpected.is_empty(), "{seed} {end:?} {unexpected:?}");

    let root = scratch.root(cipher);
    let (mut store, _) = root.open_stream("$G", "S", options).unwrap();
    assert_eq!(store.state().last.0, model.last);
    assert_eq!(
        store.state().messages,
        model.messages.len() as u64,
        "{seed} {end:?}"
    );
    for (&seq, message) in &model.messages {
        let found = store.load(Seq(seq)).unwrap().unwrap();
        assert_eq!(
            (found.subject, found.payload),
            (&message.subject[..], &message.payload[..])
        );
    }
    let mut consumer = root.open_consumer("$G", "S", "D").unwrap();
    let recovered = consumer.take_recovered().unwrap();
    assert_eq!(recovered.delivered, state.delivered);
}

/// Takes what the store has into the model.
fn adopt_all(store: &mut FileStore, model: &mut Model) {
    let mut from = Seq(0);
    let before = std::mem::take(&mut model.messages);
    while let Some(found) = store.next(&midge_store::Filter::All, from).unwrap() {
        let message = model::Message {
            time: found.timestamp.0,
            subject: found.subject.to_vec(),
            header: found.header.to_vec(),
            payload: found.payload.to_vec(),
        };
        model.messages.insert(found.seq.0, message);
        from = found.seq.next();
    }
    assert!(before.keys().all(|seq| model.messages.contains_key(seq)));
}

#[test]
fn we_open_what_the_go_server_has_written() {
    let Some(binary) = peer() else {
        return;
    };
    for (kill, cipher) in [
        (false, None),
        (true, None),
        (false, Some(Cipher::Aes)),
        (true, Some(Cipher::ChaCha)),
    ] {
        let scratch = Scratch::new(&format!("theirs-{kill}-{cipher:?}"));
        let mut peer = Peer::start(&binary, &scratch.0, cipher);
        let config = json!({"name": "S", "subjects": ["a.>"], "max_bytes": 127_000,
            "retention": "limits", "storage": "file", "num_replicas": 1, "discard": "old",
            "compression": "s2"});
        let made = peer.request("$JS.API.STREAM.CREATE.S", &config.to_string());
        assert!(made["error"].is_null(), "{made}");
        let mut model = Model {
            file: true,
            ..Model::default()
        };
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..150 {
            let subject = format!("a.{}", random.u8(..4));
            let payload = "x".repeat(random.usize(1..600));
            peer.request(&subject, &payload);
            model.last += 1;
            let message = model::Message {
                time: 0,
                subject: subject.into_bytes(),
                header: Vec::new(),
                payload: payload.into_bytes(),
            };
            model.messages.insert(model.last, message);
            if random.u8(..5) == 0 {
                let seq = random.u64(1..=model.last);
                let body = json!({"seq": seq, "no_erase": random.bool()}).to_string();
                let done = peer.request("$JS.API.STREAM.MSG.DELETE.S", &body);
                assert_eq!(
                    done["success"] == true,
                    model.messages.remove(&seq).is_some()
                );
            }
        }
        let body = json!({"filter": "a.2", "keep": 3}).to_string();
        peer.request("$JS.API.STREAM.PURGE.S", &body);
        let mut purged = model.matching(&midge_store::Filter::subject(b"a.2"));
        purged.truncate(purged.len().saturating_sub(3));
        purged
            .iter()
            .for_each(|seq| drop(model.messages.remove(seq)));
        peer.stop(kill);

        let root = scratch.root(cipher);
        let found = root.streams("$G").unwrap();
        assert!(found[0].meta.is_ok());
        let options = StreamOptions {
            block_size: 32_000,
            compress: true,
            ttl: false,
            limits: midge_store::Limits::Some,
        };
        for _ in 0..2 {
            let (mut store, recovery) = root.open_stream("$G", "S", options).unwrap();
            assert!(
                kill || recovery.warnings.is_empty(),
                "{:?}",
                recovery.warnings
            );
            let state = store.state();
            assert_eq!(state.last.0, model.last);
            assert_eq!(state.messages, model.messages.len() as u64);
            assert_eq!(state.bytes, model.bytes());
            for (&seq, message) in &model.messages {
                let found = store.load(Seq(seq)).unwrap().unwrap();
                assert_eq!(found.payload, message.payload);
            }
            store.close().unwrap();
        }
    }
}

/// A stream whose messages are synced one by one has zeros behind its records
/// when it is killed.
#[test]
fn the_go_server_cuts_off_the_room_behind_the_records() {
    let Some(binary) = peer() else {
        return;
    };
    // An index file of no message at all has zeros for the end of the last block.
    for indexed_at in [None, Some(0), Some(20)] {
        let scratch = Scratch::new(&format!("room-{indexed_at:?}"));
        let root = scratch.root(None);
        let options = StreamOptions {
            block_size: 1 << 20,
            compress: false,
            ttl: false,
            limits: midge_store::Limits::None,
        };
        let meta = stream_meta("S", false);
        let made = root.create_stream("$G", "S", meta.as_bytes(), options);
        let mut store = made.unwrap();
        for round in 0..40 {
            if indexed_at == Some(round) {
                store.close().unwrap();
                drop(store);
                store = root.open_stream("$G", "S", options).unwrap().0;
            }
            let payload = format!("message {round}");
            let message = NewMessage {
                subject: b"a.b",
                payload: payload.as_bytes(),
                timestamp: Nanos(1_795_000_000_000_000_000 + round),
                ..NewMessage::default()
            };
            store.append(message).unwrap();
            store.flush().unwrap();
            store
                .take_sync()
                .into_iter()
                .for_each(|task| task.run().unwrap());
        }
        let bytes = store.state().bytes;
        drop(store);
        drop(root);
        let block = scratch.0.join("jetstream/$G/streams/S/msgs/1.blk");
        let length = || std::fs::metadata(&block).unwrap().len();
        assert!(length() > bytes, "there is room");
        let mut peer = Peer::start(&binary, &scratch.0, None);
        let info = peer.request("$JS.API.STREAM.INFO.S", "");
        assert_eq!(info["state"]["messages"], 40, "{info}");
        assert!(info["state"]["lost"].is_null(), "{info}");
        let ack = peer.request("a.b", "from the Go server");
        assert_eq!(ack["seq"], 41, "{ack}");
        let log = peer.stop(false);
        let complaints = complaints(&log);
        // An index that is older than the last message is told of, as always.
        let expected = |line: &&&str| {
            line.contains("Stream state outdated") || line.contains("prior state file")
        };
        assert_eq!(
            complaints.iter().filter(|line| !expected(line)).count(),
            0,
            "{log}"
        );
        let root = scratch.root(None);
        let (mut store, recovery) = root.open_stream("$G", "S", options).unwrap();
        assert_eq!(recovery.warnings, [""; 0]);
        assert_eq!(store.state().last, Seq(41));
        let last = store.load(Seq(41)).unwrap().unwrap();
        assert_eq!(last.payload, b"from the Go server");
        assert_eq!(length(), store.state().bytes);
    }
}
