//! Doubles: what is given twice or seen on several hops, and what others tell of the exchanges that stay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offpath_capture::{Endpoint, Origin};

use super::Places;
use super::carried::{Carried, CarriedReader, People, Says};
use super::likely::Likely;
use super::sight::Sighter;
use crate::model::Model;
use crate::pipeline::PipelineError;
use crate::pipeline::pending::Held;

/// Exchanges that were left out of one input because another shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Twice {
    pub(in crate::pipeline) input: String,
    pub(in crate::pipeline) of: String,
    pub(in crate::pipeline) exchanges: u64,
}

/// What is given twice.
#[derive(Default)]
pub(in crate::pipeline) struct Doubles {
    /// Of each thread, the exchanges to leave out.
    pub(in crate::pipeline) left_out: Vec<Places>,
    /// Of each thread, what others tell of those that stay.
    pub(super) carried: Vec<Carried>,
    /// Actors, by thread.
    pub(super) people: Vec<People>,
    /// Inputs by number.
    pub(super) names: Vec<Arc<str>>,
    /// By input and the one that shows the same.
    pub(in crate::pipeline) twice: Vec<Twice>,
    /// Inputs that look like views without proof.
    pub(in crate::pipeline) warnings: Vec<String>,
    /// Exchanges that are inner hops of others, by input.
    pub(in crate::pipeline) hops: Vec<(String, u64)>,
    /// Exchanges that may be hops of others, and are judged.
    pub(in crate::pipeline) likely: Likely,
    /// Servers that are asked by a proxy alone, and all that it passes on is seen before it; with where it comes from.
    pub(super) behind: BTreeMap<u64, BTreeSet<u64>>,
    /// Inputs that are set to the clock of another.
    pub(in crate::pipeline) clocks: Vec<Clock>,
    /// What is added to the times of an input, by its number.
    pub(super) moved: BTreeMap<u32, i64>,
}

/// An input whose clock was found to differ from that of one that shows the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Clock {
    pub(in crate::pipeline) input: String,
    pub(in crate::pipeline) of: String,
    /// What was added to its times, in microseconds.
    pub(in crate::pipeline) moved: i64,
    /// Exchanges of both that show it.
    pub(in crate::pipeline) shown_by: u64,
}

impl Doubles {
    /// What is carried over to the exchanges of one thread.
    pub(in crate::pipeline) fn carried_over(&self, thread: usize) -> CarriedOver<'_> {
        CarriedOver { doubles: self, reader: self.carried.get(thread).map(Carried::read) }
    }

    /// Whether what a server was asked unseen is seen at another: all that was seen of it is.
    pub(in crate::pipeline) fn is_behind(&self, server: Endpoint, sighter: &Sighter) -> bool {
        self.behind.contains_key(&sighter.end(server))
    }

    /// Whether a client asks such a server past its proxy.
    pub(in crate::pipeline) fn is_past_the_proxy(&self, client: Endpoint, server: Endpoint, sighter: &Sighter) -> bool {
        let proxies = self.behind.get(&sighter.end(server));
        proxies.is_some_and(|proxies| !proxies.contains(&sighter.address(client.ip)))
    }

    /// What is added to the times of an input, in microseconds.
    pub(in crate::pipeline) fn moved(&self, unit: Option<u32>) -> i64 {
        unit.and_then(|unit| self.moved.get(&unit)).copied().unwrap_or(0)
    }
}

/// What other views tell of one thread's exchanges.
pub(in crate::pipeline) struct CarriedOver<'a> {
    doubles: &'a Doubles,
    reader: Option<CarriedReader<'a>>,
}

impl CarriedOver<'_> {
    /// Gives an exchange what others tell of who acted, when, and how it went. Returns by how many microseconds it was
    /// moved.
    pub(in crate::pipeline) fn complete(
        &mut self,
        ordinal: u64,
        held: &mut Held,
        model: Option<&Model>,
    ) -> Result<i64, PipelineError> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let mut moved = 0;
        for twin in reader.of(ordinal)? {
            let people = self.doubles.people.get(twin.thread as usize);
            let Some(input) = self.doubles.names.get(twin.unit as usize).cloned() else { continue };
            let origin = Origin::new(input, twin.place.clone());
            let person = |who: u32| people.and_then(|people| people.get(who));
            match &twin.says {
                Says::Who(who) => {
                    if let Some((actor, sensor)) = person(*who) {
                        held.extracted.adopt(actor, &origin, sensor);
                    }
                }
                Says::Outermost { who, by, longer } => {
                    let (by, longer) = (*by, *longer);
                    if let Some((actor, sensor)) = who.and_then(person) {
                        held.extracted.act_as(actor, &origin, sensor);
                    }
                    held.extracted.shift(by);
                    for event in &mut held.extracted.events {
                        event.end = event.end.saturating_add(longer).max(event.time);
                    }
                    moved = by;
                }
                Says::From([address, network]) => held.extracted.come_from(*address, *network),
                Says::GivenUp(status) => held.extracted.given_up(*status, &origin),
                Says::Answer { status, declared } => {
                    held.extracted.answer((*status, declared), held.protocol.as_str(), model, &origin);
                }
            }
        }
        Ok(moved)
    }
}
