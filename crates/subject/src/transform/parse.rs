//! Destination tokens: `$n`, `{{function(arguments)}}`, `>` and plain text
//! (client-protocol.md 14.5, 14.6).

use super::error::TransformError;

/// One token of a destination as written. Indexes count the `*` tokens of the
/// source from 1; they are not yet checked against the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Stands for itself.
    Literal(&'a str),
    /// `>`: the rest of the subject.
    Rest,
    /// `$i`, `{{wildcard(i)}}`.
    Wildcard(i64),
    /// `{{partition(n, i, j, ...)}}`; without indexes the whole subject.
    Partition { buckets: i32, indexes: Vec<i64> },
    /// `{{random(n)}}`.
    Random { bound: i32 },
    /// `{{split(i, delimiter)}}`.
    Split { index: i64, delimiter: &'a str },
    /// A function that cuts a token at a byte position.
    Cut { index: i64, cut: Cut, position: i32 },
}

/// Ways to cut a token; positions and lengths count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Two pieces, the first of this length.
    SplitFromLeft,
    /// Two pieces, the last of this length.
    SplitFromRight,
    /// Pieces of this length, a shorter one last.
    SliceFromLeft,
    /// Pieces of this length, a shorter one first.
    SliceFromRight,
    /// Only the first bytes.
    Left,
    /// Only the last bytes.
    Right,
}

#[derive(Clone, Copy)]
enum Function {
    Wildcard,
    Partition,
    Random,
    Split,
    Cut(Cut),
}

/// Words of the functions' names. The first letter of each word may be upper
/// or lower case, the rest is lower case.
const FUNCTIONS: [(&[&str], Function); 10] = [
    (&["wildcard"], Function::Wildcard),
    (&["partition"], Function::Partition),
    (&["random"], Function::Random),
    (&["split"], Function::Split),
    (
        &["split", "from", "left"],
        Function::Cut(Cut::SplitFromLeft),
    ),
    (
        &["split", "from", "right"],
        Function::Cut(Cut::SplitFromRight),
    ),
    (
        &["slice", "from", "left"],
        Function::Cut(Cut::SliceFromLeft),
    ),
    (
        &["slice", "from", "right"],
        Function::Cut(Cut::SliceFromRight),
    ),
    (&["left"], Function::Cut(Cut::Left)),
    (&["right"], Function::Cut(Cut::Right)),
];

fn function_named(name: &str) -> Option<Function> {
    let is = |words: &[&str]| {
        let mut rest = name;
        let spelled = words.iter().all(|word| {
            let Some((head, tail)) = rest.split_at_checked(word.len()) else {
                return false;
            };
            rest = tail;
            let (Some(first), Some(others)) = (head.get(..1), head.get(1..)) else {
                return false;
            };
            first.eq_ignore_ascii_case(&word[..1]) && others == &word[1..]
        });
        spelled && rest.is_empty()
    };
    FUNCTIONS
        .iter()
        .find(|(words, _)| is(words))
        .map(|&(_, function)| function)
}

/// Whether a token is meant as a function. `{{}}` is plain text.
pub(super) fn is_function(token: &str) -> bool {
    token.len() > 4 && token.starts_with("{{") && token.ends_with("}}")
}

/// White space inside a function.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

/// The function and the text between its outer parentheses.
fn call(token: &str) -> Option<(Function, &str)> {
    let inner = token.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.trim_matches(is_blank).strip_suffix(')')?;
    let (name, arguments) = inner.split_once('(')?;
    if arguments.contains('\n') {
        return None;
    }
    Some((function_named(name.trim_end_matches(is_blank))?, arguments))
}

/// Whether a token is a call of a known function.
pub(super) fn is_known_function(token: &str) -> bool {
    call(token).is_some()
}

/// Reads one destination token.
pub(super) fn parse(token: &str) -> Result<Token<'_>, TransformError> {
    if token == ">" {
        return Ok(Token::Rest);
    }
    if let Some(digits) = token.strip_prefix('$')
        && let Ok(index) = digits.parse()
    {
        return Ok(Token::Wildcard(index));
    }
    if !is_function(token) {
        return Ok(Token::Literal(token));
    }
    let (function, arguments) =
        call(token).ok_or_else(|| TransformError::UnknownFunction(token.to_owned()))?;
    let arguments: Vec<&str> = arguments
        .split(',')
        .enumerate()
        // White space after a comma belongs to the comma.
        .map(|(at, text)| {
            if at == 0 {
                text
            } else {
                text.trim_start_matches(is_blank)
            }
        })
        .collect();
    parse_call(function, &arguments, token)
}

fn parse_call<'a>(
    function: Function,
    arguments: &[&'a str],
    token: &str,
) -> Result<Token<'a>, TransformError> {
    let not_enough = || TransformError::NotEnoughArguments(token.to_owned());
    let too_many = || TransformError::TooManyArguments(token.to_owned());
    let invalid = || TransformError::InvalidArgument(token.to_owned());
    let index = |text: &str| text.trim_matches(' ').parse::<i64>().map_err(|_| invalid());
    let count = |text: &str| text.trim_matches(' ').parse::<i32>().map_err(|_| invalid());
    let pair = || match arguments {
        [] | [_] => Err(not_enough()),
        &[first, second] => Ok((first, second)),
        _ => Err(too_many()),
    };
    match function {
        Function::Wildcard => match arguments {
            [] | [""] => Err(not_enough()),
            [only] => Ok(Token::Wildcard(index(only)?)),
            _ => Err(too_many()),
        },
        Function::Partition => {
            let (buckets, indexes) = arguments.split_first().ok_or_else(invalid)?;
            let buckets = count(buckets)?;
            let indexes = indexes
                .iter()
                .map(|text| index(text))
                .collect::<Result<_, _>>()?;
            Ok(Token::Partition { buckets, indexes })
        }
        Function::Random => match arguments {
            [only] => Ok(Token::Random {
                bound: count(only)?,
            }),
            // The peer's choice of words for several arguments as well.
            _ => Err(not_enough()),
        },
        Function::Split => {
            let (first, delimiter) = pair()?;
            let index = index(first)?;
            if delimiter.contains([' ', '.']) {
                return Err(invalid());
            }
            Ok(Token::Split { index, delimiter })
        }
        Function::Cut(cut) => {
            let (first, position) = pair()?;
            Ok(Token::Cut {
                index: index(first)?,
                cut,
                position: count(position)?,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_begin_their_words_in_either_case() {
        for name in [
            "splitFromLeft",
            "SplitFromLeft",
            "Splitfromleft",
            "splitfromleft",
        ] {
            assert!(function_named(name).is_some(), "{name}");
        }
        for name in [
            "WILDCARD",
            "split_from_left",
            "sPlit",
            "",
            "spli",
            "wildcards",
        ] {
            assert!(function_named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn spaces_are_allowed_where_they_do_not_matter() {
        for text in [
            "{{wildcard(1)}}",
            "{{ wildcard (1) }}",
            "{{\twildcard( 1 )\n}}",
            "$1",
            "$+1",
        ] {
            assert_eq!(parse(text), Ok(Token::Wildcard(1)), "{text}");
        }
        let partition = Token::Partition {
            buckets: 3,
            indexes: vec![1, 1],
        };
        assert_eq!(parse("{{partition( 3 , 1,  \t1)}}"), Ok(partition));
        assert_eq!(
            parse("{{split(1, -)}}"),
            Ok(Token::Split {
                index: 1,
                delimiter: "-"
            })
        );
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "$",
            "$x",
            "$99999999999999999999",
            "{{}}",
            "x{{wildcard(1)}}",
            "{{wildcard(1)",
            "a",
        ] {
            assert_eq!(parse(text), Ok(Token::Literal(text)));
        }
    }

    #[test]
    fn delimiters_may_hold_parentheses() {
        assert_eq!(
            parse("{{split(1,))}}"),
            Ok(Token::Split {
                index: 1,
                delimiter: ")"
            })
        );
        assert_eq!(
            parse("{{split(1,a)b)}}"),
            Ok(Token::Split {
                index: 1,
                delimiter: "a)b"
            })
        );
        assert_eq!(
            parse("{{split(1,)}}"),
            Ok(Token::Split {
                index: 1,
                delimiter: ""
            })
        );
    }
}
