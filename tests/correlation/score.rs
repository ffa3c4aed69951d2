//! Precision and recall of what is told of exchanges.

use std::collections::BTreeMap;
use std::fmt;

/// How many exchanges something was told of, of how many there is something to tell, and of how many both agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) told: usize,
    pub(crate) real: usize,
    pub(crate) right: usize,
}

impl Score {
    /// Compares what was told with what is true, exchange by exchange. Names are free: a name stands for whom it is told
    /// of most often, and who is called by several names is the one of the name that is told most.
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Score {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (told, real) in &pairs {
            if let (Some(told), Some(real)) = (told, real) {
                *counts.entry((told, real)).or_default() += 1;
            }
        }
        let (mut meant, mut called) = (BTreeMap::new(), BTreeMap::new());
        for ((told, real), count) in &counts {
            let most = meant.entry(*told).or_insert((*count, *real));
            *most = (*most).max((*count, *real));
            let most = called.entry(*real).or_insert((*count, *told));
            *most = (*most).max((*count, *told));
        }
        let mut score = Score::default();
        for (told, real) in pairs {
            score.told += usize::from(told.is_some());
            score.real += usize::from(real.is_some());
            if let (Some(told), Some(real)) = (told, real) {
                score.right += usize::from(meant[told].1 == real && called[real].1 == told);
            }
        }
        score
    }

    pub(crate) fn precision(self) -> f64 {
        self.right as f64 / self.told.max(1) as f64
    }

    pub(crate) fn recall(self) -> f64 {
        self.right as f64 / self.real.max(1) as f64
    }

    /// Reports the score, and fails below 0.99 of either.
    pub(crate) fn assert(self, what: &str) {
        eprintln!("{what}: {self}");
        assert!(self.real > 0 && self.precision() >= 0.99 && self.recall() >= 0.99, "{what}: {self}");
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Score { told, real, right } = self;
        write!(
            f,
            "precision {:.4}, recall {:.4} ({right} right, {told} told, {real} real)",
            self.precision(),
            self.recall()
        )
    }
}

#[test]
fn names_that_are_split_or_shared_count_once() {
    let of = |pairs: &[(&'static str, &'static str)]| {
        let some = |name: &'static str| (!name.is_empty()).then_some(name);
        Score::of(pairs.iter().map(|(told, real)| (some(told), some(real))))
    };
    let score = |told, real, right| Score { told, real, right };
    assert_eq!(of(&[("x", "a"), ("x", "a"), ("y", "b")]), score(3, 3, 3));
    assert_eq!(of(&[("x", "a"), ("x", "a"), ("y", "a")]), score(3, 3, 2), "one of two names is the right one");
    assert_eq!(of(&[("x", "a"), ("x", "a"), ("x", "b")]), score(3, 3, 2), "one name for two is right for one");
    assert_eq!(of(&[("", "a"), ("x", ""), ("x", "b"), ("x", "b")]), score(3, 3, 2));
}
