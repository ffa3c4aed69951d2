//! Handshake messages, put together from the records that carry them.

/// Longest message that is kept; longer ones, and those that say nothing about records, are passed over.
const LONGEST: usize = 64 << 10;
const MESSAGE_HEADER: usize = 4;

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;

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
        let matters = matches!(kind, CLIENT_HELLO | SERVER_HELLO | ENCRYPTED_EXTENSIONS) && length <= LONGEST;
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
    fn a_length_that_is_only_claimed_costs_nothing() {
        let mut messages = Messages::default();
        messages.push(&[CLIENT_HELLO, 0xff, 0xff, 0xff]);
        messages.push(&[0; 10_000]);
        assert!(messages.held() < 100);
    }
}
