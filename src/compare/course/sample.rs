//! Moments for tests.

use super::moment::{Deed, Lane, Moment};
use crate::event::{EventId, Setting};

/// A write of somebody known, accepted at this second.
pub(crate) fn moment(second: i64) -> Moment {
    let time = second * super::SECOND;
    let number = u64::try_from(second).unwrap();
    Moment {
        lane: Lane::Actor,
        key: 1,
        time,
        place: number,
        event: EventId(number),
        end: time + 1_000,
        tick: 1,
        source: 0,
        actor: 1,
        credential: 1,
        step: 1,
        task: 1,
        host: 1,
        object: 0,
        body: 0,
        status: 200,
        deed: Deed { accepted: true, known: true, ..Deed::default() },
        setting: Setting::default(),
    }
}
