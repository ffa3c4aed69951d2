//! How an exchange went of which one view did not see the answer, as another tells it.

use offpath_capture::Origin;

use super::extract::{Extracted, by_status};
use crate::event::{Event, Outcome, is_call};
use crate::model::{Activity, Model};

impl Extracted {
    /// Takes the status from another view, at `origin`, where no answer was seen.
    ///
    /// What the answer's body says is not known there: a call inside the bodies, one of `protocol` gRPC and an activity
    /// with a test of its own may be refused by a status, and are not accepted by it. Nor is one of which it is open
    /// which activity it is.
    pub fn answer(&mut self, status: u16, protocol: &str, model: Option<&Model>, origin: &Origin) {
        let activity = self.events.first().and_then(|event| event.activity.clone());
        let open = protocol == "grpc" || self.events.iter().any(|event| event.activity != activity);
        let of = |event: &Event| -> Option<&Activity> {
            model?.activities.iter().find(|known| Some(&known.name) == event.activity.as_ref())
        };
        for event in self.events.iter_mut().filter(|event| event.status.is_none()) {
            event.status = Some(status);
            event.response_origin = Some(origin.clone());
            let tested = of(event).is_some_and(|activity| activity.ok.is_some());
            let called = event.operation.as_deref().is_some_and(is_call);
            event.outcome = match by_status(status, event.read) {
                Outcome::Accepted if open || tested || called => event.outcome,
                outcome if event.outcome == Outcome::Unknown => outcome,
                _ => event.outcome,
            };
            if event.outcome == Outcome::Rejected {
                // What a refused request says of its objects is not so.
                event.objects.iter_mut().for_each(|object| object.attributes.clear());
            }
        }
    }
}
