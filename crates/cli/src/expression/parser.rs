//! From tokens to a tree.

use super::functions::{self, Function};
use super::lexer::{Mistake, Token, tokens};
use crate::output::Json;

/// Deepest nesting: people do not write more, and the stack is bounded.
const MAX_DEPTH: usize = 200;
/// Most operators and fields: chains of them make the tree as deep as they
/// are long.
const MAX_LINKS: usize = 1_000;

/// A node of the tree.
#[derive(Clone, Debug)]
pub enum Node {
    /// A literal.
    Value(Json),
    /// A list of values.
    List(Vec<Node>),
    /// An object of values.
    Object(Vec<(String, Node)>),
    /// A variable.
    Name(String),
    /// The element in a predicate.
    Element,
    /// A field or an element: of what, which.
    Index(Box<Node>, Box<Node>),
    /// `!` or `-`.
    Unary(Unary, Box<Node>),
    /// Two operands.
    Binary(Binary, Box<Node>, Box<Node>),
    /// `condition ? a : b`.
    Choice(Box<Node>, Box<Node>, Box<Node>),
    /// A function and its arguments.
    Call(Function, Vec<Node>),
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
    /// The operator, how strongly it binds, and whether from the right.
    fn of(token: &Token) -> Option<(Self, u8, bool)> {
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
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    links: usize,
    names: Vec<(String, usize)>,
}

/// A tree, and the variables in it with their offsets.
pub type Parsed = (Node, Vec<(String, usize)>);

/// Parses an expression.
pub fn parse(text: &str) -> Result<Parsed, Mistake> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        links: 0,
        names: Vec::new(),
    };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok((node, parser.names)),
        _ => Err(parser.unexpected()),
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    /// Offset of the next token.
    fn offset(&self) -> usize {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        token.map_or(0, |(_, at)| *at)
    }

    fn unexpected(&self) -> Mistake {
        let what = format!("unexpected token {}", self.peek().text());
        Mistake::new(what, self.offset())
    }

    fn too_deep(&self) -> Mistake {
        Mistake::new("it is nested too deeply", self.offset())
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(known) if *known == sign);
        if found {
            self.at += 1;
        }
        found
    }

    fn take_name(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name == word);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Mistake> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Counts an operator or a field.
    fn link(&mut self) -> Result<(), Mistake> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(self.too_deep());
        }
        Ok(())
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let out = inner(self);
        self.depth -= 1;
        out
    }

    fn expression(&mut self) -> Result<Node, Mistake> {
        self.deeper(|parser| {
            let condition = parser.binary(0)?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.expect(":")?;
            let no = parser.expression()?;
            Ok(Node::Choice(
                Box::new(condition),
                Box::new(yes),
                Box::new(no),
            ))
        })
    }

    fn binary(&mut self, least: u8) -> Result<Node, Mistake> {
        let mut left = self.unary()?;
        loop {
            let negated = matches!(self.peek(), Token::Name(name) if name == "not");
            let token = if negated {
                self.tokens.get(self.at + 1).map(|(token, _)| token)
            } else {
                Some(self.peek())
            };
            let Some((operator, strength, from_right)) = token.and_then(Binary::of) else {
                return Ok(left);
            };
            if strength < least || (negated && !is_word(operator)) {
                return Ok(left);
            }
            self.at += if negated { 2 } else { 1 };
            self.link()?;
            let right = self
                .deeper(|parser| parser.binary(if from_right { strength } else { strength + 1 }))?;
            left = match (operator, negated) {
                (Binary::In, true) => Node::Binary(Binary::NotIn, Box::new(left), Box::new(right)),
                (operator, negated) => {
                    let node = Node::Binary(operator, Box::new(left), Box::new(right));
                    if negated {
                        Node::Unary(Unary::Not, Box::new(node))
                    } else {
                        node
                    }
                }
            };
        }
    }

    fn unary(&mut self) -> Result<Node, Mistake> {
        self.deeper(|parser| {
            if parser.take("!") {
                return Ok(Node::Unary(Unary::Not, Box::new(parser.unary()?)));
            }
            if parser.take_name("not") {
                // Weaker than comparisons: `not a == b` is `not (a == b)`.
                let strength =
                    Binary::of(&Token::Sign("==")).map_or(0, |(_, strength, _)| strength);
                return Ok(Node::Unary(Unary::Not, Box::new(parser.binary(strength)?)));
            }
            if parser.take("-") {
                return Ok(Node::Unary(Unary::Minus, Box::new(parser.unary()?)));
            }
            if parser.take("+") {
                return parser.unary();
            }
            let node = parser.primary()?;
            parser.postfix(node)
        })
    }

    fn postfix(&mut self, mut node: Node) -> Result<Node, Mistake> {
        loop {
            self.link()?;
            if self.take(".") || self.take("?.") {
                if self.take("[") {
                    node = self.indexed(node)?;
                    continue;
                }
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected());
                };
                self.at += 1;
                let field = Node::Value(Json::Text(name));
                node = Node::Index(Box::new(node), Box::new(field));
            } else if self.take("[") {
                node = self.indexed(node)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn indexed(&mut self, of: Node) -> Result<Node, Mistake> {
        let index = self.expression()?;
        self.expect("]")?;
        Ok(Node::Index(Box::new(of), Box::new(index)))
    }

    fn primary(&mut self) -> Result<Node, Mistake> {
        match self.peek().clone() {
            Token::Int(number) => {
                self.at += 1;
                Ok(Node::Value(Json::Int(number)))
            }
            Token::Float(number) => {
                self.at += 1;
                Ok(Node::Value(Json::Float(number)))
            }
            Token::Text(text) => {
                self.at += 1;
                Ok(Node::Value(Json::Text(text)))
            }
            Token::Sign("(") => {
                self.at += 1;
                let node = self.expression()?;
                self.expect(")")?;
                Ok(node)
            }
            Token::Sign("#") => {
                self.at += 1;
                // `#.field` and `#` alike.
                Ok(Node::Element)
            }
            // `.field` in a predicate is a field of the element.
            Token::Sign(".") => Ok(Node::Element),
            Token::Sign("[") => {
                self.at += 1;
                Ok(Node::List(self.items("]", Self::expression)?))
            }
            Token::Sign("{") => {
                self.at += 1;
                Ok(Node::Object(self.items("}", |parser| {
                    let key = match parser.next() {
                        Token::Name(name) | Token::Text(name) => name,
                        _ => {
                            parser.at -= 1;
                            return Err(parser.unexpected());
                        }
                    };
                    parser.expect(":")?;
                    Ok((key, parser.expression()?))
                })?))
            }
            Token::Name(name) => {
                let at = self.offset();
                self.at += 1;
                self.named(name, at)
            }
            Token::Sign(_) | Token::End => Err(self.unexpected()),
        }
    }

    fn named(&mut self, name: String, at: usize) -> Result<Node, Mistake> {
        match name.as_str() {
            "true" => return Ok(Node::Value(Json::Bool(true))),
            "false" => return Ok(Node::Value(Json::Bool(false))),
            "nil" | "null" => return Ok(Node::Value(Json::Null)),
            _ => {}
        }
        if !self.take("(") {
            self.names.push((name.clone(), at));
            return Ok(Node::Name(name));
        }
        let function = functions::named(&name)
            .ok_or_else(|| Mistake::new(format!("unknown name {name}"), at))?;
        let arguments = self.items(")", |parser| {
            // A predicate may stand in braces.
            if function.has_predicate() && parser.take("{") {
                let node = parser.expression()?;
                parser.expect("}")?;
                return Ok(node);
            }
            parser.expression()
        })?;
        let (least, most) = function.arguments();
        if arguments.len() < least || arguments.len() > most {
            let wanted = if arguments.len() < least { least } else { most };
            let got = arguments.len();
            let what = format!("invalid number of arguments (expected {wanted}, got {got})");
            return Err(Mistake::new(what, at));
        }
        Ok(Node::Call(function, arguments))
    }

    fn items<T>(
        &mut self,
        end: &str,
        item: impl Fn(&mut Self) -> Result<T, Mistake>,
    ) -> Result<Vec<T>, Mistake> {
        let mut out = Vec::new();
        while !self.take(end) {
            if !out.is_empty() {
                self.expect(",")?;
                if self.take(end) {
                    break;
                }
            }
            out.push(item(self)?);
        }
        Ok(out)
    }
}

/// Whether `not` may stand before an operator.
fn is_word(operator: Binary) -> bool {
    matches!(
        operator,
        Binary::In | Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches
    )
}
