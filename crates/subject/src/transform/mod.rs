//! Subject transforms: a source pattern and a destination that is made of
//! text and of pieces of the subject (client-protocol.md 14.5, 14.6).
//!
//! Used by account mappings, imports, and the transforms of JetStream. The
//! source of a transform is matched as a set: a published `*` or `>` token is
//! covered by the same wildcard, and is put into the result as text.

mod cut;
mod error;
mod parse;

pub use error::TransformError;

use crate::matching::covers;
use crate::rules::{
    ANY_TOKEN, REST, SEPARATOR, is_valid_subscription_subject, is_white_space, tokens,
};
use parse::{Cut, Token};

/// The source that stands for all subjects.
const ANYTHING: &str = ">";

/// A compiled transform.
#[derive(Clone, Debug)]
pub struct Transform {
    source: Box<str>,
    destination: Box<str>,
    steps: Box<[Step]>,
}

/// What makes one token of the result, or several.
///
/// Token positions count the subject's tokens from 0.
#[derive(Clone, Debug)]
enum Step {
    Literal(Box<[u8]>),
    Token(usize),
    /// All tokens from this one on.
    Rest(usize),
    Partition {
        buckets: u32,
        positions: Box<[usize]>,
    },
    PartitionSubject {
        buckets: u32,
    },
    Random {
        bound: u32,
    },
    Split {
        position: usize,
        delimiter: Box<[u8]>,
    },
    Cut {
        position: usize,
        cut: Cut,
        at: usize,
    },
}

/// Whether all of the grammar is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Normal,
    Strict,
}

impl Transform {
    /// Compiles a transform. An empty `source` stands for `>`.
    ///
    /// # Errors
    /// What client-protocol.md 14.5 calls invalid, with its texts.
    pub fn new(source: &str, destination: &str) -> Result<Self, TransformError> {
        Self::compile(source, destination, Mode::Normal)
    }

    /// Compiles a transform as imports need it: only `$n` and `wildcard(n)`
    /// are allowed, and at least as many of them as the source has `*` tokens.
    ///
    /// # Errors
    /// As [`Transform::new`], and for what strictness forbids.
    pub fn strict(source: &str, destination: &str) -> Result<Self, TransformError> {
        Self::compile(source, destination, Mode::Strict)
    }

    fn compile(source: &str, destination: &str, mode: Mode) -> Result<Self, TransformError> {
        let source = if source.is_empty() { ANYTHING } else { source };
        let valid = |subject: &str| is_valid_subscription_subject(subject.as_bytes());
        let has_rest = |subject: &str| tokens(subject.as_bytes()).last() == Some(REST);
        if !valid(source)
            || !valid(destination)
            || tokens(destination.as_bytes()).any(|token| token == ANY_TOKEN)
            || has_rest(source) != has_rest(destination)
        {
            return Err(TransformError::InvalidSubject);
        }
        let pattern = Pattern::of(source);
        let mut steps = Vec::new();
        let mut used = 0;
        for text in destination.split('.') {
            let token = parse::parse(text)?;
            used += usize::from(matches!(token, Token::Wildcard(_)));
            let step = pattern.step(token, text, mode)?;
            push_step(&mut steps, step);
        }
        if mode == Mode::Strict && used < pattern.wildcards.len() {
            return Err(TransformError::UnusedWildcards(destination.to_owned()));
        }
        Ok(Self {
            source: source.into(),
            destination: destination.into(),
            steps: steps.into_boxed_slice(),
        })
    }

    /// The source pattern.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The destination as written.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// Appends the transformed `subject` to `out` if the source covers it;
    /// otherwise answers `false` and leaves `out` alone.
    ///
    /// `rng(n)` gives a random number below `n`; it is asked only with `n > 0`.
    pub fn apply(&self, subject: &[u8], out: &mut Vec<u8>, rng: impl FnMut(u32) -> u32) -> bool {
        let covered = covers(self.source.as_bytes(), subject);
        if covered {
            self.apply_covered(subject, out, rng);
        }
        covered
    }

    /// [`apply`](Self::apply) for a subject that is known to be covered.
    pub(crate) fn apply_covered(
        &self,
        subject: &[u8],
        out: &mut Vec<u8>,
        mut rng: impl FnMut(u32) -> u32,
    ) {
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                out.push(SEPARATOR);
            }
            match step {
                Step::Literal(text) => out.extend_from_slice(text),
                Step::Token(position) => out.extend_from_slice(token_at(subject, *position)),
                Step::Rest(position) => out.extend_from_slice(tokens_from(subject, *position)),
                Step::Partition { buckets, positions } => {
                    let chosen = positions
                        .iter()
                        .map(|&position| token_at(subject, position));
                    cut::push_decimal(out, cut::partition(chosen, *buckets));
                }
                Step::PartitionSubject { buckets } => {
                    cut::push_decimal(out, cut::partition([subject], *buckets));
                }
                Step::Random { bound } => {
                    let number = if *bound == 0 { 0 } else { rng(*bound) };
                    cut::push_decimal(out, number);
                }
                Step::Split {
                    position,
                    delimiter,
                } => {
                    cut::push_split(out, token_at(subject, *position), delimiter);
                }
                Step::Cut { position, cut, at } => {
                    cut::push_cut(out, token_at(subject, *position), *cut, *at);
                }
            }
        }
    }

    /// The way back: from what this transform makes to what it was made from.
    /// `None` unless every `*` of the source appears in the destination, and
    /// nothing but wildcards, text and `>` does.
    pub fn reverse(&self) -> Option<Self> {
        let pattern = Pattern::of(&self.source);
        let mut seen = Vec::new();
        let mut back_source = Vec::new();
        for text in self.destination.split('.') {
            match parse::parse(text).ok()? {
                Token::Literal(_) | Token::Rest => back_source.push(text),
                Token::Wildcard(index) => {
                    seen.push(index);
                    back_source.push("*");
                }
                Token::Partition { .. }
                | Token::Random { .. }
                | Token::Split { .. }
                | Token::Cut { .. } => return None,
            }
        }
        let mut number = 0;
        let mut back_destination = Vec::new();
        for (position, text) in self.source.split('.').enumerate() {
            if pattern.wildcards.contains(&position) {
                number += 1;
                let at = seen.iter().position(|&index| index == number)?;
                back_destination.push(format!("${}", at + 1));
            } else {
                back_destination.push(text.to_owned());
            }
        }
        Self::new(&back_source.join("."), &back_destination.join(".")).ok()
    }
}

/// Where the wildcards of a source are.
struct Pattern {
    /// Positions of the `*` tokens.
    wildcards: Vec<usize>,
    /// Number of tokens before the `>`, or of all.
    fixed: usize,
    has_rest: bool,
}

impl Pattern {
    fn of(source: &str) -> Self {
        let mut pattern = Self {
            wildcards: Vec::new(),
            fixed: 0,
            has_rest: false,
        };
        for token in tokens(source.as_bytes()) {
            if token == REST {
                pattern.has_rest = true;
                break;
            }
            if token == ANY_TOKEN {
                pattern.wildcards.push(pattern.fixed);
            }
            pattern.fixed += 1;
        }
        pattern
    }

    fn is_literal(&self) -> bool {
        self.wildcards.is_empty() && !self.has_rest
    }

    /// Token position of the wildcard with this index. An index below 1 is
    /// the first token of the subject, whatever it is, as in the peer.
    fn position(&self, index: i64, text: &str) -> Result<usize, TransformError> {
        if self.is_literal() {
            return Err(TransformError::NoWildcards(text.to_owned()));
        }
        if index <= 0 {
            return Ok(0);
        }
        usize::try_from(index - 1)
            .ok()
            .and_then(|at| self.wildcards.get(at).copied())
            .ok_or_else(|| TransformError::IndexOutOfRange {
                token: text.to_owned(),
                index,
            })
    }

    fn step(&self, token: Token<'_>, text: &str, mode: Mode) -> Result<Step, TransformError> {
        let is_function = !matches!(token, Token::Literal(_) | Token::Rest | Token::Wildcard(_));
        if mode == Mode::Strict && is_function {
            return Err(TransformError::FunctionNotAllowed(text.to_owned()));
        }
        Ok(match token {
            Token::Literal(text) => Step::Literal(text.as_bytes().into()),
            Token::Rest => Step::Rest(self.fixed),
            Token::Wildcard(index) => Step::Token(self.position(index, text)?),
            // Negative bucket counts are taken as unsigned ones, as in the peer.
            Token::Partition { buckets, indexes } if indexes.is_empty() || self.is_literal() => {
                Step::PartitionSubject {
                    buckets: buckets.cast_unsigned(),
                }
            }
            Token::Partition { buckets, indexes } => Step::Partition {
                buckets: buckets.cast_unsigned(),
                positions: indexes
                    .into_iter()
                    .map(|index| self.position(index, text))
                    .collect::<Result<_, _>>()?,
            },
            Token::Random { bound } => Step::Random {
                bound: bound.max(0).cast_unsigned(),
            },
            Token::Split { index, delimiter } => Step::Split {
                position: self.position(index, text)?,
                delimiter: delimiter.as_bytes().into(),
            },
            Token::Cut {
                index,
                cut,
                position,
            } => Step::Cut {
                position: self.position(index, text)?,
                cut,
                // 0 leaves the token as it is, and so does a negative number.
                at: usize::try_from(position).unwrap_or(0),
            },
        })
    }
}

/// Adds a step; neighbouring text becomes one.
fn push_step(steps: &mut Vec<Step>, step: Step) {
    match (steps.last_mut(), step) {
        (Some(Step::Literal(before)), Step::Literal(text)) => {
            *before = [before, &[SEPARATOR][..], &text]
                .concat()
                .into_boxed_slice();
        }
        (_, step) => steps.push(step),
    }
}

fn token_at(subject: &[u8], position: usize) -> &[u8] {
    tokens(subject).nth(position).unwrap_or_default()
}

fn tokens_from(subject: &[u8], position: usize) -> &[u8] {
    let mut tokens = tokens(subject);
    for _ in 0..position {
        tokens.next();
    }
    tokens.remaining().unwrap_or_default()
}

/// The checks that account mappings make of a destination before it is looked
/// at together with its source.
///
/// # Errors
/// An empty token, white space outside of functions, a token after `>`, or an
/// unknown function.
pub(crate) fn check_mapping_destination(destination: &str) -> Result<(), TransformError> {
    let mut rest_seen = false;
    for token in destination.split('.') {
        if token.is_empty() {
            return Err(TransformError::InvalidDestination);
        }
        if rest_seen {
            return Err(TransformError::TokenAfterRest(token.to_owned()));
        }
        if parse::is_function(token) {
            if !parse::is_known_function(token) {
                return Err(TransformError::UnknownFunction(token.to_owned()));
            }
        } else if token.bytes().any(is_white_space) {
            return Err(TransformError::InvalidDestination);
        }
        rest_seen = token.as_bytes() == REST;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
