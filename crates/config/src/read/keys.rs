//! Whether a text is a public key or a seed (security.md 1.1).

/// What a key is for, by its prefix byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum KeyKind {
    Account = 0,
    Operator = 14 << 3,
    Seed = 18 << 3,
    User = 20 << 3,
    Curve = 23 << 3,
}

/// Bytes of an Ed25519 or X25519 key.
const KEY_BYTES: usize = 32;
/// Bytes of the checksum at the end.
const CHECKSUM_BYTES: usize = 2;

/// Base32 without padding; `None` for other characters or stray bits.
fn base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut have) = (0u32, 0u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        have += 5;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    Some(out)
}

/// CRC-16/XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// Prefix and key, checksum verified.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = base32(text)?;
    let body = bytes.len().checked_sub(CHECKSUM_BYTES)?;
    let sum = u16::from_le_bytes([bytes[body], bytes[body + 1]]);
    bytes.truncate(body);
    (checksum(&bytes) == sum).then_some(bytes)
}

/// `text` is a public key of this kind.
pub(crate) fn is_public(kind: KeyKind, text: &str) -> bool {
    decode(text).is_some_and(|bytes| bytes.len() == 1 + KEY_BYTES && bytes[0] == kind as u8)
}

/// `text` is a seed of this kind: both prefixes share the first two bytes.
pub(crate) fn is_seed(kind: KeyKind, text: &str) -> bool {
    decode(text).is_some_and(|bytes| {
        bytes.len() == 2 + KEY_BYTES
            && bytes[0] & 0xf8 == KeyKind::Seed as u8
            && (bytes[0] & 7) << 5 | (bytes[1] & 0xf8) >> 3 == kind as u8
    })
}

/// The 32 bytes of a public key of any kind.
pub(crate) fn raw_public(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    (bytes.len() == 1 + KEY_BYTES).then(|| bytes[1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_prefix_and_checksum() {
        let user = "UC6NLCN7AS34YOJVCYD4PJ3QB7QGLYG5B5IMBT25VW5K4TNUJODM7BOX";
        assert!(is_public(KeyKind::User, user));
        assert!(!is_public(KeyKind::Account, user));
        assert!(!is_public(KeyKind::User, &user.replace('7', "6")));
        let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
        assert!(is_seed(KeyKind::User, seed));
        assert!(!is_seed(KeyKind::Account, seed));
        assert!(!is_seed(KeyKind::User, "x"));
    }
}
