//! What changed against another run, as small multiples: two bars a change, with counts, effect and probability.

use crate::report::figure::{count, utc};
use crate::report::summary::{ChangeSummary, DriftSummary, RunSummary};
use crate::report::terminal::{drift_chance, drift_share, drift_word};

use super::figures::bar;
use super::markup::Markup;

/// Changes in the table; the record has all.
const SHOWN: usize = 200;

/// Writes the section, where the run was compared with another.
pub(super) fn write(page: &mut Markup, run: &RunSummary) {
    let Some(drift) = &run.drift else { return };
    page.raw("<section id=\"drift\"><h2>Drift</h2>");
    page.element("p", "lead", &lead(drift));
    for mark in &drift.marks {
        page.element("p", "small", &format!("Mark: {} {}", utc(&mark.time), mark.name));
    }
    for caveat in &drift.caveats {
        page.element("p", "small", &format!("Not seen alike: {caveat}."));
    }
    if drift.changes.is_empty() {
        page.raw("<p>Nothing changed beyond chance.</p>");
    } else {
        table(page, drift);
    }
    too_few(page, drift);
    page.raw("</section>");
}

fn lead(drift: &DriftSummary) -> String {
    format!(
        "Compared with {} ({} cases): {} comparisons, corrected together so that at most {} % of the changes are chance; \
         changes of less than Cohen's h {} are left out.",
        drift.base,
        count(drift.base_cases),
        count(drift.tested),
        drift.fdr * 100.0,
        drift.min_effect
    )
}

fn table(page: &mut Markup, drift: &DriftSummary) {
    page.raw(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">What</th>\
         <th scope=\"col\">Before</th><th scope=\"col\">After</th><th scope=\"col\" class=\"n\">Points</th>\
         <th scope=\"col\" class=\"n\">Cohen's h</th><th scope=\"col\" class=\"n\">p, corrected</th>\
         <th scope=\"col\">Cases</th></tr></thead><tbody>",
    );
    for change in drift.changes.iter().take(SHOWN) {
        page.raw("<tr><td>").element("code", "", if change.lead { &change.rule } else { "" }).raw("</td><td>");
        page.text(&format!("{} {}", change.what, drift_word(change)));
        since(page, change);
        for (part, whole) in [change.before, change.after] {
            page.raw("</td><td>");
            bar(page, part, whole);
            page.text(&drift_share((part, whole)));
        }
        let (low, high) = change.interval;
        page.raw("</td>");
        let points = format!("{:+.1} ({:+.1} to {:+.1})", change.difference * 100.0, low * 100.0, high * 100.0);
        page.element("td", "n", &points).element("td", "n", &format!("{:+.2}", change.effect));
        page.element("td", "n", &drift_chance(change.corrected_p));
        let cases: Vec<&str> =
            change.cases_after.iter().chain(&change.cases_before).take(4).map(String::as_str).collect();
        page.element("td", "small", &cases.join(", ")).raw("</tr>");
    }
    page.raw("</tbody></table></div>");
    if drift.changes.len() > SHOWN {
        page.element("p", "small", &format!("{} more are in run.json.", count((drift.changes.len() - SHOWN) as u64)));
    }
}

fn since(page: &mut Markup, change: &ChangeSummary) {
    if let Some(time) = &change.first_seen {
        page.raw(" ").element("span", "small", &format!("since {}", utc(time)));
    }
    if change.renamed {
        page.raw(" ").element("span", "small", "perhaps renamed");
    }
}

fn too_few(page: &mut Markup, drift: &DriftSummary) {
    if drift.too_few_in_all == 0 {
        return;
    }
    page.raw("<details><summary>");
    page.text(&format!("Too few cases to say: {} comparisons", count(drift.too_few_in_all)));
    page.raw("</summary><ul>");
    for few in &drift.too_few {
        page.element("li", "", &format!("{}: {} before, {} now", few.what, count(few.before), count(few.after)));
    }
    page.raw("</ul></details>");
}
