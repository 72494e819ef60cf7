//! The tree that an expression is.

use super::functions::Function;
use super::lexer::Token;
use super::methods::Method;
use super::value::Value;

/// A node of the tree, and the offset that errors about it have.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: usize,
    pub what: What,
    /// Levels below it, and its own.
    pub depth: usize,
}

impl Node {
    /// A node at an offset.
    pub fn new(at: usize, what: What) -> Self {
        let deepest = what.children().iter().map(|node| node.depth).max();
        Self {
            at,
            what,
            depth: deepest.unwrap_or(0) + 1,
        }
    }
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum What {
    /// A literal.
    Value(Value),
    /// A list of values.
    List(Vec<Node>),
    /// A map of values.
    Map(Vec<(String, Node)>),
    /// A variable.
    Name(String),
    /// The element in a predicate.
    Element,
    /// A field or an element: of what, which.
    Index(Box<Node>, Box<Node>),
    /// A part of a list or a text: of what, from where, up to where.
    Part(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    /// As [`What::Index`], or `nil` at the end of the chain if there is no whole.
    IndexIfAny(Box<Node>, Box<Node>),
    /// Fields of fields, which is `nil` as soon as an [`What::IndexIfAny`] has
    /// no whole.
    Chain(Box<Node>),
    /// `!` or `-`.
    Unary(Unary, Box<Node>),
    /// Two operands.
    Binary(Binary, Box<Node>, Box<Node>),
    /// `condition ? a : b`.
    Choice(Box<Node>, Box<Node>, Box<Node>),
    /// A function and its arguments.
    Call(Function, Vec<Node>),
    /// A method of a value, with its name and its arguments.
    Method(Box<Node>, Method, String, Vec<Node>),
    /// A name for a value, and what it is for.
    Let(String, Box<Node>, Box<Node>),
    /// `a; b`: the second.
    Then(Box<Node>, Box<Node>),
}

impl What {
    fn children(&self) -> Vec<&Node> {
        match self {
            What::Value(_) | What::Name(_) | What::Element => Vec::new(),
            What::List(nodes) | What::Call(_, nodes) => nodes.iter().collect(),
            What::Map(entries) => entries.iter().map(|(_, node)| node).collect(),
            What::Chain(inner) | What::Unary(_, inner) => vec![inner],
            What::Index(a, b)
            | What::IndexIfAny(a, b)
            | What::Binary(_, a, b)
            | What::Let(_, a, b)
            | What::Then(a, b) => vec![a, b],
            What::Choice(a, b, c) => vec![a, b, c],
            What::Part(of, from, to) => {
                let ends = [from, to].into_iter().flatten();
                std::iter::once(of)
                    .chain(ends)
                    .map(|node| &**node)
                    .collect()
            }
            What::Method(of, _, _, arguments) => std::iter::once(&**of).chain(arguments).collect(),
        }
    }
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `!`, `not`.
    Not,
    /// `-`.
    Minus,
}

/// Operators with two operands, named after their signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Range,
    Plus,
    Minus,
    Times,
    Divided,
    Modulo,
    Power,
    /// The left side unless it is `nil`.
    Else,
}

impl Binary {
    /// As errors name it.
    pub fn sign(self) -> &'static str {
        match self {
            Binary::Or => "or",
            Binary::And => "and",
            Binary::Equal => "==",
            Binary::Unequal => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::In | Binary::NotIn => "in",
            Binary::Contains => "contains",
            Binary::StartsWith => "startsWith",
            Binary::EndsWith => "endsWith",
            Binary::Matches => "matches",
            Binary::Range => "..",
            Binary::Plus => "+",
            Binary::Minus => "-",
            Binary::Times => "*",
            Binary::Divided => "/",
            Binary::Modulo => "%",
            Binary::Power => "**",
            Binary::Else => "??",
        }
    }

    /// The operator, how strongly it binds, and whether from the right.
    pub fn of(token: &Token) -> Option<(Self, u8, bool)> {
        let word = match token {
            Token::Sign(sign) => sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        Some(match word {
            "or" | "||" => (Binary::Or, 10, false),
            "and" | "&&" => (Binary::And, 15, false),
            "==" => (Binary::Equal, 20, false),
            "!=" => (Binary::Unequal, 20, false),
            "<" => (Binary::Less, 20, false),
            "<=" => (Binary::LessEqual, 20, false),
            ">" => (Binary::Greater, 20, false),
            ">=" => (Binary::GreaterEqual, 20, false),
            "in" => (Binary::In, 20, false),
            "contains" => (Binary::Contains, 20, false),
            "startsWith" => (Binary::StartsWith, 20, false),
            "endsWith" => (Binary::EndsWith, 20, false),
            "matches" => (Binary::Matches, 20, false),
            ".." => (Binary::Range, 25, false),
            "+" => (Binary::Plus, 30, false),
            "-" => (Binary::Minus, 30, false),
            "*" => (Binary::Times, 60, false),
            "/" => (Binary::Divided, 60, false),
            "%" => (Binary::Modulo, 60, false),
            "**" | "^" => (Binary::Power, 100, true),
            "??" => (Binary::Else, 120, false),
            _ => return None,
        })
    }

    /// Whether `not` may stand before it.
    pub fn is_word(self) -> bool {
        matches!(
            self,
            Binary::In | Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches
        )
    }
}
