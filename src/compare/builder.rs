//! Events and models made by hand, for tests.

use std::sync::Arc;

use offpath_capture::{Origin, Place};

use crate::event::{Actor, Answer, Event, EventId, Evidence, Money, ObjectId, ObjectRef, Outcome, Shows, Value};
use crate::model::expression::{Node, Operator, Root};
use crate::model::{
    Activity, ActivityId, ActivityObject, ActorNaming, CheckOptions, Constraint, ConstraintKind, Expression, Lifecycle,
    Model, ObjectType, ObjectTypeId, Path, State, Transition,
};

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 3600 * SECOND;

/// An event under construction.
pub(crate) struct EventBuilder(Event);

/// An accepted event of an activity, at so many seconds, by alice.
pub(crate) fn event(id: u64, second: i64, activity: &str) -> EventBuilder {
    EventBuilder(Event {
        id: EventId(id),
        time: second * SECOND,
        end: second * SECOND + 1000,
        tick: 1,
        turn: None,
        sensor: "tap".into(),
        source: "pcap",
        shows: Shows { request_body: true, response_body: true, headers: true },
        origin: Origin::new("a.pcap".into(), Place::Frames { first: id, last: id, offset: 0 }),
        response_origin: None,
        method: "POST".into(),
        host: None,
        operation: Some(format!("POST /{activity}").into()),
        path: "/".into(),
        activity: Some(activity.into()),
        read: false,
        actor: Actor {
            principal: Some("alice".into()),
            kind: "human".into(),
            kind_known: true,
            evidence: Evidence::Claims,
            roles_known: true,
            ..Actor::default()
        },
        session: None,
        run: None,
        tenants: Vec::new(),
        outcome: Outcome::Accepted,
        status: Some(200),
        objects: Vec::new(),
        case: None,
        attributes: Vec::new(),
        idempotency: None,
        body_hash: None,
        answer: Answer::default(),
        handed: None,
        spoken: None,
        setting: None,
        members: None,
        request_id: None,
        correlated: false,
        span: None,
        exchanged: None,
        unplaced: Vec::new(),
        state_before: Vec::new(),
        state_after: Vec::new(),
    })
}

impl EventBuilder {
    pub(crate) fn done(self) -> Event {
        self.0
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Event)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn on(self, object: &str) -> Self {
        self.with(|e| {
            let qualifier = if e.objects.is_empty() { "target" } else { "mentioned" };
            e.objects.push(ObjectRef::new(id(object), qualifier));
        })
    }

    /// Changes the object named last.
    pub(crate) fn object(self, change: impl FnOnce(&mut ObjectRef)) -> Self {
        self.with(|e| {
            if let Some(last) = e.objects.last_mut() {
                change(last);
            }
        })
    }

    pub(crate) fn declares(self, state: &str) -> Self {
        self.object(|o| o.declared_state = Some(state.into()))
    }

    pub(crate) fn shows(self, attribute: &str, value: Value) -> Self {
        self.object(|o| o.attributes.push((attribute.into(), value)))
    }

    pub(crate) fn attribute(self, name: &str, value: Value) -> Self {
        self.with(|e| e.attributes.push((name.into(), value)))
    }

    pub(crate) fn by(self, principal: &str, roles: &[&str]) -> Self {
        self.with(|e| {
            e.actor.principal = Some(principal.into());
            e.actor.roles = roles.iter().map(|r| Arc::from(*r)).collect();
            e.actor.roles_known = true;
        })
    }

    pub(crate) fn kind(self, kind: &str) -> Self {
        self.with(|e| e.actor.kind = kind.into())
    }

    pub(crate) fn agent(self, agent: &str) -> Self {
        self.with(|e| e.actor.agent = Some(agent.into()))
    }

    pub(crate) fn refused(self, status: u16) -> Self {
        self.with(|e| {
            e.outcome = Outcome::Rejected;
            e.status = Some(status);
        })
    }

    pub(crate) fn unanswered(self) -> Self {
        self.with(|e| {
            e.outcome = Outcome::Unknown;
            e.status = None;
        })
    }

    pub(crate) fn read(self) -> Self {
        self.with(|e| {
            e.read = true;
            e.method = "GET".into();
        })
    }

    pub(crate) fn until(self, micros: i64) -> Self {
        self.with(|e| e.end = micros)
    }

    pub(crate) fn keyed(self, key: u64, body: u64) -> Self {
        self.with(|e| {
            e.idempotency = Some(key);
            e.body_hash = Some(body);
        })
    }
}

/// `type:key`.
pub(crate) fn id(text: &str) -> ObjectId {
    let (object_type, key) = text.split_once(':').unwrap();
    ObjectId { object_type: object_type.into(), key: key.into() }
}

/// Euros.
pub(crate) fn eur(amount: i64) -> Value {
    Value::Money(Money { amount: amount.into(), currency: "EUR".into() })
}

/// A model without anything in it.
pub(crate) fn empty() -> Model {
    Model {
        actors: ActorNaming {
            default_kind: "human".into(),
            default_role: Some("customer".into()),
            ..ActorNaming::default()
        },
        check: CheckOptions::default(),
        ..super::nothing()
    }
}

impl Model {
    pub(crate) fn object(mut self, name: &str, parent: Option<&str>) -> Self {
        let parent = parent.map(|p| (self.object_type(p).unwrap(), Vec::new()));
        self.object_types.push(ObjectType {
            name: name.into(),
            key: Vec::new(),
            tenant: Vec::new(),
            within_tenant: false,
            owner: None,
            state: vec![],
            attributes: Vec::new(),
            parent,
            built_in: None,
        });
        self
    }

    pub(crate) fn steps(mut self, object: &str, names: &[&str]) -> Self {
        let object_type = self.object_type(object).unwrap();
        for name in names {
            self.activities.push(Activity {
                name: (*name).into(),
                matchers: Vec::new(),
                unseen: false,
                objects: vec![ActivityObject { object_type, key: Vec::new() }],
                read: false,
                ok: None,
                signed: false,
                attributes: Vec::new(),
                idempotency: None,
                bind: Vec::new(),
                each: None,
            });
        }
        self
    }

    /// A lifecycle; a state's name ends with `.` when final and with `!` when restricted (`!.` for both).
    pub(crate) fn lifecycle(mut self, object: &str, states: &[&str], transitions: Vec<Transition>) -> Self {
        let states = states.iter().map(|s| State {
            name: s.trim_end_matches(['.', '!']).into(),
            also: Vec::new(),
            final_state: s.ends_with('.'),
            restricted: s.contains('!'),
        });
        let object_type = self.object_type(object).unwrap();
        self.lifecycles.push(Lifecycle { object_type, states: states.collect(), initial: 0, transitions });
        self
    }

    pub(crate) fn constraint(mut self, name: &str, kind: ConstraintKind) -> Self {
        self.constraints.push(Constraint { id: name.into(), kind, condition: None, severity: None, family: None });
        self
    }

    pub(crate) fn step(&self, name: &str) -> ActivityId {
        self.activity(name).unwrap()
    }

    pub(crate) fn kind_of(&self, name: &str) -> ObjectTypeId {
        self.object_type(name).unwrap()
    }
}

/// A transition of the activity with this number.
pub(crate) fn transition(activity: u16, from: &[usize], to: usize) -> Transition {
    Transition {
        activity: ActivityId(activity),
        from: from.to_vec(),
        to,
        by: Vec::new(),
        kind: None,
        once: false,
        when: None,
        within: None,
    }
}

/// A path of the model.
pub(crate) fn path(root: Root, fields: &[&str]) -> Path {
    let text = format!("{root:?}.{}", fields.join("."));
    Path { text: text.into(), root, fields: fields.iter().map(|f| Arc::from(*f)).collect() }
}

/// `left op right`, both paths or constants.
pub(crate) fn compare(left: Node, operator: Operator, right: Node) -> Expression {
    Expression { text: "left op right".into(), node: Node::Binary(operator, Box::new(left), Box::new(right)) }
}

/// The checks of a result, in order.
pub(crate) fn checks(result: &super::CaseResult) -> Vec<super::Check> {
    result.deviations.iter().map(|d| d.check).collect()
}
