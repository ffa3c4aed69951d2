//! Which requests a reproduction needs, and what of them is filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::variable::{Names, plain};
use super::{Body, Candidate, Capture, Key, Part, Place, Reproduction, Step, Template};
use crate::finding::text::display;
use crate::report::evidence::{FieldKind, Shape, ShownBody, ShownField};

/// Most requests.
const STEPS: usize = 200;
/// Header fields that a client, a proxy or a browser adds by itself.
const BY_ITSELF: [&str; 16] = [
    "cdn-loop",
    "content-length",
    "dnt",
    "forwarded",
    "host",
    "origin",
    "priority",
    "referer",
    "tracestate",
    "traceparent",
    "upgrade-insecure-requests",
    "via",
    "x-correlation-id",
    "x-real-ip",
    "x-request-id",
    "x-requested-with",
];
/// Parts of names of header fields that are secret and new with each request.
const ONCE: [&str; 4] = ["idempotency", "nonce", "signature", "csrf"];

/// Chooses the steps and writes them.
pub(super) fn plan(title: &str, candidates: &[Candidate<'_>]) -> Reproduction {
    let (requests, messages) = requests(candidates);
    let ids = Ids::of(&requests);
    let looks: Vec<Look> = requests.iter().map(|candidate| Look::of(candidate, &ids)).collect();
    let given = given(&looks);
    let mut chosen = begin(&requests);
    close(&mut chosen, &looks, &given);
    let mut notes = Vec::new();
    if messages > 0 {
        notes.push(format!("{messages} messages on WebSockets are no requests, and are left out"));
    }
    if chosen.len() > STEPS {
        notes.push(format!("{} requests before these are left out", chosen.len() - STEPS));
        chosen = chosen.split_off(&chosen.iter().rev().nth(STEPS - 1).copied().unwrap_or_default());
    }
    let unseen = chosen.iter().filter(|at| requests.get(**at).is_some_and(|c| c.exchange.is_none())).count();
    if unseen > 0 {
        notes.push(format!("of {unseen} requests only method and path are known: their input was not read again"));
    }
    let host = requests.iter().find_map(|c| c.exchange?.request.as_ref()?.host.as_deref()).unwrap_or_default();
    let mut writing = Writing { ids: &ids, names: Names::default(), host };
    let mut steps = Vec::new();
    for &at in &chosen {
        let (Some(candidate), Some(look)) = (requests.get(at), looks.get(at)) else { continue };
        let later =
            |id: &&String| chosen.range(at + 1..).any(|next| looks.get(*next).is_some_and(|l| l.used.contains(*id)));
        let taken: Vec<&String> = look.gives.keys().filter(|id| given.get(*id) == Some(&at)).filter(later).collect();
        steps.push(writing.step(candidate, look, &taken, steps.len() + 1));
    }
    Reproduction { title: display(title), variables: writing.names.all(), steps, notes }
}

/// One candidate an exchange, in order; and how many are no requests.
fn requests<'a>(candidates: &[Candidate<'a>]) -> (Vec<Candidate<'a>>, usize) {
    let mut requests: Vec<Candidate<'a>> = Vec::new();
    let mut by_place: BTreeMap<&str, usize> = BTreeMap::new();
    let mut messages = 0;
    for candidate in candidates {
        let origin = candidate.event.origin.as_str();
        let (file, within) = origin.rsplit_once('#').unwrap_or((origin, ""));
        if within.contains(",message=") {
            messages += 1;
            continue;
        }
        let place = within.split(',').next().unwrap_or_default();
        let place = origin.get(..file.len() + 1 + place.len()).unwrap_or(origin);
        match by_place.get(place).and_then(|at| requests.get_mut(*at)) {
            Some(known) => {
                known.evidence |= candidate.evidence;
                known.deviating |= candidate.deviating;
            }
            None => {
                by_place.insert(place, requests.len());
                requests.push(candidate.clone());
            }
        }
    }
    (requests, messages)
}

/// What surely belongs: the evidence, and what changed a state before the last deviation.
fn begin(requests: &[Candidate<'_>]) -> BTreeSet<usize> {
    let Some(last) = requests.iter().rposition(|candidate| candidate.deviating) else {
        return (0..requests.len()).collect();
    };
    let moved = |c: &Candidate<'_>| {
        c.event.outcome == "accepted" && !c.event.state.is_empty() && c.event.state != c.event.before
    };
    let belongs = |(_, c): &(usize, &Candidate<'_>)| c.evidence || c.deviating || moved(c);
    requests.iter().enumerate().take(last + 1).filter(belongs).map(|(at, _)| at).collect()
}

/// The request whose answer gives an id that no request before had.
fn given(looks: &[Look]) -> BTreeMap<&String, usize> {
    let mut used: BTreeSet<&String> = BTreeSet::new();
    let mut given = BTreeMap::new();
    for (at, look) in looks.iter().enumerate() {
        used.extend(&look.used);
        for id in look.gives.keys().filter(|id| !used.contains(id)) {
            given.entry(id).or_insert(at);
        }
    }
    given
}

/// Adds the requests whose answers give what the others need.
fn close(chosen: &mut BTreeSet<usize>, looks: &[Look], given: &BTreeMap<&String, usize>) {
    let mut open: Vec<usize> = chosen.iter().copied().collect();
    while let Some(at) = open.pop() {
        let needed = looks.get(at).into_iter().flat_map(|look| &look.used);
        for giver in needed.filter_map(|id| given.get(id)).filter(|giver| **giver < at) {
            if chosen.insert(*giver) {
                open.push(*giver);
            }
        }
    }
}

/// Ids that events name, and the type of each.
struct Ids(BTreeMap<String, String>);

impl Ids {
    fn of(requests: &[Candidate<'_>]) -> Ids {
        let mut ids = BTreeMap::new();
        for (object_type, key) in
            requests.iter().flat_map(|c| &c.event.objects).filter_map(|object| object.split_once(':'))
        {
            for id in [key].into_iter().chain(key.rsplit('/').next()).filter(|id| !id.is_empty()) {
                ids.entry(id.to_owned()).or_insert_with(|| object_type.to_owned());
            }
        }
        Ids(ids)
    }
}

/// Ids in one exchange.
#[derive(Default)]
struct Look {
    /// Those that the request has.
    used: BTreeSet<String>,
    /// Those that the answer has, and where first.
    gives: BTreeMap<String, Place>,
}

impl Look {
    fn of(candidate: &Candidate<'_>, ids: &Ids) -> Look {
        let mut look = Look::default();
        let (_, path) = method_and_path(candidate);
        look.used.extend(segments(path).filter(|segment| ids.0.contains_key(*segment)).map(str::to_owned));
        let Some(exchange) = candidate.exchange else { return look };
        if let Some(request) = &exchange.request {
            let query = request.target.split_once('?').map_or("", |(_, query)| query);
            let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
            look.used.extend(values.filter(|value| ids.0.contains_key(*value)).map(str::to_owned));
            let mut found = BTreeMap::new();
            request.body.shape().iter().for_each(|shape| places(shape, &mut Vec::new(), ids, &mut found));
            look.used.extend(found.into_keys());
        }
        if let Some(response) = &exchange.response {
            if let Some(location) = response.headers.iter().find(|f| f.name.eq_ignore_ascii_case("location")) {
                let ids = segments(&location.value).enumerate().filter(|(_, id)| ids.0.contains_key(*id));
                look.gives.extend(ids.map(|(at, id)| (id.to_owned(), Place::Location(at))));
            }
            // A body is the better place: every format can take a member of it.
            response.body.shape().iter().for_each(|shape| places(shape, &mut Vec::new(), ids, &mut look.gives));
        }
        look
    }
}

/// Places of ids, the first of each; those behind a name that is not shown cannot be reached. As deep as bodies are read.
fn places(shape: &Shape, path: &mut Vec<Key>, ids: &Ids, found: &mut BTreeMap<String, Place>) {
    match shape {
        Shape::Id { text, .. } if ids.0.contains_key(text) && !matches!(found.get(text), Some(Place::Body(_))) => {
            found.insert(text.clone(), Place::Body(path.clone()));
        }
        Shape::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(Key::Index(at));
                places(item, path, ids, found);
                path.pop();
            }
        }
        Shape::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| name != "*") {
                path.push(Key::Member(name.clone()));
                places(member, path, ids, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn method_and_path<'a>(candidate: &Candidate<'a>) -> (&'a str, &'a str) {
    let (method, target) = candidate.event.request.split_once(' ').unwrap_or((&candidate.event.request, "/"));
    (method, target.split('?').next().unwrap_or_default())
}

/// Segments behind the first slash.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Whether a text stands for a value that is not shown: `[secret#1f3a9c0b77d2]`, `p1f3a9c0b77d2`, `a…@b.example#...`.
fn stands_in(text: &str) -> bool {
    let hex = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    text.contains("[") && text.contains('#') || text.contains('…') || text.strip_prefix('p').is_some_and(hex)
}

struct Writing<'a> {
    ids: &'a Ids,
    names: Names,
    /// The first host that is known.
    host: &'a str,
}

impl Writing<'_> {
    fn step(&mut self, candidate: &Candidate<'_>, look: &Look, taken: &[&String], number: usize) -> Step {
        let event = candidate.event;
        let (method, path) = method_and_path(candidate);
        let request = candidate.exchange.and_then(|exchange| exchange.request.as_ref());
        let host = request.and_then(|request| request.host.as_deref()).unwrap_or(self.host);
        let base = self.names.of("host", host, "base", || {
            let seen = if host.is_empty() { String::new() } else { format!(" (in the traffic {})", display(host)) };
            format!("scheme and host of a system that you may test, e.g. https://staging.example{seen}")
        });
        let who = actor(event.principal.as_deref(), event.agent.as_deref());
        let query = request.and_then(|request| request.target.split_once('?')).map_or("", |(_, query)| query);
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), self.word(value, name, number))
        });
        let query = query.collect();
        let path = segments(path).map(|segment| self.word(segment, "path_value", number)).collect();
        let headers = match request {
            Some(request) => self.headers(&request.headers, &who, number),
            None if event.principal.is_some() || event.agent.is_some() => {
                vec![("Authorization".to_owned(), self.credential(&who, "Authorization", ""))]
            }
            None => Vec::new(),
        };
        let body = request.and_then(|request| self.body(&request.body, number));
        let captures = taken.iter().filter_map(|id| {
            let place = look.gives.get(*id)?.clone();
            Some(Capture { variable: self.id(id)?, place })
        });
        let captures = captures.collect();
        Step {
            activity: display(&event.activity),
            seen: display(&format!("{who}, {}, {}", event.time, event.origin)),
            method: if method.bytes().all(|b| b.is_ascii_uppercase()) { method } else { "GET" }.to_owned(),
            base,
            path,
            query,
            headers,
            body,
            status: event.status,
            deviating: candidate.deviating,
            captures,
        }
    }

    /// The variable of an id.
    fn id(&mut self, id: &str) -> Option<String> {
        let object_type = self.ids.0.get(id)?.clone();
        let meaning = || format!("id of a {} (in the traffic {})", display(&object_type), display(id));
        Some(self.names.of("id", id, &format!("{object_type}_id"), meaning))
    }

    /// A piece of a path or query.
    fn word(&mut self, text: &str, name: &str, number: usize) -> Part {
        if let Some(name) = self.id(text) {
            return Part::Variable(name);
        }
        if stands_in(text) {
            let meaning = || format!("{} of step {number}: a value that is not shown", display(name));
            return Part::Variable(self.names.of("text", text, name, meaning));
        }
        Part::Text(text.to_owned())
    }

    fn credential(&mut self, who: &str, name: &str, shown: &str) -> Part {
        let scheme = shown.split_once(' ').map(|(scheme, _)| format!(", `{scheme} ...`")).unwrap_or_default();
        let once = ONCE.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let thing = format!("{who} {} {}", name.to_ascii_lowercase(), if once { shown } else { "" });
        let meaning = || format!("value of the header {} of {}{scheme}", display(name), display(who));
        let word = format!("{}_{}", plain(who), plain(name));
        Part::Variable(self.names.of("credential", &thing, &word, meaning))
    }

    fn headers(&mut self, fields: &[ShownField], who: &str, number: usize) -> Vec<(String, Part)> {
        let mut headers = Vec::new();
        for field in fields {
            let name = field.name.to_ascii_lowercase();
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            let by_itself = BY_ITSELF.contains(&&*name)
                || ["sec-", "x-forwarded-", "x-b3-", "x-envoy-", "cf-"].iter().any(|prefix| name.starts_with(prefix));
            if !is_name || by_itself {
                continue;
            }
            let value = match field.kind {
                FieldKind::Value if name == "content-type" && is_media(&field.value) => Part::Text(field.value.clone()),
                FieldKind::Value => continue,
                FieldKind::Credential => self.credential(who, &field.name, &field.value),
                FieldKind::Hidden => {
                    let meaning = || format!("header {} of step {number}: a value that is not shown", field.name);
                    Part::Variable(self.names.of("header", &format!("{name} {}", field.value), &name, meaning))
                }
            };
            headers.push((field.name.clone(), value));
        }
        headers
    }

    fn body(&mut self, body: &ShownBody, number: usize) -> Option<Body> {
        match body {
            ShownBody::Json { shape, .. } => Some(Body::Json(self.template(shape, "value", number, "")?)),
            ShownBody::Form { shape: Shape::Object(fields), .. } => {
                let mut pairs = Vec::new();
                for (name, shape) in fields.iter().filter(|(name, _)| name != "*") {
                    if let Some(Template::Variable { name: variable, .. }) = self.template(shape, name, number, "") {
                        pairs.push((name.clone(), Part::Variable(variable)));
                    }
                }
                Some(Body::Form(pairs))
            }
            _ => None,
        }
    }

    /// A value with variables; none of what was cut.
    fn template(&mut self, shape: &Shape, member: &str, number: usize, place: &str) -> Option<Template> {
        let (what, quoted) = match shape {
            Shape::More => return None,
            Shape::Null => return Some(Template::Null),
            Shape::Id { text, number } if self.ids.0.contains_key(text) => {
                return Some(Template::Variable { name: self.id(text)?, quoted: !number });
            }
            Shape::List(items) => {
                let items = items.iter().enumerate();
                let items = items.filter_map(|(at, s)| self.template(s, member, number, &format!("{place}/{at}")));
                return Some(Template::List(items.collect()));
            }
            Shape::Object(members) => {
                let mut object = Vec::new();
                for (name, shape) in members.iter().filter(|(name, _)| name != "*") {
                    if let Some(value) = self.template(shape, name, number, &format!("{place}/{name}")) {
                        object.push((name.clone(), value));
                    }
                }
                return Some(Template::Object(object));
            }
            Shape::Number => ("a number", false),
            Shape::Boolean => ("true or false", false),
            Shape::Secret => ("a secret", true),
            Shape::Text | Shape::Id { .. } => ("a text", true),
        };
        let meaning = || format!("`{}` in the body of step {number}: {what}", display(member));
        let thing = format!("{number}{place}/{member}");
        Some(Template::Variable { name: self.names.of("value", &thing, member, meaning), quoted })
    }
}

fn actor(principal: Option<&str>, agent: Option<&str>) -> String {
    match (principal, agent) {
        (Some(principal), Some(agent)) => format!("{principal} ({agent})"),
        (Some(who), None) | (None, Some(who)) => who.to_owned(),
        (None, None) => "nobody known".to_owned(),
    }
}

/// Whether a text is a media type and nothing else.
fn is_media(text: &str) -> bool {
    text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+-.;= _".contains(&b))
}
