//! Thresholds by the names that users give them: `FLOW-PACE.floor=2s`.

use std::str::FromStr;

use super::{Rule, edit_distance, find, nearest, of_check};
use crate::compare::threshold::{ALL, Threshold, Thresholds};

/// A threshold that a user set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetThreshold {
    threshold: &'static Threshold,
    value: i64,
}

impl SetThreshold {
    /// Puts it in place of the default.
    pub fn put(&self, thresholds: &mut Thresholds) {
        thresholds.set(self.threshold, self.value);
    }
}

/// Each threshold with its rule, by the rule's id and its own name.
pub fn thresholds() -> Vec<(&'static Rule, &'static Threshold)> {
    let mut all: Vec<_> = ALL.iter().map(|threshold| (of_check(threshold.check), *threshold)).collect();
    all.sort_by_key(|(rule, threshold)| (rule.id, threshold.name));
    all
}

impl FromStr for SetThreshold {
    type Err = String;

    /// Reads `RULE.NAME=VALUE`; `RULE=NAME=VALUE` is the same, as a file's `RULE: {NAME: VALUE}` is read.
    fn from_str(text: &str) -> Result<SetThreshold, String> {
        let shape = || "expected RULE.NAME=VALUE, e.g. FLOW-PACE.floor=2s".to_owned();
        let (name, value) = text.rsplit_once('=').ok_or_else(shape)?;
        let (id, name) = name.split_once(['.', '=']).ok_or_else(shape)?;
        let Some(rule) = find(id.trim()) else {
            let meant = nearest(id).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
            return Err(format!("no rule `{id}`{meant}"));
        };
        let own: Vec<&'static Threshold> = ALL.iter().copied().filter(|t| of_check(t.check).id == rule.id).collect();
        let names: Vec<&str> = own.iter().map(|threshold| threshold.name).collect();
        let Some(threshold) = own.iter().find(|threshold| threshold.name == name) else {
            return Err(unknown(rule.id, name, &names));
        };
        let value =
            threshold.read(value).map_err(|why| format!("{}.{name} does not take `{value}`: {why}", rule.id))?;
        Ok(SetThreshold { threshold, value })
    }
}

/// The thresholds of a run as its record tells them (`FLOW-PACE: steps 20, floor 2s; ENUM: ...`), as users set them:
/// `FLOW-PACE.steps=20`.
pub fn set_in(record: &str) -> impl Iterator<Item = String> + '_ {
    let rules = record.split("; ").filter_map(|rule| rule.split_once(": "));
    let of_rule = |(rule, set): (&'_ str, &'_ str)| {
        let each = set.split(", ").filter_map(|one| one.split_once(' '));
        each.map(|(name, value)| format!("{rule}.{name}={value}")).collect::<Vec<_>>()
    };
    rules.flat_map(of_rule)
}

fn unknown(rule: &str, name: &str, names: &[&str]) -> String {
    if names.is_empty() {
        return format!("{rule} has no threshold that can be set");
    }
    let typed: Vec<char> = name.chars().take(64).collect();
    let near = names.iter().map(|name| (edit_distance(&typed, name), *name)).min();
    let meant = near.filter(|(distance, name)| *distance <= name.len().div_ceil(3));
    let meant = meant.map(|(_, name)| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("{rule} has no `{name}`{meant} (it has: {})", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Check;

    #[test]
    fn what_is_set_counts_and_mistakes_have_the_nearest_name() {
        let mut set = Thresholds::default();
        "FLOW-PACE.floor=2s".parse::<SetThreshold>().unwrap().put(&mut set);
        "flow-pace=steps=20".parse::<SetThreshold>().unwrap().put(&mut set);
        assert_eq!(set.told(Check::Pace).unwrap(), "steps 20, floor 2s");
        for (text, part) in [
            ("FLOW-PACE", "expected RULE.NAME=VALUE"),
            ("FLOW-PAC.floor=2s", "did you mean `FLOW-PACE`?"),
            ("FLOW-PACE.flor=2s", "did you mean `floor`?"),
            ("FLOW-PACE.floor=soon", "FLOW-PACE.floor does not take `soon`: expected a time"),
            ("OWN.floor=1", "OWN has no threshold"),
        ] {
            let error = text.parse::<SetThreshold>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_run_records_of_thresholds_sets_them_again() {
        let mut set = Thresholds::default();
        for (at, (_, threshold)) in (1..).zip(thresholds()) {
            set.set(threshold, threshold.default + at);
        }
        let told = |(check, set): (Check, String)| format!("{}: {set}", of_check(check).id);
        let record = set.all_told().into_iter().map(told).collect::<Vec<_>>().join("; ");
        let mut again = Thresholds::default();
        assert_eq!(set_in(&record).count(), thresholds().len(), "{record}");
        set_in(&record).for_each(|one| one.parse::<SetThreshold>().unwrap().put(&mut again));
        assert_eq!(again.all_told(), set.all_told());
        assert_eq!(set_in("").count(), 0);
    }

    #[test]
    fn every_threshold_stands_on_the_page_of_its_rule() {
        for (rule, threshold) in thresholds() {
            let page = rule.page();
            assert!(page.contains(&format!("`{}`", threshold.name)), "{}: {}", rule.id, threshold.name);
        }
    }
}
