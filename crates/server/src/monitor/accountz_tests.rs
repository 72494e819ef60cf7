//! Tests of `/accountz` against captured answers.

use super::super::accounts::{
    AccountRecord, ResponseType, Sampling, ServiceLatency, ShareKind, Traffic,
};
use super::super::fake::{Fake, sample, time};
use super::super::json;
use super::super::source::Identity;
use super::super::subsz::InterestStats;
use super::*;
use serde_json::Value;

const LIST: &str = include_str!("../../tests/data/monitoring/accountz.json");
const EXPORTER: &str = include_str!("../../tests/data/monitoring/accountz-acc.json");
const IMPORTER: &str = include_str!("../../tests/data/monitoring/accountz-acc-importer.json");
const SYSTEM: &str = include_str!("../../tests/data/monitoring/accountz-acc-system.json");

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn list<T>(value: &Value, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    let items = value[name].as_array().map(Vec::as_slice);
    items.unwrap_or_default().iter().map(read).collect()
}

fn kind(value: &Value) -> ShareKind {
    match value["type"].as_str().unwrap() {
        "stream" => ShareKind::Stream,
        _ => ShareKind::Service,
    }
}

fn latency(value: &Value) -> Option<ServiceLatency> {
    value.as_object()?;
    Some(ServiceLatency {
        sampling: match value["sampling"].as_u64() {
            Some(percent) => Sampling::Percent(u8::try_from(percent).unwrap()),
            None => Sampling::Headers,
        },
        results: text(value, "results"),
    })
}

fn export(value: &Value) -> ExportRecord {
    ExportRecord {
        subject: text(value, "subject"),
        kind: kind(value),
        token_required: value["token_req"] == true,
        response_type: value["response_type"].as_str().map(|text| match text {
            "Singleton" => ResponseType::Singleton,
            "Streamed" => ResponseType::Streamed,
            _ => ResponseType::Chunked,
        }),
        service_latency: latency(&value["service_latency"]),
        approved_accounts: list(value, "approved_accounts", |name| {
            name.as_str().unwrap().to_owned()
        }),
    }
}

fn import(value: &Value) -> ImportRecord {
    ImportRecord {
        subject: text(value, "subject"),
        account: text(value, "account"),
        to: text(value, "to"),
        local_subject: text(value, "local_subject"),
        kind: kind(value),
        invalid: value["invalid"] == true,
        share: value["share"] == true,
        tracking: value["tracking"] == true,
        latency: latency(&value["latency"]),
    }
}

fn detail(value: &Value) -> AccountDetail {
    let number = |name: &str| value[name].as_u64().unwrap();
    let stats = &value["sublist_stats"];
    let stat = |name: &str| stats[name].as_u64().unwrap();
    let part = |rate: &str, whole: &str| {
        (stats[rate].as_f64().unwrap() * stats[whole].as_f64().unwrap()).round() as u64
    };
    let mappings = value["mappings"].as_object().unwrap();
    AccountDetail {
        record: AccountRecord {
            name: text(value, "account_name"),
            name_tag: text(value, "name_tag"),
            connections: number("client_connections") - number("leafnode_connections"),
            leafnodes: number("leafnode_connections"),
            subscriptions: number("subscriptions"),
            sent: Traffic::default(),
            received: Traffic::default(),
            slow_consumers: 0,
        },
        updated: time(&value["update_time"]),
        is_system: value["is_system"] == true,
        expired: value["expired"] == true,
        complete: value["complete"] == true,
        jetstream: value["jetstream_enabled"] == true,
        mappings: mappings
            .iter()
            .map(|(source, destinations)| MappingRecord {
                source: source.clone(),
                destinations: destinations
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|destination| MappingDestination {
                        subject: text(destination, "subject"),
                        weight: u32::try_from(destination["weight"].as_u64().unwrap()).unwrap(),
                        cluster: text(destination, "cluster"),
                    })
                    .collect(),
            })
            .collect(),
        exports: list(value, "exports", export),
        imports: list(value, "imports", import),
        stats: InterestStats {
            num_subscriptions: stat("num_subscriptions"),
            num_cache: stat("num_cache"),
            num_inserts: stat("num_inserts"),
            num_removes: stat("num_removes"),
            num_matches: stat("num_matches"),
            cache_hits: part("cache_hit_rate", "num_matches"),
            max_fanout: stat("max_fanout"),
            total_fanout: part("avg_fanout", "num_cache"),
        },
    }
}

fn source(value: &Value) -> Fake {
    Fake {
        identity: Identity {
            server_id: text(value, "server_id"),
            server_name: "one".into(),
        },
        system_account: value["system_account"].as_str().map(str::to_owned),
        accounts: ["SYS", "B", "A", "$G"].map(String::from).to_vec(),
        details: value["account_detail"]
            .as_object()
            .map(|_| detail(&value["account_detail"]))
            .into_iter()
            .collect(),
        ..Fake::default()
    }
}

#[test]
fn accounts_are_listed_in_order() {
    let (_, mut value) = sample(LIST);
    let options = AccountzOptions::default();
    let answer = build(&options, &source(&value), time(&value["now"])).unwrap();
    value["accounts"] = serde_json::json!(["$G", "A", "B", "SYS"]);
    assert_eq!(serde_json::to_value(&answer).unwrap(), value);

    let mut lone = source(&value);
    lone.system_account = None;
    let answer = build(&options, &lone, time(&value["now"])).unwrap();
    let answer = serde_json::to_value(&answer).unwrap();
    assert!(answer.get("system_account").is_none());
}

#[test]
fn accounts_print_as_captured() {
    for captured in [EXPORTER, IMPORTER, SYSTEM] {
        let (text, value) = sample(captured);
        let account = value["account_detail"]["account_name"].as_str().unwrap();
        let options = AccountzOptions {
            account: account.to_owned(),
        };
        let answer = build(&options, &source(&value), time(&value["now"])).unwrap();
        // The captured text is without escapes.
        let answer = String::from_utf8(json::pretty(&answer)).unwrap();
        assert_eq!(answer.replace("\\u003e", ">"), text);
    }
}

#[test]
fn leaf_nodes_count_as_clients_too() {
    let (_, value) = sample(EXPORTER);
    let mut account = detail(&value["account_detail"]);
    account.record.connections = 2;
    account.record.leafnodes = 3;
    let info = AccountInfo::from(account);
    assert_eq!((info.client_connections, info.leafnode_connections), (5, 3));
}

#[test]
fn an_account_that_is_not_there_is_an_error() {
    let options = AccountzOptions::from_query(&Query::parse("acc=NOPE"));
    let error = build(&options, &Fake::default(), SystemTime::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.to_string(), "Account NOPE does not exist");
}

/// Choices of a mapping as `subject weight cluster`.
fn shown(source: &str, destinations: &[(&str, u32, &str)]) -> Vec<String> {
    let destinations = destinations
        .iter()
        .map(|(subject, weight, cluster)| MappingDestination {
            subject: (*subject).to_owned(),
            weight: *weight,
            cluster: (*cluster).to_owned(),
        });
    let choices = choices(MappingRecord {
        source: source.to_owned(),
        destinations: destinations.collect(),
    });
    choices
        .iter()
        .map(|c| format!("{} {} {}", c.subject, c.weight, c.cluster))
        .collect()
}

#[test]
fn weights_are_summed_up_and_the_rest_stays() {
    assert_eq!(shown("a", &[("b", 100, "")]), ["b 100 "]);
    assert_eq!(shown("a", &[("b", 40, "")]), ["b 40 ", "a 100 "]);
    assert_eq!(
        shown("a", &[("c", 50, ""), ("b", 30, "")]),
        ["a 20 ", "b 50 ", "c 100 "]
    );
    assert_eq!(
        shown("a.*.>", &[("x.$1.>", 0, ""), ("z.$1.>", 50, "")]),
        ["x.$1.> 0 ", "z.$1.> 50 ", "a.$1.> 100 "]
    );
}

#[test]
fn a_source_among_its_destinations_gets_no_rest() {
    assert_eq!(
        shown("a", &[("a", 40, ""), ("x", 10, "")]),
        ["x 10 ", "a 50 "]
    );
    assert_eq!(
        shown("a", &[("c", 40, "east"), ("a", 20, "east"), ("y", 20, "")]),
        ["y 20 ", "a 20 east", "c 60 east"]
    );
}

#[test]
fn every_cluster_has_its_own_choices() {
    assert_eq!(
        shown("a", &[("c", 40, "east"), ("d", 100, "west"), ("e", 30, "")]),
        ["e 30 ", "a 100 ", "c 40 east", "a 100 east", "d 100 west"]
    );
    assert_eq!(
        shown("a", &[("c", 40, "east")]),
        ["a 100 ", "c 40 east", "a 100 east"]
    );
}
