//! The report: one HTML file that opens offline, runs only its own script and asks no other file or host for anything.
//!
//! What a reader must see first is plain HTML written here; the script, which the page's policy admits by its hash,
//! adds the full list of findings and the timelines from compressed columns.

mod access;
mod columns;
mod drift;
mod figures;
mod head;
pub(super) mod map;
mod markup;
mod notes;
mod rules;
mod sheet;
mod step;
mod unmatched;
mod variants;
mod worst;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::GzBuilder;
use sha2::{Digest, Sha256};

use crate::finding::Finding;

use super::summary::{Access, CaseTimeline, RunSummary};
use super::verdict::{severity_rank, verdict};
use columns::Data;
pub(super) use columns::verdict_name;
use markup::Markup;
pub(super) use sheet::sheet;

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Findings in the page. A run with more says so in the head and keeps the rest in `findings.jsonl`.
const MOST_FINDINGS: usize = 250_000;

/// Writes the report of a run. Same arguments, same bytes.
///
/// # Errors
/// Only those of `out`.
pub fn html(
    run: &RunSummary,
    findings: &[Finding],
    cases: &[CaseTimeline],
    access: &[Access],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut worst_first: Vec<&Finding> = findings.iter().collect();
    worst_first.sort_by_key(|finding| (finding.suppressed.is_some(), severity_rank(&finding.severity)));
    worst_first.truncate(MOST_FINDINGS);
    // The template is walked once: what is filled in is never searched for places again.
    let mut rest = TEMPLATE;
    while let Some((before, place)) = rest.split_once("{{") {
        out.write_all(before.as_bytes())?;
        let Some((name, after)) = place.split_once("}}") else {
            return out.write_all(place.as_bytes());
        };
        match name {
            "policy" => out.write_all(policy().as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "script" => out.write_all(SCRIPT.as_bytes())?,
            "data" => write_data(&Data::new(&run.rules, &worst_first, cases), out)?,
            "access" => out.write_all(access::section(access).as_bytes())?,
            part => out.write_all(section(part, run, findings, &worst_first, cases).as_bytes())?,
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// A part of the page by its name in the template.
fn section(part: &str, run: &RunSummary, findings: &[Finding], worst: &[&Finding], cases: &[CaseTimeline]) -> String {
    let mut page = Markup::default();
    match part {
        "title" => {
            page.text(&verdict(run, findings));
        }
        "head" => {
            head::write(&mut page, run, findings, worst.len());
            drift::write(&mut page, run);
        }
        "tabs" => head::tabs(&mut page, run, findings.len(), cases.len()),
        "worst" => worst::write(&mut page, findings, worst),
        "maps" => map::write(&mut page, &run.maps),
        "variants" => variants::write(&mut page, run),
        "rules" => rules::write(&mut page, run),
        "notes" => notes::write(&mut page, run),
        _ => {}
    }
    page.finish()
}

/// Admits this page's script and style by their hashes, and nothing else from anywhere.
fn policy() -> String {
    let hash = |asset: &str| STANDARD.encode(Sha256::digest(asset.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// Writes columns as JSON, gzip (without time or name in its header) and base64, which no text can break out of.
fn write_data(data: &Data, out: &mut dyn Write) -> io::Result<()> {
    let text = base64::write::EncoderWriter::new(out, &STANDARD);
    let mut zip = GzBuilder::new().mtime(0).write(text, Compression::best());
    serde_json::to_writer(&mut zip, data)?;
    zip.finish()?.finish()?;
    Ok(())
}
