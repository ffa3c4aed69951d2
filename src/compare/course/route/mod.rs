//! Routes: the operations that lead to one task, and who took which of them when.
//!
//! Each event that was let through, or turned away for want of rights, becomes one [`Use`]; those of one task, route, sort
//! of actor, actor and hour are folded into one, and those of one task are judged together.

mod class;
mod first_use;
mod older;
mod polluted;
mod shadow;
mod task;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(super) use class::ActorKind;
pub use class::{Class, Roster};
pub(super) use task::Task;

use super::HOUR;
use super::told::Told;
use crate::event::{Event, Gate, Mark, OrderKey, Outcome, Setting};

/// What somebody did on one route within an hour; of one size, so that it can wait on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// Hash of what the route leads to: the operation without host and version, with the site that it is of.
    pub task: u64,
    /// Hash of the operation with its host.
    pub step: u64,
    /// What sort of actor.
    pub class: Class,
    /// Hash of who it was, 0 where that is not known.
    pub actor: u64,
    /// Which hour.
    pub hour: i64,
    /// Version that the route says it is of, 0 for none.
    pub version: u32,
    /// What is known of the route.
    pub manner: Manner,
    /// Requests that were let through.
    pub accepted: Seen,
    /// Requests that were turned away for want of rights.
    pub forbidden: Seen,
    /// Of those let through, the ones after the day on which the route was to be gone.
    pub late: Seen,
    /// Those that name one object by two ids.
    pub two_ids: Seen,
    /// Those whose body has a member twice.
    pub two_members: Seen,
    /// Number of the source's format.
    pub source: u8,
}

/// How many, and the first and the last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Option<OrderKey>,
    /// When the last was.
    pub last: i64,
}

impl Seen {
    fn of(applies: bool, at: OrderKey) -> Seen {
        if applies { Seen { count: 1, first: Some(at), last: at.0 } } else { Seen::default() }
    }

    fn add(&mut self, other: Seen) {
        if other.count > 0 {
            self.last = if self.count == 0 { other.last } else { self.last.max(other.last) };
            self.first = [self.first, other.first].into_iter().flatten().min();
            self.count += other.count;
        }
    }

    /// Of the requests of several uses all together.
    fn sum<'u>(uses: impl IntoIterator<Item = &'u Use>, part: fn(&Use) -> Seen) -> Seen {
        let mut sum = Seen::default();
        uses.into_iter().for_each(|one| sum.add(part(one)));
        sum
    }
}

/// What is known of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Manner {
    /// It changes something.
    pub writes: bool,
    /// It administers, or a thief would make use of it.
    pub grave: bool,
    /// A document describes it.
    pub described: bool,
    /// There are documents, and none describes it.
    pub undescribed: bool,
}

impl Manner {
    fn or(self, other: Manner) -> Manner {
        Manner {
            writes: self.writes || other.writes,
            grave: self.grave || other.grave,
            described: self.described || other.described,
            undescribed: self.undescribed || other.undescribed,
        }
    }
}

impl Use {
    /// What an event adds; logins, what nothing names and what nobody answered add nothing. `hash` is keyed; `class`: what
    /// sort of actor it is.
    pub fn of(event: &Event, setting: &Setting, hash: &dyn Fn(&str) -> u64, class: Class, source: u8) -> Option<Use> {
        let operation = event.operation.as_deref()?;
        // A redirect most often leads to a login.
        let accepted = event.outcome == Outcome::Accepted && !matches!(event.status, Some(300..=399));
        let forbidden = event.outcome == Outcome::Rejected && event.status == Some(403);
        let asks = !matches!(&*event.method, "OPTIONS" | "HEAD");
        (asks && setting.gate == Gate::None && (accepted || forbidden)).then_some(())?;
        let (host, at, marks) = (event.host.as_deref().unwrap_or_default(), event.order_key(), setting.marks);
        let task = Task::of(event, operation);
        Some(Use {
            task: hash(&task.name),
            step: hash(&format!("{host} {operation}")),
            class,
            actor: event.actor.principal.as_deref().map_or(setting.address, hash),
            hour: at.0.div_euclid(HOUR),
            version: task.version,
            manner: Manner {
                writes: !event.read,
                grave: marks.has_any(&[Mark::Administers, Mark::Sensitive]),
                described: marks.has(Mark::Described),
                undescribed: marks.has(Mark::Undescribed),
            },
            accepted: Seen::of(accepted, at),
            forbidden: Seen::of(forbidden, at),
            late: Seen::of(accepted && marks.has(Mark::PastSunset), at),
            two_ids: Seen::of(accepted && marks.has(Mark::IdTwice), at),
            two_members: Seen::of(accepted && marks.has(Mark::MemberTwice), at),
            source,
        })
    }

    /// Makes one of all that are of one task, route, class, actor and hour.
    pub fn fold(uses: &mut Vec<Use>) {
        let key = |one: &Use| (one.task, one.step, one.class, one.actor, one.hour);
        uses.sort_unstable();
        uses.dedup_by(|next, kept| {
            let same = key(next) == key(kept);
            if same {
                kept.manner = kept.manner.or(next.manner);
                let parts = [
                    (&mut kept.accepted, next.accepted),
                    (&mut kept.forbidden, next.forbidden),
                    (&mut kept.late, next.late),
                    (&mut kept.two_ids, next.two_ids),
                    (&mut kept.two_members, next.two_members),
                ];
                parts.into_iter().for_each(|(to, from)| to.add(from));
            }
            same
        });
    }
}

/// Judges one task: its uses in order, each once.
pub fn routes(task: &[Use], roster: &Roster, told: &mut Told) {
    let steps: Vec<&[Use]> = task.chunk_by(|a, b| a.step == b.step).collect();
    for step in &steps {
        first_use::judge(step, roster, told);
        polluted::judge(step, told);
    }
    shadow::judge(&steps, told);
    older::judge(&steps, told);
}
