//! Failed logins in a burst from one address, and then one that is taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::{Gate, Mark};

/// Within what time the failures are.
const WINDOW: i64 = 5 * MINUTE;
/// Failures of one account: a person gives up, or asks for a new password, before.
const OF_ONE: usize = 10;
/// Accounts that fail: in an office behind one address some mistype at once, ten in five minutes do not.
const ACCOUNTS: usize = 10;
/// Failures where the source does not show of which account.
const UNTOLD: usize = 20;
/// One in so many logins of the window may be taken, by account: behind one address most of an office's are.
const TAKEN: usize = 4;

const GUESSED: &str = "a program with an old password fails as often, until somebody tells it the new one";
const STUFFED: &str = "many people may be behind one address";
const UNSEEN: &str = "the source does not show for which accounts they are";
const GUESSED_AT: &str = "that these logins failed is told by nothing but how others at the same path were answered";
const RELAYED: &str = "an undeclared proxy stands in front: whose address it is, its clients could say";

/// The logins of the window that moves.
#[derive(Default)]
struct Window<'m> {
    failed: VecDeque<(&'m Moment, bool)>,
    taken: VecDeque<&'m Moment>,
    /// Those that were taken, by account.
    taken_of: BTreeMap<u64, usize>,
    by_account: BTreeMap<u64, usize>,
    /// Failures that are none for sure.
    unsure: usize,
}

/// What the logins of a course show of how their steps answer.
#[derive(Default)]
struct Steps {
    /// That they refuse with 401.
    refuse: BTreeSet<u64>,
    /// That they refuse in any way.
    fail: BTreeSet<u64>,
    /// That they give out what they are for.
    issue: BTreeSet<u64>,
}

impl Steps {
    fn of(course: &[Moment]) -> Steps {
        let mut steps = Steps::default();
        for moment in course {
            match moment.setting.gate {
                Gate::Entered => steps.issue.insert(moment.step),
                Gate::Refused => {
                    let plain = moment.status == 401 && steps.refuse.insert(moment.step);
                    steps.fail.insert(moment.step) || plain
                }
                _ => false,
            };
        }
        steps
    }

    /// Whether a login was taken, and whether that is sure; `None` where nobody can say.
    fn taken(&self, moment: &Moment) -> Option<(bool, bool)> {
        let (step, weak) = (&moment.step, matches!(moment.status, 400 | 403 | 422 | 423));
        match moment.setting.gate {
            Gate::Entered => Some((true, true)),
            // A request that is badly made is refused so as well.
            Gate::Refused => Some((false, !weak || self.refuse.contains(step))),
            // Where others were given something, who got nothing was refused.
            Gate::Unsaid if self.issue.contains(step) => Some((false, false)),
            Gate::Unsaid => self.fail.contains(step).then_some((true, true)),
            _ => None,
        }
    }
}

impl<'m> Window<'m> {
    fn move_to(&mut self, time: i64) {
        let is_old = |moment: &&Moment| time.saturating_sub(moment.time) > WINDOW;
        while let Some((old, sure)) = self.failed.pop_front_if(|(moment, _)| is_old(&&**moment)) {
            self.unsure -= usize::from(!sure);
            forget(&mut self.by_account, old.setting.account);
        }
        while let Some(old) = self.taken.pop_front_if(|moment| is_old(&&**moment)) {
            forget(&mut self.taken_of, old.setting.account);
        }
    }

    fn fail(&mut self, moment: &'m Moment, sure: bool) {
        self.failed.push_back((moment, sure));
        self.unsure += usize::from(!sure);
        *self.by_account.entry(moment.setting.account).or_default() += 1;
    }

    fn take(&mut self, moment: &'m Moment) {
        self.taken.push_back(moment);
        *self.taken_of.entry(moment.setting.account).or_default() += 1;
    }

    /// Accounts that are let in, with this one; who is not named counts each time.
    fn let_in(&self, account: u64) -> usize {
        let unnamed = self.taken_of.get(&0).copied().unwrap_or(0);
        let named = self.taken_of.len() - usize::from(unnamed > 0);
        named.saturating_add(unnamed).saturating_add(usize::from(account == 0 || !self.taken_of.contains_key(&account)))
    }

    /// What the failures before a login that is taken say of it.
    fn says(&self, taken: &Moment) -> Option<(String, f32, &'static str)> {
        let account = taken.setting.account;
        let of_it = self.by_account.get(&account).copied().unwrap_or(0);
        let accounts = self.by_account.len() - usize::from(self.by_account.contains_key(&0));
        if account != 0 && of_it >= OF_ONE {
            return Some((format!("{of_it} failures of the same account before"), 0.6, GUESSED));
        }
        if self.let_in(account).saturating_mul(TAKEN) > self.failed.len() {
            return None;
        }
        if accounts >= ACCOUNTS {
            return Some((format!("{} failures of {accounts} accounts before", self.failed.len()), 0.7, STUFFED));
        }
        let untold = self.by_account.get(&0).copied().unwrap_or(0);
        (untold >= UNTOLD).then(|| (format!("{untold} failures before"), 0.45, UNSEEN))
    }
}

fn forget(counts: &mut BTreeMap<u64, usize>, account: u64) {
    if let Some(count) = counts.get_mut(&account) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&account);
        }
    }
}

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let (steps, mut window, mut decided) = (Steps::of(course), Window::default(), false);
    let mut found: Option<(Vec<&Moment>, String, f32, &'static str)> = None;
    for moment in course {
        window.move_to(moment.time);
        let Some((taken, sure)) = steps.taken(moment) else { continue };
        decided = true;
        if !taken {
            window.fail(moment, sure);
            continue;
        }
        let says = window.says(moment);
        let says = says.map(|(said, at_most, because)| match window.unsure {
            0 => (said, at_most, because),
            _ => (said, at_most.min(0.45), GUESSED_AT),
        });
        if let Some((said, at_most, because)) = says
            && found.as_ref().is_none_or(|known| at_most > known.2)
        {
            let evidence = window.failed.iter().map(|(failed, _)| *failed).chain([moment]).collect();
            found = Some((evidence, said, at_most, because));
        }
        window.take(moment);
    }
    // Who writes the header into some of its requests is no proxy.
    let relayed = course.iter().filter(|moment| moment.setting.marks.has(Mark::Relayed)).count();
    let relayed = relayed.saturating_mul(2) > course.len();
    match found {
        Some((evidence, said, at_most, because)) => {
            let (at_most, because) = if relayed { (0.4, RELAYED) } else { (at_most, because) };
            let minutes = WINDOW / SECOND / 60;
            let expected = format!("fewer failed logins in {minutes}m");
            told.tell(Check::FailedThenIn, &evidence, Said::new(expected, said, at_most, because));
        }
        None => {
            // So few are no burst, whatever became of them.
            let unsaid = course.iter().filter(|moment| moment.setting.gate == Gate::Unsaid).count();
            let fine = (decided || (1..OF_ONE.min(ACCOUNTS).min(UNTOLD)).contains(&unsaid)).then_some(false);
            course.iter().take(1).for_each(|first| told.count(Check::FailedThenIn, first.source, fine));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn login(second: i64, account: u64, taken: bool) -> Moment {
        let mut moment = sample::moment(second);
        moment.setting.account = account;
        moment.setting.gate = if taken { Gate::Entered } else { Gate::Refused };
        moment
    }

    fn confidence(course: &[Moment]) -> Option<f32> {
        let mut told = Told::default();
        fold(course, &mut told);
        assert!(told.strays.len() <= 1);
        told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
    }

    fn failures(count: i64, account: impl Fn(i64) -> u64) -> Vec<Moment> {
        (0..count).map(|n| login(n * 10, account(n), false)).collect()
    }

    #[test]
    fn a_guessed_password_and_a_list_of_them_are_told() {
        let guessed = [failures(12, |_| 7), vec![login(121, 7, true)]].concat();
        assert_eq!(confidence(&guessed), Some(0.6));
        let stuffed = [failures(12, |n| u64::try_from(n).unwrap() + 1), vec![login(121, 99, true)]].concat();
        assert_eq!(confidence(&stuffed), Some(0.7));
        let untold = [failures(25, |_| 0), vec![login(251, 0, true)]].concat();
        assert_eq!(confidence(&untold), Some(0.45));
    }

    #[test]
    fn logins_to_an_account_of_one_s_own_hide_nothing_and_one_header_does_not_either() {
        let mut course: Vec<Moment> = Vec::new();
        for n in 0..40_i64 {
            course.push(login(n * 4, u64::try_from(n).unwrap() + 1, false));
            if n % 3 == 2 {
                course.push(login(n * 4 + 2, 666, true));
            }
        }
        course.push(login(162, 99, true));
        assert_eq!(confidence(&course), Some(0.7));
        course[0].setting.marks.add(Mark::Relayed);
        assert_eq!(confidence(&course), Some(0.7));
        course.iter_mut().for_each(|m| m.setting.marks.add(Mark::Relayed));
        assert_eq!(confidence(&course), Some(0.4));
    }

    #[test]
    fn what_an_answer_leaves_open_is_told_by_the_others_at_its_path() {
        let with = |gate: Gate, status: u16, second: i64| {
            let mut moment = Moment { status, ..login(second, u64::try_from(second).unwrap() + 1, true) };
            moment.setting.gate = gate;
            moment
        };
        let row = |gate, status| -> Vec<Moment> { (0..15).map(|n| with(gate, status, n * 10)).collect() };
        let then = |row: Vec<Moment>, last: Moment| confidence(&[row, vec![last]].concat());
        let unsaid = || row(Gate::Unsaid, 200);
        assert_eq!(then(unsaid(), with(Gate::Entered, 302, 160)), Some(0.45), "a form that is shown again");
        assert_eq!(then(unsaid(), with(Gate::Unsaid, 200, 160)), None);
        let mut told = Told::default();
        fold(&unsaid(), &mut told);
        assert_eq!(told.counts.values().map(|tally| tally.not_evaluable).sum::<u64>(), 1, "nobody knows");
        assert_eq!(then(row(Gate::Refused, 401), with(Gate::Unsaid, 200, 160)), Some(0.7), "its cookie is not shown");
        assert_eq!(then(row(Gate::Refused, 400), with(Gate::Entered, 200, 160)), Some(0.45), "badly made, or wrong");
        let known = [vec![with(Gate::Refused, 401, 0)], row(Gate::Refused, 400)].concat();
        assert_eq!(then(known, with(Gate::Entered, 200, 160)), Some(0.7));
    }

    #[test]
    fn who_mistypes_and_an_office_are_not() {
        assert_eq!(confidence(&[failures(5, |_| 7), vec![login(60, 7, true)]].concat()), None);
        assert_eq!(confidence(&[failures(12, |_| 7), vec![login(121, 8, true)]].concat()), None, "somebody else");
        assert_eq!(confidence(&[failures(12, |_| 7), vec![login(2_000, 7, true)]].concat()), None, "much later");
        let mut office: Vec<Moment> = Vec::new();
        for n in 0..40_i64 {
            let person = u64::try_from(n).unwrap() + 1;
            office.extend([login(n * 6, person, false), login(n * 6 + 3, person, true)]);
        }
        assert_eq!(confidence(&office), None, "everybody mistypes once, and is then let in");
    }
}
