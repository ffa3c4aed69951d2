//! tshark reads the same generated captures: messages, bodies and pairs are the same.
//!
//! Captures with losses or pipelining are not here: tshark loses or mispairs exchanges there, and other tests know the
//! truth about those.

use std::path::Path;

use offpath_fixtures::traffic::{self, FileFormat, Link, Traffic};
use offpath_fixtures::{Abuse, Format};

use crate::corpus::{captures, compare};
use crate::process::peer;

#[track_caller]
fn reads_as_in_tshark(tshark: &Path, capture: &Path) {
    let tallies = compare(tshark, capture);
    for tally in &tallies {
        assert!(tally.agrees() && tally.same > 100, "{}: {tally:#?}", capture.display());
    }
}

#[test]
fn every_bundled_capture_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let captures: Vec<_> =
        captures(&folder).into_iter().filter(|path| path.to_string_lossy().contains(".pcap")).collect();
    assert!(!captures.is_empty());
    captures.iter().for_each(|capture| reads_as_in_tshark(&tshark, capture));
}

#[test]
fn a_reordered_capture_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = offpath_fixtures::Options {
        orders: 40,
        seed: 7,
        abuse: Abuse::default(),
        out: folder.path().to_owned(),
        formats: [Format::Pcapng].into(),
        loss: 0,
        reorder: 100_000,
        skew: 0,
        start_mid_case: 0,
        split: 1,
    };
    offpath_fixtures::write(&options).unwrap();
    reads_as_in_tshark(&tshark, &folder.path().join("capture.pcapng"));
}

#[test]
fn framed_traffic_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = Traffic { connections: 20, exchanges: 20, ..Traffic::new(folder.path().to_owned()) };
    for traffic in [
        Traffic { duplicate: 50_000, overlap: 50_000, ..whole.clone() },
        Traffic { vxlan: true, wrap: true, ..whole.clone() },
        Traffic { link: Link::Sll2, ipv6: true, file: FileFormat::Pcapng, ..whole.clone() },
        Traffic { link: Link::Qinq, fragment: 200_000, file: FileFormat::PcapNs, ..whole },
    ] {
        traffic::write(&traffic).unwrap();
        reads_as_in_tshark(&tshark, &folder.path().join(traffic::CAPTURE));
    }
}
