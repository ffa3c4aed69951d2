//! What a URL's query carries that should not stand in one: credentials, and personal data of some classes.

use crate::correlate::credential::bare;
use crate::correlate::jwt::Claims;
use crate::correlate::reading::Reading;
use crate::correlate::redact::Shape;
use crate::event::{Mark, Marks};

/// Names of parameters without what is no letter or digit, in lower case.
const TOKENS: [&str; 11] = [
    "accesstoken",
    "apitoken",
    "authorization",
    "authtoken",
    "bearer",
    "bearertoken",
    "idtoken",
    "jwt",
    "privatetoken",
    "refreshtoken",
    "sessiontoken",
];
const SECRETS: [&str; 9] =
    ["apisecret", "clientsecret", "passphrase", "passwd", "password", "privatekey", "pwd", "secretkey", "userpassword"];
const SESSIONS: [&str; 5] = ["aspxauth", "jsessionid", "phpsessid", "sessid", "sessionid"];
const KEYS: [&str; 5] = ["accesskey", "apikey", "functionskey", "subscriptionkey", "xapikey"];
/// What may be anything: a page of a list, a link in a mail, a socket's number.
const PERHAPS: [&str; 4] = ["auth", "secret", "sid", "token"];
/// Parameters whose tokens a protocol puts there, each for one use.
const BY_DESIGN: [&str; 8] =
    ["clientassertion", "code", "idtokenhint", "loginhint", "logouttoken", "request", "response", "state"];
/// Parameters of links that are signed for one use.
const SIGNED: [&str; 8] =
    ["awsaccesskeyid", "googleaccessid", "hmac", "keypairid", "sig", "signature", "xamzsignature", "xgoogsignature"];
/// Words of paths to which links in mails lead, with a token for one use.
const LINKS: [&str; 11] = [
    "activate",
    "callback",
    "confirm",
    "download",
    "invitation",
    "invite",
    "magic",
    "reset",
    "unsubscribe",
    "validate",
    "verify",
];
/// Names under which payment cards' numbers go.
const CARDS: [&str; 9] =
    ["card", "cardno", "cardnum", "cardnumber", "ccnum", "ccnumber", "creditcard", "creditcardnumber", "pan"];
/// Shortest of each.
const SHORTEST_TOKEN: usize = 16;
const SHORTEST_SESSION: usize = 8;
/// Parameters looked at.
const MOST: usize = 64;

/// What the URL carries.
pub(super) fn marks(reading: &Reading<'_>) -> Marks {
    let mut marks = Marks::default();
    if reading.template {
        return marks;
    }
    let query = &reading.target.query;
    let names: Vec<String> = query.iter().take(MOST).map(|(name, _)| bare(name)).collect();
    // Beside a signature a key is the name of whose it is, and a token the link's own: it is for one object and ends soon.
    let signed = names.iter().any(|name| SIGNED.contains(&name.as_str()));
    for (name, (_, value)) in names.iter().zip(query) {
        if is_cut_out(value) {
            continue;
        }
        let of_signature =
            signed && [&KEYS[..], &PERHAPS[..], &SIGNED[..]].iter().any(|list| list.contains(&name.as_str()));
        if !of_signature {
            credential(reading, name, value).into_iter().for_each(|mark| marks.add(mark));
        }
        personal(name, value).into_iter().for_each(|mark| marks.add(mark));
    }
    marks
}

fn credential(reading: &Reading<'_>, name: &str, value: &str) -> Option<Mark> {
    let (listed, long) = (|list: &[&str]| list.contains(&name), value.len() >= SHORTEST_TOKEN);
    if listed(&BY_DESIGN) {
        return None;
    }
    // The handshake of a WebSocket has no other place that a page can write to.
    let socket = reading.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case(b"websocket"));
    let by_name = if long && (listed(&TOKENS) || Claims::parse(value.as_bytes()).is_some()) {
        Mark::UrlToken
    } else if listed(&SECRETS) {
        Mark::UrlSecret
    } else if value.len() >= SHORTEST_SESSION && listed(&SESSIONS) {
        Mark::UrlSession
    } else if long && listed(&KEYS) {
        Mark::UrlKey
    } else if long && listed(&PERHAPS) && !is_link(reading) && !is_transport(reading) {
        Mark::UrlPerhaps
    } else {
        return None;
    };
    Some(if socket { Mark::UrlPerhaps } else { by_name })
}

/// Whether a path is one to which links in mails lead.
fn is_link(reading: &Reading<'_>) -> bool {
    let holds = |segment: &str| LINKS.iter().any(|word| segment.contains(word));
    reading.target.segments.iter().any(|segment| holds(&segment.to_ascii_lowercase()))
}

/// Whether it is a connection's own number that the URL holds, as Engine.IO has it.
fn is_transport(reading: &Reading<'_>) -> bool {
    ["EIO", "transport"].iter().any(|name| reading.target.parameter(name).is_some())
}

/// Whether a value was taken out before the input was given.
fn is_cut_out(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let framed = [("{", "}"), ("<", ">"), ("${", "}"), ("%", "%")];
    let framed = framed.iter().any(|(from, to)| value.len() > 1 && value.starts_with(from) && value.ends_with(to));
    let letters: String = value.chars().filter(char::is_ascii_alphabetic).collect();
    let bare = value.chars().all(|c| c.is_ascii_alphabetic() || c.is_ascii_punctuation());
    let words = ["redact", "redacted", "mask", "masked", "filter", "filtered", "hidden", "removed"];
    let stars = value.chars().filter(|c| matches!(c, '*' | '\u{2022}' | '\u{2026}')).count();
    let filled = value.chars().all(|c| matches!(c, 'x' | '.' | '-' | '_' | '#' | '*' | '\u{2022}' | '\u{2026}'));
    // Of what is starred in part the rest tells which it was.
    value.is_empty() || framed || filled || bare && words.contains(&&*letters) || stars * 2 > value.chars().count()
}

fn personal(name: &str, value: &str) -> Option<Mark> {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let numeric = value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
    if numeric && (13..=19).contains(&digits) {
        let card = Shape::Card.is(value) && is_issued(value);
        return Some(match (card, CARDS.contains(&name)) {
            (true, true) => Mark::UrlCard,
            (true, false) => Mark::UrlCardLike,
            (false, _) => Mark::UrlNumber,
        });
    }
    let grouped: String = value.chars().filter(|c| *c != ' ').collect();
    if Shape::Iban.is(&grouped) {
        return Some(Mark::UrlIban);
    }
    Shape::Email.is(value).then_some(Mark::UrlEmail)
}

/// Whether a number has the beginning and the length of one of the card schemes (ISO/IEC 7812).
fn is_issued(value: &str) -> bool {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let head = |length: usize| digits.get(..length).and_then(|head| head.parse::<u32>().ok()).unwrap_or(0);
    match digits.len() {
        13 | 19 if head(1) == 4 => true,
        14 => matches!(head(2), 36 | 38 | 39) || (300..=305).contains(&head(3)),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2221..=2720).contains(&head(4))
                || head(4) == 6011
                || head(2) == 65
                || (644..=649).contains(&head(3))
                || (3528..=3589).contains(&head(4))
                || head(2) == 62
        }
        17..=19 => head(2) == 62,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_told_from_other_long_numbers() {
        assert_eq!(personal("card", "4111 1111 1111 1111"), Some(Mark::UrlCard));
        assert_eq!(personal("id", "4111111111111111"), Some(Mark::UrlCardLike));
        assert_eq!(personal("id", "4111111111111112"), Some(Mark::UrlNumber), "a wrong check digit");
        assert_eq!(personal("id", "1788912345678901234"), Some(Mark::UrlNumber), "no scheme begins so");
        assert_eq!(personal("since", "1700000000000"), Some(Mark::UrlNumber), "a time in milliseconds");
        assert_eq!(personal("page", "12"), None);
    }

    #[test]
    fn accounts_and_addresses_are_told() {
        assert_eq!(personal("to", "DE89 3704 0044 0532 0130 00"), Some(Mark::UrlIban));
        assert_eq!(personal("to", "DE88370400440532013000"), None, "wrong check digits");
        assert_eq!(personal("q", "mia.berg@example.org"), Some(Mark::UrlEmail));
    }

    #[test]
    fn what_was_taken_out_is_not_there() {
        assert!(["REDACTED", "[masked]", "***", "{token}", ""].iter().all(|value| is_cut_out(value)));
        assert!(["<secret>", "${TOKEN}", "%TOKEN%", "xxxx", "****1a2"].iter().all(|value| is_cut_out(value)));
        for value in ["kq81mz02", "geheim...12", "abxxx8812", "$ecret", "%41bc", "<3forever", "hidden4711", "a*b"] {
            assert!(!is_cut_out(value), "{value}");
        }
    }
}
