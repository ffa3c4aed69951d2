//! One key, or one credential of a service, that several programs in several places use.

use std::collections::{BTreeMap, BTreeSet};

use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{PROGRAM_USES, PROGRAMS};
use crate::event::{Mark, ProgramKind};

/// Programs and addresses that are kept; a key with more is shared in any case.
const MOST: usize = 64;

const BECAUSE: &str = "one service may call with several programs from several machines";
const RELAYED: &str = "an undeclared proxy stands in front: whose addresses they are, its clients could say";

#[derive(Default)]
struct User<'m> {
    uses: u64,
    addresses: BTreeSet<u64>,
    first: Option<&'m Moment>,
}

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let keyed = |m: &&Moment| m.deed.accepted && !m.deed.ends && (m.deed.api_key || m.deed.service);
    let mut users: BTreeMap<u64, User<'_>> = BTreeMap::new();
    let (mut source, mut shown, mut people, mut relayed) = (None, 0_u64, 0_u64, 0_u64);
    for moment in course.iter().filter(keyed) {
        source = Some(moment.source);
        let setting = &moment.setting;
        if setting.address == 0 || setting.program == 0 {
            continue;
        }
        shown += 1;
        people += u64::from(matches!(setting.kind, ProgramKind::Browser | ProgramKind::App));
        relayed += u64::from(setting.marks.has(Mark::Relayed));
        if users.len() >= MOST && !users.contains_key(&setting.program) {
            continue;
        }
        let user = users.entry(setting.program).or_default();
        user.uses += 1;
        if user.addresses.len() < MOST {
            user.addresses.insert(setting.address);
        }
        user.first.get_or_insert(moment);
    }
    let Some(source) = source else { return };
    if shown == 0 {
        return told.count(Check::SharedKey, source, None);
    }
    // A key that a page or an app holds is everybody's by design.
    let public = people.saturating_mul(2) >= shown;
    let uses = u64::try_from(told.limits.get(&PROGRAM_USES)).unwrap_or(u64::MAX);
    let apart: Vec<&User<'_>> = users.values().filter(|user| user.uses >= uses && is_apart(user, &users)).collect();
    if public || apart.len() < told.limits.count(&PROGRAMS) {
        return told.count(Check::SharedKey, source, Some(false));
    }
    let mut firsts: Vec<&Moment> = apart.iter().filter_map(|user| user.first).collect();
    firsts.sort_by_key(|moment| moment.order_key());
    let addresses: usize = apart.iter().map(|user| user.addresses.len()).sum();
    let observed = format!("{} programs at {addresses} addresses", apart.len());
    let (at_most, because) = if relayed.saturating_mul(2) > shown { (0.4, RELAYED) } else { (0.65, BECAUSE) };
    told.tell(Check::SharedKey, &firsts, Said::new("one program by one key", observed, at_most, because));
}

/// Whether no other program is at any of its addresses.
fn is_apart(user: &User<'_>, users: &BTreeMap<u64, User<'_>>) -> bool {
    let sharing = users.values().filter(|other| !other.addresses.is_disjoint(&user.addresses)).count();
    sharing == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn uses(from: i64, program: u64, address: u64, kind: ProgramKind) -> impl Iterator<Item = Moment> {
        (from..from + 6).map(move |second| {
            let mut moment = sample::moment(second);
            moment.deed.api_key = true;
            (moment.setting.program, moment.setting.address, moment.setting.kind) = (program, address, kind);
            moment
        })
    }

    fn found(course: impl Iterator<Item = Moment>) -> usize {
        let mut told = Told::default();
        fold(&course.collect::<Vec<_>>(), &mut told);
        told.strays.len()
    }

    #[test]
    fn three_programs_in_three_places_share_a_key() {
        let tool = ProgramKind::Tool;
        let two = || uses(1, 1, 11, tool).chain(uses(10, 2, 12, tool));
        assert_eq!(found(two().chain(uses(20, 3, 13, tool))), 1);
        assert_eq!(found(two()), 0, "a service and who looks after it");
        assert_eq!(found(two().chain(uses(20, 3, 11, tool))), 0, "two programs on one machine");
        assert_eq!(found(two().chain(uses(20, 3, 13, tool).take(2))), 0, "somebody tried it");
    }

    #[test]
    fn a_fleet_of_one_program_and_a_key_of_a_page_are_not_shared() {
        let fleet = (0..40_u64).flat_map(|n| uses(i64::try_from(n).unwrap() * 10, 1, n, ProgramKind::Tool));
        assert_eq!(found(fleet), 0);
        let page = (0..40_u64).flat_map(|n| uses(i64::try_from(n).unwrap() * 10, n, n, ProgramKind::Browser));
        assert_eq!(found(page), 0);
    }
}
