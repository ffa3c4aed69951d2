//! Tokens that were given for others and are good for more.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies, add};
use crate::event::{Event, Outcome};

/// Confidence at most where the new token is for another service.
const ELSEWHERE: (f32, &str) =
    (0.4, "the new token is for another service, whose words for what it is good for are its own");
/// And where it is not.
const SAME: (f32, &str) = (0.8, "what a word is good for is for the server to say");
/// Most words that are told.
const MOST: usize = 8;

/// Exchanges that widened: by who is named, the client, what the new token has beyond the old one, and whether it is for
/// another service.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchanges(BTreeMap<Key, Sum>);

/// Principal, client, words and `elsewhere`.
type Key = (Option<Arc<str>>, Option<Arc<str>>, Vec<Arc<str>>, bool);

impl Exchanges {
    pub(super) fn note(&mut self, event: &Event, tallies: &mut Tallies) {
        let Some(exchanged) = event.exchanged.as_ref().filter(|_| event.outcome == Outcome::Accepted) else { return };
        let check = Check::ScopeWidened;
        let (Some(had), Some(got)) = (&exchanged.had, &exchanged.got) else {
            return tallies.count(check, event.source, None);
        };
        let mut more: Vec<Arc<str>> = got.iter().filter(|new| !is_covered(new, had)).cloned().collect();
        more.sort_unstable();
        more.dedup();
        if more.is_empty() {
            return tallies.count(check, event.source, Some(false));
        }
        let (principal, client) = (event.actor.principal.clone(), event.actor.client.clone());
        add(&mut self.0, (principal, client, more, exchanged.elsewhere), Sum::of(event));
    }

    pub(super) fn merge(&mut self, other: Exchanges) {
        other.0.into_iter().for_each(|(key, sum)| add(&mut self.0, key, sum));
    }

    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let found = self.0.into_iter().map(|((_, _, mut more, elsewhere), sum)| {
            sum.count(Check::ScopeWidened, tallies);
            more.truncate(MOST);
            let stray = sum.stray(Check::ScopeWidened, "nothing that the old token had not", more);
            Stray { doubt: Some(if elsewhere { ELSEWHERE } else { SAME }), ..stray }
        });
        found.collect()
    }
}

/// Whether an old token's words cover one of a new one: the word itself, one that it is a part of (`orders` of
/// `orders:read`), or one with a star for the rest. To ask for an id token beside (`openid`) is to ask for no more.
fn is_covered(new: &str, had: &[Arc<str>]) -> bool {
    let covers = |old: &str| {
        let stem = old.strip_suffix('*').map(|stem| (stem, true)).unwrap_or((old, false));
        match stem {
            (stem, true) => new.starts_with(stem),
            (stem, false) => {
                new.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.', '/']))
            }
        }
    };
    new == "openid" || had.iter().any(|old| !old.is_empty() && covers(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_what_was_had_is_no_more() {
        let had: Vec<Arc<str>> = vec!["orders".into(), "ledger:*".into(), "mail.read".into()];
        for same in ["orders", "orders:read", "orders/write", "ledger:close", "mail.read", "openid"] {
            assert!(is_covered(same, &had), "{same}");
        }
        for more in ["ordersearch", "ledger", "mail", "mail.send", "offline_access", ""] {
            assert!(!is_covered(more, &had), "{more}");
        }
    }
}
