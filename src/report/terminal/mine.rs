//! `mine`: observed lifecycles as tables of transitions, and the most frequent sequences.

use crate::report::figure::{count, counted, percent};
use crate::report::summary::{MapEdgeSummary, MapSummary, RunSummary, VariantSummary};

use super::screen::{Look, Screen};
use super::table::Table;

/// Object types shown, those with most objects first.
const TYPES: usize = 12;
/// Transitions shown for each object type, the most frequent ones.
const TRANSITIONS: usize = 20;
/// Sequences shown for each object type.
const VARIANTS: usize = 8;

/// Each object type's transitions, then its sequences.
pub fn mine(run: &RunSummary, screen: &Screen) -> String {
    if run.maps.is_empty() {
        return nothing(run);
    }
    let mut out = screen.left_out(run) + &screen.warnings(run);
    let mut maps: Vec<&MapSummary> = run.maps.iter().collect();
    maps.sort_by_key(|map| std::cmp::Reverse(map.objects));
    for map in maps.iter().take(TYPES) {
        out.push_str(
            &screen.paint(Look::Bold, &format!("{}: {}", map.object_type, counted(map.objects, "object", "objects"))),
        );
        out.push('\n');
        out.push_str(&transitions(map, screen));
        let variants: Vec<&VariantSummary> =
            run.variants.iter().filter(|variant| variant.object_type == map.object_type).collect();
        if !variants.is_empty() {
            out.push('\n');
            out.push_str(&sequences(map, &variants, screen));
        }
        out.push('\n');
    }
    if maps.len() > TYPES {
        let rest = format!("{TYPES} of {} object types; all are in --format json", maps.len());
        out.push_str(&screen.paint(Look::Faint, &rest));
        out.push('\n');
    }
    out
}

/// Why there is no life to draw.
fn nothing(run: &RunSummary) -> String {
    if run.exchanges == 0 {
        return "No HTTP exchange was found.\n".to_owned();
    }
    let accepted: u64 = run.operations.iter().map(|operation| operation.accepted).sum();
    format!(
        "No life to draw: of {}, {} accepted, none changes an object whose key is seen. `offpath inspect` lists them.\n",
        counted(run.exchanges, "exchange", "exchanges"),
        count(accepted)
    )
}

/// A move between nodes; on maps of steps, also the steps that lives begin with.
fn transitions(map: &MapSummary, screen: &Screen) -> String {
    let compared = map.edges.iter().any(|edge| edge.allowed.is_some());
    let mut edges: Vec<&MapEdgeSummary> = map.edges.iter().collect();
    if edges.is_empty() {
        let steps: Vec<String> =
            map.nodes.iter().map(|node| format!("{} ({})", node.name, count(node.count))).collect();
        return format!("Only single steps: {}\n", steps.join(", "));
    }
    let declared = edges.iter().filter(|edge| edge.count == 0).count();
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.count));
    let hidden = edges.len().saturating_sub(TRANSITIONS + declared);
    let rare: u64 = edges.iter().skip(TRANSITIONS).map(|edge| edge.count).max().unwrap_or(0);
    let heads = if compared { &["FROM", "STEP", "TO", "COUNT", "MODEL"][..] } else { &["FROM", "TO", "COUNT"] };
    let mut table = Table::new(heads, &[if compared { 3 } else { 2 }]);
    for edge in edges.into_iter().enumerate().filter(|(at, e)| *at < TRANSITIONS || e.count == 0).map(|(_, e)| e) {
        let name = |node: usize| map.nodes.get(node).map_or("?", |node| node.name.as_str()).to_owned();
        let (from, to) = ((Look::Plain, name(edge.from)), (Look::Plain, name(edge.to)));
        let seen = (Look::Plain, count(edge.count));
        let (look, model) = match (edge.count, edge.allowed) {
            (0, _) => (Look::Faint, "declared, never seen"),
            _ if edge.perhaps => (Look::Plain, "? perhaps"),
            (_, Some(true)) => (Look::Plain, "declared"),
            (_, Some(false)) => (Look::Red, "! not declared"),
            (_, None) => (Look::Plain, ""),
        };
        if compared {
            table.row(vec![from, (Look::Cyan, edge.label.clone()), to, seen, (look, model.to_owned())]);
        } else {
            table.row(vec![from, to, seen]);
        }
    }
    let mut out = table.render(screen);
    if hidden > 0 {
        let seen = if rare == 1 { "once".to_owned() } else { format!("{} times or less", count(rare)) };
        let note = format!("and {hidden} more, each seen {seen}");
        out.push_str(&screen.paint(Look::Faint, &note));
        out.push('\n');
    }
    out
}

fn sequences(map: &MapSummary, variants: &[&VariantSummary], screen: &Screen) -> String {
    // The record keeps the most frequent sequences alone; shares are of all objects.
    let listed: u64 = variants.iter().map(|variant| variant.count).sum();
    let all = map.objects.max(listed);
    let compared = variants.iter().any(|variant| variant.fits.is_some());
    let heads =
        if compared { &["OBJECTS", "SHARE", "FITS", "SEQUENCE"][..] } else { &["OBJECTS", "SHARE", "SEQUENCE"] };
    let mut table = Table::new(heads, &[0, 1]);
    for variant in variants.iter().take(VARIANTS) {
        let (look, fits) = match variant.fits {
            Some(true) => (Look::Green, "yes"),
            Some(false) => (Look::Red, "no"),
            None => (Look::Plain, "-"),
        };
        let mut row = vec![(Look::Plain, count(variant.count)), (Look::Plain, percent(variant.count, all))];
        if compared {
            row.push((look, fits.to_owned()));
        }
        row.push((Look::Plain, sequence(&variant.activities)));
        table.row(row);
    }
    let mut out = table.render(screen);
    if variants.len() > VARIANTS {
        out.push_str(&screen.paint(Look::Faint, &format!("{VARIANTS} of {} sequences", variants.len())));
        out.push('\n');
    }
    out
}

/// Steps with arrows; what repeats is counted, and what all paths begin with is left out.
fn sequence(steps: &[String]) -> String {
    let mut runs: Vec<(&str, u64)> = Vec::new();
    for step in steps {
        match runs.last_mut() {
            Some((last, times)) if *last == short(step) => *times += 1,
            _ => runs.push((short(step), 1)),
        }
    }
    let text = |(step, times): &(&str, u64)| if *times > 1 { format!("{step} ×{times}") } else { (*step).to_owned() };
    runs.iter().map(text).collect::<Vec<_>>().join(" → ")
}

/// The telling end of an operation: `/pay` of `POST /orders/{order}/pay`; an activity's name as it is.
fn short(step: &str) -> &str {
    match step.rfind('}').map(|at| step.split_at(at + 1)) {
        Some((_, "")) | None => step,
        Some((_, tail)) => tail,
    }
}
