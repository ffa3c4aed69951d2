//! Object-centric logs as JSON and XML: whatever they hold, reading ends, and what is written of it is read again without
//! loss.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_process::{ObjectLog, OcelLimits, read_ocel, write_ocel_json, write_ocel_xml};

fn counts(log: &ObjectLog) -> [usize; 5] {
    let objects = log.objects.iter().filter(|object| object.kind.is_some());
    // What is only named is not written, nor is anything that hangs on it.
    let changes = objects.clone().map(|object| object.attributes.len()).sum();
    let relations = objects.map(|object| object.relations.len()).sum();
    [log.events.len(), log.object_count(), log.event_relations(), relations, changes]
}

fuzz_target!(|bytes: &[u8]| {
    let limits = OcelLimits { events: 500, objects: 500, relations: 2_000, values: 2_000, ..OcelLimits::default() };
    let Ok((log, _)) = read_ocel("log", bytes, &limits) else { return };
    assert!(log.events.len() <= limits.events && log.objects.len() <= limits.objects);
    for (name, _) in log.types() {
        let flat = log.flatten(name).unwrap();
        assert!(flat.events().len() <= log.event_relations());
    }
    let mut json = Vec::new();
    write_ocel_json(&log, &mut json).unwrap();
    let mut xml = Vec::new();
    write_ocel_xml(&log, &mut xml).unwrap();
    // A log of nothing but names that nothing is said of is none.
    if log.events.is_empty() && log.object_count() == 0 {
        return;
    }
    let more = OcelLimits::default();
    let (again, problems) = read_ocel("json", json.as_slice(), &more).unwrap();
    assert!(problems.iter().all(|problem| !problem.lost), "{problems:?}");
    assert_eq!(counts(&log), counts(&again));
    // Characters that XML cannot hold may make one id of two.
    let plain = |names: &offpath_process::Names| names.iter().all(|name| !name.chars().any(|c| c.is_control() || c > '\u{fffc}'));
    if plain(&log.event_ids) && plain(&log.object_ids) && plain(&log.qualifiers) {
        let (again, _) = read_ocel("xml", xml.as_slice(), &more).unwrap();
        assert_eq!(counts(&log), counts(&again));
    }
});
