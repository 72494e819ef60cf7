#![no_main]
//! From configuration files of any content to options, or to errors
//! (configuration.md 1.10, 2 to 6).
//!
//! Input: see [`midge_fuzz::Scratch::write`].

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use midge_config::{ConfigError, Problem, load_file, validate};
use midge_fuzz::{Scratch, fixed_environment};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

fuzz_target!(
    init: {
        SCRATCH.with(|_| ());
        // SAFETY: the fuzzer has started no thread yet.
        unsafe { fixed_environment() }
    },
    |data: &[u8]| {
        let file = SCRATCH.with_borrow_mut(|scratch| scratch.write(data));
        match load_file(&file) {
            Ok(loaded) => {
                assert!(loaded.digest.starts_with("sha256:"));
                assert!(loaded.warnings.iter().all(|warning| !warning.text.is_empty()));
                if let Err(invalid) = validate(&loaded.options) {
                    assert!(!invalid.text.is_empty());
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                if let ConfigError::Options { errors, .. } = error {
                    assert!(!errors.is_empty());
                    let placed = |problem: &Problem| problem.detail.is_some();
                    assert!(errors.iter().all(placed), "{errors:?}");
                }
            }
        }
    }
);
