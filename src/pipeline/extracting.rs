//! Exchanges to events, in one of several threads: what each teaches goes to a directory that all share.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;

use offpath_capture::Exchange;

use super::pending::{Held, Pending};
use super::reading::{BATCH, Batch, lock};
use super::serving::Serving;
use super::ticks::Ticks;
use super::views::{Ledger, Prospect, Sighter, Units};
use super::{Job, PipelineError};
use crate::correlate::{Directory, Extracted, Extractor, Facts, Inspection, SentOn, is_container};
use crate::event::partition::EventBuffer;
use crate::event::{Event, ObjectId};
use crate::mine::{Beside, Evidence, Redirect, RoleShown, Traced};
use crate::model::Model;

/// What one extracting thread made.
pub(super) struct Extracting<'a> {
    pub(super) events: EventBuffer,
    budget: usize,
    directory: &'a Mutex<Directory>,
    /// On their way to the directory.
    facts: Vec<Facts>,
    job: &'a Job,
    pub(super) inspection: Inspection,
    pub(super) evidence: Evidence,
    pub(super) serving: Serving,
    /// How fine the inputs' clocks are.
    pub(super) ticks: Ticks,
}

impl<'a> Extracting<'a> {
    /// Nothing yet; `events` spills beyond `budget` bytes.
    pub(super) fn new(events: EventBuffer, budget: usize, directory: &'a Mutex<Directory>, job: &'a Job) -> Self {
        let (facts, inspection, evidence) = (Vec::new(), Inspection::new(), Evidence::default());
        let (serving, ticks) = (Serving::default(), Ticks::default());
        Extracting { events, budget, directory, facts, job, inspection, evidence, serving, ticks }
    }

    /// Whether a time lies in the period of interest.
    pub(super) fn in_period(&self, time: i64) -> bool {
        let (from, to) = self.job.period;
        from.is_none_or(|from| time >= from) && to.is_none_or(|to| time <= to)
    }

    /// The model that events are made by, where there is one.
    pub(super) fn model(&self) -> Option<&'a Model> {
        self.job.model.as_deref()
    }

    /// Takes an exchange that counts, with its events.
    pub(super) fn take(&mut self, held: Held) -> Result<(), PipelineError> {
        let mut extracted = held.extracted;
        self.learn(std::mem::take(&mut extracted.facts));
        if !held.in_period {
            return Ok(());
        }
        let protocol = held.protocol.as_str();
        match (&self.job.selection.events, &self.job.model) {
            // Who did it is only known later, and so is whether it is wanted.
            (Some(_), _) => self.inspection.add_read(protocol, &extracted),
            (None, Some(_)) => self.inspection.add_exchange(protocol, &extracted),
            (None, None) => self.inspection.add_unnamed_exchange(protocol, &extracted),
        }
        // Without a model each call is one event, and sightings are of its objects in their order.
        if self.job.model.is_none() {
            for (beside, event) in shown_beside(&mut extracted).into_iter().zip(&extracted.events) {
                self.evidence.add(event, beside);
            }
            if !self.job.follows_courses() {
                extracted.events.iter_mut().for_each(|event| (event.members, event.span) = (None, None));
            }
        }
        self.keep(&extracted.events)
    }

    /// Keeps events for the joins.
    fn keep(&mut self, events: &[Event]) -> Result<(), PipelineError> {
        events.iter().for_each(|event| self.ticks.add(event));
        events.iter().try_for_each(|event| Ok(self.events.push_within(event, self.budget)?))
    }

    /// Takes in what an exchange teaches; the directory is all threads', so that it is told of many at once.
    pub(super) fn learn(&mut self, facts: Facts) {
        self.facts.push(facts);
        if self.facts.len() >= BATCH {
            self.teach();
        }
    }

    pub(super) fn teach(&mut self) {
        let mut directory = lock(self.directory);
        self.facts.drain(..).for_each(|facts| directory.add(facts));
    }
}

/// What an exchange that was read without a model shows beside each of its events, for the evidence of a draft; taken out
/// of it.
pub fn shown_beside(extracted: &mut Extracted) -> Vec<Beside> {
    let mut traced = std::mem::take(&mut extracted.sightings).into_iter().map(|sighting| Traced {
        container: is_container(&sighting.object_type),
        key: sighting.places.key,
        again: sighting.places.again,
        state: sighting.places.state,
        owner: sighting.places.owner.map(|owner| (owner, sighting.places.own)),
    });
    let roles = std::mem::take(&mut extracted.roles).into_iter().map(|place| RoleShown {
        path: place.path,
        rank: place.rank,
        said: place.said,
    });
    let roles: Vec<RoleShown> = roles.collect();
    let sent_on = extracted.sent_on.take().map(|sent_on| match sent_on {
        SentOn::Result => Redirect::Result,
        SentOn::Away(sign) => Redirect::Away(sign),
        SentOn::Unseen => Redirect::Unseen,
    });
    let said = std::mem::take(&mut extracted.said);
    let worded = std::mem::take(&mut extracted.worded).into_iter().map(|worded| (worded.id, worded.place));
    let worded: Vec<(ObjectId, Arc<str>)> = worded.collect();
    let beside = extracted.events.iter().map(|event| Beside {
        traced: traced.by_ref().take(event.objects.len()).collect(),
        worded: worded.clone(),
        goes_by: extracted.goes_by.clone(),
        ids: extracted.ids.clone(),
        roles: roles.clone(),
        said: said.clone(),
        sent_on: sent_on.clone(),
    });
    beside.collect()
}

/// What waits until all inputs are read: exchanges of which only then is known whether they count. Of several inputs all
/// do, of one those that may be hops of others.
pub(super) struct Waiting<'a> {
    pub(super) ledger: Ledger,
    pub(super) pending: Pending,
    pub(super) events: EventBuffer,
    sighter: &'a Sighter,
    exchanges: u64,
    all: bool,
    budget: usize,
}

impl<'a> Waiting<'a> {
    /// Nothing yet; sights and waiting facts spill beyond a quarter of `budget` bytes each, events beyond `budget`.
    pub(super) fn new(scratch: &Path, thread: usize, units: &Units, sighter: &'a Sighter, budget: usize) -> Self {
        Waiting {
            ledger: Ledger::new(scratch.join(format!("sights-{thread}")), units.len(), budget / 4),
            pending: Pending::new(scratch.join(format!("pending-{thread}")), budget / 4),
            events: EventBuffer::new(scratch.join(format!("waiting-{thread}.arrow"))),
            sighter,
            exchanges: 0,
            all: units.len() > 1,
            budget,
        }
    }

    /// Files what an input shows of the next exchange. Returns whether the exchange waits.
    fn note(
        &mut self,
        exchange: &Exchange,
        prospect: &Prospect,
        unit: Option<u32>,
        first: Option<&Event>,
    ) -> Result<bool, PipelineError> {
        let Some(unit) = unit else { return Ok(self.all) };
        self.ledger.note(self.sighter, exchange, first, unit, prospect, (self.exchanges, self.all))
    }

    /// Holds the exchange that was noted.
    fn hold(&mut self, held: &Held) -> Result<(), PipelineError> {
        self.exchanges += 1;
        self.pending.push(held)?;
        held.extracted.events.iter().try_for_each(|event| Ok(self.events.push_within(event, self.budget)?))
    }
}

/// What one thread extracted, and what of it still waits.
pub(super) type Read<'a> = (Extracting<'a>, Waiting<'a>);

pub(super) fn extract_batches<'a>(
    receiver: &Mutex<Receiver<Batch>>,
    extractor: &Extractor,
    mut made: Extracting<'a>,
    mut waiting: Waiting<'a>,
) -> Result<Read<'a>, PipelineError> {
    loop {
        let Ok(batch) = lock(receiver).recv() else { break };
        for (exchange, prospect) in &batch.exchanges {
            let mut extracted = extractor.extract(exchange);
            made.job.sought.iter().for_each(|sought| sought.exchange(exchange, &extracted));
            let in_period = made.in_period(exchange.time.0);
            // An exchange does not say which file format it came in; its input does.
            let format = batch.formats.get(&*exchange.origin.input);
            let unit = format.map(|(_, unit)| *unit);
            let waits = waiting.note(exchange, prospect, unit, extracted.events.first())?;
            extracted.events.iter().for_each(|event| made.serving.add(exchange.server, event));
            // What waits may still turn out to be somebody else's, and with its events what it teaches.
            if !in_period && !waits {
                extracted.events.clear();
            }
            for event in &mut extracted.events {
                event.source = format.map_or(event.source, |(format, _)| format.as_str());
            }
            let events = u32::try_from(extracted.events.len()).unwrap_or(u32::MAX);
            let held = Held { events, extracted, protocol: exchange.protocol.into(), in_period, unit };
            if waits {
                waiting.hold(&held)?;
            } else {
                made.take(held)?;
            }
        }
    }
    made.teach();
    Ok((made, waiting))
}
