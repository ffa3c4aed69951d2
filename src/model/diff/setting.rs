//! When a version is in force, and how traffic is compared with it.

use super::side::Sides;
use super::terms::raised;
use super::{Changes, Direction, Found};
use crate::model::{Model, Severity, quantity};

/// Compares what is said of the whole. A version number alone is no change.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    let (old, new) = (sides.old.model, sides.new.model);
    found.differs(Severity::Low, "id", "workflow", Some(old.id.to_string()), Some(new.id.to_string()));
    let owner = |model: &Model| model.owner.as_ref().map(ToString::to_string);
    found.differs(Severity::Low, "owner", "workflow", owner(old), owner(new));
    let text = |is: bool| is.then(|| "draft".to_owned());
    let direction = raised(old.draft, new.draft);
    add(
        direction,
        "draft",
        ("what it calls wrong is suspected only", "what it calls wrong counts"),
        (text(old.draft), text(new.draft)),
        found,
    );
    let time = |time: Option<i64>| time.map(crate::event::rfc3339);
    let (was, is) = (old.in_force, new.in_force);
    // Before the first instant nothing is judged: a later one judges less.
    let from = raised(was.0.unwrap_or(i64::MIN), is.0.unwrap_or(i64::MIN));
    add(from, "in force from", ("it is in force later", "it is in force earlier"), (time(was.0), time(is.0)), found);
    let to = raised(is.1.unwrap_or(i64::MAX), was.1.unwrap_or(i64::MAX));
    add(
        to,
        "in force to",
        ("it is in force for less time", "it is in force for more time"),
        (time(was.1), time(is.1)),
        found,
    );
    let (was, is) = (&old.check, &new.check);
    let first = |any: bool| Some(if any { "any" } else { "initial" }.to_owned());
    let words = ("what came before an object was first seen is not judged", "an object that is first seen must be new");
    add(
        raised(was.first_seen_any, is.first_seen_any),
        "first_seen_state",
        words,
        (first(was.first_seen_any), first(is.first_seen_any)),
        found,
    );
    let ties = |commute: bool| Some(if commute { "commute" } else { "ordered" }.to_owned());
    let words = ("steps of one clock tick may have any order", "steps of one clock tick have the order of the source");
    add(
        raised(was.ties_commute, is.ties_commute),
        "ties",
        words,
        (ties(was.ties_commute), ties(is.ties_commute)),
        found,
    );
    for (name, was, is) in [
        ("clock_skew", was.clock_skew, is.clock_skew),
        ("retry_window", was.retry_window, is.retry_window),
        ("state_lag", was.state_lag, is.state_lag),
    ] {
        let texts = (Some(quantity::duration_text(was)), Some(quantity::duration_text(is)));
        add(raised(was, is), name, ("more is forgiven", "less is forgiven"), texts, found);
    }
    let gap = |micros| Some(quantity::duration_text(micros));
    found.differs(Severity::Medium, "session_gap", "check", gap(was.session_gap), gap(is.session_gap));
}

fn add(
    direction: Option<Direction>,
    aspect: &'static str,
    (widened, narrowed): (&str, &str),
    (old, new): (Option<String>, Option<String>),
    found: &mut Changes,
) {
    let Some(direction) = direction else { return };
    let says = if direction == Direction::Widened { widened } else { narrowed }.to_owned();
    let subject =
        if matches!(aspect, "draft" | "in force from" | "in force to") { "workflow" } else { "check" }.to_owned();
    found.add(direction, Severity::Medium, Found { aspect, subject, says, old, new });
}
