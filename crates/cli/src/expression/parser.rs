//! From tokens to a tree.

use super::functions;
use super::lexer::{Mistake, Token, tokens};
use super::methods;
use super::tree::{Binary, Node, Unary, What};
use super::value::Value;

/// Deepest nesting: people do not write more, and the stack is bounded.
const MAX_DEPTH: usize = 200;
/// Most operators and fields.
const MAX_LINKS: usize = 2_000;
/// Deepest tree, which chains of operators and fields make as deep as they are
/// long: looking at it takes some kilobytes of the stack a level.
const MAX_LEVELS: usize = 250;

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    links: usize,
    names: Vec<(String, usize)>,
    /// Names that `let` gave, those of inner parts last.
    given: Vec<String>,
    all_given: Vec<(String, usize)>,
    /// Predicates around.
    predicates: usize,
}

/// A tree, and the names in it with their offsets.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub root: Node,
    /// Variables.
    pub names: Vec<(String, usize)>,
    /// What `let` names.
    pub given: Vec<(String, usize)>,
}

/// Parses an expression.
pub fn parse(text: &str) -> Result<Parsed, Mistake> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        links: 0,
        names: Vec::new(),
        given: Vec::new(),
        all_given: Vec::new(),
        predicates: 0,
    };
    let root = parser.sequence()?;
    if root.depth > MAX_LEVELS {
        return Err(Mistake::new("it is nested too deeply", root.at));
    }
    match parser.peek() {
        Token::End => Ok(Parsed {
            root,
            names: parser.names,
            given: parser.all_given,
        }),
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

    /// Expressions with `;` between them, the first of which may be names for
    /// values.
    fn sequence(&mut self) -> Result<Node, Mistake> {
        if self.take_name("let") {
            return self.named_value();
        }
        let at = self.offset();
        let node = self.expression()?;
        if !self.take(";") || *self.peek() == Token::End {
            return Ok(node);
        }
        let next = self.deeper(Self::sequence)?;
        Ok(Node::new(at, What::Then(Box::new(node), Box::new(next))))
    }

    fn named_value(&mut self) -> Result<Node, Mistake> {
        let at = self.offset();
        let Token::Name(name) = self.peek().clone() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(";")?;
        if functions::named(&name).is_some() {
            return Err(Mistake::new(format!("cannot redeclare builtin {name}"), at));
        }
        if self.given.contains(&name) {
            return Err(Mistake::new(
                format!("cannot redeclare variable {name}"),
                at,
            ));
        }
        self.all_given.push((name.clone(), at));
        self.given.push(name.clone());
        let rest = self.deeper(Self::sequence);
        self.given.pop();
        Ok(Node::new(
            at,
            What::Let(name, Box::new(value), Box::new(rest?)),
        ))
    }

    fn expression(&mut self) -> Result<Node, Mistake> {
        self.deeper(|parser| {
            if matches!(parser.peek(), Token::Name(name) if name == "if" || name == "let") {
                return Err(parser.not_known("`if` and `let` inside of an expression"));
            }
            let condition = parser.binary(0)?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.expect(":")?;
            let no = parser.expression()?;
            // Where expr sees it.
            let at = parser.offset();
            let (condition, yes, no) = (Box::new(condition), Box::new(yes), Box::new(no));
            Ok(Node::new(at, What::Choice(condition, yes, no)))
        })
    }

    fn binary(&mut self, least: u8) -> Result<Node, Mistake> {
        let mut left = self.unary()?;
        let mut after_else = false;
        loop {
            let at = self.offset();
            if least == 0 && self.take("|") {
                self.link()?;
                left = self.piped(left)?;
                continue;
            }
            let negated = matches!(self.peek(), Token::Name(name) if name == "not");
            let token = if negated {
                self.tokens.get(self.at + 1).map(|(token, _)| token)
            } else {
                Some(self.peek())
            };
            let Some((operator, strength, from_right)) = token.and_then(Binary::of) else {
                return Ok(left);
            };
            if strength < least || (negated && !operator.is_word()) {
                return Ok(left);
            }
            if after_else && operator != Binary::Else {
                let what = format!(
                    "Operator ({}) and coalesce expressions (??) cannot be mixed. \
                     Wrap either by parentheses.",
                    token.map(Token::plain).unwrap_or_default()
                );
                return Err(Mistake::new(what, at));
            }
            after_else = operator == Binary::Else;
            self.at += if negated { 2 } else { 1 };
            self.link()?;
            let right = self
                .deeper(|parser| parser.binary(if from_right { strength } else { strength + 1 }))?;
            let node = |operator| {
                let (left, right) = (Box::new(left), Box::new(right));
                Node::new(at, What::Binary(operator, left, right))
            };
            left = match (operator, negated) {
                (Binary::In, true) => node(Binary::NotIn),
                (operator, false) => node(operator),
                (operator, true) => {
                    Node::new(at, What::Unary(Unary::Not, Box::new(node(operator))))
                }
            };
        }
    }

    /// The call of a function after `|`, of which this is the first argument.
    fn piped(&mut self, first: Node) -> Result<Node, Mistake> {
        let at = self.offset();
        let Token::Name(name) = self.peek().clone() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        self.expect("(")?;
        let node = self.call(&name, at, Some(first))?;
        self.postfix(node)
    }

    fn unary(&mut self) -> Result<Node, Mistake> {
        self.deeper(|parser| {
            let at = parser.offset();
            let unary = |operator, node| Ok(Node::new(at, What::Unary(operator, Box::new(node))));
            if parser.take("!") {
                return unary(Unary::Not, parser.unary()?);
            }
            if parser.take_name("not") {
                // Weaker than comparisons: `not a == b` is `not (a == b)`.
                let strength =
                    Binary::of(&Token::Sign("==")).map_or(0, |(_, strength, _)| strength);
                return unary(Unary::Not, parser.binary(strength)?);
            }
            if parser.take("-") {
                return unary(Unary::Minus, parser.unary()?);
            }
            if parser.take("+") {
                return parser.unary();
            }
            let node = parser.primary()?;
            parser.postfix(node)
        })
    }

    fn postfix(&mut self, mut node: Node) -> Result<Node, Mistake> {
        let mut is_chain = false;
        loop {
            self.link()?;
            let if_any = matches!(self.peek(), Token::Sign("?."));
            is_chain |= if_any;
            if self.take(".") || self.take("?.") {
                let at = self.offset();
                if self.take("[") {
                    node = self.indexed(node, at, if_any)?;
                    continue;
                }
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected());
                };
                self.at += 1;
                if self.take("(") {
                    if methods::ELSEWHERE.contains(&name.as_str()) {
                        return Err(not_known(&format!("the method {name}"), at));
                    }
                    let method = methods::named(&name);
                    let arguments = self.items(")", Self::expression)?;
                    check_number(&name, arguments.len(), method.arguments(), at)?;
                    node = Node::new(at, What::Method(Box::new(node), method, name, arguments));
                    continue;
                }
                let field = Node::new(at, What::Value(Value::Text(name)));
                node = index(node, field, at, if_any);
            } else {
                let at = self.offset();
                if self.take("[") {
                    node = self.indexed(node, at, false)?;
                } else if is_chain {
                    return Ok(Node::new(node.at, What::Chain(Box::new(node))));
                } else {
                    return Ok(node);
                }
            }
        }
    }

    fn indexed(&mut self, of: Node, at: usize, if_any: bool) -> Result<Node, Mistake> {
        if self.take(":") {
            return self.part(of, None, at);
        }
        let which = self.expression()?;
        if self.take(":") {
            return self.part(of, Some(Box::new(which)), at);
        }
        self.expect("]")?;
        Ok(index(of, which, at, if_any))
    }

    /// What is behind the `:` of a part.
    fn part(&mut self, of: Node, from: Option<Box<Node>>, at: usize) -> Result<Node, Mistake> {
        let to = match self.peek() {
            Token::Sign("]") => None,
            _ => Some(Box::new(self.expression()?)),
        };
        self.expect("]")?;
        Ok(Node::new(at, What::Part(Box::new(of), from, to)))
    }

    fn not_known(&self, part: &str) -> Mistake {
        not_known(part, self.offset())
    }

    fn primary(&mut self) -> Result<Node, Mistake> {
        let at = self.offset();
        let what = match self.peek().clone() {
            Token::Int(number) => What::Value(Value::Int(number)),
            Token::Float(number) => What::Value(Value::Float(number)),
            Token::Text(text) => What::Value(Value::Text(text)),
            Token::Sign("(") => {
                self.at += 1;
                let node = self.sequence()?;
                self.expect(")")?;
                return Ok(node);
            }
            Token::Sign("#") if self.predicates > 0 => {
                self.at += 1;
                if let Token::Name(name) = self.peek()
                    && matches!(name.as_str(), "index" | "acc")
                {
                    return Err(self.not_known(&format!("#{name}")));
                }
                // `#.field` and `#` alike.
                return Ok(Node::new(at, What::Element));
            }
            // `.field` in a predicate is a field of the element.
            Token::Sign(".") if self.predicates > 0 => return Ok(Node::new(at, What::Element)),
            Token::Sign("[") => {
                self.at += 1;
                let items = self.items("]", Self::expression)?;
                return Ok(Node::new(at, What::List(items)));
            }
            Token::Sign("{") => {
                self.at += 1;
                let items = self.items("}", |parser| {
                    let key = match parser.next() {
                        Token::Name(name) | Token::Text(name) => name,
                        _ => {
                            parser.at -= 1;
                            return Err(parser.unexpected());
                        }
                    };
                    parser.expect(":")?;
                    Ok((key, parser.expression()?))
                })?;
                return Ok(Node::new(at, What::Map(items)));
            }
            Token::Name(name) => {
                self.at += 1;
                return self.named(name, at);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(Node::new(at, what))
    }

    fn named(&mut self, name: String, at: usize) -> Result<Node, Mistake> {
        match name.as_str() {
            "true" => return Ok(Node::new(at, What::Value(Value::Bool(true)))),
            "false" => return Ok(Node::new(at, What::Value(Value::Bool(false)))),
            "nil" | "null" => return Ok(Node::new(at, What::Value(Value::Nil))),
            "$env" => return Err(not_known("$env", at)),
            _ => {}
        }
        if self.take("(") {
            return self.call(&name, at, None);
        }
        if !self.given.contains(&name) {
            self.names.push((name.clone(), at));
        }
        Ok(Node::new(at, What::Name(name)))
    }

    /// A call whose bracket is open.
    fn call(&mut self, name: &str, at: usize, first: Option<Node>) -> Result<Node, Mistake> {
        let Some(function) = functions::named(name) else {
            return Err(if functions::ELSEWHERE.contains(&name) {
                not_known(&format!("the function {name}"), at)
            } else {
                Mistake::new(format!("unknown name {name}"), at)
            });
        };
        let before = usize::from(first.is_some());
        let number = std::cell::Cell::new(before);
        let mut arguments: Vec<Node> = first.into_iter().collect();
        arguments.extend(self.items(")", |parser| {
            number.set(number.get() + 1);
            if function.has_predicate() && number.get() == 2 {
                parser.predicates += 1;
                let out = parser.predicate();
                parser.predicates -= 1;
                return out;
            }
            parser.expression()
        })?);
        let (least, most) = function.arguments();
        if function.has_words_of_its_own() {
            check_number(name, arguments.len(), (least, most), at)?;
        } else if arguments.len() < least || arguments.len() > most {
            let wanted = if arguments.len() < least { least } else { most };
            let got = arguments.len();
            let what = format!("invalid number of arguments (expected {wanted}, got {got})");
            return Err(Mistake::new(what, at));
        }
        Ok(Node::new(at, What::Call(function, arguments)))
    }

    /// A predicate, which may stand in braces.
    fn predicate(&mut self) -> Result<Node, Mistake> {
        if !self.take("{") {
            return self.sequence();
        }
        let node = self.sequence()?;
        self.expect("}")?;
        Ok(node)
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

fn index(of: Node, which: Node, at: usize, if_any: bool) -> Node {
    let (of, which) = (Box::new(of), Box::new(which));
    Node::new(
        at,
        if if_any {
            What::IndexIfAny(of, which)
        } else {
            What::Index(of, which)
        },
    )
}

fn not_known(part: &str, at: usize) -> Mistake {
    let what = format!("this part of the expression language is not known here: {part}");
    Mistake::new(what, at)
}

fn check_number(
    name: &str,
    got: usize,
    (least, most): (usize, usize),
    at: usize,
) -> Result<(), Mistake> {
    let many = match got {
        _ if got < least => "not enough",
        _ if got > most => "too many",
        _ => return Ok(()),
    };
    Err(Mistake::new(format!("{many} arguments to call {name}"), at))
}
