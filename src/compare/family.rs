//! Parts of the business whose breaches have names of their own: which check a constraint of a family is reported by.

use std::collections::BTreeMap;

use super::deviation::{Check, Tallies};
use super::effect::Found;
use crate::model::{Constraint, ConstraintKind, Family};

impl Check {
    /// What a check of one family is at bottom; others are themselves.
    pub fn general(self) -> Check {
        match self {
            Check::ApprovalLate | Check::ProvisionEarly | Check::SelfUpgrade => Check::ApprovalMissing,
            Check::ProvisionResidue | Check::ReleasedTwice | Check::Oversold => Check::Orphan,
            Check::PlanCycle | Check::TrialAgain => Check::Volume,
            other => other,
        }
    }

    /// The check by which a constraint is reported that would be this one without its family.
    pub(crate) fn named_by(self, constraint: &Constraint) -> Check {
        let repeats = matches!(&constraint.kind, ConstraintKind::Never { activity, after, .. } if activity == after);
        match (constraint.family, self) {
            (Some(Family::Provisioning), Check::ApprovalMissing) => Check::ProvisionEarly,
            (Some(Family::Provisioning), Check::Orphan) => Check::ProvisionResidue,
            (Some(Family::Inventory), Check::Orphan) if repeats => Check::ReleasedTwice,
            (Some(Family::Inventory), Check::Orphan) => Check::Oversold,
            (Some(Family::Subscription), Check::ApprovalMissing) => Check::SelfUpgrade,
            (Some(Family::Subscription), Check::Volume) => Check::PlanCycle,
            (Some(Family::Trial), Check::Volume) => Check::TrialAgain,
            (_, check) => check,
        }
    }
}

/// Gives what was found and counted of a constraint the names of its family.
pub(super) fn name(constraint: &Constraint, found: &mut [Found], counted: Tallies, tallies: &mut Tallies) {
    for one in found {
        one.check = one.check.named_by(constraint);
    }
    let named = counted.0.into_iter().map(|((check, source), tally)| ((check.named_by(constraint), source), tally));
    // No two checks of one constraint have one name.
    tallies.add(&Tallies(named.collect::<BTreeMap<_, _>>()));
}
