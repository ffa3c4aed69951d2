//! Ownership as a draft proposes it: what tells whose an object is, and that nobody else acts on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{bracketed, grouped, scalar, times};
use super::life::Lives;
use super::owned::{Acts, Shares};
use super::sketch::{Sketch, TypeSketch};

/// Objects that their owner acted on, and actors, from which on there is a proposal.
const SUPPORT: u64 = 5;
/// Owners of others' objects from which on an actor is one who works for all.
const MANY: usize = 3;
/// Actors of a role who work for all, from which on the role does.
const WORKERS: usize = 2;
/// Actors without roles from which on they are a kind of their own.
const ROLELESS: usize = 20;
/// Owners without whom nothing tells owners apart.
const OWNERS: usize = 2;

/// What is proposed for one object type.
pub(super) struct Ownership {
    /// The model's word for it: a path, or who took the step that makes it.
    pub(super) place: String,
    /// Its support.
    pub(super) seen: String,
    /// That only owners act, with its support.
    pub(super) constraint: Option<(String, String)>,
    /// Of the actors that it judges those who show no role, where roles excuse others: all, and who act on objects of others.
    pub(super) roleless: Option<(usize, usize)>,
}

/// The role of those who show none, with its support: where roles excuse who acts on objects of others, and many show no
/// role and nobody of them does so, they are all of the same plain kind. Without a name for it nothing says that they have
/// none of the roles that excuse.
pub(super) fn default_role<'a>(
    owned: impl Iterator<Item = &'a Ownership>,
    lives: &BTreeMap<Arc<str>, Lives>,
) -> Option<(&'static str, String)> {
    let (most, astray) = owned
        .filter_map(|known| known.roleless)
        .fold((0, 0), |(most, astray), (all, others)| (most.max(all), astray + others));
    let steps = || lives.values().flat_map(|lives| lives.steps.values());
    // Some with opaque tokens may be of those who show their roles elsewhere.
    let hidden = steps().any(|counts| counts.unshown.keys().any(|kind| counts.unshown_few(kind).is_some()));
    if most < ROLELESS || astray > 0 || hidden {
        return None;
    }
    let shown = |name: &str| steps().any(|counts| counts.by.keys().any(|(_, role)| role.as_deref() == Some(name)));
    let name = ["plain", "no_role_shown"].into_iter().find(|name| !shown(name))?;
    Some((name, format!("check: {most} actors show no role, and act on nobody else's objects: they are `{name}`")))
}

/// Whose objects of a type are, where enough of them were used by whom they name.
pub(super) fn of(object: &TypeSketch, sketch: &Sketch, lives: &Lives) -> Option<Ownership> {
    let told = || {
        let (place, shares) = (object.owner.as_ref()?, lives.owned.0.get(&None)?);
        is_told(shares).then(|| (place.clone(), shares))
    };
    let made = || {
        let creating = lives.owned.0.iter().filter_map(|(way, shares)| Some((way.as_ref()?, shares)));
        let creating = creating.filter(|(step, shares)| sketch.creates(step, &object.name) && is_told(shares));
        let (step, shares) = creating.max_by(|a, b| (a.1.claimed, b.0).cmp(&(b.1.claimed, a.0)))?;
        Some((format!("{{set_by: {}, value: actor.principal}}", scalar(step)), shares))
    };
    let (place, shares) = told().or_else(made)?;
    let seen = format!("that actor acts on {} of {}", grouped(shares.claimed), times(shares.objects, "object"));
    let (constraint, roleless) = constraint(object, sketch, shares).unzip();
    Some(Ownership { place, seen, constraint, roleless: roleless.flatten() })
}

/// Whether those who are named are actors: most objects were used by the one that they name.
fn is_told(shares: &Shares) -> bool {
    shares.claimed >= SUPPORT
        && shares.claimed * 2 >= shares.objects
        && shares.varied * 10 <= shares.objects
        && shares.owners.len() >= OWNERS
}

/// A constraint with its support, and of the actors that it judges those who show no role, where roles excuse others: all, and
/// who act on objects of others.
type Wall = ((String, String), Option<(usize, usize)>);

/// The constraint that only owners act, at the activities where nearly all actors do so.
fn constraint(object: &TypeSketch, sketch: &Sketch, shares: &Shares) -> Option<Wall> {
    let exempt = exempt(shares);
    let plain = |acts: &&Acts| acts.roles.is_disjoint(&exempt);
    let mut activities = Vec::new();
    let mut actors: BTreeMap<u64, Acts> = BTreeMap::new();
    for (activity, seen) in shares.acts.iter().filter(|(activity, _)| !sketch.creates(activity, &object.name)) {
        let all = seen.values().filter(plain).count();
        let keeping = seen.values().filter(plain).filter(|acts| acts.other == 0).count();
        if keeping >= OWNERS && is_kept(keeping as u64, all as u64) {
            activities.push(activity.to_string());
            let plain = seen.iter().filter(|(_, acts)| plain(acts));
            plain.for_each(|(actor, acts)| actors.entry(*actor).or_default().merge(acts.clone()));
        }
    }
    let all = actors.len() as u64;
    let others: Vec<&Acts> = actors.values().filter(|acts| acts.other > 0).collect();
    let keeping = all - others.len() as u64;
    if all < SUPPORT || !is_kept(keeping, all) {
        return None;
    }
    let name = &object.name;
    let id = format!("{name}-owner").replace('_', "-");
    let but = if exempt.is_empty() {
        String::new()
    } else {
        let roles: Vec<String> = exempt.iter().map(|role| scalar(role)).collect();
        format!(", unless_role: {}", bracketed(&roles))
    };
    let constraint = format!(
        "{{id: {id}, same: [actor.principal, {name}.owner], activities: {}{but}}}",
        bracketed(&activities.iter().map(|activity| scalar(activity)).collect::<Vec<_>>())
    );
    let mut support =
        format!("with the owner above; {} of {} only on their own", grouped(keeping), times(all, "actor"));
    let calls: u64 = others.iter().map(|acts| acts.other).sum();
    if calls > 0 {
        support.push_str(&format!(
            "; check: {} by {} on those of others",
            times(calls, "call"),
            grouped(others.len() as u64)
        ));
    }
    let bare = actors.values().filter(|acts| acts.roles.is_empty());
    let roleless = bare.fold((0, 0), |(all, astray), acts| (all + 1, astray + usize::from(acts.other > 0)));
    Some(((constraint, support), Some(roleless).filter(|_| !exempt.is_empty())))
}

/// What each actor did, whichever the activity.
fn by_actor(shares: &Shares) -> BTreeMap<u64, Acts> {
    let mut actors: BTreeMap<u64, Acts> = BTreeMap::new();
    for (actor, acts) in shares.acts.values().flatten() {
        actors.entry(*actor).or_default().merge(acts.clone());
    }
    actors
}

/// Whether so many of all actors make a habit: nine of ten, or all but one, who may be the one that should not be there.
fn is_kept(keeping: u64, all: u64) -> bool {
    let astray = all.saturating_sub(keeping);
    astray * 10 <= all || astray == 1 && keeping >= SUPPORT
}

/// Roles of those who work for all: most of who have one act on objects of many others, and so do not only their own.
/// What one actor alone does is a habit of nobody, and may be what the constraint is to find.
fn exempt(shares: &Shares) -> BTreeSet<Arc<str>> {
    let actors = by_actor(shares);
    let mut roles: BTreeMap<&Arc<str>, (usize, usize)> = BTreeMap::new();
    for acts in actors.values() {
        for role in &acts.roles {
            let (all, many) = roles.entry(role).or_default();
            (*all, *many) = (*all + 1, *many + usize::from(acts.owners.len() >= MANY));
        }
    }
    roles
        .into_iter()
        .filter(|(_, (all, many))| *many >= WORKERS && many * 2 > *all)
        .map(|(role, _)| Arc::clone(role))
        .collect()
}
