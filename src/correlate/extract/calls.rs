//! Calls inside a body as events, and the step that their exchange is by its path beside them.

use offpath_capture::{Body, Call, CallKind, CallOutcome, Exchange, Protocol, Unseen};
use serde::de::IgnoredAny;

use super::outcome::call_outcome;
use super::turns::Turns;
use super::{Called, Extracted, Extractor, MOST_ELEMENTS, MOST_POSSIBLE, event_id, possible};
use crate::correlate::credential::Shown;
use crate::correlate::guess::Guess;
use crate::correlate::object::Found;
use crate::correlate::reading::Reading;
use crate::event::{Event, Outcome};
use crate::model::expression::{self, Truth};
use crate::model::{Activity, Expression};

impl Extractor {
    /// Adds the steps that an exchange is by its path, beside those of its calls: a call in the body of a request takes
    /// nothing away from what the request itself does.
    pub(super) fn extract_path(&self, reading: &mut Reading<'_>, shown: &[Shown], batch: bool, out: &mut Extracted) {
        let called = self.called(reading, self.model.as_deref());
        // Of a list of messages a condition over one body says nothing.
        if called.activities.is_empty() || batch && !called.certain {
            return;
        }
        let first = out.events.len();
        reading.beside_calls = true;
        self.events(reading, &called, shown, MOST_ELEMENTS, out);
        if out.events.len() > first {
            out.calls.extend(u32::try_from(first));
        }
    }

    /// Whether the model names a step by this path and method.
    pub(super) fn has_route(&self, reading: &Reading<'_>) -> bool {
        let by_path = self.operations.find(reading.method(), reading.host.as_deref(), &reading.target);
        by_path.is_some_and(|matched| !matched.routes.is_empty())
    }

    /// Whether an exchange is told by the calls in its body: where it was said on a WebSocket, where there is no model,
    /// where the model knows one of them, and where it does not know the path either, though no call be read of those
    /// that there are.
    pub(super) fn goes_by_calls(&self, reading: &Reading<'_>, calls: &[&Call], unseen: &[Unseen]) -> bool {
        if reading.exchange.protocol == Protocol::WebSocket {
            return true;
        }
        if calls.is_empty() {
            return self.model.is_some() && hides_calls(unseen) && !self.has_route(reading);
        }
        let host = reading.host.as_deref();
        let known = || calls.iter().any(|call| !self.operations.of_call(call, host).is_empty());
        self.model.is_none() || known() || !self.has_route(reading)
    }

    /// Events of the calls in an exchange's body, in their order; with a model one more for those that were not read,
    /// which may be any: nobody hides a step behind too many others.
    pub(super) fn extract_calls<'e>(
        &self,
        reading: &mut Reading<'e>,
        shown: &[Shown],
        calls: &[&'e Call],
        unseen: &[Unseen],
    ) -> Extracted {
        let mut out = Extracted::default();
        let whole = !unseen.contains(&Unseen::TooLong);
        let mut turns = Turns::default();
        for (place, call) in calls.iter().enumerate() {
            reading.turn_to(call, whole);
            reading.place = u32::try_from(place).ok().filter(|_| calls.len() > 1);
            reading.turn = turns.next(call, event_id(reading.exchange.key, out.events.len()));
            let called = self.called_inside(reading, call);
            let first = out.events.len();
            // An application's messages are calls only where the model says so.
            if self.model.is_some() && called.operation.is_none() && call.kind == CallKind::Message {
                self.note_unmodelled(reading, &called, first, &mut out);
                continue;
            }
            out.calls.extend(u32::try_from(out.events.len()));
            // Every later call has one at least, so that none hides behind the list of another.
            let room = MOST_ELEMENTS.saturating_sub(out.events.len()).saturating_sub(calls.len() - place - 1);
            self.events(reading, &called, shown, room, &mut out);
            self.note_unmodelled(reading, &called, first, &mut out);
        }
        let host = reading.host.as_deref();
        let unnamed = || {
            let answered = whole && is_answered(reading.exchange);
            calls.iter().any(|call| self.operations.is_unnamed(call, host, reading.method(), answered))
        };
        if self.model.is_some() && (hides_calls(unseen) || unnamed()) {
            reading.turn_to_the_rest();
            let called = Called { certain: true, ..Called::default() };
            let first = out.events.len();
            self.events(reading, &called, shown, 1, &mut out);
            self.note_unmodelled(reading, &called, first, &mut out);
        }
        out.left_out |= unseen.contains(&Unseen::TooMany);
        out
    }

    /// What a call inside a body calls.
    fn called_inside<'m>(&'m self, reading: &Reading<'_>, call: &Call) -> Called<'m> {
        let name = self.masker.operation(call);
        let Some(model) = &self.model else {
            let guess = Some(Guess::of_call(call));
            return Called { operation: Some(name), guess, certain: true, ..Called::default() };
        };
        let routes = self.operations.of_call(call, reading.host.as_deref());
        let (possible, certain) = possible(reading, &routes);
        let operation = (!routes.is_empty()).then_some(name);
        // What waits for an answer first has not been done, unless the model's own test says that it was.
        let waits = call.outcome == CallOutcome::Waiting;
        let passes = |ok: &Expression| expression::truth(ok, reading) == Truth::True;
        let done = |activity: &&Activity| !waits || activity.ok.as_ref().is_some_and(passes);
        let hidden = !certain && call_outcome(call, reading) == Outcome::Rejected;
        let most = if hidden { 0 } else { MOST_POSSIBLE };
        let activities = possible.iter().filter_map(|id| model.activities.get(usize::from(id.0)));
        let activities = activities.filter(done).take(most);
        Called { operation, activities: activities.collect(), certain, ..Called::default() }
    }
}

/// How the call went that is the same step, where it names no object: what the path names it for is what it was about.
pub(super) fn told_of_none(out: &Extracted, activity: Option<&Activity>) -> Option<Outcome> {
    let same = |event: &&Event| {
        event.is_call()
            && event.objects.is_empty()
            && event.activity.as_ref() == activity.map(|activity| &activity.name)
    };
    out.events.iter().filter(|_| activity.is_some()).find(same).map(|event| event.outcome)
}

/// Whether a call of the exchange is the same step on the same object already, or on one that only the call names.
pub(super) fn is_told(out: &Extracted, activity: Option<&Activity>, found: &Found) -> bool {
    let own = found.objects.first().map(|object| &object.id);
    let names = |event: &Event| own.is_none() || event.objects.first().map(|object| &object.id) == own;
    let same = |a: &Activity| {
        out.events.iter().any(|event| event.is_call() && event.activity.as_ref() == Some(&a.name) && names(event))
    };
    activity.is_some_and(same)
}

/// Whether the whole answer is one JSON text that was seen.
fn is_answered(exchange: &Exchange) -> bool {
    match exchange.response.as_ref().map(|response| &response.body) {
        Some(Body::Present { bytes, whole: true, .. }) => serde_json::from_slice::<IgnoredAny>(bytes).is_ok(),
        _ => false,
    }
}

/// Whether a request calls more than was read.
fn hides_calls(unseen: &[Unseen]) -> bool {
    unseen.iter().any(|why| matches!(why, Unseen::RequestBody | Unseen::Malformed | Unseen::TooMany))
}
