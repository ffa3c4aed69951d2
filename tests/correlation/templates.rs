//! Templates without a model, held against the templates by which the traffic was made.

use std::collections::BTreeMap;

use crate::hire::Hire;
use crate::sample::{SOURCES, history};
use crate::seen::{Seen, events};

/// Templates of the scenario that hold values; every other path is itself.
const SCENARIO: [&str; 11] = [
    "/orders/{order}",
    "/orders/{order}/cancel",
    "/orders/{order}/delivery",
    "/orders/{order}/pack",
    "/orders/{order}/pay",
    "/orders/{order}/refunds",
    "/orders/{order}/ship",
    "/products/{product}",
    "/refunds/{refund}",
    "/refunds/{refund}/approve",
    "/refunds/{refund}/execute",
];

/// The template of the scenario that a path was made by.
fn of_scenario(path: &str) -> String {
    let fits = |template: &&str| {
        let (parts, segments) = (template.split('/'), path.split('/'));
        parts.clone().count() == segments.clone().count()
            && parts.zip(segments).all(|(part, segment)| part.starts_with('{') || part == segment)
    };

    SCENARIO.iter().copied().find(fits).unwrap_or(path).to_owned()
}

/// Share of events whose operation is what it should be; tells the others.
pub(crate) fn share<'a>(what: &str, events: impl Iterator<Item = (&'a Seen, String)>) -> f64 {
    let (mut right, mut all, mut wrong) = (0, 0, BTreeMap::new());
    for (event, expected) in events {
        all += 1;
        if plain(&event.operation) == plain(&expected) {
            right += 1;
        } else {
            *wrong.entry((event.operation.clone(), expected)).or_insert(0) += 1;
        }
    }
    let share = f64::from(right) / f64::from(all.max(1));
    eprintln!("{what}: {right} of {all} exchanges in their template, {share:.4}");
    wrong.iter().take(12).for_each(|((told, expected), count)| eprintln!("  {count} {told} for {expected}"));
    share
}

/// A template whatever its variables are called.
fn plain(template: &str) -> String {
    template
        .split('/')
        .map(|part| match (part.find('{'), part.rfind('}')) {
            (Some(begin), Some(end)) => format!("/{}{{}}{}", &part[..begin], &part[end + 1..]),
            _ => format!("/{part}"),
        })
        .collect()
}

#[test]
fn paths_of_the_scenario_have_their_templates() {
    let (_folder, out, _) = history(3);
    for (source, file, _) in SOURCES {
        let events = events(&out.join(file), None);
        let expected = |event: &Seen| format!("{} {}", event.method, of_scenario(&event.path));
        let share = share(&format!("scenario, {source}"), events.iter().map(|event| (event, expected(event))));
        assert!(share >= 0.98, "{source}: {share}");
    }
}

#[test]
fn paths_of_another_application_have_theirs() {
    let hire = Hire::opened(9, 40);
    let (_folder, file) = hire.write();
    let events = events(&file, None);
    let share = share("hire", events.iter().zip(&hire.real).map(|(event, real)| (event, real.template.clone())));
    assert!(share >= 0.98, "{share}");
}
