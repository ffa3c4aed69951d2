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
        let (number, within) = number.split_once(',').map_or((number, None), |(number, within)| (number, Some(within)));
        if groups.last().is_none_or(|last| last.file != file || last.kind != kind) {
            groups.push(Group { file, kind, numbers: Vec::new() });
        }
        let Some(last) = groups.last_mut() else { continue };
        match last.numbers.last_mut() {
            // Of one entry or packet the messages and calls are what tells events apart.
            Some(known) if known.number == number && within.is_some() => known.within.extend(within),
            _ => last.numbers.push(Number { number, within: within.into_iter().collect() }),
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
    numbers: Vec<Number<'a>>,
}

/// A record, and which of the messages and calls in it: `message=3,call=1`.
struct Number<'a> {
    number: &'a str,
    within: Vec<&'a str>,
}

impl Number<'_> {
    /// `7`, `#10 (messages #3, #5)`; `sign` is that of an index.
    fn text(&self, sign: &str) -> String {
        let number = format!("{sign}{}", self.number);
        let messages: Option<Vec<&str>> = self.within.iter().map(|part| only_message(part)).collect();
        let within = match (messages.as_deref(), self.within.as_slice()) {
            (_, []) => return number,
            (Some([one]), _) => format!("message #{one}"),
            (Some(several), _) => {
                format!("messages {}", several.iter().map(|one| format!("#{one}")).collect::<Vec<_>>().join(", "))
            }
            (None, parts) => {
                parts.iter().map(|part| part.replace('=', " #").replace(',', " ")).collect::<Vec<_>>().join(", ")
            }
        };
        format!("{number} ({within})")
    }
}

/// The number of a message that is named and nothing in it.
fn only_message(part: &str) -> Option<&str> {
    part.strip_prefix("message=").filter(|number| !number.contains(','))
}

impl Group<'_> {
    fn text(&self) -> String {
        // Lines and frames are counted from 1, entries from 0 as in `log.entries[0]`: the sign tells an index.
        let sign = if self.kind == "entry" { "#" } else { "" };
        let numbers = self.numbers.iter().map(|number| number.text(sign)).collect::<Vec<_>>().join(", ");
        let several = self.numbers.len() > 1 || self.numbers.iter().any(|number| number.number.contains('-'));
        let kind = match (self.kind, several) {
            ("", _) => return self.file.to_owned(),
            ("entry", true) => "entries".to_owned(),
            (kind, true) => format!("{kind}s"),
            (kind, false) => kind.to_owned(),
        };
        format!("{} {kind} {numbers}", self.file)
    }
}

/// File, kind of place and number of an origin as text (`a.pcapng#frames=3-4`, `a.har#entry=3,message=1`); any other text
/// is all file.
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
            agent: None,
            activity: String::new(),
            method: String::new(),
            path: String::new(),
            status: None,
            outcome: String::new(),
        }
    }

    #[test]
    fn events_of_one_file_stand_together() {
        let of = |origins: &[&str]| places(&origins.iter().map(|o| event(o, "context")).collect::<Vec<_>>());
        assert_eq!(of(&["shop.log#line=4", "shop.log#line=5"]), "shop.log lines 4, 5");
        assert_eq!(of(&["a#1.pcap#frame=7", "a#1.pcap#frames=9-11"]), "a#1.pcap frames 7, 9-11");
        assert_eq!(of(&["a.har#entry=0", "b.log#line=2"]), "a.har entry #0; b.log line 2");
        assert_eq!(of(&["strange"]), "strange");
        assert_eq!(
            of(&["a.har#entry=9", "a.har#entry=10,message=3", "a.har#entry=10,message=5", "a.har#entry=11,message=0"]),
            "a.har entries #9, #10 (messages #3, #5), #11 (message #0)"
        );
        assert_eq!(
            of(&["a.pcap#frames=3-4,message=1,call=0", "a.pcap#frames=3-4,message=1,call=2"]),
            "a.pcap frames 3-4 (message #1 call #0, message #1 call #2)"
        );
        assert_eq!(of(&["b.log#line=4,call=1"]), "b.log line 4 (call #1)");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn of_many_events_the_deviating_one_is_named() {
        let mut many: Vec<Evidence> = (0..90).map(|n| event(&format!("a.log#line={n}"), "context")).collect();
        many[3].role = "deviating".into();
        assert_eq!(places(&many), "a.log lines 3, 86, 87, 88, 89 and 85 more");
    }
}
