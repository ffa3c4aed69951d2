//! Objects without a model: ids in the path, in `Location` and in bodies, named after what they stand next to.

mod call;
mod fields;
mod invoked;
mod named;
mod parameter;

use std::sync::Arc;

pub(super) use call::call_objects;
use fields::{Leaf, Read, read, read_answer, read_text};
use invoked::{Invoked, invoked};
pub(super) use named::{names_things, owner_of};
use offpath_capture::{Call, Request, Response};

use super::object::{Found, GoesBy, KeySource, Worded, key_text};
use super::redact::Masker;
use super::target::{Target, is_placeholder};
use super::template::{Template, Variable, singular, snake};
use crate::event::procedure::{self, Procedure};
use crate::event::{ObjectId, ObjectRef, Outcome, Value, names_one};

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

/// Most values of one exchange that may be ids.
const MOST_UNSAID: usize = 24;

/// What one exchange tells without a model: the template of its path, and the ids and states of its answer.
pub(super) struct Guess {
    /// Template of the path.
    pub(super) template: Template,
    /// Ids and states of an answer of 2xx.
    answered: Read,
    /// What the request says is to be done.
    invoked: Option<Invoked>,
}

impl Guess {
    /// Reads a path and the answer to it. A segment that the answer gives as its own id is a value, whatever its look.
    /// Of a `templated` path the segments in braces are variables whose values are not known.
    /// So is the last one where something was made at this very path.
    pub(super) fn of<S: AsRef<str>>(segments: &[S], templated: bool, response: Option<&Response>) -> Guess {
        let made = response.filter(|r| r.status == 201).and_then(located);
        let here = |target: &Target<'_>| target.segments.iter().map(|s| &**s).eq(segments.iter().map(AsRef::as_ref));
        let made = made.filter(|target| segments.len() > 1 && here(target));
        let made = made.as_ref().and_then(|target| target.segments.last());
        let answered = answered(response);
        let mut template = Template::with(segments, |word, before| {
            if templated && is_placeholder(word) {
                return true;
            }
            if made.is_some_and(|made| **made == *word) {
                return true;
            }
            let own = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == singular(before));
            answered.ids.iter().filter(own).any(|leaf| matches!(&leaf.value, Value::Text(id) if **id == *word))
        });
        if templated {
            template.variables.retain(|variable| !is_placeholder(&variable.value));
        }
        Guess { template, answered, invoked: None }
    }

    /// Reads the answer to a path whose template a document gives. Of a `templated` path the values are not known.
    pub(super) fn described(mut template: Template, templated: bool, response: Option<&Response>) -> Guess {
        if templated {
            template.variables.retain(|variable| !is_placeholder(&variable.value));
        }
        Guess { template, answered: answered(response), invoked: None }
    }

    /// What a call inside a body tells: ids and states of its result, and nothing of any path.
    pub(super) fn of_call(call: &Call) -> Guess {
        let answered = call.result.as_deref().map(|text| read_text(&call.without_number(text))).unwrap_or_default();
        Guess { template: Template::of::<&str>(&[]), answered, invoked: None }
    }

    /// Ids that the answer names, wherever in it, as they may be kept.
    pub(super) fn ids(&self, response: Option<&Response>, masker: &Masker) -> Vec<Arc<str>> {
        let listed = self.answered.listed.iter();
        let named = self.answered.ids.iter().map(|leaf| &leaf.value).chain(listed);
        let mut ids: Vec<Arc<str>> = named.filter_map(|value| key_text(value, masker)).collect();
        if let Some(target) = response.and_then(located) {
            // A redirect to a collection or page names no value: an id stands behind the word for its kind.
            let last = target.segments.last().filter(|_| target.segments.len() > 1);
            ids.extend(last.map(|last| masker.shared(last)));
        }
        ids
    }
}

impl Guess {
    /// The same, with what the request says is to be done.
    pub(super) fn with_invoked(self, request: Option<&Request>, target: &Target<'_>, masker: &Masker) -> Guess {
        let invoked = request.and_then(|request| invoked(&self.template, request, target, masker));
        Guess { invoked, ..self }
    }

    /// What tells one operation of the path from others, as it stands behind the path.
    pub(super) fn selector(&self) -> &str {
        self.invoked.as_ref().and_then(|invoked| invoked.selector.as_deref()).unwrap_or_default()
    }

    /// Whether a request by a method changes nothing.
    pub(super) fn reads_by(&self, method: &str) -> bool {
        let last = self.template.text.rsplit('/').next().unwrap_or_default();
        let asks = method == "POST" && self.selector().is_empty() && procedure::asks(last);
        asks || Procedure::reads_by(self.invoked.as_ref().map(|invoked| &invoked.procedure), method)
    }

    /// Whether the answer says of an object that it is deleted, under its name or, of the one that it is about, at the
    /// top; by a field for that or by its state.
    pub(super) fn says_gone(&self, object: &ObjectRef) -> bool {
        let of = |owner: Option<&str>| owner.is_none_or(|owner| owner == &*object.id.object_type);
        self.answered.gone.iter().any(|owner| of(owner.as_deref()))
            || object.declared_state.as_deref().is_some_and(is_end)
    }
}

/// Whether a state's name says that the object is deleted, or is being so.
fn is_end(state: &str) -> bool {
    let plain: String = state.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let stem = ["pending", "being", "soft", "marked", "for"]
        .iter()
        .fold(&*plain, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    let end = ["delet", "remov", "trash", "terminat", "destroy", "purg"].iter().any(|verb| stem.starts_with(verb));
    end && !plain.ends_with("failed")
}

/// Ids and states of an accepted answer.
fn answered(response: Option<&Response>) -> Read {
    let taken = response.filter(|response| (200..300).contains(&response.status));
    taken.map(|response| read_answer(&response.body, &response.headers)).unwrap_or_default()
}

/// Objects that an exchange shows, by the looks of it. The target is the last id of the path, or what was created.
pub(super) fn objects(
    guess: &Guess,
    request: &Request,
    response: Option<&Response>,
    outcome: Outcome,
    actor: Option<&str>,
    masker: &Masker,
) -> Found {
    let accepted = outcome == Outcome::Accepted;
    let response = response.filter(|_| accepted);
    let nothing = Read::default();
    let answered = if accepted { &guess.answered } else { &nothing };
    let mut path = path_objects(&guess.template, masker);
    let sent = read(&request.body, &request.headers);
    if let Some(invoked) = guess.invoked.as_ref().filter(|_| path.is_empty()) {
        return invoked_objects(invoked, request, &sent, answered, actor, masker);
    }
    let mut found = Found::default();
    let made = response.and_then(|r| created(guess, &request.method, &sent, r, masker));
    let parent = path.last().cloned();
    if let Some((id, source, place)) = &made {
        found.add_at(ObjectRef::new(id.clone(), "target"), *source, place.clone());
        if let Some(parent) = parent.filter(|p| !is_container(&p.object_type)) {
            found.link(id, &parent);
        }
    }
    path.reverse();
    for (index, id) in path.iter().enumerate() {
        let qualifier = if index == 0 && made.is_none() { "target" } else { "parent" };
        found.add(ObjectRef::new(id.clone(), qualifier), KeySource::Path);
        if let Some(parent) = path.get(index + 1).filter(|p| !is_container(&p.object_type)) {
            found.link(id, parent);
        }
    }
    let collection = collection(&guess.template);
    for (id, source, place) in named(request, &sent, collection.as_deref(), masker) {
        // Where the path names no object of the kind that it is about, this does.
        let target = found.objects.is_empty() && collection.as_deref() == Some(&*id.object_type);
        found.add_at(ObjectRef::new(id, if target { "target" } else { "mentioned" }), source, place);
    }
    // What a header names may be no more than who asks, or in whose shop: it comes after all that is said of the thing.
    let headers = seen(parameter::in_headers(request), masker);
    for (id, source, place) in mentioned(&sent, answered, masker).into_iter().chain(headers) {
        found.add_at(ObjectRef::new(id, "mentioned"), source, place);
    }
    declare(answered, actor, &mut found, masker);
    found.unsaid = unsaid(request, &sent, answered, &found.objects, masker);
    match &made {
        Some((id, _, Some(place))) => found.unsaid.extend(called_beside(id, place, answered, masker)),
        Some(_) => {}
        None => found.goes_by = path.first().and_then(|id| goes_by(id, answered, masker)),
    }
    found.worded = worded(&sent, answered, &found.objects, masker);
    found
}

/// What a thing that was made is called by beside its id, at `place`: which of them paths have for a key, all traffic tells.
fn called_beside(id: &ObjectId, place: &str, answered: &Read, masker: &Masker) -> Vec<(Arc<str>, Arc<str>)> {
    let Some(around) = place.strip_suffix(member(place)) else { return Vec::new() };
    let own =
        answered.called.iter().filter_map(|leaf| Some((format!("res.{}", leaf.path), key_text(&leaf.value, masker)?)));
    let beside = own.filter(|(own, key)| own.strip_suffix(member(own)) == Some(around) && *key != id.key);
    beside.filter(|(own, _)| !masker.hides_key(own)).map(|(own, key)| (own.into(), key)).collect()
}

/// The last member of a path.
fn member(place: &str) -> &str {
    place.rsplit('.').next().unwrap_or(place)
}

/// How the key of a path is called in an answer that says the thing's own id.
fn goes_by(id: &ObjectId, answered: &Read, masker: &Masker) -> Option<GoesBy> {
    let of = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == &*id.object_type);
    // What is only unique under another is called by the last of its keys.
    let key = id.key.rsplit('/').next()?;
    let is_key = |leaf: &&Leaf| key_text(&leaf.value, masker).as_deref() == Some(key);
    let own = answered.ids.iter().find(of)?;
    if is_key(&own) {
        return Some((Arc::clone(&id.object_type), None));
    }
    let called = answered.called.iter().filter(of).find(is_key)?;
    Some((Arc::clone(&id.object_type), Some(member(&called.path).into())))
}

/// Objects of a request that says what is to be done to what.
fn invoked_objects(
    invoked: &Invoked,
    request: &Request,
    sent: &Read,
    answered: &Read,
    actor: Option<&str>,
    masker: &Masker,
) -> Found {
    let mut asked = parameter::named(request, Some(&invoked.noun));
    asked.extend(sent.ids.iter().map(|leaf| {
        let path = format!("req.{}", leaf.path);
        (Leaf { path, ..leaf.clone() }, KeySource::RequestBody)
    }));
    let reads = Procedure::reads_by(Some(&invoked.procedure), &request.method);
    let mut found = call::about(&invoked.noun, reads, asked, answered, actor, masker);
    for (id, source, place) in named(request, sent, Some(&invoked.noun), masker) {
        let target = found.objects.is_empty() && *id.object_type == *invoked.noun;
        found.add_at(ObjectRef::new(id, if target { "target" } else { "mentioned" }), source, place);
    }
    for (id, source, place) in seen(parameter::in_headers(request), masker) {
        found.add_at(ObjectRef::new(id, "mentioned"), source, place);
    }
    found.unsaid = unsaid(request, sent, answered, &found.objects, masker);
    found.worded = worded(sent, answered, &found.objects, masker);
    found
}

/// What bodies name by the word for it alone.
fn worded(sent: &Read, answered: &Read, known: &[ObjectRef], masker: &Masker) -> Vec<Worded> {
    let bodies = sent.worded.iter().map(|leaf| ("req", leaf)).chain(answered.worded.iter().map(|leaf| ("res", leaf)));
    let named = bodies.filter_map(|(root, leaf)| {
        let place: Arc<str> = format!("{root}.{}", leaf.path).into();
        let id = ObjectId { object_type: leaf.owner.as_deref()?.into(), key: key_text(&leaf.value, masker)? };
        let new = !masker.hides_key(&place) && !known.iter().any(|object| object.id == id);
        new.then_some(Worded { id, place })
    });
    named.collect()
}

/// Values that may be ids though their names do not say so, with their places: all traffic together tells.
fn unsaid(
    request: &Request,
    sent: &Read,
    answered: &Read,
    known: &[ObjectRef],
    masker: &Masker,
) -> Vec<(Arc<str>, Arc<str>)> {
    let parameters = parameter::unsaid(request).into_iter().map(|leaf| (leaf.path.as_str().into(), leaf.value));
    let place = |root: &str, leaf: &Leaf| (format!("{root}.{}", leaf.path).into(), leaf.value.clone());
    let bodies = sent.unsaid.iter().map(|leaf| place("req", leaf));
    let bodies = bodies.chain(answered.unsaid.iter().map(|leaf| place("res", leaf)));
    let new = |key: &Arc<str>| names_one(key) && !known.iter().any(|object| object.id.key == *key);
    let named = parameters.chain(bodies).filter_map(|(place, value)| Some((place, key_text(&value, masker)?)));
    // What a rule hides by its name must not come back under that of a type.
    let hidden = |place: &str| masker.hides_key(place);
    named.filter(|(place, key): &(Arc<str>, Arc<str>)| new(key) && !hidden(place)).take(MOST_UNSAID).collect()
}

/// Gives each object the state that the response declares for it, and the place of its owner: under its own name, else
/// at the top for the target.
fn declare(answered: &Read, actor: Option<&str>, found: &mut Found, masker: &Masker) {
    for (index, object) in found.objects.iter_mut().enumerate() {
        let target = index == 0 && &*object.qualifier == "target";
        let named = |s: &&Leaf| s.owner.as_deref() == Some(&*object.id.object_type);
        if let Some(places) = found.places.get_mut(index) {
            (places.owner, places.own) = owner_place(answered, &object.id, target, actor, masker);
        }
        let own = answered.states.iter().find(named);
        let state = own.or_else(|| answered.states.iter().find(|s| target && s.owner.is_none()));
        let Some((state, Value::Text(value))) = state.map(|s| (s, &s.value)) else { continue };
        object.declared_state = Some(masker.shared(value));
        if let Some(place) = found.places.get_mut(index) {
            place.state = Some(format!("res.{}", state.path).into());
        }
    }
}

/// Where the response says whose an object is: where it names who asked, else at the plainest name; and which of the two.
fn owner_place(
    answered: &Read,
    object: &ObjectId,
    target: bool,
    actor: Option<&str>,
    masker: &Masker,
) -> (Option<Arc<str>>, bool) {
    let of = |leaf: &Leaf| match leaf.owner.as_deref() {
        Some(owner) => owner == &*object.object_type,
        None => target,
    };
    // Whose id it is itself says nothing of an owner.
    let foreign = |leaf: &Leaf| key_text(&leaf.value, masker).is_some_and(|key| key != object.key);
    let known = answered.owners.iter().filter(|(_, leaf)| of(leaf) && foreign(leaf));
    let asked = |leaf: &Leaf| actor.is_some() && key_text(&leaf.value, masker).as_deref() == actor;
    let best = known.min_by_key(|(rank, leaf)| (!asked(leaf), leaf.owner.is_none(), *rank));
    let Some((_, leaf)) = best else { return (None, false) };
    (Some(format!("res.{}", leaf.path).into()), asked(leaf))
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
fn created(guess: &Guess, method: &str, sent: &Read, response: &Response, masker: &Masker) -> Option<Seen> {
    let template = &guess.template;
    let makes = method.eq_ignore_ascii_case("POST") && !guess.reads_by(method);
    let collection = template.collection.as_deref().filter(|_| makes)?;
    let name = singular(collection);
    if let Some(target) = located(response) {
        // Where something was made, the last segment names it, whatever its look.
        let own = target.segments.last().filter(|_| response.status == 201).cloned();
        let is_own = |word: &str, before: &str| singular(before) == name && own.as_deref() == Some(word);
        let last = Template::with(&target.segments, is_own).variables.pop();
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
    let of = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == name);
    // What has no id goes by what people call it by, where it is one of many.
    let called = || guess.answered.called.iter().find(of).filter(|_| name != snake(collection));
    let own = guess.answered.ids.iter().find(of).or_else(called)?;
    let key = key_text(&own.value, masker)?;
    // A step on an object often answers with that object, whose id then makes nothing new. Beside an id of its own, what
    // was made names what it was made in.
    let names = |name: &str| {
        let told = guess.answered.ids.iter().chain(&guess.answered.worded);
        told.filter(|leaf| leaf.owner.as_deref() == Some(name))
            .any(|leaf| key_text(&leaf.value, masker).as_ref() == Some(&key))
    };
    if own.owner.is_none() && template.variables.iter().any(|v| v.value == *key && !names(&v.name)) {
        return None;
    }
    // Nor is new what a request named as something else, and is told of: `POST /lookup {"account_id": 17}`.
    let asked = |leaf: &Leaf| {
        leaf.owner.as_ref().is_some_and(|owner| *owner != name) && key_text(&leaf.value, masker).as_ref() == Some(&key)
    };
    if own.owner.is_none() && response.status == 200 && sent.ids.iter().any(asked) {
        return None;
    }
    let place = format!("res.{}", own.path);
    Some((ObjectId { object_type: name.into(), key }, KeySource::ResponseBody, Some(place.into())))
}

/// The kind of things that a path is about: its last plural.
fn collection(template: &Template) -> Option<String> {
    let words = template.text.split('/').map(|word| word.split(':').next().unwrap_or(word));
    let plurals = words.filter(|word| !word.contains(['{', '(']) && word.len() > 2);
    plurals.map(|word| (singular(word), snake(word))).rfind(|(one, word)| one != word).map(|(one, _)| one)
}

/// Ids that a request names by its query, a form and lists of ids.
fn named(request: &Request, sent: &Read, collection: Option<&str>, masker: &Masker) -> Vec<Seen> {
    let parameters = parameter::named(request, collection);
    let bulk = sent.bulk.iter().filter_map(|leaf| {
        let owner = leaf.owner.as_deref().or(collection)?;
        // Things that a request is made of (`items: [{id}]`) are not what it is about.
        let said = !leaf.path.rsplit('.').next().is_some_and(named::is_own_id) || collection == Some(owner);
        let own = Leaf { owner: Some(owner.to_owned()), path: format!("req.{}", leaf.path), value: leaf.value.clone() };
        said.then_some((own, KeySource::RequestBody))
    });
    seen(parameters.into_iter().chain(bulk), masker)
}

/// Objects that ids name.
fn seen(named: impl IntoIterator<Item = (Leaf, KeySource)>, masker: &Masker) -> Vec<Seen> {
    let seen = named.into_iter().filter_map(|(leaf, source)| {
        let object_type: Arc<str> = leaf.owner.as_deref()?.into();
        Some((ObjectId { object_type, key: key_text(&leaf.value, masker)? }, source, Some(leaf.path.into())))
    });
    seen.collect()
}

/// Where an answer says that its thing is.
fn located(response: &Response) -> Option<Target<'_>> {
    let header = |name| response.headers.text(name);
    header("location").or_else(|| header("content-location").filter(|_| response.status < 300)).map(Target::parse)
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

/// An object, where its key was, and the path to it in the body that held it.
type Seen = (ObjectId, KeySource, Option<Arc<str>>);
