//! `activities:` the business steps and the API calls that perform them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document::{Node, Shape};
use super::imports;
use super::names::section;
use super::reader::{Fields, Reader};
use crate::model::diagnostic::{Diagnostic, Span, nearest_name};
use crate::model::expression::{Node as Formula, Operator, Place};
use crate::model::outline::AttributeOutline;
use crate::model::pattern::pieces;
use crate::model::{Activity, ActivityObject, CallMatcher, Code, Expression, Matcher, Path, Pattern, Piece, Segment};

const PROTOCOLS: &[&str] = &["http", "op", "grpc", "graphql", "jsonrpc", "mcp", "a2a", "websocket"];
const MATCHER_KEYS: &[&str] = &["http", "op", "grpc", "graphql", "jsonrpc", "mcp", "a2a", "websocket", "host", "where"];
/// Calls inside bodies: protocol, and the sorts of calls that it has.
const CALLS: &[(&str, &[&str])] = &[
    ("graphql", &["mutation", "query", "subscription", "persisted"]),
    ("jsonrpc", &["method"]),
    ("mcp", &["tool", "prompt", "method", "answer", "input_response"]),
    ("a2a", &["method"]),
    ("websocket", &["message"]),
];
const ACTIVITY_KEYS: &[&str] = &[
    "http",
    "op",
    "grpc",
    "graphql",
    "jsonrpc",
    "mcp",
    "a2a",
    "websocket",
    "any",
    "host",
    "where",
    "object",
    "read",
    "ok",
    "attrs",
    "idempotency",
    "bind",
    "each",
    "signed",
    "unseen",
];

/// Reads all activities, in the outline's order.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Activity> {
    if fields.get("activities").is_none() {
        reader.required(fields, "activities");
    }
    let mut activities = Vec::new();
    for (at, (key, node)) in section(reader, fields, "activities").into_iter().enumerate() {
        let (activity, attributes) = activity(reader, &key.text, node);
        if let Some(outline) = reader.outline.activities.get_mut(at) {
            outline.attributes = attributes;
        }
        activities.push(activity);
    }
    activities
}

fn activity(reader: &mut Reader, name: &str, node: &Node) -> (Activity, Vec<AttributeOutline>) {
    let mut activity = Activity {
        name: Arc::from(name),
        matchers: Vec::new(),
        unseen: false,
        objects: Vec::new(),
        read: false,
        ok: None,
        signed: false,
        attributes: Vec::new(),
        idempotency: None,
        bind: Vec::new(),
        each: None,
    };
    if let Shape::Scalar(_) = node.shape {
        activity.matchers.extend(template(reader, node));
        return (activity, Vec::new());
    }
    let Some(fields) = reader.mapping(node, "an activity", ACTIVITY_KEYS) else { return (activity, Vec::new()) };
    let place = Place::Exchange;
    activity.unseen = reader.flag(fields.get("unseen"), "`unseen`");
    activity.matchers = if activity.unseen { by_itself(reader, &fields) } else { matchers(reader, &fields) };
    activity.objects = fields.get("object").map(|node| objects(reader, node)).unwrap_or_default();
    activity.read = reader.flag(fields.get("read"), "`read`");
    activity.signed = reader.flag(fields.get("signed"), "`signed`");
    activity.ok = fields.get("ok").and_then(|node| reader.condition(node, &place));
    activity.idempotency = fields.get("idempotency").and_then(|node| reader.path(node, &place));
    activity.bind = fields.get("bind").map(|node| bind(reader, node)).unwrap_or_default();
    activity.each = fields.get("each").and_then(|node| reader.path(node, &place));
    let attributes = fields.get("attrs").map(|node| attributes(reader, node)).unwrap_or_default();
    let outline = attributes.iter().map(|(_, outline)| outline.clone()).collect();
    activity.attributes = attributes.into_iter().map(|(expression, outline)| (outline.name, expression)).collect();
    if let Some(node) = fields.get("signed").filter(|_| activity.signed && activity.sent_amounts().next().is_none()) {
        let title = format!("`{name}` sends no amount that is judged by its sign");
        reader.found.push(Diagnostic::warning(Code::Pointless, node.span.clone(), title));
    }
    (activity, outline)
}

fn attributes(reader: &mut Reader, node: &Node) -> Vec<(Expression, AttributeOutline)> {
    let mut attributes = Vec::new();
    for (key, value) in reader.named(node, "`attrs`").unwrap_or_default() {
        let name: Arc<str> = Arc::from(key.text.as_str());
        if let Some((expression, kind)) = reader.expression(value, &Place::Exchange) {
            attributes.push((expression, AttributeOutline { name, span: key.span.clone(), kind }));
        }
    }
    attributes
}

fn bind(reader: &mut Reader, node: &Node) -> Vec<(Path, Path)> {
    let mut bound = Vec::new();
    for (key, value) in reader.named(node, "`bind`").unwrap_or_default() {
        let text = Node {
            span: key.span.clone(),
            shape: Shape::Scalar(super::document::Scalar { text: key.text.clone(), exact: Some(key.span.start) }),
        };
        let credential = reader.path(&text, &Place::Exchange);
        bound.extend(credential.zip(reader.path(value, &Place::Exchange)));
    }
    bound
}

/// `order`, `[order, refund]`, `{order: req.metadata.orderId}` or `[{order: [..]}, refund]`.
fn objects(reader: &mut Reader, node: &Node) -> Vec<ActivityObject> {
    let mut objects: Vec<ActivityObject> = Vec::new();
    for item in reader.list(node) {
        match &item.shape {
            Shape::Mapping(_) => {
                for (key, value) in reader.named(item, "`object`").unwrap_or_default() {
                    let paths = reader.paths(value, &Place::Exchange);
                    let object_type = reader.object_type(&key.text, &key.span, "the activity");
                    objects.extend(object_type.map(|object_type| ActivityObject { object_type, key: paths }));
                }
            }
            _ => {
                let Some(text) = reader.text(item, "`object`") else { continue };
                let object_type = reader.object_type(text, &item.span, "the activity");
                objects.extend(object_type.map(|object_type| ActivityObject { object_type, key: Vec::new() }));
            }
        }
    }
    let mut seen = BTreeSet::new();
    if !objects.iter().all(|object| seen.insert(object.object_type)) {
        reader.error(Code::Duplicate, &node.span, "an object type is named twice");
    }
    objects
}

/// What the server does by itself is no call.
fn by_itself(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Matcher> {
    for protocol in PROTOCOLS.iter().chain(&["any"]) {
        if let Some(key) = fields.key(protocol) {
            let title = format!("`unseen` and `{protocol}` exclude each other");
            let diagnostic = Diagnostic::error(Code::WrongShape, key.span.clone(), title);
            reader.found.push(diagnostic.help("a step that a call performs is seen: leave `unseen` out"));
        }
    }
    Vec::new()
}

fn matchers(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Matcher> {
    let Some(any) = fields.get("any") else { return calls(reader, fields) };
    for protocol in PROTOCOLS {
        if let Some(key) = fields.key(protocol) {
            let title = format!("`any` and `{protocol}` exclude each other");
            let diagnostic = Diagnostic::error(Code::WrongShape, key.span.clone(), title);
            reader.found.push(diagnostic.help("put it into the list of `any`"));
        }
    }
    let (host, condition) = narrowing(reader, fields);
    let mut matchers = Vec::new();
    for item in reader.items(any, "`any`") {
        let Some(fields) = reader.mapping(item, "an alternative", MATCHER_KEYS) else { continue };
        for mut matcher in calls(reader, &fields) {
            matcher.host = matcher.host.or_else(|| host.clone());
            matcher.condition = both(matcher.condition, condition.clone());
            matchers.push(matcher);
        }
    }
    matchers
}

fn narrowing(reader: &mut Reader, fields: &Fields<'_>) -> (Option<Arc<str>>, Option<Expression>) {
    let host = fields.get("host").and_then(|node| reader.text(node, "`host`"));
    let condition = fields.get("where").and_then(|node| reader.condition(node, &Place::Exchange));
    (host.map(|host| Arc::from(host.to_ascii_lowercase())), condition)
}

/// Two conditions that must both hold.
fn both(a: Option<Expression>, b: Option<Expression>) -> Option<Expression> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Expression {
            text: Arc::from(format!("({}) && ({})", a.text, b.text)),
            node: Formula::Binary(Operator::And, Box::new(a.node), Box::new(b.node)),
        }),
        (a, b) => a.or(b),
    }
}

/// The API calls that one alternative names: one, or an operation under each of its base paths.
fn calls(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Matcher> {
    let others = PROTOCOLS.iter().any(|protocol| *protocol != "op" && fields.get(protocol).is_some());
    let Some(node) = fields.get("op").filter(|_| !others) else { return matcher(reader, fields).into_iter().collect() };
    let (host, condition) = narrowing(reader, fields);
    let mut matchers = imports::operation(reader, node);
    for matcher in &mut matchers {
        matcher.host = host.clone().or_else(|| matcher.host.take());
        matcher.condition.clone_from(&condition);
    }
    matchers
}

/// One API call; `None` when it is faulty or cannot be matched yet.
fn matcher(reader: &mut Reader, fields: &Fields<'_>) -> Option<Matcher> {
    let (host, condition) = narrowing(reader, fields);
    let given: Vec<(&str, &Node)> =
        PROTOCOLS.iter().filter_map(|protocol| fields.get(protocol).map(|node| (*protocol, node))).collect();
    match given.as_slice() {
        [("http", node)] => {
            let matcher = template(reader, node)?;
            Some(Matcher { host, condition, ..matcher })
        }
        [("grpc", node)] => {
            let matcher = grpc_method(reader, node)?;
            Some(Matcher { host, condition, ..matcher })
        }
        [(protocol, node)] if let Some((protocol, kinds)) = CALLS.iter().find(|(name, _)| name == protocol) => {
            let call = call(reader, protocol, kinds, node)?;
            Some(Matcher { method: None, template: Vec::new(), host, call: Some(call), condition })
        }
        [(protocol, node)] => {
            let key = fields.key(protocol).map_or_else(|| node.span.clone(), |key| key.span.clone());
            reader.not_yet(&(key.start..node.span.end), format_args!("matching by `{protocol}`"));
            None
        }
        [] => {
            let diagnostic =
                Diagnostic::error(Code::Missing, fields.span.clone(), "no API call performs this activity");
            reader
                .found
                .push(diagnostic.help("name one: `http: POST /orders/{orderId}/payment`, or several under `any:`"));
            None
        }
        [(first, _), .., (_, second)] => {
            let title = format!("`{first}` is given beside another way to match");
            let diagnostic = Diagnostic::error(Code::WrongShape, second.span.clone(), title);
            reader.found.push(diagnostic.help("put alternatives into a list: `any: [{...}, {...}]`"));
            None
        }
    }
}

/// Reads `{mutation: addPaymentToOrder}`: exactly one sort of call, with its name.
fn call(
    reader: &mut Reader,
    protocol: &'static str,
    kinds: &'static [&'static str],
    node: &Node,
) -> Option<CallMatcher> {
    let fields = reader.mapping(node, &format!("`{protocol}`"), kinds)?;
    let given: Vec<_> = kinds.iter().filter_map(|kind| fields.get(kind).map(|node| (*kind, node))).collect();
    let [(kind, node)] = given.as_slice() else {
        let title = format!("`{protocol}` takes one of: {}", kinds.join(", "));
        let example = kinds.first().copied().unwrap_or_default();
        let help = format!("name what is called: `{protocol}: {{{example}: NAME}}`; several go under `any:`");
        reader.found.push(Diagnostic::error(Code::WrongShape, node.span.clone(), title).help(help));
        return None;
    };
    let name = reader.text(node, &format!("`{kind}`"))?;
    Some(CallMatcher { protocol, kind, name: Arc::from(name) })
}

/// Reads `shop.Orders/View`: a call of gRPC is a `POST` to service and method.
fn grpc_method(reader: &mut Reader, node: &Node) -> Option<Matcher> {
    let text = reader.text(node, "`grpc`")?;
    let name = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let service = |text: &str| text.split('.').all(name);
    match text.strip_prefix('/').unwrap_or(text).split_once('/').filter(|(of, method)| service(of) && name(method)) {
        Some((service, method)) => Some(Matcher {
            method: Some(Arc::from("POST")),
            template: vec![Segment::Literal(Arc::from(service)), Segment::Literal(Arc::from(method))],
            host: None,
            condition: None,
            call: None,
        }),
        None => {
            let title = "this is not a service and its method";
            let diagnostic = Diagnostic::error(Code::BadTemplate, node.span.clone(), title);
            reader.found.push(
                diagnostic
                    .label("not `package.Service/Method`")
                    .help("write both as in the .proto file, the package before the service: `shop.Orders/View`"),
            );
            None
        }
    }
}

/// Reads `POST /orders/{orderId}/payment`.
fn template(reader: &mut Reader, node: &Node) -> Option<Matcher> {
    let text = reader.text(node, "`http`")?;
    match parse_template(text) {
        Ok((method, template)) => {
            if let Some(method) = method.as_deref().filter(|method| !METHODS.contains(method)) {
                misspelt_method(reader, method, part_of(node, text, method));
            }
            Some(Matcher { method, template, host: None, call: None, condition: None })
        }
        Err((part, label, help)) => {
            let title = "this is not a method and a path template";
            let diagnostic = Diagnostic::error(Code::BadTemplate, part_of(node, text, &part), title);
            let names = METHODS.iter().map(|name| (*name, 0..0)).filter(|_| label == NO_METHOD);
            reader.found.push(diagnostic.label(label).help(help).nearest(&part, "method", names));
            None
        }
    }
}

/// Where a part of a text stands.
fn part_of(node: &Node, text: &str, part: &str) -> Span {
    let start = match &node.shape {
        Shape::Scalar(scalar) => scalar.exact,
        _ => None,
    };
    let at = text.find(part).unwrap_or(0);
    start.map_or(node.span.clone(), |start| start + at..start + at + part.len())
}

/// Warns of a method that nobody registered and that is spelt nearly like one. Others may be an application's own.
fn misspelt_method(reader: &mut Reader, method: &str, span: Span) {
    if let Some(near) = nearest_name(method, METHODS) {
        let title = format!("`{method}` is no method that is known");
        let diagnostic = Diagnostic::warning(Code::BadTemplate, span, title);
        reader.found.push(diagnostic.label("no request may ever match").help(format!("did you mean `{near}`?")));
    }
}

/// Methods that are registered, and those that caches and stores add.
const METHODS: [&str; 44] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "ACL",
    "BIND",
    "UNBIND",
    "REBIND",
    "CHECKIN",
    "CHECKOUT",
    "UNCHECKOUT",
    "LABEL",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "BASELINE-CONTROL",
    "ORDERPATCH",
    "PRI",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "LINK",
    "UNLINK",
    "PURGE",
    "BAN",
    "LIST",
    "NOTIFY",
];
const NO_METHOD: &str = "not a method in upper case";

/// Whether a text is what `http:` takes.
pub(in crate::model) fn is_template(text: &str) -> bool {
    parse_template(text).is_ok()
}

type Template = (Option<Arc<str>>, Vec<Segment>);

/// Method and segments, or the faulty part with what is wrong and what helps.
fn parse_template(text: &str) -> Result<Template, (String, &'static str, &'static str)> {
    const SHAPE: &str = "write a method, a space and a path: `POST /orders/{orderId}/payment`";
    let Some((method, path)) = text.split_once(' ').map(|(method, path)| (method, path.trim())) else {
        return Err((text.to_owned(), "method or path is missing", SHAPE));
    };
    let any = method == "*";
    if !any && (method.is_empty() || !method.chars().all(|c| c.is_ascii_uppercase() || c == '-')) {
        return Err((method.to_owned(), NO_METHOD, SHAPE));
    }
    let Some(segments) = path.strip_prefix('/') else {
        return Err((path.to_owned(), "a path starts with `/`", SHAPE));
    };
    if let Some(query) = path.find('?').and_then(|at| path.get(at..)) {
        return Err((query.to_owned(), "a template has no query", "put it into `where: \"query.name == 'value'\"`"));
    }
    let mut template = Vec::new();
    let count = segments.split('/').count();
    for (at, part) in segments.split('/').enumerate() {
        template.push(segment(part, at + 1 == count, &template)?);
    }
    Ok(((!any).then(|| Arc::from(method)), template))
}

fn segment(part: &str, last: bool, before: &[Segment]) -> Result<Segment, (String, &'static str, &'static str)> {
    let fail = |label, help| Err((part.to_owned(), label, help));
    if part == "**" {
        return if last { Ok(Segment::Rest) } else { fail("`**` takes the rest", "it stands at the end only") };
    }
    if part.starts_with(':') {
        return fail("not a parameter", "a parameter is written in braces: `{orderId}`");
    }
    if !part.contains(['{', '}', ' ', '*']) {
        return Ok(Segment::Literal(Arc::from(part)));
    }
    if part.contains([' ', '*']) {
        return fail("neither a word nor a parameter", "a parameter is written in braces, and `**` takes the rest");
    }
    let pieces = match pieces(part) {
        Ok(pieces) => pieces,
        Err(why) => return fail(why, "a parameter is written in braces: `{orderId}`"),
    };
    let mut names: Vec<&Arc<str>> = before.iter().flat_map(Segment::parameters).collect();
    for piece in &pieces {
        let Piece::Parameter(name) = piece else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            return fail("no name of a parameter", "a name has letters, digits, `_` and `-`: `{orderId}`");
        }
        if names.contains(&name) {
            return fail("this parameter is there already", "give it another name");
        }
        names.push(name);
    }
    if let [Piece::Parameter(name)] = pieces.as_slice() {
        return Ok(Segment::Parameter(Arc::clone(name)));
    }
    let side_by_side = "nothing tells where one parameter ends and the next begins";
    Pattern::new(pieces).map(Segment::Pattern).map_or_else(|| fail(side_by_side, "put text between them"), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split_into_segments() {
        let (method, segments) = parse_template("POST /orders/{orderId}/payment").unwrap();
        assert_eq!(method.as_deref(), Some("POST"));
        let parameter = Segment::Parameter("orderId".into());
        assert_eq!(segments, [Segment::Literal("orders".into()), parameter, Segment::Literal("payment".into())]);
        let (method, segments) = parse_template("* /static/**").unwrap();
        assert_eq!((method, segments.last()), (None, Some(&Segment::Rest)));
        assert_eq!(parse_template("GET /").unwrap().1, [Segment::Literal("".into())]);
        let shown = |text: &str| parse_template(text).unwrap().1.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown("POST /orders/{id}:cancel"), ["orders", "{id}:cancel"]);
        assert_eq!(shown("GET /Orders('{id}')/Items({item}).json"), ["Orders('{id}')", "Items({item}).json"]);
        for wrong in [
            "",
            "GET",
            "get /a",
            "GET a",
            "GET /a?b=c",
            "GET /**/a",
            "GET /:id",
            "GET /{a}{b}",
            "GET /{a}:{a}",
            "GET /{a",
            "GET /a}",
            "GET /{a b}",
            "GET /{a}/{a}",
            "GET /{}",
        ] {
            assert!(parse_template(wrong).is_err(), "{wrong}");
        }
    }
}
