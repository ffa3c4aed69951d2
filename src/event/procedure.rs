//! Names that say what is done to what: `createTicket`, `order_cancel`, `ListClaims`.

use super::path;

/// Longest name that is taken apart.
const MOST: usize = 128;
/// Words that say what is done, not to what.
const VERBS: [&str; 51] = [
    "accept",
    "activate",
    "add",
    "apply",
    "approve",
    "archive",
    "assign",
    "book",
    "buy",
    "by",
    "cancel",
    "capture",
    "change",
    "check",
    "close",
    "complete",
    "confirm",
    "create",
    "deactivate",
    "delete",
    "deny",
    "do",
    "edit",
    "execute",
    "fulfil",
    "fulfill",
    "issue",
    "make",
    "new",
    "open",
    "pay",
    "place",
    "process",
    "register",
    "reject",
    "release",
    "remove",
    "request",
    "save",
    "send",
    "set",
    "ship",
    "start",
    "stop",
    "submit",
    "to",
    "transition",
    "update",
    "upsert",
    "void",
    "withdraw",
];
/// Of these, the ones that are nouns or adjectives as often: `open-orders`, `booking/book-requests`.
const NOUNS_TOO: [&str; 16] = [
    "archive", "book", "by", "change", "check", "do", "issue", "new", "open", "place", "process", "release", "request",
    "set", "start", "to",
];
/// Words that say that nothing is changed.
const READS: [&str; 14] = [
    "browse", "describe", "download", "export", "fetch", "find", "get", "list", "load", "lookup", "query", "read",
    "search", "show",
];
/// The same where it stands alone, as the value of `action`.
const LOOKS: [&str; 4] = ["index", "detail", "details", "view"];

/// Words for what serves a thing: `OrderService`, `order-controller`.
const HOUSES: [&str; 6] = ["api", "controller", "manager", "resource", "service", "services"];
/// Last segments of paths to which bodies are posted that only ask, however many are told.
/// A `list` may be what is made.
const ASKS: [&str; 10] =
    ["aggregate", "count", "filter", "find", "lookup", "msearch", "paginate", "query", "search", "suggest"];

/// What a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// To what it is done, as it is written; empty where the name is one of what is done alone.
    pub noun: String,
    /// Whether it only reads, where that is known.
    pub reads: Option<bool>,
}

impl Procedure {
    /// Whether a call by a method only reads.
    pub fn reads_by(procedure: Option<&Procedure>, method: &str) -> bool {
        match procedure.and_then(|procedure| procedure.reads) {
            Some(reads) if matches!(method, "GET" | "POST") => reads,
            _ => matches!(method, "GET" | "HEAD" | "OPTIONS"),
        }
    }
}

/// Words for what a thing is in, rather than for a thing: `updateOrderStatus` is about an order.
const STATES: [&str; 4] = ["phase", "stage", "state", "status"];

/// Of such words, those whose members say which one: `state: {type}`, `transition: {id}`.
const CHANGES: [&str; 3] = ["state", "status", "transition"];
/// Members that say it.
const WHICH: [&str; 6] = ["code", "id", "key", "name", "type", "value"];

/// Whether a member of a body says by its path which state a thing is in or gets, and then the path of the thing, empty for
/// the body itself: `status`, `order.newState`, `status_id`, `state.type`.
pub fn names_state(path: &str) -> Option<&str> {
    let (around, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    let whole = leaf.strip_suffix("_id").or_else(|| leaf.strip_suffix("Id")).unwrap_or(leaf);
    if ends(whole, &["state", "status"]) || whole != leaf && ends(whole, &CHANGES) {
        return Some(around);
    }
    let (outside, inside) = around.rsplit_once('.').unwrap_or(("", around));
    (ends(inside, &CHANGES) && WHICH.contains(&leaf)).then_some(outside)
}

/// Whether a segment of a path says that what is sent there changes a state: `status`, `set_state`, `transitions`.
pub fn changes_state(segment: &str) -> bool {
    ends(segment, &CHANGES) || segment.strip_suffix('s').is_some_and(|one| ends(one, &CHANGES))
}

fn ends(name: &str, words: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    !name.ends_with("estate") && words.iter().any(|word| name.ends_with(word))
}

/// The noun of a name, whatever else it says: the last word that is no verb, else the last one.
pub fn noun(name: &str) -> String {
    let words = words(name);
    noun_of(&words).or(words.last()).cloned().unwrap_or_default()
}

/// The last word that is no verb. Behind `by` stands how it is found, and a state is one of something.
fn noun_of(words: &[String]) -> Option<&String> {
    let noun = |words: &'_ [String]| words.iter().rposition(|word| !is_verb(word));
    let found = words.iter().position(|word| word == "by").and_then(|by| noun(words.get(..by)?));
    let last = found.or_else(|| noun(words))?;
    let state = words.get(last).is_some_and(|word| STATES.contains(&word.as_str()));
    let whose = words.get(..last).and_then(noun).filter(|_| state);
    words.get(whose.unwrap_or(last))
}

/// What the last segment of a path says where it names something that is done: it begins or ends with a verb, beside a
/// noun.
pub fn of_segment(segment: &str) -> Option<Procedure> {
    let words = words(segment);
    // In one word with a thing, and not with many: `OpenClaim`, not `openClaims`.
    let joined = segment.bytes().all(|b| b.is_ascii_alphanumeric()) && !segment.ends_with('s');
    let begins = words.first().is_some_and(|word| is_plainly_one(word) || joined && is_verb(word));
    let ends = words.last().is_some_and(|word| is_plainly_one(word) && !READS.contains(&word.as_str()));
    let noun = noun_of(&words).filter(|_| begins || ends)?;
    let reads = begins && words.first().is_some_and(|word| READS.contains(&word.as_str()));
    Some(Procedure { noun: noun.clone(), reads: Some(reads) })
}

/// What the last two segments of a path say: the last one as a whole, else what is done by it to what stands before it
/// (`/order/approve`, `/OrderService/Cancel`). A page where something is to be done is only shown by a GET.
pub fn of_path(before: Option<&str>, last: &str) -> Option<Procedure> {
    of_segment(last).or_else(|| of_pair(before?, last))
}

fn of_pair(before: &str, last: &str) -> Option<Procedure> {
    let done = words(last);
    let looks = |word: &String| READS.contains(&word.as_str()) || LOOKS.contains(&word.as_str());
    let is_deed = |word: &String| (is_plainly_one(word) || looks(word)) && !ASKS.contains(&word.as_str());
    if done.is_empty() || !done.iter().all(is_deed) || path::is_prefix(before) {
        return None;
    }
    let mut things = words(before);
    while things.last().is_some_and(|word| HOUSES.contains(&word.as_str())) {
        things.pop();
    }
    let noun = noun_of(&things)?.clone();
    Some(Procedure { noun, reads: done.iter().all(looks).then_some(true) })
}

/// Whether a path's last segment says that what is posted there only asks: `POST /orders/search`, `POST /orders/_count`.
pub fn asks(segment: &str) -> bool {
    let word = segment.trim_start_matches('_').split('.').next().unwrap_or_default();
    ASKS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// What the value of a parameter says that tells what is to be done: `?action=cancel`.
pub fn of_value(value: &str) -> Procedure {
    let words = words(value);
    let noun = words.iter().rev().find(|word| !is_verb(word) && !LOOKS.contains(&word.as_str()));
    let noun = noun.filter(|_| words.len() > 1).cloned().unwrap_or_default();
    let looks = |word: &String| READS.contains(&word.as_str()) || LOOKS.contains(&word.as_str());
    let reads = words.first().is_some_and(looks);
    Procedure { noun, reads: (reads || words.iter().any(|word| is_verb(word))).then_some(reads) }
}

/// Whether a value names something that is done at all.
pub fn says_one(value: &str) -> bool {
    words(value).iter().any(|word| is_verb(word) || LOOKS.contains(&word.as_str()))
}

fn is_verb(word: &str) -> bool {
    VERBS.binary_search(&word).is_ok() || READS.binary_search(&word).is_ok()
}

fn is_plainly_one(word: &str) -> bool {
    is_verb(word) && NOUNS_TOO.binary_search(&word).is_err()
}

/// Words of a name in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars().take(MOST) {
        let starts = c.is_ascii_uppercase() && lower;
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        match words.last_mut() {
            _ if !c.is_alphanumeric() => words.push(String::new()),
            Some(word) if !starts => word.push(c.to_ascii_lowercase()),
            _ => words.push(c.to_ascii_lowercase().to_string()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_says_what_is_done_to_what() {
        assert!(VERBS.is_sorted() && NOUNS_TOO.is_sorted() && READS.is_sorted());
        for (segment, noun, reads) in [
            ("createTicket", "ticket", false),
            ("ListClaims", "claims", true),
            ("order_cancel", "order", false),
            ("add-payment-to-order", "order", false),
            ("getById", "id", true),
            ("getOrderByCode", "order", true),
            ("listOrdersByCustomerId", "orders", true),
            ("updateOrderStatus", "order", false),
            ("getStatus", "status", true),
            ("OpenClaim", "claim", false),
        ] {
            assert_eq!(of_segment(segment), Some(Procedure { noun: noun.to_owned(), reads: Some(reads) }), "{segment}");
        }
        for none in ["orders", "openOrders", "new-orders", "cancel", "book-requests", "reading-list", "price_list", ""]
        {
            assert_eq!(of_segment(none), None, "{none}");
        }
    }

    #[test]
    fn a_verb_alone_is_done_to_what_stands_before_it() {
        let of = |before: &str, last: &str| of_path(Some(before), last).map(|p| (p.noun, p.reads));
        let some = |noun: &str, reads: Option<bool>| Some((noun.to_owned(), reads));
        assert_eq!(of("order", "approve"), some("order", None));
        assert_eq!(of("OrderService", "Cancel"), some("order", None));
        assert_eq!(of("line-item", "detail"), some("item", Some(true)));
        assert_eq!(of("orders", "list"), some("orders", Some(true)));
        assert_eq!(of("orders", "approveAll"), some("all", Some(false)), "it has a noun of its own");
        for (before, last) in [("api", "create"), ("v1", "cancel"), ("orders", "search"), ("shelf", "book"), ("x", "7")]
        {
            assert_eq!(of(before, last), None, "{before} {last}");
        }
    }

    #[test]
    fn what_is_asked_by_a_post_makes_nothing() {
        for asks in ["search", "_search", "_msearch", "filter", "Query", "search.json"] {
            assert!(super::asks(asks), "{asks}");
        }
        for makes in ["searches", "saved-search", "list", "filters", ""] {
            assert!(!super::asks(makes), "{makes}");
        }
    }

    #[test]
    fn states_are_named_by_the_end_of_a_path() {
        for (path, of) in [
            ("status", ""),
            ("newState", ""),
            ("status_id", ""),
            ("issue.status_id", "issue"),
            ("state.type", ""),
            ("data.attributes.status", "data.attributes"),
            ("fields.status.name", "fields"),
            ("transition.id", ""),
            ("transitionId", ""),
        ] {
            assert_eq!(names_state(path), Some(of), "{path}");
        }
        for none in ["transition", "state.capital", "real_estate", "statement", "id", ""] {
            assert_eq!(names_state(none), None, "{none}");
        }
        for (segment, changes) in
            [("status", true), ("set_state", true), ("transitions", true), ("states", true), ("estates", false)]
        {
            assert_eq!(changes_state(segment), changes, "{segment}");
        }
    }

    #[test]
    fn a_value_says_what_is_done() {
        assert_eq!(of_value("cancel"), Procedure { noun: String::new(), reads: Some(false) });
        assert_eq!(of_value("approveCase"), Procedure { noun: "case".to_owned(), reads: Some(false) });
        assert_eq!(of_value("view"), Procedure { noun: String::new(), reads: Some(true) });
        assert_eq!(of_value("checkout").reads, None);
        let reads = |value: &str, method: &str| Procedure::reads_by(Some(&of_value(value)), method);
        assert!(reads("list", "POST") && reads("checkout", "GET") && reads("cancel", "HEAD"));
        assert!(!reads("cancel", "GET") && !reads("checkout", "POST") && !reads("list", "DELETE"));
        assert!(says_one("cancel") && says_one("list") && !says_one("alice"));
    }
}
