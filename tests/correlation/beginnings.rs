//! Tenants at the beginning of paths, each of which numbers its own parcels from one: `/acme/parcels/1`, `/globex/parcels/1`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::flows::entry;
use crate::support::{archive, code, lines, object, offpath, stderr, stdout, text};

const NAMES: [&str; 3] = ["acme", "globex", "initech"];

/// What three people behind each beginning do with four parcels: one makes it, another looks at all and seals it, a third
/// looks for it. `more`: calls after that, with who makes them.
fn depot(folder: &Path, begins: &[&str], more: &[(&str, &str)]) -> PathBuf {
    let mut entries = Vec::new();
    let mut call = |who: String, method: &str, path: &str, status: u16, answer: &Value| {
        let sent = (method == "POST").then(|| json!({"weight": 5}));
        entries.push(entry(10 * entries.len() as u64, &who, method, path, sent, status, answer));
    };
    for begin in begins {
        let name = begin.rsplit('/').next().unwrap();
        for id in 1..=4 {
            let all = json!({"items": (1..=id).map(|id| json!({"id": id})).collect::<Vec<_>>()});
            let one = |state: &str| json!({"id": id, "status": state});
            call(format!("{name}-a"), "POST", &format!("{begin}/parcels"), 201, &one("open"));
            call(format!("{name}-b"), "GET", &format!("{begin}/parcels"), 200, &all);
            call(format!("{name}-b"), "POST", &format!("{begin}/parcels/{id}/seal"), 200, &one("sealed"));
            call(format!("{name}-c"), "GET", &format!("{begin}/parcels"), 200, &all);
            call(format!("{name}-c"), "GET", &format!("{begin}/parcels/{id}"), 200, &one("sealed"));
        }
    }
    for (who, path) in more {
        call((*who).to_owned(), "GET", path, 200, &json!({"id": 1, "status": "sealed"}));
    }
    let file = folder.join("depot.har");
    archive::write(&file, &entries);
    file
}

fn inspected(file: &Path) -> Value {
    let output = offpath(&["inspect", "-q", "--format", "json", file.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Objects of the type, and the paths of operations.
fn told(file: &Path) -> (u64, Vec<String>) {
    let run = inspected(file);
    let parcels = run["objects"].as_array().unwrap().iter().find(|one| one["object_type"] == "parcel").unwrap();
    let operations = run["operations"].as_array().unwrap().iter().map(|one| text(one, "name").to_owned());
    (parcels["objects"].as_u64().unwrap(), operations.collect())
}

/// Findings of a check without a model: rule, who, and the object.
fn found(file: &Path, folder: &Path) -> Vec<String> {
    let run = folder.join("run");
    let output = offpath(&["check", "-q", file.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let findings = lines(&run.join("findings.jsonl"));
    std::fs::remove_dir_all(&run).unwrap();
    findings.iter().map(|finding| format!("{} {}", text(finding, "rule"), object(finding))).collect()
}

#[test]
fn what_begins_paths_tells_tenants_and_each_has_its_own_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["", "/api/v1"] {
        let begins = NAMES.map(|name| format!("{prefix}/{name}"));
        let begins = begins.each_ref().map(String::as_str);
        let file = depot(folder.path(), &begins, &[]);
        let (parcels, operations) = told(&file);
        assert_eq!(parcels, 12, "four of each");
        assert!(operations.contains(&format!("POST {prefix}/{{tenant}}/parcels/{{parcel}}/seal")), "{operations:?}");
        assert_eq!(operations.len(), 4, "{operations:?}");
        assert_eq!(found(&file, folder.path()), [""; 0], "nobody does wrong");
        let told = offpath(&["inspect", "-q", "--explain", "globex/2", file.to_str().unwrap()]);
        let told = stdout(&told);
        assert!(told.contains("Given to   globex-b") && !told.contains("acme"), "{told}");
        // Who is of one tenant and reads another's.
        let other = format!("{prefix}/globex/parcels/2");
        let file = depot(folder.path(), &begins, &[("acme-c", &other)]);
        assert_eq!(found(&file, folder.path()), ["UNLEARNED parcel:globex/2"]);
    }
}

#[test]
fn a_draft_says_that_keys_are_unique_within_the_tenant_that_begins_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = depot(folder.path(), &["/acme", "/globex", "/initech"], &[]);
    let (draft, run) = (folder.path().join("draft.yaml"), folder.path().join("run"));
    let output = offpath(&["mine", "-q", file.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let model = std::fs::read_to_string(&draft).unwrap();
    assert!(model.contains("    within: tenant") && model.contains("    tenant: path.tenant"), "{model}");
    let (file, model) = (file.to_str().unwrap(), draft.to_str().unwrap());
    let output = offpath(&["check", "-q", file, "--model", model, "-o", run.to_str().unwrap(), "--exit-zero"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run: Value = serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(run["measures"]["traces"], 12);
    assert_eq!(run["measures"]["log_fitness"].as_f64(), Some(1.0));
}

#[test]
fn roles_channels_and_languages_that_begin_paths_are_no_tenants() {
    let folder = tempfile::tempdir().unwrap();
    for begins in [["/customers", "/partners"], ["/en", "/de"], ["/mobile", "/web"]] {
        let file = depot(folder.path(), &begins, &[]);
        let (parcels, operations) = told(&file);
        assert_eq!(parcels, 4, "{begins:?} work on the same");
        assert!(operations.iter().all(|operation| !operation.contains("{tenant}")), "{operations:?}");
    }
}
