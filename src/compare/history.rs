//! One case laid out: its objects, which events touch each, and since when each life is surely in view.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::automaton::{Automaton, StateSet};
use super::blindness::{Blindness, Hidden};
use super::order::{Precedence, is_retry};
use super::plan::Plan;
use super::sum::Parts;
use super::tenancy::Tenancy;
use crate::event::{Event, ObjectId, ObjectRef, Outcome};
use crate::model::{ActivityId, ObjectTypeId};

/// Looks at single events that one case is worth. Cases of ordinary size use a few thousand; beyond the budget nothing
/// more is decided of a case, so that no input makes comparing it take more than seconds. The result then says so.
pub(super) const MAX_LOOKS: u64 = 200_000_000;
/// Depth of the parent chain that is followed.
const MAX_DEPTH: usize = 16;

/// One event's relation to one object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    /// Index of the event.
    pub(super) event: usize,
    /// Index of the relation in `Event::objects`.
    pub(super) reference: usize,
}

/// One object of the case.
#[derive(Debug)]
pub(super) struct Life<'a> {
    /// The object.
    pub(super) id: &'a ObjectId,
    /// Its type in the model.
    pub(super) object_type: Option<ObjectTypeId>,
    /// Events that touch it, in order.
    pub(super) touches: Vec<Touch>,
    /// Of these, the ones that show attributes.
    pub(super) telling: Vec<Touch>,
    /// What tells its tenant.
    pub(super) tenancy: Tenancy,
    /// Of these, the writes that the model does not know and nobody refused.
    pub(super) unknown: Vec<Touch>,
    /// The object it belongs to, as an index into the lives.
    pub(super) parent: Option<usize>,
    /// Instant from which nothing of its life lies outside the capture (but for blind spots): its creation, else its
    /// parent's birth. `None` when it may have lived before.
    pub(super) born: Option<i64>,
    /// Whether its creation was seen.
    pub(super) created: bool,
    /// The event that would have created it and was refused, where it was first seen by that.
    pub(super) refused_birth: Option<usize>,
}

/// Whether something had happened by a given event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Had {
    /// Surely.
    Happened,
    /// Perhaps: the order or the outcome is not known.
    Perhaps,
    /// Surely not.
    Not,
}

/// What may have happened to an object unseen.
#[derive(Clone, Debug, Default)]
pub(super) struct Unseen {
    /// In a blind spot.
    hidden: Hidden,
    /// These steps, which were seen without their object, or which no call performs.
    steps: SmallVec<[ActivityId; 2]>,
}

impl Unseen {
    /// Whether all is in view.
    pub(super) fn is_nothing(&self) -> bool {
        self.hidden == Hidden::Nothing && self.steps.is_empty()
    }

    /// Everything that may have become of a set of states.
    pub(super) fn closure(&self, automaton: &Automaton, states: &StateSet) -> StateSet {
        automaton.closure_by(states, |activity| self.may_hide(activity))
    }

    /// Whether a step may be among it.
    pub(super) fn may_hide(&self, activity: ActivityId) -> bool {
        self.hidden.any(|step| step == activity) || self.steps.contains(&activity)
    }
}

/// A case, ready to be judged.
#[derive(Debug)]
pub(super) struct History<'a> {
    /// The compiled model.
    pub(super) plan: &'a Plan,
    /// Root object.
    pub(super) case: Option<&'a ObjectId>,
    /// Events sorted by time.
    pub(super) events: &'a [Event],
    /// Activity of each event.
    pub(super) activities: Vec<Option<ActivityId>>,
    /// Where the capture may have missed something.
    pub(super) blindness: &'a Blindness,
    /// Objects, sorted.
    pub(super) lives: Vec<Life<'a>>,
    looks: Cell<u64>,
    /// Of events of a life, whether they only retry earlier ones; as far as it was asked.
    retries: RefCell<HashMap<(usize, usize), bool>>,
    /// Accepted events of a life that carry an idempotency key, by life and key.
    keyed: HashMap<(usize, u64), Vec<usize>>,
    /// Objects by what they belong to and their type.
    children: BTreeMap<(usize, ObjectTypeId), Vec<usize>>,
    /// Events of a life's steps by activity, but for refused ones; as far as they were asked.
    steps: RefCell<HashMap<StepsOf, Rc<[usize]>>>,
    /// Sums of a life's steps, as far as they were asked.
    sums: RefCell<HashMap<SumOf, Rc<Parts>>>,
}

/// Life and activity.
type StepsOf = (usize, ActivityId);
/// Life, activity and attribute.
type SumOf = (usize, ActivityId, Arc<str>);

impl<'a> History<'a> {
    /// Lays out a case.
    pub(super) fn new(
        plan: &'a Plan,
        case: Option<&'a ObjectId>,
        events: &'a [Event],
        blindness: &'a Blindness,
    ) -> Self {
        let activities = events.iter().map(|e| plan.activity(e)).collect();
        let mut touches: BTreeMap<&ObjectId, Vec<Touch>> = BTreeMap::new();
        for (event, object) in
            events.iter().enumerate().flat_map(|(i, e)| e.objects.iter().enumerate().map(move |o| (i, o)))
        {
            touches.entry(&object.1.id).or_default().push(Touch { event, reference: object.0 });
        }
        let lives = touches.into_iter().map(|(id, touches)| Life {
            id,
            object_type: plan.object_type(&id.object_type),
            unknown: touches.iter().copied().filter(|t| is_unknown(events, *t)).collect(),
            telling: touches.iter().copied().filter(|t| tells(events, *t)).collect(),
            tenancy: Tenancy::default(),
            touches,
            parent: None,
            born: None,
            created: false,
            refused_birth: None,
        });
        let lives: Vec<Life<'a>> = lives.collect();
        let mut history = History {
            plan,
            case,
            events,
            activities,
            blindness,
            keyed: keyed(events, &lives),
            lives,
            looks: Cell::new(plan.looks),
            retries: RefCell::default(),
            children: BTreeMap::new(),
            steps: RefCell::default(),
            sums: RefCell::default(),
        };
        history.find_parents();
        history.find_births();
        history.find_tenancies();
        history
    }

    /// Surely-before relation of the model's options.
    pub(super) fn precedence(&self) -> Precedence {
        self.plan.precedence
    }

    /// Pays for looking at so many events; `false` once the case has cost too much.
    pub(super) fn afford(&self, looks: usize) -> bool {
        let left = self.looks.get();
        self.looks.set(left.saturating_sub(looks as u64));
        left > 0
    }

    /// Whether the case has cost too much to be decided in all parts.
    pub(super) fn exhausted(&self) -> bool {
        self.looks.get() == 0
    }

    /// An event of the case.
    pub(super) fn event(&self, index: usize) -> Option<&'a Event> {
        self.events.get(index)
    }

    /// The activity of an event.
    pub(super) fn activity(&self, index: usize) -> Option<ActivityId> {
        self.activities.get(index).copied().flatten()
    }

    /// The index of an object.
    pub(super) fn life_of(&self, id: &ObjectId) -> Option<usize> {
        self.lives.binary_search_by(|l| l.id.cmp(id)).ok()
    }

    /// An object.
    pub(super) fn life(&self, index: usize) -> Option<&Life<'a>> {
        self.lives.get(index)
    }

    /// The relation behind a touch.
    pub(super) fn reference(&self, touch: Touch) -> Option<&'a ObjectRef> {
        self.events.get(touch.event)?.objects.get(touch.reference)
    }

    /// Whether an event had taken effect by another: `after` counts everything up to it in the given order.
    pub(super) fn had(&self, index: usize, at: usize, after: bool) -> Had {
        let (Some(event), Some(now)) = (self.event(index), self.event(at)) else { return Had::Not };
        let certain = match event.outcome {
            Outcome::Accepted => Had::Happened,
            Outcome::Unknown => Had::Perhaps,
            Outcome::Rejected => return Had::Not,
        };
        if index == at || self.precedence().before(event, now) || after && index < at {
            certain
        } else if !after && self.precedence().unordered(event, now) {
            Had::Perhaps
        } else {
            Had::Not
        }
    }

    /// The object of a type that an event is about: its own, an ancestor of its own, the case's root, else the only one.
    pub(super) fn object_at(&self, object_type: ObjectTypeId, at: usize) -> Option<usize> {
        let event = self.event(at)?;
        let is = |index: &usize| self.life(*index).is_some_and(|l| l.object_type == Some(object_type));
        let own: Vec<usize> = event.objects.iter().filter_map(|o| self.life_of(&o.id)).collect();
        if let Some(found) = own.iter().find(|i| is(i)) {
            return Some(*found);
        }
        // It is on some object of the type, and cannot be told on which.
        if event.unplaced.iter().any(|name| self.plan.object_type(name) == Some(object_type)) {
            return None;
        }
        if let Some(found) = own.iter().find_map(|i| self.ancestors(*i).find(|a| is(a))) {
            return Some(found);
        }
        if let Some(found) = self.case.and_then(|c| self.life_of(c)).filter(|i| is(i)) {
            return Some(found);
        }
        let mut all = (0..self.lives.len()).filter(|i| is(i));
        all.next().filter(|_| all.next().is_none())
    }

    /// Whether an event only retries an earlier one on the object that it is about: what that one broke is not broken
    /// again.
    pub(super) fn is_mere_retry(&self, event: usize) -> bool {
        let keyed = self.event(event).filter(|e| e.idempotency.is_some());
        let object = keyed.and_then(|e| e.objects.first()).and_then(|o| self.life_of(&o.id));
        object.is_some_and(|life| self.is_retry(life, event))
    }

    /// Whether an event only retries an earlier one on the same object that was accepted, asked once of each.
    pub(super) fn is_retry(&self, life: usize, event: usize) -> bool {
        if let Some(known) = self.retries.borrow().get(&(life, event)) {
            return *known;
        }
        let retry = self.repeats(life, event);
        self.retries.borrow_mut().insert((life, event), retry);
        retry
    }

    fn repeats(&self, life: usize, event: usize) -> bool {
        let Some((again, key)) = self.event(event).and_then(|e| Some((e, e.idempotency?))) else { return false };
        let same_key = self.keyed.get(&(life, key)).map_or(&[][..], |same| same);
        let mut earlier = same_key.iter().take_while(|first| **first < event && self.afford(1));
        earlier
            .any(|first| self.event(*first).is_some_and(|first| is_retry(first, again, Some(i64::MAX)) == Some(true)))
    }

    /// Events of an activity on an object that were not refused, in order.
    pub(super) fn steps_of(&self, life: usize, activity: ActivityId) -> Rc<[usize]> {
        if let Some(known) = self.steps.borrow().get(&(life, activity)) {
            return Rc::clone(known);
        }
        let touched = self.life(life).into_iter().flat_map(|l| &l.touches).map(|t| t.event);
        let tried = |at: &usize| self.event(*at).is_some_and(|e| e.outcome != Outcome::Rejected);
        let steps: Rc<[usize]> = touched.filter(|at| self.activity(*at) == Some(activity) && tried(at)).collect();
        self.steps.borrow_mut().insert((life, activity), Rc::clone(&steps));
        steps
    }

    /// The sum of an attribute over a life's steps of an activity, made once.
    pub(super) fn sum(&self, life: usize, activity: ActivityId, attribute: &Arc<str>) -> Rc<Parts> {
        let of = (life, activity, Arc::clone(attribute));
        if let Some(known) = self.sums.borrow().get(&of) {
            return Rc::clone(known);
        }
        let parts = Rc::new(Parts::of(self, life, activity, attribute));
        self.sums.borrow_mut().insert(of, Rc::clone(&parts));
        parts
    }

    /// The objects of a type that belong to one.
    pub(super) fn children(&self, parent: usize, child: ObjectTypeId) -> &[usize] {
        self.children.get(&(parent, child)).map_or(&[][..], |children| children)
    }

    /// Objects that the index belongs to, nearest first.
    pub(super) fn ancestors(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.life(index).and_then(|l| l.parent), |i| self.life(*i).and_then(|l| l.parent))
            .take(MAX_DEPTH)
    }

    /// What may have happened in blind spots between two instants.
    fn hidden(&self, from: i64, to: i64) -> Hidden {
        if from <= to { self.blindness.between(from, to) } else { Hidden::Nothing }
    }

    /// Whether the capture may have missed something of a life, or of what belongs together with it, between two instants.
    fn blind(&self, life: &Life<'_>, from: i64, to: i64) -> bool {
        self.hidden(from, to).any(|step| life.object_type.is_none_or(|of| self.plan.may_concern(step, of)))
    }

    /// Instants between which an event seen elsewhere may have taken place, were it between these two.
    fn by_any_clock(&self, from: i64, to: i64) -> (i64, i64) {
        let skew = self.plan.model.check.clock_skew.max(0);
        (from.saturating_sub(skew), to.saturating_add(skew))
    }

    /// What may have happened to an object unseen between two instants.
    pub(super) fn unseen(&self, life: usize, from: i64, to: i64) -> Unseen {
        let Some(object_type) = self.life(life).and_then(|l| l.object_type).filter(|_| from <= to) else {
            return Unseen::default();
        };
        let (first, last) = self.by_any_clock(from, to);
        let unattributed = self.blindness.unattributed.activities(object_type, first, last);
        let unattributed = unattributed.filter(|step| !self.is_of_another(life, *step));
        let steps = unattributed.chain(self.plan.unseen_steps(object_type).iter().copied()).collect();
        Unseen { hidden: self.hidden(from, to), steps }
    }

    /// What an object may do that no call performs: what the model has nobody see hides no evidence.
    pub(super) fn by_itself(&self, life: usize) -> Unseen {
        let object_type = self.life(life).and_then(|l| l.object_type);
        let steps = object_type.map(|object_type| self.plan.unseen_steps(object_type).iter().copied().collect());
        Unseen { steps: steps.unwrap_or_default(), ..Unseen::default() }
    }

    /// Whether a step on nobody knows which object was on another: it made a new one, and this one was made by a step that was
    /// seen.
    fn is_of_another(&self, life: usize, step: ActivityId) -> bool {
        let created = self.life(life).filter(|life| life.created);
        created.and_then(|life| life.object_type).is_some_and(|of| self.plan.makes_anew(step, of))
    }

    /// Whether an object may have taken a step unseen between two instants.
    pub(super) fn may_have(&self, life: usize, activity: ActivityId, from: i64, to: i64) -> bool {
        let object_type = self.life(life).and_then(|l| l.object_type);
        let (first, last) = self.by_any_clock(from, to);
        let unattributed =
            |t| self.blindness.unattributed.between(t, activity, first, last) && !self.is_of_another(life, activity);
        let by_itself = |t| self.plan.unseen_steps(t).contains(&activity);
        let open = |t| unattributed(t) || by_itself(t);
        self.hidden(from, to).any(|step| step == activity) || from <= to && object_type.is_some_and(open)
    }

    /// Whether every time that an object took a step up to an event is in view.
    pub(super) fn shows_all(&self, life: usize, activity: ActivityId, at: usize) -> bool {
        let (Some(object), Some(event)) = (self.life(life), self.event(at)) else { return false };
        object.born.is_some_and(|born| !self.may_have(life, activity, born, event.end.max(event.time)))
    }

    /// Whether every object of a type that belongs to a parent is known by an event, if the parent's life is in view.
    pub(super) fn shows_children(&self, parent: usize, child: ObjectTypeId, at: usize) -> bool {
        let (Some(parent), Some(event)) = (self.life(parent), self.event(at)) else { return false };
        parent.born.is_some_and(|born| {
            let (from, to) = self.by_any_clock(born, event.end.max(event.time));
            self.blindness.unattributed.activities(child, from, to).next().is_none()
        })
    }

    /// Whether all of a life up to an event is in view.
    pub(super) fn in_view(&self, life: usize, at: usize) -> bool {
        let (Some(life), Some(event)) = (self.life(life), self.event(at)) else { return false };
        life.born.is_some_and(|born| !self.blind(life, born, event.end.max(event.time)))
    }

    /// Of touches in order, those that may have taken effect by an event: none of the rest began in time.
    pub(super) fn until<'t>(&self, touches: &'t [Touch], at: usize) -> &'t [Touch] {
        let Some(now) = self.event(at) else { return &[] };
        let until = self.precedence().latest_start(now);
        let end = touches.partition_point(|t| t.event <= at || self.event(t.event).is_some_and(|e| e.time <= until));
        touches.get(..end).unwrap_or(touches)
    }

    /// Indices of events that could move an object's state: the touches whose activity its lifecycle judges.
    pub(super) fn moves_on(&self, life: usize) -> impl Iterator<Item = (usize, ActivityId)> {
        let touched = self.life(life);
        touched.into_iter().flat_map(move |l| {
            l.touches.iter().filter_map(move |t| {
                let activity = self.activity(t.event)?;
                let event = self.event(t.event)?;
                (!event.read && self.plan.governs(activity, l.object_type?)).then_some((t.event, activity))
            })
        })
    }

    fn find_parents(&mut self) {
        let mut parents = vec![None; self.lives.len()];
        for (index, life) in self.lives.iter().enumerate() {
            let Some((parent_type, _)) =
                life.object_type.and_then(|t| self.plan.type_of(t)).and_then(|t| t.parent.as_ref())
            else {
                continue;
            };
            let shown = life.touches.iter().find_map(|t| {
                let event = self.events.get(t.event)?;
                event.objects.iter().find(|o| self.plan.object_type(&o.id.object_type) == Some(*parent_type))
            });
            let root = self.case.filter(|c| self.plan.object_type(&c.object_type) == Some(*parent_type));
            let parent = shown.map(|o| &o.id).or(root).and_then(|id| self.life_of(id));
            if let Some(slot) = parents.get_mut(index) {
                *slot = parent.filter(|p| *p != index);
            }
        }
        for (index, (life, parent)) in self.lives.iter_mut().zip(parents).enumerate() {
            life.parent = parent;
            if let (Some(parent), Some(object_type)) = (parent, life.object_type) {
                self.children.entry((parent, object_type)).or_default().push(index);
            }
        }
    }

    fn find_tenancies(&mut self) {
        let found: Vec<Tenancy> = self.lives.iter().map(|life| Tenancy::of(self, life)).collect();
        self.lives.iter_mut().zip(found).for_each(|(life, tenancy)| life.tenancy = tenancy);
    }

    fn find_births(&mut self) {
        let births: Vec<Option<i64>> = (0..self.lives.len()).map(|l| self.creation(l)).collect();
        let refused: Vec<Option<usize>> = (0..self.lives.len()).map(|l| self.refused_creation(l)).collect();
        for ((life, born), refused) in self.lives.iter_mut().zip(&births).zip(refused) {
            let refused = refused.filter(|_| born.is_none());
            life.refused_birth = refused;
            life.created = born.is_some();
            let born = &born.or(refused.and_then(|at| self.events.get(at)).map(|e| e.time));
            let before = life.touches.iter().filter_map(|t| self.events.get(t.event)).any(|e| !self.plan.in_force(e));
            let assumed = !self.plan.model.check.first_seen_any && !before;
            life.born = born.or(assumed.then_some(i64::MIN));
        }
        for index in 0..self.lives.len() {
            let first = self.life(index).and_then(|l| l.touches.first()).and_then(|t| self.event(t.event));
            let of_parent = self
                .ancestors(index)
                .find_map(|a| births.get(a).copied().flatten())
                .filter(|born| first.is_some_and(|e| *born <= e.time));
            if let Some(life) = self.lives.get_mut(index)
                && life.born.is_none_or(|b| b == i64::MIN)
                && of_parent.is_some()
            {
                life.born = of_parent;
            }
        }
    }

    /// The event by which the object was first seen, where that was a creation that the server refused for what it held
    /// (400, 422). By any other refusal it may have been there before.
    fn refused_creation(&self, life: usize) -> Option<usize> {
        let object = self.life(life)?;
        let automaton = self.plan.automaton(object.object_type?)?;
        let first = object.touches.first()?.event;
        let event = self.event(first)?;
        let creates = self.activity(first).is_some_and(|activity| automaton.creates(activity));
        (creates && matches!(event.status, Some(400 | 422)) && event.outcome == Outcome::Rejected).then_some(first)
    }

    /// When the object's creation was seen, if its type tells creations from other steps.
    fn creation(&self, life: usize) -> Option<i64> {
        let automaton = self.plan.automaton(self.life(life)?.object_type?)?;
        self.moves_on(life)
            .filter(|(_, activity)| automaton.creates(*activity))
            .filter_map(|(event, _)| self.event(event))
            .find(|e| e.outcome == Outcome::Accepted)
            .map(|e| e.time)
    }
}

/// Accepted events with an idempotency key, by the life that they touch and the key.
fn keyed(events: &[Event], lives: &[Life<'_>]) -> HashMap<(usize, u64), Vec<usize>> {
    let mut keyed: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    for (index, touch) in
        lives.iter().enumerate().flat_map(|(index, life)| life.touches.iter().map(move |t| (index, t)))
    {
        let Some(event) = events.get(touch.event).filter(|e| e.outcome == Outcome::Accepted) else { continue };
        if let Some(key) = event.idempotency {
            keyed.entry((index, key)).or_default().push(touch.event);
        }
    }
    keyed
}

/// Whether an event may have changed the object in a way that the model does not know.
fn is_unknown(events: &[Event], touch: Touch) -> bool {
    let Some(event) = events.get(touch.event).filter(|e| e.outcome != Outcome::Rejected) else { return false };
    event.objects.get(touch.reference).is_some_and(|object| event.may_change_unmodelled(object))
}

/// Whether an event shows attributes of the object.
fn tells(events: &[Event], touch: Touch) -> bool {
    events.get(touch.event).and_then(|e| e.objects.get(touch.reference)).is_some_and(|o| !o.attributes.is_empty())
}
