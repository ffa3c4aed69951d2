//! Objects of others, used by those whom no answer had given their ids.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hasher::{IdHasher, SOME};
use super::row::{Deed, Row};
use super::standing::{Answers, Attempt, Judged, Standing, Whose};
use crate::event::EventId;
use crate::event::least::{add_least, insert_least, keep_least_keys};
use crate::model::Model;

/// Uses of one actor by one call that are shown.
const SHOWN: usize = 6;
/// Actors of one call that are told apart.
const ACTORS: usize = 1_024;
/// Actors who use ids that nobody gave them, from which on that is how the call is used.
const HABIT: usize = 5;
/// The same where nobody uses the call with an id that he was given.
const NEVER_GIVEN: usize = 4;
/// People whose things answers show to somebody who works on everybody's.
const EVERYBODY: usize = 5;
/// Makers of the objects that somebody uses, from which on these are others'.
const MAKERS: usize = 2;
/// Others of a class who do so, from which on, and from half of it, the class does.
const STAFF: usize = 2;

/// What one actor used by one call without having been given it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlearned {
    /// Hash of the actor.
    pub actor: u64,
    /// Hash of the call and the type.
    pub step: u64,
    /// Hash of the type.
    pub kind: u32,
    /// The first use.
    pub at: EventId,
    /// When that was.
    pub time: i64,
    /// The first uses, and where somebody else was given their ids.
    pub events: BTreeSet<EventId>,
    /// Objects that were used.
    pub objects: u64,
    /// Why it is not certain, if it is not.
    pub doubt: Option<UnlearnedDoubt>,
}

/// Why it is not certain that an id was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UnlearnedDoubt {
    /// Some answers that he got were not seen whole.
    Answers,
    /// The object was there before the traffic.
    Before,
    /// The id is no number that can be guessed: somebody gave it to him otherwise.
    Unguessable,
    /// He was given the same number for something that may be the same.
    Perhaps,
    /// Many use it, or somebody does in the open.
    Shared,
    /// Many use the call with ids that nobody gave them.
    Habit,
    /// He has no objects of the type of his own, as staff and programs have not.
    NoneOfHis,
    /// Others of his role or kind are shown everybody's.
    Staff,
    /// The model says that the object is a tenant's, and not whose in it.
    Tenants,
}

impl UnlearnedDoubt {
    /// Confidence at most, whatever the doubt: for review.
    pub const AT_MOST: f32 = 0.4;

    /// In words that complete "the confidence is no more because ...".
    pub fn because(self) -> &'static str {
        match self {
            UnlearnedDoubt::Answers => "answers that may have given the id were not seen",
            UnlearnedDoubt::Before => "the object was there before the traffic, and so may be that its id was given",
            UnlearnedDoubt::Unguessable => {
                "the id cannot be guessed: it was handed over in a way that the traffic does not show"
            }
            UnlearnedDoubt::Perhaps => "the same number was given for a thing of another name",
            UnlearnedDoubt::Shared => "many use the object, or anybody may",
            UnlearnedDoubt::Habit => {
                "many had used the call so: their ids come in a way that the traffic does not show"
            }
            UnlearnedDoubt::Staff => {
                "answers show objects of many people to others of the actor's role or kind, as to staff"
            }
            UnlearnedDoubt::Tenants => "the model says whose tenant's the object is, and not whose in it",
            UnlearnedDoubt::NoneOfHis => "the actor has no such objects of its own, as staff and programs have not",
        }
    }
}

/// How many uses of ids could be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseCounts {
    /// Decided.
    pub decided: u64,
    /// Not decided, because no answer to the actor was seen.
    pub unanswered: u64,
    /// Not decided, because nobody else was seen with the object.
    pub nobodys: u64,
}

/// Everything that is known of users of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// Who has objects of a type that nobody else was seen to make.
    owners: BTreeSet<(u64, u32)>,
    /// Who uses objects of a type that others made, with the least few makers.
    users_of: BTreeMap<(u64, u32), BTreeSet<u64>>,
    /// Who uses a call; the least few actors by hash.
    calls: BTreeMap<u64, BTreeMap<u64, Caller>>,
    /// Uses of others' objects, by actor and call.
    astray: BTreeMap<(u64, u64), Astray>,
    /// By source, and whether the model names the owner.
    counts: BTreeMap<(u8, bool), UseCounts>,
    /// Types whose owner the model names.
    owned: BTreeSet<u32>,
    /// Types of which it names the tenant alone.
    tenants: BTreeSet<u32>,
    /// By class and type, who is shown or uses objects, with the least few of those who made what he was shown; the least
    /// few actors by hash.
    classes: BTreeMap<(u64, u32), BTreeMap<u64, BTreeSet<u64>>>,
}

/// Since when one actor uses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Caller {
    first: i64,
    /// With ids that nobody gave him.
    stray: Option<i64>,
    /// He also used it with one that he was given, or made.
    given: bool,
}

impl Caller {
    fn merge(&mut self, other: Caller) {
        self.first = self.first.min(other.first);
        self.stray = [self.stray, other.stray].into_iter().flatten().min();
        self.given |= other.given;
    }
}

/// Uses of one actor by one call, by what speaks against each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Astray {
    kind: u32,
    source: u8,
    class: u64,
    uses: BTreeMap<Option<UnlearnedDoubt>, Uses>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Uses {
    objects: u64,
    /// The first few: when, the use, and where somebody else was given the id.
    first: BTreeSet<(i64, EventId, EventId)>,
}

impl Users {
    /// Nobody yet, beside a model.
    pub fn beside(model: Option<&Model>, ids: &IdHasher) -> Users {
        let mut users = Users::default();
        let Some(model) = model else { return users };
        for object_type in &model.object_types {
            let kind = ids.kind(&object_type.name);
            if model.tells_owner(object_type) {
                users.owned.insert(kind);
            } else if object_type.within_tenant || !object_type.tenant.is_empty() {
                users.tenants.insert(kind);
            }
        }
        users
    }

    /// Adds what was judged of some ids; each id is added once.
    pub fn add(&mut self, judged: &Judged) {
        for (row, kind, maker) in &judged.shown {
            self.classed(row, *kind, Some(*maker));
        }
        for (row, whose) in judged.learned.iter().filter(|(row, _)| !row.named) {
            self.classed(row, row.kind, None);
            match whose {
                Whose::Own => drop(self.owners.insert((row.actor, row.kind))),
                Whose::Of(maker) => {
                    insert_least(self.users_of.entry((row.actor, row.kind)).or_default(), *maker, MAKERS);
                }
                Whose::Unsaid => {}
            }
            if row.deed == Deed::Used {
                self.called(row, Caller { first: row.time, stray: None, given: true });
                self.count(row).decided += 1;
            }
        }
        for attempt in
            judged.attempts.iter().filter(|attempt| attempt.standing != Standing::Missed && !attempt.row.open)
        {
            self.attempt(attempt);
        }
    }

    /// Adds what was judged of other ids, beside the same model.
    pub fn merge(&mut self, other: Users) {
        self.owners.extend(other.owners);
        for (user, makers) in other.users_of {
            add_least(self.users_of.entry(user).or_default(), makers, MAKERS);
        }
        self.owned.extend(other.owned);
        self.tenants.extend(other.tenants);
        for (step, more) in other.calls {
            let actors = self.calls.entry(step).or_default();
            for (actor, caller) in more {
                actors.entry(actor).or_insert(caller).merge(caller);
            }
            keep_least_keys(actors, ACTORS);
        }
        for (key, more) in other.astray {
            let astray = self.astray.entry(key).or_default();
            (astray.kind, astray.source) = (more.kind.max(astray.kind), more.source.max(astray.source));
            astray.class = more.class.max(astray.class);
            for (doubt, more) in more.uses {
                let uses = astray.uses.entry(doubt).or_default();
                uses.objects += more.objects;
                add_least(&mut uses.first, more.first, SHOWN);
            }
        }
        for (key, more) in other.counts {
            let counts = self.counts.entry(key).or_default();
            counts.decided += more.decided;
            counts.unanswered += more.unanswered;
            counts.nobodys += more.nobodys;
        }
        for (class, more) in other.classes {
            let actors = self.classes.entry(class).or_default();
            more.into_iter().for_each(|(actor, makers)| add_least(actors.entry(actor).or_default(), makers, EVERYBODY));
            keep_least_keys(actors, ACTORS);
        }
    }

    fn attempt(&mut self, attempt: &Attempt) {
        let row = &attempt.row;
        if attempt.is_counting() || row.kind == SOME || row.named {
            return;
        }
        let given = match attempt.standing {
            _ if attempt.answers == Answers::None => None,
            Standing::Made(event) | Standing::Held(event) | Standing::Shared(event) => Some(event),
            Standing::Missed | Standing::Open | Standing::Unknown => None,
        };
        let counts = self.count(row);
        match (attempt.answers, attempt.standing) {
            (Answers::None, _) => counts.unanswered += 1,
            (_, Standing::Unknown) => counts.nobodys += 1,
            _ => counts.decided += 1,
        }
        self.called(row, Caller { first: row.time, stray: given.map(|_| row.time), given: false });
        let Some(given) = given.filter(|_| !self.owned.contains(&row.kind)) else { return };
        let astray = self.astray.entry((row.actor, row.step)).or_default();
        (astray.kind, astray.source) = (row.kind.max(astray.kind), row.source.max(astray.source));
        astray.class = row.class.max(astray.class);
        let uses = astray.uses.entry(doubt(attempt)).or_default();
        uses.objects += 1;
        add_least(&mut uses.first, [(row.time, row.event, given)], SHOWN);
    }

    fn classed(&mut self, row: &Row, kind: u32, maker: Option<u64>) {
        if row.class != 0 {
            let actors = self.classes.entry((row.class, kind)).or_default();
            add_least(actors.entry(row.actor).or_default(), maker, EVERYBODY);
            keep_least_keys(actors, ACTORS);
        }
    }

    /// Whether somebody has objects of a type of his own: such as he made, or one maker made for him. What several others made
    /// is theirs, and he works on it.
    fn owns(&self, actor: u64, kind: u32) -> bool {
        let made_for = || self.users_of.get(&(actor, kind)).is_some_and(|makers| makers.len() < MAKERS);
        self.owners.contains(&(actor, kind)) || made_for()
    }

    /// Whether others of a class are shown everybody's objects of a type. What he himself came to is no reason: who tries
    /// ids comes to many.
    fn is_staff(&self, actor: u64, class: u64, kind: u32) -> bool {
        let Some(actors) = self.classes.get(&(class, kind)).filter(|_| class != 0) else { return false };
        let others = || actors.iter().filter(|(other, _)| **other != actor);
        let staff = others().filter(|(_, makers)| makers.len() >= EVERYBODY).count();
        staff >= STAFF && staff * 2 >= others().count()
    }

    fn called(&mut self, row: &Row, caller: Caller) {
        let actors = self.calls.entry(row.step).or_default();
        actors.entry(row.actor).or_insert(caller).merge(caller);
        keep_least_keys(actors, ACTORS);
    }

    fn count(&mut self, row: &Row) -> &mut UseCounts {
        self.counts.entry((row.source, self.owned.contains(&row.kind))).or_default()
    }

    /// By source, and whether the model names the owner: how many uses could be decided.
    pub fn counts(&self) -> impl Iterator<Item = (u8, bool, UseCounts)> {
        self.counts.iter().map(|((source, owned), counts)| (*source, *owned, *counts))
    }

    /// Actors who used a call, as far as they are told apart.
    pub fn callers(&self, step: u64) -> usize {
        self.calls.get(&step).map_or(0, BTreeMap::len)
    }

    /// What is to be reported, with the number of a source for each, by actor and call.
    pub fn unlearned(&self) -> Vec<(Unlearned, u8)> {
        self.astray
            .iter()
            .filter_map(|((actor, step), astray)| Some((self.told(*actor, *step, astray)?, astray.source)))
            .collect()
    }

    /// Whether those who had used a call by then did so with ids that come to them otherwise, as where each is sent a
    /// link. What is done afterwards excuses nobody, but where none of several ever was given an id, as of a queue that
    /// this traffic does not show.
    fn is_habit(&self, step: u64, by: i64) -> bool {
        let Some(actors) = self.calls.get(&step) else { return false };
        let all = actors.values().filter(|caller| caller.first <= by).count();
        let astray = actors.values().filter(|caller| caller.stray.is_some_and(|time| time <= by)).count();
        let never = || actors.len() >= NEVER_GIVEN && actors.values().all(|c| c.stray.is_some() && !c.given);
        astray >= HABIT && astray * 2 >= all || never()
    }

    /// The uses that are certain where any is, else those that are not.
    fn told(&self, actor: u64, step: u64, astray: &Astray) -> Option<Unlearned> {
        let (doubt, uses) = astray.uses.first_key_value()?;
        let owns = self.owns(actor, astray.kind);
        let (time, at, _) = *uses.first.first()?;
        Some(Unlearned {
            actor,
            step,
            kind: astray.kind,
            at,
            time,
            events: uses.first.iter().flat_map(|(_, used, given)| [*used, *given]).collect(),
            objects: uses.objects,
            doubt: doubt
                .or_else(|| self.is_habit(step, time).then_some(UnlearnedDoubt::Habit))
                .or((!owns).then_some(UnlearnedDoubt::NoneOfHis))
                .or(self.tenants.contains(&astray.kind).then_some(UnlearnedDoubt::Tenants))
                .or(self.is_staff(actor, astray.class, astray.kind).then_some(UnlearnedDoubt::Staff)),
        })
    }
}

/// What speaks against an attempt by itself.
fn doubt(attempt: &Attempt) -> Option<UnlearnedDoubt> {
    match attempt.standing {
        _ if attempt.answers != Answers::Seen => Some(UnlearnedDoubt::Answers),
        Standing::Shared(_) => Some(UnlearnedDoubt::Shared),
        Standing::Held(_) => Some(UnlearnedDoubt::Before),
        _ if attempt.perhaps => Some(UnlearnedDoubt::Perhaps),
        _ if !attempt.row.guessable => Some(UnlearnedDoubt::Unguessable),
        _ => None,
    }
}
