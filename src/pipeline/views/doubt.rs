//! What is said of inputs that look like views of one traffic without proof.

use std::collections::{BTreeMap, BTreeSet};

use super::Units;
use super::shift::Shift;
use crate::compare::length;

/// Sentences; of more groups than this only the number is told.
const SENTENCES: usize = 10;
/// Inputs named in one sentence.
const NAMED: usize = 3;

/// One sentence a group of inputs that look alike, two by two: the units, exchanges that tell, and of how many.
pub(super) fn sentences(doubtful: &[([u32; 2], u64, u64)], units: &Units) -> Vec<String> {
    let mut groups: Vec<BTreeSet<u32>> = Vec::new();
    for (pair, ..) in doubtful {
        let (touched, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| pair.iter().any(|unit| group.contains(unit)));
        groups = apart;
        groups.push(touched.into_iter().flatten().chain(*pair).collect());
    }
    let counts: BTreeMap<[u32; 2], (u64, u64)> =
        doubtful.iter().map(|(pair, hits, of)| (*pair, (*hits, *of))).collect();
    let mut sentences: Vec<String> = groups.iter().map(|group| sentence(group, &counts, units)).collect();
    sentences.sort();
    let more = sentences.len().saturating_sub(SENTENCES);
    sentences.truncate(SENTENCES);
    if more > 0 {
        sentences.push(format!("{more} more groups of inputs may show the same traffic each"));
    }
    sentences
}

/// One sentence a pair of inputs whose clocks lie apart, it seems.
pub(super) fn shifted(shifted: &[([u32; 2], Shift)], units: &Units) -> Vec<String> {
    let mut sentences: Vec<String> = shifted
        .iter()
        .map(|(pair, shift)| {
            let [first, second] = pair.map(|unit| units.name(unit));
            let (early, late) = if shift.ahead > 0 { (first, second) } else { (second, first) };
            format!(
                "{late} shows what {early} does {} later ({} of {} exchanges that would tell): if it is not sent again \
                 then but the same traffic by two clocks, give one of them, or both after one is set right; now both \
                 are judged",
                length(shift.ahead.saturating_abs()),
                shift.hits,
                shift.of
            )
        })
        .collect();
    sentences.sort();
    let more = sentences.len().saturating_sub(SENTENCES);
    sentences.truncate(SENTENCES);
    if more > 0 {
        sentences.push(format!("{more} more pairs of inputs show the same at different times"));
    }
    sentences
}

fn sentence(group: &BTreeSet<u32>, counts: &BTreeMap<[u32; 2], (u64, u64)>, units: &Units) -> String {
    let pair: Vec<u32> = group.iter().copied().collect();
    if let [first, second] = pair[..] {
        for pair in [[first, second], [second, first]] {
            let Some((hits, of)) = counts.get(&pair) else { continue };
            let [first, second] = pair.map(|unit| units.name(unit));
            return format!(
                "{first} and {second} may show the same traffic ({hits} of {of} exchanges that would tell), which is not \
                 sure: both are judged; if it is the same, give one of them"
            );
        }
    }
    let mut names: Vec<String> = pair.iter().map(|unit| units.name(*unit)).collect();
    names.sort();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "{}{more} may show the same traffic, which is not sure: all are judged; if it is the same, give one of them",
        names.join(", ")
    )
}
