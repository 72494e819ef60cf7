//! What is wrong with TLS or a certificate, in the words that people search logs for.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Names of a certificate that are listed; beyond them only their number is told.
const MAX_NAMES: usize = 100;

/// An error in the words of other NATS servers and clients, where they have some.
pub fn error_text(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => {
            let why = match certificate(error) {
                Some(why) => format!("x509: {why}"),
                None => error.to_string(),
            };
            format!("tls: failed to verify certificate: {why}")
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "tls: first record does not look like a TLS handshake".to_owned()
        }
        Error::NoCertificatesPresented => "tls: client didn't provide a certificate".to_owned(),
        Error::AlertReceived(alert) => match self::alert(*alert) {
            Some(text) => format!("remote error: tls: {text}"),
            None => format!("remote error: tls: {alert:?}"),
        },
        error => format!("tls: {error}"),
    }
}

fn certificate(error: &CertificateError) -> Option<String> {
    let text = match error {
        CertificateError::UnknownIssuer => "certificate signed by unknown authority",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate specifies an incompatible key usage"
        }
        // One whose end is before its beginning.
        CertificateError::Expired | CertificateError::NotValidYet => OUT_OF_TIME,
        CertificateError::ExpiredContext { time, not_after } => {
            return Some(out_of_time(*time, "after", *not_after));
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            return Some(out_of_time(*time, "before", *not_before));
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => return Some(other_names(&expected.to_str(), presented)),
        // It has no place for them.
        CertificateError::Other(other) if other.0.to_string() == "UnsupportedCertVersion" => {
            NO_NAMES
        }
        _ => return None,
    };
    Some(text.to_owned())
}

const OUT_OF_TIME: &str = "certificate has expired or is not yet valid";

/// Only the common name says whose it is.
const NO_NAMES: &str = "certificate relies on legacy Common Name field, use SANs instead";

fn out_of_time(now: UnixTime, side: &str, limit: UnixTime) -> String {
    format!(
        "{OUT_OF_TIME}: current time {} is {side} {}",
        seconds(now, TimeZone::system()),
        seconds(limit, TimeZone::UTC),
    )
}

/// RFC 3339 without decimals.
fn seconds(time: UnixTime, zone: TimeZone) -> String {
    let time = i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or_default();
    let text = time
        .to_zoned_datetime(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string();
    match text.strip_suffix("+00:00") {
        Some(time) => format!("{time}Z"),
        None => text,
    }
}

/// `presented` has names as `DnsName("a")` and `IpAddress(127.0.0.1)`.
fn other_names(wanted: &str, presented: &[String]) -> String {
    let inside = |start: &str, end: &str| -> Vec<&str> {
        presented
            .iter()
            .filter_map(|name| name.strip_prefix(start)?.strip_suffix(end))
            .collect()
    };
    let addresses = wanted.parse::<IpAddr>().is_ok();
    let names = match addresses {
        true => inside("IpAddress(", ")"),
        false => inside("DnsName(\"", "\")"),
    };
    match (names.len(), addresses) {
        (0, true) => format!(
            "cannot validate certificate for {wanted} because it doesn't contain any IP SANs"
        ),
        (0, false) if presented.is_empty() => NO_NAMES.to_owned(),
        (0, false) => {
            format!("certificate is not valid for any names, but wanted to match {wanted}")
        }
        (count, _) if count > MAX_NAMES => {
            format!("certificate is valid for {count} names, but none matched {wanted}")
        }
        _ => format!(
            "certificate is valid for {}, not {wanted}",
            names.join(", ")
        ),
    }
}

fn alert(alert: AlertDescription) -> Option<&'static str> {
    use AlertDescription as A;
    Some(match alert {
        A::UnexpectedMessage => "unexpected message",
        A::BadRecordMac => "bad record MAC",
        A::RecordOverflow => "record overflow",
        A::HandshakeFailure => "handshake failure",
        A::BadCertificate => "bad certificate",
        A::UnsupportedCertificate => "unsupported certificate",
        A::CertificateRevoked => "revoked certificate",
        A::CertificateExpired => "expired certificate",
        A::CertificateUnknown => "unknown certificate",
        A::IllegalParameter => "illegal parameter",
        A::UnknownCA => "unknown certificate authority",
        A::AccessDenied => "access denied",
        A::DecodeError => "error decoding message",
        A::DecryptError => "error decrypting message",
        A::ProtocolVersion => "protocol version not supported",
        A::InsufficientSecurity => "insufficient security level",
        A::InternalError => "internal error",
        A::UserCanceled => "user canceled",
        A::MissingExtension => "missing extension",
        A::UnsupportedExtension => "unsupported extension",
        A::UnrecognisedName => "unrecognized name",
        A::CertificateRequired => "certificate required",
        A::NoApplicationProtocol => "no application protocol",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let error = CertificateError::ExpiredContext {
            time: at(1_800_000_000),
            not_after: at(1_700_000_000),
        };
        let text = error_text(&Error::InvalidCertificate(error));
        assert!(
            text.starts_with(
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2027-01-1"
            ) && text.ends_with(" is after 2023-11-14T22:13:20Z"),
            "{text}"
        );
    }

    #[test]
    fn alerts_and_missing_certificates_have_their_words() {
        let remote = |alert| error_text(&Error::AlertReceived(alert));
        assert_eq!(
            remote(AlertDescription::UnknownCA),
            "remote error: tls: unknown certificate authority"
        );
        assert_eq!(
            error_text(&Error::NoCertificatesPresented),
            "tls: client didn't provide a certificate"
        );
    }

    #[test]
    fn the_names_that_count_are_told() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let both = names(&[
            "DnsName(\"a.b\")",
            "IpAddress(10.0.0.1)",
            "DnsName(\"*.c\")",
        ]);
        assert_eq!(
            other_names("x", &both),
            "certificate is valid for a.b, *.c, not x"
        );
        assert_eq!(
            other_names("::1", &both),
            "certificate is valid for 10.0.0.1, not ::1"
        );
        assert_eq!(
            other_names("127.0.0.1", &names(&["DnsName(\"a\")"])),
            "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"
        );
        assert_eq!(
            other_names("x", &names(&["IpAddress(10.0.0.1)"])),
            "certificate is not valid for any names, but wanted to match x"
        );
        let many: Vec<_> = (0..101)
            .map(|number| format!("DnsName(\"n{number}\")"))
            .collect();
        assert_eq!(
            other_names("x", &many),
            "certificate is valid for 101 names, but none matched x"
        );
    }
}
