//! Tests of the walk from a path to its answer.

use super::super::fake::{Fake, sample, time};
use super::super::source::Identity;
use super::*;

fn monitor(base: &str) -> (Arc<Fake>, Monitor) {
    let source = Arc::new(Fake {
        identity: Identity {
            server_id: "N".into(),
            server_name: "one".into(),
        },
        ..Fake::default()
    });
    let monitor = Monitor::new(
        Arc::clone(&source) as Arc<dyn Source>,
        base,
        Logger::to_nowhere(),
    );
    (source, monitor)
}

fn get(monitor: &Monitor, path: &str) -> Answer {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    monitor.answer(path, &Query::parse(query))
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

#[test]
fn answers_are_json_for_any_origin() {
    let (_, monitor) = monitor("");
    for path in [
        "/varz",
        "/connz",
        "/routez",
        "/gatewayz",
        "/leafz",
        "/subsz",
        "/subscriptionsz",
        "/accountz",
        "/accstatz",
        "/jsz",
        "/healthz",
    ] {
        let answer = get(&monitor, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.content_type, JSON, "{path}");
        assert!(answer.any_origin, "{path}");
        let _: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    }
    let expvar = get(&monitor, "/debug/vars");
    assert_eq!(expvar.content_type, "application/json; charset=utf-8");
    assert!(!expvar.any_origin);
    let index = get(&monitor, "/");
    assert_eq!(index.content_type, HTML);
}

#[test]
fn what_there_is_not_is_not_found() {
    let (_, monitor) = monitor("");
    for path in ["/nope", "/varz/", "/VARZ", "/debug/pprof"] {
        let answer = get(&monitor, path);
        assert_eq!(answer, Answer::not_found(), "{path}");
        assert_eq!(body(&answer), "404 page not found\n");
    }
    let raftz = get(&monitor, "/raftz");
    assert_eq!(
        (raftz.status, body(&raftz).as_str()),
        (404, "No Raft nodes registered")
    );
}

#[test]
fn everything_lives_below_the_base_path() {
    let (_, monitor) = monitor("/nats/mon/");
    assert_eq!(get(&monitor, "/nats/mon").content_type, HTML);
    assert_eq!(get(&monitor, "/nats/mon/varz").status, 200);
    for path in [
        "/",
        "/nats",
        "/nats/mon/",
        "/varz",
        "/nats/mon/nope",
        "/nats/monvarz",
    ] {
        assert_eq!(get(&monitor, path).status, 404, "{path}");
    }
}

#[test]
fn bad_parameters_are_counted_on_some_paths_only() {
    let (source, monitor) = monitor("");
    for path in [
        "/connz?auth=x",
        "/routez?subs=x",
        "/gatewayz?accs=x",
        "/leafz?subs=detail",
        "/subsz?subs=x",
        "/accountz?acc=NOPE",
        "/accstatz?unused=x",
        "/jsz?config=x",
        "/healthz?details=x",
        "/connz?sort=foo",
        "/connz?state=foo",
    ] {
        let answer = get(&monitor, path);
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.content_type, "text/plain; charset=utf-8");
        assert!(!answer.any_origin);
    }
    let counts: Vec<(&str, u64)> = source.requests.snapshot().into_iter().collect();
    assert_eq!(
        counts,
        [
            ("/accountz", 1),
            ("/accstatz", 1),
            ("/connz", 1),
            ("/gatewayz", 1),
            ("/healthz", 1),
            ("/jsz", 1),
            ("/leafz", 1),
            ("/subsz", 1)
        ]
    );
}

#[test]
fn the_first_bad_parameter_is_reported() {
    let (_, monitor) = monitor("");
    assert_eq!(
        body(&get(&monitor, "/connz?subs=x&auth=y&sort=z&limit=q")),
        "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"y\": invalid syntax"
    );
    assert_eq!(
        body(&get(&monitor, "/connz?limit=q&offset=w&cid=e")),
        "Error decoding int for 'offset': strconv.Atoi: parsing \"w\": invalid syntax"
    );
}

#[test]
fn links_of_a_lone_server_print_as_captured() {
    let captured = [
        include_str!("../../tests/data/monitoring/routez.json"),
        include_str!("../../tests/data/monitoring/gatewayz.json"),
        include_str!("../../tests/data/monitoring/leafz.json"),
    ];
    for (number, captured) in captured.into_iter().enumerate() {
        let (text, value) = sample(captured);
        let source = Fake {
            identity: Identity {
                server_id: value["server_id"].as_str().unwrap().into(),
                server_name: "one".into(),
            },
            ..Fake::default()
        };
        let now = time(&value["now"]);
        let body = match number {
            0 => json::pretty(&links::routez(&source, now)),
            1 => json::pretty(&links::gatewayz(&source, now)),
            _ => json::pretty(&links::leafz(&source, now)),
        };
        assert_eq!(String::from_utf8(body).unwrap(), text);
    }
}

#[test]
fn jetstream_that_is_off_says_so() {
    let (_, monitor) = monitor("");
    let answer: serde_json::Value =
        serde_json::from_slice(&get(&monitor, "/jsz?accounts=1").body).unwrap();
    assert_eq!(answer["disabled"], true);
    assert_eq!(answer["config"]["max_memory"], 0);
    assert_eq!(answer["api"]["level"], 0);
    assert!(answer.get("limits").is_none());
    let leader = get(&monitor, "/jsz?leader-only=1");
    assert_eq!(
        (leader.status, body(&leader).as_str()),
        (400, "filtered response: not leader")
    );
}

#[test]
fn accounts_with_jetstream_are_paged_by_name() {
    let source = Arc::new(Fake {
        accounts: ["B", "A", "C"].map(String::from).to_vec(),
        jetstream: Some(super::super::jsz::JetStreamRecord {
            streams: 2,
            ..Default::default()
        }),
        ..Fake::default()
    });
    let monitor = Monitor::new(
        Arc::clone(&source) as Arc<dyn Source>,
        "",
        Logger::to_nowhere(),
    );
    for (query, pages) in [
        ("", &[][..]),
        ("acc=B", &["B"]),
        ("acc=X", &[]),
        ("acc=X&accounts=1&limit=2", &["A", "B"]),
        ("streams=1&offset=1", &["B", "C"]),
        ("consumers=1&offset=1&limit=-1", &["A", "B", "C"]),
        ("leader-only=1", &[]),
    ] {
        let answer = get(&monitor, &format!("/jsz?{query}"));
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (&answer["streams"], &answer["total"]),
            (&2.into(), &3.into())
        );
        assert!(answer.get("disabled").is_none());
        let asked = source.jetstream_queries.lock().unwrap().pop().unwrap();
        assert_eq!(asked.accounts, pages, "{query}");
    }
}

#[test]
fn lists_are_heavy() {
    let (_, monitor) = monitor("/m");
    assert_eq!(monitor.weight("/m/connz"), Weight::Heavy);
    assert_eq!(monitor.weight("/m/healthz"), Weight::Light);
}
