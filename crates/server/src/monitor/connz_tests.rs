//! Tests of `/connz`, most of them against captured answers.

use super::super::fake::{sample, time, with_connections};
use super::super::json;
use super::*;
use serde_json::Value;

const CONNZ: &str = include_str!("../../tests/data/monitoring/connz.json");
const AUTH: &str = include_str!("../../tests/data/monitoring/connz-auth.json");
const TLS_AUTH: &str = include_str!("../../tests/data/monitoring/connz-tls-auth.json");
const UNKNOWN_ACC: &str = include_str!("../../tests/data/monitoring/connz-unknown-acc.json");
const CLOSED: &str = include_str!("../../tests/data/monitoring/connz-closed-auth-detail.json");
const SUBS: &str = include_str!("../../tests/data/monitoring/connz-subs-detail.json");

fn text(answer: &Connz) -> String {
    String::from_utf8(json::pretty(answer)).unwrap()
}

/// Rebuilds a captured answer from its own data.
fn rebuilt(captured: &str, options: &ConnzOptions) -> String {
    let (_, value) = sample(captured);
    let source = with_connections(&value);
    // The captured files were written without the escapes for HTML.
    text(&build(options, &source, time(&value["now"])).unwrap()).replace("\\u003e", ">")
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn cids(options: &ConnzOptions) -> Vec<u64> {
    let (_, value) = sample(CONNZ);
    let answer = build(options, &with_connections(&value), time(&value["now"])).unwrap();
    answer.connections.unwrap().iter().map(|c| c.cid).collect()
}

fn sorted_by(sort: &str) -> ConnzOptions {
    ConnzOptions {
        sort: sort.into(),
        ..ConnzOptions::default()
    }
}

#[test]
fn open_connections_print_as_captured() {
    let options = ConnzOptions::default();
    assert_eq!(lines(&rebuilt(CONNZ, &options)), lines(CONNZ));
}

#[test]
fn authentication_data_prints_as_captured() {
    let options = ConnzOptions {
        auth: true,
        ..ConnzOptions::default()
    };
    assert_eq!(lines(&rebuilt(AUTH, &options)), lines(AUTH));
    assert_eq!(lines(&rebuilt(TLS_AUTH, &options)), lines(TLS_AUTH));
}

#[test]
fn without_auth_nothing_of_it_shows() {
    let text = rebuilt(TLS_AUTH, &ConnzOptions::default());
    for name in ["tls_peer_certs", "name_tag", "account", "authorized_user"] {
        assert!(!text.contains(name), "{name}");
    }
    assert!(text.contains("\"tls_version\": \"1.3\""));
}

#[test]
fn subscriptions_print_as_captured() {
    let mut options = ConnzOptions {
        auth: true,
        subscriptions_detail: true,
        ..ConnzOptions::default()
    };
    assert_eq!(lines(&rebuilt(SUBS, &options)), lines(SUBS));
    options.subscriptions_detail = false;
    options.subscriptions = true;
    let value: Value = serde_json::from_str(&rebuilt(SUBS, &options)).unwrap();
    assert_eq!(
        value["connections"][0]["subscriptions_list"],
        serde_json::json!(["foo.*", "work"])
    );
}

#[test]
fn closed_connections_print_as_captured() {
    let options = ConnzOptions {
        auth: true,
        subscriptions_detail: true,
        state: ConnState::Closed,
        sort: "stop".into(),
        ..ConnzOptions::default()
    };
    assert_eq!(lines(&rebuilt(CLOSED, &options)), lines(CLOSED));
}

#[test]
fn closed_connections_are_filtered_and_counted_before() {
    let (_, value) = sample(CLOSED);
    let source = with_connections(&value);
    let options = ConnzOptions {
        state: ConnState::All,
        acc: "A".into(),
        user: "ap".into(),
        ..ConnzOptions::default()
    };
    let answer = build(&options, &source, time(&value["now"])).unwrap();
    let of_a = source.closed.iter().filter(|c| c.connection.account == "A");
    assert_eq!(answer.total, of_a.count());
    let page = answer.connections.unwrap();
    assert!(!page.is_empty() && page.len() < answer.total);
}

#[test]
fn an_unknown_account_gives_null() {
    let (_, value) = sample(UNKNOWN_ACC);
    let (_, some) = sample(CONNZ);
    let options = ConnzOptions {
        acc: "NOPE".into(),
        ..ConnzOptions::default()
    };
    let answer = build(&options, &with_connections(&some), time(&value["now"])).unwrap();
    assert_eq!(lines(&text(&answer)), lines(UNKNOWN_ACC));
}

#[test]
fn orders_go_up_or_down() {
    assert_eq!(cids(&sorted_by("")), [18, 19, 20, 21, 34, 35]);
    assert_eq!(cids(&sorted_by("start")), [18, 19, 20, 21, 34, 35]);
    assert_eq!(cids(&sorted_by("subs")), [18, 19, 20, 34, 35, 21]);
    assert_eq!(cids(&sorted_by("msgs_to")), [18, 20, 19, 21, 34, 35]);
    assert_eq!(cids(&sorted_by("bytes_from")), [18, 19, 20, 21, 34, 35]);
    assert_eq!(cids(&sorted_by("last")), [35, 34, 18, 20, 21, 19]);
    assert_eq!(cids(&sorted_by("idle")), [19, 21, 18, 20, 34, 35]);
    assert_eq!(cids(&sorted_by("uptime")), [35, 34, 21, 20, 19, 18]);
    assert_eq!(cids(&sorted_by("rtt")), [34, 18, 19, 20, 21, 35]);
}

#[test]
fn bad_options_read_as_in_the_reference() {
    let error = |options: &ConnzOptions| {
        let (_, value) = sample(CONNZ);
        build(options, &with_connections(&value), time(&value["now"]))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error(&sorted_by("to")), "invalid sorting option: to");
    assert_eq!(
        error(&sorted_by("stop")),
        "sort by stop only valid on closed connections"
    );
    assert_eq!(
        error(&ConnzOptions {
            state: ConnState::All,
            ..sorted_by("reason")
        }),
        "sort by reason only valid on closed connections"
    );
    assert_eq!(
        error(&ConnzOptions {
            filter_subject: "foo".into(),
            ..ConnzOptions::default()
        }),
        "filter by subject only valid with account filtering"
    );
}

#[test]
fn pages_are_slices_of_the_sorted_list() {
    let page = |offset, limit| ConnzOptions {
        offset,
        limit,
        ..ConnzOptions::default()
    };
    assert_eq!(cids(&page(1, 2)), [19, 20]);
    assert_eq!(cids(&page(-3, -5)).len(), 6);
    assert!(cids(&page(99, 0)).is_empty());
    let (_, value) = sample(CONNZ);
    let source = with_connections(&value);
    let answer = build(&page(-3, -5), &source, time(&value["now"])).unwrap();
    assert_eq!((answer.offset, answer.limit), (0, 1_024));
    let answer = build(&page(99, 7), &source, time(&value["now"])).unwrap();
    assert_eq!((answer.offset, answer.limit, answer.total), (99, 7, 6));
    assert_eq!(source.queries.lock().unwrap()[1].take, 106);
}

#[test]
fn one_client_is_found_by_its_id() {
    let by_cid = |cid| ConnzOptions {
        cid,
        ..ConnzOptions::default()
    };
    assert_eq!(cids(&by_cid(20)), [20]);
    assert!(cids(&by_cid(99)).is_empty());
    let (_, value) = sample(CONNZ);
    let mut source = with_connections(&value);
    source.open[0].kind = super::super::records::ConnKind::Leafnode;
    let answer = build(&by_cid(18), &source, time(&value["now"])).unwrap();
    assert_eq!((answer.limit, answer.total), (1, 6));
    assert_eq!(answer.connections.unwrap().len(), 0);
}

#[test]
fn subjects_may_overlap_either_way() {
    let (_, value) = sample(SUBS);
    let source = with_connections(&value);
    let found = |subject: &str| {
        let options = ConnzOptions {
            acc: "A".into(),
            filter_subject: subject.into(),
            ..ConnzOptions::default()
        };
        let answer = build(&options, &source, time(&value["now"])).unwrap();
        let page = answer.connections.unwrap();
        page.iter().map(|c| c.cid).collect::<Vec<u64>>()
    };
    assert_eq!(found("foo.y"), [18]);
    assert_eq!(found("*.x"), [18, 19]);
    assert!(found("nothing").is_empty());
    assert!(found(">").len() > 2);
}

#[test]
fn options_are_read_from_json() {
    let options: ConnzOptions = serde_json::from_str(
        r#"{"sort":"idle","auth":true,"subscriptions_detail":true,"state":2,"acc":"A","filter_subject":"x"}"#,
    )
    .unwrap();
    assert_eq!(
        options,
        ConnzOptions {
            sort: "idle".into(),
            auth: true,
            subscriptions_detail: true,
            state: ConnState::All,
            acc: "A".into(),
            filter_subject: "x".into(),
            ..ConnzOptions::default()
        }
    );
    let odd: ConnzOptions = serde_json::from_str(r#"{"state":7}"#).unwrap();
    assert_eq!(odd.state, ConnState::Nothing);
}
