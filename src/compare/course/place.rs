//! What lies in a place rather than with somebody: a URL that holds a credential or personal data, an issuer whose tokens
//! live long, a server to which credentials go in the clear. One place, one finding.

use std::collections::BTreeSet;

use super::door::{Door, Doors};
use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::compare::threshold::LONGEST_LIFE;
use crate::event::{Gate, Mark};

/// Marks of URLs that hold a credential.
pub(super) const CREDENTIALS: [Mark; 5] =
    [Mark::UrlToken, Mark::UrlSecret, Mark::UrlSession, Mark::UrlKey, Mark::UrlPerhaps];
/// Marks of URLs that hold personal data, or a number that tells that another is none.
pub(super) const PERSONAL: [Mark; 5] =
    [Mark::UrlCard, Mark::UrlCardLike, Mark::UrlNumber, Mark::UrlIban, Mark::UrlEmail];
/// Leeway that clocks are given (RFC 7519, section 4.1.4).
const LEEWAY: i64 = 5 * MINUTE;
/// The least that tells anything where nothing shows that the operation reads it: a week, which no token of a run or a session needs.
const LONGEST_UNREAD: i64 = 7 * 24 * 60 * MINUTE;
/// Confidence of what somebody has to look at.
const FOR_REVIEW: f32 = 0.45;
/// Numbers that look like cards, and none that is as long and does not, in one place: one in ten would by chance.
const CARDS: usize = 3;
/// Addresses from which nobody known sends the same in a URL, before the URL is the place's and not the sender's.
const SENDERS: usize = 3;
/// Most values that are told apart for a count.
const MOST: usize = 10_000;

/// Tells of moments with one of some marks, with how many requests and actors there are.
fn tell(check: Check, moments: &[&Moment], expected: &str, what: &str, doubt: (f32, &'static str), told: &mut Told) {
    let actors: BTreeSet<u64> = moments.iter().take(MOST).map(|m| m.actor).filter(|actor| *actor != 0).collect();
    let by = match actors.len() {
        0 | 1 => String::new(),
        several => format!(" by {several} actors"),
    };
    let times = if moments.len() == 1 { "1 request".to_owned() } else { format!("{} requests", moments.len()) };
    // The first decides: the others are more of the same.
    let evidence: Vec<&Moment> = moments.iter().take(1).copied().collect();
    told.tell(check, &evidence, Said::new(expected, format!("{what} in {times}{by}"), doubt.0, doubt.1));
}

/// Moments of requests that the server did not refuse for what they show.
fn marked(course: &[Moment], mark: Mark) -> Vec<&Moment> {
    course.iter().filter(|m| m.setting.marks.has(mark) && m.deed.accepted).collect()
}

/// Whether the place has it in its URLs, rather than somebody who may have written it there: somebody known sent it to
/// what is not open to everybody, it is a login, or several sent it.
fn is_the_places(moments: &[&Moment], doors: &Doors) -> bool {
    let asked = |m: &&Moment| m.setting.gate == Gate::Entered || m.deed.known && doors.of(m.step) != Door::Open;
    let who = |m: &&Moment| if m.deed.known { m.actor } else { m.setting.address };
    let senders: BTreeSet<u64> = moments.iter().take(MOST).map(who).filter(|who| *who != 0).collect();
    moments.iter().any(asked) || senders.len() >= SENDERS
}

/// Doubts what anybody can write into a URL.
fn doubted(moments: &[&Moment], doors: &Doors, doubt: (f32, &'static str)) -> (f32, &'static str) {
    const INVENTED: &str = "few sent it, and nothing shows that it is read: whoever sends a URL writes it";
    if doubt.0 > FOR_REVIEW && !is_the_places(moments, doors) { (FOR_REVIEW, INVENTED) } else { doubt }
}

/// URLs that hold credentials.
pub(super) fn url_credential(course: &[Moment], doors: &Doors, told: &mut Told) {
    const NAMED: &str = "it is told by the parameter's name, or by its look";
    const KEY: &str = "a key that is meant to be seen, as of maps, is no secret";
    const PERHAPS: &str = "it may be for one use, or no credential at all";
    let kinds = [
        (Mark::UrlSecret, "a password or secret", (0.8, NAMED)),
        (Mark::UrlToken, "a token", (0.8, NAMED)),
        (Mark::UrlSession, "a session", (0.7, NAMED)),
        (Mark::UrlKey, "an API key", (0.55, KEY)),
        (Mark::UrlPerhaps, "perhaps a token", (0.4, PERHAPS)),
    ];
    let found = kinds.into_iter().map(|(mark, what, doubt)| (marked(course, mark), what, doubt));
    match found.into_iter().find(|(moments, ..)| !moments.is_empty()) {
        Some((moments, what, doubt)) => {
            let doubt = doubted(&moments, doors, doubt);
            tell(Check::UrlCredential, &moments, "credentials in headers or bodies", what, doubt, told);
        }
        None => course.iter().take(1).for_each(|m| told.count(Check::UrlCredential, m.source, Some(false))),
    }
}

/// URLs that hold personal data.
pub(super) fn url_personal(course: &[Moment], doors: &Doors, told: &mut Told) {
    const LOOK: &str = "it has the look, the length and the check digits of one";
    const CHANCE: &str = "other numbers have the look of one by chance";
    const EMAIL: &str = "an e-mail address may be the account that is looked up";
    let chance = course.iter().any(|m| m.setting.marks.has(Mark::UrlNumber));
    let alike = marked(course, Mark::UrlCardLike);
    let alike = if chance || alike.len() < CARDS { Vec::new() } else { alike };
    let kinds = [
        (marked(course, Mark::UrlCard), "a card number", (0.8, LOOK)),
        (marked(course, Mark::UrlIban), "an IBAN", (0.75, LOOK)),
        (alike, "what may be card numbers", (0.45, CHANCE)),
        (marked(course, Mark::UrlEmail), "an e-mail address", (0.45, EMAIL)),
    ];
    match kinds.into_iter().find(|(moments, ..)| !moments.is_empty()) {
        Some((moments, what, doubt)) => {
            let doubt = doubted(&moments, doors, doubt);
            tell(Check::UrlPersonal, &moments, "personal data in bodies", what, doubt, told);
        }
        None => course.iter().take(1).for_each(|m| told.count(Check::UrlPersonal, m.source, Some(false))),
    }
}

/// Tokens that may be used for long, of one issuer. What an open operation is shown, it need not have read.
pub(super) fn long_lived(course: &[Moment], doors: &Doors, told: &mut Told) {
    const BECAUSE: &str = "the token says it itself";
    const UNREAD: &str = "nothing shows that the operation asks for a credential: it may not have read this one";
    let limit = told.limits.get(&LONGEST_LIFE).saturating_add(LEEWAY);
    let longer = |door: Door, limit: i64| -> Vec<&Moment> {
        let long = |m: &&Moment| m.setting.life.is_some_and(|life| life > limit);
        course.iter().filter(long).filter(|m| read_by(m, doors) == door).collect()
    };
    let kinds = [
        (longer(Door::Guarded, limit), (0.8, BECAUSE)),
        (longer(Door::Unknown, limit.max(LONGEST_UNREAD)), (FOR_REVIEW, UNREAD)),
    ];
    let Some((moments, doubt)) = kinds.into_iter().find(|(moments, _)| !moments.is_empty()) else {
        course.iter().take(1).for_each(|m| told.count(Check::LongLived, m.source, Some(false)));
        return;
    };
    let longest = moments.iter().max_by_key(|m| (m.setting.life, std::cmp::Reverse(m.order_key())));
    let Some((longest, life)) = longest.and_then(|m| Some((*m, m.setting.life?))) else { return };
    let tokens: BTreeSet<u64> = moments.iter().take(MOST).map(|m| m.credential).collect();
    let hours = life / SECOND / 3_600;
    let long = if hours >= 72 { format!("{} days", hours / 24) } else { format!("{hours} hours") };
    let observed = match tokens.len() {
        0 | 1 => format!("one for {long}"),
        several => format!("{several} tokens, one for {long}"),
    };
    told.tell(
        Check::LongLived,
        &[longest],
        Said::new(
            format!("tokens for at most {} hours", told.limits.get(&LONGEST_LIFE) / super::HOUR),
            observed,
            doubt.0,
            doubt.1,
        ),
    );
}

/// How the operation asks for the token that is shown: behind another credential it need not have read this one.
fn read_by(moment: &Moment, doors: &Doors) -> Door {
    match doors.of(moment.step) {
        Door::Guarded if moment.setting.marks.has(Mark::Accompanied) => Door::Unknown,
        door => door,
    }
}

/// Tokens of one issuer that say to be good for everything.
pub(super) fn wildcard(course: &[Moment], doors: &Doors, told: &mut Told) {
    const BECAUSE: &str = "the token says it itself; what the server makes of the word it does not";
    const UNREAD: &str = "nothing shows that the operation asks for a credential: it may not have read this one";
    let behind = |door: Door| -> Vec<&Moment> {
        course.iter().filter(|m| m.deed.wildcard && read_by(m, doors) == door).collect()
    };
    let kinds = [(behind(Door::Guarded), (0.75, BECAUSE)), (behind(Door::Unknown), (FOR_REVIEW, UNREAD))];
    let Some((moments, doubt)) = kinds.into_iter().find(|(moments, _)| !moments.is_empty()) else { return };
    let of = |hash: fn(&Moment) -> u64| moments.iter().take(MOST).map(|m| hash(m)).collect::<BTreeSet<u64>>().len();
    let (tokens, actors) = (of(|m| m.credential), of(|m| m.actor));
    let plural = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let observed = format!("{} of {} for everything", plural(tokens, "token"), plural(actors, "actor"));
    let evidence: Vec<&Moment> = moments.iter().take(1).copied().collect();
    told.tell(Check::Wildcard, &evidence, Said::new("scopes that name what for", observed, doubt.0, doubt.1));
}

/// Answers of one operation that tell a secret to whoever asks again.
pub(super) fn body_secret(course: &[Moment], doors: &Doors, told: &mut Told) {
    const NAMED: &str = "that it is a secret is told by the name of its field, and by its look";
    let moments = marked(course, Mark::TellsSecret);
    let Some(first) = moments.first() else { return };
    let what = if doors.of(first.step) == Door::Open { "a secret for anybody" } else { "a secret" };
    let at_most = if doors.of(first.step) == Door::Open { 0.8 } else { 0.6 };
    tell(Check::BodySecret, &moments, "secrets shown once, where they are made", what, (at_most, NAMED), told);
}

/// Credentials that went to one server in the clear.
pub(super) fn plain(course: &[Moment], told: &mut Told) {
    const SEEN: &str = "the capture shows the wire, and perhaps the inside of a tunnel";
    const ANYBODY: &str = "nobody was seen to log in to the session: it may be anybody's";
    let sessions = marked(course, Mark::ClearSession);
    let known = sessions.iter().copied().filter(|m| m.deed.bound).collect();
    let kinds = [
        (marked(course, Mark::Clear), "a credential in the clear", (0.8, SEEN)),
        (known, "a session in the clear", (0.8, SEEN)),
        (sessions, "a session in the clear", (0.45, ANYBODY)),
    ];
    match kinds.into_iter().find(|(moments, ..)| !moments.is_empty()) {
        Some((moments, what, doubt)) => tell(Check::Plain, &moments, "TLS", what, doubt, told),
        None => course.iter().take(1).for_each(|m| told.count(Check::Plain, m.source, Some(false))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn with(second: i64, marks: &[Mark]) -> Moment {
        let mut moment = sample::moment(second);
        marks.iter().for_each(|mark| moment.setting.marks.add(*mark));
        moment
    }

    fn told(fold: fn(&[Moment], &Doors, &mut Told), course: &[Moment]) -> Option<(String, f32)> {
        behind(&Doors::default(), fold, course)
    }

    fn behind(doors: &Doors, fold: fn(&[Moment], &Doors, &mut Told), course: &[Moment]) -> Option<(String, f32)> {
        let mut told = Told::default();
        fold(course, doors, &mut told);
        assert!(told.strays.len() <= 1, "one place, one finding");
        let stray = told.strays.first()?;
        Some((stray.observed.first()?.to_string(), stray.doubt?.0))
    }

    #[test]
    fn the_gravest_of_a_place_is_told() {
        let course = [with(1, &[Mark::UrlPerhaps]), with(2, &[Mark::UrlToken]), with(3, &[Mark::UrlToken])];
        assert_eq!(told(url_credential, &course), Some(("a token in 2 requests".to_owned(), 0.8)));
        assert_eq!(told(url_credential, &course[..1]), Some(("perhaps a token in 1 request".to_owned(), 0.4)));
        let mut refused = with(1, &[Mark::UrlToken]);
        refused.deed.accepted = false;
        assert_eq!(told(url_credential, &[refused]), None, "what a server refuses does not go into its pages");
    }

    #[test]
    fn numbers_that_are_no_cards_tell_that_others_are_none_either() {
        let cards: Vec<Moment> = (1..5).map(|n| with(n, &[Mark::UrlCardLike])).collect();
        assert_eq!(told(url_personal, &cards), Some(("what may be card numbers in 4 requests".to_owned(), 0.45)));
        let ids = [cards.clone(), vec![with(9, &[Mark::UrlNumber])]].concat();
        assert_eq!(told(url_personal, &ids), None, "ids of which some have the look");
        assert_eq!(told(url_personal, &cards[..2]), None, "two may by chance");
        assert_eq!(told(url_personal, &[with(1, &[Mark::UrlCard])]).map(|told| told.1), Some(0.8));
    }

    #[test]
    fn the_longest_life_is_told() {
        let lives = |days: i64| {
            let mut moment = sample::moment(days);
            moment.setting.life = Some(days * 24 * 60 * MINUTE);
            moment.credential = days.unsigned_abs();
            moment
        };
        let mut doors = Doors::default();
        doors.note(&Moment { status: 401, ..sample::moment(0) });
        let course = [lives(2), lives(30)];
        let both = "2 tokens, one for 30 days".to_owned();
        assert_eq!(behind(&doors, long_lived, &course), Some((both.clone(), 0.8)));
        assert_eq!(behind(&doors, long_lived, &course[..1]), Some(("one for 48 hours".to_owned(), 0.8)));
        let one = Some(("one for 30 days".to_owned(), 0.45));
        assert_eq!(told(long_lived, &course), one, "nothing shows that it is read");
        assert_eq!(told(long_lived, &course[..1]), None, "nor that it is read, nor that it lives for weeks");
        doors.note(&unknown(3, 0, &[]));
        assert_eq!(behind(&doors, long_lived, &course), None, "open to everybody");
    }

    /// A request of nobody who is known, from an address.
    fn unknown(second: i64, address: u64, marks: &[Mark]) -> Moment {
        let mut moment = with(second, marks);
        (moment.deed.known, moment.setting.address) = (false, address);
        moment
    }

    #[test]
    fn what_one_stranger_writes_into_a_url_is_for_review() {
        let from = |address: u64| unknown(5, address, &[Mark::UrlSecret, Mark::UrlCard]);
        for fold in [url_credential, url_personal] {
            let confidence = |doors: &Doors, course: &[Moment]| behind(doors, fold, course).unwrap().1;
            let (unseen, mut open) = (Doors::default(), Doors::default());
            assert_eq!(confidence(&unseen, &[from(1), from(1), from(2)]), 0.45);
            assert_eq!(confidence(&unseen, &[from(1), from(2), from(3)]), 0.8, "a form has many send it");
            let known = with(5, &[Mark::UrlSecret, Mark::UrlCard]);
            assert_eq!(confidence(&unseen, &[known]), 0.8);
            let mut login = from(1);
            login.setting.gate = Gate::Entered;
            assert_eq!(confidence(&unseen, &[login]), 0.8, "a login reads its password");
            open.note(&from(1));
            assert_eq!(confidence(&open, &[known]), 0.8, "what is shown in the URL is shown");
            open.note(&unknown(6, 1, &[]));
            assert_eq!(confidence(&open, &[known]), 0.45, "a page that is for everybody");
        }
    }
}
