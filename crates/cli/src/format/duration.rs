//! Durations, in nanoseconds.

use std::time::Duration;

use crate::bail;
use crate::failure::Result;

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000 * MICRO;
const SECOND: i64 = 1_000 * MILLI;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => MICRO,
        "ms" => MILLI,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" | "D" => DAY,
        "w" | "W" => 7 * DAY,
        "M" => 30 * DAY,
        "y" | "Y" => YEAR,
        _ => return None,
    })
}

/// Nanoseconds of a text such as `1d12h`, `-1s` or `1.5h`.
pub fn parse_duration(text: &str) -> Result<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        bail!("invalid duration");
    }
    let mut total = 0f64;
    let mut exact = Some(0i64);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (name, tail) = tail.split_at(letters);
        if number.is_empty() || name.is_empty() {
            bail!("invalid duration");
        }
        let Some(unit) = unit(name) else {
            bail!("invalid duration: invalid unit {name}");
        };
        let Ok(value) = number.parse::<f64>() else {
            bail!("invalid duration");
        };
        total += value * unit as f64;
        exact = match (exact, number.parse::<i64>()) {
            (Some(sum), Ok(value)) => value
                .checked_mul(unit)
                .and_then(|value| sum.checked_add(value)),
            _ => None,
        };
        rest = tail;
    }
    if total > i64::MAX as f64 {
        bail!("invalid duration");
    }
    // The exact sum where there is one: a float has 53 bits only.
    let nanos = exact.unwrap_or(total as i64);
    Ok(if negative { -nanos } else { nanos })
}

/// As Go writes a duration: `1.365607ms`, `2m0s`, `1h30m5.5s`.
pub fn go_duration(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    let (second, minute, hour) = (SECOND as u64, MINUTE as u64, HOUR as u64);
    if n < MICRO as u64 {
        return format!("{sign}{n}ns");
    }
    if n < MILLI as u64 {
        return format!("{sign}{}µs", fraction(n, 1_000));
    }
    if n < second {
        return format!("{sign}{}ms", fraction(n, 1_000_000));
    }
    let mut out = sign.to_owned();
    if n >= hour {
        out.push_str(&format!("{}h", n / hour));
    }
    if n >= minute {
        out.push_str(&format!("{}m", n % hour / minute));
    }
    out.push_str(&format!("{}s", fraction(n % minute, second)));
    out
}

/// `n / unit` with as many decimals as it has.
fn fraction(n: u64, unit: u64) -> String {
    let whole = n / unit;
    let rest = n % unit;
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

fn round_to(nanos: i64, unit: i64) -> i64 {
    let rest = nanos % unit;
    if rest * 2 >= unit {
        nanos - rest + unit
    } else {
        nanos - rest
    }
}

/// As people read it: `441µs`, `193ms`, `2.17s`, `3m20s`, `2d3h4m5s`.
pub fn human_duration(nanos: i64) -> String {
    if nanos == i64::MAX {
        return "never".to_owned();
    }
    if nanos < 0 {
        let span = human_duration(nanos.saturating_neg());
        return if span == "0s" {
            span
        } else {
            format!("-{span}")
        };
    }
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < MILLI {
        return go_duration(round_to(nanos, MICRO));
    }
    if nanos < SECOND {
        return go_duration(round_to(nanos, MILLI));
    }
    if nanos < MINUTE {
        return format!("{:.2}s", nanos as f64 / SECOND as f64);
    }
    let seconds = nanos / SECOND;
    let (years, rest) = (seconds / (365 * 86_400), seconds % (365 * 86_400));
    let (days, rest) = (rest / 86_400, rest % 86_400);
    let (hours, minutes, seconds) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    if years > 0 {
        format!("{years}y{days}d{hours}h{minutes}m{seconds}s")
    } else if days > 0 {
        format!("{days}d{hours}h{minutes}m{seconds}s")
    } else if hours > 0 {
        format!("{hours}h{minutes}m{seconds}s")
    } else {
        format!("{minutes}m{seconds}s")
    }
}

/// [`human_duration`] of a span of time.
pub fn human_span(span: Duration) -> String {
    human_duration(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_all_units() {
        assert_eq!(parse_duration("0").unwrap(), 0);
        assert_eq!(parse_duration("1d12h").unwrap(), 36 * HOUR);
        assert_eq!(parse_duration("-1s").unwrap(), -SECOND);
        assert_eq!(parse_duration("1.5h").unwrap(), 90 * MINUTE);
        assert_eq!(
            parse_duration("1y2w3M").unwrap(),
            YEAR + 14 * DAY + 90 * DAY
        );
        assert_eq!(parse_duration("250us").unwrap(), 250 * MICRO);
    }

    #[test]
    fn a_wrong_duration_says_what_is_wrong() {
        assert_eq!(
            parse_duration("5").unwrap_err().to_string(),
            "invalid duration"
        );
        assert_eq!(
            parse_duration("").unwrap_err().to_string(),
            "invalid duration"
        );
        assert_eq!(
            parse_duration("1x").unwrap_err().to_string(),
            "invalid duration: invalid unit x"
        );
    }

    #[test]
    fn durations_are_written_as_go_does() {
        assert_eq!(go_duration(1_365_607), "1.365607ms");
        assert_eq!(go_duration(120 * SECOND), "2m0s");
        assert_eq!(go_duration(90_452), "90.452µs");
        assert_eq!(go_duration(5_405_500_000_000), "1h30m5.5s");
        assert_eq!(go_duration(-SECOND), "-1s");
        assert_eq!(go_duration(0), "0s");
    }

    #[test]
    fn durations_are_written_for_people() {
        assert_eq!(human_duration(440_600), "441µs");
        assert_eq!(human_duration(193_400_000), "193ms");
        assert_eq!(human_duration(2_170_000_000), "2.17s");
        assert_eq!(human_duration(30 * SECOND), "30.00s");
        assert_eq!(human_duration(200 * SECOND), "3m20s");
        assert_eq!(human_duration(HOUR), "1h0m0s");
        assert_eq!(
            human_duration(2 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND),
            "2d3h4m5s"
        );
        assert_eq!(human_duration(YEAR + 2 * DAY), "1y2d0h0m0s");
        assert_eq!(human_duration(i64::MAX), "never");
    }
}
