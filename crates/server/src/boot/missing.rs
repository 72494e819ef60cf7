//! Options of features that are not built yet: they stop the start, so that
//! nobody runs with a setting that does nothing (docs/STATUS.md lists them).

use midge_config::options::{FeatureKind, OcspMode, Options};

/// The first option that cannot be honoured, as a text for the user.
pub(super) fn find(options: &Options) -> Option<String> {
    for feature in options.configured_features() {
        let Some(name) = missing(options, feature.kind) else {
            continue;
        };
        return Some(format!(
            "{feature}: {name} not available in this version of the server; remove the option \
             (docs/STATUS.md lists what works)"
        ));
    }
    if options.prof_block_rate > 0 {
        return Some(
            "\"prof_block_rate\": profiling is not available in this version of the server; remove \
             the option (docs/STATUS.md lists what works)"
                .to_owned(),
        );
    }
    let tpm = &options.jetstream.tpm;
    if options.jetstream_enabled && options.jetstream.key.is_none() && tpm.keys_file.is_some() {
        return Some(
            "\"tpm\": keys from a TPM are not available in this version of the server; remove \
             the option (docs/STATUS.md lists what works)"
                .to_owned(),
        );
    }
    let tls = options.tls.as_ref()?;
    if tls.verify_and_map {
        return Some(
            "\"verify_and_map\": users by certificate are not available in this version \
             of the server; remove the option (docs/STATUS.md lists what works)"
                .to_owned(),
        );
    }
    None
}

/// The name of a feature if it is asked for and not built.
fn missing(options: &Options, kind: FeatureKind) -> Option<&'static str> {
    let name = match kind {
        // Blocks that are there and switch nothing on ask for nothing.
        FeatureKind::Cluster if options.cluster_enabled() => "clustering is",
        FeatureKind::Gateway if options.gateway_enabled() => "gateways are",
        FeatureKind::LeafNodes if options.leafnodes_enabled() => "leaf nodes are",
        FeatureKind::Websocket if options.websocket.as_ref().is_some_and(|w| w.port != 0) => {
            "WebSocket is"
        }
        FeatureKind::Mqtt if options.mqtt.as_ref().is_some_and(|m| m.port != 0) => "MQTT is",
        FeatureKind::Operator => "operator mode is",
        FeatureKind::Resolver => "account resolvers are",
        FeatureKind::AuthCallout => "the authorization callout is",
        FeatureKind::ExportsImports => "exports and imports are",
        FeatureKind::Ocsp
            if options
                .ocsp
                .as_ref()
                .is_some_and(|ocsp| ocsp.mode != OcspMode::Never) =>
        {
            "OCSP stapling is"
        }
        FeatureKind::OcspPeer
            if options
                .tls
                .as_ref()
                .and_then(|tls| tls.ocsp_peer.as_ref())
                .is_some_and(|peer| peer.verify) =>
        {
            "OCSP verification is"
        }
        FeatureKind::MessageTrace => "message tracing is",
        FeatureKind::Profiling if options.prof_port != 0 => "the profiling port is",
        FeatureKind::DefaultJsDomain => "default_js_domain is",
        // Built, or nothing to build.
        _ => return None,
    };
    Some(name)
}
