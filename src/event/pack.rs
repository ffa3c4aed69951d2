//! Events packed: a run of events as bytes in which each text stands once.
//!
//! Most texts of an event (its host, operation, roles, the names of attributes) are those of the events before it. Where
//! a text comes again, its number stands for it; unpacked events then share one allocation of it.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use offpath_capture::{Origin, Place, Within};

use super::{
    Actor, Announced, Answer, Asked, Event, Evidence, Handed, HandedId, ListedTool, Listing, Members, Money, ObjectId,
    ObjectRef, Outcome, Question, SeenAgent, SentMember, Setting, Shows, SoughtId, Spoken, TenantTold, TokenExchange,
    Turn, Value,
};

/// Deepest list within a list; JSON is not read deeper.
pub(super) const MOST_NESTED: u8 = 200;

/// Why bytes are no packed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// They end within the event.
    #[error("it ends early")]
    End,
    /// They hold what no event holds.
    #[error("no event has {0}")]
    Content(&'static str),
}

/// Packs events one behind the other.
#[derive(Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    texts: HashTable<Text>,
    /// Keyed anew for each packer: senders choose most texts. What is written depends on their order alone.
    state: RandomState,
    /// Texts so far; a text's number is its place among them.
    count: u32,
}

/// A text of which the bytes were written.
#[derive(Clone, Copy)]
struct Text {
    number: u32,
    at: u32,
    length: u32,
}

impl Packer {
    /// Everything packed so far.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }

    /// Number of bytes packed so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that it holds in memory.
    pub(super) fn footprint(&self) -> usize {
        self.bytes.capacity() + self.texts.capacity() * size_of::<Text>()
    }

    /// Appends one event. On an error what was appended is no event.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), PackError> {
        // Named one by one, so that a new field is not forgotten here.
        let Event { id, time, end, tick, turn, sensor, source, shows, origin, response_origin, method, host, .. } =
            event;
        let Event {
            operation,
            path,
            activity,
            read,
            actor,
            session,
            run,
            tenants,
            outcome,
            status,
            objects,
            unplaced,
            ..
        } = event;
        let Event { case, attributes, idempotency, body_hash, answer, handed, setting, request_id, .. } = event;
        let Event { spoken, correlated, span, exchanged, members, state_before, state_after, .. } = event;
        self.fixed(id.0);
        self.signed(*time);
        self.signed(end.wrapping_sub(*time));
        self.signed(*tick);
        self.text(sensor);
        self.text(source);
        let Shows { request_body, response_body, headers } = *shows;
        self.flags([*read, request_body, response_body, headers, response_origin.is_some(), case.is_some()]);
        self.origin(origin);
        response_origin.iter().for_each(|origin| self.origin(origin));
        self.text(method);
        self.maybe(host.as_deref());
        self.maybe(operation.as_deref());
        self.text(path);
        self.maybe(activity.as_deref());
        self.actor(actor);
        self.maybe(session.as_deref());
        self.maybe(run.as_deref());
        self.number(tenants.len() as u64);
        tenants.iter().for_each(|(place, tenant)| {
            self.text(place);
            self.text(tenant);
        });
        self.bytes.push(outcome_code(*outcome));
        self.number(status.map_or(0, |status| u64::from(status) + 1));
        self.number(objects.len() as u64);
        objects.iter().try_for_each(|object| self.object(object))?;
        self.texts(unplaced);
        case.iter().for_each(|case| self.id(case));
        self.attributes(attributes)?;
        let (has_spoken, has_setting) = (spoken.is_some(), setting.is_some());
        self.flags([idempotency.is_some(), body_hash.is_some(), turn.is_some(), has_spoken, has_setting, *correlated]);
        self.flags([exchanged.is_some(), members.is_some(), span.is_some(), false, false, false]);
        idempotency.iter().chain(body_hash).for_each(|hash| self.fixed(*hash));
        if let Some(Turn { request, number }) = turn {
            self.fixed(request.0);
            self.number(u64::from(*number));
        }
        spoken.iter().for_each(|spoken| self.spoken(spoken));
        let Answer { body_hash: answer_hash, size, cached, replayed, gone, made } = *answer;
        self.flags([answer_hash.is_some(), cached, replayed, gone, made, handed.is_some()]);
        answer_hash.iter().for_each(|hash| self.fixed(*hash));
        self.number(size.map_or(0, |size| size.saturating_add(1)));
        handed.iter().for_each(|handed| self.handed(handed));
        setting.iter().for_each(|setting| self.setting(setting));
        members.iter().for_each(|members| self.members(members));
        self.maybe(request_id.as_deref());
        span.iter().for_each(|span| [span.trace, span.id, span.parent].into_iter().for_each(|hash| self.hash(hash)));
        exchanged.iter().for_each(|exchanged| self.exchanged(exchanged));
        self.texts(state_before);
        self.texts(state_after);
        Ok(())
    }

    fn handed(&mut self, handed: &Handed) {
        let Handed { asked, given, sought, unread } = handed;
        self.flags([*unread, false, false, false, false, false]);
        for ids in [asked, given] {
            self.number(ids.len() as u64);
            for HandedId { value, kind } in ids {
                self.fixed(*value);
                self.number(u64::from(*kind));
            }
        }
        self.number(sought.len() as u64);
        for SoughtId { word, value, number } in sought {
            self.number(u64::from(*word));
            self.fixed(*value);
            self.fixed(*number);
        }
    }

    fn members(&mut self, members: &Members) {
        let Members { sent, told } = members;
        self.flags([sent.is_some(), told.is_some(), false, false, false, false]);
        if let Some(sent) = sent {
            self.number(sent.len() as u64);
            for SentMember { path, echo } in sent {
                self.text(path);
                self.bytes.push(*echo as u8);
            }
        }
        told.iter().for_each(|told| self.texts(told));
    }

    fn spoken(&mut self, spoken: &Spoken) {
        let Spoken { server, listener, tool, listing, version, asks, answers, agrees, headers } = spoken;
        let told = headers.is_some();
        self.flags([listener.is_some(), version.is_some(), listing.is_some(), *agrees, told, false]);
        self.fixed(*server);
        listener.iter().chain(version).for_each(|hash| self.fixed(*hash));
        self.maybe(tool.as_deref());
        if let Some(Listing { first, last, tools }) = listing {
            self.flags([*first, *last, false, false, false, false]);
            self.number(tools.len() as u64);
            for ListedTool { name, description, schema } in tools {
                self.text(name);
                self.fixed(*description);
                self.fixed(*schema);
            }
        }
        for questions in [asks, answers] {
            self.number(questions.len() as u64);
            for Question { id, to } in questions {
                self.fixed(*id);
                self.bytes.push(asked_code(*to));
            }
        }
        match headers {
            Some(Announced::Different { header, said, done }) => {
                self.maybe(Some(header));
                self.text(said);
                self.text(done);
            }
            Some(Announced::Same) => self.maybe(None),
            None => {}
        }
    }

    fn setting(&mut self, setting: &Setting) {
        let Setting { address, network, program, kind, life, issued, drift, issuer, gate, .. } = setting;
        let Setting { server, account, ended, spent, basic, roles, marks, .. } = setting;
        let hashes = [address, network, program, issuer, server, account, spent, basic];
        hashes.into_iter().for_each(|hash| self.hash(*hash));
        ended.iter().for_each(|hash| self.hash(*hash));
        self.bytes.push(*kind as u8);
        self.bytes.push(*gate as u8);
        self.flags([life.is_some(), issued.is_some(), drift.is_some(), false, false, false]);
        [life, issued, drift].into_iter().flatten().for_each(|number| self.signed(*number));
        self.number(u64::from(marks.bits()));
        roles.iter().for_each(|role| self.number(u64::from(*role)));
    }

    /// A hash that is mostly not there.
    fn hash(&mut self, hash: u64) {
        self.bytes.push(u8::from(hash != 0));
        if hash != 0 {
            self.fixed(hash);
        }
    }

    fn exchanged(&mut self, exchanged: &TokenExchange) {
        let TokenExchange { shown, had, got, elsewhere } = exchanged;
        self.text(shown);
        self.flags([had.is_some(), got.is_some(), *elsewhere, false, false, false]);
        had.iter().chain(got).for_each(|scopes| self.texts(scopes));
    }

    fn actor(&mut self, actor: &Actor) {
        let Actor { principal, agent, client, kind, kind_known, roles, roles_known, roles_defaulted, .. } = actor;
        let Actor { tenant, tenant_yields, evidence, credential, issuer, others, doubts, .. } = actor;
        let Actor { earlier_agents, scopes, also, strand, told_in, tenant_claimed, yields, .. } = actor;
        let Actor { token_end, seen_agent, .. } = actor;
        self.maybe(principal.as_deref());
        self.maybe(agent.as_deref());
        self.maybe(client.as_deref());
        self.text(kind);
        self.texts(roles);
        let credential_told = told_in.as_ref().is_some_and(|told| told.credential);
        self.flags([*roles_known, *kind_known, *tenant_yields, told_in.is_some(), credential_told, *roles_defaulted]);
        self.maybe(tenant.as_deref());
        self.bytes.push(evidence_code(*evidence));
        self.maybe(credential.as_deref());
        self.maybe(issuer.as_deref());
        self.number(u64::from(doubts.bits()));
        let named = seen_agent.as_ref().and_then(|seen| seen.named);
        let (known, is_named) = (named.is_some(), named == Some(true));
        self.flags([*tenant_claimed, *yields, token_end.is_some(), seen_agent.is_some(), known, is_named]);
        token_end.iter().for_each(|end| self.signed(*end));
        seen_agent.iter().for_each(|seen| {
            let SeenAgent { name, named: _ } = &**seen;
            self.text(name);
        });
        [others, earlier_agents, scopes, also].into_iter().for_each(|list| self.texts(list));
        self.fixed(*strand);
        if let Some(told) = told_in {
            self.origin(&told.origin);
            self.text(&told.sensor);
        }
    }

    fn object(&mut self, object: &ObjectRef) -> Result<(), PackError> {
        let ObjectRef { id, qualifier, declared_state, written_state, conflicting_key, tenant, .. } = object;
        let ObjectRef { told, owner, attributes, .. } = object;
        self.id(id);
        self.text(qualifier);
        for text in [declared_state, written_state, conflicting_key, tenant, owner] {
            self.maybe(text.as_deref());
        }
        self.bytes.push(told_code(*told));
        self.attributes(attributes)
    }

    fn id(&mut self, id: &ObjectId) {
        self.text(&id.object_type);
        self.text(&id.key);
    }

    fn origin(&mut self, origin: &Origin) {
        self.text(&origin.input);
        let Within { message, call } = origin.within;
        // What is within the place is told by two bits above the kind of place.
        let kind = |kind: u8| kind | u8::from(message.is_some()) << 2 | u8::from(call.is_some()) << 3;
        match origin.place {
            Place::Frames { first, last, offset } => {
                self.bytes.push(kind(0));
                [first, last, offset].into_iter().for_each(|n| self.number(n));
            }
            Place::Entry { index, offset } => {
                self.bytes.push(kind(1));
                [index, offset].into_iter().for_each(|n| self.number(n));
            }
            Place::Line { number, offset } => {
                self.bytes.push(kind(2));
                [number, offset].into_iter().for_each(|n| self.number(n));
            }
        }
        message.into_iter().chain(call.map(u64::from)).for_each(|n| self.number(n));
    }

    fn attributes(&mut self, attributes: &[(Arc<str>, Value)]) -> Result<(), PackError> {
        self.number(attributes.len() as u64);
        attributes.iter().try_for_each(|(name, value)| {
            self.text(name);
            self.value(value, MOST_NESTED)
        })
    }

    fn value(&mut self, value: &Value, depth: u8) -> Result<(), PackError> {
        match value {
            Value::Null => self.bytes.push(0),
            Value::Bool(false) => self.bytes.push(1),
            Value::Bool(true) => self.bytes.push(2),
            Value::Number(number) => {
                self.bytes.push(3);
                self.bytes.extend(number.serialize());
            }
            Value::Text(text) => {
                self.bytes.push(4);
                self.text(text);
            }
            Value::Time(time) => {
                self.bytes.push(5);
                self.signed(*time);
            }
            Value::Duration(duration) => {
                self.bytes.push(6);
                self.signed(*duration);
            }
            Value::Money(Money { amount, currency }) => {
                self.bytes.push(7);
                self.bytes.extend(amount.serialize());
                self.text(currency);
            }
            Value::List(items) => {
                self.bytes.push(8);
                self.number(items.len() as u64);
                let depth = depth.checked_sub(1).ok_or(PackError::Content("lists so deep"))?;
                items.iter().try_for_each(|item| self.value(item, depth))?;
            }
        }
        Ok(())
    }

    fn texts(&mut self, texts: &[Arc<str>]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    /// 0 for none, else as `text`.
    fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.number(0),
        }
    }

    /// 1, length and bytes of a new text; 2 and more for the text of that number.
    fn text(&mut self, text: &str) {
        let hash = self.state.hash_one(text.as_bytes());
        if let Some(known) = self.texts.find(hash, |entry| entry.of(&self.bytes) == text.as_bytes()) {
            return self.number(u64::from(known.number) + 2);
        }
        self.number(1);
        self.number(text.len() as u64);
        let place = (u32::try_from(self.bytes.len()), u32::try_from(text.len()));
        self.bytes.extend(text.as_bytes());
        // A reader numbers every new text; one too far to be pointed at is written again.
        if let (Ok(at), Ok(length)) = place {
            let (bytes, state) = (&self.bytes, &self.state);
            let rehash = |entry: &Text| state.hash_one(entry.of(bytes));
            self.texts.insert_unique(hash, Text { number: self.count, at, length }, rehash);
        }
        self.count = self.count.saturating_add(1);
    }

    fn flags(&mut self, flags: [bool; 6]) {
        self.bytes.push(flags.into_iter().enumerate().fold(0, |byte, (bit, flag)| byte | u8::from(flag) << bit));
    }

    fn fixed(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    /// Seven bits a byte, the least first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

impl Text {
    /// Its bytes, of all that was packed.
    fn of(self, bytes: &[u8]) -> &[u8] {
        let at = self.at as usize;
        bytes.get(at..at + self.length as usize).unwrap_or_default()
    }
}

fn told_code(told: TenantTold) -> u8 {
    match told {
        TenantTold::Apart => 0,
        TenantTold::WithActor => 1,
        TenantTold::Nowhere => 2,
        TenantTold::ByRequest => 3,
    }
}

fn asked_code(to: Asked) -> u8 {
    match to {
        Asked::Person => 0,
        Asked::PersonOnStream => 1,
        Asked::Anybody => 2,
    }
}

fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Accepted => 0,
        Outcome::Rejected => 1,
        Outcome::Unknown => 2,
    }
}

/// Ways to establish an actor, by their codes.
pub(super) const EVIDENCE: [Evidence; 11] = [
    Evidence::None,
    Evidence::Address,
    Evidence::Device,
    Evidence::Unproved,
    Evidence::Unbound,
    Evidence::Asserted,
    Evidence::ApiKey,
    Evidence::Bound,
    Evidence::Claims,
    Evidence::Verified,
    Evidence::Proven,
];

fn evidence_code(evidence: Evidence) -> u8 {
    evidence as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::super::unpack::{Texts, unpack};
    use super::super::{Span, Told};
    use super::*;
    use crate::event::sample;
    use crate::event::{Echo, EventId, Gate, Marks, ProgramKind};

    fn packed(events: &[Event]) -> Vec<Vec<u8>> {
        let mut packer = Packer::default();
        let ends: Vec<usize> = events
            .iter()
            .map(|event| {
                packer.event(event).unwrap();
                packer.len()
            })
            .collect();
        let bytes = packer.into_bytes();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(from, to)| bytes[from..*to].to_vec()).collect()
    }

    fn unpacked(rows: &[Vec<u8>]) -> Result<Vec<Event>, PackError> {
        let mut texts = Texts::default();
        rows.iter().map(|row| unpack(row, &mut texts)).collect()
    }

    fn text() -> impl Strategy<Value = Arc<str>> {
        prop_oneof![Just("order"), Just(""), Just("a\u{1f980}"), Just("alice")].prop_map(Arc::from)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (any::<i64>(), 0..28_u32).prop_map(|(n, scale)| Value::Number(Decimal::new(n, scale))),
            text().prop_map(Value::Text),
            any::<i64>().prop_map(Value::Time),
            any::<i64>().prop_map(Value::Duration),
            (any::<i64>(), text())
                .prop_map(|(n, currency)| Value::Money(Money { amount: Decimal::new(n, 2), currency })),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Value::List))
    }

    fn place() -> impl Strategy<Value = Place> {
        prop_oneof![
            any::<(u64, u64, u64)>().prop_map(|(first, last, offset)| Place::Frames { first, last, offset }),
            any::<(u64, u64)>().prop_map(|(index, offset)| Place::Entry { index, offset }),
            any::<(u64, u64)>().prop_map(|(number, offset)| Place::Line { number, offset }),
        ]
    }

    fn questions() -> impl Strategy<Value = Vec<Question>> {
        let to = prop_oneof![Just(Asked::Person), Just(Asked::PersonOnStream), Just(Asked::Anybody)];
        proptest::collection::vec((any::<u64>(), to).prop_map(|(id, to)| Question { id, to }), 0..3).boxed()
    }

    prop_compose! {
        fn spoken()(
            server: u64,
            listener: Option<u64>,
            version: Option<u64>,
            tool in proptest::option::of(text()),
            listing in proptest::option::of((any::<(bool, bool)>(), proptest::collection::vec((text(), any::<(u64, u64)>()), 0..3))),
            asks in questions(),
            answers in questions(),
            agrees: bool,
            headers in proptest::option::of(proptest::option::of((text(), text(), text()))),
        ) -> Spoken {
            let listing = listing.map(|((first, last), tools)| {
                let tool = |(name, (description, schema))| ListedTool { name, description, schema };
                Listing { first, last, tools: tools.into_iter().map(tool).collect() }
            });
            let announced = |told: Option<_>| match told {
                Some((header, said, done)) => Announced::Different { header, said, done },
                None => Announced::Same,
            };
            let headers = headers.map(announced);
            Spoken { server, listener, tool, listing, version, asks, answers, agrees, headers }
        }
    }

    prop_compose! {
        fn setting()(
            hashes in any::<[u64; 8]>(),
            ended in any::<[u64; 4]>(),
            (life, issued, drift) in any::<(Option<i64>, Option<i64>, Option<i64>)>(),
            (roles, marks) in any::<([u32; 4], u32)>(),
            (kind, gate) in (0..4_usize, 0..5_usize),
        ) -> Setting {
            let [address, network, program, issuer, server, account, spent, basic] = hashes;
            let (kind, gate) = (ProgramKind::ALL[kind], Gate::ALL[gate]);
            let marks = Marks::from_bits(marks);
            let setting = Setting { address, network, program, kind, life, issued, drift, issuer, ..Setting::default() };
            Setting { gate, server, account, ended, spent, basic, roles, marks, ..setting }
        }
    }

    prop_compose! {
        fn silent()(
            n in 1..50_u64,
            times in any::<(i64, i64, i64)>(),
            place in place(),
            within in any::<(Option<u64>, Option<u32>)>().prop_map(|(message, call)| Within { message, call }),
            answered in proptest::option::of(place()),
            told in proptest::option::of((place(), any::<bool>())),
            host in proptest::option::of(text()),
            status in proptest::option::of(any::<u16>()),
            hashes in any::<(Option<u64>, Option<u64>)>(),
            turn in any::<Option<(u64, u32)>>(),
            answer in any::<(Option<u64>, bool, bool, bool, bool)>(),
            exchanged in any::<Option<(bool, bool, bool)>>(),
            seen in any::<(Option<i64>, Option<Option<bool>>)>(),
            handed in any::<Option<(Vec<(u64, u32)>, Vec<(u64, u32)>, Vec<(u32, u64, u64)>, bool)>>(),
            setting in proptest::option::of(setting()),
            shows in any::<(bool, bool, bool)>(),
            evidence in 0..8_usize,
            outcome in prop_oneof![Just(Outcome::Accepted), Just(Outcome::Rejected), Just(Outcome::Unknown)],
            states in proptest::collection::vec(text(), 0..3),
            attributes in proptest::collection::vec((text(), value()), 0..4),
            objects in 0..3_usize,
        ) -> Event {
            let mut event = sample::rich_event(n);
            (event.time, event.end, event.tick) = times;
            event.response_origin = answered.map(|place| Origin::new("b.har".into(), place));
            event.origin = Origin { place, within, ..event.origin };
            event.host = host;
            event.status = status;
            (event.idempotency, event.body_hash) = hashes;
            let (body_hash, cached, replayed, gone, made) = answer;
            event.answer = Answer { body_hash, size: None, cached, replayed, gone, made };
            let ids = |ids: Vec<_>| ids.into_iter().map(|(value, kind)| HandedId { value, kind }).collect();
            let word = |(word, value, number)| SoughtId { word, value, number };
            event.handed = handed.map(|(asked, given, sought, unread)| {
                let sought = sought.into_iter().map(word).collect();
                Box::new(Handed { asked: ids(asked), given: ids(given), sought, unread })
            });
            event.setting = setting.map(Box::new);
            event.turn = turn.map(|(request, number)| Turn { request: EventId(request), number });
            (event.shows.request_body, event.shows.response_body, event.shows.headers) = shows;
            event.exchanged = exchanged.map(|(had, got, elsewhere)| {
                let scopes = |told: bool| told.then(|| vec!["read".into(), "write".into()]);
                Box::new(TokenExchange { shown: "2c".into(), had: scopes(had), got: scopes(got), elsewhere })
            });
            event.correlated = seen.0.is_some();
            event.span = turn.map(|(id, _)| Box::new(Span { trace: n, id, parent: id / 2 }));
            event.actor.token_end = seen.0;
            event.actor.seen_agent = seen.1.map(|named| Box::new(SeenAgent { name: "crew".into(), named }));
            event.actor.evidence = EVIDENCE[evidence];
            let told = told.map(|(place, credential)| {
                Told { origin: Origin::new("c.log".into(), place), sensor: "c".into(), credential }
            });
            event.actor.told_in = told.map(Box::new);
            event.outcome = outcome;
            event.state_before = states;
            event.objects = vec![event.objects[0].clone(); objects];
            event.attributes = attributes;
            event
        }
    }

    fn members() -> BoxedStrategy<Option<Box<Members>>> {
        let members = |(sent, told): (Option<Vec<usize>>, bool)| {
            let one = |echo: usize| SentMember { path: "user.role".into(), echo: Echo::ALL[echo % 3] };
            let sent = sent.map(|sent| sent.into_iter().map(one).collect());
            Box::new(Members { sent, told: told.then(|| vec!["id".into(), "user.role".into()]) })
        };
        proptest::option::of(any::<(Option<Vec<usize>>, bool)>().prop_map(members)).boxed()
    }

    /// Boxed, part by part: what is generated at once lies on the stack.
    fn events() -> BoxedStrategy<Event> {
        let spoken = proptest::option::of(spoken().boxed()).boxed();
        let size = any::<Option<u32>>().prop_map(|size| size.map(u64::from)).boxed();
        let with = |(event, spoken, members, size): (Event, Option<Spoken>, Option<Box<Members>>, Option<u64>)| {
            let answer = Answer { size, ..event.answer };
            Event { spoken: spoken.map(Box::new), members, answer, ..event }
        };
        (silent().boxed(), spoken, members(), size).prop_map(with).boxed()
    }

    proptest! {
        #[test]
        fn events_come_back_as_they_were(events in proptest::collection::vec(events(), 0..6)) {
            prop_assert_eq!(packed(&events), packed(&events), "each packer has a key of its own");
            prop_assert_eq!(unpacked(&packed(&events)).unwrap(), events);
        }

        #[test]
        fn damaged_bytes_never_panic(event in events(), at in any::<proptest::sample::Index>(), byte: u8) {
            let mut rows = packed(&[event.clone(), event]);
            let row = &mut rows[1];
            let at = at.index(row.len());
            row[at] = byte;
            let _ = unpacked(&rows);
            rows[1].truncate(at);
            prop_assert!(unpacked(&rows).is_err());
        }
    }

    #[test]
    fn codes_of_evidence_are_their_places() {
        for (place, evidence) in EVIDENCE.into_iter().enumerate() {
            assert_eq!(usize::from(evidence_code(evidence)), place);
        }
    }

    #[test]
    fn a_text_stands_once() {
        let events = vec![sample::rich_event(1); 100];
        let rows = packed(&events);
        assert!(rows[1].len() * 2 < rows[0].len(), "{} after {}", rows[1].len(), rows[0].len());
        let back = unpacked(&rows).unwrap();
        assert!(Arc::ptr_eq(&back[0].method, &back[99].method));
    }

    #[test]
    fn a_list_too_deep_is_refused_on_both_sides() {
        let mut event = sample::event(1);
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        event.attributes = vec![("deep".into(), nested(MOST_NESTED))];
        assert_eq!(unpacked(&packed(&[event.clone()])).unwrap(), [event.clone()]);
        event.attributes = vec![("deep".into(), nested(MOST_NESTED + 1))];
        assert!(Packer::default().event(&event).is_err());
    }
}
