//! Likely hops: exchanges that are one request if hosts tell servers apart, as they mostly do, though clients choose them.
//! Both are judged, and that there are two is not sure.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Evidence, Finding};

/// Most pairs that are remembered. Beyond, what rests on them stays as sure as it looks.
const MOST: usize = 1 << 18;
/// Confidence of a finding that rests on there being two.
const AT_MOST: f32 = 0.4;
/// Rules by which a step is wrong because it happened twice.
const OF_REPETITION: [&str; 3] = ["TX-RACE", "TX-REPLAY", "SEQ-REPEAT"];

/// Pairs of events, by the numbers of their identities.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Likely {
    pairs: BTreeSet<[u64; 2]>,
    /// Events that a gateway may have given up, with what the client was told under way elsewhere.
    given_up: BTreeSet<u64>,
    /// Inputs that may show the same traffic, two by two, and the number of each by its name.
    unsure: BTreeSet<[u32; 2]>,
    inputs: BTreeMap<String, u32>,
}

impl Likely {
    /// Remembers a pair.
    pub(super) fn add(&mut self, one: u64, other: u64) {
        if self.pairs.len() < MOST {
            self.pairs.insert([one.min(other), one.max(other)]);
        }
    }

    /// Remembers what may be the inner side of an exchange that a gateway gave up: who asks again repeats nothing then.
    pub(super) fn add_given_up(&mut self, inner: u64) {
        if self.given_up.len() < MOST {
            self.given_up.insert(inner);
        }
    }

    /// Remembers inputs of which it is not sure that they show two things.
    pub(super) fn add_unsure(&mut self, pairs: impl Iterator<Item = [u32; 2]>, inputs: BTreeMap<String, u32>) {
        self.unsure = pairs.map(|[one, other]| [one.min(other), one.max(other)]).collect();
        self.inputs = inputs;
    }

    /// Whether two of what happened are of two inputs that may show the same.
    fn is_of_unsure_inputs<'a>(&self, events: impl Iterator<Item = &'a Evidence>) -> bool {
        let input = |event: &Evidence| {
            let (name, _) = event.origin.rsplit_once('#')?;
            self.inputs.get(name).copied()
        };
        let inputs: Vec<u32> = events.filter_map(input).collect::<BTreeSet<_>>().into_iter().collect();
        inputs
            .iter()
            .enumerate()
            .any(|(n, one)| inputs.iter().skip(n).any(|other| self.unsure.contains(&[*one, *other])))
    }

    /// Lowers the confidence of a finding of a repetition that may be one request on two hops, or in two inputs.
    pub(in crate::pipeline) fn temper(&self, finding: &mut Finding) {
        let sure = self.pairs.is_empty() && self.given_up.is_empty() && self.unsure.is_empty();
        if sure || !OF_REPETITION.contains(&finding.rule.as_str()) {
            return;
        }
        let number = |event: &str| event.strip_prefix('e').and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let of = |deviates: bool| {
            let evidence = finding.evidence.iter().filter(move |event| (event.role == "deviating") == deviates);
            evidence.filter_map(|event| number(&event.event))
        };
        let pairs = of(true).flat_map(|one| of(false).map(move |other| [one.min(other), one.max(other)]));
        let same = |event: &&Evidence| event.activity == finding.activity;
        let repeated = finding.evidence.iter().filter(same).filter_map(|event| number(&event.event));
        let why = if pairs.into_iter().any(|pair| self.pairs.contains(&pair)) {
            "one request on two hops, if the hosts are two servers"
        } else if repeated.into_iter().any(|event| self.given_up.contains(&event)) {
            "asked again after a gateway gave up, if one of them is what it had passed on"
        } else if self.is_of_unsure_inputs(finding.evidence.iter().filter(same)) {
            "one request in two inputs, if they show the same traffic"
        } else {
            return;
        };
        finding.confidence = finding.confidence.min(AT_MOST);
        finding.terms.push(format!("confidence {AT_MOST:.2} {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::tests::sample;

    #[test]
    fn only_what_rests_on_the_pair_is_less_sure() {
        let mut likely = Likely::default();
        likely.add(0xb, 0xa);
        likely.add_given_up(0xd);
        let tempered = |rule: &str, context: &str| {
            let mut finding = Finding { rule: rule.to_owned(), ..sample("F1", "high", 1.0, 3) };
            let event = finding.evidence[0].clone();
            finding.evidence = [(context, "context"), ("e000000000000000b", "deviating")]
                .map(|(event_id, role)| crate::finding::Evidence {
                    event: event_id.to_owned(),
                    role: role.to_owned(),
                    activity: finding.activity.clone(),
                    ..event.clone()
                })
                .into();
            likely.temper(&mut finding);
            finding.confidence
        };
        assert_eq!(tempered("TX-RACE", "e000000000000000a"), AT_MOST);
        assert_eq!(tempered("TX-RACE", "e000000000000000c"), 1.0);
        assert_eq!(tempered("TX-RACE", "e000000000000000d"), AT_MOST);
        assert_eq!(tempered("SEQ-SKIP", "e000000000000000a"), 1.0);
    }

    #[test]
    fn what_two_inputs_show_is_less_sure_where_they_may_show_the_same() {
        let tempered = |inputs: [&str; 2], unsure: &[[u32; 2]]| {
            let mut likely = Likely::default();
            let numbered = [("a.pcap".to_owned(), 0), ("b.pcap".to_owned(), 1)];
            likely.add_unsure(unsure.iter().copied(), numbered.into());
            let mut finding = Finding { rule: "TX-RACE".to_owned(), ..sample("F1", "high", 1.0, 3) };
            let event = Evidence { activity: finding.activity.clone(), ..finding.evidence[0].clone() };
            finding.evidence =
                inputs.map(|name| Evidence { origin: format!("{name}#frame=3"), ..event.clone() }).into();
            likely.temper(&mut finding);
            finding.confidence
        };
        assert_eq!(tempered(["b.pcap", "a.pcap"], &[[1, 0]]), AT_MOST);
        assert_eq!(tempered(["a.pcap", "a.pcap"], &[[1, 0]]), 1.0);
        assert_eq!(tempered(["a.pcap", "b.pcap"], &[]), 1.0);
    }
}
