//! What each check rests on in a given model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Need, Shown};
use crate::compare::Check;
use crate::model::expression::{Function, Node};
use crate::model::{
    Activity, ActivityId, AttributeRule, Constraint, ConstraintKind, Delegation, Expression, Model, ObjectType,
    ObjectTypeId, Path, Root, Segment,
};

/// What a check needs of a source, by a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Without these it can never find anything.
    pub always: BTreeSet<Need>,
    /// Without these some of its decisions cannot be made.
    pub often: BTreeSet<Need>,
    /// Activities that it compares with each other on one object, and what must be shown to tell on which they were.
    pub joined: BTreeMap<Arc<str>, Option<Need>>,
    /// Activities that bring into being what it asks an earlier step of: where they are not seen on their objects, none
    /// is known to be missing.
    pub births: BTreeSet<Arc<str>>,
    /// What a source lacks that leaves it undecided, where no need says so.
    pub beside: Option<&'static str>,
    /// What is said where no roles are shown: whether the model or the source lacks them.
    pub roles: Option<String>,
}

impl Demand {
    /// All needs, those without which nothing can be found first.
    pub fn all(&self) -> impl Iterator<Item = Need> {
        self.always.iter().chain(&self.often).copied()
    }

    /// The first of some needs that the source lacks, in words: `no bodies`.
    pub fn lacking(&self, shown: &Shown, needs: impl IntoIterator<Item = Need>) -> Option<String> {
        let need = needs.into_iter().find(|need| shown.lacks(*need))?;
        let roles = self.roles.clone().filter(|_| need == Need::Roles);
        roles.or_else(|| shown.lacking([need]))
    }
}

/// What a check needs; `None` when the model asks nothing of it. Without a model, what needs none.
pub fn demand(check: Check, model: Option<&Model>) -> Option<Demand> {
    if check.is_drift() {
        return None;
    }
    let Some(model) = model else { return (!check.needs_model()).then(|| built_in(check)) };
    let reader = Reader { model };
    let demand = asked(&reader, check);
    demand.map(|mut demand| {
        let concerned = reader.concerned(check);
        let inside = concerned.iter().filter_map(|id| reader.activity(*id)).filter(|a| a.is_inside_bodies()).count();
        if inside > 0 && inside == concerned.len() {
            demand.always.insert(Need::Calls);
        } else if inside > 0 {
            demand.often.insert(Need::Calls);
        }
        demand.roles = Some(where_roles_are(model));
        demand
    })
}

/// Who does not say which roles people have: a model that names no place of them, or a source that shows none there.
fn where_roles_are(model: &Model) -> String {
    let paths: Vec<&str> = model.actors.roles_from.iter().map(|path| &*path.text).collect();
    match paths.as_slice() {
        [] => "the model does not say where roles are: `actors: {roles: {from: PATH}}`".to_owned(),
        paths => format!("no roles at `{}`, where the model looks for them", paths.join("`, `")),
    }
}

fn asked(reader: &Reader<'_>, check: Check) -> Option<Demand> {
    match check {
        Check::Replay => Some(built_in(check)),
        noted if noted.is_noted() => Some(built_in(noted)),
        Check::Skip | Check::Order | Check::Direct | Check::Illegal | Check::Orphan | Check::Repeat | Check::Race => {
            reader.lifecycle(check)
        }
        Check::Diverge | Check::Alternative | Check::StateField => reader.declared_state(check),
        Check::Role => reader.role(),
        Check::Mismatch => reader.mismatch(),
        Check::Enumeration => Some(built_in(check)),
        // Of types whose owner the model names OWN decides.
        Check::Unlearned => reader.leaves_owners_open().then(|| built_in(check)),
        Check::Negative => reader.amounts(),
        Check::TenantMix => reader.several_tenants(),
        // What agents and servers say to each other is judged as well, and needs no model.
        Check::HeaderMismatch | Check::ToolChanged => None,
        Check::AgentTool
        | Check::PartnerScope
        | Check::KilledActs
        | Check::AgentLimit
        | Check::AgentChain
        | Check::DelegatedScope
        | Check::DelegatedTenant
        | Check::HumanMissing
        | Check::HumanAgent
        | Check::HumanFast => reader.delegated(check),
        Check::HumanBatch => reader.approved(),
        _ if check.reads_courses() => Some(built_in(check)),
        _ => reader.constraints(check),
    }
}

/// What needs no model.
fn built_in(check: Check) -> Demand {
    let always = match check {
        Check::Replay => BTreeSet::from([Need::IdempotencyKey, Need::RequestBody]),
        Check::Unlearned => BTreeSet::from([Need::Identity, Need::ResponseBody]),
        Check::Enumeration => BTreeSet::from([Need::Identity]),
        Check::HeaderMismatch => BTreeSet::from([Need::Headers]),
        Check::Concurrent | Check::Reused | Check::SharedKey | Check::LongLived | Check::Unsigned => {
            BTreeSet::from([Need::Headers])
        }
        Check::Pace | Check::Clones => BTreeSet::from([Need::Clock]),
        Check::RetryStorm | Check::MemberWritten | Check::MemberMissing => BTreeSet::from([Need::RequestBody]),
        Check::TokenExpired | Check::AgentUnnamed => BTreeSet::from([Need::Headers]),
        Check::KeyAge | Check::KeyWide | Check::NotRotated | Check::Wildcard | Check::EnvironmentMix => {
            BTreeSet::from([Need::Headers])
        }
        Check::BodySecret | Check::MemberRead => BTreeSet::from([Need::ResponseBody]),
        Check::ScopeWidened => BTreeSet::from([Need::RequestBody, Need::ResponseBody]),
        _ => BTreeSet::new(),
    };
    let often = if check == Check::Replay { BTreeSet::from([Need::Identity]) } else { BTreeSet::new() };
    Demand { always, often, beside: beside(check), ..Demand::default() }
}

/// What sources lack that leave checks of courses undecided, where no need says so.
fn beside(check: Check) -> Option<&'static str> {
    Some(match check {
        Check::Concurrent | Check::SharedKey | Check::FailedThenIn | Check::NewContext | Check::Clones => {
            "no addresses of clients"
        }
        Check::Reused => "no credentials",
        Check::UrlCredential | Check::UrlPersonal => "no queries",
        Check::LongLived => "no tokens that tell their beginning and end",
        Check::Unsigned => "no tokens",
        Check::HumanUse => "no names of programs",
        Check::RetryStorm => "no bodies",
        Check::Plain => "the wire was not captured",
        Check::IdentityShared => "no addresses of clients",
        Check::KeyAge | Check::NotRotated | Check::KeyWide | Check::EnvironmentMix => "no credentials",
        Check::Wildcard => "no tokens",
        Check::Volumes => "no sizes of answers",
        Check::Polluted => "the route may take several of an id",
        _ => return None,
    })
}

struct Reader<'m> {
    model: &'m Model,
}

impl Reader<'_> {
    fn lifecycle(&self, check: Check) -> Option<Demand> {
        let mut demand = Demand::default();
        if self.model.lifecycles.iter().all(|l| l.transitions.is_empty()) {
            // Use after a `DELETE` is judged without a lifecycle.
            return (check == Check::Orphan).then_some(demand);
        }
        let steps = self.model.lifecycles.iter().flat_map(|l| l.transitions.iter().map(move |t| (t, l.object_type)));
        for (transition, object_type) in steps {
            demand.often.extend(self.key_of(transition.activity, object_type));
            demand.often.extend(self.scope_of(object_type));
            // Which of several moves a step was may hang on a condition: where that is hidden, a skipped step is.
            let guard =
                transition.when.as_ref().filter(|_| matches!(check, Check::Skip | Check::Order | Check::Direct));
            guard.into_iter().for_each(|guard| self.expression(guard, &mut demand.often));
            let keyed = self.activity(transition.activity).is_some_and(|a| a.idempotency.is_some());
            if keyed && matches!(check, Check::Repeat | Check::Race) {
                // Without the key a repetition may be a retry.
                demand.often.insert(Need::IdempotencyKey);
            }
        }
        if check == Check::Race {
            demand.always.insert(Need::Duration);
        }
        Some(demand)
    }

    /// What clients say is paid, and how many there are.
    fn amounts(&self) -> Option<Demand> {
        let sent: Vec<&Path> = self.model.activities.iter().flat_map(Activity::amounts).map(|(_, path)| path).collect();
        if sent.is_empty() {
            return None;
        }
        let needs: BTreeSet<Need> = sent.iter().filter_map(|path| exchange(path)).collect();
        // Where one of them is in the address, something can be found all the same.
        let always = if sent.iter().all(|path| exchange(path).is_some()) { needs.clone() } else { BTreeSet::new() };
        Some(Demand { always, often: needs, ..Demand::default() })
    }

    fn declared_state(&self, check: Check) -> Option<Demand> {
        let governed = |t: &&ObjectType| {
            let id = self.model.object_type(&t.name);
            check == Check::StateField || id.is_some_and(|id| self.model.lifecycle_of(id).is_some())
        };
        let types = self.model.object_types.iter().filter(|t| !t.state.is_empty()).filter(governed);
        let states: Vec<&Path> = types.flat_map(|t| &t.state).collect();
        if states.is_empty() {
            return None;
        }
        let always = match check {
            Check::StateField => BTreeSet::from([Need::RequestBody]),
            _ => states.into_iter().filter_map(exchange).collect(),
        };
        let scoped = self.model.object_types.iter().any(|t| t.within_tenant && !t.state.is_empty());
        Some(Demand { always, often: scoped.then_some(Need::Scope).into_iter().collect(), ..Demand::default() })
    }

    /// Approvals that persons are asked for, by delegations or constraints.
    fn approved(&self) -> Option<Demand> {
        let by_person = |constraint: &&Constraint| matches!(&constraint.kind, ConstraintKind::Require { kind: Some(kind), .. } if &**kind == "human");
        let mut demand = self.delegated(Check::HumanBatch);
        if self.model.constraints.iter().any(|constraint| by_person(&constraint)) {
            let Demand { always, often, .. } = demand.get_or_insert_with(Demand::default);
            always.insert(Need::Identity);
            often.insert(Need::Kind);
        }
        demand
    }

    /// What the delegations ask of a check.
    fn delegated(&self, check: Check) -> Option<Demand> {
        let asks = |delegation: &&Delegation| {
            let Delegation { partner, stopped, tools, activities, limits, inherit, approval, .. } = delegation;
            match check {
                Check::AgentTool => !partner && (tools.is_given() || activities.is_given()),
                Check::PartnerScope => *partner && (tools.is_given() || activities.is_given()),
                Check::KilledActs => stopped.is_some(),
                Check::AgentLimit => limits.per_event.is_some() || limits.per_day.is_some() || limits.calls.is_some(),
                Check::AgentChain => limits.depth.is_some(),
                Check::DelegatedScope => inherit.owner || inherit.roles,
                Check::DelegatedTenant => inherit.tenant,
                _ => approval.is_some(),
            }
        };
        let mut demand = None;
        for delegation in self.model.delegations.iter().filter(asks) {
            let Demand { always, often, .. } = demand.get_or_insert_with(Demand::default);
            let by_agent = !delegation.partner && check != Check::KilledActs;
            always.insert(if by_agent { Need::Agents } else { Need::Identity });
            self.expression(&delegation.when, often);
            match check {
                Check::AgentTool | Check::PartnerScope if delegation.tools.is_given() => _ = often.insert(Need::Calls),
                Check::AgentLimit => {
                    let spends = |id: &ActivityId| self.activity(*id).into_iter().flat_map(|a| &a.attributes);
                    let read = delegation.limits.amounts.iter().flat_map(|(id, name)| {
                        spends(id).filter(move |(own, _)| own == name).flat_map(|(_, amount)| amount.paths())
                    });
                    often.extend(read.filter_map(exchange));
                }
                Check::DelegatedTenant => _ = always.insert(Need::Tenant),
                Check::DelegatedScope if delegation.inherit.roles => _ = often.insert(Need::Roles),
                Check::HumanMissing | Check::HumanAgent | Check::HumanFast | Check::HumanBatch => {
                    let approval = delegation.approval.iter();
                    approval.for_each(|approval| self.constraint(check, approval, demand.get_or_insert_default()));
                }
                _ => {}
            }
        }
        demand
    }

    /// Two places of which the model reads the tenant.
    /// Whether the model has objects whose owner it does not name.
    fn leaves_owners_open(&self) -> bool {
        self.model.object_types.iter().any(|kind| !self.model.tells_owner(kind) && kind.built_in.is_none())
    }

    fn several_tenants(&self) -> Option<Demand> {
        let asked = self.model.actors.tenant.len() > 1;
        asked.then(|| Demand { always: BTreeSet::from([Need::Tenant]), ..Demand::default() })
    }

    fn role(&self) -> Option<Demand> {
        let transitions = || self.model.lifecycles.iter().flat_map(|l| &l.transitions);
        let listed = transitions().any(|t| !t.by.is_empty());
        if !listed && transitions().all(|t| t.kind.is_none()) {
            return None;
        }
        let mut told = BTreeSet::new();
        for transition in transitions() {
            let entry = |name: &Arc<str>| match name {
                name if &**name == "agent" => None,
                name if name.contains(':') || self.model.actors.is_kind(name) => Some(Need::Kind),
                _ => Some(Need::Roles),
            };
            told.extend(transition.by.iter().filter_map(entry));
            told.extend(transition.kind.as_ref().map(|_| Need::Kind));
        }
        let mut demand = Demand { always: BTreeSet::from([Need::Identity]), ..Demand::default() };
        demand.often.extend(self.model.lifecycles.iter().filter_map(|l| self.scope_of(l.object_type)));
        // Where steps are told apart by both, kinds decide some without roles.
        let first = told.take(&Need::Roles).or_else(|| told.pop_first());
        demand.always.extend(first);
        demand.often.extend(told);
        Some(demand)
    }

    /// Two names for one object in a request, values that a guard or constraint wants to be equal.
    fn mismatch(&self) -> Option<Demand> {
        let asked = |path: &&Path| matches!(path.root, Root::PathParameter | Root::Query | Root::RequestBody);
        let mut demand = self.constraints(Check::Mismatch);
        // What each way to disagree needs: without what all of them need there is nothing to compare anywhere.
        let mut ways: Vec<BTreeSet<Need>> = demand.iter().map(|demand| demand.all().collect()).collect();
        for object_type in self.model.object_types.iter().filter(|t| t.key.iter().filter(asked).count() > 1) {
            let (told, hidden): (Vec<_>, Vec<_>) =
                object_type.key.iter().filter(asked).map(exchange).partition(Option::is_none);
            let needs: BTreeSet<Need> = hidden.into_iter().flatten().collect();
            ways.push(if told.len() > 1 { BTreeSet::new() } else { needs.clone() });
            demand.get_or_insert_with(Demand::default).often.extend(needs);
        }
        let guards = self.model.lifecycles.iter().flat_map(|l| &l.transitions).filter_map(|t| t.when.as_ref());
        for guard in guards.filter(|g| g.paths().iter().any(|p| matches!(p.root, Root::Object(_)))) {
            let mut needs = BTreeSet::new();
            self.expression(guard, &mut needs);
            demand.get_or_insert_with(Demand::default).often.extend(needs.iter().copied());
            ways.push(needs);
        }
        let mut demand = demand?;
        let shared = ways.into_iter().reduce(|all, way| all.intersection(&way).copied().collect());
        demand.always.extend(shared.into_iter().flatten());
        Some(demand)
    }

    /// The constraints, and for guards the lifecycles, that a check reports about.
    fn constraints(&self, check: Check) -> Option<Demand> {
        let mut demand = None;
        // A delegation's approval may be bound as well; that it is missing is reported as its own.
        let approvals = self.model.delegations.iter().filter_map(|delegation| delegation.approval.as_ref());
        let approvals = approvals.filter(|_| matches!(check, Check::ApprovalStale | Check::ApprovalChanged));
        for constraint in self.model.constraints.iter().chain(approvals) {
            if reports(self.model, constraint, check) {
                self.constraint(check, constraint, demand.get_or_insert_with(Demand::default));
            }
        }
        if check == Check::Guard {
            let transitions = || self.model.lifecycles.iter().flat_map(|l| &l.transitions);
            for guard in transitions().filter_map(|t| t.when.as_ref()) {
                self.expression(guard, &mut demand.get_or_insert_with(Demand::default).often);
            }
            if transitions().any(|t| t.within.is_some()) {
                demand.get_or_insert_with(Demand::default);
            }
        }
        demand
    }

    /// The activities that a check judges, or judges others by.
    fn concerned(&self, check: Check) -> BTreeSet<ActivityId> {
        let transitions = || self.model.lifecycles.iter().flat_map(|l| &l.transitions);
        let mut concerned = BTreeSet::new();
        for constraint in self.model.constraints.iter().filter(|c| reports(self.model, c, check)) {
            match &constraint.kind {
                ConstraintKind::Require { activity, before, .. } => concerned.extend([*activity, *before]),
                ConstraintKind::DistinctPersons { activities, .. } => concerned.extend(activities),
                ConstraintKind::Never { activity, after, until, .. } => {
                    concerned.extend([activity, after].into_iter().chain(until));
                }
                ConstraintKind::Same { activities: Some(activities), .. } => concerned.extend(activities),
                ConstraintKind::WindowCount { activity, until, .. } => {
                    concerned.extend(std::iter::once(activity).chain(until));
                }
                ConstraintKind::WindowSum { activity, .. } | ConstraintKind::Hours { activity, .. } => {
                    _ = concerned.insert(*activity)
                }
                ConstraintKind::Same { activities: None, .. } | ConstraintKind::Always(_) => {
                    concerned.extend(transitions().map(|t| t.activity));
                }
            }
        }
        let by_lifecycle = matches!(
            check,
            Check::Skip
                | Check::Order
                | Check::Direct
                | Check::Illegal
                | Check::Orphan
                | Check::Repeat
                | Check::Race
                | Check::Diverge
                | Check::StateField
                | Check::Role
                | Check::Mismatch
                | Check::Guard
        );
        if by_lifecycle {
            concerned.extend(transitions().map(|t| t.activity));
        }
        concerned
    }

    fn constraint(&self, check: Check, constraint: &Constraint, demand: &mut Demand) {
        let Demand { always, often, joined, births, .. } = demand;
        if let Some(condition) = &constraint.condition {
            self.expression(condition, often);
        }
        match &constraint.kind {
            ConstraintKind::Require { activity, before, per, kind, unchanged, .. } => {
                often.extend([*activity, *before].into_iter().filter_map(|a| self.key_of(a, *per)));
                often.extend(self.scope_of(*per));
                if self.model.check.first_seen_any && check != Check::ApprovalChanged {
                    births.extend(self.creators(*per));
                }
                often.extend(kind.as_ref().map(|_| Need::Identity));
                let unchanged = unchanged.iter().filter(|_| check == Check::ApprovalChanged);
                unchanged.for_each(|path| self.path(path, often));
            }
            ConstraintKind::DistinctPersons { activities, per } => {
                always.insert(Need::Identity);
                for id in activities {
                    let name = self.activity(*id).map(|a| a.name.clone());
                    joined.extend(name.map(|name| (name, self.key_of(*id, *per).or_else(|| self.scope_of(*per)))));
                }
                often.extend(self.scope_of(*per));
            }
            ConstraintKind::Always(expression) => self.expression(expression, often),
            ConstraintKind::WindowSum { value, by, activity, .. } => {
                self.path(value, often);
                by.iter().for_each(|path| self.group(path, *activity, often));
            }
            ConstraintKind::WindowCount { by, activity, distinct, .. } => {
                by.iter().chain(distinct).for_each(|path| self.group(path, *activity, often));
            }
            ConstraintKind::Never { activity, after, until, per } => {
                let steps = [activity, after].into_iter().chain(until);
                often.extend(steps.filter_map(|a| self.key_of(*a, *per)));
                often.extend(self.scope_of(*per));
            }
            ConstraintKind::Same { left, right, unless_role, .. } => {
                for path in [left, right] {
                    self.path(path, if path.root == Root::Actor { &mut *always } else { &mut *often });
                }
                often.extend((!unless_role.is_empty()).then_some(Need::Roles));
                if [left, right].into_iter().all(is_tenant) {
                    always.insert(Need::OwnTenant);
                }
            }
            ConstraintKind::Hours { .. } => {}
        }
    }

    fn activity(&self, id: ActivityId) -> Option<&Activity> {
        self.model.activities.get(usize::from(id.0))
    }

    fn object_type(&self, id: ObjectTypeId) -> Option<&ObjectType> {
        self.model.object_types.get(usize::from(id.0))
    }

    /// What must be shown to tell which object of a type an activity was on; nothing when its address says it.
    fn key_of(&self, activity: ActivityId, object_type: ObjectTypeId) -> Option<Need> {
        let activity = self.activity(activity)?;
        let own = activity.objects.iter().find(|o| o.object_type == object_type);
        let keys = match own {
            Some(own) if !own.key.is_empty() => &own.key,
            // An activity that touches no object of the type finds it through its case.
            None => return None,
            Some(_) => &self.object_type(object_type)?.key,
        };
        let addressed = |path: &Path| match path.root {
            Root::PathParameter => path.fields.first().is_some_and(|name| has_parameter(activity, name)),
            _ => exchange(path).is_none(),
        };
        if keys.iter().any(addressed) {
            return None;
        }
        // A key path of the template is of no use to an activity without it.
        keys.iter().filter(|path| path.root != Root::PathParameter).find_map(exchange)
    }

    /// The activities with which the life of an object of a type begins.
    fn creators(&self, object_type: ObjectTypeId) -> impl Iterator<Item = Arc<str>> {
        let lifecycle = self.model.lifecycle_of(object_type);
        let first = lifecycle.into_iter().flat_map(|l| l.transitions.iter().filter(|t| t.from.contains(&l.initial)));
        first.filter_map(|t| self.activity(t.activity)).map(|a| a.name.clone())
    }

    /// What must be shown to tell objects of a type apart, where their keys are unique in a tenant only.
    fn scope_of(&self, object_type: ObjectTypeId) -> Option<Need> {
        self.object_type(object_type).filter(|t| t.within_tenant).map(|_| Need::Scope)
    }

    fn group(&self, path: &Path, activity: ActivityId, into: &mut BTreeSet<Need>) {
        match path.root {
            Root::Object(object_type) if path.fields.is_empty() => {
                into.extend(self.key_of(activity, object_type).into_iter().chain(self.scope_of(object_type)));
            }
            _ => self.path(path, into),
        }
    }

    fn expression(&self, expression: &Expression, into: &mut BTreeSet<Need>) {
        expression.paths().into_iter().for_each(|path| self.path(path, into));
    }

    /// What a path of a guard or constraint is read from. Attributes are read from exchanges: two steps at most.
    fn path(&self, path: &Path, into: &mut BTreeSet<Need>) {
        match (&path.root, path.fields.last().map(|f| &**f)) {
            (Root::Actor, Some("tenant")) => {
                into.insert(Need::Tenant);
            }
            (Root::Actor, Some("roles")) => into.extend([Need::Identity, Need::Roles]),
            (Root::Actor, _) => {
                into.insert(Need::Identity);
            }
            (Root::Event, Some(name)) => {
                let attributes = self.model.activities.iter().flat_map(|a| &a.attributes);
                let named = attributes.filter(|(attribute, _)| **attribute == *name);
                into.extend(named.flat_map(|(_, expression)| expression.paths()).filter_map(exchange));
            }
            (Root::Object(object_type), Some(name)) => {
                into.extend(self.scope_of(*object_type));
                self.attribute(*object_type, path, name, into);
            }
            _ => into.extend(exchange(path)),
        }
    }

    fn attribute(&self, object_type: ObjectTypeId, path: &Path, name: &str, into: &mut BTreeSet<Need>) {
        // `order.refunds.amount` is an attribute of the child type, which the first field names.
        let child =
            path.fields.first().filter(|_| path.fields.len() > 1).and_then(|child| self.model.object_type(child));
        let Some(owner) = self.object_type(child.unwrap_or(object_type)) else { return };
        match name {
            "tenant" => into.extend(owner.tenant.iter().filter_map(exchange)),
            "owner" => {
                let Some(rule) = &owner.owner else { return };
                let set_by = rule.set_by.and_then(|a| self.key_of(a, child.unwrap_or(object_type)));
                into.extend(set_by.into_iter().chain(exchange(&rule.value)));
                into.extend((rule.value.root == Root::Actor).then_some(Need::Identity));
            }
            _ => match owner.attributes.iter().find(|a| *a.name == *name).map(|a| &a.value) {
                Some(AttributeRule::Exchange(expression)) => {
                    into.extend(expression.paths().into_iter().filter_map(exchange));
                }
                Some(AttributeRule::Sum { activity, attribute }) => {
                    let attributes = self.activity(*activity).map(|a| a.attributes.as_slice()).unwrap_or_default();
                    let summed = attributes.iter().filter(|(name, _)| name == attribute);
                    into.extend(summed.flat_map(|(_, e)| e.paths()).filter_map(exchange));
                }
                None => {}
            },
        }
    }
}

/// Whether a path is a tenant's.
fn is_tenant(path: &Path) -> bool {
    matches!(path.root, Root::Actor | Root::Object(_)) && path.fields.last().is_some_and(|field| &**field == "tenant")
}

/// Whether a constraint is reported by a check.
pub(super) fn reports(model: &Model, constraint: &Constraint, check: Check) -> bool {
    let approves = |a: &ActivityId| {
        model.constraints.iter().any(|c| matches!(&c.kind, ConstraintKind::Require { activity, .. } if activity == a))
    };
    let general = check.general();
    if check != Check::ApprovalLate && general.named_by(constraint) != check {
        return false;
    }
    match (&constraint.kind, general) {
        (ConstraintKind::Require { .. }, Check::ApprovalMissing) if check == Check::ApprovalLate => {
            constraint.family.is_none()
        }
        (ConstraintKind::Require { .. }, Check::ApprovalMissing) => true,
        (ConstraintKind::Require { max_age, .. }, Check::ApprovalStale) => max_age.is_some(),
        (ConstraintKind::Require { unchanged, .. }, Check::ApprovalChanged) => !unchanged.is_empty(),
        (ConstraintKind::DistinctPersons { activities, .. }, Check::ApprovalSelf) => activities.iter().any(approves),
        (ConstraintKind::DistinctPersons { activities, .. }, Check::Duties) => {
            check == Check::ChangeUnreviewed || !activities.iter().all(approves)
        }
        (ConstraintKind::Always(expression), Check::Conserve) => adds_up(model, expression),
        (ConstraintKind::Always(expression), Check::Guard) => !adds_up(model, expression),
        (ConstraintKind::WindowSum { .. }, Check::Split | Check::Guard)
        | (ConstraintKind::Hours { .. }, Check::Guard) => true,
        (ConstraintKind::WindowCount { .. }, Check::Volume) | (ConstraintKind::Never { .. }, Check::Orphan) => true,
        (ConstraintKind::Same { left, right, .. }, Check::Tenant | Check::Owner | Check::Mismatch) => {
            let ends = |name: &str| {
                let last = |p: &&Path| p.fields.last().is_some_and(|f| **f == *name);
                [left, right].into_iter().filter(|p| matches!(p.root, Root::Object(_))).any(|p| last(&p))
            };
            match (ends("tenant"), ends("owner")) {
                (true, _) => check == Check::Tenant,
                (false, true) => check == Check::Owner,
                (false, false) => check == Check::Mismatch,
            }
        }
        _ => false,
    }
}

/// Whether an expression adds things up, by itself or through an attribute that is a sum.
fn adds_up(model: &Model, expression: &Expression) -> bool {
    let summed = |path: &Path| match (&path.root, path.fields.last()) {
        (Root::Object(object_type), Some(name)) => {
            let owner = model.object_types.get(usize::from(object_type.0));
            let rule = owner.and_then(|t| t.attributes.iter().find(|a| a.name == *name));
            matches!(rule.map(|a| &a.value), Some(AttributeRule::Sum { .. }))
        }
        _ => false,
    };
    expression.nodes().into_iter().any(|node| match node {
        Node::Call(Function::Sum, _) => true,
        Node::Path(path) => summed(path),
        _ => false,
    })
}

fn has_parameter(activity: &Activity, name: &str) -> bool {
    let named = |segment: &Segment| matches!(segment, Segment::Parameter(parameter) if **parameter == *name);
    activity.matchers.iter().any(|matcher| matcher.template.iter().any(named))
}

/// What must be shown to read a path of the exchange; nothing for its address and status, which every source has.
fn exchange(path: &Path) -> Option<Need> {
    match path.root {
        Root::RequestBody | Root::Mcp | Root::Arguments => Some(Need::RequestBody),
        Root::ResponseBody => Some(Need::ResponseBody),
        Root::RequestHeader | Root::ResponseHeader | Root::Cookie | Root::Jwt | Root::Mtls => Some(Need::Headers),
        Root::PathParameter
        | Root::Query
        | Root::Host
        | Root::Log
        | Root::Message
        | Root::Event
        | Root::Actor
        | Root::Object(_) => None,
    }
}
