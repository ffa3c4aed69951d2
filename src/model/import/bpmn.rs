//! Processes of BPMN 2.0.

use std::collections::BTreeSet;

use offpath_process::{Labels, Process, Step, read_bpmn};

use super::draft::{self, Call, Draft};
use super::net::{self, Labelled, Names};
use super::{ImportError, LeftOut};

/// Reads a file's processes, each of which is the life of one object.
pub(super) fn read(text: &str) -> Result<Draft, ImportError> {
    let processes = read_bpmn(text.as_bytes(), Labels::Calls)
        .map_err(|error| ImportError::new(line(error.line()), error.to_string()))?;
    let id = processes.first().map(|process| process.name.clone()).unwrap_or_default();
    let mut draft = Draft { format: "BPMN 2.0".to_owned(), id, version: "1".to_owned(), ..Draft::default() };
    draft.head.push(
        "A step is a task, or a message that comes in. Conditions are code: a way with one may be taken whether it holds or \
         not, until a `when` says more. Times, signals and what the process sends by events are seen by nobody and taken \
         at once; what scripts, rules and hands do by themselves is `unseen`."
            .to_owned(),
    );
    if processes.iter().flat_map(|process| &process.steps).any(|step| step.lane.is_some()) {
        let how =
            "Lanes are roles (`by`): say under `actors` where roles are seen, or take `by` out where everybody may.";
        draft.head.push(how.to_owned());
    }
    let mut names = Names::default();
    for process in &processes {
        let left = process.left_out.iter().map(|(at, what)| LeftOut { line: line(*at), what: what.clone() });
        draft.left_out.extend(left);
        net::lower(
            (&process.name, line(process.line)),
            &process.net,
            |label| said(process, label),
            &mut names,
            &mut draft,
        )?;
    }
    Ok(draft)
}

/// What a process says of one label, which several tasks may have.
fn said(process: &Process, label: &str) -> Labelled {
    let steps: Vec<&Step> = process.steps.iter().filter(|step| step.label == label).collect();
    let by_itself = |step: &&Step| matches!(step.element.as_str(), "scriptTask" | "businessRuleTask" | "manualTask");
    let call = if !steps.is_empty() && steps.iter().all(by_itself) { Call::Unseen } else { Call::Guessed };
    // Where one of them stands in no lane everybody may do it.
    let lanes: Option<BTreeSet<String>> =
        steps.iter().map(|step| step.lane.as_deref().map(|lane| draft::word(lane, "role"))).collect();
    let places: Vec<String> =
        steps.iter().take(5).map(|step| format!("{} of line {}", step.element, step.line)).collect();
    let why = format!("{label}: {}", places.join(", "));
    Labelled { call, by: lanes.unwrap_or_default().into_iter().collect(), why }
}

fn line(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}
