//! What makes two runs look different though nothing changed: they were not seen alike.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::RunSummary;

/// Options that shape what is seen; the period and the findings' triage do not.
const SHAPING: [&str; 9] =
    ["actor", "bpf", "descriptor", "filter", "log_field", "log_format", "mapping", "trusted_proxy", "tunnel"];
/// Difference of shares of bytes from which one run saw notably less.
const NOTABLE: f64 = 0.01;
/// Least share of events for a way of telling actors to count.
const COMMON: f64 = 0.05;

/// Differences of the sources, of their quality and of how they were read, in words that complete `the runs were not seen
/// alike: ...`.
pub(super) fn caveats(base: &RunSummary, run: &RunSummary) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, before: String, after: String| {
        if before != after {
            found.push(format!("{what}: {before} before, {after} now"));
        }
    };
    differ("formats of the inputs", formats(base), formats(run));
    differ("actors are told by", tiers(base), tiers(run));
    let model = |run: &RunSummary| {
        run.model.as_ref().map_or_else(String::new, |m| format!("version {} ({})", m.version, &short(&m.hash)))
    };
    differ("the model", model(base), model(run));
    for option in SHAPING {
        let of = |run: &RunSummary| run.options.get(option).cloned().unwrap_or_else(|| "not given".to_owned());
        differ(&format!("--{}", option.replace('_', "-")), of(base), of(run));
    }
    for (what, of) in
        [("of the bytes are missing", missing as fn(&RunSummary) -> f64), ("of the bytes were not read", unread)]
    {
        let (before, after) = (of(base), of(run));
        if (before - after).abs() >= NOTABLE {
            found.push(format!("{:.0} % {what} now, {:.0} % before", after * 100.0, before * 100.0));
        }
    }
    let blind = (base.blind_spots > 0, run.blind_spots > 0);
    if blind.0 != blind.1 {
        let which = if blind.1 { "the run" } else { "the base" };
        found.push(format!("{which} has stretches of time without requests seen"));
    }
    if base.errors.is_empty() != run.errors.is_empty() {
        let which = if base.errors.is_empty() { "the run" } else { "the base" };
        found.push(format!("some input of {which} could not be read"));
    }
    found
}

fn short(hash: &str) -> String {
    hash.chars().take(8).collect()
}

fn formats(run: &RunSummary) -> String {
    let formats: BTreeSet<&str> = run.inputs.iter().map(|input| input.format.as_str()).collect();
    formats.into_iter().collect::<Vec<_>>().join(", ")
}

/// The common ways in which actors are told.
fn tiers(run: &RunSummary) -> String {
    let all: u64 = run.actors.iter().map(|actor| actor.events).sum();
    let common = run.actors.iter().filter(|actor| actor.events as f64 >= COMMON * all as f64);
    let tiers: BTreeMap<&str, u64> = common.map(|actor| (actor.evidence.as_str(), actor.events)).collect();
    tiers.into_keys().collect::<Vec<_>>().join(", ")
}

fn missing(run: &RunSummary) -> f64 {
    run.missing.iter().filter_map(|entry| entry.share).sum()
}

fn unread(run: &RunSummary) -> f64 {
    run.not_read.iter().filter_map(|entry| entry.share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ActorSummary, InputSummary, NotReadSummary};

    #[test]
    fn only_what_shapes_the_sight_is_told() {
        let of = |format: &str, share: f64, tier: &str| RunSummary {
            inputs: vec![InputSummary { format: format.to_owned(), ..InputSummary::default() }],
            missing: vec![NotReadSummary { share: Some(share), ..NotReadSummary::default() }],
            actors: vec![
                ActorSummary { evidence: tier.to_owned(), events: 95, principals: 9 },
                ActorSummary { evidence: "none".to_owned(), events: 4, principals: 1 },
            ],
            ..RunSummary::default()
        };
        let base = of("json", 0.0, "claims");
        assert!(caveats(&base, &of("json", 0.005, "claims")).is_empty());
        let mut other = of("har", 0.2, "address");
        other.options.insert("from".to_owned(), "2026-11-20".to_owned());
        other.options.insert("filter".to_owned(), "host:a".to_owned());
        let told = caveats(&base, &other).join("; ");
        for word in ["har", "address", "--filter: not given before, host:a now", "20 % of the bytes are missing"] {
            assert!(told.contains(word), "{told}");
        }
        assert!(!told.contains("--from"), "{told}");
    }
}
