//! Lives as configurations of XState 5 machines.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Intended, Life, Way};

/// One machine; a parallel one with a region for each life where there are several. Guards are named `allowed`, with what
/// they are to decide as their parameters.
pub fn xstate(intended: &Intended) -> Value {
    match intended.lifecycles.as_slice() {
        [life] => machine(life, &life.object_type),
        lives => {
            let regions = lives.iter().map(|life| (life.object_type.clone(), machine(life, &life.object_type)));
            json!({"id": key(&intended.id), "type": "parallel", "states": regions.collect::<Map<_, _>>()})
        }
    }
}

fn machine(life: &Life, id: &str) -> Value {
    let keys = keys(life);
    let states = life.states.iter().enumerate().map(|(number, _)| {
        let key = keys.get(number).cloned().unwrap_or_default();
        (key, state(life, number))
    });
    let initial = life.states.iter().position(|state| state.initial).and_then(|number| keys.get(number));
    json!({"id": id, "initial": initial, "states": states.collect::<Map<_, _>>()})
}

/// A state's key may hold no dot, and differs from all others.
fn keys(life: &Life) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let unique = |name: &str| {
        let plain = key(name);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let free = std::iter::once(plain.clone()).chain(numbered).find(|key| taken.insert(key.clone()));
        free.unwrap_or(plain)
    };
    life.states.iter().map(|state| state.name.as_str()).map(unique).collect()
}

fn key(name: &str) -> String {
    name.replace(['.', '#'], "_")
}

fn state(life: &Life, number: usize) -> Value {
    let mut value = Map::new();
    value.insert("id".to_owned(), json!(id(life, number)));
    let mut on: Map<String, Value> = Map::new();
    for way in life.transitions.iter().filter(|way| way.from.contains(&number)) {
        let mut taken = Map::from_iter([("target".to_owned(), json!(format!("#{}", id(life, way.to))))]);
        // Of two ways that nothing tells apart the first would be taken always.
        let other = |other: &&Way| other.activity == way.activity && other.from.contains(&number);
        let several = life.transitions.iter().filter(other).nth(1).is_some();
        if several || way.who != "anybody" || !way.terms.is_empty() {
            let params =
                json!({"by": way.by, "kind": way.kind, "when": way.when, "once": way.once, "terms": way.terms});
            taken.insert("guard".to_owned(), json!({"type": "allowed", "params": params}));
        }
        if let Value::Array(ways) = on.entry(way.activity.clone()).or_insert_with(|| json!([])) {
            ways.push(Value::Object(taken));
        }
    }
    let Some(declared) = life.states.get(number) else { return Value::Object(value) };
    let mut tags = Vec::new();
    if declared.is_final && on.is_empty() {
        value.insert("type".to_owned(), json!("final"));
    } else if declared.is_final {
        tags.push("final");
    }
    tags.extend(declared.restricted.then_some("restricted"));
    if !tags.is_empty() {
        value.insert("tags".to_owned(), json!(tags));
    }
    if key(&declared.name) != declared.name {
        value.insert("description".to_owned(), json!(declared.name));
    }
    if !on.is_empty() {
        value.insert("on".to_owned(), Value::Object(on));
    }
    Value::Object(value)
}

/// Ids are told apart by life, and hold nothing that a target would be cut at.
fn id(life: &Life, state: usize) -> String {
    format!("{}_s{state}", life.object_type)
}
