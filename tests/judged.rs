//! What each source lets each rule judge, and the reason where it does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{code, offpath, sample, stderr, stdout};

/// The sample from each source: kind of source, file.
const SOURCES: [(&str, &str); 4] =
    [("pcapng", "capture.pcapng.gz"), ("har", "capture.har.gz"), ("json", "access.jsonl"), ("combined", "access.log")];

/// Rule, then what is expected from a capture or HAR, a JSON log, and a combined log: `judged`, the reason why not, or
/// `part:` and the reason why not all.
const WHOLE_MODEL: [(&str, &str, &str, &str); 111] = [
    ("AG-CHAIN", "not_asked", "not_asked", "not_asked"),
    ("AG-LIMIT", "not_asked", "not_asked", "not_asked"),
    ("AG-MANDATE", "not_asked", "not_asked", "not_asked"),
    ("AG-REUSE", "not_asked", "not_asked", "not_asked"),
    ("AG-TOOL", "not_asked", "not_asked", "not_asked"),
    ("AP-AFTER", "judged", "no bodies", "no bodies"),
    ("AP-CHANGED", "judged", "no bodies", "no bodies"),
    ("AP-MISSING", "judged", "no bodies", "no bodies"),
    ("AP-SELF", "judged", "judged", "part: no bodies"),
    ("AP-STALE", "judged", "no bodies", "no bodies"),
    ("CH-MODEL", "not_asked", "not_asked", "not_asked"),
    ("CH-NOREVIEW", "not_asked", "not_asked", "not_asked"),
    ("CH-UNPLANNED", "not_asked", "not_asked", "not_asked"),
    ("CR-AGE", "judged", "no headers", "no headers"),
    ("CR-CONCURRENT", "judged", "no headers", "no headers"),
    ("CR-FAILOK", "judged", "judged", "judged"),
    ("CR-NEWCTX", "idle", "idle", "idle"),
    ("CR-REUSE", "judged", "no headers", "no headers"),
    ("CR-SHARED", "judged", "no headers", "no headers"),
    ("CR-WIDE", "judged", "no headers", "no headers"),
    ("DEF-OPEN", "judged", "no bodies", "no bodies"),
    ("DEL-EXPIRED", "judged", "no headers", "no headers"),
    ("DEL-NOACT", "idle", "no headers", "no headers"),
    ("DEL-SCOPE", "not_asked", "not_asked", "not_asked"),
    ("DEL-TENANT", "not_asked", "not_asked", "not_asked"),
    ("DEL-WIDEN", "idle", "no bodies", "no bodies"),
    ("DR-ACTOR", "not_asked", "not_asked", "not_asked"),
    ("DR-FREQ", "not_asked", "not_asked", "not_asked"),
    ("DR-GONE", "not_asked", "not_asked", "not_asked"),
    ("DR-GUARD", "not_asked", "not_asked", "not_asked"),
    ("DR-NEW", "not_asked", "not_asked", "not_asked"),
    ("DR-UNMODELED", "not_asked", "not_asked", "not_asked"),
    ("DX-QUERY", "judged", "judged", "judged"),
    ("DX-VOLUME", "judged", "judged", "judged"),
    ("ENUM", "judged", "part: user in 1401 of 1500 events only", NOBODYS),
    ("ENV-MIX", "judged", "no headers", "no headers"),
    ("FLOW-CLONE", "judged", "judged", "no times finer than seconds"),
    ("FLOW-PACE", "judged", "judged", "no times finer than seconds"),
    ("FLOW-REUSE", "not_asked", "not_asked", "not_asked"),
    ("FLOW-VOLUME", "judged", "judged", "judged"),
    ("FN-NEW", "judged", "judged", "idle"),
    ("FN-ROLE", "judged", "part: kinds of actors in 354 of 1500 events only", "no roles"),
    ("HITL-AGENT", "not_asked", "not_asked", "not_asked"),
    ("HITL-BATCH", "judged", "idle", "idle"),
    ("HITL-FAST", "not_asked", "not_asked", "not_asked"),
    ("HITL-MISSING", "not_asked", "not_asked", "not_asked"),
    ("ID-HUMANUSE", "judged", "judged", "idle"),
    ("ID-SHARED", "judged", "judged", "judged"),
    ("INT-LOOP", "idle", "idle", "idle"),
    ("INT-PLAIN", "judged", "the wire was not captured", "the wire was not captured"),
    ("INT-RETRY", "judged", "part: no bodies", "part: no bodies"),
    ("INV-DOUBLE", "not_asked", "not_asked", "not_asked"),
    ("INV-HOARD", "not_asked", "not_asked", "not_asked"),
    ("INV-OVERSELL", "not_asked", "not_asked", "not_asked"),
    ("KS-AFTER", "not_asked", "not_asked", "not_asked"),
    ("LG-CLOCK", "judged", "idle", "idle"),
    ("LG-HOLE", "judged", "judged", "judged"),
    ("LG-KEYEVENT", "not_asked", "not_asked", "not_asked"),
    ("LG-NOCORR", "idle", "idle", "idle"),
    ("MA-CHAIN", "not_asked", "not_asked", "not_asked"),
    ("MA-GAP", "idle", "idle", "idle"),
    ("MA-LOOP", "idle", "idle", "idle"),
    ("MCP-MISMATCH", "not_asked", "not_asked", "not_asked"),
    ("MCP-RUG", "not_asked", "not_asked", "not_asked"),
    ("MCP-SHADOW", "idle", "idle", "idle"),
    ("OPS-FAIL", "idle", "idle", "judged"),
    ("OPS-SPIKE", "judged", "judged", "judged"),
    ("OPS-STUCK", "judged", "judged", "judged"),
    ("OWN", "judged", "judged", "no roles"),
    ("PAR-AFTEREND", "not_asked", "not_asked", "not_asked"),
    ("PAR-CALLBACK", "not_asked", "not_asked", "not_asked"),
    ("PAR-SCOPE", "not_asked", "not_asked", "not_asked"),
    ("PERM-ADMIN", "judged", "judged", "idle"),
    ("PERM-UNUSED", "idle", "idle", "idle"),
    ("PERM-WILDCARD", "idle", "no headers", "no headers"),
    ("POLLUTE", "judged", "judged", "judged"),
    ("PROC-ALT", "judged", "no bodies", "no bodies"),
    ("PROC-SHADOW", "idle", "idle", "idle"),
    ("PROC-ZOMBIE", "idle", "idle", "idle"),
    ("PROP-READ", "judged", "no bodies", "no bodies"),
    ("PROP-WRITE", "judged", "no bodies", "no bodies"),
    ("PROV-EARLY", "not_asked", "not_asked", "not_asked"),
    ("PROV-RESIDUE", "not_asked", "not_asked", "not_asked"),
    ("RULE-GUARD", "judged", "part: no bodies", "part: no bodies"),
    ("RULE-UNEQUAL", "judged", "judged", "judged"),
    ("SEC-ALGNONE", "judged", "no headers", "no headers"),
    ("SEC-INBODY", "judged", "no bodies", "no bodies"),
    ("SEC-INURL", "judged", "judged", "judged"),
    ("SEC-LONG", "part: no tokens that tell their beginning and end", "no headers", "no headers"),
    ("SEC-NOROTATE", "idle", "no headers", "no headers"),
    ("SEQ-DIRECT", "judged", "part: no bodies", "part: no bodies"),
    ("SEQ-ORDER", "judged", "part: no bodies", "part: no bodies"),
    ("SEQ-REPEAT", "judged", "part: no bodies", "part: no idempotency keys"),
    ("SEQ-SKIP", "judged", "part: no bodies", "part: no bodies"),
    ("SOD", "judged", "judged", "part: no bodies"),
    ("ST-DIVERGE", "judged", "no bodies", "no bodies"),
    ("ST-FIELD", "judged", "no bodies", "no bodies"),
    ("ST-ILLEGAL", "judged", "part: no bodies", "part: no bodies"),
    ("ST-ORPHAN", "judged", "part: no bodies", "part: no bodies"),
    ("SUB-CYCLE", "not_asked", "not_asked", "not_asked"),
    ("SUB-SELFUPGRADE", "not_asked", "not_asked", "not_asked"),
    ("SUB-TRIAL", "not_asked", "not_asked", "not_asked"),
    ("TEN-CROSS", "judged", "judged", "no tenants"),
    ("TEN-MIX", "judged", "judged", "no tenants"),
    ("TX-CONSERVE", "judged", "no bodies", "no bodies"),
    ("TX-MISMATCH", "judged", "no bodies", "no bodies"),
    ("TX-NEG", "judged", "no bodies", "no bodies"),
    ("TX-RACE", "judged", "part: no bodies", "no measured durations"),
    ("TX-REPLAY", "judged", "no bodies", "no idempotency keys"),
    ("TX-SPLIT", "judged", "no bodies", "no bodies"),
    ("UNLEARNED", "not_asked", "not_asked", "not_asked"),
];

/// What only packets show.
const NO_WIRE: &str = "the wire was not captured";

const NOBODYS: &str = "nobody else was seen with most of what was used: to whom it belongs is not known";
/// Rules that need no model and are judged beside one as well.
const WITHOUT_MODEL: &str = "CR-*,DEF-OPEN,DEL-EXPIRED,DEL-NOACT,DEL-WIDEN,DX-*,ENUM,ENV-*,FLOW-CLONE,FLOW-PACE,FN-NEW,ID-*,INT-*,LG-*,MA-GAP,MA-LOOP,MCP-SHADOW,OPS-*,PERM-*,POLLUTE,PROC-SHADOW,PROC-ZOMBIE,PROP-*,RULE-UNEQUAL,SEC-*,UNLEARNED";

/// Two activities and nothing demanded of them: only what needs no model is judged, and nothing else is missed.
const SMALL_MODEL: &str = "offpath: 1
workflow: {id: small, version: 1}
objects: {order: {key: [path.orderId, res.order.id]}}
activities:
  create: {http: POST /orders, object: order}
  pay:    {http: \"POST /orders/{orderId}/pay\", object: order}
";

struct Run {
    _folder: tempfile::TempDir,
    summary: Value,
    screen: String,
}

fn run(inputs: &[PathBuf], model: Option<&Path>, extra: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut args = vec!["check", "--exit-zero", "-q", "-o", out.to_str().unwrap()];
    args.extend(inputs.iter().map(|input| input.to_str().unwrap()));
    args.extend(model.iter().flat_map(|model| ["--model", model.to_str().unwrap()]));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    Run { summary, screen: stdout(&output), _folder: folder }
}

impl Run {
    fn rules(&self) -> &[Value] {
        self.summary["rules"].as_array().unwrap()
    }

    /// How a rule fared in a source, in the words of the table.
    fn fared(rule: &Value, source: &str) -> String {
        let status = rule["status"].as_str().unwrap();
        match rule["blind"].get(source) {
            Some(blind) => {
                // Where the model looks for roles is its own matter.
                let why = blind["why"].as_str().unwrap();
                let why = if why.starts_with("no roles at `") { "no roles" } else { why };
                if blind["partly"] == true { format!("part: {why}") } else { why.to_owned() }
            }
            None if status == "evaluated" => "judged".to_owned(),
            None => status.to_owned(),
        }
    }

    /// The paragraph of a label, as one line a reason.
    fn not_judged(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let block = self.screen.lines().skip_while(|line| !line.starts_with("Not judged"));
        for line in block.take_while(|line| line.starts_with("Not judged") || line.starts_with("           ")) {
            let text = line.get(11..).unwrap();
            match lines.last_mut() {
                Some(last) if !text.contains(':') => *last = format!("{last} {text}"),
                _ => lines.push(text.to_owned()),
            }
        }
        lines
    }
}

#[test]
fn every_rule_says_what_each_source_lets_it_judge() {
    let model = sample().join("model.yaml");
    for (source, file) in SOURCES {
        let run = run(&[sample().join(file)], Some(&model), &[]);
        for (rule, (id, packets, json, combined)) in run.rules().iter().zip(WHOLE_MODEL) {
            assert_eq!(rule["id"], id);
            let expected = match source {
                "json" => json,
                "combined" => combined,
                "har" if id == "INT-PLAIN" => NO_WIRE,
                _ => packets,
            };
            assert_eq!(Run::fared(rule, source), expected, "{id} from {source}: {rule}");
        }
        let lines = run.not_judged();
        assert!(lines.len() <= 9, "{source}: {lines:#?}");
        // The sessions of some have no tokens; an archive has no wire.
        let few = matches!(source, "pcapng" | "har");
        assert_eq!(lines.len() <= 3, few, "{source}: {lines:#?}");
    }
}

#[test]
fn what_the_model_does_not_ask_for_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("small.yaml");
    fs::write(&model, SMALL_MODEL).unwrap();
    for (source, file) in SOURCES {
        let run = run(&[sample().join(file)], Some(&model), &["--ignore", WITHOUT_MODEL]);
        for rule in run.rules().iter().filter(|rule| rule["status"] != "not_selected") {
            let expected = match (rule["id"].as_str().unwrap(), source) {
                ("ST-ORPHAN", _) | ("TX-REPLAY" | "TX-MISMATCH", "pcapng" | "har") => "judged",
                ("TX-REPLAY", "json") => "no bodies",
                ("TX-REPLAY", _) => "no idempotency keys",
                _ => "not_asked",
            };
            assert_eq!(Run::fared(rule, source), expected, "{source}: {rule}");
        }
        let expected: &[&str] = match source {
            "json" => &["no bodies (json): TX-REPLAY", "not selected: 48 rules"],
            "combined" => &["no idempotency keys (combined): TX-REPLAY", "not selected: 48 rules"],
            _ => &["not selected: 48 rules"],
        };
        assert_eq!(run.not_judged(), expected, "{source}");
        let missed = run.screen.contains("could not be evaluated");
        assert_eq!(missed, expected.len() > 1, "{source}: {}", run.screen);
    }
}

#[test]
fn two_sources_are_told_apart() {
    // A log of the same days shows nothing that the archive does not, and would be left out.
    let folder = tempfile::tempdir().unwrap();
    let later = folder.path().join("later.log");
    let lines = fs::read_to_string(sample().join("access.log")).unwrap();
    fs::write(&later, lines.replace("/2026:", "/2027:")).unwrap();
    let inputs = [sample().join("capture.har.gz"), later];
    let run = run(&inputs, Some(&sample().join("model.yaml")), &[]);
    let role = run.rules().iter().find(|r| r["id"] == "FN-ROLE").unwrap();
    assert_eq!((role["status"].as_str(), Run::fared(role, "har").as_str()), (Some("evaluated"), "judged"));
    assert_eq!(Run::fared(role, "combined"), "no roles");
    assert!(role["not_evaluated"].is_null());
}

#[test]
fn rules_that_were_not_selected_are_not_called_impossible() {
    let model = sample().join("model.yaml");
    let run = run(&[sample().join("access.log")], Some(&model), &["--select", "SOD,FLOW-*"]);
    let status = |id: &str| run.rules().iter().find(|r| r["id"] == id).unwrap()["status"].clone();
    assert_eq!((status("SOD"), status("TX-SPLIT")), ("evaluated".into(), "not_selected".into()));
    assert_eq!(
        run.not_judged(),
        [
            "no times finer than seconds (combined): FLOW-CLONE, FLOW-PACE",
            "in part, no bodies (combined): SOD",
            "not selected: 106 rules"
        ]
    );
    let screen = run.screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains("2 rules could not be evaluated"), "{screen}");
}

/// A log of an order that is approved and paid by some user, and a model in which duties must be apart.
fn duties(log: &Path, model: &Path, user: &str, apart: &str) {
    let line = |minute: u32, path: &str| {
        format!(
            "10.0.0.7 - {user} [01/Mar/2026:10:{minute:02}:00 +0000] \"POST {path} HTTP/1.1\" 200 5 \"-\" \"curl\"\n"
        )
    };
    let steps = ["/orders/o1", "/orders/o1/approval", "/orders/o1/payment"];
    fs::write(log, (0..).zip(steps).map(|(minute, path)| line(minute, path)).collect::<String>()).unwrap();
    let text = "offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: path.order}}
activities:
  create:  {http: \"POST /orders/{order}\", object: order}
  approve: {http: \"POST /orders/{order}/approval\", object: order}
  pay:     {http: \"POST /orders/{order}/payment\", object: order}
constraints:
  - {id: first, require: approve, before: pay, per: order}
  - {id: duties, distinct_persons: [APART], per: order}
";
    fs::write(model, text.replace("APART", apart)).unwrap();
}

#[test]
fn a_log_without_users_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (log, model) = (folder.path().join("shop.log"), folder.path().join("model.yaml"));
    duties(&log, &model, "-", "create, approve, pay");
    let run = run(&[log], Some(&model), &[]);
    let lines = run.not_judged();
    assert!(lines.contains(&"no user (combined): AP-SELF, ENUM, SOD, UNLEARNED".to_owned()), "{lines:#?}");
    let missing = run.rules().iter().find(|r| r["id"] == "AP-MISSING").unwrap();
    assert_eq!(Run::fared(missing, "combined"), "judged", "{missing}");
}

/// An archive of a cookie session: a login that tells a role or none, and a step that only some may take.
fn session(file: &Path, role: Option<&str>) {
    let entry = |minute: u32, path: &str, cookie: (&str, &str), set: Option<&str>, answer: &Value| {
        let headers = serde_json::json!([{"name": cookie.0, "value": cookie.1}, {"name": "content-type", "value": "application/json"}]);
        let set = set.map(|set| serde_json::json!({"name": "Set-Cookie", "value": set}));
        serde_json::json!({
            "startedDateTime": format!("2026-03-01T10:{minute:02}:00.000Z"), "time": 5,
            "request": {"method": "POST", "url": format!("https://sign.example{path}"), "httpVersion": "HTTP/1.1", "headers": headers,
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 2,
                "postData": {"mimeType": "application/json", "text": "{\"password\":\"x\"}"}},
            "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": set.into_iter().collect::<Vec<_>>(),
                "cookies": [], "content": {"size": 20, "mimeType": "application/json", "text": answer.to_string()},
                "redirectURL": "", "headersSize": -1, "bodySize": 20},
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1},
        })
    };
    let mut user = serde_json::json!({"id": "anna"});
    role.into_iter().for_each(|role| user["role"] = role.into());
    let sid = "sid=kq81mz02pf93xw74";
    let entries = [
        entry(0, "/login", ("accept", "*/*"), Some(sid), &serde_json::json!({"user": user})),
        entry(1, "/documents/d1/send", ("Cookie", sid), None, &serde_json::json!({"ok": true})),
    ];
    let log =
        serde_json::json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(file, log.to_string()).unwrap();
}

/// Why no role is judged where the model is to blame, and not the source.
const NO_PLACE: &str = "the model does not say where roles are: `actors: {roles: {from: PATH}}`";

#[test]
fn a_role_that_nothing_shows_is_not_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let (har, model) = (folder.path().join("sign.har"), folder.path().join("model.yaml"));
    let text = "offpath: 1
workflow: {id: sign, version: 1}
actors: {identify: [cookie.sid@login], roles: {from: res.user.role}}
objects: {document: {key: path.document}}
activities:
  login: {http: POST /login, bind: {cookie.sid: res.user.id}}
  send:  {http: \"POST /documents/{document}/send\", object: document}
lifecycles:
  document:
    states: {none: initial, sent: final}
    transitions: [{activity: send, from: none, to: sent, by: [sender]}]
";
    let role = |run: &Run| run.rules().iter().find(|rule| rule["id"] == "FN-ROLE").unwrap().clone();
    for (text, told, findings, fared) in [
        (text.to_owned(), Some("viewer"), 1, "judged"),
        (text.to_owned(), Some("sender"), 0, "judged"),
        (text.to_owned(), None, 0, "no roles"),
        (text.replace(", roles: {from: res.user.role}", ""), Some("viewer"), 0, NO_PLACE),
        (text.replace("[sender]", "[service]"), None, 1, "judged"),
    ] {
        session(&har, told);
        fs::write(&model, &text).unwrap();
        let run = run(std::slice::from_ref(&har), Some(&model), &[]);
        let rule = role(&run);
        assert_eq!(
            (rule["findings"].as_u64().unwrap(), Run::fared(&rule, "har").as_str()),
            (findings, fared),
            "{told:?}"
        );
        let why =
            if fared == "no roles" { "no roles at `res.user.role`, where the model looks for them" } else { fared };
        let listed = run.not_judged().contains(&format!("{why} (har): FN-ROLE"));
        assert_eq!(listed, fared != "judged", "{:#?}", run.not_judged());
        assert_eq!(rule["by_source"]["har"][0].as_u64().unwrap(), u64::from(!listed), "{rule}");
    }
}

#[test]
fn a_log_without_kinds_of_actors_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (log, model) = (folder.path().join("shop.log"), folder.path().join("model.yaml"));
    let line = "10.0.0.7 - anna [01/Mar/2026:10:00:00 +0000] \"POST /orders/o1 HTTP/1.1\" 200 5 \"-\" \"curl\"\n";
    fs::write(&log, line).unwrap();
    fs::write(
        &model,
        "offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: path.order}}
activities: {create: {http: \"POST /orders/{order}\", object: order}}
lifecycles:
  order:
    states: {none: initial, new: final}
    transitions: [{activity: create, from: none, to: new, by: [service]}]
",
    )
    .unwrap();
    let run = run(&[log], Some(&model), &[]);
    assert!(run.not_judged().contains(&"no kinds of actors (combined): FN-ROLE".to_owned()), "{:#?}", run.not_judged());
}

#[test]
fn duties_that_were_judged_as_self_approval_are_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let (log, model) = (folder.path().join("shop.log"), folder.path().join("model.yaml"));
    duties(&log, &model, "anna", "create, approve");
    let run = run(&[log], Some(&model), &[]);
    let rule = |id: &str| run.rules().iter().find(|r| r["id"] == id).unwrap();
    assert_eq!(rule("AP-SELF")["findings"].as_u64(), Some(1));
    let lines = run.not_judged();
    assert!(!lines.iter().any(|line| line.contains("SOD")), "{lines:#?}");
}
