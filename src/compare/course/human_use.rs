//! An account of a service that somebody uses in a browser.

use super::SECOND;
use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{HUMAN_REQUESTS, READING};
use crate::event::{Gate, ProgramKind};

/// Pauses shorter than this are one page's.
const PAGE: i64 = SECOND;

const BECAUSE: &str = "a program that steers a browser, or says to be one, looks the same";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    // A key without a name may be one that pages hold.
    let own = |m: &&Moment| {
        m.deed.service && !m.deed.api_key && m.deed.accepted && m.setting.gate == Gate::None && !m.deed.agent
    };
    let (mut browser, mut source): (Vec<&Moment>, _) = (Vec::new(), None);
    let mut shown = false;
    for moment in course.iter().filter(own) {
        source = Some(moment.source);
        shown |= moment.setting.program != 0;
        if moment.setting.kind == ProgramKind::Browser {
            browser.push(moment);
        }
    }
    let Some(source) = source else { return };
    if !shown {
        return told.count(Check::HumanUse, source, None);
    }
    let mut pauses: Vec<i64> = browser.windows(2).map(gap).filter(|gap| *gap >= PAGE).collect();
    pauses.sort_unstable();
    let median = pauses.get(pauses.len() / 2).copied().unwrap_or(0);
    // A timer's pauses are all alike.
    let quarter = pauses.get(pauses.len() / 4).copied().unwrap_or(0);
    let alike = pauses.last().copied().unwrap_or(0).saturating_sub(quarter) < median / 4;
    let (least, reading) = (told.limits.count(&HUMAN_REQUESTS), told.limits.get(&READING));
    if browser.len() < least || pauses.len() < least / 2 || median < reading || alike {
        return told.count(Check::HumanUse, source, Some(false));
    }
    let observed = format!("{} requests of a browser, at a person's pace", browser.len());
    told.tell(Check::HumanUse, &browser, Said::new("programs only", observed, 0.6, BECAUSE));
}

fn gap(pair: &[&Moment]) -> i64 {
    match pair {
        [a, b] => b.time.saturating_sub(a.time),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn found(kind: ProgramKind, seconds: impl Iterator<Item = i64>) -> usize {
        let at = |second: i64| {
            let mut moment = sample::moment(second);
            moment.deed.service = true;
            (moment.setting.kind, moment.setting.program) = (kind, 5);
            moment
        };
        let mut told = Told::default();
        fold(&seconds.map(at).collect::<Vec<_>>(), &mut told);
        told.strays.len()
    }

    #[test]
    fn a_person_at_a_browser_is_told_from_programs() {
        let person = || (0..20_i64).map(|n| n * 7 + (n * n) % 11);
        assert_eq!(found(ProgramKind::Browser, person()), 1);
        assert_eq!(found(ProgramKind::Tool, person()), 0);
        assert_eq!(found(ProgramKind::Browser, person().take(6)), 0, "somebody looks whether it works");
        assert_eq!(found(ProgramKind::Browser, (0..40).map(|n| n * 30)), 0, "a timer");
        assert_eq!(found(ProgramKind::Browser, 0..40), 0, "a program's pace");
    }
}
