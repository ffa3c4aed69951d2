//! `offpath findings baseline`: two runs beside each other.

use serde_json::json;

use crate::cli::args::{Baseline, TriageFormat};
use crate::cli::output::pretty;
use crate::cli::stored_run::StoredRun;
use crate::cli::triage::fates;
use crate::cli::{Console, Ended, Exit};
use crate::finding::verification::Fate;
use crate::finding::{BaselineState, Finding, baseline, group};
use crate::report::{BaselineSummary, terminal};

/// Runs the command.
pub(super) fn run(args: &Baseline, console: &Console) -> Ended {
    let (earlier, mut run) = (StoredRun::open(&args.earlier)?, StoredRun::open(&args.run)?);
    let of = |run: &StoredRun| run.summary.model.as_ref().map(|model| model.id.clone());
    if of(&earlier) != of(&run) {
        let name = |run: &StoredRun| of(run).unwrap_or_else(|| "no model".to_owned());
        return Err(Exit::CannotStart(format!(
            "{} was compared with {}, {} with {}: nothing of one means the same as in the other",
            earlier.path.display(),
            name(&earlier),
            run.path.display(),
            name(&run)
        )));
    }
    let absent = baseline::compare(&mut run.findings, &earlier.findings, args.by.known());
    let absent: Vec<Finding> = absent.into_iter().filter_map(|place| earlier.findings.get(place).cloned()).collect();
    let gone = fates(&absent, &run.findings, &run.summary, &run.path)?;
    let count = |state| {
        let open = run.findings.iter().filter(|finding| finding.suppressed.is_none());
        open.filter(|finding| finding.baseline == Some(state)).count() as u64
    };
    let compared = BaselineSummary {
        run: earlier.path.display().to_string(),
        by: args.by.as_str().to_owned(),
        new: count(BaselineState::New),
        changed: count(BaselineState::Changed),
        still: count(BaselineState::Still),
        absent: absent.len() as u64,
        fixed: gone.iter().filter(|verified| verified.fate == Fate::Fixed).count() as u64,
    };
    let done = format!(
        "{} new, {} changed, {} still there, {} not seen again",
        compared.new, compared.changed, compared.still, compared.absent
    );
    match args.format {
        TriageFormat::Json => {
            let groups = group::summaries(&run.findings);
            let version = &run.summary.schema_version;
            let document = json!({"schema_version": version, "baseline": compared, "groups": groups, "absent": gone});
            console.print(&pretty(&document)?)?;
        }
        TriageFormat::Human => {
            let screen = console.screen(Some(&run.path));
            let mut text = terminal::by_cause(&run.findings, usize::MAX, "", &screen);
            text.push_str(&terminal::gone(&compared, &gone, &screen));
            console.print(&text)?;
        }
    }
    Ok(Exit::Done(done))
}
