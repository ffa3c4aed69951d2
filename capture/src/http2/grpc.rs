//! gRPC, as far as it can be read without its schema.

/// Bytes before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Whether a content type is that of gRPC over HTTP/2 (gRPC-Web's is another).
pub(super) fn is_content_type(value: &[u8]) -> bool {
    let Some((kind, rest)) = value.split_at_checked(b"application/grpc".len()) else { return false };
    kind.eq_ignore_ascii_case(b"application/grpc") && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
}

/// Counts the length-prefixed messages of a body as it comes in.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    whole: u64,
    prefix: [u8; PREFIX],
    /// Bytes of the prefix that came.
    have: usize,
    /// Bytes of the message that did not come yet.
    left: u64,
}

impl Messages {
    pub(super) fn take(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if let Some(slot) = self.prefix.get_mut(self.have) {
                let Some((&byte, rest)) = data.split_first() else { return };
                *slot = byte;
                self.have += 1;
                data = rest;
                let [_, a, b, c, d] = self.prefix;
                self.left = u64::from(u32::from_be_bytes([a, b, c, d]));
            } else {
                let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(data.len());
                self.left -= len as u64;
                data = data.get(len..).unwrap_or(&[]);
            }
            if self.have == PREFIX && self.left == 0 {
                self.whole += 1;
                self.have = 0;
            }
        }
    }

    /// How many there were; none where the last is not whole.
    pub(super) fn count(&self) -> Option<u64> {
        (self.have == 0).then_some(self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for grpc in ["application/grpc", "application/grpc+proto", "Application/GRPC; charset=utf-8"] {
            assert!(is_content_type(grpc.as_bytes()), "{grpc}");
        }
        for other in ["application/grpc-web", "application/grpc-web+proto", "application/json", "application/grp"] {
            assert!(!is_content_type(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let body = [&[0, 0, 0, 0, 3][..], b"abc", &[1, 0, 0, 0, 0], &[0, 0, 0, 1, 0], &[7; 256]].concat();
        for size in [1, 2, 3, 5, 7, 100, 1000] {
            let mut messages = Messages::default();
            body.chunks(size).for_each(|part| messages.take(part));
            assert_eq!(messages.count(), Some(3), "{size}");
            messages.take(&[0, 0]);
            assert_eq!(messages.count(), None);
        }
    }
}
