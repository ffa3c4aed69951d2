//! What changed between two models, on a terminal.

use crate::model::{Change, Direction, Model, ModelDiff};
use crate::report::change::counts;

use super::screen::{Look, Screen, severity_look};

/// The changes by direction, those that may do most harm first.
pub fn change(diff: &ModelDiff, old: &Model, new: &Model, screen: &Screen) -> String {
    let name = |model: &Model| format!("{} {}", model.id, model.version);
    let mut out = screen.paragraph("Models", &format!("{} to {}: {}", name(old), name(new), counts(diff)));
    for (direction, heading, look) in [
        (Direction::Widened, "Allowed now, or unnoticed, and not before", Look::Red),
        (Direction::Changed, "Means something else", Look::Yellow),
        (Direction::Narrowed, "No longer allowed", Look::Green),
    ] {
        let changes: Vec<&Change> = diff.changes.iter().filter(|change| change.direction == direction).collect();
        if changes.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{}\n", screen.paint(look, heading)));
        changes.into_iter().for_each(|change| one(change, screen, &mut out));
    }
    out
}

fn one(change: &Change, screen: &Screen, out: &mut String) {
    let risk = screen.paint(severity_look(change.risk.as_str()), &format!("{:<9}", change.risk.as_str()));
    let subject = screen.paint(Look::Bold, &change.subject);
    out.push_str(&format!("{risk}  {subject}: {}\n", screen.paint(Look::Plain, &change.says)));
    if change.old == change.new {
        return;
    }
    for (mark, text) in [("-", &change.old), ("+", &change.new)] {
        if let Some(text) = text {
            out.push_str(&format!("           {}\n", screen.paint(Look::Faint, &format!("{mark} {text}"))));
        }
    }
}
