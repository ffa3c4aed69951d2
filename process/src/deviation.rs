//! Deviations: what the moves of an alignment mean to people.

use std::collections::BTreeMap;

/// How a trace deviates at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An activity that the model does not know.
    Foreign,
    /// A step of the model that did not happen.
    Skipped,
    /// A step that happened at another place than the model has it.
    Reordered,
    /// A step that had been taken before, and that the model does not take again here.
    Repeated,
    /// A step that the model does not take here.
    Extra,
}

impl Kind {
    /// Its name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Foreign => "foreign",
            Kind::Skipped => "skipped",
            Kind::Reordered => "reordered",
            Kind::Repeated => "repeated",
            Kind::Extra => "extra",
        }
    }
}

/// One deviation of one trace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    /// How it deviates.
    pub kind: Kind,
    /// Name of the activity.
    pub label: String,
    /// The last step that the model had taken: the state in which it happened; `None` at the beginning.
    pub after: Option<String>,
}

/// One move of an alignment, with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Event and model agree.
    Synchronous(&'a str),
    /// An event that the model does not take here.
    Log(&'a str),
    /// An event whose activity the model does not have anywhere.
    Foreign(&'a str),
    /// A step of the model without an event.
    Model(&'a str),
}

/// A deviation as it is found: long names that come often are not copied each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found<'a> {
    kind: Kind,
    label: &'a str,
    after: Option<&'a str>,
}

impl Found<'_> {
    /// With names of its own.
    pub(crate) fn owned(&self) -> Deviation {
        Deviation { kind: self.kind, label: self.label.to_owned(), after: self.after.map(ToOwned::to_owned) }
    }
}

/// The deviations of an alignment, in its order. A log move and a model move of one activity are one deviation: the
/// step was taken at another place.
pub(crate) fn deviations<'a>(steps: &[Step<'a>]) -> Vec<Found<'a>> {
    // Model moves that a log move stands in for, by activity.
    let mut pairs: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Log(label) => pairs.entry(label).or_default().0 += 1,
            Step::Model(label) => pairs.entry(label).or_default().1 += 1,
            Step::Synchronous(_) | Step::Foreign(_) => {}
        }
    }
    // The first ones of each kind stand for each other.
    pairs.values_mut().for_each(|(log, model)| {
        let both = (*log).min(*model);
        (*log, *model) = (both, both);
    });
    let mut taken: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut after: Option<&'a str> = None;
    let mut found = Vec::new();
    for step in steps {
        let kind = match *step {
            Step::Synchronous(_) => None,
            Step::Foreign(_) => Some(Kind::Foreign),
            Step::Log(label) if left(&mut pairs, label, |(log, _)| log) => Some(Kind::Reordered),
            Step::Log(label) if taken.contains(label) => Some(Kind::Repeated),
            Step::Log(_) => Some(Kind::Extra),
            // The log move has said it.
            Step::Model(label) if left(&mut pairs, label, |(_, model)| model) => None,
            Step::Model(_) => Some(Kind::Skipped),
        };
        let (Step::Synchronous(label) | Step::Log(label) | Step::Foreign(label) | Step::Model(label)) = *step;
        if let Some(kind) = kind {
            found.push(Found { kind, label, after });
        }
        if matches!(step, Step::Synchronous(_) | Step::Model(_)) {
            after = Some(label);
        }
        if !matches!(step, Step::Model(_)) {
            taken.insert(label);
        }
    }
    found
}

/// Takes one of a count that is left, if there is one.
fn left<'p>(
    pairs: &'p mut BTreeMap<&str, (usize, usize)>,
    label: &str,
    side: impl Fn(&'p mut (usize, usize)) -> &'p mut usize,
) -> bool {
    let Some(count) = pairs.get_mut(label).map(side) else { return false };
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(steps: &[Step<'_>]) -> Vec<(Kind, String, Option<String>)> {
        let owned = deviations(steps).into_iter().map(|found| found.owned());
        owned.map(|found| (found.kind, found.label, found.after)).collect()
    }

    fn one(kind: Kind, label: &str, after: Option<&str>) -> (Kind, String, Option<String>) {
        (kind, label.to_owned(), after.map(ToOwned::to_owned))
    }

    #[test]
    fn each_kind_is_told_with_its_state() {
        use Step::{Foreign, Log, Model, Synchronous};
        let steps = [Foreign("x"), Synchronous("a"), Log("a"), Model("b"), Log("z"), Synchronous("c")];
        let expected = [
            one(Kind::Foreign, "x", None),
            one(Kind::Repeated, "a", Some("a")),
            one(Kind::Skipped, "b", Some("a")),
            one(Kind::Extra, "z", Some("b")),
        ];
        assert_eq!(told(&steps), expected);
    }

    #[test]
    fn a_step_at_another_place_is_one_deviation() {
        use Step::{Log, Model, Synchronous};
        let early = [Log("b"), Synchronous("a"), Model("b"), Synchronous("c")];
        assert_eq!(told(&early), [one(Kind::Reordered, "b", None)]);
        let late = [Synchronous("a"), Model("b"), Synchronous("c"), Log("b"), Log("b")];
        let expected = [one(Kind::Reordered, "b", Some("c")), one(Kind::Repeated, "b", Some("c"))];
        assert_eq!(told(&late), expected);
    }
}
