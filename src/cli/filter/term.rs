//! Terms: `key:value`, `key>=value`, `-key:value`.

use super::subject::{Keys, Seen, Subject};
use crate::cli::period::span;
use crate::finding::pattern;
use crate::finding::severity_named;
use crate::model::{Severity, nearest_name};

/// Longest filter in bytes, and the number of its terms.
const LONGEST: usize = 16 << 10;
const MOST_TERMS: usize = 256;

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    negated: bool,
    key: &'static str,
    test: Test,
}

/// What a term asks of what a subject has.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// A text that fits.
    Fits(String),
    /// A number or time within, both ends included.
    Number(f64, f64),
    Time(i64, i64),
    /// A severity within, both ends included.
    Severity(Severity, Severity),
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Is,
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// Reads all terms.
pub(super) fn parse(text: &str, keys: &Keys) -> Result<Vec<Term>, String> {
    if text.len() > LONGEST {
        return Err(format!("{} bytes; at most {LONGEST} are read", text.len()));
    }
    let words = words(text)?;
    if words.len() > MOST_TERMS {
        return Err(format!("{} terms; at most {MOST_TERMS} are read", words.len()));
    }
    words.iter().map(|word| term(word, keys)).collect()
}

/// Splits at blanks outside of quotes. A backslash inside quotes keeps a quote or backslash from its meaning.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => (quoted, begun) = (!quoted, true),
            '\\' if quoted => match characters.next() {
                Some(escaped @ ('"' | '\\')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => {}
            },
            blank if blank.is_whitespace() && !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => {
                word.push(other);
                begun = true;
            }
        }
    }
    if quoted {
        return Err(format!("a quote is not closed: `{text}`"));
    }
    if begun {
        words.push(word);
    }
    Ok(words)
}

fn term(word: &str, keys: &Keys) -> Result<Term, String> {
    let (negated, bare) = word.strip_prefix('-').map_or((false, word), |bare| (true, bare));
    let Some(end) = bare.find([':', '<', '>', '=']) else {
        return Err(format!("`{word}` has no key; write for example `{}:{bare}`", likely(bare, keys)));
    };
    let (name, rest) = (bare.get(..end).unwrap_or_default(), bare.get(end..).unwrap_or_default());
    let key = key(name, keys)?;
    let (comparison, value) = comparison(rest);
    if value.is_empty() {
        return Err(format!("`{word}` has no value"));
    }
    let test = match key {
        "time" => times(comparison, value).map(|(from, to)| Test::Time(from, to)),
        "status" if value.chars().any(|c| matches!(c, '*' | '?' | 'x')) && comparison == Comparison::Is => class(value),
        "status" | "grpc_status" | "confidence" => numbers(comparison, value).map(|(from, to)| Test::Number(from, to)),
        "severity" => severities(comparison, value).map(|(from, to)| Test::Severity(from, to)),
        "rule" if comparison == Comparison::Is => rule(value),
        _ if comparison == Comparison::Is => Ok(Test::Fits(value.to_owned())),
        _ => Err(format!("{key} has no order; write `{key}:{value}`")),
    };
    test.map(|test| Term { negated, key, test }).map_err(|why| format!("`{word}`: {why}"))
}

/// The key that a bare value most likely belongs to.
fn likely(value: &str, (_, keys): &Keys) -> &'static str {
    let pattern = value.to_ascii_uppercase();
    let rule = crate::rule::catalogue().iter().any(|rule| pattern::fits(&pattern, rule.id));
    let wanted = if rule { "rule" } else { "actor" };
    keys.iter().find(|key| **key == wanted).copied().unwrap_or("path")
}

fn key(name: &str, (subject, keys): &Keys) -> Result<&'static str, String> {
    let known = keys.iter().find(|key| key.eq_ignore_ascii_case(name));
    known.copied().ok_or_else(|| {
        let near = nearest_name(name, keys.iter().copied())
            .map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
        format!("{subject} has no key `{name}`{near} It has: {}", keys.join(", "))
    })
}

/// A rule, or a pattern that some rule fits: what no rule is called would let nothing through, whatever was found.
fn rule(value: &str) -> Result<Test, String> {
    if crate::rule::catalogue().iter().any(|rule| pattern::fits(value, rule.id)) {
        return Ok(Test::Fits(value.to_owned()));
    }
    let near = crate::rule::nearest(value).map(|id| format!("; did you mean {id}?")).unwrap_or_default();
    Err(format!("no rule has this id{near}"))
}

/// The comparison at the start of a text, and what follows. `status:>=400` is `status>=400`.
fn comparison(text: &str) -> (Comparison, &str) {
    let text = text.strip_prefix(':').unwrap_or(text);
    let signs = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Is),
    ];
    let found = signs.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?)));
    found.unwrap_or((Comparison::Is, text))
}

/// `400`, `400..499`, `400..`, `..499`, or a comparison with one number.
fn numbers(comparison: Comparison, value: &str) -> Result<(f64, f64), String> {
    let number = |text: &str| {
        let parsed: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
        parsed.ok_or_else(|| format!("`{text}` is not a number"))
    };
    if let (Comparison::Is, Some((from, to))) = (comparison, value.split_once("..")) {
        let from = if from.is_empty() { f64::NEG_INFINITY } else { number(from)? };
        let to = if to.is_empty() { f64::INFINITY } else { number(to)? };
        return Ok((from, to));
    }
    let number = number(value)?;
    Ok(match comparison {
        Comparison::Is => (number, number),
        Comparison::AtLeast => (number, f64::INFINITY),
        Comparison::AtMost => (f64::NEG_INFINITY, number),
        Comparison::Above => (number.next_up(), f64::INFINITY),
        Comparison::Below => (f64::NEG_INFINITY, number.next_down()),
    })
}

/// `4xx` and `4*`: a class of statuses.
fn class(value: &str) -> Result<Test, String> {
    let digit = value.strip_suffix("xx").or_else(|| value.strip_suffix('*')).or_else(|| value.strip_suffix("??"));
    let class: Option<u16> = digit.and_then(|digit| digit.parse().ok()).filter(|class| (1..=9).contains(class));
    let class = class.ok_or_else(|| "a class of statuses is written 4xx".to_owned())?;
    Ok(Test::Number(f64::from(class * 100), f64::from(class * 100 + 99)))
}

/// A day, an instant, `from..to`, or a comparison with one. A day is all of it.
fn times(comparison: Comparison, value: &str) -> Result<(i64, i64), String> {
    if let (Comparison::Is, Some((from, to))) = (comparison, value.split_once("..")) {
        let from = if from.is_empty() { i64::MIN } else { span(from)?.0 };
        let to = if to.is_empty() { i64::MAX } else { span(to)?.1 };
        return Ok((from, to));
    }
    let (first, last) = span(value)?;
    Ok(match comparison {
        Comparison::Is => (first, last),
        Comparison::AtLeast => (first, i64::MAX),
        Comparison::AtMost => (i64::MIN, last),
        Comparison::Above => (last.saturating_add(1), i64::MAX),
        Comparison::Below => (i64::MIN, first.saturating_sub(1)),
    })
}

fn severities(comparison: Comparison, value: &str) -> Result<(Severity, Severity), String> {
    const NAMES: [&str; 4] = ["low", "medium", "high", "critical"];
    let named = |text: &str| {
        severity_named(&text.to_ascii_lowercase()).ok_or_else(|| {
            let near = nearest_name(text, NAMES).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("`{text}` is no severity{near}")
        })
    };
    if let (Comparison::Is, Some((from, to))) = (comparison, value.split_once("..")) {
        let from = if from.is_empty() { Severity::Low } else { named(from)? };
        let to = if to.is_empty() { Severity::Critical } else { named(to)? };
        return Ok((from, to));
    }
    let level = named(value)?;
    let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let beside = |wanted: fn(&Severity, &Severity) -> bool, found: Option<Severity>| {
        found.filter(|found| wanted(found, &level)).ok_or_else(|| format!("no severity is beyond {}", level.as_str()))
    };
    Ok(match comparison {
        Comparison::Is => (level, level),
        Comparison::AtLeast => (level, Severity::Critical),
        Comparison::AtMost => (Severity::Low, level),
        Comparison::Above => (beside(|a, b| a > b, all.into_iter().find(|s| *s > level))?, Severity::Critical),
        Comparison::Below => (Severity::Low, beside(|a, b| a < b, all.into_iter().rfind(|s| *s < level))?),
    })
}

impl Term {
    /// Whether it asks for what stands under a key.
    pub(super) fn asks_for(&self, key: &str) -> bool {
        self.key == key
    }

    /// Whether it holds for a subject.
    pub(super) fn holds(&self, subject: &impl Subject) -> bool {
        let fits = match (&self.test, subject.seen(self.key)) {
            (Test::Fits(pattern), Seen::Texts(texts)) => {
                // `service:payments` is how findings write the principal `payments`.
                let bare = pattern.split_once(':').map(|(_, bare)| bare).filter(|_| self.key == "actor");
                let one =
                    |text: &str| pattern::fits(pattern, text) || bare.is_some_and(|bare| pattern::fits(bare, text));
                texts.iter().any(|text| one(text))
            }
            (Test::Number(from, to), Seen::Number(number)) => (*from..=*to).contains(&number),
            (Test::Time(from, to), Seen::Time(time)) => (*from..=*to).contains(&time),
            (Test::Severity(from, to), Seen::Texts(texts)) => {
                texts.iter().filter_map(|text| severity_named(text)).any(|level| (*from..=*to).contains(&level))
            }
            _ => false,
        };
        fits != self.negated
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::subject::{EXCHANGE, FINDING};
    use super::*;
    use crate::finding::tests::sample;

    fn finding(filter: &str) -> bool {
        let finding = sample("F1", "high", 0.9, 1_772_326_800_000_000); // 2026-03-01T01:00:00Z
        parse(filter, &FINDING).unwrap().iter().all(|term| term.holds(&finding))
    }

    #[test]
    fn terms_are_anded_and_a_minus_negates() {
        for filter in [
            "",
            "rule:AP-*",
            "rule:ap-missing severity>=high",
            "severity:high..critical",
            "severity>medium -severity:critical",
            "object:refund:ref_881",
            "object:ref_881",
            "case:order:*",
            "path:/refunds/*",
            "status:200",
            "status:2xx",
            "status:>=200 status<300",
            "confidence>0.5",
            "time:2026-03-01",
            "time:2026-03-01..",
            "time:..2026-03-01T01:00:00Z",
            "time<2026-03-02",
            "-rule:SEQ-*",
            "\"activity:refund_execute\"",
            "actor:*calc*",
        ] {
            assert!(finding(filter), "{filter}");
        }
        for filter in [
            "rule:SEQ-*",
            "rule:AP-* severity:low",
            "-rule:AP-*",
            "severity>high",
            "object:order:ref_881",
            "status:4xx",
            "confidence<0.5",
            "time:2026-03-02..",
            "time>2026-03-01",
        ] {
            assert!(!finding(filter), "{filter}");
        }
    }

    #[test]
    fn mistakes_are_named_with_the_nearest_key() {
        for (filter, part) in [
            ("actr:alice", "did you mean `actor`?"),
            ("alice", "write for example `actor:alice`"),
            ("AP-SELF", "write for example `rule:AP-SELF`"),
            ("-seq-*", "write for example `rule:seq-*`"),
            ("rule:", "has no value"),
            ("severity>=hihg", "did you mean `high`?"),
            ("severity>critical", "no severity is beyond critical"),
            ("status:many", "not a number"),
            ("time:yesterday", "RFC 3339"),
            ("rule>SEQ", "has no order"),
            ("rule:\"SEQ", "not closed"),
            ("operation:x", "a finding has no key `operation`"),
        ] {
            let error = parse(filter, &FINDING).unwrap_err();
            assert!(error.contains(part), "{filter}: {error}");
        }
        assert!(parse("tenant:x", &EXCHANGE).unwrap_err().contains("an exchange has no key `tenant`"));
        assert!(parse(&"a".repeat(LONGEST + 1), &FINDING).is_err());
    }

    #[test]
    fn quotes_keep_blanks_and_escapes() {
        assert_eq!(words(r#"a:"b c" "d \" e"  f"#).unwrap(), ["a:b c", "d \" e", "f"]);
        assert_eq!(words("  ").unwrap(), [""; 0]);
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_negation_is_the_opposite(
            text in "(-?(rule|severity|status|time|actor|object)(:|>=|<|>|=)?[a-z0-9.*\"\\\\ :-]{0,12} ?){0,4}|\\PC{0,40}"
        ) {
            let finding = sample("F1", "high", 0.9, 0);
            if let Ok(terms) = parse(&text, &FINDING) {
                for term in terms {
                    let opposite = Term { negated: !term.negated, ..term.clone() };
                    prop_assert_ne!(term.holds(&finding), opposite.holds(&finding));
                }
            }
        }
    }
}
