//! Names of the model that can only be checked against traffic: roles, declared states, fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::naming::{shown, shown_entry};
use crate::compare::{is_named, roles_are_seen};
use crate::correlate::Pseudonyms;
use crate::event::{Event, Evidence, Outcome, Value};
use crate::finding::Finding;
use crate::model::{Activity, AttributeRule, ConstraintKind, Expression, Model, Path, nearest_name};

/// Distinct names of one kind that are kept; of more, the first by spelling.
const MOST_NAMES: usize = 64;
/// Names written out in one sentence.
const SHOWN: usize = 5;
/// Events that must have had the chance to show a name before its absence is worth a word.
const ENOUGH: u64 = 3;

/// Confidence of a finding on a role when the actor has one that is spelt nearly so, and nobody has this one.
const MISSPELT: f32 = 0.4;
/// Confidence of a finding on roles that nobody in the traffic has.
const UNKNOWN_ROLE: f32 = 0.6;

/// Names met in the traffic; parts add up.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Entries of the model's `by` and `unless_role` that named someone.
    met: BTreeSet<Arc<str>>,
    /// Roles of anyone.
    roles: BTreeSet<Arc<str>>,
    /// Whether it was seen of anyone which roles they have.
    shows_roles: bool,
    /// Whether of anyone a role was read, be it the default one.
    tells_roles: bool,
    /// Activity -> accepted events, and of these the ones that were seen whole.
    accepted: BTreeMap<Arc<str>, (u64, u64)>,
    /// Object type -> states that servers declared, and responses that could have.
    states: BTreeMap<Arc<str>, (BTreeSet<Arc<str>>, u64)>,
    /// Activity and field that some event has.
    fields: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Object type -> attributes that some exchange shows.
    attributes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Names {
    /// Notes the names in the events of one case.
    pub(super) fn add_case(&mut self, events: &[Event], model: &Model) {
        let mut actors: Vec<&Event> = Vec::new();
        for event in events {
            // A case has few actors, and most of what one does shows nothing new of their roles.
            let same = |known: &&Event| {
                let (a, b) = (&known.actor, &event.actor);
                (&a.principal, &a.agent, &a.kind, &a.roles) == (&b.principal, &b.agent, &b.kind, &b.roles)
                    && (a.evidence, a.roles_defaulted) == (b.evidence, b.roles_defaulted)
            };
            if !actors.iter().any(same) {
                actors.push(event);
            }
            if actors.len() > MOST_NAMES {
                self.add_actors(&std::mem::take(&mut actors), model);
            }
            self.shows_roles |= event.actor.principal.is_some() && roles_are_seen(event);
            self.add_event(event);
        }
        self.add_actors(&actors, model);
    }

    fn add_actors(&mut self, events: &[&Event], model: &Model) {
        let default = &model.actors.default_role;
        for event in events {
            let actor = &event.actor;
            actor.roles.iter().for_each(|role| keep(&mut self.roles, role));
            // A login tells the default to whom it tells none.
            let told = actor.evidence != Evidence::Bound && !actor.roles_defaulted && !actor.roles.is_empty();
            self.tells_roles |= told || actor.roles.iter().any(|role| default.as_ref() != Some(role));
            for entry in entries(model) {
                if !self.met.contains(entry) && is_named(entry, event, &model.actors) {
                    self.met.insert(entry.clone());
                }
            }
        }
    }

    fn add_event(&mut self, event: &Event) {
        let accepted = event.outcome == Outcome::Accepted;
        let Some(activity) = event.activity.as_ref().filter(|_| accepted) else { return };
        let shows = event.shows;
        let seen = self.accepted.entry(activity.clone()).or_default();
        seen.0 += 1;
        seen.1 += u64::from(shows.request_body && shows.response_body && shows.headers);
        // A log may tell that a body was empty; it never shows what is in one.
        let bodies = shows.response_body && (shows.request_body || shows.headers);
        for object in event.objects.iter().filter(|_| bodies) {
            let (states, chances) = self.states.entry(object.id.object_type.clone()).or_default();
            *chances += 1;
            object.declared_state.iter().for_each(|state| keep(states, state));
        }
        for object in &event.objects {
            for (name, _) in object.attributes.iter().filter(|(_, value)| *value != Value::Null) {
                let known = self.attributes.entry(object.id.object_type.clone()).or_default();
                if !known.contains(name) {
                    known.insert(name.clone());
                }
            }
        }
        for (field, _) in event.attributes.iter().filter(|(_, value)| *value != Value::Null) {
            let key = (activity.clone(), field.clone());
            if !self.fields.contains(&key) {
                self.fields.insert(key);
            }
        }
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Names) {
        self.met.extend(other.met);
        other.roles.iter().for_each(|role| keep(&mut self.roles, role));
        self.shows_roles |= other.shows_roles;
        self.tells_roles |= other.tells_roles;
        for (activity, (accepted, whole)) in other.accepted {
            let mine = self.accepted.entry(activity).or_default();
            *mine = (mine.0 + accepted, mine.1 + whole);
        }
        for (object_type, (states, chances)) in other.states {
            let mine = self.states.entry(object_type).or_default();
            states.iter().for_each(|state| keep(&mut mine.0, state));
            mine.1 += chances;
        }
        self.fields.extend(other.fields);
        for (object_type, names) in other.attributes {
            self.attributes.entry(object_type).or_default().extend(names);
        }
    }

    /// Whether it is known that an entry of `by` names nobody. `agent` and entries with a kind are no roles.
    fn nobody_is(&self, entry: &str) -> bool {
        self.shows_roles && !self.met.contains(entry) && entry != "agent" && !entry.contains(':')
    }

    /// A sentence for each name that the traffic does not bear out.
    pub(super) fn warnings(&self, model: &Model, pseudonyms: Option<&Pseudonyms>) -> Vec<String> {
        let mut warnings = self.unknown_roles(model, pseudonyms);
        warnings.extend(self.unknown_kinds(model));
        warnings.extend(self.unknown_states(model, pseudonyms));
        warnings.extend(self.absent(model).into_values());
        warnings
    }

    /// Fields of the model that no exchange has although it was seen whole, each with a sentence: `pay.amount` of an
    /// activity, `order.total` of an object.
    pub(super) fn absent(&self, model: &Model) -> BTreeMap<String, String> {
        let mut absent = BTreeMap::new();
        for activity in &model.activities {
            let Some((_, whole)) = self.accepted.get(&activity.name).filter(|(_, whole)| *whole >= ENOUGH) else {
                continue;
            };
            for field in fields(model, activity) {
                if !self.fields.contains(&(activity.name.clone(), field.clone())) {
                    let sentence = format!("{} never had `{field}` in {whole} accepted requests", activity.name);
                    absent.insert(format!("{}.{field}", activity.name), sentence);
                }
            }
        }
        for object_type in &model.object_types {
            let Some((_, chances)) = self.states.get(&object_type.name).filter(|(_, chances)| *chances >= ENOUGH)
            else {
                continue;
            };
            for attribute in &object_type.attributes {
                let AttributeRule::Exchange(expression) = &attribute.value else { continue };
                let name = &attribute.name;
                if !self.attributes.get(&object_type.name).is_some_and(|known| known.contains(name)) {
                    let (object_type, text) = (&object_type.name, &expression.text);
                    let sentence = format!("no `{name}` of {object_type} was seen at `{text}` in {chances} exchanges");
                    absent.insert(format!("{object_type}.{name}"), sentence);
                }
            }
        }
        absent
    }

    fn unknown_roles(&self, model: &Model, pseudonyms: Option<&Pseudonyms>) -> Vec<String> {
        let mut uses: BTreeMap<&Arc<str>, BTreeSet<&str>> = BTreeMap::new();
        for transition in model.lifecycles.iter().flat_map(|l| &l.transitions) {
            let activity = model.activities.get(usize::from(transition.activity.0));
            for entry in &transition.by {
                uses.entry(entry).or_default().extend(activity.map(|a| &*a.name));
            }
        }
        for constraint in &model.constraints {
            if let ConstraintKind::Same { unless_role, .. } = &constraint.kind {
                for role in unless_role {
                    uses.entry(role).or_default();
                }
            }
        }
        let mut warnings = Vec::new();
        let nobody = |entry: &Arc<str>| self.nobody_is(entry) && !model.actors.is_kind(entry);
        for (entry, activities) in uses.into_iter().filter(|(entry, _)| nobody(entry)) {
            let near = nearest_name(entry, self.roles.iter().map(|role| &**role));
            let happened = activities.iter().any(|activity| self.accepted.contains_key(*activity));
            // A role whose steps did not happen either may well be absent.
            if near.is_none() && !happened {
                continue;
            }
            let names = |names: BTreeSet<&str>| names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
            let of = if activities.is_empty() { String::new() } else { format!(" for {}", names(activities)) };
            let seen = match self.roles.len() {
                0 => "no roles at all".to_owned(),
                _ if !self.tells_roles => self.untold(model),
                number => {
                    let first = listed(self.roles.iter().map(|role| &**role), ", ", pseudonyms);
                    if number > SHOWN { format!("{first}, ...") } else { first }
                }
            };
            let meant = near.map(|near| format!("; did you mean `{}`?", shown(near, pseudonyms)));
            let meant = meant.or_else(|| self.unmapped(entry, model, pseudonyms)).unwrap_or_default();
            let entry = shown_entry(entry, pseudonyms);
            warnings.push(format!(
                "nobody in this traffic has the role `{entry}` that the model names{of} (seen: {seen}){meant}"
            ));
        }
        warnings
    }

    /// Where roles would be read if anyone had some.
    fn untold(&self, model: &Model) -> String {
        let paths: Vec<&str> = model.actors.roles_from.iter().map(|path| &*path.text).collect();
        match paths.as_slice() {
            [] => "no roles but the default".to_owned(),
            paths => format!("no roles but the default, none at `{}`", paths.join("`, `")),
        }
    }

    /// What the map makes a role of, where nobody has that either but something like it.
    fn unmapped(&self, entry: &Arc<str>, model: &Model, pseudonyms: Option<&Pseudonyms>) -> Option<String> {
        let mut sources = model.actors.role_map.iter().filter(|(_, role)| *role == entry).map(|(name, _)| name);
        let (source, near) =
            sources.find_map(|source| Some((source, nearest_name(source, self.undeclared(model).map(|r| &**r))?)))?;
        let (source, near) = (shown_entry(source, pseudonyms), shown(near, pseudonyms));
        Some(format!("; `roles.map` makes it of `{source}`: did you mean `{near}`?"))
    }

    /// Roles of the traffic that the model does not speak of.
    fn undeclared<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = &'a Arc<str>> {
        self.roles.iter().filter(|role| !declares(model, role))
    }

    /// Kinds that steps are kept for and that nobody is known to be: nothing says how one is told.
    fn unknown_kinds(&self, model: &Model) -> Vec<String> {
        let mut uses: BTreeMap<&Arc<str>, BTreeSet<&str>> = BTreeMap::new();
        for transition in model.lifecycles.iter().flat_map(|l| &l.transitions) {
            let activity = model.activities.get(usize::from(transition.activity.0)).map(|a| &*a.name);
            let happened = activity.filter(|activity| self.accepted.contains_key(*activity));
            for entry in transition.by.iter().filter(|entry| model.actors.is_kind(entry)) {
                uses.entry(entry).or_default().extend(happened);
            }
        }
        let nobody =
            uses.into_iter().filter(|(entry, activities)| !self.met.contains(*entry) && !activities.is_empty());
        nobody
            .map(|(entry, activities)| {
                let steps = activities.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
                format!(
                    "nobody in this traffic is known to be a `{entry}`, which the model names for {steps}: say how one is \
                     told, `actors: {{kinds: {{{entry}: CONDITION}}}}`"
                )
            })
            .collect()
    }

    fn unknown_states(&self, model: &Model, pseudonyms: Option<&Pseudonyms>) -> Vec<String> {
        let mut warnings = Vec::new();
        for lifecycle in &model.lifecycles {
            let Some(object_type) = model.object_types.get(usize::from(lifecycle.object_type.0)) else { continue };
            let Some((declared, chances)) = self.states.get(&object_type.name) else { continue };
            let name = &object_type.name;
            if declared.is_empty() && *chances >= ENOUGH && !object_type.state.is_empty() {
                let paths: Vec<&str> = object_type.state.iter().map(|path| &*path.text).collect();
                let paths = paths.join("`, `");
                warnings.push(format!("no state of {name} was seen at `{paths}` in {chances} responses"));
            }
            let known = |state: &Arc<str>| lifecycle.states.iter().any(|s| s.is_called(state));
            let unknown: Vec<&str> = declared.iter().filter(|state| !known(state)).map(|state| &**state).collect();
            if unknown.is_empty() {
                continue;
            }
            let told = listed(unknown.iter().copied(), "`, `", pseudonyms);
            let unused = lifecycle
                .states
                .iter()
                .map(|s| &*s.name)
                .filter(|s| !declared.iter().any(|d| d.eq_ignore_ascii_case(s)));
            let near = unknown.iter().find_map(|state| Some((*state, nearest_name(state, unused.clone())?)));
            let meant = match near {
                Some((state, near)) if unknown.len() > 1 => {
                    format!("; is `{}` the model's `{near}`?", shown(state, pseudonyms))
                }
                Some((_, near)) => format!("; is it the model's `{near}`?"),
                None => String::new(),
            };
            let states = if unknown.len() == 1 { "a state" } else { "states" };
            warnings.push(format!(
                "the server declares {states} of {name} that the lifecycle does not have: `{told}`{meant}"
            ));
        }
        warnings
    }

    /// Lowers the confidence of findings on roles that nobody in the traffic has: the name may be misspelt, or the
    /// source may call it otherwise.
    ///
    /// Where nobody has any role but the default, the place of roles is more likely wrong than everybody; and where the
    /// actor has one that the model does not speak of, that may be what its map makes another of.
    pub(super) fn temper(&self, finding: &mut Finding, names: &ShownNames) {
        if finding.rule != "FN-ROLE" {
            return;
        }
        // What the model does not say is somebody's pseudonym.
        let said = finding.expected.iter().filter_map(|shown| Some((shown, names.entries.get(shown.as_str())?)));
        let nobody: Vec<(&String, &Arc<str>)> = said.filter(|(_, entry)| self.nobody_is(entry)).collect();
        let actor = [&finding.actor.principal, &finding.actor.agent];
        let roles = finding.observed.iter().filter(|word| !actor.iter().any(|name| name.as_ref() == Some(word)));
        let own: Vec<&str> = roles.map(|role| names.roles.get(role.as_str()).map_or(role.as_str(), |r| r)).collect();
        let misspelt = nobody.iter().find(|(_, entry)| nearest_name(entry, own.iter().copied()).is_some());
        let unmapped = || own.iter().any(|role| names.undeclared.contains(*role));
        let (most, entry) = match (misspelt, nobody.first()) {
            (Some((entry, _)), _) => (MISSPELT, (*entry).clone()),
            (None, Some((entry, _))) if !self.tells_roles || unmapped() => (MISSPELT, (*entry).clone()),
            (None, Some((entry, _))) if nobody.len() == finding.expected.len() => (UNKNOWN_ROLE, (*entry).clone()),
            _ => return,
        };
        finding.confidence = finding.confidence.min(most);
        finding.terms.push(format!("confidence {most:.2} nobody in this traffic is {entry}"));
    }
}

/// Names by what findings show of them, for comparing them as they are.
pub(super) struct ShownNames {
    /// Entries by which the model says who may.
    entries: BTreeMap<Arc<str>, Arc<str>>,
    /// Roles, of the traffic and of the model.
    roles: BTreeMap<Arc<str>, Arc<str>>,
    /// Roles of the traffic of which the model makes others, if any, without speaking of these.
    undeclared: BTreeSet<Arc<str>>,
}

impl ShownNames {
    /// The names of a model and of traffic; without pseudonyms each is shown as it is.
    pub(super) fn of(names: &Names, model: &Model, pseudonyms: Option<&Pseudonyms>) -> ShownNames {
        let by_shown = |name: &Arc<str>| (shown_entry(name, pseudonyms), Arc::clone(name));
        let entries: BTreeMap<_, _> = entries(model).map(by_shown).collect();
        // A role is replaced where the model lists its name, or where it is the name of its actor.
        let own = |role: &Arc<str>| (shown(role, pseudonyms), Arc::clone(role));
        let mut roles: BTreeMap<_, _> = names.roles.iter().map(own).collect();
        roles.extend(names.roles.iter().map(by_shown));
        roles.extend(entries.clone());
        let maps = !model.actors.role_map.is_empty();
        let undeclared = names.undeclared(model).filter(|_| maps).cloned().collect();
        ShownNames { entries, roles, undeclared }
    }
}

/// The first words of the traffic as outputs show them, in an order that says nothing of what is not shown.
fn listed<'a>(words: impl Iterator<Item = &'a str>, between: &str, pseudonyms: Option<&Pseudonyms>) -> String {
    let told: BTreeSet<Arc<str>> = words.take(SHOWN).map(|word| shown(word, pseudonyms)).collect();
    told.iter().map(|word| &**word).collect::<Vec<_>>().join(between)
}

/// Keeps the first names by spelling, so that what is kept does not depend on the order of the traffic.
fn keep(names: &mut BTreeSet<Arc<str>>, name: &Arc<str>) {
    if names.contains(name) {
        return;
    }
    names.insert(name.clone());
    if names.len() > MOST_NAMES {
        names.pop_last();
    }
}

/// Whether the model speaks of a role, by the name that it has for it or would map.
fn declares(model: &Model, role: &Arc<str>) -> bool {
    let actors = &model.actors;
    let mut mapped = actors.role_map.iter().flat_map(|(from, to)| [from, to]);
    mapped.any(|known| known == role)
        || actors.default_role.as_ref() == Some(role)
        || entries(model).any(|known| known == role)
}

/// Entries by which the model says who may.
fn entries(model: &Model) -> impl Iterator<Item = &Arc<str>> {
    let exempt = model.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::Same { unless_role, .. } => Some(unless_role),
        _ => None,
    });
    model.lifecycles.iter().flat_map(|l| &l.transitions).map(|t| &t.by).chain(exempt).flatten()
}

/// What the model reads from an activity's exchanges: its attributes, and what guards of its steps name directly.
fn fields(model: &Model, activity: &Activity) -> BTreeSet<Arc<str>> {
    let name = |id: crate::model::ActivityId| model.activities.get(usize::from(id.0)).map(|a| &a.name);
    let transitions = model.lifecycles.iter().flat_map(|l| &l.transitions);
    let guards = transitions.filter(|t| name(t.activity) == Some(&activity.name)).filter_map(|t| t.when.as_ref());
    let captured = guards.flat_map(Expression::paths).filter(|path| is_field(path)).map(|path| path.text.clone());
    activity.attributes.iter().map(|(name, _)| name.clone()).chain(captured).collect()
}

/// A value that a request or response may or may not hold.
fn is_field(path: &Path) -> bool {
    use crate::model::Root;
    matches!(
        path.root,
        Root::RequestBody
            | Root::ResponseBody
            | Root::Arguments
            | Root::Query
            | Root::RequestHeader
            | Root::ResponseHeader
    )
}
