//! `show unmatched`: what is no activity of the model, by name.

use crate::report::figure::{count, counted};
use crate::report::summary::{RunSummary, UnmodelledSummary};
use crate::report::unmodelled;

use super::screen::{Look, Screen};
use super::table::Table;

/// Names in the table.
const SHOWN: usize = 100;

/// What the model has no activity for: how often, why, and where it first happened.
pub fn unmatched(run: &RunSummary, found: &UnmodelledSummary, screen: &Screen) -> String {
    let lines = [unmodelled::events(run), unmodelled::messages(run)];
    let mut out: String = lines.iter().flatten().map(|line| screen.paragraph("Unmodelled", line)).collect();
    if out.is_empty() {
        return screen.paragraph("Unmodelled", "nothing: all events are activities of the model");
    }
    let mut table = Table::new(&["CALLS", "REFUSED", "EVENTS", "WHAT", "WHY", "FIRST PLACE"], &[0, 1, 2]).wrapping();
    for operation in found.operations.iter().take(SHOWN) {
        let texts = [
            count(operation.calls),
            count(operation.refused),
            count(operation.events),
            operation.name.clone(),
            unmodelled::why(operation).to_owned(),
            operation.first.clone(),
        ];
        table.row(texts.map(|text| (Look::Plain, text)).to_vec());
    }
    out.push('\n');
    out.push_str(&table.render(screen));
    if found.operations.len() > SHOWN {
        let more = counted((found.operations.len() - SHOWN) as u64, "line", "lines");
        out.push_str(&screen.paragraph("", &format!("{more} more: --format csv lists all")));
    }
    out
}
