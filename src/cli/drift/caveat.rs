//! What makes two runs look different though nothing changed: they were not seen alike.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::{Caveat, Doubtful};
use crate::report::RunSummary;

/// Options that shape what is seen; the period and the findings' triage do not.
const SHAPING: [&str; 14] = [
    "actor",
    "bpf",
    "descriptor",
    "filter",
    "ignore",
    "jwks",
    "log_field",
    "log_format",
    "mapping",
    "openapi",
    "rules",
    "select",
    "trusted_proxy",
    "tunnel",
];
/// Difference of shares of bytes from which one run saw notably less.
const NOTABLE: f64 = 0.01;
/// Least share of events for a way of telling actors to count.
const COMMON: f64 = 0.05;

/// Differences of the sources, of their quality and of how they were read.
pub(super) fn caveats(base: &RunSummary, run: &RunSummary) -> Vec<Caveat> {
    let mut found = Vec::new();
    let mut differ = |what: &str, before: String, after: String, doubts: Doubtful| {
        if before != after {
            found.push(Caveat { text: format!("{what}: {before} before, {after} now"), doubts });
        }
    };
    differ("formats of the inputs", formats(base), formats(run), Doubtful::All);
    differ("actors are told by", tiers(base), tiers(run), Doubtful::Actors);
    let model = |run: &RunSummary| {
        run.model.as_ref().map_or_else(String::new, |m| format!("version {} ({})", m.version, &short(&m.hash)))
    };
    differ("the model", model(base), model(run), Doubtful::All);
    for option in SHAPING {
        let of = |run: &RunSummary| run.options.get(option).cloned().unwrap_or_else(|| "not given".to_owned());
        differ(&format!("--{}", option.replace('_', "-")), of(base), of(run), Doubtful::All);
    }
    // Whoever makes traffic can make that some of it is lost: only what lies in that direction is excused.
    let worse = |now: bool| if now { Doubtful::Less } else { Doubtful::More };
    for (what, of) in
        [("of the bytes are missing", missing as fn(&RunSummary) -> f64), ("of the bytes were not read", unread)]
    {
        let (before, after) = (of(base), of(run));
        if (before - after).abs() >= NOTABLE {
            let text = format!("{:.0} % {what} now, {:.0} % before", after * 100.0, before * 100.0);
            found.push(Caveat { text, doubts: worse(after > before) });
        }
    }
    let which = |run: bool| if run { "the run" } else { "the base" };
    let blind = run.blind_spots > 0;
    if blind != (base.blind_spots > 0) {
        let text = format!("{} has blind spots, in which requests may be missing", which(blind));
        found.push(Caveat { text, doubts: worse(blind) });
    }
    let failed = !run.errors.is_empty();
    if failed == base.errors.is_empty() {
        let text = format!("some input of {} could not be read", which(failed));
        found.push(Caveat { text, doubts: worse(failed) });
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
        let found = caveats(&base, &other);
        assert!(found.iter().any(|caveat| caveat.doubts == Doubtful::Less && caveat.text.contains("missing")));
        let told = found.iter().map(|caveat| caveat.text.as_str()).collect::<Vec<_>>().join("; ");
        for word in ["har", "address", "--filter: not given before, host:a now", "20 % of the bytes are missing"] {
            assert!(told.contains(word), "{told}");
        }
        assert!(!told.contains("--from"), "{told}");
    }
}
