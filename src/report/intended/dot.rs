//! Lives in the language of Graphviz.

use std::fmt::Write as _;

use super::{Intended, Life};
use crate::report::visible;

/// One graph with a cluster for each life.
pub fn dot(intended: &Intended) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&intended.id));
    out.push_str(
        "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for (number, life) in intended.lifecycles.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={};", quoted(&life.object_type));
        cluster(number, life, &mut out);
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

fn cluster(number: usize, life: &Life, out: &mut String) {
    // Writing to a String cannot fail.
    for (at, state) in life.states.iter().enumerate() {
        let mut looks = String::new();
        if state.initial {
            looks.push_str(", shape=circle");
        }
        if state.is_final {
            looks.push_str(", peripheries=2");
        }
        if state.restricted {
            looks.push_str(", penwidth=3");
        }
        let _ = writeln!(out, "    n{number}_{at} [label={}{looks}];", quoted(&state.name));
    }
    for way in &life.transitions {
        let label = quoted(&way.lines().join("\n"));
        for from in &way.from {
            let _ = writeln!(out, "    n{number}_{from} -> n{number}_{} [label={label}];", way.to);
        }
    }
}

/// A double-quoted string; a line break becomes the two characters that Graphviz breaks lines at.
fn quoted(text: &str) -> String {
    let line = |line: &str| visible(line).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.split('\n').map(line).collect::<Vec<_>>().join("\\n"))
}
