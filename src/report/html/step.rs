//! One step of a process map: what is written on it, and where a click on it leads.

use crate::report::figure::{count, percent};
use crate::report::summary::{MapEdgeSummary, MapSummary};
use crate::report::visible;
use crate::report::visible::shortened;

use super::markup::{Markup, fragment};

/// Letters of a label before it is cut; the whole is in the table.
const LABEL_LENGTH: usize = 30;

/// What the model and the traffic say of one edge.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Seen,
    NeverSeen,
    Undeclared,
    /// Perhaps a retry that moved nothing.
    Perhaps,
}

pub(super) fn kind(edge: &MapEdgeSummary) -> Kind {
    match (edge.count, edge.allowed) {
        (0, _) => Kind::NeverSeen,
        _ if edge.perhaps => Kind::Perhaps,
        (_, Some(false)) => Kind::Undeclared,
        _ => Kind::Seen,
    }
}

/// One edge and what is said of it.
pub(super) struct Step<'a> {
    pub(super) edge: &'a MapEdgeSummary,
    pub(super) label: String,
    /// Address of the cases in which it happened.
    pub(super) link: String,
}

impl<'a> Step<'a> {
    pub(super) fn new(map: &MapSummary, edge: &'a MapEdgeSummary, leaving: &[u64]) -> Step<'a> {
        let names = [edge.from, edge.to].map(|node| map.nodes.get(node).map_or("", |node| node.name.as_str()));
        let [from, to] = names;
        let parts = [map.object_type.as_str(), from, &edge.label, to].map(|part| fragment(&visible(part)));
        let all = leaving.get(edge.from).copied().unwrap_or(0);
        Step { edge, label: label(edge, all), link: format!("#cases?step={}", parts.join("%1F")) }
    }

    /// Opens a link to the cases; the script hides links of rare steps by these attributes.
    pub(super) fn open(&self, page: &mut Markup) {
        let undeclared = kind(self.edge) == Kind::Undeclared;
        page.open(
            "a",
            &[
                ("class", "step"),
                ("href", &self.link),
                ("data-count", &self.edge.count.to_string()),
                ("data-undeclared", if undeclared { "1" } else { "" }),
            ],
        );
    }
}

/// For each node, all steps seen to leave it.
pub(super) fn leaving(map: &MapSummary) -> Vec<u64> {
    let mut sums = vec![0u64; map.nodes.len()];
    for edge in &map.edges {
        if let Some(sum) = sums.get_mut(edge.from) {
            *sum += edge.count;
        }
    }
    sums
}

/// What is written on an edge; `all` steps leave from the same node.
fn label(edge: &MapEdgeSummary, all: u64) -> String {
    let name = visible(&edge.label);
    let name = shortened(&name, LABEL_LENGTH);
    let sign = match kind(edge) {
        Kind::Undeclared => "▲ ",
        Kind::Perhaps => "≈ ",
        Kind::Seen | Kind::NeverSeen => "",
    };
    match (name.is_empty(), edge.count) {
        (true, number) => format!("{sign}{} · {}", count(number), percent(number, all)),
        (false, 0) => format!("{name} · never"),
        (false, number) => format!("{sign}{name} · {} · {}", count(number), percent(number, all)),
    }
}
