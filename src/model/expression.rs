//! Expressions of the model: CEL syntax, three-valued meaning.

use std::sync::Arc;

use crate::event::Value;

/// A parsed and name-checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As written.
    pub text: Arc<str>,
    /// Its root node.
    pub node: Node,
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
    Matches,
    Lower,
    Decimal,
    Timestamp,
    Duration,
}

/// A dotted path: a root and fields below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// As written, e.g. `res.order.id`.
    pub text: Arc<str>,
    /// What it starts from.
    pub root: Root,
    /// Fields below the root; `*` goes through every element of a list.
    pub fields: Vec<Arc<str>>,
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

/// Gives values to paths. `None` is unknown.
pub trait Scope {
    /// Value at a path.
    fn value(&self, path: &Path) -> Bound;
    /// Values of a path that goes over several objects or list elements, and whether these are all of them.
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
