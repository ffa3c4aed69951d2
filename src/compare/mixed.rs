//! Requests that name two tenants, each by another place that the model reads them from.

use std::collections::BTreeSet;

use super::deviation::{Check, Doubt, Tallies};
use super::effect::Found;
use super::history::History;
use crate::event::Outcome;

/// Confidence at most: who may act for several tenants says so in the same places.
const ANY_CLIENT: f32 = 0.4;
/// The reason for it.
const SWITCHING: &str = "who may act for several tenants switches in the same way, and nothing here says who may";

/// Accepted and refused events of which correlation leaves two tenants.
pub(super) fn tenants(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    if history.plan.model.actors.tenant.len() < 2 {
        return Vec::new();
    }
    let mut found: Vec<Found> = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        if event.activity.is_none() || event.outcome == Outcome::Unknown || !history.plan.in_force(event) {
            continue;
        }
        let [(first, own), (second, other)] = &event.tenants[..] else {
            tallies.count(Check::TenantMix, event.source, event.actor.tenant.as_ref().map(|_| false));
            continue;
        };
        tallies.count(Check::TenantMix, event.source, Some(true));
        let life = event.objects.first().and_then(|object| history.life_of(&object.id));
        let mut one = Found::new(Check::TenantMix, at, life);
        one.expected = vec![format!("{own} by {first}").into()];
        one.observed = vec![format!("{other} by {second}").into()];
        one.doubt = Some(Doubt::new(ANY_CLIENT, SWITCHING));
        // Who does it again in one case is told once.
        if told.insert((&event.tenants, &event.actor.principal, event.outcome)) {
            found.push(one);
        }
    }
    found
}
