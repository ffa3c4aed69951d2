//! `offpath mine`: what really happened, and a draft of a model from it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{InspectFormat, Mine, Shared};
use super::filter::Filter;
use super::run_folder::RunFolder;
use super::{Console, Ended, Exit, documents, event_log, inspect, job};
use crate::correlate::Pseudonyms;
use crate::finding::{Finding, Verdict};
use crate::mine::{self, Doubted, Provenance, Sketch, Trust};
use crate::model::{Diagnostics, Model};
use crate::pipeline::{Job, Run};
use crate::report::terminal;

/// Calls named when there is nothing to draft.
const NAMED: usize = 5;

/// Runs the command.
pub(super) fn run(args: &Mine, shared: &Shared, console: &Console) -> Ended {
    if event_log::is_mined(args, shared) {
        return event_log::mine(args, shared, console);
    }
    let documents = documents::read(&args.openapi, console)?;
    let mut job = job::from_flags("mine", &args.inputs, args.model.as_deref(), shared, console)?;
    documents::go_by(&mut job, documents);
    inspect::look_at(&mut job, Filter::of_events(&args.inputs.filter)?);
    if args.output.is_some() && job.pseudonyms.as_ref().is_some_and(Pseudonyms::are_for_all) {
        return Err(Exit::CannotStart("a draft names paths as they are; leave out -o or --redact hash".to_owned()));
    }
    if let Some(path) = args.output.as_deref().filter(|path| path.exists()) {
        return Err(Exit::CannotStart(format!(
            "{} exists; a draft never overwrites a model, name another file",
            path.display()
        )));
    }
    // Whatever stands against writing the draft is said before the work, not after it.
    let place = args.output.as_deref().map(|path| RunFolder::beside(path, &job.inputs, console)).transpose()?;
    let spooled = place.as_ref().map(|place| spool(&mut job, place.path())).transpose()?.flatten();
    let mut run = inspect::analyse(&job, shared, console)?;
    if let Some(spooled) = &spooled {
        spooled.rename(&mut run);
    }
    let text = match args.format {
        InspectFormat::Human => terminal::mine(&run.summary, &console.screen(None)),
        InspectFormat::Json => super::output::pretty(&run.summary)?,
    };
    console.print(&text)?;
    let ended = inspect::ended(&run);
    say_left_aside(&job, &run, console);
    let Some(path) = &args.output else {
        inspect::say_errors(&run, console);
        return Ok(ended);
    };
    let mut sketch = sketch(&mut job, &run, shared, console)?;
    if sketch.is_empty() {
        inspect::say_errors(&run, console);
        console.say_always(&nothing(&sketch, run.summary.exchanges));
        let nothing = Exit::Nothing(format!("no draft: nothing shows an object, {} not written", path.display()));
        return Ok(if ended.code() == 0 { nothing } else { ended });
    }
    let draft = draft(&mut job, &mut sketch, &run, shared, console)?;
    write_new(path, &draft.text).map_err(|e| Exit::CannotStart(format!("{}: {e}", path.display())))?;
    console.say(&format!(
        "Draft      {}: it allows all that happened, misuse too; strike that, then `offpath check --model`",
        path.display()
    ));
    if draft.warnings > 0 {
        let count = if draft.warnings == 1 { "1 warning".to_owned() } else { format!("{} warnings", draft.warnings) };
        console.say(&format!("           a check of this traffic against it gives {count}, marked `check:` in it"));
    }
    inspect::say_errors(&run, console);
    Ok(ended)
}

/// A draft, and how many warnings of a check stand in it as comments.
struct Draft {
    text: String,
    warnings: usize,
}

/// Says which writes count for nothing because of the redirects that answer them. With a model, it decides.
fn say_left_aside(job: &Job, run: &Run, console: &Console) {
    let sketch = Sketch::new(&run.evidence, &run.mining);
    let calls = sketch.left_aside();
    let all: u64 = calls.iter().map(|(_, count)| count).sum();
    if all > 0 {
        let mut first: Vec<String> = calls.iter().take(NAMED).map(|(call, count)| format!("{call} {count}")).collect();
        if calls.len() > NAMED {
            first.push("...".to_owned());
        }
        // Paths are names too.
        let named = if job.pseudonyms.is_some() { String::new() } else { format!(" ({})", first.join(", ")) };
        console.say(&format!(
            "Left aside {all} writes answered with a redirect to a login, an error or where nobody sees{named}; where \
             that is success, say so with `ok:` (docs/model.md, Activities)"
        ));
    }
}

/// Why there is no draft, and what would give one.
pub(super) fn nothing(sketch: &Sketch, exchanges: u64) -> String {
    let of = if exchanges == 1 { "1 exchange".to_owned() } else { format!("{exchanges} exchanges") };
    let calls: Vec<String> = sketch.without_object().map(|(call, count)| format!("{call} {count}")).collect();
    let first = calls.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if calls.len() > NAMED { ", ..." } else { "" };
    let seen = if calls.is_empty() {
        "none was accepted by a server whose answer was seen".to_owned()
    } else {
        format!("no accepted call shows which object it is about ({})", first + more)
    };
    format!(
        "No draft   of {of}, {seen}. A place of a path is taken for a key where its words look like ids, where answers \
         name them, or where two actors or more call several of them alike. Bring more traffic, a HAR or a capture whose \
         answers show ids, or name the keys in a model of your own (docs/model.md)."
    )
}

/// Object types and activities of a reading without a model.
fn sketch(job: &mut Job, run: &Run, shared: &Shared, console: &Console) -> Result<Sketch, Exit> {
    if job.model.take().is_none() {
        return Ok(Sketch::new(&run.evidence, &run.mining));
    }
    let bare = inspect::analyse(job, shared, console)?;
    Ok(Sketch::new(&bare.evidence, &bare.mining))
}

/// Reads again with the sketch, drafts from what that shows, and replays the draft over the same traffic until it
/// allows all of it.
fn draft(job: &mut Job, sketch: &mut Sketch, run: &Run, shared: &Shared, console: &Console) -> Result<Draft, Exit> {
    job.model = Some(read_draft(&mine::outline(sketch))?.0);
    let mut named = inspect::analyse(job, shared, console)?;
    if sketch.concern_parents(&named.mining) {
        job.model = Some(read_draft(&mine::outline(sketch))?.0);
        named = inspect::analyse(job, shared, console)?;
    }
    let provenance = provenance(run);
    let mut doubted = BTreeMap::new();
    loop {
        let draft = mine::draft(sketch, &named.mining, &provenance, &doubted);
        let (model, doubts) = read_draft(&draft)?;
        job.model = Some(model);
        let replayed = inspect::analyse(job, shared, console)?;
        if !distrust(&replayed.findings, &mut doubted) {
            let warnings = &replayed.summary.warnings;
            return Ok(Draft {
                text: mine::annotated(&draft, &doubts, warnings),
                warnings: doubts.len() + warnings.len(),
            });
        }
    }
}

/// Where a draft of a run comes from.
pub(super) fn provenance(run: &Run) -> Provenance {
    let summary = &run.summary;
    Provenance {
        tool_version: summary.tool_version.clone(),
        inputs: summary.inputs.iter().map(|input| (input.name.clone(), input.sha256.clone())).collect(),
        window: summary.window.clone(),
        exchanges: summary.exchanges,
    }
}

pub(super) fn read_draft(text: &str) -> Result<(Arc<Model>, Diagnostics), Exit> {
    match Model::read("draft", text) {
        Ok((model, doubts)) => Ok((Arc::new(model), doubts)),
        Err(found) => Err(Exit::Incomplete(format!("the draft does not read as a model:\n{}", found.render(false)))),
    }
}

/// Lowers the trust in the declared states of every object type with an accepted step that its own draft does not allow,
/// and in the conditions of every one with a step that they do not; whether any could be lowered.
fn distrust(findings: &[Finding], doubted: &mut BTreeMap<String, Doubted>) -> bool {
    let strays = |finding: &&Finding| {
        let lifecycle = finding.rule.starts_with("SEQ-") || finding.rule.starts_with("ST-");
        lifecycle && finding.verdict != Verdict::Attempted && !finding.is_review()
    };
    let mut types: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in findings.iter().filter(strays) {
        if let Some(object) = &finding.object {
            types.entry(&object.object_type).or_insert(finding);
        }
    }
    let mut lowered = false;
    for finding in findings.iter().filter(|finding| finding.rule == "RULE-GUARD") {
        if let Some(object) = &finding.object {
            let known = doubted.entry(object.object_type.to_string()).or_default();
            lowered |= !std::mem::replace(&mut known.unguarded, true);
        }
    }
    for (object_type, finding) in types {
        let known = doubted.entry(object_type.to_owned()).or_default();
        lowered |= known.trust < Trust::Nothing;
        known.trust = if known.trust == Trust::Full { Trust::Names } else { Trust::Nothing };
        known.seen = contradiction(finding);
    }
    lowered
}

/// `ST-DIVERGE, POST /orders/7/pay in day.har entry #12`.
fn contradiction(finding: &Finding) -> String {
    let deviating = finding.evidence.iter().find(|event| event.role == "deviating").or(finding.evidence.last());
    let place = deviating.map(|event| format!(", {} {} in {}", event.method, event.path, event.origin));
    format!("{}{}", finding.rule, place.unwrap_or_default())
}

/// Standard input, kept in a file because a draft reads twice: in the folder that goes with the run, however it ends.
struct Spooled {
    file: tempfile::NamedTempFile,
}

impl Spooled {
    /// Gives the input its own name back.
    fn rename(&self, run: &mut Run) {
        let path = self.file.path().display().to_string();
        let spooled = run.summary.inputs.iter_mut().filter(|input| input.name.starts_with(&path));
        spooled.for_each(|input| input.name = "-".to_owned());
        let summary = &mut run.summary;
        let left_out = summary.aside.iter_mut().flat_map(|aside| [Some(&mut aside.input), aside.of.as_mut()]);
        let views = summary.twice.iter_mut().flat_map(|twice| [Some(&mut twice.input), Some(&mut twice.of)]);
        let told = summary.errors.iter_mut().chain(&mut summary.warnings);
        let hops = summary.hops.iter_mut().map(|hops| &mut hops.input);
        let clocks = summary.clocks.iter_mut().flat_map(|clock| [&mut clock.input, &mut clock.of]);
        let texts = told.chain(left_out.flatten()).chain(views.flatten()).chain(hops).chain(clocks);
        texts.for_each(|text| *text = text.replace(&path, "-"));
    }
}

fn spool(job: &mut Job, folder: &Path) -> Result<Option<Spooled>, Exit> {
    let Some(input) = job.inputs.iter_mut().find(|input| *input == "-") else { return Ok(None) };
    let failed = |e: std::io::Error| Exit::CannotStart(format!("standard input: {e}"));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file).map_err(failed)?;
    file.flush().map_err(failed)?;
    *input = PathBuf::from(file.path()).display().to_string();
    Ok(Some(Spooled { file }))
}

pub(super) fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
