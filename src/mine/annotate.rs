//! What a check says against a draft itself, as comments in the draft: who reads it is not surprised later.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::page::safe;
use crate::model::Diagnostics;

/// The draft with a comment above each line that reading it as a model warns about, and with the `warnings` of a check of
/// its own traffic at its head. Only comments are added: it reads as the same model, with the same warnings.
pub fn annotated(draft: &str, doubts: &Diagnostics, warnings: &[String]) -> String {
    let mut above: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for doubt in doubts.iter() {
        let said = safe(&format!("{} ({})", doubt.title, doubt.code.as_str()));
        let lines = above.entry(doubts.position(doubt.span.start).0).or_default();
        if !lines.contains(&said) {
            lines.push(said);
        }
    }
    let mut out = String::with_capacity(draft.len());
    let mut head = !warnings.is_empty();
    for (number, line) in (1..).zip(draft.lines()) {
        if head && line.is_empty() {
            head = false;
            out.push_str("#\n");
            for warning in warnings {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "# check: a check of this traffic against the draft warns: {}", safe(warning));
            }
        }
        let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
        for said in above.get(&number).into_iter().flatten() {
            let _ = writeln!(out, "{indent}# check: {said}");
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn warnings_stand_above_their_lines_and_change_nothing() {
        let draft = "# A draft.\n\noffpath: 1\nworkflow: {id: d, version: 0}\nobjects:\n  a: {key: path.a}\nactivities:\n  \
                     make: {http: \"POST /as/{a}\", object: a}\n  drop: {http: \"DELETE /as/{a}\", object: a}\n\
                     lifecycles:\n  a:\n    states: {none: initial, made: {}}\n    transitions:\n      \
                     - {activity: make, from: none, to: made}\n";
        let (_, doubts) = Model::read("d", draft).unwrap();
        let text = annotated(draft, &doubts, &["it explains little".to_owned()]);
        assert!(text.starts_with("# A draft.\n#\n# check: a check of this traffic"), "{text}");
        assert!(text.contains("  # check: no transition of `a` uses the activity `drop` (M027)\n  drop:"), "{text}");
        let (_, again) = Model::read("d", &text).unwrap();
        assert_eq!(again.len(), doubts.len());
        let bare =
            |text: &str| text.lines().filter(|l| !l.trim().starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(bare(&text), bare(draft));
    }
}
