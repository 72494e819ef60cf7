#![no_main]
//! The configuration language: any text is read or refused, in bounded time
//! and memory (configuration.md 1).
//!
//! Input: see [`midge_fuzz::Scratch::write`].

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use midge_config::lang::{LangError, Map, Node, Value, limits, parse_file, parse_str};
use midge_fuzz::{Scratch, fixed_environment};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Looks at every value; gives their number.
fn walk_map(map: &Map, depth: usize) -> usize {
    assert_eq!(map.iter().count(), map.len());
    let each = map.iter().map(|(key, node)| {
        assert_eq!(map.get(key), Some(node));
        walk(node, depth)
    });
    each.sum()
}

fn walk(node: &Node, depth: usize) -> usize {
    assert!(depth <= limits::MAX_DEPTH);
    assert!(node.pos.line > 0);
    1 + match &node.value {
        Value::Map(map) => walk_map(map, depth + 1),
        Value::Array(items) => items.iter().map(|item| walk(item, depth + 1)).sum(),
        Value::Float(number) => {
            assert!(number.is_finite());
            0
        }
        Value::String(_) | Value::Integer(_) | Value::Bool(_) | Value::DateTime(_) => 0,
    }
}

fuzz_target!(
    init: {
        SCRATCH.with(|_| ());
        // SAFETY: the fuzzer has started no thread yet.
        unsafe { fixed_environment() }
    },
    |data: &[u8]| {
        let file = SCRATCH.with_borrow_mut(|scratch| scratch.write(data));
        let parsed = parse_file(&file);
        match &parsed {
            Ok(document) => {
                walk_map(&document.root, 0);
                let hex = document.digest.strip_prefix("sha256:").unwrap_or_default();
                assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            }
            Err(error @ LangError::Syntax { line, .. }) => {
                assert!(*line > 0 && !error.to_string().is_empty());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let has = |part: &[u8]| data.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
        if has(b"include") || has(b">>> ") {
            return;
        }
        // The same text, whether it comes from a file or not.
        let text = String::from_utf8_lossy(data);
        match (parsed, parse_str(&text)) {
            (Ok(file), Ok(text)) => assert_eq!(file.digest, text.digest),
            (Err(LangError::Incomplete { .. }), Err(LangError::Incomplete { .. })) => {}
            // What is in a file has its place.
            (Err(LangError::At { error, .. }), Err(text)) => assert_eq!(*error, text),
            (Err(file), Err(text)) => assert_eq!(file, text),
            (file, text) => panic!("{file:?} from a file, {text:?} from text"),
        }
    }
);
