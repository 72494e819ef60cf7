//! Whether a private key belongs to a certificate, without a TLS library:
//! only the public half inside the key is compared.

use rustls_pki_types::PrivateKeyDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Result of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// They belong together, as far as can be seen: an EC key may lack its
    /// public half.
    Yes,
    /// RSA and EC, for example.
    OtherType,
    /// Same type, another key.
    OtherKey,
    /// Not a key.
    Unreadable,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
/// `[1]` of an EC key: its public half.
const EC_PUBLIC: u8 = 0xa1;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Bytes of an Ed25519 seed.
const SEED_BYTES: usize = 32;

/// Public half of a private key.
enum Public {
    /// Modulus without leading zeros.
    Rsa(Vec<u8>),
    /// Point, if the key holds it.
    Ec(Option<Vec<u8>>),
    /// Key bytes.
    Ed25519(Vec<u8>),
}

/// One DER value: tag, content, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 || rest.len() < count {
            return None;
        }
        let length = rest[..count]
            .iter()
            .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        (length, &rest[count..])
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}

/// The content of a value that must have this tag, and what follows.
fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|b| *b != 0).unwrap_or(number.len());
    &number[start..]
}

/// The second integer: the modulus follows the version.
fn rsa(der: &[u8]) -> Option<Public> {
    let (body, _) = expect(der, SEQUENCE)?;
    let (_, rest) = expect(body, INTEGER)?;
    let (modulus, _) = expect(rest, INTEGER)?;
    Some(Public::Rsa(without_zeros(modulus).to_vec()))
}

fn ec(der: &[u8]) -> Option<Public> {
    let (body, _) = expect(der, SEQUENCE)?;
    let (_, rest) = expect(body, INTEGER)?;
    let (_, mut rest) = expect(rest, OCTET_STRING)?;
    while let Some((tag, content, after)) = element(rest) {
        if tag == EC_PUBLIC {
            let (bits, _) = expect(content, BIT_STRING)?;
            return Some(Public::Ec(Some(bits.get(1..)?.to_vec())));
        }
        rest = after;
    }
    Some(Public::Ec(None))
}

fn pkcs8(der: &[u8]) -> Option<Public> {
    let (body, _) = expect(der, SEQUENCE)?;
    let (_, rest) = expect(body, INTEGER)?;
    let (algorithm, rest) = expect(rest, SEQUENCE)?;
    let (oid, _) = expect(algorithm, OID)?;
    let (key, _) = expect(rest, OCTET_STRING)?;
    match oid {
        OID_RSA => rsa(key),
        OID_EC => ec(key),
        OID_ED25519 => {
            let (seed, _) = expect(key, OCTET_STRING)?;
            let seed: [u8; SEED_BYTES] = seed.try_into().ok()?;
            let pair = nkeys::KeyPair::new_from_raw(nkeys::KeyPairType::User, seed).ok()?;
            super::keys::raw_public(&pair.public_key()).map(Public::Ed25519)
        }
        _ => None,
    }
}

/// Compares `key` with the public key of a certificate.
pub(crate) fn matches(public: &SubjectPublicKeyInfo<'_>, key: &PrivateKeyDer<'_>) -> Match {
    let der = key.secret_der();
    let Some(own) = pkcs8(der).or_else(|| rsa(der)).or_else(|| ec(der)) else {
        return Match::Unreadable;
    };
    let oid = public.algorithm.algorithm.as_bytes();
    let theirs: &[u8] = &public.subject_public_key.data;
    let same = match (&own, oid) {
        (Public::Rsa(modulus), OID_RSA) => {
            let found = expect(theirs, SEQUENCE).and_then(|(body, _)| expect(body, INTEGER));
            found.is_some_and(|(theirs, _)| without_zeros(theirs) == modulus.as_slice())
        }
        (Public::Ec(point), OID_EC) => point.as_ref().is_none_or(|point| point == theirs),
        (Public::Ed25519(bytes), OID_ED25519) => bytes == theirs,
        _ => return Match::OtherType,
    };
    if same { Match::Yes } else { Match::OtherKey }
}
