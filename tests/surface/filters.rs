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
    let output = offpath_in(folder.path(), &["exchanges", "shop.log", "--filter", "session:x"], &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("an exchange has no key `session`"), "{}", stderr(&output));
    // Who acts is what the exchange alone tells, and what is shown does not depend on whether it was asked for.
    let shown = |filter: &str, redact: &str| {
        let args = ["exchanges", "shop.log", "--filter", filter, "--redact", redact];
        stdout(&offpath_in(folder.path(), &args, &[]))
    };
    let anna = shown("actor:anna", "mask");
    assert_eq!(anna.lines().count(), 2);
    assert_eq!(anna, shown("actor:ANN? path:*", "mask"));
    assert_eq!(shown("-actor:anna", "mask").lines().count(), 4);
    assert_eq!(shown("actor:anna", "hash"), "", "a filter sees what outputs show");
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

#[test]
fn a_rule_that_does_not_exist_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let check = |filter: &str| {
        let args = ["check", "shop.log", "--model", "shop.model.yaml", "-o", "run", "--exit-zero", "--filter", filter];
        offpath_in(folder.path(), &args, &[])
    };
    for (filter, hint) in [("rule:SEQ-SKIPP", "did you mean SEQ-SKIP?"), ("-rule:UNKNOWN", "no rule has this id")] {
        let output = check(filter);
        assert_eq!(code(&output), 2, "{filter}");
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
    // Also one that found nothing, and patterns of any case.
    for filter in ["rule:TX-RACE", "rule:seq-*", "rule:*", "-rule:AP-?????NG"] {
        let output = check(filter);
        assert_eq!(code(&output), 0, "{filter}: {}", stderr(&output));
    }
}

#[test]
fn findings_are_filtered_by_tenant() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let model = std::fs::read_to_string(folder.path().join("shop.model.yaml")).unwrap();
    let model = model.replacen("objects:", "actors: {tenant: [log.site]}\nobjects:", 1);
    std::fs::write(folder.path().join("tenants.yaml"), model).unwrap();
    let line = |minute: u32, site: &str, order: &str, step: &str| {
        format!(
            "{{\"time\":\"2026-03-01T10:{minute:02}:00Z\",\"method\":\"POST\",\"path\":\"/orders/{order}{step}\",\
             \"status\":200,\"user\":\"anna\",\"site\":\"{site}\"}}\n"
        )
    };
    let steps = [("north", "o1"), ("south", "o2")];
    let steps = steps.iter().flat_map(|(site, order)| [line(0, site, order, ""), line(1, site, order, "/shipment")]);
    std::fs::write(folder.path().join("sites.jsonl"), steps.collect::<String>()).unwrap();
    for (filter, count) in [("tenant:*", 2), ("tenant:south", 1), ("tenant:west", 0), ("-tenant:south", 1)] {
        let args =
            ["check", "sites.jsonl", "--model", "tenants.yaml", "-o", "sites", "--exit-zero", "--filter", filter];
        let output = offpath_in(folder.path(), &[&args[..], &["--force"]].concat(), &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = lines(&folder.path().join("sites/findings.jsonl"));
        assert_eq!(found.len(), count, "{filter}");
        assert!(found.iter().all(|finding| finding["actor"]["tenant"].is_string()));
    }
}

#[test]
fn a_host_is_the_same_with_any_port() {
    let folder = tempfile::tempdir().unwrap();
    let line = |host: &str, second: u32| {
        format!("{host} 10.0.0.7 - anna [01/Mar/2026:10:00:{second:02} +0000] \"GET /o HTTP/1.1\" 200 5 \"-\" \"x\"\n")
    };
    let hosts = ["shop.example:443", "shop.example:80", "other.example:443"];
    let log: String = hosts.iter().zip(0..).map(|(host, second)| line(host, second)).collect();
    std::fs::write(folder.path().join("hosts.log"), log).unwrap();
    let shown = |filter: &str, redact: &str| {
        let args = ["exchanges", "hosts.log", "--filter", filter, "--redact", redact];
        let shown = stdout(&offpath_in(folder.path(), &args, &[]));
        let host = |line: &str| serde_json::from_str::<Value>(line).unwrap()["host"].as_str().unwrap().to_owned();
        shown.lines().map(host).collect::<Vec<_>>()
    };
    assert_eq!(shown("host:shop.example", "mask"), hosts[..2]);
    assert_eq!(shown("host:shop.example:80", "mask"), hosts[1..2]);
    let hashed = shown("host:*", "hash");
    let [name, again, other] = [0, 1, 2].map(|n: usize| hashed[n].rsplit_once(':').unwrap());
    assert_eq!((name.0, name.1, again.1), (again.0, "443", "80"));
    assert_ne!(name.0, other.0);
}
