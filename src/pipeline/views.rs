//! Views: inputs that show the same traffic, such as a log beside an archive of it. What two of them show is judged once.
//!
//! While inputs are read, each thread files a [`Sight`] of every exchange in its [`Ledger`]. Then every two
//! inputs that overlap in time become a [`Pair`]: what it decides rests on exchanges that chance cannot bring together
//! ([`pair`]), at the difference of their clocks ([`skew`]). Of inputs that are proven to be views, exchanges are put
//! together one to one ([`matching`]), and the richer input's stay. Within one input, or the captures of one rotation
//! ([`streams`]), only the hops of one request are put together ([`hop`]), and nothing without proof.

mod account;
mod carried;
mod doubles;
mod doubt;
mod hop;
mod ledger;
mod likely;
mod lookout;
mod matching;
mod nest;
mod pair;
mod passed;
mod same;
mod shift;
mod sight;
mod skew;
mod streams;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use offpath_capture::{Exchange, InputFormat, Plan};

use super::PipelineError;
use crate::event::Event;
pub(super) use doubles::{CarriedOver, Clock, Doubles, Twice};
use hop::Hops;
pub(super) use ledger::Ledger;
use ledger::{PARTS, UnitFacts};
pub(super) use likely::Likely;
pub(super) use lookout::{Lookout, Prospect};
use pair::{Decision, Pair, Terms, WAYS, most_of};
use same::{Group, PutTogether, Same};
use shift::{MOST_SHIFT, Shift};
use sight::Sight;
pub(super) use sight::Sighter;
use streams::Streams;

/// Telling exchanges of one input that are looked at, about; of larger inputs a sample.
const SAMPLE: u64 = 1 << 16;
/// Most inputs that show one thing and are compared because of it; what more show tells nothing of any two.
const MOST_MEETING: usize = 16;
/// Pairs of one input that only clocks which lie apart would bring together.
const MOST_APART: usize = 4;
/// Differences of clocks that are looked at of each pair and way: over all pairs, and of one at most and at least.
const MOST_SHIFTS: usize = 1 << 18;
const MOST_SHIFTS_OF_PAIR: usize = 1 << 12;
const LEAST_SHIFTS: usize = 1 << 6;
/// Fewest exchanges that show that a server is asked by a proxy alone.
const LEAST_BEHIND: u64 = 8;
/// Fewest exchanges that make two inputs look alike where nothing tells.
const ALIKE: u64 = 3;

/// Inputs in the plan's order.
pub(super) struct Units(Vec<(String, InputFormat)>);

impl Units {
    /// The inputs of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        Units(plan.sources.iter().flat_map(|s| &s.inputs).map(|input| (input.name.clone(), input.format)).collect())
    }

    /// Number of inputs. One alone shows nothing twice.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Input name -> its format and number.
    pub(super) fn by_name(&self) -> BTreeMap<String, (InputFormat, u32)> {
        let numbered = self.0.iter().zip(0_u32..);
        numbered.map(|((name, format), unit)| (name.clone(), (*format, unit))).collect()
    }

    fn name(&self, unit: u32) -> String {
        self.0.get(unit as usize).map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// Whether two inputs name who acted in the same way: of one format, or with the requests' own credentials.
    fn name_alike(&self, units: [u32; 2]) -> bool {
        let [one, other] = units.map(|unit| self.0.get(unit as usize).map(|(_, format)| *format));
        let shows_requests =
            |format| matches!(format, Some(InputFormat::Pcap | InputFormat::Pcapng | InputFormat::Har));
        one == other || shows_requests(one) && shows_requests(other)
    }

    /// Units from the richest to the poorest: by format, then those that tell more of an exchange (its host, who asked),
    /// then those that hold more, then by the plan's order.
    fn by_richness(&self, facts: &[UnitFacts]) -> Vec<u32> {
        let mut units: Vec<_> = self
            .0
            .iter()
            .zip(facts)
            .zip(0_u32..)
            .map(|(((_, format), facts), unit)| {
                // In halves, so that hardly anything more does not weigh against many more exchanges.
                let told = (facts.known * 2).checked_div(facts.count).unwrap_or(0);
                (poverty(*format), Reverse(told), Reverse(facts.count), unit)
            })
            .collect();
        units.sort_unstable();
        units.into_iter().map(|(.., unit)| unit).collect()
    }
}

/// How little a format carries.
fn poverty(format: InputFormat) -> u8 {
    match format {
        InputFormat::Pcap | InputFormat::Pcapng => 0,
        InputFormat::Har => 1,
        InputFormat::JsonLog | InputFormat::JsonDocument | InputFormat::Mapped => 2,
        InputFormat::Otlp
        | InputFormat::W3c
        | InputFormat::Zeek
        | InputFormat::Alb
        | InputFormat::Envoy
        | InputFormat::Haproxy
        | InputFormat::Squid
        | InputFormat::Uvicorn
        | InputFormat::Gin
        | InputFormat::Logfmt
        | InputFormat::Described => 3,
        InputFormat::CombinedLog => 4,
    }
}

/// A set of places in a sequence.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<u64>);

impl Places {
    /// Adds a place. Returns whether it is new.
    fn insert(&mut self, place: u64) -> bool {
        let new = !self.contains(place);
        let word = usize::try_from(place / 64).unwrap_or(usize::MAX);
        if word >= self.0.len() {
            self.0.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (place % 64);
        }
        new
    }

    /// Whether a place is in the set.
    pub(super) fn contains(&self, place: u64) -> bool {
        let word = usize::try_from(place / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

impl Ledger {
    /// Files what an input shows of an exchange; `ordinal` counts the thread's exchanges that wait. Returns whether this one
    /// does, because it may be left out; where `all` do not, because there is one input, it is one that may be a hop.
    pub(super) fn note(
        &mut self,
        sighter: &Sighter,
        exchange: &Exchange,
        event: Option<&Event>,
        unit: u32,
        prospect: &Prospect,
        (ordinal, all): (u64, bool),
    ) -> Result<bool, PipelineError> {
        let named = Sighter::is_named(exchange);
        self.count(sighter, exchange, event, unit);
        let (may, prefixes) = match prospect {
            Prospect::Unknown => (named, &[][..]),
            Prospect::No => (false, &[][..]),
            Prospect::May(prefixes) => (true, prefixes.as_slice()),
        };
        if !all && !may {
            return Ok(false);
        }
        let Some(sight) = sighter.sight(exchange, event, unit, ordinal) else { return Ok(all) };
        let who = event.and_then(|event| self.people.number(&event.actor, &event.sensor));
        let told = event.filter(|_| who.is_some()).map_or(0, |event| carried::hash(&event.actor));
        let sight = Sight { who, told, ..sight };
        self.push(&sight)?;
        let parts = prefixes.iter().filter_map(|skipped| sighter.without_prefix(&sight, exchange, event, *skipped));
        parts.into_iter().try_for_each(|part| self.push(&part))?;
        Ok(true)
    }

    /// Counts what a server was asked.
    fn count(&mut self, sighter: &Sighter, exchange: &Exchange, event: Option<&Event>, unit: u32) {
        let Some(changes) = Sighter::changes_something(exchange) else { return };
        let served = sighter.served(exchange, event);
        *self.asked.entry((unit, served)).or_default() += 1;
        if exchange.response.as_ref().is_none_or(|response| response.status < 400) {
            *self.open.entry((unit, served, changes)).or_default() += 1;
        }
        let answered = exchange.response.as_ref().is_some_and(|response| response.status < 400);
        if answered && exchange.server.is_some() && exchange.client.is_some() {
            *self.taken.entry((unit, served, changes)).or_default() += 1;
        }
    }
}

/// Finds what is given twice among all threads' sights.
///
/// What the kept ones are told by others waits under `scratch` beyond `budget` bytes a thread.
pub(super) fn find(
    units: &Units,
    mut ledgers: Vec<Ledger>,
    scratch: &Path,
    budget: usize,
) -> Result<Doubles, PipelineError> {
    let mut facts = vec![UnitFacts::default(); units.len()];
    for ledger in &ledgers {
        facts.iter_mut().zip(&ledger.facts).for_each(|(all, own)| all.merge(own));
    }
    let streams = Streams::of(units, &facts);
    // What two taps show is compared whole: their files begin and end at other times.
    let facts = streams.views(&facts);
    let views = streams.named(units);
    let ranking = views.by_richness(&facts);
    let (mut meetings, mut hops) = (Meetings::of(&facts), Hops::new(&ledgers, &streams));
    let filed = Filed { ledgers: &ledgers, streams: &streams };
    filed.each_call(&[], |call| {
        meetings.note(call);
        hops.count(call);
        Ok(())
    })?;
    let mut put_together = PutTogether::new(&ledgers, scratch, budget);
    if hops.are_seen() {
        filed.each_call(&[], |call| hops.collapse(call, &mut put_together))?;
    }
    // What is left out as a hop is nobody's view.
    let inner = put_together.left_out.clone();
    let pairs = Pairs::overlapping(&meetings, &ranking, &facts, &views);
    let mut verdicts = pairs.judged(filed, &inner, facts.iter().map(|facts| facts.count).max())?;
    let mut warnings = hops.warnings(|stream| streams.name(stream, units));
    warnings.extend(verdicts.settle(&views));
    if !verdicts.terms.is_empty() {
        filed.each_call(&inner, |call| verdicts.leave_out(call, &ranking, &mut put_together))?;
    }
    let PutTogether { left_out, carried, twice, hops: inner_hops, passed_on, proxies, given_up, .. } = put_together;
    let behind = behind(&ledgers, &passed_on, proxies);
    warnings.extend(given_up.into_iter().map(|(unit, count)| {
        let exchanges = if count == 1 { "exchange" } else { "exchanges" };
        format!(
            "{count} {exchanges} of {}: answered inside, given up outside (a gateway's 502 or 504, or a client that went away); judged once each, and whether it \
             happened is left open",
            streams.name(unit, units)
        )
    }));
    let names = units.0.iter().map(|(name, _)| name.as_str().into()).collect();
    let (moved, clocks) = skew::moved(&ranking, &verdicts, &views);
    let moved = streams.of_all_in(&moved);
    let people = ledgers.iter_mut().map(|ledger| std::mem::take(&mut ledger.people)).collect();
    let mut likely = hops.into_likely();
    likely.add_unsure(verdicts.doubtful.iter().map(|(pair, ..)| *pair), streams.by_name(units));
    let mut doubles =
        Doubles { left_out, carried, people, names, warnings, clocks, moved, likely, behind, ..Doubles::default() };
    for ((input, of), exchanges) in twice {
        doubles.twice.push(Twice { input: units.name(input), of: units.name(of), exchanges });
    }
    doubles.hops.extend(inner_hops.into_iter().map(|(input, exchanges)| (units.name(input), exchanges)));
    doubles.hops.sort();
    doubles.twice.sort_by(|a, b| (&a.input, &a.of).cmp(&(&b.input, &b.of)));
    Ok(doubles)
}

/// Servers of which every request that was seen is seen at another server first: what may be missing of theirs is not
/// missing there, if those ask that are seen to: where these come from.
fn behind(
    ledgers: &[Ledger],
    passed_on: &BTreeMap<u64, u64>,
    mut proxies: BTreeMap<u64, BTreeSet<u64>>,
) -> BTreeMap<u64, BTreeSet<u64>> {
    let mut asked: BTreeMap<u64, u64> = BTreeMap::new();
    for ((_, served), count) in ledgers.iter().flat_map(|ledger| &ledger.asked) {
        *asked.entry(*served).or_default() += count;
    }
    let all = |served: &u64, count: u64| count >= LEAST_BEHIND && asked.get(served) == Some(&count);
    proxies.retain(|served, _| passed_on.get(served).is_some_and(|count| all(served, *count)));
    proxies
}

/// Sights of one call, with the threads that filed them: by stream, then by time.
type Call<'a> = &'a [(usize, Sight)];

/// All that was filed.
#[derive(Clone, Copy)]
struct Filed<'a> {
    ledgers: &'a [Ledger],
    streams: &'a Streams,
}

impl Filed<'_> {
    fn each_call(
        self,
        left_out: &[Places],
        mut each: impl FnMut(Call<'_>) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        for part in 0..PARTS {
            let mut sights = Vec::new();
            for (thread, ledger) in self.ledgers.iter().enumerate() {
                let left_out = left_out.get(thread);
                let counts = |sight: &Sight| left_out.is_none_or(|places| !places.contains(sight.ordinal));
                sights.extend(ledger.part(part)?.into_iter().filter(counts).map(|sight| (thread, sight)));
            }
            for (_, sight) in &mut sights {
                sight.stream = self.streams.of_unit(sight.unit);
                sight.view = self.streams.view(sight.unit);
            }
            let seen = |s: &Sight| (s.key, s.over, s.query, s.status, s.prefix, s.content, s.traits);
            sights.sort_unstable_by_key(|(_, sight)| (sight.call, sight.stream, sight.time, sight.unit, seen(sight)));
            sights.chunk_by(|(_, a), (_, b)| a.call == b.call).try_for_each(&mut each)?;
        }
        Ok(())
    }
}

/// The sights of each input, or tap that rotates, that shows the call.
fn by_unit(call: Call<'_>) -> BTreeMap<u32, Vec<&Sight>> {
    let mut units: BTreeMap<u32, Vec<&Sight>> = BTreeMap::new();
    for (_, sight) in call.iter().filter(|(_, sight)| sight.prefix == 0) {
        units.entry(sight.view).or_default().push(sight);
    }
    units
}

/// How often two inputs meet, and which, those that meet most first.
type Met = (Reverse<u64>, [u32; 2]);

/// Inputs that show a call which few show: of hundreds of inputs, those are worth a closer look.
#[derive(Default)]
struct Meetings {
    /// First start and last end of each input.
    windows: Vec<Option<(i64, i64)>>,
    /// How often two inputs meet.
    counts: BTreeMap<[u32; 2], u64>,
}

impl Meetings {
    /// None yet, of inputs with these facts.
    fn of(facts: &[UnitFacts]) -> Self {
        Meetings { windows: facts.iter().map(|facts| facts.window).collect(), counts: BTreeMap::new() }
    }

    /// Notes who shows a call, or where most do, who shows what is told of it once.
    fn note(&mut self, call: Call<'_>) {
        let units = by_unit(call);
        if units.len() <= MOST_MEETING {
            return self.meet(&units.keys().copied().collect::<Vec<_>>());
        }
        for way in WAYS {
            let mut showing: BTreeMap<(u64, u64), Vec<u32>> = BTreeMap::new();
            for (unit, sights) in &units {
                let keys: BTreeSet<_> = sights.iter().filter_map(|sight| way.of(sight, true)).collect();
                keys.into_iter().for_each(|key| showing.entry(key).or_default().push(*unit));
            }
            showing.values().filter(|units| units.len() <= MOST_MEETING).for_each(|units| self.meet(units));
        }
    }

    fn meet(&mut self, units: &[u32]) {
        for (place, one) in units.iter().enumerate() {
            for other in units.iter().skip(place + 1) {
                let pair = [*one, *other];
                if self.common(pair).is_some_and(|(from, to)| from <= to.saturating_add(MOST_SHIFT)) {
                    *self.counts.entry(pair).or_default() += 1;
                }
            }
        }
    }

    /// The time that both cover; where there is none, its end lies before its start.
    fn common(&self, pair: [u32; 2]) -> Option<(i64, i64)> {
        let [one, other] = pair.map(|unit| self.windows.get(unit as usize).copied().flatten());
        let ((a, b), (c, d)) = (one?, other?);
        Some((a.max(c), b.min(d)))
    }

    /// Pairs to compare, and the time that both cover: all that share some, and of those that only clocks which lie apart
    /// would bring together, for either input those it meets most. It meets its own traffic by another clock in all that
    /// it holds, and of hundreds of rotated logs each other one in little.
    fn pairs(&self) -> Vec<([u32; 2], (i64, i64))> {
        let common = |pair: [u32; 2]| self.common(pair).map(|common| (pair, common));
        let (mut pairs, apart): (Vec<_>, Vec<_>) =
            self.counts.keys().filter_map(|pair| common(*pair)).partition(|(_, (from, to))| from <= to);
        let mut by_unit: BTreeMap<u32, Vec<Met>> = BTreeMap::new();
        for (pair, _) in apart {
            let often = Reverse(self.counts.get(&pair).copied().unwrap_or(0));
            pair.into_iter().for_each(|unit| by_unit.entry(unit).or_default().push((often, pair)));
        }
        let mut kept = BTreeSet::new();
        for met in by_unit.values_mut() {
            met.sort_unstable();
            kept.extend(met.iter().take(MOST_APART).map(|(_, pair)| *pair));
        }
        pairs.extend(kept.into_iter().filter_map(common));
        pairs
    }
}

/// Inputs that meet and overlap in time, or would by other clocks, two by two.
#[derive(Default)]
struct Pairs {
    pairs: Vec<Pair>,
    /// Places of each input's pairs.
    of_unit: BTreeMap<u32, Vec<usize>>,
}

impl Pairs {
    fn overlapping(meetings: &Meetings, ranking: &[u32], facts: &[UnitFacts], inputs: &Units) -> Self {
        let (places, met) = (places(ranking), meetings.pairs());
        let looked_at = (MOST_SHIFTS / met.len().max(1)).clamp(LEAST_SHIFTS, MOST_SHIFTS_OF_PAIR);
        let mut pairs = Pairs::default();
        for ([one, other], common) in met {
            let richer_first = places.get(&one) <= places.get(&other);
            let units = if richer_first { [one, other] } else { [other, one] };
            let [Some(one), Some(other)] = units.map(|unit| facts.get(unit as usize)) else { continue };
            let alike = inputs.name_alike(units);
            pairs.push(Pair::new(units, common, one.queries && other.queries, alike, looked_at));
        }
        pairs
    }

    fn push(&mut self, pair: Pair) {
        for unit in pair.units {
            self.of_unit.entry(unit).or_default().push(self.pairs.len());
        }
        self.pairs.push(pair);
    }

    fn count(&mut self, call: Call<'_>, sampling: u64) {
        let units = by_unit(call);
        let Some((_, Sight { call, .. })) = call.first() else { return };
        // Keys are keyed hashes, or small numbers beside them: the product spreads both.
        let sampled = |key: (u64, u64)| {
            let mixed = (call ^ key.0.rotate_left(17) ^ key.1.rotate_left(43)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed >> 32) & (sampling - 1) == 0
        };
        let concerned: BTreeSet<usize> =
            units.keys().filter_map(|unit| self.of_unit.get(unit)).flatten().copied().collect();
        for place in concerned {
            let Some(pair) = self.pairs.get_mut(place) else { continue };
            let [first, second] = pair.units.map(|unit| units.get(&unit).map_or(&[][..], Vec::as_slice));
            pair.add(first, second, sampled);
        }
    }

    /// What is decided of the pairs, tried on all their sights; `most` is what the largest input holds.
    fn judged(mut self, filed: Filed<'_>, left_out: &[Places], most: Option<u64>) -> Result<Verdicts, PipelineError> {
        if self.pairs.is_empty() {
            return Ok(Verdicts::default());
        }
        let sampling = (most.unwrap_or(0) / SAMPLE).next_power_of_two();
        filed.each_call(left_out, |call| {
            self.count(call, sampling);
            Ok(())
        })?;
        let mut verdicts = self.decide();
        filed.each_call(left_out, |call| {
            verdicts.try_out(call);
            Ok(())
        })?;
        Ok(verdicts)
    }

    fn decide(self) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for pair in self.pairs {
            let units = pair.units;
            let (decision, shift) = pair.decide();
            verdicts.shifted.extend(shift.map(|shift| (units, shift)));
            match decision {
                Decision::Apart => {}
                Decision::Doubtful(hits, telling) => verdicts.doubtful.push((units, hits, telling)),
                Decision::Undecided(terms) => verdicts.add(units, Verdict::of(terms, pair.queries, false)),
                Decision::Proven(terms) => verdicts.add(units, Verdict::of(terms, pair.queries, true)),
            }
        }
        verdicts
    }
}

/// How the sights of two inputs are put together.
struct Verdict {
    terms: Terms,
    queries: bool,
    proven: bool,
    /// Sights that have a partner.
    matched: u64,
}

impl Verdict {
    fn of(terms: Terms, queries: bool, proven: bool) -> Self {
        Verdict { terms, queries, proven, matched: 0 }
    }
}

/// What is decided of all pairs.
#[derive(Default)]
struct Verdicts {
    /// By the richer and the poorer unit.
    terms: BTreeMap<[u32; 2], Verdict>,
    /// Poorer units by the richer one.
    poorer: BTreeMap<u32, Vec<u32>>,
    doubtful: Vec<([u32; 2], u64, u64)>,
    shifted: Vec<([u32; 2], Shift)>,
}

impl Verdicts {
    fn add(&mut self, units: [u32; 2], verdict: Verdict) {
        self.poorer.entry(units[0]).or_default().push(units[1]);
        self.terms.insert(units, verdict);
    }

    /// Pairs of units that both show a call.
    fn both_in<T>(&self, units: &BTreeMap<u32, T>) -> Vec<[u32; 2]> {
        let poorer = units.keys().filter_map(|unit| Some((*unit, self.poorer.get(unit)?)));
        let pairs = poorer.flat_map(|(unit, poorer)| poorer.iter().map(move |other| [unit, *other]));
        pairs.filter(|[_, other]| units.contains_key(other)).collect()
    }

    /// Counts how many sights of one call have a partner.
    fn try_out(&mut self, call: Call<'_>) {
        let units = by_unit(call);
        if units.len() < 2 {
            return;
        }
        for pair in self.both_in(&units) {
            let [Some(first), Some(second)] = pair.map(|unit| units.get(&unit)) else { continue };
            let Some(verdict) = self.terms.get_mut(&pair) else { continue };
            let partners = matching::one_to_one(first, second, &verdict.terms, verdict.queries);
            verdict.matched += partners.len() as u64;
        }
    }

    /// Keeps the pairs whose sights do pair off; names those that only look like views.
    fn settle(&mut self, units: &Units) -> Vec<String> {
        for (pair, verdict) in &self.terms {
            let (matched, expected) = (verdict.matched.min(verdict.terms.expected), verdict.terms.expected);
            let alike = if verdict.proven { matched * 2 >= expected } else { matched * 20 >= expected * 19 };
            let kept = verdict.proven && most_of(matched, expected);
            if !kept && alike && expected >= ALIKE {
                self.doubtful.push((*pair, matched, expected));
            }
        }
        self.terms.retain(|_, verdict| verdict.proven && most_of(verdict.matched, verdict.terms.expected));
        let mut sentences = doubt::shifted(&self.shifted, units);
        sentences.extend(doubt::sentences(&self.doubtful, units));
        sentences
    }

    /// Leaves out what a richer input shows of one call, and notes what is lost with it.
    fn leave_out(
        &self,
        call: Call<'_>,
        ranking: &[u32],
        put_together: &mut PutTogether<'_>,
    ) -> Result<(), PipelineError> {
        let mut units: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, (_, sight)) in call.iter().enumerate().filter(|(_, (_, sight))| sight.prefix == 0) {
            units.entry(sight.view).or_default().push(index);
        }
        let mut pairs = self.both_in(&units);
        let places = places(ranking);
        pairs.sort_by_key(|[richer, poorer]| (places.get(poorer), places.get(richer)));
        let mut same = Same::new(call);
        for pair in pairs {
            let ([Some(theirs), Some(own)], Some(verdict)) = (pair.map(|unit| units.get(&unit)), self.terms.get(&pair))
            else {
                continue;
            };
            same.join(theirs, own, pair, verdict);
        }
        for Group { kept, rest, telling } in same.settle(&places) {
            let Some(kept) = call.get(kept) else { continue };
            let [rest, telling] = [rest, telling].map(|indices| {
                let mut sights: Vec<_> = indices.into_iter().filter_map(|index| call.get(index)).collect();
                sights.sort_by_key(|(_, sight)| (places.get(&sight.view), sight.key));
                sights
            });
            put_together.keep(kept, &rest, &telling)?;
        }
        Ok(())
    }
}

/// Place of each unit in a ranking.
fn places(ranking: &[u32]) -> BTreeMap<u32, usize> {
    ranking.iter().zip(0..).map(|(unit, place)| (*unit, place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn sight(unit: u32, call: u64) -> (usize, Sight) {
        let time = i64::from(unit) * HOUR;
        (0, Sight { unit, view: unit, call, time, over: time + 10, status: 200, ..Sight::default() })
    }

    /// What logs of one hour each meet in: the calls of orders that live a few hours.
    fn rotated(hours: u32) -> Vec<([u32; 2], (i64, i64))> {
        let window = |hour: u32| Some((i64::from(hour) * HOUR, i64::from(hour + 1) * HOUR - 1));
        let facts: Vec<_> = (0..hours).map(|hour| UnitFacts { window: window(hour), ..UnitFacts::default() }).collect();
        let mut meetings = Meetings::of(&facts);
        for order in 0..u64::from(hours) * 3 {
            let first = u32::try_from(order / 3).unwrap();
            let shown: Vec<_> = (first..hours.min(first + 12)).map(|hour| sight(hour, order)).collect();
            meetings.note(&shown);
        }
        meetings.pairs()
    }

    #[test]
    fn twice_the_rotated_logs_are_twice_the_pairs() {
        let (some, many) = (rotated(100).len(), rotated(800).len());
        assert!(many <= some * 9 && many <= 800 * MOST_APART, "{some} {many}");
    }

    #[test]
    fn of_inputs_that_lie_apart_the_one_that_shows_the_same_is_compared() {
        // Each hour's log, and all of them again by a clock of another zone; neighbours share some calls.
        let hours = 40;
        let window = |unit: u32| {
            let hour = i64::from(unit % hours) + if unit < hours { 0 } else { 7 };
            Some((hour * HOUR, (hour + 1) * HOUR - 1))
        };
        let facts: Vec<_> =
            (0..2 * hours).map(|unit| UnitFacts { window: window(unit), ..UnitFacts::default() }).collect();
        let mut meetings = Meetings::of(&facts);
        for hour in 0..hours {
            for call in 0..20 {
                let shown = [hour, hour + hours].map(|unit| sight(unit, u64::from(hour * 100 + call)));
                meetings.note(&shown);
            }
            let near: Vec<_> =
                (hour..hours.min(hour + 6)).map(|unit| sight(unit, u64::from(1_000_000 + hour))).collect();
            meetings.note(&near);
        }
        let pairs: BTreeSet<[u32; 2]> = meetings.pairs().into_iter().map(|(pair, _)| pair).collect();
        assert!((0..hours).all(|hour| pairs.contains(&[hour, hour + hours])));
    }
}
