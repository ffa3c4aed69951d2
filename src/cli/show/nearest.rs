//! The names most like one that nothing has.

use crate::rule::edit_distance;

/// Names offered to the user.
const SHOWN: usize = 3;
/// Letters beyond which a name is no near miss of another.
const LONGEST: usize = 200;

/// The nearest of all names offered, the best first; ties by name, so that the order of offers is no matter.
pub(in crate::cli) struct Nearest {
    typed: Vec<char>,
    /// The key in it, of an object whose type may be another.
    key: Option<String>,
    best: Vec<(usize, String)>,
}

impl Nearest {
    pub(in crate::cli) fn to(typed: &str) -> Nearest {
        let key = typed.split_once(':').map(|(_, key)| key.to_owned()).filter(|key| !key.is_empty());
        Nearest { typed: typed.chars().take(LONGEST).collect(), key, best: Vec::new() }
    }

    /// Considers a name; it counts as near when at most a third of it differs, with or without its type and tenant, and
    /// when it is the same key of another type.
    pub(in crate::cli) fn offer(&mut self, name: &str) {
        if name.len() > LONGEST || self.best.iter().any(|(_, known)| known == name) {
            return;
        }
        let bare = name.split_once(':').map_or(name, |(_, key)| key);
        let own = bare.rsplit_once('/').map_or(bare, |(_, own)| own);
        let distances = [name, bare, own].map(|name| edit_distance(&self.typed, name));
        let same = self.key.as_deref().is_some_and(|key| name != bare && (key == bare || key == own));
        let distance = distances.into_iter().chain(same.then_some(1)).min().unwrap_or(usize::MAX);
        if distance > self.typed.len().div_ceil(3) {
            return;
        }
        let place = self.best.partition_point(|(d, known)| (*d, known.as_str()) < (distance, name));
        self.best.insert(place, (distance, name.to_owned()));
        self.best.truncate(SHOWN);
    }

    pub(in crate::cli) fn names(self) -> Vec<String> {
        self.best.into_iter().map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_the_far_not_at_all() {
        let mut nearest = Nearest::to("order:ord_10");
        for name in ["order:ord_99", "refund:ref_1", "order:ord_100", "order:ord_1", "order:ord_12", "alice"] {
            nearest.offer(name);
            nearest.offer(name);
        }
        assert_eq!(nearest.names(), ["order:ord_1", "order:ord_100", "order:ord_12"]);
    }

    #[test]
    fn a_bare_key_finds_its_type_and_tenant() {
        let mut nearest = Nearest::to("ord_10");
        nearest.offer("order:ord_100");
        assert_eq!(nearest.names(), ["order:ord_100"]);
        let mut nearest = Nearest::to("mission:4107");
        for name in ["telecommand:4107", "telecommand:9107", "mission:east/9", "4107"] {
            nearest.offer(name);
        }
        assert_eq!(nearest.names(), ["telecommand:4107"]);
        let mut nearest = Nearest::to("114");
        for name in ["order:east/114", "order:west/114", "order:east/999", "refund:114/7"] {
            nearest.offer(name);
        }
        assert_eq!(nearest.names(), ["order:east/114", "order:west/114"]);
    }
}
