//! Decimal numbers of the protocol (client-protocol.md 2.4).

/// Most characters of a size or count on the wire.
pub const MAX_DIGITS: usize = 9;

/// Parses 1 to [`MAX_DIGITS`] ASCII digits; leading zeros are fine, signs and
/// everything else are not.
#[inline]
pub fn parse_size(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > MAX_DIGITS {
        return None;
    }
    let mut value = 0usize;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + usize::from(digit);
    }
    Some(value)
}

/// Appends `value` in decimal.
#[inline]
pub fn push_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(slot) = digits.get_mut(at) {
            *slot = b'0' + (value % 10) as u8;
        }
        value /= 10;
        if value == 0 || at == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_one_to_nine_digits() {
        assert_eq!(parse_size(b"0"), Some(0));
        assert_eq!(parse_size(b"000000016"), Some(16));
        assert_eq!(parse_size(b"999999999"), Some(999_999_999));
        for bad in [&b""[..], b"-1", b"+1", b"abc", b"1a", b"1234567890", b" 1"] {
            assert_eq!(parse_size(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn decimals_round_trip() {
        for value in [0, 7, 10, 99, 1024, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }
}
