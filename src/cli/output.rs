//! Outputs of a check: the run folder, and single files by suffix.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use offpath_capture as capture;

use super::job::is_interface;
use super::replace;
use super::run_folder::{MARK, RunFolder};
use super::{Console, Exit};
use crate::drift::HABITS;
use crate::event::table;
use crate::finding::{Finding, csv, jsonl, parquet};
use crate::model::Severity;
use crate::pipeline::{Job, Run};
use crate::report::{self, CaseTimeline, TimelineEvent, sarif};

/// Run folder when none is named.
const DEFAULT_FOLDER: &str = "offpath-run";
/// File of the run folder that lists what was not seen.
pub(super) const GAPS: &str = "gaps.jsonl";
/// File of the run folder that lists what identities and credentials may do and did.
pub(super) const ACCESS: &str = "access.jsonl";
/// Cases whose timelines go into the report: those of the gravest findings.
const TIMELINES: usize = 200;

/// A kind of output file, by its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Sarif,
    Jsonl,
    Csv,
    Parquet,
    Markdown,
    Json,
    Junit,
    Ocsf,
}

impl Kind {
    fn of(path: &Path) -> Option<Kind> {
        match path.extension()?.to_str()? {
            "html" => Some(Kind::Html),
            "sarif" => Some(Kind::Sarif),
            "jsonl" => Some(Kind::Jsonl),
            "csv" => Some(Kind::Csv),
            "parquet" => Some(Kind::Parquet),
            "md" => Some(Kind::Markdown),
            "json" => Some(Kind::Json),
            "xml" => Some(Kind::Junit),
            "ocsf" => Some(Kind::Ocsf),
            _ => None,
        }
    }
}

/// The suffix of a name that asks for a kind of file: letters, so that `run.2026` is a folder, and so is `run.x/`.
pub(super) fn suffix(path: &Path) -> Option<&str> {
    let suffix = path.extension().and_then(|suffix| suffix.to_str())?;
    let file = suffix.chars().any(|c| c.is_ascii_alphabetic());
    let named_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
    (file && !named_folder).then_some(suffix)
}

/// Where a check writes.
pub(super) struct Outputs {
    folder: RunFolder,
    files: Vec<(Kind, PathBuf)>,
}

/// What was written.
pub(super) struct Written {
    /// The run folder, unless only files were asked for.
    pub(super) folder: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl Written {
    /// The closing lines on the terminal: where the report is.
    pub(super) fn human(&self) -> String {
        let report = self.folder.as_ref().map(|folder| folder.join("report.html"));
        let mut text = String::new();
        for (index, file) in report.iter().chain(&self.files).enumerate() {
            let label = if index == 0 { "Report" } else { "" };
            text.push_str(&format!("{label:<11}{}\n", file.display()));
        }
        text
    }
}

impl Outputs {
    /// Sorts `-o` paths into one run folder and files; refuses what could not be written before any work is done.
    /// Where only files are named, only files are written.
    pub(super) fn prepare(paths: &[PathBuf], force: bool, job: &Job, console: &Console) -> Result<Self, Exit> {
        Self::prepare_for(paths, force, (&job.inputs, &job.capture), console)
    }

    /// The same, for what is made of these inputs.
    pub(super) fn prepare_for(
        paths: &[PathBuf],
        force: bool,
        (inputs, options): (&[String], &capture::Options),
        console: &Console,
    ) -> Result<Self, Exit> {
        paths.iter().try_for_each(|path| spare_inputs(path, inputs, options))?;
        let (mut folder, mut files) = (None, Vec::new());
        for path in paths {
            let refuse = |why: &str| {
                let files =
                    "files are told by .html, .sarif, .jsonl, .csv, .parquet, .md, .json, .xml (JUnit) or .ocsf";
                Err(Exit::CannotStart(format!("-o {}: {why}; {files}", path.display())))
            };
            if path.as_os_str() == "-" {
                return refuse("standard output is --format's (json, jsonl, sarif and others; see --help)");
            }
            match (suffix(path), Kind::of(path)) {
                (Some(_), Some(kind)) => {
                    replace::spare_others(path, force, |path| replace::is_findings(kind, path))?;
                    files.push((kind, path.clone()));
                }
                (Some(_), None) => return refuse("no format has this suffix; for a folder write / behind it"),
                (None, _) if folder.is_none() => folder = Some(path.clone()),
                (None, _) => return refuse("a second run folder"),
            }
        }
        let folder = match (folder, files.first()) {
            (None, Some((_, file))) => RunFolder::beside(file, inputs, console)?,
            (folder, _) => {
                RunFolder::create(&folder.unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER)), inputs, console)?
            }
        };
        Ok(Outputs { folder, files })
    }

    /// Whether an earlier run stands where this one would go.
    pub(super) fn replaces_a_run(&self) -> bool {
        self.folder.replaces_a_run()
    }

    /// The folder under its temporary name.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes everything and gives the folder its name.
    ///
    /// The folder has all findings of the run, single files those that are to be shown.
    pub(super) fn write(
        self,
        run: &Run,
        (shown, fail_on): (&[Finding], Option<Severity>),
        timings: &BTreeMap<&'static str, f64>,
    ) -> Result<Written, Exit> {
        self.write_with(run, (shown, fail_on), timings, None)
    }

    /// The same, of a run whose events are in the `tables` of another folder.
    pub(super) fn write_with(
        self,
        run: &Run,
        (shown, fail_on): (&[Finding], Option<Severity>),
        timings: &BTreeMap<&'static str, f64>,
        tables: Option<&Path>,
    ) -> Result<Written, Exit> {
        let summary_json = pretty(&run.summary)?;
        let folder = self.folder.path().to_owned();
        let timelines = timelines(tables.unwrap_or(&folder), &run.findings)?;
        write_text(&folder.join(MARK), &summary_json)?;
        write_text(&folder.join("timings.json"), &pretty(timings)?)?;
        write_text(&folder.join(GAPS), &json_lines(&run.gaps)?)?;
        let mut habits = Vec::new();
        run.habits.write(&mut habits).map_err(|e| failed(&folder.join(HABITS), &e))?;
        std::fs::write(folder.join(HABITS), habits).map_err(|e| failed(&folder.join(HABITS), &e))?;
        write_text(&folder.join(ACCESS), &json_lines(&run.access)?)?;
        for (kind, name) in
            [(Kind::Jsonl, "findings.jsonl"), (Kind::Parquet, "findings.parquet"), (Kind::Html, "report.html")]
        {
            write(kind, &folder.join(name), (run, &run.findings), &timelines, (&summary_json, fail_on))?;
        }
        for (kind, path) in &self.files {
            write(*kind, path, (run, shown), &timelines, (&summary_json, fail_on))?;
        }
        let folder = self.folder.publish()?;
        Ok(Written { folder, files: self.files.into_iter().map(|(_, path)| path).collect() })
    }
}

/// One JSON object a line.
pub(super) fn json_lines(rows: &[impl serde::Serialize]) -> Result<String, Exit> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(row).map_err(|e| Exit::Incomplete(format!("the run's record: {e}")))?);
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn pretty(value: &impl serde::Serialize) -> Result<String, Exit> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|e| Exit::Incomplete(format!("the run's record: {e}")))?;
    text.push('\n');
    Ok(text)
}

fn write_text(path: &Path, text: &str) -> Result<(), Exit> {
    std::fs::write(path, text).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Exit {
    Exit::Incomplete(format!("{}: {error}", path.display()))
}

fn write(
    kind: Kind,
    path: &Path,
    (run, findings): (&Run, &[Finding]),
    timelines: &[CaseTimeline],
    (summary_json, fail_on): (&str, Option<Severity>),
) -> Result<(), Exit> {
    let file = File::create(path).map_err(|e| failed(path, &e))?;
    let mut out = BufWriter::new(file);
    let result = match kind {
        Kind::Html => report::html(&run.summary, findings, timelines, &run.access, &mut out),
        Kind::Sarif => sarif(run, findings, &mut out),
        Kind::Jsonl => jsonl::write(findings, &mut out),
        Kind::Csv => csv::write(findings, &mut out).map_err(std::io::Error::other),
        Kind::Markdown => out.write_all(report::markdown(&run.summary, findings).as_bytes()),
        Kind::Json => out.write_all(summary_json.as_bytes()),
        Kind::Junit => report::junit(&run.summary, findings, fail_on, &mut out),
        Kind::Ocsf => report::ocsf(findings, &run.summary.tool_version, &mut out),
        Kind::Parquet => parquet::write(findings, &mut out).map_err(std::io::Error::other),
    };
    result.and_then(|()| out.flush()).map_err(|e| failed(path, &e))
}

/// Refuses an output that is one of the inputs: evidence is never written over.
pub(super) fn spare_inputs(output: &Path, inputs: &[String], options: &capture::Options) -> Result<(), Exit> {
    let Some(output_file) = output.canonicalize().ok().filter(|file| file.is_file()) else { return Ok(()) };
    // Standard input, interfaces and stores hold no files of this machine, and planning would begin to read them.
    let elsewhere = |input: &str| input == "-" || is_interface(input) || capture::is_store_url(input);
    let files: Vec<String> = inputs.iter().filter(|input| !elsewhere(input)).cloned().collect();
    let plan = capture::plan(&files, options);
    let named = files.iter().chain(plan.sources.iter().flat_map(|s| &s.inputs).map(|input| &input.name));
    if named
        .into_iter()
        .any(|input| Path::new(input).is_file() && Path::new(input).canonicalize().is_ok_and(|i| i == output_file))
    {
        return Err(Exit::CannotStart(format!(
            "-o {}: is one of the inputs and would be overwritten; name another file",
            output.display()
        )));
    }
    Ok(())
}

/// The findings as SARIF.
pub(super) fn sarif(run: &Run, findings: &[Finding], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let inputs: Vec<(String, Option<String>)> =
        run.summary.inputs.iter().map(|input| (input.name.clone(), Some(input.sha256.clone()))).collect();
    let about = sarif::About {
        version: &run.summary.tool_version,
        inputs: &inputs,
        complete: run.incomplete.is_none(),
        absent: &run.absent,
    };
    sarif::write(findings, &about, out)
}

/// Timelines of the cases of the gravest findings.
fn timelines(folder: &Path, findings: &[Finding]) -> Result<Vec<CaseTimeline>, Exit> {
    let mut wanted = BTreeSet::new();
    for case in findings.iter().filter_map(|finding| finding.case.as_deref()) {
        if wanted.len() >= TIMELINES {
            break;
        }
        wanted.insert(case);
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = table::rows(folder, |row| row.case.as_deref().is_some_and(|case| wanted.contains(case)))
        .map_err(|e| Exit::Incomplete(e.to_string()))?;
    let mut cases: BTreeMap<String, Vec<TimelineEvent>> = BTreeMap::new();
    for row in rows {
        cases.entry(row.case.clone().unwrap_or_default()).or_default().push(timeline_event(row));
    }
    Ok(cases.into_iter().map(|(case, events)| CaseTimeline { case, events }).collect())
}

/// One row of the event table as a view draws it.
pub(super) fn timeline_event(row: table::EventRow) -> TimelineEvent {
    let request = format!("{} {}", row.method, row.path);
    TimelineEvent {
        time: crate::event::rfc3339(row.time),
        micros: row.time,
        duration: row.end.saturating_sub(row.time),
        principal: row.principal,
        agent: row.agent,
        activity: row.activity.or(row.operation).unwrap_or_else(|| request.clone()),
        request,
        status: row.status,
        outcome: row.outcome,
        objects: row.objects,
        before: row.state_before,
        state: row.state_after,
        origin: row.origin,
        id: row.id,
    }
}
