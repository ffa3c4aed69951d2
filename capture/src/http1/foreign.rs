//! Protocols that are not read, told by how their first segments begin.
//!
//! A name is given where the bytes leave little doubt: a word that no other protocol begins with, or lengths and versions
//! that fit each other. What is only likely stays without a name.

/// How a segment tells its protocol.
type Tells = fn(&[u8]) -> bool;

/// Protocols by what one side begins with.
const ONE_SIDED: &[(&str, Tells)] = &[
    ("ssh", |s| s.starts_with(b"SSH-2.0-") || s.starts_with(b"SSH-1.")),
    ("amqp", |s| matches!(s, [b'A', b'M', b'Q', b'P', 0..=3, 0..=1, 0..=9, 0..=1])),
    ("mqtt", is_mqtt),
    ("mysql", is_mysql),
    ("postgresql", is_postgresql),
    ("redis", is_redis),
    ("kafka", is_kafka),
    ("mongodb", is_mongodb),
    ("cassandra", is_cassandra),
    ("mssql", is_mssql),
    ("dns", is_dns),
    ("ldap", is_ldap),
    ("smb", |s| matches!(s, [0, _, _, _, 0xfe | 0xff, b'S', b'M', b'B', ..])),
    ("rdp", |s| matches!(s, [3, 0, high, low, _, 0xe0, 0, 0, ..] if length16(*high, *low) == s.len())),
    ("vnc", |s| s.starts_with(b"RFB 003.")),
    ("nats", |s| s.starts_with(b"INFO {\"")),
    ("bittorrent", |s| s.starts_with(b"\x13BitTorrent protocol")),
    ("rsync", |s| s.starts_with(b"@RSYNCD: ")),
    ("rtsp", |s| s.starts_with(b"RTSP/1.0 ") || first_line_ends(s, b" RTSP/1.0")),
    ("sip", |s| s.starts_with(b"SIP/2.0 ") || first_line_ends(s, b" SIP/2.0")),
    ("xmpp", |s| s.starts_with(b"<stream:stream") || s.starts_with(b"<?xml") && holds(s, b"<stream:stream")),
    ("fix", |s| s.starts_with(b"8=FIX") && s.contains(&1)),
    ("oracle", |s| {
        matches!(s, [high, low, 0, 0, 1, ..] if length16(*high, *low) == s.len()) && holds(s, b"(CONNECT_DATA")
    }),
    ("stomp", |s| (s.starts_with(b"CONNECT\n") || s.starts_with(b"STOMP\n")) && holds(s, b"accept-version:")),
    ("smtp", |s| s.starts_with(b"220 ") && first_line_holds(s, b"SMTP")),
    ("ftp", |s| (s.starts_with(b"220 ") || s.starts_with(b"220-")) && first_line_holds(s, b"FTP")),
    ("imap", |s| s.starts_with(b"* OK ") && first_line_holds(s, b"IMAP")),
    ("pop3", |s| s.starts_with(b"+OK ") && first_line_holds(s, b"POP3")),
];

/// Protocols of which it takes both sides: what the server and what the client begins with.
const TWO_SIDED: &[(&str, Tells, Tells)] = &[
    ("smtp", |s| s.starts_with(b"220"), |c| word(c, b"EHLO ") || word(c, b"HELO ") || word(c, b"LHLO ")),
    ("ftp", |s| s.starts_with(b"220"), |c| word(c, b"USER ") || word(c, b"AUTH TLS")),
    (
        "imap",
        |s| s.starts_with(b"* OK") || s.starts_with(b"* PREAUTH"),
        |c| first_line_holds(c, b"CAPABILITY") || first_line_holds(c, b"LOGIN "),
    ),
    (
        "pop3",
        |s| s.starts_with(b"+OK"),
        |c| word(c, b"USER ") || word(c, b"APOP ") || word(c, b"CAPA") || word(c, b"AUTH"),
    ),
    (
        "socks",
        |s| matches!(s, [5, 0..=2 | 0xff]),
        |c| matches!(c, [5, count, methods @ ..] if *count > 0 && methods.len() == usize::from(*count)),
    ),
];

/// The protocol that a side begins with.
pub(super) fn of(segment: &[u8]) -> Option<&'static str> {
    ONE_SIDED.iter().find(|(_, tells)| tells(segment)).map(|(name, _)| *name)
}

/// The protocol that both sides begin with, in either order.
pub(super) fn of_both(one: &[u8], other: &[u8]) -> Option<&'static str> {
    let fits =
        |(_, server, client): &&(&str, Tells, Tells)| server(one) && client(other) || server(other) && client(one);
    TWO_SIDED.iter().find(fits).map(|(name, ..)| *name)
}

/// `CONNECT`, with its length, the protocol's name and level.
fn is_mqtt(segment: &[u8]) -> bool {
    let Some((&0x10, rest)) = segment.split_first() else { return false };
    let length = rest.iter().take(4).position(|byte| byte & 0x80 == 0).map(|last| last + 1);
    let named = |rest: &[u8]| {
        matches!(rest, [0, 4, b'M', b'Q', b'T', b'T', 4 | 5, ..] | [0, 6, b'M', b'Q', b'I', b's', b'd', b'p', 3, ..])
    };
    length.and_then(|length| rest.get(length..)).is_some_and(named)
}

/// The server's greeting: length, number 0, protocol 10, a version of digits and dots.
fn is_mysql(segment: &[u8]) -> bool {
    let [a, b, c, 0, 10, version @ ..] = segment else { return false };
    let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
    let digits = version.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    length + 4 == segment.len() && digits >= 3 && version.iter().take(64).any(|byte| *byte == 0)
}

/// The client's first message: its length, and what it asks for.
fn is_postgresql(segment: &[u8]) -> bool {
    let (Some(length), Some(code)) = (long(segment, 0), long(segment, 4)) else { return false };
    let whole = length as usize == segment.len();
    match code {
        // TLS, GSSAPI, cancellation.
        80_877_103 | 80_877_104 => length == 8 && whole,
        80_877_102 => length == 16 && whole,
        0x0003_0000..=0x0003_0002 => whole && holds(segment, b"user\0"),
        _ => false,
    }
}

/// An array of strings: `*2\r\n$4\r\n`.
fn is_redis(segment: &[u8]) -> bool {
    let number = |bytes: &[u8]| -> Option<usize> {
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        ((1..=9).contains(&digits) && bytes.get(digits..digits + 2) == Some(b"\r\n")).then_some(digits + 2)
    };
    let Some(rest) = segment.strip_prefix(b"*") else { return false };
    let Some(rest) = number(rest).and_then(|taken| rest.get(taken..)) else { return false };
    rest.strip_prefix(b"$").is_some_and(|rest| number(rest).is_some())
}

/// A request: its length, a known call and version, a number, and the client's name.
fn is_kafka(segment: &[u8]) -> bool {
    let (Some(length), Some(call), Some(number)) = (long(segment, 0), long(segment, 4), long(segment, 8)) else {
        return false;
    };
    let name =
        segment.get(12..14).map(|len| length16(len.first().copied().unwrap_or(0), len.last().copied().unwrap_or(0)));
    let named = name.and_then(|len| segment.get(14..14 + len));
    let graphic = named.is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic));
    length as usize + 4 == segment.len() && call >> 16 <= 100 && call & 0xffff <= 20 && number < 1 << 16 && graphic
}

/// A message: its length, and the kinds `OP_MSG`, or `OP_QUERY` for the first of older clients.
fn is_mongodb(segment: &[u8]) -> bool {
    let little = |at: usize| segment.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    little(0).is_some_and(|length| length as usize == segment.len()) && matches!(little(12), Some(2004 | 2013))
}

/// `OPTIONS` or `STARTUP`: version, flags, stream, kind, length.
fn is_cassandra(segment: &[u8]) -> bool {
    let known = matches!(segment, [3..=5 | 0x42, 0..=0x1f, _, _, 1 | 5, ..]);
    known && long(segment, 5).is_some_and(|length| length as usize + 9 == segment.len())
}

/// `PRELOGIN`: kind, last packet, its length, and the version as the first option.
fn is_mssql(segment: &[u8]) -> bool {
    matches!(segment, [0x12, 1, high, low, 0, 0, _, 0, 0, 0, ..] if length16(*high, *low) == segment.len())
}

/// A query: its length, one question, and a name that ends before the type and the class of the internet.
fn is_dns(segment: &[u8]) -> bool {
    let [high, low, _, _, flags, _, 0, 1, 0, 0, 0, 0, 0, 0 | 1, rest @ ..] = segment else { return false };
    let mut at = 0;
    // Names have at most 255 bytes, so this ends.
    while let Some(&label @ 1..=63) = rest.get(at) {
        at += 1 + usize::from(label);
    }
    let ended = rest.get(at) == Some(&0) && rest.get(at + 3..at + 5) == Some(&[0, 1]);
    length16(*high, *low) + 2 == segment.len() && flags & 0xf8 == 0 && at > 0 && ended
}

/// A bind of version 2 or 3: sequence, number, bind, version.
fn is_ldap(segment: &[u8]) -> bool {
    let header = match segment {
        [0x30, 0..=0x7f, ..] => 2,
        [0x30, 0x81, ..] => 3,
        [0x30, 0x82, ..] => 4,
        [0x30, 0x84, ..] => 6,
        _ => return false,
    };
    let Some([2, 1, _, 0x60, rest @ ..]) = segment.get(header..) else { return false };
    rest.windows(3).take(6).any(|bytes| matches!(bytes, [2, 1, 2 | 3]))
}

fn long(segment: &[u8], at: usize) -> Option<u32> {
    segment.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

fn length16(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high, low]))
}

fn holds(segment: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(segment, text).is_some()
}

fn first_line(segment: &[u8]) -> &[u8] {
    segment.split(|byte| *byte == b'\n').next().unwrap_or(&[]).trim_ascii_end()
}

fn first_line_ends(segment: &[u8], text: &[u8]) -> bool {
    segment.first().is_some_and(u8::is_ascii_uppercase) && first_line(segment).ends_with(text)
}

fn first_line_holds(segment: &[u8], text: &[u8]) -> bool {
    holds(first_line(segment), text)
}

/// Whether a segment begins with a word, in any case.
fn word(segment: &[u8], word: &[u8]) -> bool {
    segment.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn protocols_are_told_by_how_they_begin() {
        let greetings: &[(&str, &[u8])] = &[
            ("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
            ("amqp", b"AMQP\x00\x00\x09\x01"),
            ("mqtt", b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"),
            ("mysql", b"\x1f\0\0\0\x0a8.0.36-log\0\x0b\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff"),
            ("postgresql", b"\0\0\0\x08\x04\xd2\x16\x2f"),
            ("postgresql", b"\0\0\0\x15\0\x03\0\0user\0alice\0\0\0"),
            ("redis", b"*1\r\n$4\r\nPING\r\n"),
            ("kafka", b"\0\0\0\x0e\0\x12\0\0\0\0\0\x01\0\x04test"),
            ("mongodb", b"\x15\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0"),
            ("cassandra", b"\x04\0\0\0\x05\0\0\0\0"),
            ("mssql", b"\x12\x01\0\x0c\0\0\x01\0\0\0\x06\xff"),
            ("dns", b"\0\x1a\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04test\x03com\0\0\x01\0\x01"),
            ("ldap", b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"),
            ("smb", b"\0\0\0\x54\xfeSMB@\0"),
            ("rdp", b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0"),
            ("vnc", b"RFB 003.008\n"),
            ("nats", b"INFO {\"server_id\":\"x\"}\r\n"),
            ("rtsp", b"OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            ("sip", b"REGISTER sip:a.test SIP/2.0\r\n"),
            ("xmpp", b"<?xml version='1.0'?><stream:stream to='a'>"),
            ("fix", b"8=FIX.4.2\x019=5\x01"),
            ("smtp", b"220 mail.test ESMTP Postfix\r\n"),
            ("ftp", b"220 (vsFTPd 3.0.5)\r\n"),
            ("imap", b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
            ("pop3", b"+OK POP3 ready\r\n"),
        ];
        for (name, segment) in greetings {
            assert_eq!(of(segment), Some(*name), "{segment:?}");
            // A greeting cut in two is none, where its length is what tells.
            let cut = segment.get(..segment.len() / 2).unwrap();
            assert!(of(cut).is_none_or(|found| found == *name), "{cut:?}");
        }
    }

    #[test]
    fn what_only_looks_alike_has_no_name() {
        for segment in [
            &b""[..],
            b"220 ready\r\n",
            b"+OK\r\n",
            b"*1 PING\r\n",
            b"*x\r\n$4\r\n",
            b"\0\0\0\x0e\0\x12\0\0\0\0\0\x01\0\x04tes",
            b"\0\0\0\x09\x04\xd2\x16\x2f\0",
            b"AMQP and more text",
            b"\x10\x0d\x00\x04mqtt\x04",
            b"\0\x1a\x12\x34\x81\0\0\x01\0\0\0\0\0\0\x04test\x03com\0\0\x01\0\x01",
            b"\x1f\0\0\0\x0anot a version\0",
            b"hello RTSP/1.0",
            b"SSH",
        ] {
            assert_eq!(of(segment), None, "{segment:?}");
        }
        assert_eq!(of_both(b"\x05\x01\x00", b"\x05\x00"), Some("socks"));
        assert_eq!(of_both(b"\x05\x02\x00", b"\x05\x00"), None);
        assert_eq!(of_both(b"220 x\r\n", b"user bob\r\n"), Some("ftp"));
        assert_eq!(of_both(b"220 x\r\n", b""), None);
    }

    proptest! {
        #[test]
        fn random_bytes_have_no_name(bytes in prop::collection::vec(any::<u8>(), 16..64), other in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(of(&bytes), None);
            prop_assert_eq!(of_both(&bytes, &other), None);
        }
    }
}
