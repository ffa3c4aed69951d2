//! A route that no document describes, and that leads to what a described one leads to.

use super::{Seen, Use};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;

const FORGOTTEN: &str = "whoever wrote the document may have left it out";
const NEWER: &str = "it says to be a newer version than the document describes: the document may be old";
const READS: &str = "it only reads, and the document may leave it out";

/// Judges the routes to one task.
pub(super) fn judge(steps: &[&[Use]], told: &mut Told) {
    let has = |step: &[Use], part: fn(&Use) -> bool| step.iter().any(part);
    let described: Vec<&&[Use]> = steps.iter().filter(|step| has(step, |one| one.manner.described)).collect();
    let Some(newest) = described.iter().flat_map(|step| step.iter()).map(|one| one.version).max() else { return };
    let of_documents = described.iter().filter_map(|step| Seen::sum(step.iter(), |one| one.accepted).first).min();
    for step in steps.iter().filter(|step| has(step, |one| one.manner.undescribed && !one.manner.described)) {
        let Some((first, at)) = step.first().zip(Seen::sum(step.iter(), |one| one.accepted).first) else { continue };
        let doubt = if first.version > newest {
            (0.4, NEWER)
        } else if has(step, |one| one.manner.writes) {
            (0.65, FORGOTTEN)
        } else {
            (0.45, READS)
        };
        told.stray(
            Stray {
                check: Check::ShadowRoute,
                at: at.2,
                events: of_documents.map(|key| key.2).into_iter().collect(),
                expected: vec!["a route that the document describes".into()],
                observed: vec!["another one to the same".into()],
                doubt: Some(doubt),
            },
            first.source,
        );
    }
    let fine = described.iter().filter_map(|step| step.first());
    fine.for_each(|one| told.count(Check::ShadowRoute, one.source, Some(false)));
}
