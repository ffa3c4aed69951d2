//! `show gaps`: everything that was seen and not read, or read and not whole.

use crate::report::figure::{bytes, count};
use crate::report::summary::RunSummary;

use super::screen::{Look, Screen};
use super::table::Table;

/// What the run could not see, by reason, with counts; and what broke its format.
pub fn gaps(run: &RunSummary, screen: &Screen) -> String {
    let mut table = Table::new(&["WHAT", "REASON", "COUNT", "BYTES"], &[2, 3]);
    let mut row = |what: &str, reason: &str, number: String, size: String| {
        table.row([what.to_owned(), reason.to_owned(), number, size].map(|text| (Look::Plain, text)).to_vec());
    };
    for part in &run.not_read {
        row("not read", &part.reason, count(part.count), bytes(part.bytes));
    }
    for (reason, number) in &run.incomplete {
        row("exchange not whole", reason, count(*number), String::new());
    }
    for (name, number) in &run.irregularities {
        row("broke its format", name, count(*number), String::new());
    }
    if run.filtered > 0 {
        row("held back", "--bpf", count(run.filtered), String::new());
    }
    let (connections, broken) = run.connections;
    row("connections", "with gaps", format!("{} of {}", count(broken), count(connections)), String::new());
    row("stretches of time", "without requests seen", count(run.blind_spots), String::new());
    let mut out = table.render(screen);
    for error in &run.errors {
        out.push_str(&screen.paragraph("", error));
    }
    out
}
