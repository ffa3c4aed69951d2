//! Services whose writes carry no id by which their records and those of others are brought together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies};
use crate::event::{Event, Outcome};

/// Fewest writes without an id of a service that is told of, and fewest with one that show what the others do.
const LEAST: u64 = 10;
/// A service is told of where at least one in so many of its writes has none.
const SHARE: u64 = 2;
/// Most hosts that are looked at: a client may name a new one with each request.
const MOST: usize = 256;
/// Confidence at most where the service itself sends ids at times.
const OWN: (f32, &str) = (0.8, "who writes ids in some records may do so in others that are not here");
/// And where other services of the same name do.
const FAMILY: (f32, &str) = (0.6, "that the services are of one system is told by their names alone");

/// Writes by sensor and service.
#[derive(Clone, Debug, Default)]
pub(super) struct Services(BTreeMap<(Arc<str>, Arc<str>), Writes>);

#[derive(Clone, Debug, Default)]
struct Writes {
    with: u64,
    /// Without an id, where headers are hidden and where all are shown.
    without: [Option<Sum>; 2],
}

impl Writes {
    fn missing(&self, sees_fields: bool) -> Option<Sum> {
        let [hidden, shown] = &self.without;
        let mut all = *shown;
        hidden.iter().filter(|_| sees_fields).for_each(|sum| merge(&mut all, *sum));
        all
    }
}

impl Services {
    pub(super) fn note(&mut self, event: &Event) {
        let Some(host) = event.host.as_ref().filter(|_| !event.read && event.outcome == Outcome::Accepted) else {
            return;
        };
        let writes = self.0.entry((Arc::clone(&event.sensor), Arc::clone(host))).or_default();
        if event.correlated {
            writes.with += 1;
        } else if let Some(sum) = writes.without.get_mut(usize::from(event.shows.headers)) {
            merge(sum, Sum::of(event));
        }
        self.bound();
    }

    /// The least stay, in whatever order they come.
    fn bound(&mut self) {
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    pub(super) fn merge(&mut self, other: Services) {
        for (key, theirs) in other.0 {
            let mine = self.0.entry(key).or_default();
            mine.with += theirs.with;
            for (mine, theirs) in mine.without.iter_mut().zip(theirs.without) {
                theirs.into_iter().for_each(|sum| merge(mine, sum));
            }
        }
        self.bound();
    }

    /// One for each service. Where nobody in an input has ids, nothing says that its services should.
    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let (mut with, mut by_family) = (BTreeMap::<&str, u64>::new(), BTreeMap::<(&str, String), u64>::new());
        for ((sensor, host), writes) in &self.0 {
            *with.entry(sensor).or_default() += writes.with;
            *by_family.entry((sensor, family(host))).or_default() += writes.with;
        }
        let check = Check::Uncorrelated;
        let mut found = Vec::new();
        for ((sensor, host), writes) in &self.0 {
            let others = by_family.get(&(sensor, family(host))).copied().unwrap_or(0);
            // A log shows that its records may have ids where one has.
            let sees_fields = with.get(&**sensor).is_some_and(|with| *with > 0);
            let Some(missing) = writes.missing(sees_fields) else { continue };
            if others < LEAST {
                tallies.count_many(check, missing.source, 0, missing.count);
                continue;
            }
            let all = missing.count + writes.with;
            if missing.count < LEAST || missing.count.saturating_mul(SHARE) < all {
                tallies.count_many(check, missing.source, all, 0);
                continue;
            }
            missing.count(check, tallies);
            let observed = format!("none in {} of {all} writes", missing.count);
            let stray = missing.stray(check, "an id in each, as elsewhere in this input", vec![observed.into()]);
            let doubt = if writes.with >= LEAST { OWN } else { FAMILY };
            found.push(Stray { doubt: Some(doubt), ..stray });
        }
        // What hides headers and shows no id at all cannot be told.
        for ((sensor, _), writes) in &self.0 {
            let unseen = with.get(&**sensor).is_none_or(|with| *with == 0);
            let [hidden, _] = &writes.without;
            hidden.iter().filter(|_| unseen).for_each(|sum| tallies.count_many(check, sum.source, 0, sum.count));
        }
        found
    }
}

fn merge(sum: &mut Option<Sum>, other: Sum) {
    match sum {
        Some(sum) => sum.add(other),
        none => *none = Some(other),
    }
}

/// What the names of services of one system have in common: the domain that somebody owns. Names of one label are those
/// inside of a cluster, and addresses those of a network.
fn family(host: &str) -> String {
    let bare = host.trim_matches(['[', ']']);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return "an address".to_owned();
    }
    let labels: Vec<&str> = bare.split('.').filter(|label| !label.is_empty()).collect();
    let cluster = matches!(labels.last(), Some(&"local" | &"internal" | &"svc" | &"localhost")) || labels.len() < 2;
    if cluster {
        return "a cluster".to_owned();
    }
    // `shop.co.uk`: below a country many share one more label.
    let [.., second, country] = labels.as_slice() else { return bare.to_owned() };
    let own = if country.len() == 2 && second.len() <= 3 { 3 } else { 2 };
    labels.get(labels.len().saturating_sub(own)..).unwrap_or_default().join(".").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_one_owner_are_told_by_their_names() {
        for (one, other, same) in [
            ("orders.shop.example", "ledger.shop.example", true),
            ("orders.shop.example", "stats.vendor.example", false),
            ("a.shop.co.uk", "b.shop.co.uk", true),
            ("a.shop.co.uk", "b.other.co.uk", false),
            ("orders", "ledger", true),
            ("orders.default.svc.cluster.local", "ledger", true),
            ("10.0.0.1", "10.0.0.2", true),
            ("10.0.0.1", "orders", false),
        ] {
            assert_eq!(family(one) == family(other), same, "{one} {other}");
        }
    }
}
