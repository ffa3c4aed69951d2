//! What was seen of what is looked for: sums that no order of threads changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{MOST, TOLD};
use crate::event::{Event, EventId, Evidence, ObjectRef, rfc3339};
use crate::report::{ActorExplanation, CredentialExplanation, EvidenceCount, IdActor};

/// Values of one attribute, and operations of an actor, that are kept.
const VALUES: usize = 8;

#[derive(Default)]
pub(super) struct Seen {
    /// By operation as the exchange alone tells it.
    pub(super) paths: BTreeMap<String, SeenPath>,
    /// By place and operation.
    pub(super) names: BTreeMap<(String, String), Tally>,
    pub(super) actors: BTreeMap<String, SeenActor>,
    pub(super) objects: BTreeMap<(String, String), SeenObject>,
    pub(super) logins: BTreeMap<EventId, String>,
    /// By name: who was given the id, and who named it.
    pub(super) handed: BTreeMap<String, SeenHanded>,
}

/// How often somebody was given an id, and named it in requests.
#[derive(Default)]
pub(super) struct SeenHanded {
    pub(super) given: Tally,
    pub(super) named: Tally,
}

/// How often, and where first and last.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) first: Option<(i64, u64, String)>,
    pub(super) last: Option<(i64, u64, String)>,
}

#[derive(Default)]
pub(super) struct SeenPath {
    pub(super) tally: Tally,
    /// Segments of the first path.
    pub(super) segments: Vec<String>,
    pub(super) activity: Option<String>,
    pub(super) matched: bool,
}

#[derive(Default)]
pub(super) struct SeenActor {
    pub(super) tally: Tally,
    pub(super) evidence: BTreeMap<Evidence, u64>,
    pub(super) doubts: BTreeMap<&'static str, u64>,
    pub(super) credentials: BTreeMap<String, SeenCredential>,
    pub(super) others: BTreeSet<String>,
    pub(super) attributes: BTreeMap<&'static str, BTreeSet<String>>,
    pub(super) sessions: BTreeMap<String, ()>,
    pub(super) operations: BTreeMap<String, u64>,
}

#[derive(Default)]
pub(super) struct SeenCredential {
    pub(super) tally: Tally,
    /// The login that bound it, by time and event.
    pub(super) bound: Option<(i64, EventId)>,
    /// The strongest tier that it gave.
    pub(super) evidence: Evidence,
}

#[derive(Default)]
pub(super) struct SeenObject {
    pub(super) tally: Tally,
    pub(super) qualifiers: BTreeMap<String, u64>,
    pub(super) attributes: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Tally {
    pub(super) fn add(&mut self, time: i64, id: u64, text: impl FnOnce() -> String) {
        self.count += 1;
        let is_first = self.first.as_ref().is_none_or(|(t, i, _)| (time, id) < (*t, *i));
        let is_last = self.last.as_ref().is_none_or(|(t, i, _)| (time, id) > (*t, *i));
        if is_first || is_last {
            let spot = (time, id, text());
            if is_first {
                self.first = Some(spot.clone());
            }
            if is_last {
                self.last = Some(spot);
            }
        }
    }

    pub(super) fn merge(&mut self, other: Tally) {
        self.count += other.count;
        self.first = [self.first.take(), other.first].into_iter().flatten().min();
        self.last = [self.last.take(), other.last].into_iter().flatten().max();
    }

    pub(super) fn first(&self) -> String {
        self.first.as_ref().map_or_else(String::new, |(.., text)| text.clone())
    }

    pub(super) fn last(&self) -> String {
        self.last.as_ref().map_or_else(String::new, |(.., text)| text.clone())
    }
}

pub(super) fn spot_of(event: &Event) -> String {
    format!("{} in {}", rfc3339(event.time), event.origin)
}

pub(super) fn listed(attributes: BTreeMap<&'static str, BTreeSet<String>>) -> BTreeMap<String, Vec<String>> {
    attributes.into_iter().map(|(name, values)| (name.to_owned(), values.into_iter().collect())).collect()
}

/// The entry of a key in a map of which the least are kept, whatever their order; `None` where it is not among them.
pub(super) fn kept<K: Ord, V: Default>(map: &mut BTreeMap<K, V>, key: K) -> Option<&mut V> {
    if map.len() >= MOST && !map.contains_key(&key) {
        if map.last_key_value().is_some_and(|(last, _)| *last < key) {
            return None;
        }
        map.pop_last();
    }
    Some(map.entry(key).or_default())
}

/// Keeps the least few values, whatever their order.
fn keep<'v>(set: &mut BTreeSet<String>, values: impl IntoIterator<Item = &'v str>) {
    for value in values {
        set.insert(value.to_owned());
        if set.len() > VALUES {
            set.pop_last();
        }
    }
}

impl Seen {
    pub(super) fn add_actor(&mut self, name: &str, event: &Event, bound_by: Option<(i64, EventId)>) {
        let Some(seen) = kept(&mut self.actors, name.to_owned()) else { return };
        let actor = &event.actor;
        seen.tally.add(event.time, event.id.0, || spot_of(event));
        *seen.evidence.entry(actor.evidence).or_default() += 1;
        actor.doubts.iter().for_each(|doubt| *seen.doubts.entry(doubt.as_str()).or_default() += 1);
        if let Some(hash) = &actor.credential
            && let Some(known) = kept(&mut seen.credentials, hash.to_string())
        {
            known.tally.add(event.time, event.id.0, || spot_of(event));
            known.bound = [known.bound, bound_by].into_iter().flatten().min();
            known.evidence = known.evidence.max(actor.evidence);
        }
        keep(&mut seen.others, actor.others.iter().map(|other| &**other));
        let mut add = |attribute, values: &[&str]| {
            if !values.is_empty() {
                keep(seen.attributes.entry(attribute).or_default(), values.iter().copied());
            }
        };
        if actor.kind_known {
            add("kind", &[&actor.kind]);
        }
        add("roles", &actor.roles.iter().map(|role| &**role).collect::<Vec<_>>());
        let (tenant, agent) = (actor.tenant.as_deref(), actor.agent.as_deref());
        for (attribute, value) in [("tenant", tenant), ("agent", agent), ("client", actor.client.as_deref())] {
            add(attribute, value.as_slice());
        }
        add("issuer", actor.issuer.as_deref().as_slice());
        if let Some(session) = &event.session {
            kept(&mut seen.sessions, session.to_string());
        }
        let operation = event.operation.as_deref().unwrap_or("unmatched");
        kept(&mut seen.operations, operation.to_owned()).into_iter().for_each(|events| *events += 1);
    }

    /// Notes that somebody was given the id by an event's answer, or named it in its request.
    pub(super) fn add_handed(&mut self, event: &Event, given: bool) {
        let name = event.actor.principal.as_deref().unwrap_or("nobody who is known");
        let Some(seen) = kept(&mut self.handed, name.to_owned()) else { return };
        let (tally, time) =
            if given { (&mut seen.given, event.end.max(event.time)) } else { (&mut seen.named, event.time) };
        let operation = event.operation.as_deref().unwrap_or("unmatched");
        tally.add(time, event.id.0, || format!("{} by {operation}", spot_of(event)));
    }

    pub(super) fn add_object(&mut self, event: &Event, object: &ObjectRef) {
        let id = (object.id.object_type.to_string(), object.id.key.to_string());
        let Some(seen) = kept(&mut self.objects, id) else { return };
        seen.tally.add(event.time, event.id.0, || spot_of(event));
        *seen.qualifiers.entry(object.qualifier.to_string()).or_default() += 1;
        let case = event.case.as_ref().map(ToString::to_string);
        let values = [
            ("owner", object.owner.as_deref()),
            ("tenant", object.tenant.as_deref()),
            ("states", object.declared_state.as_deref()),
            ("actors", event.actor.principal.as_deref()),
            ("case", case.as_deref()),
        ];
        for (attribute, value) in values.into_iter().filter_map(|(attribute, value)| Some((attribute, value?))) {
            keep(seen.attributes.entry(attribute).or_default(), [value]);
        }
    }
}

impl SeenHanded {
    pub(super) fn explained(self, actor: String) -> IdActor {
        let time = |tally: &Tally| tally.first.as_ref().map(|(time, ..)| *time);
        // What was named first was known before any answer gave it.
        let learned = time(&self.given).is_some_and(|given| time(&self.named).is_none_or(|named| given <= named));
        IdActor {
            actor,
            given: self.given.count,
            first_given: self.given.first(),
            named: self.named.count,
            first_named: self.named.first(),
            learned,
        }
    }

    /// When it went over first.
    pub(super) fn begin(&self) -> Option<(i64, u64)> {
        let firsts = [&self.given.first, &self.named.first].into_iter().flatten();
        firsts.map(|(time, id, _)| (*time, *id)).min()
    }
}

impl SeenActor {
    pub(super) fn explained(self, name: String, logins: &BTreeMap<EventId, String>) -> ActorExplanation {
        let mut credentials: Vec<(String, SeenCredential)> = self.credentials.into_iter().collect();
        credentials.sort_by(|a, b| a.1.tally.first.cmp(&b.1.tally.first));
        let credentials = credentials.into_iter().take(TOLD).map(|(hash, seen)| CredentialExplanation {
            hash,
            tier: seen.evidence.as_str().to_owned(),
            events: seen.tally.count,
            first: seen.tally.first(),
            bound_by: seen.bound.map(|(time, id)| {
                let elsewhere = || format!("a login at {} that is not among the events", rfc3339(time));
                logins.get(&id).cloned().unwrap_or_else(elsewhere)
            }),
        });
        let mut operations: Vec<(String, u64)> = self.operations.into_iter().collect();
        operations.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        operations.truncate(VALUES);
        let evidence = self.evidence.into_iter().rev().map(|(evidence, events)| EvidenceCount {
            tier: evidence.as_str().to_owned(),
            confidence: evidence.confidence(),
            events,
        });
        ActorExplanation {
            name,
            evidence: evidence.collect(),
            credentials: credentials.collect(),
            doubts: self.doubts.into_iter().map(|(doubt, events)| (doubt.to_owned(), events)).collect(),
            others: self.others.into_iter().collect(),
            attributes: listed(self.attributes),
            sessions: self.sessions.len() as u64,
            operations,
            first: self.tally.first(),
            last: self.tally.last(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    #[test]
    fn what_is_kept_is_bounded_and_no_order_changes_it() {
        let all = || (0..MOST as u64 + 20).map(EventId);
        let kept_of = |ids: &mut dyn Iterator<Item = EventId>| {
            let mut map = BTreeMap::<EventId, ()>::new();
            ids.for_each(|id| _ = kept(&mut map, id));
            map
        };
        let found = kept_of(&mut all());
        assert_eq!((found.len(), found.last_key_value()), (MOST, Some((&EventId(MOST as u64 - 1), &()))));
        assert_eq!(found, kept_of(&mut all().rev()));
    }

    #[test]
    fn actors_and_their_sessions_are_bounded() {
        let (mut actors, mut sessions) = (Seen::default(), Seen::default());
        let mut event = sample::event(1);
        for n in 0..MOST + 20 {
            actors.add_actor(&format!("a{n:06}"), &event, None);
            event.session = Some(format!("s{n:06}").into());
            sessions.add_actor("anna", &event, None);
        }
        assert_eq!(actors.actors.len(), MOST);
        assert_eq!(sessions.actors["anna"].sessions.len(), MOST);
    }
}
