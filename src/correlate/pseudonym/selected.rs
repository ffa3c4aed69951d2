//! What the rules of the user hide of events: told by where the model, or the usual places, have each name from.
//!
//! A rule speaks of a header or a key; an event holds names that were read there and elsewhere. What may have been read
//! where a rule fits is hidden wherever names of its kind stand, so that one name is not shown in one place and hidden in
//! the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::correlate::identity;
use crate::correlate::identity::TENANT_NAMES;
use crate::correlate::redact::{RedactionRules, Treatment};
use crate::model::expression::Expression;
use crate::model::{AttributeRule, BuiltIn, Model, Path, Root};

/// Keys that may name who acts, without a model: of claims, logins and logs.
const PERSONS: [&str; 13] = [
    "sub",
    "act",
    "uid",
    "user",
    "user_id",
    "username",
    "preferred_username",
    "email",
    "login",
    "client_id",
    "azp",
    "owner",
    "owner_id",
];

/// Kinds of names, and what becomes of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Selected {
    rules: Arc<RedactionRules>,
    /// Principals, agents, clients and owners.
    pub(super) persons: Option<Treatment>,
    pub(super) tenants: Option<Treatment>,
    pub(super) hosts: Option<Treatment>,
    pub(super) request_ids: Option<Treatment>,
    /// Keys of objects, by their type.
    types: BTreeMap<Arc<str>, Treatment>,
    /// Types of which rules fit another name: all traffic together told that they are one.
    carried: OnceLock<BTreeMap<Arc<str>, Treatment>>,
    /// Types whose keys are who acts, or made of it: `actor`, `session`.
    of_persons: BTreeSet<Arc<str>>,
    /// Types whose keys are unique in one tenant only.
    within_tenant: BTreeSet<Arc<str>>,
    /// Path parameters that hold such keys.
    parameters: BTreeMap<Arc<str>, Treatment>,
    attributes: BTreeMap<Arc<str>, Treatment>,
}

impl RedactionRules {
    /// How names of who acts are to be hidden, as far as a rule fits where such names usually are.
    pub(in crate::correlate) fn persons(&self) -> Option<Treatment> {
        let keys = PERSONS.iter().filter_map(|name| self.key(name));
        let headers = identity::naming_headers().filter_map(|name| self.header(name));
        keys.chain(headers).next().map(|(_, how)| how)
    }
}

impl Selected {
    pub(super) fn new(rules: Arc<RedactionRules>, model: Option<&Model>) -> Selected {
        if rules.is_empty() {
            return Selected::default();
        }
        let headers = |names: &[&str]| names.iter().find_map(|name| rules.header(name)).map(|(_, how)| how);
        let keys = |names: &[&str]| names.iter().find_map(|name| rules.key(name)).map(|(_, how)| how);
        let mut selected = Selected {
            persons: rules.persons(),
            tenants: keys(&TENANT_NAMES).or_else(|| headers(&["x-tenant-id"])),
            hosts: headers(&["host"]),
            request_ids: headers(&["x-request-id", "x-correlation-id", "traceparent"]),
            ..Selected::default()
        };
        if let Some(model) = model {
            selected.add_actors(&rules, model);
            selected.add_objects(&rules, model);
            selected.add_attributes(&rules, model);
        }
        Selected { rules, ..selected }
    }

    fn add_actors(&mut self, rules: &RedactionRules, model: &Model) {
        let caught = |paths: Vec<&Path>| paths.into_iter().find_map(|path| rules.path(path));
        let identify = model.actors.identify.iter().map(|step| &step.path);
        let bound = model.activities.iter().flat_map(|a| &a.bind).map(|(_, subject)| subject);
        let owners = model.object_types.iter().filter_map(|t| t.owner.as_ref()).map(|owner| &owner.value);
        let persons = identify.chain(&model.actors.agent).chain(bound).chain(owners);
        self.persons = self.persons.or_else(|| caught(persons.collect()));
        let own = model.object_types.iter().flat_map(|t| &t.tenant);
        self.tenants = self.tenants.or_else(|| caught(model.actors.tenant.iter().chain(own).collect()));
    }

    fn add_objects(&mut self, rules: &RedactionRules, model: &Model) {
        for (index, object_type) in model.object_types.iter().enumerate() {
            let is = |id: crate::model::ObjectTypeId| usize::from(id.0) == index;
            let parents = model.object_types.iter().filter_map(|t| t.parent.as_ref()).filter(|(id, _)| is(*id));
            let touched = model.activities.iter().flat_map(|a| {
                let each = a.each.iter().filter(|_| a.objects.first().is_some_and(|object| is(object.object_type)));
                a.objects.iter().filter(|object| is(object.object_type)).flat_map(|object| &object.key).chain(each)
            });
            let paths: Vec<&Path> =
                object_type.key.iter().chain(parents.flat_map(|(_, paths)| paths)).chain(touched).collect();
            if matches!(object_type.built_in, Some(BuiltIn::Actor | BuiltIn::Session)) {
                self.of_persons.insert(Arc::clone(&object_type.name));
            }
            if object_type.within_tenant {
                self.within_tenant.insert(Arc::clone(&object_type.name));
            }
            let by_name = || rules.named_after(&object_type.name);
            let Some(how) = paths.iter().find_map(|path| rules.path(path)).or_else(by_name) else { continue };
            self.types.insert(Arc::clone(&object_type.name), how);
            let parameters = paths.iter().filter(|path| path.root == Root::PathParameter);
            let names = parameters.filter_map(|path| path.fields.first());
            self.parameters.extend(names.map(|name| (Arc::clone(name), how)));
        }
    }

    fn add_attributes(&mut self, rules: &RedactionRules, model: &Model) {
        let own = model.object_types.iter().flat_map(|t| &t.attributes).filter_map(|a| match &a.value {
            AttributeRule::Exchange(expression) => Some((&a.name, expression)),
            AttributeRule::Sum { .. } => None,
        });
        let told = model.activities.iter().flat_map(|a| &a.attributes).map(|(name, expression)| (name, expression));
        let caught = |expression: &Expression| expression.paths().into_iter().find_map(|path| rules.path(path));
        let found = own.chain(told).filter_map(|(name, expression)| Some((Arc::clone(name), caught(expression)?)));
        self.attributes.extend(found);
        let captured = model.captured_paths.iter();
        self.attributes.extend(captured.filter_map(|path| Some((Arc::clone(&path.text), rules.path(path)?))));
        // What is summed of a hidden attribute is hidden.
        for attribute in model.object_types.iter().flat_map(|t| &t.attributes) {
            if let AttributeRule::Sum { attribute: of, .. } = &attribute.value
                && let Some(how) = self.attributes.get(of).copied()
            {
                self.attributes.insert(Arc::clone(&attribute.name), how);
            }
        }
    }

    /// What becomes of the keys of a type.
    pub(super) fn keys_of(&self, object_type: &str) -> Option<Treatment> {
        let own = self.types.get(object_type).copied().or_else(|| self.rules.named_after(object_type));
        own.or_else(|| self.carried.get()?.get(object_type).copied())
    }

    /// Hides keys of types as those of types that turned out to be the same: pairs of one and what it is called now.
    pub(super) fn carry<'t>(&self, renamed: impl Iterator<Item = (&'t Arc<str>, &'t Arc<str>)>) {
        if self.rules.is_empty() {
            return;
        }
        let fits = renamed.filter_map(|(from, to)| Some((Arc::clone(to), self.keys_of(from)?)));
        let carried: BTreeMap<Arc<str>, Treatment> = fits.collect();
        // Set before anything is shown, and once: a run learns it at one place.
        let _ = self.carried.set(carried);
    }

    /// Whether keys of a type are who acts, or made of it.
    pub(super) fn is_person(&self, object_type: &str) -> bool {
        self.of_persons.contains(object_type)
    }

    /// What becomes of the tenant that keys of a type begin with.
    pub(super) fn tenant_of(&self, object_type: &str) -> Option<Treatment> {
        self.tenants.filter(|_| self.within_tenant.contains(object_type))
    }

    /// What becomes of an attribute of the model.
    pub(super) fn attribute(&self, name: &str) -> Option<Treatment> {
        self.attributes.get(name).copied().or_else(|| self.rules.key(name).map(|(_, how)| how))
    }

    /// What becomes of what stands at a segment of a template: `{order}`.
    pub(super) fn segment(&self, template: &str) -> Option<Treatment> {
        let names = template.split(['{', '}']).enumerate().filter(|(at, _)| at % 2 == 1);
        let mut names = names.map(|(_, name)| name);
        names.find_map(|name| self.parameters.get(name).copied().or_else(|| self.keys_of(name)))
    }
}
