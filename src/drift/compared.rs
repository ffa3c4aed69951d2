//! Two runs' habits against each other: each comparison tested, all corrected together.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Cause, causes};
use super::record::{Cell, Key, Kind, Record};
use super::statistics::{self, Method, Share};
use crate::compare::Check;

/// Rows of what had too few cases.
const MOST_FEW: usize = 50;
/// Most cases that are told apart: beyond, numbers are no longer exact.
const MOST_CASES: u64 = 1 << 52;
/// How much longer one window may be than the other before the end of cases is not comparable.
const LONGER: f64 = 2.0;
/// Part of the shorter window that a step may take for its share not to hang on the window's length.
const QUICK: f64 = 0.1;
/// Least share of operations' events under names that both runs know, without a model.
const SAME_NAMES: f64 = 0.5;
/// Part of the least number of cases that suffices for actors: there are fewer of them, and each counts once.
const ACTORS: u64 = 4;
/// Probability that an absence is chance, at most.
const CHANCE: f64 = 0.05;

/// What counts as drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Least cases on each side of a comparison; a quarter as many actors, where these are compared.
    pub min_cases: u64,
    /// Share of false ones among the reported, at most.
    pub fdr: f64,
    /// Least effect (Cohen's h).
    pub min_effect: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { min_cases: 200, fdr: 0.01, min_effect: 0.1 }
    }
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It did not happen before.
    New,
    /// It does not happen any more.
    Gone,
    /// It is more.
    More,
    /// It is less.
    Less,
}

impl Direction {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::New => "new",
            Direction::Gone => "gone",
            Direction::More => "more",
            Direction::Less => "less",
        }
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// How many of how many.
    pub share: Share,
    /// What is known of those that count.
    pub cell: Cell,
}

/// One tested difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What was compared; of strays a key without names.
    pub key: Key,
    /// The check whose rule reports it.
    pub check: Check,
    /// Which way.
    pub direction: Direction,
    /// The base.
    pub before: Side,
    /// The run.
    pub after: Side,
    /// Probability where nothing changed.
    pub p: f64,
    /// The same, corrected for all comparisons.
    pub corrected: f64,
    /// Which test.
    pub method: Method,
    /// Cohen's h.
    pub effect: f64,
    /// Difference of the shares, with its interval of 95 %.
    pub difference: (f64, (f64, f64)),
    /// Why it may look different without being so, if anything speaks for that.
    pub doubt: Option<&'static str>,
}

/// Something that happened too seldom on one side to say whether it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFew {
    /// What.
    pub key: Key,
    /// Cases of the base.
    pub before: u64,
    /// Cases of the run.
    pub after: u64,
}

/// The result of comparing two runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Comparisons that were tested.
    pub tested: u64,
    /// Of these by check.
    pub by_check: BTreeMap<Check, u64>,
    /// What changed, by cause; the largest effect first.
    pub causes: Vec<Cause>,
    /// What had too few cases, most first.
    pub too_few: Vec<TooFew>,
    /// How many there were.
    pub too_few_in_all: u64,
    /// What cannot be compared, in words.
    pub incomparable: Vec<String>,
}

/// A comparison before it is corrected.
struct Comparison {
    key: Key,
    check: Check,
    before: Side,
    after: Side,
    p: f64,
    method: Method,
    doubt: Option<&'static str>,
}

/// Both records, and what is gathered.
struct Comparing<'a> {
    base: &'a Record,
    run: &'a Record,
    settings: Settings,
    all: Vec<Comparison>,
    few: Vec<TooFew>,
}

/// Compares a run's habits with a base's. `modelled`: both were compared with the same workflow.
pub fn compare(base: &Record, run: &Record, modelled: bool, settings: Settings) -> Compared {
    let mut comparing = Comparing { base, run, settings, all: Vec::new(), few: Vec::new() };
    let mut incomparable = Vec::new();
    if modelled {
        comparing.strays();
        comparing.rules();
    }
    // Without a model operations have the names that each run guessed.
    let known = if modelled { 1.0 } else { same_names(base, run).min(same_names(run, base)) };
    if known < SAME_NAMES {
        incomparable.push(format!(
            "the runs have names in common for {:.0} % of the calls only: a guess at paths turned out otherwise, or this is \
             other traffic; compare both with one model",
            known * 100.0
        ));
    } else {
        comparing.steps();
        comparing.actors();
        comparing.refusals();
        comparing.operations();
    }
    if base.totals.cut || run.totals.cut {
        incomparable.push("more kinds of steps happened than are counted; those left out are not compared".to_owned());
    }
    comparing.finish(incomparable)
}

/// Share of a run's calls under names that the other knows too.
fn same_names(a: &Record, b: &Record) -> f64 {
    let names = |record: &Record| -> BTreeMap<String, u64> {
        let cells = record.of(Kind::Operation);
        cells.map(|(key, cell)| (key.what.clone(), cell.events)).collect()
    };
    let (own, other) = (names(a), names(b));
    let all: u64 = own.values().sum();
    let known: u64 = own.iter().filter(|(name, _)| other.contains_key(*name)).map(|(_, events)| events).sum();
    Share::new(known, all).value().max(if all == 0 { 1.0 } else { 0.0 })
}

impl Comparing<'_> {
    /// Tests one share, where both sides have enough.
    fn test(&mut self, key: Key, check: Check, (n0, n1): (u64, u64), doubt: Option<&'static str>) {
        let (before, after) = (self.base.cell(&key), self.run.cell(&key));
        let counts = (before.cases, after.cases);
        let sides = [(before, counts.0, n0), (after, counts.1, n1)];
        let [before, after] = sides.map(|(cell, count, of)| Side { share: Share::new(count, of), cell });
        let (p, method) = statistics::compare(before.share, after.share);
        self.all.push(Comparison { key, check, before, after, p, method, doubt });
    }

    /// Least number of actors on each side.
    fn least_actors(&self) -> u64 {
        self.settings.min_cases.div_ceil(ACTORS).max(1)
    }

    fn enough(&mut self, key: Key, before: u64, after: u64) -> bool {
        self.at_least(self.settings.min_cases.max(1), key, before, after)
    }

    /// Whether both sides have enough. What one side has nothing of at all came or went with what leads to it.
    fn at_least(&mut self, least: u64, key: Key, before: u64, after: u64) -> bool {
        let enough = before.min(after) >= least;
        if !enough && before.min(after) > 0 {
            self.few.push(TooFew { key, before, after });
        }
        enough
    }

    /// Keys of a kind that either run has, with what is compared together: places, activities, rules.
    fn grouped(&self, kind: Kind, group: fn(&Key) -> (String, String)) -> BTreeMap<(String, String), BTreeSet<Key>> {
        let mut groups: BTreeMap<_, BTreeSet<Key>> = BTreeMap::new();
        for (key, _) in self.base.of(kind).chain(self.run.of(kind)) {
            groups.entry(group(key)).or_default().insert(key.clone());
        }
        groups
    }

    fn sums<'k>(&self, keys: impl IntoIterator<Item = &'k Key> + Clone) -> (u64, u64) {
        // A damaged record may hold any number.
        let sum = |record: &Record| {
            keys.clone().into_iter().fold(0_u64, |sum, key| sum.saturating_add(record.cell(key).cases)).min(MOST_CASES)
        };
        (sum(self.base), sum(self.run))
    }

    /// How much longer one window is, and the length of the shorter one in microseconds.
    fn windows(&self) -> (f64, f64) {
        let length =
            |record: &Record| record.totals.window.map_or(1.0, |(from, to)| to.saturating_sub(from).max(1) as f64);
        let (a, b) = (length(self.base), length(self.run));
        (a.max(b) / a.min(b), a.min(b))
    }

    /// By which steps objects leave each place.
    fn steps(&mut self) {
        let (ratio, shorter) = self.windows();
        for ((of, from), keys) in self.grouped(Kind::Step, |key| (key.of.clone(), key.from.clone())) {
            let all = self.sums(&keys);
            if !self.enough(Key::new(Kind::Step, &of, &from, ""), all.0, all.1) {
                continue;
            }
            for key in keys {
                let cells = [self.base.cell(&key), self.run.cell(&key)];
                let waits = |cell: &Cell| cell.waited as f64 / cell.cases.max(1) as f64;
                let slow = cells.iter().map(waits).fold(0.0, f64::max) > QUICK * shorter;
                let doubt = (slow && ratio > LONGER)
                    .then_some("the step takes long, and one of the windows is too short to see all of them");
                self.test(key, check_of(&cells), all, doubt);
            }
        }
        if ratio <= LONGER {
            self.ends();
        }
    }

    /// Steps by which objects left a place that they never leave any more: the windows must be alike.
    fn ends(&mut self) {
        let places = |record: &Record| {
            let mut places: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
            for (key, cell) in record.of(Kind::Step).chain(record.of(Kind::Stay)) {
                let place = places.entry((key.of.clone(), key.from.clone())).or_default();
                place.0 += if key.kind == Kind::Step { cell.cases } else { 0 };
                place.1 += cell.cases;
            }
            places
        };
        let (before, after) = (places(self.base), places(self.run));
        let keys: Vec<Key> = self.base.of(Kind::Step).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let place = (key.of.clone(), key.from.clone());
            let (_, n0) = before.get(&place).copied().unwrap_or_default();
            let (left, n1) = after.get(&place).copied().unwrap_or_default();
            // Where objects still leave, the steps by which they do say it.
            if left == 0 && n0.min(n1) >= self.settings.min_cases.max(1) {
                self.test(key, Check::DriftGone, (n0, n1), None);
            }
        }
    }

    /// Who does each activity.
    fn actors(&mut self) {
        for ((of, _), keys) in self.grouped(Kind::Actor, |key| (key.of.clone(), String::new())) {
            let all = self.sums(&keys);
            if self.enough(Key::new(Kind::Actor, &of, "", ""), all.0, all.1) {
                keys.into_iter().for_each(|key| self.test(key, Check::DriftActor, all, None));
            }
        }
    }

    /// How often the first try is refused.
    fn refusals(&mut self) {
        for ((of, _), keys) in self.grouped(Kind::Tried, |key| (key.of.clone(), String::new())) {
            let all = self.sums(&keys);
            let key = Key::new(Kind::Refused, &of, "", "");
            let refused = self.base.cell(&key).cases + self.run.cell(&key).cases;
            // Who does what has too few already.
            if refused > 0 && all.0.min(all.1) >= self.settings.min_cases.max(1) {
                self.test(key, Check::DriftFrequency, all, None);
            }
        }
    }

    /// Operations that only one run has, within cases, else among actors.
    fn operations(&mut self) {
        let cases = (self.base.totals.cases, self.run.totals.cases);
        let actors = (self.base.totals.actors, self.run.totals.actors);
        for (_, keys) in self.grouped(Kind::Operation, |key| (key.what.clone(), String::new())) {
            for key in keys {
                let cells = [self.base.cell(&key), self.run.cell(&key)];
                let check = check_of(&cells);
                if check == Check::DriftFrequency {
                    continue;
                }
                let within = cells.iter().any(|cell| cell.cases > 0);
                let (all, least) =
                    if within { (cases, self.settings.min_cases.max(1)) } else { (actors, self.least_actors()) };
                if all.0.min(all.1) < least {
                    let (before, after) = (cells[0].cases.max(cells[0].actors), cells[1].cases.max(cells[1].actors));
                    self.few.push(TooFew { key, before, after });
                } else if within {
                    self.test(key, check, all, None);
                } else {
                    self.test_actors(key, check, all);
                }
            }
        }
    }

    /// Tests an operation without cases by who uses it.
    fn test_actors(&mut self, key: Key, check: Check, all: (u64, u64)) {
        let side = |cell: Cell, of: u64| Side { share: Share::new(cell.actors, of), cell };
        let (before, after) = (side(self.base.cell(&key), all.0), side(self.run.cell(&key), all.1));
        let (p, method) = statistics::compare(before.share, after.share);
        self.all.push(Comparison { key, check, before, after, p, method, doubt: None });
    }

    /// How often each constraint is broken, of the cases in which its rule decided something. What lifecycles forbid
    /// shows in the steps themselves.
    fn rules(&mut self) {
        let structural = ["SEQ-", "ST-", "PROC-"];
        for ((rule, _), keys) in self.grouped(Kind::Broken, |key| (key.of.clone(), String::new())) {
            if structural.iter().any(|family| rule.starts_with(family)) {
                continue;
            }
            let judged = Key::new(Kind::Judged, &rule, "", "");
            let all = self.sums([&judged]);
            if self.enough(judged, all.0, all.1) {
                keys.into_iter().for_each(|key| self.test(key, Check::DriftGuard, all, None));
            }
        }
    }

    /// Actors who do what is no activity of the model.
    fn strays(&mut self) {
        let key = Key::new(Kind::Operation, "", "", "");
        let ((n0, k0), (n1, k1)) = (self.base.totals.strays, self.run.totals.strays);
        if k0 + k1 > 0 && self.at_least(self.least_actors(), key.clone(), n0, n1) {
            let side =
                |count, of| Side { share: Share::new(count, of), cell: Cell { actors: count, ..Cell::default() } };
            let (before, after) = (side(k0, n0), side(k1, n1));
            let (p, method) = statistics::compare(before.share, after.share);
            let check = Check::DriftUnmodelled;
            self.all.push(Comparison { key, check, before, after, p, method, doubt: None });
        }
    }

    fn finish(mut self, incomparable: Vec<String>) -> Compared {
        let p: Vec<f64> = self.all.iter().map(|comparison| comparison.p).collect();
        let mut by_check: BTreeMap<Check, u64> = BTreeMap::new();
        self.all.iter().for_each(|comparison| *by_check.entry(comparison.check).or_default() += 1);
        let settings = self.settings;
        let changes = self.all.into_iter().zip(statistics::corrected(&p)).map(|(made, p)| made.corrected(p));
        let drifted = |change: &Change| {
            let absent = change.direction != Direction::Gone
                || statistics::none_of(change.after.share.of, change.before.share.interval().0) <= CHANCE;
            change.corrected <= settings.fdr && change.effect.abs() >= settings.min_effect && absent
        };
        let changes: Vec<Change> = changes.filter(drifted).collect();
        self.few.sort_by(|a, b| (b.before.max(b.after), &a.key).cmp(&(a.before.max(a.after), &b.key)));
        let too_few_in_all = self.few.len() as u64;
        self.few.truncate(MOST_FEW);
        let tested = p.len() as u64;
        Compared { tested, by_check, causes: causes(changes), too_few: self.few, too_few_in_all, incomparable }
    }
}

/// The check of something that happens in both runs, or in one.
fn check_of([before, after]: &[Cell; 2]) -> Check {
    match (before.events, after.events) {
        (0, _) => Check::DriftNew,
        (_, 0) => Check::DriftGone,
        _ => Check::DriftFrequency,
    }
}

impl Comparison {
    fn corrected(self, corrected: f64) -> Change {
        let (before, after) = (self.before.share, self.after.share);
        let direction = match (before.count, after.count) {
            (0, _) => Direction::New,
            (_, 0) => Direction::Gone,
            _ if after.value() >= before.value() => Direction::More,
            _ => Direction::Less,
        };
        Change {
            key: self.key,
            check: self.check,
            direction,
            p: self.p,
            corrected,
            method: self.method,
            effect: statistics::effect(before, after),
            difference: statistics::difference(before, after),
            doubt: self.doubt,
            before: self.before,
            after: self.after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator for simulations: splitmix64.
    struct Draws(u64);

    impl Draws {
        fn below(&mut self, bound: f64) -> bool {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / ((1_u64 << 53) as f64) < bound
        }
    }

    /// Objects at twelve places, each left by three steps of which one is rare; at the first as many as said skip a step.
    fn drawn(draws: &mut Draws, cases: u64, skipped: f64) -> Record {
        let mut record = Record::default();
        record.totals.window = Some((0, 1_000_000_000));
        record.totals.cases = cases;
        for place in 0..12 {
            let from = format!("s{place}");
            for case in 0..cases {
                let skips = place == 0 && draws.below(skipped);
                let what = match (draws.below(0.02), draws.below(0.4)) {
                    _ if skips => "jump",
                    (true, _) => "rare",
                    (_, true) => "one",
                    _ => "other",
                };
                let cell = record.cells.entry(Key::new(Kind::Step, "order", &from, what)).or_default();
                (cell.cases, cell.events, cell.actors) = (cell.cases + 1, cell.events + 1, 9);
                if cell.examples.len() < 8 {
                    cell.examples.push(format!("{place}-{case}"));
                }
            }
        }
        record
    }

    /// Without the least effect, so that the statistics alone hold the rate.
    const STRICT: Settings = Settings { min_cases: 100, fdr: 0.05, min_effect: 0.0 };

    #[test]
    fn the_same_process_drawn_again_is_told_changed_no_more_often_than_allowed() {
        let mut draws = Draws(5);
        let runs = 200;
        let told = (0..runs).filter(|_| {
            let (base, run) = (drawn(&mut draws, 300, 0.0), drawn(&mut draws, 200, 0.0));
            !compare(&base, &run, true, STRICT).causes.is_empty()
        });
        let share = told.count() as f64 / f64::from(runs);
        // Where nothing changed, every change told is false: the rate is that of runs with any.
        assert!(share <= 0.05 + 3.0 * (0.05_f64 * 0.95 / f64::from(runs)).sqrt(), "{share}");
    }

    #[test]
    fn a_change_is_found_and_named_and_its_absence_is_its_reverse() {
        let mut draws = Draws(6);
        let (base, run) = (drawn(&mut draws, 600, 0.0), drawn(&mut draws, 600, 0.2));
        let there = compare(&base, &run, true, Settings::default());
        let [cause] = &there.causes[..] else { panic!("{:#?}", there.causes) };
        let lead = cause.lead().unwrap();
        assert_eq!((lead.key.what.as_str(), lead.direction), ("jump", Direction::New));
        assert!(lead.after.share.value() > 0.1 && lead.corrected < 1e-6);
        let back = compare(&run, &base, true, Settings::default());
        let lead = back.causes[0].lead().unwrap();
        assert_eq!((back.causes.len(), lead.key.what.as_str(), lead.direction), (1, "jump", Direction::Gone));
    }

    #[test]
    fn too_few_cases_are_said_and_not_judged() {
        let mut draws = Draws(7);
        let (base, run) = (drawn(&mut draws, 600, 0.0), drawn(&mut draws, 60, 0.9));
        let compared = compare(&base, &run, true, Settings::default());
        assert_eq!((compared.tested, compared.causes.len(), compared.too_few_in_all), (0, 0, 12));
        assert_eq!((compared.too_few[0].before, compared.too_few[0].after), (600, 60));
        assert_eq!(compare(&Record::default(), &Record::default(), false, Settings::default()).tested, 0);
    }

    #[test]
    fn a_slow_step_of_a_short_window_is_doubted() {
        let mut draws = Draws(8);
        let (base, mut run) = (drawn(&mut draws, 600, 0.0), drawn(&mut draws, 600, 0.5));
        run.totals.window = Some((0, 10_000_000));
        run.cells.values_mut().for_each(|cell| cell.waited = cell.cases * 5_000_000);
        let compared = compare(&base, &run, true, Settings::default());
        assert!(compared.causes.iter().all(|cause| cause.lead().unwrap().doubt.is_some()));
    }

    #[test]
    fn runs_that_name_nothing_alike_are_not_compared() {
        let named = |name: &str| {
            let mut record = Record::default();
            record.totals.cases = 900;
            let cell = Cell { cases: 900, events: 900, actors: 50, ..Cell::default() };
            record.cells.insert(Key::new(Kind::Operation, "", "", name), cell);
            record
        };
        let compared = compare(&named("GET /a"), &named("GET /b"), false, Settings::default());
        assert!(compared.causes.is_empty() && compared.incomparable.len() == 1, "{compared:?}");
    }
}
