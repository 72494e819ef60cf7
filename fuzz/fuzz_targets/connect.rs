#![no_main]
//! `CONNECT` options: what is refused, what merges, what never shows in logs
//! (client-protocol.md 4, 22.4).

use libfuzzer_sys::fuzz_target;
use midge_wire::connect::ConnectOptions;

// Private to the server, whose other dependencies this target does not need.
#[path = "../../crates/server/src/redact.rs"]
mod redact;

/// A value shorter than this may stand in the text by chance.
const MIN_SECRET: usize = 6;

/// The same options without any secret.
fn public(options: &ConnectOptions) -> ConnectOptions {
    let none = ConnectOptions::default();
    ConnectOptions {
        pass: none.pass,
        auth_token: none.auth_token,
        sig: none.sig,
        proxy_sig: none.proxy_sig,
        nkey: none.nkey,
        jwt: none.jwt,
        ..options.clone()
    }
}

fn secrets(options: &ConnectOptions) -> [&str; 6] {
    [
        &options.pass,
        &options.auth_token,
        &options.sig,
        &options.proxy_sig,
        &options.nkey,
        &options.jwt,
    ]
}

fuzz_target!(|data: &[u8]| {
    let mut options = ConnectOptions::default();
    let accepted = options.merge(data).is_ok();
    assert_eq!(format!("{options:?}"), format!("{:?}", public(&options)));
    let text = String::from_utf8_lossy(data);
    let redacted = redact::connect_json(&text);
    assert!(redacted.len() <= text.len() + text.matches('"').count() * "\"[REDACTED]\"".len());
    if !accepted {
        return;
    }
    let mut again = options.clone();
    again.merge(data).expect("accepted before");
    assert!(
        again == options,
        "merging the same text again changes something"
    );
    again.merge(b"{}").expect("an empty object");
    assert!(again == options, "an empty object changes something");

    for secret in secrets(&options) {
        let plain = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if secret.len() < MIN_SECRET || !plain || "REDACTED".contains(secret) {
            continue;
        }
        // A key spelled with escapes is not recognised, here as in the peer.
        if text.matches(secret).count() == 1 && !text.contains("\\u") && text.is_ascii() {
            assert!(!redacted.contains(secret), "{secret} shows in {redacted}");
        }
    }
});
