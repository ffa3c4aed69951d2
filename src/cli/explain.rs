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
    if lower.bytes().all(|byte| byte.is_ascii_digit()) {
        return exit_codes(&lower).filter(|_| !lower.is_empty());
    }
    if let Some(code) = lower.strip_prefix("exit").map(|c| c.trim_start_matches(['-', ' '])) {
        return exit_codes(code);
    }
    let asked = lower.replace(['-', ' '], "_");
    let named = |names: &'static str| words(names).any(|word| word.replace(['-', ' '], "_") == asked);
    entries().find(|(names, _)| named(names)).map(|(names, text)| format!("{names}\n\n{text}\n"))
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

/// The words that a heading explains.
fn words(heading: &'static str) -> impl Iterator<Item = &'static str> {
    heading.split(", ")
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
    let term = || model::nearest_name(topic, entries().flat_map(|(names, _)| words(names)));
    let near = rule::nearest(topic).or_else(term).map(|id| format!("; did you mean {id}?")).unwrap_or_default();
    Exit::CannotStart(format!("nothing is called `{topic}`{near}; `offpath explain` lists what can be explained"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Doubt, Evidence, Outcome};
    use crate::finding::Verdict;
    use crate::model::Severity;
    use crate::report::RuleStatus;

    #[test]
    fn every_kind_of_topic_has_a_text() {
        for topic in ["SEQ-SKIP", "seq-skip", "exit-codes", "exit 3", "fitness", "case", "belief"] {
            assert!(explanation(topic).is_some_and(|text| text.len() > 20), "{topic}");
        }
        for word in [
            "blind spot",
            "Blind-Spot",
            "api key",
            "not asked",
            "not judged",
            "1",
            "101",
            "combined",
            "har",
            "pcapng",
            "json",
        ] {
            assert!(explanation(word).is_some(), "{word}");
        }
        assert!(unknown("proveen").to_string().contains("did you mean proven?"));
        assert!(explanation("exit 9").is_none() && explanation("9").is_none() && explanation("").is_none());
        assert!(explanation("nonsense").is_none());
    }

    /// What outputs write where a reader may ask what it means.
    #[test]
    fn every_word_of_the_outputs_is_explained() {
        let verdicts =
            [Verdict::Suspected, Verdict::Attempted, Verdict::Accepted, Verdict::Proven].map(Verdict::as_str);
        let outcomes = [Outcome::Accepted, Outcome::Rejected, Outcome::Unknown].map(Outcome::as_str);
        let severities =
            [Severity::Low, Severity::Medium, Severity::High, Severity::Critical].map(|severity| severity.as_str());
        let tiers = [
            Evidence::None,
            Evidence::Address,
            Evidence::Device,
            Evidence::Unproved,
            Evidence::Unbound,
            Evidence::Asserted,
            Evidence::ApiKey,
            Evidence::Bound,
            Evidence::Claims,
            Evidence::Verified,
            Evidence::Proven,
        ];
        let statuses = [
            RuleStatus::Evaluated,
            RuleStatus::Blind,
            RuleStatus::Idle,
            RuleStatus::NotAsked,
            RuleStatus::NotSelected,
            RuleStatus::NeedsModel,
        ];
        let statuses = statuses.map(|status| serde_json::to_value(status).unwrap().as_str().unwrap().to_owned());
        let columns =
            ["review", "violated", "not evaluable", "blind spot", "restricted", "warning", "fitness", "coverage"];
        // Names of columns, whose text is about them under other words.
        let titles =
            ["outcome", "confidence", "severity", "verdict", "tier", "evidence", "principal", "agent", "object"];
        assert!(titles.iter().all(|title| explanation(title).is_some()), "{titles:?}");
        let mut words: Vec<&str> = verdicts.into_iter().chain(outcomes).chain(severities).chain(columns).collect();
        words.extend(tiers.iter().map(|tier| tier.as_str()));
        words.extend(Doubt::ALL.iter().map(|doubt| doubt.as_str()));
        words.extend(statuses.iter().map(String::as_str));
        for word in words {
            let text = explanation(word).unwrap_or_default();
            assert!(text.contains(&word.replace('_', " ")) || text.contains(word), "{word}: {text}");
        }
    }
}
