//! A moment: what one event says in one lane.

use serde::{Deserialize, Serialize};

use super::door::Doors;
use super::route::Task;
use crate::compare::threshold::LONGEST_LIFE;
use crate::event::{Actor, Event, EventId, Evidence, Gate, Mark, OrderKey, Outcome, ProgramKind, Setting};

/// By what moments are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// By who did it.
    Actor,
    /// By the credential that was shown, or that it ends.
    Credential,
    /// By the address from which somebody tries to log in.
    Address,
    /// By the operation whose URL holds a credential.
    Url,
    /// By the operation whose URL holds personal data.
    Personal,
    /// By who issued the token that was shown.
    Issuer,
    /// By the server, as its address tells it, to which a credential went in the clear.
    Wire,
    /// By the operation whose answer holds a secret.
    Answer,
}

/// What one event says in one lane; of one size, so that it can wait on disk. Hashes are 0 for what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// Lane.
    pub lane: Lane,
    /// Hash by which it belongs to its course.
    pub key: u64,
    /// When the request began, microseconds since the Unix epoch.
    pub time: i64,
    /// Place in its input.
    pub place: u64,
    /// The event.
    pub event: EventId,
    /// When the answer ended.
    pub end: i64,
    /// Width of the clock's tick.
    pub tick: i64,
    /// Number of the source's format.
    pub source: u8,
    /// Hash of who did it.
    pub actor: u64,
    /// Hash of the credential, its first half.
    pub credential: u64,
    /// Hash of what was done: the operation, with its host.
    pub step: u64,
    /// Hash of what that leads to, whatever the route.
    pub task: u64,
    /// Hash of the host.
    pub host: u64,
    /// Hash of the object that it is about.
    pub object: u64,
    /// Hash of the request's body.
    pub body: u64,
    /// HTTP status, 0 where none was seen.
    pub status: u16,
    /// How it went, and who did it.
    pub deed: Deed,
    /// How the request was made.
    pub setting: Setting,
}

/// What of an event is yes or no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deed {
    /// The server took it.
    pub accepted: bool,
    /// The server refused it.
    pub refused: bool,
    /// It only reads.
    pub read: bool,
    /// It carries a key by which a repetition is recognised.
    pub keyed: bool,
    /// The actor is known to be a service.
    pub service: bool,
    /// An agent did it for somebody.
    pub agent: bool,
    /// The actor is known by a key of an API.
    pub api_key: bool,
    /// The actor is somebody who is told, by more than an address or an unproved name.
    pub known: bool,
    /// The actor is told by more than an assertion.
    pub bound: bool,
    /// The token says to be good for everything.
    pub wildcard: bool,
    /// In its course it ends the credential rather than showing it.
    pub ends: bool,
    /// In its course it turns the credential into another one.
    pub spends: bool,
}

impl Moment {
    /// Hands over what an event says in each lane, and notes how its operation answered; `hash` is keyed, `source` the
    /// number of its format.
    pub fn each<E>(
        event: &Event,
        setting: &Setting,
        hash: &dyn Fn(&str) -> u64,
        source: u8,
        doors: &mut Doors,
        mut push: impl FnMut(Moment) -> Result<(), E>,
    ) -> Result<(), E> {
        let whole = Moment::of(event, setting, hash, source);
        doors.note(&whole);
        let credential = whole.credential;
        // By address every login counts, whatever else is shown.
        if matches!(setting.gate, Gate::Refused | Gate::Entered | Gate::Unsaid) && setting.address != 0 {
            push(Moment { lane: Lane::Address, key: setting.address, setting: *setting, ..whole })?;
        }
        if credential != 0 {
            let api_key = whole.deed.api_key && is_key_itself(&event.actor);
            let deed = Deed { api_key, ..whole.deed };
            push(Moment { lane: Lane::Credential, key: credential, deed, ..whole })?;
        }
        let mut to = |lane, key| if key == 0 { Ok(()) } else { push(Moment { lane, key, ..whole }) };
        // Of what only reads, folds by actor look at little.
        let marked = setting.marks.has(Mark::Unsigned) || whole.deed.service && setting.kind == ProgramKind::Browser;
        to(Lane::Actor, if event.read && !marked { 0 } else { whole.actor })?;
        let marked = |marks: &[Mark]| if setting.marks.has_any(marks) { whole.step } else { 0 };
        to(Lane::Url, marked(&super::place::CREDENTIALS))?;
        to(Lane::Personal, marked(&super::place::PERSONAL))?;
        let long = setting.life.is_some_and(|life| life > LONGEST_LIFE.least);
        let issued = (long || whole.deed.wildcard) && whole.deed.accepted;
        to(Lane::Issuer, if issued { setting.issuer.max(1) } else { 0 })?;
        to(Lane::Answer, marked(&[Mark::TellsSecret]))?;
        let clear = setting.marks.has_any(&[Mark::Clear, Mark::ClearSession]);
        to(Lane::Wire, if clear { setting.server.max(1) } else { 0 })?;
        let lane = Lane::Credential;
        for key in setting.ended.into_iter().filter(|key| *key != 0 && whole.deed.accepted) {
            push(Moment { lane, key, deed: Deed { ends: true, ..whole.deed }, ..whole })?;
        }
        if setting.spent != 0 && whole.deed.accepted {
            push(Moment { lane, key: setting.spent, deed: Deed { spends: true, ..whole.deed }, ..whole })?;
        }
        Ok(())
    }

    fn of(event: &Event, setting: &Setting, hash: &dyn Fn(&str) -> u64, source: u8) -> Moment {
        let (time, place, id) = event.order_key();
        let actor = &event.actor;
        let credential = actor.credential.as_deref().and_then(|text| text.get(..16));
        let step = event.operation.as_deref().or(event.activity.as_deref()).unwrap_or(&event.path);
        let object = event.objects.first().map_or(0, |o| hash(&o.id.to_string()));
        Moment {
            lane: Lane::Actor,
            key: 0,
            time,
            place,
            event: id,
            end: event.end.max(time),
            tick: event.tick.max(1),
            source,
            actor: actor.principal.as_deref().map_or(0, hash),
            credential: credential.and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0),
            step: hash(&format!("{} {step}", event.host.as_deref().unwrap_or_default())),
            task: hash(&Task::of(event, event.operation.as_deref().unwrap_or(step)).name),
            host: event.host.as_deref().map_or(0, hash),
            object,
            body: event.body_hash.unwrap_or(0),
            status: event.status.unwrap_or(0),
            deed: Deed {
                // A redirect most often leads to a login.
                accepted: event.outcome == Outcome::Accepted && !matches!(event.status, Some(300..=399)),
                refused: event.outcome == Outcome::Rejected,
                read: event.read,
                keyed: event.idempotency.is_some() || !event.shows.headers,
                service: actor.kind_known && &*actor.kind == "service",
                agent: actor.agent.is_some(),
                api_key: actor.evidence == Evidence::ApiKey,
                known: actor.evidence > Evidence::Unproved && actor.principal.is_some(),
                bound: actor.evidence >= Evidence::Bound,
                wildcard: actor.scopes.iter().any(|scope| is_wildcard(scope)),
                ends: false,
                spends: false,
            },
            setting: *setting,
        }
        .without_foreign_gate()
    }

    /// Without the login by Basic authentication that stands beside the credential that names the actor.
    fn without_foreign_gate(mut self) -> Moment {
        if self.setting.basic != 0 && self.setting.basic != self.credential {
            self.setting.gate = Gate::None;
        }
        self
    }

    /// By what moments of one course are ordered.
    pub fn order_key(&self) -> OrderKey {
        (self.time, self.place, self.event)
    }

    /// The last instant at which it may have been over, by its clock.
    pub(super) fn over(&self) -> i64 {
        self.end.saturating_add(self.tick - 1)
    }

    /// Whether it is surely later than another.
    pub(super) fn is_after(&self, other: &Moment) -> bool {
        self.time.saturating_sub(other.time) >= self.tick.max(other.tick)
    }
}

/// Whether a scope stands for all of them.
fn is_wildcard(scope: &str) -> bool {
    scope.contains('*') && scope.chars().all(|c| matches!(c, '*' | ':' | '.' | '/'))
}

/// Whether the credential that an actor is known by is the key that names it, and none beside it.
fn is_key_itself(actor: &Actor) -> bool {
    match (actor.principal.as_deref().and_then(|name| name.strip_prefix("key:")), actor.credential.as_deref()) {
        (Some(key), Some(credential)) => credential.starts_with(key),
        _ => true,
    }
}
