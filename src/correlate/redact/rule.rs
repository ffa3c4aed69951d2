//! Rules of the user: what to mask, hash or keep besides what a level does, by header, by key and by shape.

use std::fmt;
use std::str::FromStr;

use super::shape::Shape;
use crate::correlate::credential;
use crate::model::{Path, Root};

/// Most characters of a rule.
const LONGEST: usize = 256;

/// What becomes of a value that a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::correlate) enum Treatment {
    /// A mask that is the same for equal values: `[hidden#1f3a9c0b77d2]`, or that of its shape.
    Mask,
    /// The pseudonym that the same name has wherever names are hashed.
    Hash,
    /// As it is.
    Keep,
}

impl Treatment {
    const ALL: [(&'static str, Treatment); 3] =
        [("mask", Treatment::Mask), ("hash", Treatment::Hash), ("keep", Treatment::Keep)];
}

/// Which values a rule fits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Selector {
    /// Those of headers with such a name.
    Header(Pattern),
    /// Those of query parameters, form fields, members of JSON, arguments, claims, log fields and path parameters with
    /// such a name, and what is below them.
    Key(Pattern),
    /// Those that look so, wherever they stand.
    Shape(Shape),
}

/// One rule, as it was written: `key:*birth*=mask`, `header:x-member=hash`, `shape:email=keep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionRule {
    text: String,
    selector: Selector,
    treatment: Treatment,
}

impl fmt::Display for RedactionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for RedactionRule {
    type Err = String;

    /// Reads a rule; the error says what one looks like, or why no rule may say this.
    fn from_str(text: &str) -> Result<RedactionRule, String> {
        const FORM: &str = "a rule is header:NAME=HOW, key:NAME=HOW or shape:NAME=HOW, HOW being mask, hash or keep";
        if text.len() > LONGEST {
            return Err(format!("a rule has at most {LONGEST} characters"));
        }
        let (selector, how) = text.rsplit_once('=').ok_or(FORM)?;
        let (kind, name) = selector.split_once(':').ok_or(FORM)?;
        let known = Treatment::ALL.iter().find(|(word, _)| *word == how);
        let treatment = known.ok_or_else(|| format!("`{how}` is none of mask, hash and keep"))?.1;
        let selector = match kind {
            "header" => Selector::Header(name.parse()?),
            "key" => Selector::Key(name.parse()?),
            "shape" => Selector::Shape(name.parse()?),
            _ => return Err(format!("`{kind}` is none of header, key and shape; {FORM}")),
        };
        match (&selector, treatment) {
            (Selector::Shape(shape), Treatment::Keep) if shape.is_secret() => {
                return Err(format!("{name} is a secret and masked at every level: no rule keeps it"));
            }
            (Selector::Header(pattern), Treatment::Keep) if pattern.names(credential::is_secret_name) => {
                return Err(format!("`{name}` is the name of a secret, masked at every level: no rule keeps it"));
            }
            (Selector::Key(pattern), Treatment::Keep) if pattern.names(credential::is_secret_field) => {
                return Err(format!("`{name}` is the name of a secret, masked at every level: no rule keeps it"));
            }
            _ => {}
        }
        Ok(RedactionRule { text: text.to_owned(), selector, treatment })
    }
}

/// The rules of a run. Of several that fit a value by its header, by its keys or by its shape the last one counts.
#[derive(Clone, Debug, Default)]
pub struct RedactionRules(Vec<RedactionRule>);

impl RedactionRules {
    /// Rules in the order in which they were given.
    pub fn new(rules: Vec<RedactionRule>) -> RedactionRules {
        RedactionRules(rules)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules, as they were written.
    pub fn iter(&self) -> impl Iterator<Item = &RedactionRule> {
        self.0.iter()
    }

    /// Rules by which values that look so are hidden before they are judged, and would not be without.
    pub fn before_judging(&self) -> impl Iterator<Item = &RedactionRule> {
        let is_one = |rule: &&RedactionRule| match rule.selector {
            Selector::Shape(shape) => shape.is_by_option() && rule.treatment != Treatment::Keep,
            Selector::Header(_) | Selector::Key(_) => false,
        };
        self.0.iter().filter(is_one)
    }

    /// What the last rule for values of this shape says, and its place.
    pub(in crate::correlate) fn shape(&self, shape: Shape) -> Option<(usize, Treatment)> {
        self.last(|selector| *selector == Selector::Shape(shape))
    }

    /// How a header of this name is to be hidden, and by which rule.
    pub(in crate::correlate) fn header(&self, name: &str) -> Option<(usize, Treatment)> {
        if self.0.is_empty() {
            return None;
        }
        let name = plain(name);
        hiding(self.last(|selector| matches!(selector, Selector::Header(pattern) if pattern.fits(&name))))
    }

    /// How a value of this name is to be hidden, and by which rule. `customer[name]` and `customer.name` are names of
    /// three: the whole and both parts.
    pub(in crate::correlate) fn key(&self, name: &str) -> Option<(usize, Treatment)> {
        self.keys([name])
    }

    /// As [`RedactionRules::key`], for a value that stands below all of these names.
    pub(in crate::correlate) fn keys<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<(usize, Treatment)> {
        if !self.0.iter().any(|rule| matches!(rule.selector, Selector::Key(_))) {
            return None;
        }
        let parts = |name: &'n str| name.split(['[', ']', '.']).filter(move |part| *part != name).chain([name]);
        let names: Vec<Vec<char>> = names.into_iter().flat_map(parts).map(plain).collect();
        let fits = |pattern: &Pattern| names.iter().any(|name| pattern.fits(name));
        hiding(self.last(|selector| matches!(selector, Selector::Key(pattern) if fits(pattern))))
    }

    /// How keys of a type are to be hidden, where nothing but its name tells how they are called.
    pub(in crate::correlate) fn named_after(&self, object_type: &str) -> Option<Treatment> {
        let names = ["", "id", "key", "no", "number"].map(|end| format!("{object_type}{end}"));
        names.iter().find_map(|name| self.key(name)).map(|(_, treatment)| treatment)
    }

    /// How what the model reads at a path is to be hidden.
    pub(in crate::correlate) fn path(&self, path: &Path) -> Option<Treatment> {
        let last = path.fields.last().map_or("", |field| &**field);
        let found = match path.root {
            Root::RequestHeader | Root::ResponseHeader => self.header(last),
            Root::Host => self.header("host"),
            Root::Message | Root::Event | Root::Actor | Root::Object(_) => None,
            _ => self.keys(path.fields.iter().map(|field| &**field)),
        };
        found.map(|(_, treatment)| treatment)
    }

    fn last(&self, fits: impl Fn(&Selector) -> bool) -> Option<(usize, Treatment)> {
        self.0.iter().enumerate().rev().find(|(_, rule)| fits(&rule.selector)).map(|(at, rule)| (at, rule.treatment))
    }
}

/// A rule that keeps is an exception to those before it.
fn hiding(found: Option<(usize, Treatment)>) -> Option<(usize, Treatment)> {
    found.filter(|(_, treatment)| *treatment != Treatment::Keep)
}

/// A name with `*` for any number of characters. Case and what is no letter or digit make no difference, as in the names
/// of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern(Vec<char>);

/// Letters and digits in lower case; a name of nothing else as it is.
fn plain(name: &str) -> Vec<char> {
    let bare: Vec<char> = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if bare.is_empty() { name.chars().collect() } else { bare }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Pattern, String> {
        let kept: Vec<char> =
            text.chars().filter(|c| *c == '*' || c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        // Without a letter it would fit by its marks alone.
        if kept.is_empty() || kept.iter().all(|c| *c == '*') && text.chars().any(|c| c != '*') {
            return Err(format!("`{text}` holds no letter or digit"));
        }
        Ok(Pattern(kept))
    }
}

impl Pattern {
    /// Whether it is one name, of which this is true.
    fn names(&self, is_it: fn(&str) -> bool) -> bool {
        !self.0.contains(&'*') && is_it(&self.0.iter().collect::<String>())
    }

    /// Takes time of the product of both lengths at most, and a rule is short.
    fn fits(&self, name: &[char]) -> bool {
        let pattern = &self.0;
        let (mut p, mut n) = (0, 0);
        // The last `*`, and up to where it has taken the name.
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = name.get(n) {
            match (pattern.get(p), star) {
                (Some('*'), _) => {
                    star = Some((p, n));
                    p += 1;
                }
                (Some(own), _) if own == c => (p, n) = (p + 1, n + 1),
                (_, Some((at, taken))) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                (_, None) => return false,
            }
        }
        pattern.iter().skip(p).all(|rest| *rest == '*')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(texts: &[&str]) -> RedactionRules {
        RedactionRules::new(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    /// The rest of a name and of a pattern, tried in every way.
    fn fits_somehow(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) if fits_somehow(rest, name) => true,
            (Some(('*', _)), Some((_, after))) => fits_somehow(pattern, after),
            (Some((own, rest)), Some((c, after))) => own == c && fits_somehow(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_pattern_fits_where_some_reading_of_its_stars_does(pattern in "[ab*]{1,7}", name in "[ab]{0,9}") {
            let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(Pattern(pattern.clone()).fits(&name), fits_somehow(&pattern, &name));
        }

        #[test]
        fn a_name_fits_itself_however_it_is_spelt(name in "[a-zA-Z][a-zA-Z0-9_.-]{0,20}") {
            let rules = rules(&[&format!("key:{name}=hash")]);
            for spelt in [name.clone(), name.to_uppercase(), name.replace('_', "-")] {
                prop_assert_eq!(rules.key(&spelt), Some((0, Treatment::Hash)));
            }
        }

        #[test]
        fn what_is_read_is_written_as_it_was(text in "(key|header):[a-z*]{0,8}=(mask|hash)") {
            if let Ok(rule) = text.parse::<RedactionRule>() {
                prop_assert_eq!(rule.to_string(), text);
            }
        }
    }

    #[test]
    fn the_last_rule_that_fits_counts_and_one_that_keeps_is_an_exception() {
        let rules = rules(&["key:*name*=mask", "key:filename=keep", "key:Legal_Name=hash", "header:x-member=hash"]);
        assert_eq!(rules.key("firstName"), Some((0, Treatment::Mask)));
        assert_eq!(rules.key("file-name"), None);
        assert_eq!(rules.key("legalName"), Some((2, Treatment::Hash)));
        assert_eq!(rules.key("user[name]"), Some((0, Treatment::Mask)));
        assert_eq!(rules.keys(["names", "first"]), Some((0, Treatment::Mask)), "what is below counts");
        assert_eq!(rules.key("x-member"), None, "a header is no key");
        assert_eq!(rules.header("X-Member"), Some((3, Treatment::Hash)));
        assert_eq!(rules.header("name"), None);
    }

    #[test]
    fn mistakes_are_said() {
        for (text, part) in [
            ("name=mask", "a rule is header:NAME"),
            ("key:name", "a rule is header:NAME"),
            ("cookie:sid=mask", "none of header, key and shape"),
            ("key:name=hide", "none of mask, hash and keep"),
            ("key:--=mask", "holds no letter or digit"),
            ("key:=mask", "holds no letter or digit"),
            ("shape:crad=mask", "did you mean `card`?"),
            ("shape:card=keep", "no rule keeps it"),
            ("shape:jwt=keep", "no rule keeps it"),
            ("key:password=keep", "no rule keeps it"),
            ("header:Authorization=keep", "no rule keeps it"),
        ] {
            let error = text.parse::<RedactionRule>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("key:*=hash".parse::<RedactionRule>().is_ok());
        assert!(format!("key:{}=hash", "a".repeat(LONGEST)).parse::<RedactionRule>().is_err());
    }
}
