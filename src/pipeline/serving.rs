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

    /// What each server may have been asked for unseen, by the steps of a model.
    pub(super) fn scopes<'a>(&'a self, model: &'a Model) -> Scopes<'a> {
        let ids = model.activities.iter().zip(0_u16..).map(|(activity, index)| (&*activity.name, index)).collect();
        let mut scopes =
            Scopes { serving: self, ids, always: Steps::default(), by_host: BTreeMap::new(), by_step: BTreeMap::new() };
        let mut seen = Steps::default();
        for (place, served) in &self.servers {
            let taken = scopes.taken(served);
            seen.add(&taken);
            // Of what has neither an address nor a name nobody knows where it was.
            if *place == Server::Named(None) {
                scopes.always.add(&taken);
            }
            for host in &served.hosts {
                scopes.by_host.entry(host).or_default().add(&taken);
            }
            for step in taken.ids() {
                scopes.by_step.entry(step).or_default().add(&taken);
            }
        }
        let unseen = scopes.ids.values().copied().filter(|id| !seen.contains(*id));
        unseen.collect::<Vec<_>>().into_iter().for_each(|id| scopes.always.insert(id));
        scopes
    }
}

/// What servers may have been asked for unseen. Servers that go by one name or take one step are alike; their steps are
/// put together by name and by step, and not server by server, of which there may be thousands.
pub(super) struct Scopes<'a> {
    serving: &'a Serving,
    /// Of the model's steps.
    ids: BTreeMap<&'a str, u16>,
    /// Steps that any server may take: those that were seen nowhere, or nobody knows where.
    always: Steps,
    by_host: BTreeMap<&'a Arc<str>, Steps>,
    by_step: BTreeMap<u16, Steps>,
}

impl Scopes<'_> {
    /// The steps that a server may have been asked for unseen; any where there is none.
    ///
    /// A step may be one of a server's where it was seen to take it, where a server that is like it was (one that goes by
    /// one of its names or takes one of its steps), and where the step was seen nowhere. Of a server that was never seen
    /// to answer, nothing is ruled out.
    pub(super) fn of(&self, server: Option<Endpoint>) -> Option<BTreeSet<ActivityId>> {
        let own = self.serving.servers.get(&Server::At(server?)).filter(|_| !self.serving.full)?;
        let mut steps = self.always.clone();
        for host in &own.hosts {
            self.by_host.get(host).into_iter().for_each(|alike| steps.add(alike));
        }
        for step in self.taken(own).ids() {
            self.by_step.get(&step).into_iter().for_each(|alike| steps.add(alike));
        }
        Some(steps.ids().map(ActivityId).collect())
    }

    fn taken(&self, served: &Served) -> Steps {
        let mut steps = Steps::default();
        served.activities.iter().filter_map(|name| self.ids.get(&**name)).for_each(|id| steps.insert(*id));
        steps
    }
}

/// A set of steps, one bit each.
#[derive(Clone, Debug, Default)]
struct Steps(Vec<u64>);

impl Steps {
    fn insert(&mut self, id: u16) {
        let word = usize::from(id / 64);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (id % 64);
        }
    }

    fn contains(&self, id: u16) -> bool {
        self.0.get(usize::from(id / 64)).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    fn add(&mut self, other: &Steps) {
        #[cfg(test)]
        tests::ADDED.with(|added| added.set(added.get() + 1));
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// In their order.
    fn ids(&self) -> impl Iterator<Item = u16> {
        let words = self.0.iter().zip((0_u16..).step_by(64));
        words.flat_map(|(word, first)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// Sets that were added to others: what scopes cost.
        pub(super) static ADDED: Cell<u64> = const { Cell::new(0) };
    }

    fn model(steps: usize) -> Model {
        let lines: String = (0..steps).map(|n| format!("  s{n}: {{http: POST /s{n}}}\n")).collect();
        let text = format!("offpath: 1\nworkflow: {{id: many, version: 1}}\nactivities:\n{lines}");
        Model::read("m.yaml", &text).unwrap().0
    }

    fn at(server: usize) -> Endpoint {
        Endpoint { ip: IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + server as u32)), port: Some(80) }
    }

    fn names(prefix: &str, numbers: &[usize]) -> BTreeSet<Arc<str>> {
        numbers.iter().map(|n| format!("{prefix}{n}").into()).collect()
    }

    /// Servers with the numbers of their hosts and of their steps; the first has no name.
    fn serving(servers: &[(Vec<usize>, Vec<usize>)], nameless: &[usize]) -> Serving {
        let mut serving = Serving::default();
        for (n, (hosts, steps)) in servers.iter().enumerate() {
            let served = Served { hosts: names("h", hosts), activities: names("s", steps) };
            serving.servers.insert(Server::At(at(n)), served);
        }
        if !nameless.is_empty() {
            let served = Served { hosts: BTreeSet::new(), activities: names("s", nameless) };
            serving.servers.insert(Server::Named(None), served);
        }
        serving
    }

    /// Server by server and step by step.
    fn oracle(serving: &Serving, server: Endpoint, model: &Model) -> Option<BTreeSet<ActivityId>> {
        let own = serving.servers.get(&Server::At(server))?;
        let alike =
            |other: &Served| !other.hosts.is_disjoint(&own.hosts) || !other.activities.is_disjoint(&own.activities);
        let takes = |name: &Arc<str>| {
            let who: Vec<_> = serving.servers.iter().filter(|(_, served)| served.activities.contains(name)).collect();
            who.is_empty() || who.iter().any(|(place, served)| **place == Server::Named(None) || alike(served))
        };
        let steps = model.activities.iter().zip(0_u16..).filter(|(activity, _)| takes(&activity.name));
        Some(steps.map(|(_, index)| ActivityId(index)).collect())
    }

    proptest! {
        #[test]
        fn scopes_are_those_of_every_server_compared_with_every_other(
            servers in proptest::collection::vec(
                (proptest::collection::vec(0_usize..5, 0..3), proptest::collection::vec(0_usize..80, 0..4)),
                0..7,
            ),
            nameless in proptest::collection::vec(0_usize..80, 0..3),
        ) {
            let (model, serving) = (model(80), serving(&servers, &nameless));
            let scopes = serving.scopes(&model);
            for server in 0..8 {
                prop_assert_eq!(scopes.of(Some(at(server))), oracle(&serving, at(server), &model));
            }
        }
    }

    #[test]
    fn twice_the_servers_are_twice_the_work() {
        let model = model(100);
        let work = |servers: usize| {
            // All go by one name besides their own, and take steps that others take.
            let all: Vec<_> = (0..servers).map(|n| (vec![0, n + 1], vec![n % 100, (n * 7) % 100])).collect();
            let serving = serving(&all, &[]);
            ADDED.with(|added| added.set(0));
            let scopes = serving.scopes(&model);
            let found = (0..servers).filter(|n| scopes.of(Some(at(*n))).is_some()).count();
            assert_eq!(found, servers);
            ADDED.with(Cell::get)
        };
        let (some, many) = (work(SERVERS / 8), work(SERVERS));
        assert!(many <= some * 9 && many < 10 * SERVERS as u64, "{some} {many}");
    }
}
