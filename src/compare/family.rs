//! Parts of the business whose breaches have names of their own: which check a constraint of a family is reported by.

use super::deviation::{Check, Tallies, Tally};
use super::effect::Found;
use crate::model::{Constraint, ConstraintKind, Family};

impl Check {
    /// What a check of one family is at bottom; others are themselves.
    pub fn general(self) -> Check {
        match self {
            Check::ApprovalLate | Check::ProvisionEarly | Check::SelfUpgrade => Check::ApprovalMissing,
            Check::CallbackUnasked | Check::MandateMissing | Check::RecordMissing => Check::ApprovalMissing,
            Check::ProvisionResidue | Check::ReleasedTwice | Check::Oversold => Check::Orphan,
            Check::PartnerEnded | Check::ToolFlow => Check::Orphan,
            Check::PlanCycle | Check::TrialAgain | Check::Hoarded => Check::Volume,
            Check::MeansShared | Check::MandateReused => Check::Volume,
            Check::ChangeUnreviewed => Check::Duties,
            other => other,
        }
    }

    /// The check by which a constraint is reported that would be this one without its family.
    pub(crate) fn named_by(self, constraint: &Constraint) -> Check {
        let repeats = matches!(&constraint.kind, ConstraintKind::Never { activity, after, .. } if activity == after);
        match (constraint.family, self) {
            (Some(Family::Provisioning), Check::ApprovalMissing | Check::ApprovalLate) => Check::ProvisionEarly,
            (Some(Family::Provisioning), Check::Orphan) => Check::ProvisionResidue,
            (Some(Family::Inventory), Check::Orphan) if repeats => Check::ReleasedTwice,
            (Some(Family::Inventory), Check::Orphan) => Check::Oversold,
            (Some(Family::Subscription), Check::ApprovalMissing | Check::ApprovalLate) => Check::SelfUpgrade,
            (Some(Family::Subscription), Check::Volume) => Check::PlanCycle,
            (Some(Family::Trial), Check::Volume) => Check::TrialAgain,
            (Some(Family::Inventory), Check::Volume) => Check::Hoarded,
            (Some(Family::Means), Check::Volume) => Check::MeansShared,
            (Some(Family::Partner), Check::ApprovalMissing | Check::ApprovalLate) => Check::CallbackUnasked,
            (Some(Family::Partner), Check::Orphan) => Check::PartnerEnded,
            (Some(Family::Tools), Check::Orphan) => Check::ToolFlow,
            (Some(Family::Mandate), Check::ApprovalMissing | Check::ApprovalLate) => Check::MandateMissing,
            (Some(Family::Mandate), Check::Volume) => Check::MandateReused,
            (Some(Family::Change), Check::ApprovalSelf | Check::Duties) => Check::ChangeUnreviewed,
            (Some(Family::Audit), Check::ApprovalMissing | Check::ApprovalLate) => Check::RecordMissing,
            (_, check) => check,
        }
    }
}

/// Gives what was found and counted of a constraint the names of its family.
pub(super) fn name(constraint: &Constraint, found: &mut [Found], counted: Tallies, tallies: &mut Tallies) {
    for one in found {
        one.check = one.check.named_by(constraint);
    }
    for ((check, source), tally) in counted.0 {
        let named = check.named_by(constraint);
        // A family has no name for what came too late. Each event is counted as lacking it and as having it too late:
        // once is enough.
        if check == Check::ApprovalLate && named != check {
            tallies.add_tally(named, source, Tally { violated: tally.violated, ..Tally::default() });
        } else {
            tallies.add_tally(named, source, tally);
        }
    }
}
