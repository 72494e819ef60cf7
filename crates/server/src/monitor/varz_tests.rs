//! Tests of `/varz` against captured answers: every member in its place.

use super::super::connz::Proxy;
use super::super::endpoint::Endpoint;
use super::super::fake::{Fake, sample, time};
use super::super::json::{self, UtcOrZero};
use super::super::varz_parts::{
    JetStreamApi, JetStreamConfig, JetStreamLimits, JetStreamStats, MetaSnapshot, MetaVarz,
    PeerVarz,
};
use super::*;
use serde_json::Value;
use std::time::Duration;

const VARZ: &str = include_str!("../../tests/data/monitoring/varz.json");
const TLS: &str = include_str!("../../tests/data/monitoring/varz-tls.json");

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn int(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

fn uint(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}

fn seconds(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_default()
}

fn nanos(value: &Value, name: &str) -> Nanos {
    Nanos(Duration::from_nanos(uint(value, name)))
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    serde_json::from_value(value[name].clone()).unwrap_or_default()
}

/// The state of the server an answer was captured from, as far as the answer
/// is not computed.
fn state(v: &Value) -> Varz {
    let leaf = &v["leaf"];
    let mqtt = &v["mqtt"];
    let websocket = &v["websocket"];
    Varz {
        server_id: text(v, "server_id"),
        server_name: text(v, "server_name"),
        version: text(v, "version"),
        git_commit: text(v, "git_commit"),
        go: text(v, "go"),
        host: text(v, "host"),
        port: int(v, "port"),
        auth_required: v["auth_required"] == true,
        tls_required: v["tls_required"] == true,
        tls_verify: v["tls_verify"] == true,
        max_connections: int(v, "max_connections"),
        ping_interval: nanos(v, "ping_interval"),
        ping_max: int(v, "ping_max"),
        http_host: text(v, "http_host"),
        http_port: int(v, "http_port"),
        https_port: int(v, "https_port"),
        auth_timeout: seconds(v, "auth_timeout"),
        max_control_line: int(v, "max_control_line"),
        max_payload: int(v, "max_payload"),
        max_pending: int(v, "max_pending"),
        leaf: LeafVarz {
            host: text(leaf, "host"),
            port: int(leaf, "port"),
            auth_timeout: seconds(leaf, "auth_timeout"),
            tls_timeout: seconds(leaf, "tls_timeout"),
            ..LeafVarz::default()
        },
        mqtt: MqttVarz {
            host: text(mqtt, "host"),
            port: int(mqtt, "port"),
            tls_timeout: seconds(mqtt, "tls_timeout"),
            ..MqttVarz::default()
        },
        websocket: WebSocketVarz {
            host: text(websocket, "host"),
            port: int(websocket, "port"),
            handshake_timeout: nanos(websocket, "handshake_timeout"),
            no_tls: websocket["no_tls"] == true,
            allowed_origins: texts(websocket, "allowed_origins"),
            compression: websocket["compression"] == true,
            ..WebSocketVarz::default()
        },
        jetstream: jetstream(&v["jetstream"]),
        tls_timeout: seconds(v, "tls_timeout"),
        write_deadline: nanos(v, "write_deadline"),
        write_timeout: text(v, "write_timeout"),
        mem: uint(v, "mem"),
        cores: int(v, "cores"),
        gomaxprocs: int(v, "gomaxprocs"),
        cpu: seconds(v, "cpu"),
        connections: int(v, "connections"),
        total_connections: uint(v, "total_connections"),
        in_msgs: uint(v, "in_msgs"),
        in_bytes: uint(v, "in_bytes"),
        in_client_msgs: uint(v, "in_client_msgs"),
        in_client_bytes: uint(v, "in_client_bytes"),
        out_msgs: uint(v, "out_msgs"),
        out_bytes: uint(v, "out_bytes"),
        out_client_msgs: uint(v, "out_client_msgs"),
        out_client_bytes: uint(v, "out_client_bytes"),
        subscriptions: uint(v, "subscriptions"),
        config_load_time: Utc(time(&v["config_load_time"])),
        config_digest: text(v, "config_digest"),
        tags: texts(v, "tags"),
        metadata: serde_json::from_value(v["metadata"].clone()).unwrap_or_default(),
        feature_flags: serde_json::from_value(v["feature_flags"].clone()).unwrap(),
        system_account: text(v, "system_account"),
        proxies: v.get("proxies").map(|proxies| ProxiesVarz {
            trusted: vec![Proxy {
                key: text(&proxies["trusted"][0], "key"),
            }],
        }),
        tls_cert_not_after: v.get("tls_cert_not_after").map(|at| Utc(time(at))),
        ..Varz::new(time(&v["start"]), time(&v["now"]))
    }
}

fn jetstream(v: &Value) -> JetStreamVarz {
    if v.get("config").is_none() {
        return JetStreamVarz::default();
    }
    let (config, stats, api) = (&v["config"], &v["stats"], &v["stats"]["api"]);
    JetStreamVarz {
        config: Some(JetStreamConfig {
            max_memory: int(config, "max_memory"),
            max_storage: int(config, "max_storage"),
            store_dir: text(config, "store_dir"),
            sync_interval: nanos(config, "sync_interval"),
            domain: text(config, "domain"),
            compress_ok: config["compress_ok"] == true,
            strict: config["strict"] == true,
            ..JetStreamConfig::default()
        }),
        stats: Some(JetStreamStats {
            memory: uint(stats, "memory"),
            storage: uint(stats, "storage"),
            accounts: int(stats, "accounts"),
            api: JetStreamApi {
                level: int(api, "level"),
                total: uint(api, "total"),
                errors: uint(api, "errors"),
                inflight: 0,
            },
            ..JetStreamStats::default()
        }),
        meta: None,
        limits: Some(JetStreamLimits {
            default_max_consumers: 1_000,
            ..JetStreamLimits::default()
        }),
    }
}

/// Rebuilds a captured answer; counts the requests it has counted.
fn rebuilt(captured: &str) -> String {
    let (_, value) = sample(captured);
    let source = Fake {
        varz: Some(state(&value)),
        ..Fake::default()
    };
    for (path, count) in value["http_req_stats"].as_object().unwrap() {
        for _ in 0..count.as_u64().unwrap() {
            if let Some(endpoint) = Endpoint::of(path) {
                source.requests.count(endpoint);
            }
        }
    }
    String::from_utf8(json::pretty(&build(&source))).unwrap()
}

#[test]
fn a_server_with_everything_prints_as_captured() {
    assert_eq!(rebuilt(VARZ), VARZ.trim_end());
}

#[test]
fn a_server_with_tls_prints_as_captured() {
    assert_eq!(rebuilt(TLS), TLS.trim_end());
}

#[test]
fn a_meta_group_prints_its_snapshot() {
    let meta = MetaVarz {
        name: "C".into(),
        cluster_size: 3,
        replicas: vec![PeerVarz {
            name: "n2".into(),
            current: true,
            active: Nanos(Duration::from_millis(2)),
            peer: "44jzkV9D".into(),
            ..PeerVarz::default()
        }],
        snapshot: MetaSnapshot {
            last_time: UtcOrZero(None),
            ..MetaSnapshot::default()
        },
        ..MetaVarz::default()
    };
    assert_eq!(
        String::from_utf8(json::compact(&meta)).unwrap(),
        r#"{"name":"C","replicas":[{"name":"n2","current":true,"active":2000000,"peer":"44jzkV9D"}],"cluster_size":3,"quorum_needed":0,"pending":0,"pending_requests":0,"pending_infos":0,"snapshot":{"pending_entries":0,"pending_size":0,"last_time":"0001-01-01T00:00:00Z"}}"#
    );
}
