//! Integers with a prefix (RFC 7541, section 5.1).

/// Reads an integer of which the first byte holds `prefix` bits. None where it ends early or passes 32 bits.
pub(super) fn read(rest: &mut &[u8], prefix: u32) -> Option<u32> {
    let (&first, mut after) = rest.split_first()?;
    let most = (1 << prefix) - 1;
    let mut value = u64::from(first & most);
    if value == u64::from(most) {
        let mut shift = 0;
        loop {
            let (&byte, next) = after.split_first()?;
            after = next;
            value += u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return None;
            }
        }
    }
    *rest = after;
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let read = |mut bytes: &[u8], prefix| {
            let value = read(&mut bytes, prefix);
            (value, bytes.len())
        };
        assert_eq!(read(&[0b1110_1010, 9], 5), (Some(10), 1));
        assert_eq!(read(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5), (Some(1337), 0));
        assert_eq!(read(&[42], 8 - 1), (Some(42), 0));
    }

    #[test]
    fn ends_and_limits() {
        let read = |mut bytes: &[u8], prefix| read(&mut bytes, prefix);
        assert_eq!(read(&[], 5), None);
        assert_eq!(read(&[0x1f], 5), None);
        assert_eq!(read(&[0x1f, 0x80, 0x80, 0x80, 0x80, 0x80, 0], 5), None);
        assert_eq!(read(&[0x1f, 0xe0, 0xff, 0xff, 0xff, 0x0f], 5), Some(u32::MAX));
        assert_eq!(read(&[0x1f, 0xe1, 0xff, 0xff, 0xff, 0x0f], 5), None);
        assert_eq!(read(&[0x1f, 0xff, 0xff, 0xff, 0xff, 0x7f], 5), None);
    }
}
