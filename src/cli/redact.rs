//! `--redact`: a level, and rules beside it.

use std::str::FromStr;
use std::sync::Arc;

use crate::correlate::{Redaction, RedactionRule, RedactionRules};
use crate::model::nearest_name;

/// A value of the flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redact {
    /// How much of everything is shown.
    Level(Redaction),
    /// What is hidden besides, or kept.
    Rule(RedactionRule),
}

impl FromStr for Redact {
    type Err = String;

    fn from_str(text: &str) -> Result<Redact, String> {
        let levels = [Redaction::Mask, Redaction::Hash, Redaction::Keep];
        if let Some(level) = levels.into_iter().find(|level| level.as_str() == text) {
            return Ok(Redact::Level(level));
        }
        if text.contains([':', '=']) {
            return text.parse().map(Redact::Rule);
        }
        let near = nearest_name(text, levels.map(Redaction::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(format!("a level is mask, hash or keep, and a rule is like key:*birth*=mask{near}"))
    }
}

/// The last level that is given, `mask` without one, and the rules in their order.
pub(super) fn of(given: &[Redact]) -> (Redaction, Arc<RedactionRules>) {
    let mut levels = given.iter().filter_map(|value| match value {
        Redact::Level(level) => Some(*level),
        Redact::Rule(_) => None,
    });
    let rules = given.iter().filter_map(|value| match value {
        Redact::Level(_) => None,
        Redact::Rule(rule) => Some(rule.clone()),
    });
    (levels.next_back().unwrap_or_default(), Arc::new(RedactionRules::new(rules.collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_rules_are_told_apart() {
        let given = ["key:*name*=hash", "keep", "shape:phone=mask", "hash"].map(|text| text.parse().unwrap());
        let (level, rules) = of(&given);
        assert_eq!(level, Redaction::Hash);
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["key:*name*=hash", "shape:phone=mask"]);
        assert_eq!(of(&[]).0, Redaction::Mask);
        assert!("msk".parse::<Redact>().unwrap_err().contains("did you mean `mask`?"));
        assert!("key:name".parse::<Redact>().unwrap_err().contains("key:NAME=HOW"));
    }
}
