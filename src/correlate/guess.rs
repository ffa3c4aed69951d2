//! Objects without a model: ids in the path, in `Location` and in bodies, named after what they stand next to.

use std::fmt;
use std::sync::Arc;

use offpath_capture::{Body, Headers, Request, Response};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::body::is_json;
use super::object::{Found, KeySource, key_text};
use super::redact::Masker;
use super::target::Target;
use super::template::{Template, singular};
use crate::event::{ObjectId, ObjectRef, Outcome, Value};

/// Most ids taken from one body.
const MOST_IDS: usize = 16;
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

/// Objects that an exchange shows, by the looks of it. The target is the last id of the path, or what was created.
pub(super) fn objects(
    template: &Template,
    request: &Request,
    response: Option<&Response>,
    outcome: Outcome,
    masker: &Masker,
) -> Found {
    let accepted = outcome == Outcome::Accepted;
    let response = response.filter(|_| accepted);
    let mut found = Found::default();
    let mut path = path_objects(template, masker);
    let made = response.and_then(|r| created(template, &request.method, r, masker));
    let parent = path.last().cloned();
    if let Some((id, source)) = &made {
        found.add(reference(id.clone(), "target"), *source);
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
    for (id, source) in mentioned(request, response, masker) {
        found.add(reference(id, "mentioned"), source);
    }
    found
}

fn is_container(object_type: &str) -> bool {
    CONTAINERS.contains(&object_type)
}

/// Objects of the path from the root down. A small number is only unique under its parent.
fn path_objects(template: &Template, masker: &Masker) -> Vec<ObjectId> {
    let mut ids: Vec<ObjectId> = Vec::new();
    for variable in &template.variables {
        let Some(mut key) = key_text(&Value::Text(variable.value.as_str().into()), masker) else { continue };
        let small = key.len() <= 3 && key.bytes().all(|b| b.is_ascii_digit());
        if let Some(parent) = ids.last().filter(|_| small) {
            key = format!("{}/{key}", parent.key).into();
        }
        ids.push(ObjectId { object_type: variable.name.as_str().into(), key });
    }
    ids
}

/// The object that an accepted POST made: in `Location`, else the `id` in the response.
fn created(template: &Template, method: &str, response: &Response, masker: &Masker) -> Option<(ObjectId, KeySource)> {
    let collection = template.collection.as_deref().filter(|_| method.eq_ignore_ascii_case("POST"))?;
    let name = singular(collection);
    if let Some(location) = response.headers.text("location") {
        let target = Target::parse(location);
        let last = Template::of(&target.segments).variables.pop();
        if let Some(last) = last.filter(|v| v.name == name) {
            let key = key_text(&Value::Text(last.value.into()), masker)?;
            return Some((ObjectId { object_type: last.name.into(), key }, KeySource::Header));
        }
    }
    if response.status != 201 && response.status != 200 {
        return None;
    }
    let ids = ids(&response.body, &response.headers);
    let own = ids.iter().find(|(owner, _)| owner.as_deref() == Some(&name) || owner.is_none());
    let key = own.and_then(|(_, value)| key_text(value, masker))?;
    Some((ObjectId { object_type: name.into(), key }, KeySource::ResponseBody))
}

fn mentioned(request: &Request, response: Option<&Response>, masker: &Masker) -> Vec<(ObjectId, KeySource)> {
    let sent = ids(&request.body, &request.headers).into_iter().map(|i| (i, KeySource::RequestBody));
    let answered = response.map(|r| ids(&r.body, &r.headers)).unwrap_or_default();
    let answered = answered.into_iter().map(|i| (i, KeySource::ResponseBody));
    let named = sent.chain(answered).filter_map(|((owner, value), source)| {
        let object_type: Arc<str> = owner?.into();
        Some((ObjectId { object_type, key: key_text(&value, masker)? }, source))
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
        owner: None,
        attributes: Vec::new(),
    }
}

/// Ids of a JSON body: `id` (no owner), `orderId`, `order_id`, and `order.id`.
fn ids(body: &Body, headers: &Headers) -> Vec<(Option<String>, Value)> {
    let mut found = Vec::new();
    if let Some(bytes) =
        body.bytes().map(|b| b.trim_ascii()).filter(|b| b.first() == Some(&b'{') && is_json(b, headers))
    {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        // What was found before a broken place still counts.
        let _ = Ids { owner: None, name: None, depth: 0, out: &mut found }.deserialize(&mut reader);
    }
    found
}

/// Collects ids from an object and the objects directly in it.
struct Ids<'o> {
    /// Name of the object that `id` belongs to.
    owner: Option<String>,
    /// Owner named by the key of this value itself, when the key is an id.
    name: Option<Option<String>>,
    depth: u8,
    out: &'o mut Vec<(Option<String>, Value)>,
}

impl Ids<'_> {
    fn take(self, value: Value) {
        if let Some(name) = self.name
            && self.out.len() < MOST_IDS
        {
            self.out.push((name, value));
        }
    }
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

impl<'de> DeserializeSeed<'de> for Ids<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Ids<'_> {
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
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if self.depth >= 2 || self.out.len() >= MOST_IDS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wrapper = matches!(&*key, "data" | "result" | "attributes" | "payload");
            let owner = if wrapper { self.owner.clone() } else { Some(singular(&key)) };
            let name = owner_of(&key, self.owner.as_deref());
            map.next_value_seed(Ids { owner, name, depth: self.depth + 1, out: self.out })?;
        }
        Ok(())
    }
}
