//! Flows beside a plain count of the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::tally::{Tally, decide};
use super::{Edge, Flows, Port, SUPPORT};

/// A value's ports with who used them: operation, place, type or none, actor.
type Row = (u8, Vec<(u8, u8, Option<u8>, u64)>);

fn port(operation: u8, place: u8, object_type: Option<u8>) -> Port {
    let place = ["path", "res.a.uid", "req.b", "query.c"][usize::from(place % 4)];
    let object_type = object_type.map(|n| Arc::from(["order", "member", "purchase"][usize::from(n % 3)]));
    Port { operation: format!("POST /o{}", operation % 3).into(), place: place.into(), object_type }
}

fn ports(row: &Row) -> BTreeMap<Port, BTreeSet<u64>> {
    let mut ports: BTreeMap<Port, BTreeSet<u64>> = BTreeMap::new();
    for (operation, place, object_type, actor) in &row.1 {
        ports.entry(port(*operation, *place, *object_type)).or_default().insert(*actor);
    }
    ports
}

fn flows(rows: &[BTreeMap<Port, BTreeSet<u64>>]) -> Flows {
    let mut tally = Tally::default();
    rows.iter().for_each(|ports| tally.add(ports.iter().map(|(port, actors)| (port.clone(), actors))));
    decide(tally)
}

/// Values at two ports at once, of all pairs of calls, by looking at every value for every pair.
fn plain_edges(rows: &[BTreeMap<Port, BTreeSet<u64>>]) -> Vec<Edge> {
    let end = |port: &Port| (port.operation.clone(), port.place.clone());
    let all: BTreeSet<(Arc<str>, Arc<str>)> = rows.iter().flat_map(|ports| ports.keys().map(end)).collect();
    let holds =
        |row: &BTreeMap<Port, BTreeSet<u64>>, wanted: &(Arc<str>, Arc<str>)| row.keys().any(|p| end(p) == *wanted);
    let mut edges = Vec::new();
    for from in all.iter().filter(|from| from.1.starts_with("res.")) {
        for to in all.iter().filter(|to| !to.1.starts_with("res.") && to.0 != from.0) {
            let values = rows.iter().filter(|row| holds(row, from) && holds(row, to)).count();
            if values >= SUPPORT {
                edges.push(Edge { from: from.clone(), to: to.clone(), values: values as u64 });
            }
        }
    }
    edges
}

/// Types that a place holds, by counting for each type again.
fn plain_types(rows: &[BTreeMap<Port, BTreeSet<u64>>], operation: &str, place: &str) -> BTreeSet<Arc<str>> {
    let at = |port: &Port| port.object_type.is_none() && *port.operation == *operation && *port.place == *place;
    let of = |port: &Port, name: &str| port.object_type.as_deref() == Some(name);
    let users = |rows: &[&BTreeMap<Port, BTreeSet<u64>>], wanted: &dyn Fn(&Port) -> bool| -> BTreeSet<u64> {
        rows.iter()
            .flat_map(|row| row.iter().filter(|(port, _)| wanted(port)).flat_map(|(_, actors)| actors))
            .copied()
            .collect()
    };
    let everywhere: Vec<&BTreeMap<Port, BTreeSet<u64>>> = rows.iter().collect();
    let whole = rows.iter().filter(|row| row.keys().any(at)).count();
    let names = ["member", "order", "purchase"].into_iter().filter(|name| {
        let both = rows.iter().filter(|row| row.keys().any(at) && row.keys().any(|port| of(port, name)));
        let both: Vec<_> = both.collect();
        let (here, there) = (users(&both, &at), users(&both, &|port| of(port, name)));
        let (all_here, all_there) = (users(&everywhere, &at), users(&everywhere, &|port| of(port, name)));
        // What only answers name nobody made up: who asked does not count.
        let sent = |wanted: &dyn Fn(&Port) -> bool| {
            rows.iter().flat_map(BTreeMap::keys).any(|port| wanted(port) && !port.place.starts_with("res."))
        };
        let (sent_here, sent_there) = (sent(&at), sent(&|port| of(port, name)));
        let several = (here.len() > 1 || !sent_here) && (there.len() > 1 || !sent_there);
        let same = all_here.len() < 2 && all_here == all_there;
        let one = all_here.len() < 2 && !sent_there || all_there.len() < 2 && !sent_here;
        both.len() >= SUPPORT && both.len() * 5 >= whole * 4 && (several || same || one)
    });
    names.map(Arc::from).collect()
}

fn rows() -> impl Strategy<Value = Vec<BTreeMap<Port, BTreeSet<u64>>>> {
    let port = (0_u8..3, 0_u8..4, proptest::option::weighted(0.6, 0_u8..3), 0_u64..3);
    // A few kinds of values, each of which many are, so that supports are met.
    let kinds = proptest::collection::vec(proptest::collection::vec(port, 0..6), 1..4);
    (kinds, proptest::collection::vec(0_usize..4, 0..40)).prop_map(|(kinds, drawn)| {
        let row =
            |(n, kind): (usize, usize)| ports(&(n as u8, kinds.get(kind % kinds.len()).cloned().unwrap_or_default()));
        drawn.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #[test]
    fn flows_are_those_of_a_plain_count(rows in rows()) {
        let found = flows(&rows);
        prop_assert_eq!(&found.edges, &plain_edges(&rows));
        let unsaid = rows.iter().flat_map(BTreeMap::keys).filter(|port| port.object_type.is_none());
        for port in unsaid {
            let plain = plain_types(&rows, &port.operation, &port.place);
            let told = found.places.get(&port.operation).and_then(|places| places.get(&port.place));
            prop_assert_eq!(told.is_some(), !plain.is_empty());
            if let Some(told) = told {
                prop_assert!(plain.iter().any(|name| found.object_type(name) == told), "{told} of {plain:?}");
            }
        }
        for (name, to) in &found.types {
            prop_assert!(name != to && !found.types.contains_key(to), "a type is what it is in the end");
        }
    }

    #[test]
    fn the_order_of_values_says_nothing(rows in rows()) {
        let backwards: Vec<_> = rows.iter().rev().cloned().collect();
        prop_assert_eq!(flows(&rows), flows(&backwards));
    }
}
