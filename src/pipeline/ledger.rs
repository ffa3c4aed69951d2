//! The ledger of ids: rows of all threads are brought together by id, then what was tried by actor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::rows::{PARTS, Row as Kept, Rows};
use super::{Job, PipelineError};
use crate::compare::course::Told;
use crate::compare::{Check, Deviation, Stray, Tallies};
use crate::correlate::ledger::{
    self, Attempt, IdHasher, Judged, LEAST, Ledger, People, Row, UnlearnedDoubt, Users, WINDOW, Walk, Walks,
};
use crate::event::{Event, EventId};
use crate::model::Model;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

impl Kept for Row {
    fn hash(&self) -> u64 {
        self.value
    }

    fn fold(rows: &mut Vec<Self>) {
        ledger::fold(rows);
    }
}

impl Kept for Attempt {
    fn hash(&self) -> u64 {
        self.row.actor ^ self.row.step
    }

    fn fold(rows: &mut Vec<Self>) {
        rows.sort_unstable();
        rows.dedup();
    }
}

/// What one thread writes down.
pub(super) struct Writer {
    ledger: Ledger,
    rows: Rows<Row>,
}

impl Writer {
    /// Nothing yet; `tenants` begin paths; rows spill into `folder` beyond `budget` bytes.
    pub(super) fn new(job: &Job, tenants: &BTreeSet<String>, folder: &Path, budget: usize) -> Writer {
        let ids = IdHasher::new(&job.hash_key);
        Writer { ledger: Ledger::new(ids).with_tenants(tenants), rows: Rows::new(folder.join("ids"), budget) }
    }

    /// Writes down an event of which everything is known, and takes the ids that went over out of it.
    pub(super) fn note(&mut self, event: &mut Event) -> Result<(), PipelineError> {
        let Writer { ledger, rows } = self;
        ledger.note(event, |row| rows.push(row))
    }
}

/// Judges what all threads wrote down; `blind`: stretches that were not seen.
pub(super) fn judge(
    mut writers: Vec<Writer>,
    blind: &[(i64, i64)],
    job: &Job,
    scratch: &Path,
) -> Result<Strays, PipelineError> {
    let mut people = People::default();
    writers.iter_mut().for_each(|writer| people.merge(std::mem::take(&mut writer.ledger.people)));
    let people = people.blind_in(blind.to_vec());
    let ids = IdHasher::new(&job.hash_key);
    let mut users = Users::beside(job.model.as_deref(), &ids);
    let mut attempts: Rows<Attempt> = Rows::new(scratch.join("attempts"), job.memory / 16);
    for part in 0..PARTS {
        let mut rows = Vec::new();
        writers.iter_mut().try_for_each(|writer| writer.rows.take_part(part, &mut rows))?;
        ledger::fold(&mut rows);
        for id in rows.chunk_by(|a, b| a.value == b.value) {
            let mut judged = Judged::default();
            judged.add(id, &people);
            users.add(&judged);
            judged.attempts.into_iter().try_for_each(|attempt| attempts.push(attempt))?;
        }
    }
    let mut walked = Vec::new();
    for part in 0..PARTS {
        let mut rows = Vec::new();
        attempts.take_part(part, &mut rows)?;
        let mut walks = Walks::default();
        rows.into_iter().for_each(|attempt| walks.add(attempt));
        walked.extend(walks.found());
    }
    ledger::temper(&mut walked, |step| users.callers(step));
    Ok(Strays::of(ids, &users, &walked))
}

/// What the ledger found, and what was decided by it.
#[derive(Default)]
pub(super) struct Strays {
    /// Deviations to be, without their events, and the hash of the type of the object that each is about.
    found: Vec<(Stray, Option<u32>)>,
    ids: Option<IdHasher>,
    /// The events that they need.
    pub(super) wanted: BTreeSet<EventId>,
    pub(super) tallies: Tallies,
    /// Attempts that were refused, by check.
    pub(super) held: BTreeMap<Check, BTreeSet<EventId>>,
}

impl Strays {
    fn of(ids: IdHasher, users: &Users, walks: &[Walk]) -> Strays {
        let mut strays = Strays { ids: Some(ids), ..Strays::default() };
        for (source, owned, uses) in users.counts() {
            let source = ledger::source_name(source);
            // Of what the model names the owner, OWN decides.
            let checks = [Some(Check::Enumeration), (!owned).then_some(Check::Unlearned)];
            for check in checks.into_iter().flatten() {
                strays.tallies.count_many(check, source, uses.decided, uses.unanswered + uses.nobodys);
                strays.tallies.note_nobodys(check, source, uses.nobodys);
            }
        }
        for walk in walks {
            strays.tallies.count(Check::Enumeration, ledger::source_name(walk.source), Some(true));
            // Who tries many ids is not after the one with which it is noticed.
            strays.add(of_walk(walk), None);
        }
        let mut by_call: BTreeMap<(u64, u64), Vec<&Walk>> = BTreeMap::new();
        walks.iter().for_each(|walk| by_call.entry((walk.actor, walk.step)).or_default().push(walk));
        for (unlearned, source) in users.unlearned() {
            // A walk tells of all that it reached, unless it is for review and this is not, or is told at a refusal.
            let told = |walk: &&Walk| {
                (walk.span.0..=walk.span.1).contains(&unlearned.time)
                    && (unlearned.doubt.is_some() || walk.doubt.is_none())
                    && !(walk.refused && walk.foreign > 0)
            };
            if by_call.get(&(unlearned.actor, unlearned.step)).is_some_and(|walks| walks.iter().any(told)) {
                continue;
            }
            strays.tallies.count(Check::Unlearned, ledger::source_name(source), Some(true));
            let objects = match unlearned.objects {
                1 => "1 object".to_owned(),
                more => format!("{more} objects"),
            };
            let stray = Stray {
                check: Check::Unlearned,
                at: unlearned.at,
                events: unlearned.events.into_iter().collect(),
                expected: vec!["an id that an answer had given".into()],
                observed: vec![format!("{objects} whose ids were given to others only").into()],
                doubt: unlearned.doubt.map(|doubt| (UnlearnedDoubt::AT_MOST, doubt.because())),
            };
            strays.add(stray, Some(unlearned.kind));
        }
        strays
    }

    /// Adds what was found by courses.
    pub(super) fn add_told(&mut self, told: Told) {
        self.held.extend(told.held);
        for ((check, source), tally) in told.counts {
            self.tallies.add_tally(check, ledger::source_name(source), tally);
        }
        told.strays.into_iter().for_each(|stray| self.add(stray, None));
    }

    /// Takes what was found otherwise, to be told by its events as well.
    pub(super) fn take(&mut self, (strays, tallies): (Vec<Stray>, Tallies)) {
        strays.into_iter().for_each(|stray| self.add(stray, None));
        self.tallies.add(&tallies);
    }

    fn add(&mut self, stray: Stray, kind: Option<u32>) {
        self.wanted.extend(stray.events.iter().copied());
        self.wanted.insert(stray.at);
        self.found.push((stray, kind));
    }

    /// The deviations, with the events that were kept for them.
    pub(super) fn into_deviations(self, kept: &BTreeMap<EventId, Event>, model: Option<&Model>) -> Vec<Deviation> {
        let Strays { mut found, ids, .. } = self;
        if let Some(model) = model {
            // Who may take a step of a lifecycle the model says: staff is given ids in a mail, or on paper.
            let is_step = |stray: &Stray| {
                let activity = kept.get(&stray.at).and_then(|event| event.activity.as_deref());
                activity.is_some_and(|activity| model.is_step(activity))
            };
            let is_told = |stray: &Stray| match stray.check {
                Check::Unlearned => stray.doubt.is_none(),
                Check::Enumeration => stray.doubt.is_none() || !is_step(stray),
                _ => true,
            };
            found.retain(|(stray, _)| is_told(stray));
        }
        let deviation = |(stray, kind): (Stray, Option<u32>)| {
            let object = kind.zip(kept.get(&stray.at)).zip(ids.as_ref());
            let object = object.and_then(|((kind, event), ids)| ledger::object_of(event, kind, ids));
            stray.deviation(object.map(|object| object.id.clone()), kept)
        };
        found.into_iter().filter_map(deviation).collect()
    }
}

fn of_walk(walk: &Walk) -> Stray {
    let seconds = walk.span.1.saturating_sub(walk.span.0).max(0) / SECOND;
    let mut observed = format!("{} ids in {seconds}s", walk.ids);
    if walk.consecutive {
        observed.push_str(", one next to the other");
    }
    for (count, what) in [(walk.missed, "refused or none"), (walk.foreign, "served that others have")] {
        if count > 0 {
            observed.push_str(&format!(", {count} {what}"));
        }
    }
    let minutes = WINDOW / SECOND / 60;
    Stray {
        check: Check::Enumeration,
        at: walk.at,
        events: walk.events.clone(),
        expected: vec![format!("less than {LEAST} ids in {minutes}m that no answer had given").into()],
        observed: vec![observed.into()],
        doubt: walk.doubt.map(|doubt| (doubt.at_most(), doubt.because())),
    }
}
