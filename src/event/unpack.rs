//! Packed events read back: what `pack` wrote, and nothing that could make a reader fail otherwise than by an error.

use std::sync::Arc;

use offpath_capture::{InputFormat, Origin, Place, Within};
use rust_decimal::Decimal;

use super::pack::{EVIDENCE, MOST_NESTED, PackError};
use super::{
    Actor, Announced, Answer, Asked, Doubts, Echo, Event, EventId, Gate, Handed, HandedId, ListedTool, Listing, Marks,
    Members, Money, ObjectId, ObjectRef, Outcome, ProgramKind, Question, SeenAgent, SentMember, Setting, Shows,
    SoughtId, Span, Spoken, TenantTold, TokenExchange, Told, Turn, Value,
};

/// Texts that the events unpacked so far have brought, by number.
#[derive(Default)]
pub(super) struct Texts(Vec<Arc<str>>);

/// Reads one packed event.
struct Unpacker<'a> {
    rest: &'a [u8],
    texts: &'a mut Texts,
}

/// The event that `bytes` hold; `texts` are those of the events packed before it.
pub(super) fn unpack(bytes: &[u8], texts: &mut Texts) -> Result<Event, PackError> {
    let mut unpacker = Unpacker { rest: bytes, texts };
    let event = unpacker.event()?;
    if unpacker.rest.is_empty() { Ok(event) } else { Err(PackError::Content("more after its end")) }
}

impl Unpacker<'_> {
    fn event(&mut self) -> Result<Event, PackError> {
        let id = EventId(self.fixed()?);
        let time = self.signed()?;
        let end = time.wrapping_add(self.signed()?);
        let tick = self.signed()?;
        let sensor = self.text()?;
        let source = self.source()?;
        let [read, request_body, response_body, headers, answered, cased] = self.flags()?;
        let origin = self.origin()?;
        let response_origin = answered.then(|| self.origin()).transpose()?;
        let method = self.text()?;
        let (host, operation) = (self.maybe()?, self.maybe()?);
        let path = self.text()?;
        let activity = self.maybe()?;
        let actor = self.actor()?;
        let (session, run) = (self.maybe()?, self.maybe()?);
        let tenants = self.many(|own| Ok((own.text()?, own.text()?)))?;
        let outcome = self.outcome()?;
        let status = self.status()?;
        let objects = self.many(Self::object)?;
        let unplaced = self.many(Self::text)?;
        let case = cased.then(|| self.id()).transpose()?;
        let attributes = self.many(Self::attribute)?;
        let [has_idempotency, has_body_hash, has_turn, has_spoken, has_setting, correlated] = self.flags()?;
        let [exchanged, has_members, has_span, ..] = self.flags()?;
        let idempotency = has_idempotency.then(|| self.fixed()).transpose()?;
        let body_hash = has_body_hash.then(|| self.fixed()).transpose()?;
        let turn = has_turn.then(|| self.turn()).transpose()?;
        let spoken = has_spoken.then(|| self.spoken()).transpose()?.map(Box::new);
        let (answer, handed) = self.answer()?;
        let setting = has_setting.then(|| self.setting()).transpose()?.map(Box::new);
        let members = has_members.then(|| self.members()).transpose()?.map(Box::new);
        Ok(Event {
            id,
            time,
            end,
            tick,
            sensor,
            source,
            shows: Shows { request_body, response_body, headers },
            origin,
            response_origin,
            method,
            host,
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
            case,
            attributes,
            idempotency,
            body_hash,
            turn,
            answer,
            handed,
            spoken,
            setting,
            members,
            request_id: self.maybe()?,
            correlated,
            span: has_span.then(|| self.span()).transpose()?.map(Box::new),
            exchanged: exchanged.then(|| self.exchanged()).transpose()?.map(Box::new),
            state_before: self.many(Self::text)?,
            state_after: self.many(Self::text)?,
        })
    }

    fn span(&mut self) -> Result<Span, PackError> {
        Ok(Span { trace: self.hash()?, id: self.hash()?, parent: self.hash()? })
    }

    fn members(&mut self) -> Result<Members, PackError> {
        let [sends, tells, ..] = self.flags()?;
        let sent = sends.then(|| self.many(Self::sent_member)).transpose()?;
        Ok(Members { sent, told: tells.then(|| self.many(Self::text)).transpose()? })
    }

    fn sent_member(&mut self) -> Result<SentMember, PackError> {
        let path = self.text()?;
        let echo = *Echo::ALL.get(usize::from(self.byte()?)).ok_or(PackError::Content("such an echo"))?;
        Ok(SentMember { path, echo })
    }

    fn spoken(&mut self) -> Result<Spoken, PackError> {
        let [listened, versioned, lists, agrees, told, _] = self.flags()?;
        Ok(Spoken {
            server: self.fixed()?,
            listener: listened.then(|| self.fixed()).transpose()?,
            version: versioned.then(|| self.fixed()).transpose()?,
            tool: self.maybe()?,
            listing: lists.then(|| self.listing()).transpose()?,
            asks: self.many(Self::question)?,
            answers: self.many(Self::question)?,
            agrees,
            headers: told.then(|| self.announced()).transpose()?,
        })
    }

    fn listing(&mut self) -> Result<Listing, PackError> {
        let [first, last, ..] = self.flags()?;
        Ok(Listing { first, last, tools: self.many(Self::listed_tool)? })
    }

    fn listed_tool(&mut self) -> Result<ListedTool, PackError> {
        Ok(ListedTool { name: self.text()?, description: self.fixed()?, schema: self.fixed()? })
    }

    fn question(&mut self) -> Result<Question, PackError> {
        let id = self.fixed()?;
        let to = match self.byte()? {
            0 => Asked::Person,
            1 => Asked::PersonOnStream,
            2 => Asked::Anybody,
            _ => return Err(PackError::Content("such a question")),
        };
        Ok(Question { id, to })
    }

    fn announced(&mut self) -> Result<Announced, PackError> {
        match self.maybe()? {
            Some(header) => Ok(Announced::Different { header, said: self.text()?, done: self.text()? }),
            None => Ok(Announced::Same),
        }
    }

    fn turn(&mut self) -> Result<Turn, PackError> {
        let request = EventId(self.fixed()?);
        let number = u32::try_from(self.number()?).map_err(|_| PackError::Content("such a turn"))?;
        Ok(Turn { request, number })
    }

    fn answer(&mut self) -> Result<(Answer, Option<Box<Handed>>), PackError> {
        let [hashed, cached, replayed, gone, made, handed] = self.flags()?;
        let body_hash = hashed.then(|| self.fixed()).transpose()?;
        let size = self.number()?.checked_sub(1);
        let handed = handed.then(|| self.handed()).transpose()?.map(Box::new);
        Ok((Answer { body_hash, size, cached, replayed, gone, made }, handed))
    }

    fn exchanged(&mut self) -> Result<TokenExchange, PackError> {
        let shown = self.text()?;
        let [had, got, elsewhere, ..] = self.flags()?;
        let had = had.then(|| self.many(Self::text)).transpose()?;
        let got = got.then(|| self.many(Self::text)).transpose()?;
        Ok(TokenExchange { shown, had, got, elsewhere })
    }

    fn seen_agent(&mut self, named: Option<bool>) -> Result<SeenAgent, PackError> {
        Ok(SeenAgent { name: self.text()?, named })
    }

    fn handed(&mut self) -> Result<Handed, PackError> {
        let [unread, ..] = self.flags()?;
        let (asked, given) = (self.many(Self::handed_id)?, self.many(Self::handed_id)?);
        Ok(Handed { asked, given, sought: self.many(Self::sought_id)?, unread })
    }

    fn sought_id(&mut self) -> Result<SoughtId, PackError> {
        let word = u32::try_from(self.number()?).map_err(|_| PackError::Content("such a word of a query"))?;
        Ok(SoughtId { word, value: self.fixed()?, number: self.fixed()? })
    }

    fn handed_id(&mut self) -> Result<HandedId, PackError> {
        let value = self.fixed()?;
        let kind = u32::try_from(self.number()?).map_err(|_| PackError::Content("such a kind of ids"))?;
        Ok(HandedId { value, kind })
    }

    fn setting(&mut self) -> Result<Setting, PackError> {
        let mut hashes = [0; 12];
        for hash in &mut hashes {
            *hash = self.hash()?;
        }
        let [address, network, program, issuer, server, account, spent, basic, ended @ ..] = hashes;
        let kind = *ProgramKind::ALL.get(usize::from(self.byte()?)).ok_or(PackError::Content("such a program"))?;
        let gate = *Gate::ALL.get(usize::from(self.byte()?)).ok_or(PackError::Content("such a login"))?;
        let [lives, dated, drifts, ..] = self.flags()?;
        let life = lives.then(|| self.signed()).transpose()?;
        let issued = dated.then(|| self.signed()).transpose()?;
        let drift = drifts.then(|| self.signed()).transpose()?;
        let marks = u32::try_from(self.number()?).map_err(|_| PackError::Content("such marks"))?;
        let marks = Marks::from_bits(marks);
        let mut roles = [0; 4];
        for role in &mut roles {
            *role = u32::try_from(self.number()?).map_err(|_| PackError::Content("such a role"))?;
        }
        let setting = Setting { address, network, program, kind, life, issued, drift, issuer, ..Setting::default() };
        Ok(Setting { gate, server, account, ended, spent, basic, roles, marks, ..setting })
    }

    fn hash(&mut self) -> Result<u64, PackError> {
        match self.byte()? {
            0 => Ok(0),
            1 => self.fixed(),
            _ => Err(PackError::Content("such a hash")),
        }
    }

    fn actor(&mut self) -> Result<Actor, PackError> {
        let (principal, agent, client) = (self.maybe()?, self.maybe()?, self.maybe()?);
        let (kind, roles) = (self.text()?, self.many(Self::text)?);
        let [roles_known, kind_known, tenant_yields, told, credential_told, roles_defaulted] = self.flags()?;
        let tenant = self.maybe()?;
        let evidence = *EVIDENCE.get(usize::from(self.byte()?)).ok_or(PackError::Content("such evidence"))?;
        let (credential, issuer) = (self.maybe()?, self.maybe()?);
        let doubts = u16::try_from(self.number()?).map_err(|_| PackError::Content("such doubts"))?;
        let [tenant_claimed, yields, ends, seen, known, named] = self.flags()?;
        let token_end = ends.then(|| self.signed()).transpose()?;
        let seen_agent = seen.then(|| self.seen_agent(known.then_some(named))).transpose()?.map(Box::new);
        Ok(Actor {
            principal,
            agent,
            client,
            kind,
            kind_known,
            roles,
            roles_known,
            roles_defaulted,
            tenant,
            tenant_yields,
            tenant_claimed,
            evidence,
            yields,
            credential,
            issuer,
            doubts: Doubts::from_bits(doubts),
            others: self.many(Self::text)?,
            earlier_agents: self.many(Self::text)?,
            scopes: self.many(Self::text)?,
            also: self.many(Self::text)?,
            strand: self.fixed()?,
            token_end,
            seen_agent,
            told_in: told.then(|| self.told_in(credential_told)).transpose()?.map(Box::new),
        })
    }

    fn told_in(&mut self, credential: bool) -> Result<Told, PackError> {
        Ok(Told { origin: self.origin()?, sensor: self.text()?, credential })
    }

    fn object(&mut self) -> Result<ObjectRef, PackError> {
        Ok(ObjectRef {
            id: self.id()?,
            qualifier: self.text()?,
            declared_state: self.maybe()?,
            written_state: self.maybe()?,
            conflicting_key: self.maybe()?,
            tenant: self.maybe()?,
            owner: self.maybe()?,
            told: self.told()?,
            attributes: self.many(Self::attribute)?,
        })
    }

    fn id(&mut self) -> Result<ObjectId, PackError> {
        Ok(ObjectId { object_type: self.text()?, key: self.text()? })
    }

    fn origin(&mut self) -> Result<Origin, PackError> {
        let input = self.text()?;
        let kind = self.byte()?;
        let place = match kind & 3 {
            0 => Place::Frames { first: self.number()?, last: self.number()?, offset: self.number()? },
            1 => Place::Entry { index: self.number()?, offset: self.number()? },
            2 => Place::Line { number: self.number()?, offset: self.number()? },
            _ => return Err(PackError::Content("such an origin")),
        };
        let message = if kind & 4 != 0 { Some(self.number()?) } else { None };
        let call = if kind & 8 != 0 { Some(self.number()?) } else { None };
        let call = call.map(u32::try_from).transpose().map_err(|_| PackError::Content("such a call"))?;
        Ok(Origin { input, place, within: Within { message, call } })
    }

    fn source(&mut self) -> Result<&'static str, PackError> {
        let name = self.text()?;
        let mut names = InputFormat::ALL.iter().map(|format| format.as_str());
        names.find(|known| **known == *name).ok_or(PackError::Content("such a source"))
    }

    fn outcome(&mut self) -> Result<Outcome, PackError> {
        match self.byte()? {
            0 => Ok(Outcome::Accepted),
            1 => Ok(Outcome::Rejected),
            2 => Ok(Outcome::Unknown),
            _ => Err(PackError::Content("such an outcome")),
        }
    }

    fn told(&mut self) -> Result<TenantTold, PackError> {
        match self.byte()? {
            0 => Ok(TenantTold::Apart),
            1 => Ok(TenantTold::WithActor),
            2 => Ok(TenantTold::Nowhere),
            3 => Ok(TenantTold::ByRequest),
            _ => Err(PackError::Content("a tenant told so")),
        }
    }

    fn status(&mut self) -> Result<Option<u16>, PackError> {
        let Some(status) = self.number()?.checked_sub(1) else { return Ok(None) };
        u16::try_from(status).map(Some).map_err(|_| PackError::Content("such a status"))
    }

    fn attribute(&mut self) -> Result<(Arc<str>, Value), PackError> {
        Ok((self.text()?, self.value(MOST_NESTED)?))
    }

    fn value(&mut self, depth: u8) -> Result<Value, PackError> {
        Ok(match self.byte()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Number(self.decimal()?),
            4 => Value::Text(self.text()?),
            5 => Value::Time(self.signed()?),
            6 => Value::Duration(self.signed()?),
            7 => Value::Money(Money { amount: self.decimal()?, currency: self.text()? }),
            8 => {
                let depth = depth.checked_sub(1).ok_or(PackError::Content("lists so deep"))?;
                Value::List(self.many(|unpacker| unpacker.value(depth))?)
            }
            _ => return Err(PackError::Content("such a value")),
        })
    }

    fn decimal(&mut self) -> Result<Decimal, PackError> {
        Ok(Decimal::deserialize(self.array()?))
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, PackError>) -> Result<Vec<T>, PackError> {
        let count = self.length()?;
        let mut all = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn text(&mut self) -> Result<Arc<str>, PackError> {
        self.maybe()?.ok_or(PackError::Content("nothing where a text must be"))
    }

    fn maybe(&mut self) -> Result<Option<Arc<str>>, PackError> {
        match self.number()? {
            0 => Ok(None),
            1 => {
                let length = self.length()?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(PackError::End)?;
                self.rest = rest;
                let text = str::from_utf8(bytes).map_err(|_| PackError::Content("text that is no UTF-8"))?;
                let text: Arc<str> = Arc::from(text);
                self.texts.0.push(Arc::clone(&text));
                Ok(Some(text))
            }
            number => {
                let text = usize::try_from(number - 2).ok().and_then(|number| self.texts.0.get(number));
                text.map(|text| Some(Arc::clone(text))).ok_or(PackError::Content("a text that was not before"))
            }
        }
    }

    /// Number of things that follow: at most one a byte, as each takes at least that.
    fn length(&mut self) -> Result<usize, PackError> {
        let length = usize::try_from(self.number()?).map_err(|_| PackError::End)?;
        if length <= self.rest.len() { Ok(length) } else { Err(PackError::End) }
    }

    fn flags(&mut self) -> Result<[bool; 6], PackError> {
        let byte = self.byte()?;
        Ok(std::array::from_fn(|bit| byte >> bit & 1 == 1))
    }

    fn byte(&mut self) -> Result<u8, PackError> {
        let (byte, rest) = self.rest.split_first().ok_or(PackError::End)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(PackError::End)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn fixed(&mut self) -> Result<u64, PackError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn signed(&mut self) -> Result<i64, PackError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn number(&mut self) -> Result<u64, PackError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(PackError::Content("such a number"))
    }
}
