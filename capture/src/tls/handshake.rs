//! Handshake messages, put together from the records that carry them.

/// Longest message that is kept; longer ones, and those that say nothing about records, are passed over.
const LONGEST: usize = 64 << 10;
const MESSAGE_HEADER: usize = 4;

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;
pub(super) const SERVER_HELLO_DONE: u8 = 14;
pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;

/// The messages of one side.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    /// Bytes of a message that is passed over which are still to come.
    passing: usize,
}

impl Messages {
    /// Takes a record's content and gives the messages that end in it: their type and content, of those that matter.
    pub(super) fn push(&mut self, mut content: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut found = Vec::new();
        while !content.is_empty() {
            if self.passing > 0 {
                let part = self.passing.min(content.len());
                self.passing -= part;
                content = content.get(part..).unwrap_or(&[]);
                continue;
            }
            let wanted = self.wanted();
            let part = wanted.saturating_sub(self.bytes.len()).min(content.len());
            let (taken, rest) = content.split_at_checked(part).unwrap_or((content, &[]));
            self.bytes.extend_from_slice(taken);
            content = rest;
            self.settle(&mut found);
        }
        found
    }

    /// Bytes of the message, as far as that is known.
    fn wanted(&self) -> usize {
        self.length().map_or(MESSAGE_HEADER, |length| MESSAGE_HEADER + length)
    }

    fn length(&self) -> Option<usize> {
        let &[_, high, middle, low] = self.bytes.first_chunk::<MESSAGE_HEADER>()?;
        Some(u32::from_be_bytes([0, high, middle, low]) as usize)
    }

    fn settle(&mut self, found: &mut Vec<(u8, Vec<u8>)>) {
        let (Some(length), Some(&kind)) = (self.length(), self.bytes.first()) else { return };
        let matters = matches!(kind, CLIENT_HELLO | SERVER_HELLO | ENCRYPTED_EXTENSIONS | CLIENT_KEY_EXCHANGE)
            && length <= LONGEST;
        if !matters {
            self.passing = length;
            self.bytes.clear();
        } else if self.bytes.len() == MESSAGE_HEADER + length {
            let mut message = std::mem::take(&mut self.bytes);
            message.drain(..MESSAGE_HEADER);
            found.push((kind, message));
        }
    }

    /// Bytes are missing: what was begun will not be whole.
    pub(super) fn clear(&mut self) {
        *self = Messages::default();
    }

    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}

/// What both sides said in the clear of the handshake, of which the extended master secret takes a hash (RFC 7627).
#[derive(Debug, Default)]
pub(super) struct Transcript {
    said: [Vec<u8>; 2],
    /// Whether a side said more than is kept.
    over: bool,
}

impl Transcript {
    /// Adds a record's content.
    pub(super) fn push(&mut self, side: usize, content: &[u8]) {
        let Some(said) = self.said.get_mut(side) else { return };
        self.over |= said.len() + content.len() > LONGEST;
        if !self.over {
            said.extend_from_slice(content);
        }
    }

    /// The messages from the client's hello to its key exchange, as both sides count them; none where they are not whole.
    pub(super) fn until_key_exchange(&self, client: usize) -> Option<Vec<u8>> {
        let [first, second] = &self.said;
        let (client, server) = if client == 0 { (first, second) } else { (second, first) };
        let (hello, rest) = client.split_at_checked(through(client, CLIENT_HELLO)?)?;
        let server = server.get(..through(server, SERVER_HELLO_DONE)?)?;
        let rest = rest.get(..through(rest, CLIENT_KEY_EXCHANGE)?)?;
        (!self.over).then(|| [hello, server, rest].concat())
    }

    pub(super) fn held(&self) -> usize {
        self.said.iter().map(Vec::capacity).sum()
    }
}

/// Where the first message of a kind ends.
fn through(said: &[u8], kind: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        let &[found, high, middle, low] = said.get(at..)?.first_chunk::<MESSAGE_HEADER>()?;
        at += MESSAGE_HEADER + u32::from_be_bytes([0, high, middle, low]) as usize;
        if found == kind {
            return (at <= said.len()).then_some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let len = (content.len() as u32).to_be_bytes();
        [&[kind][..], &len[1..], content].concat()
    }

    proptest! {
        #[test]
        fn messages_are_the_same_however_records_cut_them(cuts in proptest::collection::vec(1usize..40, 1..40)) {
            let certificate = message(11, &[5; 300]);
            let all = [message(2, b"hello"), certificate, message(8, b""), message(20, &[1; 32]), message(24, b"\0")].concat();
            let expected = [(2, b"hello".to_vec()), (8, vec![])];
            let mut messages = Messages::default();
            let (mut rest, mut found) = (&all[..], Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, left) = rest.split_at((*cut).min(rest.len()));
                found.extend(messages.push(part));
                rest = left;
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_transcript_ends_with_the_key_exchange() {
        let mut transcript = Transcript::default();
        let (hello, exchange) = (message(CLIENT_HELLO, b"c"), message(CLIENT_KEY_EXCHANGE, b"key"));
        transcript.push(1, &hello);
        let server = [message(SERVER_HELLO, b"s"), message(11, &[5; 40]), message(SERVER_HELLO_DONE, b"")].concat();
        transcript.push(0, &server[..20]);
        transcript.push(0, &server[20..]);
        assert_eq!(transcript.until_key_exchange(1), None);
        transcript.push(1, &[&exchange[..], &message(15, b"verify")].concat());
        assert_eq!(transcript.until_key_exchange(1), Some([&hello[..], &server, &exchange].concat()));
        assert_eq!(transcript.until_key_exchange(0), None);
        transcript.push(0, &[0; LONGEST]);
        assert_eq!(transcript.until_key_exchange(1), None);
    }

    #[test]
    fn a_length_that_is_only_claimed_costs_nothing() {
        let mut messages = Messages::default();
        messages.push(&[CLIENT_HELLO, 0xff, 0xff, 0xff]);
        messages.push(&[0; 10_000]);
        assert!(messages.held() < 100);
    }
}
