//! Who serves what: which steps a server may have been asked for where its requests were not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offpath_capture::Endpoint;

use crate::event::Event;
use crate::model::{ActivityId, Model};

/// Servers that are kept, and hosts of each. With more, nothing is ruled out any more.
const SERVERS: usize = 4_096;
const HOSTS: usize = 256;

/// What was seen of each server; parts add up.
#[derive(Debug, Default)]
pub(super) struct Serving {
    servers: BTreeMap<Server, Served>,
    full: bool,
}

/// Where a request went: an address, or no more than a name, as logs have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    At(Endpoint),
    Named(Option<Arc<str>>),
}

#[derive(Debug, Default)]
struct Served {
    hosts: BTreeSet<Arc<str>>,
    activities: BTreeSet<Arc<str>>,
}

impl Served {
    /// Whether both may be one service: they go by one name, or take one step.
    fn is_like(&self, other: &Served) -> bool {
        !self.hosts.is_disjoint(&other.hosts) || !self.activities.is_disjoint(&other.activities)
    }
}

impl Serving {
    /// Notes where a request went, and what it was.
    pub(super) fn add(&mut self, server: Option<Endpoint>, event: &Event) {
        let place = server.map_or_else(|| Server::Named(event.host.clone()), Server::At);
        if self.servers.len() >= SERVERS && !self.servers.contains_key(&place) {
            self.full = true;
            return;
        }
        let served = self.servers.entry(place).or_default();
        if let Some(activity) = event.activity.as_ref().filter(|name| !served.activities.contains(*name)) {
            served.activities.insert(activity.clone());
        }
        if let Some(host) = event.host.as_ref().filter(|host| !served.hosts.contains(*host)) {
            self.full |= served.hosts.len() >= HOSTS;
            if served.hosts.len() < HOSTS {
                served.hosts.insert(host.clone());
            }
        }
    }

    /// Adds what another thread saw.
    pub(super) fn merge(&mut self, other: Serving) {
        self.full |= other.full;
        for (place, served) in other.servers {
            let own = self.servers.entry(place).or_default();
            own.hosts.extend(served.hosts);
            own.activities.extend(served.activities);
            self.full |= own.hosts.len() > HOSTS;
        }
        self.full |= self.servers.len() > SERVERS;
    }

    /// The steps that a server may have been asked for unseen; any where there is none.
    ///
    /// A step may be one of a server's where it was seen to take it, where a server that is like it was (one that goes by
    /// one of its names or takes one of its steps), and where the step was seen nowhere. Of a server that was never seen
    /// to answer, nothing is ruled out.
    pub(super) fn steps(&self, server: Option<Endpoint>, model: &Model) -> Option<BTreeSet<ActivityId>> {
        let own = self.servers.get(&Server::At(server?)).filter(|_| !self.full)?;
        let takes = |name: &Arc<str>| {
            let mut elsewhere = self.servers.iter().filter(|(_, served)| served.activities.contains(name)).peekable();
            let nowhere = elsewhere.peek().is_none();
            // Of what has neither an address nor a name nobody knows where it was.
            nowhere || elsewhere.any(|(place, served)| *place == Server::Named(None) || served.is_like(own))
        };
        let activities = model.activities.iter().zip(0_u16..);
        Some(activities.filter(|(activity, _)| takes(&activity.name)).map(|(_, index)| ActivityId(index)).collect())
    }
}
