//! Redaction of names that come from elsewhere than traffic: activities and cases of event logs.

use std::sync::Arc;

use super::HashKey;
use super::redact::{Masker, Redaction, RedactionRules, pseudonym};

/// Redacts activities and case ids of event logs.
#[derive(Clone, Debug)]
pub struct LabelRedactor {
    masker: Masker,
    key: HashKey,
    level: Redaction,
}

impl LabelRedactor {
    /// Redacts at a level, with the key of all pseudonyms. Of `rules` those for shapes hold: a label has no name.
    pub fn new(key: &HashKey, level: Redaction, rules: Arc<RedactionRules>) -> Self {
        LabelRedactor { masker: Masker::new(key.clone(), level).with_rules(rules), key: key.clone(), level }
    }

    /// The name of an activity, with personal data in it masked.
    pub fn activity(&self, name: &str) -> String {
        self.masker.text(name).into_owned()
    }

    /// A case id, with personal data in it masked; a pseudonym where names are to be hashed.
    pub fn case(&self, id: &str) -> String {
        let masked = self.masker.text(id);
        if self.level == Redaction::Hash { pseudonym(&self.key, &masked).into_owned() } else { masked.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_and_activities_follow_the_level() {
        let redactor = |level| LabelRedactor::new(&HashKey::new(b"0123456789abcdef"), level, Arc::default());
        let mask = redactor(Redaction::Mask);
        assert_eq!(mask.case("order 17"), "order 17");
        assert!(mask.activity("mail anna.smith@example.com").starts_with("mail a…@example.com#"));
        let hash = redactor(Redaction::Hash);
        assert_eq!(hash.activity("pay"), "pay");
        assert_ne!(hash.case("17"), "17");
        assert_eq!(hash.case("17"), hash.case("17"));
        assert_eq!(redactor(Redaction::Keep).case("anna.smith@example.com"), "anna.smith@example.com");
    }
}
