//! Paths of requests (monitoring-events.md 2.2).

/// Decodes the percent escapes of a path; `None` if one is malformed.
pub(crate) fn decode(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            out.push(hex(bytes.next()?)? << 4 | hex(bytes.next()?)?);
        } else {
            out.push(byte);
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A path without empty, `.` and `..` parts; a slash at its end stays.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut clean = String::from("/");
    clean.push_str(&parts.join("/"));
    if path.ends_with('/') && clean.len() > 1 {
        clean.push('/');
    }
    clean
}

/// Escapes what may not stand in the path of a URL.
pub(crate) fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/$&+,:;=@!*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The configured base path with a slash before and none behind it; empty for
/// the root.
pub(crate) fn base(configured: &str) -> String {
    let clean = clean(configured);
    clean.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_keep_their_last_slash() {
        for (path, cleaned) in [
            ("/varz", "/varz"),
            ("//varz", "/varz"),
            ("/a/../varz", "/varz"),
            ("/./varz", "/varz"),
            ("/varz/.", "/varz"),
            ("/varz/../connz/", "/connz/"),
            ("///", "/"),
            ("/..", "/"),
            ("/varz/", "/varz/"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_encoded() {
        assert_eq!(decode("/%76arz").as_deref(), Some("/varz"));
        assert_eq!(decode("/%zz"), None);
        assert_eq!(decode("/%7"), None);
        assert_eq!(encode("/va rz"), "/va%20rz");
    }

    #[test]
    fn a_base_path_has_one_form() {
        assert_eq!(base(""), "");
        assert_eq!(base("/"), "");
        assert_eq!(base("nats/mon/"), "/nats/mon");
        assert_eq!(base("/nats//mon"), "/nats/mon");
    }
}
