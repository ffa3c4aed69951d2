//! Suppression files: read as strictly as a model and with the same diagnostics. What an entry does is not known here.

use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::document::{self, Node, Shape};
use super::reader::{Fields, Reader};
use super::settings::Refusal;
use crate::model::Code;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span};

/// Most entries of one file, and most of these that go by patterns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) entries: usize,
    pub(crate) patterns: usize,
}

/// One entry as it is written, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Fingerprint and evidence hash.
    pub(crate) finding: Option<(String, String)>,
    /// Patterns for rule, actor, object and activity.
    pub(crate) patterns: [Option<String>; 4],
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) until: Date,
    /// Line and column of the entry, from 1.
    pub(crate) place: (usize, usize),
}

/// Says whether a pattern is one that some rule fits.
pub(crate) type IsRule<'a> = &'a dyn Fn(&str) -> Result<(), Refusal>;

const KEYS: &[&str] = &["fingerprint", "evidence", "rule", "actor", "object", "activity", "reason", "by", "until"];
const PATTERNS: [&str; 4] = ["rule", "actor", "object", "activity"];
/// Digits of a fingerprint and of an evidence hash.
const DIGITS: usize = 32;
/// Longest pattern in bytes.
const LONGEST: usize = 512;

/// Reads a suppression file as of a day; `file` is its name for messages. An empty one holds nothing.
pub(crate) fn read(
    file: &str,
    text: &str,
    today: Date,
    most: Most,
    is_rule: IsRule<'_>,
) -> Result<Vec<Written>, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = document::read(text).map_err(|found| Diagnostics::new(file, text, vec![*found]))?;
    let mut reading = Reading { reader: Reader::default(), today, is_rule };
    let entries = reading.whole(&root, most);
    let diagnostics = Diagnostics::new(file, text, reading.reader.found);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let placed = |(start, written): (usize, Written)| Written { place: diagnostics.position(start), ..written };
    Ok(entries.into_iter().map(placed).collect())
}

struct Reading<'a> {
    reader: Reader,
    today: Date,
    is_rule: IsRule<'a>,
}

impl Reading<'_> {
    fn whole(&mut self, root: &Node, most: Most) -> Vec<(usize, Written)> {
        if matches!(root.shape, Shape::Null) {
            return Vec::new();
        }
        let Some(fields) = self.reader.mapping(root, "a suppression file", &["suppressions"]) else {
            return Vec::new();
        };
        let Some(list) = fields.get("suppressions") else { return Vec::new() };
        let nodes = self.reader.items(list, "`suppressions`");
        if nodes.len() > most.entries {
            self.reader.error(Code::Limit, &list.span, format!("a file holds at most {} suppressions", most.entries));
            return Vec::new();
        }
        let entries: Vec<(usize, Written)> =
            nodes.iter().filter_map(|node| Some((node.span.start, self.entry(node)?))).collect();
        if entries.iter().filter(|(_, entry)| entry.finding.is_none()).count() > most.patterns {
            let title = format!("a file holds at most {} suppressions by patterns", most.patterns);
            self.reader.error(Code::Limit, &list.span, title);
        }
        entries
    }

    fn entry(&mut self, node: &Node) -> Option<Written> {
        let fields = self.reader.mapping(node, "a suppression", KEYS)?;
        let reason = self.reader.required_text(&fields, "reason").map(str::to_owned);
        let by = self.reader.required_text(&fields, "by").map(str::to_owned);
        let until = self.reader.required(&fields, "until").and_then(|node| self.until(node));
        let finding = self.finding(&fields);
        let patterns = PATTERNS.map(|key| self.pattern(&fields, key));
        self.covers_something(&fields, finding.is_some(), &patterns);
        Some(Written { finding, patterns, reason: reason?, by: by?, until: until?, place: (0, 0) })
    }

    /// A day, at most a year ahead: what nobody looks at again is never seen again.
    fn until(&mut self, node: &Node) -> Option<Date> {
        let text = self.reader.text(node, "`until`")?;
        let Some(date) = Date::from_str(text).ok().filter(|_| text.len() == 10) else {
            let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), format!("`{text}` is not a date"));
            self.reader.found.push(diagnostic.help("write the last day on which it counts, as in `until: 2026-12-01`"));
            return None;
        };
        let latest = self.today.checked_add(1.year()).unwrap_or(self.today);
        if date > latest {
            let title = format!("`{text}` is more than a year ahead");
            let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
            self.reader.found.push(diagnostic.help(format!("a suppression counts for a year at most: {latest}")));
        }
        Some(date)
    }

    fn finding(&mut self, fields: &Fields<'_>) -> Option<(String, String)> {
        let (fingerprint, evidence) = (self.hash(fields, "fingerprint"), self.hash(fields, "evidence"));
        for (given, other) in [("fingerprint", "evidence"), ("evidence", "fingerprint")] {
            let (Some(key), None) = (fields.key(given), fields.get(other)) else { continue };
            let title = format!("`{given}` needs `{other}` beside it");
            let diagnostic = Diagnostic::error(Code::Missing, key.span.clone(), title);
            let help = "a finding is covered by what it means and what shows it, so that it comes back when it changes; \
                        `offpath findings suppress ID` writes both";
            self.reader.found.push(diagnostic.help(help));
        }
        Some((fingerprint?, evidence?))
    }

    fn hash(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = fields.get(key)?;
        let text = self.reader.text(node, &format!("`{key}`"))?;
        if text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Some(text.to_owned());
        }
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), format!("`{key}` is no such hash"));
        self.reader.found.push(diagnostic.label(format!("{DIGITS} digits 0-9, a-f are expected")));
        None
    }

    fn pattern(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = fields.get(key)?;
        let text = self.reader.text(node, &format!("`{key}`"))?;
        if text.len() > LONGEST {
            self.reader.error(Code::Limit, &node.span, format!("a pattern is at most {LONGEST} bytes long"));
        } else if key == "rule"
            && let Err(Refusal { title, helps }) = (self.is_rule)(text)
        {
            let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
            self.reader.found.push(helps.into_iter().fold(diagnostic, Diagnostic::help));
        }
        Some(text.to_owned())
    }

    fn covers_something(&mut self, fields: &Fields<'_>, finding: bool, patterns: &[Option<String>; 4]) {
        let given = || patterns.iter().flatten();
        let span: &Span = &fields.span;
        let hashes = fields.get("fingerprint").is_some() || fields.get("evidence").is_some();
        if hashes && given().next().is_some() {
            let title = "a suppression covers one finding, or what fits its patterns, not both";
            let help = "write `fingerprint` and `evidence`, or any of `rule`, `actor`, `object`, `activity`";
            self.reader.found.push(Diagnostic::error(Code::BadValue, span.clone(), title).help(help));
        } else if !hashes && !finding && fields_without(fields) {
            let title = "this suppression does not say what it covers";
            let help = "write `fingerprint` and `evidence`, or any of `rule`, `actor`, `object`, `activity`";
            self.reader.found.push(Diagnostic::error(Code::Missing, span.clone(), title).help(help));
        } else if !hashes && given().all(|pattern| pattern.chars().all(|c| matches!(c, '*' | '?' | ':'))) {
            let title = "this suppression would cover everything";
            self.reader.error(Code::BadValue, span, title);
        }
    }
}

/// Whether no pattern is written, be it readable or not.
fn fields_without(fields: &Fields<'_>) -> bool {
    PATTERNS.iter().all(|key| fields.get(key).is_none())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 20);
    const MOST: Most = Most { entries: 3, patterns: 2 };

    fn entries(text: &str) -> Result<Vec<Written>, String> {
        let is_rule = |text: &str| match text {
            "ENUM" | "SEQ-*" => Ok(()),
            _ => Err(Refusal { title: format!("no rule is {text}"), helps: vec!["did you mean `ENUM`?".to_owned()] }),
        };
        read("s.yaml", text, TODAY, MOST, &is_rule).map_err(|found| found.render(false))
    }

    #[test]
    fn both_kinds_are_read_with_their_places() {
        let (fingerprint, evidence) = ("0".repeat(32), "ab".repeat(16));
        let text = format!(
            "# why\nsuppressions:\n  - {{fingerprint: {fingerprint}, evidence: {evidence}, reason: load test, by: no, until: 2026-12-01}}\n  \
             - rule: ENUM\n    actor: 'service:search-indexer'\n    reason: indexer reads all\n    by: b.reviewer\n    until: 2027-11-20\n"
        );
        let read = entries(&text).unwrap();
        assert_eq!(read[0].finding, Some((fingerprint, evidence)));
        assert_eq!((read[0].by.as_str(), read[0].until, read[0].place.0), ("no", date(2026, 12, 1), 3));
        assert_eq!(read[1].patterns, [Some("ENUM".to_owned()), Some("service:search-indexer".to_owned()), None, None]);
        assert_eq!((read[1].finding.is_none(), read[1].place.0), (true, 4));
        assert_eq!(entries("# nothing yet\n"), Ok(Vec::new()));
        assert_eq!(entries("suppressions: []\n"), Ok(Vec::new()));
    }

    #[test]
    fn mistakes_have_a_place_and_a_remedy() {
        let rest = "reason: r, by: b, until: 2026-12-01";
        for (entry, parts) in [
            ("{rule: ENUM, reason: r, by: b}".to_owned(), &["`until` is missing"][..]),
            ("{rule: ENUM, by: b, until: 2026-12-01}".to_owned(), &["`reason` is missing"]),
            ("{rule: ENUM, reason: r, until: 2026-12-01}".to_owned(), &["`by` is missing"]),
            ("{rule: ENUM, reason: '', by: b, until: 2026-12-01}".to_owned(), &["`reason` is empty"]),
            ("{rule: ENUM, reason: r, by: b, until: soon}".to_owned(), &["`soon` is not a date", "until: 2026-12-01"]),
            ("{rule: ENUM, reason: r, by: b, until: 2027-11-21}".to_owned(), &["more than a year ahead", "2027-11-20"]),
            (format!("{{rul: ENUM, {rest}}}"), &["no key `rul`", "did you mean `rule`?"]),
            (format!("{{rule: ENUMM, {rest}}}"), &["no rule is ENUMM", "did you mean `ENUM`?"]),
            (format!("{{{rest}}}"), &["does not say what it covers"]),
            (format!("{{actor: '*', object: '*:*', {rest}}}"), &["would cover everything"]),
            (format!("{{fingerprint: {}, {rest}}}", "0".repeat(32)), &["needs `evidence`", "findings suppress"]),
            (format!("{{fingerprint: F7c1e, evidence: {}, {rest}}}", "0".repeat(32)), &["32 digits"]),
            (
                format!("{{fingerprint: {0}, evidence: {0}, rule: ENUM, {rest}}}", "0".repeat(32)),
                &["one finding, or what fits its patterns"],
            ),
            (format!("{{activity: {}, {rest}}}", "a".repeat(600)), &["at most 512 bytes"]),
            ("ENUM".to_owned(), &["must be a mapping"]),
        ] {
            let error = entries(&format!("suppressions:\n  - {entry}\n")).unwrap_err();
            assert!(error.contains("s.yaml:2:"), "{entry}: {error}");
            assert!(parts.iter().all(|part| error.contains(part)), "{entry}: {error}");
        }
        for text in ["suppression: []\n", "suppressions: {}\n", "- a\n", "suppressions: [\n"] {
            assert!(entries(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_kept() {
        let many = |count: usize| {
            let entry = "  - {rule: ENUM, reason: r, by: b, until: 2026-12-01}\n";
            format!("suppressions:\n{}", entry.repeat(count))
        };
        assert_eq!(entries(&many(2)).unwrap().len(), 2);
        assert!(entries(&many(3)).unwrap_err().contains("at most 2 suppressions by patterns"));
        assert!(entries(&many(4)).unwrap_err().contains("at most 3 suppressions"));
    }
}
