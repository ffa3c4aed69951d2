//! What changed between two models, for whoever decides about the change: those that may do most harm first.

use serde::Serialize;
use serde_json::{Value, json};

use super::visible;
use crate::model::{Change, Direction, Model, ModelDiff};

/// A model's name for a heading.
#[derive(Clone, Debug, Serialize)]
struct Head<'a> {
    file: &'a str,
    id: &'a str,
    version: &'a str,
    hash: &'a str,
}

impl<'a> Head<'a> {
    fn of(model: &'a Model) -> Head<'a> {
        Head { file: &model.file, id: &model.id, version: &model.version, hash: &model.hash }
    }
}

/// One document; the changes in order.
pub fn json(diff: &ModelDiff, old: &Model, new: &Model) -> Value {
    let change = |change: &Change| {
        json!({
            "risk": change.risk.as_str(), "direction": change.direction.as_str(), "aspect": change.aspect,
            "subject": change.subject, "says": change.says, "old": change.old, "new": change.new,
        })
    };
    json!({
        "schema_version": "1",
        "old": Head::of(old),
        "new": Head::of(new),
        "widened": diff.count(Direction::Widened),
        "narrowed": diff.count(Direction::Narrowed),
        "changed": diff.count(Direction::Changed),
        "changes": diff.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// `2 widened, 1 changed, 3 narrowed`.
pub fn counts(diff: &ModelDiff) -> String {
    let all = [Direction::Widened, Direction::Changed, Direction::Narrowed];
    all.map(|direction| format!("{} {}", diff.count(direction), direction.as_str())).join(", ")
}

/// A page for a review: a table for each direction.
pub fn markdown(diff: &ModelDiff, old: &Model, new: &Model) -> String {
    let name = |model: &Model| format!("{} {}", cell(&model.id), cell(&model.version));
    let mut out = format!("## Model change: {} to {}\n\n{}.\n", name(old), name(new), counts(diff));
    for (direction, heading) in [
        (Direction::Widened, "What is allowed now, or goes unnoticed, that was not before"),
        (Direction::Changed, "What means something else"),
        (Direction::Narrowed, "What is no longer allowed"),
    ] {
        let changes: Vec<&Change> = diff.changes.iter().filter(|change| change.direction == direction).collect();
        if changes.is_empty() {
            continue;
        }
        out.push_str(&format!("\n### {heading}\n\n| risk | where | what | before | now |\n|---|---|---|---|---|\n"));
        for change in changes {
            let text = |value: &Option<String>| value.as_deref().map(code).unwrap_or_default();
            let (old, new) = (text(&change.old), text(&change.new));
            let risk = change.risk.as_str();
            out.push_str(&format!("| {risk} | {} | {} | {old} | {new} |\n", cell(&change.subject), cell(&change.says)));
        }
    }
    out
}

/// Text that stays in its cell and is not read as marks.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '|' | '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text as code in a cell.
fn code(text: &str) -> String {
    let text = visible(text);
    let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(ticks + 1);
    format!("{fence} {} {fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells() {
        assert_eq!(cell("a|b *c* <d>"), "a\\|b \\*c\\* \\<d\\>");
        assert_eq!(code("a || b"), "` a \\|\\| b `");
        assert_eq!(code("x``y"), "``` x``y ```");
    }
}
