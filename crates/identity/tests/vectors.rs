//! Keys, signatures and boxes with known results.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; the data is in the repository"
)]

use data_encoding::HEXLOWER;
use midge_identity::keys::{SignatureError, is_public_key, verify_nonce};
use nkeys::{KeyPair, KeyPairType, XKey};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/nkey-vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn hex(value: &Value, key: &str) -> Vec<u8> {
    HEXLOWER.decode(text(value, key).as_bytes()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

#[test]
fn seeds_make_their_keys_and_signatures() {
    let vectors = vectors();
    for vector in list(&vectors, "nkeys") {
        let pair = KeyPair::from_seed(text(vector, "seed")).unwrap();
        let public = text(vector, "public");
        assert_eq!(pair.public_key(), public);
        assert_eq!(pair.seed().unwrap(), text(vector, "seed"));
        assert!(is_public_key(&pair.key_pair_type(), public));
        let message = text(vector, "message");
        assert_eq!(
            pair.sign(message.as_bytes()).unwrap(),
            hex(vector, "signature_hex")
        );
        for form in ["signature_base64url", "signature_base64"] {
            let signature = text(vector, form);
            assert_eq!(verify_nonce(public, message, signature), Ok(()));
            let other = verify_nonce(public, "other", signature);
            assert_eq!(other, Err(SignatureError::NotVerified));
        }
    }
}

#[test]
fn public_user_keys_are_checked() {
    let vectors = vectors();
    for vector in list(&vectors, "public_user_key_validity") {
        let valid = is_public_key(&KeyPairType::User, text(vector, "value"));
        assert_eq!(
            valid,
            vector["valid"].as_bool().unwrap(),
            "{}",
            text(vector, "why")
        );
    }
}

#[test]
fn seeds_with_faults_are_refused() {
    let vectors = vectors();
    let seed = text(&vectors["nonce_signature"], "seed");
    assert!(KeyPair::from_seed(seed).is_ok());
    assert!(KeyPair::from_seed(&seed.to_lowercase()).is_err());
    assert!(KeyPair::from_seed(&seed.replace("PDP5", "PDP6")).is_err());
    assert!(KeyPair::from_seed(text(&vectors["nonce_signature"], "public")).is_err());
}

#[test]
fn the_text_of_the_nonce_is_signed() {
    let vectors = vectors();
    let vector = &vectors["nonce_signature"];
    let nonce = text(vector, "nonce");
    assert_eq!(nonce.len(), 15);
    for form in ["sig_base64url", "sig_base64_std"] {
        assert_eq!(
            verify_nonce(text(vector, "public"), nonce, text(vector, form)),
            Ok(())
        );
    }
}

#[test]
fn boxes_of_the_peer_open() {
    let vectors = vectors();
    for vector in list(&vectors, "xkeys") {
        let key = |name: &str| {
            let key = XKey::from_seed(text(&vector[name], "seed")).unwrap();
            assert_eq!(key.public_key(), text(&vector[name], "public"));
            key
        };
        let (a, b) = (key("a"), key("b"));
        let sealed = hex(vector, "sealed_by_a_for_b_hex");
        let from_a = XKey::from_public_key(&a.public_key()).unwrap();
        let plaintext = text(vector, "plaintext").as_bytes();
        assert_eq!(b.open(&sealed, &from_a).unwrap(), plaintext);
        assert!(a.open(&sealed, &from_a).is_err());
        let own = b.seal(plaintext, &from_a).unwrap();
        let from_b = XKey::from_public_key(&b.public_key()).unwrap();
        assert_eq!(a.open(&own, &from_b).unwrap(), plaintext);
        assert_eq!(own.len(), sealed.len());
        assert!(own.starts_with(b"xkv1"));
    }
}
