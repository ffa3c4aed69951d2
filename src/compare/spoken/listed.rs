//! Tools that are called although the last list that the caller was given does not have them.

use std::collections::{BTreeSet, VecDeque};
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

/// Lists that are kept while calls may have been made before they were given.
const MOST_LISTS: usize = 8;

/// The list that a caller has, as far as it was seen.
#[derive(Default)]
struct Known<'e> {
    /// The last lists of which all pages were seen: names, and the last page.
    whole: VecDeque<(BTreeSet<&'e Arc<str>>, usize)>,
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
            self.whole.push_back((pages, at));
            // The oldest is the one that the caller surely has.
            if self.whole.len() > MOST_LISTS {
                self.whole.remove(1);
            }
            self.since.clear();
        }
    }

    /// Of the last list that was given before an event, how many tools it has and its last page; and whether it or a later
    /// one has a tool.
    fn has(&mut self, before: impl Fn(usize) -> bool, tool: &Arc<str>) -> Option<(usize, usize, bool)> {
        let last = self.whole.iter().rposition(|(_, at)| before(*at))?;
        self.whole.drain(..last);
        let has = self.since.contains(tool) || self.whole.iter().any(|(tools, _)| tools.contains(tool));
        self.whole.front().map(|(tools, at)| (tools.len(), *at, has))
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
        let before = |list| history.event(list).is_some_and(|list| history.precedence().before(list, event));
        let given = known.has(before, tool);
        tallies.count(Check::AgentTool, event.source, given.map(|(_, _, has)| !has));
        let Some((tools, list, _)) = given.filter(|(_, _, has)| !has) else { continue };
        if !told.insert((tool, event.outcome)) {
            continue;
        }
        let life = event.objects.first().and_then(|object| history.life_of(&object.id));
        let mut one = Found::new(Check::AgentTool, at, life);
        one.evidence.push(list);
        one.expected = vec![format!("one of the {tools} tools that the server listed").into()];
        one.observed = vec![format!("tool {tool}").into()];
        one.doubt = Some(match known.is_open() {
            true => Doubt::new(NOT_ALL_SEEN, OTHER_PAGES),
            false => Doubt::new(MAY_HAVE_CHANGED, SINCE),
        });
        found.push(one);
    }
    found
}
