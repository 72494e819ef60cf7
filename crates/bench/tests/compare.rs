//! The program from outside, with servers that do not start.

#![allow(clippy::expect_used)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midge-bench"))
        .arg("compare")
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("midge-bench-test-{}-{name}", std::process::id()))
}

#[test]
fn a_workload_that_fails_has_a_row_and_the_exit_code_tells() {
    let (json, markdown) = (scratch("json"), scratch("markdown"));
    let output = compare(&[
        "--midge",
        "/nonexistent/nats-server",
        "--only",
        "publish-16",
        "--no-floor",
        "--json",
        &json.to_string_lossy(),
        "--markdown",
        &markdown.to_string_lossy(),
    ]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("not measured: "), "{stderr}");
    assert_eq!(
        stdout.matches("not measured").count(),
        stdout.lines().count() - 1,
        "{stdout}"
    );
    let text = std::fs::read_to_string(&json).expect("the JSON is written");
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let rows = rows.as_array().expect("a list");
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row["error"].is_string()), "{text}");
    let text = std::fs::read_to_string(&markdown).expect("the Markdown is written");
    assert_eq!(text.lines().count(), 2 + rows.len(), "{text}");
    let _ = std::fs::remove_file(json);
    let _ = std::fs::remove_file(markdown);
}

#[test]
fn no_workload_of_a_name_is_an_error() {
    let output = compare(&["--midge", "/nonexistent/nats-server", "--only", "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("no workload's name contains \"nonsense\""),
        "{stderr}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let output = compare(&[
        "--midge",
        "/nonexistent/nats-server",
        "--only",
        "publish-16",
        "--json",
        "/nonexistent/file",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("cannot write /nonexistent/file"),
        "{stderr}"
    );
}
