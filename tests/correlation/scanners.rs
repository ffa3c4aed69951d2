//! Who tries paths mints no template, however many addresses and credentials the tries are spread over.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{code, offpath, stderr};

/// Random paths of three words, each tried once by one of the scanners, with the statuses that the server gives in turn.
fn tries(scanners: &[(&str, &str)], statuses: &[u16]) -> String {
    let mut random = 88_172_645_463_325_252_u64;
    let mut below = |n: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) % n
    };
    let mut log = String::new();
    for at in 0..10_000 {
        let mut word = || -> String {
            let length = 2 + below(9);
            (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[below(36) as usize])).collect()
        };
        let path = [word(), word(), word()].join("/");
        let (address, user) = scanners[below(scanners.len() as u64) as usize];
        let (hour, minute, second, status) = (10 + at / 3_600, at / 60 % 60, at % 60, statuses[at % statuses.len()]);
        writeln!(
            log,
            "{address} - {user} [01/Mar/2026:{hour}:{minute:02}:{second:02} +0000] \"GET /{path} HTTP/1.1\" {status} 5 \"-\" \"c\""
        )
        .unwrap();
    }
    log
}

#[test]
fn scanners_mint_no_template() {
    let folder = tempfile::tempdir().unwrap();
    let one = [("10.9.9.9", "-")];
    let five = [
        ("10.9.9.1", "eve"),
        ("10.9.9.2", "mallory"),
        ("10.9.9.3", "eve"),
        ("10.9.9.4", "mallory"),
        ("10.9.9.5", "eve"),
    ];
    for (name, scanners) in [("one", &one[..]), ("five", &five[..])] {
        for (answer, statuses) in
            [("refused", &[404, 403, 401, 400][..]), ("accepted", &[200]), ("mixed", &[404, 200, 302])]
        {
            let file = folder.path().join(format!("{name}-{answer}.log"));
            std::fs::write(&file, tries(scanners, statuses)).unwrap();
            let output = offpath(&["inspect", "-q", "--format", "json", file.to_str().unwrap()]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            let run: Value = serde_json::from_slice(&output.stdout).unwrap();
            let operations =
                run["operations"].as_array().unwrap().iter().map(|operation| operation["name"].as_str().unwrap());
            let minted: Vec<&str> = operations.filter(|name| name.contains('{')).take(8).collect();
            let objects = run["objects"].as_array().unwrap().len();
            assert!(minted.is_empty() && objects == 0, "{name}, {answer}: {objects} types, {minted:?}");
        }
    }
}
