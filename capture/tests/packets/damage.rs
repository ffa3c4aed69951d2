//! Files cut short and damaged records.

use offpath_capture::InputErrorKind;

use crate::packets_wire::{Talk, ip, pcap, read};

#[test]
fn a_truncated_file_says_where_and_keeps_what_came_before() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2);
    let file = pcap(&talk.segments);
    let seen = read(&[&file[..file.len() - 5], &file]);
    let error = &seen.report.errors[0];
    assert!(matches!(error.kind, InputErrorKind::Truncated { .. }), "{error}");
    assert!(error.to_string().contains("#frame=7"), "{error}");
    assert_eq!(seen.report.inputs[0].records, 6);
    let last = 16 + 20 + 20 + talk.segments[6].payload.len() as u64;
    assert_eq!(seen.report.inputs[0].bytes_lost, last - 5);
    assert_eq!(seen.report.inputs[1].records, 7);
}

#[test]
fn a_damaged_record_costs_itself_and_is_placed() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).close();
    let lost = talk.find("body of 2");
    let records: Vec<usize> = talk.segments.iter().map(|segment| 16 + ip(segment).len()).collect();
    let at = 24 + records[..lost].iter().sum::<usize>();
    for claim in [u32::MAX, 1 << 20] {
        let mut file = pcap(&talk.segments);
        file[at + 8..at + 12].copy_from_slice(&claim.to_le_bytes());
        let seen = read(&[&file]);
        assert_eq!(seen.lines(), ["1>1", "2>- no_response response_gap", "3>3"]);
        let error = seen.report.errors[0].to_string();
        assert!(error.contains(&format!("byte {at}")) && error.contains(&format!("#frame={}", lost + 1)), "{error}");
        assert_eq!(seen.report.inputs[0].bytes_lost, records[lost] as u64);
    }
    // Bytes of no record, as of a disk that failed.
    let mut file = pcap(&talk.segments);
    file.splice(at..at, [0xff; 5_000]);
    let seen = read(&[&file]);
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3"]);
    assert_eq!((seen.report.inputs[0].bytes_lost, seen.report.errors.len()), (5_000, 1));
}
