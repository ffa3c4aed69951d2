//! Pseudonyms: names of actors and keys of objects replaced after the comparison, the same everywhere.
//!
//! Names must be themselves while they are compared with what the model says of them, and need not be afterwards. All of
//! them are replaced, or those that rules of the user fit.

mod selected;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::credential::HashKey;
use super::redact::{self, RedactionRules, Treatment};
use super::reuse::{KeyUser, ReusedKey};
use crate::event::{Actor, Announced, Event, ObjectId, Value};
use crate::model::{Model, Segment};
use offpath_capture::percent_decoded;
use selected::Selected;

/// Names, and what stands for each.
pub type Names = BTreeMap<Arc<str>, Arc<str>>;

/// Replaces every name that traffic brought and the model does not speak, or those that rules hide.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    key: HashKey,
    /// Whether all names are replaced.
    all: bool,
    /// What rules hide besides.
    selected: Selected,
    /// Words of the model: activities, states, types, roles, kinds. They name nobody.
    spoken: BTreeSet<Arc<str>>,
    /// Persons and programs that the model names in `by`.
    listed: BTreeSet<Arc<str>>,
}

impl Pseudonyms {
    /// Pseudonyms under a key, for traffic judged by a model.
    pub fn new(key: HashKey, model: &Model) -> Pseudonyms {
        Pseudonyms { all: true, ..Pseudonyms::by_rules(key, Arc::default(), Some(model)) }
    }

    /// Only for what rules hide. Without a model names are told by their kind: keys by their type, persons by the places
    /// that usually name them.
    pub fn by_rules(key: HashKey, rules: Arc<RedactionRules>, model: Option<&Model>) -> Pseudonyms {
        let spoken = model.map(spoken).unwrap_or_default();
        let lifecycles = model.iter().flat_map(|model| &model.lifecycles);
        let entries = lifecycles.flat_map(|l| &l.transitions).flat_map(|t| &t.by);
        let listed = entries.map(|entry| match entry.split_once(':') {
            Some((_, name)) => Arc::from(name),
            None => Arc::clone(entry),
        });
        let listed = listed.filter(|name| !spoken.contains(name)).collect();
        Pseudonyms { key, all: false, selected: Selected::new(rules, model), spoken, listed }
    }

    /// The same, with rules that hide more: amounts and times, which are no names.
    #[must_use]
    pub fn with_rules(self, rules: Arc<RedactionRules>, model: &Model) -> Pseudonyms {
        Pseudonyms { selected: Selected::new(rules, Some(model)), ..self }
    }

    /// Hides keys of types as those of types that turned out to be the same: pairs of one and what it is called now. Only
    /// the first call counts.
    pub fn carry<'t>(&self, renamed: impl Iterator<Item = (&'t Arc<str>, &'t Arc<str>)>) {
        self.selected.carry(renamed);
    }

    /// Whether every name has one, rather than those that rules hide.
    pub fn are_for_all(&self) -> bool {
        self.all
    }

    /// The pseudonym of a name that no rule speaks of: a role, a state, a version; words of the model stay, and so do
    /// masks and pseudonyms.
    pub fn name(&self, name: &str) -> Arc<str> {
        if !self.all || self.spoken.contains(name) { name.into() } else { redact::pseudonym(&self.key, name).into() }
    }

    /// What stands for who acts.
    pub fn person(&self, name: &str) -> Arc<str> {
        self.hidden(self.selected.persons, name)
    }

    /// What stands for a host that is no word of the model.
    pub fn host(&self, name: &str) -> Arc<str> {
        self.unspoken(self.selected.hosts, name)
    }

    /// What stands for a name: by a rule, else its pseudonym where all have one.
    fn hidden(&self, rule: Option<Treatment>, name: &str) -> Arc<str> {
        match rule {
            Some(treatment) if !name.is_empty() => redact::stands_for(&self.key, treatment, name).into(),
            _ if self.all => redact::pseudonym(&self.key, name).into(),
            _ => name.into(),
        }
    }

    /// The object under its pseudonym. A key that is only unique under another keeps its parts.
    pub fn object(&self, id: &ObjectId) -> ObjectId {
        ObjectId { object_type: Arc::clone(&id.object_type), key: self.parts(&id.object_type, &id.key) }
    }

    /// A key and its users under their pseudonyms.
    pub fn reused(&self, reused: &ReusedKey) -> ReusedKey {
        let (selected, (first, second)) = (&self.selected, &reused.users);
        let rule = match reused.by {
            KeyUser::Tenant => selected.tenants,
            KeyUser::Host => selected.hosts,
        };
        let users = (self.hidden(rule, first), self.hidden(rule, second));
        ReusedKey { key: self.parts(&reused.object_type, &reused.key), users, ..reused.clone() }
    }

    fn parts(&self, object_type: &str, key: &str) -> Arc<str> {
        if self.selected.is_person(object_type) {
            return self.hidden(self.selected.persons.or_else(|| self.selected.keys_of(object_type)), key);
        }
        let (keys, tenant) = (self.selected.keys_of(object_type), self.selected.tenant_of(object_type));
        // An unknown tenant names nobody.
        let part = |(at, part)| match part {
            "?" => Arc::from(part),
            part if at == 0 && tenant.is_some() && key.contains('/') => self.hidden(tenant, part),
            part => self.hidden(keys, part),
        };
        key.split('/').enumerate().map(part).collect::<Vec<_>>().join("/").into()
    }

    /// Replaces the names in an event, all but its place in the input.
    pub fn event(&self, event: &mut Event) {
        // Where only some names are replaced, they are also inside of texts, such as a target.
        let mut inside = Names::new();
        if !self.all {
            self.names(event, &mut inside);
        }
        event.path = self.path(event, &inside);
        self.actor(&mut event.actor);
        // A session's name is a hash of who acts and when, without a key.
        event.session = event.session.as_ref().map(|name| self.person(name));
        event.run = event.run.as_ref().map(|name| self.hidden(None, name));
        event.host = event.host.as_ref().map(|name| self.hidden(self.selected.hosts, name));
        event.request_id = event.request_id.as_ref().map(|id| self.hidden(self.selected.request_ids, id));
        for (_, tenant) in &mut event.tenants {
            *tenant = self.hidden(self.selected.tenants, tenant);
        }
        if let Some(exchanged) = &mut event.exchanged {
            let words = [&mut exchanged.had, &mut exchanged.got].into_iter().flatten().flatten();
            words.for_each(|word| *word = self.name(word));
        }
        event.case = event.case.as_ref().map(|case| self.object(case));
        self.attributes(&mut event.attributes, &inside);
        for object in &mut event.objects {
            let conflicting = object.conflicting_key.as_ref();
            object.conflicting_key = conflicting.map(|key| self.parts(&object.id.object_type, key));
            object.id = self.object(&object.id);
            let states = [&mut object.declared_state, &mut object.written_state];
            states.into_iter().flatten().for_each(|name| *name = self.name(name));
            object.tenant = object.tenant.as_ref().map(|name| self.unspoken(self.selected.tenants, name));
            object.owner = object.owner.as_ref().map(|name| self.unspoken(self.selected.persons, name));
            self.attributes(&mut object.attributes, &inside);
        }
    }

    /// As [`Pseudonyms::hidden`], but for words of the model.
    fn unspoken(&self, rule: Option<Treatment>, name: &str) -> Arc<str> {
        if rule.is_none() { self.name(name) } else { self.hidden(rule, name) }
    }

    fn actor(&self, actor: &mut Actor) {
        let names = [&mut actor.principal, &mut actor.agent, &mut actor.client];
        let mut own: Vec<Arc<str>> = names.iter().filter_map(|name| Option::clone(name)).collect();
        own.extend(actor.tenant.clone());
        for name in names.into_iter().flatten() {
            *name = self.person(name);
        }
        actor.tenant = actor.tenant.as_ref().map(|name| self.hidden(self.selected.tenants, name));
        for name in actor.others.iter_mut().chain(&mut actor.earlier_agents) {
            *name = self.unspoken(self.selected.persons, name);
        }
        if let Some(seen) = &mut actor.seen_agent {
            seen.name = self.unspoken(self.selected.persons, &seen.name);
        }
        actor.scopes.iter_mut().for_each(|name| *name = self.name(name));
        // A role is no name, unless somebody is named after it.
        let named = actor.roles.iter_mut().filter(|role| own.contains(role));
        named.for_each(|role| *role = self.unspoken(self.selected.persons, role));
    }

    fn attributes(&self, attributes: &mut [(Arc<str>, Value)], inside: &Names) {
        for (name, value) in attributes {
            match self.selected.attribute(name) {
                Some(treatment) => self.hide(treatment, value),
                None => self.value(value, inside),
            }
        }
    }

    /// Hides a value, whatever it is.
    fn hide(&self, treatment: Treatment, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::List(items) => items.iter_mut().for_each(|item| self.hide(treatment, item)),
            other => *other = Value::Text(self.hidden(Some(treatment), &other.to_string())),
        }
    }

    /// Texts may be names; amounts, numbers and times are not.
    fn value(&self, value: &mut Value, inside: &Names) {
        match value {
            Value::Text(text) if self.all => *text = self.name(text),
            Value::Text(text) => *text = self.text(text, inside),
            Value::List(items) => items.iter_mut().for_each(|item| self.value(item, inside)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Time(_) | Value::Duration(_) | Value::Money(_) => {
            }
        }
    }

    /// A path without the names in it: where all are replaced, only words of the operation's template are left.
    fn path(&self, event: &Event, inside: &Names) -> Arc<str> {
        let operation = event.operation.as_deref();
        let template = operation.and_then(|operation| operation.split_once(' ')).map_or("", |(_, template)| template);
        let mut words = template.split('/');
        let mut out = Vec::new();
        for segment in event.path.split('/') {
            let decoded = percent_decoded(segment, false);
            // A path that is spelt in another way than its template (`//`, `/./`) is left without words.
            let word = words.next().unwrap_or_default();
            let rule = self.selected.segment(word);
            out.push(match inside.get(&*decoded) {
                Some(stands) => stands.to_string(),
                None if word == segment => decoded.into_owned(),
                None if rule.is_none() && !self.all => segment.to_owned(),
                None => self.hidden(rule, &decoded).to_string(),
            });
        }
        out.join("/").into()
    }

    /// The names that an event holds, each with what stands for it: who, on what, for whom, and every text.
    pub fn names(&self, event: &Event, names: &mut Names) {
        let (actor, selected) = (&event.actor, &self.selected);
        for object in &event.objects {
            let object_type = &object.id.object_type;
            for key in [Some(&object.id.key), object.conflicting_key.as_ref()].into_iter().flatten() {
                self.put(names, key, self.parts(object_type, key));
                // A key that is only unique under another is also told without it.
                if let Some((_, own)) = key.split_once('/') {
                    self.put(names, own, self.parts(object_type, own));
                }
            }
        }
        let attributes = event.objects.iter().flat_map(|object| &object.attributes);
        for (name, value) in event.attributes.iter().chain(attributes) {
            self.texts(selected.attribute(name), value, names);
        }
        let objects = event.objects.iter();
        let of_objects = objects.flat_map(|object| {
            [(&object.written_state, None), (&object.tenant, selected.tenants), (&object.owner, selected.persons)]
        });
        let persons = [&actor.principal, &actor.agent, &actor.client].map(|name| (name, selected.persons));
        let others =
            [(&actor.tenant, selected.tenants), (&event.session, selected.persons), (&event.host, selected.hosts)];
        for (name, rule) in of_objects.chain(persons).chain(others).chain([(&event.run, None)]) {
            name.iter().for_each(|name| self.put(names, name, self.unspoken(rule, name)));
        }
        for (_, tenant) in &event.tenants {
            self.put(names, tenant, self.unspoken(selected.tenants, tenant));
        }
        let seen = actor.seen_agent.iter().map(|seen| &seen.name);
        seen.chain(&actor.earlier_agents).for_each(|name| self.put(names, name, self.unspoken(selected.persons, name)));
        let exchanged = event.exchanged.iter().flat_map(|exchanged| [&exchanged.had, &exchanged.got]);
        exchanged.flatten().flatten().chain(&actor.scopes).for_each(|word| self.put(names, word, self.name(word)));
        let spoken = event.spoken.as_deref();
        let announced = spoken.and_then(|spoken| spoken.headers.as_ref()).and_then(|headers| match headers {
            Announced::Different { said, done, .. } => Some([said, done]),
            Announced::Same => None,
        });
        let called = spoken.and_then(|spoken| spoken.tool.as_ref()).into_iter();
        for name in called.chain(announced.into_iter().flatten()) {
            self.put(names, name, self.unspoken(None, name));
        }
        let listed = spoken.and_then(|spoken| spoken.listing.as_ref()).into_iter().flat_map(|listing| &listing.tools);
        listed.for_each(|tool| self.put(names, &tool.name, self.unspoken(None, &tool.name)));
    }

    /// Adds a name. One that stands for itself where only some are hidden hides nothing, least of all the same name that
    /// is hidden as somebody else's.
    fn put(&self, names: &mut Names, name: &str, stands: Arc<str>) {
        if self.all || *stands != *name {
            names.insert(name.into(), stands);
        }
    }

    /// The texts of an attribute, or whatever it says where a rule hides it.
    fn texts(&self, rule: Option<Treatment>, value: &Value, names: &mut Names) {
        match (value, rule) {
            (Value::Text(text), _) => self.put(names, text, self.unspoken(rule, text)),
            (Value::List(items), _) => items.iter().for_each(|item| self.texts(rule, item, names)),
            (Value::Null | Value::Bool(_), _) | (_, None) => {}
            (other, Some(_)) => {
                let text = other.to_string();
                self.put(names, &text, self.hidden(rule, &text));
            }
        }
    }

    /// A sentence or list entry of a comparison with the names in it replaced; `names` are those that its events hold.
    pub fn text(&self, text: &str, names: &Names) -> Arc<str> {
        if self.spoken.contains(text) {
            return text.into();
        }
        let listed = self.listed.iter().filter(|name| !names.contains_key(*name));
        let listed = listed.map(|name| (name, self.unspoken(self.selected.persons, name)));
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
    words.extend(model.activities.iter().flat_map(|a| &a.matchers).filter_map(|m| Some(m.call.as_ref()?.name.clone())));
    let tools = model.delegations.iter().map(|delegation| &delegation.tools);
    words.extend(tools.flat_map(|tools| tools.allow.iter().flatten().chain(&tools.deny)).cloned());
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
        let path = |path: &str, operation: Option<&str>| {
            pseudonyms
                .path(&Event { path: path.into(), operation: operation.map(Arc::from), ..rich_event(1) }, &Names::new())
        };
        let paid = path("/orders/o%31/pay", Some("POST /orders/{order}/pay"));
        let key = pseudonyms.object(&ObjectId { object_type: "order".into(), key: "o1".into() }).key;
        assert_eq!(&*paid, format!("/orders/{key}/pay"));
        let unknown = path("/users/alice", None);
        assert!(!unknown.contains("users") && !unknown.contains("alice"), "{unknown}");
        let odd = path("//orders/alice/pay", Some("POST /orders/{order}/pay"));
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
    fn software_and_what_tokens_are_good_for_are_hidden_as_well() {
        use crate::event::{SeenAgent, TokenExchange};
        let pseudonyms = pseudonyms(MODEL);
        let mut event = rich_event(1);
        let words = |all: &[&str]| Some(all.iter().map(|word| Arc::from(*word)).collect());
        let (had, got) = (words(&["user:anna"]), words(&["user:anna", "user:schmidt"]));
        event.exchanged = Some(Box::new(TokenExchange { shown: "2c".into(), had, got, elsewhere: false }));
        event.actor.seen_agent = Some(Box::new(SeenAgent { name: "Anna Schmidt laptop".into(), named: None }));
        let mut names = Names::new();
        pseudonyms.names(&event, &mut names);
        pseudonyms.event(&mut event);
        let said = format!("{:?} {:?}", event.exchanged, event.actor.seen_agent).to_lowercase();
        assert!(!said.contains("anna") && !said.contains("schmidt"), "{said}");
        for text in ["Anna Schmidt laptop", "user:schmidt"] {
            assert_eq!(pseudonyms.text(text, &names), pseudonyms.name(text));
        }
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
