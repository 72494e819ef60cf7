//! `tls` blocks (configuration.md 3.8).

use super::report::{Cast, Report, problem, shown_at};
use super::{ocsp, time, tls_files};
use crate::go_text::{self, quote};
use crate::lang::{Node, Value};
use crate::options::{
    DEFAULT_HANDSHAKE_FALLBACK, FeatureKind, HandshakeFirst, TlsOptions, TlsVersion,
};

/// Where a block stands; not every key makes sense everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A listener for clients or leaf nodes, or an outgoing leaf node.
    Plain,
    /// Routes and gateways, whose peers are known by URL.
    Link,
    /// An HTTP proxy.
    Proxy,
}

/// Suites that may be named, insecure ones marked.
pub(crate) const CIPHER_SUITES: [(&str, bool); 25] = [
    ("TLS_AES_128_GCM_SHA256", false),
    ("TLS_AES_256_GCM_SHA384", false),
    ("TLS_CHACHA20_POLY1305_SHA256", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", false),
    ("TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", true),
    ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", true),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", false),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false),
    ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", true),
    ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", true),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", true),
    ("TLS_RSA_WITH_AES_128_CBC_SHA256", true),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", true),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_RSA_WITH_RC4_128_SHA", true),
];

/// Curves that may be named, in the default order.
pub(crate) const CURVES: [&str; 7] = [
    "X25519MLKEM768",
    "SecP384r1MLKEM1024",
    "SecP256r1MLKEM768",
    "X25519",
    "CurveP256",
    "CurveP384",
    "CurveP521",
];

/// Keys an HTTP proxy's block takes.
pub(crate) const PROXY_KEYS: [&str; 15] = [
    "cert_file",
    "key_file",
    "ca_file",
    "certs",
    "insecure",
    "cipher_suites",
    "allow_insecure_cipher_suites",
    "curve_preferences",
    "min_version",
    "timeout",
    "cert_store",
    "cert_match_by",
    "cert_match",
    "ca_certs_match",
    "cert_match_skip_invalid",
];

/// Reads a block and its files; what is wrong is reported.
pub(crate) fn read(
    report: &mut Report,
    key: &str,
    node: &Node,
    place: Place,
) -> Option<TlsOptions> {
    report.feature(FeatureKind::Tls, key, &node.pos);
    let read = keys(report, node, place).and_then(|(mut tls, pairs)| {
        tls_files::load(&mut tls, &pairs).map_err(|text| problem(node, text))?;
        Ok(tls)
    });
    report.take(read)
}

/// Files of `certs` entries.
pub(crate) type Pairs = Vec<(String, String)>;

/// A scalar key that must be a boolean.
fn flag(key: &str, node: &Node) -> Cast<bool> {
    match node.value {
        Value::Bool(yes) => Ok(yes),
        _ => Err(problem(
            node,
            format!("error parsing tls config, expected '{key}' to be a boolean"),
        )),
    }
}

fn file(key: &str, node: &Node) -> Cast<Option<std::path::PathBuf>> {
    match &node.value {
        Value::String(text) => Ok((!text.is_empty()).then(|| text.into())),
        _ => Err(problem(
            node,
            format!("error parsing tls config, expected '{key}' to be filename"),
        )),
    }
}

fn keys(report: &mut Report, node: &Node, place: Place) -> Cast<(TlsOptions, Pairs)> {
    let mut tls = TlsOptions::default();
    let mut pairs = Pairs::new();
    for (key, value) in node.map()?.iter() {
        let lower = key.to_lowercase();
        if place == Place::Proxy && !PROXY_KEYS.contains(&lower.as_str()) && !value.used {
            return Err(problem(
                value,
                format!("{} is not supported for proxy TLS", quote(key)),
            ));
        }
        match lower.as_str() {
            "cert_file" => tls.cert_file = file("cert_file", value)?,
            "key_file" => tls.key_file = file("key_file", value)?,
            "ca_file" => tls.ca_file = file("ca_file", value)?,
            "certs" | "certificates" => pairs = certificate_pairs(value)?,
            "verify" => tls.verify = flag("verify", value)?,
            "verify_and_map" => {
                let yes = flag("verify_and_map", value)?;
                tls.verify |= yes;
                tls.verify_and_map = yes;
            }
            "verify_cert_and_check_known_urls" => {
                let yes = flag("verify_cert_and_check_known_urls", value)?;
                if yes && place != Place::Link {
                    return Err(problem(
                        value,
                        "verify_cert_and_check_known_urls not supported in this context",
                    ));
                }
                tls.verify |= yes;
                tls.verify_cert_and_check_known_urls = yes;
            }
            "insecure" => tls.insecure = flag("insecure", value)?,
            "allow_insecure_cipher_suites" => {
                tls.allow_insecure_cipher_suites = flag("allow_insecure_cipher_suites", value)?;
            }
            "cipher_suites" => tls.cipher_suites = cipher_suites(value)?,
            "curve_preferences" => tls.curve_preferences = curves(value)?,
            "min_version" => tls.min_version = min_version(value)?,
            "timeout" => tls.timeout = timeout(value)?,
            "connection_rate_limit" => {
                tls.connection_rate_limit = value.int().map_err(|_| {
                    problem(
                        value,
                        "error parsing tls config, 'connection_rate_limit' wrong type",
                    )
                })?;
            }
            "pinned_certs" => tls.pinned_certs = Some(pinned(value)?),
            "handshake_first" | "first" | "immediate" => {
                tls.handshake_first = handshake_first(key, value)?;
            }
            "ocsp_peer" => {
                report.feature(FeatureKind::OcspPeer, key, &value.pos);
                tls.ocsp_peer = Some(ocsp::peer(value)?);
            }
            "cert_store" => cert_store(value)?,
            "cert_match_by" => cert_match_by(value)?,
            "cert_match" => {
                filled("cert_match", value)?;
            }
            "ca_certs_match" => ca_certs_match(value)?,
            "cert_match_skip_invalid" => {
                value.boolean().map_err(|_| {
                    problem(value, "expected 'cert_match_skip_invalid' to be a boolean")
                })?;
            }
            _ => report.unknown_as(value, || {
                format!("error parsing tls config, unknown field {}", quote(key))
            }),
        }
    }
    if !pairs.is_empty() && tls.cert_file.is_some() {
        return Err(problem(
            node,
            "error parsing tls config, cannot combine 'cert_file' option with 'certs' option",
        ));
    }
    insecure_suites(node, &tls)?;
    Ok((tls, pairs))
}

fn insecure_suites(node: &Node, tls: &TlsOptions) -> Cast<()> {
    if tls.allow_insecure_cipher_suites {
        return Ok(());
    }
    let insecure: Vec<&str> = tls
        .cipher_suites
        .iter()
        .map(String::as_str)
        .filter(|name| CIPHER_SUITES.contains(&(name, true)))
        .collect();
    if insecure.is_empty() {
        return Ok(());
    }
    Err(problem(
        node,
        format!(
            "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: {}",
            insecure.join(", ")
        ),
    ))
}

fn certificate_pairs(node: &Node) -> Cast<Pairs> {
    // The reference shows the type of the block, not of the value.
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            "error parsing certificates config: unsupported type map[string]interface {}",
        ));
    };
    let mut pairs = Pairs::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            return Err(problem(
                item,
                format!(
                    "error parsing certificates config: unsupported type {}",
                    item.value.type_name()
                ),
            ));
        };
        let (mut cert, mut key_file) = (String::new(), String::new());
        let mut place = item;
        for (key, value) in map.iter() {
            place = value;
            let text = match &value.value {
                Value::String(text) => text.clone(),
                other => {
                    return Err(problem(
                        value,
                        format!(
                            "error parsing certificates config: unsupported type {}",
                            other.type_name()
                        ),
                    ));
                }
            };
            match key {
                "cert_file" => cert = text,
                "key_file" => key_file = text,
                _ if value.used => {}
                _ => {
                    return Err(problem(
                        value,
                        format!(
                            "error parsing tls certs config, unknown field {}",
                            quote(key)
                        ),
                    ));
                }
            }
        }
        if cert.is_empty() || key_file.is_empty() {
            return Err(problem(
                place,
                "error parsing certificates config: both 'cert_file' and 'cert_key' options are required",
            ));
        }
        pairs.push((cert, key_file));
    }
    Ok(pairs)
}

fn cipher_suites(node: &Node) -> Cast<Vec<String>> {
    let items = node.items()?;
    if items.is_empty() {
        return Err(problem(
            node,
            "error parsing tls config, 'cipher_suites' cannot be empty",
        ));
    }
    items
        .iter()
        .map(|item| {
            let name = item.text()?;
            if CIPHER_SUITES.iter().any(|(known, _)| *known == name) {
                Ok(name.to_owned())
            } else {
                Err(problem(item, format!("unrecognized cipher {name}")))
            }
        })
        .collect()
}

fn curves(node: &Node) -> Cast<Vec<String>> {
    let items = node.items()?;
    if items.is_empty() {
        return Err(problem(
            node,
            "error parsing tls config, 'curve_preferences' cannot be empty",
        ));
    }
    items
        .iter()
        .map(|item| {
            let name = item.text()?;
            if CURVES.contains(&name) {
                Ok(name.to_owned())
            } else {
                Err(problem(
                    item,
                    format!("unrecognized curve preference {name}"),
                ))
            }
        })
        .collect()
}

fn min_version(node: &Node) -> Cast<TlsVersion> {
    let fail = |text: String| problem(node, format!("error parsing tls config: {text}"));
    let Value::String(text) = &node.value else {
        return Err(fail(format!("'min_version' wrong type: {}", node.shown())));
    };
    match text.as_str() {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        "1.0" | "1.1" => Err(fail(format!("unsupported TLS version: TLS {text}"))),
        _ => Err(fail(format!("unknown version: {text}"))),
    }
}

fn timeout(node: &Node) -> Cast<f64> {
    match time::seconds(node) {
        Some(Ok(seconds)) => Ok(seconds),
        Some(Err(error)) => Err(problem(
            node,
            format!("error parsing tls config, 'timeout' {error}"),
        )),
        None => Err(problem(
            node,
            "error parsing tls config, 'timeout' wrong type",
        )),
    }
}

/// Hex digits of a SHA-256.
const PIN_DIGITS: usize = 64;

fn pinned(node: &Node) -> Cast<Vec<String>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            "error parsing tls config, expected 'pinned_certs' to be a list of hex-encoded sha256 of DER encoded SubjectPublicKeyInfo",
        ));
    };
    items
        .iter()
        .map(|item| {
            let pin = item.text()?.to_lowercase();
            if pin.len() == PIN_DIGITS && pin.bytes().all(|b| b.is_ascii_hexdigit()) {
                Ok(pin)
            } else {
                Err(problem(
                    item,
                    format!(
                        "error parsing tls config, 'pinned_certs' key {pin} does not look like hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"
                    ),
                ))
            }
        })
        .collect()
}

fn handshake_first(key: &str, node: &Node) -> Cast<HandshakeFirst> {
    match &node.value {
        Value::Bool(true) => Ok(HandshakeFirst::On),
        Value::Bool(false) => Ok(HandshakeFirst::Off),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "on" => Ok(HandshakeFirst::On),
            "false" | "off" => Ok(HandshakeFirst::Off),
            "auto" | "auto_fallback" => Ok(HandshakeFirst::Fallback(DEFAULT_HANDSHAKE_FALLBACK)),
            _ => go_text::parse_duration(text)
                .map(|nanos| HandshakeFirst::Fallback(time::span(nanos)))
                .map_err(|_| {
                    problem(
                        node,
                        format!("field {}'s value {} is invalid", quote(key), quote(text)),
                    )
                }),
        },
        other => Err(problem(
            node,
            format!(
                "field {} should be a boolean or a string, got {}",
                quote(key),
                other.type_name()
            ),
        )),
    }
}

/// A text that must not be empty.
fn filled<'n>(key: &str, node: &'n Node) -> Cast<&'n str> {
    match &node.value {
        Value::String(text) if !text.is_empty() => Ok(text),
        _ => Err(problem(
            node,
            format!("expected '{key}' to be a valid non-empty string"),
        )),
    }
}

/// The Windows certificate store, which no other system has.
fn cert_store(node: &Node) -> Cast<()> {
    let name = filled("cert_store", node)?.to_lowercase();
    Err(problem(
        node,
        if matches!(name.as_str(), "windowscurrentuser" | "windowslocalmachine") {
            "cert_store not compatible with current operating system"
        } else {
            "cert store type not implemented"
        },
    ))
}

fn cert_match_by(node: &Node) -> Cast<()> {
    let name = filled("cert_match_by", node)?.to_lowercase();
    if matches!(name.as_str(), "issuer" | "subject" | "thumbprint") {
        return Ok(());
    }
    Err(problem(node, "cert match by type not implemented"))
}

fn ca_certs_match(node: &Node) -> Cast<()> {
    if let Value::Array(items) = &node.value
        && let Some(item) = items.iter().find(|item| item.text().is_err())
    {
        let text =
            "error parsing ca_cert_match: unsupported type *conf.token where string is expected";
        return Err(shown_at(problem(item, text), node));
    }
    Ok(())
}
