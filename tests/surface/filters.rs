//! `--filter` on every command.

use serde_json::Value;

use crate::support::{code, lines, stderr, stdout};
use crate::{offpath_in, shop};

#[test]
fn exchanges_are_filtered_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    for (filter, count) in [("status:404", 1), ("-status:404 path:/orders/*", 5), ("time:2026-03-01T11:00:00Z..", 3)] {
        let output = offpath_in(folder.path(), &["exchanges", "shop.log", "--filter", filter], &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(stdout(&output).lines().count(), count, "{filter}");
    }
    let output = offpath_in(folder.path(), &["exchanges", "shop.log", "--filter", "status:500"], &[]);
    assert_eq!((code(&output), stdout(&output).as_str()), (4, ""));
    let output = offpath_in(folder.path(), &["exchanges", "shop.log", "--filter", "actor:anna"], &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("an exchange has no key `actor`"), "{}", stderr(&output));
}

#[test]
fn inspect_and_mine_look_at_the_events_that_fit() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let summary = |args: &[&str]| -> Value {
        let output = offpath_in(folder.path(), args, &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let model = ["--model", "shop.model.yaml", "--format", "json"];
    for command in ["inspect", "mine"] {
        let all = summary(&[&[command, "shop.log"], &model[..]].concat());
        let some = summary(&[&[command, "shop.log", "--filter", "actor:anna"], &model[..]].concat());
        assert_eq!((all["events"].as_u64(), some["events"].as_u64()), (Some(6), Some(2)), "{command}");
        assert_eq!(some["exchanges"], 6, "what was read is what was read");
        let names: Vec<&str> =
            some["operations"].as_array().unwrap().iter().map(|o| o["activity"].as_str().unwrap()).collect();
        assert_eq!(names, ["create", "pay"], "{command}");
        assert_eq!(some["options"]["filter"], "actor:anna");
        // A filter that all events fit changes no count of them.
        let same = summary(&[&[command, "shop.log", "--filter", "time:2026-03-01"], &model[..]].concat());
        for key in ["operations", "unmatched", "actors", "events", "cases"] {
            assert_eq!(all[key], same[key], "{command} {key}");
        }
    }
    let none = offpath_in(folder.path(), &["inspect", "shop.log", "--filter", "actor:nobody"], &[]);
    assert_eq!(code(&none), 4, "{}", stderr(&none));
}

#[test]
fn check_judges_everything_and_filters_what_it_reports() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let check = |filter: &str| {
        let args =
            ["check", "shop.log", "--model", "shop.model.yaml", "--fail-on", "low", "-o", "run", "--filter", filter];
        let output = offpath_in(folder.path(), &args, &[]);
        (code(&output), stdout(&output), lines(&folder.path().join("run/findings.jsonl")).len())
    };
    let (exit, text, count) = check("rule:SEQ-SKIP object:ord_102");
    assert_eq!((exit, count), (1, 1), "{text}");
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains("only what fits the filter is shown"), "{text}");
    // Anna's events alone would be an order that nobody shipped: judged is the whole.
    let (exit, text, count) = check("actor:anna");
    assert_eq!((exit, count), (0, 0), "{text}");
    let summary: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("run/run.json")).unwrap()).unwrap();
    assert_eq!(summary["events"], 6);
    assert_eq!(summary["options"]["filter"], "actor:anna");
    assert!(summary["rules"].as_array().unwrap().iter().all(|rule| rule["findings"] == 0));
}

#[test]
fn show_filters_the_timeline() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let run = offpath_in(
        folder.path(),
        &["check", "shop.log", "--model", "shop.model.yaml", "-o", "run", "--exit-zero"],
        &[],
    );
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let shown = |filter: &str| {
        stdout(&offpath_in(folder.path(), &["show", "order:ord_101", "--run", "run", "--filter", filter], &[]))
    };
    assert!(shown("actor:depot").contains("ship") && !shown("actor:depot").contains("pay"), "{}", shown("actor:depot"));
    assert!(shown("activity:pay").contains("pay"));
    for subject in [&["show"][..], &["show", "gaps"]] {
        let args: Vec<&str> = subject.iter().copied().chain(["--run", "run", "--filter", "actor:depot"]).collect();
        let refused = offpath_in(folder.path(), &args, &[]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains("name a case"), "{}", stderr(&refused));
    }
}

#[test]
fn an_unknown_key_is_a_mistake_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    for (command, near) in [("inspect", "actor"), ("mine", "actor"), ("check", "actor"), ("show", "actor")] {
        let output = offpath_in(folder.path(), &[command, "shop.log", "--filter", "acter:anna"], &[]);
        assert_eq!(code(&output), 2, "{command}");
        assert!(stderr(&output).contains(&format!("did you mean `{near}`?")), "{command}: {}", stderr(&output));
    }
}

#[test]
fn a_date_is_the_whole_day() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let on = |command: &'static str, day: &str| {
        offpath_in(folder.path(), &[command, "shop.log", "--from", day, "--to", day, "--format", "json"], &[])
    };
    let all = stdout(&offpath_in(folder.path(), &["inspect", "shop.log", "--format", "json"], &[]));
    let events = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["events"].as_u64().unwrap();
    let day = on("inspect", "2026-03-01");
    assert_eq!((code(&day), events(&stdout(&day))), (0, events(&all)));
    for command in ["inspect", "mine"] {
        let other = on(command, "2031-01-01");
        assert_eq!(code(&other), 4, "{command}");
        assert!(stderr(&other).contains("between --from and --to"), "{command}: {}", stderr(&other));
    }
    let other = offpath_in(
        folder.path(),
        &["check", "shop.log", "--model", "shop.model.yaml", "-o", "run", "--from", "2031-01-01"],
        &[],
    );
    assert_eq!(code(&other), 4);
    assert!(stderr(&other).contains("between --from and --to"), "{}", stderr(&other));
}
