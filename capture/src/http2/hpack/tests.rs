use httlib_hpack::Encoder;
use proptest::prelude::*;

use super::*;

type Owned = (Option<Vec<u8>>, Option<Vec<u8>>);

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Owned>, Broken> {
    let mut fields = Vec::new();
    decoder.decode(block, &mut |(name, value)| fields.push((name.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec))))?;
    Ok(fields)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn known(fields: &[(&str, &str)]) -> Vec<Owned> {
    fields.iter().map(|(n, v)| (Some(n.as_bytes().to_vec()), Some(v.as_bytes().to_vec()))).collect()
}

/// The blocks of RFC 7541, appendix C.3 and C.4: three requests, without and with Huffman coding.
const REQUESTS: [[&str; 3]; 2] = [
    [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
];

fn requests() -> [Vec<Owned>; 3] {
    [
        known(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]),
        known(&[
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
            ("cache-control", "no-cache"),
        ]),
        known(&[
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ]),
    ]
}

#[test]
fn the_requests_of_the_rfc() {
    for blocks in REQUESTS {
        let mut decoder = Decoder::from_start();
        for (block, expected) in blocks.iter().zip(requests()) {
            assert_eq!(decode(&mut decoder, &bytes(block)), Ok(expected));
        }
    }
}

#[test]
fn the_responses_of_the_rfc_evict() {
    // Appendix C.5: the table holds 256 bytes.
    let blocks = [
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ];
    let (date, later) = ("Mon, 21 Oct 2013 20:13:21 GMT", "Mon, 21 Oct 2013 20:13:22 GMT");
    let place = ("location", "https://www.example.com");
    let expected = [
        known(&[(":status", "302"), ("cache-control", "private"), ("date", date), place]),
        known(&[(":status", "307"), ("cache-control", "private"), ("date", date), place]),
        known(&[
            (":status", "200"),
            ("cache-control", "private"),
            ("date", later),
            place,
            ("content-encoding", "gzip"),
            ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
        ]),
    ];
    let mut decoder = Decoder::from_start();
    decoder.table.resize(256);
    for (block, expected) in blocks.iter().zip(expected) {
        assert_eq!(decode(&mut decoder, &bytes(block)), Ok(expected));
    }
    // What was evicted is not there any more, and nobody may refer to it.
    assert_eq!(decode(&mut decoder, &[0x80 | 65]), Err(Broken));
}

#[test]
fn without_the_first_block_its_entries_are_unknown_and_nothing_is_wrong() {
    let mut decoder = Decoder::joined();
    let mut expected = requests();
    let authority = |fields: &mut Vec<Owned>| fields[3] = (None, None);
    expected[1..].iter_mut().for_each(authority);
    for (block, expected) in REQUESTS[0].iter().zip(expected).skip(1) {
        assert_eq!(decode(&mut decoder, &bytes(block)), Ok(expected));
    }
}

#[test]
fn a_literal_with_an_unknown_name_keeps_its_value_and_its_place() {
    let mut decoder = Decoder::joined();
    // A new value for entry 62, then both by index, then one that nobody saw.
    let fields = decode(&mut decoder, &bytes("7e 01 61  40 01 6e 01 62  be bf c0")).unwrap();
    let unknown = (None, Some(b"a".to_vec()));
    let own = (Some(b"n".to_vec()), Some(b"b".to_vec()));
    assert_eq!(fields, [unknown.clone(), own.clone(), own, unknown, (None, None)]);
}

#[test]
fn an_emptied_table_is_known_again() {
    let mut decoder = Decoder::joined();
    assert_eq!(decode(&mut decoder, &bytes("20 3f e1 1f be")), Err(Broken));
    let mut decoder = Decoder::joined();
    assert_eq!(decode(&mut decoder, &bytes("3f e1 1f be")), Ok(vec![(None, None)]));
}

#[test]
fn what_breaks_the_format_is_refused_and_forgotten() {
    for block in
        ["80", "ff 00", "40", "40 05 61", "00 01 61 8 2 ff ff ff ff ff", "3f ff ff ff ff ff 0f", "be", "0f 2f 01 61"]
    {
        let mut decoder = Decoder::from_start();
        assert_eq!(decode(&mut decoder, &bytes(block)), Err(Broken), "{block}");
        assert_eq!(decode(&mut decoder, &bytes("be")), Ok(vec![(None, None)]), "{block}");
    }
}

#[test]
fn an_encoder_with_a_huge_table_costs_no_memory() {
    let mut decoder = Decoder::from_start();
    decode(&mut decoder, &bytes("3f e0 ff ff ff 0f")).unwrap();
    let entry = [&[0x40, 1, b'n', 0x7f, 0x81, 0x07][..], &[b'v'; 1024]].concat();
    for _ in 0..1000 {
        decode(&mut decoder, &entry).unwrap();
    }
    assert!(decoder.held() < 128 << 10, "{}", decoder.held());
    // The encoder still has the first one; here it is unknown.
    assert_eq!(decode(&mut decoder, &bytes("ff 80 07")), Ok(vec![(None, None)]));
}

/// A field, and how to encode it.
type Encoded = (Vec<u8>, Vec<u8>, u8);

fn field() -> impl Strategy<Value = Encoded> {
    let name = prop_oneof![
        3 => prop::sample::select(vec![":method", ":path", ":status", "cookie", "x-a", "x-b", "x-c", "content-type"])
            .prop_map(|name| name.as_bytes().to_vec()),
        1 => "[a-z-]{1,20}".prop_map(String::into_bytes),
    ];
    let value = prop_oneof![
        3 => prop::sample::select(vec!["GET", "/", "200", "a=1", "b", "", "application/json"])
            .prop_map(|value| value.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "[ -~]{0,60}".prop_map(String::into_bytes),
    ];
    let coding = prop::sample::select(vec![
        0,
        Encoder::HUFFMAN_NAME,
        Encoder::HUFFMAN_VALUE,
        Encoder::HUFFMAN_NAME | Encoder::HUFFMAN_VALUE,
    ]);
    let way = prop::sample::select(vec![
        Encoder::BEST_FORMAT,
        Encoder::BEST_FORMAT | Encoder::WITH_INDEXING,
        Encoder::WITH_INDEXING,
        Encoder::NEVER_INDEXED,
        0,
    ]);
    (name, value, coding, way).prop_map(|(name, value, coding, way)| (name, value, coding | way))
}

fn lists() -> impl Strategy<Value = Vec<(Option<u32>, Vec<Encoded>)>> {
    let resize = prop::option::weighted(0.1, prop::sample::select(vec![0u32, 64, 200, 4096]));
    prop::collection::vec((resize, prop::collection::vec(field(), 0..12)), 1..24)
}

fn encode(lists: &[(Option<u32>, Vec<Encoded>)]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::default();
    let blocks = lists.iter().map(|(resize, fields)| {
        let mut block = Vec::new();
        if let Some(size) = resize {
            encoder.update_max_dynamic_size(*size, &mut block).unwrap();
        }
        for field in fields {
            encoder.encode(field.clone(), &mut block).unwrap();
        }
        block
    });
    blocks.collect()
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(lists in lists()) {
        let mut decoder = Decoder::from_start();
        for ((_, fields), block) in lists.iter().zip(encode(&lists)) {
            let expected: Vec<Owned> = fields.iter().map(|(n, v, _)| (Some(n.clone()), Some(v.clone()))).collect();
            prop_assert_eq!(decode(&mut decoder, &block), Ok(expected));
        }
    }

    #[test]
    fn whichever_blocks_are_lost_no_value_is_wrong(lists in lists(), lost in prop::collection::vec(prop::bool::weighted(0.2), 24)) {
        let mut decoder = Decoder::from_start();
        for (((_, fields), block), lost) in lists.iter().zip(encode(&lists)).zip(lost) {
            if lost {
                decoder.forget();
                continue;
            }
            let seen = decode(&mut decoder, &block).unwrap();
            prop_assert_eq!(seen.len(), fields.len());
            for ((name, value), (true_name, true_value, _)) in seen.iter().zip(fields) {
                prop_assert!(name.as_ref().is_none_or(|name| name == true_name));
                prop_assert!(value.as_ref().is_none_or(|value| value == true_value));
            }
        }
    }

    #[test]
    fn any_bytes_end(block in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::joined();
        let _ = decode(&mut decoder, &block);
        prop_assert!(decoder.held() < 128 << 10);
    }
}

#[test]
fn entries_share_a_name_that_an_index_stands_for() {
    let mut decoder = Decoder::from_start();
    let mut names = Vec::new();
    // A literal with a name of its own, then two whose name is that of the latest entry.
    let block = b"\x40\x04name\x01a\x7e\x01b\x7e\x01c";
    decoder
        .decode(block, &mut |(name, value)| names.push((name.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec))))
        .unwrap();
    let said = |value: &[u8]| (Some(b"name".to_vec()), Some(value.to_vec()));
    assert_eq!(names, [said(b"a"), said(b"b"), said(b"c")]);
    let place = |index| decoder.table.get(index).unwrap().0.unwrap().as_ptr();
    assert_eq!((place(62), place(63)), (place(64), place(64)));
}
