//! Doors: which operations ask for a credential, as their answers to those show who have none.

use std::collections::BTreeSet;

use super::moment::Moment;
use crate::event::{Gate, Mark};

/// What is known of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It was seen to serve somebody who showed nothing: what is shown to it, it need not have read.
    Open,
    /// It was seen to refuse somebody for want of a credential that it believes (401).
    Guarded,
    /// Neither.
    Unknown,
}

/// What is known of operations; sums commute.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    open: BTreeSet<u64>,
    guarded: BTreeSet<u64>,
}

impl Doors {
    /// Notes how an operation answered.
    pub fn note(&mut self, moment: &Moment) {
        // What may be a credential in the URL is one, until it is known to be read by nobody.
        let shows = moment.setting.marks.has(Mark::Shows) || moment.setting.marks.has_any(&super::place::CREDENTIALS);
        let login = moment.setting.gate != Gate::None;
        if moment.status == 401 && !login {
            self.guarded.insert(moment.step);
        } else if moment.deed.accepted && !shows && !moment.deed.known {
            self.open.insert(moment.step);
        }
    }

    /// Adds what another saw.
    pub fn add(&mut self, other: Doors) {
        self.open.extend(other.open);
        self.guarded.extend(other.guarded);
    }

    /// What is known of an operation.
    pub fn of(&self, step: u64) -> Door {
        match (self.open.contains(&step), self.guarded.contains(&step)) {
            (true, _) => Door::Open,
            (false, true) => Door::Guarded,
            (false, false) => Door::Unknown,
        }
    }
}
