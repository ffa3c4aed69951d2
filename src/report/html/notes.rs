//! What shaped the result: options, limits, errors, oddities, and the counts behind the head.

use crate::finding::suppression::SuppressionSummary;
use crate::report::figure::{bytes, count, counted, percent};
use crate::report::spread;
use crate::report::summary::RunSummary;

use super::markup::Markup;

/// Suppressions that are listed.
const SUPPRESSIONS: usize = 200;
/// Operations in the table.
const OPERATIONS: usize = 100;

/// Writes the notes of a run.
pub(super) fn write(page: &mut Markup, run: &RunSummary) {
    list(page, "Errors", &run.errors, "Every input could be read.");
    list(page, "Warnings", &run.warnings, "Nothing in the model or among the inputs looks doubtful.");
    twice(page, run);
    suppressions(page, run);
    list(page, "Limits hit", &run.limits, "No limit was hit.");
    let not_read: Vec<_> = run
        .not_read
        .iter()
        .map(|part| (part.reason.clone(), format!("{} ({})", count(part.count), bytes(part.bytes))))
        .collect();
    pairs(page, "Seen and not read", &not_read);
    let numbered = |(name, number): (&String, &u64)| (name.clone(), count(*number));
    pairs(page, "Exchanges that are not whole", &run.incomplete.iter().map(numbered).collect::<Vec<_>>());
    pairs(
        page,
        "Irregularities: read although they broke their format",
        &run.irregularities.iter().map(numbered).collect::<Vec<_>>(),
    );
    pairs(page, "Protocols", &run.protocols.iter().map(numbered).collect::<Vec<_>>());
    pairs(page, "Calls inside bodies", &run.calls.iter().map(numbered).collect::<Vec<_>>());
    let actors: Vec<_> = run
        .actors
        .iter()
        .map(|actor| {
            (format!("by {}", actor.evidence), format!("{} in {} events", count(actor.principals), count(actor.events)))
        })
        .collect();
    pairs(page, "Actors", &actors);
    objects(page, run);
    operations(page, run);
    pairs(page, "Options", &run.options.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>());
}

/// What somebody answers for, until when, and what that covers.
fn suppressions(page: &mut Markup, run: &RunSummary) {
    let mut entries: Vec<(String, String)> = run
        .suppressions
        .iter()
        .take(SUPPRESSIONS)
        .map(|entry| {
            let findings = counted(entry.findings, "finding", "findings");
            let SuppressionSummary { reason, by, until, line, .. } = entry;
            let told = format!("{}, {findings}: {reason} (by {by}, until {until}, line {line})", spread::state(entry));
            (entry.covers.clone(), told)
        })
        .collect();
    if run.suppressions.len() > SUPPRESSIONS {
        entries.push(("more".to_owned(), count((run.suppressions.len() - SUPPRESSIONS) as u64)));
    }
    pairs(page, "Suppressions", &entries);
    let compared: Vec<(String, String)> =
        run.baseline.iter().map(|compared| ("findings".to_owned(), spread::baseline(compared))).collect();
    pairs(page, "Baseline", &compared);
}

fn twice(page: &mut Markup, run: &RunSummary) {
    let copies = run.aside.iter().map(|aside| {
        (aside.input.clone(), aside.of.as_ref().map_or(aside.reason.clone(), |of| format!("{} of {of}", aside.reason)))
    });
    let views = run
        .twice
        .iter()
        .map(|twice| (twice.input.clone(), format!("{} exchanges are also in {}", count(twice.exchanges), twice.of)));
    let hops = run
        .hops
        .iter()
        .map(|hops| (hops.input.clone(), format!("{} exchanges are inner hops of others", count(hops.exchanges))));
    pairs(page, "Given twice or no traffic: left out", &copies.chain(views).chain(hops).collect::<Vec<_>>());
}

fn list(page: &mut Markup, title: &'static str, lines: &[String], none: &'static str) {
    page.element("h3", "", title);
    if lines.is_empty() {
        page.element("p", "small", none);
        return;
    }
    page.raw("<ul>");
    for line in lines {
        page.element("li", "", line);
    }
    page.raw("</ul>");
}

fn pairs(page: &mut Markup, title: &'static str, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    page.element("h3", "", title).raw("<dl class=\"pairs\">");
    for (name, value) in pairs {
        page.element("dt", "", name).element("dd", "", value);
    }
    page.raw("</dl>");
}

fn objects(page: &mut Markup, run: &RunSummary) {
    if run.objects.is_empty() {
        return;
    }
    page.raw(
        "<h3>Objects</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Type</th><th scope=\"col\" class=\"n\">Objects</th>\
         <th scope=\"col\" class=\"n\">Events</th><th scope=\"col\">Keys come from</th></tr></thead><tbody>",
    );
    for object in &run.objects {
        let keys: Vec<_> =
            object.key_sources.iter().map(|(place, events)| format!("{place} {}", count(*events))).collect();
        page.raw("<tr><th scope=\"row\">").text(&object.object_type);
        if object.guessed {
            page.raw(" <span class=\"small\">guessed</span>");
        }
        page.raw("</th>").element("td", "n", &count(object.objects)).element("td", "n", &count(object.events));
        page.element("td", "", &keys.join(", ")).raw("</tr>");
    }
    page.raw("</tbody></table></div>");
}

fn operations(page: &mut Markup, run: &RunSummary) {
    if run.operations.is_empty() {
        return;
    }
    page.raw("<h3>Operations</h3>");
    if run.operations.len() > OPERATIONS {
        page.element("p", "small", &format!("Showing {OPERATIONS} of {}.", run.operations.len()));
    }
    page.raw(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Operation</th><th scope=\"col\">Activity</th>\
         <th scope=\"col\" class=\"n\">Exchanges</th><th scope=\"col\" class=\"n\">Accepted</th></tr></thead><tbody>",
    );
    for operation in run.operations.iter().take(OPERATIONS) {
        page.raw("<tr><th scope=\"row\">").element("code", "", &operation.name).raw("</th>");
        page.element("td", "", operation.activity.as_deref().unwrap_or("–")).element(
            "td",
            "n",
            &count(operation.exchanges),
        );
        page.element("td", "n", &percent(operation.accepted, operation.exchanges)).raw("</tr>");
    }
    page.raw("</tbody></table></div>");
}
