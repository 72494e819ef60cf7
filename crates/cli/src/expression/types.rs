//! What cannot be right whatever the variables are: the types of literals and of
//! what functions give.

use super::functions::Function;
use super::lexer::Mistake;
use super::methods::Method;
use super::tree::{Binary, Node, Unary, What};
use super::value::Value;

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Any,
    Nil,
    Bool,
    Int,
    Float,
    Text,
    List,
    Map,
    Time,
    Duration,
    Month,
    Weekday,
}

impl Type {
    /// As errors of expr name it.
    fn name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::Nil => "unknown",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Float => "float64",
            Type::Text => "string",
            Type::List => "[]interface {}",
            Type::Map => "map[string]interface {}",
            Type::Time => "time.Time",
            Type::Duration => "time.Duration",
            Type::Month => "time.Month",
            Type::Weekday => "time.Weekday",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Float)
    }

    /// Whether it is this type, as far as is known.
    fn may_be(self, other: Type) -> bool {
        self == other || self == Type::Any
    }

    fn may_be_number(self) -> bool {
        self.is_number() || self == Type::Any
    }
}

/// Says what is wrong with an expression that has to be true or false.
pub fn check(root: &Node) -> Result<(), Mistake> {
    match of(root)? {
        Type::Bool | Type::Any => Ok(()),
        other => Err(Mistake::of_the_whole(format!(
            "expected bool, but got {}",
            other.name()
        ))),
    }
}

// Each kind of node has its own function: one for all would take a lot of the
// stack a level.
fn of(node: &Node) -> Result<Type, Mistake> {
    match &node.what {
        What::Value(value) => Ok(of_value(value)),
        What::Name(_) | What::Element => Ok(Type::Any),
        What::List(nodes) => every(nodes).map(|_| Type::List),
        What::Map(entries) => of_map(entries),
        What::Index(whole, which) | What::IndexIfAny(whole, which) => {
            of_index(whole, which, node.at)
        }
        What::Part(whole, from, to) => {
            for end in [from, to].into_iter().flatten() {
                of(end)?;
            }
            of(whole)
        }
        What::Chain(inner) => of(inner),
        What::Unary(operator, inner) => of_one(*operator, inner, node.at),
        What::Binary(operator, left, right) => of_operands(*operator, left, right, node.at),
        What::Choice(condition, yes, no) => of_choice(condition, yes, no),
        What::Call(function, arguments) => {
            let kinds = every(arguments)?;
            check_call(*function, arguments, &kinds, node.at)?;
            Ok(of_call(*function))
        }
        What::Method(whole, method, name, arguments) => {
            of_method_call(whole, *method, name, arguments, node.at)
        }
        What::Let(_, first, second) | What::Then(first, second) => {
            of(first)?;
            of(second)
        }
    }
}

fn of_map(entries: &[(String, Node)]) -> Result<Type, Mistake> {
    for (_, node) in entries {
        of(node)?;
    }
    Ok(Type::Map)
}

fn of_index(whole: &Node, which: &Node, at: usize) -> Result<Type, Mistake> {
    let (whole, kind) = (of(whole)?, of(which)?);
    check_index(whole, which, kind, at)?;
    Ok(Type::Any)
}

fn of_one(operator: Unary, inner: &Node, at: usize) -> Result<Type, Mistake> {
    let kind = of(inner)?;
    let (sign, fits) = match operator {
        Unary::Not => ("!", kind.may_be(Type::Bool)),
        Unary::Minus => ("-", kind.may_be_number() || kind == Type::Duration),
    };
    if !fits {
        let kind = kind.name();
        let what = format!("invalid operation: {sign} (mismatched type {kind})");
        return Err(Mistake::new(what, at));
    }
    Ok(match operator {
        Unary::Not => Type::Bool,
        Unary::Minus => kind,
    })
}

fn of_operands(operator: Binary, left: &Node, right: &Node, at: usize) -> Result<Type, Mistake> {
    let (a, b) = (of(left)?, of(right)?);
    let Some(result) = of_two(operator, a, b) else {
        return Err(mismatched(operator, a, b, at));
    };
    if matches!(operator, Binary::In | Binary::NotIn) {
        check_in(a, right, at)?;
    }
    if let (Binary::Modulo, What::Value(Value::Int(_)), What::Value(Value::Int(0))) =
        (operator, &left.what, &right.what)
    {
        return Err(Mistake::new("integer divide by zero", at));
    }
    Ok(result)
}

fn mismatched(operator: Binary, a: Type, b: Type, at: usize) -> Mistake {
    let what = format!(
        "invalid operation: {} (mismatched types {} and {})",
        operator.sign(),
        a.name(),
        b.name()
    );
    Mistake::new(what, at)
}

fn of_choice(condition: &Node, yes: &Node, no: &Node) -> Result<Type, Mistake> {
    let kind = of(condition)?;
    if !kind.may_be(Type::Bool) {
        let kind = kind.name();
        let what = format!("non-bool expression (type {kind}) used as condition");
        return Err(Mistake::new(what, condition.at));
    }
    let (yes, no) = (of(yes)?, of(no)?);
    Ok(if yes == no { yes } else { Type::Any })
}

fn of_method_call(
    whole: &Node,
    method: Method,
    name: &str,
    arguments: &[Node],
    at: usize,
) -> Result<Type, Mistake> {
    let whole = of(whole)?;
    check_method(whole, method, name, at)?;
    let wanted = match method {
        Method::Add => Type::Duration,
        _ => Type::Time,
    };
    for (kind, argument) in every(arguments)?.iter().zip(arguments) {
        if whole.may_be(Type::Time) && method != Method::Unknown {
            check_argument(*kind, wanted, name, argument)?;
        }
    }
    // What has no type may have another method of the name.
    Ok(match whole {
        Type::Any | Type::Nil | Type::Text => Type::Any,
        _ => of_method(method),
    })
}

fn every(nodes: &[Node]) -> Result<Vec<Type>, Mistake> {
    nodes.iter().map(of).collect()
}

fn of_value(value: &Value) -> Type {
    match value {
        Value::Nil => Type::Nil,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::Text(_) => Type::Text,
        _ => Type::Any,
    }
}

/// The result of an operator; nothing if its operands do not fit.
fn of_two(operator: Binary, a: Type, b: Type) -> Option<Type> {
    let both = |kind: Type| a.may_be(kind) && b.may_be(kind);
    let numbers = a.may_be_number() && b.may_be_number();
    let is_open = a == Type::Any || b == Type::Any;
    match operator {
        Binary::Or | Binary::And => both(Type::Bool).then_some(Type::Bool),
        Binary::Equal | Binary::Unequal => {
            (a == b || is_open || numbers || a == Type::Nil || b == Type::Nil).then_some(Type::Bool)
        }
        Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => {
            (numbers || both(Type::Text) || both(Type::Time) || both(Type::Duration))
                .then_some(Type::Bool)
        }
        Binary::In | Binary::NotIn => {
            matches!(b, Type::List | Type::Map | Type::Any).then_some(Type::Bool)
        }
        Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches => {
            both(Type::Text).then_some(Type::Bool)
        }
        Binary::Range => both(Type::Int).then_some(Type::List),
        Binary::Else => Some(if a == b { a } else { Type::Any }),
        Binary::Modulo => both(Type::Int).then_some(if is_open { Type::Any } else { Type::Int }),
        Binary::Divided | Binary::Power => numbers.then_some(Type::Float),
        Binary::Plus | Binary::Minus | Binary::Times => calculated(operator, a, b),
    }
}

fn calculated(operator: Binary, a: Type, b: Type) -> Option<Type> {
    if let (Type::Int, Type::Int) = (a, b) {
        return Some(Type::Int);
    }
    if a.is_number() && b.is_number() {
        return Some(Type::Float);
    }
    let fits = |known: Type| match known {
        Type::Any | Type::Int | Type::Float | Type::Duration => true,
        Type::Text => operator == Binary::Plus,
        Type::Time => operator != Binary::Times,
        _ => false,
    };
    if a == Type::Any || b == Type::Any {
        return (fits(a) && fits(b)).then_some(Type::Any);
    }
    match (operator, a, b) {
        (Binary::Plus, Type::Text, Type::Text) => Some(Type::Text),
        (Binary::Plus, Type::Time, Type::Duration) | (Binary::Plus, Type::Duration, Type::Time) => {
            Some(Type::Time)
        }
        (Binary::Minus, Type::Time, Type::Duration) => Some(Type::Time),
        (Binary::Minus, Type::Time, Type::Time) => Some(Type::Duration),
        (Binary::Plus | Binary::Minus, Type::Duration, Type::Duration) => Some(Type::Duration),
        (Binary::Times, Type::Duration, Type::Int | Type::Float)
        | (Binary::Times, Type::Int | Type::Float, Type::Duration) => Some(Type::Duration),
        _ => None,
    }
}

/// A literal list of one type has only values of that.
fn check_in(value: Type, of_what: &Node, at: usize) -> Result<(), Mistake> {
    let fail = |other: &str| {
        let value = value.name();
        Err(Mistake::new(
            format!("cannot use {value} as type {other}"),
            at,
        ))
    };
    match &of_what.what {
        _ if value == Type::Any => Ok(()),
        What::List(nodes) => {
            let kinds = every(nodes)?;
            match kinds.first() {
                Some(first)
                    if kinds.iter().all(|kind| kind == first)
                        && *first != Type::Any
                        && *first != value
                        && !(first.is_number() && value.is_number()) =>
                {
                    fail(&format!("{} in array", first.name()))
                }
                _ => Ok(()),
            }
        }
        What::Map(_) if value != Type::Text => fail("string in map key"),
        _ => Ok(()),
    }
}

fn check_index(whole: Type, which: &Node, kind: Type, at: usize) -> Result<(), Mistake> {
    let fail = |what: String, at: usize| Err(Mistake::new(what, at));
    let field = match &which.what {
        What::Value(Value::Text(field)) => Some(field),
        _ => None,
    };
    match (whole, kind, field) {
        (Type::Any | Type::Nil, ..) | (_, Type::Any, _) => Ok(()),
        (Type::List, Type::Int, _) | (Type::Map, Type::Text, _) => Ok(()),
        (Type::List, ..) => fail(
            format!(
                "array elements can only be selected using an integer (got {})",
                kind.name()
            ),
            which.at,
        ),
        (Type::Map, ..) => fail(
            format!(
                "cannot use {} to get an element from map[string]interface {{}}",
                kind.name()
            ),
            which.at,
        ),
        (other, _, Some(field)) => fail(format!("type {} has no field {field}", other.name()), at),
        (other, ..) => fail(
            format!("type {}[{}] is undefined", other.name(), kind.name()),
            at,
        ),
    }
}

fn check_method(whole: Type, method: Method, name: &str, at: usize) -> Result<(), Mistake> {
    let fits = match whole {
        // A text may be a time.
        Type::Any | Type::Nil | Type::Text => true,
        Type::Time => method.is_of_times(),
        Type::Duration => method.is_of_durations(),
        Type::Month | Type::Weekday => method == Method::String,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let kind = whole.name();
    Err(Mistake::new(
        format!("type {kind} has no method {name}"),
        at,
    ))
}

fn of_method(method: Method) -> Type {
    match method {
        Method::Month => Type::Month,
        Method::Weekday => Type::Weekday,
        Method::IsZero | Method::Before | Method::After | Method::Equal => Type::Bool,
        Method::Sub | Method::Abs => Type::Duration,
        Method::Add | Method::Utc => Type::Time,
        Method::Hours | Method::Minutes | Method::Seconds => Type::Float,
        Method::String => Type::Text,
        _ => Type::Int,
    }
}

fn check_argument(kind: Type, wanted: Type, name: &str, node: &Node) -> Result<(), Mistake> {
    if kind.may_be(wanted) {
        return Ok(());
    }
    // Expr has a space too many with all but nil.
    let (kind, space) = match kind {
        Type::Nil => ("nil", ""),
        _ => (kind.name(), " "),
    };
    let wanted = wanted.name();
    Err(Mistake::new(
        format!("cannot use {kind} as argument (type {wanted}) to call {name}{space}"),
        node.at,
    ))
}

fn check_call(
    function: Function,
    arguments: &[Node],
    kinds: &[Type],
    at: usize,
) -> Result<(), Mistake> {
    let name = function.name();
    let (Some(first), Some(kind)) = (arguments.first(), kinds.first().copied()) else {
        return Ok(());
    };
    let takes = |known: &[Type]| kind == Type::Any || known.contains(&kind);
    let wrong = |kind: Type| {
        let kind = match kind {
            Type::Nil => "<nil>",
            kind => kind.name(),
        };
        Err(Mistake::new(
            format!("invalid argument for {name} (type {kind})"),
            at,
        ))
    };
    match function {
        Function::Len if !takes(&[Type::Text, Type::List, Type::Map]) => wrong(kind),
        Function::Floor | Function::Ceil | Function::Round if !takes(&[Type::Int, Type::Float]) => {
            wrong(kind)
        }
        Function::Abs if !takes(&[Type::Int, Type::Float]) => wrong(kind),
        Function::Int if !takes(&[Type::Int, Type::Float, Type::Text]) => wrong(kind),
        Function::Float if !takes(&[Type::Int, Type::Float, Type::Text]) => wrong(kind),
        Function::Lower
        | Function::Upper
        | Function::Trim
        | Function::TrimPrefix
        | Function::TrimSuffix
        | Function::HasPrefix
        | Function::HasSuffix
        | Function::IndexOf
        | Function::LastIndexOf
        | Function::Split
        | Function::Replace
        | Function::Duration => arguments
            .iter()
            .take(3)
            .zip(kinds)
            .try_for_each(|(node, kind)| check_argument(*kind, Type::Text, &name, node)),
        Function::Join if !takes(&[Type::List]) => Err(Mistake::new(
            format!(
                "cannot use {} as argument (type []string) to call join ",
                kind.name()
            ),
            first.at,
        )),
        Function::Keys | Function::Values if !takes(&[Type::Map]) => Err(Mistake::new(
            format!("cannot get {name} from {}", kind.name()),
            at,
        )),
        Function::First | Function::Last if !takes(&[Type::List]) => Err(Mistake::new(
            format!("cannot get {name} element from {}", kind.name()),
            at,
        )),
        _ if function == Function::Sum || function.has_predicate() => {
            if !takes(&[Type::List]) {
                let kind = kind.name();
                let what = format!("builtin {name} takes only array (got {kind})");
                return Err(Mistake::new(what, first.at));
            }
            match (arguments.get(1), kinds.get(1)) {
                (Some(node), Some(kind))
                    if function != Function::Map && !kind.may_be(Type::Bool) =>
                {
                    let kind = kind.name();
                    let what = format!("predicate should return boolean (got {kind})");
                    Err(Mistake::new(what, node.at))
                }
                _ => Ok(()),
            }
        }
        _ => match function {
            Function::Min | Function::Max => kinds
                .iter()
                .find(|kind| !kind.may_be_number() && **kind != Type::List)
                .map_or(Ok(()), |kind| wrong(*kind)),
            _ => Ok(()),
        },
    }
}

fn of_call(function: Function) -> Type {
    match function {
        Function::Len
        | Function::Int
        | Function::Count
        | Function::IndexOf
        | Function::LastIndexOf => Type::Int,
        Function::Lower
        | Function::Upper
        | Function::Trim
        | Function::TrimPrefix
        | Function::TrimSuffix
        | Function::Join
        | Function::Replace
        | Function::String
        | Function::Type => Type::Text,
        Function::Split | Function::Keys | Function::Values | Function::Filter | Function::Map => {
            Type::List
        }
        Function::Float | Function::Floor | Function::Ceil | Function::Round => Type::Float,
        Function::Now | Function::Date => Type::Time,
        Function::Duration => Type::Duration,
        Function::All
        | Function::Any
        | Function::One
        | Function::None
        | Function::HasPrefix
        | Function::HasSuffix => Type::Bool,
        Function::Abs
        | Function::Min
        | Function::Max
        | Function::Sum
        | Function::First
        | Function::Last
        | Function::Find
        | Function::FindIndex
        | Function::FindLast
        | Function::FindLastIndex => Type::Any,
    }
}
