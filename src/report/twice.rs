//! Traffic that was given twice and counted once, and what else among the inputs was left out, in sentences.

use super::figure::{counted, span};
use super::summary::{AsideSummary, RunSummary};

/// Sentences of one kind; `run.json` has all.
const SHOWN: usize = 5;

/// Copies that were not read, and exchanges that two inputs show.
pub(super) fn counted_once(run: &RunSummary) -> Vec<String> {
    let copies = run.aside.iter().filter_map(copy);
    let views = run.twice.iter().map(|twice| {
        let (these, are) = match twice.exchanges {
            1 => ("1 exchange".to_owned(), "is"),
            many => (counted(many, "exchange", "exchanges"), "are"),
        };
        format!("{these} of {} {are} also in {}: counted once", twice.input, twice.of)
    });
    let hops = run.hops.iter().map(|hops| {
        let (these, are) = match hops.exchanges {
            1 => ("1 exchange".to_owned(), "is an inner hop of another"),
            many => (counted(many, "exchange", "exchanges"), "are inner hops of others"),
        };
        format!("{these} of {} {are}: counted once", hops.input)
    });
    few(copies.chain(views).chain(hops).collect())
}

/// Inputs that were set to the clock of another.
pub(super) fn clocks(run: &RunSummary) -> Vec<String> {
    let sentences = run.clocks.iter().map(|clock| {
        let apart = span(clock.moved_us.saturating_abs());
        let (is, judged) = if clock.moved_us > 0 { ("behind", "later") } else { ("ahead of", "earlier") };
        format!("{} is {apart} {is} {}: what only it shows is judged {apart} {judged}", clock.input, clock.of)
    });
    few(sentences.collect())
}

/// Folders that hold no traffic but an earlier run.
pub(super) fn skipped(run: &RunSummary) -> Vec<String> {
    let folders = run.aside.iter().filter(|aside| aside.of.is_none());
    few(folders.map(|aside| format!("{}: a run folder of offpath, not read as input", aside.input)).collect())
}

/// `b.har.gz is a copy of b.har: read once`.
fn copy(aside: &AsideSummary) -> Option<String> {
    let what = if aside.reason == "copy" { "a copy of" } else { "the same file as" };
    Some(format!("{} is {what} {}: read once", aside.input, aside.of.as_deref()?))
}

/// The first sentences, and how many there are beside them.
pub(super) fn few(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more, all in run.json"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::TwiceSummary;

    #[test]
    fn few_sentences_stand_for_many() {
        let twice = |n: u64| TwiceSummary { input: format!("{n}.log"), of: "a.har".to_owned(), exchanges: n };
        let run = RunSummary { twice: (1..=8).map(twice).collect(), ..RunSummary::default() };
        let lines = counted_once(&run);
        assert_eq!(lines.len(), SHOWN + 1);
        assert_eq!(lines[0], "1 exchange of 1.log is also in a.har: counted once");
        assert_eq!(lines[SHOWN], "and 3 more, all in run.json");
    }
}
