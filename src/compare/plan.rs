//! What is worked out once from a model and used for every case.

use std::sync::Arc;

use hashbrown::HashMap;

use super::automaton::Automaton;
use super::history::MAX_LOOKS;
use super::laps::{Clock, Stopwatch};
use super::order::Precedence;
use super::variants::Variants;
use crate::event::Event;
use crate::model::{
    Activity, ActivityId, AttributeRule, Constraint, ConstraintKind, Expression, Lifecycle, Model, ObjectType,
    ObjectTypeId, Path, Root, Segment, Transition,
    expression::{Node, Operator},
};

/// A model compiled for comparison.
#[derive(Debug)]
pub(super) struct Plan {
    /// The model.
    pub(super) model: Arc<Model>,
    /// How surely events are ordered.
    pub(super) precedence: Precedence,
    /// Looks at single events that one case is worth.
    pub(super) looks: u64,
    /// What tells how long it takes, where somebody asks.
    pub(super) clock: Option<Arc<dyn Clock>>,
    activities: HashMap<Arc<str>, ActivityId>,
    types: HashMap<Arc<str>, ObjectTypeId>,
    automata: Vec<Option<Automaton>>,
    transitions: Vec<Vec<Transition>>,
    /// Per activity: it may stand outside its object's lifecycle, because a constraint speaks of it.
    constrained: Vec<bool>,
    /// Per activity: some `require` names it as the step that must come first.
    approvals: Vec<bool>,
    /// Per activity: it is the word of a person that some approval asks for.
    personal: Vec<bool>,
    /// Object types whose guards look at states of objects.
    looks_at_states: Vec<bool>,
    /// Alignments made so far.
    pub(super) aligned: Variants,
    /// Per activity: the object types that it moves or that a constraint binds it to.
    concerned: Vec<Vec<ObjectTypeId>>,
    /// Per object type: steps of cases that it does not belong to move it as well.
    shared: Vec<bool>,
    /// Per object type: the activities that bring objects of it into being.
    makers: Vec<Vec<ActivityId>>,
    /// Per object type: of these, those that make a new object each time, since the answer gives its key.
    numbering: Vec<Vec<ActivityId>>,
    /// Per object type: steps of its lifecycle that no call performs, so that they may be taken at any time.
    unseen: Vec<Vec<ActivityId>>,
    /// Activities that may be calls inside bodies.
    pub(super) inside_bodies: Vec<ActivityId>,
}

impl Plan {
    /// Compiles a model.
    pub(super) fn new(model: Arc<Model>) -> Self {
        let named = |(i, name): (usize, &Arc<str>)| u16::try_from(i).ok().map(|i| (name.clone(), i));
        let activities = model.activities.iter().map(|a| &a.name).enumerate().filter_map(named);
        let activities = activities.map(|(n, i)| (n, ActivityId(i))).collect();
        let types = model.object_types.iter().map(|t| &t.name).enumerate().filter_map(named);
        let types = types.map(|(n, i)| (n, ObjectTypeId(i))).collect();
        let mut automata = vec![None; model.object_types.len()];
        let mut transitions = vec![Vec::new(); model.object_types.len()];
        let mut looks_at_states = vec![false; model.object_types.len()];
        for lifecycle in &model.lifecycles {
            let index = usize::from(lifecycle.object_type.0);
            if let Some(slot) = automata.get_mut(index) {
                *slot = Automaton::compile(&model, lifecycle);
            }
            if let Some(slot) = transitions.get_mut(index) {
                slot.clone_from(&lifecycle.transitions);
            }
            if let Some(slot) = looks_at_states.get_mut(index) {
                *slot = lifecycle.transitions.iter().filter_map(|t| t.when.as_ref()).any(reads_a_state);
            }
        }
        let (constrained, approvals) = constraint_roles(&model);
        let inside = model.activities.iter().zip(0_u16..).filter(|(a, _)| a.matchers.iter().any(|m| m.call.is_some()));
        let inside_bodies = inside.map(|(_, index)| ActivityId(index)).collect();
        let concerned = concerned(&model, &constrained);
        let unseen = unseen(&model);
        let makers = makers(&model, &automata);
        let numbering = numbering(&model, &automata);
        let mut plan = Plan {
            precedence: Precedence::new(&model.check),
            looks: MAX_LOOKS,
            clock: None,
            activities,
            types,
            automata,
            transitions,
            constrained,
            approvals,
            personal: personal(&model),
            inside_bodies,
            looks_at_states,
            concerned,
            makers,
            numbering,
            unseen,
            shared: Vec::new(),
            aligned: Variants::default(),
            model,
        };
        let types = (0_u16..).zip(&plan.model.object_types).map(|(index, _)| ObjectTypeId(index));
        plan.shared = types.map(|object_type| plan.moves_elsewhere(object_type)).collect();
        plan
    }

    /// Begins to time what follows, where somebody asks.
    pub(super) fn stopwatch(&self) -> Stopwatch<'_> {
        Stopwatch::start(self.clock.as_deref())
    }

    /// Whether some step moves objects of a type in the case of another object, to which they do not belong.
    fn moves_elsewhere(&self, object_type: ObjectTypeId) -> bool {
        let Some(automaton) = self.automaton(object_type) else { return false };
        let root = self.root_of(object_type);
        automaton.edges.iter().filter_map(|edge| self.activity_of(edge.activity)).any(|activity| {
            let names = activity.objects.iter().any(|object| object.object_type == object_type);
            names && activity.objects.first().is_some_and(|first| self.root_of(first.object_type) != root)
        })
    }

    /// Whether the lives of a type's objects lie in cases of others, so that they are replayed apart from any case.
    pub(super) fn is_shared(&self, id: ObjectTypeId) -> bool {
        self.shared.get(usize::from(id.0)).copied().unwrap_or(false)
    }

    /// The activity of an event, where it is one of the model and the model was in force.
    pub(super) fn activity(&self, event: &Event) -> Option<ActivityId> {
        self.activities.get(event.activity.as_deref()?).copied().filter(|_| self.in_force(event))
    }

    /// Whether the model was in force when an event began: from its first instant up to, not including, its last.
    pub(super) fn in_force(&self, event: &Event) -> bool {
        let (from, to) = self.model.in_force;
        from.is_none_or(|from| event.time >= from) && to.is_none_or(|to| event.time < to)
    }

    /// The type of that name.
    pub(super) fn object_type(&self, name: &str) -> Option<ObjectTypeId> {
        self.types.get(name).copied()
    }

    /// What the model says of an activity.
    pub(super) fn activity_of(&self, id: ActivityId) -> Option<&Activity> {
        self.model.activities.get(usize::from(id.0))
    }

    /// The name of an activity.
    pub(super) fn activity_name(&self, id: ActivityId) -> Arc<str> {
        self.activity_of(id).map_or_else(|| Arc::from(""), |a| a.name.clone())
    }

    /// What the model says of an object type.
    pub(super) fn type_of(&self, id: ObjectTypeId) -> Option<&ObjectType> {
        self.model.object_types.get(usize::from(id.0))
    }

    /// Activities that bring objects of a type into being.
    pub(super) fn makers(&self, id: ObjectTypeId) -> &[ActivityId] {
        self.makers.get(usize::from(id.0)).map_or(&[], Vec::as_slice)
    }

    /// The automaton of an object type.
    pub(super) fn automaton(&self, id: ObjectTypeId) -> Option<&Automaton> {
        self.automata.get(usize::from(id.0))?.as_ref()
    }

    /// The transition behind an automaton's edge.
    pub(super) fn transition(&self, id: ObjectTypeId, edge: usize) -> Option<&Transition> {
        self.transitions.get(usize::from(id.0))?.get(edge)
    }

    /// Whether guards of this type's lifecycle look at states.
    pub(super) fn looks_at_states(&self, id: ObjectTypeId) -> bool {
        self.looks_at_states.get(usize::from(id.0)).copied().unwrap_or(false)
    }

    /// Whether an accepted event of this activity is judged by the lifecycle of this object type: the activity is about
    /// such objects, or a transition names it.
    pub(super) fn governs(&self, activity: ActivityId, object_type: ObjectTypeId) -> bool {
        let Some(objects) = self.activity_of(activity).map(|a| &a.objects) else { return false };
        let Some(automaton) = self.automaton(object_type) else { return false };
        let named = objects.iter().any(|o| o.object_type == object_type);
        if !automaton.on(activity).is_empty() {
            return named || objects.is_empty();
        }
        // A step that no line of the lifecycle mentions is foreign to it, unless only a constraint speaks of it.
        objects.first().is_some_and(|o| o.object_type == object_type)
            && !self.constrained.get(usize::from(activity.0)).copied().unwrap_or(false)
    }

    /// Whether a step may be about an object of a type, or of one that belongs together with it: a part of it, what it is
    /// a part of, or another part of that.
    pub(super) fn may_concern(&self, activity: ActivityId, object_type: ObjectTypeId) -> bool {
        let Some(objects) = self.activity_of(activity).map(|a| &a.objects) else { return true };
        let root = self.root_of(object_type);
        let bound = self.concerned(activity).iter().any(|of| self.root_of(*of) == root);
        objects.is_empty() || bound || objects.iter().any(|object| self.root_of(object.object_type) == root)
    }

    /// The type at the top of those that a type belongs to.
    fn root_of(&self, object_type: ObjectTypeId) -> ObjectTypeId {
        let mut top = object_type;
        // A model has no cycle of types; where one were, this would end all the same.
        for _ in 0..self.model.object_types.len() {
            match self.type_of(top).and_then(|of| of.parent.as_ref()) {
                Some((parent, _)) => top = *parent,
                None => break,
            }
        }
        top
    }

    /// The object types that an activity moves or that a constraint binds it to.
    pub(super) fn concerned(&self, activity: ActivityId) -> &[ObjectTypeId] {
        self.concerned.get(usize::from(activity.0)).map_or(&[], Vec::as_slice)
    }

    /// Whether an activity makes a new object of a type each time: whatever it made is none that is there already.
    pub(super) fn makes_anew(&self, activity: ActivityId, object_type: ObjectTypeId) -> bool {
        self.numbering.get(usize::from(object_type.0)).is_some_and(|activities| activities.contains(&activity))
    }

    /// Steps of a type's lifecycle that no call performs.
    pub(super) fn unseen_steps(&self, object_type: ObjectTypeId) -> &[ActivityId] {
        self.unseen.get(usize::from(object_type.0)).map_or(&[], Vec::as_slice)
    }

    /// Whether some `require` names the activity as the step that must come first.
    pub(super) fn is_approval(&self, activity: ActivityId) -> bool {
        self.approvals.get(usize::from(activity.0)).copied().unwrap_or(false)
    }

    /// Whether some approval asks for the activity by a person.
    pub(super) fn is_personal_approval(&self, activity: ActivityId) -> bool {
        self.personal.get(usize::from(activity.0)).copied().unwrap_or(false)
    }

    /// Whether the activity is selected by the field that holds its object's state: then writing it is the step itself.
    pub(super) fn selected_by_state(&self, activity: ActivityId, object_type: ObjectTypeId) -> bool {
        let (Some(activity), Some(object_type)) = (self.activity_of(activity), self.type_of(object_type)) else {
            return false;
        };
        let leaves: Vec<&str> = object_type.state.iter().filter_map(|p| p.fields.last()).map(|f| &**f).collect();
        activity.matchers.iter().filter_map(|m| m.condition.as_ref()).any(|condition| {
            any_path(&condition.node, &mut |path| {
                matches!(path.root, Root::RequestBody | Root::Arguments | Root::Mcp)
                    && path.fields.last().is_some_and(|f| leaves.contains(&&**f))
            })
        })
    }

    /// How long after a step that carries an idempotency key its retry may come, in microseconds; `None` for a step
    /// that the model gives no such key.
    pub(super) fn retry_window(&self, activity: ActivityId) -> Option<i64> {
        self.activity_of(activity)?.idempotency.as_ref().map(|_| self.model.check.retry_window)
    }

    /// The key as exchanges show it, of an object's identity.
    pub(super) fn own_key<'k>(&self, object_type: ObjectTypeId, key: &'k str) -> Option<&'k str> {
        self.type_of(object_type).map(|object_type| object_type.own_key(key))
    }

    /// The rule by which an object attribute is known.
    pub(super) fn attribute_rule(&self, object_type: ObjectTypeId, name: &str) -> Option<&AttributeRule> {
        self.type_of(object_type)?.attributes.iter().find(|a| &*a.name == name).map(|a| &a.value)
    }
}

fn constraint_roles(model: &Model) -> (Vec<bool>, Vec<bool>) {
    let mut constrained = vec![false; model.activities.len()];
    let mut approvals = constrained.clone();
    let mark = |list: &mut Vec<bool>, id: ActivityId| {
        if let Some(slot) = list.get_mut(usize::from(id.0)) {
            *slot = true;
        }
    };
    for approval in model.delegations.iter().filter_map(|delegation| delegation.approval.as_ref()) {
        if let ConstraintKind::Require { activity, .. } = &approval.kind {
            mark(&mut constrained, *activity);
        }
    }
    for constraint in &model.constraints {
        match &constraint.kind {
            ConstraintKind::Require { activity, .. } => {
                mark(&mut constrained, *activity);
                mark(&mut approvals, *activity);
            }
            ConstraintKind::DistinctPersons { activities, .. } => {
                activities.iter().for_each(|a| mark(&mut constrained, *a));
            }
            ConstraintKind::WindowSum { unless: Some(activity), .. } => mark(&mut constrained, *activity),
            ConstraintKind::Never { until, .. } => until.iter().for_each(|a| mark(&mut constrained, *a)),
            _ => {}
        }
    }
    (constrained, approvals)
}

/// The constraints, and those that delegations are lowered to.
fn demands(model: &Model) -> impl Iterator<Item = &Constraint> {
    model.constraints.iter().chain(model.delegations.iter().filter_map(|delegation| delegation.approval.as_ref()))
}

fn personal(model: &Model) -> Vec<bool> {
    let mut personal = vec![false; model.activities.len()];
    for constraint in demands(model) {
        if let ConstraintKind::Require { activity, kind: Some(kind), .. } = &constraint.kind
            && &**kind == "human"
            && let Some(slot) = personal.get_mut(usize::from(activity.0))
        {
            *slot = true;
        }
    }
    personal
}

fn makers(model: &Model, automata: &[Option<Automaton>]) -> Vec<Vec<ActivityId>> {
    let activities = || (0_u16..).zip(&model.activities).map(|(index, _)| ActivityId(index));
    let of = |(object_type, automaton): (&ObjectType, &Option<Automaton>)| {
        let sets_owner = object_type.owner.as_ref().and_then(|owner| owner.set_by);
        let makes = |id: &ActivityId| sets_owner == Some(*id) || automaton.as_ref().is_some_and(|a| a.creates(*id));
        activities().filter(makes).collect()
    };
    model.object_types.iter().zip(automata).map(of).collect()
}

/// Activities that can only begin a life, and of which nothing in the request is the key: who sends an id may send one that
/// is there.
fn numbering(model: &Model, automata: &[Option<Automaton>]) -> Vec<Vec<ActivityId>> {
    let of = |(of_type, (object_type, automaton)): (u16, (&ObjectType, &Option<Automaton>))| {
        let numbers = |id: &ActivityId| {
            let Some(activity) = model.activities.get(usize::from(id.0)) else { return false };
            let creates = automaton.as_ref().is_some_and(|automaton| automaton.creates(*id));
            let object = activity.objects.iter().find(|object| object.object_type == ObjectTypeId(of_type));
            let keys = object.map(|object| if object.key.is_empty() { &object_type.key } else { &object.key });
            creates && keys.is_some_and(|keys| !keys.is_empty() && keys.iter().all(|key| is_of_answer(key, activity)))
        };
        (0..).map(ActivityId).take(model.activities.len()).filter(numbers).collect()
    };
    (0_u16..).zip(model.object_types.iter().zip(automata)).map(of).collect()
}

/// Whether nothing but the answer has something at a place, when the activity is performed.
fn is_of_answer(place: &Path, activity: &Activity) -> bool {
    let has = |name: &Arc<str>| {
        let segments = activity.matchers.iter().flat_map(|matcher| &matcher.template);
        segments
            .into_iter()
            .any(|segment| matches!(segment, Segment::Rest) || segment.parameters().any(|own| own == name))
    };
    match place.root {
        Root::ResponseBody | Root::ResponseHeader => true,
        Root::PathParameter => !place.fields.first().is_none_or(has),
        _ => false,
    }
}

fn unseen(model: &Model) -> Vec<Vec<ActivityId>> {
    let mut unseen = vec![Vec::new(); model.object_types.len()];
    for lifecycle in &model.lifecycles {
        let by_itself = |id: &ActivityId| model.activities.get(usize::from(id.0)).is_some_and(|a| a.unseen);
        if let Some(steps) = unseen.get_mut(usize::from(lifecycle.object_type.0)) {
            steps.extend(lifecycle.transitions.iter().map(|transition| transition.activity).filter(by_itself));
            steps.sort_unstable();
            steps.dedup();
        }
    }
    unseen
}

fn concerned(model: &Model, constrained: &[bool]) -> Vec<Vec<ObjectTypeId>> {
    let of = |(index, activity): (usize, &Activity)| {
        if activity.read && !constrained.get(index).copied().unwrap_or(false) {
            return Vec::new();
        }
        let mut types: Vec<ObjectTypeId> = activity.objects.iter().map(|o| o.object_type).collect();
        if types.is_empty() {
            let names = |l: &&Lifecycle| l.transitions.iter().any(|t| usize::from(t.activity.0) == index);
            types.extend(model.lifecycles.iter().filter(names).map(|l| l.object_type));
        }
        types
    };
    model.activities.iter().enumerate().map(of).collect()
}

fn reads_a_state(expression: &Expression) -> bool {
    any_path(&expression.node, &mut |p| {
        matches!(p.root, Root::Object(_)) && p.fields.last().is_some_and(|f| &**f == "state")
    })
}

/// Whether any path of an expression answers to the question. Expressions are at most 32 levels deep.
pub(super) fn any_path(node: &Node, asks: &mut dyn FnMut(&Path) -> bool) -> bool {
    match node {
        Node::Constant(_) => false,
        Node::Path(path) => asks(path),
        Node::List(items) | Node::Call(_, items) => items.iter().any(|n| any_path(n, asks)),
        Node::Not(a) | Node::Negate(a) | Node::Matches(a, _) => any_path(a, asks),
        Node::Binary(_, a, b) => any_path(a, asks) || any_path(b, asks),
        Node::Conditional(a, b, c) => any_path(a, asks) || any_path(b, asks) || any_path(c, asks),
    }
}

/// The parts of a conjunction.
pub(super) fn conjuncts<'a>(node: &'a Node, into: &mut Vec<&'a Node>) {
    match node {
        Node::Binary(Operator::And, a, b) => {
            conjuncts(a, into);
            conjuncts(b, into);
        }
        other => into.push(other),
    }
}
