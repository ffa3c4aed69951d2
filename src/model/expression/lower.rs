//! Tree to node: names are resolved, functions and kinds checked.

use std::ops::Range;
use std::sync::Arc;

use super::path::{Place, resolve};
use super::syntax::{Form, Syntax, SyntaxError, parse};
use super::{Expression, Function, Kind, Node, Operator, Path, Pattern, Root, function};
use crate::event::Value;
use crate::model::Code;
use crate::model::diagnostic::Diagnostic;
use crate::model::outline::Outline;

/// Largest compiled regular expression of `matches`.
const PATTERN_BYTES: usize = 256 * 1024;

/// An expression with its kind, and the paths that it reads.
#[derive(Clone, Debug)]
pub(in crate::model) struct Lowered {
    pub(in crate::model) expression: Expression,
    pub(in crate::model) kind: Kind,
    pub(in crate::model) paths: Vec<Path>,
}

/// Parses and checks an expression. Spans of the diagnostics count from the start of `text`, those of their notes are
/// the outline's.
pub(in crate::model) fn lower(text: &str, outline: &Outline, place: &Place) -> Result<Lowered, Vec<Diagnostic>> {
    let tree = parse(text).map_err(|error| vec![syntax_diagnostic(error)])?;
    let mut lowering = Lowering { outline, place, found: Vec::new(), paths: Vec::new() };
    let (node, kind) = lowering.node(&tree);
    if !lowering.found.is_empty() {
        return Err(lowering.found);
    }
    let expression = Expression { text: Arc::from(text), node };
    Ok(Lowered { expression, kind, paths: lowering.paths })
}

/// Like [`lower`], for what must be true or false.
pub(in crate::model) fn lower_condition(
    text: &str,
    outline: &Outline,
    place: &Place,
) -> Result<Lowered, Vec<Diagnostic>> {
    let lowered = lower(text, outline, place)?;
    if lowered.kind.may_be(&Kind::Bool) {
        return Ok(lowered);
    }
    let title = format!("a condition must be true or false, this is {}", lowered.kind);
    Err(vec![Diagnostic::error(Code::KindMismatch, 0..text.len(), title)])
}

fn syntax_diagnostic(error: SyntaxError) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Syntax, error.span, "this is not an expression").label(error.message);
    match error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

struct Lowering<'a> {
    outline: &'a Outline,
    place: &'a Place,
    found: Vec<Diagnostic>,
    paths: Vec<Path>,
}

type Typed = (Node, Kind);

impl Lowering<'_> {
    /// What stands for a node that has been complained about.
    fn refuse(&mut self, diagnostic: Diagnostic) -> Typed {
        self.found.push(diagnostic);
        (Node::Constant(Value::Null), Kind::Any)
    }

    // Recursion is bounded by the depth of the tree, see `syntax`.
    fn node(&mut self, tree: &Syntax) -> Typed {
        match &tree.form {
            Form::Literal(value) => (Node::Constant(value.clone()), Kind::of(value)),
            Form::Name(_) | Form::Field(..) => self.path(tree),
            Form::List(items) => {
                let (nodes, kinds): (Vec<_>, Vec<_>) = items.iter().map(|item| self.node(item)).unzip();
                (Node::List(nodes), Kind::list(kinds))
            }
            Form::Not(operand) => {
                let node = self.expect(operand, &Kind::Bool, "`!`");
                (Node::Not(Box::new(node)), Kind::Bool)
            }
            Form::Negate(operand) => {
                let (node, kind) = self.node(operand);
                let negatable = matches!(kind, Kind::Any | Kind::Number | Kind::Zero | Kind::Money | Kind::Duration);
                if !negatable {
                    return self.mismatch(&operand.span, format!("`-` does not apply to {kind}"), None);
                }
                (Node::Negate(Box::new(node)), kind)
            }
            Form::Binary(operator, left, right) => self.binary(tree, *operator, left, right),
            Form::Conditional(condition, then, otherwise) => {
                let condition = self.expect(condition, &Kind::Bool, "the condition of `?`");
                let ((then, a), (otherwise, b)) = (self.node(then), self.node(otherwise));
                (Node::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise)), a.join(&b))
            }
            Form::Call { name, name_span, arguments } => self.call(tree, name, name_span, arguments),
        }
    }

    fn expect(&mut self, tree: &Syntax, wanted: &Kind, by: &str) -> Node {
        let (node, kind) = self.node(tree);
        if kind.may_be(wanted) {
            return node;
        }
        self.mismatch(&tree.span, format!("{by} needs {wanted}, this is {kind}"), conversion(&kind, wanted)).0
    }

    fn mismatch(&mut self, span: &Range<usize>, label: String, help: Option<&str>) -> Typed {
        let diagnostic = Diagnostic::error(Code::KindMismatch, span.clone(), "this can never be decided").label(label);
        self.refuse(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    }

    fn path(&mut self, tree: &Syntax) -> Typed {
        let Some(parts) = parts(tree) else {
            let title = "only a name has fields";
            return self.refuse(Diagnostic::error(Code::BadPath, tree.span.clone(), title));
        };
        match resolve(&parts, self.outline, self.place) {
            Ok((path, kind)) => {
                self.paths.push(path.clone());
                (Node::Path(path), kind)
            }
            Err(diagnostic) => self.refuse(*diagnostic),
        }
    }

    fn binary(&mut self, tree: &Syntax, operator: Operator, left: &Syntax, right: &Syntax) -> Typed {
        let boxed = |a: Node, b: Node| Node::Binary(operator, Box::new(a), Box::new(b));
        if matches!(operator, Operator::And | Operator::Or) {
            let sign = if operator == Operator::And { "`&&`" } else { "`||`" };
            let (a, b) = (self.expect(left, &Kind::Bool, sign), self.expect(right, &Kind::Bool, sign));
            return (boxed(a, b), Kind::Bool);
        }
        let ((a, left_kind), (b, right_kind)) = (self.node(left), self.node(right));
        self.check_literals((&a, left), (&b, right));
        let kind = match operator {
            Operator::In => right_kind.item().filter(|item| left_kind.equates(item)).map(|_| Kind::Bool),
            Operator::Equal | Operator::NotEqual => left_kind.equates(&right_kind).then_some(Kind::Bool),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                left_kind.orders(&right_kind).then_some(Kind::Bool)
            }
            _ => left_kind.combine(operator, &right_kind),
        };
        match kind {
            Some(kind) => (boxed(a, b), kind),
            None => {
                let help = conversion(&left_kind, &right_kind).or_else(|| conversion(&right_kind, &left_kind));
                self.mismatch(&tree.span, format!("{left_kind} and {right_kind} do not combine this way"), help)
            }
        }
    }

    /// Texts that a state or kind is compared with must be among the declared ones.
    fn check_literals(&mut self, left: (&Node, &Syntax), right: (&Node, &Syntax)) {
        for ((path, _), (_, literal)) in [(left, right), (right, left)] {
            let Node::Path(path) = path else { continue };
            let literals = match &literal.form {
                Form::List(items) => items.as_slice(),
                _ => std::slice::from_ref(literal),
            };
            for item in literals {
                if let Form::Literal(Value::Text(text)) = &item.form {
                    self.check_literal(path, text, &item.span);
                }
            }
        }
    }

    fn check_literal(&mut self, path: &Path, text: &str, span: &Range<usize>) {
        let last = path.fields.last().map(|field| &**field);
        let object = match &path.root {
            Root::Object(id) if last == Some("state") => {
                let child = path.fields.first().filter(|_| path.is_many());
                child.and_then(|name| self.outline.object(name)).unwrap_or(*id)
            }
            Root::Actor if last == Some("kind") => return self.check_kind(text, span),
            _ => return,
        };
        let Some(object) = self.outline.object_at(object) else { return };
        let Some(states) = &object.states else { return };
        if !states.iter().any(|(name, _)| name.eq_ignore_ascii_case(text)) {
            let title = format!("`{text}` is not a state of `{}`", object.name);
            let names = states.iter().map(|(name, span)| (&**name, span.clone()));
            let diagnostic = Diagnostic::error(Code::UnknownState, span.clone(), title);
            self.found.push(diagnostic.label("no state has this name").nearest(text, "state", names));
        }
    }

    fn check_kind(&mut self, text: &str, span: &Range<usize>) {
        let kinds = &self.outline.kinds;
        if !kinds.is_empty() && !kinds.contains(text) {
            let names = kinds.iter().map(|kind| (&**kind, 0..0));
            let title = format!("no kind of actor is called `{text}`");
            self.found.push(Diagnostic::error(Code::UnknownRole, span.clone(), title).nearest(text, "kind", names));
        }
    }

    fn call(&mut self, tree: &Syntax, name: &str, name_span: &Range<usize>, arguments: &[Syntax]) -> Typed {
        if name == "matches" {
            return self.matches(tree, arguments);
        }
        let Some(signature) = function::find(name) else {
            let title = format!("there is no function `{name}`");
            let names = function::names().map(|known| (known, 0..0));
            return self.refuse(
                Diagnostic::error(Code::UnknownFunction, name_span.clone(), title).nearest(name, "function", names),
            );
        };
        let typed: Vec<Typed> = arguments.iter().map(|argument| self.node(argument)).collect();
        let kinds: Vec<Kind> = typed.iter().map(|(_, kind)| kind.clone()).collect();
        let nodes: Vec<Node> = typed.into_iter().map(|(node, _)| node).collect();
        if signature.function == Function::Has && !matches!(nodes.as_slice(), [Node::Path(_)]) && self.found.is_empty()
        {
            let title = "`has` asks whether a path has a value";
            return self.refuse(Diagnostic::error(Code::UnknownFunction, tree.span.clone(), title));
        }
        let Some(kind) = signature.result(&kinds) else {
            let title = format!("`{name}` cannot be called like this");
            let diagnostic = Diagnostic::error(Code::UnknownFunction, tree.span.clone(), title);
            return self.refuse(diagnostic.help(format!("it is used as {}", signature.usage)));
        };
        self.fold(tree, signature.function, nodes, kind)
    }

    /// Literal amounts, durations and times become constants, so that a wrong one is found now.
    fn fold(&mut self, tree: &Syntax, function: Function, nodes: Vec<Node>, kind: Kind) -> Typed {
        let constant =
            matches!(function, Function::Money | Function::Decimal | Function::Timestamp | Function::Duration)
                && nodes.iter().all(|node| matches!(node, Node::Constant(_)));
        let node = Node::Call(function, nodes);
        if !constant {
            return (node, kind);
        }
        match function::constant(&node) {
            Some(value) => (Node::Constant(value.clone()), Kind::of(&value)),
            None => {
                let title = format!("this is not {kind}");
                let help = match function {
                    Function::Money => "write the amount and the currency's code: `money('100.00 EUR')`",
                    Function::Duration => "write whole numbers with units: `duration('14d')`, `duration('1h30m')`",
                    Function::Timestamp => "write RFC 3339 or a date: `timestamp('2026-09-01T00:00:00Z')`",
                    _ => "write digits with at most one point: `decimal('12.50')`",
                };
                self.refuse(Diagnostic::error(Code::BadValue, tree.span.clone(), title).help(help))
            }
        }
    }

    fn matches(&mut self, tree: &Syntax, arguments: &[Syntax]) -> Typed {
        let (text, pattern) = match arguments {
            [text, Syntax { form: Form::Literal(Value::Text(pattern)), span, .. }] => (text, (pattern, span)),
            _ => {
                let title = "`matches` needs a text and a literal pattern";
                let diagnostic = Diagnostic::error(Code::UnknownFunction, tree.span.clone(), title);
                return self.refuse(diagnostic.help("it is used as `req.sku.matches('^[A-Z]{3}-')`"));
            }
        };
        let node = self.expect(text, &Kind::Text, "`matches`");
        let (pattern, span) = pattern;
        match regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).nest_limit(64).build() {
            Ok(regex) => (Node::Matches(Box::new(node), Pattern(regex)), Kind::Bool),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let title = "this is not a regular expression";
                self.refuse(Diagnostic::error(Code::BadValue, span.clone(), title).label(reason))
            }
        }
    }
}

/// The dotted parts of a name with fields.
fn parts(tree: &Syntax) -> Option<Vec<(String, Range<usize>)>> {
    match &tree.form {
        Form::Name(name) => Some(vec![(name.clone(), tree.span.clone())]),
        Form::Field(target, field) => {
            let mut parts = parts(target)?;
            parts.push((field.clone(), target.span.end + 1..tree.span.end));
            Some(parts)
        }
        _ => None,
    }
}

/// How to make one kind of value into another.
fn conversion(from: &Kind, to: &Kind) -> Option<&'static str> {
    match (from, to) {
        (Kind::Number | Kind::Text, Kind::Money) => Some("write the amount with its currency: `money('100 EUR')`"),
        (Kind::Text, Kind::Number | Kind::Zero) => Some("`decimal(...)` turns a text into a number"),
        (Kind::Text, Kind::Time) => Some("`timestamp(...)` turns a text into a time"),
        (Kind::Text, Kind::Duration) => Some("`duration(...)` turns a text into a duration"),
        (_, Kind::List(_)) => None,
        (_, Kind::Bool) => Some("compare it with something: `==`, `<`, `in`, `has(...)`"),
        _ => None,
    }
}
