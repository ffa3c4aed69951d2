//! `show gaps`: everything that was seen and not read, or read and not whole.

use crate::report::figure::{bytes, count, counted};
use crate::report::reason;
use crate::report::summary::RunSummary;

use super::screen::{Look, Screen};
use super::table::Table;

/// What the run could not see, by reason, with counts; and what broke its format.
pub fn gaps(run: &RunSummary, screen: &Screen) -> String {
    let mut table = Table::new(&["COUNT", "BYTES", "WHAT"], &[0, 1]);
    let mut row = |counted: &str, size: String| {
        let (number, what) = counted.split_once(' ').unwrap_or(("", counted));
        table.row([number.to_owned(), size, what.to_owned()].map(|text| (Look::Plain, text)).to_vec());
    };
    for part in run.not_read.iter().filter(|part| part.count > 0) {
        row(&format!("{}, not read", reason::not_read(part)), bytes(part.bytes));
    }
    for (reason, number) in &run.incomplete {
        row(&reason::incomplete(reason, *number), String::new());
    }
    for (name, number) in &run.irregularities {
        row(&format!("{} read although it broke its format: {name}", count(*number)), String::new());
    }
    for packets in reason::packets(run) {
        row(&packets, String::new());
    }
    if run.filtered > 0 {
        row(&format!("{} held back by --bpf", counted(run.filtered, "packet", "packets")), String::new());
    }
    let (connections, broken) = run.connections;
    row(
        &format!("{} of {} with gaps", count(broken), counted(connections, "connection", "connections")),
        String::new(),
    );
    row(
        &counted(run.blind_spots, "stretch of time without requests seen", "stretches of time without requests seen"),
        String::new(),
    );
    row(
        &counted(run.unmatched, "exchange that matches no known operation", "exchanges that match no known operation"),
        String::new(),
    );
    let mut out = table.render(screen);
    for error in &run.errors {
        out.push_str(&screen.paragraph("", error));
    }
    out
}
