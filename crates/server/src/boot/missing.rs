//! Options of features that are not built yet: they stop the start, so that
//! nobody runs with a setting that does nothing (docs/STATUS.md lists them).

use midge_config::options::{FeatureKind, Options};

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
        FeatureKind::JetStream if options.jetstream_enabled => "JetStream is",
        FeatureKind::AccountJetStream => "JetStream is",
        FeatureKind::Cluster => "clustering is",
        FeatureKind::Gateway => "gateways are",
        FeatureKind::LeafNodes => "leaf nodes are",
        FeatureKind::Websocket => "WebSocket is",
        FeatureKind::Mqtt => "MQTT is",
        FeatureKind::Operator => "operator mode is",
        FeatureKind::Resolver => "account resolvers are",
        FeatureKind::AuthCallout => "the authorization callout is",
        FeatureKind::ExportsImports => "exports and imports are",
        FeatureKind::Ocsp => "OCSP stapling is",
        FeatureKind::OcspPeer => "OCSP verification is",
        FeatureKind::MessageTrace => "message tracing is",
        FeatureKind::Profiling => "the profiling port is",
        FeatureKind::DefaultJsDomain => "default_js_domain is",
        // Built, or nothing to build.
        _ => return None,
    };
    Some(name)
}
