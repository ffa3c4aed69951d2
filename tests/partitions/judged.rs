//! With a model: events and facts cross, counts are added up, and the findings are those of one machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use offpath::compare::{Blindness, CaseResult, Comparer, WindowKey};
use offpath::correlate::{Apart, Directory, Extractor, Facts, HashKey, Inspection, PartOf};
use offpath::event::partition::stable_hash;
use offpath::event::{Event, ObjectId, OrderKey};
use offpath::finding::Finding;
use offpath::model::Model;
use offpath::rule;
use offpath_capture::Exchange;

use crate::support::{check, sample};
use crate::{Sent, exchanges};

fn model() -> Arc<Model> {
    let path = sample().join("model.yaml");
    let (model, _) = Model::read("model.yaml", &std::fs::read_to_string(path).unwrap()).unwrap();
    Arc::new(model)
}

/// A machine that extracts: its share of the exchanges, with an extractor of its own. Gives events, facts and counts.
fn extract(exchanges: &[&Exchange]) -> (Sent, Sent, Inspection) {
    let extractor = Extractor::new(Some(model()), HashKey::new(include_bytes!("../support/hash.key")));
    let extracted: Vec<_> = exchanges.iter().map(|exchange| extractor.extract(exchange)).collect();
    let events: Vec<Event> = extracted.iter().flat_map(|extracted| extracted.events.clone()).collect();
    let taught = extracted.iter().map(|extracted| &extracted.facts).filter(|facts| facts.teach());
    let mut counted = Inspection::new();
    extracted.iter().for_each(|extracted| counted.add_exchange("http1", extracted));
    (Sent::events(&events), Sent::values(taught), counted)
}

/// A machine that resolves some of the events by what all exchanges taught. Gives them by the machine that judges them:
/// cases, and copies for windows that cross cases.
fn resolve(events: Sent, taught: &[Sent], counted: &Inspection, judges: usize) -> Vec<(Sent, Sent)> {
    // Half of the facts come added up, half one by one.
    let mut directory = Directory::with_gap(Some(model().check.session_gap));
    for (n, sent) in taught.iter().enumerate() {
        if n % 2 == 0 {
            let mut other = Directory::with_gap(Some(model().check.session_gap));
            sent.taken::<Facts>().into_iter().for_each(|facts| other.add(facts));
            directory.merge(other);
        } else {
            sent.taken::<Facts>().into_iter().for_each(|facts| directory.add(facts));
        }
    }
    let (resolver, comparer) = (directory.freeze(), Comparer::new(Some(model())));
    let (apart, part_of) = (Apart::of(counted.reused_keys(), Some(&model())), PartOf::of(Some(&model())));
    let tenants = counted.tenants();
    let mut sorted = vec![(Vec::new(), Vec::new()); judges];
    for mut event in events.into_events() {
        resolver.resolve(&mut event);
        apart.settle(&mut event);
        tenants.settle(&mut event);
        part_of.settle(&mut event);
        for key in comparer.window_keys(&event) {
            sorted[judge_of_window(&key, judges)].1.push(event.clone());
        }
        sorted[judge_of_case(event.case.as_ref(), judges)].0.push(event);
    }
    sorted.into_iter().map(|(cases, windows)| (Sent::events(&cases), Sent::events(&windows))).collect()
}

fn judge_of_case(case: Option<&ObjectId>, judges: usize) -> usize {
    let hash = case.map_or(0, |case| stable_hash([case.to_string().as_bytes()]));
    usize::try_from(hash % judges as u64).unwrap()
}

fn judge_of_window(key: &WindowKey, judges: usize) -> usize {
    usize::try_from(stable_hash(key.group.iter().map(|part| part.as_bytes())) % judges as u64).unwrap()
}

/// A machine that judges the cases and windows that are its own.
fn judge(number: usize, judges: usize, sent: Vec<(Sent, Sent)>) -> Vec<Finding> {
    let (comparer, blindness) = (Comparer::new(Some(model())), Blindness::default());
    let mut cases: BTreeMap<Option<ObjectId>, BTreeMap<OrderKey, Event>> = BTreeMap::new();
    let mut windows: BTreeMap<WindowKey, BTreeMap<OrderKey, Event>> = BTreeMap::new();
    for (of_cases, of_windows) in sent {
        for event in of_cases.into_events() {
            cases.entry(event.case.clone()).or_default().insert(event.order_key(), event);
        }
        for event in of_windows.into_events() {
            for key in comparer.window_keys(&event).into_iter().filter(|key| judge_of_window(key, judges) == number) {
                windows.entry(key).or_default().insert(event.order_key(), event.clone());
            }
        }
    }
    let listed = |events: BTreeMap<OrderKey, Event>| events.into_values().collect::<Vec<_>>();
    let of_cases = cases.into_iter().map(|(case, events)| comparer.case(case.as_ref(), &listed(events), &blindness));
    let of_windows = windows.into_iter().map(|(key, events)| comparer.window(&key, &listed(events), &blindness));
    let results: Vec<CaseResult> = of_cases.chain(of_windows).collect();
    let deviations = results.iter().flat_map(|result| &result.deviations);
    deviations.map(|deviation| rule::judge(deviation, Some(&model()))).collect()
}

/// What is judged on so many machines, told as rule, object, step and evidence.
fn on_machines(exchanges: &[Exchange], machines: usize) -> Vec<String> {
    let shares = (0..machines).map(|n| exchanges.iter().skip(n).step_by(machines).collect::<Vec<_>>());
    let (mut sent, mut taught, mut counted) = (Vec::new(), Vec::new(), Inspection::new());
    for share in shares {
        let (events, facts, counts) = extract(&share);
        sent.push(events);
        taught.push(facts);
        counted.merge(counts);
    }
    taught.reverse();
    let mut routed: Vec<Vec<(Sent, Sent)>> = (0..machines).map(|_| Vec::new()).collect();
    for events in sent {
        for (judge, sent) in resolve(events, &taught, &counted, machines).into_iter().enumerate() {
            routed[judge].push(sent);
        }
    }
    let judged = routed.into_iter().enumerate().flat_map(|(number, sent)| judge(number, machines, sent));
    let mut findings = rule::fold(judged.collect(), Some(&model()));
    offpath::finding::sort(&mut findings);
    findings.iter().map(|finding| serde_json::to_string(finding).unwrap()).collect()
}

#[test]
fn machines_that_share_nothing_find_what_one_finds() {
    let capture = sample().join("capture.pcapng.gz");
    let read = exchanges(&capture);
    assert!(read.len() > 1_000);

    // The course of steps over all cases is added up in one process.
    let (_folder, whole) = check(&[&capture], &["--ignore", "OPS-STUCK"]);
    let whole: Vec<String> = whole.iter().map(|finding| format!("{} {}", finding["rule"], finding["id"])).collect();
    assert!(whole.len() > 20);
    let one = on_machines(&read, 1);
    for machines in [2, 5] {
        assert_eq!(on_machines(&read, machines), one, "on {machines} machines");
    }
    let of_one: Vec<String> = one
        .iter()
        .map(|finding| {
            let finding: serde_json::Value = serde_json::from_str(finding).unwrap();
            format!("{} {}", finding["rule"], finding["id"])
        })
        .collect();
    assert_eq!(of_one, whole);
}
