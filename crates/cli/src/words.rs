//! Lines that are split as a shell does it.

use crate::bail;
use crate::failure::Result;

/// The words of a line: blanks part them, quotes and backslashes keep them
/// together.
pub fn split(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.push(letter),
                        None => bail!("Unterminated single-quoted string"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                            Some(next) => word.extend(['\\', next]),
                            None => bail!("Unterminated double-quoted string"),
                        },
                        Some(letter) => word.push(letter),
                        None => bail!("Unterminated double-quoted string"),
                    }
                }
            }
            '\\' => match letters.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => bail!("invalid command line string: nothing after a backslash"),
            },
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            split("a 'b c' \"d \\\" e\"f \\ g ''").unwrap(),
            ["a", "b c", "d \" ef", " g", ""]
        );
        assert!(split("a 'b").is_err());
        assert!(split("").unwrap().is_empty());
    }
}
