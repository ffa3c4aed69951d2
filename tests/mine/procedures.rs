//! Applications whose paths or parameters say what is done, and name no thing: `POST /TicketService/CloseTicket`,
//! `POST /tickets.php?action=close&id=7`, `{"action": "closeTicket", "id": 7}`.

use std::path::Path;

use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;
use crate::support::{self, archive};

/// How an application is told what is done to ticket `id`: path, form, body.
type Style = fn(&str, u32) -> (String, Option<String>, Option<Value>);

/// Tickets that somebody opens, another assigns and closes; of those that `skip` says, without assigning.
fn tickets(file: &Path, style: Style, skip: fn(u32) -> bool) {
    let mut calls = Calls::default();
    for n in 0..30 {
        let id = 4_100 + n;
        let mut call = |who: &str, verb: &str, state: &str| {
            let (path, form, sent) = style(verb, if verb == "create" { 0 } else { id });
            calls.add(Call {
                path: &path,
                sent: vec![bearer(&format!(r#"{{"sub":"{who}{}"}}"#, n % 4))],
                form: form.as_deref(),
                json: sent,
                body: Some(json!({"ticketId": id, "status": state})),
                ..Call::default()
            });
        };
        call("ann", "create", "open");
        if !skip(n) {
            call("bo", "assign", "assigned");
        }
        call("bo", "close", "closed");
    }
    calls.write(file);
}

fn capital(verb: &str) -> String {
    verb.get(..1).unwrap().to_ascii_uppercase() + verb.get(1..).unwrap()
}

/// With the `where` of a draft that tells closing.
const STYLES: [(Style, &str); 5] = [
    (
        |verb, id| {
            let body = if id == 0 { json!({"title": "x"}) } else { json!({"ticketId": id}) };
            (format!("/TicketService/{}Ticket", capital(verb)), None, Some(body))
        },
        r#"close_ticket: {http: "POST /TicketService/CloseTicket", object: {ticket: req.ticketId}}"#,
    ),
    (
        |verb, id| {
            let path = format!("/{verb}-ticket");
            (if id == 0 { path } else { format!("{path}?id={id}") }, None, Some(json!({"title": "x"})))
        },
        r#"close_ticket: {http: "POST /close-ticket", object: {ticket: query.id}}"#,
    ),
    (
        |verb, id| {
            let more = if id == 0 { String::new() } else { format!("&id={id}") };
            (format!("/tickets.php?action={verb}{more}"), Some("title=x".to_owned()), None)
        },
        r#"close: {http: "POST /tickets.php", where: "query.action == 'close'", object: {ticket: query.id}}"#,
    ),
    (
        |verb, id| {
            let more = if id == 0 { "title=x".to_owned() } else { format!("ticket_id={id}") };
            ("/index.php".to_owned(), Some(format!("cmd={verb}_ticket&{more}")), None)
        },
        r#"close_ticket: {http: "POST /index.php", where: "req.cmd == 'close_ticket'", object: {ticket: req.ticket_id}}"#,
    ),
    (
        |verb, id| {
            let action = format!("{verb}Ticket");
            let body = if id == 0 { json!({"action": action}) } else { json!({"action": action, "id": id}) };
            ("/api".to_owned(), None, Some(body))
        },
        r#"close_ticket: {http: "POST /api", where: "req.action == 'closeTicket'", object: {ticket: req.id}}"#,
    ),
];

#[test]
fn what_is_done_is_told_by_the_name_of_a_path_or_the_value_of_a_parameter() {
    let folder = tempfile::tempdir().unwrap();
    for (style, close) in STYLES {
        let file = folder.path().join("tickets.har");
        tickets(&file, style, |_| false);
        let draft = lawful(&[&file]);
        assert!(draft.contains(close), "{close}\n{draft}");
        for part in ["  ticket:  # 30 objects", "from: none, to: open", "to: assigned", "from: assigned, to: closed"] {
            assert!(draft.contains(part), "no `{part}` for {close}\n{draft}");
        }
        // Without assigning, it is a step that the draft of the others does not allow.
        let model = folder.path().join("model.yaml");
        std::fs::write(&model, &draft).unwrap();
        tickets(&file, style, |n| n == 7);
        let (findings, _, told) = archive::check(folder.path(), &draft, &[file.to_str().unwrap()]);
        let skipped: Vec<&Value> =
            findings.iter().filter(|finding| support::text(finding, "rule") == "SEQ-SKIP").collect();
        assert_eq!(skipped.len(), 1, "{close}: {told}");
        assert_eq!(support::object(skipped[0]), "ticket:4107");
    }
}

#[test]
fn what_is_no_verb_or_says_no_deed_makes_no_operations_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let plain: [Style; 3] = [
        // Who does it, and an amount.
        |_, id| ("/tickets".to_owned(), None, Some(json!({"op": "alice", "operation": "x7", "ticketId": id}))),
        |_, id| (format!("/tickets?do=42&ticket_id={id}"), None, Some(json!({}))),
        |_, id| ("/open-tickets".to_owned(), None, Some(json!({"ticketId": id}))),
    ];
    for style in plain {
        let file = folder.path().join("tickets.har");
        tickets(&file, style, |_| false);
        let output = support::offpath(&["inspect", "-q", "--format", "json", file.to_str().unwrap()]);
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        let operations = run["operations"].as_array().unwrap();
        assert_eq!(operations.len(), 1, "{operations:?}");
        assert!(!support::text(&operations[0], "name").contains('?'), "{operations:?}");
    }
}
