//! Users by client certificate (security.md 4).
//!
//! Certificates come in as the names in them; whoever has the connection reads
//! them out.

use std::collections::HashMap;

use midge_subject::quote;

use crate::connection_type::ConnectionType;

/// Attribute types that a distinguished name may have, and their object
/// identifiers. A subject with any other is not compared as a name.
const ATTRIBUTE_TYPES: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.17", "POSTALCODE"),
    (DOMAIN_COMPONENT, "DC"),
];

/// Object identifier of domain components, which the subject's text leaves out.
const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";

/// The order of the subject's text, whatever that in the certificate is.
const TEXT_ORDER: [&str; 9] = [
    "SERIALNUMBER",
    "CN",
    "OU",
    "O",
    "POSTALCODE",
    "STREET",
    "L",
    "ST",
    "C",
];

/// Types of which the text has the last value only.
const SINGLE_VALUED: [&str; 2] = ["SERIALNUMBER", "CN"];

/// One value of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Object identifier, dotted.
    pub oid: String,
    /// Value.
    pub value: String,
}

impl Attribute {
    /// The short name of its type.
    fn known_type(&self) -> Option<&'static str> {
        let mut types = ATTRIBUTE_TYPES.iter();
        types
            .find(|(oid, _)| *oid == self.oid)
            .map(|(_, name)| *name)
    }
}

/// The names in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateNames {
    /// E-mail addresses of the subject's alternative names.
    pub emails: Vec<String>,
    /// DNS names of the subject's alternative names.
    pub dns: Vec<String>,
    /// URIs of the subject's alternative names.
    pub uris: Vec<String>,
    /// The subject: relative names in the certificate's order, each with its
    /// attributes.
    pub subject: Vec<Vec<Attribute>>,
}

impl CertificateNames {
    /// The subject in the form of RFC 2253, in a fixed order, values of a type
    /// joined by `+`; other types than those of X.520 are left out.
    pub fn subject_text(&self) -> String {
        self.ordered().join(",")
    }

    /// The same with all other types behind, in the reverse order of the
    /// certificate.
    pub fn full_subject_text(&self) -> String {
        let standard = |attribute: &&Attribute| {
            let known = attribute.known_type();
            known.is_some_and(|name| TEXT_ORDER.contains(&name))
        };
        let mut parts = self.ordered();
        let others = self.attributes().filter(|a| !standard(a));
        let mut others: Vec<String> = others
            .map(|attribute| format!("{}={}", attribute.oid, escaped(&attribute.value)))
            .collect();
        others.reverse();
        parts.append(&mut others);
        parts.join(",")
    }

    fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.subject.iter().flatten()
    }

    fn ordered(&self) -> Vec<String> {
        let mut parts = Vec::new();
        for name in TEXT_ORDER {
            let mut values: Vec<String> = self
                .attributes()
                .filter(|attribute| attribute.known_type() == Some(name))
                .map(|attribute| format!("{name}={}", escaped(&attribute.value)))
                .collect();
            if SINGLE_VALUED.contains(&name) {
                values.drain(..values.len().saturating_sub(1));
            }
            if !values.is_empty() {
                parts.push(values.join("+"));
            }
        }
        parts
    }

    /// `,DC=a,DC=b` behind the text; `None` without domain components.
    fn text_with_domain(&self) -> Option<String> {
        let mut domain = self
            .attributes()
            .filter(|attribute| attribute.oid == DOMAIN_COMPONENT)
            .map(|attribute| format!("DC={}", attribute.value))
            .peekable();
        domain.peek()?;
        let domain: Vec<String> = domain.collect();
        Some(format!("{},{}", self.subject_text(), domain.join(",")))
    }

    /// The subject as a name; `None` if it has a type that names cannot have.
    fn distinguished_name(&self) -> Option<DistinguishedName> {
        let relative = |attributes: &Vec<Attribute>| {
            let pairs = attributes
                .iter()
                .map(|a| Some((a.known_type()?.to_owned(), a.value.clone())));
            pairs.collect::<Option<Vec<_>>>()
        };
        let names = self.subject.iter().rev().map(relative);
        Some(DistinguishedName::new(names.collect::<Option<Vec<_>>>()?))
    }
}

/// A value with what has a meaning in names escaped.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        let special = match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at == last,
            '#' => at == 0,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A relative name: types and values, in a fixed order, as that in the text has
/// no meaning.
type RelativeName = Vec<(String, String)>;

/// A name of RFC 4514, to compare with others. Types are in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DistinguishedName(Vec<RelativeName>);

impl DistinguishedName {
    fn new(mut names: Vec<RelativeName>) -> Self {
        for name in &mut names {
            for (kind, _) in name.iter_mut() {
                kind.make_ascii_uppercase();
            }
            name.sort();
        }
        Self(names)
    }

    /// The same for all names with these relative names in any order.
    fn in_any_order(&self) -> Self {
        let mut names = self.0.clone();
        names.sort();
        Self(names)
    }

    /// Reads `CN=a+OU=b,O=c`; `None` for what is no name.
    fn parse(text: &str) -> Option<Self> {
        let mut names = Vec::new();
        let mut name: RelativeName = Vec::new();
        let mut rest = text;
        loop {
            let (kind, after) = rest.split_once('=')?;
            let kind = kind.trim();
            if kind.is_empty() || kind.contains([',', '+']) {
                return None;
            }
            let (value, end) = attribute_value(after)?;
            name.push((kind.to_owned(), value));
            let mut behind = after.get(end..)?.chars();
            match behind.next() {
                None => {
                    names.push(name);
                    return Some(Self::new(names));
                }
                Some(',') => names.push(std::mem::take(&mut name)),
                Some(_) => {}
            }
            rest = behind.as_str();
        }
    }
}

/// Reads a value up to `,`, `+` or the end: the value, and the bytes it takes.
fn attribute_value(text: &str) -> Option<(String, usize)> {
    // Encoded values are not compared.
    if text.starts_with('#') {
        return None;
    }
    let mut value: Vec<u8> = Vec::new();
    // Bytes up to the last that is no blank, or escaped.
    let mut kept = 0;
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' | '+' => {
                end = at;
                break;
            }
            ' ' if value.is_empty() => {}
            '\\' => {
                let (_, c) = chars.next()?;
                match c {
                    ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => {
                        value.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    }
                    _ => {
                        let (_, second) = chars.next()?;
                        let byte = c.to_digit(16)? * 16 + second.to_digit(16)?;
                        value.push(u8::try_from(byte).ok()?);
                    }
                }
                kept = value.len();
            }
            c => {
                value.extend(c.encode_utf8(&mut [0; 4]).bytes());
                if c != ' ' {
                    kept = value.len();
                }
            }
        }
    }
    value.truncate(kept);
    let value = String::from_utf8_lossy(&value).into_owned();
    Some((value, end))
}

/// Users whose names are names of subjects.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedSubjects {
    exact: HashMap<DistinguishedName, Vec<String>>,
    in_any_order: HashMap<DistinguishedName, Vec<String>>,
}

impl NamedSubjects {
    /// Of users with these names; those that are no names of subjects are left out.
    pub(crate) fn new<'a>(users: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        let mut users: Vec<&str> = users.collect();
        // A hash table's order must not decide who of several is meant.
        users.sort_unstable();
        for user in users {
            let Some(name) = DistinguishedName::parse(user) else {
                continue;
            };
            let any = name.in_any_order();
            found.exact.entry(name).or_default().push(user.to_owned());
            found
                .in_any_order
                .entry(any)
                .or_default()
                .push(user.to_owned());
        }
        found
    }

    fn users(&self, name: &DistinguishedName) -> impl Iterator<Item = &str> {
        let exact = self.exact.get(name).into_iter().flatten();
        let any = self.in_any_order.get(&name.in_any_order());
        exact.chain(any.into_iter().flatten()).map(String::as_str)
    }
}

/// What was found for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateMatch {
    /// The user; `None` if the certificate names none.
    pub user: Option<String>,
    /// How it was found, or what was not: for debug logs.
    pub notes: Vec<String>,
}

/// Looks for the user that a certificate names. `is_user` tells whether there
/// is one of this name that may come on such a connection.
pub(crate) fn find(
    names: &CertificateNames,
    subjects: &NamedSubjects,
    connection_type: ConnectionType,
    is_user: impl Fn(&str, ConnectionType) -> bool,
) -> CertificateMatch {
    let known = |name: &str| !name.is_empty() && is_user(name, connection_type);
    let shown = |text: &str| quote(text.as_bytes());
    let found = |name: &str, how: &str, mut notes: Vec<String>| {
        notes.push(format!("Using {how} for auth [{}]", shown(name)));
        CertificateMatch {
            user: Some(name.to_owned()),
            notes,
        }
    };
    for (alternatives, how) in [
        (&names.emails, "email found in cert"),
        (&names.dns, "SAN found in cert"),
        (&names.uris, "URI found in cert"),
    ] {
        if let Some(name) = alternatives.iter().find(|name| known(name)) {
            return found(name, how, Vec::new());
        }
    }
    let text = names.subject_text();
    let mut notes = Vec::new();
    if let Some(name) = names.distinguished_name() {
        if let Some(user) = subjects.users(&name).find(|name| known(name)) {
            return found(user, "DistinguishedNameMatch", notes);
        }
        notes.push(format!(
            "DistinguishedNameMatch could not be used for auth [{}]",
            shown(&text)
        ));
    }
    if let Some(text) = names.text_with_domain() {
        if known(&text) {
            return found(&text, "RDNSequence", notes);
        }
        notes.push(format!(
            "RDNSequence could not be used for auth [{}]",
            shown(&text)
        ));
    }
    if known(&text) {
        return found(&text, "certificate subject", notes);
    }
    notes.push(format!("User in cert [{}], not found", shown(&text)));
    CertificateMatch { user: None, notes }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
