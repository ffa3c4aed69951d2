//! A credential that is taken after it was ended, or turned into another one.

use std::collections::BTreeSet;

use super::door::{Door, Doors};
use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::{Gate, Mark};

/// How long after its end a credential may still be on its way: requests that were sent beside the logout.
const GRACE: i64 = 10 * SECOND;
/// How long a refresh token that was turned in may be turned in again: a retry whose answer was lost.
const ROTATION_GRACE: i64 = MINUTE;

const GUARDED: &str = "that the logout ended it on the server is what its answer says";
const UNKNOWN: &str = "nothing shows that this operation asks for a credential: it may serve everybody";
const ROTATED: &str = "a server may let a refresh token be used again for a while";

pub(super) fn fold(course: &[Moment], doors: &Doors, told: &mut Told) {
    rotated(course, told);
    let mut ended: Option<&Moment> = None;
    let mut entered = BTreeSet::new();
    let (mut decided, mut late, mut doubtful) = (None, None, None);
    for moment in course {
        if moment.deed.ends {
            decided = Some(moment.source);
            if ended.is_none() || !entered.is_empty() {
                ended = Some(moment);
                entered.clear();
            }
        } else if moment.setting.gate == Gate::Entered {
            // A session that goes on through a login is another one: that of who logged in.
            entered.insert(moment.actor);
        } else if let Some(end) = ended
            && is_late(moment, end)
            && !entered.contains(&moment.actor)
        {
            if moment.deed.refused {
                told.hold(Check::Reused, moment);
                continue;
            }
            match doors.of(moment.step) {
                Door::Guarded => late = late.or(Some([end, moment])),
                Door::Unknown => doubtful = doubtful.or(Some([end, moment])),
                Door::Open => {}
            }
        }
    }
    let said = |at_most, because| Said::new("no use after the logout", "taken after it", at_most, because);
    match (late, doubtful, decided) {
        (Some(pair), ..) => told.tell(Check::Reused, &pair, said(0.8, GUARDED)),
        (None, Some(pair), _) => told.tell(Check::Reused, &pair, said(0.4, UNKNOWN)),
        (None, None, Some(source)) => told.count(Check::Reused, source, Some(false)),
        (None, None, None) => {}
    }
}

/// Whether a credential is shown after its end, and taken or refused as one that is none.
fn is_late(moment: &Moment, end: &Moment) -> bool {
    let sent = moment.time >= end.over().saturating_add(GRACE).saturating_add(end.tick);
    let refused = moment.deed.refused && matches!(moment.status, 401 | 403);
    sent && (moment.deed.accepted || refused)
        && !moment.deed.spends
        && moment.setting.gate == Gate::None
        && moment.setting.marks.has(Mark::Shows)
}

/// A refresh token that was turned in twice, and each time for another one.
fn rotated(course: &[Moment], told: &mut Told) {
    let mut spent = course.iter().filter(|moment| moment.deed.spends);
    let Some(first) = spent.next() else { return };
    match spent.find(|again| again.time.saturating_sub(first.over()) > ROTATION_GRACE) {
        Some(again) => {
            let said = Said::new("a refresh token is taken once", "taken again after it was changed", 0.6, ROTATED);
            told.tell(Check::Reused, &[first, again], said);
        }
        None => told.count(Check::Reused, first.source, Some(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn used(second: i64, step: u64) -> Moment {
        let mut moment = Moment { step, ..sample::moment(second) };
        moment.setting.marks.add(Mark::Shows);
        moment
    }

    fn logout(second: i64) -> Moment {
        let mut moment = used(second, 9);
        moment.deed.ends = true;
        moment.setting.gate = Gate::Beside;
        moment
    }

    fn doors() -> Doors {
        let mut doors = Doors::default();
        let refused = Moment { status: 401, ..sample::moment(0) };
        doors.note(&Moment { step: 1, ..refused });
        let mut open = Moment { step: 3, ..sample::moment(0) };
        open.deed.known = false;
        doors.note(&open);
        doors
    }

    fn confidence(course: &[Moment]) -> Option<f32> {
        let mut told = Told::default();
        fold(course, &doors(), &mut told);
        told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
    }

    #[test]
    fn what_is_taken_after_the_logout_is_told_where_it_was_asked_for() {
        assert_eq!(confidence(&[used(1, 1), logout(5), used(60, 1)]), Some(0.8));
        assert_eq!(confidence(&[used(1, 1), logout(5), used(60, 2)]), Some(0.4), "nobody knows");
        assert_eq!(confidence(&[used(1, 1), logout(5), used(60, 3)]), None, "a public page");
        assert_eq!(confidence(&[used(1, 1), logout(5), used(60, 2), used(70, 1)]), Some(0.8), "the surer one");
    }

    #[test]
    fn what_was_on_its_way_refused_or_of_a_new_login_is_not() {
        assert_eq!(confidence(&[used(1, 1), logout(5), used(7, 1)]), None);
        let refused = |second| {
            let mut moment = used(second, 1);
            (moment.deed.accepted, moment.deed.refused) = (false, true);
            moment
        };
        assert_eq!(confidence(&[used(1, 1), logout(5), refused(60)]), None);
        let mut login = used(40, 8);
        login.setting.gate = Gate::Entered;
        assert_eq!(confidence(&[used(1, 1), logout(5), login, used(60, 1)]), None);
        let somebody = Moment { actor: 66, ..login };
        assert_eq!(confidence(&[used(1, 1), logout(5), somebody, used(60, 1)]), Some(0.8), "a login of somebody else");
        let taken_over = Moment { actor: 66, ..used(60, 1) };
        assert_eq!(confidence(&[used(1, 1), logout(5), somebody, taken_over]), None, "it is theirs now");
    }

    #[test]
    fn what_is_refused_for_want_of_a_credential_is_held() {
        let held = |status: u16, second: i64| {
            let mut late = Moment { status, ..used(second, 1) };
            (late.deed.accepted, late.deed.refused) = (false, true);
            let mut told = Told::default();
            fold(&[used(1, 1), logout(5), late], &doors(), &mut told);
            (told.held.get(&Check::Reused).map_or(0, std::collections::BTreeSet::len), told.strays.len())
        };
        assert_eq!(held(401, 60), (1, 0));
        assert_eq!(held(404, 60), (0, 0), "that says nothing of the credential");
        assert_eq!(held(401, 7), (0, 0), "it was on its way");
    }

    #[test]
    fn a_refresh_token_is_taken_once() {
        let spent = |second| {
            let mut moment = used(second, 7);
            moment.deed.spends = true;
            moment
        };
        assert_eq!(confidence(&[spent(1), spent(3)]), None, "a retry");
        assert_eq!(confidence(&[spent(1), spent(3), spent(600)]), Some(0.6));
    }
}
