//! Time stamps. The part that changes once a second is rendered once a second.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// A moment as seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Whole seconds; never negative (a clock before 1970 reads as 0).
    pub(crate) seconds: i64,
    /// 0 to 999,999,999.
    pub(crate) nanos: u32,
}

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            seconds: i64::try_from(since.as_secs()).unwrap_or(0),
            nanos: since.subsec_nanos(),
        }
    }
}

/// One rendered second.
#[derive(Default)]
struct Rendered {
    /// The second it belongs to; `None` before the first use.
    second: Option<i64>,
    text: Vec<u8>,
}

impl Rendered {
    /// Appends the text for `second`, rendering it if it is a new one.
    fn append(&mut self, out: &mut Vec<u8>, second: i64, render: impl FnOnce(&mut Vec<u8>)) {
        if self.second != Some(second) {
            self.text.clear();
            render(&mut self.text);
            self.second = Some(second);
        }
        out.extend_from_slice(&self.text);
    }
}

/// Renders time stamps in local time or UTC.
pub(crate) struct Clock {
    zone: TimeZone,
    log: Rendered,
    local_log: Rendered,
    syslog: Rendered,
    syslog_short: Rendered,
    utc: bool,
}

impl Clock {
    /// A clock in the process's time zone; log lines use UTC if `utc`.
    pub(crate) fn new(utc: bool) -> Self {
        Self::in_zone(TimeZone::system(), utc)
    }

    pub(crate) fn in_zone(zone: TimeZone, utc: bool) -> Self {
        Self {
            zone,
            log: Rendered::default(),
            local_log: Rendered::default(),
            syslog: Rendered::default(),
            syslog_short: Rendered::default(),
            utc,
        }
    }

    /// Switches log lines between UTC and local time.
    pub(crate) fn set_utc(&mut self, utc: bool) {
        if self.utc != utc {
            self.utc = utc;
            self.log.second = None;
        }
    }

    /// Appends `YYYY/MM/DD hh:mm:ss.uuuuuu` in the time zone of log lines.
    pub(crate) fn log_stamp(&mut self, out: &mut Vec<u8>, at: Moment) {
        let (zone, utc) = (&self.zone, self.utc);
        self.log.append(out, at.seconds, |text| {
            let zone = if utc { &TimeZone::UTC } else { zone };
            log_second(text, civil(zone, at.seconds).0);
        });
        micros(out, at.nanos);
    }

    /// The same, always in local time: the lines about rotation.
    pub(crate) fn local_log_stamp(&mut self, out: &mut Vec<u8>, at: Moment) {
        let zone = &self.zone;
        self.local_log.append(out, at.seconds, |text| {
            log_second(text, civil(zone, at.seconds).0);
        });
        micros(out, at.nanos);
    }

    /// Appends the RFC 3339 time with offset of a remote syslog packet.
    pub(crate) fn syslog_stamp(&mut self, out: &mut Vec<u8>, at: Moment) {
        let zone = &self.zone;
        self.syslog.append(out, at.seconds, |text| {
            let (t, offset) = civil(zone, at.seconds);
            // Writing to a Vec cannot fail.
            let _ = write!(
                text,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                t.year(),
                t.month(),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            );
            let minutes = offset.seconds() / 60;
            if minutes == 0 {
                text.push(b'Z');
            } else {
                let sign = if minutes < 0 { '-' } else { '+' };
                let _ = write!(
                    text,
                    "{sign}{:02}:{:02}",
                    minutes.abs() / 60,
                    minutes.abs() % 60
                );
            }
        });
    }

    /// Appends the `Mon _2 hh:mm:ss` time of a local syslog packet.
    pub(crate) fn syslog_short_stamp(&mut self, out: &mut Vec<u8>, at: Moment) {
        let zone = &self.zone;
        self.syslog_short.append(out, at.seconds, |text| {
            let t = civil(zone, at.seconds).0;
            let month = MONTHS
                .get(usize::from(t.month().unsigned_abs()).wrapping_sub(1))
                .unwrap_or(&"Jan");
            let _ = write!(
                text,
                "{month} {:>2} {:02}:{:02}:{:02}",
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            );
        });
    }

    /// The `YYYY.MM.DD.hh.mm.ss.nnnnnnnnn` local time in a backup's name.
    pub(crate) fn backup_stamp(&self, at: Moment) -> String {
        let t = civil(&self.zone, at.seconds).0;
        format!(
            "{:04}.{:02}.{:02}.{:02}.{:02}.{:02}.{:09}",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            at.nanos
        )
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The wall clock and its offset from UTC at a second.
fn civil(zone: &TimeZone, second: i64) -> (DateTime, Offset) {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = zone.to_offset(at);
    (offset.to_datetime(at), offset)
}

fn log_second(out: &mut Vec<u8>, t: DateTime) {
    let _ = write!(
        out,
        "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
}

/// Appends `.uuuuuu`.
fn micros(out: &mut Vec<u8>, nanos: u32) {
    let mut rest = nanos / 1_000;
    let mut digits = *b".000000";
    for digit in digits.iter_mut().skip(1).rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.extend_from_slice(&digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-03 07:51:21.000042007 UTC.
    const AT: Moment = Moment {
        seconds: 1_793_692_281,
        nanos: 42_007,
    };

    fn zone(hours: i8) -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(hours))
    }

    fn text(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn stamps_have_the_forms_of_their_sinks() {
        let mut clock = Clock::in_zone(zone(-5), false);
        assert_eq!(
            text(|o| clock.log_stamp(o, AT)),
            "2026/11/03 02:51:21.000042"
        );
        assert_eq!(
            text(|o| clock.syslog_stamp(o, AT)),
            "2026-11-03T02:51:21-05:00"
        );
        assert_eq!(text(|o| clock.syslog_short_stamp(o, AT)), "Nov  3 02:51:21");
        assert_eq!(clock.backup_stamp(AT), "2026.11.03.02.51.21.000042007");
    }

    #[test]
    fn utc_changes_only_the_log_lines() {
        let mut clock = Clock::in_zone(zone(2), true);
        assert_eq!(
            text(|o| clock.log_stamp(o, AT)),
            "2026/11/03 07:51:21.000042"
        );
        assert_eq!(
            text(|o| clock.local_log_stamp(o, AT)),
            "2026/11/03 09:51:21.000042"
        );
        clock.set_utc(false);
        assert_eq!(
            text(|o| clock.log_stamp(o, AT)),
            "2026/11/03 09:51:21.000042"
        );
    }

    #[test]
    fn a_new_second_is_rendered_anew() {
        let mut clock = Clock::in_zone(zone(0), true);
        let later = Moment {
            seconds: AT.seconds + 1,
            nanos: 999_999_999,
        };
        text(|o| clock.log_stamp(o, AT));
        assert_eq!(
            text(|o| clock.log_stamp(o, later)),
            "2026/11/03 07:51:22.999999"
        );
        assert_eq!(text(|o| clock.syslog_stamp(o, AT)), "2026-11-03T07:51:21Z");
    }
}
