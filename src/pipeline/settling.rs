//! What counts of the exchanges that several inputs show, and taking what does.

use std::path::Path;
use std::thread;

use super::PipelineError;
use super::extracting::{Extracting, Read, Waiting};
use super::pending::{Held, HeldReader, Pending};
use super::reading::joined;
use super::views::{self, CarriedOver, Doubles, Places, Units};
use crate::event::partition::EventBuffer;

/// Leaves out what two inputs show, and takes the rest.
pub(super) fn settle<'a>(
    parts: Vec<Read<'a>>,
    units: &Units,
    scratch: &Path,
    budget: usize,
) -> Result<(Vec<Extracting<'a>>, Doubles), PipelineError> {
    let (mut waiting, mut ledgers) = (Vec::new(), Vec::new());
    for (made, Waiting { ledger, pending, events, .. }) in parts {
        ledgers.push(ledger);
        waiting.push((made, pending, events));
    }
    let doubles = views::find(units, ledgers, scratch, budget)?;
    let none = Places::default();
    let settled: Vec<Extracting<'a>> = thread::scope(|scope| {
        let workers: Vec<_> = waiting
            .into_iter()
            .enumerate()
            .map(|(n, (made, pending, events))| {
                let left_out = doubles.left_out.get(n).unwrap_or(&none);
                let counted = Counted { left_out, carried: doubles.carried_over(n), doubles: &doubles };
                scope.spawn(move || take_counted(made, pending, counted, events))
            })
            .collect();
        workers.into_iter().map(joined).collect::<Result<_, PipelineError>>()
    })?;
    Ok((settled, doubles))
}

/// Which exchanges of a thread count, what other views tell of them, and by what their clocks are moved.
struct Counted<'a> {
    left_out: &'a Places,
    carried: CarriedOver<'a>,
    doubles: &'a Doubles,
}

impl Counted<'_> {
    /// Takes an exchange if it counts. Of one that does not, it counts that its input shows roles.
    fn take(&mut self, place: u64, mut held: Held, made: &mut Extracting<'_>) -> Result<(), PipelineError> {
        let by = self.doubles.moved(held.unit);
        if by != 0 {
            held.extracted.shift(by);
            held.in_period = held.extracted.events.first().map_or(held.in_period, |event| made.in_period(event.time));
        }
        if self.left_out.contains(place) {
            let facts = std::mem::take(&mut held.extracted.facts).of_the_sensor();
            if !facts.is_empty() {
                made.learn(facts);
            }
            return Ok(());
        }
        if self.carried.complete(place, &mut held, made.model())? != 0 {
            held.in_period = held.extracted.events.first().map_or(held.in_period, |event| made.in_period(event.time));
        }
        made.take(held)
    }
}

/// Goes through the exchanges of one thread again, each with its events, and takes those that count.
fn take_counted<'a>(
    mut made: Extracting<'a>,
    pending: Pending,
    mut counted: Counted<'_>,
    events: EventBuffer,
) -> Result<Extracting<'a>, PipelineError> {
    let mut pending = Numbered { reader: pending.read()?, next: 0 };
    let mut current = pending.next_with_events(&mut counted, &mut made)?;
    let mut gathered = Vec::new();
    events.drain(|event| {
        gathered.push(event);
        if let Some((place, mut held)) = current.take_if(|(_, held)| gathered.len() >= held.events as usize) {
            held.extracted.events = std::mem::take(&mut gathered);
            counted.take(place, held, &mut made)?;
            current = pending.next_with_events(&mut counted, &mut made)?;
        }
        Ok::<_, PipelineError>(())
    })?;
    made.teach();
    Ok(made)
}

/// Exchanges that wait, counted.
struct Numbered {
    reader: HeldReader,
    next: u64,
}

impl Numbered {
    /// The next exchange that has events, and its place. Those without are taken on the way.
    fn next_with_events(
        &mut self,
        counted: &mut Counted<'_>,
        made: &mut Extracting<'_>,
    ) -> Result<Option<(u64, Held)>, PipelineError> {
        while let Some(held) = self.reader.next()? {
            let place = self.next;
            self.next += 1;
            if held.events > 0 {
                return Ok(Some((place, held)));
            }
            counted.take(place, held, made)?;
        }
        Ok(None)
    }
}
