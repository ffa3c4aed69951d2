//! HAR files that others wrote, against counts that another reader made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::reading::read_path;

#[derive(Deserialize)]
struct Expected {
    entries: Option<u64>,
}

#[test]
fn every_file_has_the_entries_that_it_should() {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let folder = corpus.join("har");
    let oracle: BTreeMap<String, Expected> =
        serde_json::from_slice(&std::fs::read(folder.join("oracle.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, expected) in &oracle {
        let outcome = read_path(&folder.join(name));
        let jsonp = std::fs::read(folder.join(name)).unwrap().starts_with(b"onInputData(");
        match expected.entries {
            Some(count) if outcome.records() != count || !outcome.errors.is_empty() => {
                wrong.push(format!("{name}: {} of {count}: {:?}", outcome.records(), outcome.errors));
            }
            // The other reader takes no JSONP.
            None if jsonp && outcome.records() > 0 && outcome.errors.is_empty() => {}
            None if outcome.errors.len() != 1 || outcome.records() != 0 => {
                wrong.push(format!(
                    "{name}: expected one clear error: {} entries, {:?}",
                    outcome.records(),
                    outcome.errors
                ));
            }
            _ => {}
        }
        let counted =
            outcome.exchanges.len() as u64 + outcome.not_read("not_http_url") + outcome.not_read("broken_entry");
        assert_eq!(counted, outcome.records(), "{name}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
