//! Where evidence is, in few words: `shop.log lines 4, 5`.

use crate::finding::Evidence;

/// Events named; of more the deviating ones and the last before them are.
const NAMED: usize = 5;

/// The places of a finding's events, those of one file together; what is left out is counted.
pub(super) fn places(evidence: &[Evidence]) -> String {
    let mut chosen: Vec<usize> = (0..evidence.len()).collect();
    chosen.sort_by_key(|at| (evidence.get(*at).is_none_or(|event| event.role != "deviating"), std::cmp::Reverse(*at)));
    chosen.truncate(NAMED);
    chosen.sort_unstable();
    let mut groups: Vec<Group> = Vec::new();
    for origin in chosen.iter().filter_map(|at| evidence.get(*at)).map(|event| event.origin.as_str()) {
        let (file, kind, number) = parts(origin);
        match groups.last_mut() {
            Some(last) if last.file == file && last.kind == kind => last.numbers.push(number),
            _ => groups.push(Group { file, kind, numbers: vec![number] }),
        }
    }
    let mut text = groups.iter().map(Group::text).collect::<Vec<_>>().join("; ");
    if evidence.len() > NAMED {
        text.push_str(&format!(" and {} more", evidence.len() - NAMED));
    }
    text
}

/// Places of one kind in one file.
struct Group<'a> {
    file: &'a str,
    kind: &'a str,
    numbers: Vec<&'a str>,
}

impl Group<'_> {
    fn text(&self) -> String {
        // Lines and frames are counted from 1, entries from 0 as in `log.entries[0]`: the sign tells an index.
        let numbers = match self.kind {
            "entry" => self.numbers.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", "),
            _ => self.numbers.join(", "),
        };
        let several = self.numbers.len() > 1 || self.numbers.iter().any(|number| number.contains('-'));
        let kind = match (self.kind, several) {
            ("", _) => return self.file.to_owned(),
            ("entry", true) => "entries".to_owned(),
            (kind, true) => format!("{kind}s"),
            (kind, false) => kind.to_owned(),
        };
        format!("{} {kind} {numbers}", self.file)
    }
}

/// File, kind of place and number of an origin as text (`a.pcapng#frames=3-4`); any other text is all file.
fn parts(origin: &str) -> (&str, &str, &str) {
    let place = origin.rsplit_once('#').and_then(|(file, place)| Some((file, place.split_once('=')?)));
    match place {
        Some((file, ("frame" | "frames", number))) => (file, "frame", number),
        Some((file, (kind @ ("line" | "entry"), number))) => (file, kind, number),
        _ => (origin, "", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(origin: &str, role: &str) -> Evidence {
        Evidence {
            event: String::new(),
            origin: origin.into(),
            offset: 0,
            role: role.into(),
            time: String::new(),
            principal: None,
            activity: String::new(),
            method: String::new(),
            path: String::new(),
            status: None,
        }
    }

    #[test]
    fn events_of_one_file_stand_together() {
        let of = |origins: &[&str]| places(&origins.iter().map(|o| event(o, "context")).collect::<Vec<_>>());
        assert_eq!(of(&["shop.log#line=4", "shop.log#line=5"]), "shop.log lines 4, 5");
        assert_eq!(of(&["a#1.pcap#frame=7", "a#1.pcap#frames=9-11"]), "a#1.pcap frames 7, 9-11");
        assert_eq!(of(&["a.har#entry=0", "b.log#line=2"]), "a.har entry #0; b.log line 2");
        assert_eq!(of(&["strange"]), "strange");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn of_many_events_the_deviating_one_is_named() {
        let mut many: Vec<Evidence> = (0..90).map(|n| event(&format!("a.log#line={n}"), "context")).collect();
        many[3].role = "deviating".into();
        assert_eq!(places(&many), "a.log lines 3, 86, 87, 88, 89 and 85 more");
    }
}
