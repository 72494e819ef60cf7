#![no_main]
//! Looking a header up in a block of any bytes (client-protocol.md 13).
//!
//! Input: the name, a line feed, the block.

use libfuzzer_sys::fuzz_target;
use midge_wire::header::{find, no_responders_len, push_no_responders};

const LINE_END: &[u8] = b"\r\n";

/// The same, position by position.
fn search<'a>(block: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = (LINE_END.len()..block.len()).find(|&at| {
        block[..at].ends_with(LINE_END)
            && block[at..]
                .strip_prefix(name)
                .is_some_and(|rest| rest.first() == Some(&b':'))
    })?;
    let mut value = &block[at + name.len() + 1..];
    while let Some(rest) = value.strip_prefix(b" ") {
        value = rest;
    }
    let end = value
        .windows(LINE_END.len())
        .position(|pair| pair == LINE_END)?;
    Some(&value[..end])
}

fuzz_target!(|data: &[u8]| {
    let (name, block) = match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&data[..0], data),
    };
    let name = String::from_utf8_lossy(name);
    let found = find(block, &name);
    if !name.is_empty() && !name.contains('\r') {
        assert_eq!(found, search(block, name.as_bytes()));
    }
    for name in [
        "Nats-Msg-Id",
        "Nats-Trace-Dest",
        "traceparent",
        "Nats-Expected-Stream",
    ] {
        assert_eq!(find(block, name), search(block, name.as_bytes()));
    }

    let mut out = b"kept".to_vec();
    push_no_responders(&mut out, block);
    assert_eq!(out.len(), 4 + no_responders_len(block.len()));
    if !block.contains(&b'\r') {
        let subject = block
            .iter()
            .position(|&byte| byte != b' ')
            .map_or(&block[..0], |at| &block[at..]);
        assert_eq!(find(&out[4..], "Nats-Subject"), Some(subject));
    }
});
