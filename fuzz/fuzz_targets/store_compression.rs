#![no_main]
//! Compressed blocks, S2 streams, and both forms of backups
//! (storage-format.md 5, 12).
//!
//! Input: a byte that chooses, then the file. Backups come in pieces.

use libfuzzer_sys::fuzz_target;
use midge_store::backup::{Form, Packer, Unpacker, archive, tar};
use midge_store::{Nanos, compress, s2};

/// Plain bytes of one chunk.
const PLAIN_BYTES_MAX: usize = 4 << 20;

fn check_stream(bytes: &[u8]) {
    let mut plain = Vec::new();
    let whole = s2::decompress(bytes, &mut plain).is_some();
    // A chunk has a head of 4 bytes and a checksum.
    assert!(plain.len() <= (bytes.len() / 8 + 1) * PLAIN_BYTES_MAX);
    // In pieces it is the same.
    let mut unpacker = Unpacker::default();
    let mut pushed = Ok(());
    for piece in bytes.chunks(97) {
        pushed = unpacker.push(piece);
        if pushed.is_err() {
            break;
        }
    }
    if whole {
        assert_eq!((pushed, unpacker.finish()), (Ok(()), Ok(())));
    }
    assert_eq!(unpacker.unread(), &plain[..unpacker.unread().len()]);
    if plain.len() <= 1 << 16 {
        let mut packed = Vec::new();
        s2::compress(&plain, &mut packed);
        let mut again = Vec::new();
        assert_eq!(s2::decompress(&packed, &mut again), Some(()));
        assert_eq!(again, plain);
    }
}

fn check_block(bytes: &[u8]) {
    let plain = compress::unpack(bytes.to_vec());
    assert!(plain.block.capacity() <= (bytes.len() / 8 + 1) * 2 * PLAIN_BYTES_MAX);
    if !compress::is_compressed(bytes) {
        assert!(plain.complete && plain.block == bytes);
    }
    if let Some(packed) = compress::pack(bytes) {
        let plain = compress::unpack(packed);
        assert!(plain.complete && plain.block == bytes);
    }
}

fn read_entries(plain: &[u8], form: Form) {
    let mut rest = plain;
    loop {
        let length = match form {
            Form::Tar => match tar::read(rest) {
                Ok(Some((entry, length))) => {
                    if let tar::Entry::File { path, content } = entry {
                        assert!(!path.starts_with('/') && !path.split('/').any(|at| at == ".."));
                        let mut out = Vec::new();
                        tar::put_file(&mut out, path, content, 7);
                        assert_eq!(tar::read(&out), Ok(Some((entry, out.len()))));
                    }
                    length
                }
                _ => return,
            },
            Form::Archive => match archive::read(rest) {
                Ok(Some((entry, length))) => {
                    let mut out = Vec::new();
                    match entry {
                        archive::Entry::State(json) => archive::put_state(&mut out, json, Nanos(1)),
                        archive::Entry::Consumer { name, json } => {
                            archive::put_consumer(&mut out, name, json, Nanos(1));
                        }
                        archive::Entry::Message(message) => {
                            archive::put_message(&mut out, &message);
                        }
                        archive::Entry::End => out.extend(archive::END),
                    }
                    let again = archive::read(&out);
                    assert_eq!(again, Ok(Some((entry, out.len()))));
                    // Fewer bytes never make another entry.
                    for cut in [0, 1, length / 2, length - 1] {
                        assert!(!matches!(archive::read(&rest[..cut]), Ok(Some(_))));
                    }
                    length
                }
                _ => return,
            },
        };
        assert!(length > 0 && length <= rest.len());
        rest = &rest[length..];
    }
}

fn check_backup(plain: &[u8]) {
    let mut packer = Packer::default();
    packer.push(plain);
    packer.finish();
    let mut unpacker = Unpacker::default();
    for piece in packer.take().chunks(1000) {
        unpacker.push(piece).expect("what was packed");
    }
    assert_eq!(unpacker.finish(), Ok(()));
    if let Some(form) = unpacker.form() {
        let rest = unpacker.unread();
        assert!(plain.ends_with(rest));
        read_entries(rest, form);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    match choice {
        b's' => check_stream(bytes),
        b'c' => check_block(bytes),
        b'b' => check_backup(bytes),
        b'a' => read_entries(bytes, Form::Archive),
        b't' => read_entries(bytes, Form::Tar),
        // A block that is whole but for its checksum.
        b'r' => {
            let mut stream = b"\xff\x06\x00\x00S2sTwO".to_vec();
            let length = ((bytes.len() + 4) as u32).to_le_bytes();
            stream.extend([0, length[0], length[1], length[2], 0, 0, 0, 0]);
            stream.extend_from_slice(bytes);
            check_stream(&stream);
        }
        _ => {}
    }
});
