//! An intended model as tables: who may do what, when.

use crate::report::intended::{Intended, Life};

use super::screen::{Look, Screen};
use super::table::Table;

/// Lives, then what holds across them, the calls, and what software may do for people.
pub fn intended(model: &Intended, screen: &Screen) -> String {
    let owner = model.owner.as_ref().map(|owner| format!(", owned by {owner}")).unwrap_or_default();
    let draft = if model.draft { ", a draft that nobody has reviewed" } else { "" };
    let mut out = screen.paragraph("Model", &format!("{} {}{owner}{draft}", model.id, model.version));
    for life in &model.lifecycles {
        out.push_str(&format!("\n{}\n", screen.paint(Look::Bold, &format!("Life of {}", life.object_type))));
        out.push_str(&screen.paragraph("States", &states(life)));
        out.push_str(&transitions(life, screen));
    }
    if !model.constraints.is_empty() {
        let mut table = Table::new(&["CONSTRAINT", "DEMANDS", "SEVERITY"], &[]).wrapping();
        for demand in &model.constraints {
            let severity = demand.severity.unwrap_or_default().to_owned();
            table.row(vec![
                (Look::Bold, demand.id.clone()),
                (Look::Plain, demand.demand.clone()),
                (Look::Plain, severity),
            ]);
        }
        out.push_str(&format!("\n{}", table.render(screen)));
    }
    let mut table = Table::new(&["ACTIVITY", "CALLS", "OBJECTS"], &[]).wrapping();
    for step in &model.activities {
        let read = if step.read { "(reads)" } else { "" };
        let objects = [step.objects.join(", ").as_str(), read].join(" ").trim().to_owned();
        table.row(vec![
            (Look::Bold, step.activity.clone()),
            (Look::Plain, step.calls.join(" | ")),
            (Look::Plain, objects),
        ]);
    }
    out.push_str(&format!("\n{}", table.render(screen)));
    for (name, entries) in &model.delegations {
        out.push_str(&format!("\n{}\n", screen.paint(Look::Bold, &format!("Delegation {name}"))));
        for (key, value) in entries {
            out.push_str(&screen.paint(Look::Plain, &format!("  {key}: {value}")));
            out.push('\n');
        }
    }
    out
}

/// Names with what is special about each.
fn states(life: &Life) -> String {
    let words = life.states.iter().map(|state| {
        let marks = [(state.initial, "initial"), (state.is_final, "final"), (state.restricted, "restricted")];
        let marks: Vec<&str> = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        if marks.is_empty() { state.name.clone() } else { format!("{} ({})", state.name, marks.join(", ")) }
    });
    words.collect::<Vec<_>>().join(", ")
}

fn transitions(life: &Life, screen: &Screen) -> String {
    let mut table = Table::new(&["ACTIVITY", "FROM", "TO", "WHO", "WHEN"], &[]).wrapping();
    for way in &life.transitions {
        let from: Vec<&str> = way.from.iter().map(|state| life.state(*state)).collect();
        table.row(vec![
            (Look::Bold, way.activity.clone()),
            (Look::Plain, from.join(", ")),
            (Look::Plain, life.state(way.to).to_owned()),
            (Look::Plain, way.who.clone()),
            (Look::Plain, way.terms.clone()),
        ]);
    }
    table.render(screen)
}
