//! One cause, one deviation: which of two at the same event gives way.

use super::deviation::{Check, Deviation};

/// Drops deviations that another at the same event explains, and sorts the rest by time.
pub(super) fn settle(mut deviations: Vec<Deviation>) -> Vec<Deviation> {
    deviations.sort_by(|a, b| rank(a).cmp(&rank(b)));
    // Those at one event now lie together.
    let keep: Vec<bool> = deviations
        .chunk_by(|a, b| a.at == b.at)
        .flat_map(|group| group.iter().map(|d| !group.iter().any(|o| absorbs(o, d))))
        .collect();
    let mut kept = keep.into_iter();
    deviations.retain(|_| kept.next().unwrap_or(true));
    deviations.dedup_by(|b, a| rank(a) == rank(b));
    deviations
}

fn rank(deviation: &Deviation) -> impl Ord + '_ {
    let time = deviation.events.iter().find(|e| e.id == deviation.at).map_or(i64::MAX, |e| e.time);
    (time, deviation.at, deviation.check, deviation.object.as_ref(), deviation.constraint.as_deref())
}

fn absorbs(stronger: &Deviation, weaker: &Deviation) -> bool {
    match (stronger.check.general(), weaker.check.general()) {
        // A wall between tenants stands before questions of ownership and role.
        (Check::Tenant, Check::Owner | Check::Role | Check::TenantMix) => true,
        // The missing approval is the skipped step.
        (Check::ApprovalMissing, Check::Skip) => {
            let required = stronger.expected.first();
            same_object(stronger, weaker) && weaker.expected.iter().rev().skip(1).any(|s| Some(s) == required)
        }
        // Without a beginning there was nothing to approve.
        (Check::Direct, Check::ApprovalMissing) => same_object(stronger, weaker),
        // The client wrote the very state that the server then declares.
        (Check::StateField, Check::Diverge) => same_object(stronger, weaker),
        // That the state was written is how the other way works, where it surely is one.
        (Check::Alternative, Check::StateField) => same_object(stronger, weaker) && stronger.doubt.is_none(),
        (Check::Replay, Check::Repeat) => same_object(stronger, weaker),
        // What an agent may not reach is somebody else's, or another tenant's.
        (Check::DelegatedTenant, Check::Tenant | Check::TenantMix | Check::DelegatedScope | Check::Owner) => true,
        (Check::DelegatedScope, Check::Owner) => same_object(stronger, weaker),
        (Check::Tenant, Check::DelegatedScope) => same_object(stronger, weaker),
        // The person's word that is missing is the approval that is.
        (Check::HumanMissing | Check::HumanAgent, Check::ApprovalMissing) => same_object(stronger, weaker),
        _ => false,
    }
}

fn same_object(a: &Deviation, b: &Deviation) -> bool {
    a.object == b.object
}
