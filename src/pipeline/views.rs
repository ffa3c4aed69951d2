//! Views: inputs that show the same traffic, such as a log beside an archive of it. What two of them show is judged once.
//!
//! While inputs are read, each thread files a [`Sight`] of every exchange in its [`Ledger`]. Then every two
//! inputs that overlap in time become a [`Pair`]: what it decides rests on exchanges that chance cannot bring together
//! ([`pair`]), at the difference of their clocks ([`skew`]). Of inputs that are proven to be views, exchanges are put
//! together one to one ([`matching`]), and the richer input's stay. Nothing is ever put together within one input, nor
//! between inputs without proof.

mod ledger;
mod matching;
mod pair;
mod sight;
mod skew;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use offpath_capture::{Exchange, InputFormat, Plan};

use super::PipelineError;
use crate::event::Event;
pub(super) use ledger::Ledger;
use ledger::{PARTS, UnitFacts};
use pair::{Decision, Pair, Terms, most_of};
use sight::Sight;
pub(super) use sight::Sighter;

/// Telling exchanges of one input that are looked at, about; of larger inputs a sample.
const SAMPLE: u64 = 1 << 16;
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

    /// Units from the richest to the poorest: by format, then those that hold more, then by the plan's order.
    fn by_richness(&self, facts: &[UnitFacts]) -> Vec<u32> {
        let mut units: Vec<_> = self
            .0
            .iter()
            .zip(facts)
            .zip(0_u32..)
            .map(|(((_, format), facts), unit)| (poverty(*format), Reverse(facts.count), unit))
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
        | InputFormat::Logfmt
        | InputFormat::Described => 3,
        InputFormat::CombinedLog => 4,
    }
}

/// Exchanges that were left out of one input because another shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) input: String,
    pub(super) of: String,
    pub(super) exchanges: u64,
}

/// What is given twice.
#[derive(Default)]
pub(super) struct Doubles {
    /// Of each thread, the exchanges to leave out.
    pub(super) left_out: Vec<Places>,
    /// By input and the one that shows the same.
    pub(super) twice: Vec<Twice>,
    /// Inputs that look like views without proof.
    pub(super) warnings: Vec<String>,
}

/// A set of places in a sequence.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<u64>);

impl Places {
    fn insert(&mut self, place: u64) {
        let word = usize::try_from(place / 64).unwrap_or(usize::MAX);
        if word >= self.0.len() {
            self.0.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (place % 64);
        }
    }

    /// Whether a place is in the set.
    pub(super) fn contains(&self, place: u64) -> bool {
        let word = usize::try_from(place / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

impl Ledger {
    /// Files what an input shows of an exchange; `ordinal` counts the thread's exchanges.
    pub(super) fn note(
        &mut self,
        sighter: &Sighter,
        exchange: &Exchange,
        event: Option<&Event>,
        unit: u32,
        ordinal: u64,
    ) -> Result<(), PipelineError> {
        sighter.sight(exchange, event, unit, ordinal).map_or(Ok(()), |sight| self.push(&sight))
    }
}

/// Finds what is given twice among all threads' sights.
pub(super) fn find(units: &Units, ledgers: &[Ledger]) -> Result<Doubles, PipelineError> {
    let mut facts = vec![UnitFacts::default(); units.len()];
    for ledger in ledgers {
        facts.iter_mut().zip(&ledger.facts).for_each(|(all, own)| all.merge(own));
    }
    let ranking = units.by_richness(&facts);
    let mut pairs = Pairs::overlapping(&ranking, &facts);
    if pairs.pairs.is_empty() {
        return Ok(Doubles::default());
    }
    let largest = facts.iter().map(|facts| facts.count).max().unwrap_or(0);
    let sampling = (largest / SAMPLE).next_power_of_two();
    each_call(ledgers, |call| {
        pairs.count(call, sampling);
        Ok(())
    })?;
    let mut verdicts = pairs.decide();
    each_call(ledgers, |call| {
        verdicts.try_out(call);
        Ok(())
    })?;
    let mut doubles = Doubles { left_out: vec![Places::default(); ledgers.len()], ..Doubles::default() };
    doubles.warnings = verdicts.settle(units);
    let mut twice = BTreeMap::new();
    if !verdicts.terms.is_empty() {
        each_call(ledgers, |call| {
            verdicts.leave_out(call, &ranking, &mut doubles.left_out, &mut twice);
            Ok(())
        })?;
    }
    doubles.twice = twice
        .into_iter()
        .map(|((input, of), exchanges)| Twice { input: units.name(input), of: units.name(of), exchanges })
        .collect();
    doubles.twice.sort_by(|a, b| (&a.input, &a.of).cmp(&(&b.input, &b.of)));
    Ok(doubles)
}

/// Sights of one call, with the threads that filed them: by input, then by time.
type Call<'a> = &'a [(usize, Sight)];

fn each_call(
    ledgers: &[Ledger],
    mut each: impl FnMut(Call<'_>) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    for part in 0..PARTS {
        let mut sights = Vec::new();
        for (thread, ledger) in ledgers.iter().enumerate() {
            sights.extend(ledger.part(part)?.into_iter().map(|sight| (thread, sight)));
        }
        let order = |s: &Sight| (s.call, s.unit, s.time, s.key, s.over, s.query, s.status, s.traits);
        sights.sort_unstable_by_key(|(_, sight)| order(sight));
        sights.chunk_by(|(_, a), (_, b)| a.call == b.call).try_for_each(&mut each)?;
    }
    Ok(())
}

/// The sights of each input that shows the call.
fn by_unit(call: Call<'_>) -> BTreeMap<u32, Vec<&Sight>> {
    let mut units: BTreeMap<u32, Vec<&Sight>> = BTreeMap::new();
    for (_, sight) in call {
        units.entry(sight.unit).or_default().push(sight);
    }
    units
}

/// Inputs that overlap in time, two by two.
#[derive(Default)]
struct Pairs {
    pairs: Vec<Pair>,
    /// Places of each input's pairs.
    of_unit: BTreeMap<u32, Vec<usize>>,
}

impl Pairs {
    fn overlapping(ranking: &[u32], facts: &[UnitFacts]) -> Self {
        let fact = |unit: u32| facts.get(unit as usize);
        let mut pairs = Pairs::default();
        for (place, richer) in ranking.iter().enumerate() {
            for poorer in ranking.iter().skip(place + 1) {
                let (Some(one), Some(other)) = (fact(*richer), fact(*poorer)) else { continue };
                let (Some(a), Some(b)) = (one.window, other.window) else { continue };
                let common = (a.0.max(b.0), a.1.min(b.1));
                if common.0 <= common.1 {
                    pairs.push(Pair::new([*richer, *poorer], common, one.queries && other.queries));
                }
            }
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

    fn decide(self) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for pair in self.pairs {
            let units = pair.units;
            match pair.decide() {
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
    doubtful: Vec<([u32; 2], u64, u64)>,
}

impl Verdicts {
    fn add(&mut self, units: [u32; 2], verdict: Verdict) {
        self.terms.insert(units, verdict);
    }

    /// Counts how many sights of one call have a partner.
    fn try_out(&mut self, call: Call<'_>) {
        let units = by_unit(call);
        if units.len() < 2 {
            return;
        }
        for (pair, verdict) in &mut self.terms {
            let [Some(first), Some(second)] = pair.map(|unit| units.get(&unit)) else { continue };
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
        let mut warnings: Vec<String> = self
            .doubtful
            .iter()
            .map(|([first, second], hits, of)| {
                let (first, second) = (units.name(*first), units.name(*second));
                format!(
                    "{first} and {second} may show the same traffic ({hits} of {of} exchanges that would tell), which is \
                     not sure: both are judged; if it is the same, give one of them"
                )
            })
            .collect();
        warnings.sort();
        warnings
    }

    /// Leaves out what a richer input shows of one call.
    fn leave_out(
        &self,
        call: Call<'_>,
        ranking: &[u32],
        left_out: &mut [Places],
        twice: &mut BTreeMap<(u32, u32), u64>,
    ) {
        let mut units: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, (_, sight)) in call.iter().enumerate() {
            units.entry(sight.unit).or_default().push(index);
        }
        if units.len() < 2 {
            return;
        }
        let mut out = vec![false; call.len()];
        for (place, poorer) in ranking.iter().enumerate() {
            let Some(own) = units.get(poorer) else { continue };
            for richer in ranking.iter().take(place) {
                let (Some(theirs), Some(verdict)) = (units.get(richer), self.terms.get(&[*richer, *poorer])) else {
                    continue;
                };
                for (dropped, kept) in partners(call, theirs, own, &out, verdict) {
                    let of = |index: usize| call.get(index).map_or(0, |(_, sight)| sight.unit);
                    *twice.entry((of(dropped), of(kept))).or_default() += 1;
                    if let Some(out) = out.get_mut(dropped) {
                        *out = true;
                    }
                }
            }
        }
        for ((thread, sight), _) in call.iter().zip(&out).filter(|(_, out)| **out) {
            if let Some(places) = left_out.get_mut(*thread) {
                places.insert(sight.ordinal);
            }
        }
    }
}

/// Of a richer and a poorer input's sights that are one exchange, the one to leave out and the one to keep. The richer
/// one stays, unless something of it is missing that the other has: the answer, or parts that were lost on the way.
fn partners(
    call: Call<'_>,
    richer: &[usize],
    poorer: &[usize],
    out: &[bool],
    verdict: &Verdict,
) -> Vec<(usize, usize)> {
    let is_out = |index: usize| out.get(index).copied().unwrap_or(false);
    let poorer: Vec<usize> = poorer.iter().copied().filter(|index| !is_out(*index)).collect();
    let sights = |indices: &[usize]| -> Vec<&Sight> {
        indices.iter().filter_map(|index| call.get(*index)).map(|(_, sight)| sight).collect()
    };
    let matched = matching::one_to_one(&sights(richer), &sights(&poorer), &verdict.terms, verdict.queries);
    let indices = matched.into_iter().filter_map(|(a, b)| Some((*richer.get(a)?, *poorer.get(b)?)));
    let lacks = |a: usize, b: usize| {
        let [Some((_, a)), Some((_, b))] = [call.get(a), call.get(b)] else { return false };
        a.status == 0 && b.status != 0 || !a.whole && b.whole
    };
    indices.map(|(a, b)| if lacks(a, b) && !is_out(a) { (a, b) } else { (b, a) }).collect()
}
