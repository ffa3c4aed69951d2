//! Lives as Mermaid state diagrams.

use std::fmt::Write as _;

use super::Life;

/// One `stateDiagram-v2`; each life is a part of its own where there are several.
pub fn mermaid(lives: &[Life]) -> String {
    let mut out = "stateDiagram-v2\n".to_owned();
    for life in lives {
        let inner = if lives.len() > 1 {
            let _ = writeln!(out, "  state \"{}\" as {} {{", escaped(&life.object_type), life.object_type);
            "    "
        } else {
            "  "
        };
        body(life, inner, &mut out);
        if lives.len() > 1 {
            out.push_str("  }\n");
        }
    }
    out.push_str("  classDef restricted stroke-width:3px\n");
    for life in lives {
        for (number, _) in life.states.iter().enumerate().filter(|(_, state)| state.restricted) {
            let _ = writeln!(out, "  class {} restricted", id(life, number));
        }
    }
    out
}

fn body(life: &Life, indent: &str, out: &mut String) {
    // Writing to a String cannot fail.
    for (number, state) in life.states.iter().enumerate() {
        let _ = writeln!(out, "{indent}state \"{}\" as {}", escaped(&state.name), id(life, number));
    }
    for (number, _) in life.states.iter().enumerate().filter(|(_, state)| state.initial) {
        let _ = writeln!(out, "{indent}[*] --> {}", id(life, number));
    }
    for way in &life.transitions {
        for from in &way.from {
            let label = escaped(&way.lines().join(" · "));
            let _ = writeln!(out, "{indent}{} --> {} : {label}", id(life, *from), id(life, way.to));
        }
    }
    for (number, _) in life.states.iter().enumerate().filter(|(_, state)| state.is_final) {
        let _ = writeln!(out, "{indent}{} --> [*]", id(life, number));
    }
}

/// Object types are words, so that ids of several lives never meet.
fn id(life: &Life, state: usize) -> String {
    format!("{}_s{state}", life.object_type)
}

/// Everything that Mermaid might read as its own, as the code of the character.
fn escaped(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " _-.,()/'=·".contains(c);
    let mut out = String::with_capacity(text.len());
    for c in crate::report::visible(text).chars() {
        if plain(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
