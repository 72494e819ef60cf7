//! The address of a remote syslog daemon (`remote_syslog`).

use crate::error::LogError;

/// Where a remote daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    /// `udp://host:port`
    Udp(String),
    /// `tcp://host:port`
    Tcp(String),
    /// `unix:///path`
    Unix(String),
}

impl Remote {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, LogError> {
        let invalid = |why: &str| LogError::InvalidAddress(format!("parse {url:?}: {why}"));
        let (scheme, rest) = split_scheme(url).map_err(invalid)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = match rest.strip_prefix("//") {
            Some(rest) => match rest.find('/') {
                Some(slash) => rest.split_at(slash),
                None => (rest, ""),
            },
            None => ("", rest),
        };
        if let Some(escape) = bad_escape(host).or_else(|| bad_escape(path)) {
            return Err(invalid(&format!("invalid URL escape {escape:?}")));
        }
        // Nobody is asked for a name and password.
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        match scheme.as_str() {
            "udp" => Ok(Self::Udp(host.to_owned())),
            "tcp" => Ok(Self::Tcp(host.to_owned())),
            "unix" => Ok(Self::Unix(unescape(path))),
            other => Err(LogError::InvalidNetwork(other.to_owned())),
        }
    }
}

/// The scheme in small letters and what follows its colon; an address without
/// a scheme has an empty one.
fn split_scheme(url: &str) -> Result<(String, &str), &'static str> {
    let first_segment = url.split('/').next().unwrap_or_default();
    let Some(colon) = first_segment.find(':') else {
        return Ok((String::new(), url));
    };
    let (scheme, rest) = url.split_at(colon);
    if scheme.is_empty() {
        return Err("missing protocol scheme");
    }
    let letters_first = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !letters_first || !scheme.chars().all(known) {
        return Err("first path segment in URL cannot contain colon");
    }
    Ok((
        scheme.to_ascii_lowercase(),
        rest.strip_prefix(':').unwrap_or(rest),
    ))
}

/// The first percent sign that two hexadecimal digits do not follow, with
/// what follows it.
fn bad_escape(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.iter().skip(at).position(|&b| b == b'%') {
        at += found;
        let digits = bytes.get(at + 1..at + 3);
        if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
            let end = bytes.len().min(at + 3);
            let escape = bytes.get(at..end).unwrap_or_default();
            return Some(String::from_utf8_lossy(escape).into_owned());
        }
        at += 3;
    }
    None
}

/// Replaces the escapes of a path that has only good ones.
fn unescape(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        Remote::parse(url).unwrap_err().to_string()
    }

    #[test]
    fn the_three_networks_are_read() {
        assert_eq!(
            Remote::parse("udp://127.0.0.1:514").unwrap(),
            Remote::Udp("127.0.0.1:514".into())
        );
        assert_eq!(
            Remote::parse("TCP://[::1]:514").unwrap(),
            Remote::Tcp("[::1]:514".into())
        );
        assert_eq!(
            Remote::parse("unix:///var/run/a%20b").unwrap(),
            Remote::Unix("/var/run/a b".into())
        );
    }

    #[test]
    fn bad_addresses_read_as_in_the_reference() {
        assert_eq!(error("foo://x"), "error invalid network type: \"foo\"");
        assert_eq!(
            error("udp4://127.0.0.1:1"),
            "error invalid network type: \"udp4\""
        );
        assert_eq!(error("localhost"), "error invalid network type: \"\"");
        assert_eq!(
            error("127.0.0.1:55"),
            "parse \"127.0.0.1:55\": first path segment in URL cannot contain colon"
        );
        assert_eq!(error(":bad"), "parse \":bad\": missing protocol scheme");
        assert_eq!(
            error("tcp://%zz"),
            "parse \"tcp://%zz\": invalid URL escape \"%zz\""
        );
    }
}
