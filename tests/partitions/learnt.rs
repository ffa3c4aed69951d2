//! Without a model: what all traffic teaches of templates, names and wholes, and the ledger of ids, are those of one machine.

use offpath::correlate::ledger::{
    Attempt, IdHasher, Judged, Ledger, People, Row, Unlearned, Users, Walk, Walks, fold, temper,
};
use offpath::correlate::{Directory, Extractor, Facts, HashKey, is_container};
use offpath::event::Event;
use offpath::mine::{Evidence, Flows, Templates, Told, Wholes};
use offpath::pipeline::shown_beside;
use offpath_capture::Exchange;
use offpath_fixtures::desk::{self, Desk};

use crate::{Sent, exchanges};

fn key() -> HashKey {
    HashKey::new(include_bytes!("../support/hash.key"))
}

/// A machine that extracts: its share of the exchanges. Gives events, facts and evidence.
fn extract(exchanges: &[&Exchange]) -> [Sent; 3] {
    let extractor = Extractor::new(None, key()).keeping_ids(true);
    let (mut events, mut taught, mut evidence) = (Vec::new(), Vec::new(), Evidence::default());
    for exchange in exchanges {
        let mut extracted = extractor.extract(exchange);
        let beside = shown_beside(&mut extracted);
        beside.into_iter().zip(&extracted.events).for_each(|(beside, event)| evidence.add(event, beside));
        events.append(&mut extracted.events);
        taught.push(extracted.facts);
    }
    let taught = taught.iter().filter(|facts| facts.teach());
    [Sent::events(&events), Sent::values(taught), Sent::values([&evidence])]
}

/// What a machine makes of its events by what all teach: the events, and by the machine that judges their ids, rows of the
/// ledger; and whose answers were seen.
fn complete(events: Sent, taught: &[Sent], evidence: &[Sent], machines: usize) -> (Vec<Event>, Vec<Sent>, Sent) {
    let (mut directory, mut whole) = (Directory::new(), Evidence::default());
    taught.iter().flat_map(Sent::taken::<Facts>).for_each(|facts| directory.add(facts));
    evidence.iter().flat_map(Sent::taken::<Evidence>).for_each(|part| whole.merge(part));
    let resolver = directory.freeze();
    let templates = Templates::of(&whole);
    let flows = Flows::of(&whole, &templates);
    let wholes = Wholes::of(&whole, &templates, &flows);
    let (mut ledger, mut rows) = (Ledger::new(IdHasher::new(&key())), vec![Vec::<Row>::new(); machines]);
    let mut completed = events.into_events();
    for event in &mut completed {
        resolver.resolve(event);
        templates.complete(event, &is_container);
        flows.complete(event);
        let (named, root) = (|id: &_| resolver.named_beside(id), |id: &_| resolver.root(id));
        wholes.settle(event, &flows, Told { named: &named, root: &root });
        let noted = ledger.note(event, |row| {
            rows[usize::try_from(row.value % machines as u64).unwrap()].push(row);
            Ok::<_, ()>(())
        });
        noted.unwrap();
    }
    (completed, rows.iter().map(Sent::values).collect(), Sent::values([&ledger.people]))
}

/// A machine that judges ids: rows of its own, from all. Gives, by the machine that looks for walks, attempts; and users.
fn judge(rows: &[Sent], people: &[Sent], machines: usize) -> (Vec<Sent>, Sent) {
    let mut known = People::default();
    people.iter().flat_map(Sent::taken::<People>).for_each(|part| known.merge(part));
    let mut rows: Vec<Row> = rows.iter().flat_map(Sent::taken::<Row>).collect();
    fold(&mut rows);
    let (mut users, mut attempts) = (Users::default(), vec![Vec::<Attempt>::new(); machines]);
    for id in rows.chunk_by(|a, b| a.value == b.value) {
        let mut judged = Judged::default();
        judged.add(id, &known);
        users.add(&judged);
        for attempt in judged.attempts {
            let machine = (attempt.row.actor ^ attempt.row.step) % machines as u64;
            attempts[usize::try_from(machine).unwrap()].push(attempt);
        }
    }
    (attempts.iter().map(Sent::values).collect(), Sent::values([&users]))
}

/// All that comes of traffic on so many machines.
#[derive(Debug, PartialEq)]
struct Learnt {
    evidence: Evidence,
    events: Vec<Event>,
    users: Users,
    unlearned: Vec<(Unlearned, u8)>,
    walks: Vec<Walk>,
}

/// The part of each machine for another: `sent[from][to]` as `[to][from]`.
fn routed(sent: Vec<Vec<Sent>>, machines: usize) -> Vec<Vec<Sent>> {
    let mut routed: Vec<Vec<Sent>> = (0..machines).map(|_| Vec::new()).collect();
    sent.into_iter().for_each(|sent| routed.iter_mut().zip(sent).for_each(|(to, sent)| to.push(sent)));
    routed
}

fn on_machines(read: &[Exchange], machines: usize) -> Learnt {
    let (mut events, mut taught, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
    for machine in 0..machines {
        let [of_events, of_facts, of_evidence] =
            extract(&read.iter().skip(machine).step_by(machines).collect::<Vec<_>>());
        events.push(of_events);
        taught.push(of_facts);
        evidence.push(of_evidence);
    }
    evidence.reverse();
    let (mut completed, mut rows, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for sent in events {
        let (of_events, of_rows, of_people) = complete(sent, &taught, &evidence, machines);
        completed.extend(of_events);
        rows.push(of_rows);
        people.push(of_people);
    }
    let (mut attempts, mut users) = (Vec::new(), Users::default());
    for rows in routed(rows, machines).into_iter().rev() {
        let (of_attempts, of_users) = judge(&rows, &people, machines);
        attempts.push(of_attempts);
        of_users.taken::<Users>().into_iter().for_each(|part| users.merge(part));
    }
    let mut walks = Vec::new();
    for sent in routed(attempts, machines) {
        let mut own: Vec<Attempt> = sent.iter().flat_map(Sent::taken::<Attempt>).collect();
        own.sort_unstable();
        let mut found = Walks::default();
        own.into_iter().for_each(|attempt| found.add(attempt));
        walks.extend(found.found());
    }
    walks.sort_by_key(|walk| (walk.actor, walk.step, walk.span));
    temper(&mut walks, |step| users.callers(step));
    completed.sort_by_key(Event::order_key);
    let mut whole = Evidence::default();
    evidence.iter().flat_map(Sent::taken::<Evidence>).for_each(|part| whole.merge(part));
    Learnt { evidence: whole, events: completed, unlearned: users.unlearned(), users, walks }
}

#[test]
fn machines_that_share_nothing_learn_what_one_learns() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("desk");
    desk::write(&Desk { out: out.clone(), customers: 12, seed: 1, benign: false }).unwrap();
    let read = exchanges(&out.join("capture.har"));
    let mut one = Evidence::default();
    let extractor = Extractor::new(None, key()).keeping_ids(true);
    for exchange in &read {
        let mut extracted = extractor.extract(exchange);
        let beside = shown_beside(&mut extracted);
        beside.into_iter().zip(&extracted.events).for_each(|(beside, event)| one.add(event, beside));
    }
    let whole = on_machines(&read, 1);
    assert!(whole.evidence == one, "evidence is what it was before it was sent");
    assert!(whole.events.len() > 100 && !whole.walks.is_empty() && !whole.unlearned.is_empty());
    for machines in [2, 5] {
        let parts = on_machines(&read, machines);
        assert!(parts.evidence == whole.evidence, "evidence on {machines} machines");
        assert!(parts.events == whole.events, "events on {machines} machines");
        assert_eq!((&parts.unlearned, &parts.walks), (&whole.unlearned, &whole.walks), "ids on {machines} machines");
        assert!(parts.users == whole.users, "users of ids on {machines} machines");
    }
}
