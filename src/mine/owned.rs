//! Who acts on whose objects: counted by actor, so that one who acts on everybody's weighs as much as one who does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::life::known_actor;
use crate::event::least::{add_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId, Outcome};

/// Actors told apart at one activity.
const ACTORS: usize = 1_024;
/// Owners told apart: of all, and of those on whose objects one actor acts.
const OWNERS: usize = 16;
/// Roles of one actor that are kept.
const ROLES: usize = 16;

/// Sums over the objects of one type, by what tells whose they are: the answers, or the step that made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owned(pub(super) BTreeMap<Option<Arc<str>>, Shares>);

/// The same for one way to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// Objects of which it is known whose they are.
    pub(super) objects: u64,
    /// Of these, objects on which that one was seen to act.
    pub(super) claimed: u64,
    /// Objects of which several were named.
    pub(super) varied: u64,
    /// The least few of those who acted on their own, by hash.
    pub(super) owners: BTreeSet<u64>,
    /// What each known actor did, by activity; the least few actors by hash.
    pub(super) acts: BTreeMap<Arc<str>, BTreeMap<u64, Acts>>,
}

/// What one actor did by one activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acts {
    /// On their own objects.
    pub(super) own: u64,
    /// On objects of others.
    pub(super) other: u64,
    /// The least few of these others, by hash.
    pub(super) owners: BTreeSet<u64>,
    /// Roles that the actor showed.
    pub(super) roles: BTreeSet<Arc<str>>,
}

impl Owned {
    /// Adds the accepted events that are about one object, in order.
    pub(super) fn add(&mut self, object: &ObjectId, events: &[&Event]) {
        let about = |event: &&&Event| event.outcome == Outcome::Accepted && target(event, object);
        let events: Vec<&Event> = events.iter().filter(about).copied().collect();
        let named: BTreeSet<u64> = events.iter().filter_map(|event| owner(event, object)).collect();
        match named.len() {
            0 => {}
            1 => named.iter().for_each(|owner| self.0.entry(None).or_default().add(*owner, &events)),
            _ => self.0.entry(None).or_default().varied += 1,
        }
        // What was there before the traffic may be anybody's.
        if let Some((first, rest)) = events.split_first()
            && let Some(activity) = first.activity.clone().filter(|_| !first.read)
            && let Some(maker) = known_actor(first)
        {
            self.0.entry(Some(activity)).or_default().add(maker, rest);
        }
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: Owned) {
        for (way, more) in other.0 {
            self.0.entry(way).or_default().merge(more);
        }
    }
}

fn target(event: &Event, object: &ObjectId) -> bool {
    event.objects.first().is_some_and(|first| first.id == *object && &*first.qualifier == "target")
}

fn owner(event: &Event, object: &ObjectId) -> Option<u64> {
    let owner = event.objects.iter().find(|o| o.id == *object)?.owner.as_ref()?;
    Some(stable_hash([owner.as_bytes()]))
}

impl Shares {
    /// Adds what was done with one object of somebody.
    fn add(&mut self, owner: u64, events: &[&Event]) {
        self.objects += 1;
        let mut claimed = false;
        for event in events {
            let (Some(activity), Some(actor)) = (&event.activity, known_actor(event)) else { continue };
            let actors = self.acts.entry(Arc::clone(activity)).or_default();
            let roles = event.actor.roles.iter().cloned().collect();
            let mut acts =
                Acts { own: u64::from(actor == owner), other: u64::from(actor != owner), roles, ..Acts::default() };
            if actor == owner {
                claimed = true;
            } else {
                acts.owners.insert(owner);
            }
            actors.entry(actor).or_default().merge(acts);
            keep_least_keys(actors, ACTORS);
        }
        if claimed {
            self.claimed += 1;
            add_least(&mut self.owners, [owner], OWNERS);
        }
    }

    pub(super) fn merge(&mut self, other: Shares) {
        self.objects += other.objects;
        self.claimed += other.claimed;
        self.varied += other.varied;
        add_least(&mut self.owners, other.owners, OWNERS);
        for (activity, more) in other.acts {
            let actors = self.acts.entry(activity).or_default();
            more.into_iter().for_each(|(actor, acts)| actors.entry(actor).or_default().merge(acts));
            keep_least_keys(actors, ACTORS);
        }
    }
}

impl Acts {
    pub(super) fn merge(&mut self, other: Acts) {
        self.own += other.own;
        self.other += other.other;
        add_least(&mut self.owners, other.owners, OWNERS);
        add_least(&mut self.roles, other.roles, ROLES);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Evidence, sample};

    fn act(object: u64, owner: u8, actor: u8, activity: &str) -> Event {
        let mut event = sample::rich_event(object);
        event.activity = Some(activity.into());
        event.actor.principal = Some(format!("u{actor}").into());
        event.actor.evidence = Evidence::Claims;
        event.outcome = Outcome::Accepted;
        event.read = activity == "view";
        event.objects.truncate(1);
        event.objects[0].qualifier = "target".into();
        event.objects[0].owner = Some(format!("u{owner}").into());
        event
    }

    fn owned(lives: &[Vec<Event>]) -> Owned {
        let mut owned = Owned::default();
        for life in lives {
            owned.add(&life[0].objects[0].id, &life.iter().collect::<Vec<_>>());
        }
        owned
    }

    proptest! {
        #[test]
        fn parts_add_up_in_any_order(lives in prop::collection::vec((0_u8..6, prop::collection::vec(0_u8..40, 1..6)), 0..12), cut in 0_usize..12) {
            let lives: Vec<Vec<Event>> = (0_u64..).zip(lives).map(|(n, (owner, actors))| {
                actors.into_iter().map(|actor| act(n, owner, actor, if actor % 2 == 0 { "view" } else { "pay" })).collect()
            }).collect();
            let (left, right) = lives.split_at(cut.min(lives.len()));
            let (whole, mut sum) = (owned(&lives), owned(right));
            sum.merge(owned(left));
            prop_assert_eq!(sum, whole);
        }
    }

    #[test]
    fn the_answers_and_the_maker_tell_whose_an_object_is() {
        let life = vec![act(1, 1, 1, "create"), act(1, 1, 1, "view"), act(1, 1, 2, "view")];
        let owned = owned(&[life]);
        let (told, made) = (&owned.0[&None], &owned.0[&Some("create".into())]);
        let of = |shares: &Shares| {
            let acts: Vec<(u64, u64)> = shares.acts["view"].values().map(|acts| (acts.own, acts.other)).collect();
            (
                shares.objects,
                shares.claimed,
                acts.iter().map(|a| a.0).sum::<u64>(),
                acts.iter().map(|a| a.1).sum::<u64>(),
            )
        };
        assert_eq!((of(told), of(made)), ((1, 1, 1, 1), (1, 1, 1, 1)));
        assert!(!made.acts.contains_key("create"), "who makes an object is its owner by that alone");
    }

    #[test]
    fn a_field_that_follows_who_asks_tells_no_owner() {
        let owned = owned(&[vec![act(1, 1, 1, "view"), act(1, 2, 2, "view")]]);
        assert_eq!((owned.0[&None].varied, owned.0[&None].objects), (1, 0));
    }
}
