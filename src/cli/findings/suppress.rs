//! `offpath findings suppress`: adds to a suppression file, and leaves what is in it as it is.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::list::group_named;
use crate::cli::args::Suppress;
use crate::cli::stored_run::StoredRun;
use crate::cli::{Console, Ended, Exit, triage};
use crate::finding::suppression::{Covers, Suppression};
use crate::finding::{Finding, text};

/// Findings that one group may add: beyond that a pattern says it better.
const MOST: usize = 1_000;
/// Letters of a finding's sentence in the comment above its entry.
const SENTENCE: usize = 120;
/// What a new file begins with.
const HEAD: &str = "# Findings that somebody answers for: docs/suppressions.md\nsuppressions:\n";

/// Runs the command.
pub(super) fn run(args: &Suppress, console: &Console) -> Ended {
    let today = triage::today();
    check_day(args.until, today)?;
    let by = args
        .by
        .clone()
        .or_else(user)
        .ok_or_else(|| Exit::CannotStart("who answers for it is not known: name somebody with --by".to_owned()))?;
    let run = StoredRun::open(&args.run)?;
    let wanted = findings(&args.ids, &run.findings)?;
    let file = &args.suppressions;
    let (name, old) = (file.display().to_string(), if file.exists() { triage::text(file)? } else { String::new() });
    let entries = triage::parse(&name, &old, today, console)?;
    let (known, new): (Vec<&Finding>, Vec<&Finding>) = wanted
        .into_iter()
        .partition(|finding| entries.iter().any(|entry| entry.until >= today && covers(entry, finding)));
    for finding in &known {
        console.say(&format!("{} is in the file already", finding.id));
    }
    if new.is_empty() {
        return Ok(Exit::Done(format!("{name}: nothing to add")));
    }
    let written: Vec<String> = new.iter().map(|finding| entry(finding, &args.reason, &by, args.until)).collect();
    let added = addition(&old, &entries, &new, &written, |text| triage::entries(&name, text, today).ok());
    let added = added.ok_or_else(|| {
        Exit::CannotStart(format!(
            "{name}: nothing can be added behind its last line; its list must end the file, one `- {{...}}` a line"
        ))
    })?;
    append(file, &added).map_err(|error| Exit::CannotStart(format!("{name}: {error}")))?;
    let count = match new.len() {
        1 => "1 suppression".to_owned(),
        many => format!("{many} suppressions"),
    };
    Ok(Exit::Done(format!("{name}: {count} added, until {}; use it with --suppressions {name}", args.until)))
}

fn check_day(until: Date, today: Date) -> Result<(), Exit> {
    let latest = today.checked_add(1.year()).unwrap_or(today);
    if until < today {
        return Err(Exit::CannotStart(format!("--until {until} is over already; today is {today} (UTC)")));
    }
    if until > latest {
        return Err(Exit::CannotStart(format!("--until {until} is more than a year ahead; at most {latest}")));
    }
    Ok(())
}

/// The name of who runs the command, as the system tells it.
fn user() -> Option<String> {
    let names = ["USER", "LOGNAME", "USERNAME"].iter().filter_map(|name| std::env::var(name).ok());
    names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty())
}

/// The findings that ids, or beginnings of them, stand for; each once, in the order of the run.
fn findings<'f>(ids: &[String], all: &'f [Finding]) -> Result<Vec<&'f Finding>, Exit> {
    let mut wanted: Vec<&Finding> = Vec::new();
    for id in ids {
        if id.starts_with('G') {
            let group = group_named(id, all)?;
            let of_group: Vec<&Finding> = all.iter().filter(|f| f.group == group && f.suppressed.is_none()).collect();
            if of_group.len() > MOST {
                return Err(Exit::CannotStart(format!(
                    "{group} has {} findings; cover them by patterns instead: rule, actor, object, activity",
                    of_group.len()
                )));
            }
            wanted.extend(of_group);
            continue;
        }
        let found: Vec<&Finding> = all.iter().filter(|finding| finding.id.starts_with(id.as_str())).collect();
        match found.as_slice() {
            [only] => wanted.push(only),
            [] => return Err(Exit::CannotStart(format!("no finding of the run is called `{}`", text::display(id)))),
            several => {
                return Err(Exit::CannotStart(format!("`{id}` begins {} findings; write more of it", several.len())));
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    wanted.retain(|finding| seen.insert((finding.fingerprint.as_str(), finding.evidence_hash.as_str())));
    Ok(wanted)
}

fn covers(entry: &Suppression, finding: &Finding) -> bool {
    match &entry.covers {
        Covers::Finding { fingerprint, evidence } => {
            *fingerprint == finding.fingerprint && *evidence == finding.evidence_hash
        }
        Covers::Pattern(patterns) => patterns.cover(finding),
    }
}

/// An entry as it is written, a comment above it: the file is read by people who have no run at hand.
fn entry(finding: &Finding, reason: &str, by: &str, until: Date) -> String {
    let quoted = |text: &str| serde_json::Value::from(text::display(text)).to_string();
    format!(
        "# {} {} {}: {}\n- {{fingerprint: {}, evidence: {}, reason: {}, by: {}, until: {until}}}\n",
        finding.severity,
        text::display(&finding.rule),
        text::display(&finding.id),
        text::display_short(&finding.title, SENTENCE),
        finding.fingerprint,
        finding.evidence_hash,
        quoted(reason),
        quoted(by),
    )
}

/// What is to be written behind a text so that it holds the new entries after those that it has; `None` where nothing can.
fn addition(
    old: &str,
    entries: &[Suppression],
    new: &[&Finding],
    written: &[String],
    parse: impl Fn(&str) -> Option<Vec<Suppression>>,
) -> Option<String> {
    let indent = entries.last().map_or("  ", |last| {
        let line = old.lines().nth(last.line.saturating_sub(1)).unwrap_or_default();
        line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
    });
    let lines: String =
        written.iter().flat_map(|entry| entry.lines()).map(|line| format!("{indent}{line}\n")).collect();
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    let head = if old.is_empty() { HEAD } else { "suppressions:\n" };
    [format!("{gap}{lines}"), format!("{gap}{head}{lines}")].into_iter().find(|added| {
        let Some(parsed) = parse(&format!("{old}{added}")) else { return false };
        let (before, after) = parsed.split_at_checked(entries.len()).unwrap_or((&[], &[]));
        before == entries && after.len() == new.len() && after.iter().zip(new).all(|(entry, f)| covers(entry, f))
    })
}

fn append(file: &Path, added: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(added.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::suppression;
    use crate::finding::tests::sample;

    const TODAY: Date = jiff::civil::date(2026, 11, 20);

    fn parse(text: &str) -> Option<Vec<Suppression>> {
        suppression::read("s.yaml", text, TODAY, &["ENUM"]).ok()
    }

    fn added_to(old: &str, reason: &str) -> Option<String> {
        let mut finding = sample("F0123456789ab", "high", 0.9, 5);
        finding.title = "a\nsuppressions: \u{85}\u{2028}[evil]".to_owned();
        finding.identify();
        let written = entry(&finding, reason, "o'neil", jiff::civil::date(2026, 12, 1));
        let added = addition(old, &parse(old).unwrap(), &[&finding], &[written], parse)?;
        let whole = format!("{old}{added}");
        let read = parse(&whole).unwrap();
        assert_eq!(read.last().unwrap().by, "o'neil");
        assert_eq!(read.last().unwrap().reason, text::display(reason));
        Some(whole)
    }

    #[test]
    fn what_is_there_stays_byte_for_byte() {
        let entry = "{rule: ENUM, reason: r, by: b, until: 2026-12-01}";
        for old in [
            String::new(),
            "# only a comment".to_owned(),
            "suppressions:\n".to_owned(),
            format!("# why\nsuppressions:\n  - {entry}   # because\n  # and a last word\n"),
            format!("suppressions:\n- {entry}"),
            "suppressions:\n    - rule: ENUM\n      reason: r\n      by: b\n      until: 2026-12-01\n".to_owned(),
        ] {
            for reason in ["load test", "a: \"b\" # c\n- d", "{[*&!|>%@`"] {
                let whole = added_to(&old, reason).unwrap_or_else(|| panic!("{old:?}"));
                assert!(whole.starts_with(&old), "{whole}");
            }
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone() {
        for old in ["suppressions: []\n", "suppressions: [{rule: ENUM, reason: r, by: b, until: 2026-12-01}]\n"] {
            assert_eq!(added_to(old, "r"), None, "{old}");
        }
    }

    #[test]
    fn a_day_lies_between_today_and_a_year_ahead() {
        let ok = |until| check_day(until, TODAY).is_ok();
        let date = jiff::civil::date;
        assert!(ok(TODAY) && ok(date(2027, 11, 20)) && !ok(date(2027, 11, 21)) && !ok(date(2026, 11, 19)));
    }
}
