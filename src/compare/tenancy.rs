//! Whose tenant's an object is: as answers say, else where it was made. What a request tells is its sender's word, by which
//! he may call another's object his own; only of an object of which nothing more is known it counts.

use std::sync::Arc;

use super::deviation::Doubt;
use super::history::{History, Life, Touch};
use super::scope::CaseScope;
use crate::event::{Event, Outcome, TenantTold, path};

/// Confidence at most, where it is not known which of several tenants is an object's.
const ONE_OF_SEVERAL: f32 = 0.4;
/// Reasons for it.
const MADE_IN_SEVERAL: &str = "the object was made under several tenants, of which each may count its own";
const ONLY_USED: &str = "other requests for the object named its tenant, and none of them was seen to make it";

/// What tells an object's tenant over its life.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenancy {
    /// Where an answer says it, or another exchange.
    said: Vec<Touch>,
    /// The first two tenants under which it was made, as the requests for it tell.
    made: Vec<Arc<str>>,
}

impl Tenancy {
    /// What the events of a life tell.
    pub(super) fn of(history: &History<'_>, life: &Life<'_>) -> Tenancy {
        let mut tenancy = Tenancy::default();
        // The first tenant whose request for it was accepted.
        let mut there: Option<&Arc<str>> = None;
        for touch in &life.touches {
            let Some(reference) = history.reference(*touch) else { continue };
            let Some(tenant) = &reference.tenant else { continue };
            if reference.told == TenantTold::Apart {
                tenancy.said.push(*touch);
                continue;
            }
            let writes_over = there.is_some_and(|first| first != tenant) && is_written_over(history, *touch);
            let room = tenancy.made.len() < 2 && !tenancy.made.contains(tenant);
            if room && !writes_over && makes(history, life, *touch) {
                tenancy.made.push(tenant.clone());
            }
            if there.is_none() && history.event(touch.event).is_some_and(|e| e.outcome == Outcome::Accepted) {
                there = Some(tenant);
            }
        }
        tenancy
    }
}

/// Whether an event brought an object into being: by an activity that does so where the model has one, else as its answer
/// says (`201`).
fn makes(history: &History<'_>, life: &Life<'_>, touch: Touch) -> bool {
    let Some(event) = history.event(touch.event).filter(|e| e.outcome == Outcome::Accepted && !e.read) else {
        return false;
    };
    let makers = life.object_type.map_or(&[][..], |object_type| history.plan.makers(object_type));
    let makes = if makers.is_empty() {
        event.answer.made && event.status == Some(201)
    } else {
        history.activity(touch.event).is_some_and(|activity| makers.contains(&activity))
    };
    makes && touch.reference == 0
}

/// Whether an event writes over what is there: its path names the key, and its answer does not say that it was made anew.
/// Who puts something in the place of another's object did not make it.
fn is_written_over(history: &History<'_>, touch: Touch) -> bool {
    let Some((event, object)) = history.event(touch.event).zip(history.reference(touch)) else { return false };
    let named = |key: &str| path::holds(&event.path, key);
    event.status != Some(201) && (named(&object.id.key) || object.id.key.rsplit('/').next().is_some_and(named))
}

/// An object's tenant, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) tenant: Arc<str>,
    /// Why it may be another.
    pub(super) doubt: Option<Doubt>,
}

impl CaseScope<'_, '_> {
    /// Whose tenant's an object is. It does not change with time: any event that tells will do, the nearest earlier one
    /// first.
    pub(super) fn tenant(&self, life: usize) -> Option<Told> {
        let history = self.history;
        let object = history.life(life).filter(|_| history.afford(1))?;
        let from = object.touches.partition_point(|touch| touch.event < self.at);
        let here = object.touches.get(from..)?.iter().take_while(|touch| touch.event == self.at);
        let within = object.object_type.and_then(|t| history.plan.type_of(t)).is_some_and(|t| t.within_tenant);
        let told_here = |told: TenantTold| {
            here.clone().filter_map(|touch| history.reference(*touch)).find(move |object| object.told == told)
        };
        // What tells the actor's tenant here says nothing of the object's that the two could differ in.
        if within && told_here(TenantTold::WithActor).is_some() {
            return None;
        }
        let surely = |tenant: Arc<str>| Some(Told { tenant, doubt: None });
        let said = &object.tenancy.said;
        let (earlier, later) = said.split_at_checked(said.partition_point(|touch| touch.event <= self.at))?;
        if let Some(touch) = earlier.last().or_else(|| later.first()) {
            return surely(history.reference(*touch)?.tenant.clone()?);
        }
        match object.tenancy.made.as_slice() {
            [] => {}
            [one] => return surely(one.clone()),
            [first, ..] => {
                let doubt = Some(Doubt::new(ONE_OF_SEVERAL, MADE_IN_SEVERAL));
                return Some(Told { tenant: first.clone(), doubt });
            }
        }
        if let Some(tenant) = told_here(TenantTold::ByRequest).and_then(|object| object.tenant.clone()) {
            return surely(tenant);
        }
        let tenant = self.named_by_others(object)?;
        Some(Told { tenant, doubt: Some(Doubt::new(ONE_OF_SEVERAL, ONLY_USED)) })
    }

    /// The tenant under which the nearest other request for an object was accepted.
    fn named_by_others(&self, object: &Life<'_>) -> Option<Arc<str>> {
        let accepted = |event: &Event| event.outcome == Outcome::Accepted;
        let named = |touch: &Touch| {
            let taken = touch.event != self.at && self.history.event(touch.event).is_some_and(accepted);
            self.history.reference(*touch).filter(|_| taken)?.tenant.clone()
        };
        let (earlier, later) =
            object.touches.split_at_checked(object.touches.partition_point(|touch| touch.event < self.at))?;
        let nearest = earlier.iter().rev().chain(later).take_while(|_| self.history.afford(1));
        nearest.filter_map(named).next()
    }
}
