//! Backups that Go servers made are read, and ours come back.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use midge_store::backup::{BackupError, Form, Packer, Unpacker, archive, tar};
use midge_store::{Filter, MemoryStore, Nanos, NewMessage, Seq, StreamOptions, StreamStore};

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store-samples");
    std::fs::read(folder.join(name).join("stream.tar.s2")).unwrap()
}

/// What an archive holds, told in text.
fn told(packed: &[u8], piece: usize) -> Result<Vec<String>, BackupError> {
    let mut unpacker = Unpacker::default();
    let mut told = Vec::new();
    let mut ended = false;
    for piece in packed.chunks(piece) {
        unpacker.push(piece)?;
        if unpacker.form().is_none() {
            continue;
        }
        assert_eq!(unpacker.form(), Some(Form::Archive));
        while !ended && let Some((entry, length)) = archive::read(unpacker.unread())? {
            match entry {
                archive::Entry::State(json) => {
                    assert!(json.starts_with(b"{"));
                    told.push("state".into());
                }
                archive::Entry::Consumer { name, .. } => {
                    told.push(format!("consumer {}", String::from_utf8_lossy(name)));
                }
                archive::Entry::Message(message) => told.push(format!(
                    "{} {} {}",
                    message.seq,
                    String::from_utf8_lossy(message.subject),
                    String::from_utf8_lossy(message.payload)
                )),
                archive::Entry::End => ended = true,
            }
            unpacker.advance(length);
        }
    }
    unpacker.finish()?;
    if ended {
        Ok(told)
    } else {
        Err(BackupError::Unfinished)
    }
}

#[test]
fn archives_of_the_go_server_are_read() {
    for piece in [1, 100, 1 << 20] {
        let orders = told(&sample("backup-v2-2.15.1-ORDERS"), piece).unwrap();
        assert_eq!(orders.len(), 13);
        assert_eq!(orders[0], "state");
        assert!(orders.contains(&"consumer PROC".to_string()));
        assert!(orders[3].starts_with("1 orders.") && orders[3].ends_with("order-0001"));
        let tomb = told(&sample("backup-v2-2.15.1-TOMB"), piece).unwrap();
        assert_eq!(tomb[1], "2 tomb.s2 TOMB-2");
        assert_eq!(tomb.len(), 7);
    }
}

#[test]
fn tars_of_older_go_servers_are_read() {
    for name in ["backup-v1-2.14.6-ORDERS", "backup-v1-2.9.10-ORDERS"] {
        let mut unpacker = Unpacker::default();
        unpacker.push(&sample(name)).unwrap();
        unpacker.finish().unwrap();
        assert_eq!(unpacker.form(), Some(Form::Tar));
        let mut paths = Vec::new();
        loop {
            let (entry, length) = tar::read(unpacker.unread()).unwrap().unwrap();
            match entry {
                tar::Entry::File { path, content } => {
                    if path == "meta.inf" {
                        assert!(content.starts_with(b"{"));
                    }
                    paths.push(path.to_string());
                }
                tar::Entry::Skip => {}
                tar::Entry::End => break,
            }
            unpacker.advance(length);
        }
        for path in ["meta.inf", "meta.sum", "msgs/1.blk", "obs/PROC/o.dat"] {
            assert!(paths.iter().any(|found| found == path), "{name} {paths:?}");
        }
    }
}

#[test]
fn our_archives_and_tars_come_back() {
    let mut store = MemoryStore::new(StreamOptions::default());
    for at in 1..=500i64 {
        store
            .append(NewMessage {
                subject: b"a.b",
                header: b"NATS/1.0\r\nA: b\r\n\r\n",
                payload: "text".repeat(at as usize).as_bytes(),
                timestamp: Nanos(at),
                ..NewMessage::default()
            })
            .unwrap();
    }
    let mut plain = archive::MAGIC.to_vec();
    archive::put_state(&mut plain, b"{}", Nanos(1));
    archive::put_consumer(&mut plain, b"C", b"{}", Nanos(1));
    let mut from = Seq(0);
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        archive::put_message(&mut plain, &message);
        from = message.seq.next();
    }
    plain.extend_from_slice(archive::END);
    let mut packer = Packer::default();
    let mut packed = Vec::new();
    for piece in plain.chunks(10_000) {
        packer.push(piece);
        packed.extend(packer.take());
    }
    packer.finish();
    packed.extend(packer.take());
    assert_eq!(told(&packed, 777).unwrap().len(), 502);
    assert_eq!(
        told(&packed[..packed.len() - 1], 777),
        Err(BackupError::Compressed)
    );
    packed[3_000] ^= 1;
    assert_eq!(told(&packed, 777), Err(BackupError::Compressed));

    let mut archive = Vec::new();
    tar::put_file(&mut archive, "msgs/1.blk", b"content", 1_700_000_000);
    tar::put_end(&mut archive);
    let (entry, length) = tar::read(&archive).unwrap().unwrap();
    let path = "msgs/1.blk";
    assert_eq!(
        entry,
        tar::Entry::File {
            path,
            content: b"content"
        }
    );
    assert_eq!(length, 1024);
    assert_eq!(
        tar::read(&archive[length..]),
        Ok(Some((tar::Entry::End, 512)))
    );
    let mut evil = Vec::new();
    tar::put_file(&mut evil, "../../etc/passwd", b"", 0);
    assert_eq!(tar::read(&evil), Err(BackupError::Content));
}
