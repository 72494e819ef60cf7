//! The textual forms users know from the reference server: durations, quoted
//! strings, floats, file errors. Log lines and error texts are compared by
//! tools, so these are exact.

use std::fmt::Write as _;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Nanoseconds of a duration; negative values are possible in a file.
pub type Nanos = i64;

/// Nanoseconds in a second.
pub const SECOND: Nanos = 1_000_000_000;

/// What the operating system says about a failed file operation, in the
/// words of the reference (lower case, no code).
pub fn os_error(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        io::ErrorKind::AlreadyExists => "file exists".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text);
            let mut chars = text.chars();
            match chars.next() {
                Some(first) => first.to_lowercase().chain(chars).collect(),
                None => String::new(),
            }
        }
    }
}

/// `folder` and `name` joined and cleaned; an absolute `name` is joined too.
pub fn join_path(folder: &Path, name: &str) -> PathBuf {
    let mut out = PathBuf::new();
    let joined = format!("{}/{name}", folder.display());
    let joined = if folder.as_os_str().is_empty() {
        name.trim_start_matches('/')
    } else {
        joined.as_str()
    };
    for component in Path::new(joined).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}

/// A float as in JSON and `%v`: shortest digits, exponent from 1e21 and below 1e-6
/// (JSON) in the form `1e+21`, `1e-07`.
pub fn float_json(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(rest) => ('-', rest),
                    None => ('+', exponent),
                };
                format!("{digits}e{sign}{exponent}")
            }
            None => text,
        };
    }
    format!("{number}")
}

/// A float as `%v` prints it: an exponent below 1e-4 and from 1e21, two digits wide.
pub fn float_v(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(rest) => ('-', rest),
                    None => ('+', exponent),
                };
                format!("{digits}e{sign}{exponent:0>2}")
            }
            None => text,
        };
    }
    format!("{number}")
}

/// A duration as `2m0s`, `1.5s`, `50ms`, `0s`.
pub fn duration(nanos: Nanos) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let size = nanos.unsigned_abs();
    let mut out = String::new();
    if nanos < 0 {
        out.push('-');
    }
    if size < SECOND as u64 {
        let (unit, width) = if size < 1_000 {
            ("ns", 0)
        } else if size < 1_000_000 {
            ("µs", 3)
        } else {
            ("ms", 6)
        };
        fraction(&mut out, size, width);
        out.push_str(unit);
        return out;
    }
    let seconds = size / SECOND as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        let _ = write!(out, "{hours}h");
    }
    if seconds >= 60 {
        let _ = write!(out, "{minutes}m");
    }
    fraction(&mut out, size % (60 * SECOND as u64), 9);
    out.push('s');
    out
}

/// A span as [`duration`] prints it.
pub fn duration_text(span: std::time::Duration) -> String {
    duration(Nanos::try_from(span.as_nanos()).unwrap_or(Nanos::MAX))
}

/// `value / 10^width` without trailing zeros.
fn fraction(out: &mut String, value: u64, width: u32) {
    let scale = 10u64.pow(width);
    let _ = write!(out, "{}", value / scale);
    let rest = value % scale;
    if rest > 0 {
        let digits = format!("{rest:0width$}", width = width as usize);
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

/// Reads `"1h30m"`, `"1.5s"`, `"0"`, `"-2ms"`.
///
/// # Errors
/// The text of the reference: `time: invalid duration "abc"` and its kin.
pub fn parse_duration(text: &str) -> Result<Nanos, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number = &rest[..number_end];
        // One point at most belongs to the number; a second one is a bad unit.
        let number = match number.match_indices('.').nth(1) {
            Some((second, _)) => &number[..second],
            None => number,
        };
        rest = &rest[number.len()..];
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() {
            return Err(invalid());
        }
        let unit_end = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit = &rest[..unit_end];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let scale: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    quote(unit),
                    quote(text)
                ));
            }
        };
        rest = &rest[unit_end..];
        let whole: u128 = if whole.is_empty() {
            0
        } else {
            whole.parse::<u64>().map_err(|_| invalid())?.into()
        };
        total += whole * scale;
        let mut place = scale;
        for digit in part.bytes() {
            place /= 10;
            if place == 0 {
                break;
            }
            total += u128::from(digit - b'0') * place;
        }
        if total > 1 << 63 {
            return Err(invalid());
        }
    }
    let limit: u128 = if negative { 1 << 63 } else { (1 << 63) - 1 };
    if total > limit {
        return Err(invalid());
    }
    if negative {
        // -2^63 has no positive counterpart.
        return Ok(i64::try_from(total).map_or(i64::MIN, |nanos| -nanos));
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// Reads a decimal integer.
///
/// # Errors
/// `strconv.Atoi: parsing "x": invalid syntax` with `function` for `Atoi`.
pub fn parse_int(function: &str, text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "strconv.{function}: parsing {}: invalid syntax",
            quote(text)
        ));
    }
    text.parse::<i64>().map_err(|_| {
        format!(
            "strconv.{function}: parsing {}: value out of range",
            quote(text)
        )
    })
}

/// Text in double quotes with escapes for what cannot be printed.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if is_unprintable(c) => {
                let code = c as u32;
                if code < 0x1_0000 {
                    let _ = write!(out, "\\u{code:04x}");
                } else {
                    let _ = write!(out, "\\U{code:08x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Controls, separators other than the plain space, and format characters.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}')
}

/// A list as `[a b]`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(" "))
}

/// A list as `["a" "b"]`.
pub fn quoted_list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| quote(item.as_ref())).collect();
    format!("[{}]", items.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_in_the_reference() {
        for (nanos, text) in [
            (0, "0s"),
            (120 * SECOND, "2m0s"),
            (1_500_000_000, "1.5s"),
            (50_000_000, "50ms"),
            (1_100, "1.1µs"),
            (7, "7ns"),
            (3_661 * SECOND, "1h1m1s"),
            (-SECOND, "-1s"),
            (3_600 * SECOND, "1h0m0s"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }

    #[test]
    fn durations_are_read_with_their_errors() {
        assert_eq!(parse_duration("1h30m"), Ok(5_400 * SECOND));
        assert_eq!(parse_duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_duration("0"), Ok(0));
        assert_eq!(parse_duration("-2ms"), Ok(-2_000_000));
        assert_eq!(parse_duration(".5s"), Ok(500_000_000));
        for (text, error) in [
            ("abc", "time: invalid duration \"abc\""),
            ("", "time: invalid duration \"\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5x", "time: unknown unit \"x\" in duration \"5x\""),
            ("9999999999h", "time: invalid duration \"9999999999h\""),
        ] {
            assert_eq!(parse_duration(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn text_is_quoted_with_escapes() {
        assert_eq!(quote("a\"b\n\u{feff}"), "\"a\\\"b\\n\\ufeff\"");
    }

    #[test]
    fn floats_are_short() {
        assert_eq!(float_v(1.5), "1.5");
        assert_eq!(float_v(2.0), "2");
        assert_eq!(float_v(1e21), "1e+21");
        assert_eq!(float_json(1e-7), "1e-7");
    }
}
