//! What is looked for while all is analysed: a path, an actor or an id, and why it is what it is taken for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use offpath_capture::Exchange;

use super::reading::lock;
use super::{Job, Run};
use crate::correlate::{
    Catalogue, Extracted, Pseudonyms, Redactor, Resolver, mentions, path_segments, segment_reasons,
};
use crate::event::partition::stable_hash;
use crate::event::{Event, EventId, Evidence, rfc3339};
use crate::mine::Templates;
use crate::report::{
    ActorExplanation, CredentialExplanation, EvidenceCount, Explanation, IdExplanation, IdName, IdObject,
    PathExplanation, SegmentExplanation,
};

/// Templates, names, objects or credentials kept of what is asked for; beyond, only what is known is counted.
const MOST: usize = 10_000;
/// Parts of each sort that are told.
const TOLD: usize = 20;
/// Values of one attribute that are kept.
const VALUES: usize = 8;
/// Names that are compared with the one that was typed.
const OFFERED: usize = 1 << 18;

/// Takes a name that the one that was typed may have been meant to be.
pub type Offer = Box<dyn FnMut(&str) + Send>;

/// A path, an actor or an id that somebody asks about; filled by the threads of an analysis.
pub struct Sought {
    typed: String,
    /// As outputs show it.
    shown: String,
    path: Option<AskedPath>,
    /// Type and key, where the name may be both.
    object: Option<(String, String)>,
    redactor: Redactor,
    offer: Mutex<(BTreeSet<u64>, Offer)>,
    seen: Mutex<Seen>,
    logins: OnceLock<BTreeSet<EventId>>,
}

struct AskedPath {
    method: Option<String>,
    segments: Vec<String>,
}

#[derive(Default)]
struct Seen {
    /// By operation as the exchange alone tells it.
    paths: BTreeMap<String, SeenPath>,
    /// By place and operation.
    names: BTreeMap<(String, String), Tally>,
    actors: BTreeMap<String, SeenActor>,
    objects: BTreeMap<(String, String), SeenObject>,
    logins: BTreeMap<EventId, String>,
}

/// How often, and where first and last.
#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    first: Option<(i64, u64, String)>,
    last: Option<(i64, u64, String)>,
}

#[derive(Default)]
struct SeenPath {
    tally: Tally,
    /// Segments of the first path.
    segments: Vec<String>,
    activity: Option<String>,
    matched: bool,
}

#[derive(Default)]
struct SeenActor {
    tally: Tally,
    evidence: BTreeMap<Evidence, u64>,
    doubts: BTreeMap<&'static str, u64>,
    credentials: BTreeMap<String, SeenCredential>,
    others: BTreeSet<String>,
    attributes: BTreeMap<&'static str, BTreeSet<String>>,
    sessions: BTreeSet<String>,
    operations: BTreeMap<String, u64>,
}

#[derive(Default)]
struct SeenCredential {
    tally: Tally,
    /// The login that bound it, by time and event.
    bound: Option<(i64, EventId)>,
    /// The strongest tier that it gave.
    evidence: Evidence,
}

#[derive(Default)]
struct SeenObject {
    tally: Tally,
    qualifiers: BTreeMap<String, u64>,
    attributes: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Tally {
    fn add(&mut self, time: i64, id: u64, text: impl FnOnce() -> String) {
        self.count += 1;
        let is_first = self.first.as_ref().is_none_or(|(t, i, _)| (time, id) < (*t, *i));
        let is_last = self.last.as_ref().is_none_or(|(t, i, _)| (time, id) > (*t, *i));
        if is_first || is_last {
            let spot = (time, id, text());
            if is_first {
                self.first = Some(spot.clone());
            }
            if is_last {
                self.last = Some(spot);
            }
        }
    }

    fn merge(&mut self, other: Tally) {
        self.count += other.count;
        self.first = [self.first.take(), other.first].into_iter().flatten().min();
        self.last = [self.last.take(), other.last].into_iter().flatten().max();
    }

    fn first(&self) -> String {
        self.first.as_ref().map_or_else(String::new, |(.., text)| text.clone())
    }

    fn last(&self) -> String {
        self.last.as_ref().map_or_else(String::new, |(.., text)| text.clone())
    }
}

impl Sought {
    /// Looks for what was typed: a path or `METHOD /path` (in which `{...}` fits any segment), else an actor's name or an
    /// id, with its type before it (`order:ord_1`) or not, in the words that traffic has or in those that outputs show.
    pub fn new(typed: &str, redactor: Redactor, offer: Offer) -> Sought {
        let (method, path) = match typed.split_once(" /") {
            Some((method, _)) => (Some(method.to_ascii_uppercase()), typed.get(method.len() + 1..)),
            None => (None, typed.starts_with('/').then_some(typed)),
        };
        let name = typed.strip_prefix("actor:").unwrap_or(typed);
        let object = name.split_once(':').filter(|(kind, key)| !kind.is_empty() && !key.is_empty());
        Sought {
            typed: name.to_owned(),
            shown: if path.is_some() { redactor.target(typed) } else { redactor.text(name) },
            path: path.map(|path| AskedPath { method, segments: path_segments(path) }),
            object: object.map(|(kind, key)| (kind.to_owned(), key.to_owned())),
            redactor,
            offer: Mutex::new((BTreeSet::new(), offer)),
            seen: Mutex::default(),
            logins: OnceLock::new(),
        }
    }

    /// Whether a text of an exchange is the id.
    fn is_it(&self, text: &str) -> bool {
        let own = self.object.as_ref().map_or(&*self.typed, |(_, key)| key);
        text == self.typed || text == own || self.shown == text || own.contains('#') && self.redactor.text(text) == own
    }

    /// Whether an object's key is the id, whole or behind what it is only unique under.
    fn is_key(&self, object_type: &str, key: &str) -> bool {
        let own = key.rsplit_once('/').map_or(key, |(_, own)| own);
        let typed = |wanted: &str| [key, own].contains(&wanted) || *self.redactor.text(wanted) == *own;
        typed(&self.typed) || self.object.as_ref().is_some_and(|(kind, key)| kind == object_type && typed(key))
    }

    /// Whether a name is the one that was typed, with or without the issuer that tells two of one name apart.
    fn is_name(&self, name: Option<&str>) -> bool {
        let bare =
            |name: &str| name.split_once("@http").is_some_and(|(bare, _)| bare == self.typed || bare == self.shown);
        name.is_some_and(|name| name == self.typed || name == self.shown || bare(name))
    }

    /// Looks at an exchange, as it was read.
    pub(super) fn exchange(&self, exchange: &Exchange, extracted: &Extracted) {
        let Some(request) = &exchange.request else { return };
        let event = extracted.events.first();
        let operation = event.and_then(|event| event.operation.as_deref()).or(extracted.unmatched.as_deref());
        let operation = operation.unwrap_or("unmatched").to_owned();
        let spot = || format!("{} in {}", rfc3339(exchange.time.0), exchange.origin);
        if let Some(path) = &self.path {
            let segments = path_segments(&request.target);
            let fits = path.segments.len() == segments.len()
                && path.segments.iter().zip(&segments).all(|(asked, own)| asked.starts_with('{') || asked == own);
            if !fits {
                let requested = request.target.split(['?', '#']).next().unwrap_or_default();
                self.offer(&self.redactor.target(requested));
            }
            if fits && path.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method)) {
                let mut seen = lock(&self.seen);
                if seen.paths.len() < MOST || seen.paths.contains_key(&operation) {
                    let known = seen.paths.entry(operation).or_default();
                    let before = known.tally.first.as_ref().map(|(time, key, _)| (*time, *key));
                    if before.is_none_or(|before| (exchange.time.0, exchange.key) < before) {
                        known.segments = segments;
                    }
                    known.tally.add(exchange.time.0, exchange.key, spot);
                    known.matched |= event.is_some_and(|event| event.operation.is_some());
                    known.activity = known.activity.take().or_else(|| Some(event?.activity.as_deref()?.to_owned()));
                }
            }
            return;
        }
        for place in mentions(exchange, &|text| self.is_it(text)) {
            let mut seen = lock(&self.seen);
            let key = (place, operation.clone());
            if seen.names.len() < MOST || seen.names.contains_key(&key) {
                seen.names.entry(key).or_default().add(exchange.time.0, exchange.key, spot);
            }
        }
    }

    /// Looks at an event of which everything is known.
    pub(super) fn event(&self, event: &Event, resolver: &Resolver, pseudonyms: Option<&Pseudonyms>) {
        if self.path.is_some() {
            return;
        }
        let bound_by = resolver.bound_by(event);
        let logins = self.logins.get_or_init(|| resolver.logins());
        let mut shown = std::borrow::Cow::Borrowed(event);
        if let Some(pseudonyms) = pseudonyms {
            pseudonyms.event(shown.to_mut());
        }
        let event = &*shown;
        if logins.contains(&event.id) {
            let called = format!("{} {} at {}", event.method, event.path, spot_of(event));
            lock(&self.seen).logins.insert(event.id, called);
        }
        let actor = &event.actor;
        let names = [&actor.principal, &actor.agent, &actor.client];
        if let Some(name) = names.into_iter().flatten().find(|name| self.is_name(Some(name))) {
            lock(&self.seen).add_actor(name, event, bound_by);
        }
        for object in event.objects.iter().filter(|o| self.is_key(&o.id.object_type, &o.id.key)) {
            lock(&self.seen).add_object(event, object);
        }
        actor.principal.iter().for_each(|name| self.offer(name));
        event.objects.iter().for_each(|object| self.offer(&object.id.to_string()));
    }

    fn offer(&self, name: &str) {
        let (offered, offer) = &mut *lock(&self.offer);
        if offered.len() < OFFERED && offered.insert(stable_hash([name.as_bytes()])) {
            offer(name);
        }
    }

    /// The answer, once all was analysed.
    pub fn explanation(&self, run: &Run, job: &Job) -> Explanation {
        let imported = job.model.iter().flat_map(|model| &model.documents);
        let catalogue = Catalogue::of(job.documents.iter().chain(imported));
        let templates = Templates::of(&run.evidence);
        let mut seen = std::mem::take(&mut *lock(&self.seen));
        let mut paths: BTreeMap<String, (SeenPath, String)> = BTreeMap::new();
        for (operation, own) in std::mem::take(&mut seen.paths) {
            match paths.entry(templates.operation(&operation.as_str().into()).to_string()) {
                std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert((own, operation))),
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().0.tally.merge(own.tally),
            }
        }
        let mut paths: Vec<(String, (SeenPath, String))> = paths.into_iter().collect();
        paths.sort_by(|a, b| b.1.0.tally.count.cmp(&a.1.0.tally.count).then_with(|| a.0.cmp(&b.0)));
        let told = paths.into_iter().take(TOLD);
        let explained = told.map(|(name, (path, read))| self.path(&name, path, &read, &templates, &catalogue, job));
        let explained: Vec<PathExplanation> = explained.collect();
        if self.path.is_some() && explained.is_empty() {
            let paths = run.summary.operations.iter().filter_map(|operation| operation.name.split_once(' '));
            paths.for_each(|(_, path)| self.offer(path));
        }
        let id = self.id(&mut seen, &templates);
        let actors = std::mem::take(&mut seen.actors).into_iter();
        let actors = actors.map(|(name, actor)| actor.explained(name, &seen.logins));
        Explanation { subject: self.shown.clone(), paths: explained, actors: actors.collect(), id, nearest: Vec::new() }
    }

    fn path(
        &self,
        name: &str,
        path: SeenPath,
        read: &str,
        templates: &Templates,
        catalogue: &Catalogue,
        job: &Job,
    ) -> PathExplanation {
        let listed = catalogue.find(name);
        let from = match (listed, &job.model) {
            (Some(_), _) => "openapi",
            (None, Some(_)) if path.matched => "model",
            (None, Some(_)) => "nothing",
            (None, None) => "guess",
        };
        let method = name.split(' ').next().unwrap_or_default();
        let operation = listed.map_or_else(|| name.to_owned(), |(listed, _)| format!("{method} {}", listed.path));
        let described = listed.map(|(listed, own)| {
            let id = listed.id.as_ref().filter(|_| own).map(|id| format!(", operationId {id}")).unwrap_or_default();
            let other = if own { "" } else { ", by another method" };
            format!("{}:{}{id}{other}", listed.file, listed.line)
        });
        let template = |text: &str| text.split_once(' ').map_or(String::new(), |(_, path)| path.to_owned());
        let by_looks = segment_reasons(&path.segments, &template(read));
        let learnt = templates.explained(read);
        let parts: Vec<String> =
            template(&operation).split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let given = match from {
            "openapi" => Some("given by the document"),
            "model" => Some("given by the model"),
            _ => None,
        };
        let segments = path.segments.iter().enumerate().map(|(at, segment)| {
            let look = by_looks.get(at).copied().flatten();
            let secret = look.is_some_and(|why| why.contains("secret"));
            let learnt = learnt.get(at).and_then(|(_, why)| *why);
            let unknown = "kept: nothing that was read tells it from a word";
            let why = given.or(look).or(learnt).unwrap_or(unknown);
            SegmentExplanation {
                segment: if secret { "[secret]".to_owned() } else { self.redactor.text(segment) },
                part: parts.get(at).cloned().unwrap_or_else(|| "**".to_owned()),
                why: why.to_owned(),
            }
        });
        PathExplanation {
            operation,
            template_from: from.to_owned(),
            described,
            activity: path.activity,
            exchanges: path.tally.count,
            first: path.tally.first(),
            segments: segments.collect(),
        }
    }

    fn id(&self, seen: &mut Seen, templates: &Templates) -> Option<IdExplanation> {
        let mut names: BTreeMap<(String, String), Tally> = BTreeMap::new();
        for ((place, operation), tally) in std::mem::take(&mut seen.names) {
            let operation = templates.operation(&operation.as_str().into()).to_string();
            names.entry((place, operation)).or_default().merge(tally);
        }
        let objects = std::mem::take(&mut seen.objects);
        if names.is_empty() && objects.is_empty() {
            return None;
        }
        let mut names: Vec<IdName> = names
            .into_iter()
            .map(|((place, operation), tally)| IdName {
                place,
                operation,
                exchanges: tally.count,
                first: tally.first(),
            })
            .collect();
        names.sort_by(|a, b| {
            b.exchanges.cmp(&a.exchanges).then_with(|| (&a.place, &a.operation).cmp(&(&b.place, &b.operation)))
        });
        names.truncate(TOLD);
        let objects = objects.into_iter().map(|((object_type, key), object)| IdObject {
            object_type,
            key,
            events: object.tally.count,
            first: object.tally.first(),
            last: object.tally.last(),
            qualifiers: object.qualifiers,
            attributes: listed(object.attributes),
        });
        let mut objects: Vec<IdObject> = objects.collect();
        objects.sort_by(|a, b| {
            b.events.cmp(&a.events).then_with(|| (&a.object_type, &a.key).cmp(&(&b.object_type, &b.key)))
        });
        objects.truncate(TOLD);
        Some(IdExplanation { names, objects })
    }
}

fn spot_of(event: &Event) -> String {
    format!("{} in {}", rfc3339(event.time), event.origin)
}

fn listed(attributes: BTreeMap<&'static str, BTreeSet<String>>) -> BTreeMap<String, Vec<String>> {
    attributes.into_iter().map(|(name, values)| (name.to_owned(), values.into_iter().collect())).collect()
}

/// Keeps the least few values, whatever their order.
fn keep<'v>(set: &mut BTreeSet<String>, values: impl IntoIterator<Item = &'v str>) {
    for value in values {
        set.insert(value.to_owned());
        if set.len() > VALUES {
            set.pop_last();
        }
    }
}

impl Seen {
    fn add_actor(&mut self, name: &str, event: &Event, bound_by: Option<(i64, EventId)>) {
        let seen = self.actors.entry(name.to_owned()).or_default();
        let actor = &event.actor;
        seen.tally.add(event.time, event.id.0, || spot_of(event));
        *seen.evidence.entry(actor.evidence).or_default() += 1;
        actor.doubts.iter().for_each(|doubt| *seen.doubts.entry(doubt.as_str()).or_default() += 1);
        if let Some(hash) = &actor.credential
            && (seen.credentials.len() < MOST || seen.credentials.contains_key(&**hash))
        {
            let known = seen.credentials.entry(hash.to_string()).or_default();
            known.tally.add(event.time, event.id.0, || spot_of(event));
            known.bound = [known.bound, bound_by].into_iter().flatten().min();
            known.evidence = known.evidence.max(actor.evidence);
        }
        keep(&mut seen.others, actor.others.iter().map(|other| &**other));
        let mut add = |attribute, values: &[&str]| {
            if !values.is_empty() {
                keep(seen.attributes.entry(attribute).or_default(), values.iter().copied());
            }
        };
        if actor.kind_known {
            add("kind", &[&actor.kind]);
        }
        add("roles", &actor.roles.iter().map(|role| &**role).collect::<Vec<_>>());
        let (tenant, agent) = (actor.tenant.as_deref(), actor.agent.as_deref());
        for (attribute, value) in [("tenant", tenant), ("agent", agent), ("client", actor.client.as_deref())] {
            add(attribute, value.as_slice());
        }
        add("issuer", actor.issuer.as_deref().as_slice());
        if seen.sessions.len() < MOST {
            seen.sessions.extend(event.session.as_deref().map(str::to_owned));
        }
        let operation = event.operation.as_deref().unwrap_or("unmatched");
        if seen.operations.len() < MOST || seen.operations.contains_key(operation) {
            *seen.operations.entry(operation.to_owned()).or_default() += 1;
        }
    }

    fn add_object(&mut self, event: &Event, object: &crate::event::ObjectRef) {
        let id = (object.id.object_type.to_string(), object.id.key.to_string());
        if self.objects.len() >= MOST && !self.objects.contains_key(&id) {
            return;
        }
        let seen = self.objects.entry(id).or_default();
        seen.tally.add(event.time, event.id.0, || spot_of(event));
        *seen.qualifiers.entry(object.qualifier.to_string()).or_default() += 1;
        let case = event.case.as_ref().map(ToString::to_string);
        let values = [
            ("owner", object.owner.as_deref()),
            ("tenant", object.tenant.as_deref()),
            ("states", object.declared_state.as_deref()),
            ("actors", event.actor.principal.as_deref()),
            ("case", case.as_deref()),
        ];
        for (attribute, value) in values.into_iter().filter_map(|(attribute, value)| Some((attribute, value?))) {
            keep(seen.attributes.entry(attribute).or_default(), [value]);
        }
    }
}

impl SeenActor {
    fn explained(self, name: String, logins: &BTreeMap<EventId, String>) -> ActorExplanation {
        let mut credentials: Vec<(String, SeenCredential)> = self.credentials.into_iter().collect();
        credentials.sort_by(|a, b| a.1.tally.first.cmp(&b.1.tally.first));
        let credentials = credentials.into_iter().take(TOLD).map(|(hash, seen)| CredentialExplanation {
            hash,
            tier: seen.evidence.as_str().to_owned(),
            events: seen.tally.count,
            first: seen.tally.first(),
            bound_by: seen.bound.map(|(time, id)| {
                let elsewhere = || format!("a login at {} that is not among the events", rfc3339(time));
                logins.get(&id).cloned().unwrap_or_else(elsewhere)
            }),
        });
        let mut operations: Vec<(String, u64)> = self.operations.into_iter().collect();
        operations.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        operations.truncate(VALUES);
        let evidence = self.evidence.into_iter().rev().map(|(evidence, events)| EvidenceCount {
            tier: evidence.as_str().to_owned(),
            confidence: evidence.confidence(),
            events,
        });
        ActorExplanation {
            name,
            evidence: evidence.collect(),
            credentials: credentials.collect(),
            doubts: self.doubts.into_iter().map(|(doubt, events)| (doubt.to_owned(), events)).collect(),
            others: self.others.into_iter().collect(),
            attributes: listed(self.attributes),
            sessions: self.sessions.len() as u64,
            operations,
            first: self.tally.first(),
            last: self.tally.last(),
        }
    }
}
