//! Tests of `/subsz` against captured answers.

use super::super::fake::{Fake, sample, sub, time};
use super::super::json;
use super::super::source::Identity;
use super::*;
use serde_json::Value;

const PLAIN: &str = include_str!("../../tests/data/monitoring/subsz.json");
const TEST: &str = include_str!("../../tests/data/monitoring/subsz-test.json");

fn source(value: &Value) -> Fake {
    let number = |name: &str| value[name].as_u64().unwrap();
    let part = |rate: &str, whole: &str| {
        (value[rate].as_f64().unwrap() * value[whole].as_f64().unwrap()).round() as u64
    };
    Fake {
        identity: Identity {
            server_id: value["server_id"].as_str().unwrap().into(),
            server_name: "one".into(),
        },
        accounts: vec!["A".into()],
        stats: InterestStats {
            num_subscriptions: number("num_subscriptions"),
            num_cache: number("num_cache"),
            num_inserts: number("num_inserts"),
            num_removes: number("num_removes"),
            num_matches: number("num_matches"),
            cache_hits: part("cache_hit_rate", "num_matches"),
            max_fanout: number("max_fanout"),
            total_fanout: part("avg_fanout", "num_cache"),
        },
        subs: ["foo.*", "bar", "foo.1.x"]
            .iter()
            .map(|subject| SubRecord {
                subject: (*subject).into(),
                ..sub(&serde_json::json!({
                    "account": "A", "account_tag": "A", "sid": "1", "msgs": 1, "cid": 18
                }))
            })
            .collect(),
        ..Fake::default()
    }
}

fn answer(captured: &str, options: &SubszOptions) -> String {
    let (_, value) = sample(captured);
    let answer = build(options, &source(&value), time(&value["now"])).unwrap();
    String::from_utf8(json::pretty(&answer)).unwrap()
}

#[test]
fn figures_alone_print_as_captured() {
    assert_eq!(answer(PLAIN, &SubszOptions::default()), PLAIN.trim_end());
}

#[test]
fn a_tested_subject_prints_as_captured() {
    let options = SubszOptions {
        subscriptions: true,
        test: "foo.1".into(),
        ..SubszOptions::default()
    };
    assert_eq!(answer(TEST, &options), TEST.trim_end());
}

#[test]
fn a_tested_subject_has_no_wildcards() {
    let (_, value) = sample(PLAIN);
    let options = SubszOptions {
        test: "foo.*".into(),
        ..SubszOptions::default()
    };
    let error = build(&options, &source(&value), time(&value["now"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid test subject, must be valid publish subject: foo.*"
    );
}

#[test]
fn pages_follow_each_other() {
    let (_, value) = sample(PLAIN);
    let page = |offset, limit| {
        let options = SubszOptions {
            subscriptions: true,
            offset,
            limit,
            ..SubszOptions::default()
        };
        build(&options, &source(&value), time(&value["now"])).unwrap()
    };
    let first = page(0, 2);
    let second = page(2, 2);
    assert_eq!((first.total, second.total), (3, 3));
    let subjects = |answer: &Subsz| -> Vec<String> {
        let list = answer.subscriptions_list.iter();
        list.map(|s| s.subject.clone()).collect()
    };
    assert_eq!(subjects(&first), ["bar", "foo.*"]);
    assert_eq!(subjects(&second), ["foo.1.x"]);
    assert_eq!(page(99, 0).subscriptions_list, []);
}

#[test]
fn an_unknown_account_gives_zeros() {
    let options = SubszOptions {
        subscriptions: true,
        account: "NOPE".into(),
        ..SubszOptions::default()
    };
    let text = answer(PLAIN, &options);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["num_subscriptions"], 0);
    assert_eq!(value["cache_hit_rate"], 0);
    assert!(value.get("subscriptions_list").is_none());
}
