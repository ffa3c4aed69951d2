//! Thresholds of rules: name, default and reason of each in one place, and what a user set instead.

use std::collections::BTreeMap;

use super::deviation::Check;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
const DAY: i64 = 24 * HOUR;

/// What a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things: a whole number.
    Count,
    /// Time: microseconds, written as `90d` or `500ms`.
    Time,
    /// A share in percent.
    Percent,
}

/// A number on which a rule decides.
#[derive(Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The check that decides by it.
    pub check: Check,
    /// Its name, unique in its rule.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What it is unless a user says otherwise.
    pub default: i64,
    /// The least that it may be.
    pub least: i64,
    /// Why it is that.
    pub why: &'static str,
}

/// Declares thresholds and the list of them together, so that none is left out of it.
macro_rules! thresholds {
    ($($name:ident: $check:ident $key:literal $unit:ident $default:expr, $least:expr, $why:literal;)+) => {
        $(
            #[doc = $why]
            pub(crate) static $name: Threshold = Threshold {
                check: Check::$check,
                name: $key,
                unit: Unit::$unit,
                default: $default,
                least: $least,
                why: $why,
            };
        )+
        /// All of them, by rule.
        pub static ALL: &[&Threshold] = &[$(&$name),+];
    };
}

thresholds! {
    KEY_AGE: KeyAge "age" Time 90 * DAY, DAY, "keys are changed every 90 days by common policy (PCI DSS, CIS)";
    PROGRAMS: SharedKey "programs" Count 3, 2, "two programs are a service and who looks after it";
    PROGRAM_USES: SharedKey "uses" Count 5, 1, "one use is somebody who tried something";
    WIDE_HOSTS: KeyWide "hosts" Count 5, 2, "a key of one system has a few hosts: an API, its files, its events";
    MIXED_USES: EnvironmentMix "uses" Count 3, 1, "one use is somebody who tried something";
    PACE_STEPS: Pace "steps" Count 12, 3, "a page that saves sends a few writes at once";
    PACE_FLOOR: Pace "floor" Time SECOND / 2, 1_000, "people take longer to read a page";
    READING: HumanUse "reading" Time 3 * SECOND, SECOND, "the median pause of somebody who reads is longer";
    HUMAN_REQUESTS: HumanUse "requests" Count 10, 2, "fewer are somebody who looks whether it works";
    SHARED_PLACES: IdentityShared "places" Count 3, 2, "one person has a desk and a phone on the way";
    SHARED_HOURS: IdentityShared "hours" Count 2, 1, "once is somebody who changed his network";
    CLOCK_SKEW: ClockSkew "skew" Time 30 * SECOND, 2 * SECOND, "clocks that are kept by NTP differ by less than a second";
    CLOCK_ANSWERS: ClockSkew "answers" Count 20, 3, "single answers may come out of a cache";
    HOLE_SHORTEST: Hole "shortest" Time 10 * MINUTE, MINUTE, "shorter pauses come by themselves";
    HOLE_REQUESTS: Hole "requests" Count 500, 10, "on each side; where there are few requests, pauses are long";
    FAIL_SHARE: Failing "share" Percent 10, 1, "points by which the share of failures rose at least";
    FAIL_REQUESTS: Failing "requests" Count 100, 20, "on each side; fewer do not tell a share of failures";
    SPIKE_TIMES: Spike "times" Count 5, 2, "of the usual number at this hour; campaigns double or treble it";
    SPIKE_REQUESTS: Spike "requests" Count 50, 5, "fewer in an hour are few, however rare they are";
    SPIKE_DAYS: Spike "days" Count 5, 3, "days on which the same hour was seen, or nothing is usual";
    UNUSED_SPAN: ScopeUnused "span" Time 30 * DAY, DAY, "what is done once a month is done once within it";
    UNUSED_REQUESTS: ScopeUnused "requests" Count 50, 5, "who does little has not yet done what he may";
    ADMIN_SHARE: AdminUse "share" Percent 20, 0, "whose work is more than that administration is there for it";
    ADMIN_OTHER: AdminUse "others" Count 10, 1, "other writes, without which nothing is known of its work";
    NO_ROTATION: NotRotated "span" Time 90 * DAY, DAY, "keys are changed every 90 days by common policy (PCI DSS, CIS)";
    ROTATION_DAYS: NotRotated "days" Count 5, 2, "days of use; a key that is found and tried once is not in use";
    LONGEST_LIFE: LongLived "life" Time DAY, HOUR, "an access token lives for minutes, at most a working day";
    UNEQUAL_WITHIN: Unequal "within" Time 10 * MINUTE, SECOND, "later, what the rule asks for may have come about";
    FIRST_LEARNING: FirstUse "learning" Time HOUR, MINUTE, "what is not done within an hour may be done in the next";
    FIRST_USES: FirstUse "uses" Count 30, 5, "by others before; fewer do not tell who usually does it";
    FIRST_ACTORS: FirstUse "actors" Count 3, 2, "others before; one or two may be the only ones who need it";
    FIRST_BEFORE: FirstUse "before" Count 10, 1, "requests of that sort of actor before, or all of it is new";
    OLDER_SHARE: OlderRoute "share" Percent 20, 1, "of a version that more use, the clients have not moved yet";
    OLDER_USES: OlderRoute "uses" Count 30, 5, "of the newest version; fewer may be its trial";
    WRITTEN_USES: MemberWritten "uses" Count 6, 2, "by others without the member; fewer do not tell what is usual";
    WRITTEN_ACTORS: MemberWritten "actors" Count 2, 1, "others without it; one may be the only one who does not need it";
    READ_USES: MemberRead "uses" Count 20, 5, "answers without the member; fewer do not tell what is usual";
    READ_ACTORS: MemberRead "actors" Count 3, 2, "others without it; one or two may have nothing of the kind";
    STUCK_CASES: Stuck "cases" Count 30, 5, "objects that went on; fewer do not tell how long it takes";
    STUCK_TIMES: Stuck "times" Count 5, 2, "of the time in which 99 in 100 went on; weekends and queues make it longer";
    STUCK_LEAST: Stuck "least" Time DAY, MINUTE, "what waits for a person may wait until tomorrow";
    VOLUME_MEGABYTES: Volumes "megabytes" Count 50, 1, "in a day; less is little, however rare";
    VOLUME_TIMES: Volumes "times" Count 10, 2, "of what is usual; month's ends and new screens treble it";
    VOLUME_ACTORS: Volumes "actors" Count 10, 3, "others of the kind; fewer do not tell what is usual";
    POLLUTED_USES: Polluted "uses" Count 20, 5, "fewer do not tell whether the route takes several";
}

/// What users set, over the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thresholds(BTreeMap<(Check, &'static str), i64>);

impl Thresholds {
    /// What a threshold is in this run.
    pub fn get(&self, threshold: &Threshold) -> i64 {
        self.0.get(&(threshold.check, threshold.name)).copied().unwrap_or(threshold.default)
    }

    /// The same as a number of things.
    pub(crate) fn count(&self, threshold: &Threshold) -> usize {
        usize::try_from(self.get(threshold)).unwrap_or(usize::MAX)
    }

    /// Sets one; the last counts.
    pub fn set(&mut self, threshold: &Threshold, value: i64) {
        self.0.insert((threshold.check, threshold.name), value.max(threshold.least));
    }

    /// What was set for a check, in words: `floor 2s`; nothing where its defaults hold.
    pub fn told(&self, check: Check) -> Option<String> {
        let own = ALL.iter().filter(|threshold| threshold.check == check);
        let set = own.filter(|threshold| self.0.contains_key(&(check, threshold.name)));
        let words: Vec<String> =
            set.map(|threshold| format!("{} {}", threshold.name, threshold.text(self.get(threshold)))).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Thresholds {
    /// What was set, by check.
    pub fn all_told(&self) -> Vec<(Check, String)> {
        let checks: std::collections::BTreeSet<Check> = self.0.keys().map(|(check, _)| *check).collect();
        checks.into_iter().filter_map(|check| Some((check, self.told(check)?))).collect()
    }
}

impl Threshold {
    /// A value as it is written: `90d`, `20%`, `5`.
    pub fn text(&self, value: i64) -> String {
        match self.unit {
            Unit::Count => value.to_string(),
            Unit::Percent => format!("{value}%"),
            Unit::Time => crate::model::duration_text(value),
        }
    }

    /// Reads a value; the error says what is expected.
    ///
    /// # Errors
    /// A text that is no such value, or one that is below the least.
    pub fn read(&self, text: &str) -> Result<i64, String> {
        let (value, expected) = match self.unit {
            Unit::Count => (text.trim().parse().ok(), "a whole number"),
            Unit::Percent => {
                (text.trim().trim_end_matches('%').parse().ok().filter(|n| *n <= 100), "a share, e.g. 20%")
            }
            Unit::Time => (crate::model::duration(text), "a time, e.g. 90d, 2h30m or 500ms"),
        };
        let value: i64 = value.ok_or_else(|| format!("expected {expected}"))?;
        if value < self.least {
            return Err(format!("at least {}", self.text(self.least)));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_defaults_can_be_written_and_read() {
        let mut names: Vec<_> = ALL.iter().map(|t| (t.check, t.name)).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "a name twice");
        for threshold in ALL {
            assert_eq!(threshold.read(&threshold.text(threshold.default)), Ok(threshold.default), "{}", threshold.name);
            assert!(threshold.default >= threshold.least);
        }
    }

    #[test]
    fn what_is_set_is_told_and_mistakes_are_explained() {
        let mut set = Thresholds::default();
        assert_eq!(set.told(Check::Pace), None);
        set.set(&PACE_FLOOR, PACE_FLOOR.read("2s").unwrap());
        assert_eq!(set.get(&PACE_FLOOR), 2 * SECOND);
        assert_eq!(set.told(Check::Pace).as_deref(), Some("floor 2s"));
        assert_eq!(set.get(&PACE_STEPS), 12);
        assert!(PACE_FLOOR.read("2 apples").unwrap_err().contains("500ms"));
        assert!(PACE_STEPS.read("1").unwrap_err().contains("at least 3"));
        assert!(ADMIN_SHARE.read("120%").is_err());
    }
}
