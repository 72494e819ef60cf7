//! Tests of `/accstatz` against captured answers.

use super::super::accounts::Amount;
use super::super::fake::{Fake, sample, time};
use super::super::json;
use super::super::source::Identity;
use super::*;
use serde_json::Value;

const USED: &str = include_str!("../../tests/data/monitoring/accstatz.json");
const ALL: &str = include_str!("../../tests/data/monitoring/accstatz-unused.json");

fn amount(value: &Value) -> Amount {
    Amount {
        msgs: value["msgs"].as_u64().unwrap(),
        bytes: value["bytes"].as_u64().unwrap(),
    }
}

fn traffic(value: &Value) -> Traffic {
    Traffic {
        all: amount(value),
        gateways: amount(&value["gateways"]),
        routes: amount(&value["routes"]),
        leafs: amount(&value["leafs"]),
    }
}

/// A broker with the accounts of the captured answer with all of them.
fn source() -> Fake {
    let (_, value) = sample(ALL);
    let records = value["account_statz"].as_array().unwrap().iter();
    Fake {
        identity: Identity {
            server_id: value["server_id"].as_str().unwrap().into(),
            server_name: "one".into(),
        },
        records: records
            .map(|account| AccountRecord {
                name: account["acc"].as_str().unwrap().into(),
                name_tag: account["name"].as_str().unwrap().into(),
                connections: account["conns"].as_u64().unwrap(),
                leafnodes: account["leafnodes"].as_u64().unwrap(),
                subscriptions: account["num_subscriptions"].as_u64().unwrap(),
                sent: traffic(&account["sent"]),
                received: traffic(&account["received"]),
                slow_consumers: account["slow_consumers"].as_u64().unwrap(),
            })
            .collect(),
        ..Fake::default()
    }
}

fn names(options: &AccountStatzOptions, source: &Fake) -> Vec<String> {
    let answer = build(options, source, SystemTime::UNIX_EPOCH);
    answer.account_statz.into_iter().map(|a| a.acc).collect()
}

#[test]
fn accounts_in_use_print_as_captured() {
    let (text, value) = sample(USED);
    let options = AccountStatzOptions::default();
    let answer = build(&options, &source(), time(&value["now"]));
    assert_eq!(String::from_utf8(json::pretty(&answer)).unwrap(), text);
}

#[test]
fn accounts_without_connections_are_listed_on_request() {
    let options = AccountStatzOptions::from_query(&Query::parse("unused=1")).unwrap();
    assert_eq!(names(&options, &source()), ["$G", "A", "B", "SYS"]);
    let none = Fake::default();
    let answer = build(&options, &none, SystemTime::UNIX_EPOCH);
    assert_eq!(
        serde_json::to_value(&answer).unwrap()["account_statz"],
        serde_json::json!([])
    );
}

#[test]
fn an_account_with_leaf_nodes_only_is_in_use() {
    let mut source = source();
    for record in &mut source.records {
        record.connections = 0;
        record.leafnodes = u64::from(record.name == "$G");
    }
    assert_eq!(names(&AccountStatzOptions::default(), &source), ["$G"]);
}

#[test]
fn options_of_a_request_may_name_accounts() {
    let read = |text: &str| serde_json::from_str::<AccountStatzOptions>(text).unwrap();
    assert_eq!(read("{\"accounts\":null}"), AccountStatzOptions::default());
    let options = read("{\"accounts\":[\"B\",\"$G\"],\"include_unused\":true}");
    assert_eq!(names(&options, &source()), ["$G", "B"]);
    let options = read("{\"accounts\":[\"B\",\"$G\"]}");
    assert_eq!(names(&options, &source()), ["B"]);
}
