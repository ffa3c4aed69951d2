//! Tools that are called although the last list that the caller was given does not have them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::Found;
use crate::compare::history::History;
use crate::event::Listing;

/// Confidence at most: a server may add a tool and say so where nobody sees it.
const MAY_HAVE_CHANGED: f32 = 0.6;
/// The reason for it.
const SINCE: &str = "the list of tools may have changed since it was last asked for";

/// Confidence at most where a later list was begun.
const NOT_ALL_SEEN: f32 = 0.4;
/// The reason for it.
const OTHER_PAGES: &str = "of a later list of tools not all pages were seen";

/// The list that a caller has, as far as it was seen.
#[derive(Default)]
struct Known<'e> {
    /// Names of the last list of which all pages were seen.
    tools: Option<BTreeSet<&'e Arc<str>>>,
    /// Its last page.
    at: Option<usize>,
    /// Pages of a list that goes on.
    pages: Option<BTreeSet<&'e Arc<str>>>,
    /// Names on any page since.
    since: BTreeSet<&'e Arc<str>>,
}

impl<'e> Known<'e> {
    /// Adds a page. One alone takes nothing away from the last whole list: whoever asks for it could end the judgement.
    fn add(&mut self, at: usize, listing: &'e Listing) {
        let names = || listing.tools.iter().map(|tool| &tool.name);
        self.since.extend(names());
        if listing.first {
            self.pages = Some(names().collect());
        } else if let Some(pages) = &mut self.pages {
            pages.extend(names());
        }
        if listing.last
            && let Some(pages) = self.pages.take()
        {
            (self.tools, self.at) = (Some(pages), Some(at));
            self.since.clear();
        }
    }

    /// Whether a list has begun of which not all was seen.
    fn is_open(&self) -> bool {
        self.pages.is_some() || !self.since.is_empty()
    }
}

/// Judges the calls of one listener of one server.
pub(in crate::compare) fn judge(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let mut known = Known::default();
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        let Some(spoken) = &event.spoken else { continue };
        if let Some(listing) = &spoken.listing {
            known.add(at, listing);
        }
        let Some(tool) = &spoken.tool else { continue };
        // Nobody has a list before it was given.
        let listed =
            known.at.filter(|list| history.event(*list).is_some_and(|list| history.precedence().before(list, event)));
        let tools = known.tools.as_ref().zip(listed);
        let absent = tools.map(|(tools, _)| !tools.contains(tool) && !known.since.contains(tool));
        tallies.count(Check::AgentTool, event.source, absent);
        let Some((tools, list)) = tools.filter(|_| absent == Some(true)) else { continue };
        if !told.insert((tool, event.outcome)) {
            continue;
        }
        let life = event.objects.first().and_then(|object| history.life_of(&object.id));
        let mut one = Found::new(Check::AgentTool, at, life);
        one.evidence.push(list);
        one.expected = vec![format!("one of the {} tools that the server listed", tools.len()).into()];
        one.observed = vec![format!("tool {tool}").into()];
        one.doubt = Some(match known.is_open() {
            true => Doubt::new(NOT_ALL_SEEN, OTHER_PAGES),
            false => Doubt::new(MAY_HAVE_CHANGED, SINCE),
        });
        found.push(one);
    }
    found
}
