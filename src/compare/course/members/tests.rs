use proptest::prelude::*;

use super::*;
use crate::compare::course::Class;
use crate::event::{Members, SentMember, sample};

/// A request to an operation by somebody, with what was sent and told.
fn event(n: u64, who: &str, operation: &str, sent: &[(&str, Echo)], told: &[&str]) -> Event {
    let mut event = sample::event(n);
    event.operation = Some(operation.into());
    event.method = operation.split(' ').next().unwrap().into();
    event.host = Some("api.shop.example".into());
    event.actor.principal = Some(who.into());
    let member = |(path, echo): &(&str, Echo)| SentMember { path: (*path).into(), echo: *echo };
    let sent = (!sent.is_empty()).then(|| sent.iter().map(member).collect());
    let told = (!told.is_empty()).then(|| told.iter().map(|path| (*path).into()).collect());
    event.members = Some(Box::new(Members { sent, told }));
    event
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

fn class(role: u32) -> Class {
    Class { roles: [role, 0, 0, 0], ..Class::default() }
}

fn noted<'e>(events: impl IntoIterator<Item = &'e (Event, u32)>) -> Bodies {
    let mut bodies = Bodies::default();
    for (event, role) in events {
        bodies.note(event, &Setting::default(), &hash, class(*role), 0);
    }
    bodies
}

fn found(events: &[(Event, u32)]) -> Vec<(Check, String, f32)> {
    let mut told = Told::default();
    noted(events).judge(&mut told);
    told.strays.iter().map(|s| (s.check, s.observed[0].to_string(), s.doubt.unwrap().0)).collect()
}

const NAME: (&str, Echo) = ("name", Echo::Same);
const REGISTER: &str = "POST /users";

/// Registrations by ten people.
fn ordinary(count: u64) -> Vec<(Event, u32)> {
    (0..count).map(|n| (event(n, &format!("u{}", n % 10), REGISTER, &[NAME], &["id", "name", "role"]), 0)).collect()
}

fn with(count: u64, more: Vec<(Event, u32)>) -> Vec<(Check, String, f32)> {
    found(&[ordinary(count), more].concat())
}

#[test]
fn a_right_that_only_one_writes_is_told() {
    let eve = |echo| vec![(event(900, "eve", REGISTER, &[NAME, ("role", echo)], &["id", "name", "role"]), 0)];
    let role = |taken: &str| format!("`role` written{taken}");
    let repeated = role(" and repeated in the answer");
    assert_eq!(with(40, eve(Echo::Same)), [(Check::MemberWritten, repeated.clone(), 0.65)]);
    assert_eq!(with(8, eve(Echo::Same)), [(Check::MemberWritten, repeated, 0.45)], "little was seen");
    assert_eq!(with(40, eve(Echo::None)), [(Check::MemberWritten, role(""), 0.4)], "the answer does not show it");
    assert_eq!(with(40, eve(Echo::Other)), [], "the server has another value");
    assert_eq!(with(3, eve(Echo::Same)), [], "nobody knows what is usual");
}

#[test]
fn who_may_write_it_is_not_told() {
    let write = |n: u64, who: &str, role: u32| (event(n, who, REGISTER, &[NAME, ("role", Echo::Same)], &["id"]), role);
    assert_eq!(with(40, vec![write(900, "ann", 0), write(901, "bob", 0)]), [], "two do");
    assert_eq!(with(40, (900..910).map(|n| write(n, "ann", 0)).collect()), [], "it is what she does");
    assert_eq!(with(40, vec![write(900, "ann", 5)]), [], "of another role nobody else is known");
    let mut refused = write(900, "eve", 0);
    refused.0.outcome = Outcome::Rejected;
    assert_eq!(with(40, vec![refused]), [], "refused");
}

#[test]
fn a_name_that_says_nothing_has_to_be_the_servers_by_all_that_is_seen() {
    let eve = |operation: &str| vec![(event(900, "eve", operation, &[NAME, ("rank", Echo::Same)], &["rank"]), 0)];
    let people = |operation: &str| -> Vec<(Event, u32)> {
        (0..40).map(|n| (event(n, &format!("u{}", n % 10), operation, &[NAME], &["id", "rank"]), 0)).collect()
    };
    let told =
        |operation: &str, more: Vec<(Event, u32)>| found(&[people(operation), eve(operation), more].concat()).len();
    assert_eq!(told("PUT /users/{id}", vec![]), 1);
    assert_eq!(told("PATCH /users/{id}", vec![]), 0, "a part differs from time to time");
    let elsewhere = (event(950, "u1", "POST /users/{id}/rank", &[("rank", Echo::Same)], &["rank"]), 0);
    let same = (event(951, "u2", "POST /users", &[("rank", Echo::Same)], &["rank"]), 0);
    assert_eq!(told("PUT /users/{id}", vec![elsewhere]), 1, "of something else");
    assert_eq!(told("PUT /users/{id}", vec![same]), 0, "others write it when they begin");
}

const APPROVED: (&str, Echo) = ("approvalId", Echo::None);
const NOTE: (&str, Echo) = ("note", Echo::None);

/// Registrations by ten people with an approval and a note each, and others.
fn missing(more: Vec<(Event, u32)>) -> Vec<(Check, String, f32)> {
    let full = |n: u64| event(n, &format!("u{}", n % 10), REGISTER, &[APPROVED, NAME, NOTE], &["id"]);
    let all = (1..41).map(|n| (full(n), 0)).chain(more).collect::<Vec<_>>();
    found(&all).into_iter().filter(|(check, ..)| *check == Check::MemberMissing).collect()
}

#[test]
fn what_only_one_leaves_out_is_told() {
    let sent = |n: u64, who: &str, sent: &[(&str, Echo)]| (event(n, who, REGISTER, sent, &["id"]), 0);
    let refused = |n: u64, members: &[(&str, Echo)]| {
        let mut one = sent(n, "u3", members);
        (one.0.outcome, one.0.status) = (Outcome::Rejected, Some(422));
        one
    };
    let told = |text: &str, most: f32| vec![(Check::MemberMissing, text.to_owned(), most)];
    let eve = sent(900, "eve", &[NAME, NOTE]);
    assert_eq!(missing(vec![eve.clone()]), told("no `approvalId`", 0.4));
    let needed = told("no `approvalId` for want of which others are refused", 0.65);
    assert_eq!(missing(vec![eve.clone(), refused(950, &[NAME, NOTE])]), needed);
    assert_eq!(missing(vec![eve.clone(), refused(950, &[NAME])]), told("no `approvalId`", 0.4), "for something else");
    let plain = sent(901, "eve", &[APPROVED, NAME]);
    assert_eq!(missing(vec![plain.clone()]), [], "a note is nothing that is asked for");
    let noted = told("no `note` for want of which others are refused", 0.65);
    assert_eq!(missing(vec![plain, refused(950, &[APPROVED, NAME])]), noted);
    let several = (900..903).map(|n| sent(n, "eve", &[NAME, NOTE])).collect();
    assert_eq!(missing(several), [], "it is usual");
    assert_eq!(missing(vec![(sent(900, "eve", &[NAME, NOTE]).0, 5)]), [], "of another role nobody else is known");
}

#[test]
fn the_request_that_leaves_it_out_is_the_one_that_is_told() {
    let full = |n: u64| (event(n * 7, &format!("u{}", n % 10), REGISTER, &[APPROVED, NAME], &["id"]), 0);
    let events: Vec<_> = (1..50).map(full).chain([(event(4, "eve", REGISTER, &[NAME], &["id"]), 0)]).collect();
    let mut told = Told::default();
    noted(&events).judge(&mut told);
    assert_eq!(told.strays.iter().map(|stray| stray.at.0).collect::<Vec<_>>(), [4]);
}

/// Answers to forty people of one role and ten of another.
fn answers(told: &[&str], of_others: &[&str]) -> Vec<(Event, u32)> {
    let view = |n: u64, who: String, told: &[&str]| event(n, &who, "GET /orders/{id}", &[], told);
    let people = (0..80).map(|n| (view(n, format!("u{}", n % 20), told), 1));
    let staff = (100..130).map(|n| (view(n, format!("s{}", n % 4), of_others), 2));
    people.chain(staff).collect()
}

#[test]
fn what_is_there_for_a_role_is_told_where_another_gets_it() {
    let eve = |told: &[&str]| vec![(event(900, "eve", "GET /orders/{id}", &[], told), 1)];
    let both = [answers(&["id"], &["id", "margin_note"]), eve(&["id", "margin_note"])].concat();
    assert_eq!(found(&both), [(Check::MemberRead, "`margin_note` in it".to_owned(), 0.6)]);
    let sometimes = [answers(&["id"], &["id"]), eve(&["id", "margin_note"])].concat();
    assert_eq!(found(&sometimes), [], "nobody's role has it");
    let guarded = [answers(&["id"], &["id"]), eve(&["id", "customer.iban"])].concat();
    assert_eq!(found(&guarded), [(Check::MemberRead, "`customer.iban` in it".to_owned(), 0.4)]);
    let all = [answers(&["id", "margin_note"], &["id", "margin_note"]), eve(&["id", "margin_note"])].concat();
    assert_eq!(found(&all), [], "everybody gets it");
    let several =
        [both.clone(), vec![(event(901, "bob", "GET /orders/{id}", &[], &["id", "margin_note"]), 1)]].concat();
    assert_eq!(found(&several), [], "two of the role get it");
}

proptest! {
    #[test]
    fn sums_are_one_however_they_are_split(
        rows in proptest::collection::vec((0..30_u64, 0..3_u32, 0..3_usize, any::<bool>()), 0..60),
        at in 0..60_usize,
    ) {
        let echo = [Echo::None, Echo::Same, Echo::Other];
        let events: Vec<(Event, u32)> = rows
            .iter()
            .enumerate()
            .map(|(n, (who, role, e, more))| {
                let sent: &[(&str, Echo)] = if *more { &[NAME, ("role", echo[*e])] } else { &[NAME] };
                (event(n as u64, &format!("u{who}"), REGISTER, sent, &["id", "role"]), *role)
            })
            .collect();
        let (a, b) = events.split_at(at.min(events.len()));
        let mut merged = noted(b);
        merged.merge(noted(a));
        prop_assert_eq!(format!("{:?}", merged), format!("{:?}", noted(&events)));
    }
}
