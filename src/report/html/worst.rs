//! Causes and the worst findings as plain tables: what a reader without script, or a printer, gets.

use crate::finding::Finding;
use crate::finding::group::groups;
use crate::report::figure::{count, utc};

use super::figures::severity;
use super::markup::Markup;
use super::verdict_name;

/// Findings in the plain table.
const PLAIN: usize = 200;
/// Causes in theirs.
const CAUSES: usize = 100;

/// Writes the first findings of a list that is sorted worst first.
pub(super) fn write(page: &mut Markup, all: &[Finding], findings: &[&Finding]) {
    if findings.is_empty() {
        page.raw("<p>No findings.</p>");
        return;
    }
    causes(page, all);
    let shown = findings.len().min(PLAIN);
    page.raw("<div class=\"scroll\"><table><caption>").text(&format!(
        "The worst {} of {} findings. With script on, this page lists all of them, with filters and timelines.",
        count(shown as u64),
        count(findings.len() as u64)
    ));
    page.raw(
        "</caption><thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Finding</th><th scope=\"col\">Rule</th>\
         <th scope=\"col\">Verdict</th><th scope=\"col\" class=\"n\">Confidence</th><th scope=\"col\">Actor</th>\
         <th scope=\"col\">Time</th><th scope=\"col\">Id</th></tr></thead><tbody>",
    );
    for finding in findings.iter().take(PLAIN) {
        page.raw("<tr><td>");
        severity(page, &finding.severity);
        page.raw("</td>").element("td", "", &finding.title).element("td", "", &finding.rule);
        page.element("td", "", verdict_name(finding.verdict)).element("td", "n", &format!("{:.2}", finding.confidence));
        page.element("td", "", finding.actor.principal.as_deref().unwrap_or("not identified"));
        page.element("td", "", &finding.time).raw("<td>").element("code", "", &finding.id).raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
}

/// One row a cause, the gravest first.
fn causes(page: &mut Markup, findings: &[Finding]) {
    let groups = groups(findings);
    if groups.is_empty() {
        return;
    }
    page.raw("<div class=\"scroll\"><table id=\"causes\"><caption>").text(&format!(
        "The worst {} of {} causes, each with the finding to look at first.",
        count(groups.len().min(CAUSES) as u64),
        count(groups.len() as u64)
    ));
    page.raw("</caption><thead><tr>");
    for name in
        ["Severity", "Findings", "New", "Cases", "Actors", "Class", "Rule", "First of them", "From", "To", "Show"]
    {
        page.raw("<th scope=\"col\">").text(name).raw("</th>");
    }
    page.raw("</tr></thead><tbody>");
    for group in groups.iter().take(CAUSES) {
        let (Some(example), Some((first, last))) = (group.example(), group.span()) else { continue };
        page.raw("<tr><td>");
        severity(page, example.standing());
        page.raw("</td>").element("td", "n", &count(group.findings.len() as u64));
        page.element("td", "n", &group.fresh().map_or_else(|| "–".to_owned(), count));
        page.element("td", "n", &count(group.cases() as u64)).element("td", "n", &count(group.actors() as u64));
        page.element("td", "", &example.actor.class).element("td", "", &example.rule).element("td", "", &example.title);
        page.element("td", "", &utc(first)).element("td", "", &utc(last)).raw("<td>");
        page.element("code", "", &format!("offpath show {}", example.id)).raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
}
