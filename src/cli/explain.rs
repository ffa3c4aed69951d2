//! `offpath explain`: rules, model errors, exit codes, measures and terms; offline.

use super::args::Explain;
use super::exit::MEANINGS;
use super::{Console, Ended, Exit};
use crate::{model, rule};

/// Measures and terms that outputs use.
const GLOSSARY: &str = include_str!("../../docs/glossary.md");

/// Runs the command.
pub(super) fn run(args: &Explain, console: &Console) -> Ended {
    let text = match &args.topic {
        None => contents(),
        Some(topic) => explanation(topic).ok_or_else(|| unknown(topic))?,
    };
    console.print(&text)?;
    Ok(Exit::Done("explained".to_owned()))
}

fn explanation(topic: &str) -> Option<String> {
    let upper = topic.to_ascii_uppercase();
    if let Some(text) = rule::explain(&upper) {
        return Some(text);
    }
    if let Some(text) = model::explanation(&upper) {
        return Some(format!("{}\n", text.trim_end()));
    }
    let lower = topic.to_ascii_lowercase();
    if let Some(code) = lower.strip_prefix("exit").map(|c| c.trim_start_matches(['-', ' '])) {
        return exit_codes(code);
    }
    entries().find(|(name, _)| *name == lower).map(|(name, text)| format!("{name}\n\n{text}\n"))
}

/// All exit codes, or the one asked for.
fn exit_codes(which: &str) -> Option<String> {
    let all = matches!(which, "" | "code" | "codes");
    let lines: String = MEANINGS
        .iter()
        .filter(|(code, _)| all || code.to_string() == which)
        .map(|(code, meaning)| format!("{code:>4}  {meaning}\n"))
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// Entries of the glossary: a level-two heading and the text under it.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    GLOSSARY
        .split("\n## ")
        .skip(1)
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(name, text)| (name.trim(), text.trim()))
}

fn contents() -> String {
    let mut text = "Rules\n".to_owned();
    for rule in rule::catalogue() {
        text.push_str(&format!("  {:<13} {}\n", rule.id, rule.title));
    }
    text.push_str("\nModel errors\n  M001 and on: the code that an error in a model shows\n");
    text.push_str("\nExit codes\n  exit-codes    what each one means\n\nMeasures and terms\n");
    for (name, _) in entries() {
        text.push_str(&format!("  {name}\n"));
    }
    text
}

fn unknown(topic: &str) -> Exit {
    let near = rule::nearest(topic).map(|id| format!("; did you mean {id}?")).unwrap_or_default();
    Exit::CannotStart(format!("nothing is called `{topic}`{near}; `offpath explain` lists what can be explained"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_topic_has_a_text() {
        for topic in ["SEQ-SKIP", "seq-skip", "exit-codes", "exit 3", "fitness", "case", "belief"] {
            assert!(explanation(topic).is_some_and(|text| text.len() > 20), "{topic}");
        }
        assert!(explanation("exit 9").is_none());
        assert!(explanation("nonsense").is_none());
    }
}
