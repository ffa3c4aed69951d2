//! The scenario, whose generator says of each exchange who did what to which object.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use offpath_fixtures::{Abuse, Options};
use serde_json::Value;

use crate::score::Score;
use crate::seen::{Seen, events};
use crate::support::{lines, sample, text};

/// Format, file, and the width of its clock's ticks in microseconds.
pub(crate) const SOURCES: [(&str, &str, i64); 4] = [
    ("pcapng", "capture.pcapng", 1),
    ("har", "capture.har", 1_000),
    ("json", "access.jsonl", 1_000),
    ("combined", "access.log", 1_000_000),
];

/// A history of its own for these tests, with all abuse in it, and its truth.
pub(crate) fn history(seed: u64) -> (tempfile::TempDir, PathBuf, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("scenario");
    offpath_fixtures::write(&Options::whole(120, seed, Abuse::parse("all").unwrap(), out.clone())).unwrap();
    let truth = lines(&out.join("events.truth.jsonl"));
    (folder, out, truth)
}

fn some(value: &Value, field: &str) -> Option<String> {
    value[field].as_str().map(str::to_owned)
}

/// Whom and what an exchange is about, as far as a source carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    principal: Option<String>,
    agent: Option<String>,
    client: Option<String>,
    tenant: Option<String>,
    object: Option<String>,
    case: Option<String>,
}

/// What a source carries of the whole history.
struct Carried<'a> {
    source: &'a str,
    /// Refunds with their orders, where the source shows both in one exchange.
    refunds: BTreeMap<String, String>,
}

impl<'a> Carried<'a> {
    fn of(source: &'a str, truth: &[Value]) -> Carried<'a> {
        let bodies = matches!(source, "pcapng" | "har");
        // The answer that makes a refund is to a path that names the order; bodies of refunds name it always.
        let shows = |event: &&Value| match text(event, "activity") {
            "refund_request" => source != "combined" && event["accepted"] == true,
            "refund_view" | "refund_approve" | "refund_execute" => bodies && event["accepted"] == true,
            _ => false,
        };
        let refunds = truth.iter().filter(shows).filter_map(|event| Some((object(event)?, some(event, "case")?)));
        Carried { source, refunds: refunds.collect() }
    }

    fn of_event(&self, event: &Value) -> Told {
        let logged = matches!(self.source, "json" | "combined");
        let activity = text(event, "activity");
        let named = |id: &str| text(event, "path").contains(id.split_once(':').map_or(id, |(_, key)| key));
        let made = matches!(activity, "create" | "refund_request");
        let object = object(event).filter(|id| match self.source {
            "json" => named(id) || made,
            "combined" => named(id),
            _ => true,
        });
        // A refund whose order nothing shows is a case of its own.
        let order = object.as_ref().filter(|id| id.starts_with("refund:"));
        let case = match order {
            Some(refund) => Some(self.refunds.get(refund).unwrap_or(refund).clone()),
            None => {
                some(event, "case").or_else(|| object.clone()).filter(|id| !logged || object.is_some() || named(id))
            }
        };
        // Of what it is only the model's business types.
        let known = |id: &String| !id.starts_with("product:");
        let whole = self.source != "combined";
        Told {
            principal: some(event, "principal"),
            agent: some(event, "agent").filter(|_| whole),
            client: some(event, "client").filter(|_| whole),
            tenant: some(event, "tenant").filter(|_| whole),
            // The path of what asks for a refund names the order, and the log nothing else.
            object: object.or_else(|| case.clone()).filter(known),
            case: case.filter(known),
        }
    }
}

fn object(event: &Value) -> Option<String> {
    event["objects"][0].as_str().map(str::to_owned)
}

fn seen(event: &Seen) -> Told {
    Told {
        principal: event.who().map(str::to_owned),
        agent: event.agent.clone(),
        // Where no token names the client, its program does, by a hash.
        client: event.client.clone().filter(|client| !client.starts_with("client:")),
        tenant: event.tenant.clone().filter(|_| event.who().is_some()),
        object: event.object().map(str::to_owned),
        case: event.case.clone(),
    }
}

/// When, and what was called: what every source shows.
type Moment = (i64, String, String);

pub(crate) fn moment(event: &Value, tick: i64) -> Moment {
    let time: jiff::Timestamp = text(event, "time").parse().unwrap();
    let path = text(event, "path").split('?').next().unwrap();
    (time.as_microsecond() / tick, text(event, "method").to_owned(), path.to_owned())
}

/// What is told of exchanges by when and what they are, in the same order for both sides.
pub(crate) fn grouped<T: Ord>(all: impl Iterator<Item = (Moment, T)>) -> BTreeMap<Moment, Vec<T>> {
    let mut groups: BTreeMap<Moment, Vec<T>> = BTreeMap::new();
    all.for_each(|(moment, told)| groups.entry(moment).or_default().push(told));
    groups.values_mut().for_each(|told| told.sort());
    groups
}

pub(crate) fn moment_of(event: &Seen, tick: i64) -> Moment {
    (event.time / tick, event.method.clone(), event.path.clone())
}

#[test]
fn with_its_model_each_exchange_is_told_rightly() {
    let (_folder, out, truth) = history(1);
    let model = sample().join("model.yaml");
    for (source, file, tick) in SOURCES {
        let events = events(&out.join(file), Some(&model));
        let carried = Carried::of(source, &truth);
        let real = truth.iter().filter(|event| !is_login(text(event, "path")));
        let real = grouped(real.map(|event| (moment(event, tick), carried.of_event(event))));
        let told = events.iter().filter(|event| !is_login(&event.path));
        let told = grouped(told.map(|event| (moment_of(event, tick), seen(event))));
        let wrong: Vec<_> = real.iter().filter(|(moment, real)| told.get(*moment) != Some(real)).collect();
        for (moment, real) in wrong.iter().take(12) {
            eprintln!("{source} {moment:?}\n  is   {real:?}\n  told {:?}", told.get(*moment));
        }
        eprintln!("{source}: {} of {} moments told rightly", real.len() - wrong.len(), real.len());
        assert!(wrong.is_empty() && told.len() == real.len(), "{source}: {} are wrong", wrong.len());
        assert_logins(&events, &truth, tick);
    }
}

/// Whether whoever asks has shown no credential yet: the request or the answer may name somebody, or not.
fn is_login(path: &str) -> bool {
    matches!(path, "/login" | "/oauth/token")
}

/// Logins are those of whom they are for, or nobody's.
fn assert_logins(events: &[Seen], truth: &[Value], tick: i64) {
    let real = truth.iter().filter(|event| is_login(text(event, "path")));
    let real = grouped(real.map(|event| (moment(event, tick), some(event, "signs_in"))));
    let told: Vec<&Seen> = events.iter().filter(|event| is_login(&event.path)).collect();
    assert!(!told.is_empty());
    for event in told {
        let real = &real[&moment_of(event, tick)];
        assert!(event.who().is_none_or(|who| real.iter().flatten().any(|real| real == who)), "{event:?} is {real:?}");
    }
}

/// Whom an exchange is by: subjects of two issuers are two, whatever they are called.
fn actor(event: &Value) -> Option<String> {
    let principal = some(event, "principal")?;
    Some(match some(event, "client") {
        Some(client) => format!("{principal} {} {client} {}", text(event, "tenant"), text(event, "agent")),
        None => principal,
    })
}

/// Whom an event is by, with its agent and client.
fn told_actor(event: &Seen) -> Option<String> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    event.who().map(|who| format!("{who} {} {}", part(&event.client), part(&event.agent)))
}

fn scores(file: &Path, tick: i64, truth: &[Value]) -> (Score, Score) {
    let events = events(file, None);
    let real = truth.iter().filter(|event| !is_login(text(event, "path")));
    let real = grouped(real.map(|event| (moment(event, tick), (actor(event), object(event)))));
    let told = grouped(events.iter().filter(|event| !is_login(&event.path)).map(|event| {
        let object = event.object().map(str::to_owned);
        (moment_of(event, tick), (told_actor(event), object))
    }));
    assert_eq!(real.keys().collect::<BTreeSet<_>>(), told.keys().collect::<BTreeSet<_>>());
    let pairs: Vec<_> = real.values().flatten().zip(told.values().flatten()).collect();
    let actors = pairs.iter().map(|(real, told)| (told.0.as_deref(), real.0.as_deref()));
    let objects = pairs.iter().map(|(real, told)| (told.1.as_deref(), real.1.as_deref()));
    (Score::of(actors), Score::of(objects))
}

#[test]
fn without_a_model_nearly_each_exchange_is_told_rightly() {
    for seed in [1, 77] {
        let (_folder, out, truth) = history(seed);
        for (source, file, tick) in SOURCES.into_iter().take(2) {
            let (actors, objects) = scores(&out.join(file), tick, &truth);
            actors.assert(&format!("scenario of seed {seed}, {source}, actors"));
            objects.assert(&format!("scenario of seed {seed}, {source}, objects"));
        }
    }
}
