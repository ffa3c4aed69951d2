//! Identity of a finding: what it means across runs, and which one it is within one.

use sha2::{Digest, Sha256};

use super::Finding;
use crate::event::{EventId, ObjectId};

/// Hex digits of each half of an evidence hash.
const HALF: usize = 16;

/// What a finding means, without times, files or object ids: two cases of one weakness mean the same, and so do two
/// sources of one case. What only some sources show of an actor is no part of it, unless the rule is about just that.
#[derive(Clone, Copy, Debug)]
pub struct Meaning<'a> {
    /// Rule id.
    pub rule: &'a str,
    /// Type of the object; empty where a constraint says it.
    pub object_type: &'a str,
    /// Constraint id, else the state that the step left (`?` when several were possible).
    pub edge: &'a str,
    /// Activity, else operation.
    pub activity: &'a str,
    /// What the actor is, in any order, where the rule is about that; else nothing.
    pub class: &'a [&'a str],
    /// Id of the model; empty without one.
    pub model: &'a str,
}

impl Meaning<'_> {
    /// 32 hex digits.
    pub fn fingerprint(&self) -> String {
        let mut class = self.class.to_vec();
        class.sort_unstable();
        class.dedup();
        let mut hash = Sha256::new();
        for part in [self.rule, self.object_type, self.edge, self.activity, self.model].into_iter().chain(class) {
            add(&mut hash, part.as_bytes());
        }
        hex(&hash.finalize(), 32)
    }
}

/// `F` and 12 hex digits: the meaning, the events that show it and the object, in any order of events.
pub fn identity(fingerprint: &str, events: &[EventId], object: Option<&ObjectId>) -> String {
    let mut events: Vec<u64> = events.iter().map(|event| event.0).collect();
    events.sort_unstable();
    events.dedup();
    let mut hash = Sha256::new();
    add(&mut hash, fingerprint.as_bytes());
    if let Some(object) = object {
        add(&mut hash, object.object_type.as_bytes());
        add(&mut hash, object.key.as_bytes());
    }
    for event in events {
        hash.update(event.to_be_bytes());
    }
    format!("F{}", hex(&hash.finalize(), 12))
}

/// `G` and 12 hex digits: one meaning, done by one class of actor. Its findings have one cause.
pub fn group(fingerprint: &str, class: &str) -> String {
    let mut hash = Sha256::new();
    add(&mut hash, fingerprint.as_bytes());
    add(&mut hash, class.as_bytes());
    format!("G{}", hex(&hash.finalize(), 12))
}

/// Rules about a place, whoever comes there first: the meaning says which place.
const OF_PLACES: [&str; 14] = [
    "DX-QUERY",
    "INT-LOOP",
    "INT-PLAIN",
    "LG-CLOCK",
    "MA-GAP",
    "OPS-FAIL",
    "OPS-SPIKE",
    "OPS-STUCK",
    "PERM-WILDCARD",
    "PROC-SHADOW",
    "PROC-ZOMBIE",
    "SEC-INBODY",
    "SEC-INURL",
    "SEC-LONG",
];
/// Rules about one use of somebody's credential: another thief is another matter, whoever is robbed.
const OF_USES: [&str; 4] = ["CR-CONCURRENT", "CR-FAILOK", "CR-NEWCTX", "CR-REUSE"];

/// The group of a finding: its meaning and the class of its actor, if it is about that one.
pub fn group_of(finding: &Finding) -> String {
    let of_place = OF_PLACES.contains(&finding.rule.as_str());
    group(&finding.fingerprint, if of_place { "" } else { &finding.actor.class })
}

/// 32 hex digits of what shows a finding: the first half says about what and whom, the second what was done and judged.
///
/// Files, offsets and ids of events are no part of it, so that the same traffic in another file shows the same. Times
/// are: what happens again tomorrow is not what somebody looked at today. The confidence is none, because it also says
/// how much else was captured.
pub fn evidence_hash(finding: &Finding) -> String {
    let mut about = Sha256::new();
    let object = finding.object.as_ref();
    let actor = &finding.actor;
    let parts = [object.map(|object| &object.object_type), object.map(|object| &object.id), finding.case.as_ref()];
    let whom = [actor.principal.as_ref(), actor.agent.as_ref(), actor.tenant.as_ref()];
    let of_place = OF_PLACES.contains(&finding.rule.as_str());
    for part in parts.into_iter().chain(whom).filter(|_| !of_place) {
        maybe(&mut about, part.map(String::as_str));
    }
    if OF_USES.contains(&finding.rule.as_str()) {
        add(&mut about, finding.time.as_bytes());
    }
    let mut shown = Sha256::new();
    for part in [&finding.rule, &finding.severity, finding.verdict.as_str(), &finding.activity] {
        add(&mut shown, part.as_bytes());
    }
    list(&mut shown, finding.expected.iter().map(String::as_str));
    list(&mut shown, finding.observed.iter().map(String::as_str));
    list(&mut shown, finding.also.iter().flat_map(|also| [also.rule.as_str(), &also.fingerprint, &also.severity]));
    for event in &finding.evidence {
        list(&mut shown, [&event.role, &event.time, &event.activity, &event.method, &event.path].map(String::as_str));
        maybe(&mut shown, event.principal.as_deref());
        shown.update(event.status.unwrap_or(0).to_be_bytes());
    }
    hex(&about.finalize(), HALF) + &hex(&shown.finalize(), HALF)
}

/// The half of an evidence hash that says about what and whom a finding is; all of it where it is shorter.
pub fn subject(evidence_hash: &str) -> &str {
    evidence_hash.get(..HALF).unwrap_or(evidence_hash)
}

fn maybe(hash: &mut Sha256, part: Option<&str>) {
    hash.update([u8::from(part.is_some())]);
    add(hash, part.unwrap_or_default().as_bytes());
}

fn list<'a>(hash: &mut Sha256, parts: impl IntoIterator<Item = &'a str>) {
    let parts: Vec<&str> = parts.into_iter().collect();
    hash.update((parts.len() as u64).to_be_bytes());
    parts.into_iter().for_each(|part| add(hash, part.as_bytes()));
}

/// Length first, so that no two lists of parts give the same bytes.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn meaning<'a>(object_type: &'a str, edge: &'a str, class: &'a [&'a str]) -> Meaning<'a> {
        Meaning { rule: "SEQ-SKIP", object_type, edge, activity: "ship", class, model: "shop" }
    }

    #[test]
    fn a_class_counts_as_a_set() {
        assert_eq!(
            meaning("order", "new", &["a", "b"]).fingerprint(),
            meaning("order", "new", &["b", "a", "b"]).fingerprint()
        );
        assert_ne!(meaning("order", "new", &["a"]).fingerprint(), meaning("order", "new", &[]).fingerprint());
    }

    #[test]
    fn text_cannot_move_from_one_part_to_the_next() {
        assert_ne!(meaning("ab", "c", &[]).fingerprint(), meaning("a", "bc", &[]).fingerprint());
        assert_ne!(meaning("", "abc", &[]).fingerprint(), meaning("abc", "", &[]).fingerprint());
    }

    #[test]
    fn identity_depends_on_the_events_and_the_object_but_not_on_their_order() {
        let order = |key: &str| ObjectId { object_type: "order".into(), key: key.into() };
        let id = identity("f", &[EventId(1), EventId(2)], Some(&order("a")));
        assert_eq!(id, identity("f", &[EventId(2), EventId(1), EventId(2)], Some(&order("a"))));
        assert_ne!(id, identity("f", &[EventId(1)], Some(&order("a"))));
        assert_ne!(id, identity("f", &[EventId(1), EventId(2)], Some(&order("b"))));
        assert!(id.len() == 13 && id.starts_with('F'));
    }

    #[test]
    fn evidence_is_the_same_in_another_file_and_another_for_other_steps_or_people() {
        let finding = sample("F1", "high", 0.9, 5);
        let hash = evidence_hash(&finding);
        assert_eq!(hash.len(), 2 * HALF);
        let mut moved = Finding { confidence: 0.6, title: "other words".to_owned(), ..sample("F2", "high", 0.9, 5) };
        moved.evidence.iter_mut().for_each(|event| {
            event.origin = "elsewhere.log#line=1".to_owned();
            event.event = "e9".to_owned();
            event.offset = 0;
        });
        assert_eq!(evidence_hash(&moved), hash);
        let changed: [fn(&mut Finding); 6] = [
            |f| f.severity = "critical".to_owned(),
            |f| f.verdict = super::super::Verdict::Attempted,
            |f| f.evidence[1].status = Some(403),
            |f| f.evidence[0].time = super::super::time::rfc3339(6),
            |f| f.observed.push("more".to_owned()),
            |f| f.evidence.truncate(1),
        ];
        for change in changed {
            let mut other = finding.clone();
            change(&mut other);
            assert_eq!(subject(&evidence_hash(&other)), subject(&hash), "it is about the same");
            assert_ne!(evidence_hash(&other), hash);
        }
        let mut of_another = finding.clone();
        of_another.actor.principal = None;
        assert_ne!(subject(&evidence_hash(&of_another)), subject(&hash));
    }

    #[test]
    fn a_place_is_the_same_whoever_came_first_and_another_theft_is_another() {
        let of = |rule: &str| Finding { rule: rule.to_owned(), ..sample("F1", "medium", 0.9, 5) };
        let by_another = |rule: &str| {
            let mut finding = of(rule);
            (finding.actor.principal, finding.actor.class) = (Some("bob".to_owned()), "service".to_owned());
            finding.object = None;
            finding
        };
        let about = |finding: &Finding| (group_of(finding), subject(&evidence_hash(finding)).to_owned());
        for rule in OF_PLACES {
            assert_eq!(about(&of(rule)), about(&by_another(rule)), "{rule}");
        }
        for rule in OF_USES {
            let later = Finding { time: super::super::time::rfc3339(6), ..of(rule) };
            assert_ne!(about(&of(rule)), about(&later), "{rule}");
            assert_ne!(about(&of(rule)), about(&by_another(rule)), "{rule}");
            assert_eq!(about(&of(rule)), about(&of(rule)), "{rule}");
        }
    }

    #[test]
    fn a_group_is_a_meaning_and_a_class() {
        assert_eq!(group("f", "human"), group("f", "human"));
        assert_ne!(group("f", "human"), group("f", "agent"));
        assert_ne!(group("fh", "uman"), group("f", "human"));
        assert!(group("f", "").starts_with('G') && group("f", "").len() == 13);
    }

    #[test]
    fn the_hash_is_stable_over_releases() {
        // Suppression files hold these: a change here breaks every one of them.
        assert_eq!(meaning("order", "new", &[]).fingerprint(), "343188db0978d2a0bfa69bbb24bdfa8b");
    }
}
