//! What is proposed of amounts, limits, ages, parts and pace: that it finds abuse of its kind, and says nothing of other
//! ordinary traffic.

use std::fs;
use std::path::{Path, PathBuf};

use offpath_fixtures::{Abuse, Format, Options};
use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::support::{code, lines, offpath, stderr, text};
use crate::{lawful, mined};

/// Families of rules that a model's lifecycles and constraints speak by.
const FAMILIES: [&str; 10] = ["SEQ", "ST", "AP", "SOD", "RULE", "FN", "TX", "OWN", "TEN", "FLOW"];
/// Rules of these families that need no model.
const MODELLESS: [&str; 4] = ["FN-NEW", "FLOW-CLONE", "FLOW-PACE", "FLOW-REUSE"];

fn history(folder: &Path, seed: u64, abuse: &str) -> PathBuf {
    let out = folder.join(format!("{seed}-{abuse}"));
    let formats = [Format::Har].into_iter().collect();
    let whole = Options::whole(300, seed, Abuse::parse(abuse).unwrap(), out.clone());
    offpath_fixtures::write(&Options { formats, ..whole }).unwrap();
    out
}

/// The draft with all proposals in force that nothing is said against, and with the owners and tenants that they need.
fn taken(draft: &str) -> String {
    let mut proposals = false;
    let mut out = String::new();
    for line in draft.lines() {
        proposals |= line == "# constraints:";
        let doubted = line.rsplit("  # ").next().is_some_and(|said| said.contains("check:"));
        let needed = ["    # owner: ", "    # tenant: "].iter().any(|start| line.starts_with(start));
        if needed || proposals && (line == "# constraints:" || line.starts_with("  # - {") && !doubted) {
            out += &line.replacen("# ", "", 1);
        } else {
            out += line;
        }
        out.push('\n');
    }
    out
}

/// Checks a history; findings, and what the run says of itself.
fn checked(history: &Path, model: &Path) -> (Vec<Value>, Value) {
    let run = history.join("run");
    let (file, model, out) = (history.join("capture.har"), model.to_str().unwrap(), run.to_str().unwrap());
    let output = offpath(&["check", file.to_str().unwrap(), "--model", model, "-o", out, "--exit-zero", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    (lines(&run.join("findings.jsonl")), told)
}

fn is_of_the_model(finding: &Value) -> bool {
    let rule = text(finding, "rule");
    FAMILIES.contains(&rule.split('-').next().unwrap()) && !MODELLESS.contains(&rule)
}

/// Whether a finding concerns a labelled story: its object, its case or, of too many things made and of a finding about no
/// case, its actor.
fn concerns(finding: &Value, story: &Value) -> bool {
    let object = |o: &Value| Some(format!("{}:{}", o["type"].as_str()?, o["id"].as_str()?));
    let case = finding["case"].as_str();
    let by_actor = case.is_none() || text(finding, "rule") == "FLOW-VOLUME";
    let object = object(&finding["object"]);
    object.is_some() && object.as_deref() == story["object"].as_str()
        || case.is_some() && case == story["case"].as_str()
        || by_actor && finding["actor"]["principal"] == story["actor"]
}

/// The bar is nine of ten. What is missed: a deadline between two steps, duties that hardly anybody has both of, and a pace
/// that the fastest honest one comes near.
#[test]
fn proposals_of_clean_traffic_find_most_abuse_and_nothing_in_other_clean_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let clean = history(folder.path(), 5, "none");
    let draft = mined(&[&clean.join("capture.har")], &[], folder.path()).unwrap();
    let model = folder.path().join("taken.yaml");
    fs::write(&model, taken(&fs::read_to_string(draft).unwrap())).unwrap();
    for seed in [5, 11] {
        let (findings, run) = checked(&history(folder.path(), seed, "none"), &model);
        assert_eq!(run["measures"]["log_fitness"], json!(1.0), "seed {seed}: {}", run["measures"]);
        let wrong = |f: &&Value| is_of_the_model(f) && text(f, "verdict") != "attempted";
        let wrong: Vec<&Value> = findings.iter().filter(wrong).collect();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    }
    for seed in [6, 7] {
        let abuse = history(folder.path(), seed, "all");
        let (findings, _) = checked(&abuse, &model);
        let labelled = lines(&abuse.join("truth.jsonl"));
        let labelled: Vec<&Value> =
            labelled.iter().filter(|s| s["twin"] == json!(false) && s["sources"]["har"] == json!(true)).collect();
        let missed = |s: &&&Value| !findings.iter().any(|f| is_of_the_model(f) && concerns(f, s));
        let missed: Vec<&str> = labelled.iter().filter(missed).map(|s| text(s, "note")).collect();
        assert!(labelled.len() > 60, "{}", labelled.len());
        assert!(
            missed.len() * 10 <= labelled.len(),
            "seed {seed}: {} of {}: {missed:#?}",
            missed.len(),
            labelled.len()
        );
    }
}

/// Forty claims, approved above 500 and paid with the amount that they were made with; `change` may alter the amount that
/// is paid, and whether it is approved first.
fn claims(file: &Path, change: &dyn Fn(u64, &mut u64, &mut bool)) -> String {
    let mut calls = Calls::default();
    for n in 0..40_u64 {
        let (id, asked) = (5_200 + 3 * n, 100 + 23 * n);
        let (mut paid, mut approved) = (asked, asked > 500);
        change(n, &mut paid, &mut approved);
        let shown = |who: &str| vec![bearer(&format!(r#"{{"sub":"{who}"}}"#))];
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        let author = ["mia", "zoe", "kai"][n as usize % 3];
        let json = Some(json!({"amount": asked, "currency": "EUR"}));
        calls.add(Call {
            path: "/claims",
            sent: shown(author),
            json,
            status: 201,
            body: body("open"),
            ..Call::default()
        });
        if approved {
            let path = format!("/claims/{id}/approve");
            let sent = shown(["rosa", "ines"][n as usize % 2]);
            calls.add(Call { path: &path, sent, body: body("approved"), ..Call::default() });
        }
        let (path, sent) = (format!("/claims/{id}/pay"), shown(["tom", "ana"][n as usize % 2]));
        let json = Some(json!({"sum": paid, "currency": "EUR"}));
        calls.add(Call { path: &path, sent, json, body: body("paid"), ..Call::default() });
    }
    calls.write(file);
    lawful(&[file])
}

#[test]
fn what_holds_of_all_amounts_is_proposed_and_what_one_life_breaks_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.har");
    let equal = "same: [event.sum, claim.amount], activities: [pay]";
    let limit = "require: approve, before: pay, per: claim, kind: human, max_age: 1h, unchanged: [claim.amount], \
                 if: \"claim.amount > money('500 EUR')\"";
    let draft = claims(&file, &|_, _, _| {});
    assert!(draft.contains(equal) && draft.contains(limit), "{draft}");
    offpath::model::Model::read("taken", &taken(&draft)).unwrap();
    // One is paid with another amount, and a large one without an approval.
    let draft = claims(&file, &|n, paid, _| *paid += u64::from(n == 7));
    assert!(!draft.contains(equal), "{draft}");
    let draft = claims(&file, &|n, _, approved| *approved &= n != 39);
    assert!(draft.contains(equal) && !draft.contains("claim.amount >"), "{draft}");
    // Whether one is approved has nothing to do with its amount.
    let draft = claims(&file, &|n, _, approved| *approved = n % 2 == 0);
    assert!(!draft.contains("claim.amount >"), "{draft}");
}
