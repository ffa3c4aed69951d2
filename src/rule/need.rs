//! What a rule needs that not every source shows, and so why it could not be decided there.
//!
//! [`demand()`] reads from the model what a rule rests on; [`Shown`] counts what the events of one source showed. What is
//! demanded and never shown is the reason.

mod demand;
mod fields;

pub use demand::{Demand, demand};
pub use fields::fields;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compare::{kind_is_seen, roles_are_seen};
use crate::event::{Event, Evidence, Outcome, TenantTold};
use crate::model::Model;

/// Something that a source may not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Calls inside the bodies of requests.
    Calls,
    /// Who acts, by more than an address or a cookie that nobody was seen to receive.
    Identity,
    /// The roles of who acts.
    Roles,
    /// What kind of actor acts, where it is not the default one.
    Kind,
    /// The software that acts for somebody, or that there is none.
    Agents,
    /// The tenant of who acts.
    Tenant,
    /// The tenant of an object whose key is unique in a tenant only, without which it cannot be told which it is.
    Scope,
    /// A tenant of who acts that is not told by what tells the object's.
    OwnTenant,
    /// Start and end of an exchange.
    Duration,
    /// The key by which a client marks a repeated request.
    IdempotencyKey,
    /// Bodies of requests that write.
    RequestBody,
    /// Bodies of responses.
    ResponseBody,
    /// Headers of requests.
    Headers,
    /// Times that tell what is within one second.
    Clock,
}

impl Need {
    const ALL: [Need; 14] = [
        Need::Calls,
        Need::Identity,
        Need::Roles,
        Need::Kind,
        Need::Agents,
        Need::Tenant,
        Need::Scope,
        Need::OwnTenant,
        Need::Duration,
        Need::IdempotencyKey,
        Need::RequestBody,
        Need::ResponseBody,
        Need::Headers,
        Need::Clock,
    ];

    /// What a source without it lacks, in words that follow `no`.
    pub fn as_str(self) -> &'static str {
        match self {
            Need::Identity => "user",
            Need::Roles => "roles",
            Need::Kind => "kinds of actors",
            Need::Agents => "agents told from persons",
            Need::Tenant | Need::Scope => "tenants",
            Need::OwnTenant => "tenants of actors told apart from those of objects",
            Need::Duration => "measured durations",
            Need::IdempotencyKey => "idempotency keys",
            Need::RequestBody => "request bodies",
            Need::ResponseBody => "response bodies",
            Need::Headers => "headers",
            Need::Clock => "times finer than seconds",
            Need::Calls => "bodies, which hold the calls",
        }
    }

    /// Whether an event shows it; `None` where it is no matter of this event.
    fn shown_by(self, event: &Event, model: Option<&Model>) -> Option<bool> {
        let actor = &event.actor;
        match self {
            Need::Identity => Some(actor.principal.is_some() && actor.evidence > Evidence::Unbound),
            Need::Roles => Some(actor.principal.is_some() && roles_are_seen(event)),
            Need::Kind => model.map(|_| actor.principal.is_some() && kind_is_seen(event)),
            Need::Agents => Some(actor.agent.is_some() || event.shows.headers && actor.evidence > Evidence::Asserted),
            Need::Tenant => Some(actor.tenant.is_some()),
            Need::Scope => {
                let placed = event.objects.iter().any(|o| model.is_some_and(|m| is_scoped(m, &o.id.object_type)));
                (placed || !event.unplaced.is_empty()).then_some(event.unplaced.is_empty())
            }
            Need::OwnTenant => {
                let told = event.objects.iter().filter(|o| o.tenant.is_some() || o.told == TenantTold::WithActor);
                let told: Vec<TenantTold> = told.map(|o| o.told).collect();
                let asked = actor.tenant.is_some() && !told.is_empty();
                asked.then(|| !told.contains(&TenantTold::WithActor))
            }
            Need::Duration => Some(event.end > event.time),
            Need::IdempotencyKey => (!event.read).then_some(event.idempotency.is_some() || event.shows.headers),
            Need::RequestBody => (!event.read).then_some(event.shows.request_body),
            // A log may tell that a body was empty; it never shows what is in one.
            Need::ResponseBody => Some(event.shows.response_body && (event.shows.headers || event.shows.request_body)),
            Need::Headers => Some(event.shows.headers),
            Need::Clock => Some(event.tick < 1_000_000),
            Need::Calls if event.is_call() => Some(true),
            Need::Calls => event.may_hide_calls().then_some(false),
        }
    }
}

/// Whether objects of a type are told apart by their tenants.
fn is_scoped(model: &Model, object_type: &str) -> bool {
    model.object_types.iter().any(|t| t.within_tenant && *t.name == *object_type)
}

/// How many events of one source showed what; sums commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// For each need, events that show it and events of which it could be asked.
    counts: [(u64, u64); Need::ALL.len()],
    /// For each activity, events that show every object that it is about, and all of its events.
    placed: BTreeMap<Arc<str>, (u64, u64)>,
    /// Events by somebody who is known to be of the kind that is the default.
    ordinary: u64,
}

impl Shown {
    /// Counts one event; what the server refused is judged by less and is left out.
    pub fn add_event(&mut self, event: &Event, model: Option<&Model>) {
        if event.outcome == Outcome::Rejected {
            return;
        }
        // What a path that the model does not know shows is no matter of its activities, but for calls behind it.
        let foreign = model.is_some() && event.activity.is_none();
        let asked = |need: &Need| !foreign || *need == Need::Calls;
        for (need, count) in Need::ALL.into_iter().zip(&mut self.counts).filter(|(need, _)| asked(need)) {
            if let Some(shown) = need.shown_by(event, model) {
                count.0 += u64::from(shown);
                count.1 += 1;
            }
        }
        let default = model.map(|model| &model.actors.default_kind);
        self.ordinary += u64::from(event.actor.kind_known && default == Some(&event.actor.kind));
        let (Some(model), Some(name)) = (model, &event.activity) else { return };
        let activity = model.activity(name).and_then(|id| model.activities.get(usize::from(id.0)));
        let types = activity.map(|a| a.objects.as_slice()).unwrap_or_default();
        let mut types = types.iter().filter_map(|o| model.object_types.get(usize::from(o.object_type.0)));
        let placed = self.placed.entry(name.clone()).or_default();
        placed.0 += u64::from(types.all(|t| event.object(&t.name).is_some()));
        placed.1 += 1;
    }

    /// Adds another part's counts.
    pub fn add(&mut self, other: &Shown) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        self.ordinary += other.ordinary;
        for (activity, (placed, all)) in &other.placed {
            let mine = self.placed.entry(activity.clone()).or_default();
            *mine = (mine.0 + placed, mine.1 + all);
        }
    }

    /// Whether most events of an activity do not show on which object they were.
    pub fn misplaces(&self, activity: &str) -> bool {
        self.placed.get(activity).is_some_and(|(placed, all)| placed.saturating_mul(2) < *all)
    }

    /// Events that show a need, and events of which it could be asked.
    pub fn of(&self, need: Need) -> (u64, u64) {
        Need::ALL.iter().position(|n| *n == need).and_then(|i| self.counts.get(i)).copied().unwrap_or_default()
    }

    /// Whether some event was asked for it and did not show it.
    pub fn falls_short(&self, need: Need) -> bool {
        let (shown, asked) = self.of(need);
        shown < asked
    }

    /// Whether some kinds are told and of nobody that they have none of them: where what tells a kind is not there, it
    /// cannot be said of anyone that he is of the other.
    pub fn never_denies_kinds(&self) -> bool {
        self.falls_short(Need::Kind) && self.ordinary == 0
    }

    /// Whether events were asked for it and none showed it.
    pub fn lacks(&self, need: Need) -> bool {
        matches!(self.of(need), (0, asked) if asked > 0)
    }

    /// The first of some needs that the source lacks, in words: `no bodies`.
    pub fn lacking(&self, needs: impl IntoIterator<Item = Need>) -> Option<String> {
        let need = needs.into_iter().find(|need| self.lacks(*need))?;
        let bodies = [Need::RequestBody, Need::ResponseBody];
        // Nobody cares which of the two when there is neither.
        let what =
            if bodies.contains(&need) && bodies.iter().all(|b| self.lacks(*b)) { "bodies" } else { need.as_str() };
        Some(format!("no {what}"))
    }

    /// The most events that were asked for one of some needs and did not show it.
    pub fn most_short(&self, needs: impl IntoIterator<Item = Need>) -> u64 {
        let short = needs.into_iter().map(|need| self.of(need)).map(|(shown, asked)| asked.saturating_sub(shown));
        short.max().unwrap_or(0)
    }

    /// The need that the smallest share of events showed, where some did not, in words.
    pub fn scarcest(&self, needs: impl IntoIterator<Item = Need>) -> Option<String> {
        let scarce = needs.into_iter().map(|need| (self.of(need), need)).filter(|((shown, asked), _)| shown < asked);
        // Shares as cross products: a/b < c/d.
        let least = scarce.min_by(|((a, b), _), ((c, d), _)| {
            (u128::from(*a) * u128::from(*d)).cmp(&(u128::from(*c) * u128::from(*b)))
        });
        least.map(|((shown, asked), need)| format!("{} in {shown} of {asked} events only", need.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    #[test]
    fn a_source_lacks_what_none_of_its_events_shows() {
        let mut bare = sample::event(1);
        bare.read = false;
        (bare.shows.request_body, bare.shows.response_body, bare.shows.headers) = (false, false, false);
        bare.outcome = Outcome::Accepted;
        let mut shown = Shown::default();
        assert_eq!(shown.lacking([Need::RequestBody]), None, "nothing was asked for");
        shown.add_event(&bare, None);
        assert_eq!(shown.lacking([Need::RequestBody]).as_deref(), Some("no bodies"));
        bare.shows.response_body = true;
        shown.add_event(&bare, None);
        assert!(shown.lacks(Need::ResponseBody), "an empty body in a log");
        bare.shows.headers = true;
        shown.add_event(&bare, None);
        assert_eq!(shown.lacking([Need::ResponseBody, Need::RequestBody]).as_deref(), Some("no request bodies"));
        assert_eq!(
            shown.scarcest([Need::ResponseBody, Need::RequestBody]).as_deref(),
            Some("request bodies in 0 of 3 events only")
        );
        bare.outcome = Outcome::Rejected;
        bare.shows.request_body = true;
        shown.add_event(&bare, None);
        assert!(shown.lacks(Need::RequestBody), "refused events do not count");
    }
}
