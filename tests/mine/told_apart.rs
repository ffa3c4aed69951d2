//! Steps that a word of the request tells apart, and what else is named of who takes steps, under which conditions, and by
//! which keys: each with traffic that only looks like it.

use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;

/// Sixty tickets: half of them are dropped by their status; the others are sorted, get a note and are closed.
#[derive(Clone, Copy)]
struct Desk<'a> {
    /// What a request that does not close a ticket by its path sends, of a ticket that is dropped.
    dropping: &'a dyn Fn(u64) -> Value,
    /// Who closes tickets, as claims.
    closers: &'a [&'a str],
    /// The ticket that the body of the closing request names.
    named: &'a dyn Fn(u64) -> Value,
    /// A note is made of a dropped ticket too.
    notes_of_dropped: bool,
}

const CLERKS: [&str; 3] = [
    r#"{"sub":"rosa","roles":["clerk"]}"#,
    r#"{"sub":"ines","roles":["clerk"]}"#,
    r#"{"sub":"tom","roles":["clerk"]}"#,
];

const BOT: &str = r#"{"sub":"bot","gty":"client-credentials"}"#;

impl Desk<'_> {
    fn draft(&self) -> String {
        let mut calls = Calls::default();
        for n in 0..60_u64 {
            let id = 7_100 + 3 * n;
            let author = format!(r#"{{"sub":"author{}"}}"#, n % 7);
            let ticket = |state: &str| Some(json!({"ticket": {"id": id, "status": state}}));
            let mut call = |method: &str, path: String, claims: &str, sent: Value, body: Option<Value>| {
                let status = if path.ends_with("tickets") || path.ends_with("notes") { 201 } else { 200 };
                let (sent, json) = (vec![bearer(claims)], Some(sent));
                calls.add(Call { method, path: &path, sent, json, status, body, ..Call::default() });
            };
            call("POST", "/tickets".into(), &author, json!({"text": "x"}), ticket("open"));
            let one = format!("/tickets/{id}");
            let (notes, note) = (format!("{one}/notes"), Some(json!({"note": {"id": 90_000 + n, "ticketId": id}})));
            if n % 2 == 0 {
                call("PATCH", one.clone(), &author, (self.dropping)(n), ticket("dropped"));
                if self.notes_of_dropped && n == 30 {
                    call("POST", notes, &author, json!({"text": "y"}), note);
                }
            } else {
                call("PATCH", one.clone(), BOT, json!({"text": "z"}), ticket("open"));
                call("POST", notes, &author, json!({"text": "y"}), note);
                let closer = self.closers[(n / 2) as usize % self.closers.len()];
                call("POST", format!("{one}/close"), closer, (self.named)(id), ticket("closed"));
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.har");
        calls.write(&file);
        lawful(&[&file])
    }
}

fn line<'a>(draft: &'a str, part: &str) -> &'a str {
    draft.lines().find(|line| line.contains(part)).unwrap_or_default()
}

#[test]
fn what_is_told_apart_is_drafted_and_its_twins_are_not() {
    let plain = Desk {
        dropping: &|_| json!({"status": "dropped"}),
        closers: &CLERKS,
        named: &|id| json!({"ticketId": id}),
        notes_of_dropped: false,
    };
    let draft = plain.draft();
    let dropped = line(&draft, "update_ticket_dropped: {");
    assert!(dropped.contains(r#"http: "PATCH /tickets/{ticket}", where: "req.status == 'dropped'""#), "{draft}");
    assert!(draft.contains(r#"update_ticket: {http: "PATCH /tickets/{ticket}", object: ticket}"#), "{draft}");
    assert!(line(&draft, "activity: update_ticket_dropped").contains("to: dropped"), "{draft}");
    assert!(
        line(&draft, "activity: create_note, from: none").contains(r#"when: "ticket.state != 'dropped'""#),
        "{draft}"
    );
    assert!(line(&draft, "activity: close").contains("by: [clerk], kind: human"), "{draft}");
    assert!(line(&draft, "  close: {").contains("object: {ticket: [path.ticket, req.ticketId]}"), "{draft}");

    // A word that nobody repeats tells no step, and neither does one that says something else.
    let draft = Desk { dropping: &|n| json!({"status": format!("on {n}")}), ..plain }.draft();
    assert!(!draft.contains("where:"), "{draft}");
    let draft = Desk { dropping: &|_| json!({"kind": "dropped"}), ..plain }.draft();
    assert!(!draft.contains("where:"), "{draft}");
    // One note of a dropped ticket is enough.
    let draft = Desk { notes_of_dropped: true, ..plain }.draft();
    assert!(!draft.contains("when:"), "{draft}");
    // One body names another ticket, as an answer to it may.
    let draft = Desk { named: &|id| json!({"ticketId": if id == 7_103 { 7_100 } else { id }}), ..plain }.draft();
    assert!(line(&draft, "  close: {").contains("object: ticket}"), "{draft}");
    // A service closes some, or one person alone does all.
    let service = [CLERKS[0], CLERKS[1], CLERKS[2], r#"{"sub":"sweep","roles":["clerk"],"gty":"client-credentials"}"#];
    for closers in [&service[..], &CLERKS[..1]] {
        let draft = Desk { closers, ..plain }.draft();
        assert!(!line(&draft, "activity: close").contains("kind: human"), "{draft}");
    }
}
