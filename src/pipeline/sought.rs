//! What is looked for while all is analysed: a path, an actor or an id, and why it is what it is taken for.

mod seen;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use offpath_capture::Exchange;

use super::reading::lock;
use super::{Job, Run};
use crate::correlate::UnmodelledCall;
use crate::correlate::ledger::IdHasher;
use crate::correlate::{
    Catalogue, Extracted, Pseudonyms, Redactor, Resolver, mentions, path_segments, segment_reasons,
};
use crate::event::{Event, EventId, HandedId, ObjectId, path, rfc3339};
use crate::mine::Templates;
use crate::report::{Explanation, IdExplanation, IdName, IdObject, PathExplanation, SegmentExplanation};
use seen::{Seen, SeenHanded, SeenPath, Tally, kept, listed, spot_of};

/// Templates, names, objects or credentials kept of what is asked for: the least of them.
const MOST: usize = 10_000;
/// Parts of each sort that are told.
const TOLD: usize = 20;

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
    /// Hashes of the id, as it is written and as outputs show it.
    hashes: BTreeSet<u64>,
    redactor: Redactor,
    offer: Mutex<Offer>,
    seen: Mutex<Seen>,
    logins: OnceLock<BTreeSet<EventId>>,
}

struct AskedPath {
    method: Option<String>,
    segments: Vec<String>,
}

impl Sought {
    /// Looks for what was typed: a path or `METHOD /path` (in which `{...}` fits any segment), else an actor's name or an
    /// id, with its type before it (`order:ord_1`) or not, in the words that traffic has or in those that outputs show.
    pub fn new(typed: &str, ids: &IdHasher, redactor: Redactor, offer: Offer) -> Sought {
        let (method, path) = match typed.split_once(" /") {
            Some((method, _)) => (Some(method.to_ascii_uppercase()), typed.get(method.len() + 1..)),
            None => (None, typed.starts_with('/').then_some(typed)),
        };
        let name = typed.strip_prefix("actor:").unwrap_or(typed);
        let object = name.split_once(':').filter(|(kind, key)| !kind.is_empty() && !key.is_empty());
        let key = object.map_or(name, |(_, key)| key);
        let texts = [name, key, key.rsplit_once('/').map_or(key, |(_, own)| own)];
        let hashes = texts.iter().flat_map(|text| [ids.value(text), ids.value(&redactor.text(text))]).collect();
        Sought {
            hashes,
            typed: name.to_owned(),
            shown: if path.is_some() { redactor.target(typed) } else { redactor.text(name) },
            path: path.map(|path| AskedPath { method, segments: path_segments(path) }),
            object: object.map(|(kind, key)| (kind.to_owned(), key.to_owned())),
            redactor,
            offer: Mutex::new(offer),
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

    /// Whether an event may be about the id: under a tenant that begins paths only what is that tenant's.
    fn is_at(&self, event: &Event) -> bool {
        let key = self.object.as_ref().map_or(&*self.typed, |(_, key)| key);
        let begins = path::tenant(event.operation.as_deref(), &event.path);
        key.split_once('/').zip(begins).is_none_or(|((tenant, _), begins)| tenant == begins)
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
        let operation = event
            .and_then(|event| event.operation.as_deref())
            .or_else(|| extracted.unmodelled.first().map(UnmodelledCall::name));
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
                if let Some(known) = kept(&mut seen.paths, operation) {
                    let before = known.tally.first.as_ref().map(|(time, key, _)| (*time, *key));
                    if before.is_none_or(|before| (exchange.time.0, exchange.key) < before) {
                        known.segments = segments;
                    }
                    known.tally.add(exchange.time.0, exchange.key, spot);
                    known.matched |= event.is_some_and(|event| event.operation.is_some());
                    let activity = event.and_then(|event| event.activity.as_deref().map(str::to_owned));
                    known.activity = [known.activity.take(), activity].into_iter().flatten().min();
                }
            }
            return;
        }
        // What nothing knows is no name to tell here: its words may be somebody's.
        let operation = event.map_or("unmatched", |event| event.operation.as_deref().unwrap_or("unmatched"));
        for place in mentions(exchange, &self.redactor, &|text| self.is_it(text)) {
            let mut seen = lock(&self.seen);
            let known = kept(&mut seen.names, (place, operation.to_owned()));
            known.into_iter().for_each(|known| known.add(exchange.time.0, exchange.key, spot));
        }
    }

    /// Looks at an event of which everything is known.
    pub(super) fn event(&self, event: &Event, resolver: &Resolver, pseudonyms: Option<&Pseudonyms>) {
        if self.path.is_some() {
            return;
        }
        let logins = self.logins.get_or_init(|| resolver.logins());
        let mut shown = std::borrow::Cow::Borrowed(event);
        if let Some(pseudonyms) = pseudonyms {
            pseudonyms.event(shown.to_mut());
        }
        // What was asked for is looked for as traffic has it as well: rules hide it in what is shown.
        let (raw, event) = (event, &*shown);
        if logins.contains(&event.id) {
            let called = format!("{} {} at {}", event.method, event.path, spot_of(event));
            if let Some(known) = kept(&mut lock(&self.seen).logins, event.id) {
                *known = called;
            }
        }
        let actor = &event.actor;
        let names = [&actor.principal, &actor.agent, &actor.client];
        let own = [&raw.actor.principal, &raw.actor.agent, &raw.actor.client];
        let is_name = |(name, own): &(&Option<Arc<str>>, &Option<Arc<str>>)| {
            self.is_name(name.as_deref()) || self.is_name(own.as_deref())
        };
        if let Some(name) = names.into_iter().zip(own).find(is_name).and_then(|(name, _)| name.as_ref()) {
            lock(&self.seen).add_actor(name, event, resolver.bound_by(raw));
        }
        let is_key = |id: &ObjectId| self.is_key(&id.object_type, &id.key);
        for (object, own) in event.objects.iter().zip(&raw.objects) {
            if is_key(&object.id) || is_key(&own.id) {
                lock(&self.seen).add_object(event, object);
            }
        }
        if let Some(handed) = event.handed.as_ref().filter(|_| self.is_at(event)) {
            let has = |ids: &[HandedId]| ids.iter().any(|id| self.hashes.contains(&id.value));
            for given in [(has(&handed.given), true), (has(&handed.asked), false)] {
                if given.0 {
                    lock(&self.seen).add_handed(event, given.1);
                }
            }
        }
        actor.principal.iter().for_each(|name| self.offer(name));
        event.objects.iter().for_each(|object| self.offer(&object.id.to_string()));
    }

    fn offer(&self, name: &str) {
        (*lock(&self.offer))(name);
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
                Entry::Vacant(entry) => drop(entry.insert((own, operation))),
                Entry::Occupied(mut entry) => entry.get_mut().0.tally.merge(own.tally),
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
        let operation = match (listed, from, name.split_once(' ')) {
            (Some((listed, _)), ..) => format!("{method} {}", listed.path),
            (None, "nothing", Some((_, path))) => format!("{method} {}", self.redactor.target(path)),
            (None, ..) => name.to_owned(),
        };
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
        let mut handed: Vec<(String, SeenHanded)> = std::mem::take(&mut seen.handed).into_iter().collect();
        handed.sort_by(|a, b| (a.1.begin(), &a.0).cmp(&(b.1.begin(), &b.0)));
        let actors = handed.into_iter().take(TOLD).map(|(actor, seen)| seen.explained(actor)).collect();
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
        Some(IdExplanation { names, actors, objects })
    }
}
