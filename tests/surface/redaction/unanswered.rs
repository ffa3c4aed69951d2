//! Addresses of what was not seen.

use std::fs;
use std::path::Path;

use super::outputs::{files, none_of, texts};
use super::traffic::MODEL;
use crate::offpath_in;
use crate::support::{code, lines, stderr};

/// A capture of one request that nobody answers.
fn unanswered(file: &Path) {
    let mut capture: Vec<u8> =
        [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    let request = b"POST /orders/orderkeyone HTTP/1.1\r\nHost: tenantnordwind.example\r\nContent-Length: 0\r\n\r\n";
    let ends = ([10, 77, 66, 55], 40_111_u16, [10, 88, 77, 66], 8_099_u16);
    let back = (ends.2, ends.3, ends.0, ends.1);
    let packets: [(_, u32, u32, u8, &[u8]); 4] = [
        (ends, 100, 0, 0x02, b""),
        (back, 500, 101, 0x12, b""),
        (ends, 101, 501, 0x18, request),
        (back, 501, 101 + request.len() as u32, 0x10, b""),
    ];
    for (second, ((from, port, to, to_port), sequence, acknowledged, flags, data)) in (1_772_359_200_u32..).zip(packets)
    {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend((40 + data.len() as u16).to_be_bytes());
        frame.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(from.into_iter().chain(to).chain(port.to_be_bytes()).chain(to_port.to_be_bytes()));
        frame.extend(sequence.to_be_bytes().into_iter().chain(acknowledged.to_be_bytes()));
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(data);
        let length = frame.len() as u32;
        capture.extend([second, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
        capture.extend(frame);
    }
    fs::write(file, capture).unwrap();
}

#[test]
fn addresses_of_what_was_not_seen_are_hashed_with_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.model.yaml"), MODEL).unwrap();
    unanswered(&folder.path().join("wire.pcap"));
    let mut connections = Vec::new();
    // The digits of a port alone stand in times and hashes by chance.
    let addresses = ["10.77.66.55", "10.88.77.66", ":40111", ":8099"];
    for level in ["mask", "hash"] {
        let run = |args: &[&str]| {
            let output = offpath_in(folder.path(), args, &[]);
            assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
            (args.join(" "), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let check =
            ["check", "wire.pcap", "--model", "hostile.model.yaml", "--exit-zero", "-o", level, "--redact", level];
        let mut written = vec![
            run(&check),
            run(&["show", "gaps", "--run", level]),
            run(&["show", "gaps", "--run", level, "--format", "csv"]),
            run(&["exchanges", "wire.pcap", "--redact", level]),
        ];
        let mut paths = Vec::new();
        files(&folder.path().join(level), &mut paths);
        written.extend(paths.iter().map(|path| (path.display().to_string(), texts(path))));
        let gaps = lines(&folder.path().join(level).join("gaps.jsonl"));
        let gap = gaps.iter().find(|gap| gap["kind"] == "incomplete").expect("the request has no response");
        let (client, server) = (gap["client"].as_str().unwrap(), gap["server"].as_str().unwrap());
        let connection = gap["connection"].as_str().unwrap().to_owned();
        assert!(written[3].1.contains(&connection), "one connection, one id: {}", written[3].1);
        connections.push(connection);
        if level == "hash" {
            none_of(&addresses, &written, level);
            assert!(client.starts_with('p') && server.starts_with('p') && client != server, "{gap}");
            let (_, exchanges) = &written[3];
            assert!(
                exchanges.contains(client) && exchanges.contains(server),
                "one address, one pseudonym: {exchanges}"
            );
        } else {
            assert_eq!((client, server), ("10.77.66.55:40111", "10.88.77.66:8099"));
        }
    }
    // Addresses and times could be guessed from a hash without a key.
    assert_ne!(connections[0], connections[1]);
}
