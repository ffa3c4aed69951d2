//! What comparing one case (or one window group) yields.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::laps::Laps;
use crate::event::{Event, EventId, ObjectId};

/// What was checked; one deviation kind each. `rule` gives every kind its public id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Required earlier steps are absent.
    Skip,
    /// A step came before one that should precede it.
    Order,
    /// A once-only step was accepted again.
    Repeat,
    /// The object's life began with a step that is no entry.
    Direct,
    /// No transition leads from any possible state.
    Illegal,
    /// The server declares a state that replay excludes.
    Diverge,
    /// An operation that the model does not know brought the object to another state.
    Alternative,
    /// Accepted after the end of the object's life, or after what forbids it.
    Orphan,
    /// The client wrote a state attribute.
    StateField,
    /// A required step by the required kind of actor is absent.
    ApprovalMissing,
    /// The required step came when what needs it was done.
    ApprovalLate,
    /// A service was turned on for which nobody was entitled.
    ProvisionEarly,
    /// A service was used after it was turned off.
    ProvisionResidue,
    /// What was given back was given back again.
    ReleasedTwice,
    /// Something was taken of which none was left.
    Oversold,
    /// A plan was raised that nobody had paid for.
    SelfUpgrade,
    /// A plan was begun and undone time and again.
    PlanCycle,
    /// A trial was begun again.
    TrialAgain,
    /// More was held at once than one may hold.
    Hoarded,
    /// A partner's message answers nothing that was asked.
    CallbackUnasked,
    /// A partner came after the end of the relation.
    PartnerEnded,
    /// An agent's tool took data to where it may not go.
    ToolFlow,
    /// An agent paid, and nobody had empowered it to.
    MandateMissing,
    /// An agent paid again by a mandate that was for one payment.
    MandateReused,
    /// One person changed the workflow and put it in force.
    ChangeUnreviewed,
    /// Something was done that left no record.
    RecordMissing,
    /// One card, device or address is of many accounts.
    MeansShared,
    /// The requester approved.
    ApprovalSelf,
    /// The required step is too old.
    ApprovalStale,
    /// What was approved changed afterwards.
    ApprovalChanged,
    /// One person did two duties that must be apart.
    Duties,
    /// A sum left its bound.
    Conserve,
    /// Parts under a limit add up to more than it.
    Split,
    /// One idempotency key or single-use step took effect twice with different content.
    Replay,
    /// Overlapping calls on one object both took effect.
    Race,
    /// Identifiers, amounts or parties disagree between steps.
    Mismatch,
    /// The client sent an amount below zero.
    Negative,
    /// A business rule of the model is false.
    Guard,
    /// The actor does not own the object.
    Owner,
    /// Actor and object belong to different tenants.
    Tenant,
    /// One request names two tenants.
    TenantMix,
    /// The actor's role may not do this.
    Role,
    /// More events in a window than allowed.
    Volume,
    /// Somebody else's object was used by its id, which no answer had given.
    Unlearned,
    /// Many ids that no answer had given were tried.
    Enumeration,
    /// An agent used a tool or did a step that it was not given leave for, or that was not offered to it.
    AgentTool,
    /// An agent spent more or called more often than it was given leave for.
    AgentLimit,
    /// More agents act for each other than may.
    AgentChain,
    /// An agent reached what the person for whom it acts may not.
    DelegatedScope,
    /// An agent reached an object of another tenant than the person's for whom it acts.
    DelegatedTenant,
    /// An agent did what a person has to agree to first.
    HumanMissing,
    /// The person's word came with the agent's credential.
    HumanAgent,
    /// The person's word came sooner than anybody reads.
    HumanFast,
    /// One person agreed to more than anybody reads.
    HumanBatch,
    /// Headers name another call than the body makes.
    HeaderMismatch,
    /// A tool is not what the same user was told before.
    ToolChanged,
    /// Two clients used one credential in turns.
    Concurrent,
    /// A login was taken after a burst of failed ones.
    FailedThenIn,
    /// A credential was taken after its end.
    Reused,
    /// Several programs use one key.
    SharedKey,
    /// A grave step from where the actor was never seen.
    NewContext,
    /// A URL holds a credential.
    UrlCredential,
    /// A token lives longer than it should.
    LongLived,
    /// A token that nobody signed was taken.
    Unsigned,
    /// A URL holds personal data.
    UrlPersonal,
    /// Steps follow each other faster than people take them.
    Pace,
    /// Many accounts walk alike.
    Clones,
    /// Somebody uses a service's account in a browser.
    HumanUse,
    /// A stretch without requests.
    Hole,
    /// Retries without measure.
    RetryStorm,
    /// A credential went in the clear.
    Plain,
    /// A token served after its own end.
    TokenExpired,
    /// Software wrote by a person's token that names no software.
    AgentUnnamed,
    /// A token that was given for another one is good for more.
    ScopeWidened,
    /// A service's writes carry no id that tells them in other records.
    Uncorrelated,
    /// Another run had nothing of it.
    DriftNew,
    /// Another run had it.
    DriftGone,
    /// It is rarer or commoner than in another run.
    DriftFrequency,
    /// A constraint is broken more or less often than in another run.
    DriftGuard,
    /// Others do it than in another run.
    DriftActor,
    /// More actors do what the model does not know than in another run.
    DriftUnmodelled,
    /// Something changed, and nobody said that it would.
    ChangeUnplanned,
    /// The model was no more in force.
    ChangeModel,
    /// A program whose work is another administers.
    AdminUse,
    /// An answer that can be asked for again holds a secret.
    BodySecret,
    /// The clocks of an input and of a server differ.
    ClockSkew,
    /// A credential is taken in two environments.
    EnvironmentMix,
    /// Failures of a step set in.
    Failing,
    /// Several people use one account.
    IdentityShared,
    /// A credential is used long after it was issued.
    KeyAge,
    /// One key is for many systems.
    KeyWide,
    /// A key stays the same for long.
    NotRotated,
    /// A program may do what it never does.
    ScopeUnused,
    /// An hour has far more of a step than is usual.
    Spike,
    /// A token is good for everything.
    Wildcard,
    /// One route refuses what another to the same lets through.
    Unequal,
    /// A sort of actor took a route that only others took.
    FirstUse,
    /// A route that no document describes leads to what a described one leads to.
    ShadowRoute,
    /// A route is used that should be gone.
    OlderRoute,
    /// A request names one thing twice, by different values.
    Polluted,
    /// A client wrote what is not a client's to write.
    MemberWritten,
    /// A client left out what all others send, and was let through.
    MemberMissing,
    /// An answer holds what others are not given.
    MemberRead,
    /// An object stays after a step after which others go on.
    Stuck,
    /// An actor was sent far more than is usual.
    Volumes,
    /// A partner did what its contract does not name.
    PartnerScope,
    /// Somebody acted after all of it was to have stopped.
    KilledActs,
    /// Two servers have a tool of one name, or one that nobody declared is called.
    ToolShadowed,
    /// A chain of agents comes back to one that is in it.
    AgentLoop,
    /// Services call each other in a circle.
    CallLoop,
    /// A call was made in one that nobody recorded.
    ParentUnseen,
}

impl Check {
    /// Whether nothing can be said about it without an intended model.
    pub fn needs_model(self) -> bool {
        !matches!(self, Check::Replay | Check::Orphan)
            && !self.reads_ledger()
            && !self.reads_courses()
            && !self.is_of_agents_talk()
            && !self.is_noted()
            && !self.is_drift()
    }

    /// Whether it is told by comparing two runs, and by nothing within one.
    pub fn is_drift(self) -> bool {
        use Check::{
            ChangeModel, ChangeUnplanned, DriftActor, DriftFrequency, DriftGone, DriftGuard, DriftNew, DriftUnmodelled,
        };
        matches!(
            self,
            DriftNew
                | DriftGone
                | DriftFrequency
                | DriftGuard
                | DriftActor
                | DriftUnmodelled
                | ChangeUnplanned
                | ChangeModel
        )
    }

    /// Whether it is judged by what agents and servers say to each other.
    pub fn is_of_agents_talk(self) -> bool {
        use Check::{AgentTool, HeaderMismatch, HumanAgent, HumanBatch, HumanFast, ToolChanged};
        matches!(self, AgentTool | HumanAgent | HumanFast | HumanBatch | HeaderMismatch | ToolChanged)
    }

    /// Whether it is judged by what one actor, credential or address did over time.
    pub fn reads_courses(self) -> bool {
        super::course::CHECKS.contains(&self)
    }

    /// Whether it is judged by what is noted of all events, whatever their cases and the model.
    pub fn is_noted(self) -> bool {
        use Check::{AgentLoop, AgentUnnamed, ScopeWidened, TokenExpired, ToolShadowed, Uncorrelated};
        matches!(self, TokenExpired | AgentUnnamed | ScopeWidened | Uncorrelated | ToolShadowed | AgentLoop)
    }

    /// Whether it says that something was not there. What is seen to be present needs no complete capture.
    pub fn rests_on_absence(self) -> bool {
        use Check::{
            Alternative, ApprovalMissing, ApprovalStale, Direct, Diverge, HumanAgent, HumanMissing, Illegal, Order,
            Orphan, Skip,
        };
        let check = self.general();
        let of_life = matches!(check, Skip | Order | Direct | Illegal | Diverge | Alternative | Orphan);
        of_life || matches!(check, ApprovalMissing | ApprovalStale | HumanMissing | HumanAgent)
    }

    /// Whether it is judged by the ledger of ids.
    pub fn reads_ledger(self) -> bool {
        matches!(self, Check::Unlearned | Check::Enumeration)
    }
}

/// One mismatch of one case.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// What kind.
    pub check: Check,
    /// Root object of the case, where the deviation is within one.
    pub case: Option<ObjectId>,
    /// The object it is about.
    pub object: Option<ObjectId>,
    /// The deviating event, one of `events`.
    pub at: EventId,
    /// Evidence in time order: the deviating event and those that it is judged against.
    pub events: Vec<Event>,
    /// Constraint id, where a constraint was broken.
    pub constraint: Option<Arc<str>>,
    /// Severity that the model gives the constraint.
    pub severity: Option<crate::model::Severity>,
    /// What the model expects: activities, states or values, in order.
    pub expected: Vec<Arc<str>>,
    /// What was seen instead, in order.
    pub observed: Vec<Arc<str>>,
    /// States possible before the deviating event.
    pub states: Vec<Arc<str>>,
    /// Whether the event led to a state that the model marks restricted.
    pub restricted: bool,
    /// Whether the effect was seen: the server declared the new state, or later steps built on it.
    pub moved: bool,
    /// Whether a later compensating event undid it.
    pub corrected: bool,
    /// How certain the order of events is, 0 to 1.
    pub order_certainty: f32,
    /// How complete the capture is around it, 0 to 1.
    pub completeness: f32,
    /// Whether the object was not seen from its beginning, so that an earlier step may be the wrong one.
    pub mid_life: bool,
    /// What else makes it less than certain.
    pub doubt: Option<Doubt>,
}

/// A reason why a deviation is less than certain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt {
    /// Confidence at most, 0 to 1.
    pub at_most: f32,
    /// Why, in words that complete "the confidence is no more because ...".
    pub because: &'static str,
}

impl Doubt {
    /// A bound with its reason.
    pub(super) fn new(at_most: f32, because: &'static str) -> Doubt {
        Doubt { at_most, because }
    }

    /// The graver of two.
    pub(super) fn graver(a: Option<Doubt>, b: Option<Doubt>) -> Option<Doubt> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at_most < a.at_most { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// How often a check was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Decided, either way.
    pub evaluated: u64,
    /// Decided against.
    pub violated: u64,
    /// Could not be decided from what the source shows.
    pub not_evaluable: u64,
    /// Of those that were decided, the ones that could only be found fine: had they been wrong, it would not have been
    /// seen.
    pub assured: u64,
    /// Of these and of what could not be decided, the ones where something may have gone unseen in between.
    pub unseen: u64,
    /// Of what could not be decided, what is about things that nobody else was seen with.
    pub nobodys: u64,
}

/// Tallies by check and source format; sums commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies(pub BTreeMap<(Check, &'static str), Tally>);

impl Tallies {
    /// Counts one decision: `Some(true)` violated, `Some(false)` fine, `None` not evaluable.
    pub fn count(&mut self, check: Check, source: &'static str, violated: Option<bool>) {
        let tally = self.0.entry((check, source)).or_default();
        match violated {
            Some(violated) => {
                tally.evaluated += 1;
                tally.violated += u64::from(violated);
            }
            None => tally.not_evaluable += 1,
        }
    }

    /// Counts decisions that it is fine, and what was not evaluable.
    pub fn count_many(&mut self, check: Check, source: &'static str, fine: u64, not_evaluable: u64) {
        let tally = self.0.entry((check, source)).or_default();
        tally.evaluated += fine;
        tally.not_evaluable += not_evaluable;
    }

    /// Adds what was counted elsewhere.
    pub fn add_tally(&mut self, check: Check, source: &'static str, tally: Tally) {
        self.add(&Tallies(BTreeMap::from([((check, source), tally)])));
    }

    /// Counts a decision that it is fine.
    pub fn count_fine(&mut self, check: Check, source: &'static str) {
        self.count(check, source, Some(false));
    }

    /// Counts a decision that could only be fine: what would be wrong cannot be told from what was not seen.
    pub fn count_assured(&mut self, check: Check, source: &'static str) {
        self.count(check, source, Some(false));
        self.0.entry((check, source)).or_default().assured += 1;
    }

    /// Notes of the last decision that it hung on what may have gone unseen.
    pub fn note_unseen(&mut self, check: Check, source: &'static str) {
        self.0.entry((check, source)).or_default().unseen += 1;
    }

    /// Notes of what could not be decided how much is about things that nobody else was seen with.
    pub fn note_nobodys(&mut self, check: Check, source: &'static str, count: u64) {
        self.0.entry((check, source)).or_default().nobodys += count;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Tallies) {
        for (key, tally) in &other.0 {
            let sum = self.0.entry(*key).or_default();
            sum.evaluated += tally.evaluated;
            sum.violated += tally.violated;
            sum.not_evaluable += tally.not_evaluable;
            sum.assured += tally.assured;
            sum.unseen += tally.unseen;
            sum.nobodys += tally.nobodys;
        }
    }
}

/// Parts that one trace's fitness is counted in.
const MILLION: u64 = 1_000_000;

/// Conformance figures; numerators and denominators, so that partial results add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Object lives replayed.
    pub traces: u64,
    /// Of these, without any deviation of their lifecycle.
    pub fitting_traces: u64,
    /// Of these, not decided (budget or unknowns).
    pub undecided_traces: u64,
    /// Lives beside these of which no step is certain.
    pub uncertain_lives: u64,
    /// Skipped and extra steps over the optimal alignments of all decided traces.
    pub alignment_moves: u64,
    /// Worst case of `alignment_moves`: events plus the shortest model path of each of these traces.
    pub alignment_denominator: u64,
    /// 1 minus moves over their worst case, each decided trace by itself and added up, in millionths.
    pub trace_fitness: u64,
    /// Whether a budget left a trace undecided or its alignment a bound.
    pub approximate: bool,
}

impl Measures {
    /// Adds another part's figures.
    pub fn add(&mut self, other: &Measures) {
        self.traces += other.traces;
        self.fitting_traces += other.fitting_traces;
        self.undecided_traces += other.undecided_traces;
        self.uncertain_lives += other.uncertain_lives;
        self.alignment_moves += other.alignment_moves;
        self.alignment_denominator += other.alignment_denominator;
        self.trace_fitness += other.trace_fitness;
        self.approximate |= other.approximate;
    }

    /// Adds the alignment of one decided trace.
    pub(super) fn add_life(&mut self, moves: u64, worst: u64) {
        self.alignment_moves += moves;
        self.alignment_denominator += worst;
        let fitting = u128::from(worst.saturating_sub(moves)) * u128::from(MILLION);
        self.trace_fitness += u64::try_from(fitting / u128::from(worst.max(1))).unwrap_or(MILLION).min(MILLION);
    }

    /// The mean of each decided trace's fitness; `None` without any.
    pub fn average_trace_fitness(&self) -> Option<f64> {
        let decided = self.traces.saturating_sub(self.undecided_traces);
        (decided > 0).then(|| self.trace_fitness as f64 / (decided.saturating_mul(MILLION)) as f64)
    }

    /// 1 minus moves over the worst case; `None` without decided traces.
    pub fn log_fitness(&self) -> Option<f64> {
        (self.alignment_denominator > 0).then(|| 1.0 - self.alignment_moves as f64 / self.alignment_denominator as f64)
    }
}

/// Everything that comparing one case yields.
#[derive(Clone, Debug, Default)]
pub struct CaseResult {
    /// Deviations in time order.
    pub deviations: Vec<Deviation>,
    /// Decisions counted.
    pub tallies: Tallies,
    /// Figures.
    pub measures: Measures,
    /// For each event of the case, in its order: states of its first object before and after.
    pub states: Vec<StateChange>,
    /// State changes that happened, counted.
    pub moves: BTreeMap<StateMove, u64>,
    /// Steps that a check left undecided because the source hides the idempotency key that the model names; they are
    /// among the tallies' not evaluable ones.
    pub hidden_keys: BTreeMap<Check, u64>,
    /// Activity sequences of the case's objects that have a lifecycle, with whether they fit.
    pub traces: Vec<Trace>,
    /// Whether it was too large to be judged whole: what the budget did not reach counts as not evaluable.
    pub exhausted: bool,
    /// How long its parts took; empty where nobody asks.
    pub laps: Laps,
}

/// Possible states around one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChange {
    /// Before it.
    pub before: Vec<Arc<str>>,
    /// After it.
    pub after: Vec<Arc<str>>,
}

/// One kind of state change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateMove {
    /// Object type.
    pub object_type: Arc<str>,
    /// State before, `?` when several were possible.
    pub from: Arc<str>,
    /// Activity that made it.
    pub activity: Arc<str>,
    /// State after.
    pub to: Arc<str>,
    /// Whether the model declares such a transition. Who made it, and with which values, is a question of its own.
    pub allowed: bool,
    /// Whether it may be a retry that moved nothing: the source does not show enough to tell.
    pub perhaps: bool,
    /// Whether it is only one of several that explain a step, which is also counted from or to `?`.
    pub among: bool,
}

/// The accepted, non-read activities of one object in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Object type.
    pub object_type: Arc<str>,
    /// Activities.
    pub activities: Vec<Arc<str>>,
    /// Whether it fits the lifecycle; `None` when undecided.
    pub fits: Option<bool>,
}
