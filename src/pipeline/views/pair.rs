//! Two inputs, and what tells whether they show the same traffic.
//!
//! *Telling* is an exchange that its input shows once: by call and status, by the size of the answer too, or by its
//! request id. Chance does not bring such exchanges together in two logs of different traffic, as it does with what
//! every client fetches and every probe asks for.

use std::collections::BTreeMap;

use super::shift::{Shift, Shifts};
use super::sight::{CLIENT, HOST, REQUEST_ID, SIZE, Sight, TRACE_ID, TRAITS, USER};
use super::skew::most_coincide;

/// Largest difference of two clocks, in microseconds, that request ids can prove: five minutes.
pub(super) const MOST_SKEW: i64 = 300_000_000;
/// Largest one without ids: a script that is run again ten seconds later sends the same requests.
const MOST_SKEW_UNNAMED: i64 = 10_000_000;
/// What clocks, buffers and roundings may add to any time: 50 ms.
pub(super) const SLACK: i64 = 50_000;
/// Fewest telling exchanges of the smaller input that prove something without ids.
const LEAST: u64 = 5;
/// Fewest with ids.
const LEAST_NAMED: u64 = 3;
/// With fewer telling exchanges than this, clients and users must not speak against it.
const ENOUGH: u64 = 20;
/// Longest exchange, in microseconds, whose time tells anything.
pub(super) const LONGEST: i64 = 60_000_000;

/// By what an exchange is known to be the only one of its kind.
pub(super) const WAYS: [Way; 5] = [Way::RequestId, Way::TraceId, Way::Answer, Way::Hosted, Way::Call];

/// One such way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    RequestId,
    TraceId,
    /// Query, status and size of the answer.
    Answer,
    /// Query, status and host, where tenants on several hosts have the same paths.
    Hosted,
    /// Query and status.
    Call,
}

impl Way {
    /// What must be unique among the sights of one call; `None` when this sight does not carry it.
    pub(super) fn of(self, sight: &Sight, queries: bool) -> Option<(u64, u64)> {
        let query = if queries { sight.query } else { 0 };
        let answered = (sight.status != 0).then_some(u64::from(sight.status));
        let known = |place| Some(sight.value(place)).filter(|value| *value != 0);
        match self {
            Way::RequestId => known(REQUEST_ID).map(|id| (id, 0)),
            Way::TraceId => known(TRACE_ID).map(|id| (id, 0)),
            Way::Answer => Some((query.rotate_left(32) ^ known(SIZE)?, answered?)),
            Way::Hosted => Some((query.rotate_left(32) ^ known(HOST)?, answered?)),
            Way::Call => Some((query, answered?)),
        }
    }

    fn is_id(self) -> bool {
        matches!(self, Way::RequestId | Way::TraceId)
    }
}

/// An exchange that both inputs show once.
#[derive(Clone, Copy, Debug)]
struct Join {
    /// Differences of the clocks under which the two sights coincide.
    span: (i64, i64),
    known: [bool; TRAITS],
    agree: [bool; TRAITS],
}

/// Telling exchanges of one host of an input: all of them in the common window, and those that the other has too.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    telling: u64,
    joined: u64,
}

/// What one way says.
#[derive(Clone, Debug, Default)]
struct Tally {
    joins: Vec<Join>,
    /// By the hosts of the first input and of the second.
    hosts: [BTreeMap<u64, Share>; 2],
}

/// Two inputs that overlap in time; the first is the richer one.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) units: [u32; 2],
    /// What both cover, with room for clocks that differ.
    window: (i64, i64),
    /// Whether both write queries.
    pub(super) queries: bool,
    /// Whether both name who acted in the same way, so that names which differ are other people's.
    alike: bool,
    tallies: [Tally; WAYS.len()],
    /// Sights of either input in the common window, by host.
    sights: [BTreeMap<u64, u64>; 2],
    /// What would be one traffic if a clock were set otherwise, by way.
    shifts: [Shifts; WAYS.len()],
}

/// What was decided of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Different traffic.
    Apart,
    /// Nothing that tells, but perhaps everything else: whether sights pair off decides.
    Undecided(Terms),
    /// Part of what tells is in both, too little for a proof: exchanges, of so many.
    Doubtful(u64, u64),
    /// One traffic.
    Proven(Terms),
}

/// How sights of a proven pair are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// What the second input's clock is ahead of the first's, in microseconds.
    pub(super) skew: i64,
    /// Exchanges that show this difference, when they are most of those that could; else 0: there may be several clocks.
    pub(super) shown_by: u64,
    /// Traits that must agree where both are known.
    pub(super) binding: [bool; TRAITS],
    /// Sights of the smaller input that ought to be in the other.
    pub(super) expected: u64,
}

impl Pair {
    /// A pair of a richer and a poorer input, with the window that both cover; of each way, so many differences of the
    /// clocks are looked at.
    pub(super) fn new(units: [u32; 2], window: (i64, i64), queries: bool, alike: bool, shifts: usize) -> Self {
        Pair {
            units,
            window,
            queries,
            alike,
            tallies: Default::default(),
            sights: Default::default(),
            shifts: std::array::from_fn(|_| Shifts::new(shifts)),
        }
    }

    /// Counts the sights of one call: those of the first input and those of the second. Of ways, only the keys that
    /// `sampled` takes are looked at.
    pub(super) fn add(&mut self, first: &[&Sight], second: &[&Sight], sampled: impl Fn((u64, u64)) -> bool) {
        for (sights, own) in self.sights.iter_mut().zip([first, second]) {
            for sight in own.iter().filter(|sight| inside(sight, self.window)) {
                *sights.entry(sight.value(HOST)).or_default() += 1;
            }
        }
        let overlap = self.overlap();
        for (way, (tally, shifts)) in WAYS.into_iter().zip(self.tallies.iter_mut().zip(&mut self.shifts)) {
            let mine = singles(first, way, self.queries, &sampled);
            let theirs = singles(second, way, self.queries, &sampled);
            shifts.add(&mine, &theirs);
            if overlap {
                tally.add(&mine, &theirs, self.window);
            }
        }
    }

    /// Whether there is any time that both cover; where there is none, only a clock that is wrong brings them together.
    fn overlap(&self) -> bool {
        self.window.0 <= self.window.1
    }

    /// Decides by all that was counted. Where that is no proof, what may be one traffic by clocks that lie far apart is
    /// told beside it.
    pub(super) fn decide(&self) -> (Decision, Option<Shift>) {
        match self.decide_by_clocks() {
            Decision::Proven(terms) => (Decision::Proven(terms), None),
            other => (other, self.shift()),
        }
    }

    fn shift(&self) -> Option<Shift> {
        // Ids that both write tell a second run of a script from the first.
        let told = WAYS.into_iter().zip(&self.shifts);
        let named = told.clone().find(|(way, shifts)| way.is_id() && shifts.tell());
        match named {
            Some((_, shifts)) => shifts.shift(LEAST_NAMED, false),
            None => told.filter(|(way, _)| !way.is_id()).find_map(|(way, shifts)| {
                shifts.shift(ENOUGH, way != Way::Answer).filter(|_| shifts.of_the_same_people())
            }),
        }
    }

    fn decide_by_clocks(&self) -> Decision {
        if !self.overlap() {
            return Decision::Apart;
        }
        let mut doubt = None;
        for (way, tally) in WAYS.into_iter().zip(&self.tallies) {
            let most = if way.is_id() { MOST_SKEW } else { MOST_SKEW_UNNAMED };
            let spans: Vec<(i64, i64)> = tally.joins.iter().map(|join| join.span).collect();
            let (skew, hits) = most_coincide(&spans, most);
            let shown_by =
                if hits as u64 >= LEAST_NAMED && most_of(hits as u64, spans.len() as u64) { hits as u64 } else { 0 };
            // An id proves whatever each of several clocks says.
            let hits = if way.is_id() { spans.len() } else { hits };
            let (telling, hits) = (tally.telling(), hits as u64);
            let least = if way.is_id() { LEAST_NAMED } else { LEAST };
            let at = (!way.is_id()).then_some(skew);
            let binding = tally.binding(at);
            let few = telling < ENOUGH && tally.contradicted(at, &binding);
            let spoken_against = !way.is_id() && (few || self.alike && tally.of_others(at));
            if telling >= least && most_of(hits, telling) && !spoken_against {
                return Decision::Proven(Terms { skew, shown_by, binding, expected: self.expected() });
            }
            if telling >= least && hits.saturating_mul(2) >= telling && doubt.is_none() {
                doubt = Some((hits.min(telling), telling));
            }
        }
        match doubt {
            Some((hits, telling)) => Decision::Doubtful(hits, telling),
            // A host may be written in two ways: that none agrees says nothing.
            None if self.told().all(|tally| tally.telling() < LEAST) => {
                Decision::Undecided(Terms { expected: self.expected(), ..Terms::default() })
            }
            None => Decision::Apart,
        }
    }

    /// What the ways say that both inputs write alike.
    fn told(&self) -> impl Iterator<Item = &Tally> {
        WAYS.into_iter().zip(&self.tallies).filter(|(way, _)| *way != Way::Hosted).map(|(_, tally)| tally)
    }

    /// Sights of the smaller input in the common window. Of an input whose other hosts the other never saw, as an
    /// archive of a browser is, only those of shared hosts count.
    fn expected(&self) -> u64 {
        let shared = |side: usize| {
            let hosts = self.sights.get(side);
            let known: Vec<u64> = self.tallies.iter().flat_map(|tally| tally.shared_hosts(side)).collect();
            let counted = hosts.into_iter().flatten().filter(|(host, _)| known.is_empty() || known.contains(host));
            counted.map(|(_, count)| count).sum::<u64>()
        };
        shared(0).min(shared(1))
    }
}

/// Four of five.
pub(super) fn most_of(part: u64, whole: u64) -> bool {
    part.saturating_mul(5) >= whole.saturating_mul(4)
}

fn inside(sight: &Sight, (from, to): (i64, i64)) -> bool {
    sight.over >= from && sight.time <= to
}

/// Sights by what is unique about them; `None` where several have it.
fn singles<'a>(
    sights: &[&'a Sight],
    way: Way,
    queries: bool,
    sampled: impl Fn((u64, u64)) -> bool,
) -> BTreeMap<(u64, u64), Option<&'a Sight>> {
    let mut found: BTreeMap<(u64, u64), Option<&Sight>> = BTreeMap::new();
    for sight in sights {
        if let Some(key) = way.of(sight, queries).filter(|key| sampled(*key)) {
            found.entry(key).and_modify(|single| *single = None).or_insert(Some(sight));
        }
    }
    found
}

/// Sights by what is unique about them.
pub(super) type Singles<'a> = BTreeMap<(u64, u64), Option<&'a Sight>>;

impl Tally {
    fn add(&mut self, mine: &Singles<'_>, theirs: &Singles<'_>, window: (i64, i64)) {
        for (side, (own, other)) in [(mine, theirs), (theirs, mine)].into_iter().enumerate() {
            let Some(hosts) = self.hosts.get_mut(side) else { continue };
            for (key, sight) in own.iter().filter_map(|(key, sight)| sight.map(|sight| (key, sight))) {
                let joined = other.get(key).copied().flatten().and_then(|other| span(sight, other));
                let several = other.get(key).is_some_and(Option::is_none);
                if several || joined.is_none() && !inside(sight, window) || sight.over - sight.time > LONGEST {
                    continue;
                }
                let share = hosts.entry(sight.value(HOST)).or_default();
                share.telling += 1;
                share.joined += u64::from(joined.is_some());
            }
        }
        for (key, first) in mine.iter().filter_map(|(key, sight)| sight.map(|sight| (key, sight))) {
            let Some(second) = theirs.get(key).copied().flatten() else { continue };
            if let Some(span) = span(first, second) {
                let (known, agree) = first.agreement(second);
                self.joins.push(Join { span, known, agree });
            }
        }
    }

    /// Hosts of one input of which at least half of what tells is in the other.
    fn shared_hosts(&self, side: usize) -> impl Iterator<Item = u64> {
        let shares = self.hosts.get(side).into_iter().flatten();
        shares.filter(|(_, share)| share.joined.saturating_mul(2) >= share.telling).map(|(host, _)| *host)
    }

    /// Telling exchanges of the input that has fewer.
    fn telling(&self) -> u64 {
        let side = |side: usize| -> u64 {
            let shared: Vec<u64> = self.shared_hosts(side).collect();
            let hosts = self.hosts.get(side).into_iter().flatten();
            let all: u64 = hosts.clone().map(|(_, share)| share.telling).sum();
            let of_shared: u64 = hosts.filter(|(host, _)| shared.contains(host)).map(|(_, share)| share.telling).sum();
            if shared.is_empty() { all } else { of_shared }
        };
        side(0).min(side(1))
    }

    /// Exchanges that coincide under a difference of the clocks; all without one.
    fn coinciding(&self, skew: Option<i64>) -> impl Iterator<Item = &Join> {
        self.joins.iter().filter(move |join| skew.is_none_or(|skew| join.span.0 <= skew && skew <= join.span.1))
    }

    /// Traits that agree in all but hardly any exchange which both show: where they differ, two exchanges are not one.
    /// What differs more often is written in two ways. The size of an answer is counted in too many ways to bind.
    fn binding(&self, skew: Option<i64>) -> [bool; TRAITS] {
        let mut binding = [false; TRAITS];
        for (place, binds) in binding.iter_mut().enumerate() {
            let (known, agree) = self.agreement(skew, place);
            *binds = place != SIZE && known >= LEAST_NAMED && agree.saturating_mul(50) >= known.saturating_mul(49);
        }
        binding
    }

    /// Exchanges of which both show a trait, and those in which it agrees.
    fn agreement(&self, skew: Option<i64>, place: usize) -> (u64, u64) {
        let at = |flags: &[bool; TRAITS]| flags.get(place).copied().unwrap_or(false);
        self.coinciding(skew).fold((0, 0), |(known, agree), join| {
            (known + u64::from(at(&join.known)), agree + u64::from(at(&join.agree)))
        })
    }

    /// Whether both show who acted, and never the same: people who do the same at the same time.
    fn of_others(&self, skew: Option<i64>) -> bool {
        let (known, agree) = self.agreement(skew, USER);
        known >= LEAST && agree == 0
    }

    /// Whether clients or users are shown by both and mostly differ, and nothing else says that they are the same.
    fn contradicted(&self, skew: Option<i64>, binding: &[bool; TRAITS]) -> bool {
        let binds = |place: usize| binding.get(place).copied().unwrap_or(false);
        let differ = |place: usize| {
            let (known, agree) = self.agreement(skew, place);
            known > 0 && !most_of(agree, known)
        };
        let vouched = [REQUEST_ID, TRACE_ID, USER, CLIENT].into_iter().any(binds);
        (differ(CLIENT) || differ(USER)) && !vouched
    }
}

/// Differences of the clocks under which two sights coincide, if any that is looked for.
fn span(first: &Sight, second: &Sight) -> Option<(i64, i64)> {
    let from = second.time.saturating_sub(first.over).saturating_sub(SLACK);
    let to = second.over.saturating_sub(first.time).saturating_add(SLACK);
    (from <= MOST_SKEW && to >= -MOST_SKEW).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// So many calls, each unlike the others, from an instant on.
    fn sights(from: i64) -> Vec<Sight> {
        let sight = |n: i64| {
            let time = from + n * 160 * SECOND;
            let mut sight = Sight { call: n.unsigned_abs(), status: 200, time, over: time + 1, ..Sight::default() };
            sight.traits[SIZE] = n.unsigned_abs() + 1;
            sight
        };
        (0..24).map(sight).collect()
    }

    #[test]
    fn too_little_in_common_does_not_hide_that_a_clock_may_be_wrong() {
        let [first, second] = [0, 3_600 * SECOND].map(sights);
        // The first ends when the second has hardly begun.
        let mut pair = Pair::new([0, 1], (3_600 * SECOND, 3_680 * SECOND), true, true, 1_024);
        first.iter().zip(&second).for_each(|(one, other)| pair.add(&[one], &[other], |_| true));
        let (decision, shift) = pair.decide();
        assert!(matches!(decision, Decision::Undecided(_)), "{decision:?}");
        let shift = shift.unwrap();
        assert_eq!((shift.hits, shift.of), (24, 24));
        assert!((shift.ahead - 3_600 * SECOND).abs() <= SECOND, "{shift:?}");
    }
}
