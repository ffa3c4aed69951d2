//! Setting what one exchange gives to another clock.

use super::extract::Extracted;
use super::facts::Facts;

impl Extracted {
    /// Moves everything that has a time, in events and in what is taught, by so many microseconds.
    pub fn shift(&mut self, by: i64) {
        for event in &mut self.events {
            event.time = event.time.saturating_add(by);
            event.end = event.end.saturating_add(by);
        }
        self.facts.shift(by);
    }
}

impl Facts {
    fn shift(&mut self, by: i64) {
        // What is unplaced holds no more of its kind.
        if let Some(unplaced) = &mut self.unplaced {
            unplaced.shift_own(by);
        }
        self.shift_own(by);
    }

    fn shift_own(&mut self, by: i64) {
        let stamps = self.bindings.iter_mut().map(|(_, stamp, _)| stamp);
        let stamps = stamps.chain(self.parents.iter_mut().map(|(_, stamp, _)| stamp));
        let stamps = stamps.chain(self.owners.iter_mut().map(|(_, stamp, _)| stamp));
        let stamps = stamps.chain(self.creators.iter_mut().map(|(_, stamp, _)| stamp));
        let stamps = stamps.chain(self.tenants.iter_mut().map(|(_, fact)| &mut fact.stamp));
        stamps.for_each(|(time, _)| *time = time.saturating_add(by));
        for presence in &mut self.presence {
            presence.from = presence.from.saturating_add(by);
            presence.to = presence.to.saturating_add(by);
        }
    }
}
