//! Tools of one name on two servers, and tools that are called although nobody declared them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Check, Stray, Tallies};
use crate::event::least::keep_least_keys;
use crate::event::{Event, OrderKey, Outcome};
use crate::model::Model;

/// Confidence at most where calls went over from one server to the other, and where both are only listed.
const WENT_OVER: (f32, &str) = (0.6, "the user may have changed the server himself");
const LISTED: (f32, &str) = (0.4, "a client may tell tools of one name apart by their servers");
/// Of a tool that the model does not name, on a server of which it names none, and on one of which it names others.
const UNKNOWN: (f32, &str) = (0.6, "the model may be of other servers only");
const UNNAMED: (f32, &str) = (0.4, "the model may leave out what is no step of the workflow");

/// Most tools of all users and servers that are kept, and most names that are told.
const MOST: usize = 65_536;
const NAMED: usize = 4;

/// By user, tool and server.
type Key = (Arc<str>, Arc<str>, u64);

/// What users were told of tools, and what they called.
#[derive(Clone, Debug, Default)]
pub(super) struct Tools {
    seen: BTreeMap<Key, Seen>,
}

/// One tool of one server, as one user knows it.
#[derive(Clone, Debug)]
struct Seen {
    host: Option<Arc<str>>,
    source: &'static str,
    /// The least description that was given of it, and when it was given first.
    described: Option<(u64, u64)>,
    listed: Option<OrderKey>,
    /// First and last call that was taken.
    called: Option<(OrderKey, OrderKey)>,
}

fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

impl Tools {
    pub(super) fn note(&mut self, event: &Event) {
        let Some(spoken) = event.spoken.as_ref().filter(|_| event.outcome == Outcome::Accepted) else { return };
        let actor = &event.actor;
        let Some(who) = actor.principal.as_ref().filter(|_| !actor.is_disputed()).or(actor.credential.as_ref()) else {
            return;
        };
        let at = event.order_key();
        let seen = Seen { host: event.host.clone(), source: event.source, described: None, listed: None, called: None };
        for tool in spoken.listing.iter().flat_map(|listing| &listing.tools) {
            let described = Some((tool.description, tool.schema));
            let key = (Arc::clone(who), Arc::clone(&tool.name), spoken.server);
            self.add(key, Seen { described, listed: Some(at), ..seen.clone() });
        }
        if let Some(tool) = &spoken.tool {
            self.add((Arc::clone(who), Arc::clone(tool), spoken.server), Seen { called: Some((at, at)), ..seen });
        }
        keep_least_keys(&mut self.seen, MOST);
    }

    fn add(&mut self, key: Key, other: Seen) {
        let Some(known) = self.seen.get_mut(&key) else {
            self.seen.insert(key, other);
            return;
        };
        known.described = least(known.described, other.described);
        known.listed = least(known.listed, other.listed);
        known.called = match (known.called, other.called) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        known.host = least(known.host.take(), other.host);
        known.source = known.source.min(other.source);
    }

    pub(super) fn merge(&mut self, other: Tools) {
        other.seen.into_iter().for_each(|(key, seen)| self.add(key, seen));
        keep_least_keys(&mut self.seen, MOST);
    }

    pub(super) fn found(&self, model: Option<&Model>, tallies: &mut Tallies) -> Vec<Stray> {
        let mut strays = self.twice(tallies);
        strays.extend(
            model
                .map(declared)
                .filter(|names| !names.is_empty())
                .into_iter()
                .flat_map(|names| self.undeclared(&names, tallies)),
        );
        strays
    }

    /// Tools of one name that two servers describe to one user in other words: one finding a pair of servers.
    fn twice(&self, tallies: &mut Tallies) -> Vec<Stray> {
        let mut pairs: BTreeMap<(u64, u64), Vec<Shadow<'_>>> = BTreeMap::new();
        let all: Vec<(&Key, &Seen)> = self.seen.iter().collect();
        for of_name in all.chunk_by(|a, b| (&a.0.0, &a.0.1) == (&b.0.0, &b.0.1)) {
            let mut listed: Vec<(OrderKey, u64, &Arc<str>, &Seen)> = of_name
                .iter()
                .filter_map(|((_, name, server), seen)| Some((seen.listed?, *server, name, *seen)))
                .collect();
            listed.sort_by_key(|(at, server, ..)| (*at, *server));
            let Some(((_, first_server, name, first), later)) = listed.split_first() else { continue };
            let mut shadowed = false;
            for (at, server, _, seen) in later.iter().filter(|(_, _, _, seen)| seen.described != first.described) {
                shadowed = true;
                // Calls went to the first until the second was there, and then to that one.
                let went = first.called.zip(seen.called).is_some_and(|(old, new)| old.0 < *at && old.1 < new.0);
                let shadow = Shadow {
                    name,
                    at: if went { seen.called.map_or(*at, |called| called.0) } else { *at },
                    went,
                    first,
                    seen,
                };
                pairs.entry((*first_server, *server)).or_default().push(shadow);
            }
            tallies.count(Check::ToolShadowed, first.source, Some(shadowed));
        }
        pairs.into_values().filter_map(stray).collect()
    }

    /// Tools that are called and that the model does not name: one finding a server and tool.
    fn undeclared(&self, names: &BTreeSet<&str>, tallies: &mut Tallies) -> Vec<Stray> {
        let known: BTreeSet<u64> =
            self.seen.keys().filter(|(_, name, _)| names.contains(&**name)).map(|(.., server)| *server).collect();
        let mut first: BTreeMap<(u64, &Arc<str>), (OrderKey, &Seen)> = BTreeMap::new();
        for ((_, name, server), seen) in &self.seen {
            let Some((at, _)) = seen.called else { continue };
            let undeclared = !names.contains(&**name);
            tallies.count(Check::ToolShadowed, seen.source, Some(undeclared));
            if undeclared {
                let entry = first.entry((*server, name)).or_insert((at, seen));
                *entry = if at < entry.0 { (at, seen) } else { *entry };
            }
        }
        let told = first.into_iter().map(|((server, name), (at, seen))| Stray {
            check: Check::ToolShadowed,
            at: at.2,
            events: vec![at.2],
            expected: vec!["a tool that the model names".into()],
            observed: vec![format!("{name} of {}", seen.host.as_deref().unwrap_or("a server without a name")).into()],
            doubt: Some(if known.contains(&server) { UNNAMED } else { UNKNOWN }),
        });
        told.collect()
    }
}

/// A tool of a second server.
struct Shadow<'t> {
    name: &'t Arc<str>,
    at: OrderKey,
    went: bool,
    first: &'t Seen,
    seen: &'t Seen,
}

fn stray(mut shadows: Vec<Shadow<'_>>) -> Option<Stray> {
    shadows.sort_by_key(|shadow| (!shadow.went, shadow.at, Arc::clone(shadow.name)));
    let worst = shadows.first()?;
    let names: BTreeSet<&str> = shadows.iter().map(|shadow| &**shadow.name).collect();
    let told: Vec<&str> = names.iter().copied().take(NAMED).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let host = |seen: &Seen| seen.host.as_deref().unwrap_or("a server without a name").to_owned();
    let went = if worst.went { " and takes its calls" } else { "" };
    let listed = worst.first.listed.map(|at| at.2);
    Some(Stray {
        check: Check::ToolShadowed,
        at: worst.at.2,
        events: listed.into_iter().chain([worst.at.2]).collect(),
        expected: vec![format!("{} of {} alone", told.join(", "), host(worst.first)).into()],
        observed: vec![
            format!("{}{more} of {} as well in other words{went}", told.join(", "), host(worst.seen)).into(),
        ],
        doubt: Some(if worst.went { WENT_OVER } else { LISTED }),
    })
}

/// The tools that a model names: in activities, and as what agents may or may not use.
fn declared(model: &Model) -> BTreeSet<&str> {
    let calls =
        model.activities.iter().flat_map(|activity| &activity.matchers).filter_map(|matcher| matcher.call.as_ref());
    let of_activities = calls.filter(|call| call.protocol == "mcp" && call.kind == "tool").map(|call| &*call.name);
    let of_delegations = model.delegations.iter().flat_map(|delegation| {
        let tools = &delegation.tools;
        tools.allow.iter().flatten().chain(&tools.deny).map(|tool| &**tool)
    });
    of_activities.chain(of_delegations).collect()
}
