//! Regular expressions, with the errors of Go's: scripts look for them.

use regex::Regex;

/// Most repetitions that Go allows.
const MOST_REPEATS: u32 = 1000;

/// Compiles an expression; what Go refuses is refused.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let mut scanner = Scanner::new(text);
    if let Err(why) = scanner.scan() {
        return Err(format!("{PREFIX}{why}"));
    }
    let mut escaped = text.to_owned();
    for at in scanner.braces.into_iter().rev() {
        escaped.insert(at, '\\');
    }
    Regex::new(&escaped).map_err(|_| explain(text))
}

/// Before what is wrong.
const PREFIX: &str = "error parsing regexp: ";

/// Names of classes such as `[:alpha:]`.
const CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// What Go says about an expression that is wrong.
pub fn explain(text: &str) -> String {
    match Scanner::new(text).scan() {
        Err(why) => format!("{PREFIX}{why}"),
        Ok(()) => format!("{PREFIX}invalid expression: `{text}`"),
    }
}

/// Looks for the first error, as Go's parser comes to it.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Groups that are open.
    open: usize,
    /// Whether something stands before that can be repeated.
    repeatable: bool,
    /// Where the repetition just before begins.
    repeated: Option<usize>,
    /// Where braces stand that are text.
    braces: Vec<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: 0,
            repeatable: false,
            repeated: None,
            braces: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn scan(&mut self) -> Result<(), String> {
        while let Some(letter) = self.peek() {
            let start = self.at;
            let repeated = self.repeated.take();
            match letter {
                '(' => self.group()?,
                '|' => {
                    self.at += 1;
                    self.repeatable = false;
                }
                ')' => {
                    self.at += 1;
                    self.repeatable = true;
                    match self.open.checked_sub(1) {
                        Some(open) => self.open = open,
                        None => return Err(format!("unexpected ): `{}`", self.text)),
                    }
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.at += 1;
                    self.repeat(start, repeated)?;
                }
                '{' => self.counted(repeated)?,
                '\\' => self.escape()?,
                letter => {
                    self.at += letter.len_utf8();
                    self.repeatable = true;
                }
            }
        }
        if self.open > 0 {
            return Err(format!("missing closing ): `{}`", self.text));
        }
        Ok(())
    }

    /// Behind an operator that repeats: it may be a lazy one.
    fn repeat(&mut self, start: usize, before: Option<usize>) -> Result<(), String> {
        if self.peek() == Some('?') {
            self.at += 1;
        }
        if let Some(before) = before {
            let operators = self.since(before);
            return Err(format!("invalid nested repetition operator: `{operators}`"));
        }
        if !self.repeatable {
            let operator = self.since(start);
            return Err(format!(
                "missing argument to repetition operator: `{operator}`"
            ));
        }
        self.repeated = Some(start);
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`; all else that begins so is text.
    fn counted(&mut self, before: Option<usize>) -> Result<(), String> {
        let start = self.at;
        let counts = self
            .rest()
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'));
        let count = |digits: &str| {
            let plain = digits == "0" || !digits.is_empty() && !digits.starts_with('0');
            (plain && digits.bytes().all(|digit| digit.is_ascii_digit()))
                .then(|| digits.parse().unwrap_or(u32::MAX))
        };
        let range = counts.and_then(|(inside, _)| match inside.split_once(',') {
            None => count(inside).map(|only| (only, Some(only))),
            Some((least, "")) => count(least).map(|least| (least, None)),
            Some((least, most)) => count(least).zip(count(most).map(Some)),
        });
        let (Some((least, most)), Some((inside, _))) = (range, counts) else {
            self.braces.push(start);
            self.at += 1;
            self.repeatable = true;
            return Ok(());
        };
        self.at += inside.len() + 2;
        let too_many = least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS);
        if too_many || most.is_some_and(|most| least > most) {
            return Err(format!("invalid repeat count: `{}`", self.since(start)));
        }
        self.repeat(start, before)
    }

    fn group(&mut self) -> Result<(), String> {
        let start = self.at;
        self.at += 1;
        self.repeatable = false;
        self.open += 1;
        if self.peek() != Some('?') {
            return Ok(());
        }
        let rest = self.rest();
        if let Some(name) = rest.strip_prefix("?P<").or_else(|| rest.strip_prefix("?<")) {
            let Some((name, _)) = name.split_once('>') else {
                let all = self.text.get(start..).unwrap_or_default();
                return Err(format!("invalid named capture: `{all}`"));
            };
            self.at += rest.find('>').unwrap_or_default() + 1;
            let fits = |letter: u8| letter == b'_' || letter.is_ascii_alphanumeric();
            if name.is_empty() || !name.bytes().all(fits) {
                return Err(format!("invalid named capture: `{}`", self.since(start)));
            }
            return Ok(());
        }
        // Flags, and then a group of its own or not.
        self.at += 1;
        let mut negated = false;
        let mut some = false;
        loop {
            match self.take() {
                Some('i' | 'm' | 's' | 'U') => some = true,
                Some('-') if !negated => {
                    negated = true;
                    some = false;
                }
                Some(end @ (':' | ')')) if !negated || some => {
                    if end == ')' {
                        self.open -= 1;
                    }
                    return Ok(());
                }
                Some(_) | None => {
                    let flags = self.since(start);
                    return Err(format!("invalid or unsupported Perl syntax: `{flags}`"));
                }
            }
        }
    }

    fn class(&mut self) -> Result<(), String> {
        let start = self.at;
        let open = self.text.get(start..).unwrap_or_default();
        let missing = || format!("missing closing ]: `{open}`");
        self.at += 1;
        if self.peek() == Some('^') {
            self.at += 1;
        }
        let mut first = true;
        loop {
            let from = self.at;
            match self.peek() {
                None => return Err(missing()),
                Some(']') if !first => break,
                Some(_) => {}
            }
            first = false;
            if self.rest().starts_with("[:")
                && let Some(end) = self.rest().find(":]")
            {
                self.at += end + 2;
                let name = self.since(from);
                let known = name
                    .strip_prefix("[:")
                    .and_then(|name| name.strip_suffix(":]"));
                let known = known.map(|name| name.strip_prefix('^').unwrap_or(name));
                if known.is_none_or(|name| !CLASSES.contains(&name)) {
                    return Err(format!("invalid character class range: `{name}`"));
                }
                continue;
            }
            let Some(low) = self.member()? else { continue };
            let range = self.rest().strip_prefix('-');
            if range.is_none_or(|rest| rest.is_empty() || rest.starts_with(']')) {
                continue;
            }
            self.at += 1;
            let end = self.at;
            let Some(high) = self.member()? else {
                return Err(format!("invalid escape sequence: `{}`", self.since(end)));
            };
            if high < low {
                return Err(format!(
                    "invalid character class range: `{}`",
                    self.since(from)
                ));
            }
        }
        self.at += 1;
        self.repeatable = true;
        Ok(())
    }

    /// One letter of a class; nothing if it is a class itself.
    fn member(&mut self) -> Result<Option<char>, String> {
        if self.peek() != Some('\\') {
            return Ok(self.take());
        }
        let start = self.at;
        self.escape()?;
        let text = self.since(start);
        Ok(match text.chars().nth(1) {
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P') => None,
            letter => letter,
        })
    }

    fn escape(&mut self) -> Result<(), String> {
        let start = self.at;
        self.at += 1;
        self.repeatable = true;
        let Some(letter) = self.take() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let known = match letter {
            'Q' => {
                let end = self.rest().find("\\E").map(|end| end + 2);
                self.at += end.unwrap_or(self.rest().len());
                true
            }
            'p' | 'P' => {
                let length = match self.rest().strip_prefix('{') {
                    Some(name) => name.find('}').map(|end| end + 2),
                    None => self.peek().map(char::len_utf8),
                };
                self.at += length.unwrap_or(self.rest().len());
                if Regex::new(self.since(start)).is_err() {
                    let name = self.since(start);
                    return Err(format!("invalid character class range: `{name}`"));
                }
                true
            }
            'x' => {
                let rest = self.rest();
                let (digits, length) = match rest.strip_prefix('{') {
                    Some(inside) => match inside.split_once('}') {
                        Some((digits, _)) => (digits, digits.len() + 2),
                        None => ("", 0),
                    },
                    None => (rest.get(..2).unwrap_or_default(), 2),
                };
                self.at = (self.at + length).min(self.text.len());
                u32::from_str_radix(digits, 16).is_ok_and(|code| code <= u32::from(char::MAX))
            }
            '1'..='7' => self.peek().is_some_and(|next| ('0'..='7').contains(&next)),
            letter if letter.is_ascii_alphanumeric() => "0AbBzdDsSwWafnrtv".contains(letter),
            letter => letter.is_ascii(),
        };
        if known {
            Ok(())
        } else {
            Err(format!("invalid escape sequence: `{}`", self.since(start)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_go() {
        for (text, why) in [
            ("[", "missing closing ]: `[`"),
            ("a[b", "missing closing ]: `[b`"),
            ("a(b", "missing closing ): `a(b`"),
            ("a)b", "unexpected ): `a)b`"),
            ("*", "missing argument to repetition operator: `*`"),
            ("a|+", "missing argument to repetition operator: `+`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{3,2}", "invalid repeat count: `{3,2}`"),
            ("a\\", "trailing backslash at end of expression: ``"),
            ("\\y", "invalid escape sequence: `\\y`"),
            ("\\Z", "invalid escape sequence: `\\Z`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
            ("(?<=a)b", "invalid named capture: `(?<=a)b`"),
            ("(?P<a-b>c)", "invalid named capture: `(?P<a-b>`"),
            ("[[:nope:]]", "invalid character class range: `[:nope:]`"),
            ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
            ("[a-\\d]", "invalid escape sequence: `\\d`"),
            ("\\p{Nope}", "invalid character class range: `\\p{Nope}`"),
        ] {
            assert_eq!(
                pattern(text).unwrap_err(),
                format!("error parsing regexp: {why}")
            );
        }
        assert!(pattern("^a{b}{1,x{2$").unwrap().is_match("a{b}{1,x{2"));
        assert!(pattern("^a{1,2}[[:alpha:]x-z\\d](?i:b)\\.$").is_ok());
    }
}
