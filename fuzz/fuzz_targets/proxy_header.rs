#![no_main]
//! The PROXY protocol header: more bytes never change an answer, and fewer
//! only make it incomplete (client-protocol.md 19).

use libfuzzer_sys::fuzz_target;
use midge_wire::proxy::{ProxyHeader, SNIFF_LEN, parse};

/// Longest header: 16 bytes and a block of a 16-bit length.
const MAX_HEADER: usize = 16 + 65_535;
/// Prefixes of at most this length are all tried.
const EVERY_PREFIX: usize = 256;

fuzz_target!(|data: &[u8]| {
    let answer = parse(data);
    match &answer {
        Ok(ProxyHeader::Present { used, .. }) => {
            assert!(*used >= SNIFF_LEN && *used <= data.len() && *used <= MAX_HEADER);
            assert_eq!(parse(&data[..*used]), answer, "depends on what follows");
            assert_eq!(parse(&data[..*used - 1]), Ok(ProxyHeader::Incomplete));
        }
        Ok(ProxyHeader::Incomplete) => assert!(data.len() < MAX_HEADER),
        Ok(ProxyHeader::Absent) => assert!(data.len() >= SNIFF_LEN),
        Err(text) => assert!(!text.is_empty()),
    }
    for end in 0..data.len().min(EVERY_PREFIX) {
        let prefix = parse(&data[..end]);
        assert!(
            prefix == Ok(ProxyHeader::Incomplete) || prefix == answer,
            "{prefix:?} at {end}"
        );
    }
});
