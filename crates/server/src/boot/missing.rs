//! Options of features that are not built yet: they stop the start, so that
//! nobody runs with a setting that does nothing (docs/STATUS.md lists them).

use midge_config::options::{FeatureKind, OcspCacheKind, OcspMode, Options};

/// A feature that is not built.
struct Missing {
    kind: FeatureKind,
    /// Its name, with the verb.
    what: &'static str,
    /// Whether options that name it ask for it: blocks may be there and switch
    /// nothing on.
    asked: fn(&Options) -> bool,
}

const fn missing(kind: FeatureKind, what: &'static str, asked: fn(&Options) -> bool) -> Missing {
    Missing { kind, what, asked }
}

fn always(_: &Options) -> bool {
    true
}

/// All that is not built.
const NOT_BUILT: [Missing; 20] = [
    missing(
        FeatureKind::Cluster,
        "clustering is",
        Options::cluster_enabled,
    ),
    missing(FeatureKind::ClusterFlag, "clustering is", always),
    missing(
        FeatureKind::Gateway,
        "gateways are",
        Options::gateway_enabled,
    ),
    missing(
        FeatureKind::LeafNodes,
        "leaf nodes are",
        Options::leafnodes_enabled,
    ),
    missing(FeatureKind::Websocket, "WebSocket is", |options| {
        options.websocket.as_ref().is_some_and(|w| w.port != 0)
    }),
    missing(FeatureKind::Mqtt, "MQTT is", |options| {
        options.mqtt.as_ref().is_some_and(|m| m.port != 0)
    }),
    missing(FeatureKind::Operator, "operator mode is", always),
    missing(FeatureKind::Resolver, "account resolvers are", always),
    missing(
        FeatureKind::AuthCallout,
        "the authorization callout is",
        always,
    ),
    missing(
        FeatureKind::ExportsImports,
        "exports and imports are",
        always,
    ),
    missing(FeatureKind::MessageTrace, "message tracing is", always),
    missing(FeatureKind::Ocsp, "OCSP stapling is", |options| {
        let ocsp = options.ocsp.as_ref();
        ocsp.is_some_and(|ocsp| ocsp.mode != OcspMode::Never)
    }),
    missing(FeatureKind::OcspPeer, "OCSP verification is", |options| {
        let peer = options.tls.as_ref().and_then(|tls| tls.ocsp_peer.as_ref());
        peer.is_some_and(|peer| peer.verify)
    }),
    missing(FeatureKind::OcspCache, "OCSP verification is", |options| {
        let cache = options.ocsp_cache.as_ref();
        cache.is_some_and(|cache| cache.kind != OcspCacheKind::None)
    }),
    missing(FeatureKind::Profiling, "the profiling port is", |options| {
        options.prof_port != 0
    }),
    missing(FeatureKind::BlockProfiling, "profiling is", |options| {
        options.prof_block_rate > 0
    }),
    missing(FeatureKind::DefaultJsDomain, "default_js_domain is", always),
    missing(
        FeatureKind::JetStreamCluster,
        "JetStream clustering is",
        |options| options.jetstream_enabled,
    ),
    missing(
        FeatureKind::Batches,
        "batches of publishes are",
        |options| options.jetstream_enabled,
    ),
    missing(FeatureKind::Tpm, "keys from a TPM are", |options| {
        // With a key as well, JetStream refuses to start in the Go server's words.
        let js = &options.jetstream;
        options.jetstream_enabled && js.key.is_none() && js.tpm.keys_file.is_some()
    }),
];

/// The first option that cannot be honoured, as a text for the user.
pub(super) fn find(options: &Options) -> Option<String> {
    options.configured_features().iter().find_map(|feature| {
        let missing = NOT_BUILT
            .iter()
            .find(|missing| missing.kind == feature.kind && (missing.asked)(options))?;
        Some(format!(
            "{feature}: {} not available in this version of the server; remove the option \
             (docs/STATUS.md lists what works)",
            missing.what
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Of the table under "Options that stop the start".
    fn documented() -> BTreeSet<String> {
        let status = include_str!("../../../../docs/STATUS.md");
        let (_, section) = status
            .split_once("## Options that stop the start")
            .expect("the section");
        let (_, table) = section
            .split_once("| key or flag | WHAT |\n| --- | --- |\n")
            .expect("the table");
        table
            .lines()
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let what = line.trim_matches('|').rsplit('|').next().expect("a cell");
                what.trim().trim_matches('`').to_owned()
            })
            .collect()
    }

    #[test]
    fn what_is_not_built_is_what_the_table_of_the_documentation_says() {
        let built_in: BTreeSet<String> = NOT_BUILT
            .iter()
            .map(|missing| missing.what.to_owned())
            .collect();
        assert_eq!(documented(), built_in);
    }
}
