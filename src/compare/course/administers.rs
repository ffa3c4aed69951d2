//! A program whose work is another, and that administers.

use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{ADMIN_OTHER, ADMIN_SHARE};
use crate::event::{Gate, Mark};

const BECAUSE: &str = "it may be there for that as well: what it is for, no traffic says";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let of_program = |m: &&Moment| {
        let program = m.deed.service || m.deed.agent || m.deed.api_key;
        program && m.deed.known && m.deed.accepted && !m.deed.read && m.setting.gate == Gate::None
    };
    let (admin, others): (Vec<&Moment>, Vec<&Moment>) =
        course.iter().filter(of_program).partition(|m| m.setting.marks.has(Mark::Administers));
    let Some(first) = admin.first().or(others.first()) else { return };
    let share = i64::try_from(admin.len().saturating_mul(100) / (admin.len() + others.len()).max(1)).unwrap_or(100);
    let few = share <= told.limits.get(&ADMIN_SHARE) && others.len() >= told.limits.count(&ADMIN_OTHER);
    if admin.is_empty() || !few {
        return told.count(Check::AdminUse, first.source, Some(false));
    }
    let observed = format!("{} of {} writes administer", admin.len(), admin.len() + others.len());
    told.tell(Check::AdminUse, &admin, Said::new("a program with the rights of its work", observed, 0.45, BECAUSE));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn found(admin: i64, others: i64, service: bool) -> usize {
        let at = |second: i64| {
            let mut moment = sample::moment(second);
            moment.deed.service = service;
            moment.setting.marks.add_if(second < admin, Mark::Administers);
            moment
        };
        let mut told = Told::default();
        fold(&(0..admin + others).map(at).collect::<Vec<_>>(), &mut told);
        told.strays.len()
    }

    #[test]
    fn a_program_that_also_administers_is_told_from_one_that_is_there_for_it() {
        assert_eq!(found(2, 30, true), 1);
        assert_eq!(found(30, 10, true), 0, "its work");
        assert_eq!(found(2, 30, false), 0, "a person");
        assert_eq!(found(2, 3, true), 0, "nothing is known of its work");
        assert_eq!(found(0, 30, true), 0);
    }
}
