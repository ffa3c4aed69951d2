//! `mine`: observed lifecycles as tables of transitions, and the most frequent sequences.

use crate::report::figure::{count, counted, percent};
use crate::report::summary::{MapSummary, RunSummary, VariantSummary};

use super::screen::{Look, Screen};
use super::table::Table;

/// Sequences shown for each object type.
const VARIANTS: usize = 8;

/// Each object type's transitions, then its sequences.
pub fn mine(run: &RunSummary, screen: &Screen) -> String {
    let mut out = String::new();
    for map in &run.maps {
        out.push_str(
            &screen.paint(Look::Bold, &format!("{}: {}", map.object_type, counted(map.objects, "object", "objects"))),
        );
        out.push('\n');
        out.push_str(&transitions(map, screen));
        let variants: Vec<&VariantSummary> =
            run.variants.iter().filter(|variant| variant.object_type == map.object_type).collect();
        if !variants.is_empty() {
            out.push('\n');
            out.push_str(&sequences(&variants, screen));
        }
        out.push('\n');
    }
    if out.is_empty() {
        out.push_str("No object type was seen often enough to draw a life.\n");
    }
    out
}

fn transitions(map: &MapSummary, screen: &Screen) -> String {
    let mut table = Table::new(&["FROM", "STEP", "TO", "COUNT", "MODEL"], &[3]);
    for edge in &map.edges {
        let name = |node: usize| map.nodes.get(node).map_or("?", |node| node.name.as_str()).to_owned();
        let (look, model) = match (edge.count, edge.allowed) {
            (0, _) => (Look::Faint, "declared, never seen"),
            (_, Some(true)) => (Look::Plain, "declared"),
            (_, Some(false)) => (Look::Red, "! not declared"),
            (_, None) => (Look::Plain, ""),
        };
        table.row(vec![
            (Look::Plain, name(edge.from)),
            (Look::Cyan, edge.label.clone()),
            (Look::Plain, name(edge.to)),
            (Look::Plain, count(edge.count)),
            (look, model.to_owned()),
        ]);
    }
    table.render(screen)
}

fn sequences(variants: &[&VariantSummary], screen: &Screen) -> String {
    let all: u64 = variants.iter().map(|variant| variant.count).sum();
    let mut table = Table::new(&["OBJECTS", "SHARE", "FITS", "SEQUENCE"], &[0, 1]);
    for variant in variants.iter().take(VARIANTS) {
        let (look, fits) = match variant.fits {
            Some(true) => (Look::Green, "yes"),
            Some(false) => (Look::Red, "no"),
            None => (Look::Plain, "-"),
        };
        table.row(vec![
            (Look::Plain, count(variant.count)),
            (Look::Plain, percent(variant.count, all)),
            (look, fits.to_owned()),
            (Look::Plain, variant.activities.join(" → ")),
        ]);
    }
    let mut out = table.render(screen);
    if variants.len() > VARIANTS {
        out.push_str(&screen.paint(Look::Faint, &format!("{VARIANTS} of {} sequences", variants.len())));
        out.push('\n');
    }
    out
}
