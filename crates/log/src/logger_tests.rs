//! Tests of the logger.

use super::*;
use std::fs;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("midge-logger-{}-{name}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

fn options(path: &std::path::Path) -> LogOptions {
    LogOptions {
        sink: Sink::File {
            path: path.to_owned(),
            size_limit: 0,
            max_files: 0,
        },
        time: false,
        pid: false,
        ..LogOptions::default()
    }
}

#[test]
fn debug_and_trace_are_off_until_switched_on() {
    let path = file("levels");
    let mut options = options(&path);
    let log = Logger::open(&options).unwrap();
    log.info(format_args!("a"));
    log.debug(format_args!("no"));
    log.trace(format_args!("no"));
    options.debug = true;
    options.trace = true;
    log.reconfigure(&options).unwrap();
    assert!(log.debug_enabled() && log.trace_enabled());
    log.debug(format_args!("b"));
    log.trace(format_args!("c"));
    log.warn(format_args!("d"));
    log.error(format_args!("e"));
    log.fatal(format_args!("f"));
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[INF] a\n[DBG] b\n[TRC] c\n[WRN] d\n[ERR] e\n[FTL] f\n"
    );
    fs::remove_file(path).unwrap();
}

#[test]
fn lines_start_with_pid_and_time() {
    let path = file("form");
    let log = Logger::open(&LogOptions {
        time: true,
        pid: true,
        ..options(&path)
    })
    .unwrap();
    log.info(format_args!("x {}", 1));
    let text = fs::read_to_string(&path).unwrap();
    let rest = text
        .strip_prefix(&format!("[{}] ", std::process::id()))
        .unwrap();
    let (stamp, rest) = rest.split_at("2026/11/23 08:09:03.279423".len());
    let shape: String = stamp
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000/00/00 00:00:00.000000");
    assert_eq!(rest, " [INF] x 1\n");
    fs::remove_file(path).unwrap();
}

#[test]
fn a_new_log_file_is_taken_on_and_a_bad_one_is_not() {
    let (one, two) = (file("one"), file("two"));
    let log = Logger::open(&options(&one)).unwrap();
    log.info(format_args!("1"));
    log.reconfigure(&options(&two)).unwrap();
    log.info(format_args!("2"));
    let bad = options(&PathBuf::from("/nonexistent-folder/x"));
    assert!(log.reconfigure(&bad).is_err());
    log.info(format_args!("3"));
    assert_eq!(fs::read_to_string(&one).unwrap(), "[INF] 1\n");
    assert_eq!(fs::read_to_string(&two).unwrap(), "[INF] 2\n[INF] 3\n");
    fs::remove_file(one).unwrap();
    fs::remove_file(two).unwrap();
}

#[test]
fn reopening_says_so() {
    let path = file("reopen");
    let log = Logger::open(&options(&path)).unwrap();
    assert!(log.reopen());
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[INF] File log re-opened\n"
    );
    fs::remove_file(path).unwrap();
    assert!(!Logger::to_nowhere().reopen());
}

#[test]
fn the_same_key_is_said_once_a_period() {
    let path = file("limited");
    let log = Logger::open(&options(&path)).unwrap();
    let hour = Duration::from_secs(3_600);
    assert!(log.warn_limited("k", hour, format_args!("first")));
    assert!(!log.warn_limited("k", hour, format_args!("second")));
    assert!(log.info_limited("l", hour, format_args!("other")));
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[WRN] first\n[INF] other\n"
    );
    fs::remove_file(path).unwrap();
}

#[test]
fn threads_do_not_mix_their_lines() {
    let path = file("threads");
    let log = Logger::open(&options(&path)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = log.clone();
            scope.spawn(move || {
                for n in 0..200 {
                    log.info(format_args!("thread {thread} line {n}"));
                }
            });
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 800);
    assert!(text.lines().all(|l| l.starts_with("[INF] thread ")));
    fs::remove_file(path).unwrap();
}
