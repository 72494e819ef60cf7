//! Durations in the compact form: `300ms`, `1m30s`, `1.5h`.

use crate::units::NANOS_PER_SECOND;

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3600 * NANOS_PER_SECOND),
];

/// Reads a duration: a sign or none, then numbers with units. `0` needs no
/// unit. `None` if it is something else or does not fit in 64 bits of
/// nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let (whole, after_whole) = split_digits(rest);
        let (fraction, after) = match after_whole.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after_whole),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit_len = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (name, after_unit) = after.split_at(unit_len);
        let unit = UNITS.iter().find(|(unit, _)| *unit == name)?.1;
        let mut value = if whole.is_empty() {
            0
        } else {
            whole.parse::<i64>().ok()?.checked_mul(unit)?
        };
        let mut scale = unit as f64;
        let mut part = 0.0;
        for digit in fraction.bytes() {
            scale /= 10.0;
            part += f64::from(digit - b'0') * scale;
        }
        value = value.checked_add(part.round() as i64)?;
        total = total.checked_add(value)?;
        rest = after_unit;
    }
    Some(if negative { -total } else { total })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Appends a duration: `0s`, `1.5ms`, `2s`, `1h0m0s`.
pub fn push_duration(out: &mut String, duration: i64) {
    use std::fmt::Write;
    if duration == 0 {
        out.push_str("0s");
        return;
    }
    if duration < 0 {
        out.push('-');
    }
    let nanos = duration.unsigned_abs();
    let second = NANOS_PER_SECOND as u64;
    let (unit, name) = match nanos {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "\u{b5}s"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (second, "s"),
    };
    let mut rest = nanos;
    if unit == second {
        let (hours, minutes) = (nanos / (3600 * second), nanos / (60 * second) % 60);
        // Writing to a String does not fail.
        if hours > 0 {
            let _ = write!(out, "{hours}h");
        }
        if hours > 0 || minutes > 0 {
            let _ = write!(out, "{minutes}m");
        }
        rest = nanos % (60 * second);
    }
    let _ = write!(out, "{}", rest / unit);
    let fraction = rest % unit;
    if fraction > 0 {
        let width = unit.ilog10() as usize;
        let digits = format!("{fraction:0width$}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out.push_str(name);
}

/// A duration as text.
pub fn duration_text(duration: i64) -> String {
    let mut out = String::new();
    push_duration(&mut out, duration);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_compactly() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5\u{b5}s"),
            (300_000_000, "300ms"),
            (2_000_000_000, "2s"),
            (60_000_000_000, "1m0s"),
            (90_500_000_000, "1m30.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_000_000_000, "-1s"),
        ] {
            assert_eq!(duration_text(nanos), text);
            assert_eq!(parse_duration(text), Some(nanos), "{text}");
        }
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_duration("1.5h"), Some(5_400_000_000_000));
        assert_eq!(parse_duration("0"), Some(0));
        assert_eq!(parse_duration(".5s"), Some(500_000_000));
        for text in ["", "-", "5", "s", "1x", "1 s", "1s ", ".s", "99999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
