//! Objects without a model: ids in the path, in `Location` and in bodies, named after what they stand next to.

use std::fmt;
use std::sync::Arc;

use offpath_capture::{Body, Call, Headers, Request, Response};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::body::is_json;
use super::object::{Found, KeySource, key_text};
use super::redact::Masker;
use super::target::{Target, is_placeholder};
use super::template::{Template, Variable, singular};
use crate::event::{ObjectId, ObjectRef, Outcome, TenantTold, Value};

/// Longest name of a call that is taken apart.
const MOST_NAME: usize = 128;
/// Words of calls' names that say what is done, not to what.
const VERBS: [&str; 52] = [
    "accept",
    "activate",
    "add",
    "apply",
    "approve",
    "archive",
    "assign",
    "book",
    "buy",
    "cancel",
    "capture",
    "change",
    "check",
    "close",
    "complete",
    "confirm",
    "create",
    "deactivate",
    "delete",
    "deny",
    "do",
    "edit",
    "execute",
    "fetch",
    "find",
    "fulfil",
    "fulfill",
    "get",
    "issue",
    "list",
    "lookup",
    "make",
    "new",
    "open",
    "pay",
    "place",
    "process",
    "read",
    "reject",
    "release",
    "remove",
    "request",
    "send",
    "set",
    "ship",
    "start",
    "stop",
    "submit",
    "transition",
    "update",
    "void",
    "by",
];
/// Most ids taken from one body.
const MOST_IDS: usize = 16;
/// Most ids taken from the lists of one body.
const MOST_LISTED: usize = 64;
/// Fields whose values stand for ids.
const NAMES: [&str; 7] = ["slug", "handle", "sku", "code", "number", "reference", "ref"];
/// Types that own things without being their case: an order is not part of a user's life.
const CONTAINERS: [&str; 20] = [
    "tenant",
    "account",
    "user",
    "customer",
    "organization",
    "organisation",
    "org",
    "workspace",
    "project",
    "team",
    "company",
    "merchant",
    "shop",
    "store",
    "group",
    "region",
    "namespace",
    "client",
    "member",
    "id",
];
/// Names ending in `Id` that name no business object.
const NO_OBJECTS: [&str; 16] = [
    "request",
    "trace",
    "span",
    "session",
    "correlation",
    "client",
    "csrf",
    "device",
    "x_request",
    "parent_span",
    "idempotency",
    "nonce",
    "connection",
    "visitor",
    "anonymous",
    "tracking",
];

/// What one exchange tells without a model: the template of its path, and the ids and states of its answer.
pub(super) struct Guess {
    /// Template of the path.
    pub(super) template: Template,
    /// Ids and states of an answer of 2xx.
    answered: Read,
}

impl Guess {
    /// Reads a path and the answer to it. A segment that the answer gives as its own id is a value, whatever its look.
    /// Of a `templated` path the segments in braces are variables whose values are not known.
    pub(super) fn of<S: AsRef<str>>(segments: &[S], templated: bool, response: Option<&Response>) -> Guess {
        let answered = response.filter(|r| (200..300).contains(&r.status)).map(|r| read(&r.body, &r.headers));
        let answered = answered.unwrap_or_default();
        let mut template = Template::with(segments, |word, before| {
            if templated && is_placeholder(word) {
                return true;
            }
            let own = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == singular(before));
            answered.ids.iter().filter(own).any(|leaf| matches!(&leaf.value, Value::Text(id) if **id == *word))
        });
        if templated {
            template.variables.retain(|variable| !is_placeholder(&variable.value));
        }
        Guess { template, answered }
    }

    /// What a call inside a body tells: ids and states of its result, and nothing of any path.
    pub(super) fn of_call(call: &Call) -> Guess {
        let answered = call.result.as_deref().map(read_text).unwrap_or_default();
        Guess { template: Template::of::<&str>(&[]), answered }
    }

    /// Ids that the answer names, wherever in it, as they may be kept.
    pub(super) fn ids(&self, response: Option<&Response>, masker: &Masker) -> Vec<Arc<str>> {
        let listed = self.answered.listed.iter();
        let named = self.answered.ids.iter().map(|leaf| &leaf.value).chain(listed);
        let mut ids: Vec<Arc<str>> = named.filter_map(|value| key_text(value, masker)).collect();
        if let Some(location) = response.and_then(|r| r.headers.text("location")) {
            let target = Target::parse(location);
            // A redirect to a collection or page names no value: an id stands behind the word for its kind.
            let last = target.segments.last().filter(|_| target.segments.len() > 1);
            ids.extend(last.map(|last| masker.shared(last)));
        }
        ids
    }
}

/// Objects that an exchange shows, by the looks of it. The target is the last id of the path, or what was created.
pub(super) fn objects(
    guess: &Guess,
    request: &Request,
    response: Option<&Response>,
    outcome: Outcome,
    masker: &Masker,
) -> Found {
    let accepted = outcome == Outcome::Accepted;
    let response = response.filter(|_| accepted);
    let nothing = Read::default();
    let answered = if accepted { &guess.answered } else { &nothing };
    let mut found = Found::default();
    let mut path = path_objects(&guess.template, masker);
    let made = response.and_then(|r| created(guess, &request.method, r, masker));
    let parent = path.last().cloned();
    if let Some((id, source, place)) = &made {
        found.add_at(reference(id.clone(), "target"), *source, place.clone());
        if let Some(parent) = parent.filter(|p| !is_container(&p.object_type)) {
            found.link(id, &parent);
        }
    }
    path.reverse();
    for (index, id) in path.iter().enumerate() {
        let qualifier = if index == 0 && made.is_none() { "target" } else { "parent" };
        found.add(reference(id.clone(), qualifier), KeySource::Path);
        if let Some(parent) = path.get(index + 1).filter(|p| !is_container(&p.object_type)) {
            found.link(id, parent);
        }
    }
    let sent = read(&request.body, &request.headers);
    for (id, source, place) in mentioned(&sent, answered, masker) {
        found.add_at(reference(id, "mentioned"), source, place);
    }
    declare(answered, &mut found, masker);
    found
}

/// Objects that a call inside a body shows. The target is what its arguments call by the noun of its name, else what it
/// made: what its result calls so; else the first that its arguments name.
pub(super) fn call_objects(guess: &Guess, call: &Call, outcome: Outcome, masker: &Masker) -> Found {
    let nothing = Read::default();
    let answered = if outcome == Outcome::Accepted { &guess.answered } else { &nothing };
    let sent = call.arguments.as_deref().map(read_text).unwrap_or_default();
    let noun = call_noun(&call.name);
    let own = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == noun);
    let asked = |leaf| (leaf, KeySource::RequestBody, "args");
    let named = sent.ids.iter().find(own).map(asked);
    let made = || answered.ids.iter().find(own).map(|leaf| (leaf, KeySource::ResponseBody, "res"));
    let beside = || sent.ids.iter().find(|leaf| leaf.owner.is_some()).map(asked);
    let target = match call.is_read() {
        true => named.or_else(beside).or_else(made),
        false => named.or_else(made).or_else(beside),
    };
    let mut found = Found::default();
    if let Some((leaf, source, root)) = target
        && let Some(key) = key_text(&leaf.value, masker)
    {
        let object_type: Arc<str> = leaf.owner.as_deref().unwrap_or(&noun).into();
        let place = format!("{root}.{}", leaf.path).into();
        found.add_at(reference(ObjectId { object_type, key }, "target"), source, Some(place));
    }
    let sent = sent.ids.iter().map(|leaf| (leaf, KeySource::RequestBody, "args"));
    let given = answered.ids.iter().map(|leaf| (leaf, KeySource::ResponseBody, "res"));
    for (leaf, source, root) in sent.chain(given) {
        let (Some(owner), Some(key)) = (leaf.owner.as_deref(), key_text(&leaf.value, masker)) else { continue };
        let place = format!("{root}.{}", leaf.path).into();
        found.add_at(reference(ObjectId { object_type: owner.into(), key }, "mentioned"), source, Some(place));
    }
    declare(answered, &mut found, masker);
    found
}

/// The noun of a call's name: `addPaymentToOrder`, `order_cancel` and `GetOrders` are about an order.
fn call_noun(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars().take(MOST_NAME) {
        let starts = c.is_ascii_uppercase() && lower;
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        match words.last_mut() {
            _ if !c.is_alphanumeric() => words.push(String::new()),
            Some(word) if !starts => word.push(c.to_ascii_lowercase()),
            _ => words.push(c.to_ascii_lowercase().to_string()),
        }
    }
    words.retain(|word| !word.is_empty());
    let is_verb = |word: &String| VERBS.contains(&word.as_str());
    let noun = words.iter().rev().find(|word| !is_verb(word)).or(words.last());
    noun.map(|word| singular(word)).unwrap_or_default()
}

/// Gives each object the state that the response declares for it: under its own name, else at the top for the target.
fn declare(answered: &Read, found: &mut Found, masker: &Masker) {
    for (index, object) in found.objects.iter_mut().enumerate() {
        let target = index == 0 && &*object.qualifier == "target";
        let named = |s: &&Leaf| s.owner.as_deref() == Some(&*object.id.object_type);
        let own = answered.states.iter().find(named);
        let state = own.or_else(|| answered.states.iter().find(|s| target && s.owner.is_none()));
        let Some((state, Value::Text(value))) = state.map(|s| (s, &s.value)) else { continue };
        object.declared_state = Some(masker.shared(value));
        if let Some(place) = found.places.get_mut(index) {
            place.state = Some(format!("res.{}", state.path).into());
        }
    }
}

/// Whether objects of a type own things without being their case.
pub fn is_container(object_type: &str) -> bool {
    CONTAINERS.contains(&object_type)
}

/// Objects of the path from the root down. A small number is only unique under its parent.
fn path_objects(template: &Template, masker: &Masker) -> Vec<ObjectId> {
    let mut ids: Vec<ObjectId> = Vec::new();
    for variable in &template.variables {
        let Some(mut key) = variable_key(variable, masker) else { continue };
        let small = key.len() <= 3 && key.bytes().all(|b| b.is_ascii_digit());
        if let Some(parent) = ids.last().filter(|_| small) {
            key = format!("{}/{key}", parent.key).into();
        }
        ids.push(ObjectId { object_type: variable.name.as_str().into(), key });
    }
    ids
}

/// A variable's value as the key of an object.
fn variable_key(variable: &Variable, masker: &Masker) -> Option<Arc<str>> {
    match variable.secret {
        true => Some(masker.secret_text(&variable.value)),
        false => key_text(&Value::Text(variable.value.as_str().into()), masker),
    }
}

/// The object that an accepted POST made: in `Location`, else the `id` in the response.
fn created(guess: &Guess, method: &str, response: &Response, masker: &Masker) -> Option<Seen> {
    let template = &guess.template;
    let collection = template.collection.as_deref().filter(|_| method.eq_ignore_ascii_case("POST"))?;
    let name = singular(collection);
    if let Some(location) = response.headers.text("location") {
        let target = Target::parse(location);
        let last = Template::of(&target.segments).variables.pop();
        if let Some(last) = last.filter(|v| v.name == name) {
            let key = variable_key(&last, masker)?;
            // A body that gives the same id says where to find it without the header.
            let named = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == name);
            let same = |leaf: &&Leaf| key_text(&leaf.value, masker).as_ref() == Some(&key);
            let shown = guess.answered.ids.iter().find(|leaf| named(leaf) && same(leaf));
            let place = shown.map(|leaf| format!("res.{}", leaf.path).into());
            return Some((ObjectId { object_type: last.name.into(), key }, KeySource::Header, place));
        }
    }
    if response.status != 201 && response.status != 200 {
        return None;
    }
    let own = guess.answered.ids.iter().find(|i| i.owner.as_deref() == Some(&name) || i.owner.is_none())?;
    let key = key_text(&own.value, masker)?;
    // A step on an object often answers with that object, whose id then makes nothing new.
    if own.owner.is_none() && template.variables.iter().any(|v| v.value == *key) {
        return None;
    }
    let place = format!("res.{}", own.path);
    Some((ObjectId { object_type: name.into(), key }, KeySource::ResponseBody, Some(place.into())))
}

fn mentioned(sent: &Read, answered: &Read, masker: &Masker) -> Vec<Seen> {
    let sent = sent.ids.iter().map(|i| (i, KeySource::RequestBody, "req"));
    let answered = answered.ids.iter().map(|i| (i, KeySource::ResponseBody, "res"));
    let named = sent.chain(answered).filter_map(|(leaf, source, root)| {
        let object_type: Arc<str> = leaf.owner.as_deref()?.into();
        let place = format!("{root}.{}", leaf.path).into();
        Some((ObjectId { object_type, key: key_text(&leaf.value, masker)? }, source, Some(place)))
    });
    named.collect()
}

fn reference(id: ObjectId, qualifier: &str) -> ObjectRef {
    ObjectRef {
        id,
        qualifier: qualifier.into(),
        declared_state: None,
        written_state: None,
        conflicting_key: None,
        tenant: None,
        told: TenantTold::default(),
        owner: None,
        attributes: Vec::new(),
    }
}

/// An object, where its key was, and the path to it in the body that held it.
type Seen = (ObjectId, KeySource, Option<Arc<str>>);

/// What a JSON body tells of objects.
#[derive(Default)]
struct Read {
    /// `id` (no owner), `orderId`, `order_id`, and `order.id`.
    ids: Vec<Leaf>,
    /// `status` or `state` (no owner), and `order.status`.
    states: Vec<Leaf>,
    /// Ids of things in lists, and names that stand for ids (`slug`): they name values, not what the body is about.
    listed: Vec<Value>,
}

/// A scalar of a body.
struct Leaf {
    /// Object that it belongs to; `None` for that of the whole body.
    owner: Option<String>,
    /// Dotted path from the top.
    path: String,
    value: Value,
}

/// What a JSON text that is known in full tells.
fn read_text(json: &str) -> Read {
    let mut found = Read::default();
    let mut reader = serde_json::Deserializer::from_str(json);
    let _ = Fields { owner: None, leaf: None, path: String::new(), depth: 0, listed: false, out: &mut found }
        .deserialize(&mut reader);
    found
}

fn read(body: &Body, headers: &Headers) -> Read {
    let mut found = Read::default();
    if let Some(bytes) =
        body.bytes().map(|b| b.trim_ascii()).filter(|b| matches!(b.first(), Some(b'{' | b'[')) && is_json(b, headers))
    {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        // What was found before a broken place still counts.
        let _ = Fields { owner: None, leaf: None, path: String::new(), depth: 0, listed: false, out: &mut found }
            .deserialize(&mut reader);
    }
    found
}

/// Collects ids and states from an object and the objects directly in it.
struct Fields<'o> {
    /// Name of the object that `id` belongs to.
    owner: Option<String>,
    /// What this value itself is, by its key.
    leaf: Option<Meaning>,
    /// Dotted path to this value.
    path: String,
    depth: u8,
    /// It is in a list.
    listed: bool,
    out: &'o mut Read,
}

/// What a key says of its value.
enum Meaning {
    /// An id of the named object.
    Id(Option<String>),
    /// A name that stands for an id.
    Name,
    /// The state of the object around it.
    State(Option<String>),
}

impl Fields<'_> {
    fn take(self, value: Value) {
        let aside =
            matches!(self.leaf, Some(Meaning::Name)) || self.listed && matches!(self.leaf, Some(Meaning::Id(_)));
        if aside && self.out.listed.len() < MOST_LISTED {
            self.out.listed.push(value);
            return;
        }
        if self.listed {
            return;
        }
        let (list, owner) = match self.leaf {
            Some(Meaning::Id(owner)) => (&mut self.out.ids, owner),
            Some(Meaning::State(owner)) if is_state(&value) => (&mut self.out.states, owner),
            _ => return,
        };
        if list.len() < MOST_IDS {
            list.push(Leaf { owner, path: self.path, value });
        }
    }
}

/// Whether a value can name a state: a word, not a sentence or a number.
fn is_state(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c))
}

/// The owner that a key names: `None` when the key is no id.
fn owner_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    if key == "id" || key == "_id" || key == "uuid" {
        return Some(around.map(str::to_owned));
    }
    let stem = ["_id", "Id", "ID", "-id"].iter().find_map(|end| key.strip_suffix(end)).filter(|s| !s.is_empty())?;
    let mut snake = String::with_capacity(stem.len() + 2);
    for c in stem.chars().take(64) {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    (!NO_OBJECTS.contains(&snake.as_str())).then_some(Some(snake))
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.take(Value::Number(value.into()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.take(Value::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if value.len() <= 128 {
            self.take(Value::Text(value.into()));
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (depth, mut read) = (self.depth + 1, 0);
        // Beyond the bounds the rest is only skipped.
        while self.depth < 2 && read < MOST_LISTED && self.out.listed.len() < MOST_LISTED {
            let (owner, path) = (self.owner.clone(), String::new());
            let item = Fields { owner, leaf: None, path, depth, listed: true, out: &mut *self.out };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            read += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if self.depth > 2 || self.depth == 2 && !self.listed || self.out.ids.len() >= MOST_IDS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wrapper = matches!(&*key, "data" | "result" | "attributes" | "payload" | "input");
            let owner = if wrapper { self.owner.clone() } else { Some(singular(&key)) };
            let id = owner_of(&key, self.owner.as_deref()).map(Meaning::Id);
            let id = id.or_else(|| NAMES.contains(&&*key).then_some(Meaning::Name));
            let state = matches!(&*key, "status" | "state").then(|| Meaning::State(self.owner.clone()));
            let path = if self.path.is_empty() { key.into_owned() } else { format!("{}.{key}", self.path) };
            let (leaf, depth, listed) = (id.or(state), self.depth + 1, self.listed);
            map.next_value_seed(Fields { owner, leaf, path, depth, listed, out: &mut *self.out })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_about_the_noun_of_its_name() {
        for (name, noun) in [
            ("addPaymentToOrder", "order"),
            ("orderCancel", "order"),
            ("request_refund", "refund"),
            ("GetOrders", "order"),
            ("shop.orders.list", "order"),
            ("order", "order"),
            ("HTTPCheck", "httpcheck"),
            ("cancel", "cancel"),
            ("", ""),
        ] {
            assert_eq!(call_noun(name), noun, "{name}");
        }
    }
}
