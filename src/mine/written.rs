//! Lifecycles as a draft writes them: states and transitions, each with its support.

use std::fmt::Write as _;

use super::draft::{THIN, grouped, joined, scalar, times};
use super::lifecycle::{Lifecycle, Transition};
use super::page::Page;

/// The lifecycle of a type.
pub(super) fn lifecycle(page: &mut Page, name: &str, objects: u64, lifecycle: &Lifecycle) {
    let midlife = match lifecycle.midlife {
        0 => String::new(),
        n => format!("; {} first seen in mid-life", grouped(n)),
    };
    let thin = if objects < THIN { "check: only " } else { "" };
    page.line(&format!("  {name}:"), &format!("{thin}{}{midlife}", times(objects, "object")));
    page.line("    states:", if lifecycle.named { "as the server names them" } else { "named after the last step" });
    for (at, state) in lifecycle.states.iter().enumerate() {
        let kind = match (at, state.end) {
            (0, _) => "initial",
            (_, true) => "final",
            _ => "{}",
        };
        let note = match (at, state.stayed()) {
            (0, _) => "before it exists".to_owned(),
            (_, None) => format!("reached {}", times(state.reached, "time")),
            (_, Some(stayed)) => format!(
                "check: {} of {} that reached it stayed: `final`, if what leaves it should not be",
                grouped(stayed),
                grouped(state.reached)
            ),
        };
        page.line(&format!("      {}: {kind}", scalar(&state.name)), &note);
    }
    page.line("    transitions:", "");
    for transition in &lifecycle.transitions {
        page.line(&format!("      - {}", written(transition, lifecycle)), &evidence(transition));
    }
}

fn written(transition: &Transition, lifecycle: &Lifecycle) -> String {
    let state = |at: usize| lifecycle.states.get(at).map_or_else(String::new, |state| scalar(&state.name));
    let from: Vec<String> = transition.from.iter().map(|from| state(*from)).collect();
    let mut out = format!("{{activity: {}, from: {}, to: {}", transition.activity, joined(&from), state(transition.to));
    if !transition.by.is_empty() {
        let by: Vec<String> = transition.by.iter().map(|name| scalar(name)).collect();
        let _ = write!(out, ", by: [{}]", by.join(", "));
    }
    if let Some((condition, _)) = &transition.when {
        // Writing to a String cannot fail.
        let _ = write!(out, ", when: \"{condition}\"");
    }
    if transition.human {
        out.push_str(", kind: human");
    }
    if transition.once {
        out.push_str(", once: true");
    }
    out.push('}');
    out
}

fn evidence(transition: &Transition) -> String {
    let mut seen = match transition.count {
        0 => "check: only in mid-life".to_owned(),
        1 => "check: seen once".to_owned(),
        n if transition.rare || n < THIN || !transition.doubts.is_empty() => {
            format!("check: seen {}", times(n, "time"))
        }
        n => times(n, "time"),
    };
    for doubt in &transition.doubts {
        // Writing to a String cannot fail.
        let _ = write!(seen, "; {}", doubt.said(&transition.activity));
    }
    if let Some((_, met)) = &transition.when {
        let _ = write!(seen, "; {met}");
    }
    if transition.perhaps_midlife {
        seen.push_str("; perhaps it existed before the traffic");
    }
    seen
}
