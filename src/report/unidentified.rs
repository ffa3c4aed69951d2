//! Events of which nobody knows who did them, and what would tell.

use super::figure::{count, counted, percent};
use super::summary::RunSummary;

/// One part in so many of the events, from which on it matters to a comparison.
const MATTERS: u64 = 100;

/// What would tell who it was.
const REMEDY: &str = "nothing there is known as a credential or user; include the logins, name where it does show one with \
                      `actors: {identify: [...]}`, in a log with `--log-field user=NAME` or `session=NAME` \
                      (docs/correlation.md)";

/// The same where logins are there: these requests show nothing that one gave out.
const REMEDY_BESIDE_LOGINS: &str = "others are known by login or password, and nothing there is a credential of theirs; name \
                                    where it does show somebody with `actors: {identify: [...]}`, in a log with \
                                    `--log-field user=NAME` or `session=NAME` (docs/correlation.md)";

/// The same where most requests were not seen whole: there is nothing to name.
const CUT_OFF: &str = "most requests were not seen whole (`offpath show gaps`); capture whole packets (`tcpdump -s 0`), from \
                       before the connections begin";

fn remedy(run: &RunSummary) -> String {
    if run.not_asked.saturating_mul(2) > run.exchanges {
        return CUT_OFF.to_owned();
    }
    // More requests carry it than are by nobody: logins told whose it is. Of equals the first by name.
    let unknown = counts(run).0;
    let most = run.cookies.iter().filter(|(_, exchanges)| **exchanges <= unknown);
    let most = most.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
    match most {
        Some((name, exchanges)) => of_cookie(name, *exchanges),
        None if has_logins(run) => REMEDY_BESIDE_LOGINS.to_owned(),
        None => REMEDY.to_owned(),
    }
}

/// Whether anybody is known by a login or a password.
fn has_logins(run: &RunSummary) -> bool {
    run.actors.iter().any(|actor| actor.evidence == "bound" && actor.events > 0)
}

/// What would tell whose a cookie is that requests carry.
fn of_cookie(name: &str, exchanges: u64) -> String {
    format!(
        "{} the cookie `{name}`, whose login nothing says; where it is a session's, bind it where it is given out, \
         `identify: [cookie.{name}]` and `bind: {{cookie.{name}: res.user.id}}` with the path to the user in that \
         answer, in a log with `--log-field session=NAME` (docs/correlation.md)",
        counted(exchanges, "request carries", "requests carry")
    )
}

/// The share of the events by nobody who is known, where that is most of them.
pub(super) fn mostly(run: &RunSummary) -> Option<String> {
    let (unknown, all) = counts(run);
    (unknown.saturating_mul(2) > all).then(|| percent(unknown, all))
}

/// `45.6 % of events unidentified (88, by an address or nothing): ...`; none where all are by somebody.
pub(super) fn sentence(run: &RunSummary) -> Option<String> {
    let (events, all) = counts(run);
    (events > 0).then(|| {
        format!(
            "{} of events unidentified ({}, by an address or nothing): {}",
            percent(events, all),
            count(events),
            remedy(run)
        )
    })
}

/// The same of the steps of the model, where it is more than a few of them; of all events where there is no model.
pub(super) fn of_steps(run: &RunSummary) -> Option<String> {
    let Some(measures) = &run.measures else { return sentence(run).filter(|_| many(counts(run))) };
    let (known, steps) = measures.identified;
    let unknown = steps.saturating_sub(known);
    // What shows a session is by the same person each time, and by nobody who is named.
    let (nobody, _) = counts(run);
    if nobody < unknown && many((unknown, steps)) {
        // Others' logins are there: a guest's session has none.
        let remedy = if has_logins(run) {
            "the logins that were seen gave none of these out; name"
        } else {
            "include the logins, or name"
        };
        return Some(format!(
            "{} of the model's steps by nobody whose login was seen ({} of {}; all but {} show a session or token of \
             somebody without a name): {remedy} who it is with `actors: {{identify: [...]}}` (docs/correlation.md)",
            percent(unknown, steps),
            count(unknown),
            count(steps),
            counted(nobody, "event", "events")
        ));
    }
    many((unknown, steps)).then(|| {
        format!(
            "{} of the model's steps by nobody who is known ({} of {}): {}",
            percent(unknown, steps),
            count(unknown),
            count(steps),
            remedy(run)
        )
    })
}

fn many((unknown, all): (u64, u64)) -> bool {
    unknown > 0 && unknown.saturating_mul(MATTERS) >= all
}

/// Events by nobody who is known, and all.
fn counts(run: &RunSummary) -> (u64, u64) {
    let unknown = run.actors.iter().filter(|actor| matches!(actor.evidence.as_str(), "none" | "address" | "device"));
    (unknown.map(|actor| actor.events).sum(), run.actors.iter().map(|actor| actor.events).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::{ActorSummary, MeasureSummary};

    #[test]
    fn who_gave_the_logins_is_not_asked_for_them() {
        let actor = |evidence: &str| ActorSummary { evidence: evidence.into(), principals: 1, events: 10 };
        let told = |evidence: &str| {
            let run = RunSummary { actors: vec![actor(evidence), actor("address")], ..RunSummary::default() };
            sentence(&run).unwrap()
        };
        assert!(told("bound").contains("others are known by login") && !told("bound").contains("include the logins"));
        assert!(told("unbound").contains("include the logins"));
    }

    #[test]
    fn a_cookie_that_logins_told_is_no_remedy() {
        let actor = |evidence: &str, events| ActorSummary { evidence: evidence.into(), principals: 1, events };
        let told = |requests: u64| {
            let (actors, cookies) =
                (vec![actor("bound", 400), actor("address", 3)], [("hsid".into(), requests)].into());
            sentence(&RunSummary { actors, cookies, ..RunSummary::default() }).unwrap()
        };
        assert!(told(3).contains("3 requests carry the cookie `hsid`"), "{}", told(3));
        assert!(told(400).contains("others are known by login") && !told(400).contains("hsid"), "{}", told(400));
    }

    #[test]
    fn the_share_is_told_whether_or_not_others_are_known() {
        let actor = |evidence: &str, principals, events| ActorSummary { evidence: evidence.into(), principals, events };
        let run = |actors| RunSummary { actors, ..RunSummary::default() };
        // From their addresses somebody known acted, so that they are nobody else.
        let some = run(vec![actor("claims", 3, 105), actor("address", 0, 88)]);
        assert!(sentence(&some).unwrap().starts_with("45.6 % of events unidentified (88,"));
        assert_eq!(of_steps(&some), sentence(&some));
        let few = run(vec![actor("claims", 3, 9_999), actor("none", 0, 1)]);
        assert!(sentence(&few).unwrap().starts_with("< 0.1 %") && of_steps(&few).is_none());
        let measures = |identified| Some(MeasureSummary { identified, ..MeasureSummary::default() });
        let steps = |identified| of_steps(&RunSummary { measures: measures(identified), ..some.clone() });
        assert!(steps((9, 12)).unwrap().starts_with("25.0 % of the model's steps by nobody who is known (3 of 12)"));
        let sessions = run(vec![actor("unbound", 3, 112), actor("none", 0, 7)]);
        let of_sessions = of_steps(&RunSummary { measures: measures((56, 175)), ..sessions }).unwrap();
        assert!(
            of_sessions.contains("nobody whose login was seen (119 of 175; all but 7 events show a session"),
            "{of_sessions}"
        );
        let beside = run(vec![actor("unbound", 3, 112), actor("none", 0, 7), actor("bound", 2, 20)]);
        let of_guests = of_steps(&RunSummary { measures: measures((56, 175)), ..beside }).unwrap();
        assert!(of_sessions.contains("include the logins") && !of_guests.contains("include"), "{of_guests}");
        assert_eq!((steps((12, 12)), steps((0, 0))), (None, None), "others' events are no matter");
        assert_eq!(sentence(&run(vec![actor("bound", 1, 1)])), None);
        assert_eq!(mostly(&some), None);
        assert_eq!(mostly(&run(vec![actor("claims", 3, 1), actor("device", 2, 3)])).as_deref(), Some("75.0 %"));
    }

    #[test]
    fn a_cookie_that_requests_carry_is_named_with_how_to_bind_it() {
        let actors = vec![ActorSummary { evidence: "address".into(), principals: 1, events: 9 }];
        let cookies = [("theme", 2), ("wobble", 7)].map(|(name, count)| (name.to_owned(), count)).into();
        let run = RunSummary { actors, cookies, ..RunSummary::default() };
        let said = sentence(&run).unwrap();
        assert!(said.contains("7 requests carry the cookie `wobble`"), "{said}");
        assert!(said.contains("bind: {cookie.wobble: res.user.id}") && !said.contains("no credential"), "{said}");
    }
}
