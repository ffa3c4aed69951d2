//! The most frequent activity sequences, with their running share.

use std::collections::BTreeMap;

use crate::report::figure::{count, percent};
use crate::report::summary::{RunSummary, VariantSummary};

use super::figures::bar;
use super::markup::Markup;

/// Sequences shown for each object type.
const SHOWN: usize = 20;

/// Writes one table for each object type.
pub(super) fn write(page: &mut Markup, run: &RunSummary) {
    if run.variants.is_empty() {
        page.raw("<p>No activity sequences were counted.</p>");
        return;
    }
    let mut types: BTreeMap<&str, Vec<&VariantSummary>> = BTreeMap::new();
    for variant in &run.variants {
        types.entry(&variant.object_type).or_default().push(variant);
    }
    for (object_type, mut variants) in types {
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.count));
        // The record keeps the most frequent sequences alone; shares are of all objects.
        let objects = run.maps.iter().find(|map| map.object_type == object_type).map_or(0, |map| map.objects);
        table(page, object_type, &variants, objects);
    }
}

fn table(page: &mut Markup, object_type: &str, variants: &[&VariantSummary], objects: u64) {
    let listed: u64 = variants.iter().map(|variant| variant.count).sum();
    let all = objects.max(listed);
    page.element("h3", "", object_type);
    if variants.len() > SHOWN {
        page.element("p", "small", &format!("Showing the {SHOWN} most frequent of {} sequences.", variants.len()));
    }
    page.raw(
        "<div class=\"scroll\"><table class=\"variants\"><thead><tr><th scope=\"col\" class=\"n\">Objects</th><th scope=\"col\" class=\"n\">Share</th>\
         <th scope=\"col\" class=\"n\">Together</th><th scope=\"col\">Fits</th><th scope=\"col\">Activities</th></tr></thead><tbody>",
    );
    let mut together = 0;
    for variant in variants.iter().take(SHOWN) {
        together += variant.count;
        page.raw("<tr>")
            .element("td", "n", &count(variant.count))
            .raw("<td class=\"n\">")
            .text(&percent(variant.count, all));
        bar(page, variant.count, all);
        page.raw("</td>").element("td", "n", &percent(together, all));
        page.raw(match variant.fits {
            Some(true) => "<td class=\"fits\">✓ yes</td>",
            Some(false) => "<td class=\"bad\">✗ no</td>",
            None => "<td>undecided</td>",
        });
        page.raw("<td><ol class=\"steps\">");
        for activity in &variant.activities {
            page.element("li", "", activity);
        }
        page.raw("</ol></td></tr>");
    }
    page.raw("</tbody></table></div>");
}
