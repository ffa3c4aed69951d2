//! TLS as OpenSSL speaks it, taken down between its client and its server: with the client's key log the exchanges are
//! those that were said, whatever the suite, and with any packet lost none is wrong.

use std::fs;

use offpath_capture::{Exchange, Options, Source};

use crate::openssl::{Dialogue, Server, Spoken, TURNS, Workshop, body, workshop};
use crate::packets_wire::Side::Client;
use crate::packets_wire::{Seen, Segment, ip, pcap, read_with};

/// Options of client and server alike, whether keys are updated on the way, and the version agreed on.
const FAMILIES: [(&[&str], bool, &str); 16] = [
    (&["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], true, "TLS 1.3"),
    (&["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"], true, "TLS 1.3"),
    (&["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], true, "TLS 1.3"),
    (&["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], true, "TLS 1.3"),
    (&["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"], false, "TLS 1.3"),
    (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES256-GCM-SHA384"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES128-CCM"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES256-CCM8:@SECLEVEL=0"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES256-SHA256"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0", "-no_etm"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "AES128-SHA256", "-no_etm"], false, "TLS 1.2"),
    (&["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384", "-no_etm"], false, "TLS 1.2"),
];

/// Families that must be read: OpenSSL 3 knows all, but may be built without CCM or ChaCha20.
const LEAST: usize = 10;

#[test]
fn every_family_of_suites_is_read_and_lost_packets_make_nothing_wrong() {
    let Some(folder) = workshop() else { return };
    let mut read = 0;
    for (family, (options, update, version)) in FAMILIES.into_iter().enumerate() {
        let Some(spoken) = speak(&folder, family, options, update) else { continue };
        read += 1;
        let talk = spoken.talk();
        let seen = read_with(&[&pcap(&talk.segments)], &spoken.options());
        whole(&seen, options);
        let [row] = seen.report.tls.as_slice() else { panic!("{options:?}: {:?}", seen.report.tls) };
        assert_eq!((row.version, row.unread, row.connections), (Some(version), None, 1), "{options:?}");
        assert_eq!(row.server, "a.test");
        for index in (3..talk.segments.len()).step_by(if family < 6 { 1 } else { 4 }) {
            let mut lossy = talk.clone();
            let lost = lossy.segments[index].clone();
            lossy.drop_segment(index);
            let seen = read_with(&[&pcap(&lossy.segments)], &spoken.options());
            nothing_wrong(
                &seen,
                &format!("{options:?} without segment {index} ({:?}, {})", lost.side, lost.payload.len()),
            );
        }
    }
    assert!(read >= LEAST, "only {read} of {} families", FAMILIES.len());
}

/// `RSA` lines, which some programs write of key exchanges by RSA: OpenSSL writes none, but the server's key tells.
#[test]
fn what_was_encrypted_for_the_server_opens_the_connection() {
    let Some(folder) = workshop() else { return };
    let families: [&[&str]; 4] = [
        &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
        &["-tls1_2", "-cipher", "AES128-SHA256"],
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
    ];
    let mut read = 0;
    for (family, options) in families.into_iter().enumerate() {
        let Some(spoken) = speak(&folder, 90 + family, options, false) else { continue };
        let exchange = spoken.message(Client, 16).unwrap();
        let lines = if exchange.len() < 200 {
            // Nothing was encrypted for the server here, so such a line is of another connection.
            format!("RSA 0011223344556677 {}\n", "ab".repeat(48))
        } else {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            format!("RSA {} {}\n", hex(&exchange[2..10]), hex(&folder.decrypted(&exchange[2..])))
        };
        fs::write(&spoken.key_log, lines).unwrap();
        let seen = read_with(&[&pcap(&spoken.talk().segments)], &spoken.options());
        if exchange.len() < 200 {
            assert_eq!(seen.not_read()[0].0, "tls_no_key", "{options:?}");
        } else {
            read += 1;
            whole(&seen, options);
        }
    }
    assert!(read >= 2, "only {read} were read");
}

#[test]
fn a_changed_byte_makes_nothing_wrong() {
    let Some(folder) = workshop() else { return };
    for (family, options) in [(70, &["-tls1_3"][..]), (71, &["-tls1_2", "-cipher", "AES128-SHA256"])] {
        let Some(spoken) = speak(&folder, family, options, false) else { return };
        let talk = spoken.talk();
        for index in 3..talk.segments.len() {
            let len = talk.segments[index].payload.len();
            for at in [0, 3, len / 2, len.saturating_sub(1)].into_iter().filter(|at| *at < len) {
                let mut changed = talk.clone();
                changed.segments[index].payload[at] ^= 0x21;
                let seen = read_with(&[&pcap(&changed.segments)], &spoken.options());
                nothing_wrong(&seen, &format!("{options:?} with byte {at} of segment {index} changed"));
            }
        }
    }
}

#[test]
fn secrets_in_the_capture_are_found_wherever_they_stand() {
    let Some(folder) = workshop() else { return };
    let Some(spoken) = speak(&folder, 80, &["-tls1_3"], false) else { return };
    let talk = spoken.talk();
    let keys = fs::read(&spoken.key_log).unwrap();
    let all = talk.segments.len();
    for before in [0, all / 2, all] {
        let file = pcapng(&talk.segments, &keys, before);
        whole(&read_with(&[&file], &Options::default()), &["in a file"]);
        // A pipe is read once: what needs the secrets is kept until they come, or the connection is over.
        let mut seen = Seen::default();
        let source = Source::in_memory("pipe", file).unwrap();
        let report = source.read(&Options::default(), &mut seen);
        seen.report = report;
        if before < all {
            whole(&seen, &["in a pipe"]);
        } else {
            assert_eq!(seen.not_read()[0].0, "tls_no_key");
        }
    }
}

/// A pcapng file with a block of secrets behind so many packets, and one with secrets that are not TLS's.
fn pcapng(segments: &[Segment], keys: &[u8], before: usize) -> Vec<u8> {
    let block = |kind: u32, parts: &[&[u8]]| {
        let mut body = parts.concat();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    };
    let word = |word: u32| word.to_le_bytes();
    let mut file = block(0x0a0d_0d0a, &[&word(0x1a2b_3c4d), &[1, 0, 0, 0], &[0xff; 8]]);
    file.extend(block(1, &[&[101, 0, 0, 0], &word(0)]));
    let secrets = block(10, &[&word(0x544c_534b), &word(keys.len() as u32), keys]);
    for (nth, segment) in segments.iter().enumerate() {
        if nth == before {
            file.extend(&secrets);
        }
        let (packet, time) = (ip(segment), segment.time as u64);
        let len = word(packet.len() as u32);
        file.extend(block(6, &[&word(0), &word((time >> 32) as u32), &word(time as u32), &len, &len, &packet]));
    }
    if before >= segments.len() {
        file.extend(&secrets);
    }
    file
}

#[test]
fn without_secrets_a_connection_is_counted_by_name() {
    let Some(folder) = workshop() else { return };
    let Some(spoken) = speak(&folder, 90, &["-tls1_3"], false) else { return };
    let seen = read_with(&[&pcap(&spoken.talk().segments)], &Options::default());
    assert!(seen.exchanges.is_empty() && seen.blind_spots.is_empty());
    assert_eq!(seen.not_read().iter().map(|(reason, ..)| *reason).collect::<Vec<_>>(), ["tls_no_key"]);
    let [row] = seen.report.tls.as_slice() else { panic!("{:?}", seen.report.tls) };
    assert_eq!((&*row.server, row.unread), ("a.test", Some("tls_no_key")));
    assert!(row.fingerprint.as_ref().is_some_and(|ja4| ja4.starts_with("t13d")), "{row:?}");
}

#[test]
fn a_connection_joined_in_the_middle_says_so() {
    let Some(folder) = workshop() else { return };
    let Some(spoken) = speak(&folder, 91, &["-tls1_2"], false) else { return };
    let mut talk = spoken.talk();
    let third = talk.segments.len() / 3;
    talk.segments.drain(..third);
    let seen = read_with(&[&pcap(&talk.segments)], &spoken.options());
    assert!(seen.exchanges.is_empty());
    assert_eq!(seen.not_read().iter().map(|(reason, ..)| *reason).collect::<Vec<_>>(), ["tls_mid_connection"]);
}

#[test]
fn a_websocket_inside_is_read() {
    let Some(folder) = workshop() else { return };
    let options = &["-tls1_3"];
    let Some(mut server) = Server::start(&folder, 92, options) else { return };
    let spoken = server.converse(&Dialogue { options, ..Dialogue::default() }, |ends| {
        let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        ends.ask(format!("GET /chat HTTP/1.1\r\nHost: a.test\r\n{asks}\r\n"), "/chat");
        ends.answer(format!("HTTP/1.1 101 Switching Protocols\r\n{asks}\r\n"), "Switching");
        ends.ask(b"\x81\x85\0\0\0\0hello", "hello");
        ends.answer(b"\x81\x07welcome", "welcome");
    });
    let seen = read_with(&[&pcap(&spoken.talk().segments)], &spoken.options());
    let said: Vec<_> = seen.messages.iter().map(|m| (m.sender.as_str(), m.payload.bytes().unwrap())).collect();
    assert_eq!(said, [("client", &b"hello"[..]), ("server", b"welcome")]);
    assert_eq!(seen.only().request.as_ref().unwrap().scheme.as_deref(), Some("https"));
    assert_eq!((seen.not_read(), seen.only().web_socket.unwrap().received), (vec![], 1));
}

/// Asserts that all four exchanges are there, as they were said.
#[track_caller]
pub(crate) fn whole(seen: &Seen, options: &[&str]) {
    assert_eq!(seen.exchanges.len(), TURNS, "{options:?}: {:#?}", seen.report);
    for (turn, exchange) in seen.exchanges.iter().enumerate() {
        assert!(exchange.incomplete.is_empty(), "{options:?}: {exchange:#?}");
        assert_eq!(turn_of(exchange), Some(turn), "{options:?}");
        assert_eq!(exchange.request.as_ref().unwrap().scheme.as_deref(), Some("https"));
    }
    assert!(seen.report.errors.is_empty() && seen.blind_spots.is_empty(), "{options:?}: {:#?}", seen.report);
    assert!(seen.not_read().is_empty() && seen.irregularities().is_empty(), "{options:?}: {:#?}", seen.report);
}

/// Asserts that what is told as whole was said so, that nothing is paired that did not belong together, and that nothing
/// is missing without a word.
#[track_caller]
pub(crate) fn nothing_wrong(seen: &Seen, case: &str) {
    let mut told = 0;
    for exchange in &seen.exchanges {
        if exchange.incomplete.is_empty() {
            assert!(turn_of(exchange).is_some(), "{case}: {exchange:#?}");
            told += 1;
        }
        if let (Some(request), Some(response)) = (&exchange.request, &exchange.response) {
            let turn = response.headers.text("x-turn").map(|turn| format!("/{turn}"));
            assert_eq!(turn.as_ref(), Some(&request.target), "{case}: a wrong pair");
        }
    }
    let words = seen.exchanges.iter().any(|exchange| !exchange.incomplete.is_empty())
        || !seen.blind_spots.is_empty()
        || !seen.report.not_read.is_empty();
    assert!(told == TURNS || words, "{case}: {told} exchanges, and not a word of the others: {:#?}", seen.report);
}

/// Which turn an exchange is, if it is as that was said.
fn turn_of(exchange: &Exchange) -> Option<usize> {
    let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
    let turn: usize = request.target.strip_prefix('/')?.parse().ok()?;
    let right = response.body.bytes()? == body(turn).as_bytes()
        && response.body.is_whole()
        && response.headers.text("x-turn") == Some(&*turn.to_string());
    right.then_some(turn)
}

/// Has OpenSSL's client and server say four exchanges; none where this OpenSSL does not know the suite.
fn speak(workshop: &Workshop, number: usize, options: &[&str], update: bool) -> Option<Spoken> {
    // Each is a command to the client between two exchanges: new keys for its side, then for both.
    let commands: &[_] = if update { &[("k\n", "KEYUPDATE"), ("K\n", "KEYUPDATE")] } else { &[] };
    let mut server = Server::start(workshop, number, options)?;
    Some(server.talk(&Dialogue { options, commands, ..Dialogue::default() }))
}
