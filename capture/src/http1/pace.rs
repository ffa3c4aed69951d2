//! How a client goes about its answers: whether it waits for each, sends batches, or keeps a window of requests on their
//! way. What it is taken for is told by what each side had received when it sent what.

use crate::Timestamp;

/// What was seen of a client's way. Of a connection that is no HTTP nothing is.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Whether it sends requests before earlier ones are answered; and whether it does so after some of the answers that it
    /// waits for have come, rather than in batches.
    pub(super) pipelined: bool,
    pub(super) sliding: bool,
    /// Whether it sent what may have been one request of an unknown method, or one beside the rest of another.
    pub(super) may_pipeline: bool,
    /// What it had received when it was last seen to have an answer to all that it asked.
    caught_up_at: Option<u64>,
    /// Where the latest response ended, or an interim one, or what may follow one.
    answered_to: Option<u64>,
    /// How much the server had received when it sent the end of the latest final response; of one on its way, its body.
    served_to: Option<u64>,
    serving_to: u64,
    /// What the client had received when it sent the request that this answers; once it is known, where it ended.
    asked_at: Option<u64>,
    latest: Option<(u64, u64)>,
    /// Where bytes of the server are missing, between two responses, that no request is known to have asked for.
    unasked_gap: Option<u64>,
    /// When a side first said that the connection will end.
    pub(super) ends_at: Option<Timestamp>,
    /// Where the latest response began that came when no request waited.
    pub(super) unasked: Option<u64>,
}

impl Pace {
    /// A request was sent when some of the answers waited for had come, or there may have been one.
    pub(super) fn slide(&mut self) {
        (self.pipelined, self.sliding) = (true, true);
    }

    /// A request was sent when the client had received so much, before the answer to the one before or within it.
    pub(super) fn note_request(&mut self, ack: u64) {
        if let Some((asked, _)) = self.latest.filter(|(_, ended)| ack < *ended) {
            self.pipelined = true;
            self.sliding |= asked < ack;
        }
    }

    /// A final response begins that the server sent when it had received so much. Whoever waits for answers asks between
    /// any two of them.
    pub(super) fn note_response(&mut self, ack: u64) {
        self.pipelined |= self.served_to.is_some_and(|served| ack <= served);
        self.serving_to = ack;
    }

    /// The server sent some of a response's body when it had received so much.
    pub(super) fn note_body(&mut self, ack: u64) {
        self.serving_to = self.serving_to.max(ack);
    }

    /// A final response is over, or all that came of it; its request was sent when the client had received so much.
    pub(super) fn note_served(&mut self, asked: Option<u64>) {
        self.served_to = Some(self.serving_to);
        self.asked_at = asked;
    }

    /// A response ended here. Gives what the client had received when it asked for it, once for a final one.
    pub(super) fn ended_at(&mut self, at: u64) -> Option<u64> {
        self.answered_to = Some(at);
        let asked = self.asked_at.take()?;
        self.latest = Some((asked, at));
        Some(asked)
    }

    /// What may follow a response ended here.
    pub(super) fn answered_to(&mut self, at: u64) {
        self.answered_to = Some(at);
    }

    /// Bytes are missing behind a response, while no request waits.
    pub(super) fn note_unasked_gap(&mut self, at: u64) {
        self.unasked_gap = Some(at);
    }

    /// A request was sent, or may have been, when the client had received so much: it asked for what is missing, or else
    /// one did of which every answer was counted.
    pub(super) fn explain_gap(&mut self, ack: u64) {
        self.pipelined |= self.unasked_gap.take().is_some_and(|at| ack > at);
    }

    /// Nobody knows where the response that was read last ended.
    pub(super) fn lose_end(&mut self) {
        self.asked_at = None;
    }

    /// The client, of which no other request is known to wait, sent one when it had received so much. Whether it had
    /// caught up, if that is new.
    pub(super) fn catches_up(&mut self, at: u64) -> bool {
        let new = self.answered_to == Some(at) && self.caught_up_at != Some(at);
        if new {
            self.caught_up_at = Some(at);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_without_a_request_between_them_show_a_pipeline() {
        let mut pace = Pace::default();
        for (ack, pipelined) in [(100, false), (200, false), (200, true)] {
            pace.note_response(ack);
            pace.note_served(None);
            assert_eq!(pace.pipelined, pipelined, "{ack}");
        }
        // The next request arrived while the body was sent.
        let mut pace = Pace::default();
        pace.note_response(100);
        pace.note_body(200);
        pace.note_served(None);
        pace.note_response(200);
        assert!(pace.pipelined && !pace.sliding);
    }

    #[test]
    fn a_request_within_an_answer_slides_a_window() {
        for (ack, pipelined, sliding) in [(50, true, false), (70, true, true), (90, false, false)] {
            let mut pace = Pace::default();
            pace.note_served(Some(50));
            assert_eq!(pace.ended_at(90), Some(50));
            pace.note_request(ack);
            assert_eq!((pace.pipelined, pace.sliding), (pipelined, sliding), "{ack}");
        }
    }
}
