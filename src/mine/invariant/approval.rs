//! Steps that only large amounts need before another: approvals above a limit, how old they become, and what may not
//! change after them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{ACTORS, Attribute, Invariants, SUPPORT, Seen};
use crate::mine::chronicle::{Amount, Chronicle};
use crate::mine::proposal::id;

/// Lives above and below a limit from which on it is taken for one.
const EACH_SIDE: usize = 10;
/// Hours that ages are rounded up to.
const HOURS: [i64; 12] = [1, 2, 4, 8, 12, 24, 48, 72, 168, 336, 720, 2160];
const HOUR: i64 = 3_600_000_000;
/// Ages in the last third before a limit, and of how many they are one at least, from which on it is one: were they only
/// ever longer and rarer, some would lie behind it.
const CROWD: usize = 8;
const CROWD_OF: usize = 5;

/// A limit with the lives above it.
struct Limit<'a> {
    limit: Amount,
    above: Vec<(&'a Chronicle, usize)>,
    below: usize,
}

/// Proposes the limits that tell lives with a step from those without.
pub(super) fn propose(seen: &Seen<'_>, found: &mut Invariants) {
    let steps = seen.steps();
    let attributes = seen.attributes();
    for before in &steps {
        for step in steps.iter().filter(|step| *step != before) {
            // One attribute says it; others that say the same would only say it again.
            let limits = attributes.iter().map(|attribute| (*attribute, limits(seen, step, before, *attribute)));
            let Some((attribute, limits)) = limits.into_iter().find(|(_, limits)| !limits.is_empty()) else { continue };
            if found.needs(&seen.object.name, attribute) {
                limits.iter().for_each(|limit| write(seen, (step, before), attribute, limit, found));
            }
        }
    }
}

/// A life, where the step that needs the other one is in it, and the amount.
type Large<'a> = (&'a Chronicle, usize, Decimal);

/// Limits of each currency.
fn limits<'a>(seen: &Seen<'a>, step: &str, before: &str, attribute: Attribute<'_>) -> Vec<Limit<'a>> {
    let mut with: BTreeMap<&Option<Arc<str>>, Vec<Large<'a>>> = BTreeMap::new();
    let mut without: BTreeMap<&Option<Arc<str>>, Vec<Decimal>> = BTreeMap::new();
    for life in &seen.lives {
        let Some(at) = life.first(before) else { continue };
        let Some(amount) = seen.value(life, attribute, at + 1) else { continue };
        match life.last_before(step, at) {
            Some(_) => with.entry(&amount.currency).or_default().push((life, at, amount.number)),
            None => without.entry(&amount.currency).or_default().push(amount.number),
        }
    }
    let limit = |(currency, with): (&Option<Arc<str>>, Vec<Large<'a>>)| {
        let without = without.get(currency).filter(|lives| lives.len() >= EACH_SIDE)?;
        let least = *without.iter().max()?;
        let all = with.len();
        let above: Vec<_> = with.into_iter().filter(|(_, _, number)| *number > least).collect();
        let most = above.iter().map(|(_, _, number)| *number).min()?;
        // Of those that took the step some may have done so needlessly.
        if above.len() < EACH_SIDE || above.len() * 10 < all * 8 {
            return None;
        }
        let takers = above.iter().filter_map(|(life, at, _)| life.last_before(step, *at)?.actor);
        if takers.collect::<BTreeSet<_>>().len() < ACTORS {
            return None;
        }
        let limit = Amount { currency: currency.clone(), number: round(least, most) };
        let above = above.into_iter().map(|(life, at, _)| (life, at)).collect();
        Some(Limit { limit, above, below: without.len() })
    };
    with.into_iter().filter_map(limit).collect()
}

/// The roundest number from the first one on, and below the second one.
fn round(least: Decimal, most: Decimal) -> Decimal {
    let up = |unit: Decimal| least.checked_div(unit)?.ceil().checked_mul(unit).filter(|number| *number < most);
    let units = (0..=9).rev().map(|zeros| Decimal::from(10_i64.pow(zeros)));
    units.chain([Decimal::new(1, 1), Decimal::new(1, 2)]).find_map(up).unwrap_or(least).normalize()
}

fn write(
    seen: &Seen<'_>,
    (step, before): (&Arc<str>, &Arc<str>),
    attribute: Attribute<'_>,
    limit: &Limit<'_>,
    found: &mut Invariants,
) {
    let (name, value) = (&seen.object.name, attribute.0);
    let number = limit.limit.number;
    let (written, most) = match &limit.limit.currency {
        Some(currency) => (format!("money('{number} {currency}')"), format!("{number} {currency}")),
        None => (number.to_string(), number.to_string()),
    };
    let mut demand = format!("require: {step}, before: {before}, per: {name}");
    let taken = || limit.above.iter().filter_map(|(life, at)| Some((life, life.last_before(step, *at)?, *at)));
    if taken().all(|(_, deed, _)| deed.human) {
        demand.push_str(", kind: human");
    }
    // Writing to a String cannot fail.
    let ages: Vec<i64> = taken().map(|(life, deed, at)| age(life, deed, at)).collect();
    if let Some(hours) = longest(&ages).filter(|_| limit.above.len() >= SUPPORT) {
        let _ = write!(demand, ", max_age: {hours}h");
    }
    if is_unchanged(seen, step, attribute, limit) {
        let _ = write!(demand, ", unchanged: [{name}.{value}]");
    }
    let words: [&str; 5] = [name, step, "before", before, "above"];
    let said = format!("{} above the limit took it, {} below did not", limit.above.len(), limit.below);
    let constraint = format!("{{id: {}, {demand}, if: \"{name}.{value} > {written}\"}}", id(&words));
    found.constraints.push((constraint, said));
    let Some(parent) = seen.object.parent.as_ref().map(|(parent, _)| parent) else { return };
    if let Some(sums) = kept_in_sum(seen, (step, before), attribute, &limit.limit) {
        let constraint = format!(
            "{{id: {}, sum: {name}.{value}, activity: {before}, by: [{parent}, actor.principal], window: 24h, max: {most}, \
             unless: {step}}}",
            id(&[name, before, "in-parts"])
        );
        found.constraints.push((constraint, format!("all {sums} sums without {step}")));
    }
}

/// From the end of the one step to the beginning of the other.
fn age(life: &Chronicle, deed: &crate::mine::chronicle::Deed, at: usize) -> i64 {
    life.0.get(at).map_or(0, |before| before.time.0.saturating_sub(deed.time.1))
}

/// A limit of time in hours: the least that none exceeds where they crowd before it, else with a quarter to spare.
fn longest(ages: &[i64]) -> Option<i64> {
    let most = *ages.iter().max()?;
    let within = HOURS.into_iter().find(|hours| most <= hours * HOUR)?;
    let late = ages.iter().filter(|age| **age > within * HOUR / 3 * 2).count();
    if late >= CROWD && late * CROWD_OF >= ages.len() {
        return Some(within);
    }
    let least = (most.to_f64()? * 1.25 / HOUR.to_f64()?).ceil().to_i64()?;
    HOURS.into_iter().find(|hours| *hours >= least)
}

/// Whether nobody wrote another amount after the step.
fn is_unchanged(seen: &Seen<'_>, step: &str, attribute: Attribute<'_>, limit: &Limit<'_>) -> bool {
    let kept = |(life, at): &(&Chronicle, usize)| {
        let taken = life.0.iter().take(*at).rposition(|deed| deed.child.is_none() && *deed.step == *step);
        taken.is_some_and(|taken| seen.value(life, attribute, taken + 1) == seen.value(life, attribute, at + 1))
    };
    limit.above.iter().all(kept)
}

/// In how many cases the sum of what one actor did without the step in a day stays within the limit; `None` where in one
/// it does not.
fn kept_in_sum(
    seen: &Seen<'_>,
    (step, before): (&str, &str),
    attribute: Attribute<'_>,
    limit: &Amount,
) -> Option<usize> {
    let mut payments: BTreeMap<(u64, u64), Vec<(i64, Decimal)>> = BTreeMap::new();
    for life in &seen.lives {
        let Some(at) = life.first(before).filter(|at| life.last_before(step, *at).is_none()) else { continue };
        let deed = life.0.get(at)?;
        let amount = seen.value(life, attribute, at + 1).filter(|amount| amount.currency == limit.currency);
        let Some((amount, (case, actor))) = amount.zip(deed.case.zip(deed.actor)) else { continue };
        payments.entry((case, actor)).or_default().push((deed.time.0, amount.number));
    }
    let is_within = |payments: &Vec<(i64, Decimal)>| {
        payments.iter().all(|(from, _)| {
            let mut day = payments.iter().filter(|(time, _)| (*from..=from.saturating_add(24 * HOUR)).contains(time));
            let sum = day.try_fold(Decimal::ZERO, |sum, (_, number)| sum.checked_add(*number));
            sum.is_some_and(|sum| sum <= limit.number)
        })
    };
    (payments.len() >= EACH_SIDE && payments.values().all(is_within)).then_some(payments.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_roundest_between_what_was_seen() {
        let round = |least: &str, most: &str| round(least.parse().unwrap(), most.parse().unwrap()).to_string();
        assert_eq!(round("100.00", "101.30"), "100");
        assert_eq!(round("87.20", "185.70"), "100");
        assert_eq!(round("110", "185"), "110");
        assert_eq!(round("99.999", "99.9995"), "99.999");
        assert_eq!(round("0", "0.5"), "0");
    }

    #[test]
    fn ages_have_a_quarter_to_spare() {
        assert_eq!(longest(&[30 * 60_000_000]), Some(1));
        assert_eq!(longest(&[19 * HOUR]), Some(24));
        assert_eq!(longest(&[20 * HOUR]), Some(48));
        assert_eq!(longest(&[i64::MAX]), None);
        assert_eq!(longest(&[]), None);
    }

    #[test]
    fn ages_that_crowd_before_a_limit_have_nothing_to_spare() {
        let even: Vec<i64> = (0..40).map(|n| n * 23 * HOUR / 40).collect();
        assert_eq!(longest(&even), Some(24));
        // Longer and rarer, as where nothing ends them: tenths of hours of a mean of five.
        let fading = [184, 150, 130, 115, 104, 95, 87, 80, 75, 69, 60, 52, 46, 40, 35, 30, 26, 22, 18, 14, 11, 8, 5, 3];
        let fading = fading.map(|tenths| tenths * HOUR / 10);
        assert_eq!(longest(&fading), Some(24));
        assert_eq!(longest(&fading.map(|age| age * 23 / 18)), Some(48));
    }
}
