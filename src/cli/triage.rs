//! Suppressions and baselines from flags, and what became of the findings of a baseline that are gone.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::args::{BaselineBy, Check};
use super::stored_run::StoredRun;
use super::{Console, Exit};
use crate::event::table;
use crate::finding::Finding;
use crate::finding::baseline::Known;
use crate::finding::suppression::{self, Suppression, Use};
use crate::finding::verification::{Fate, Seen, Verified, verify};
use crate::model::Diagnostics;
use crate::pipeline::{Earlier, Run, Triage};
use crate::report::RunSummary;
use crate::rule;

/// Largest suppression file that is read.
const LARGEST: u64 = 4 << 20;

/// What the flags say is known of findings.
pub(super) fn of_flags(args: &Check, console: &Console) -> Result<Triage, Exit> {
    for (flag, given) in [("--only-new", args.only_new), ("--baseline-by", args.baseline_by.is_some())] {
        if given && args.baseline.is_none() {
            return Err(Exit::CannotStart(format!(
                "{flag} needs an earlier run to compare with: --baseline RUN-FOLDER"
            )));
        }
    }
    if args.strict_suppressions && args.suppressions.is_none() {
        return Err(Exit::CannotStart("--strict-suppressions needs a file: --suppressions FILE".to_owned()));
    }
    let today = args.today.unwrap_or_else(today);
    let read = |file: &Path| Ok::<_, Exit>((file.display().to_string(), read(file, today, console)?, today));
    Ok(Triage {
        suppressions: args.suppressions.as_deref().map(read).transpose()?,
        baseline: args.baseline.as_deref().map(|folder| earlier(folder, args.baseline_by)).transpose()?,
    })
}

fn earlier(folder: &Path, by: Option<BaselineBy>) -> Result<Earlier, Exit> {
    let run = StoredRun::open(folder)?;
    Ok(Earlier {
        run: folder.display().to_string(),
        model: run.summary.model.map(|model| model.id),
        findings: run.findings,
        known: by.map_or(Known::Finding, BaselineBy::known),
    })
}

/// The day that it is, UTC.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Reads a suppression file as of a day; its mistakes go to standard error.
pub(super) fn read(file: &Path, today: Date, console: &Console) -> Result<Vec<Suppression>, Exit> {
    parse(&file.display().to_string(), &text(file)?, today, console)
}

/// A suppression file's text.
pub(super) fn text(file: &Path) -> Result<String, Exit> {
    let cannot = |why: String| Exit::CannotStart(format!("suppressions {}: {why}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| cannot(e.to_string()))?.len();
    if size > LARGEST {
        return Err(cannot(format!("{size} bytes; at most {LARGEST} are read")));
    }
    std::fs::read_to_string(file).map_err(|e| cannot(e.to_string()))
}

/// Reads the text of a suppression file.
pub(super) fn parse(name: &str, text: &str, today: Date, console: &Console) -> Result<Vec<Suppression>, Exit> {
    entries(name, text, today).map_err(|errors| {
        console.say_always(errors.render(console.color).trim_end());
        Exit::CannotStart(format!("suppressions {name}: it has errors, see above"))
    })
}

/// The entries of a suppression file's text, or its mistakes.
pub(super) fn entries(name: &str, text: &str, today: Date) -> Result<Vec<Suppression>, Diagnostics> {
    let rules: Vec<&str> = rule::catalogue().iter().map(|rule| rule.id).collect();
    suppression::read(name, text, today, &rules)
}

/// Why a run is not let pass whose suppressions are to be in order.
pub(super) fn out_of_order(summary: &RunSummary) -> Option<String> {
    let of = |state| summary.suppressions.iter().filter(|entry| entry.state == state).count();
    let counted = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts: Vec<String> =
        [counted(of(Use::Unused), "unused"), counted(of(Use::Expired), "expired")].into_iter().flatten().collect();
    let file = summary.options.get("suppressions").map_or("the file", String::as_str);
    (!parts.is_empty()).then(|| format!("suppressions {file}: {} (--strict-suppressions)", parts.join(", ")))
}

/// Says of the findings of the baseline that are gone which were refused this time.
pub(super) fn settle(run: &mut Run, folder: &Path) -> Result<(), Exit> {
    if run.absent.is_empty() {
        return Ok(());
    }
    let fates = fates(&run.absent, &run.findings, &run.summary, folder)?;
    let counts = |verified: &&Verified| verified.fate == Fate::Fixed && verified.severity != "review";
    let fixed = fates.iter().filter(counts).count() as u64;
    run.summary.baseline.iter_mut().for_each(|baseline| baseline.fixed = fixed);
    Ok(())
}

/// What became of earlier findings in a run with these findings, whose tables are in a folder.
pub(super) fn fates(
    earlier: &[Finding],
    findings: &[Finding],
    summary: &RunSummary,
    folder: &Path,
) -> Result<Vec<Verified>, Exit> {
    if earlier.is_empty() {
        return Ok(Vec::new());
    }
    let mut seen = Seen::wanted(earlier, findings, &summary.held);
    table::rows(folder, |row| {
        seen.look(row);
        false
    })
    .map_err(|e| Exit::Incomplete(e.to_string()))?;
    let blind = |rule: &str| summary.rules.iter().find(|known| known.id == rule)?.not_evaluated.clone();
    Ok(verify(earlier, findings, &seen, &blind))
}
