//! Words of a request that say what is done: which state it sets, or what an event is of.

use std::collections::BTreeMap;
use std::sync::Arc;

use offpath_capture::Request;

use super::body::is_form;
use super::target::pairs;
use crate::event::procedure::names_state;

/// A member of a request that says what is done: its path, and the value as a model writes it: `'cancelled'`, `5`.
pub(super) type Said = (Arc<str>, Arc<str>);

/// Longest word that says what is done, and most digits of a state's number.
const LONGEST_WORD: usize = 40;
const DIGITS: usize = 3;
/// Longest form that is looked through, and most of its members.
const LONGEST_FORM: usize = 64 << 10;
const MOST_MEMBERS: usize = 64;
/// Names of members that say what an event is of, in small letters without what joins their words.
const EVENTS: [&str; 5] = ["event", "eventname", "eventtype", "topic", "type"];
/// Members beside which `state` is a part of a country.
const ADDRESS: [&str; 8] = ["city", "country", "postalcode", "postcode", "province", "street", "zip", "zipcode"];
/// What bodies are wrapped in beside other members.
const WRAPPERS: [&str; 7] =
    ["attributes", "data", "data.attributes", "fields", "input", "properties", "variables.input"];

/// What a single value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Number,
    /// True or false, or an element of a list.
    Other,
}

/// A single value of a body, and what it is.
pub(super) type Single<'v> = (&'v str, Sort);

/// What the members of a body say, each path with its value where that is a short one.
pub(super) fn of_members(members: &BTreeMap<String, Option<(String, Sort)>>) -> Vec<Said> {
    let named = members.iter().map(|(path, value)| (path.as_str(), value.as_ref().map(|(v, s)| (v.as_str(), *s))));
    said(&named.collect::<Vec<_>>())
}

/// What a form says; nothing of another body.
pub(super) fn of_form(request: &Request) -> Vec<Said> {
    let body = request.body.bytes().filter(|bytes| bytes.len() <= LONGEST_FORM && is_form(&request.headers));
    let Some(text) = body.and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return Vec::new() };
    let sent = pairs(text).take(MOST_MEMBERS).map(|(name, value)| (name.replace('[', ".").replace(']', ""), value));
    let sent: Vec<_> = sent.collect();
    // What stands around the members of the thing (a token, the button) is in no brackets.
    let nested = sent.iter().any(|(name, _)| name.contains('.'));
    let own = sent.iter().filter(|(name, _)| name.contains('.') || !nested);
    said(&own.map(|(name, value)| (name.as_str(), Some((&**value, Sort::Text)))).collect::<Vec<_>>())
}

fn said(members: &[(&str, Option<Single<'_>>)]) -> Vec<Said> {
    let address = || members.iter().any(|(path, _)| ADDRESS.binary_search(&plain(last(path)).as_str()).is_ok());
    let wraps = |around: &str| {
        let within = |path: &str| path.strip_prefix(around).is_some_and(|rest| rest.starts_with('.'));
        around.is_empty() || WRAPPERS.contains(&around) || members.iter().all(|(path, _)| within(path))
    };
    let says = |(path, value): &(&str, Option<Single<'_>>)| {
        let (value, sort) = (*value)?;
        let (around, word) = literal(path, value, sort)?;
        let of_country = plain(last(path)) == "state" && address();
        (wraps(around) && !of_country).then(|| ((*path).into(), word.into()))
    };
    members.iter().filter_map(says).collect()
}

/// What a value says at a path, as a model writes it, and the path of what it is said of; nothing where it says neither a
/// state (`status: cancelled`, `state.type: RUNNING`, `status_id: 5`) nor an event (`type: payment.failed`).
fn literal<'p>(path: &'p str, value: &str, sort: Sort) -> Option<(&'p str, String)> {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_word = |joints: &[char]| value.len() <= LONGEST_WORD && value.split(joints).all(letters);
    let is_short = !value.is_empty() && value.len() <= DIGITS && value.bytes().all(|b| b.is_ascii_digit());
    if let Some(around) = names_state(path) {
        // A text of digits is a number of something, which only what is called so has as its state.
        let numbered = || is_short && !matches!(plain(path).rsplit('.').next(), Some("state" | "status"));
        return match sort {
            Sort::Text if is_word(&['.', '_', '-', ':', ' ']) || numbered() => Some((around, format!("'{value}'"))),
            Sort::Number if is_short => Some((around, value.to_owned())),
            _ => None,
        };
    }
    let event = sort == Sort::Text && EVENTS.binary_search(&plain(path).as_str()).is_ok();
    let several = value.split(['.', '_', '-', ':']).nth(1).is_some();
    (event && several && is_word(&['.', '_', '-', ':'])).then(|| ("", format!("'{value}'")))
}

/// A name in small letters without what joins its words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::tests::made;

    fn told(members: &[(&str, &str, Sort)]) -> Vec<String> {
        let members = members.iter().map(|(path, value, sort)| (*path, Some((*value, *sort))));
        let said = said(&members.collect::<Vec<_>>());
        said.into_iter().map(|(path, word)| format!("{path} {word}")).collect()
    }

    #[test]
    fn words_that_say_what_is_done_are_told_apart_from_other_values() {
        assert!(EVENTS.is_sorted() && ADDRESS.is_sorted());
        for (path, value) in [("status", "cancelled"), ("newState", "in_review"), ("type", "payment.failed")] {
            assert_eq!(told(&[(path, value, Sort::Text)]), [format!("{path} '{value}'")]);
        }
        for (path, value) in [
            ("type", "card"),
            ("status", "see 17"),
            ("status", "x'y"),
            ("order.type", "a.b"),
            ("note", "a.b"),
            ("event", ""),
            ("status", ""),
            ("status", "17"),
        ] {
            assert_eq!(told(&[(path, value, Sort::Text)]), [""; 0], "{path}: {value}");
        }
    }

    #[test]
    fn states_have_numbers_and_members_too() {
        assert_eq!(told(&[("status_id", "5", Sort::Number)]), ["status_id 5"]);
        assert_eq!(told(&[("statusId", "5", Sort::Text)]), ["statusId '5'"]);
        assert_eq!(told(&[("transition.id", "31", Sort::Text)]), ["transition.id '31'"]);
        assert_eq!(told(&[("state.type", "RUNNING", Sort::Text)]), ["state.type 'RUNNING'"]);
        assert_eq!(told(&[("status", "48211", Sort::Number)]), [""; 0], "so many states has nothing");
        assert_eq!(told(&[("status", "true", Sort::Other)]), [""; 0]);
    }

    #[test]
    fn a_state_is_that_of_all_that_is_sent() {
        let (status, note) = (("issue.status_id", "5", Sort::Number), ("issue.note", "x", Sort::Text));
        assert_eq!(told(&[status, note]), ["issue.status_id 5"]);
        assert_eq!(told(&[status, ("project", "7", Sort::Text)]), [""; 0], "of a part of it");
        let wrapped = ("data.attributes.status", "paid", Sort::Text);
        assert_eq!(told(&[wrapped, ("data.type", "orders", Sort::Text)]), ["data.attributes.status 'paid'"]);
        assert_eq!(
            told(&[("state", "TX", Sort::Text), ("city", "Austin", Sort::Text)]),
            [""; 0],
            "a part of a country"
        );
    }

    #[test]
    fn forms_say_it_in_brackets_beside_what_is_not_of_the_thing() {
        let of = |body: &str, media: &str| {
            let made = made("POST", "/issues/6").header("Content-Type", media).json(body);
            of_form(made.0.request.as_ref().unwrap())
        };
        let form = "application/x-www-form-urlencoded";
        let edit = "_method=patch&token=x&issue%5Bstatus_id%5D=5&issue%5Bnotes%5D=done";
        assert_eq!(of(edit, form), [("issue.status_id".into(), "'5'".into())]);
        assert_eq!(of("status=approved&comment=x", form), [("status".into(), "'approved'".into())]);
        assert_eq!(of(edit, "text/plain"), []);
    }
}
