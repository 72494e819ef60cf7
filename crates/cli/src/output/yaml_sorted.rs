//! YAML as Go's tools make it from JSON: sorted keys, texts without quotes
//! where that is possible, long lines folded.

use std::cmp::Ordering;

use super::json::Json;

/// Letters after which a line is folded at the next blank.
const WIDTH: usize = 80;

/// Writes a value.
pub fn write(value: &Json) -> String {
    let mut out = String::new();
    push(&mut out, value, 0, false);
    out
}

/// Writes a value behind a key, a dash or nothing; `follows` says whether a
/// key stands before it on the line.
fn push(out: &mut String, value: &Json, indent: usize, follows: bool) {
    let pad = " ".repeat(indent);
    match value {
        Json::Object(entries) if !entries.is_empty() => {
            let mut entries: Vec<&(String, Json)> = entries.iter().collect();
            entries.sort_by(|a, b| compare(&a.0, &b.0));
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 || follows {
                    new_line(out, &pad);
                }
                out.push_str(&scalar(key, None, 0));
                out.push(':');
                match value {
                    // Lists stand below their key without being moved in.
                    Json::List(values) if !values.is_empty() => push(out, value, indent, true),
                    Json::Object(below) if !below.is_empty() => push(out, value, indent + 2, true),
                    value => push_scalar(out, value, indent),
                }
            }
        }
        Json::List(values) if !values.is_empty() => {
            for (at, value) in values.iter().enumerate() {
                if at > 0 || follows {
                    new_line(out, &pad);
                }
                out.push('-');
                match value {
                    Json::Object(below) if !below.is_empty() => {
                        out.push(' ');
                        push(out, value, indent + 2, false);
                    }
                    Json::List(below) if !below.is_empty() => {
                        out.push(' ');
                        push(out, value, indent + 2, false);
                    }
                    value => push_scalar(out, value, indent),
                }
            }
        }
        value => {
            let text = match value {
                Json::Text(text) => scalar(text, Some(indent + 2), 0),
                value => value.compact(),
            };
            out.push_str(&text);
        }
    }
    if indent == 0 && !follows {
        out.push('\n');
    }
}

fn new_line(out: &mut String, pad: &str) {
    out.push('\n');
    out.push_str(pad);
}

fn push_scalar(out: &mut String, value: &Json, indent: usize) {
    out.push(' ');
    let line = out.rsplit('\n').next().unwrap_or_default();
    let column = line.chars().count();
    match value {
        Json::Text(text) => {
            let text = scalar(text, Some(indent + 2), column);
            out.push_str(&text);
        }
        value => out.push_str(&value.compact()),
    }
}

/// A text: plain, in single quotes if its letters mean something, in double
/// quotes if it could be taken for something else. With `fold` long ones go on
/// in lines that begin with so many blanks.
fn scalar(text: &str, fold: Option<usize>, column: usize) -> String {
    if text.chars().any(char::is_control) || is_no_text(text) {
        return serde_json::to_string(text).unwrap_or_default();
    }
    let quoted = !is_plain(text);
    let body = if quoted {
        text.replace('\'', "''")
    } else {
        text.to_owned()
    };
    let column = column + usize::from(quoted);
    let body = match fold {
        Some(blanks) => folded(&body, blanks, column),
        None => body,
    };
    if quoted { format!("'{body}'") } else { body }
}

fn folded(text: &str, blanks: usize, mut column: usize) -> String {
    let mut out = String::new();
    let letters: Vec<char> = text.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let alone = |at: Option<usize>| at.and_then(|at| letters.get(at)) != Some(&' ');
        let inside = at > 0 && at + 1 < letters.len();
        if *letter == ' '
            && column > WIDTH
            && inside
            && alone(at.checked_sub(1))
            && alone(Some(at + 1))
        {
            new_line(&mut out, &" ".repeat(blanks));
            column = blanks;
        } else {
            out.push(*letter);
            column += 1;
        }
    }
    out
}

/// Whether a text without quotes would be a number, a date, a word for true,
/// false or nothing.
fn is_no_text(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf",
        "+.inf", "-.inf", "<<",
    ];
    let digits = text.replace('_', "");
    let unsigned = digits.trim_start_matches(['+', '-']);
    let is_number = unsigned.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
        && (unsigned.parse::<f64>().is_ok() || is_in_base(unsigned));
    // 2026-01-02 and 1:30 are read as a date and as a number.
    let looks_like_time = unsigned.starts_with(|letter: char| letter.is_ascii_digit())
        && unsigned
            .chars()
            .all(|letter| letter.is_ascii_digit() || "-:.TZtz +".contains(letter))
        && unsigned.contains(['-', ':']);
    WORDS.contains(&text.to_ascii_lowercase().as_str()) || is_number || looks_like_time
}

fn is_in_base(text: &str) -> bool {
    [("0x", 16), ("0b", 2), ("0o", 8)]
        .iter()
        .any(|(prefix, base)| {
            text.strip_prefix(prefix)
                .is_some_and(|digits| u64::from_str_radix(digits, *base).is_ok())
        })
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (Some(first), Some(last)) = (letters.first(), letters.last()) else {
        return false;
    };
    if *first == ' ' || *last == ' ' || text.starts_with("---") || text.starts_with("...") {
        return false;
    }
    let blank_after = |at: usize| letters.get(at + 1).is_none_or(|next| *next == ' ');
    if "#,[]{}&*!|>'\"%@`".contains(*first) || ("-?:".contains(*first) && blank_after(0)) {
        return false;
    }
    letters.iter().enumerate().skip(1).all(|(at, letter)| {
        let after_blank = letters.get(at - 1) == Some(&' ');
        !(*letter == ':' && blank_after(at) || *letter == '#' && after_blank)
    })
}

/// The order of keys: numbers in texts by their value, letters behind the rest.
fn compare(a: &str, b: &str) -> Ordering {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    let (left, right) = (
        a.get(at..).unwrap_or_default(),
        b.get(at..).unwrap_or_default(),
    );
    let (Some(first), Some(second)) = (left.first(), right.first()) else {
        return Ordering::Equal;
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (true, true) => return first.cmp(second),
        (false, false) => {}
    }
    let number = |letters: &[char]| {
        let digits: String = letters.iter().take_while(|l| l.is_ascii_digit()).collect();
        digits.parse::<u64>().ok()
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) if left != right => left.cmp(&right),
        _ => first.cmp(second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> String {
        write(&Json::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn keys_are_sorted_and_lists_not_moved_in() {
        assert_eq!(
            written(r#"{"b":[{"y":1,"$x":null},[2]],"a":{},"c":{"d":[]}}"#),
            "a: {}\nb:\n- $x: null\n  \"y\": 1\n- - 2\nc:\n  d: []\n"
        );
    }

    #[test]
    fn quotes_stand_where_they_must() {
        for (text, yaml) in [
            ("plain text", "plain text"),
            ("^[^.*>]+$", "^[^.*>]+$"),
            ("null", "\"null\""),
            ("", "\"\""),
            ("30000000000", "\"30000000000\""),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'it", "'''it'"),
            ("a #b", "'a #b'"),
            ("a#b", "a#b"),
            ("2026-01-02", "\"2026-01-02\""),
            ("1.2.3", "1.2.3"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            ("a\nb", "\"a\\nb\""),
        ] {
            let json = Json::object().with("k", text);
            assert_eq!(write(&json), format!("k: {yaml}\n"));
        }
    }

    #[test]
    fn long_lines_are_folded_behind_the_width() {
        let text = format!("{} bb cc", "a".repeat(79));
        let json = Json::object().with("k", text);
        assert_eq!(write(&json), format!("k: {}\n  bb cc\n", "a".repeat(79)));
    }
}
