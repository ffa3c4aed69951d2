//! `show --bundle`: what shows a finding or a case, in one file that can be read and checked without offpath; and
//! `show --reproduce`: the requests that lead to it.

mod archive;
mod readme;
mod reread;
mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::subject::Subject;
use crate::cli::args::{Reproduce, Shared, Show};
use crate::cli::output::{json_lines, pretty, timeline_event};
use crate::cli::stored_run::StoredRun;
use crate::cli::{Console, Ended, Exit, job, replace};
use crate::event::table::EventRow;
use crate::finding::{Finding, text};
use crate::report::evidence::ShownExchange;
use crate::report::reproduction::{Candidate, Reproduction};
use crate::report::{Sheet, TimelineEvent};
use crate::rule;
use reread::Reread;

/// Everything that is known of a subject.
struct Evidence {
    /// `F...`, or the name of a case, object or actor.
    name: String,
    title: String,
    /// What it shows: the finding alone, or all findings about the case.
    findings: Vec<Finding>,
    events: Vec<TimelineEvent>,
    reread: Reread,
}

/// Writes a bundle and says its digest.
pub(super) fn write(
    path: &Path,
    subject: &Subject,
    run: &StoredRun,
    args: &Show,
    shared: &Shared,
    console: &Console,
) -> Ended {
    replace::spare_others_of("--bundle", path, args.force, |path| archive::check(path).is_ok())?;
    let evidence = Evidence::gather(subject, run, args, shared, console)?;
    let members = evidence.members(subject, run)?;
    let digest = archive::write(path, &evidence.name, &members)
        .map_err(|error| Exit::Incomplete(format!("--bundle {}: {error}", path.display())))?;
    let mut said = format!(
        "Bundle     {}: {} files, {} events, {} exchanges\nDigest     {digest} (SHA-256 of its manifest.json)\n",
        path.display(),
        members.len() + 1,
        evidence.events.len(),
        evidence.reread.exchanges.len(),
    );
    for note in &evidence.reread.notes {
        said.push_str(&format!("Missing    {}\n", text::display(note)));
    }
    console.print(&said)?;
    Ok(Exit::Done("bundle written".to_owned()))
}

/// Checks a bundle.
pub(super) fn verify(path: &Path, console: &Console) -> Ended {
    let checked = archive::check(path)
        .map_err(|why| Exit::CannotStart(text::display(&format!("{} is no bundle: {why}", path.display()))))?;
    let about = text::display(&checked.manifest.subject);
    let mut said = format!("Bundle     {}: about {about}, {} files fit\n", path.display(), checked.good);
    said.push_str(&format!("Digest     {} (SHA-256 of its manifest.json)\n", checked.digest));
    for wrong in &checked.wrong {
        said.push_str(&format!("Wrong      {}\n", text::display(wrong)));
    }
    console.print(&said)?;
    Ok(match checked.wrong.len() {
        0 => Exit::Done(
            "every file is what the manifest lists; compare the digest with the one you were told".to_owned(),
        ),
        count => Exit::Incomplete(format!("{count} files are not what the manifest lists")),
    })
}

/// The requests that lead to a subject.
pub(super) fn reproduce(
    format: Reproduce,
    subject: &Subject,
    run: &StoredRun,
    (args, shared): (&Show, &Shared),
    console: &Console,
) -> Ended {
    let evidence = Evidence::gather(subject, run, args, shared, console)?;
    evidence.reread.notes.iter().for_each(|note| console.say(&format!("note: {}", text::display(note))));
    let reproduction = evidence.reproduction();
    if reproduction.is_empty() {
        return Ok(Exit::Nothing(format!("no request of {} is known", text::display(&evidence.name))));
    }
    console.print(&match format {
        Reproduce::Hurl => reproduction.hurl(),
        Reproduce::Arazzo => reproduction.arazzo(),
        Reproduce::Openapi => reproduction.openapi(),
        Reproduce::Har => reproduction.har(),
    })?;
    Ok(Exit::Done(format!("{} requests written, none sent", reproduction.len())))
}

impl Evidence {
    fn gather(
        subject: &Subject,
        run: &StoredRun,
        args: &Show,
        shared: &Shared,
        console: &Console,
    ) -> Result<Evidence, Exit> {
        let (name, title, findings, timeline) = match subject {
            Subject::Finding(finding, case) => {
                (finding.id.clone(), finding.title.clone(), vec![(**finding).clone()], case.as_ref())
            }
            Subject::Timeline(case) => {
                let findings: Vec<Finding> = case.about(&run.findings).into_iter().cloned().collect();
                (case.case.clone(), case.case.clone(), findings, Some(case))
            }
            Subject::Cases(_) | Subject::Gaps(_) | Subject::Access(_) | Subject::Unmatched(_) => {
                let why = "--bundle and --reproduce are about one finding, case, object or actor: name it";
                return Err(Exit::CannotStart(why.to_owned()));
            }
        };
        let shows: BTreeSet<&str> = findings.iter().flat_map(|f| &f.evidence).map(|e| e.event.as_str()).collect();
        let around = timeline.iter().flat_map(|case| &case.events).map(|event| event.id.as_str());
        let wanted: BTreeSet<&str> = shows.iter().copied().chain(around).collect();
        let rows: Vec<EventRow> = run.rows(|row| wanted.contains(row.id.as_str()))?;
        let reread = reread::exchanges(run, (&rows, &shows), (&args.keylog, shared), console)?;
        let events = rows.into_iter().map(timeline_event).collect();
        Ok(Evidence { name, title, findings, events, reread })
    }

    fn reproduction(&self) -> Reproduction {
        let mut exchanges: BTreeMap<&str, &ShownExchange> = BTreeMap::new();
        for exchange in &self.reread.exchanges {
            exchanges.extend(exchange.events.iter().map(|id| (id.as_str(), exchange)));
        }
        let evidence = || self.findings.iter().flat_map(|finding| &finding.evidence);
        let shows: BTreeSet<&str> = evidence().map(|e| e.event.as_str()).collect();
        let deviates: BTreeSet<&str> = evidence().filter(|e| e.role == "deviating").map(|e| e.event.as_str()).collect();
        let candidates: Vec<Candidate<'_>> = self
            .events
            .iter()
            .map(|event| Candidate {
                event,
                exchange: exchanges.get(event.id.as_str()).copied(),
                evidence: shows.contains(event.id.as_str()),
                deviating: deviates.contains(event.id.as_str()),
            })
            .collect();
        Reproduction::of(&format!("{}: {}", self.name, self.title), &candidates)
    }

    fn members(&self, subject: &Subject, run: &StoredRun) -> Result<BTreeMap<&'static str, Vec<u8>>, Exit> {
        let sheet = match subject {
            Subject::Finding(finding, case) => Sheet::finding(finding, case.as_ref(), &run.findings),
            Subject::Timeline(case) => Sheet::timeline(case, &run.findings),
            _ => Sheet::default(),
        };
        let mut notes = self.reread.notes.clone();
        let model = model(run, &mut notes);
        let mut members: BTreeMap<&'static str, Vec<u8>> = BTreeMap::new();
        let mut add = |name: &'static str, text: String| members.insert(name, text.into_bytes());
        match subject {
            Subject::Finding(finding, _) => add("finding.json", pretty(finding)?),
            _ => add("findings.jsonl", json_lines(&self.findings)?),
        };
        add("case.md", sheet.markdown());
        add("case.html", sheet.html());
        add("events.jsonl", json_lines(&self.events)?);
        add("exchanges.jsonl", json_lines(&self.reread.exchanges)?);
        add("origins.jsonl", json_lines(&self.origins(run))?);
        add("provenance.json", pretty(&self.provenance(run, &notes))?);
        if let Some(model) = model {
            add("model.yaml", model);
        }
        let reproduction = self.reproduction();
        if !reproduction.is_empty() {
            add("reproduction.hurl", reproduction.hurl());
            add("reproduction.arazzo.json", reproduction.arazzo());
            add("reproduction.openapi.json", reproduction.openapi());
            add("reproduction.har", reproduction.har());
        }
        let names: Vec<&str> = members.keys().copied().collect();
        let readme = readme::text(&self.name, &self.title, &names, &notes);
        members.insert("README.txt", readme.into_bytes());
        Ok(members)
    }

    /// Where each event is: the input with its hash, the place in it, and the first byte as far as that is known.
    fn origins(&self, run: &StoredRun) -> Vec<serde_json::Value> {
        let mut offsets: BTreeMap<&str, u64> = BTreeMap::new();
        for exchange in &self.reread.exchanges {
            offsets.extend(exchange.events.iter().map(|id| (id.as_str(), exchange.offset)));
        }
        let evidence = self.findings.iter().flat_map(|finding| &finding.evidence);
        offsets.extend(evidence.map(|evidence| (evidence.event.as_str(), evidence.offset)));
        let place = |event: &TimelineEvent| {
            let (input, place) = event.origin.rsplit_once('#').unwrap_or((&event.origin, ""));
            let recorded = run.summary.inputs.iter().find(|recorded| recorded.name == input);
            json!({
                "event": event.id,
                "input": input,
                "place": place,
                "offset": offsets.get(event.id.as_str()),
                "input_sha256": recorded.map(|recorded| &recorded.sha256),
            })
        };
        self.events.iter().map(place).collect()
    }

    /// What made the run, and what became of its inputs.
    fn provenance(&self, run: &StoredRun, notes: &[String]) -> serde_json::Value {
        let summary = &run.summary;
        json!({
            "schema_version": summary.schema_version,
            "tool": "offpath",
            "tool_version": summary.tool_version,
            "command_line": command_line(run),
            "options": summary.options,
            "inputs": self.reread.inputs,
            "model": summary.model,
            "window": summary.window,
            "errors": summary.errors,
            "warnings": summary.warnings,
            "limits": summary.limits,
            "notes": notes,
        })
    }
}

/// The command as the run's record tells it; not the place of outputs, nor what changes no result.
fn command_line(run: &StoredRun) -> Vec<String> {
    let summary = &run.summary;
    let mut line = vec!["offpath".to_owned(), summary.command.clone()];
    line.extend(summary.inputs.iter().map(|input| input.name.clone()));
    line.extend(summary.model.iter().map(|model| format!("--model={}", model.file)));
    // The day from which suppressions count is none of its flags.
    let flags = summary.options.iter().filter(|(name, _)| !matches!(name.as_str(), "today" | "rules"));
    line.extend(flags.map(|(name, value)| format!("--{}={value}", name.replace('_', "-"))));
    let thresholds = summary.options.get("rules").map_or("", String::as_str);
    line.extend(rule::set_in(thresholds).map(|set| format!("--rules={set}")));
    line
}

/// The text of the model, if the file is still the one that was compared with.
fn model(run: &StoredRun, notes: &mut Vec<String>) -> Option<String> {
    let model = run.summary.model.as_ref()?;
    let lost = |why: &str| {
        format!("the model {} {why} (its SHA-256 was {}): its text is not in this bundle", model.file, model.hash)
    };
    let path = Path::new(&model.file);
    if !path.is_file() {
        notes.push(lost("is not there any more"));
        return None;
    }
    match job::model_text(path) {
        Ok(text) if hex(&Sha256::digest(text.as_bytes())) == model.hash => Some(text),
        _ => {
            notes.push(lost("is not what the run compared with"));
            None
        }
    }
}

/// Length and SHA-256 of all that can be read.
fn digest(mut from: impl Read) -> std::io::Result<(u64, String)> {
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((length, hex(&hash.finalize())));
        }
        length += read as u64;
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Two hex digits a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
