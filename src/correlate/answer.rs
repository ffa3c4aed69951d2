//! How an exchange went of which one view did not see the answer, as another tells it.

use std::sync::Arc;

use offpath_capture::Origin;

use super::extract::{Extracted, asks_status, by_status};
use crate::event::{Event, ObjectId, Outcome, is_call};
use crate::model::{Activity, Model};

impl Extracted {
    /// Takes the status and the states of objects that the answer declares from another view, at `origin`, where no answer
    /// was seen.
    ///
    /// What the answer's body says is not known there: a call inside the bodies, one of `protocol` gRPC and an activity
    /// with a test of its own may be refused by a status, unless the test looks at it, and are not accepted by it. Nor is
    /// one of which it is open which activity it is.
    pub fn answer(
        &mut self,
        (status, declared): (u16, &[(ObjectId, Arc<str>)]),
        protocol: &str,
        model: Option<&Model>,
        origin: &Origin,
    ) {
        let activity = self.events.first().and_then(|event| event.activity.clone());
        let open = protocol == "grpc" || self.events.iter().any(|event| event.activity != activity);
        let of = |event: &Event| -> Option<&Activity> {
            model?.activities.iter().find(|known| Some(&known.name) == event.activity.as_ref())
        };
        for event in self.events.iter_mut().filter(|event| event.status.is_none()) {
            event.status = Some(status);
            event.response_origin = Some(origin.clone());
            let test = of(event).and_then(|activity| activity.ok.as_ref());
            let called = event.operation.as_deref().is_some_and(is_call);
            event.outcome = match by_status(status, event.read) {
                Outcome::Accepted if open || test.is_some() || called => event.outcome,
                Outcome::Rejected if test.is_some_and(asks_status) => event.outcome,
                outcome if event.outcome == Outcome::Unknown => outcome,
                _ => event.outcome,
            };
            if event.outcome == Outcome::Rejected {
                // What a refused request says of its objects is not so.
                event.objects.iter_mut().for_each(|object| object.attributes.clear());
                continue;
            }
            for object in event.objects.iter_mut().filter(|object| object.declared_state.is_none()) {
                let state = declared.iter().find(|(known, _)| *known == object.id).map(|(_, state)| state.clone());
                object.declared_state = state;
            }
        }
    }
}

impl Extracted {
    /// Leaves open how an exchange went that a gateway gave up with `status`, which is what the client was told (0: nothing),
    /// and that the server behind it took. `origin` is where the other of both answers is.
    pub fn given_up(&mut self, status: u16, origin: &Origin) {
        for event in &mut self.events {
            event.status = (status != 0).then_some(status);
            event.response_origin = Some(origin.clone());
            event.outcome = Outcome::Unknown;
        }
    }
}

#[cfg(test)]
mod tests {
    use offpath_capture::Place;

    use super::*;
    use crate::event::sample::event;

    const MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  pay: {http: "POST /orders/{order}/pay", object: order}
  ship: {http: "POST /orders/{order}/ship", object: order, ok: "res.done"}
  cancel: {http: "POST /orders/{order}/cancel", object: order, ok: "status == 409"}
lifecycles:
  order:
    states: {none: initial, paid: {}, shipped: final}
    transitions:
      - {activity: pay, from: none, to: paid}
      - {activity: ship, from: paid, to: shipped}
      - {activity: cancel, from: paid, to: shipped}
"#;

    fn answered(status: u16, protocol: &str, steps: &[(&str, &str)]) -> Vec<Outcome> {
        let (model, _) = Model::read("model.yaml", MODEL).unwrap();
        let step = |(operation, activity): &(&str, &str)| Event {
            operation: Some((*operation).into()),
            activity: Some((*activity).into()),
            outcome: Outcome::Unknown,
            status: None,
            ..event(1)
        };
        let mut extracted = Extracted { events: steps.iter().map(step).collect(), ..Extracted::default() };
        let origin = Origin::new("b.jsonl".into(), Place::Line { number: 1, offset: 0 });
        extracted.answer((status, &[]), protocol, Some(&model), &origin);
        let told = |event: &Event| event.status == Some(status) && event.response_origin.as_ref() == Some(&origin);
        assert!(extracted.events.iter().all(told));
        extracted.events.iter().map(|event| event.outcome).collect()
    }

    #[test]
    fn a_status_accepts_what_needs_no_answer_and_refuses_all() {
        let pay = ("POST /orders/{order}/pay", "pay");
        assert_eq!(answered(200, "http1", &[pay]), [Outcome::Accepted]);
        let ship = ("POST /orders/{order}/ship", "ship");
        for (protocol, steps) in [
            ("grpc", &[pay][..]),
            ("http1", &[ship]),
            ("http1", &[("graphql mutation pay", "pay")]),
            ("http1", &[pay, ship]),
        ] {
            assert!(answered(200, protocol, steps).iter().all(|outcome| *outcome == Outcome::Unknown), "{steps:?}");
            assert!(answered(409, protocol, steps).iter().all(|outcome| *outcome == Outcome::Rejected), "{steps:?}");
        }
    }

    #[test]
    fn a_test_that_looks_at_the_status_is_left_open() {
        let cancel = ("POST /orders/{order}/cancel", "cancel");
        assert_eq!([answered(200, "http1", &[cancel]), answered(409, "http1", &[cancel])], [[Outcome::Unknown]; 2]);
    }

    #[test]
    fn an_answer_that_was_seen_stays() {
        let mut extracted = Extracted { events: vec![event(1)], ..Extracted::default() };
        let origin = Origin::new("b.jsonl".into(), Place::Line { number: 1, offset: 0 });
        extracted.answer((500, &[]), "http1", None, &origin);
        assert_eq!(extracted.events, [event(1)]);
    }
}
