//! The first screen: the verdict, what it rests on, and what was not seen.

use crate::finding::Finding;
use crate::report::figure::{bytes, count, counted, percent, ratio, utc};
use crate::report::summary::RunSummary;
use crate::report::verdict::{SEVERITIES, SeverityCounts, blind_rules, verdict};
use crate::report::{reason, twice, unidentified};

use super::figures::bar;
use super::markup::Markup;
use super::unmatched;

/// Lines about what was not seen; the notes have all.
const NOT_SEEN: usize = 10;

/// Writes the head. `shown` is the number of findings that the page holds.
pub(super) fn write(page: &mut Markup, run: &RunSummary, findings: &[Finding], shown: usize) {
    page.element("h1", "", &verdict(run, findings));
    severities(page, &SeverityCounts::of(findings));
    if shown < findings.len() {
        page.element(
            "p",
            "notice",
            &format!(
                "This page holds the worst {} of {} findings; the others are in findings.jsonl.",
                count(shown as u64),
                count(findings.len() as u64)
            ),
        );
    }
    page.raw("<div class=\"cards\">");
    about(page, run);
    measures(page, run);
    not_seen(page, run);
    page.raw("</div>");
}

/// Links to the parts of the page; with script they are tabs.
pub(super) fn tabs(page: &mut Markup, run: &RunSummary, findings: usize, cases: usize) {
    let maps = run.maps.len();
    let parts = [
        ("#findings", "Findings", Some(findings)),
        ("#cases", "Cases", Some(cases)),
        ("#map", "Process map", Some(maps)),
        ("#variants", "Variants", Some(run.variants.len())),
        ("#rules", "Rules", Some(run.rules.len())),
        ("#notes", "Notes", None),
    ];
    for (target, name, number) in parts {
        page.open("a", &[("href", target)]).text(name);
        if let Some(number) = number {
            page.raw(" ").element("span", "number", &count(number as u64));
        }
        page.close("a");
    }
}

fn severities(page: &mut Markup, counts: &SeverityCounts) {
    page.raw("<ul class=\"tiles\" aria-label=\"Open findings by severity\">");
    for severity in SEVERITIES {
        let number = counts.get(severity);
        let class = match (severity, number) {
            (_, 0) => "tile none",
            ("critical", _) => "tile critical",
            ("high", _) => "tile high",
            ("medium", _) => "tile medium",
            _ => "tile low",
        };
        page.open("li", &[("class", class)]);
        page.open("a", &[("href", &format!("#findings?severity={severity}"))]);
        page.element("strong", "", &count(number)).raw(" ").element("span", "name", severity);
        page.raw("</a></li>");
    }
    if counts.suppressed > 0 {
        page.raw("<li class=\"tile none\"><a href=\"#findings?suppressed=1\">");
        page.element("strong", "", &count(counts.suppressed)).raw(" <span class=\"name\">suppressed</span></a></li>");
    }
    page.raw("</ul>");
}

fn about(page: &mut Markup, run: &RunSummary) {
    page.raw("<section class=\"card\"><h2>This run</h2><dl>");
    if let Some((from, to)) = &run.window {
        page.raw("<dt>Window</dt><dd>")
            .element("span", "whole", &utc(from))
            .raw(" to ")
            .element("span", "whole", &utc(to))
            .raw(" UTC</dd>");
    }
    let mut row = |name: &'static str, value: &str| {
        page.element("dt", "", name).element("dd", "", value);
    };
    row(
        "Read",
        &format!(
            "{}, {}",
            counted(run.exchanges, "exchange", "exchanges"),
            bytes(run.inputs.iter().map(|input| input.bytes).sum())
        ),
    );
    for line in twice::counted_once(run) {
        row("Twice", &line);
    }
    for line in twice::clocks(run) {
        row("Clocks", &line);
    }
    row("Compared", &format!("{} in {}", counted(run.events, "event", "events"), counted(run.cases, "case", "cases")));
    match &run.model {
        Some(model) => {
            row(
                "Model",
                &format!(
                    "{} {}: {}, {}",
                    model.id,
                    model.version,
                    counted(model.lifecycles, "lifecycle", "lifecycles"),
                    counted(model.constraints, "constraint", "constraints")
                ),
            );
        }
        None if run.rules.is_empty() => row("Model", "none"),
        None => row("Model", "none: only the rules that need none were run"),
    }
    row("Made by", &format!("offpath {}, {}", run.tool_version, run.command));
    if let Some(model) = &run.model {
        page.raw("<dt>Model hash</dt><dd>").element("code", "hash", &format!("sha256 {}", model.hash)).raw("</dd>");
    }
    page.raw("</dl>");
    inputs(page, run);
    page.raw("</section>");
}

fn inputs(page: &mut Markup, run: &RunSummary) {
    if run.inputs.is_empty() {
        return;
    }
    page.raw("<details><summary>").text(&counted(run.inputs.len() as u64, "input", "inputs")).raw(
        "</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Format</th>\
         <th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\" class=\"n\">Records</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>",
    );
    for input in &run.inputs {
        page.raw("<tr>").element("td", "", &input.name).element("td", "", &input.format);
        page.element("td", "n", &count(input.bytes)).element("td", "n", &count(input.records));
        page.raw("<td>").element("code", "hash", &input.sha256).raw("</td></tr>");
    }
    page.raw("</tbody></table></div></details>");
}

fn measures(page: &mut Markup, run: &RunSummary) {
    page.raw("<section class=\"card\"><h2>Conformance</h2>");
    let Some(measures) = &run.measures else {
        page.raw("<p>Not measured: there was no model to compare with.</p></section>");
        return;
    };
    let (declared, happened) = measures.transitions;
    let (explained, events) = measures.coverage;
    page.raw("<dl class=\"measures\">");
    measure(page, "Fitting lives", "object lives that fit the model", measures.fitting_traces, measures.traces);
    measure(page, "Precision", "declared transitions that happened", happened, declared);
    measure(page, "Coverage", "events that the model knows", explained, events);
    page.raw("</dl>");
    if let Some(fitness) = measures.log_fitness {
        page.raw("<p class=\"small\">").text(&format!(
            "Fitness {}: 1 − {} of {} steps to skip or insert, {}.",
            ratio(fitness),
            count(measures.alignment_moves),
            count(measures.alignment_denominator),
            counted(measures.variants, "variant", "variants"),
        ));
        page.raw("</p>");
    }
    if measures.undecided_traces > 0 {
        page.element(
            "p",
            "small",
            &format!("{} could not be decided.", counted(measures.undecided_traces, "life", "lives")),
        );
    }
    if measures.uncertain_lives > 0 {
        let lives = counted(measures.uncertain_lives, "life", "lives");
        let text = format!("Of {lives} no step is certain: the input does not show what `where` asks for.");
        page.element("p", "small", &text);
    }
    if measures.approximate {
        page.raw("<p class=\"notice\">Approximate: some lives were too large to be decided or aligned in full.</p>");
    }
    unmatched::write(page, run);
    page.raw("</section>");
}

fn measure(page: &mut Markup, name: &'static str, meaning: &'static str, part: u64, whole: u64) {
    page.element("dt", "", name).raw("<dd>").element("strong", "", &percent(part, whole)).raw(" ");
    page.element("span", "small", &format!("{} of {} {meaning}", count(part), count(whole)));
    bar(page, part, whole);
    page.raw("</dd>");
}

fn not_seen(page: &mut Markup, run: &RunSummary) {
    let not_read = run.not_read.iter().map(|part| format!("{}{}", reason::not_read(part), reason::size(part)));
    let mut lines: Vec<String> = run.warnings.iter().cloned().chain(not_read).collect();
    lines.extend(reason::broken(run));
    if run.blind_spots > 0 {
        lines.push(format!(
            "{} in which requests were not seen",
            counted(run.blind_spots, "stretch of time", "stretches of time")
        ));
    }
    lines.extend(unidentified::of_steps(run));
    if run.unmatched > 0 {
        lines.push(format!("{} matched no known operation", counted(run.unmatched, "exchange", "exchanges")));
    }
    let blind = blind_rules(run);
    if blind > 0 {
        lines.push(format!("{} not be evaluated: see Rules", counted(blind, "rule could", "rules could")));
    }
    lines.extend(run.incomplete.iter().map(|(reason, number)| reason::incomplete(reason, *number)));
    lines.extend(reason::untold(run));
    lines.extend(run.errors.iter().cloned());
    lines.extend(run.limits.iter().cloned());
    page.raw("<section class=\"card unseen\"><h2>What was not seen</h2>");
    if lines.is_empty() && run.exchanges == 0 {
        page.raw("<p>No exchange was found in the input.</p>");
    } else if lines.is_empty() {
        page.raw("<p>Everything in the input was read. What never crossed the point of capture cannot be known.</p>");
    } else {
        page.raw("<ul>");
        for line in lines.iter().take(NOT_SEEN) {
            page.element("li", "", line);
        }
        if lines.len() > NOT_SEEN {
            page.raw("<li><a href=\"#notes\">").text(&format!("and {} more", lines.len() - NOT_SEEN)).raw("</a></li>");
        }
        page.raw("</ul>");
    }
    page.raw("</section>");
}
