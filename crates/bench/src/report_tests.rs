//! What the tables say about made-up measurements.

use super::*;

fn measured(rate: f64, cpu_ns: f64) -> Measurement {
    Measurement {
        rate: Some(rate),
        cpu_ns: Some(cpu_ns),
        ..Measurement::default()
    }
}

/// Both servers and a floor, three turns of different length.
fn one_to_one() -> Row {
    Row::new(
        Workload::OneToOne { size: 16 },
        vec![
            (
                "midge",
                vec![
                    measured(9e6, 90.0),
                    measured(3e6, 200.0),
                    measured(4e6, 100.0),
                ],
            ),
            ("peer", vec![measured(2e6, 500.0)]),
            ("relay", vec![measured(8e6, 12_345.0)]),
        ],
    )
}

fn latency() -> Row {
    let turn = |rate, p50, p99| Measurement {
        rate: Some(rate),
        p50_us: Some(p50),
        p99_us: Some(p99),
        ..Measurement::default()
    };
    Row::new(
        Workload::RequestReply,
        vec![
            ("midge", vec![turn(900.0, 20.0, 40.0)]),
            ("peer", vec![turn(300.0, 50.0, 200.0)]),
        ],
    )
}

fn memory() -> Row {
    let turn = |bytes, start| Measurement {
        memory: Some(bytes),
        start_ms: start,
        ..Measurement::default()
    };
    Row::new(
        Workload::JsRecovery { killed: true },
        vec![
            ("midge", vec![turn(2e6, Some(50.0))]),
            ("peer", vec![turn(2048.0, Some(100.0))]),
        ],
    )
}

fn midge_alone() -> Row {
    Row::new(
        Workload::PublishOnly { size: 16 },
        vec![("midge", vec![measured(5.0, 10.0)])],
    )
}

fn failed() -> Row {
    Row {
        error: Some("no server".to_owned()),
        ..Row::new(Workload::Churn, Vec::new())
    }
}

fn all() -> [Row; 5] {
    [one_to_one(), latency(), memory(), midge_alone(), failed()]
}

#[test]
fn the_median_of_the_turns_counts() {
    let row = one_to_one();
    let midge = row.of("midge").expect("measured");
    assert_eq!((midge.rate, midge.cpu_ns), (Some(4e6), Some(100.0)));
    assert_eq!(midge.p50_us, None);
}

#[test]
fn ratios_above_one_say_that_midge_is_better() {
    let ratios = one_to_one().ratios;
    assert_eq!((ratios.rate, ratios.cpu), (Some(2.0), Some(5.0)));
    let ratios = latency().ratios;
    assert_eq!(
        (ratios.rate, ratios.p50, ratios.p99),
        (Some(3.0), Some(2.5), Some(5.0))
    );
    let ratios = memory().ratios;
    assert_eq!((ratios.memory, ratios.start), (Some(0.001_024), Some(2.0)));
}

#[test]
fn without_one_of_the_servers_there_is_no_ratio() {
    assert_eq!(midge_alone().ratios, Ratios::default());
    assert_eq!(failed().ratios, Ratios::default());
    let nothing = Row::new(
        Workload::PublishOnly { size: 16 },
        vec![
            ("midge", vec![measured(1.0, 0.0)]),
            ("peer", vec![measured(0.0, 1.0)]),
        ],
    );
    assert_eq!(nothing.ratios, Ratios::default());
}

#[test]
fn the_text_is_a_table_with_aligned_columns() {
    let text = text(&all());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    let end_of = |line: &str, what: &str| {
        let at = line.find(what).expect(what) + what.len();
        line.get(..at).expect("a character").chars().count()
    };
    let columns = [
        ("midge /s", "4.00 M"),
        ("peer /s", "2.00 M"),
        ("faster", "2.0×"),
    ];
    for (heading, cell) in columns {
        assert_eq!(end_of(lines[0], heading), end_of(lines[1], cell), "{text}");
    }
    for (line, cells) in [
        (1, &["100 ns", "500 ns", "5.0×", "12.3 µs"][..]),
        (2, &["900", "300", "3.0×", "20/40 µs | 50/200 µs"]),
        (3, &["50 ms | 100 ms", "2.0 MB | 2.0 KB"]),
        (4, &["5", "10 ns"]),
        (5, &["not measured"]),
    ] {
        for cell in cells {
            assert!(lines[line].contains(cell), "no {cell} in {}", lines[line]);
        }
    }
    assert!(lines.iter().all(|line| !line.ends_with(' ')), "{text}");
}

#[test]
fn markdown_has_a_cell_for_each_heading_in_each_row() {
    let markdown = markdown(&all());
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines.len(), 7, "{markdown}");
    let cells = |line: &str| -> Vec<String> {
        assert!(line.starts_with("| ") && line.ends_with(" |"), "{line}");
        let inner = line.get(2..line.len() - 2).expect("a row");
        inner
            .split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    for line in &lines {
        assert_eq!(cells(line).len(), HEADINGS.len(), "{line}");
    }
    assert!(
        cells(lines[1])
            .iter()
            .all(|cell| cell.trim_end_matches(':') == "---")
    );
    let row = cells(lines[2]);
    assert_eq!(
        row,
        [
            one_to_one().title.as_str(),
            "4.00 M",
            "2.00 M",
            "2.0×",
            "100 ns",
            "500 ns",
            "5.0×",
            "12.3 µs",
            "",
            ""
        ]
    );
    assert_eq!(cells(lines[3])[8], "20/40 µs / 50/200 µs");
    assert_eq!(cells(lines[6])[1], NOT_MEASURED);
}

#[test]
fn the_floor_of_a_disk_is_shown_with_midges_share_of_it() {
    let workload = Workload::JsPublishOne {
        sync: crate::workload::Sync::BeforeAck,
    };
    let row = Row::new(
        workload,
        vec![
            ("midge", vec![measured(500.0, 1.0)]),
            ("relay", vec![measured(2000.0, 1.0)]),
        ],
    );
    assert_eq!(row.cells()[7], "2.0 k/s (25%)");
}

#[test]
fn json_has_all_turns_medians_ratios_and_errors() {
    let text = json(&all()).expect("JSON");
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let rows = rows.as_array().expect("a list");
    assert_eq!(rows.len(), 5);
    let row = &rows[0];
    assert_eq!(row["workload"]["OneToOne"]["size"], 16);
    assert_eq!(row["title"], one_to_one().title);
    assert_eq!(row["servers"][0]["server"], "midge");
    assert_eq!(row["servers"][0]["turns"].as_array().map(Vec::len), Some(3));
    assert_eq!(row["servers"][0]["turns"][1]["rate"], 3e6);
    assert_eq!(row["servers"][0]["median"]["rate"], 4e6);
    assert_eq!(row["servers"][2]["server"], "relay");
    assert_eq!(row["ratios"]["rate"], 2.0);
    assert_eq!(row["ratios"]["memory"], serde_json::Value::Null);
    assert_eq!(row["error"], serde_json::Value::Null);
    assert_eq!(rows[4]["error"], "no server");
    assert_eq!(rows[4]["servers"].as_array().map(Vec::len), Some(0));
}

#[test]
fn numbers_are_short() {
    for (value, shown) in [
        (0.4, "0"),
        (999.0, "999"),
        (1000.0, "1.0 k"),
        (2_345_678.0, "2.35 M"),
    ] {
        assert_eq!(count(value), shown);
    }
    for (value, shown) in [(80.4, "80 ns"), (9999.0, "9999 ns"), (12_345.0, "12.3 µs")] {
        assert_eq!(nanos(value), shown);
    }
}
