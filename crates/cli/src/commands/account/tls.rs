//! `nats account tls` (cli.md 7.9).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, X509Certificate};
use x509_parser::x509::X509Name;

use super::chains::{Certificate, chains};
use super::ocsp::{Answer, Status};
use crate::bail;
use crate::client::{Connection, Staple};
use crate::failure::{Failure, Result};
use crate::format::go_duration;
use crate::session::Session;

/// Characters of a line of base64 in PEM.
const PEM_LINE: usize = 64;

/// Shows the certificates of the server.
pub fn tls(session: &mut Session) -> Result<()> {
    let mut options = session.options()?;
    let staple = Staple::default();
    options.tls.staple = Some(staple.clone());
    let trusted = options.tls.trusted()?;
    let trusted: Vec<&[u8]> = trusted.iter().map(AsRef::as_ref).collect();
    let connection = Connection::connect(options)?;
    let Some(details) = connection.tls() else {
        bail!("nats: connection is not tls");
    };
    let stapled = if session.matches.on("ocsp") {
        let answer = staple.get();
        if answer.is_empty() {
            print!("# No OCSP Response found in TLS connection\n\n");
        }
        answer
    } else {
        Vec::new()
    };
    let chains = chains(&details.chain, &trusted);
    println!("# TLS Verified Chains count: {}", chains.len());
    if chains.is_empty() {
        bail!("no verified chains found in TLS");
    }
    let warn = session.matches.nanos("expire-warn").unwrap_or_default();
    let mut first = None;
    for (at, chain) in chains.iter().enumerate() {
        println!("\n# chain: {}", at + 1);
        for (place, certificate) in chain.iter().enumerate() {
            let at = Place {
                chain: at + 1,
                certificate: place + 1,
            };
            let wrong = show(certificate, at, warn, session.matches.on("pem"));
            first = first.or(wrong);
        }
        if !stapled.is_empty() {
            let wrong = show_ocsp(&stapled, chain, at + 1).err();
            first = first.or(wrong);
        }
    }
    match first {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Where a certificate stands.
#[derive(Clone, Copy)]
struct Place {
    chain: usize,
    certificate: usize,
}

/// Shows a certificate; gives what is wrong with its time.
fn show(certificate: &Certificate<'_>, at: Place, warn: i64, pem: bool) -> Option<Failure> {
    let parsed = &certificate.parsed;
    let subject = name(parsed.subject());
    println!(
        "# chain={} cert={} isCA={} Subject={subject:?}",
        at.chain,
        at.certificate,
        parsed.is_ca()
    );
    let end = time(parsed.validity().not_after);
    let left = parsed
        .validity()
        .not_after
        .timestamp()
        .saturating_sub(Timestamp::now().as_second());
    let what = |what: &str| {
        Failure::from(format!(
            "{what} chain={} cert={} expiration={end:?} subject={subject:?}",
            at.chain, at.certificate
        ))
    };
    let wrong = if left < 0 {
        println!("# EXPIRED after {end}");
        Some(what("expired cert"))
    } else if warn > 0 && left < warn / 1_000_000_000 {
        println!("# EXPIRING SOON: within {} of {end}", go_duration(warn));
        Some(what("cert expiring soon"))
    } else {
        None
    };
    println!("#   Expiration: {end}");
    let names = Names::of(parsed);
    for (label, list) in [
        ("DNS Names", names.dns),
        ("IP Addresses", names.ips),
        ("URIs", names.uris),
        ("Email Addresses", names.emails),
    ] {
        if !list.is_empty() {
            println!("#   SAN: {label}: [{}]", list.join(" "));
        }
    }
    println!("#   Serial: {}", decimal(parsed.raw_serial()));
    println!(
        "#   Signed-with: {}",
        algorithm(&parsed.signature_algorithm.algorithm.to_id_string())
    );
    if pem {
        print!("{}", in_pem(certificate.der));
    }
    wrong
}

fn show_ocsp(stapled: &[u8], chain: &[Certificate<'_>], number: usize) -> Result<()> {
    let (Some(own), Some(issuer)) = (chain.first(), chain.get(1)) else {
        println!("\n# Skipping OCSP verification for solo end-entity cert chain");
        return Ok(());
    };
    let answer = match Answer::verified(stapled, own, issuer) {
        Ok(answer) => answer,
        Err(why) => {
            println!("\n# OCSP response invalid for chain {number}: {why}");
            bail!("OCSP response invalid for chain {number}: {why}");
        }
    };
    let next = answer.next_update.map_or_else(|| "none".to_owned(), time);
    match answer.status {
        Status::Good => println!(
            "\n# OCSP: GOOD status=0 sn={} producedAt=({}) thisUpdate=({}) nextUpdate=({next})",
            decimal(&answer.serial),
            time(answer.produced),
            time(answer.this_update)
        ),
        Status::Revoked(at) => println!("\n# OCSP: REVOKED status=1 RevokedAt=({})", time(at)),
        Status::Unknown => println!("\n# OCSP: BAD status=2 sn={}", decimal(&answer.serial)),
    }
    Ok(())
}

/// A time as certificates have it, in seconds.
fn time(time: ASN1Time) -> String {
    Timestamp::from_second(time.timestamp())
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string())
        .unwrap_or_default()
}

/// A name in the form of RFC 2253: what is most special comes first.
pub fn name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for group in name.iter() {
        let group: Vec<String> = group
            .iter()
            .map(|attribute| {
                let id = attribute.attr_type().to_id_string();
                let key = match id.as_str() {
                    "2.5.4.3" => "CN",
                    "2.5.4.5" => "SERIALNUMBER",
                    "2.5.4.6" => "C",
                    "2.5.4.7" => "L",
                    "2.5.4.8" => "ST",
                    "2.5.4.9" => "STREET",
                    "2.5.4.10" => "O",
                    "2.5.4.11" => "OU",
                    "2.5.4.17" => "POSTALCODE",
                    other => other,
                };
                format!("{key}={}", escaped(attribute.as_str().unwrap_or_default()))
            })
            .collect();
        parts.push(group.join("+"));
    }
    parts.reverse();
    parts.join(",")
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, letter) in value.chars().enumerate() {
        let special = matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (letter == '#' && at == 0)
            || (letter == ' ' && (at == 0 || at == last));
        if special {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Names that a certificate is for.
#[derive(Default)]
struct Names {
    dns: Vec<String>,
    ips: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
}

impl Names {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut names = Self::default();
        let Ok(Some(extension)) = certificate.subject_alternative_name() else {
            return names;
        };
        for name in &extension.value.general_names {
            match name {
                GeneralName::DNSName(text) => names.dns.push((*text).to_owned()),
                GeneralName::URI(text) => names.uris.push((*text).to_owned()),
                GeneralName::RFC822Name(text) => names.emails.push((*text).to_owned()),
                GeneralName::IPAddress(bytes) => names.ips.extend(address(bytes)),
                _ => {}
            }
        }
        names
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some(address.to_string())
}

/// A number of many bytes, the greatest first, in decimal.
fn decimal(bytes: &[u8]) -> String {
    // Digits, the smallest first.
    let mut digits: Vec<u32> = vec![0];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = *digit * 256 + carry;
            *digit = value % 10;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .filter_map(|digit| char::from_digit(*digit, 10))
        .collect()
}

/// The usual name of a signature algorithm.
fn algorithm(id: &str) -> &str {
    match id {
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.10" => "RSAPSS",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
}

fn in_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(PEM_LINE.min(rest.len()));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_bytes_are_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(
            decimal(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            u64::MAX.to_string()
        );
    }

    #[test]
    fn values_of_names_are_escaped() {
        assert_eq!(escaped("a, b"), "a\\, b");
        assert_eq!(escaped(" #x "), "\\ #x\\ ");
        assert_eq!(escaped("#"), "\\#");
    }

    #[test]
    fn pem_has_lines_of_64() {
        let text = in_pem(&[7; 100]);
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lines, [27, 64, 64, 8, 25]);
    }
}
