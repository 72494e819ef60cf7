//! Addresses of other servers: what counts as one, and how it is shown.

use std::fmt;

use crate::go_text::quote;

/// A parsed URL. Parts are unescaped; `Display` writes them back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Url {
    /// Lower case; empty if there was none.
    pub scheme: String,
    /// `host` or `host:port` as written, brackets kept.
    pub host: String,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// What follows `scheme:` when that is not an authority or a path.
    pub opaque: String,
    /// Path with its leading slash.
    pub path: String,
    /// Query without `?`.
    pub query: Option<String>,
    /// Fragment without `#`.
    pub fragment: Option<String>,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// `parse "X": REASON`.
    pub fn parse(text: &str) -> Result<Url, String> {
        parse(text).map_err(|reason| format!("parse {}: {reason}", quote(text)))
    }

    /// The host without port and brackets.
    pub fn hostname(&self) -> &str {
        let (name, _) = split_port(&self.host);
        name.strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name)
    }

    /// The port's digits; empty without one.
    pub fn port(&self) -> &str {
        split_port(&self.host).1
    }

    /// The same with the password shown as `xxxxx`.
    pub fn redacted(&self) -> String {
        let mut copy = self.clone();
        if copy.password.is_some() {
            copy.password = Some("xxxxx".to_owned());
        }
        copy.to_string()
    }

    /// The same without user and password.
    pub fn without_user(&self) -> Url {
        Url {
            username: None,
            password: None,
            ..self.clone()
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            if !self.scheme.is_empty() || !self.host.is_empty() || self.username.is_some() {
                if !self.host.is_empty() || !self.path.is_empty() || self.username.is_some() {
                    f.write_str("//")?;
                }
                if let Some(user) = &self.username {
                    f.write_str(&escape(user))?;
                    if let Some(password) = &self.password {
                        write!(f, ":{}", escape(password))?;
                    }
                    f.write_str("@")?;
                }
                f.write_str(&self.host)?;
            }
            f.write_str(&self.path)?;
        } else {
            f.write_str(&self.opaque)?;
        }
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if let Some(fragment) = &self.fragment {
            write!(f, "#{fragment}")?;
        }
        Ok(())
    }
}

fn split_port(host: &str) -> (&str, &str) {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => (&host[..colon], &host[colon + 1..]),
        _ => (host, ""),
    }
}

/// Percent signs for what cannot stand in user and password.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let digits = bytes.get(at + 1..at + 3);
        let byte = digits
            .filter(|d| d.iter().all(u8::is_ascii_hexdigit))
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        let Some(byte) = byte else {
            let end = (at + 3).min(bytes.len());
            let shown = String::from_utf8_lossy(&bytes[at..end]);
            return Err(format!("invalid URL escape {}", quote(&shown)));
        };
        out.push(byte);
        at += 3;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The scheme, if the text begins with one, and the rest.
fn split_scheme(text: &str) -> Result<(String, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((text[..at].to_lowercase(), &text[at + 1..])),
            _ => break,
        }
    }
    Ok((String::new(), text))
}

fn parse(text: &str) -> Result<Url, String> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    let (rest, fragment) = match text.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (text, None),
    };
    if let Some(fragment) = fragment {
        unescape(fragment)?;
        url.fragment = Some(fragment.to_owned());
    }
    let (scheme, rest) = split_scheme(rest)?;
    url.scheme = scheme;
    let rest = match rest.split_once('?') {
        Some((rest, query)) => {
            url.query = Some(query.to_owned());
            rest
        }
        None => rest,
    };
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_owned();
            return Ok(url);
        }
        let segment = rest.split('/').next().unwrap_or("");
        if segment.contains(':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let path = match rest.strip_prefix("//") {
        Some(after) if !(url.scheme.is_empty() && rest.starts_with("///")) => {
            let end = after.find('/').unwrap_or(after.len());
            parse_authority(&after[..end], &mut url)?;
            &after[end..]
        }
        _ => rest,
    };
    unescape(path)?;
    path.clone_into(&mut url.path);
    Ok(url)
}

fn parse_authority(text: &str, url: &mut Url) -> Result<(), String> {
    let (user, host) = match text.rfind('@') {
        Some(at) => (Some(&text[..at]), &text[at + 1..]),
        None => (None, text),
    };
    url.host = parse_host(host)?;
    if let Some(user) = user {
        let valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !user.chars().all(valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        match user.split_once(':') {
            Some((name, password)) => {
                url.username = Some(unescape(name)?);
                url.password = Some(unescape(password)?);
            }
            None => url.username = Some(unescape(user)?),
        }
    }
    Ok(())
}

fn parse_host(host: &str) -> Result<String, String> {
    let after = if host.starts_with('[') {
        let Some(end) = host.rfind(']') else {
            return Err("missing ']' in host".to_owned());
        };
        &host[end + 1..]
    } else {
        match host.rfind(':') {
            Some(colon) => &host[colon..],
            None => "",
        }
    };
    let digits = after.strip_prefix(':').unwrap_or(after);
    let valid_port =
        after.is_empty() || (after.starts_with(':') && digits.bytes().all(|b| b.is_ascii_digit()));
    if !valid_port {
        return Err(format!("invalid port {} after host", quote(after)));
    }
    let invalid = |c: &char| {
        !(c.is_ascii_alphanumeric() || !c.is_ascii() || "-_.~!$&'()*+,;=:[]<>\"%".contains(*c))
    };
    if let Some(c) = host.chars().find(invalid) {
        return Err(format!(
            "invalid character {} in host name",
            quote(&c.to_string())
        ));
    }
    unescape(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_print() {
        for text in [
            "nats://a:1",
            "nats-route://u:p@a:1",
            "wss://host/path?x=1#f",
            "nats://[::1]:4222",
            "a:1",
            "a",
            "",
        ] {
            assert_eq!(Url::parse(text).unwrap().to_string(), text);
        }
        let url = Url::parse("nats://u:p%40@[::1]:4222").unwrap();
        assert_eq!((url.hostname(), url.port()), ("::1", "4222"));
        assert_eq!(url.password.as_deref(), Some("p@"));
        assert_eq!(url.redacted(), "nats://u:xxxxx@[::1]:4222");
    }

    #[test]
    fn bad_addresses_are_refused_with_a_reason() {
        for (text, reason) in [
            ("http://a:x", "invalid port \":x\" after host"),
            (
                "127.0.0.1:5",
                "first path segment in URL cannot contain colon",
            ),
            ("%zz", "invalid URL escape \"%zz\""),
            ("nats://a b:1", "invalid character \" \" in host name"),
        ] {
            let error = Url::parse(text).unwrap_err();
            assert_eq!(error, format!("parse {}: {reason}", quote(text)));
        }
    }
}
