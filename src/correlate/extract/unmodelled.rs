//! Names of what is no activity of the model.

use std::sync::Arc;

use offpath_capture::CallOutcome;

use super::{Called, Extracted, Extractor};
use crate::correlate::reading::Reading;
use crate::correlate::template::Template;
use crate::correlate::unmodelled::{UnmodelledCall, Why};
use crate::event::Outcome;

impl Extractor {
    /// Notes what was called and is no activity of the model, or without one of no document; `from`: the first of its
    /// events.
    pub(super) fn note_unmodelled(&self, reading: &Reading<'_>, called: &Called<'_>, from: usize, out: &mut Extracted) {
        let known = match &self.model {
            Some(_) => !called.activities.is_empty(),
            None => !self.described || called.described || reading.call.is_some(),
        };
        if known {
            return;
        }
        let (name, why) = match (&called.operation, reading.call) {
            (Some(_), _) if self.model.is_none() => (self.unknown_path(reading), Why::NotNamed),
            (Some(operation), _) if called.other_method => (Arc::clone(operation), Why::Method),
            (Some(operation), _) if called.described => (Arc::clone(operation), Why::Described),
            (Some(operation), _) => (Arc::clone(operation), Why::Condition),
            (None, Some(call)) => (self.masker.operation(call), Why::NotNamed),
            (None, None) if reading.hides_calls => (self.unknown_path(reading), Why::NotRead),
            (None, None) => (self.unknown_path(reading), Why::NotNamed),
        };
        let events = out.events.get(from..).unwrap_or_default();
        let refused = match (events, reading.call) {
            ([], Some(call)) => matches!(call.outcome, CallOutcome::Failed(_)),
            ([], None) => false,
            (events, _) => events.iter().all(|event| event.outcome == Outcome::Rejected),
        };
        let events = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let exchange = reading.exchange;
        let first = (exchange.time.0, exchange.key, exchange.origin.clone().of_call(reading.place));
        out.unmodelled.push(UnmodelledCall { name, why, refused, events, first });
    }

    /// Method, host where the model asks for hosts, and guessed template.
    fn unknown_path(&self, reading: &Reading<'_>) -> Arc<str> {
        let template = Template::of(&reading.target.segments);
        let host = reading.host.as_deref().filter(|_| self.asks_hosts).unwrap_or_default();
        format!("{} {host}{}", self.masker.method(reading.method()), self.masker.path(&template.text)).into()
    }
}
