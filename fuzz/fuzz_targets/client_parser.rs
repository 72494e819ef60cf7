#![no_main]
//! What a client sends means the same however the network cuts it into pieces
//! (client-protocol.md 2, 5).
//!
//! Input: one byte chooses the limits, three bytes the lengths of the pieces,
//! the rest is the stream.

use libfuzzer_sys::fuzz_target;
use midge_wire::client::{Limits, Op, Parsed, Publish, SkippedOp, parse};

/// Longest stream that is also sent byte by byte: that takes quadratic time.
const BYTE_BY_BYTE: usize = 256;

/// What follows the last operation of a stream.
#[derive(Debug, PartialEq)]
enum End {
    /// Nothing, or an operation that is not complete.
    Open,
    /// Something that closes the connection, and what is said of it.
    Broken(String),
}

fn limits(choice: u8) -> Limits {
    Limits {
        max_control_line: [16, 64, 1024, 4096][usize::from(choice & 3)],
        max_payload: [None, Some(8), Some(1024), Some(1 << 20)][usize::from(choice >> 2 & 3)],
        headers: choice & 16 == 0,
    }
}

/// The operations of a stream that is there as a whole.
fn whole<'a>(stream: &'a [u8], limits: &Limits) -> (Vec<Op<'a>>, End) {
    let mut ops = Vec::new();
    let mut rest = stream;
    loop {
        match parse(rest, limits) {
            Ok(Parsed::Op { op, used }) => {
                assert!(
                    used > 0 && used <= rest.len(),
                    "{op:?} used {used} of {}",
                    rest.len()
                );
                if let Op::Publish(publish) = op {
                    check_publish(&publish, limits);
                }
                ops.push(op);
                rest = &rest[used..];
            }
            Ok(Parsed::Skip { .. }) => {
                assert!(!rest.contains(&b'\n'), "the line end is there");
                return (ops, End::Open);
            }
            Ok(Parsed::Incomplete { missing }) => {
                assert!(missing > 0);
                return (ops, End::Open);
            }
            Err(error) => return (ops, End::Broken(error.to_string())),
        }
    }
}

/// A publish keeps to the limits, and its relayed bytes mean the same again.
fn check_publish(publish: &Publish<'_>, limits: &Limits) {
    assert!(!publish.subject.is_empty());
    assert!(publish.args.len() <= limits.max_control_line);
    assert!(publish.header_len <= publish.body.len());
    assert!(
        limits
            .max_payload
            .is_none_or(|limit| publish.body.len() <= limit)
    );
    let with_headers = !publish.header_digits.is_empty();
    assert!(limits.headers || !with_headers);
    if let Some(relay) = publish.relay {
        let verb: &[u8] = if with_headers { b"HPUB " } else { b"PUB " };
        let line = [verb, publish.subject, b" ", relay].concat();
        let again = Parsed::Op {
            op: Op::Publish(*publish),
            used: line.len(),
        };
        assert_eq!(parse(&line, limits).as_ref(), Ok(&again));
    }
}

/// Feeds the stream in pieces, as a connection does, and compares.
fn pieces(
    stream: &[u8],
    limits: &Limits,
    lengths: impl Iterator<Item = usize>,
    ops: &[Op<'_>],
    end: &End,
) {
    let mut kept: Vec<u8> = Vec::new();
    let mut expected = ops.iter();
    let mut skipping: Option<SkippedOp> = None;
    // What the last incomplete answer promised to be needed.
    let mut needed = 0;
    let mut from = 0;
    for length in lengths {
        if from == stream.len() {
            break;
        }
        let to = stream.len().min(from + length);
        kept.extend_from_slice(&stream[from..to]);
        from = to;
        loop {
            if let Some(op) = skipping {
                let Some(at) = kept.iter().position(|&byte| byte == b'\n') else {
                    kept.clear();
                    break;
                };
                kept.drain(..=at);
                skipping = None;
                assert_eq!(expected.next(), Some(&op.op()));
            }
            match parse(&kept, limits) {
                Ok(Parsed::Op { op, used }) => {
                    assert!(
                        kept.len() >= needed,
                        "complete with {} of {needed}",
                        kept.len()
                    );
                    assert_eq!(expected.next(), Some(&op));
                    kept.drain(..used);
                    needed = 0;
                }
                Ok(Parsed::Skip { op }) => {
                    skipping = Some(op);
                    kept.clear();
                    needed = 0;
                    break;
                }
                Ok(Parsed::Incomplete { missing }) => {
                    assert!(missing > 0);
                    needed = kept.len() + missing;
                    break;
                }
                Err(error) => {
                    assert_eq!(*end, End::Broken(error.to_string()));
                    assert_eq!(expected.next(), None, "an error comes too early");
                    return;
                }
            }
        }
    }
    assert_eq!(expected.next(), None, "pieces say less than the whole");
    assert_eq!(*end, End::Open);
}

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, a, b, c], stream)) = data.split_first_chunk() else {
        return;
    };
    let limits = limits(choice);
    let (ops, end) = whole(stream, &limits);
    let lengths = [a, b, c].map(|length| usize::from(length) + 1);
    pieces(stream, &limits, lengths.into_iter().cycle(), &ops, &end);
    if stream.len() <= BYTE_BY_BYTE {
        pieces(stream, &limits, std::iter::repeat(1), &ops, &end);
    }
});
