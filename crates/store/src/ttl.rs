//! Message TTLs: the header that sets them, and the file that lists them
//! (storage-format.md 8.1).

use crate::varint::{Reader, put_sv, put_uv};

/// What a `Nats-TTL` header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ttl {
    /// The message goes after so many seconds.
    Seconds(i64),
    /// The message stays, even if its stream has a greatest age.
    Never,
}

const TTL_HEADER: &[u8] = b"Nats-TTL";
const SCHEDULE_HEADER: &[u8] = b"Nats-Schedule";
const NANOS: i64 = 1_000_000_000;

/// The value of a `Nats-TTL` header (jetstream-streams.md 9.1); `None` if it
/// is not valid.
pub fn parse_ttl(value: &[u8]) -> Option<Ttl> {
    let value = value.trim_ascii();
    if value.eq_ignore_ascii_case(b"never") {
        return Some(Ttl::Never);
    }
    let seconds = if value.iter().all(u8::is_ascii_digit) {
        std::str::from_utf8(value).ok()?.parse().ok()?
    } else {
        duration(value)? / NANOS
    };
    (seconds >= 1).then_some(Ttl::Seconds(seconds))
}

/// A duration such as `1h30m` or `1.5s`, in ns. Whole numbers stay exact: what
/// a publish was accepted with has to be found again.
fn duration(text: &[u8]) -> Option<i64> {
    let mut rest = std::str::from_utf8(text).ok()?;
    rest = rest.strip_prefix('+').unwrap_or(rest);
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let scale = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => NANOS,
            "m" => 60 * NANOS,
            "h" => 3600 * NANOS,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let mut part = 0.0;
        let mut digit_scale = scale as f64;
        for digit in fraction.bytes() {
            digit_scale /= 10.0;
            part += f64::from(digit - b'0') * digit_scale;
        }
        let whole = match whole {
            "" => 0,
            whole => whole.parse::<i64>().ok()?.checked_mul(scale)?,
        };
        total = total.checked_add(whole)?.checked_add(part.round() as i64)?;
        rest = after;
    }
    Some(total)
}

/// The value of the first header line with this name.
fn header_value<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    for at in memchr::memmem::find_iter(header, name) {
        let at_line_start = at >= 2 && header.get(at - 2..at) == Some(b"\r\n");
        let after = header.get(at + name.len()..)?;
        if at_line_start && let Some(value) = after.strip_prefix(b":") {
            let end = memchr::memmem::find(value, b"\r\n").unwrap_or(value.len());
            return value.get(..end).map(<[u8]>::trim_ascii);
        }
    }
    None
}

/// The valid TTL in a header section.
pub fn ttl_of_header(header: &[u8]) -> Option<Ttl> {
    parse_ttl(header_value(header, TTL_HEADER)?)
}

/// When a message of this time and header section expires by its TTL, ns.
pub fn expiry_of(timestamp: i64, header: &[u8]) -> Option<i64> {
    if header.is_empty() {
        return None;
    }
    match ttl_of_header(header)? {
        Ttl::Never => None,
        Ttl::Seconds(seconds) => timestamp.checked_add(seconds.checked_mul(NANOS)?),
    }
}

/// Whether a header section has a schedule.
pub fn has_schedule(header: &[u8]) -> bool {
    header_value(header, SCHEDULE_HEADER).is_some_and(|value| !value.is_empty())
}

/// What `thw.db` says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TtlFile {
    /// Entries are complete for all sequences below it.
    pub stamp: u64,
    /// (expiry in ns, sequence).
    pub entries: Vec<(i64, u64)>,
}

const VERSION: u8 = 1;
/// Bytes of the smallest entry: bounds what a wrong count may reserve.
const ENTRY_BYTES_MIN: usize = 2;

/// Reads `thw.db`.
pub fn decode(bytes: &[u8]) -> Option<TtlFile> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    let count = usize::try_from(reader.u64()?).ok()?;
    let stamp = reader.u64()?;
    if count > reader.rest().len() / ENTRY_BYTES_MIN {
        return None;
    }
    let entries: Option<Vec<_>> = (0..count)
        .map(|_| Some((reader.sv()?, reader.uv()?)))
        .collect();
    Some(TtlFile {
        stamp,
        entries: entries?,
    })
}

/// Writes `thw.db`.
pub fn encode(stamp: u64, entries: impl ExactSizeIterator<Item = (i64, u64)>) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend((entries.len() as u64).to_le_bytes());
    out.extend(stamp.to_le_bytes());
    for (at, seq) in entries {
        put_sv(&mut out, at);
        put_uv(&mut out, seq);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttls_are_seconds_or_durations() {
        for (text, want) in [
            ("60", Some(Ttl::Seconds(60))),
            ("1s", Some(Ttl::Seconds(1))),
            ("1m30s", Some(Ttl::Seconds(90))),
            ("1.5h", Some(Ttl::Seconds(5400))),
            ("1500ms", Some(Ttl::Seconds(1))),
            ("Never", Some(Ttl::Never)),
            ("0", None),
            (".s", None),
            ("9223236073s", Some(Ttl::Seconds(9_223_236_073))),
            ("500ms", None),
            ("-1", None),
            ("-1s", None),
            ("", None),
            ("1x", None),
            ("s", None),
            ("1.5.5s", None),
            (".s", None),
            ("9223236073s", Some(Ttl::Seconds(9_223_236_073))),
            (".5h", Some(Ttl::Seconds(1800))),
            ("9223236072999999999ns", Some(Ttl::Seconds(9_223_236_072))),
            ("9223372036s999ms", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_ttl(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn a_header_is_found_by_its_whole_name() {
        let of = |header: &str| ttl_of_header(header.as_bytes());
        assert_eq!(of("NATS/1.0\r\nNats-TTL: 5\r\n\r\n"), Some(Ttl::Seconds(5)));
        assert_eq!(
            of("NATS/1.0\r\nX-Nats-TTL: 5\r\nNats-TTL:7s\r\n\r\n"),
            Some(Ttl::Seconds(7))
        );
        assert_eq!(of("NATS/1.0\r\nNats-TTLX: 5\r\n\r\n"), None);
        assert!(has_schedule(
            b"NATS/1.0\r\nNats-Schedule: @every 1h\r\n\r\n"
        ));
        assert!(!has_schedule(
            b"NATS/1.0\r\nNats-Schedule-Target: a\r\n\r\n"
        ));
    }

    #[test]
    fn the_documented_file_is_read_and_written() {
        let bytes = [
            1, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xa5, 0xe6, 0xee, 0xcb, 0xc2,
            0xb9, 0xae, 0x89, 0x01, 2, 0x92, 0xa4, 0xf2, 0xd5, 0xee, 0xf2, 0xc3, 0xcc, 0x5d, 4,
            0xe6, 0xa8, 0x81, 0xac, 0xa0, 0xa3, 0xce, 0xea, 0x31, 5,
        ];
        let file = decode(&bytes).unwrap();
        assert_eq!(file.stamp, 7);
        let want = [
            (4949019528906197375, 2),
            (3372219528910883081, 4),
            (1795419530911033907, 5),
        ];
        assert_eq!(file.entries, want);
        assert_eq!(encode(7, want.into_iter()), bytes);
        assert_eq!(decode(&bytes[..20]), None);
        assert_eq!(decode(&[2]), None);
    }
}
