//! The worst findings as a plain table: what a reader without script, or a printer, gets.

use crate::finding::Finding;
use crate::report::figure::count;

use super::figures::severity;
use super::markup::Markup;
use super::verdict_name;

/// Findings in the plain table.
const PLAIN: usize = 200;

/// Writes the first findings of a list that is sorted worst first.
pub(super) fn write(page: &mut Markup, findings: &[&Finding]) {
    if findings.is_empty() {
        page.raw("<p>No findings.</p>");
        return;
    }
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
