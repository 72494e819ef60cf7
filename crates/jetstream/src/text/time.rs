//! RFC 3339 times with up to nine digits of fraction.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::units::{NANOS_PER_SECOND, Nanos};

/// How "never" is written: the zero time.
pub const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

const SECONDS_PER_DAY: i64 = 86_400;

/// An instant with the offset it was written in. Compared as an instant.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Timestamp {
    /// The instant.
    pub at: Nanos,
    /// Seconds east of UTC that the text is written in.
    pub offset: i32,
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl From<Nanos> for Timestamp {
    fn from(at: Nanos) -> Self {
        Self { at, offset: 0 }
    }
}

/// Why a text is no time. Shows as the decoder of the peer has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "parsing time \"{0}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{0}\" as \"2006\"",
            self.0
        )
    }
}

impl Timestamp {
    /// Reads an RFC 3339 time. The zero time gives `None`. Times outside of
    /// the years 1678 to 2262 become the nearest instant that can be held.
    ///
    /// # Errors
    /// If the text is not an RFC 3339 time.
    pub fn parse(text: &str) -> Result<Option<Self>, TimeError> {
        let fail = || TimeError(text.to_owned());
        let (seconds, nanos, offset) = parse_parts(text.as_bytes()).ok_or_else(fail)?;
        if seconds == days_from_civil(1, 1, 1) * SECONDS_PER_DAY && nanos == 0 {
            return Ok(None);
        }
        let at = seconds
            .checked_mul(NANOS_PER_SECOND)
            .and_then(|at| at.checked_add(nanos))
            .unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX });
        Ok(Some(Self {
            at: Nanos(at),
            offset,
        }))
    }

    /// Appends the text.
    pub fn push(&self, out: &mut Vec<u8>) {
        push_with_offset(out, self.at, self.offset);
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Vec::with_capacity(36);
        self.push(&mut text);
        serializer.serialize_str(&String::from_utf8_lossy(&text))
    }
}

/// Appends `at` in UTC.
pub fn push_time(out: &mut Vec<u8>, at: Nanos) {
    push_with_offset(out, at, 0);
}

/// Writes an instant in UTC, or the zero time for `None`, as JSON text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_instant<S: Serializer>(
    at: &Option<Nanos>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => Timestamp::from(*at).serialize(serializer),
        None => serializer.serialize_str(ZERO_TIME),
    }
}

fn push_with_offset(out: &mut Vec<u8>, at: Nanos, offset: i32) {
    let seconds = at.0.div_euclid(NANOS_PER_SECOND) + i64::from(offset);
    let mut fraction = at.0.rem_euclid(NANOS_PER_SECOND);
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    push_digits(out, year, 4);
    out.push(b'-');
    push_digits(out, month, 2);
    out.push(b'-');
    push_digits(out, day, 2);
    out.push(b'T');
    push_digits(out, of_day / 3600, 2);
    out.push(b':');
    push_digits(out, of_day / 60 % 60, 2);
    out.push(b':');
    push_digits(out, of_day % 60, 2);
    if fraction != 0 {
        let mut width = 9;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        out.push(b'.');
        push_digits(out, fraction, width);
    }
    if offset == 0 {
        out.push(b'Z');
        return;
    }
    out.push(if offset < 0 { b'-' } else { b'+' });
    let minutes = i64::from(offset.abs()) / 60;
    push_digits(out, minutes / 60, 2);
    out.push(b':');
    push_digits(out, minutes % 60, 2);
}

fn push_digits(out: &mut Vec<u8>, mut value: i64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out.iter_mut().skip(start).rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Seconds since 1970, nanoseconds, and offset in seconds.
fn parse_parts(text: &[u8]) -> Option<(i64, i64, i32)> {
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = text.get(from..from + len)?;
        digits.iter().try_fold(0, |value, &digit| {
            digit
                .is_ascii_digit()
                .then(|| value * 10 + i64::from(digit - b'0'))
        })
    };
    let expect = |at: usize, byte: u8| (text.get(at) == Some(&byte)).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    expect(4, b'-')?;
    expect(7, b'-')?;
    expect(10, b'T')?;
    expect(13, b':')?;
    expect(16, b':')?;
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let valid = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if matches!(text.get(at), Some(b'.' | b',')) {
        at += 1;
        let start = at;
        let mut scale = NANOS_PER_SECOND;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            scale /= 10;
            nanos += i64::from(digit - b'0') * scale;
            at += 1;
        }
        if at == start {
            return None;
        }
    }
    let offset = match text.get(at)? {
        b'Z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 => {
            expect(at + 3, b':')?;
            let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
            if hours > 24 || minutes >= 60 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let days = days_from_civil(year, month, day);
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, nanos, i32::try_from(offset).ok()?))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted
/// from March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day of the calendar that is `days` after 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(at: i64) -> String {
        let mut out = Vec::new();
        push_time(&mut out, Nanos(at));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_written_without_trailing_zeros() {
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(
            written(1_795_419_223_787_173_565),
            "2026-11-23T07:33:43.787173565Z"
        );
        assert_eq!(written(1_500_000_000), "1970-01-01T00:00:01.5Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for at in [
            0,
            -1,
            1_795_419_223_787_173_565,
            i64::MAX,
            951_782_400_000_000_000,
        ] {
            let back = Timestamp::parse(&written(at)).unwrap().unwrap();
            assert_eq!(back.at, Nanos(at), "{}", written(at));
        }
        let east = Timestamp::parse("2024-02-29T12:00:00.25+02:00")
            .unwrap()
            .unwrap();
        let mut text = Vec::new();
        east.push(&mut text);
        assert_eq!(text, b"2024-02-29T12:00:00.25+02:00");
        assert_eq!(written(east.at.0), "2024-02-29T10:00:00.25Z");
    }

    #[test]
    fn the_zero_time_is_nothing() {
        assert_eq!(Timestamp::parse(ZERO_TIME), Ok(None));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "zz",
            "2024-02-30T00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T24:00:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
