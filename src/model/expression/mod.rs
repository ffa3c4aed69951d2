//! Expressions of the model: CEL syntax, three-valued meaning.
//!
//! `syntax` turns text into a tree with spans, `lower` resolves names and checks kinds, `evaluate` gives the meaning.
//! Why the parser is our own: `docs/adr/0002-expressions.md`.

mod arithmetic;
mod evaluate;
mod function;
mod kind;
mod lower;
mod path;
mod syntax;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

pub use arithmetic::exact_sum;
pub use evaluate::{evaluate, truth};
pub use kind::Kind;
pub(in crate::model) use lower::{Lowered, lower, lower_condition};
pub(in crate::model) use path::{Place, is_built_in, is_reserved, path_of_text};

use crate::event::Value;

/// Whether a condition is true or false whatever happens.
pub(in crate::model) fn truth_of_nothing(condition: &Node) -> Truth {
    function::truth_of_nothing(condition)
}

/// A parsed and name-checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As written.
    pub text: Arc<str>,
    /// Its root node.
    pub node: Node,
}

impl Expression {
    /// Every node, each before those below it. Expressions are at most 32 levels deep.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        self.node.collect(&mut nodes);
        nodes
    }

    /// Every path that it reads, in the order written.
    pub fn paths(&self) -> Vec<&Path> {
        let paths = self.nodes().into_iter().filter_map(|node| match node {
            Node::Path(path) => Some(path),
            _ => None,
        });
        paths.collect()
    }
}

/// One node of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A constant.
    Constant(Value),
    /// A name with fields: `order.total`, `req.items[0].sku`, `order.refunds.amount`.
    Path(Path),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `!a`.
    Not(Box<Node>),
    /// `-a`.
    Negate(Box<Node>),
    /// `a op b`.
    Binary(Operator, Box<Node>, Box<Node>),
    /// `c ? a : b`.
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    /// `name(args)` or `target.name(args)` with the target first.
    Call(Function, Vec<Node>),
    /// `text.matches('pattern')`, with the pattern compiled once.
    Matches(Box<Node>, Pattern),
}

impl Node {
    fn collect<'a>(&'a self, into: &mut Vec<&'a Node>) {
        into.push(self);
        match self {
            Node::Constant(_) | Node::Path(_) => {}
            Node::List(items) | Node::Call(_, items) => items.iter().for_each(|n| n.collect(into)),
            Node::Not(a) | Node::Negate(a) | Node::Matches(a, _) => a.collect(into),
            Node::Binary(_, a, b) => [a, b].into_iter().for_each(|n| n.collect(into)),
            Node::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|n| n.collect(into)),
        }
    }
}

/// A regular expression given as a literal; matching takes time linear in the text.
#[derive(Clone, Debug)]
pub struct Pattern(pub(in crate::model) regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the language's own")]
pub enum Function {
    Has,
    Size,
    Sum,
    Count,
    Min,
    Max,
    Money,
    StartsWith,
    EndsWith,
    Contains,
    Lower,
    Decimal,
    Timestamp,
    Duration,
}

/// A dotted path: a root and fields below it.
///
/// `order.refunds.amount` (an attribute of every child object) has the root `order` and the fields `refund` (the child
/// type's own name, whichever form was written) and `amount`; an object alone (`by: [order]`) has no fields. Header
/// names are in lower case. `status`, `method` and `target` are the one field of [`Root::Message`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// In dotted form, e.g. `res.order.id`: as written, but for `[0]` and the case of header names.
    pub text: Arc<str>,
    /// What it starts from.
    pub root: Root,
    /// Fields below the root; `*` goes through every element of a list.
    pub fields: Vec<Arc<str>>,
}

impl Path {
    /// Whether it names several values at once: list elements (`*`) or the attribute of child objects.
    pub fn is_many(&self) -> bool {
        match self.root {
            Root::Object(_) => self.fields.len() > 1,
            _ => self.fields.iter().any(|field| &**field == "*"),
        }
    }

    /// Whether the caller writes the value: it stands in the request.
    pub fn is_sent(&self) -> bool {
        use Root::{Arguments, Mcp, PathParameter, Query, RequestBody, RequestHeader};
        matches!(self.root, PathParameter | Query | RequestBody | RequestHeader | Mcp | Arguments)
    }
}

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// Template parameters: `path.orderId`.
    PathParameter,
    /// Query parameters: `query.page`.
    Query,
    /// Request body (JSON or form): `req.amount`.
    RequestBody,
    /// Response body: `res.order.id`.
    ResponseBody,
    /// Request header: `header.x-api-key`.
    RequestHeader,
    /// Response header: `res_header.location`.
    ResponseHeader,
    /// Request cookie (for `bind`, a cookie set by the response): `cookie.sid`.
    Cookie,
    /// Claim of the bearer JWT: `jwt.act.sub`.
    Jwt,
    /// Host labels: `host.label.0`; `host` alone is the whole.
    Host,
    /// Mutual TLS peer: `mtls.subject`.
    Mtls,
    /// MCP message: `mcp.args.order_id`, `mcp.tool`, `mcp.clientInfo.name`.
    Mcp,
    /// GraphQL arguments: `args.state`.
    Arguments,
    /// Field of a log record: `log.user`, `log.tenant`.
    Log,
    /// `method`, `status`, `target` of the exchange.
    Message,
    /// The judged event's attributes: `event.amount`, `event.time`.
    Event,
    /// The actor: `actor.principal`, `actor.tenant`, `actor.agent`, `actor.roles`, `actor.kind`.
    Actor,
    /// An object of the case by its type's name: `order.total`, `order.state`, `order.refunds.amount`.
    Object(super::ObjectTypeId),
}

impl Root {
    /// Whether the value is in the exchange itself, rather than in what was made of it.
    pub fn is_exchange(&self) -> bool {
        !matches!(self, Root::Event | Root::Actor | Root::Object(_))
    }
}

/// Three-valued truth (Kleene).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Holds.
    True,
    /// Does not hold.
    False,
    /// Cannot be told from what was seen.
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::True } else { Truth::False }
    }
}

/// Gives values to paths.
pub trait Scope {
    /// Value at a path that names one value.
    fn value(&self, path: &Path) -> Bound;
    /// Values of a path that names several ([`Path::is_many`]), and whether these are all of them. Values that were not
    /// seen are taken to be amounts or numbers of zero or more: a sum of the seen ones is then a lower bound.
    fn values(&self, path: &Path) -> (Vec<Value>, bool);
}

/// What is known of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// Exactly this.
    Exactly(Value),
    /// A number or amount that is at least this (a sum of which parts may not have been seen).
    AtLeast(Value),
    /// Nothing.
    Unknown,
}
