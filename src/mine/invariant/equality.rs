//! What a request sends is what its object was known to be worth: an order is paid with its total.

use std::collections::BTreeSet;

use super::{ACTORS, Attribute, Invariants, SUPPORT, Seen, support};
use crate::mine::proposal::id;

/// Values from which on it is no wonder by chance that they are equal.
const VALUES: usize = 5;

/// Proposes that amounts are equal, one other amount for each that is sent.
pub(super) fn propose(seen: &Seen<'_>, found: &mut Invariants) {
    let name = &seen.object.name;
    let attributes = seen.attributes();
    for activity in seen.sketch.activities.iter().filter(|a| a.object == *name && !a.read && !a.creates) {
        for sent in activity.amounts.iter().filter(|amount| amount.is_sent()) {
            let others = attributes.iter().filter(|(_, expression)| **expression != sent.expression);
            let best = others.filter_map(|other| Some((equal(seen, &activity.name, &sent.name, *other)?, *other)));
            // Of equals the first, which is what makes the object.
            let Some((count, other)) = best.reduce(|best, next| if next.0 > best.0 { next } else { best }) else {
                continue;
            };
            if !found.needs(name, other) {
                continue;
            }
            found.of_activities.insert((activity.name.clone(), sent.name.clone()));
            let id = id(&[name, &activity.name, &sent.name, "is", other.0]);
            let constraint = format!(
                "{{id: {id}, same: [event.{}, {name}.{}], activities: [{}]}}",
                sent.name, other.0, activity.name
            );
            found.constraints.push((constraint, support(count, name)));
        }
    }
}

/// In how many lives a step sent what the object's attribute was before it; `None` where that is no rule.
fn equal(seen: &Seen<'_>, step: &str, sent: &str, other: Attribute<'_>) -> Option<usize> {
    let (mut values, mut actors, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for life in &seen.lives {
        let mut shown = false;
        let steps = life.0.iter().enumerate().filter(|(_, deed)| deed.child.is_none() && *deed.step == *step);
        for (at, deed) in steps {
            let said = deed.amounts.iter().find(|(name, _)| **name == *sent).map(|(_, amount)| amount);
            let Some((said, known)) = said.zip(seen.value(life, other, at)) else { continue };
            if said != known {
                return None;
            }
            values.insert(said);
            actors.extend(deed.actor);
            shown = true;
        }
        count += usize::from(shown);
    }
    (count >= SUPPORT && values.len() >= VALUES && actors.len() >= ACTORS).then_some(count)
}
