//! Failed logins in a burst from one address, and then one that is taken.

use std::collections::{BTreeMap, VecDeque};

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
/// One in so many logins of the window may be taken: behind one address most of an office's are.
const TAKEN: usize = 4;

const GUESSED: &str = "a program with an old password fails as often, until somebody tells it the new one";
const STUFFED: &str = "many people may be behind one address";
const UNSEEN: &str = "the source does not show for which accounts they are";
const RELAYED: &str = "an undeclared proxy stands in front: whose address it is, its clients could say";

/// The logins of the window that moves.
#[derive(Default)]
struct Window<'m> {
    failed: VecDeque<&'m Moment>,
    taken: VecDeque<&'m Moment>,
    by_account: BTreeMap<u64, usize>,
}

impl<'m> Window<'m> {
    fn move_to(&mut self, time: i64) {
        let is_old = |moment: &&Moment| time.saturating_sub(moment.time) > WINDOW;
        while let Some(old) = self.failed.pop_front_if(|moment| is_old(&&**moment)) {
            if let Some(count) = self.by_account.get_mut(&old.setting.account) {
                *count -= 1;
                if *count == 0 {
                    self.by_account.remove(&old.setting.account);
                }
            }
        }
        while self.taken.pop_front_if(|moment| is_old(&&**moment)).is_some() {}
    }

    fn fail(&mut self, moment: &'m Moment) {
        self.failed.push_back(moment);
        *self.by_account.entry(moment.setting.account).or_default() += 1;
    }

    /// What the failures before a login that is taken say of it.
    fn says(&self, taken: &Moment) -> Option<(String, f32, &'static str)> {
        let account = taken.setting.account;
        let of_it = self.by_account.get(&account).copied().unwrap_or(0);
        let accounts = self.by_account.len() - usize::from(self.by_account.contains_key(&0));
        if account != 0 && of_it >= OF_ONE {
            return Some((format!("{of_it} failures of the same account before"), 0.6, GUESSED));
        }
        if self.taken.len().saturating_add(1).saturating_mul(TAKEN) > self.failed.len() {
            return None;
        }
        if accounts >= ACCOUNTS {
            return Some((format!("{} failures of {accounts} accounts before", self.failed.len()), 0.7, STUFFED));
        }
        let untold = self.by_account.get(&0).copied().unwrap_or(0);
        (untold >= UNTOLD).then(|| (format!("{untold} failures before"), 0.45, UNSEEN))
    }
}

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let mut window = Window::default();
    let mut found: Option<(Vec<&Moment>, String, f32, &'static str)> = None;
    for moment in course {
        window.move_to(moment.time);
        if moment.setting.gate == Gate::Refused {
            window.fail(moment);
            continue;
        }
        if let Some((said, at_most, because)) = window.says(moment)
            && found.as_ref().is_none_or(|known| at_most > known.2)
        {
            let evidence = window.failed.iter().copied().chain([moment]).collect();
            found = Some((evidence, said, at_most, because));
        }
        window.taken.push_back(moment);
    }
    let relayed = course.iter().any(|moment| moment.setting.marks.has(Mark::Relayed));
    match found {
        Some((evidence, said, at_most, because)) => {
            let (at_most, because) = if relayed { (0.4, RELAYED) } else { (at_most, because) };
            let minutes = WINDOW / SECOND / 60;
            let expected = format!("fewer failed logins in {minutes}m");
            told.tell(Check::FailedThenIn, &evidence, Said::new(expected, said, at_most, because));
        }
        None => course.iter().take(1).for_each(|first| told.count(Check::FailedThenIn, first.source, Some(false))),
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
