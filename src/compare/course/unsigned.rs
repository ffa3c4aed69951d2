//! A token that says itself that nobody signed it, and is taken.

use super::door::{Door, Doors};
use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::event::{Gate, Mark};

const GUARDED: &str = "the operation refused others for want of a credential, and served this one";
const UNKNOWN: &str = "nothing shows that this operation asks for a credential: it may not have read this one";

pub(super) fn fold(course: &[Moment], doors: &Doors, told: &mut Told) {
    let (mut sure, mut doubtful, mut shown) = (None, None, None);
    for moment in course.iter().filter(|m| m.setting.marks.has(Mark::Shows) && m.setting.gate == Gate::None) {
        shown = Some(moment.source);
        if !moment.deed.accepted || !moment.setting.marks.has(Mark::Unsigned) {
            continue;
        }
        match doors.of(moment.step) {
            Door::Guarded => sure = sure.or(Some(moment)),
            Door::Unknown => doubtful = doubtful.or(Some(moment)),
            Door::Open => {}
        }
    }
    let said = |at_most, because| Said::new("a signature", "alg none and taken", at_most, because);
    match (sure, doubtful, shown) {
        (Some(moment), ..) => told.tell(Check::Unsigned, &[moment], said(0.85, GUARDED)),
        (None, Some(moment), _) => told.tell(Check::Unsigned, &[moment], said(0.45, UNKNOWN)),
        (None, None, Some(source)) => told.count(Check::Unsigned, source, Some(false)),
        (None, None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    #[test]
    fn a_token_without_signature_counts_where_one_is_asked_for() {
        let mut doors = Doors::default();
        doors.note(&Moment { status: 401, step: 1, ..sample::moment(0) });
        let mut open = Moment { step: 2, ..sample::moment(0) };
        open.deed.known = false;
        doors.note(&open);
        let confidence = |step, accepted| {
            let mut moment = Moment { step, ..sample::moment(5) };
            moment.deed.accepted = accepted;
            [Mark::Shows, Mark::Unsigned].into_iter().for_each(|mark| moment.setting.marks.add(mark));
            let mut told = Told::default();
            fold(&[moment], &doors, &mut told);
            told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
        };
        assert_eq!(confidence(1, true), Some(0.85));
        assert_eq!(confidence(2, true), None, "open to everybody");
        assert_eq!(confidence(3, true), Some(0.45));
        assert_eq!(confidence(1, false), None, "refused, as it should be");
    }
}
