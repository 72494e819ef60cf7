//! Points in time.

use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

/// The closest span or time in nanoseconds that 64 bits have: 292 years.
pub fn saturated(nanos: i128) -> i64 {
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Nanoseconds since 1970.
pub fn now_nanos() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Now, in the zone of this machine.
pub fn local_now() -> ZonedDateTime {
    local(Timestamp::now())
}

fn local(time: Timestamp) -> ZonedDateTime {
    time.to_zoned_datetime(TimeZone::system())
}

/// The time of day for log lines: `15:04:05`, local.
pub fn clock() -> String {
    local_now().strftime("%H:%M:%S").to_string()
}

/// `2006-01-02 15:04:05`, local.
pub fn local_time_of(time: Timestamp) -> String {
    local(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// [`local_time_of`] a time in RFC 3339; the text itself if it is none.
pub fn local_time(text: &str) -> String {
    match parse_rfc3339(text) {
        Some(time) => local_time_of(time),
        None => text.to_owned(),
    }
}

/// `Nov 23 08:06:32.171426`, local.
pub fn stamp_micros(time: Timestamp) -> String {
    local(time).strftime("%b %e %H:%M:%S%.6f").to_string()
}

/// The time that a text in RFC 3339 stands for.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// RFC 3339 with as many decimals as are needed, in UTC.
pub fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}

/// Now in RFC 3339 with as many decimals as are needed, local.
pub fn local_rfc3339() -> String {
    let text = local_now().strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
    match text.strip_suffix("+00:00") {
        Some(time) => format!("{time}Z"),
        None => text,
    }
}

/// Whether a time in RFC 3339 is Go's zero time, which means "not set".
pub fn is_unset_time(text: &str) -> bool {
    text.is_empty() || text.starts_with("0001-01-01T")
}

/// Nanoseconds from a time in RFC 3339 until now.
pub fn since(text: &str) -> Option<i64> {
    let time = parse_rfc3339(text)?;
    i64::try_from(Timestamp::now().as_nanosecond() - time.as_nanosecond()).ok()
}

/// Nanoseconds between two times in RFC 3339; 0 if one of them is none, or the
/// end is before the start.
pub fn span_between(start: &str, end: &str) -> i64 {
    match (parse_rfc3339(start), parse_rfc3339(end)) {
        (Some(start), Some(end)) => saturated(end.as_nanosecond() - start.as_nanosecond()).max(0),
        _ => 0,
    }
}

/// The offset that a time in RFC 3339 is written with.
pub fn offset_of(text: &str) -> Option<Offset> {
    Pieces::parse(text).ok()?.to_numeric_offset()
}

/// A time in RFC 3339 as Go writes it, in the zone that it was written in:
/// `2026-01-02 03:04:05.678 +0000 UTC`; the text itself if it is none.
pub fn go_time(text: &str) -> String {
    let Some(time) = parse_rfc3339(text) else {
        return text.to_owned();
    };
    let offset = offset_of(text).unwrap_or(Offset::UTC);
    let shown = time.to_zoned_datetime(TimeZone::fixed(offset));
    let shown = shown.strftime("%Y-%m-%d %H:%M:%S%.f %z").to_string();
    match shown.strip_suffix("+0000") {
        Some(_) => format!("{shown} UTC"),
        None => match shown.rsplit_once(' ') {
            Some((_, zone)) => format!("{shown} {zone}"),
            None => shown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_does() {
        for (text, shown) in [
            (
                "2026-11-23T08:07:24.12Z",
                "2026-11-23 08:07:24.12 +0000 UTC",
            ),
            (
                "2026-11-23T08:09:23.500Z",
                "2026-11-23 08:09:23.5 +0000 UTC",
            ),
            ("2026-11-23T08:09:23+00:00", "2026-11-23 08:09:23 +0000 UTC"),
            (
                "2026-11-23T08:09:23+02:00",
                "2026-11-23 08:09:23 +0200 +0200",
            ),
            (
                "2026-11-23T08:09:23-05:30",
                "2026-11-23 08:09:23 -0530 -0530",
            ),
            ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000 UTC"),
            ("", ""),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(go_time(text), shown, "{text}");
        }
    }
}
