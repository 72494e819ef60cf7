//! From pieces to a tree.

use super::lexer::{Path, Piece, Place, Word, split};
use super::value::Value;

/// Deepest nesting of blocks and parentheses that is taken.
const MAX_DEPTH: usize = 64;

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// What messages call it.
    pub(super) name: String,
    pub(super) nodes: Vec<Node>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Text.
    Text(String),
    /// The text of a value.
    Show(Pipeline),
    /// Gives a variable a value.
    Set {
        /// Name of the variable.
        name: String,
        /// Whether it is a new one.
        new: bool,
        /// Its value.
        value: Pipeline,
    },
    /// `if` or `with`.
    If {
        /// Whether the dot becomes the value.
        with: bool,
        /// What decides.
        condition: Pipeline,
        /// If it is true.
        then: Vec<Node>,
        /// If it is not.
        otherwise: Vec<Node>,
    },
    /// `range`.
    Range {
        /// Variable that counts.
        name: Option<String>,
        /// How often.
        over: Pipeline,
        /// What is repeated.
        body: Vec<Node>,
        /// If there is nothing to repeat.
        otherwise: Vec<Node>,
    },
}

/// Commands, each of which gets the value of the one before.
pub type Pipeline = Vec<Vec<Term>>;

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A value.
    Value(Value),
    /// A function.
    Function(String, Place),
    /// A field of the dot.
    Field(Path),
    /// A variable.
    Variable(String),
    /// A pipeline in parentheses.
    Nested(Pipeline),
}

/// The tree of `text`, which messages call `name`; `knows` tells functions.
pub fn parse(name: &str, text: &str, knows: &dyn Fn(&str) -> bool) -> Result<Template, String> {
    let fail = |(line, why): (usize, String)| format!("template: {name}:{line}: {why}");
    let pieces = split(text).map_err(fail)?;
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        knows,
        depth: 0,
    };
    let (nodes, end) = parser.block().map_err(fail)?;
    match end {
        End::Text => Ok(Template {
            name: name.to_owned(),
            nodes,
        }),
        End::Finish(line) => Err(fail((line, "unexpected {{end}}".to_owned()))),
        End::Else(_, line) => Err(fail((line, "unexpected {{else}}".to_owned()))),
    }
}

struct Parser<'a> {
    pieces: std::vec::IntoIter<Piece>,
    knows: &'a dyn Fn(&str) -> bool,
    depth: usize,
}

/// What ended a block.
enum End {
    Text,
    Finish(usize),
    /// The words after `else`.
    Else(Vec<Word>, usize),
}

type Outcome<T> = Result<T, (usize, String)>;

impl Parser<'_> {
    fn block(&mut self) -> Outcome<(Vec<Node>, End)> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (words, line) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(words, line) => (words, line),
            };
            let keyword = match words.first() {
                Some(Word::Name(name, _)) => name.as_str(),
                None => return Err((line, "missing value for command".to_owned())),
                _ => "",
            };
            let rest = words.get(1..).unwrap_or_default();
            if matches!(keyword, "if" | "with" | "range") && rest.is_empty() {
                return Err((line, format!("missing value for {keyword}")));
            }
            match keyword {
                "end" => return Ok((nodes, End::Finish(line))),
                "else" => return Ok((nodes, End::Else(rest.to_vec(), line))),
                "if" => nodes.push(self.condition(false, rest, line)?),
                "with" => nodes.push(self.condition(true, rest, line)?),
                "range" => nodes.push(self.range(rest, line)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err((
                        line,
                        format!("{{{{{keyword}}}}} is not supported in messages"),
                    ));
                }
                _ => nodes.push(self.action(&words, line)?),
            }
        }
        Ok((nodes, End::Text))
    }

    fn deeper(&mut self, line: usize) -> Outcome<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err((line, "nested too deeply".to_owned()))
        } else {
            Ok(())
        }
    }

    fn condition(&mut self, with: bool, words: &[Word], line: usize) -> Outcome<Node> {
        self.deeper(line)?;
        let condition = self.pipeline(words, line)?;
        let (then, end) = self.block()?;
        let otherwise = self.otherwise(end, line)?;
        self.depth -= 1;
        Ok(Node::If {
            with,
            condition,
            then,
            otherwise,
        })
    }

    fn otherwise(&mut self, end: End, line: usize) -> Outcome<Vec<Node>> {
        match end {
            End::Text => Err((line, "unexpected EOF".to_owned())),
            End::Finish(_) => Ok(Vec::new()),
            End::Else(words, line) => match words.first() {
                Some(Word::Name(name, _)) if name == "if" || name == "with" => {
                    let rest = words.get(1..).unwrap_or_default();
                    Ok(vec![self.condition(name == "with", rest, line)?])
                }
                None => {
                    let (nodes, end) = self.block()?;
                    match end {
                        End::Finish(_) => Ok(nodes),
                        End::Text | End::Else(..) => Err((line, "expected end".to_owned())),
                    }
                }
                _ => Err((line, "unexpected words after else".to_owned())),
            },
        }
    }

    fn range(&mut self, words: &[Word], line: usize) -> Outcome<Node> {
        self.deeper(line)?;
        let (name, over) = match words {
            [
                Word::Variable(_),
                Word::Comma,
                Word::Variable(name),
                Word::Declare,
                rest @ ..,
            ]
            | [Word::Variable(name), Word::Declare, rest @ ..] => (Some(name.clone()), rest),
            rest => (None, rest),
        };
        let over = self.pipeline(over, line)?;
        let (body, end) = self.block()?;
        let otherwise = self.otherwise(end, line)?;
        self.depth -= 1;
        Ok(Node::Range {
            name,
            over,
            body,
            otherwise,
        })
    }

    fn action(&mut self, words: &[Word], line: usize) -> Outcome<Node> {
        if let [
            Word::Variable(name),
            sign @ (Word::Declare | Word::Assign),
            rest @ ..,
        ] = words
        {
            let value = self.pipeline(rest, line)?;
            return Ok(Node::Set {
                name: name.clone(),
                new: *sign == Word::Declare,
                value,
            });
        }
        Ok(Node::Show(self.pipeline(words, line)?))
    }

    fn pipeline(&mut self, words: &[Word], line: usize) -> Outcome<Pipeline> {
        let mut words = words.iter();
        self.commands(&mut words, line, false)
    }

    fn commands(
        &mut self,
        words: &mut std::slice::Iter<'_, Word>,
        line: usize,
        nested: bool,
    ) -> Outcome<Pipeline> {
        self.deeper(line)?;
        let mut pipeline = vec![Vec::new()];
        let mut closed = false;
        while let Some(word) = words.next() {
            let term = match word {
                Word::Pipe => {
                    pipeline.push(Vec::new());
                    continue;
                }
                Word::Close if nested => {
                    closed = true;
                    break;
                }
                Word::Open => Term::Nested(self.commands(words, line, true)?),
                Word::Name(name, place) => match name.as_str() {
                    "true" => Term::Value(Value::Bool(true)),
                    "false" => Term::Value(Value::Bool(false)),
                    "nil" => Term::Value(Value::Nil),
                    name if (self.knows)(name) => Term::Function(name.to_owned(), *place),
                    name => return Err((line, format!("function {name:?} not defined"))),
                },
                Word::Field(path) => Term::Field(path.clone()),
                Word::Variable(name) => Term::Variable(name.clone()),
                Word::Text(text) => Term::Value(Value::Text(text.clone())),
                Word::Int(number) => Term::Value(Value::Int(*number)),
                Word::Float(number) => Term::Value(Value::Float(*number)),
                Word::Close => return Err((line, "unexpected right paren".to_owned())),
                Word::Declare | Word::Assign | Word::Comma => {
                    return Err((line, "unexpected sign in operand".to_owned()));
                }
            };
            if let Some(command) = pipeline.last_mut() {
                command.push(term);
            }
        }
        if nested && !closed {
            return Err((line, "unclosed left paren".to_owned()));
        }
        if pipeline.iter().any(Vec::is_empty) {
            return Err((line, "missing value for command".to_owned()));
        }
        self.depth -= 1;
        Ok(pipeline)
    }
}
