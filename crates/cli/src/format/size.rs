//! Sizes in bytes.

use crate::failure::Result;
use crate::{bail, fail};

/// How large a size may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeRange {
    /// Up to 2 GiB - 1.
    Bits32,
    /// Up to what a signed 64-bit number holds.
    Bits64,
}

/// Bytes of a text such as `10MB`; all units are powers of 1024. What is
/// negative is -1.
pub fn parse_size(text: &str, range: SizeRange) -> Result<i64> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(0);
    }
    let at = trimmed
        .char_indices()
        .find(|(at, c)| !c.is_ascii_digit() && !(*at == 0 && (*c == '-' || *c == '+')))
        .map_or(trimmed.len(), |(at, _)| at);
    let (number, unit) = trimmed.split_at(at);
    let most = match range {
        SizeRange::Bits32 => i128::from(i32::MAX),
        SizeRange::Bits64 => i128::from(i64::MAX),
    };
    let unfit = || {
        fail!(
            "invalid bytes specification {text}: bytes must end in B, K, KB, M, MB, G, GB, T or TB"
        )
    };
    let shift = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(unfit()),
    };
    let Ok(number) = number.parse::<i128>() else {
        return Err(unfit());
    };
    if number < 0 {
        return Ok(-1);
    }
    // A number without a unit that is too large is taken for one with a digit
    // as its unit.
    if unit.is_empty() && number > most {
        return Err(unfit());
    }
    // The original bounds the number before its unit is applied.
    let size = number << shift;
    match i64::try_from(size) {
        Ok(size) if number <= most => Ok(size),
        _ => bail!(
            "bytes value out of allowed range: maximum value {}",
            super::commas(most)
        ),
    }
}

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// As people read it: `6 B`, `7.2 KiB`, `28 KiB`.
pub fn human_size(bytes: u64) -> String {
    human_size_float(bytes as f64)
}

/// [`human_size`] of a number that is not whole, such as a rate.
pub fn human_size_float(bytes: f64) -> String {
    if bytes < 10.0 {
        return format!("{bytes:.0} B");
    }
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let value = (value * 10.0 + 0.5).floor() / 10.0;
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if value < 10.0 {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(parse_size("1", SizeRange::Bits32).unwrap(), 1);
        assert_eq!(parse_size("1kib", SizeRange::Bits32).unwrap(), 1024);
        assert_eq!(parse_size("10MB", SizeRange::Bits32).unwrap(), 10 << 20);
        assert_eq!(parse_size("2G", SizeRange::Bits64).unwrap(), 2 << 30);
        assert_eq!(parse_size("-5", SizeRange::Bits64).unwrap(), -1);
        assert_eq!(
            parse_size("1XB", SizeRange::Bits32)
                .unwrap_err()
                .to_string(),
            "invalid bytes specification 1XB: bytes must end in B, K, KB, M, MB, G, GB, T or TB"
        );
        assert_eq!(
            parse_size("3000000000B", SizeRange::Bits32)
                .unwrap_err()
                .to_string(),
            "bytes value out of allowed range: maximum value 2,147,483,647"
        );
    }

    #[test]
    fn sizes_have_one_decimal_below_ten() {
        assert_eq!(human_size(6), "6 B");
        assert_eq!(human_size(225), "225 B");
        assert_eq!(human_size(7_373), "7.2 KiB");
        assert_eq!(human_size(28 * 1024), "28 KiB");
        assert_eq!(human_size(1 << 30), "1.0 GiB");
        assert_eq!(human_size(0), "0 B");
    }
}
