//! The Huffman code of HPACK (RFC 7541, appendix B).
//!
//! The code is canonical: codes of one length are consecutive, in the order of their symbols, and longer ones follow
//! shorter ones. So the lengths alone give it.

/// Length in bits of each symbol's code; the last is the end of the string.
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
    22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
    27, 27, 27, 27, 27, 26, 30,
];
const SYMBOLS: usize = 257;
const LONGEST: usize = 30;
/// The symbol that must not occur: its first bits are the padding.
const END: u16 = 256;

/// The codes of one length.
#[derive(Clone, Copy)]
struct Row {
    /// First code of the next row, moved to the left of 32 bits: codes of this row are below.
    limit: u64,
    /// First code of this row, as a number.
    first: u32,
    /// Index of its symbol in [`ORDER`].
    at: usize,
}

const ROWS: [Row; LONGEST + 1] = rows();
const ORDER: [u16; SYMBOLS] = order();

/// Symbols by the length of their code, then by number.
const fn order() -> [u16; SYMBOLS] {
    let mut order = [0; SYMBOLS];
    let (mut length, mut at) = (1, 0);
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == length {
                order[at] = symbol as u16;
                at += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    order
}

const fn rows() -> [Row; LONGEST + 1] {
    let mut rows = [Row { limit: 0, first: 0, at: 0 }; LONGEST + 1];
    let (mut code, mut at, mut length) = (0u32, 0, 1);
    while length <= LONGEST {
        code <<= 1;
        rows[length] = Row { limit: 0, first: code, at };
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == length {
                code += 1;
                at += 1;
            }
            symbol += 1;
        }
        rows[length].limit = (code as u64) << (32 - length);
        length += 1;
    }
    rows
}

/// Appends what `coded` stands for. None where it holds the end symbol, or is not padded with less than a byte of ones.
pub(super) fn decode(coded: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let mut rest = coded.iter();
    // The next bits, moved to the left.
    let (mut bits, mut count) = (0u64, 0u32);
    loop {
        while count <= 56 {
            let Some(&byte) = rest.next() else { break };
            bits |= u64::from(byte) << (56 - count);
            count += 8;
        }
        if count == 0 {
            return Some(());
        }
        let window = bits >> 32;
        let (length, row) = ROWS.iter().enumerate().skip(5).find(|(_, row)| window < row.limit)?;
        let length = length as u32;
        if length > count {
            break;
        }
        let code = (window >> (32 - length)) as u32;
        let symbol = *ORDER.get(row.at + code.checked_sub(row.first)? as usize)?;
        if symbol == END {
            return None;
        }
        into.push(symbol as u8);
        bits <<= length;
        count -= length;
    }
    let padding = bits >> (64 - count);
    (count < 8 && padding == (1 << count) - 1).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same code, bit by bit.
    fn encode(bytes: &[u8]) -> Vec<u8> {
        let mut coded = Vec::new();
        let (mut bits, mut count) = (0u64, 0);
        for &byte in bytes {
            let length = usize::from(LENGTHS[usize::from(byte)]);
            let place = ORDER.iter().position(|&symbol| symbol == u16::from(byte)).unwrap();
            let code = ROWS[length].first as usize + (place - ROWS[length].at);
            bits = bits << length | code as u64;
            count += length;
            while count >= 8 {
                count -= 8;
                coded.push((bits >> count) as u8);
            }
            bits &= (1 << count) - 1;
        }
        if count > 0 {
            coded.push((bits << (8 - count)) as u8 | ((1 << (8 - count)) - 1));
        }
        coded
    }

    fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
        let mut into = Vec::new();
        decode(coded, &mut into).map(|()| into)
    }

    #[test]
    fn the_examples_of_the_rfc() {
        for (text, coded) in [
            ("www.example.com", &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff][..]),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            ("302", &[0x64, 0x02]),
            ("private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]),
        ] {
            assert_eq!(decoded(coded).as_deref(), Some(text.as_bytes()));
            assert_eq!(encode(text.as_bytes()), coded);
        }
    }

    #[test]
    fn every_symbol_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decoded(&encode(&all)), Some(all.clone()));
        for pair in all.windows(2) {
            assert_eq!(decoded(&encode(pair)).as_deref(), Some(pair));
        }
    }

    #[test]
    fn wrong_padding_and_the_end_symbol_are_refused() {
        assert_eq!(decoded(&[]), Some(Vec::new()));
        // A whole byte of padding; padding of zeros; the end symbol.
        for coded in [&[0xff][..], &[0x00], &[0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(decoded(coded), None, "{coded:02x?}");
        }
        // '0' is 00000, so 000 remains: no padding.
        assert_eq!(decoded(&[0b0000_0111]), Some(b"0".to_vec()));
    }
}
