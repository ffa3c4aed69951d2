//! `--filter`: one small language over exchanges, events and findings. `docs/filters.md` describes it.

mod subject;
mod term;

pub(super) use subject::{EXCHANGE, Subject};

use subject::{EVENT, FINDING, Keys, STORED_EVENT};
use term::Term;

use super::Exit;

/// Terms that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    terms: Vec<Term>,
    text: String,
}

impl Filter {
    /// Reads the filters of the flag for one kind of subject; `None` without any.
    pub(super) fn of_flags(given: &[String], keys: &Keys) -> Result<Option<Filter>, Exit> {
        if given.is_empty() {
            return Ok(None);
        }
        let text = given.join(" ");
        let terms = term::parse(&text, keys).map_err(|why| Exit::CannotStart(format!("--filter: {why}")))?;
        Ok(Some(Filter { terms, text }))
    }

    /// Reads the filters of the flag for events, as `inspect` and `mine` see them.
    pub(super) fn of_events(given: &[String]) -> Result<Option<Filter>, Exit> {
        Filter::of_flags(given, &EVENT)
    }

    /// Reads the filters of the flag for findings.
    pub(super) fn of_findings(given: &[String]) -> Result<Option<Filter>, Exit> {
        Filter::of_flags(given, &FINDING)
    }

    /// Reads the filters of the flag for events of a run folder.
    pub(super) fn of_stored_events(given: &[String]) -> Result<Option<Filter>, Exit> {
        Filter::of_flags(given, &STORED_EVENT)
    }

    /// Whether every term holds. What a subject does not have fits no term, and so every negated one.
    pub(super) fn admits(&self, subject: &impl Subject) -> bool {
        self.terms.iter().all(|term| term.holds(subject))
    }

    /// Whether some term asks for what stands under a key.
    pub(super) fn asks_for(&self, key: &str) -> bool {
        self.terms.iter().any(|term| term.asks_for(key))
    }

    /// The filter as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
