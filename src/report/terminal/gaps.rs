//! `show gaps`: everything that was seen and not read, or read and not whole.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::report::figure::{bytes, count, counted, span, utc};
use crate::report::reason;
use crate::report::summary::{Gap, RunSummary};

use super::screen::{Look, Screen};
use super::table::Table;

/// Inputs and connections in the table.
const SHOWN: usize = 100;

/// What the run could not see, by reason with counts, then by input and connection.
pub fn gaps(run: &RunSummary, gaps: &[Gap], screen: &Screen) -> String {
    let mut out = by_reason(run, gaps, screen);
    for error in &run.errors {
        out.push_str(&screen.paragraph("", error));
    }
    if !gaps.is_empty() {
        out.push('\n');
        out.push_str(&by_place(gaps, screen));
    }
    out
}

fn by_reason(run: &RunSummary, gaps: &[Gap], screen: &Screen) -> String {
    let mut table = Table::new(&["COUNT", "BYTES", "WHAT"], &[0, 1]).wrapping();
    let mut row = |counted: &str, size: String| {
        let (number, what) = counted.split_once(' ').unwrap_or(("", counted));
        table.row([number.to_owned(), size, what.to_owned()].map(|text| (Look::Plain, text)).to_vec());
    };
    for part in run.not_read.iter().filter(|part| part.count > 0) {
        row(&format!("{}, not read", reason::not_read(part)), reason::sized(part.bytes, part.share));
    }
    for part in &run.missing {
        row(&reason::missing(&part.reason, part.count), reason::sized(part.bytes, part.share));
    }
    for (protocol, sum) in &run.foreign {
        row(
            &format!("{} of {protocol}, which is no HTTP", counted(sum.connections, "connection", "connections")),
            bytes(sum.bytes),
        );
    }
    for (reason, number) in &run.incomplete {
        row(&reason::incomplete(reason, *number), String::new());
    }
    for (name, number) in &run.irregularities {
        row(&format!("{} {}", count(*number), reason::irregularity(name)), String::new());
    }
    for packets in reason::packets(run) {
        row(&packets, String::new());
    }
    if run.filtered > 0 {
        row(&format!("{} held back by --bpf", counted(run.filtered, "packet", "packets")), String::new());
    }
    let (connections, broken) = run.connections;
    if connections > 0 {
        row(
            &format!("{} with gaps, of {}", counted(broken, "connection", "connections"), count(connections)),
            String::new(),
        );
    }
    let spots = gaps.iter().filter(|gap| gap.kind == "blind_spot").map(|gap| gap.count).sum::<u64>();
    if spots.max(run.blind_spots) > 0 {
        row(&blind_spots(spots, run.blind_spots), String::new());
    }
    if run.unmatched > 0 {
        let [one, many] = ["exchange that matches no known operation", "exchanges that match no known operation"];
        row(&counted(run.unmatched, one, many), String::new());
    }
    if table.is_empty() && run.errors.is_empty() {
        return screen.paragraph("Gaps", "none: all that is in the input was read");
    }
    table.render(screen)
}

/// `5 blind spots, in which requests may be missing (of 7 that overlap)`: what the run counts, and the lines below.
fn blind_spots(spots: u64, apart: u64) -> String {
    let said = reason::blind_spots(apart);
    if spots <= apart { said } else { format!("{said} (of {} that overlap)", count(spots)) }
}

/// The blind spots of one input and server as one gap, from the first's beginning to the last's end; all other gaps as
/// they are.
fn joined(gaps: Vec<&Gap>) -> Vec<Gap> {
    let mut spots: BTreeMap<(&str, Option<&str>), Gap> = BTreeMap::new();
    let mut listed = Vec::new();
    for gap in gaps {
        if gap.kind != "blind_spot" {
            listed.push(gap.clone());
            continue;
        }
        match spots.entry((&gap.input, gap.server.as_deref())) {
            Entry::Vacant(free) => {
                free.insert(gap.clone());
            }
            Entry::Occupied(mut known) => {
                let all = known.get_mut();
                (all.count, all.bytes) = (all.count + gap.count, all.bytes + gap.bytes);
                all.to = all.to.take().max(gap.to.clone());
            }
        }
    }
    listed.extend(spots.into_values());
    listed
}

/// One line for each input, connection and reason, and for the blind spots of each server; by time.
fn by_place(gaps: &[Gap], screen: &Screen) -> String {
    let mut listed: Vec<&Gap> = gaps.iter().filter(|gap| gap.kind != LEFT_OUT && !is_sum(gap, gaps)).collect();
    listed.sort_by_key(|gap| (&gap.input, &gap.from, &gap.connection));
    let mut listed = joined(listed);
    listed.sort_by(|a, b| (&a.input, &a.from, &a.connection).cmp(&(&b.input, &b.from, &b.connection)));
    let file = listed.first().map(|gap| gap.input.as_str());
    let file = file.filter(|file| listed.iter().all(|gap| gap.input == *file));
    let mut table =
        Table::new(&["COUNT", "BYTES", "WHAT", "FROM, UTC", "FOR", "CONNECTION", "FIRST PLACE"], &[0, 1, 4]).wrapping();
    for gap in listed.iter().take(SHOWN) {
        let place = gap.origin.as_deref().unwrap_or(&gap.input);
        let place = file.and_then(|file| place.strip_prefix(file)).unwrap_or(place);
        let texts = [
            count(gap.count),
            reason::sized(gap.bytes, gap.share),
            gap.words(),
            gap.from.as_deref().map(utc).unwrap_or_default(),
            gap.lasted().map(span).unwrap_or_default(),
            gap.ends(),
            place.trim_start_matches('#').to_owned(),
        ];
        table.row(texts.map(|text| (Look::Plain, text)).to_vec());
    }
    let mut out = file.map(|file| screen.paragraph("File", file)).unwrap_or_default();
    out.push_str(&table.render(screen));
    let left_out: u64 = gaps.iter().filter(|gap| gap.kind == LEFT_OUT).map(|gap| gap.count).sum();
    if listed.len() > SHOWN {
        let more = counted((listed.len() - SHOWN) as u64, "line", "lines");
        out.push_str(&screen.paragraph("", &format!("{more} more: --format csv lists all")));
    }
    if left_out > 0 {
        out.push_str(&screen.paragraph("", &format!("{} more were counted and not listed", count(left_out))));
    }
    out
}

/// Whether a line only sums up lines of connections or interfaces, as the table above does.
fn is_sum(gap: &Gap, gaps: &[Gap]) -> bool {
    let of_input = |gap: &Gap| gap.connection.is_none() && gap.origin.is_none() && gap.from.is_none();
    let same = |other: &&Gap| !of_input(other) && (&other.kind, &other.reason) == (&gap.kind, &gap.reason);
    let own = || gaps.iter().filter(same);
    of_input(gap) && own().next().is_some() && own().map(|other| other.count).sum::<u64>() >= gap.count
}

/// Kind of the line that counts what has none.
const LEFT_OUT: &str = "left_out";
