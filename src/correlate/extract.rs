//! Extract: one exchange into events and facts, looking at nothing but that exchange.

mod calls;
mod extracted;
mod learning;
mod logging_in;
mod marks;
mod outcome;
mod sensor;
mod turns;
mod unmodelled;
mod volatile;

pub use extracted::{CallCount, Extracted, Sighting};
pub(super) use outcome::{asks_status, by_status};

use std::sync::Arc;

use offpath_capture::{Call, CallOutcome, Calls, Exchange, Place, Protocol, Schema, Sender, calls, grpc_as_json};

use calls::{is_told, told_of_none};
pub(super) use outcome::is_safe;
use outcome::outcome;
use sensor::sensor;

use super::credential::{HashKey, Keys, Shown, session_cookies};
use super::form::{self, SentOn};
use super::guess::{self, Guess};
use super::identity::{self, Naming};
use super::ledger::{self, IdHasher};
use super::login::{self, Bindings};
use super::members;
use super::method;
use super::object::{self, Found, Objects};
use super::operation::{Operations, Route};
use super::paths;
use super::proxy::{self, Proxies};
use super::reading::{Bodies, Reading};
use super::redact::{Masker, Redaction, RedactionRules};
use super::run::Marks;
use super::secret_segment::secret_parameters;
use super::setting;
use super::signature;
use super::span;
use super::spoken;
use super::target::{Target, is_placeholder};
use super::template::Template;
use super::token_keys::TokenKeys;
use crate::event::{Actor, Doubt, Event, EventId, Evidence, Mark, Marks as Marked, Outcome, Setting, Shows, Value};
use crate::model::expression::{self, Bound, Scope, Truth};
use crate::model::{Activity, ActivityId, AddressBlock, Description, Model, Path};

/// Longest name of a cookie that is told.
const LONGEST_COOKIE: usize = 64;
/// Most elements of lists that become events of one exchange; what else it calls becomes an event beside them.
const MOST_ELEMENTS: usize = 1_000;
/// Most activities that one request may be when the input does not show which.
const MOST_POSSIBLE: usize = 8;

/// Turns exchanges into events. Shared by all threads; an exchange's events depend on nothing else.
#[derive(Clone, Debug)]
pub struct Extractor {
    model: Option<Arc<Model>>,
    key: HashKey,
    masker: Masker,
    /// What the user has hidden, to count what it catches.
    rules: Arc<RedactionRules>,
    operations: Operations,
    /// Documents describe operations, beside those that the model imports.
    described: bool,
    bodies: Bodies,
    login: Bodies,
    creators: Vec<ActivityId>,
    secret_types: Vec<bool>,
    /// Some activity is told by its host.
    asks_hosts: bool,
    /// Schemas of gRPC services.
    schema: Option<Arc<Schema>>,
    /// Keys that sign tokens.
    token_keys: Option<Arc<TokenKeys>>,
    proxies: Proxies,
    /// Hashes of ids that go over, where they are kept.
    ids: Option<IdHasher>,
    /// How requests were made is noted, with such hashes.
    settings: Option<IdHasher>,
}

/// Who acts, as far as the exchange alone tells.
#[derive(Clone, Copy)]
struct Acting<'a> {
    actor: &'a Actor,
    /// The model's path that told the tenant.
    told_by: Option<&'a Path>,
    shown: &'a [Shown],
}

/// What a request calls.
#[derive(Default)]
struct Called<'m> {
    operation: Option<Arc<str>>,
    guess: Option<Guess>,
    /// Activities that it may be: one when certain.
    activities: Vec<&'m Activity>,
    certain: bool,
    /// A document describes the path, and the model does not name it.
    described: bool,
    /// The model names the path for other methods only.
    other_method: bool,
}

impl Extractor {
    /// Compiles a model's matchers and paths. Without one, operations and objects are told by their looks.
    pub fn new(model: Option<Arc<Model>>, key: HashKey) -> Extractor {
        Extractor::redacting(model, key, Redaction::default())
    }

    /// As [`Extractor::new`], with another level of redaction. [`Redaction::Hash`] needs [`Pseudonyms`](super::Pseudonyms)
    /// behind the comparison as well: names must be themselves while they are compared with the model's.
    pub fn redacting(model: Option<Arc<Model>>, key: HashKey, redaction: Redaction) -> Extractor {
        let mut bodies = Bodies::new();
        let mut operations = Operations::default();
        let (mut creators, mut secret_types) = (Vec::new(), Vec::new());
        let mut masker = Masker::new(key.clone(), redaction);
        if let Some(model) = &model {
            paths::wanted(model, &mut bodies);
            operations = Operations::compile(model);
            creators = creating(model);
            masker = masker.with_secret_parameters(secret_parameters(model));
            secret_types = object::secret_types(model, &masker);
        }
        let asks_hosts = model.iter().flat_map(|m| &m.activities).flat_map(|a| &a.matchers).any(|m| m.host.is_some());
        let login = login::wanted();
        let proxies = Proxies::new(model.iter().flat_map(|model| model.actors.trusted_proxies.clone()).collect());
        Extractor {
            model,
            key,
            masker,
            rules: Arc::default(),
            operations,
            described: false,
            bodies,
            login,
            creators,
            secret_types,
            asks_hosts,
            schema: None,
            token_keys: None,
            proxies,
            ids: None,
            settings: None,
        }
    }

    /// The same, with rules beside the level. Those for names need [`Pseudonyms`](super::Pseudonyms) as well.
    #[must_use]
    pub fn with_rules(self, rules: Arc<RedactionRules>) -> Extractor {
        Extractor { masker: self.masker.with_rules(Arc::clone(&rules)), rules, ..self }
    }

    /// The same, with keys by which the signatures of tokens are verified.
    #[must_use]
    pub fn with_token_keys(self, token_keys: Option<Arc<TokenKeys>>) -> Extractor {
        Extractor { token_keys, ..self }
    }

    /// The same, with proxies that are trusted to say for whom they speak, beside those that the model names.
    #[must_use]
    pub fn with_trusted_proxies(mut self, blocks: &[AddressBlock]) -> Extractor {
        self.proxies.extend(blocks);
        self
    }

    /// The same, with documents that describe operations, beside those that the model imports.
    #[must_use]
    pub fn with_documents(mut self, documents: &[Arc<Description>]) -> Extractor {
        self.operations.describe(documents);
        self.described |= !documents.is_empty();
        self
    }

    /// Proxies that are trusted to say for whom they speak.
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    fn keys(&self) -> Keys<'_> {
        Keys { hash: &self.key, tokens: self.token_keys.as_deref() }
    }

    fn naming(&self) -> Naming<'_> {
        let model = self.model.as_ref().map(|model| &model.actors);
        Naming { model, keys: self.keys(), masker: &self.masker, proxies: &self.proxies }
    }

    /// The same, with the ids that go over in each exchange, for a ledger of them.
    #[must_use]
    pub fn keeping_ids(mut self, keep: bool) -> Extractor {
        self.ids = keep.then(|| IdHasher::new(&self.key));
        self
    }

    /// The same, with how each request was made, for a pass over actors.
    #[must_use]
    pub fn noting_settings(mut self, note: bool) -> Extractor {
        self.settings = note.then(|| IdHasher::new(&self.key));
        self
    }

    /// The same, with schemas by which the messages of gRPC calls are decoded.
    #[must_use]
    pub fn with_schema(self, schema: Option<Arc<Schema>>) -> Extractor {
        Extractor { schema, ..self }
    }

    /// Events and facts of one exchange. An exchange whose request was not seen, or that no client asked for, gives none.
    pub fn extract(&self, exchange: &Exchange) -> Extracted {
        if exchange.request.is_none() || exchange.pushed {
            return Extracted::default();
        }
        let decoded = grpc_as_json(exchange, self.schema.as_deref());
        let sent = decoded.as_ref().unwrap_or(exchange);
        let overridden = self.overridden(sent);
        let exchange = overridden.as_ref().unwrap_or(sent);
        let mut reading = Reading::of(exchange, &self.bodies);
        reading.signer = signature::signer(sent, reading.headers_whole(), self.token_keys.as_deref());
        let shown = self.naming().shown(&reading);
        reading.claims = identity::claims(&reading, &shown);
        // What gRPC says is no JSON that anybody sent.
        let found = if decoded.is_some() { Calls::default() } else { calls(exchange) };
        let called: Vec<&Call> = found.calls.iter().filter(|call| call.sender == Sender::Client).collect();
        let inside = CallCount::of(&called);
        let caught = self.rules.count(exchange);
        let forwards = self.forwards(&reading);
        let handed = self.ids.as_ref().map(|ids| {
            let all: Vec<&Call> = found.calls.iter().collect();
            Box::new(ledger::handed(exchange, &reading.target, &all, ids, &self.masker))
        });
        if self.goes_by_calls(&reading, &called, &found.unseen) {
            let mut out = self.extract_calls(&mut reading, &shown, &called, &found.unseen);
            if exchange.protocol != Protocol::WebSocket && self.has_route(&reading) {
                let mut whole = Reading::of(exchange, &self.bodies);
                (whole.claims, whole.signer) = (reading.claims.take(), reading.signer.take());
                let batch = called.iter().any(|call| call.request.is_some());
                self.extract_path(&mut whole, &shown, batch, &mut out);
            }
            if let Some(event) = out.events.first_mut() {
                event.handed = handed;
                spoken::ask(event, &reading, &found.calls, &self.key);
            }
            return Extracted { inside, forwards, caught, ..out };
        }
        let called = self.called(&mut reading, self.model.as_deref());
        let mut out = Extracted { inside, forwards, caught, ..Extracted::default() };
        self.events(&mut reading, &called, &shown, MOST_ELEMENTS, &mut out);
        self.note_unmodelled(&reading, &called, 0, &mut out);
        if let Some(event) = out.events.first_mut() {
            event.handed = handed;
        }
        out
    }

    /// An exchange by the method that its request asks to be taken for. A POST that the model names stays one: a server that
    /// does not take it for anything else would do what is not seen.
    fn overridden(&self, exchange: &Exchange) -> Option<Exchange> {
        let overridden = method::overridden(exchange)?;
        let sent = Reading::of(exchange, &self.bodies);
        (self.model.is_none() || !self.has_route(&sent)).then_some(overridden)
    }

    /// The peer that speaks for somebody else without being a declared proxy, and the hash of for whom.
    fn forwards(&self, reading: &Reading<'_>) -> Option<(Arc<str>, u64)> {
        let (peer, hop) = proxy::stands_before(reading).filter(|_| !self.proxies.speaks(reading))?;
        let hop = self.key.hash("address", &[hop.to_string().as_bytes()]).to_u64();
        Some((self.masker.address(peer), hop))
    }

    /// The events of what was called: one for each activity that it may be, or is, and each element of its list as far
    /// as there is `room`; of the elements beyond, one event says that there are some.
    fn events(
        &self,
        reading: &mut Reading<'_>,
        called: &Called<'_>,
        shown: &[Shown],
        room: usize,
        out: &mut Extracted,
    ) {
        let naming = self.naming();
        let (actor, told_by) = naming.actor(reading, shown);
        let acting = Acting { actor: &actor, told_by, shown };
        if actor.evidence > Evidence::Device {
            out.known_address = naming.place_name(reading).map(|(name, _)| name);
        } else {
            let other = reading.header("cookie").and_then(|sent| session_cookies(sent).1);
            out.cookie = other.filter(|name| name.len() <= LONGEST_COOKIE).map(|name| self.masker.shared(name));
        }
        if called.activities.is_empty() {
            self.event(reading, called, None, acting, out);
        }
        let room = (room / called.activities.len().max(1)).max(1);
        for activity in &called.activities {
            let elements = elements(reading, activity);
            for element in 0..elements.min(room) {
                reading.element = activity.each.clone().map(|list| (list, element));
                self.event(reading, called, Some(activity), acting, out);
            }
            reading.element = None;
            if elements > room {
                reading.hides_elements = true;
                self.event(reading, called, Some(activity), acting, out);
                reading.hides_elements = false;
                out.left_out = true;
            }
        }
    }

    fn called<'m>(&self, reading: &mut Reading<'_>, model: Option<&'m Model>) -> Called<'m> {
        let method = reading.method();
        let matched = self.operations.find(method, reading.host.as_deref(), &reading.target);
        let Some(model) = model else { return self.guessed(reading, matched.and_then(|matched| matched.described)) };
        // That a document describes the path of a hidden body does not say which of the model's calls are in it.
        let hides = || self.operations.has_calls() && !request_is_whole(reading);
        let Some(matched) = matched.filter(|matched| matched.modelled || !hides()) else {
            return self.unknown(reading);
        };
        reading.parameters = matched.parameters;
        if !matched.modelled && !is_safe(method) {
            // A document may name otherwise what the model's templates have behind the same word.
            let mut more = self.operations.named_elsewhere(&reading.target);
            more.retain(|(name, value)| {
                let known = reading.parameters.iter().any(|(own, _)| own == name);
                !known && reading.parameters.iter().any(|(_, own)| own == value)
            });
            reading.parameters.extend(more);
        }
        if reading.template {
            reading.parameters.retain(|(_, value)| !is_placeholder(value));
        }
        if let Some(location) = reading.exchange.response.as_ref().and_then(|r| r.headers.text("location")) {
            let created = self.operations.parameters(&Target::parse(location));
            // A redirect back to the same object creates nothing.
            reading.created = created.into_iter().map(|(n, v)| (n, v.into_owned().into())).collect();
        }
        let (possible, certain) = possible(reading, &matched.routes);
        let activities = possible.iter().filter_map(|id| model.activities.get(usize::from(id.0)));
        let refused = reading.outcome_status().is_some_and(|s| s >= 400);
        // A refused request of which nobody knows what it asked for moved nothing: it stays unnamed.
        let activities = if certain || !refused { activities.take(MOST_POSSIBLE).collect() } else { Vec::new() };
        let operation = Some(format!("{method} {}", matched.template).into());
        let described = matched.described.is_some() && !matched.modelled;
        let other_method = matched.modelled && matched.routes.is_empty();
        Called { operation, guess: None, activities, certain, described, other_method }
    }

    /// What a request calls that no activity of the model names.
    fn unknown<'m>(&self, reading: &mut Reading<'_>) -> Called<'m> {
        // What changes a known object by a way that the model does not have is of its case all the same.
        if !is_safe(reading.method()) && !reading.template {
            let looks = Template::of(&reading.target.segments).variables;
            reading.parameters = self.operations.named_elsewhere(&reading.target);
            reading.parameters.retain(|(_, value)| looks.iter().any(|variable| *variable.value == **value));
        }
        Called { certain: true, ..Called::default() }
    }

    /// What a request calls without a model: as a document describes it, else by its looks.
    fn guessed<'m>(&self, reading: &Reading<'_>, described: Option<Template>) -> Called<'m> {
        let response = reading.exchange.response.as_ref();
        let is_described = described.is_some();
        let (guess, name) = match described {
            Some(template) => {
                let name = Arc::clone(&template.text);
                (Guess::described(template, reading.template, response), name)
            }
            None => {
                let guess = Guess::of(&reading.target.segments, reading.template, response);
                let guess = guess.with_invoked(reading.exchange.request.as_ref(), &reading.target, &self.masker);
                let name = format!("{}{}", self.masker.path(&guess.template.text), guess.selector());
                (guess, name.into())
            }
        };
        let masked = reading.target.path == "*";
        let operation = (!masked).then(|| format!("{} {name}", self.masker.method(reading.method())).into());
        Called { operation, guess: Some(guess), certain: true, described: is_described, ..Called::default() }
    }

    fn event(
        &self,
        reading: &mut Reading<'_>,
        called: &Called<'_>,
        activity: Option<&Activity>,
        acting: Acting<'_>,
        out: &mut Extracted,
    ) {
        let Some(request) = &reading.exchange.request else { return };
        let exchange = reading.exchange;
        let settled = called.certain || activity.is_none();
        let outcome = if settled { outcome(reading, activity) } else { Outcome::Unknown };
        let sent_on = if self.model.is_none() { form::sent_on(reading) } else { None };
        // What nobody says the meaning of has the usual one: a form that was taken leads on to its result.
        let outcome = if sent_on == Some(SentOn::Result) { Outcome::Accepted } else { outcome };
        out.sent_on = sent_on;
        let told = if reading.beside_calls { told_of_none(out, activity) } else { None };
        let outcome = told.unwrap_or(outcome);
        let id = event_id(exchange.key, out.events.len());
        let stamp = (exchange.time.0, id);
        let mut found = self.objects(reading, called, activity, outcome, acting);
        if reading.beside_calls && is_told(out, activity, &found) {
            return;
        }
        let mut actor = acting.actor.clone();
        // A session beside it may be more to go by.
        let alone = acting.actor.also.is_empty() || !acting.actor.may_yield();
        let sure = alone && acting.actor.evidence >= Evidence::Bound;
        let known = acting.actor.principal.as_ref().filter(|_| sure);
        let mut bindings = self.bindings(reading, activity, outcome, acting.shown, known);
        // What was given out here has not served anybody yet.
        bindings.enters =
            login::is_entrance(reading) || bindings.perhaps.as_ref().is_some_and(|perhaps| !perhaps.made.is_empty());
        // Who shows a refresh token beside one that is over does what it is there for.
        if actor.token_end.is_some() && actor.doubts.has(Doubt::Expired) && outcome == Outcome::Accepted {
            actor.token_end = actor.token_end.filter(|_| !login::renews(&self.probe(reading)));
        }
        let mut holder = identity::holder(&actor);
        self.log_in(reading, &bindings, &mut actor, &mut holder);
        // What one request does several times over was asked for once.
        let first = out.events.is_empty() || reading.call.is_some();
        let mut setting = first.then(|| self.setting(reading, activity, acting.shown, &bindings)).flatten();
        setting.iter_mut().for_each(|setting| self.mark_described(reading, called, activity, &mut setting.marks));
        let members =
            (first && (self.settings.is_some() || self.model.is_none())).then(|| members::of(reading)).flatten();
        let (members, said) = members.map_or((None, Vec::new()), |(members, said)| (Some(Box::new(members)), said));
        let exchanged = bindings.exchanged.clone().map(Box::new);
        if self.model.is_none() {
            out.roles = self.role_places(reading, !bindings.made.is_empty());
            out.said.extend(said.into_iter().filter(|(name, _)| !self.masker.hides_key(&format!("req.{name}"))));
        }
        let end = exchange.end.map_or(exchange.time.0, |e| e.0.max(exchange.time.0));
        self.learn(activity, outcome, &found, &actor, &holder, bindings, (stamp, end), &mut out.facts);
        if let Some(guess) = called.guess.as_ref().filter(|_| outcome == Outcome::Accepted) {
            let response = exchange.response.as_ref().filter(|_| reading.call.is_none());
            out.ids.extend(guess.ids(response, &self.masker));
        }
        out.facts.shows_roles = self.shows_roles(reading, &actor);
        if first && outcome == Outcome::Accepted {
            out.worded = std::mem::take(&mut found.worded);
            out.goes_by = found.goes_by.take();
        }
        if out.events.is_empty() {
            out.facts.given = self.given(reading, acting.shown);
        }
        let marks = Marks::of(reading, &actor, &self.key);
        let run = marks.first().map(|mark| mark.to_string().into());
        out.facts.runs.extend(run.is_some().then_some(marks));
        // A GET that opened a WebSocket says nothing of what is sent on it.
        let by_method =
            || called.guess.as_ref().map_or_else(|| is_safe(&request.method), |g| g.reads_by(&request.method));
        let safe = || exchange.protocol != Protocol::WebSocket && by_method();
        let read = reading.call.map_or_else(safe, Call::is_read);
        let guessed = self.model.is_none();
        let made = !read && outcome == Outcome::Accepted && found.is_made();
        let seen = found.objects.iter().zip(&found.sources).zip(found.places);
        out.sightings.extend(seen.map(|((o, s), places)| Sighting {
            object_type: o.id.object_type.clone(),
            source: *s,
            guessed,
            places,
        }));
        let idempotency = self.idempotency(reading, activity, out.calls.len());
        let mut answer = self.answer(reading, called, found.objects.first());
        answer.made = made;
        out.events.push(Event {
            id,
            time: exchange.time.0,
            end,
            tick: exchange.tick,
            turn: reading.turn,
            sensor: sensor(reading),
            source: source(exchange),
            shows: shows(reading),
            origin: exchange.origin.clone().of_call(reading.place),
            response_origin: exchange.response_origin.clone(),
            method: Arc::from(self.masker.method(&request.method)),
            host: reading.host.as_deref().map(Arc::from),
            operation: called.operation.clone(),
            path: self.masker.path(reading.target.path),
            activity: activity.map(|a| a.name.clone()),
            read: activity.map_or(read, |a| a.read),
            actor,
            session: None,
            run,
            tenants: self.naming().tenants(reading),
            outcome,
            status: reading.status(),
            objects: found.objects,
            case: None,
            attributes: match &self.model {
                Some(_) => self.attributes(reading, activity),
                None => found.unsaid.into_iter().map(|(place, key)| (place, Value::Text(key))).collect(),
            },
            body_hash: match reading.call {
                Some(call) => self.call_hash(call),
                None if idempotency.is_some() => self.asked_hash(&request.body, exchange.time.0),
                None => self.body_hash(&request.body),
            },
            idempotency,
            answer,
            handed: None,
            spoken: spoken::of(reading, acting.actor, &self.key, &self.masker),
            setting,
            members,
            request_id: self.request_id(reading),
            correlated: self.is_correlated(reading),
            span: self.settings.as_ref().and_then(|ids| span::of(reading, ids)).map(Box::new),
            exchanged,
            unplaced: Vec::new(),
            state_before: Vec::new(),
            state_after: Vec::new(),
        });
    }

    /// How the request was made, where that is noted.
    fn setting(
        &self,
        reading: &Reading<'_>,
        activity: Option<&Activity>,
        shown: &[Shown],
        bindings: &Bindings,
    ) -> Option<Box<Setting>> {
        let ids = self.settings.as_ref()?;
        // A login by its path, the model's word, or by what it gave out.
        let binds = activity.is_some_and(|activity| !activity.bind.is_empty());
        let is_login = binds || !bindings.made.is_empty() || login::looks_like_login(reading);
        let probe = is_login.then(|| self.probe(reading));
        let looked = probe.as_ref().unwrap_or(reading);
        let attempt = login::attempt(looked, is_login, shown, bindings);
        let spent = login::spent(looked, &self.key);
        let seen = setting::Seen { shown, bindings, attempt: &attempt, spent };
        Some(Box::new(setting::of(reading, seen, &self.proxies, ids)))
    }

    /// Marks whether documents describe what is called, where there are any: they do not speak of calls inside bodies.
    fn mark_described(
        &self,
        reading: &Reading<'_>,
        called: &Called<'_>,
        activity: Option<&Activity>,
        marks: &mut Marked,
    ) {
        let documents = self.described || self.model.as_ref().is_some_and(|model| !model.documents.is_empty());
        if documents && reading.call.is_none() {
            let known = called.described || activity.is_some();
            marks.add(if known { Mark::Described } else { Mark::Undescribed });
        }
    }

    fn objects(
        &self,
        reading: &Reading<'_>,
        called: &Called<'_>,
        activity: Option<&Activity>,
        outcome: Outcome,
        acting: Acting<'_>,
    ) -> Found {
        match (&self.model, &called.guess, &reading.exchange.request) {
            _ if reading.hides_elements => Found::default(),
            (Some(model), _, _) => {
                let (masker, secret_types) = (&self.masker, self.secret_types.as_slice());
                let (tenant, credential) = (acting.actor.tenant.as_deref(), acting.actor.credential.as_deref());
                let told_by = acting.told_by;
                let objects = Objects { model, masker, secret_types, reading, outcome, tenant, told_by, credential };
                match activity {
                    Some(activity) => objects.of_activity(activity),
                    None if called.operation.is_some() => objects.of_any(),
                    None => objects.of_path(),
                }
            }
            (None, Some(guess), Some(request)) => {
                let (response, actor) = (reading.exchange.response.as_ref(), acting.actor.principal.as_deref());
                match reading.call {
                    Some(call) => guess::call_objects(guess, call, outcome, actor, &self.masker),
                    None => guess::objects(guess, request, response, outcome, actor, &self.masker),
                }
            }
            _ => Found::default(),
        }
    }

    /// The activity's attributes under their names, and the paths that guards name under their text.
    fn attributes(&self, reading: &Reading<'_>, activity: Option<&Activity>) -> Vec<(Arc<str>, Value)> {
        let Some(model) = self.model.as_ref().filter(|_| !reading.hides_elements) else { return Vec::new() };
        let mut attributes = Vec::new();
        for (name, expression) in activity.into_iter().flat_map(|a| &a.attributes) {
            if let Bound::Exactly(value) = expression::evaluate(expression, reading) {
                attributes.push((name.clone(), self.named_by(&expression.node, value)));
            }
        }
        for path in &model.captured_paths {
            if let Bound::Exactly(value) = reading.value(path) {
                attributes.push((path.text.clone(), self.masker.named(path, value)));
            }
        }
        attributes
    }

    /// Masks a computed value as the most secret of the paths that it was computed from.
    fn named_by(&self, node: &expression::Node, value: Value) -> Value {
        let mut value = Some(value);
        paths::each(node, &mut |path| value = value.take().map(|v| self.masker.named(path, v)));
        value.map_or(Value::Null, |v| self.masker.value(v))
    }
}

fn request_is_whole(reading: &Reading<'_>) -> bool {
    reading.exchange.request.as_ref().is_some_and(|request| request.body.is_whole())
}

/// Activities that bring an object into being: they leave the initial state, or set the owner.
fn creating(model: &Model) -> Vec<ActivityId> {
    let entries = model.lifecycles.iter().flat_map(|l| {
        l.transitions.iter().filter(|t| t.from.contains(&l.initial) && t.to != l.initial).map(|t| t.activity)
    });
    entries.chain(model.object_types.iter().filter_map(|t| t.owner.as_ref()?.set_by)).collect()
}

/// Activities that a request may be, and whether that is certain. A condition over what the input does not carry
/// leaves several.
fn possible(reading: &Reading<'_>, routes: &[&Route]) -> (Vec<ActivityId>, bool) {
    let mut possible = Vec::new();
    for route in routes {
        match route.condition.as_ref().map_or(Truth::True, |c| expression::truth(c, reading)) {
            Truth::False => {}
            Truth::Unknown => possible.extend(route.activity()),
            Truth::True => {
                possible.extend(route.activity());
                return (dedup(possible.clone()), possible.len() == 1);
            }
        }
    }
    let none = possible.is_empty();
    (dedup(possible), none)
}

fn dedup(mut ids: Vec<ActivityId>) -> Vec<ActivityId> {
    let mut seen = Vec::new();
    ids.retain(|id| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    ids
}

/// Number of elements of a bulk call; one when the list is unknown or there is none.
fn elements(reading: &Reading<'_>, activity: &Activity) -> usize {
    match activity.each.as_ref().map(|list| reading.value(list)) {
        Some(Bound::Exactly(Value::List(items))) => items.len().max(1),
        _ => 1,
    }
}

/// Identity of a part of an exchange: mixed so that neighbouring keys never meet, and then counted on, so that events of
/// one time are in the order of their request.
fn event_id(key: u64, part: usize) -> EventId {
    // The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
    let x = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // Room for the parts, of which there are never as many.
    let first = (x ^ (x >> 31)).min(u64::MAX - u64::from(u32::MAX));
    EventId(first.saturating_add(part as u64))
}

/// What kind of input an exchange is from, by its place; who knows the format says it more exactly.
fn source(exchange: &Exchange) -> &'static str {
    match exchange.origin.place {
        Place::Frames { .. } => "pcap",
        Place::Entry { .. } => "har",
        Place::Line { .. } => "json",
    }
}

fn shows(reading: &Reading<'_>) -> Shows {
    let exchange = reading.exchange;
    if let Some(call) = reading.call {
        return Shows {
            request_body: call.arguments.is_some() && !reading.hides_elements,
            response_body: matches!(
                call.outcome,
                CallOutcome::Accepted | CallOutcome::Waiting | CallOutcome::Failed(_)
            ),
            headers: reading.headers_whole(),
        };
    }
    Shows {
        request_body: !reading.hides_calls
            && !reading.hides_elements
            && exchange.request.as_ref().is_some_and(|r| r.body.is_whole()),
        response_body: exchange.response.as_ref().is_some_and(|r| r.body.is_whole()),
        headers: reading.headers_whole(),
    }
}
