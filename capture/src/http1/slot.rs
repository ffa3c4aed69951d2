//! Requests that wait for their responses, and which response answers which.

use std::collections::VecDeque;

use super::doubt::{Doubt, Rests};
use super::pace::Pace;
use crate::conversation::{Extent, Reasons};
use crate::{Request, Response};

/// How often a client must have caught up, in step with the count, to be believed: longer than the windows of those that
/// never wait for all their answers, as long as the bounds on memory and delay allow.
const OFTEN: u32 = 32;

/// How often one that sends batches must have in what is handed on of a connection that ends without a word: once may be
/// the moment at which a window slid.
const TWICE: u32 = 2;

/// Fields by which a response says which request it answers.
const IDS: [&str; 3] = ["x-request-id", "x-correlation-id", "traceparent"];

/// A request, or a stretch in which requests may have been lost.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: u64,
    pub(super) lost: Option<Lost>,
    /// Whether a response without a request may have been its answer.
    pub(super) doubtful: bool,
    pub(super) extent: Extent,
    /// How much of the response direction the client had received when it sent the first and the last byte.
    pub(super) ack_first: u64,
    pub(super) ack_last: u64,
    /// Position of the exchange on the connection.
    pub(super) position: u64,
    pub(super) request: Request,
    /// Whether the request is over.
    pub(super) done: bool,
    pub(super) method: Method,
    pub(super) answer: Option<(Extent, Response)>,
    pub(super) reasons: Reasons,
}

/// Requests of unknown number that were not captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// There was at least one.
    pub(super) certain: bool,
    /// Responses that were taken for theirs.
    pub(super) answered: bool,
    /// It is one, as far as is seen: its end passed by, and the next was sent before its answer.
    pub(super) single: bool,
}

/// What a method says about the response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Connect,
    Other,
}

/// Which request a response answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// That of the slot with this id.
    Slot(u64),
    /// The single lost one of the slot with this id.
    Lost(u64),
    /// One that was not captured, or nobody knows which; whether a blind spot was already told of, and whether it was left
    /// over when all requests that were captured were answered.
    Orphan { told: bool, left_over: bool },
    /// More of the request direction must be known first.
    Wait,
}

/// A response about to be paired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Position at which it, or its first interim response, begins.
    pub(super) at: u64,
    /// Position at which it begins itself.
    pub(super) itself: u64,
    /// How much of the request direction the server had received when it sent it.
    pub(super) ack: u64,
    /// Whether all requests are known that the server had received when it sent it.
    pub(super) peer_known: bool,
}

/// The requests of a connection that are not answered yet, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    slots: VecDeque<Box<Slot>>,
    /// Whether every response since the beginning was seen, so that counting tells which is next.
    pub(super) ordered: bool,
    /// Whether the count began, or began again, with a pair that only its positions tell.
    recounted: bool,
    /// Set while the count may be wrong (see [`super::withheld`]).
    doubt: Option<Box<Doubt>>,
    /// What was seen of the client's way, once something was.
    pace: Option<Box<Pace>>,
    /// Bytes held by the slots.
    held: usize,
}

impl Queue {
    pub(super) fn push(&mut self, slot: Slot) {
        // A lost request may have asked for anything.
        let asked_at = if slot.lost.is_some() { 0 } else { slot.ack_first };
        if self.pace.is_some() {
            self.pace().explain_gap(asked_at);
        }
        self.held += slot.held();
        self.slots.push_back(Box::new(slot));
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes held, heads included.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn back_mut(&mut self) -> Option<&mut Slot> {
        self.slots.back_mut().map(AsMut::as_mut)
    }

    pub(super) fn front(&self) -> Option<&Slot> {
        self.slots.front().map(AsRef::as_ref)
    }

    /// Where a slot is: ids grow from front to back.
    fn place(&self, id: u64) -> Option<usize> {
        self.slots.binary_search_by_key(&id, |slot| slot.id).ok()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Slot> {
        self.slots.get(self.place(id)?).map(AsRef::as_ref)
    }

    /// Changes a slot, and keeps count of what it holds.
    pub(super) fn change<T>(&mut self, id: u64, change: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let place = self.place(id)?;
        let slot = self.slots.get_mut(place)?;
        let before = slot.held();
        let changed = change(slot);
        self.held = (self.held + slot.held()).saturating_sub(before);
        Some(changed)
    }

    pub(super) fn pop_front(&mut self) -> Option<Box<Slot>> {
        let slot = self.slots.pop_front()?;
        self.held = self.held.saturating_sub(slot.held());
        Some(slot)
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Box<Slot>> {
        let slot = self.slots.remove(self.place(id)?)?;
        self.held = self.held.saturating_sub(slot.held());
        Some(slot)
    }

    /// Keeps a pair that was removed.
    pub(super) fn withhold(&mut self, slot: Slot) {
        self.held += slot.held();
        let doubt = self.doubt.get_or_insert_default();
        doubt.rests.note(&slot);
        doubt.withheld.push_back(slot);
    }

    /// Takes the first of the pairs that are kept, where there are others.
    pub(super) fn take_oldest(&mut self) -> Option<Slot> {
        let doubt = self.doubt.as_mut().filter(|doubt| doubt.withheld.len() > 1)?;
        let slot = doubt.withheld.pop_front()?;
        doubt.before = doubt.before.saturating_sub(1);
        doubt.proven = doubt.proven.saturating_sub(1);
        self.held = self.held.saturating_sub(slot.held());
        Some(slot)
    }

    /// Takes the pairs that are kept; the doubt goes on.
    pub(super) fn take_withheld(&mut self) -> VecDeque<Slot> {
        let doubt = self.doubt.as_mut().map(|doubt| std::mem::take(doubt.as_mut()));
        let withheld = doubt.map_or_else(VecDeque::new, |doubt| doubt.withheld);
        self.held = withheld.iter().fold(self.held, |held, slot| held.saturating_sub(slot.held()));
        withheld
    }

    /// Whether the count may be wrong.
    pub(super) fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// The count begins again, and may be wrong: how the client went about its answers before tells nothing of what was
    /// lost since.
    pub(super) fn begin_doubt(&mut self) {
        self.recounted = true;
        let doubt = self.doubt.get_or_insert_default();
        if doubt.rests.prove() {
            doubt.proven = doubt.withheld.len();
        }
        (doubt.caught_up, doubt.before, doubt.rests) = (0, 0, Rests::default());
    }

    /// The count is right, as far as can be told.
    pub(super) fn end_doubt(&mut self) {
        self.doubt = None;
    }

    /// Responses may have passed by that nobody counted: what was left over would not show any more.
    pub(super) fn break_count(&mut self) {
        self.pace().lose_end();
        if let Some(doubt) = &mut self.doubt {
            doubt.broken = true;
        }
    }

    /// Whether the client, which pipelines, was seen to send batches and to wait for their answers.
    pub(super) fn in_batches(&self) -> bool {
        self.doubt.as_ref().is_some_and(|doubt| !self.sliding() && !doubt.broken && doubt.caught_up >= TWICE)
    }

    /// How many of the pairs that are kept were made before the client was last seen to have caught up.
    pub(super) fn before_batch(&self) -> usize {
        self.doubt.as_ref().map_or(0, |doubt| doubt.before)
    }

    /// How many of the pairs that are kept were proven before the count began again.
    pub(super) fn proven(&self) -> usize {
        self.doubt.as_ref().map_or(0, |doubt| doubt.proven)
    }

    /// Whether rests of the client prove the count; where the connection `ended`, that before its end.
    pub(super) fn is_rested(&self, ended: bool) -> bool {
        let end = self.pace.as_ref().and_then(|pace| pace.ends_at).filter(|_| ended);
        let rested = |doubt: &Doubt| doubt.rests.prove() || end.is_some_and(|end| doubt.rests.last_until(end));
        self.doubt.as_ref().is_some_and(|doubt| rested(doubt))
    }

    /// Whether the client was not seen to pipeline.
    pub(super) fn asks_in_turn(&self) -> bool {
        self.pace.as_ref().is_none_or(|pace| !pace.pipelined)
    }

    /// Whether the client may have sent requests beside others that nobody read, which only its end shows.
    pub(super) fn may_pipeline(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.may_pipeline)
    }

    /// Whether every response since the doubt began was counted.
    pub(super) fn is_counted(&self) -> bool {
        self.doubt.as_ref().is_none_or(|doubt| !doubt.broken)
    }

    /// What is seen of the client's way.
    pub(super) fn pace(&mut self) -> &mut Pace {
        self.pace.get_or_insert_default()
    }

    /// Notes where a response ended. What the client sent when it had received some of it was sent before the answer.
    pub(super) fn ended_at(&mut self, at: u64) {
        // An interim response ends nothing.
        let Some(asked) = self.pace().ended_at(at) else { return };
        let mut waiting = self.slots.iter().filter(|slot| slot.lost.is_none() && slot.answer.is_none());
        if waiting.any(|slot| asked < slot.ack_first && slot.ack_first < at) {
            self.pace().slide();
        }
    }

    /// Notes that bytes of the server are missing between two responses. While a request waits that was sent before, its
    /// answer may be there.
    pub(super) fn note_gap(&mut self, at: u64) {
        if self.slots.is_empty() {
            self.pace().note_unasked_gap(at);
        } else if !self.slots.iter().any(|slot| slot.may_ask_for(at)) {
            self.pace().pipelined = true;
        }
    }

    /// Notes that no more requests will come.
    pub(super) fn note_end(&mut self) {
        if self.slots.is_empty() {
            self.pace().explain_gap(u64::MAX);
        }
    }

    /// Notes that a final response is over, or all that came of it, and whose request's slot it answers.
    pub(super) fn note_served(&mut self, id: Option<u64>) {
        let asked = id.and_then(|id| self.get(id)).map(|slot| slot.ack_first);
        self.pace().note_served(asked);
    }

    /// Which request a response answers.
    ///
    /// While every response was seen, they come in the order of the requests. Once some were lost, only a request
    /// sent when exactly the bytes before the response had arrived at the client is certain to be the one. A
    /// doubtful response stays without a request: a wrong pair is worse than none.
    pub(super) fn pair(&mut self, candidate: Candidate) -> Pairing {
        let first = self.slots.iter().find(|slot| slot.answer.is_none());
        if let Some(first) = first.filter(|slot| slot.lost.is_some_and(|lost| lost.single)) {
            return if candidate.peer_known { Pairing::Lost(first.id) } else { Pairing::Wait };
        }
        if self.ordered { self.next_in_order(candidate) } else { self.by_position(candidate) }
    }

    /// The single lost request is answered: from here on counting tells which is next, as far as no others were lost.
    pub(super) fn answer_lost(&mut self, id: u64) {
        self.remove(id);
        self.ordered = true;
        self.begin_doubt();
    }

    /// Whether a request waits that was captured.
    pub(super) fn waits(&self) -> bool {
        self.slots.iter().any(|slot| slot.lost.is_none() && slot.answer.is_none())
    }

    fn next_in_order(&mut self, candidate: Candidate) -> Pairing {
        let Candidate { at, ack, peer_known, .. } = candidate;
        let pipelined = self.pipelined();
        let mut open = self.slots.iter_mut().filter(|slot| slot.answer.is_none());
        let Some(first) = open.next() else {
            return self.without_request(candidate);
        };
        let Some(lost) = &mut first.lost else {
            // Nobody answers what has not arrived. Where every byte since the beginning was seen, counting is enough.
            if self.recounted && first.extent.at >= ack {
                return self.without_request(candidate);
            }
            return match first.ack_first <= at {
                true => Pairing::Slot(first.id),
                false if peer_known => Pairing::Orphan { told: false, left_over: true },
                false => Pairing::Wait,
            };
        };
        if !peer_known {
            return Pairing::Wait;
        }
        let following = open.find(|slot| slot.lost.is_none()).map(|slot| (slot.id, slot.ack_first));
        match following {
            // Sent when all before had arrived: the answer to it, unless the client does not wait for answers.
            Some((id, ack)) if ack == at && !pipelined && (lost.answered || !lost.certain) => {
                self.begin_doubt();
                Pairing::Slot(id)
            }
            Some((_, ack)) if ack <= at => {
                // The lost request was not waited for, so nobody can count any more.
                lost.answered = true;
                self.pace().pipelined = true;
                self.ordered = false;
                self.break_count();
                Pairing::Orphan { told: true, left_over: false }
            }
            _ => {
                lost.answered = true;
                self.break_count();
                Pairing::Orphan { told: true, left_over: false }
            }
        }
    }

    fn by_position(&mut self, candidate: Candidate) -> Pairing {
        let Candidate { at, itself, ack, .. } = candidate;
        let fits = |ack: u64| ack == at || ack == itself;
        let mut lost_before = false;
        let mut found = None;
        for slot in self.slots.iter().filter(|slot| slot.answer.is_none()) {
            let arrived = slot.extent.at < ack;
            let suits =
                slot.lost.is_none() && arrived && !slot.doubtful && (fits(slot.ack_first) || fits(slot.ack_last));
            if suits {
                found = Some(slot.id);
                break;
            }
            lost_before = slot.lost.is_some_and(|lost| lost.certain && !lost.answered);
        }
        match found {
            // A lost request just before may have been sent at the same moment.
            Some(_) if lost_before && self.pipelined() => Pairing::Orphan { told: true, left_over: false },
            Some(id) => {
                self.ordered = true;
                self.begin_doubt();
                Pairing::Slot(id)
            }
            None => self.without_request(candidate),
        }
    }

    /// No request is known that a response answers. If one was begun, the response may be to that, so it ends the
    /// count.
    fn without_request(&mut self, candidate: Candidate) -> Pairing {
        if !candidate.peer_known {
            return Pairing::Wait;
        }
        self.ordered = false;
        self.pace().unasked = Some(candidate.at);
        let waits = |slot: &Slot| slot.answer.is_none() && (slot.lost.is_some() || slot.extent.at < candidate.ack);
        Pairing::Orphan { told: false, left_over: !self.slots.iter().any(|slot| waits(slot)) }
    }

    /// Whether a request that is not queued yet was begun before the client had received a response without a request.
    pub(super) fn may_be_answered(&self, ack_first: u64) -> bool {
        self.pace.as_ref().and_then(|pace| pace.unasked).is_some_and(|at| ack_first <= at)
    }

    /// Notes whether a request was sent before the one before it was answered.
    pub(super) fn note_pipelining(&mut self, ack: u64) {
        let unanswered = self.slots.back().filter(|slot| slot.lost.is_none() && slot.answer.is_none());
        let beside = unanswered.is_some_and(|slot| slot.ack_first == ack);
        let pace = self.pace();
        pace.pipelined |= beside;
        pace.note_request(ack);
    }

    /// Notes whether the next request waited for all answers before the response at `at`, which is the next.
    pub(super) fn note_next(&mut self, at: u64) {
        let waited = |slot: &Slot| slot.lost.is_none() && slot.answer.is_none() && slot.ack_first == at;
        if self.front().is_some_and(waited) {
            self.catch_up(at);
        }
    }

    /// Notes whether a client that sends a request when it has received as much has an answer to all that it asked.
    pub(super) fn note_request(&mut self, ack: u64) {
        if self.slots.is_empty() {
            self.catch_up(ack);
        }
    }

    fn catch_up(&mut self, at: u64) {
        if self.pace().catches_up(at)
            && let Some(doubt) = &mut self.doubt
        {
            doubt.caught_up += 1;
            doubt.before = doubt.withheld.len();
        }
    }

    /// Whether the client caught up so often that the count is believed.
    pub(super) fn is_believed(&self) -> bool {
        let counted = |doubt: &Doubt| match self.pipelined() {
            true => !self.sliding() && !doubt.broken,
            false => !self.may_pipeline(),
        };
        self.doubt.as_ref().is_some_and(|doubt| doubt.caught_up >= OFTEN && counted(doubt))
    }

    /// Whether the client was seen to slide a window of requests.
    pub(super) fn sliding(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.sliding)
    }

    /// Whether the client was seen to send requests before earlier ones were answered.
    pub(super) fn pipelined(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.pipelined)
    }

    /// Whether the last request asked to go on in another protocol, and no answer to it was seen.
    pub(super) fn upgrade_asked(&self) -> bool {
        let asks = |slot: &Slot| slot.done && slot.answer.is_none() && slot.request.headers.get("upgrade").is_some();
        self.slots.back().is_some_and(|slot| asks(slot))
    }

    /// Whether the client asked for a tunnel and was not seen to be refused.
    pub(super) fn tunnel_asked(&self) -> bool {
        self.slots.back().is_some_and(|slot| slot.method == Method::Connect)
    }

    /// Whether the whole response to the first slot lies in the missing stretch `from..to`: a later request was sent
    /// when more had arrived.
    pub(super) fn front_answered_within(&self, from: u64, to: u64) -> bool {
        let Some(front) = self.front() else { return false };
        front.lost.is_none()
            && front.answer.is_none()
            && front.done
            && front.ack_first >= from
            && self.slots.iter().any(|later| later.ack_first > front.ack_first && later.ack_first <= to)
    }
}

impl Slot {
    /// Whether a request, or a lost one, may have asked for what the server sent from `at` on.
    fn may_ask_for(&self, at: u64) -> bool {
        self.answer.is_none() && (self.lost.is_some() || self.ack_first <= at)
    }

    /// Whether the answer repeats an id of the request or names another; none where not both name one. The client chooses
    /// it, so it only adds to what the positions say.
    pub(super) fn names_its_answer(&self) -> Option<bool> {
        let (_, response) = self.answer.as_ref()?;
        let both = |name: &&str| self.request.headers.text(name).zip(response.headers.text(name));
        IDS.iter().filter_map(both).map(|(asked, answered)| asked == answered).max()
    }

    /// Bytes held, its own included.
    fn held(&self) -> usize {
        size_of::<Self>() + self.request.held() + self.answer.as_ref().map_or(0, |(_, response)| response.held())
    }
}
