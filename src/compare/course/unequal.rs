//! One request that one route refused by a rule, and another route to the same let through.

use std::collections::BTreeMap;

use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::UNEQUAL_WITHIN;
use crate::event::Gate;

/// Refusals about one object that are remembered.
const MOST: usize = 16;

const RULE: &str = "what the rule asks for may have come about meanwhile, unseen";
const FORM: &str = "the refusal may be about the form of the request, which another version takes, or about haste";
const HIDDEN: &str = "the bodies are not shown: the second request may ask for something else";
const ELSEWHERE: &str = "the routes are on different hosts, which may be of different environments";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    // Refusals by the object that they are about; of what has no object yet, by the task.
    let mut refused: BTreeMap<(u64, u64), Vec<&Moment>> = BTreeMap::new();
    let (mut found, mut decided) = (None, None);
    for moment in course.iter().filter(|m| !m.deed.read) {
        if moment.setting.gate != Gate::None {
            refused.clear();
            continue;
        }
        let about = (moment.object, if moment.object == 0 { moment.task } else { 0 });
        if moment.deed.refused {
            let row = refused.entry(about).or_default();
            row.retain(|other| other.task != moment.task || other.step != moment.step);
            if strength(moment).is_some() && row.len() < MOST {
                row.push(moment);
            }
        } else if moment.deed.accepted {
            // Whatever was done about the object may be what the rule asked for.
            for other in refused.remove(&about).unwrap_or_default() {
                decided.get_or_insert(moment);
                let again = is_again(other, moment, told.limits.get(&UNEQUAL_WITHIN));
                found = found.or_else(|| again.then_some((other, moment)));
            }
        }
    }
    match found {
        Some((other, moment)) => {
            let observed = format!("another let through what one refused with {}", other.status);
            told.tell(
                Check::Unequal,
                &[other, moment],
                Said {
                    expected: "one rule on all routes".into(),
                    observed: observed.into(),
                    doubt: doubt(other, moment),
                },
            );
        }
        None => decided.into_iter().for_each(|m: &Moment| told.count(Check::Unequal, m.source, Some(false))),
    }
}

/// How far a refusal is one by a rule of the business, rather than for want of a login or of the route itself.
fn strength(refused: &Moment) -> Option<(f32, &'static str)> {
    match refused.status {
        402 | 403 | 422 | 451 => Some((0.7, RULE)),
        200..=299 | 409 | 412 | 423 => Some((0.55, RULE)),
        400 | 429 => Some((0.4, FORM)),
        _ => None,
    }
}

/// Whether one request is another one that was refused, on another route.
fn is_again(refused: &Moment, taken: &Moment, within: i64) -> bool {
    let same = refused.task == taken.task && refused.credential == taken.credential;
    let body = refused.body == taken.body || refused.body == 0 || taken.body == 0;
    let soon = taken.time.saturating_sub(refused.time) <= within;
    same && body && soon && refused.step != taken.step && taken.is_after(refused)
}

fn doubt(refused: &Moment, taken: &Moment) -> (f32, &'static str) {
    let by_rule = strength(refused).unwrap_or((0.4, FORM));
    let hidden = (refused.body == 0 || taken.body == 0).then_some((0.4, HIDDEN));
    let elsewhere = (refused.host != taken.host).then_some((0.45, ELSEWHERE));
    let graver = [hidden, elsewhere].into_iter().flatten();
    graver.fold(by_rule, |least, doubt| if doubt.0 < least.0 { doubt } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    /// A request for one thing about an object on a route, with this answer.
    fn asked(second: i64, step: u64, status: u16) -> Moment {
        let mut moment = sample::moment(second);
        (moment.task, moment.step, moment.object, moment.body, moment.status) = (7, step, 3, 9, status);
        (moment.deed.accepted, moment.deed.refused) = (status < 300, status >= 400);
        moment
    }

    fn found(course: &[Moment]) -> Option<f32> {
        let mut told = Told::default();
        fold(course, &mut told);
        told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
    }

    #[test]
    fn what_one_route_refuses_and_another_takes_is_told() {
        assert_eq!(found(&[asked(1, 1, 422), asked(9, 2, 201)]), Some(0.7));
        assert_eq!(found(&[asked(1, 1, 409), asked(9, 2, 201)]), Some(0.55));
        assert_eq!(found(&[asked(1, 1, 400), asked(9, 2, 201)]), Some(0.4), "perhaps its form");
        let mut hidden = asked(9, 2, 201);
        hidden.body = 0;
        assert_eq!(found(&[asked(1, 1, 422), hidden]), Some(0.4));
        let mut elsewhere = asked(9, 2, 201);
        elsewhere.host = 5;
        assert_eq!(found(&[asked(1, 1, 422), elsewhere]), Some(0.45));
    }

    #[test]
    fn what_may_have_met_the_rule_is_no_way_around_it() {
        let other = |second: i64| Moment { task: 8, step: 4, body: 2, ..asked(second, 4, 200) };
        assert_eq!(found(&[asked(1, 1, 422), other(5), asked(9, 2, 201)]), None, "something was done about it");
        assert_eq!(found(&[asked(1, 1, 422), asked(5, 1, 201), asked(9, 2, 201)]), None, "the route took it as well");
        assert_eq!(found(&[asked(1, 1, 422), Moment { body: 6, ..asked(9, 2, 201) }]), None, "asked for otherwise");
        assert_eq!(found(&[asked(1, 1, 422), Moment { credential: 6, ..asked(9, 2, 201) }]), None, "stepped up");
        assert_eq!(found(&[asked(1, 1, 422), asked(5_000, 2, 201)]), None, "much later");
        assert_eq!(found(&[asked(1, 1, 422), Moment { task: 8, ..asked(9, 2, 201) }]), None, "another task");
        for gone in [401, 404, 405, 410, 426, 500, 501] {
            assert_eq!(found(&[asked(1, 1, gone), asked(9, 2, 201)]), None, "{gone}: the route is not there");
        }
        let mut login = asked(5, 9, 200);
        login.setting.gate = Gate::Entered;
        assert_eq!(found(&[asked(1, 1, 403), login, asked(9, 2, 201)]), None, "a login lies between");
    }
}
