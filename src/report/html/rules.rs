//! Which rule looked at what: evaluated, violated or not evaluable for each kind of source.

use std::collections::BTreeSet;

use crate::report::figure::count;
use crate::report::reason;
use crate::report::summary::{RuleSummary, RunSummary};

use super::markup::{Markup, fragment};

/// Writes the matrix of rules and sources, then the rules that were not evaluated at all, with the reason.
pub(super) fn write(page: &mut Markup, run: &RunSummary) {
    let rules = &run.rules;
    let (idle, judged): (Vec<&RuleSummary>, Vec<&RuleSummary>) =
        rules.iter().partition(|rule| rule.not_evaluated.is_some());
    page.raw(
        "<p class=\"lead\">A rule that could not be evaluated is not a clean result. For each source: decided, violated, \
         and how often the source did not carry the evidence. +N: named by findings of other rules that have the same \
         cause.</p>",
    );
    let reasons = reason::not_judged(run);
    if !reasons.is_empty() {
        page.raw("<h3>Not judged</h3><ul>");
        for reason in &reasons {
            page.element("li", "", reason);
        }
        page.raw("</ul>");
    }
    matrix(page, &judged);
    if !idle.is_empty() {
        page.raw(
            "<h3>Not evaluated</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Title</th>\
             <th scope=\"col\">Why not</th></tr></thead><tbody>",
        );
        for rule in idle {
            page.raw("<tr><th scope=\"row\">").element("code", "", &rule.id).raw("</th>").element(
                "td",
                "",
                &rule.title,
            );
            page.element("td", "", rule.not_evaluated.as_deref().unwrap_or("")).raw("</tr>");
        }
        page.raw("</tbody></table></div>");
    }
}

fn matrix(page: &mut Markup, rules: &[&RuleSummary]) {
    if rules.is_empty() {
        page.raw("<p>No rule was evaluated.</p>");
        return;
    }
    let sources: BTreeSet<&str> = rules.iter().flat_map(|rule| rule.by_source.keys().map(String::as_str)).collect();
    page.raw("<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th scope=\"col\" rowspan=\"2\">Rule</th><th scope=\"col\" rowspan=\"2\">Title</th><th scope=\"col\" rowspan=\"2\" class=\"n\">Findings</th>");
    for source in &sources {
        page.element_with("th", &[("scope", "colgroup"), ("colspan", "3"), ("class", "group")], source);
    }
    page.raw("</tr><tr>");
    for _ in &sources {
        page.raw("<th scope=\"col\" class=\"n first\">decided</th><th scope=\"col\" class=\"n\">violated</th><th scope=\"col\" class=\"n\">no evidence</th>");
    }
    page.raw("</tr></thead><tbody>");
    for rule in rules {
        page.raw("<tr><th scope=\"row\">").element("code", "", &rule.id).raw("</th>").element("td", "", &rule.title);
        page.raw("<td class=\"n\">");
        if rule.findings > 0 {
            page.element_with(
                "a",
                &[("href", &format!("#findings?rule={}", fragment(&rule.id)))],
                &count(rule.findings),
            );
        } else {
            page.text("0");
        }
        if rule.also > 0 {
            page.text(&format!(" +{}", count(rule.also)));
        }
        page.raw("</td>");
        for source in &sources {
            match rule.by_source.get(*source) {
                Some((evaluated, violated, blind)) => {
                    page.element("td", "n first", &count(*evaluated));
                    page.element("td", if *violated > 0 { "n bad" } else { "n" }, &count(*violated));
                    page.element("td", if *blind > 0 { "n blind" } else { "n" }, &count(*blind));
                }
                None => {
                    page.raw("<td class=\"n first\" colspan=\"3\"><span class=\"small\">not asked</span></td>");
                }
            }
        }
        page.raw("</tr>");
    }
    page.raw("</tbody></table></div>");
}
