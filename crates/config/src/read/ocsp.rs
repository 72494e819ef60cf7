//! `ocsp`, `ocsp_cache`, `ocsp_peer` (configuration.md 3.8).

use super::report::{Cast, Report, problem, shown_at};
use super::time;
use crate::go_text::quote;
use crate::lang::{Node, Value};
use crate::options::{Ocsp, OcspCache, OcspCacheKind, OcspMode, OcspPeer};

/// `ocsp_peer` of a `tls` block. The place is shown twice: tools know it so.
pub(crate) fn peer(node: &Node) -> Cast<OcspPeer> {
    let map = match &node.value {
        Value::Bool(verify) => {
            return Ok(OcspPeer {
                verify: *verify,
                ..OcspPeer::default()
            });
        }
        Value::Map(map) => map,
        _ => {
            return Err(problem(
                node,
                "error parsing ocsp peer config: unsupported type map[string]interface {}",
            ));
        }
    };
    let mut peer = OcspPeer::default();
    for (key, value) in map.iter() {
        let fail = |text: String| {
            let text = format!("{}: error parsing tls peer config, {text}", value.pos);
            shown_at(problem(value, text), node)
        };
        let unknown = || fail(format!("unknown field [{}]", quote(key)));
        let seconds = || match time::seconds(value) {
            Some(Ok(seconds)) => Ok(seconds),
            Some(Err(error)) => Err(fail(format!("conversion error: {error}"))),
            None => Err(fail("conversion error: unexpected type".to_owned())),
        };
        let flag = || value.boolean().map_err(|_| unknown());
        match key.to_lowercase().as_str() {
            "verify" => peer.verify = flag()?,
            "ca_timeout" => positive(&mut peer.ca_timeout, seconds()?),
            "allowed_clockskew" => positive(&mut peer.allowed_clockskew, seconds()?),
            "cache_ttl_when_next_update_unset" => {
                positive(&mut peer.cache_ttl_when_next_update_unset, seconds()?);
            }
            "warn_only" => peer.warn_only = flag()?,
            "unknown_is_good" => peer.unknown_is_good = flag()?,
            "allow_when_ca_unreachable" => peer.allow_when_ca_unreachable = flag()?,
            _ if value.used => {}
            _ => return Err(unknown()),
        }
    }
    Ok(peer)
}

/// Negative times keep the default.
fn positive(field: &mut f64, seconds: f64) {
    if seconds >= 0.0 {
        *field = seconds;
    }
}

/// Top-level `ocsp`. Mode names and keys are matched in lower case only.
pub(crate) fn stapling(report: &mut Report, node: &Node) -> Cast<Option<Ocsp>> {
    let map = match &node.value {
        Value::Bool(true) => return Ok(Some(Ocsp::default())),
        Value::Bool(false) => {
            return Ok(Some(Ocsp {
                mode: OcspMode::Never,
                override_urls: Vec::new(),
            }));
        }
        Value::Map(map) => map,
        other => {
            report.error(
                node,
                format!(
                    "error parsing ocsp config: unsupported type {}",
                    other.type_name()
                ),
            );
            return Ok(None);
        }
    };
    let mut ocsp = Ocsp::default();
    for (key, value) in map.iter() {
        match key {
            "mode" => {
                let mode = value.text().map_err(|e| shown_at(e, node))?;
                ocsp.mode = match mode {
                    "always" => OcspMode::Always,
                    "must" => OcspMode::Must,
                    "never" => OcspMode::Never,
                    "auto" => OcspMode::Auto,
                    _ => {
                        report.error(
                            value,
                            "error parsing ocsp config: unsupported ocsp mode string",
                        );
                        continue;
                    }
                };
            }
            "url" => {
                let url = value.text().map_err(|e| shown_at(e, node))?;
                ocsp.override_urls = vec![url.to_owned()];
            }
            // The reference never accepts this key; a list of texts does what it says.
            "urls" => {
                let items = value.items().map_err(|_| {
                    let text = format!(
                        "interface conversion: interface {{}} is {}, not []string",
                        value.value.type_name()
                    );
                    shown_at(problem(value, text), node)
                })?;
                ocsp.override_urls = items
                    .iter()
                    .map(|item| item.text().map(str::to_owned))
                    .collect::<Cast<_>>()?;
            }
            _ if value.used => {}
            _ => report.error(value, "error parsing ocsp config: unsupported field string"),
        }
    }
    Ok(Some(ocsp))
}

/// Top-level `ocsp_cache`.
pub(crate) fn cache(node: &Node) -> Cast<OcspCache> {
    /// Seconds between writes, at least.
    const MIN_SAVE_INTERVAL: f64 = 1.0;
    let mut cache = OcspCache::default();
    let map = match &node.value {
        Value::Bool(yes) => {
            if !yes {
                cache.kind = OcspCacheKind::None;
            }
            return Ok(cache);
        }
        Value::Map(map) => map,
        other => {
            return Err(problem(
                node,
                format!("error parsing tags: unsupported type {}", other.type_name()),
            ));
        }
    };
    for (key, value) in map.iter() {
        let fail = |text: String| {
            problem(
                value,
                format!("error parsing OCSP peer cache config, {text}"),
            )
        };
        let unknown = || fail(format!("unknown field [{}]", quote(key)));
        match key.to_lowercase().as_str() {
            "type" => {
                let name = value.text().map_err(|_| unknown())?;
                cache.kind = match name.to_lowercase().as_str() {
                    "local" => OcspCacheKind::Local,
                    "none" => OcspCacheKind::None,
                    _ => return Err(fail(format!("unknown type [{name}]"))),
                };
            }
            "local_store" => value
                .text()
                .map_err(|_| unknown())?
                .clone_into(&mut cache.local_store),
            "preserve_revoked" => {
                cache.preserve_revoked = value.boolean().map_err(|_| unknown())?;
            }
            "save_interval" => {
                let seconds = match time::seconds(value) {
                    Some(Ok(seconds)) => seconds,
                    Some(Err(error)) => {
                        return Err(problem(
                            value,
                            format!("error parsing tls peer config, conversion error: {error}"),
                        ));
                    }
                    None => return Err(fail("conversion error: unexpected type".to_owned())),
                };
                cache.save_interval = seconds.max(MIN_SAVE_INTERVAL);
            }
            _ if value.used => {}
            _ => return Err(unknown()),
        }
    }
    Ok(cache)
}
