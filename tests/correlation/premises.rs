//! Tenants that nobody tells are proposed where people and things stay with them, and judge nothing.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::flows::entry;
use crate::support::{archive, code, lines, offpath, stderr};

/// Twelve people who each make an order, look at it and pay it; `place` says at which host and behind what path each is at
/// a step.
fn shop(folder: &Path, place: impl Fn(u64, u64) -> (String, String)) -> PathBuf {
    let mut entries = Vec::new();
    for who in 0..12 {
        let order = format!("ord_{:07}", 1_000_003 * (who + 1));
        let made = json!({"id": order, "status": "open"});
        let steps = [("POST", "/orders".to_owned(), 201), ("GET", format!("/orders/{order}"), 200)];
        let pay = ("POST", format!("/orders/{order}/pay"), 200);
        for (step, (method, path, status)) in (0..).zip(steps.into_iter().chain([pay])) {
            let (host, prefix) = place(who, step);
            let sent = (method == "POST").then(|| json!({"amount": 5}));
            let at = who * 100 + step;
            let mut entry = entry(at, &format!("u{who}"), method, &format!("{prefix}{path}"), sent, status, &made);
            entry["request"]["url"] = format!("https://{host}{prefix}{path}").into();
            entries.push(entry);
        }
    }
    let file = folder.join("shop.har");
    archive::write(&file, &entries);
    file
}

fn premises(file: &Path) -> Vec<(String, u64)> {
    let output = offpath(&["inspect", "-q", "--format", "json", file.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let premises = run["premises"].as_array().unwrap().iter();
    premises.map(|one| (one["place"].as_str().unwrap().to_owned(), one["tenants"].as_u64().unwrap())).collect()
}

fn draft(file: &Path, folder: &Path) -> String {
    let draft = folder.join("draft.yaml");
    let output = offpath(&["mine", "-q", file.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = std::fs::read_to_string(&draft).unwrap();
    std::fs::remove_file(&draft).unwrap();
    text
}

const NAMES: [&str; 3] = ["acme", "globex", "initech"];

#[test]
fn hosts_and_paths_are_proposed_where_people_and_things_stay() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = shop(folder.path(), |who, _| (format!("{}.shop.example", NAMES[who as usize % 3]), String::new()));
    assert_eq!(premises(&hosts), [("host.label.0".to_owned(), 3)]);
    let text = draft(&hosts, folder.path());
    assert!(text.contains("# tenant: host.label.0") && text.contains("uncomment it if these are tenants"), "{text}");
    assert!(!text.contains("order-tenants"), "nothing tells of whom the actors are: {text}");
    let paths =
        shop(folder.path(), |who, _| ("api.shop.example".into(), format!("/v1/orgs/{}", NAMES[who as usize % 3])));
    assert_eq!(premises(&paths), [("/orgs/*".to_owned(), 3)]);
    let output = offpath(&["inspect", "-q", paths.to_str().unwrap()]);
    let shown = crate::support::stdout(&output);
    assert!(shown.contains("Tenants?") && shown.contains("12 of 12 actors"), "{shown}");
    // Nothing is judged by what is merely proposed.
    let run = folder.path().join("run");
    let output = offpath(&["check", "-q", paths.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(lines(&run.join("findings.jsonl")), Vec::<Value>::new());
}

#[test]
fn services_regions_and_shops_that_people_visit_are_no_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let services = ["orders", "billing", "search"];
    let none: Vec<(String, u64)> = Vec::new();
    let file = shop(folder.path(), |_, step| (format!("{}.shop.example", services[step as usize]), String::new()));
    assert_eq!(premises(&file), none, "each step at a service of its own");
    let regions = ["eu", "us", "ap-south-1"];
    let file = shop(folder.path(), |who, _| (format!("{}.shop.example", regions[who as usize % 3]), String::new()));
    assert_eq!(premises(&file), none, "regions");
    let visited = |who: u64, step: u64| format!("/shops/{}", NAMES[(who + step) as usize % 3]);
    let file = shop(folder.path(), |who, step| ("api.shop.example".into(), visited(who, step)));
    assert_eq!(premises(&file), none, "who buys goes from shop to shop");
    let file = shop(folder.path(), |who, _| ("api.shop.example".into(), format!("/accounts/a{who}00")));
    assert_eq!(premises(&file), none, "everybody's own");
}
