//! Handshakes that are not the plain one, by OpenSSL: tried again, resumed, with data before the server's answer, made
//! anew on the way, and inside a proxy's tunnel. All that was said is read, and with any packet lost nothing is wrong.

use offpath_capture::Exchange;

use crate::openssl::{Dialogue, Server, Spoken, workshop};
use crate::packets_wire::{Seen, pcap, read_with};
use crate::tls::{nothing_wrong, whole};

/// What a client says of a session that it took up again.
const RESUMED: &str = "Reused, TLSv1.";

/// Asserts that all is read, and nothing wrong with any segment lost. Gives what was read, and the request for a tunnel.
#[track_caller]
fn read_and_damaged(spoken: &Spoken, case: &str) -> (Seen, Option<Exchange>) {
    let talk = spoken.talk();
    let mut seen = read_with(&[&pcap(&talk.segments)], &spoken.options());
    let tunnel = take_tunnel(&mut seen);
    whole(&seen, &[case]);
    for index in 3..talk.segments.len() {
        let mut lossy = talk.clone();
        lossy.drop_segment(index);
        let mut seen = read_with(&[&pcap(&lossy.segments)], &spoken.options());
        take_tunnel(&mut seen);
        nothing_wrong(&seen, &format!("{case} without segment {index}"));
    }
    (seen, tunnel)
}

fn take_tunnel(seen: &mut Seen) -> Option<Exchange> {
    let asks = |exchange: &Exchange| exchange.request.as_ref().is_some_and(|request| request.method == "CONNECT");
    let at = seen.exchanges.iter().position(asks)?;
    Some(seen.exchanges.remove(at))
}

#[test]
fn a_hello_that_is_tried_again_is_read() {
    let Some(workshop) = workshop() else { return };
    let Some(mut server) = Server::start(&workshop, 100, &["-tls1_3", "-groups", "P-521"]) else { return };
    let options = &["-tls1_3", "-groups", "X25519:P-521"];
    let spoken = server.talk(&Dialogue { options, ..Dialogue::default() });
    // A client that is asked again says two hellos.
    let hellos = spoken.said.iter().filter(|(_, bytes)| bytes.windows(6).any(|b| b == b"a.test")).count();
    assert_eq!(hellos, 2, "the server did not ask again");
    read_and_damaged(&spoken, "hello tried again");
}

#[test]
fn resumed_sessions_are_read() {
    let Some(workshop) = workshop() else { return };
    let kinds: [(&str, &[&str]); 3] = [
        ("TLS 1.2, session id", &["-tls1_2", "-no_ticket"]),
        ("TLS 1.2, ticket", &["-tls1_2"]),
        ("TLS 1.3, key of before", &["-tls1_3"]),
    ];
    for (nth, (kind, options)) in kinds.into_iter().enumerate() {
        let Some(mut server) = Server::start(&workshop, 110 + nth, options) else { return };
        let session = format!("session-{nth}");
        let first = server.talk(&Dialogue { options, leave: Some(&session), ..Dialogue::default() });
        read_and_damaged(&first, kind);
        let second = server.talk(&Dialogue { options, resume: Some(&session), ..Dialogue::default() });
        assert!(second.told.contains(RESUMED), "{kind}: {}", second.told);
        read_and_damaged(&second, &format!("{kind}, resumed"));
    }
}

#[test]
fn data_before_the_servers_answer_is_read_once() {
    let Some(workshop) = workshop() else { return };
    let options = ["-tls1_3", "-early_data"];
    let Some(mut server) = Server::start(&workshop, 120, &options) else { return };
    let leave = Dialogue { options: &["-tls1_3"], leave: Some("early"), ..Dialogue::default() };
    server.talk(&leave);
    let resume = Dialogue { options: &["-tls1_3"], resume: Some("early"), early: Some(true), ..Dialogue::default() };
    let taken = server.talk(&resume);
    assert!(taken.told.contains("Early data was accepted"), "{}", taken.told);
    read_and_damaged(&taken, "early data taken");

    // Servers that do not know the session, one of which asks for another hello: the client says it all again.
    for (nth, group) in ["X25519", "P-521"].into_iter().enumerate() {
        server.talk(&leave);
        let Some(mut other) = Server::start(&workshop, 121 + nth, &["-tls1_3", "-groups", group]) else { return };
        let refused = other.talk(&Dialogue { early: Some(false), ..resume });
        assert!(refused.told.contains("Early data was rejected"), "{}", refused.told);
        read_and_damaged(&refused, "early data refused");
    }
}

#[test]
fn a_handshake_made_anew_on_the_way_is_read() {
    let Some(workshop) = workshop() else { return };
    let suites = ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"];
    for (nth, suite) in suites.into_iter().enumerate() {
        let options = ["-tls1_2", "-cipher", suite];
        let server = [&options[..], &["-client_renegotiation"]].concat();
        let Some(mut server) = Server::start(&workshop, 130 + nth, &server) else { return };
        let commands = &[("R\n", "RENEGOTIATING"), ("R\n", "RENEGOTIATING")];
        let spoken = server.talk(&Dialogue { options: &options, commands, ..Dialogue::default() });
        let keys = std::fs::read_to_string(&spoken.key_log).unwrap();
        assert_eq!(keys.lines().filter(|line| line.starts_with("CLIENT_RANDOM")).count(), 3, "{keys}");
        read_and_damaged(&spoken, suite);
    }
}

#[test]
fn tls_inside_a_tunnel_is_read() {
    let Some(workshop) = workshop() else { return };
    for (nth, options) in [&["-tls1_2"][..], &["-tls1_3"]].into_iter().enumerate() {
        let Some(mut server) = Server::start(&workshop, 140 + nth, options) else { return };
        let spoken = server.talk(&Dialogue { options, proxied: true, ..Dialogue::default() });
        let (seen, tunnel) = read_and_damaged(&spoken, "tunnel");
        let tunnel = tunnel.unwrap();
        let request = tunnel.request.unwrap();
        assert_eq!((&*request.method, &*request.target), ("CONNECT", "a.test:443"));
        assert_eq!(tunnel.response.unwrap().status, 200);
        assert_eq!(seen.report.tls.len(), 1, "{:?}", seen.report.tls);
    }
}
