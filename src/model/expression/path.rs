//! Paths: what a dotted name means at its place.

use std::ops::Range;
use std::sync::Arc;

use super::{Kind, Path, Root};
use crate::model::diagnostic::Diagnostic;
use crate::model::outline::{ActivityOutline, AttributeOutline, ObjectOutline, Outline};
use crate::model::{ActivityId, Code, ObjectTypeId};

/// Most fields of a path.
const FIELDS: usize = 32;

/// Names that start a path of an exchange.
const EXCHANGE_ROOTS: [(&str, Root); 16] = [
    ("path", Root::PathParameter),
    ("query", Root::Query),
    ("req", Root::RequestBody),
    ("res", Root::ResponseBody),
    ("header", Root::RequestHeader),
    ("res_header", Root::ResponseHeader),
    ("cookie", Root::Cookie),
    ("jwt", Root::Jwt),
    ("host", Root::Host),
    ("mtls", Root::Mtls),
    ("mcp", Root::Mcp),
    ("args", Root::Arguments),
    ("log", Root::Log),
    ("method", Root::Message),
    ("status", Root::Message),
    ("target", Root::Message),
];

const ACTOR_FIELDS: [&str; 6] = ["principal", "agent", "client", "kind", "roles", "tenant"];

/// Where an expression or path stands, hence what it may name.
#[derive(Clone, Debug)]
pub(in crate::model) enum Place {
    /// Read from one exchange, before anything else is known.
    Exchange,
    /// Read from one exchange; the actor is known too.
    Actor,
    /// Decided while a case is compared. `event` is one of these activities; any when empty.
    Case(Vec<ActivityId>),
}

impl Place {
    fn allows(&self, root: &Root) -> bool {
        match self {
            Place::Exchange => root.is_exchange(),
            Place::Actor => root.is_exchange() || *root == Root::Actor,
            Place::Case(_) => true,
        }
    }
}

type Resolved = Result<(Path, Kind), Box<Diagnostic>>;

/// Whether a word cannot name an object type, because it starts another kind of path.
pub(in crate::model) fn is_reserved(word: &str) -> bool {
    matches!(word, "event" | "actor" | "true" | "false" | "null" | "in")
        || EXCHANGE_ROOTS.iter().any(|(name, _)| *name == word)
}

/// Reads a path written outside of an expression: `res.orders.*.id`, `header.x-api-key`, `req.items[0].sku`.
pub(in crate::model) fn path_of_text(text: &str, outline: &Outline, place: &Place) -> Resolved {
    let bad = |span: Range<usize>, label: &str| {
        Box::new(Diagnostic::error(Code::BadPath, span, "this is not a path").label(label))
    };
    let mut parts: Vec<(String, Range<usize>)> = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), '.')]) {
        match c {
            '.' | '[' | ']' => {
                let word = text.get(start..at).unwrap_or_default().trim_matches(['\'', '"']);
                let after_bracket = text.get(..start).is_some_and(|before| before.ends_with(']'));
                if !word.is_empty() {
                    parts.push((word.to_owned(), start..at));
                } else if !after_bracket {
                    return Err(bad(start..at.max(start + 1).min(text.len()), "a field's name is missing"));
                }
                start = at + 1;
            }
            c if c.is_whitespace() || "(){},;&|=<>!@".contains(c) => {
                return Err(bad(at..at + c.len_utf8(), "not part of a path"));
            }
            _ => {}
        }
    }
    resolve(&parts, outline, place)
}

/// Gives a dotted name its meaning.
pub(in crate::model) fn resolve(parts: &[(String, Range<usize>)], outline: &Outline, place: &Place) -> Resolved {
    let Some(((first, first_span), rest)) = parts.split_first() else {
        return Err(Box::new(Diagnostic::error(Code::BadPath, 0..0, "this path is empty")));
    };
    let Some(root) = root_of(first, outline) else { return Err(unknown_root(first, first_span, outline, place)) };
    let whole = first_span.start..rest.last().map_or(first_span.end, |(_, span)| span.end);
    if !place.allows(&root) {
        let title = format!("`{first}` has no meaning here");
        let label = "only what the exchange itself holds is known here";
        return Err(Box::new(Diagnostic::error(Code::UnknownName, first_span.clone(), title).label(label)));
    }
    if parts.len() > FIELDS {
        let title = format!("a path has at most {FIELDS} fields");
        return Err(Box::new(Diagnostic::error(Code::BadPath, whole, title)));
    }
    let text: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    let mut fields: Vec<Arc<str>> = rest.iter().map(|(name, _)| Arc::from(name.as_str())).collect();
    let kind = match &root {
        Root::Message => {
            fields = vec![Arc::from(first.as_str())];
            no_fields(first, rest)?;
            if first == "status" { Kind::Number } else { Kind::Text }
        }
        Root::PathParameter => {
            one_field(first, &whole, rest)?;
            check_parameter(rest, outline)?;
            Kind::Text
        }
        Root::Query | Root::RequestHeader | Root::ResponseHeader | Root::Cookie => {
            one_field(first, &whole, rest)?;
            if matches!(root, Root::RequestHeader | Root::ResponseHeader) {
                fields = fields.iter().map(|field| Arc::from(field.to_ascii_lowercase())).collect();
            }
            Kind::Text
        }
        Root::RequestBody | Root::ResponseBody | Root::Jwt | Root::Mcp | Root::Arguments | Root::Log | Root::Mtls => {
            if fields.iter().any(|field| &**field == "*") {
                Kind::List(Box::new(Kind::Any))
            } else {
                Kind::Any
            }
        }
        Root::Host => {
            host_fields(&whole, rest)?;
            Kind::Text
        }
        Root::Actor => {
            let (field, span) = one_field(first, &whole, rest)?;
            if !ACTOR_FIELDS.contains(&field) {
                return Err(unknown_field("actor", field, span, ACTOR_FIELDS.map(|f| (f, 0..0))));
            }
            if field == "roles" { Kind::List(Box::new(Kind::Text)) } else { Kind::Text }
        }
        Root::Event => event_field(&whole, rest, outline, place)?,
        Root::Object(id) => {
            let (normal, kind) = object_fields(*id, rest, outline)?;
            fields = normal;
            kind
        }
    };
    let text = match root {
        Root::RequestHeader | Root::ResponseHeader => format!("{first}.{}", fields.join(".")),
        _ => text.join("."),
    };
    Ok((Path { text: Arc::from(text), root, fields }, kind))
}

fn root_of(name: &str, outline: &Outline) -> Option<Root> {
    match name {
        "event" => Some(Root::Event),
        "actor" => Some(Root::Actor),
        _ => {
            let known = EXCHANGE_ROOTS.iter().find(|(root, _)| *root == name).map(|(_, root)| root.clone());
            known.or_else(|| outline.object(name).map(Root::Object))
        }
    }
}

fn unknown_root(name: &str, span: &Range<usize>, outline: &Outline, place: &Place) -> Box<Diagnostic> {
    let roots = EXCHANGE_ROOTS.iter().map(|(root, _)| (*root, 0..0));
    let mut names: Vec<(&str, Range<usize>)> = roots.collect();
    let label = if place.allows(&Root::Event) {
        names.extend([("event", 0..0), ("actor", 0..0)]);
        names.extend(outline.object_names());
        "a path starts with a part of the exchange, `event`, `actor` or an object type"
    } else {
        "a path starts with a part of the exchange, such as `req`, `res`, `path` or `header`"
    };
    let title = format!("unknown name `{name}`");
    let diagnostic = Diagnostic::error(Code::UnknownName, span.clone(), title).label(label);
    Box::new(diagnostic.nearest(name, "object type", names))
}

fn unknown_field<'a>(
    of: &str,
    field: &str,
    span: &Range<usize>,
    names: impl IntoIterator<Item = (&'a str, Range<usize>)>,
) -> Box<Diagnostic> {
    let title = format!("nothing sets `{of}.{field}`");
    let names: Vec<_> = names.into_iter().collect();
    let known: Vec<String> = names.iter().map(|(name, _)| format!("`{name}`")).collect();
    let diagnostic = Diagnostic::error(Code::UnknownAttribute, span.clone(), title).label("no attribute has this name");
    let diagnostic = diagnostic.nearest(field, "attribute", names);
    Box::new(if known.is_empty() { diagnostic } else { diagnostic.help(format!("`{of}` has {}", known.join(", "))) })
}

fn no_fields(root: &str, rest: &[(String, Range<usize>)]) -> Result<(), Box<Diagnostic>> {
    match rest.first() {
        None => Ok(()),
        Some((_, span)) => {
            Err(Box::new(Diagnostic::error(Code::BadPath, span.clone(), format!("`{root}` has no fields"))))
        }
    }
}

fn one_field<'a>(
    root: &str,
    whole: &Range<usize>,
    rest: &'a [(String, Range<usize>)],
) -> Result<(&'a str, &'a Range<usize>), Box<Diagnostic>> {
    match rest {
        [(field, span)] => Ok((field, span)),
        _ => {
            let title = format!("`{root}` takes one name: `{root}.name`");
            Err(Box::new(Diagnostic::error(Code::BadPath, whole.clone(), title)))
        }
    }
}

fn check_parameter(rest: &[(String, Range<usize>)], outline: &Outline) -> Result<(), Box<Diagnostic>> {
    let (Some((name, span)), Some(parameters)) = (rest.first(), &outline.parameters) else { return Ok(()) };
    if parameters.contains(name) {
        return Ok(());
    }
    let title = format!("no path template has the parameter `{name}`");
    let names = parameters.iter().map(|parameter| (parameter.as_str(), 0..0));
    let diagnostic = Diagnostic::error(Code::UnknownName, span.clone(), title).nearest(name, "parameter", names);
    let known: Vec<String> = parameters.iter().take(12).map(|parameter| format!("`{parameter}`")).collect();
    Err(Box::new(match known.as_slice() {
        [] => diagnostic.help("a parameter is part of an activity's template: `http: GET /orders/{orderId}`"),
        known => diagnostic.help(format!("the templates have {}", known.join(", "))),
    }))
}

fn host_fields(whole: &Range<usize>, rest: &[(String, Range<usize>)]) -> Result<(), Box<Diagnostic>> {
    match rest {
        [] => Ok(()),
        [(label, _), (number, _)] if label == "label" && number.parse::<u8>().is_ok() => Ok(()),
        _ => {
            let title = "`host` is the whole name, `host.label.0` its first label";
            Err(Box::new(Diagnostic::error(Code::BadPath, whole.clone(), title)))
        }
    }
}

fn event_field(
    whole: &Range<usize>,
    rest: &[(String, Range<usize>)],
    outline: &Outline,
    place: &Place,
) -> Result<Kind, Box<Diagnostic>> {
    let (field, span) = one_field("event", whole, rest)?;
    let Place::Case(activities) = place else { return Ok(Kind::Any) };
    let judged: Vec<_> = if activities.is_empty() {
        outline.activities.iter().collect()
    } else {
        activities.iter().filter_map(|id| outline.activity_at(*id)).collect()
    };
    let attributes = || judged.iter().flat_map(|activity| &activity.attributes);
    let kinds = attributes().filter(|attribute| &*attribute.name == field).map(|attribute| attribute.kind.clone());
    match kinds.reduce(|a, b| a.join(&b)) {
        Some(kind) => Ok(kind),
        None if field == "time" => Ok(Kind::Time),
        None => {
            let names =
                attributes().map(|attribute| (&*attribute.name, attribute.span.clone())).chain([("time", 0..0)]);
            let mut diagnostic = unknown_field("event", field, span, names);
            if let [activity] = judged.as_slice() {
                diagnostic
                    .helps
                    .push(format!("declare it: `attrs: {{{field}: ...}}` at the activity `{}`", activity.name));
            }
            Err(diagnostic)
        }
    }
}

/// Fields below an object: an attribute of its own, or a child type and its attribute.
fn object_fields(
    id: ObjectTypeId,
    rest: &[(String, Range<usize>)],
    outline: &Outline,
) -> Result<(Vec<Arc<str>>, Kind), Box<Diagnostic>> {
    let Some(object) = outline.object_at(id) else { return Ok((Vec::new(), Kind::Any)) };
    match rest {
        [] => Ok((Vec::new(), Kind::Text)),
        [(field, span)] => Ok((vec![Arc::from(field.as_str())], own_field(object, field, span, outline)?)),
        [(child, child_span), (field, span)] => {
            let Some(below) = outline.descendant(id, child).and_then(|below| outline.object_at(below)) else {
                let title = format!("no object type `{child}` belongs to `{}`", object.name);
                let diagnostic = Diagnostic::error(Code::UnknownObject, child_span.clone(), title);
                return Err(Box::new(diagnostic.nearest(child, "object type", outline.object_names())));
            };
            let kind = object_field(below, field, span)?;
            Ok((vec![Arc::clone(&below.name), Arc::from(field.as_str())], Kind::List(Box::new(kind))))
        }
        [.., (_, span)] => {
            let title = "an object's attribute has no fields";
            Err(Box::new(Diagnostic::error(Code::BadPath, span.clone(), title)))
        }
    }
}

/// A field of an object. Where an activity of the same name has it, the mistake is to have meant that one.
fn own_field(
    object: &ObjectOutline,
    field: &str,
    span: &Range<usize>,
    outline: &Outline,
) -> Result<Kind, Box<Diagnostic>> {
    object_field(object, field, span).map_err(|mut diagnostic| {
        let namesake = outline.activity(&object.name).and_then(|id| outline.activity_at(id));
        let has = |activity: &&ActivityOutline| activity.attributes.iter().any(|own| &*own.name == field);
        if let Some(activity) = namesake.filter(has) {
            let name = &activity.name;
            diagnostic.helps.push(format!(
                "`{name}` means the object here; the activity `{name}` has `{field}`: where it is the judged one, write \
                 `event.{field}`"
            ));
        }
        diagnostic
    })
}

fn object_field(object: &ObjectOutline, field: &str, span: &Range<usize>) -> Result<Kind, Box<Diagnostic>> {
    let unset = |needs: &str| {
        let title = format!("nothing sets `{}.{field}`", object.name);
        let diagnostic = Diagnostic::error(Code::UnknownAttribute, span.clone(), title);
        Box::new(diagnostic.note(object.span.clone(), needs).label("this is never known"))
    };
    let built_in = |set: bool, needs: &str| if set { Ok(Kind::Text) } else { Err(unset(needs)) };
    match field {
        // An object without `tenant:` has that of its creation.
        "key" | "tenant" => Ok(Kind::Text),
        "state" => built_in(object.states.is_some() || object.declares_state, "has neither a lifecycle nor `state:`"),
        "owner" => built_in(object.has_owner, "has no `owner:`"),
        _ => match object.attributes.iter().find(|attribute| &*attribute.name == field) {
            Some(attribute) => Ok(attribute.kind.clone()),
            None => Err(unknown_field(&object.name, field, span, attribute_names(&object.attributes))),
        },
    }
}

fn attribute_names(attributes: &[AttributeOutline]) -> impl Iterator<Item = (&str, Range<usize>)> {
    attributes.iter().map(|attribute| (&*attribute.name, attribute.span.clone()))
}

/// Names of attributes that every object has, which a declared one would hide.
pub(in crate::model) fn is_built_in(field: &str) -> bool {
    matches!(field, "key" | "state" | "owner" | "tenant")
}
