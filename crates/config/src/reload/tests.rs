//! Reload plans (configuration.md, conformance 74 to 84).

use super::*;
use crate::lang;

fn options(text: &str) -> Options {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // The language is read from files only here, as a reload does.
    let path = std::env::temp_dir().join(format!(
        "midge-config-reload-{}-{}.conf",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ));
    std::fs::write(&path, text).unwrap();
    let loaded = crate::load_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let _ = lang::parse_str(text).unwrap();
    loaded.options
}

fn lines(old: &str, new: &str) -> String {
    match plan(&options(old), &options(new)) {
        Err(refusal) => refusal.to_string(),
        Ok(changes) => {
            let lines: Vec<String> = changes
                .iter()
                .map(ToString::to_string)
                .filter(|line| !line.is_empty())
                .collect();
            lines.join("\n")
        }
    }
}

const ALWAYS: &str = "Reloaded: authorization users\nReloaded: accounts";

/// 74.
#[test]
fn a_reload_without_change_logs_users_and_accounts() {
    assert_eq!(lines("port: 4222", "port: -1"), ALWAYS);
}

/// 75.
#[test]
fn what_needs_a_restart_is_refused_by_field() {
    for (old, new, text) in [
        ("port: 4222", "port: 4333", "Port: old=4222, new=4333"),
        (
            "server_name: a",
            "server_name: b",
            "ServerName: old=a, new=b",
        ),
        ("", "http_port: 8222", "HTTPPort: old=0, new=8222"),
        (
            "max_pending: 128mb",
            "",
            "MaxPending: old=134217728, new=67108864",
        ),
        ("", "write_timeout: retry", "WriteTimeout: old=, new=retry"),
        (
            "lame_duck_duration: \"1m\"",
            "",
            "LameDuckDuration: old=1m0s, new=2m0s",
        ),
        (
            "feature_flags {a: true}",
            "feature_flags {a: false, b: true}",
            "FeatureFlags: old=map[a:true], new=map[a:false b:true]",
        ),
        ("trusted: []", "", "TrustedKeys: old=[], new=[]"),
        (
            "default_js_domain {}",
            "",
            "JsAccDefaultDomain: old=map[], new=map[]",
        ),
        (
            "leafnodes {port: 5555}",
            "leafnodes {port: 5555, no_advertise: true}",
            "LeafNode: field \"NoAdvertise\": old=false, new=true",
        ),
        (
            "cluster {port: 5555}",
            "",
            "cluster host: old=0.0.0.0, new=",
        ),
        (
            "jetstream {store_dir: x}",
            "jetstream {store_dir: x, request_queue_limit: 5}",
            "JetStreamRequestQueueLimit: old=10000, new=5",
        ),
    ] {
        assert_eq!(
            lines(old, new),
            format!("config reload not supported for {text}"),
            "{old} => {new}"
        );
    }
}

/// 76.
#[test]
fn what_can_change_is_logged_in_order() {
    assert_eq!(
        lines(
            "debug: true, trace: true, ping_interval: \"5s\", server_tags: a, max_payload: 100, \
             authorization {token: a, timeout: 6}, client_advertise: \"a:1\"",
            "server_metadata {a: b}"
        ),
        format!(
            "Reload: client_advertise = \nReloaded: trace = false\nReloaded: debug = false\n\
             {ALWAYS}\nReloaded: authorization token\nReloaded: ping_interval = 2m0s\n\
             Reloaded: authorization timeout = 2\nReloaded: max_payload = 1048576\n\
             Reloaded: tags\nReloaded: metadata"
        )
    );
    assert_eq!(
        lines(
            "cluster {port: 5, name: a}",
            "cluster {port: -1, name: b, routes: [\"nats://h:1\"]}"
        ),
        format!("{ALWAYS}\nReloaded: cluster\nReloaded: cluster routes")
    );
}

/// 77.
#[test]
fn jetstream_limits_only_grow() {
    let js = |inner: &str| format!("jetstream {{store_dir: x {inner}}}");
    for (old, new, text) in [
        (
            "",
            ", max_mem: 1Gb",
            "jetstream dynamic max memory and store",
        ),
        (", max_mem: 1Gb", "", "jetstream max memory and max store"),
        (
            ", max_file: 2Gb",
            ", max_file: 1Gb",
            "decreasing jetstream max memory and store",
        ),
    ] {
        assert_eq!(
            lines(&js(old), &js(new)),
            format!("config reload not supported for {text}")
        );
    }
    assert_eq!(
        lines(&js(", max_mem: 1Gb"), &js(", max_mem: 2Gb")),
        format!("{ALWAYS}\nReloaded: JetStream max_mem_store = 2.00 GB")
    );
    assert_eq!(
        lines(&js(""), "jetstream {store_dir: y}"),
        "config reload not supported for jetstream storage directory"
    );
    assert_eq!(lines(&js(""), ""), format!("{ALWAYS}\nReloaded: JetStream"));
}

/// 86.
#[test]
fn a_proxies_block_may_appear() {
    let key = "UC6NLCN7AS34YOJVCYD4PJ3QB7QGLYG5B5IMBT25VW5K4TNUJODM7BOX";
    assert_eq!(
        lines("", &format!("proxies {{trusted: [{{key: {key}}}]}}")),
        format!("{ALWAYS}\nReloaded: proxies trusted keys [\"{key}\"] were added")
    );
}

#[test]
fn a_remote_is_known_by_urls_account_and_credentials() {
    let remote = |inner: &str| format!("leafnodes {{remotes: [{{url: \"nats://h:1\" {inner}}}]}}");
    let name = "urls=[\"nats://h:1\"], account=\"$G\"";
    assert_eq!(
        lines(
            &remote(""),
            &remote(", disabled: true, compression: s2_fast")
        ),
        format!(
            "{ALWAYS}\nReloaded: LeafNode Remote {name} Compression value is: {{s2_fast []}}\n\
             Reloaded: LeafNode Remote {name} Disabled value is: true"
        )
    );
    assert_eq!(
        lines(&remote(""), &remote(", hub: true")),
        format!(
            "config reload not supported for LeafNode: remote {name}: field \"Hub\": old=false, new=true"
        )
    );
    assert_eq!(
        lines(&remote(""), ""),
        format!("{ALWAYS}\nReloaded: LeafNode Remote {name} removed")
    );
}
