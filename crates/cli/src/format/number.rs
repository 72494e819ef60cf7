//! Numbers.

use crate::bail;
use crate::fail;
use crate::failure::Result;

/// A whole number, which may be written as a float (`1e3`).
pub fn parse_int(text: &str) -> Result<i64> {
    if let Ok(value) = text.parse::<i64>() {
        return Ok(value);
    }
    match text.parse::<f64>() {
        // Beyond that it would be another number.
        Ok(value) if value.abs() >= i64::MAX as f64 => {
            bail!("strconv.ParseFloat: parsing \"{text}\": value out of range")
        }
        Ok(value) if !value.is_nan() => Ok(value as i64),
        _ => bail!("strconv.ParseFloat: parsing \"{text}\": invalid syntax"),
    }
}

/// A whole number in digits, as [`parse_uint`] reads them.
pub fn parse_int64(text: &str) -> Result<i64> {
    let wrong = |why: &str| fail!("strconv.ParseInt: parsing {text:?}: {why}");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let too_large = || wrong("value out of range");
    let value = match parse_uint(digits) {
        Ok(value) => i128::from(value),
        Err(failure) if failure.to_string().ends_with("out of range") => return Err(too_large()),
        Err(_) => return Err(wrong("invalid syntax")),
    };
    let value = if text.starts_with('-') { -value } else { value };
    i64::try_from(value).map_err(|_| too_large())
}

/// A whole number that is not negative: decimal, or with `0x`, `0o` or `0b`
/// before it; a leading `0` means octal, too.
pub fn parse_uint(text: &str) -> Result<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (lower.get(2..), 16),
        [b'0', b'b', ..] => (lower.get(2..), 2),
        [b'0', b'o', ..] => (lower.get(2..), 8),
        [b'0', _, ..] => (lower.get(1..), 8),
        _ => (Some(lower.as_str()), 10),
    };
    let grouped = digits.unwrap_or_default();
    // Digits may be grouped, but for octal ones without a letter.
    let loose = grouped.starts_with('_') && radix == 10 || grouped.ends_with('_');
    let digits = match loose || grouped.contains("__") {
        true => grouped.to_owned(),
        false => grouped.replace('_', ""),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if !is_number {
        bail!("strconv.ParseUint: parsing {text:?}: invalid syntax");
    }
    match u64::from_str_radix(&digits, radix) {
        Ok(value) => Ok(value),
        Err(_) => bail!("strconv.ParseUint: parsing {text:?}: value out of range"),
    }
}

fn group(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A whole number with commas.
pub fn commas<N: Into<i128>>(number: N) -> String {
    let number: i128 = number.into();
    let digits = group(&number.unsigned_abs().to_string());
    if number < 0 {
        format!("-{digits}")
    } else {
        digits
    }
}

/// A whole number of any size, which is written in digits, with commas; other
/// texts as they are.
pub fn big_commas(text: &str) -> String {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return text.to_owned();
    }
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits if text.starts_with('-') => format!("-{}", group(digits)),
        digits => group(digits),
    }
}

/// Decimals that [`float`] shows.
const DECIMALS: usize = 3;

/// A number with commas and at most 3 decimals; those that follow are left
/// out, without rounding.
pub fn float(number: f64) -> String {
    let mut text = exact_float(number);
    if let Some(point) = text.find('.') {
        text.truncate(text.len().min(point + 1 + DECIMALS));
    }
    text
}

/// A number with commas and all of its decimals.
pub fn exact_float(number: f64) -> String {
    let text = number.abs().to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if number < 0.0 { "-" } else { "" };
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}", group(whole))
}

/// Texts with `, ` between them.
pub fn join<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    texts.join(", ")
}

/// `count` per second as a whole number; 0 for no time at all.
pub fn rate(count: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        assert_eq!(parse_int("1e3").unwrap(), 1000);
        assert_eq!(parse_int("-1").unwrap(), -1);
        let error = parse_int("99999999999999999999").unwrap_err().to_string();
        assert!(error.ends_with("value out of range"), "{error}");
        assert_eq!(parse_uint("1_000").unwrap(), 1000);
        assert_eq!(parse_uint("0x_f_f").unwrap(), 255);
        for wrong in ["_1", "1_", "1__0", "0x", "-1"] {
            assert!(parse_uint(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            parse_int("x").unwrap_err().to_string(),
            "strconv.ParseFloat: parsing \"x\": invalid syntax"
        );
        assert!(parse_uint("-1").is_err());
        assert_eq!(parse_uint("18446744073709551615").unwrap(), u64::MAX);
    }

    #[test]
    fn numbers_get_commas() {
        assert_eq!(commas(999), "999");
        assert_eq!(commas(1_000), "1,000");
        assert_eq!(commas(-1_234_567), "-1,234,567");
        assert_eq!(big_commas("+0012345"), "12,345");
        assert_eq!(
            big_commas("-100000000000000000004"),
            "-100,000,000,000,000,000,004"
        );
        assert_eq!(big_commas("-0"), "0");
        assert_eq!(big_commas("1e3"), "1e3");
        assert_eq!(float(1234.5), "1,234.5");
        assert_eq!(float(1.0), "1");
        assert_eq!(float(-0.001_999), "-0.001");
        assert_eq!(float(0.000_2), "0.000");
        assert_eq!(float(1.200_4), "1.200");
        assert_eq!(exact_float(1234.5678), "1,234.5678");
        assert_eq!(exact_float(-1.0), "-1");
    }
}
