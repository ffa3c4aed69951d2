//! Texts of GraphQL queries, kept for requests that name them by their hash.
//!
//! Where there is no room, that text goes which is worth least: the one that is long and was not named for long
//! (GreedyDual-Size, Cao and Irani 1997). So long texts that one client sends make way for each other, and it takes
//! thousands of requests to forget a short one that others may name.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest text that is kept: every request that names it alone has it read again.
const LONGEST: usize = 64 << 10;
/// Bytes of texts that are kept of one source; the same for each, however many there are, so that a file reads beside
/// others as it does alone.
const MOST: usize = 4 << 20;

/// Texts by their hashes.
#[derive(Debug, Default)]
pub(super) struct Texts {
    kept: BTreeMap<String, Kept>,
    /// Hashes by what makes their texts stay.
    by_worth: BTreeMap<Worth, String>,
    turns: u64,
    /// What the last text that went was worth: all that come, or are named, after it are worth more.
    gone: u64,
    bytes: usize,
    refused: u64,
}

/// What a text is worth; of two that are worth the same, the one that was wanted later stays.
type Worth = (u64, u64);

#[derive(Debug)]
struct Kept {
    text: Arc<str>,
    worth: Worth,
}

impl Texts {
    /// Whether a text is known.
    pub(super) fn holds(&self, hash: &str) -> bool {
        self.kept.contains_key(hash)
    }

    /// The text that a request names by its hash.
    pub(super) fn named(&mut self, hash: &str) -> Option<Arc<str>> {
        let kept = self.kept.get_mut(hash)?;
        self.turns += 1;
        let worth = (worth(self.gone, hash, &kept.text), self.turns);
        let entry = self.by_worth.remove(&std::mem::replace(&mut kept.worth, worth))?;
        self.by_worth.insert(worth, entry);
        Some(Arc::clone(&kept.text))
    }

    /// Keeps a text; others make way for it. Whether it may be read for those that name it: it is not too long.
    pub(super) fn keep(&mut self, hash: &str, text: &Arc<str>) -> bool {
        if text.len() > LONGEST {
            self.refused += 1;
            return false;
        }
        self.insert(hash, text);
        while self.bytes > MOST {
            let Some(((worth, _), hash)) = self.by_worth.pop_first() else { break };
            let text = self.kept.remove(&hash).map(|kept| kept.text);
            self.bytes = self.bytes.saturating_sub(hash.len() + text.map_or(0, |text| text.len()));
            self.gone = worth;
            self.refused += 1;
        }
        true
    }

    /// Keeps a text whatever room there is.
    pub(super) fn insert(&mut self, hash: &str, text: &Arc<str>) {
        if self.holds(hash) {
            return;
        }
        self.turns += 1;
        let worth = (worth(self.gone, hash, text), self.turns);
        self.bytes += hash.len() + text.len();
        self.by_worth.insert(worth, hash.to_owned());
        self.kept.insert(hash.to_owned(), Kept { text: Arc::clone(text), worth });
    }

    /// Texts for which there was no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// All that are kept.
    pub(super) fn into_kept(self) -> BTreeMap<String, Arc<str>> {
        self.kept.into_iter().map(|(hash, kept)| (hash, kept.text)).collect()
    }
}

/// What a text is worth that was wanted now: the less, the more room it takes.
fn worth(gone: u64, hash: &str, text: &str) -> u64 {
    gone.saturating_add((MOST / (hash.len() + text.len()).max(1)) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(len: usize) -> Arc<str> {
        "x".repeat(len).into()
    }

    /// As the law says it, looking at every text each time.
    #[derive(Default)]
    struct Naive {
        /// The one wanted last comes last.
        kept: Vec<(String, usize, u64)>,
        gone: u64,
    }

    impl Naive {
        fn want(&mut self, hash: &str, len: usize) {
            self.kept.retain(|(own, ..)| own != hash);
            self.kept.push((hash.to_owned(), len, self.gone + (MOST / (hash.len() + len)) as u64));
        }

        fn keep(&mut self, hash: &str, len: usize) {
            if len > LONGEST || self.kept.iter().any(|(own, ..)| own == hash) {
                return;
            }
            self.want(hash, len);
            while self.kept.iter().map(|(hash, len, _)| hash.len() + len).sum::<usize>() > MOST {
                let least = self.kept.iter().map(|(.., worth)| *worth).min().unwrap();
                let first = self.kept.iter().position(|(.., worth)| *worth == least).unwrap();
                self.gone = least;
                self.kept.remove(first);
            }
        }

        fn named(&mut self, hash: &str) -> bool {
            let found = self.kept.iter().find(|(own, ..)| own == hash).map(|(_, len, _)| *len);
            found.is_some_and(|len| {
                self.want(hash, len);
                true
            })
        }
    }

    proptest! {
        #[test]
        fn what_is_worth_least_goes(steps in proptest::collection::vec((0..90_u32, 0..3_usize, any::<bool>()), 0..400)) {
            let (mut texts, mut naive) = (Texts::default(), Naive::default());
            for (name, size, names) in steps {
                let hash = format!("{name:04}");
                // A text has one length.
                let len = [9_000, LONGEST, LONGEST + 1][(size + name as usize) % 3];
                if names {
                    prop_assert_eq!(texts.named(&hash).is_some(), naive.named(&hash));
                } else {
                    texts.keep(&hash, &text(len));
                    naive.keep(&hash, len);
                }
                prop_assert!(texts.bytes <= MOST && texts.by_worth.len() == texts.kept.len());
            }
            let mut kept: Vec<String> = naive.kept.into_iter().map(|(hash, ..)| hash).collect();
            kept.sort();
            prop_assert_eq!(texts.into_kept().into_keys().collect::<Vec<_>>(), kept);
        }
    }

    #[test]
    fn long_texts_make_way_for_each_other_and_not_short_ones_for_them() {
        let mut texts = Texts::default();
        texts.keep("ours", &text(300));
        for number in 0..2_000 {
            let hash = format!("{number:04}");
            texts.keep(&hash, &text(LONGEST));
            texts.named(&hash);
        }
        assert!(texts.holds("ours") && texts.holds("1999") && !texts.holds("0000"));
        assert!(texts.refused() > 1_900);
    }
}
