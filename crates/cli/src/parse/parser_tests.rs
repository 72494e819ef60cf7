//! Command lines and what becomes of them.

use super::{Matches, Problem, command_word, parse};
use crate::model;

fn read(line: &[&str]) -> Result<Matches, Problem> {
    read_with(line, &|_| None)
}

fn read_with(line: &[&str], env: &dyn Fn(&str) -> Option<String>) -> Result<Matches, Problem> {
    let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    parse(model::commands(), &words, env).map(|parsed| parsed.matches)
}

fn error(line: &[&str]) -> String {
    read(line).unwrap_err().failure.to_string()
}

#[test]
fn flags_and_arguments_are_mixed_freely() {
    let matches = read(&[
        "--timeout",
        "1s",
        "pub",
        "--count=2",
        "a",
        "-H",
        "k:v",
        "-Hx:y",
        "b",
        "-qJ",
    ])
    .unwrap();
    assert_eq!(matches.arg("subject"), Some("a"));
    assert_eq!(matches.arg("body"), Some("b"));
    assert_eq!(matches.int("count"), 2);
    assert_eq!(matches.list("header"), ["k:v", "x:y"]);
    assert!(matches.on("quiet") && matches.on("jetstream") && matches.on("templates"));
    assert_eq!(matches.nanos("timeout"), Some(1_000_000_000));
}

#[test]
fn flags_of_a_group_stand_before_or_after_the_command() {
    assert!(read(&["stream", "-a", "ls"]).unwrap().on("all"));
    assert!(read(&["stream", "ls", "-a"]).unwrap().on("all"));
    assert_eq!(error(&["-a", "stream", "ls"]), "unknown short flag '-a'");
}

#[test]
fn switches_are_negated_where_they_may_be() {
    assert!(
        !read(&["pub", "a", "--no-templates"])
            .unwrap()
            .on("templates")
    );
    assert_eq!(
        error(&["pub", "a", "--no-quiet"]),
        "unknown long flag '--no-quiet'"
    );
    assert_eq!(
        read(&["kv", "edit", "b", "--no-no-mirror"])
            .unwrap()
            .switched("no-mirror"),
        Some(false)
    );
    assert!(read(&["rtt", "--no-context"]).unwrap().on("no-context"));
    assert!(read(&["rtt", "--tls-first"]).unwrap().on("tlsfirst"));
    assert_eq!(
        read(&["rtt", "--no-tls-first"])
            .unwrap()
            .switched("tlsfirst"),
        Some(false)
    );
}

#[test]
fn two_dashes_end_the_flags() {
    let matches = read(&["pub", "--", "a", "--count"]).unwrap();
    assert_eq!(matches.arg("body"), Some("--count"));
}

#[test]
fn each_mistake_has_its_text() {
    let list = "use --help for full help including flags and arguments";
    assert_eq!(
        error(&["bogus"]),
        format!("expected command but got \"bogus\", {list}")
    );
    assert_eq!(
        error(&["strea"]),
        format!("expected command but got \"strea\", {list}")
    );
    assert_eq!(
        error(&["stream"]),
        format!("a subcommand from the list below is required, {list}")
    );
    assert_eq!(error(&["pub"]), "required argument 'subject' not provided");
    assert_eq!(error(&["pub", "a", "b", "c"]), "unexpected argument c");
    assert_eq!(error(&["pub", "--nope"]), "unknown long flag '--nope'");
    assert_eq!(
        error(&["kv", "revert", "b", "k", "1", "-f"]),
        "unknown short flag '-f'"
    );
    assert_eq!(
        error(&["pub", "a", "--count"]),
        "expected argument for flag '--count'"
    );
    assert_eq!(
        error(&["pub", "a", "--count", "--quiet"]),
        "expected argument for flag '--count'"
    );
    assert_eq!(
        error(&["pub", "a", "--count", "1", "--count=2"]),
        "flag 'count' cannot be repeated"
    );
    assert_eq!(
        error(&["server", "check", "stream"]),
        "required flag --stream not provided"
    );
    assert_eq!(
        error(&["server", "check", "consumer"]),
        "required flags --stream, --consumer not provided"
    );
    assert_eq!(
        error(&["stream", "add", "--retention", "bogus"]),
        "enum value must be one of limits,interest,workq,work, got 'bogus'"
    );
    assert_eq!(error(&["rtt", "--timeout", "5"]), "invalid duration");
    assert_eq!(
        error(&["rtt", "--timeout", "1x"]),
        "invalid duration: invalid unit x"
    );
    assert_eq!(
        error(&["rtt", "--tlsca", "/no/such/file"]),
        "path '/no/such/file' does not exist"
    );
    assert_eq!(error(&["rtt", "--tlsca", "/"]), "'/' is a directory");
    assert_eq!(
        error(&["pub", "a", "--count", "x"]),
        "strconv.ParseFloat: parsing \"x\": invalid syntax"
    );
    assert_eq!(
        error(&["stream", "add", "--metadata", "x"]),
        "expected KEY=VALUE got 'x'"
    );
}

#[test]
fn numbers_may_be_negative_and_floats() {
    let matches = read(&["stream", "add", "S", "--max-msgs=-1", "--max-consumers=1e3"]).unwrap();
    assert_eq!(
        (matches.int("max-msgs"), matches.int("max-consumers")),
        (-1, 1000)
    );
}

#[test]
fn the_command_line_wins_over_the_environment() {
    let env = |name: &str| match name {
        "NATS_URL" => Some("env:1".to_owned()),
        "NATS_TIMEOUT" => Some(String::new()),
        _ => None,
    };
    let matches = read_with(&["rtt"], &env).unwrap();
    assert_eq!(matches.text("server"), Some("env:1"));
    assert!(!matches.given("timeout"));
    assert_eq!(
        read_with(&["rtt", "-s", "flag:1"], &env)
            .unwrap()
            .text("server"),
        Some("flag:1")
    );
    let bad = |name: &str| (name == "NATS_TIMEOUT").then(|| "x".to_owned());
    assert_eq!(
        read_with(&["rtt"], &bad).unwrap_err().failure.to_string(),
        "invalid duration"
    );
}

#[test]
fn maps_take_two_separators() {
    let matches = read(&["stream", "add", "--metadata", "a=1:2", "--metadata", "b:3"]).unwrap();
    let expected = [
        ("a".to_owned(), "1:2".to_owned()),
        ("b".to_owned(), "3".to_owned()),
    ];
    assert_eq!(matches.map("metadata"), expected);
}

#[test]
fn help_wins_over_values_but_not_over_words() {
    let built_in = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(model::commands(), &words, &|_| None)
            .map(|parsed| (parsed.built_in, parsed.path.len()))
            .map_err(|problem| problem.failure.to_string())
    };
    let help = Ok((Some(super::BuiltIn::Help), 1));
    assert_eq!(built_in("pub --help"), help);
    assert_eq!(built_in("pub --help --count=x --count=1"), help);
    assert_eq!(
        built_in("pub --help --nope"),
        Err("unknown long flag '--nope'".to_owned())
    );
    assert_eq!(
        built_in("pub --help a b c"),
        Err("unexpected argument c".to_owned())
    );
    assert_eq!(
        built_in("--version bogus"),
        Ok((Some(super::BuiltIn::Version), 0))
    );
}

#[test]
fn each_command_has_a_level_that_clap_accepts() {
    fn visit(commands: &'static [model::Command], above: &[&str]) {
        for command in commands {
            let mut words = above.to_vec();
            words.push(command.name);
            // `clap` checks names and places of flags and arguments here.
            let given: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            match parse(model::commands(), &given, &|_| None) {
                Ok(parsed) => assert_eq!(parsed.path.len(), words.len()),
                Err(problem) => assert_eq!(problem.path.len(), words.len(), "{words:?}"),
            }
            visit(command.commands, &words);
        }
    }
    visit(model::commands(), &[]);
}

#[test]
fn what_begins_with_a_dash_is_a_flag() {
    assert_eq!(
        error(&["rtt", "--timeout", "-1h"]),
        "expected argument for flag '--timeout'"
    );
    assert_eq!(error(&["rtt", "-5"]), "unknown short flag '-5'");
    let matches = read(&["rtt", "--timeout=-1h", "--", "-5"]).unwrap();
    assert_eq!(matches.nanos("timeout"), Some(-3_600_000_000_000));
    assert_eq!(matches.arg("iterations"), Some("-5"));
    assert_eq!(read(&["pub", "a", "-"]).unwrap().arg("body"), Some("-"));
}

#[test]
fn two_dashes_before_a_command_hold_for_what_is_below() {
    let matches = read(&["--trace", "--", "stream", "rm", "--force"]).unwrap();
    assert_eq!(matches.arg("stream"), Some("--force"));
    assert!(!matches.on("force") && matches.on("trace"));
}

#[test]
fn a_repeated_flag_is_found_across_levels() {
    assert_eq!(
        error(&["--trace", "stream", "-a", "ls", "--all"]),
        "flag 'all' cannot be repeated"
    );
    assert_eq!(
        error(&["--trace", "rtt", "--trace"]),
        "flag 'trace' cannot be repeated"
    );
    assert_eq!(
        error(&["rtt", "--tlsfirst", "--no-tlsfirst"]),
        "flag 'tlsfirst' cannot be repeated"
    );
}

#[test]
fn a_flag_without_its_value_is_named_as_it_was_written() {
    for (line, flag) in [
        (vec!["pub", "a", "-qH"], "-H"),
        (vec!["pub", "a", "-H", "--nope"], "-H"),
        (vec!["pub", "-s", "--", "a"], "-s"),
        (vec!["rtt", "--domain"], "--domain"),
    ] {
        let expected = format!("expected argument for flag '{flag}'");
        assert_eq!(error(&line), expected, "{line:?}");
    }
}

#[test]
fn the_first_mistake_counts() {
    assert_eq!(error(&["pub", "a", "-q-"]), "unknown short flag '--'");
    assert_eq!(
        error(&["pub", "--count=1", "--count=2", "--nope"]),
        "unknown long flag '--nope'"
    );
    assert_eq!(
        error(&["pub", "--nope", "--help"]),
        "unknown long flag '--nope'"
    );
    assert_eq!(
        error(&["pub", "--count=x", "--nope"]),
        "unknown long flag '--nope'"
    );
}

#[test]
fn the_first_command_stands_behind_global_flags() {
    let place = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        command_word(&words)
    };
    assert_eq!(place("foo --own x"), Some(0));
    assert_eq!(place("-s x --trace foo bar"), Some(3));
    assert_eq!(place("--server=x --timeout 1s foo -s y"), Some(3));
    assert_eq!(place("-sfoo bar"), Some(1));
    assert_eq!(place("--trace"), None);
    assert_eq!(place("--nope foo"), None);
}
