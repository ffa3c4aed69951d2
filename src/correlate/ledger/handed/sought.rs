//! Numbers that a request looks for by a word of its query: `?q=4100`, `?phone=+4915112345678`.

use crate::correlate::credential::is_secret_parameter;
use crate::correlate::guess::owner_of;
use crate::correlate::ledger::hasher::IdHasher;
use crate::correlate::ledger::{COUNTING, number};
use crate::correlate::redact::Masker;
use crate::correlate::target::Target;
use crate::event::SoughtId;

/// Digits of a number that tells somebody or something: fewer count, and E.164 has no more.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=15;
/// Other characters around it (`INV-2026`, `+`).
const AROUND: usize = 8;
/// Numbers of one request that are kept.
const MOST: usize = 16;
/// Words of queries whose numbers measure, count or order, beside those of paths: clients count these up by themselves.
const MEASURING: [&str; 46] = [
    "_",
    "after",
    "age",
    "amount",
    "at",
    "before",
    "cb",
    "col",
    "count",
    "cursor",
    "date",
    "delay",
    "end",
    "first",
    "h",
    "height",
    "index",
    "interval",
    "last",
    "lat",
    "level",
    "lng",
    "lon",
    "max",
    "min",
    "n",
    "nonce",
    "now",
    "position",
    "price",
    "rand",
    "random",
    "rows",
    "score",
    "seed",
    "seq",
    "since",
    "step",
    "t",
    "time",
    "timestamp",
    "top",
    "ts",
    "until",
    "w",
    "width",
];

/// The numbers looked for, in the order of the query.
pub(super) fn sought(target: &Target<'_>, ids: &IdHasher, masker: &Masker) -> Vec<SoughtId> {
    let named = target.query.iter().filter(|(name, value)| {
        let bare = name.to_ascii_lowercase();
        let measures = |word: &str| MEASURING.contains(&word) || COUNTING.contains(&word);
        let words = || bare.split(['_', '-', '.', '[', ']']).filter(|word| !word.is_empty());
        // What has the name of an object's id is its use.
        !measures(&bare)
            && !words().any(measures)
            && owner_of(name, None).is_none()
            && !is_secret_parameter(name, value)
    });
    named.filter_map(|(name, value)| one(name, value.trim(), ids, masker)).take(MOST).collect()
}

fn one(name: &str, text: &str, ids: &IdHasher, masker: &Masker) -> Option<SoughtId> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count();
    let plain = !text.contains(char::is_whitespace) && text.len() - digits <= AROUND;
    let tells = DIGITS.contains(&digits) && runs == 1 && plain;
    let (around, number) = number(text).filter(|_| tells)?;
    let word = ids.kind(&format!("{name}={around}"));
    // Enough to keep neighbours neighbours.
    let distance = ids.value(&around) >> 1;
    let value = ids.value(&masker.shared(text));
    Some(SoughtId { word, value, number: number.wrapping_add(distance) })
}
