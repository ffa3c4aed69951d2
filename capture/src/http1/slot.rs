//! Requests that wait for their responses, and which response answers which.

use std::collections::VecDeque;

use crate::conversation::{Extent, Reasons};
use crate::{Incomplete, Request, Response};

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
    /// One that was not captured; whether a blind spot was already told of.
    Orphan { told: bool },
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

/// A count that nothing has confirmed yet.
#[derive(Debug, Default)]
struct Tentative {
    /// The pairs made since it began.
    withheld: Vec<Slot>,
    /// Position at which the latest response ended, or an interim one.
    answered_to: u64,
}

/// The requests of a connection that are not answered yet, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    slots: VecDeque<Box<Slot>>,
    /// Whether every response since the beginning was seen, so that counting tells which is next.
    pub(super) ordered: bool,
    /// Set while the count may be wrong: it began, or began again, with a pair that only its positions tell, and a client
    /// that does not wait for answers may have sent another request before, at the same moment.
    tentative: Option<Box<Tentative>>,
    /// Whether the client sends requests before earlier ones are answered.
    pipelined: bool,
    /// Where the latest response began that came when no request waited.
    unasked: Option<u64>,
    /// Bytes held by the slots.
    held: usize,
}

impl Queue {
    pub(super) fn push(&mut self, slot: Slot) {
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
        self.tentative.get_or_insert_default().withheld.push(slot);
    }

    /// Labels the pairs that are kept.
    pub(super) fn label_withheld(&mut self, reason: Incomplete) {
        let withheld = self.tentative.iter_mut().flat_map(|tentative| &mut tentative.withheld);
        withheld.for_each(|slot| slot.reasons.add(reason));
    }

    /// Ends the doubt in the count, and takes the pairs that were kept for it.
    pub(super) fn take_withheld(&mut self) -> Vec<Slot> {
        let withheld = self.tentative.take().map_or_else(Vec::new, |tentative| tentative.withheld);
        self.held = withheld.iter().fold(self.held, |held, slot| held.saturating_sub(slot.held()));
        withheld
    }

    /// Whether the count may be wrong.
    pub(super) fn is_tentative(&self) -> bool {
        self.tentative.is_some()
    }

    /// Notes where a response ended.
    pub(super) fn answered_to(&mut self, at: u64) {
        if let Some(tentative) = &mut self.tentative {
            tentative.answered_to = at;
        }
    }

    /// Which request a response answers.
    ///
    /// While every response was seen, they come in the order of the requests. Once some were lost, only a request
    /// sent when exactly the bytes before the response had arrived at the client is certain to be the one. A
    /// doubtful response stays without a request: a wrong pair is worse than none.
    pub(super) fn pair(&mut self, candidate: Candidate) -> Pairing {
        if self.ordered { self.next_in_order(candidate) } else { self.by_position(candidate) }
    }

    fn next_in_order(&mut self, candidate: Candidate) -> Pairing {
        let Candidate { at, ack, peer_known, .. } = candidate;
        let mut open = self.slots.iter_mut().filter(|slot| slot.answer.is_none());
        let Some(first) = open.next() else {
            return self.without_request(candidate);
        };
        let Some(lost) = &mut first.lost else {
            // Nobody answers what has not arrived. Where every byte since the beginning was seen, counting is enough.
            if self.tentative.is_some() && first.extent.at >= ack {
                return self.without_request(candidate);
            }
            return match first.ack_first <= at {
                true => Pairing::Slot(first.id),
                false if peer_known => Pairing::Orphan { told: false },
                false => Pairing::Wait,
            };
        };
        if !peer_known {
            return Pairing::Wait;
        }
        let following = open.find(|slot| slot.lost.is_none()).map(|slot| (slot.id, slot.ack_first));
        match following {
            // Sent when all before had arrived: the answer to it, unless the client does not wait for answers.
            Some((id, ack)) if ack == at && !self.pipelined && (lost.answered || !lost.certain) => {
                self.tentative.get_or_insert_default();
                Pairing::Slot(id)
            }
            Some((_, ack)) if ack <= at => {
                // The lost request was not waited for, so nobody can count any more.
                lost.answered = true;
                self.pipelined = true;
                self.ordered = false;
                Pairing::Orphan { told: true }
            }
            _ => {
                lost.answered = true;
                Pairing::Orphan { told: true }
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
            Some(_) if lost_before && self.pipelined => Pairing::Orphan { told: true },
            Some(id) => {
                self.ordered = true;
                self.tentative.get_or_insert_default();
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
        self.unasked = Some(candidate.at);
        Pairing::Orphan { told: false }
    }

    /// Whether a request that is not queued yet was begun before the client had received a response without a request.
    pub(super) fn may_be_answered(&self, ack_first: u64) -> bool {
        self.unasked.is_some_and(|at| ack_first <= at)
    }

    /// Notes whether a request was sent before the one before it was answered.
    pub(super) fn note_pipelining(&mut self, ack: u64) {
        let unanswered = self.slots.back().filter(|slot| slot.lost.is_none() && slot.answer.is_none());
        self.pipelined |= unanswered.is_some_and(|slot| slot.ack_first == ack);
        let answer = self.tentative.as_ref().and_then(|tentative| tentative.withheld.last()?.answer.as_ref());
        self.pipelined |= answer.is_some_and(|(answer, _)| answer.at >= ack);
    }

    /// Whether the next request waited for all answers before the response at `at`, which is the next: then the count was
    /// right so far.
    pub(super) fn next_waited(&self, at: u64) -> bool {
        let waited = |slot: &Slot| slot.lost.is_none() && slot.answer.is_none() && slot.ack_first == at;
        let next = self.tentative.as_ref().is_some_and(|tentative| at == tentative.answered_to);
        next && self.front().is_some_and(waited)
    }

    /// Whether a client that had received as much has an answer to all that it asked.
    pub(super) fn caught_up(&self, ack: u64) -> bool {
        self.slots.is_empty() && self.tentative.as_ref().is_some_and(|tentative| ack == tentative.answered_to)
    }

    /// Whether the client was seen to send requests before earlier ones were answered.
    pub(super) fn pipelined(&self) -> bool {
        self.pipelined
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
    /// Bytes held, its own included.
    fn held(&self) -> usize {
        size_of::<Self>() + self.request.held() + self.answer.as_ref().map_or(0, |(_, response)| response.held())
    }
}
