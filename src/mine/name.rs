//! Names for a draft: words for object types, activities and states that a model accepts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::event::is_call;
pub(super) use crate::event::path::is_prefix;
use crate::event::path::without_format;
use crate::event::procedure::{self, Procedure};

/// Longest name made.
const LONGEST: usize = 48;
/// Words that cannot name an object type: paths of expressions begin with them.
const RESERVED: [&str; 22] = [
    "path",
    "query",
    "req",
    "res",
    "header",
    "res_header",
    "cookie",
    "jwt",
    "host",
    "mtls",
    "mcp",
    "args",
    "log",
    "method",
    "status",
    "target",
    "event",
    "actor",
    "true",
    "false",
    "null",
    "in",
];

/// Letters, digits and `_`, a letter first; empty when nothing of the text is left.
pub(super) fn word(text: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower {
                out.push('_');
            }
            lower = c.is_ascii_lowercase();
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            lower = false;
            out.push('_');
        }
    }
    out.truncate(LONGEST);
    let out = out.trim_end_matches('_').to_owned();
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("n{out}") } else { out }
}

/// Singular of an English plural, as a word.
pub(super) fn singular(text: &str) -> String {
    let word = word(text);
    let stem = |end: &str| word.strip_suffix(end).filter(|stem| stem.len() > 1).map(str::to_owned);
    if let Some(stem) = stem("ies") {
        return stem + "y";
    }
    let sibilant = ["sses", "shes", "ches", "xes", "zzes", "uses"].iter().any(|end| word.ends_with(end));
    let singular = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    let stem = if sibilant { stem("es") } else { stem("s").filter(|_| !singular) };
    stem.unwrap_or(word)
}

/// Whether a word is an English plural, by its ending.
pub(super) fn is_plural(text: &str) -> bool {
    singular(text) != word(text)
}

/// The name of an object type.
pub(super) fn object_type(text: &str) -> String {
    let word = word(text);
    if RESERVED.contains(&word.as_str()) { format!("{word}_object") } else { word }
}

/// Sorts of calls inside bodies, those that begin another's name last.
const SORTS: [&str; 13] = [
    "graphql query",
    "graphql mutation",
    "graphql subscription",
    "graphql persisted",
    "jsonrpc method",
    "jsonrpc notification",
    "mcp tool",
    "mcp prompt",
    "mcp answer",
    "mcp input_response",
    "mcp",
    "a2a",
    "websocket message",
];

/// Names given so far, so that none is given twice.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The first of these names that is free, else the last one with a number.
    pub(super) fn choose(&mut self, wishes: &[String]) -> Arc<str> {
        let last = wishes.last().cloned().unwrap_or_default();
        let numbered = (2..).map(|n| format!("{last}_{n}"));
        let name = wishes.iter().cloned().chain(numbered).find(|name| !name.is_empty() && !self.0.contains(name));
        let name = name.unwrap_or_default();
        self.0.insert(name.clone());
        name.into()
    }
}

/// A path template, parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Template {
    pub(super) method: String,
    pub(super) parts: Vec<Part>,
    /// The parameter or member of the body that tells it from others of its path, and its value.
    pub(super) selector: Option<(String, String)>,
}

/// A segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Fixed(String),
    Variable(String),
    /// A variable that is a part of its segment, with the text before and behind it: `{order}:cancel`, `Orders({order})`.
    Inside {
        begin: String,
        name: String,
        end: String,
    },
}

impl Part {
    /// The name of the variable that it is or has.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Part::Variable(name) | Part::Inside { name, .. } => Some(name),
            Part::Fixed(_) => None,
        }
    }
}

impl Template {
    /// Reads `POST /orders/{order}/pay` or `POST /orders.php?action=pay`; `None` where a model could not say the same.
    ///
    /// A call inside a body is read as its sort and its name: `graphql mutation` and `addPaymentToOrder`.
    pub(super) fn read(operation: &str) -> Option<Template> {
        if is_call(operation) {
            return SORTS.iter().find_map(|sort| {
                let name = operation.strip_prefix(sort)?.strip_prefix(' ')?;
                let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b));
                let parts = vec![Part::Fixed(name.to_owned())];
                plain.then(|| Template { method: (*sort).to_owned(), parts, selector: None })
            });
        }
        let (method, path) = operation.split_once(' ')?;
        let upper = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        if !upper || !path.starts_with('/') {
            return None;
        }
        let (path, selector) = match path.split_once('?') {
            Some((path, selector)) => {
                let (place, value) = selector.split_once('=')?;
                let place = if place.starts_with("req.") { place.to_owned() } else { format!("query.{place}") };
                (path, Some((place, value.to_owned())))
            }
            None => (path, None),
        };
        let parts = path.split('/').filter(|p| !p.is_empty()).map(part).collect::<Option<Vec<_>>>()?;
        Some(Template { method: method.to_owned(), parts, selector })
    }

    /// Whether it is a call inside a body.
    pub(super) fn is_call(&self) -> bool {
        self.method.starts_with(|c: char| c.is_ascii_lowercase())
    }

    /// Whether calls of it change nothing, by their method or protocol.
    pub(super) fn is_read(&self) -> bool {
        match (self.method.as_str(), self.parts.as_slice()) {
            ("graphql query" | "graphql subscription" | "mcp" | "mcp prompt", _) => true,
            ("a2a", [Part::Fixed(name)]) => says_read(name),
            ("POST", [.., Part::Fixed(last)]) if self.selector.is_none() && procedure::asks(last) => true,
            (method, _) => !self.is_call() && Procedure::reads_by(self.procedure().as_ref(), method),
        }
    }

    /// Whether it is a call that the life of A2A's tasks is about: a model imports that.
    pub(super) fn is_of_a2a_tasks(&self) -> bool {
        match (self.method.as_str(), self.parts.as_slice()) {
            ("a2a", [Part::Fixed(name)]) => A2A_TASKS.contains(&name.as_str()),
            _ => false,
        }
    }

    /// What is done by its name, where its path names no one thing.
    fn procedure(&self) -> Option<Procedure> {
        let before = self.parts.iter().rev().nth(1).and_then(|part| match part {
            Part::Fixed(word) => Some(word.as_str()),
            _ => None,
        });
        match (&self.selector, self.parts.last()) {
            (Some((_, value)), _) => Some(procedure::of_value(value)),
            (None, Some(Part::Fixed(last))) if self.parts.iter().all(|part| part.variable().is_none()) => {
                procedure::of_path(before, last.split('.').next().unwrap_or_default())
            }
            _ => None,
        }
    }

    /// How a model names the call: `http: "POST /orders"`, `mcp: {tool: pay}`.
    pub(super) fn matcher(&self) -> String {
        if !self.is_call() {
            let condition = self.selector.as_ref().map(|(place, value)| format!(", where: \"{place} == '{value}'\""));
            return format!("http: \"{}\"{}", self.text(), condition.unwrap_or_default());
        }
        let (protocol, sort) = self.method.split_once(' ').unwrap_or((&self.method, "method"));
        // Whether anybody answers a method is the client's affair.
        let sort = if sort == "notification" { "method" } else { sort };
        let [Part::Fixed(name)] = self.parts.as_slice() else { return String::new() };
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b));
        if plain { format!("{protocol}: {{{sort}: {name}}}") } else { format!("{protocol}: {{{sort}: \"{name}\"}}") }
    }

    /// As a model writes it; a name that stands twice gets a number.
    pub(super) fn text(&self) -> String {
        if self.is_call() {
            return self.raw();
        }
        let mut out = format!("{} ", self.method);
        let mut seen = Names::default();
        for part in &self.parts {
            match part {
                Part::Fixed(text) => out.extend(["/", text]),
                Part::Variable(name) => out.extend(["/{", &seen.choose(std::slice::from_ref(name)), "}"]),
                Part::Inside { begin, name, end } => {
                    out.extend(["/", begin, "{", &seen.choose(std::slice::from_ref(name)), "}", end]);
                }
            }
        }
        if self.parts.is_empty() {
            out.push('/');
        }
        out
    }

    /// Whether a call of another template would be taken for one of this: each differing word stands at a variable.
    pub(super) fn shadows(&self, other: &Template) -> bool {
        let fits = |(own, other): (&Part, &Part)| matches!(own, Part::Variable(_)) || own == other;
        self != other
            && self.method == other.method
            && self.selector == other.selector
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(fits)
    }

    /// As events name operations.
    pub(super) fn raw(&self) -> String {
        let mut out = format!("{} ", self.method);
        if let ([Part::Fixed(name)], true) = (self.parts.as_slice(), self.is_call()) {
            return out + name;
        }
        for part in &self.parts {
            match part {
                Part::Fixed(text) => out.extend(["/", text]),
                Part::Variable(name) => out.extend(["/{", name, "}"]),
                Part::Inside { begin, name, end } => out.extend(["/", begin, "{", name, "}", end]),
            }
        }
        if self.parts.is_empty() {
            out.push('/');
        }
        if let Some((place, value)) = &self.selector {
            out.extend(["?", place.strip_prefix("query.").unwrap_or(place), "=", value]);
        }
        out
    }

    /// Fixed words that say something, without the format that is asked for: no versions, no `api`. What is done to a thing
    /// may stand in its own segment, `{order}:cancel`, or have the name of a schema before its own, as OData's actions do.
    fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut bracket = false;
        self.parts.iter().enumerate().filter_map(move |(at, part)| {
            let action =
                std::mem::replace(&mut bracket, matches!(part, Part::Inside { end, .. } if end.ends_with(')')));
            match part {
                Part::Fixed(text) if is_prefix(text) => None,
                Part::Fixed(text) if action => text.rsplit('.').next().map(|word| (at, word)),
                Part::Fixed(text) => Some((at, without_format(text))),
                Part::Inside { end, .. } => end.strip_prefix(':').map(|verb| (at, verb)),
                Part::Variable(_) => None,
            }
        })
    }

    /// Names for the activity, the best first. `creates`: it brings an object of the type into being.
    pub(super) fn activity(&self, object_type: &str, creates: bool) -> Vec<String> {
        if let ([Part::Fixed(name)], true) = (self.parts.as_slice(), self.is_call()) {
            let name = word(name);
            let named = [name.clone(), format!("{name}_{object_type}"), "step".to_owned()];
            return named.into_iter().filter(|name| !name.is_empty()).collect();
        }
        if let Some(procedure) = self.procedure().filter(|_| !creates) {
            let last = self.parts.last().map(|part| match part {
                Part::Fixed(name) | Part::Variable(name) | Part::Inside { name, .. } => name.as_str(),
            });
            let name = self.selector.as_ref().map(|(_, value)| value.as_str()).or(last).unwrap_or_default();
            let first = match procedure.reads {
                Some(true) if procedure.noun.is_empty() => format!("{}_{object_type}", word(name)),
                _ => word(name),
            };
            return wishes(first, object_type, self);
        }
        let last_variable = self.parts.iter().rposition(|part| part.variable().is_some());
        let after: Vec<String> =
            self.words().filter(|(at, _)| last_variable.is_none_or(|v| *at >= v)).map(|(_, w)| word(w)).collect();
        let tail = after.join("_");
        let verb = match (self.method.as_str(), creates, after.is_empty()) {
            ("POST", true, _) => return wishes(format!("create_{object_type}"), &tail, self),
            ("POST", false, false) => "",
            ("GET" | "HEAD" | "OPTIONS", _, _) => "view",
            ("PUT", _, true) => "replace",
            ("PUT", _, false) => "set",
            ("PATCH", _, _) => "update",
            ("DELETE", _, _) => "delete",
            (method, _, _) => &word(method),
        };
        let last = last_variable.and_then(|at| self.parts.get(at));
        let own = last.and_then(Part::variable).filter(|name| *name != "id").unwrap_or(object_type);
        let noun = if tail.is_empty() { own } else { &tail };
        let first = if verb.is_empty() { noun.to_owned() } else { format!("{verb}_{noun}") };
        wishes(first, object_type, self)
    }
}

/// Methods of A2A that the activities of its built-in life have, in both versions' words.
const A2A_TASKS: [&str; 10] = [
    "CancelTask",
    "GetTask",
    "SendMessage",
    "SendStreamingMessage",
    "SubscribeToTask",
    "message/send",
    "message/stream",
    "tasks/cancel",
    "tasks/get",
    "tasks/resubscribe",
];

/// Whether a method of A2A only reads, in either version's words.
fn says_read(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["/get", "/list", "/resubscribe"].iter().any(|end| name.ends_with(end))
        || ["get", "list", "subscribe"].iter().any(|begin| name.starts_with(begin))
}

fn wishes(first: String, more: &str, template: &Template) -> Vec<String> {
    let whole: Vec<String> = template.words().map(|(_, w)| word(w)).collect();
    let second = format!("{first}_{more}");
    let third = format!("{}_{}", word(&template.method), whole.join("_"));
    let mut all: Vec<String> = [first, second, third].into_iter().map(|w| word(&w)).collect();
    all.retain(|w| !w.is_empty());
    if all.is_empty() {
        all.push("step".to_owned());
    }
    all
}

fn part(text: &str) -> Option<Part> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    if let Some(name) = inner.filter(|inner| !inner.contains(['{', '}'])) {
        let name = word(name);
        return (!name.is_empty()).then_some(Part::Variable(name));
    }
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"{}*?#\"\\".contains(&b));
    if text.starts_with(':') {
        return None;
    }
    let Some((begin, rest)) = text.split_once('{') else { return plain(text).then(|| Part::Fixed(text.to_owned())) };
    let (name, end) = rest.split_once('}')?;
    let name = word(name);
    (plain(begin) && plain(end) && !name.is_empty()).then(|| Part::Inside {
        begin: begin.to_owned(),
        name,
        end: end.to_owned(),
    })
}

/// The state that a step leaves behind, where the server names none.
pub(super) fn state_after(activity: &str) -> Vec<String> {
    let made = [("create_", "created"), ("delete_", "deleted"), ("update_", "updated"), ("replace_", "replaced")];
    let made = made.iter().find(|(verb, _)| activity.starts_with(verb)).map(|(_, state)| (*state).to_owned());
    made.into_iter().chain([format!("after_{activity}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activities_are_named_after_what_is_called() {
        for (operation, object_type, creates, name) in [
            ("POST /orders", "order", true, "create_order"),
            ("POST /api/v2/orders/{order}/payment", "order", false, "payment"),
            ("POST /orders/{order}/line-items/bulkAdd", "order", false, "line_items_bulk_add"),
            ("POST /hooks/psp", "order", false, "hooks_psp"),
            ("POST /orders/{order}/items/{item}", "order", false, "post_item"),
            ("GET /orders/{id}", "order", false, "view_order"),
            ("GET /orders/{order}", "order", false, "view_order"),
            ("GET /orders/{order}/delivery", "order", false, "view_delivery"),
            ("PUT /orders/{order}", "order", false, "replace_order"),
            ("PUT /orders/{order}/address", "order", false, "set_address"),
            ("PATCH /orders/{order}", "order", false, "update_order"),
            ("DELETE /orders/{order}", "order", false, "delete_order"),
            ("POST /orders/{order}", "order", false, "post_order"),
            ("M-SEARCH /orders/{order}", "order", false, "m_search_order"),
            ("POST /orders/{order}:cancel", "order", false, "cancel"),
            ("GET /orders/{order}.json", "order", false, "view_order"),
            ("POST /orders/{order}/fulfillments.json", "order", false, "fulfillments"),
            ("POST /orders.json", "order", true, "create_order"),
            ("DELETE /Orders({order})", "order", false, "delete_order"),
            ("POST /Orders('{order}')/Sales.Approve", "order", false, "approve"),
        ] {
            let template = Template::read(operation).unwrap();
            assert_eq!(template.activity(object_type, creates)[0], name, "{operation}");
            assert_eq!(template.text(), operation);
        }
    }

    #[test]
    fn what_a_model_cannot_say_is_no_template() {
        for operation in ["GET", "get /a", "GET a", "GET /a b", "GET /{a}{b}", "GET /a*", "GET /:a", "GET /{%}"] {
            assert_eq!(Template::read(operation), None, "{operation}");
        }
        assert_eq!(Template::read("GET /a/{x}/{x}").unwrap().text(), "GET /a/{x}/{x_2}");
    }

    #[test]
    fn calls_inside_bodies_are_named_as_a_model_names_them() {
        for (operation, matcher, read) in [
            ("graphql mutation addPaymentToOrder", "graphql: {mutation: addPaymentToOrder}", false),
            ("graphql query __schema", "graphql: {query: \"__schema\"}", true),
            ("jsonrpc notification a.b", "jsonrpc: {method: a.b}", false),
            ("mcp tool request_refund", "mcp: {tool: request_refund}", false),
            ("mcp tools/list", "mcp: {method: tools/list}", true),
            ("a2a message/send", "a2a: {method: message/send}", false),
            ("a2a GetTask", "a2a: {method: GetTask}", true),
            ("websocket message order.create", "websocket: {message: order.create}", false),
        ] {
            let template = Template::read(operation).unwrap();
            assert_eq!((template.matcher().as_str(), template.is_read()), (matcher, read));
            assert_eq!((template.raw().as_str(), template.text().as_str()), (operation, operation));
            assert!(template.is_call());
        }
        assert_eq!(Template::read("mcp tool a b"), None);
        let pay = Template::read("graphql mutation addPaymentToOrder").unwrap();
        assert_eq!(pay.activity("order", false)[0], "add_payment_to_order");
    }

    #[test]
    fn names_are_words_and_never_given_twice() {
        assert_eq!(word("Straße 17 / fooBar"), "stra_e_17_foo_bar");
        assert_eq!(word("3ds"), "n3ds");
        assert_eq!(object_type("event"), "event_object");
        let mut names = Names::default();
        let wish = ["pay".to_owned(), "pay_order".to_owned()];
        let given: Vec<_> = (0..4).map(|_| names.choose(&wish).to_string()).collect();
        assert_eq!(given, ["pay", "pay_order", "pay_order_2", "pay_order_3"]);
    }
}
