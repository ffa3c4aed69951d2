//! Whose objects are, and that only they act on them: proposed with support, never in force.

use std::fs;
use std::path::Path;

use offpath::model::Model;
use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;
use crate::support::{code, lines, offpath, stderr, text};

/// Twenty bills of eight customers, as somebody else may see them too.
struct Bills<'a> {
    /// Who look at all bills beside their owners, by turns, as claims.
    readers: &'a [&'a str],
    /// What an answer says of the bill of somebody, to whom.
    shown: &'a dyn Fn(&str, &str) -> Value,
    /// Everybody looks at each other's bills.
    shared: bool,
}

impl Bills<'_> {
    fn write(&self, file: &Path) {
        let mut calls = Calls::default();
        for n in 0..20_usize {
            let (id, owner) = (format!("bil_{}", 50_000 + 7 * n), format!("cus{}", n % 8));
            let claims = |who: &str| format!(r#"{{"sub":"{who}","roles":["customer"]}}"#);
            let body = |who: &str| {
                let mut body = (self.shown)(&owner, who);
                body["id"] = json!(id);
                Some(body)
            };
            let mut call = |method: &str, path: &str, claims: &str, who: &str| {
                let status = if path == "/bills" { 201 } else { 200 };
                calls.add(Call {
                    method,
                    path,
                    sent: vec![bearer(claims)],
                    status,
                    body: body(who),
                    ..Call::default()
                });
            };
            call("POST", "/bills", &claims(&owner), &owner);
            call("GET", &format!("/bills/{id}"), &claims(&owner), &owner);
            call("POST", &format!("/bills/{id}/pay"), &claims(&owner), &owner);
            if let Some(reader) = self.readers.get(n % self.readers.len().max(1)) {
                call("GET", &format!("/bills/{id}"), reader, "mallory");
            }
            if self.shared {
                let other = format!("cus{}", (n + 1) % 8);
                call("GET", &format!("/bills/{id}"), &claims(&other), &other);
                call("POST", &format!("/bills/{id}/pay"), &claims(&other), &other);
            }
        }
        calls.write(file);
    }

    fn draft(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bills.har");
        self.write(&file);
        lawful(&[&file])
    }
}

fn line<'a>(draft: &'a str, part: &str) -> &'a str {
    draft.lines().find(|line| line.contains(part)).unwrap_or_default()
}

const MALLORY: &str = r#"{"sub":"mallory","roles":["customer"]}"#;

#[test]
fn who_reads_everybodys_bills_does_not_hide_that_others_do_not() {
    for (field, place) in [("userId", "res.userId"), ("owner", "res.owner"), ("customer_id", "res.customer_id")] {
        let shown = |owner: &str, _: &str| json!({field: owner});
        let bills = Bills { readers: &[MALLORY], shown: &shown, shared: false };
        let draft = bills.draft();
        let owner = line(&draft, "owner: ");
        assert!(owner.contains(&format!("# owner: {place} ")) && owner.contains("20 of 20 objects"), "{draft}");
        let only = line(&draft, "id: bill-owner");
        assert!(only.trim().starts_with("#") && only.contains("same: [actor.principal, bill.owner]"), "{draft}");
        assert!(only.contains("8 of 9 actors") && only.contains("20 calls by 1 on those of others"), "{draft}");
        assert!(!only.contains("unless_role"), "a role that all have excuses nobody\n{draft}");

        // Put in force, it finds exactly the reader.
        let folder = tempfile::tempdir().unwrap();
        let (file, model, run) =
            (folder.path().join("bills.har"), folder.path().join("m.yaml"), folder.path().join("run"));
        bills.write(&file);
        let uncommented: Vec<String> = draft
            .lines()
            .map(|line| {
                let meant =
                    ["# owner: ", "# constraints:", "# - {id: bill-owner"].iter().any(|l| line.trim().starts_with(l));
                if meant { line.replacen("# ", "", 1) } else { line.to_owned() }
            })
            .collect();
        fs::write(&model, uncommented.join("\n")).unwrap();
        Model::read("m", &fs::read_to_string(&model).unwrap()).map_err(|e| e.render(false)).unwrap();
        let output = offpath(&[
            "check",
            "-q",
            "--exit-zero",
            "--model",
            model.to_str().unwrap(),
            "-o",
            run.to_str().unwrap(),
            file.to_str().unwrap(),
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = lines(&run.join("findings.jsonl"));
        assert!(!found.is_empty() && found.iter().all(|f| text(f, "rule") == "OWN"), "{found:#?}");
        assert!(found.iter().all(|f| f["actor"].to_string().contains("mallory")), "{found:#?}");
    }
}

#[test]
fn who_made_it_owns_it_where_no_answer_says() {
    let shown = |_: &str, _: &str| json!({"status": "x"});
    let draft = Bills { readers: &[MALLORY], shown: &shown, shared: false }.draft();
    assert!(draft.contains("# owner: {set_by: create_bill, value: actor.principal}"), "{draft}");
    assert!(line(&draft, "id: bill-owner").contains("8 of 9 actors"), "{draft}");
}

#[test]
fn roles_that_work_for_all_are_excepted() {
    let shown = |owner: &str, _: &str| json!({"userId": owner});
    let clerks = [r#"{"sub":"carl","roles":["clerk"]}"#, r#"{"sub":"cora","roles":["clerk"]}"#];
    let draft = Bills { readers: &clerks, shown: &shown, shared: false }.draft();
    let only = line(&draft, "id: bill-owner");
    assert!(only.contains("unless_role: [clerk]") && only.contains("8 of 8 actors"), "{draft}");
    // A role that one alone has may be what excuses the intruder.
    let lone = r#"{"sub":"mallory","roles":["customer","beta"]}"#;
    let draft = Bills { readers: &[lone], shown: &shown, shared: false }.draft();
    let only = line(&draft, "id: bill-owner");
    assert!(!only.contains("unless_role") && only.contains("20 calls by 1 on those of others"), "{draft}");
}

#[test]
fn what_everybody_shares_belongs_to_nobody_alone() {
    let shown = |owner: &str, _: &str| json!({"userId": owner});
    let draft = Bills { readers: &[], shown: &shown, shared: true }.draft();
    assert!(!draft.contains("bill-owner"), "{draft}");
}

#[test]
fn a_field_that_names_who_asks_or_nobody_is_no_owner() {
    // Answers name who asked; the maker is still known.
    let shown = |_: &str, who: &str| json!({"userId": who});
    let draft = Bills { readers: &[MALLORY], shown: &shown, shared: false }.draft();
    assert!(draft.contains("# owner: {set_by: create_bill,") && !draft.contains("owner: res."), "{draft}");
    // Values that no actor is called by.
    let shown = |owner: &str, _: &str| json!({"accountId": owner.len()});
    let draft = Bills { readers: &[MALLORY], shown: &shown, shared: false }.draft();
    assert!(draft.contains("# owner: {set_by: create_bill,") && !draft.contains("owner: res."), "{draft}");
}
