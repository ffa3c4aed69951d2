//! Pseudonyms: names of actors and keys of objects replaced after the comparison, the same everywhere.
//!
//! Names must be themselves while they are compared with what the model says of them, and need not be afterwards.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::credential::HashKey;
use super::redact;
use super::reuse::ReusedKey;
use crate::event::{Actor, Event, ObjectId, Value};
use crate::model::{Model, Segment};
use offpath_capture::percent_decoded;

/// Names, and what stands for each.
pub type Names = BTreeMap<Arc<str>, Arc<str>>;

/// Replaces every name that traffic brought and the model does not speak.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    key: HashKey,
    /// Words of the model: activities, states, types, roles, kinds. They name nobody.
    spoken: BTreeSet<Arc<str>>,
    /// Persons and programs that the model names in `by`.
    listed: BTreeSet<Arc<str>>,
}

impl Pseudonyms {
    /// Pseudonyms under a key, for traffic judged by a model.
    pub fn new(key: HashKey, model: &Model) -> Pseudonyms {
        let spoken = spoken(model);
        let entries = model.lifecycles.iter().flat_map(|l| &l.transitions).flat_map(|t| &t.by);
        let listed = entries.map(|entry| match entry.split_once(':') {
            Some((_, name)) => Arc::from(name),
            None => Arc::clone(entry),
        });
        let listed = listed.filter(|name| !spoken.contains(name)).collect();
        Pseudonyms { key, spoken, listed }
    }

    /// The pseudonym of a name; words of the model stay, and so do masks and pseudonyms.
    pub fn name(&self, name: &str) -> Arc<str> {
        if self.spoken.contains(name) { name.into() } else { redact::pseudonym(&self.key, name).into() }
    }

    /// The object under its pseudonym. A key that is only unique under another keeps its parts.
    pub fn object(&self, id: &ObjectId) -> ObjectId {
        ObjectId { object_type: Arc::clone(&id.object_type), key: self.parts(&id.key) }
    }

    /// A key and its users under their pseudonyms.
    pub fn reused(&self, reused: &ReusedKey) -> ReusedKey {
        let name = |name: &str| redact::pseudonym(&self.key, name).into();
        let users = (name(&reused.users.0), name(&reused.users.1));
        ReusedKey { key: self.parts(&reused.key), users, ..reused.clone() }
    }

    fn parts(&self, key: &str) -> Arc<str> {
        // An unknown tenant names nobody.
        let part = |part| if part == "?" { Cow::Borrowed(part) } else { redact::pseudonym(&self.key, part) };
        key.split('/').map(part).collect::<Vec<_>>().join("/").into()
    }

    /// Replaces every name in an event, all but its place in the input.
    pub fn event(&self, event: &mut Event) {
        event.path = self.path(&event.path, event.operation.as_deref());
        self.actor(&mut event.actor);
        let own = [&mut event.session, &mut event.run, &mut event.host, &mut event.request_id];
        for name in own.into_iter().flatten().chain(event.tenants.iter_mut().map(|(_, tenant)| tenant)) {
            *name = redact::pseudonym(&self.key, name).into();
        }
        event.case = event.case.as_ref().map(|case| self.object(case));
        self.attributes(&mut event.attributes);
        for object in &mut event.objects {
            object.id = self.object(&object.id);
            object.conflicting_key = object.conflicting_key.as_deref().map(|key| self.parts(key));
            let names = [&mut object.declared_state, &mut object.written_state, &mut object.tenant, &mut object.owner];
            names.into_iter().flatten().for_each(|name| *name = self.name(name));
            self.attributes(&mut object.attributes);
        }
    }

    fn actor(&self, actor: &mut Actor) {
        let names = [&mut actor.principal, &mut actor.agent, &mut actor.client, &mut actor.tenant];
        let own: Vec<Arc<str>> = names.iter().filter_map(|name| Option::clone(name)).collect();
        for name in names.into_iter().flatten() {
            *name = redact::pseudonym(&self.key, name).into();
        }
        for name in actor.others.iter_mut().chain(&mut actor.earlier_agents).chain(&mut actor.scopes) {
            *name = self.name(name);
        }
        // A role is no name, unless somebody is named after it.
        actor.roles.iter_mut().filter(|role| own.contains(role)).for_each(|role| *role = self.name(role));
    }

    fn attributes(&self, attributes: &mut [(Arc<str>, Value)]) {
        attributes.iter_mut().for_each(|(_, value)| self.value(value));
    }

    /// Texts may be names; amounts, numbers and times are not.
    fn value(&self, value: &mut Value) {
        match value {
            Value::Text(text) => *text = self.name(text),
            Value::List(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Time(_) | Value::Duration(_) | Value::Money(_) => {
            }
        }
    }

    /// A path of which only the words of the operation's template are left.
    fn path(&self, path: &str, operation: Option<&str>) -> Arc<str> {
        let template = operation.and_then(|operation| operation.split_once(' ')).map_or("", |(_, template)| template);
        let mut words = template.split('/');
        let mut out = Vec::new();
        for segment in path.split('/') {
            let decoded = percent_decoded(segment, false);
            // A path that is spelt in another way than its template (`//`, `/./`) is left without words.
            let known = words.next().is_some_and(|word| word == segment);
            out.push(if known { decoded } else { redact::pseudonym(&self.key, &decoded).into_owned().into() });
        }
        out.join("/").into()
    }

    /// The names that an event holds, each with what stands for it: who, on what, for whom, and every text.
    pub fn names(&self, event: &Event, names: &mut Names) {
        let actor = &event.actor;
        let who = [&actor.principal, &actor.agent, &actor.client, &actor.tenant, &event.session, &event.host];
        let mut whole: Vec<&Arc<str>> = who.into_iter().flatten().collect();
        whole.extend(event.run.iter().chain(event.tenants.iter().map(|(_, tenant)| tenant)));
        let mut texts: Vec<&Value> = event.attributes.iter().map(|(_, value)| value).collect();
        for object in &event.objects {
            whole.extend([&object.written_state, &object.tenant, &object.owner].into_iter().flatten());
            texts.extend(object.attributes.iter().map(|(_, value)| value));
            for key in [Some(&object.id.key), object.conflicting_key.as_ref()].into_iter().flatten() {
                names.insert(Arc::clone(key), self.parts(key));
                // A key that is only unique under another is also told without it.
                if let Some((_, own)) = key.split_once('/') {
                    names.insert(own.into(), self.parts(own));
                }
            }
        }
        for value in texts {
            match value {
                Value::Text(text) => whole.push(text),
                Value::List(items) => whole.extend(items.iter().filter_map(|item| match item {
                    Value::Text(text) => Some(text),
                    _ => None,
                })),
                _ => {}
            }
        }
        names.extend(whole.into_iter().map(|name| (Arc::clone(name), self.name(name))));
    }

    /// A sentence or list entry of a comparison with the names in it replaced; `names` are those that its events hold.
    pub fn text(&self, text: &str, names: &Names) -> Arc<str> {
        if self.spoken.contains(text) {
            return text.into();
        }
        let listed = self.listed.iter().filter(|name| !names.contains_key(*name)).map(|name| (name, self.name(name)));
        let known = names.iter().map(|(name, stands)| (name, Arc::clone(stands))).chain(listed);
        let mut known: Vec<_> = known.filter(|(name, _)| !name.is_empty() && !self.spoken.contains(*name)).collect();
        // Longest first: a name may begin with another.
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let begins = !out.ends_with(char::is_alphanumeric);
            let found = known.iter().find(|(name, _)| begins && starts_with_word(rest, name));
            let taken = found.map_or(next.len_utf8(), |(name, _)| name.len());
            match found {
                Some((_, stands)) => out.push_str(stands),
                None => out.push(next),
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        out.into()
    }
}

/// Whether a text starts with a name that ends there.
fn starts_with_word(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn spoken(model: &Model) -> BTreeSet<Arc<str>> {
    let mut words: BTreeSet<Arc<str>> = BTreeSet::new();
    for activity in &model.activities {
        words.insert(Arc::clone(&activity.name));
        words.extend(activity.attributes.iter().map(|(name, _)| Arc::clone(name)));
        words.extend(activity.matchers.iter().flat_map(|m| &m.template).filter_map(|segment| match segment {
            Segment::Literal(word) => Some(Arc::clone(word)),
            Segment::Parameter(_) | Segment::Pattern(_) | Segment::Rest => None,
        }));
    }
    words.extend(model.object_types.iter().map(|object_type| Arc::clone(&object_type.name)));
    words.extend(
        model
            .lifecycles
            .iter()
            .flat_map(|l| &l.states)
            .flat_map(|state| [&state.name].into_iter().chain(&state.also))
            .cloned(),
    );
    let actors = &model.actors;
    words.extend(actors.kinds.iter().map(|(kind, _)| Arc::clone(kind)));
    words.insert(Arc::clone(&actors.default_kind));
    words.extend(actors.default_role.iter().chain(actors.role_map.values()).cloned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample::rich_event;

    fn pseudonyms(yaml: &str) -> Pseudonyms {
        let (model, _) = Model::read("m.yaml", yaml).unwrap();
        Pseudonyms::new(HashKey::new(b"a key of sixteen"), &model)
    }

    const MODEL: &str = "offpath: 1\nworkflow: {id: s, version: 1}\nobjects: {order: {key: path.order}}\n\
        activities:\n  pay: {http: \"POST /orders/{order}/pay\", object: order}\n\
        lifecycles:\n  order:\n    states: {none: initial, new: final}\n    transitions: [{activity: pay, from: none, to: new, by: [carol, \"service:cashier\"]}]\n";

    #[test]
    fn words_of_the_model_stay_in_paths_and_names_do_not() {
        let pseudonyms = pseudonyms(MODEL);
        let path = pseudonyms.path("/orders/o%31/pay", Some("POST /orders/{order}/pay"));
        let key = pseudonyms.object(&ObjectId { object_type: "order".into(), key: "o1".into() }).key;
        assert_eq!(&*path, format!("/orders/{key}/pay"));
        let unknown = pseudonyms.path("/users/alice", None);
        assert!(!unknown.contains("users") && !unknown.contains("alice"), "{unknown}");
        let odd = pseudonyms.path("//orders/alice/pay", Some("POST /orders/{order}/pay"));
        assert!(!odd.contains("alice"), "{odd}");
    }

    #[test]
    fn names_in_sentences_are_found_as_whole_words() {
        let pseudonyms = pseudonyms(MODEL);
        let names = ["ann", "ann-marie", "pay", ""].map(|name| (name.into(), pseudonyms.name(name))).into();
        let text = pseudonyms.text("order.owner ann, not ann-marie; annual pay by carol, service:cashier", &names);
        let (ann, marie) = (pseudonyms.name("ann"), pseudonyms.name("ann-marie"));
        let (carol, cashier) = (pseudonyms.name("carol"), pseudonyms.name("cashier"));
        assert_eq!(&*text, format!("order.owner {ann}, not {marie}; annual pay by {carol}, service:{cashier}"));
    }

    #[test]
    fn a_name_with_slashes_is_one_and_a_key_within_a_tenant_has_parts() {
        let pseudonyms = pseudonyms(MODEL);
        let mut event = rich_event(1);
        event.actor.principal = Some("spiffe://acme/pay".into());
        event.objects[0].id.key = "nordwind/annaletter".into();
        let mut names = Names::new();
        pseudonyms.names(&event, &mut names);
        let text = |text: &str| pseudonyms.text(text, &names).to_string();
        let [pay, tenant, own] = ["spiffe://acme/pay", "nordwind", "annaletter"].map(|name| pseudonyms.name(name));
        assert_eq!(text("seen spiffe://acme/pay"), format!("seen {pay}"));
        assert_eq!(text("nordwind/annaletter, not annaletter"), format!("{tenant}/{own}, not {own}"));
    }
}
