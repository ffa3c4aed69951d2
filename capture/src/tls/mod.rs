//! TLS 1.2 and 1.3 on a connection: with the secrets of its key log, what it carries is read like any other channel.
//!
//! Records are put together from both sides' bytes and opened with the keys that follow from the two hellos and the key
//! log's secret; the plaintext is a conversation of its own, with the times and frames of the packets that carried it.
//! Every suite that is read is authenticated, so a record is opened rightly or not at all. That also finds the place
//! again after lost packets: the next records are tried with the next numbers until one opens.
//!
//! Without secrets a connection is counted: what the hellos say in the clear, and why it was not read.

mod cipher;
mod early;
mod epoch;
mod handshake;
mod hello;
mod ja4;
mod key_log;
mod plaintext;
mod quic;
mod record;
mod schedule;
mod secret;
mod secrets;
mod side;
mod suite;
mod tally;
mod waiting;

pub(crate) use quic::QuicHello;
pub(crate) use secrets::{Secrets, check};
pub(crate) use tally::Tally;

use early::Early;
use epoch::{Epochs, Opened, Stage};
use handshake::Transcript;
use hello::{ClientHello, Extensions, ServerHello};
use key_log::CIPHERTEXT;
use record::{Kind, Record};
use secret::Secret;
use side::Side;
use suite::Suite;
use tally::{Facts, version};
use waiting::{Item, Waiting};

use crate::Timestamp;
use crate::conversation::{self, Channel, Conversation, Handover, Unread};
use crate::output::Output;
use crate::tcp::{Chunk, Gap, Seen};

/// Bytes of a hello's random.
const RANDOM: usize = 32;

/// A hello's random. The client's is what a key log calls the connection by.
type Random = [u8; RANDOM];

/// Records in a row that do not open before a connection whose keys never fitted is given up.
const FAILURES: u32 = 64;

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// TLS on one connection.
pub(crate) struct Connection {
    channel: Channel,
    client: Option<usize>,
    phase: Phase,
    hello: Option<Box<ClientHello>>,
    answer: Option<ServerHello>,
    /// Position after the `ServerHello`.
    answered: u64,
    /// Whether there are keys for the hellos seen last.
    keyed: bool,
    early: Early,
    sides: [Side; 2],
    inner: Conversation,
    /// What showed the channel first.
    begun: Seen,
    failures: u32,
    bytes: u64,
    /// Bytes of records that were not opened.
    unread: u64,
    /// First and last sight of protected records.
    data: Option<(Timestamp, Seen)>,
    facts: Facts,
    /// The first application protocol that the client asked for.
    asked: Option<String>,
    /// How the client's encrypted pre-master secret begins, and what was said of the handshake around it.
    premaster: Option<[u8; CIPHERTEXT]>,
    transcript: Transcript,
}

/// How far a connection is read.
enum Phase {
    Reading,
    /// Its secrets may still come.
    Waiting(Waiting),
    /// Not, and why.
    Blind(&'static str),
}

impl Connection {
    /// Goes on where the reader of HTTP/1.x saw TLS begin.
    pub(crate) fn take_over(handover: Handover, out: &mut Output<'_>) -> Self {
        let channel = Channel { encrypted: true, ..handover.channel };
        let seen = handover.sides.iter().find(|unread| !unread.bytes.is_empty()).map_or(Seen::default(), |u| u.seen);
        let mut connection = Connection {
            channel,
            client: None,
            phase: Phase::Reading,
            hello: None,
            answer: None,
            answered: 0,
            keyed: false,
            early: Early::default(),
            sides: <[Side; 2]>::default(),
            inner: Conversation::new(channel, seen),
            begun: seen,
            failures: 0,
            bytes: 0,
            unread: 0,
            data: None,
            facts: Facts::default(),
            asked: None,
            premaster: None,
            transcript: Transcript::default(),
        };
        let first = handover.client.or(handover.opener).unwrap_or(0);
        for side in [first, 1 - first] {
            if let Some(unread) = handover.sides.get(side).filter(|unread| !unread.bytes.is_empty()) {
                conversation::Reader::data(&mut connection, side, unread.chunk(), out);
            }
        }
        connection
    }

    fn side(&mut self, side: usize) -> &mut Side {
        let [first, second] = &mut self.sides;
        if side == 0 { first } else { second }
    }

    fn read(&mut self, side: usize, mut chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.side(side).plain.begin(chunk.at);
        while !chunk.data.is_empty() {
            match &mut self.phase {
                Phase::Reading => {}
                Phase::Waiting(waiting) => return waiting.push(side, Item::Data(Unread::of(&chunk, false))),
                Phase::Blind(_) => return,
            }
            let (used, taken) = self.side(side).take(&chunk);
            chunk.at += used as u64;
            chunk.data = chunk.data.get(used..).unwrap_or(&[]);
            match taken {
                Ok(Some(record)) => self.record(side, record, out),
                Ok(None) => {}
                Err(()) => out.irregular("malformed_record", chunk.seen.frame),
            }
        }
    }

    fn record(&mut self, side: usize, record: Record, out: &mut Output<'_>) {
        let end = record.end();
        let greeted = if self.client == Some(side) { self.hello.is_some() } else { self.answer.is_some() };
        // In TLS 1.3 the change means nothing.
        let changes = self.answer.as_ref().is_some_and(|answer| answer.version < TLS13);
        let own = self.side(side);
        match record.kind {
            Kind::ChangeCipherSpec if !own.protected && record.content() == [1] => {
                own.settle();
                own.protected = changes;
            }
            Kind::Handshake if !(own.protected || record.trial && greeted) => {
                own.settle();
                let messages = own.messages.push(record.content());
                if !self.keyed {
                    self.transcript.push(side, record.content());
                }
                for (kind, message) in messages {
                    self.message(side, kind, &message, end);
                }
            }
            Kind::Alert if !own.protected && !record.trial => {}
            _ => self.protected(side, record, out),
        }
        self.side(side).plain.mark(end, false);
    }

    /// A handshake message, sent in the clear or opened.
    fn message(&mut self, side: usize, kind: u8, message: &[u8], end: u64) {
        match kind {
            handshake::CLIENT_HELLO => self.client_hello(side, message),
            handshake::SERVER_HELLO => self.server_hello(message, end),
            // The ciphertext stands behind its length.
            handshake::CLIENT_KEY_EXCHANGE => {
                self.premaster = message.get(2..).and_then(|ciphertext| ciphertext.first_chunk().copied());
            }
            handshake::ENCRYPTED_EXTENSIONS => {
                let said = Extensions::read(message).unwrap_or_default();
                self.facts.alpn = said.alpn;
                self.early.accepted = said.early_data;
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, side: usize, message: &[u8]) {
        let Some(hello) = ClientHello::read(message) else { return };
        if *self.client.get_or_insert(side) != side {
            return;
        }
        if !self.channel.is_told_by_print() {
            // Nothing can have been opened before the first hello.
            self.channel.print = ja4::print(&hello);
            self.inner = Conversation::new(self.channel, self.begun);
        }
        self.inner.opened(side);
        self.asked = hello.alpn.as_deref().and_then(hello::printable).map(str::to_owned);
        self.facts.server = hello.server_name.clone().unwrap_or_default();
        self.facts.fingerprint.get_or_insert_with(|| ja4::fingerprint(&hello, ja4::Transport::Tcp));
        self.early.settled = !hello.early_data;
        self.hello = Some(Box::new(hello));
        self.answer = None;
    }

    fn server_hello(&mut self, message: &[u8], end: u64) {
        let Some(answer) = ServerHello::read(message).filter(|answer| !answer.retry) else { return };
        self.facts.version = version(answer.version);
        self.facts.suite = Some(answer.suite);
        self.facts.alpn.clone_from(&answer.alpn);
        self.early.settled |= answer.version < TLS13;
        self.answered = end;
        self.keyed = false;
        self.answer = Some(answer);
    }

    /// A record that only opens with keys.
    fn protected(&mut self, side: usize, record: Record, out: &mut Output<'_>) {
        let seen = record.seen();
        self.data.get_or_insert((seen.time, seen)).1 = seen;
        if self.is_early(side, &record) {
            return self.hold_early(side, record);
        }
        if self.client == Some(side) && !self.early.records.is_empty() {
            self.settle_early(false, out);
        }
        if !self.keyed {
            match self.derive(seen.time, out) {
                Ok(()) => {
                    self.keyed = true;
                    self.transcript = Transcript::default();
                }
                Err(NO_KEY) if out.secrets.may_come() => {
                    let mut waiting = Waiting::default();
                    waiting.push(side, Item::Record(record));
                    self.phase = Phase::Waiting(waiting);
                    return;
                }
                Err(reason) => return self.give_up(reason, out),
            }
        }
        self.open(side, record, out);
    }

    /// Makes the keys of the handshake seen last, or says why there are none.
    fn derive(&mut self, now: Timestamp, out: &mut Output<'_>) -> Result<(), &'static str> {
        let (Some(client), Some(hello), Some(answer)) = (self.client, &self.hello, &self.answer) else {
            let one = self.client.is_some() || self.answer.is_some();
            return Err(if one { "tls_one_hello" } else { "tls_mid_connection" });
        };
        if !(TLS12..=TLS13).contains(&answer.version) {
            return Err("tls_version");
        }
        let suite = Suite::of(answer.suite).filter(|_| Suite::is_of_tls13(answer.suite) == (answer.version == TLS13));
        let suite = suite.ok_or("tls_unknown_suite")?;
        let [own, peer] = if answer.version == TLS13 {
            let traffic = out.secrets.traffic(&hello.random, now).ok_or(NO_KEY)?;
            let secrets::Traffic { handshake: [own, peer], application: [own_data, peer_data], .. } = traffic;
            [(false, own, own_data), (true, peer, peer_data)].map(|(server, handshake, data)| {
                let handshake = handshake.map(|secret| (Stage::Handshake, secret));
                Epochs::tls13(suite, server, handshake.into_iter().chain([(Stage::Application, data)]))
            })
        } else {
            let master = out.secrets.master(&hello.random, now);
            let premaster = || out.secrets.premaster(self.premaster.as_ref()?);
            let master = master.or_else(|| self.master(suite, &premaster()?, hello, answer)).ok_or(NO_KEY)?;
            schedule::tls12(suite, &master, &hello.random, &answer.random, answer.encrypt_then_mac)
                .ok_or("tls_unknown_suite")?
                .map(|cipher| Epochs::tls12(suite, cipher))
        };
        for (side, newer) in [(client, own), (1 - client, peer)] {
            match &mut self.side(side).epochs {
                Some(epochs) => epochs.renew(newer),
                none => *none = Some(newer),
            }
        }
        Ok(())
    }

    /// The master secret that follows from what the client encrypted for the server.
    fn master(&self, suite: Suite, premaster: &Secret, hello: &ClientHello, answer: &ServerHello) -> Option<Secret> {
        let randoms = [&hello.random, &answer.random];
        if !answer.extended_master_secret {
            return schedule::master(suite, premaster, randoms, None);
        }
        let handshake = self.transcript.until_key_exchange(self.client?)?;
        schedule::master(suite, premaster, randoms, Some(&handshake))
    }

    fn give_up(&mut self, reason: &'static str, out: &mut Output<'_>) {
        self.hand_on_all(out);
        self.phase = Phase::Blind(reason);
        self.sides = <[Side; 2]>::default();
        self.early = Early::default();
        self.hello = None;
        self.transcript = Transcript::default();
    }

    fn open(&mut self, side: usize, mut record: Record, out: &mut Output<'_>) {
        let own = self.side(side);
        let lost = own.lost.map_or(0, |lost| record.at().saturating_sub(lost.at));
        match own.epochs.as_mut().and_then(|epochs| epochs.open(&mut record, lost)) {
            Some(opened) => {
                own.settle();
                self.failures = 0;
                self.opened(side, &record, opened, out);
            }
            None => {
                self.failures += 1;
                self.unread += record.bytes.len() as u64;
                self.side(side).not_opened(&record);
                if !self.fits() && self.failures >= FAILURES {
                    self.give_up(WRONG_KEY, out);
                }
            }
        }
    }

    /// Whether the keys that were given opened some record.
    fn fits(&self) -> bool {
        self.sides.iter().any(|side| side.epochs.as_ref().is_some_and(Epochs::in_use))
    }

    fn opened(&mut self, side: usize, record: &Record, opened: Opened, out: &mut Output<'_>) {
        self.note_lost(side, record.at(), opened.skipped);
        let plain = record.bytes.get(opened.plain.clone()).unwrap_or(&[]);
        match opened.kind {
            Kind::ApplicationData => self.deliver(side, record, opened.plain, out),
            Kind::Handshake => {
                for (kind, message) in self.side(side).messages.push(plain) {
                    self.message(side, kind, &message, record.end());
                    if kind == handshake::ENCRYPTED_EXTENSIONS && !self.early.settled {
                        self.settle_early(self.early.accepted, out);
                    }
                }
            }
            // `close_notify`: an end in order, whatever TCP does then.
            Kind::Alert if plain == [1, 0] => self.close(side, out),
            Kind::Alert | Kind::ChangeCipherSpec => {}
        }
        self.hand_on_ready(out);
    }

    /// Looks for the secrets that were missing.
    fn look_again(&mut self, now: Timestamp, out: &mut Output<'_>) {
        let found = self.derive(now, out);
        let Phase::Waiting(waiting) = &mut self.phase else { return };
        match found {
            Err(NO_KEY) if !waiting.is_full() => {}
            Err(reason) => self.give_up(reason, out),
            Ok(()) => {
                self.keyed = true;
                self.transcript = Transcript::default();
                let items = waiting.take();
                self.phase = Phase::Reading;
                for (side, item) in items {
                    match item {
                        Item::Record(record) => self.open(side, record, out),
                        Item::Data(unread) => self.known(side, unread.resumed(), out),
                        Item::Gap(at, gap) => self.side(side).gap(at, &gap),
                        Item::End => self.close(side, out),
                    }
                }
            }
        }
    }

    /// Reads what a side holds back, if its peer had received it: then nothing that it could wait for is missing.
    fn catch_up(&mut self, side: usize, received: u64, out: &mut Output<'_>) {
        if let Some(rest) = self.side(side).rest.take_if(|rest| rest.at < received) {
            self.read(side, rest.resumed(), out);
        }
    }

    /// Reads a chunk after those that are not read yet.
    fn known(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        match &mut self.side(side).rest {
            Some(rest) => rest.bytes.extend_from_slice(chunk.data),
            None => self.read(side, chunk, out),
        }
    }
}

const NO_KEY: &str = "tls_no_key";
/// There are keys, and none of them opened a record.
const WRONG_KEY: &str = "tls_wrong_key";

impl conversation::Reader for Connection {
    fn opened(&mut self, _opener: usize) {
        // The client is who says hello.
    }

    fn held(&self) -> usize {
        let [first, second] = &self.sides;
        let waiting = if let Phase::Waiting(waiting) = &self.phase { waiting.held() } else { 0 };
        first.held() + second.held() + self.inner.held() + waiting + self.early.held() + self.transcript.held()
    }

    fn waits_for(&self, side: usize) -> Option<u64> {
        let [first, second] = &self.sides;
        let own = if side == 0 { first } else { second };
        match self.phase {
            Phase::Reading => own.rest.as_ref().map(|rest| rest.ack),
            Phase::Waiting(_) | Phase::Blind(_) => None,
        }
    }

    fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.bytes += chunk.data.len() as u64;
        match &mut self.phase {
            Phase::Blind(_) => {
                self.data.iter_mut().for_each(|(_, last)| *last = chunk.seen);
            }
            Phase::Waiting(waiting) => {
                waiting.push(side, Item::Data(Unread::of(&chunk, false)));
                self.look_again(chunk.seen.time, out);
            }
            // What one side says follows from what it was told: the handshake, and who answers whom.
            Phase::Reading if !chunk.peer_known => {
                self.side(side).rest = Some(Box::new(Unread::of(&chunk, false)));
            }
            Phase::Reading => {
                self.catch_up(1 - side, chunk.ack, out);
                self.read(side, chunk, out);
            }
        }
    }

    fn gap(&mut self, side: usize, at: u64, gap: Gap, _out: &mut Output<'_>) {
        match &mut self.phase {
            Phase::Blind(_) => {}
            Phase::Waiting(waiting) => waiting.push(side, Item::Gap(at, gap)),
            Phase::Reading => self.side(side).gap(at, &gap),
        }
    }

    fn resume(&mut self, side: usize, out: &mut Output<'_>) {
        if let Some(rest) = self.side(side).rest.take() {
            self.catch_up(1 - side, rest.ack, out);
            self.read(side, rest.resumed(), out);
        }
    }

    fn ends_at(&mut self, time: Timestamp) {
        self.inner.ends_at(time);
    }

    fn end(&mut self, side: usize, out: &mut Output<'_>) {
        match &mut self.phase {
            Phase::Blind(_) => {}
            Phase::Waiting(waiting) => waiting.push(side, Item::End),
            Phase::Reading => self.close(side, out),
        }
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        if matches!(self.phase, Phase::Waiting(_)) {
            self.look_again(Timestamp(i64::MAX), out);
        }
        if matches!(self.phase, Phase::Reading) {
            for side in [0, 1] {
                self.flush(side);
            }
            self.hand_on_all(out);
        }
        self.inner.finish(out);
        self.count(out);
    }

    fn client(&self) -> Option<usize> {
        self.client.or_else(|| self.inner.client())
    }

    fn protocol(&self) -> Option<&'static str> {
        match self.phase {
            Phase::Reading if self.keyed => self.inner.protocol(),
            _ => Some("tls"),
        }
    }
}
