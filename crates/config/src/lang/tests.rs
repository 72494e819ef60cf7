//! The language (configuration.md, conformance 1 to 23). What the reference
//! says to many more texts is in `tests/snippets_language.txt`.

use super::*;

fn value(text: &str) -> Value {
    let document = parse_str(text).unwrap();
    document.root.get("a").unwrap().value.clone()
}

fn error(text: &str) -> String {
    parse_str(text).unwrap_err().to_string()
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// 1, 8.
#[test]
fn one_configuration_in_many_spellings_has_one_digest() {
    for text in [
        "port 4222",
        "port: 4222",
        "port = 4222",
        "port\n4222",
        "{\"port\": 4222}",
        "{port:4222,}",
        "port: 4222 }",
        "port: 4222\r\n",
    ] {
        assert_eq!(
            parse_str(text).unwrap().digest,
            "sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e",
            "{text}"
        );
    }
    assert_eq!(
        parse_str("").unwrap().digest,
        "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"
    );
}

/// 2, 3, 4, 7, 11.
#[test]
fn syntax_errors_have_their_line() {
    for (text, expected) in [
        (
            "port=\n4222",
            "Parse error on line 2: 'Expected value but found new line'",
        ),
        (
            "port: 1 debug: true",
            "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'd' instead.'",
        ),
        (
            "port",
            "config is invalid (:1:4)\n:1:5: found the end of the file behind a key, expected a value",
        ),
        (
            "= 3",
            "Parse error on line 1: 'Unexpected key separator '=''",
        ),
        (
            "a: 99999999999999999999",
            "integer '99999999999999999999' is out of the range",
        ),
        (
            "a: 2020-13-01T00:00:00Z",
            "expected Zulu formatted DateTime, but got '2020-13-01T00:00:00Z'",
        ),
    ] {
        assert_eq!(error(text), expected);
    }
}

#[test]
fn errors_in_files_have_their_place() {
    let folder = std::env::temp_dir().join(format!("midge-config-place-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("a.conf", "port: 4222\nhttp: $MIDGE_NOT_SET\n");
    write("b.conf", "debug: true\n  include c.conf\n");
    write("c.conf", "port: 4222\nx: 1 y: 2\n");
    let error = |name: &str| parse_file(&folder.join(name)).unwrap_err().to_string();
    let shown = folder.display();
    assert_eq!(
        error("a.conf"),
        format!(
            "{shown}/a.conf:2:21: variable reference for 'MIDGE_NOT_SET' on line 2 can not be found"
        )
    );
    assert_eq!(
        error("b.conf"),
        format!(
            "{shown}/c.conf:2:6: error parsing include file 'c.conf', Parse error on line 2: \
             'Expected a top-level value to end with a new line, comment or EOF, but got 'y' instead.'"
        )
    );
    std::fs::remove_dir_all(folder).unwrap();
}

/// 10, 12.
#[test]
fn numbers_take_suffixes_and_words_are_booleans() {
    for (text, number) in [("1k", 1000), ("1kb", 1024), ("2MiB", 2 << 20), ("-5", -5)] {
        assert_eq!(value(&format!("a: {text}")), Value::Integer(number));
    }
    assert_eq!(value("a: Yes"), Value::Bool(true));
    assert_eq!(value("a: off"), Value::Bool(false));
    assert_eq!(value("a: \"yes\""), string("yes"));
    assert_eq!(value("a: 1.50"), Value::Float(1.5));
    assert_eq!(value("a: 127.0.0.1:4222"), string("127.0.0.1:4222"));
    assert_eq!(value("a: 1kx"), string("1kx"));
}

/// 1.6: the reference overflows or drops these without a word.
#[test]
fn overflow_and_unknown_suffixes_are_errors() {
    assert_eq!(
        error("a: 9223372036854775807k"),
        "integer '9223372036854775807k' is out of the range"
    );
    assert_eq!(
        error("a: 1kbb"),
        "Parse error on line 1: 'Unknown size suffix 'kbb' in '1kbb'.'"
    );
}

/// 15.
#[test]
fn a_number_before_a_closing_bracket_is_a_word() {
    assert!(parse_str("a: [1, 2]").is_err());
    assert!(matches!(value("a: [1, 2 ]"), Value::Array(items) if items.len() == 2));
}

/// 16, 17, 18, 19.
#[test]
fn variables_look_outward_and_mark_what_they_use() {
    let document = parse_str("x: 4, m {a: $x}").unwrap();
    assert!(document.root.get("x").unwrap().used);
    assert_eq!(
        error("a: $MIDGE_NOT_SET"),
        "variable reference for 'MIDGE_NOT_SET' on line 1 can not be found"
    );
    assert!(parse_str("m {x: 4}, a: $x").is_err());
    assert_eq!(value("a: $2a$10$x"), string("$2a$10$x"));
    assert!(parse_str("a: $2b$10$x").is_err());
}

/// 20, 21, 22 and the cycle the reference does not notice.
#[test]
fn includes_are_relative_and_cycles_are_found() {
    let folder = std::env::temp_dir().join(format!("midge-config-include-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("top.conf", "include \"sub/one.conf\"\na: $b");
    write("sub/one.conf", "include two.conf");
    write("sub/two.conf", "b: 7");
    let document = parse_file(&folder.join("top.conf")).unwrap();
    assert_eq!(document.root.get("a").unwrap().value, Value::Integer(7));
    let pos = &document.root.get("b").unwrap().pos;
    assert!(pos.file.ends_with("sub/two.conf"), "{pos}");
    write("loop.conf", "include 'loop.conf'");
    let error = parse_file(&folder.join("loop.conf"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("include cycle"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("a: {}", "[".repeat(100_000));
    assert!(error(&deep).contains("nested deeper"));
    let deep = "{".repeat(100_000);
    assert!(error(&deep).contains("nested deeper"));
}

/// A chain of variables, each of which refers to the one before.
fn chain(links: usize, before: &str, after: &str) -> String {
    let link = |n: usize| format!("x{n} = {before}$x{}{after}\n", n - 1);
    std::iter::once("x0 = 1\n".to_owned())
        .chain((1..links).map(link))
        .collect()
}

#[test]
fn variables_count_towards_the_nesting() {
    let link = ("[ ".repeat(50), " ]".repeat(50));
    assert!(parse_str(&chain(5, &link.0, &link.1)).is_ok());
    assert!(error(&chain(1000, &link.0, &link.1)).contains("nested deeper"));
    let inside = format!("{}a: {}$x4{}", chain(5, &link.0, &link.1), link.0, link.1);
    assert!(parse_str(&inside).is_ok());
    let inside = format!("{}a: {}$x5{}", chain(6, &link.0, &link.1), link.0, link.1);
    assert!(error(&inside).contains("nested deeper"));
}

#[test]
fn includes_count_towards_the_nesting() {
    let folder = std::env::temp_dir().join(format!("midge-config-depth-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for n in 0..10 {
        let text = format!(
            "{}include f{}.conf{}",
            "a { ".repeat(50),
            n + 1,
            " }".repeat(50)
        );
        std::fs::write(folder.join(format!("f{n}.conf")), text).unwrap();
    }
    std::fs::write(folder.join("f10.conf"), "").unwrap();
    let read = |n: u32| parse_file(&folder.join(format!("f{n}.conf")));
    assert!(read(5).is_ok());
    let error = read(0).unwrap_err().to_string();
    assert!(error.contains("nested deeper"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn variables_stand_for_a_bounded_amount() {
    let text = chain(60, "[ $x0, ", " ]");
    assert!(parse_str(&text).is_ok());
    let doubled = (1..60).map(|n| format!("x{n} = [ $x{0}, $x{0} ]\n", n - 1));
    let text: String = std::iter::once("x0 = 1\n".to_owned())
        .chain(doubled)
        .collect();
    assert!(error(&text).contains("variables stand for more than"));
    let long = format!("x = {}\n", "y".repeat(1 << 20));
    let text = format!("{long}a = [{}]", " $x,".repeat(100));
    assert!(error(&text).contains("variables stand for more than"));
}

/// 23.
#[test]
fn columns_count_from_zero_on_the_first_line_only() {
    let document = parse_str("a: 1, b: 2\nc: 3\n \"d\": 4").unwrap();
    let at = |key: &str| {
        let pos = &document.root.get(key).unwrap().pos;
        (pos.line, pos.col)
    };
    assert_eq!(
        (at("a"), at("b"), at("c"), at("d")),
        ((1, 0), (1, 6), (2, 1), (3, 3))
    );
}
