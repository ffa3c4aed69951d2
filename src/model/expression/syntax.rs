//! Text to tree: a precedence-climbing parser of CEL's operators, with a span on every node.

use std::ops::Range;

use super::Operator;
use super::token::{Symbol, Token, tokens};
use crate::event::Value;

/// Longest expression in bytes.
pub(in crate::model) const LENGTH: usize = 4096;
/// Deepest nesting of brackets, unary operators and conditionals.
const NESTING: u16 = 32;
/// Deepest tree; a chain of one operator grows a tree without nesting.
const DEPTH: u16 = 256;

/// A node of the tree.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    /// Bytes of the text that it covers.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) form: Form,
    depth: u16,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Literal(Value),
    Name(String),
    /// `target.field`, `target['field']`, `target[0]` or `target.*`.
    Field(Box<Syntax>, String),
    List(Vec<Syntax>),
    Not(Box<Syntax>),
    Negate(Box<Syntax>),
    Binary(Operator, Box<Syntax>, Box<Syntax>),
    Conditional(Box<Syntax>, Box<Syntax>, Box<Syntax>),
    /// `name(arguments)`, or `target.name(arguments)` with the target first.
    Call {
        name: String,
        name_span: Range<usize>,
        arguments: Vec<Syntax>,
    },
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

impl SyntaxError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        SyntaxError { span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// Parses one expression.
///
/// # Errors
/// The first mistake: the text is longer than [`LENGTH`], nested deeper than [`NESTING`], or not of the grammar.
pub(super) fn parse(text: &str) -> Result<Syntax, SyntaxError> {
    if text.len() > LENGTH {
        return Err(SyntaxError::new(0..text.len(), format!("longer than {LENGTH} bytes")));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, nesting: 0, end: text.len() };
    let tree = parser.conditional()?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    nesting: u16,
    end: usize,
}

type Parsed = Result<Syntax, SyntaxError>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn here(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: Symbol) -> Result<usize, SyntaxError> {
        let end = self.here().end;
        if self.eat(symbol) { Ok(end) } else { Err(self.unexpected(&format!("`{}`", symbol.as_str()))) }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let error = |found: &str| SyntaxError::new(self.here(), format!("expected {wanted}, found {found}"));
        match self.peek() {
            None => error("the end"),
            Some(Token::Name(name)) => match name.as_str() {
                "and" => error("`and`").help("the language has CEL's operators: `&&`"),
                "or" => error("`or`").help("the language has CEL's operators: `||`"),
                "not" => error("`not`").help("the language has CEL's operators: `!`"),
                name if self.after_number() => {
                    error(&format!("`{name}`")).help("an amount is written `money('100 EUR')`")
                }
                name => error(&format!("`{name}`")),
            },
            Some(token) => error(&token.describe()),
        }
    }

    fn after_number(&self) -> bool {
        let previous = self.next.checked_sub(1).and_then(|at| self.tokens.get(at));
        matches!(previous, Some((Token::Number(_), _)))
    }

    /// Runs a rule one level deeper.
    fn nested(&mut self, rule: fn(&mut Self) -> Parsed) -> Parsed {
        if self.nesting >= NESTING {
            return Err(SyntaxError::new(self.here(), format!("nested deeper than {NESTING}")));
        }
        self.nesting += 1;
        let result = rule(self);
        self.nesting -= 1;
        result
    }

    fn conditional(&mut self) -> Parsed {
        let condition = self.binary(0)?;
        if !self.eat(Symbol::Question) {
            return Ok(condition);
        }
        let then = self.nested(Self::conditional)?;
        self.expect(Symbol::Colon)?;
        let otherwise = self.nested(Self::conditional)?;
        let span = condition.span.start..otherwise.span.end;
        let depth = condition.depth.max(then.depth).max(otherwise.depth);
        let form = Form::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise));
        grown(span, form, depth)
    }

    /// Operators that bind at least as tightly as `least`; all of them associate to the left.
    fn binary(&mut self, least: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some((operator, strength)) = self.peek().and_then(infix).filter(|(_, strength)| *strength >= least) {
            self.next += 1;
            let right = self.binary(strength + 1)?;
            let span = left.span.start..right.span.end;
            let depth = left.depth.max(right.depth);
            left = grown(span, Form::Binary(operator, Box::new(left), Box::new(right)), depth)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.here().start;
        let wrap: fn(Box<Syntax>) -> Form = if self.eat(Symbol::Not) {
            Form::Not
        } else if self.eat(Symbol::Minus) {
            Form::Negate
        } else {
            return self.member();
        };
        let operand = self.nested(Self::unary)?;
        let (span, depth) = (start..operand.span.end, operand.depth);
        grown(span, wrap(Box::new(operand)), depth)
    }

    fn member(&mut self) -> Parsed {
        let mut target = self.primary()?;
        loop {
            if self.eat(Symbol::Dot) {
                target = self.field(target)?;
            } else if self.eat(Symbol::OpenBracket) {
                target = self.index(target)?;
            } else {
                return Ok(target);
            }
        }
    }

    fn field(&mut self, target: Syntax) -> Parsed {
        let name_span = self.here();
        let name = match self.peek() {
            Some(Token::Name(name)) => name.clone(),
            Some(Token::Symbol(Symbol::Times)) => "*".to_owned(),
            _ => return Err(self.unexpected("a field's name")),
        };
        self.next += 1;
        if name != "*" && self.eat(Symbol::Open) {
            let start = target.span.start;
            return self.call(start, name, name_span, vec![target]);
        }
        let (span, depth) = (target.span.start..name_span.end, target.depth);
        grown(span, Form::Field(Box::new(target), name), depth)
    }

    fn index(&mut self, target: Syntax) -> Parsed {
        let field = match self.peek() {
            Some(Token::Text(text)) => text.clone(),
            Some(Token::Number(number)) if number.is_integer() => number.to_string(),
            Some(Token::Symbol(Symbol::Times)) => "*".to_owned(),
            _ => return Err(self.unexpected("a literal index: a text or a whole number")),
        };
        self.next += 1;
        let end = self.expect(Symbol::CloseBracket)?;
        let (span, depth) = (target.span.start..end, target.depth);
        grown(span, Form::Field(Box::new(target), field), depth)
    }

    fn primary(&mut self) -> Parsed {
        let span = self.here();
        let literal = |value| grown(span.clone(), Form::Literal(value), 0);
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected("a value")) };
        match token {
            Token::Number(number) => {
                self.next += 1;
                literal(Value::Number(number))
            }
            Token::Text(text) => {
                self.next += 1;
                literal(Value::Text(text.into()))
            }
            Token::Name(name) => {
                if matches!(name.as_str(), "in" | "and" | "or" | "not") {
                    return Err(self.unexpected("a value"));
                }
                self.next += 1;
                match name.as_str() {
                    "true" => literal(Value::Bool(true)),
                    "false" => literal(Value::Bool(false)),
                    "null" => literal(Value::Null),
                    _ if self.eat(Symbol::Open) => self.call(span.start, name, span, Vec::new()),
                    _ => grown(span, Form::Name(name), 0),
                }
            }
            Token::Symbol(Symbol::Open) => {
                self.next += 1;
                let mut inner = self.nested(Self::conditional)?;
                let end = self.expect(Symbol::Close)?;
                inner.span = span.start..end;
                Ok(inner)
            }
            Token::Symbol(Symbol::OpenBracket) => {
                self.next += 1;
                let (items, end) = self.items(Symbol::CloseBracket, Vec::new())?;
                let depth = items.iter().map(|item| item.depth).max().unwrap_or(0);
                grown(span.start..end, Form::List(items), depth)
            }
            Token::Symbol(_) => Err(self.unexpected("a value")),
        }
    }

    fn call(&mut self, start: usize, name: String, name_span: Range<usize>, target: Vec<Syntax>) -> Parsed {
        let (arguments, end) = self.items(Symbol::Close, target)?;
        let depth = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        grown(start..end, Form::Call { name, name_span, arguments }, depth)
    }

    /// Comma-separated expressions up to a closing bracket, and where that ends.
    fn items(&mut self, close: Symbol, mut items: Vec<Syntax>) -> Result<(Vec<Syntax>, usize), SyntaxError> {
        let end = self.here().end;
        if self.eat(close) {
            return Ok((items, end));
        }
        loop {
            items.push(self.nested(Self::conditional)?);
            let end = self.here().end;
            if self.eat(close) {
                return Ok((items, end));
            }
            if !self.eat(Symbol::Comma) {
                return Err(self.unexpected(&format!("`,` or `{}`", close.as_str())));
            }
        }
    }
}

fn grown(span: Range<usize>, form: Form, depth: u16) -> Parsed {
    if depth >= DEPTH {
        return Err(SyntaxError::new(span, format!("more than {DEPTH} operators in one chain")));
    }
    Ok(Syntax { span, form, depth: depth + 1 })
}

/// An infix operator and how tightly it binds.
fn infix(token: &Token) -> Option<(Operator, u8)> {
    Some(match token {
        Token::Symbol(Symbol::Or) => (Operator::Or, 1),
        Token::Symbol(Symbol::And) => (Operator::And, 2),
        Token::Symbol(Symbol::Equal) => (Operator::Equal, 3),
        Token::Symbol(Symbol::NotEqual) => (Operator::NotEqual, 3),
        Token::Symbol(Symbol::Less) => (Operator::Less, 3),
        Token::Symbol(Symbol::LessOrEqual) => (Operator::LessOrEqual, 3),
        Token::Symbol(Symbol::Greater) => (Operator::Greater, 3),
        Token::Symbol(Symbol::GreaterOrEqual) => (Operator::GreaterOrEqual, 3),
        Token::Name(name) if name == "in" => (Operator::In, 3),
        Token::Symbol(Symbol::Plus) => (Operator::Add, 4),
        Token::Symbol(Symbol::Minus) => (Operator::Subtract, 4),
        Token::Symbol(Symbol::Times) => (Operator::Multiply, 5),
        Token::Symbol(Symbol::Slash) => (Operator::Divide, 5),
        Token::Symbol(Symbol::Percent) => (Operator::Remainder, 5),
        _ => return None,
    })
}
