//! The compiled model: names resolved to indices, expressions parsed and checked. Everything here is plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::address_block::AddressBlock;
use super::{Delegation, Description, Expression, Lifecycle, Path, Pattern, Piece};
use crate::event::Money;

/// Index into `Model::activities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityId(pub u16);

/// Index into `Model::object_types`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectTypeId(pub u16);

/// One intended workflow, as read from one file.
#[derive(Clone, Debug)]
pub struct Model {
    /// `workflow.id`.
    pub id: Arc<str>,
    /// `workflow.version`.
    pub version: Arc<str>,
    /// `workflow.owner`.
    pub owner: Option<Arc<str>>,
    /// Whether nobody has reviewed it yet (`workflow.draft`): what it calls wrong is suspected only.
    pub draft: bool,
    /// SHA-256 of the file's bytes, in hex.
    pub hash: String,
    /// The file as the user named it.
    pub file: String,
    /// First and last instant (microseconds since the Unix epoch) at which this version is in force.
    pub in_force: (Option<i64>, Option<i64>),
    /// How actors are recognised.
    pub actors: ActorNaming,
    /// Business objects.
    pub object_types: Vec<ObjectType>,
    /// Business steps.
    pub activities: Vec<Activity>,
    /// Automata, at most one an object type.
    pub lifecycles: Vec<Lifecycle>,
    /// What no single lifecycle can say.
    pub constraints: Vec<Constraint>,
    /// What software may do on a person's behalf.
    pub delegations: Vec<Delegation>,
    /// How to compare.
    pub check: CheckOptions,
    /// Exchange paths (`req.amount`, `header.x-y`) that guards and constraints name beyond declared attributes; correlation
    /// stores each as an event attribute under its text.
    pub captured_paths: Vec<Path>,
    /// The OpenAPI documents that it imports.
    pub documents: Vec<Arc<Description>>,
}

impl Model {
    /// The activity of a name.
    pub fn activity(&self, name: &str) -> Option<ActivityId> {
        self.activities.iter().position(|a| &*a.name == name).and_then(|i| u16::try_from(i).ok()).map(ActivityId)
    }

    /// The object type of a name.
    pub fn object_type(&self, name: &str) -> Option<ObjectTypeId> {
        self.object_types.iter().position(|o| &*o.name == name).and_then(|i| u16::try_from(i).ok()).map(ObjectTypeId)
    }

    /// Whether the owner of a type's objects is told, by the type itself or one that it belongs to.
    pub fn tells_owner(&self, object_type: &ObjectType) -> bool {
        let up = |of: &&ObjectType| self.object_types.get(usize::from(of.parent.as_ref()?.0.0));
        let chain = std::iter::successors(Some(object_type), up).take(self.object_types.len().saturating_add(1));
        chain.into_iter().any(|of| of.owner.is_some())
    }

    /// Whether an activity is a step of some lifecycle.
    pub fn is_step(&self, activity: &str) -> bool {
        let steps = || self.lifecycles.iter().flat_map(|lifecycle| &lifecycle.transitions);
        self.activity(activity).is_some_and(|activity| steps().any(|step| step.activity == activity))
    }

    /// The lifecycle of an object type.
    pub fn lifecycle_of(&self, object_type: ObjectTypeId) -> Option<&Lifecycle> {
        self.lifecycles.iter().find(|l| l.object_type == object_type)
    }
}

/// How actors are recognised in an exchange.
#[derive(Clone, Debug, Default)]
pub struct ActorNaming {
    /// Where the principal is found; first hit wins. Empty: the built-in identity ladder.
    pub identify: Vec<IdentityPath>,
    /// Where an agent is found.
    pub agent: Vec<Path>,
    /// Where the actor's tenant is found.
    pub tenant: Vec<Path>,
    /// Kind by conditions over the exchange, in order; else `default_kind`. Of several conditions of one kind those
    /// count that the source can decide.
    pub kinds: Vec<(Arc<str>, Vec<Expression>)>,
    /// Kind when no condition holds; `human` unless given.
    pub default_kind: Arc<str>,
    /// Where roles are found (a list or space-separated text).
    pub roles_from: Vec<Path>,
    /// Role when none is found.
    pub default_role: Option<Arc<str>>,
    /// Renaming of roles found.
    pub role_map: BTreeMap<Arc<str>, Arc<str>>,
    /// Proxies that are trusted to say for whom they speak.
    pub trusted_proxies: Vec<AddressBlock>,
}

impl ActorNaming {
    /// Whether a name is that of a kind of actor.
    pub fn is_kind(&self, name: &str) -> bool {
        name == "service" || self.declares_kind(name)
    }

    /// Whether the model itself calls a kind of actor so.
    pub fn declares_kind(&self, name: &str) -> bool {
        name == &*self.default_kind || self.kinds.iter().any(|(kind, _)| &**kind == name)
    }
}

/// One step of the identity ladder.
#[derive(Clone, Debug)]
pub struct IdentityPath {
    /// Where the identity or credential is.
    pub path: Path,
    /// `@activity`: the value is a credential bound to a subject by that activity's `bind`.
    pub bound_by: Option<ActivityId>,
}

/// A kind of business object.
#[derive(Clone, Debug)]
pub struct ObjectType {
    /// Name, e.g. `order`.
    pub name: Arc<str>,
    /// Where its key is found in an exchange; all are looked at, the first hit names the object.
    pub key: Vec<Path>,
    /// Where its tenant is found.
    pub tenant: Vec<Path>,
    /// `within: tenant`: its keys are unique in one tenant only, and its identity is `tenant/key`.
    pub within_tenant: bool,
    /// How its owner is known.
    pub owner: Option<OwnerRule>,
    /// Where the server declares its state.
    pub state: Vec<Path>,
    /// Attributes in order of declaration.
    pub attributes: Vec<ObjectAttribute>,
    /// Type it belongs to, and where the parent's key is found.
    pub parent: Option<(ObjectTypeId, Vec<Path>)>,
    /// What its objects are, where no exchange shows them by a key.
    pub built_in: Option<BuiltIn>,
}

/// What a lifecycle may run over beside business objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltIn {
    /// A spell of one actor's activity.
    Session,
    /// Everything that a principal does.
    Actor,
    /// What an agent does in one go: an MCP session, calls that hand on a state, a trace, a conversation.
    Run,
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [BuiltIn; 3] = [BuiltIn::Session, BuiltIn::Actor, BuiltIn::Run];

    /// Its name in a model.
    pub fn as_str(self) -> &'static str {
        match self {
            BuiltIn::Session => "session",
            BuiltIn::Actor => "actor",
            BuiltIn::Run => "run",
        }
    }
}

impl ObjectType {
    /// The key as exchanges show it, of an object's identity.
    pub fn own_key<'a>(&self, key: &'a str) -> &'a str {
        // A tenant has no slash left in it, so that the first one ends it.
        if self.within_tenant { key.split_once('/').map_or(key, |(_, own)| own) } else { key }
    }
}

/// How an object's owner is known.
#[derive(Clone, Debug)]
pub struct OwnerRule {
    /// Only this activity (accepted) sets it; any exchange when `None`.
    pub set_by: Option<ActivityId>,
    /// `actor.principal`, or a path of the exchange.
    pub value: Path,
}

/// A named attribute of an object type.
#[derive(Clone, Debug)]
pub struct ObjectAttribute {
    /// Name, e.g. `total`.
    pub name: Arc<str>,
    /// How its value is known.
    pub value: AttributeRule,
}

/// How an object attribute's value is known.
#[derive(Clone, Debug)]
pub enum AttributeRule {
    /// Expression over the exchange; the latest known value holds.
    Exchange(Expression),
    /// Sum of an activity's attribute over the object's accepted events.
    Sum {
        /// The activity.
        activity: ActivityId,
        /// Its attribute.
        attribute: Arc<str>,
    },
}

/// A business step.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Name, e.g. `pay`.
    pub name: Arc<str>,
    /// API calls that perform it; any of them. Empty when it can only be matched in ways that are not supported yet.
    pub matchers: Vec<Matcher>,
    /// No call performs it (`unseen: true`): the server takes it by itself, at any time.
    pub unseen: bool,
    /// Object types it touches, the first being what it is about; with their own key paths where given.
    pub objects: Vec<ActivityObject>,
    /// It never moves a state.
    pub read: bool,
    /// Acceptance where the status does not say it.
    pub ok: Option<Expression>,
    /// Attributes of its events.
    pub attributes: Vec<(Arc<str>, Expression)>,
    /// Its amounts may have either sign (`signed: true`): corrections, credit notes.
    pub signed: bool,
    /// Where its idempotency key is.
    pub idempotency: Option<Path>,
    /// Credentials it binds when accepted: credential path -> subject path.
    pub bind: Vec<(Path, Path)>,
    /// One event for each value of this path (bulk calls).
    pub each: Option<Path>,
}

impl Activity {
    /// Whether it can only be seen inside the bodies of requests.
    pub fn is_inside_bodies(&self) -> bool {
        !self.matchers.is_empty() && self.matchers.iter().all(|matcher| matcher.call.is_some())
    }
}

/// An object that an activity touches.
#[derive(Clone, Debug)]
pub struct ActivityObject {
    /// Its type.
    pub object_type: ObjectTypeId,
    /// Key paths given at the activity, over those of the type.
    pub key: Vec<Path>,
}

/// One API call that performs an activity.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// Request method; `None` for any.
    pub method: Option<Arc<str>>,
    /// Path template split at `/`: `orders`, `{orderId}`, `payment`; empty where `call` is given.
    pub template: Vec<Segment>,
    /// Host pattern with `*`.
    pub host: Option<Arc<str>>,
    /// A call inside the request's body instead of a method and path.
    pub call: Option<CallMatcher>,
    /// Condition over the request.
    pub condition: Option<Expression>,
}

/// A call inside a body: `graphql: {mutation: addPaymentToOrder}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMatcher {
    /// `graphql`, `jsonrpc`, `mcp`, `a2a` or `websocket`.
    pub protocol: &'static str,
    /// What sort of call, in the model's words: `mutation`, `tool`, `method`.
    pub kind: &'static str,
    /// Name of the field, tool or method.
    pub name: Arc<str>,
}

impl std::fmt::Display for CallMatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.protocol, self.kind) {
            ("mcp" | "a2a", "method") => write!(f, "{} {}", self.protocol, self.name),
            (protocol, kind) => write!(f, "{protocol} {kind} {}", self.name),
        }
    }
}

/// One segment of a path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Literal text.
    Literal(Arc<str>),
    /// A named parameter that takes one segment.
    Parameter(Arc<str>),
    /// Parameters that are parts of one segment.
    Pattern(Pattern),
    /// `**`: takes the rest.
    Rest,
}

impl Segment {
    /// Names of its parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Arc<str>> {
        let pieces = match self {
            Segment::Pattern(pattern) => pattern.pieces(),
            Segment::Literal(_) | Segment::Parameter(_) | Segment::Rest => &[],
        };
        let whole = match self {
            Segment::Parameter(name) => Some(name),
            _ => None,
        };
        whole.into_iter().chain(pieces.iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(name),
            Piece::Literal(_) => None,
        }))
    }
}

/// The paths that a template takes, in one text: parameters go by place, not by name.
pub(in crate::model) fn shape(template: &[Segment]) -> String {
    let mut out = String::new();
    for segment in template {
        out.push('/');
        match segment {
            Segment::Literal(text) => out.push_str(text),
            Segment::Parameter(_) => out.push_str("{}"),
            Segment::Pattern(pattern) => out.extend(pattern.pieces().iter().map(|piece| match piece {
                Piece::Literal(text) => text,
                Piece::Parameter(_) => "{}",
            })),
            Segment::Rest => out.push_str("**"),
        }
    }
    out
}

impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Segment::Literal(text) => f.write_str(text),
            Segment::Parameter(name) => write!(f, "{{{name}}}"),
            Segment::Pattern(pattern) => pattern.fmt(f),
            Segment::Rest => f.write_str("**"),
        }
    }
}

/// A rule across events.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Its id in the file.
    pub id: Arc<str>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Applies only where this holds, at the judged event.
    pub condition: Option<Expression>,
    /// Severity given in the file.
    pub severity: Option<Severity>,
    /// Which part of the business it speaks of, where that has rules of its own.
    pub family: Option<Family>,
}

/// A part of the business whose breaches have names of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Stock and what is reserved of it.
    Inventory,
    /// Services that are turned on and off.
    Provisioning,
    /// Plans that are paid for.
    Subscription,
    /// Trials that cost nothing.
    Trial,
    /// Other companies' systems: what they send, and until when they may.
    Partner,
    /// Tools of agents: from where to where data may flow.
    Tools,
    /// What somebody empowered an agent to pay.
    Mandate,
    /// Changes of the workflow itself.
    Change,
    /// Records of what was done.
    Audit,
    /// Means of payment, devices and addresses that tell accounts apart.
    Means,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 10] = [
        Family::Inventory,
        Family::Provisioning,
        Family::Subscription,
        Family::Trial,
        Family::Partner,
        Family::Tools,
        Family::Mandate,
        Family::Change,
        Family::Audit,
        Family::Means,
    ];

    /// Name used in models.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Inventory => "inventory",
            Family::Provisioning => "provisioning",
            Family::Subscription => "subscription",
            Family::Trial => "trial",
            Family::Partner => "partner",
            Family::Tools => "tools",
            Family::Mandate => "mandate",
            Family::Change => "change",
            Family::Audit => "audit",
            Family::Means => "means",
        }
    }
}

/// What a constraint demands.
#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// An accepted `activity` before each accepted `before`, per object.
    Require {
        /// The activity that must come first (often an approval).
        activity: ActivityId,
        /// The activity that needs it.
        before: ActivityId,
        /// Object type they share.
        per: ObjectTypeId,
        /// Kind of actor that must have done it.
        kind: Option<Arc<str>>,
        /// Longest age in microseconds.
        max_age: Option<i64>,
        /// Attributes (`refund.amount`) that may not change in between.
        unchanged: Vec<Path>,
    },
    /// Different principals for these activities, per object.
    DistinctPersons {
        /// The activities.
        activities: Vec<ActivityId>,
        /// Object type they share.
        per: ObjectTypeId,
    },
    /// Holds after every accepted event of the case.
    Always(Expression),
    /// Sum of an attribute over a sliding window stays at or under a limit.
    WindowSum {
        /// What is summed: an event or object attribute.
        value: Path,
        /// Events that count.
        activity: ActivityId,
        /// Group: objects and actor fields.
        by: Vec<Path>,
        /// Width in microseconds.
        window: i64,
        /// Limit, inclusive.
        max: Limit,
        /// An accepted event of this activity in the group's object lifts the limit.
        unless: Option<ActivityId>,
    },
    /// Number of events in a sliding window stays at or under a limit.
    WindowCount {
        /// Events that count.
        activity: ActivityId,
        /// Those of the same object that end what an event began: then it counts no more.
        until: Vec<ActivityId>,
        /// Different values of this count, rather than events.
        distinct: Option<Path>,
        /// Group: objects and actor fields (`actor` = the principal).
        by: Vec<Path>,
        /// Width in microseconds.
        window: i64,
        /// Limit, inclusive.
        max: u64,
    },
    /// Never accepted after another, per object.
    Never {
        /// The forbidden activity.
        activity: ActivityId,
        /// The one that forbids it.
        after: ActivityId,
        /// Those that allow it again.
        until: Vec<ActivityId>,
        /// Object type they share.
        per: ObjectTypeId,
    },
    /// Two paths have the same value at these activities.
    Same {
        /// Left side, e.g. `actor.principal`.
        left: Path,
        /// Right side, e.g. `order.owner`.
        right: Path,
        /// Activities that are judged; `None` for any that touches the object.
        activities: Option<Vec<ActivityId>>,
        /// Actors with one of these roles are exempt.
        unless_role: Vec<Arc<str>>,
    },
    /// Only within these hours.
    Hours {
        /// Activity that is judged.
        activity: ActivityId,
        /// When it is allowed.
        schedule: Schedule,
    },
}

/// A limit of a window sum.
#[derive(Clone, Debug)]
pub enum Limit {
    /// A bare number.
    Number(Decimal),
    /// An amount of one currency.
    Money(Money),
}

/// Weekly opening hours in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// As written, e.g. `Mon-Fri 07:00-20:00 Europe/Paris`.
    pub text: Arc<str>,
    /// Days, Monday first.
    pub days: [bool; 7],
    /// First minute of the day, inclusive.
    pub from_minute: u16,
    /// Last minute of the day, exclusive; up to 1440.
    pub to_minute: u16,
    /// IANA time zone name.
    pub zone: Arc<str>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth fixing.
    Medium,
    /// Harm is likely.
    High,
    /// Harm is done or certain.
    Critical,
}

impl Severity {
    /// Name used in outputs and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How traffic is compared with the model.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// Whether an object first seen mid-life may be in any state (`any`) or must be new (`initial`).
    pub first_seen_any: bool,
    /// Microseconds within which events of different sensors have no order.
    pub clock_skew: i64,
    /// Whether events of one clock tick commute.
    pub ties_commute: bool,
    /// Microseconds after a step within which its repeat may be a retry, where the source hides the idempotency key.
    pub retry_window: i64,
    /// Microseconds after a step for which an answer may still show the state before it.
    pub state_lag: i64,
    /// Microseconds of silence that end a session.
    pub session_gap: i64,
}

impl Default for CheckOptions {
    fn default() -> Self {
        CheckOptions {
            first_seen_any: true,
            clock_skew: 2_000_000,
            ties_commute: true,
            // Clients try again within seconds or minutes; a job that was restarted, within the hour.
            retry_window: 3_600_000_000,
            // Replicas and read models follow within a second or two; a person who looks again sees the new state.
            state_lag: 5_000_000,
            // The usual idle time-out of web sessions.
            session_gap: 30 * 60 * 1_000_000,
        }
    }
}
