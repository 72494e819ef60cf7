//! JSON in the forms monitoring tools expect (monitoring-events.md 1).

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// What a time that never was prints as.
pub const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// JSON for HTTP: indented by two spaces, no newline at the end.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    render(value, PrettyFormatter::with_indent(b"  "))
}

/// The same indented by three spaces, as some endpoints are.
pub fn pretty_wide<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    render(value, PrettyFormatter::with_indent(b"   "))
}

/// JSON on one line, for NATS and for `/healthz`.
pub fn compact<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    render(value, CompactFormatter)
}

fn render<T: Serialize + ?Sized>(value: &T, layout: impl Formatter) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Form { layout });
    match value.serialize(&mut serializer) {
        Ok(()) => out,
        // Only a map with keys that are no text can fail; there is none.
        Err(_) => b"{}".to_vec(),
    }
}

/// A layout whose strings are safe inside HTML and whose numbers have no
/// needless `.0`.
struct Form<L> {
    layout: L,
}

impl<L: Formatter> Formatter for Form<L> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (plain, special) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = special.chars();
            if let Some(c) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.layout.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.layout.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object_value(writer)
    }
}

/// A number with the fewest digits that tell it apart; very small and very
/// large ones with an exponent.
fn float(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "0".to_owned();
    }
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// A time in UTC: `2026-11-23T08:00:41.5Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub SystemTime);

/// A time in UTC; [`ZERO_TIME`] if it never was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UtcOrZero(pub Option<SystemTime>);

/// A time with the server's offset: `2026-11-23T03:23:04.64-05:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local(pub SystemTime);

/// A duration as an integer of nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nanos(pub Duration);

/// A duration as text in years, days, hours, minutes and whole seconds:
/// `3d4h0m0s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uptime(pub Duration);

/// A round trip time as text: `353µs`, `1.559025ms`; `0s` if not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rtt(pub Duration);

impl Nanos {
    /// For leaving out what is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0, &TimeZone::UTC))
    }
}

impl Serialize for UtcOrZero {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(at) => Utc(at).serialize(serializer),
            None => serializer.serialize_str(ZERO_TIME),
        }
    }
}

impl Serialize for Local {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0, &TimeZone::system()))
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Serialize for Uptime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&uptime_text(self.0))
    }
}

impl Serialize for Rtt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rtt_text(self.0))
    }
}

/// RFC 3339 with up to nine fraction digits, trailing zeros cut.
fn rfc3339(at: SystemTime, zone: &TimeZone) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(0);
    let stamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = zone.to_offset(stamp);
    let t = offset.to_datetime(stamp);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
    push_fraction(&mut text, since.subsec_nanos(), 9);
    let minutes = offset.seconds() / 60;
    if minutes == 0 {
        text.push('Z');
    } else {
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        // Writing to a String cannot fail.
        let _ = write!(text, "{sign}{hours:02}:{minutes:02}");
    }
    text
}

/// Appends `.digits` without trailing zeros; nothing for zero.
fn push_fraction(text: &mut String, value: u32, width: usize) {
    if value > 0 {
        let digits = format!("{value:0width$}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}

/// The text of [`Uptime`].
pub fn uptime_text(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let (days, years) = (seconds / 86_400, seconds / (365 * 86_400));
    let mut text = String::new();
    // Writing to a String cannot fail.
    if years > 0 {
        let _ = write!(text, "{years}y");
    }
    if days > 0 {
        let _ = write!(text, "{}d", days % 365);
    }
    if hours > 0 {
        let _ = write!(text, "{}h", hours % 24);
    }
    if minutes > 0 {
        let _ = write!(text, "{}m", minutes % 60);
    }
    let _ = write!(text, "{}s", seconds % 60);
    text
}

/// The text of [`Rtt`]: below a millisecond cut to whole microseconds.
pub fn rtt_text(rtt: Duration) -> String {
    const MICROSECOND: Duration = Duration::from_micros(1);
    const MILLISECOND: Duration = Duration::from_millis(1);
    if rtt >= MICROSECOND && rtt < MILLISECOND {
        return format!("{}µs", rtt.as_micros());
    }
    duration_text(rtt)
}

/// A duration with its units: `1.5ms`, `1m2.5s`, `1h0m0s`.
pub fn duration_text(duration: Duration) -> String {
    let nanos = duration.subsec_nanos();
    let seconds = duration.as_secs();
    let mut text = String::new();
    if seconds == 0 {
        let (unit, name, width) = match nanos {
            0 => return "0s".to_owned(),
            1..1_000 => (1, "ns", 0),
            1_000..1_000_000 => (1_000, "µs", 3),
            _ => (1_000_000, "ms", 6),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", nanos / unit);
        push_fraction(&mut text, nanos % unit, width);
        text.push_str(name);
        return text;
    }
    let (hours, minutes) = (seconds / 3_600, seconds / 60);
    if hours > 0 {
        let _ = write!(text, "{hours}h");
    }
    if minutes > 0 {
        let _ = write!(text, "{}m", minutes % 60);
    }
    let _ = write!(text, "{}", seconds % 60);
    push_fraction(&mut text, nanos, 9);
    text.push('s');
    text
}

/// For leaving out members that are empty: false.
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// For leaving out members that are empty: zero.
pub(crate) fn is_zero<N: Default + PartialEq>(value: &N) -> bool {
    *value == N::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Serialize>(value: &T) -> String {
        String::from_utf8(compact(value)).unwrap()
    }

    #[test]
    fn strings_are_safe_inside_html() {
        assert_eq!(
            text(&"a<b>&\u{2028}é\"\n"),
            "\"a\\u003cb\\u003e\\u0026\\u2028é\\\"\\n\""
        );
    }

    #[test]
    fn numbers_have_no_needless_digits() {
        assert_eq!(text(&2.0), "2");
        assert_eq!(text(&0.2346368715083799), "0.2346368715083799");
        assert_eq!(text(&0.0), "0");
        assert_eq!(text(&1e-7), "1e-7");
        assert_eq!(text(&1e21), "1e+21");
        assert_eq!(text(&50.5), "50.5");
    }

    #[test]
    fn times_lose_trailing_zeros() {
        let at = UNIX_EPOCH + Duration::new(1_795_420_841, 500_000_000);
        assert_eq!(text(&Utc(at)), "\"2026-11-23T08:00:41.5Z\"");
        let whole = UNIX_EPOCH + Duration::from_secs(1_795_420_841);
        assert_eq!(text(&Utc(whole)), "\"2026-11-23T08:00:41Z\"");
        assert_eq!(text(&UtcOrZero(None)), "\"0001-01-01T00:00:00Z\"");
        let zone = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(rfc3339(at, &zone), "2026-11-23T03:00:41.5-05:00");
    }

    #[test]
    fn uptime_has_every_unit_below_the_largest() {
        let uptime = |seconds| uptime_text(Duration::from_secs(seconds));
        assert_eq!(uptime(0), "0s");
        assert_eq!(uptime(59), "59s");
        assert_eq!(uptime(60), "1m0s");
        assert_eq!(uptime(7_205), "2h0m5s");
        assert_eq!(uptime(3 * 86_400 + 4 * 3_600), "3d4h0m0s");
        assert_eq!(uptime(367 * 86_400), "1y2d0h0m0s");
    }

    #[test]
    fn round_trip_times_are_cut_below_a_millisecond() {
        let rtt = |nanos| rtt_text(Duration::from_nanos(nanos));
        assert_eq!(rtt(0), "0s");
        assert_eq!(rtt(999), "999ns");
        assert_eq!(rtt(95_999), "95µs");
        assert_eq!(rtt(1_559_025), "1.559025ms");
        assert_eq!(rtt(8_795_785_128), "8.795785128s");
        assert_eq!(rtt(62_500_000_000), "1m2.5s");
    }

    #[test]
    fn layouts_differ_in_white_space_only() {
        let value = serde_json::json!({"a": [1], "b": [], "c": {}});
        assert_eq!(text(&value), "{\"a\":[1],\"b\":[],\"c\":{}}");
        assert_eq!(
            String::from_utf8(pretty(&value)).unwrap(),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": [],\n  \"c\": {}\n}"
        );
    }
}
