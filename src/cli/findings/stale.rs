//! `offpath findings stale`: suppressions that are over, about to be, or cover nothing in a run.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::json;

use crate::cli::args::{Stale, TriageFormat};
use crate::cli::output::pretty;
use crate::cli::stored_run::StoredRun;
use crate::cli::{Console, Ended, Exit, triage};
use crate::finding::Finding;
use crate::finding::suppression::{self, Suppression, SuppressionSummary, Use};
use crate::report::{RunSummary, terminal};

/// Days before its last in which a suppression is about to be over.
const SOON: i64 = 14;

/// Runs the command.
pub(super) fn run(args: &Stale, console: &Console) -> Ended {
    let today = args.today.unwrap_or_else(triage::today);
    let entries = triage::read(&args.suppressions, today, console)?;
    let run = StoredRun::open(&args.run)?;
    let mut findings: Vec<Finding> = run.findings.into_iter().map(|f| Finding { suppressed: None, ..f }).collect();
    let told = suppression::apply(&mut findings, &entries, today);
    let until = today.checked_add(SOON.days()).unwrap_or(Date::MAX);
    let is_stale = |(entry, told): &(&Suppression, SuppressionSummary)| told.state != Use::Used || entry.until <= until;
    let all = entries.len();
    let stale: Vec<SuppressionSummary> = entries.iter().zip(told).filter(is_stale).map(|(_, told)| told).collect();
    let file = args.suppressions.display();
    let count = |state| stale.iter().filter(|entry| entry.state == state).count();
    let (unused, expired, soon) = (count(Use::Unused), count(Use::Expired), count(Use::Used));
    match args.format {
        TriageFormat::Json => console.print(&pretty(
            &json!({"schema_version": run.summary.schema_version, "today": today.to_string(), "suppressions": stale}),
        )?)?,
        TriageFormat::Human => {
            let summary = RunSummary { suppressions: stale, ..RunSummary::default() };
            console.print(&terminal::suppressed(&summary, &[], &console.screen(None)))?;
        }
    }
    if ["select", "ignore", "filter"].iter().any(|option| run.summary.options.contains_key(*option)) {
        console.say("The run looked for some findings only: what is unused here may be used by a whole one");
    }
    Ok(Exit::Done(format!(
        "{file}: of {all} suppressions {expired} expired, {unused} unused, {soon} over within {SOON} days"
    )))
}
