//! Compares with the reference server, whose binary `MIDGE_PEER` names: every
//! snippet of the tables beside this file gets the same answer from
//! `nats-server -t` and from this crate, errors, positions, warnings and
//! digests included. Without `MIDGE_PEER` nothing is compared.
//!
//! In the tables a line is a file; `\n`, `\r`, `\\` and `\uXXXX` stand for
//! what they stand for elsewhere. A line that begins with `!= ` is a case where
//! we do better on purpose; the peer must then differ.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use midge_config::{ConfigError, Problem};

/// Order within a map is random in the peer, so a mismatch is looked at again.
const TRIES: usize = 12;

/// Tests run in one process and change its directory.
static DIRECTORY: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn peer() -> Option<String> {
    std::env::var("MIDGE_PEER").ok().filter(|p| !p.is_empty())
}

fn table(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn unescape(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).unwrap();
                out.push(char::from_u32(code).unwrap());
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

/// Lines in a fixed order; crashes of the peer inside a message left out.
fn lines(text: &str) -> Vec<String> {
    let text = text.strip_prefix("nats-server: ").unwrap_or(text);
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.contains("nil pointer dereference"))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

/// A folder with the certificates, and in it.
fn workspace(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("midge-config-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("certs")).unwrap();
    let certs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certs");
    for entry in fs::read_dir(certs).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join("certs").join(entry.file_name())).unwrap();
    }
    std::env::set_current_dir(&folder).unwrap();
    folder
}

fn peer_checks(binary: &str) -> Vec<String> {
    let out = Command::new(binary)
        .args(["-c", "x.conf", "-t"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    lines(&String::from_utf8_lossy(&out.stderr))
}

fn we_check() -> Vec<String> {
    lines(&match midge_config::load_file(Path::new("x.conf")) {
        Ok(loaded) if loaded.warnings.is_empty() => {
            format!("configuration file x.conf is valid ({})", loaded.digest)
        }
        Ok(loaded) => headlines(&loaded.warnings),
        Err(error) => error.headlines(),
    })
}

/// Problems without what we say beyond the peer.
fn headlines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::headline).collect();
    lines.join("\n")
}

/// Our lines without the places that the peer does not tell: those of errors in
/// the language itself (configuration.md 11).
fn without_places(ours: &[String], theirs: &[String]) -> Vec<String> {
    let bare = |line: &String| match line.split_once(": ") {
        Some((place, text)) if place.starts_with("x.conf:") && theirs.iter().any(|t| t == text) => {
            text.to_owned()
        }
        _ => line.clone(),
    };
    ours.iter().map(bare).collect()
}

fn compare(name: &str, ours: impl Fn() -> Vec<String>, theirs: impl Fn() -> Vec<String>) {
    let lock = DIRECTORY.lock().unwrap_or_else(|e| e.into_inner());
    let folder = workspace(name);
    let mut wrong = Vec::new();
    for line in table(name) {
        let (better, text) = match line.strip_prefix("!= ") {
            Some(text) => (true, text),
            None => (false, line.as_str()),
        };
        fs::write("x.conf", unescape(text)).unwrap();
        let ours = ours();
        let mut last = Vec::new();
        let same = (0..TRIES).any(|_| {
            last = theirs();
            last == ours || last == without_places(&ours, &last)
        });
        if same == better {
            wrong.push(format!("{line}\n  peer: {last:?}\n  ours: {ours:?}"));
        }
    }
    std::env::set_current_dir(std::env::temp_dir()).unwrap();
    let _ = fs::remove_dir_all(folder);
    drop(lock);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare_checks(name: &str) {
    let Some(binary) = peer() else { return };
    // Variables are looked up in the environment; HOME is there for both.
    compare(name, we_check, || peer_checks(&binary));
}

#[test]
fn the_language_reads_as_in_the_peer() {
    compare_checks("snippets_language.txt");
}

#[test]
fn options_and_accounts_are_checked_as_in_the_peer() {
    compare_checks("snippets.txt");
}

#[test]
fn blocks_are_checked_as_in_the_peer() {
    compare_checks("snippets_blocks.txt");
}

/// What each error of a file has beyond the peer's line.
fn errors_without_place(error: &ConfigError) -> Vec<String> {
    let placed = |detail: &String| detail.starts_with("x.conf:") && detail.contains("found ");
    match error {
        ConfigError::Options { errors, .. } => errors
            .iter()
            .filter(|problem| !problem.detail.as_ref().is_some_and(placed))
            .map(ToString::to_string)
            .collect(),
        ConfigError::Language(error) => {
            let text = error.to_string();
            if text.contains("x.conf:") {
                Vec::new()
            } else {
                vec![text]
            }
        }
        ConfigError::Other(text) => vec![text.clone()],
    }
}

#[test]
fn every_error_of_a_file_tells_place_found_and_expected() {
    let lock = DIRECTORY.lock().unwrap_or_else(|e| e.into_inner());
    let folder = workspace("places");
    let mut wrong = Vec::new();
    for name in [
        "snippets.txt",
        "snippets_blocks.txt",
        "snippets_language.txt",
        "snippets_start.txt",
    ] {
        for line in table(name) {
            let text = line.strip_prefix("!= ").unwrap_or(&line);
            fs::write("x.conf", unescape(text)).unwrap();
            let bare = match midge_config::load_file(Path::new("x.conf")) {
                Err(error) => errors_without_place(&error),
                Ok(loaded) => match midge_config::validate(&loaded.options) {
                    Err(invalid) if invalid.details.is_empty() => vec![invalid.text],
                    Ok(()) | Err(_) => Vec::new(),
                },
            };
            let unknown = |line: &String| line.contains("which cannot stand here");
            wrong.extend(bare.into_iter().map(|text| format!("{line}\n  {text}")));
            if let Err(error) = midge_config::load_file(Path::new("x.conf")) {
                let lines = error.to_string();
                let lines = lines.lines().map(str::to_owned);
                wrong.extend(
                    lines
                        .filter(unknown)
                        .map(|text| format!("{line}\n  {text}")),
                );
            }
        }
    }
    std::env::set_current_dir(std::env::temp_dir()).unwrap();
    let _ = fs::remove_dir_all(folder);
    drop(lock);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How long a peer that has nothing to say may take to say it.
const START: Duration = Duration::from_millis(400);

#[test]
fn a_start_is_refused_as_in_the_peer() {
    let Some(binary) = peer() else { return };
    let with_port = || {
        let text = fs::read_to_string("x.conf").unwrap();
        if !text.starts_with("host:") {
            fs::write("x.conf", format!("host: 127.0.0.1, port: -1\n{text}")).unwrap();
        }
    };
    let ours = || {
        with_port();
        lines(&match midge_config::load_file(Path::new("x.conf")) {
            Ok(loaded) => match midge_config::validate(&loaded.options) {
                Ok(()) => "starts".to_owned(),
                Err(error) => error.text,
            },
            Err(error) => error.headlines(),
        })
    };
    let theirs = || {
        let mut child = Command::new(&binary)
            .args(["-c", "x.conf"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create("err").unwrap())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while begin.elapsed() < START && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        child.wait().unwrap();
        let text = fs::read_to_string("err").unwrap();
        match text.find("nats-server: ") {
            Some(at) => lines(&text[at..]),
            None => vec!["starts".to_owned()],
        }
    };
    compare("snippets_start.txt", ours, theirs);
}
