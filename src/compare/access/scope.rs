//! Whether what a scope is for was done: by the words that the scope and the operations share.
//!
//! `orders:write` is for writes below `/orders`. What a scope is for is known where somebody was seen to do what has its
//! words; of one whose words nothing has, nothing is said.

use std::collections::BTreeSet;

use crate::event::Event;

/// Most words that are kept of one identity, and of all together.
const MOST: usize = 512;
/// Longest word.
const LONGEST: usize = 40;
/// Scopes of logins: they are for claims, not for operations.
const OF_LOGINS: [&str; 6] = ["openid", "profile", "email", "offline_access", "address", "phone"];
const READS: [&str; 7] = ["read", "readonly", "view", "viewer", "list", "get", "search"];
const WRITES: [&str; 11] =
    ["write", "create", "update", "edit", "delete", "manage", "admin", "modify", "post", "put", "approve"];
/// Words that name nothing.
const EMPTY: [&str; 10] = ["api", "auth", "scope", "scopes", "all", "full", "default", "rw", "v1", "v2"];

/// What was done, by the words of its operations: to read or to write.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(BTreeSet<(String, bool)>);

/// What a scope is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct For {
    words: Vec<String>,
    write: Option<bool>,
}

impl Words {
    /// Notes what an event did.
    pub(super) fn note(&mut self, event: &Event) {
        let Some(operation) = event.operation.as_deref() else { return };
        let (_, rest) = operation.split_once(' ').unwrap_or(("", operation));
        let fixed = rest.split('/').filter(|segment| !segment.starts_with('{') && !segment.is_empty());
        let words = fixed.flat_map(split).filter(|word| word.len() <= LONGEST);
        self.0.extend(words.map(|word| (word, !event.read)));
        self.bound();
    }

    /// Adds what others did.
    pub(super) fn merge(&mut self, other: Words) {
        self.0.extend(other.0);
        self.bound();
    }

    /// The least stay.
    fn bound(&mut self) {
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    /// Whether there may have been more than is kept.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Whether what a scope is for was done; nothing where the scope does not say, or the words that would tell may be lost.
    pub(super) fn covers(&self, scope: &For) -> Option<bool> {
        let ways: &[bool] = match &scope.write {
            Some(write) => std::slice::from_ref(write),
            None => &[false, true],
        };
        let done = |word: &String| {
            let all = ways.iter().map(|write| self.has(word, *write));
            all.reduce(|a, b| if a == Some(true) || b == Some(true) { Some(true) } else { a.and(b) }).flatten()
        };
        let mut every = (!scope.words.is_empty()).then_some(true);
        for word in &scope.words {
            match done(word) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => every = None,
            }
        }
        every
    }

    /// Whether something with a word was done. The least words are kept: of a list that is full only those after the last
    /// that it has may be lost.
    fn has(&self, word: &str, write: bool) -> Option<bool> {
        let key = (word.to_owned(), write);
        let found = self.0.contains(&key);
        let lost = !found && self.is_full() && self.0.last().is_some_and(|last| *last < key);
        (!lost).then_some(found)
    }
}

/// What a scope is for, by its words.
pub(super) fn words_of(scope: &str) -> For {
    let none = For { words: Vec::new(), write: None };
    if OF_LOGINS.contains(&scope) || scope.contains('*') || scope.len() > 4 * LONGEST {
        return none;
    }
    // Of a scope that is a URL the end says what for.
    let own = if scope.contains("://") { scope.rsplit('/').next().unwrap_or(scope) } else { scope };
    let is = |list: &[&str], word: &str| list.contains(&word);
    let (mut words, mut write) = (Vec::new(), None);
    for word in split(own) {
        if is(&READS, &word) {
            write = write.or(Some(false));
        } else if is(&WRITES, &word) {
            write = Some(true);
        } else if !is(&EMPTY, &word) {
            words.push(word);
        }
    }
    For { words, write }
}

/// Words in small letters and the singular: `refundOrders`, `refund_orders` and `refund-order` have the same.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in text.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && small {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if letter.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(letter.to_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(singular).collect()
}

fn singular(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 2) {
        return format!("{stem}y");
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    #[test]
    fn a_scope_says_what_it_is_for() {
        let of = |scope: &str| {
            let For { words, write } = words_of(scope);
            (words.join(" "), write)
        };
        assert_eq!(of("orders:read"), ("order".to_owned(), Some(false)));
        assert_eq!(of("write:refund_orders"), ("refund order".to_owned(), Some(true)));
        assert_eq!(of("https://id.example/auth/drive.readonly"), ("drive".to_owned(), Some(false)));
        assert_eq!(of("Policies.ReadWrite"), ("policy".to_owned(), Some(true)));
        assert_eq!(of("payments"), ("payment".to_owned(), None));
        for nothing in ["openid", "*", "api", "orders:*"] {
            assert_eq!(of(nothing), (String::new(), None), "{nothing}");
        }
    }

    #[test]
    fn what_was_done_tells_which_scopes_were_used() {
        let mut done = Words::default();
        let mut event = sample::event(1);
        (event.operation, event.read) = (Some("GET /v1/orders/{orderId}".into()), true);
        done.note(&event);
        assert_eq!(done.covers(&words_of("orders:read")), Some(true));
        assert_eq!(done.covers(&words_of("orders")), Some(true));
        assert_eq!(done.covers(&words_of("orders:write")), Some(false));
        assert_eq!(done.covers(&words_of("openid")), None, "it says nothing");
    }

    #[test]
    fn a_flood_of_words_hides_only_what_comes_after_them() {
        let did = |operation: String| {
            let mut event = sample::event(1);
            (event.operation, event.read) = (Some(operation.into()), true);
            event
        };
        let mut done = Words::default();
        done.note(&did("GET /orders/{id}".to_owned()));
        (0..2_000).for_each(|n| done.note(&did(format!("GET /z{n}x"))));
        assert!(done.is_full());
        assert_eq!(done.covers(&words_of("orders:read")), Some(true), "kept is certain");
        assert_eq!(done.covers(&words_of("orders:write")), Some(false), "it would have been kept");
        assert_eq!(done.covers(&words_of("refunds:read")), Some(false));
        assert_eq!(done.covers(&words_of("zzz:read")), None, "it may be lost");
        assert_eq!(done.covers(&words_of("write:zzz_refunds")), Some(false), "one of its words was not");
    }
}
