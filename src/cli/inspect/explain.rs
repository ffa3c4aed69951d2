//! `inspect --explain`: why a path, an actor or an id is what it is taken for.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::args::InspectFormat;
use crate::cli::show::nearest::Nearest;
use crate::cli::{Console, Ended, Exit};
use crate::correlate::ledger::IdHasher;
use crate::pipeline::{Job, Run, Sought};
use crate::report::terminal;

/// Names that are like the one that was typed.
pub(super) type Near = Arc<Mutex<Option<Nearest>>>;

/// Has the job look for what was typed.
pub(super) fn look_for(typed: &str, job: &mut Job) -> Near {
    let path = typed.find(" /").and_then(|at| typed.get(at + 1..));
    let name = path.unwrap_or_else(|| typed.strip_prefix("actor:").unwrap_or(typed));
    let near: Near = Arc::new(Mutex::new(Some(Nearest::to(name))));
    let offered = Arc::clone(&near);
    let offer = Box::new(move |name: &str| {
        let mut near = offered.lock().unwrap_or_else(PoisonError::into_inner);
        near.iter_mut().for_each(|near| near.offer(name));
    });
    let redactor = job.redactor();
    job.sought = Some(Arc::new(Sought::new(typed, &IdHasher::new(&job.hash_key), redactor, offer)));
    near
}

/// Prints the answer; where nothing is it, the names that are like it.
pub(super) fn answer(run: &Run, job: &Job, near: &Near, format: InspectFormat, console: &Console) -> Ended {
    let Some(sought) = &job.sought else { return Ok(super::ended(run)) };
    let mut explanation = sought.explanation(run, job);
    if explanation.is_empty() {
        let near = near.lock().unwrap_or_else(PoisonError::into_inner).take();
        explanation.nearest = near.map(Nearest::names).unwrap_or_default();
    }
    match format {
        InspectFormat::Human if explanation.is_empty() => {}
        InspectFormat::Human => console.print(&terminal::explanation(&explanation))?,
        InspectFormat::Json => console.print(&crate::cli::output::pretty(&explanation)?)?,
    }
    super::say_errors(run, console);
    if !explanation.is_empty() {
        return Ok(super::ended(run));
    }
    let near: Vec<String> = explanation.nearest.iter().map(|name| crate::finding::text::display(name)).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    let subject = crate::finding::text::display(&explanation.subject);
    Ok(Exit::Nothing(format!("nothing that was read is the path, actor or id {subject}{hint}")))
}
