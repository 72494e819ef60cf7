//! Points in time that people give.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::fail;
use crate::failure::Result;
use crate::format::rfc3339;

/// `YYYY-MM-DD HH:MM:SS` in UTC, as RFC 3339.
pub fn parse_time(text: &str) -> Result<String> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
        .and_then(|time| time.to_zoned_datetime(TimeZone::UTC))
        .map_err(|_| fail!("invalid time {text:?}, it must be like 2026-11-23 08:07:24"))?;
    Ok(rfc3339(time.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        assert_eq!(
            parse_time("2026-11-23 08:07:24").unwrap(),
            "2026-11-23T08:07:24Z"
        );
        assert!(parse_time("2026-11-23").is_err());
        assert!(parse_time("1h").is_err());
    }
}
