//! Names of what is filled in, each thing one name.

use std::collections::{BTreeMap, BTreeSet};

use super::Variable;

/// Longest word of a name.
const LONGEST: usize = 40;

/// Names by what they stand for.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_thing: BTreeMap<(String, String), String>,
    taken: BTreeSet<String>,
    all: Vec<Variable>,
}

impl Names {
    /// The name of a thing of a kind (an id of a type, a credential of somebody): the same at every call. `word` is what it
    /// is called if that is free.
    pub(super) fn of(&mut self, kind: &str, thing: &str, word: &str, meaning: impl FnOnce() -> String) -> String {
        let key = (kind.to_owned(), thing.to_owned());
        if let Some(name) = self.by_thing.get(&key) {
            return name.clone();
        }
        let word = plain(word);
        let numbered = (2..).map(|number: usize| format!("{word}_{number}"));
        let free = std::iter::once(word.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or(word);
        self.taken.insert(name.clone());
        self.by_thing.insert(key, name.clone());
        self.all.push(Variable { name: name.clone(), meaning: meaning() });
        name
    }

    /// All of them, in the order in which they were first needed.
    pub(super) fn all(self) -> Vec<Variable> {
        self.all
    }
}

/// A word as every format takes it for a name: letters, digits and `_`, beginning with a letter.
pub(super) fn plain(word: &str) -> String {
    let mut name = String::new();
    for c in word.chars().take(LONGEST) {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    let name = name.trim_matches('_');
    match name.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => name.to_owned(),
        _ => format!("v_{name}").trim_end_matches('_').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_a_name_of_its_own() {
        let mut names = Names::default();
        let mut of = |kind: &str, thing: &str, word: &str| names.of(kind, thing, word, String::new);
        assert_eq!(of("id", "order:1", "order"), "order");
        assert_eq!(of("id", "order:2", "order"), "order_2");
        assert_eq!(of("id", "order:1", "order"), "order");
        assert_eq!(of("actor", "2", "Order 2"), "order_2_2");
        assert_eq!(of("actor", "{{x}}", "{{\n"), "v");
        assert_eq!(of("actor", "7", "7"), "v_7");
    }
}
