//! One process as APIs of different styles speak it: its draft is mined from clean traffic, clean traffic fits the draft,
//! and a life without its approval is told of. Nothing but the style differs.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::archive::{check, told, write};
use support::{code, counts, offpath, stderr, token};

/// What is done, in this order; a list of the latest shows them.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Make,
    List,
    View,
    Approve,
    Ship,
}

const STEPS: [Step; 5] = [Step::Make, Step::List, Step::View, Step::Approve, Step::Ship];

/// A request with its answer: method, target, body sent, status, body answered.
type Call = (&'static str, String, Value, u16, Value);

/// A style of APIs.
struct Dialect {
    name: &'static str,
    /// The type of what is made.
    kind: &'static str,
    /// How one is called.
    key: fn(u64) -> String,
    /// Whether it is told who uses one that he was never given: who knows one key can guess another, and the path names it.
    guessable: bool,
    call: fn(Step, u64) -> Call,
}

const DIALECTS: [Dialect; 14] = [
    Dialect { name: "OData 2", kind: "sales_order", key: number, guessable: true, call: odata_2 },
    Dialect { name: "OData 4", kind: "order", key: number, guessable: true, call: odata_4 },
    Dialect { name: "PostgREST", kind: "order", key: number, guessable: true, call: postgrest },
    Dialect { name: "verbs behind colons", kind: "order", key: number, guessable: true, call: colons },
    Dialect { name: "formats behind dots", kind: "order", key: number, guessable: true, call: formats },
    Dialect { name: "parts behind a plural", kind: "order", key: number, guessable: true, call: parts },
    Dialect { name: "codes in parts of parts", kind: "order", key: code_of, guessable: false, call: codes },
    Dialect { name: "numbers beside ids", kind: "order", key: number, guessable: true, call: numbers },
    Dialect { name: "keys beside ids", kind: "order", key: key_of, guessable: true, call: keys },
    Dialect { name: "states by number", kind: "issue", key: number, guessable: true, call: state_numbers },
    Dialect { name: "states with members", kind: "flow_run", key: run_of, guessable: false, call: state_members },
    Dialect { name: "JSON:API", kind: "order", key: number, guessable: true, call: json_api },
    Dialect { name: "verbs behind nouns", kind: "order", key: number, guessable: false, call: verbs },
    Dialect { name: "forms", kind: "order", key: number, guessable: true, call: forms },
];

fn state(step: Step) -> &'static str {
    match step {
        Step::Make | Step::List | Step::View => "new",
        Step::Approve => "approved",
        Step::Ship => "shipped",
    }
}

fn numbers(step: Step, id: u64) -> Call {
    let all = "/api/v4/projects/55/orders";
    let one = format!("{all}/{id}");
    let shown = json!({"id": 880_000 + 7 * id, "iid": id, "project_id": 55, "state": state(step)});
    let listed = || latest(id, |id| json!({"id": 880_000 + 7 * id, "iid": id}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"title": "x"}), 201, shown),
        Step::List => ("GET", format!("{all}?per_page=3"), Value::Null, 200, listed().into()),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/approve", json!({}), 200, shown),
        Step::Ship => ("PUT", one + "/ship", json!({}), 200, shown),
    }
}

fn keys(step: Step, id: u64) -> Call {
    let all = "/rest/api/3/order";
    let one = format!("{all}/SALES-{id}");
    let shown = json!({"id": (10_000 + 3 * id).to_string(), "key": format!("SALES-{id}"), "status": state(step)});
    let listed = || latest(id, |id| json!({"id": (10_000 + 3 * id).to_string(), "key": format!("SALES-{id}")}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"fields": {"summary": "x"}}), 201, shown),
        Step::List => ("GET", format!("{all}?maxResults=3"), Value::Null, 200, json!({"orders": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/approval", json!({}), 200, shown),
        Step::Ship => ("POST", one + "/shipment", json!({}), 200, shown),
    }
}

fn key_of(id: u64) -> String {
    format!("SALES-{id}")
}

fn number(id: u64) -> String {
    id.to_string()
}

/// Five letters.
fn code_of(id: u64) -> String {
    let letter = |at: u32| char::from(b'A' + (id * 7_919 / 23_u64.pow(at) % 23) as u8);
    (0..5).map(letter).collect()
}

/// The latest three, each as it is shown.
fn latest(id: u64, show: impl Fn(u64) -> Value) -> Vec<Value> {
    (id.saturating_sub(2).max(FIRST)..=id).rev().map(show).collect()
}

fn odata_2(step: Step, id: u64) -> Call {
    let all = "/sap/opu/odata/sap/ZSALES_SRV/SalesOrders";
    let one = format!("{all}('{id}')");
    let shown = json!({"d": {"SalesOrderID": id.to_string(), "Status": state(step)}});
    let listed = || latest(id, |id| json!({"SalesOrderID": id.to_string()}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"Customer": "C1"}), 201, shown),
        Step::List => ("GET", format!("{all}?$top=3"), Value::Null, 200, json!({"d": {"results": listed()}})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/Approve", json!({}), 200, shown),
        Step::Ship => ("POST", one + "/Ship", json!({}), 200, shown),
    }
}

fn odata_4(step: Step, id: u64) -> Call {
    let all = "/odata/v4/Orders";
    let one = format!("{all}({id})");
    let shown = json!({"@odata.context": "$metadata#Orders/$entity", "ID": id, "Status": state(step)});
    let listed = || latest(id, |id| json!({"ID": id}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"Amount": 5}), 201, shown),
        Step::List => ("GET", format!("{all}?$top=3"), Value::Null, 200, json!({"value": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/Sales.Approve", json!({}), 200, shown),
        Step::Ship => ("POST", one + "/Sales.Ship", json!({}), 200, shown),
    }
}

fn postgrest(step: Step, id: u64) -> Call {
    let all = "/rest/v1/orders";
    let one = format!("{all}?id=eq.{id}&select=*");
    let shown = json!([{"id": id, "status": state(step)}]);
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"amount": 5}), 201, shown),
        Step::List => ("GET", format!("{all}?order=id.desc&limit=3"), Value::Null, 200, listed().into()),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("PATCH", one, json!({"approved": true}), 200, shown),
        Step::Ship => ("POST", "/rest/v1/rpc/ship_order".to_owned(), json!({"order_id": id}), 200, shown),
    }
}

fn colons(step: Step, id: u64) -> Call {
    let all = "/v1/orders";
    let one = format!("{all}/{id}");
    let shown = json!({"id": id, "state": state(step)});
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => ("POST", all.to_owned(), json!({"amount": 5}), 200, shown),
        Step::List => ("GET", all.to_owned(), Value::Null, 200, json!({"orders": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + ":approve", json!({}), 200, shown),
        Step::Ship => ("POST", one + ":ship", json!({}), 200, shown),
    }
}

fn formats(step: Step, id: u64) -> Call {
    let all = "/admin/orders";
    let shown = json!({"order": {"id": id, "status": state(step)}});
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => ("POST", format!("{all}.json"), json!({"order": {"amount": 5}}), 201, shown),
        Step::List => ("GET", format!("{all}.json"), Value::Null, 200, json!({"orders": listed()})),
        Step::View => ("GET", format!("{all}/{id}.json"), Value::Null, 200, shown),
        Step::Approve => ("POST", format!("{all}/{id}/approve.json"), json!({}), 200, shown),
        Step::Ship => ("POST", format!("{all}/{id}/ship.json"), json!({}), 200, shown),
    }
}

fn parts(step: Step, id: u64) -> Call {
    let all = format!("/admin/realms/{}/orders", ["acme", "default", "globex"][id as usize % 3]);
    let one = format!("{all}/{id}");
    let shown = json!({"id": id, "status": state(step)});
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => ("POST", all, json!({"amount": 5}), 201, shown),
        Step::List => ("GET", all, Value::Null, 200, json!({"orders": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/approval", json!({}), 200, shown),
        Step::Ship => ("POST", one + "/shipment", json!({}), 200, shown),
    }
}

fn codes(step: Step, id: u64) -> Call {
    let (host, event) = (["acme", "globex"][id as usize % 2], ["fair", "fest"][id as usize / 2 % 2]);
    let all = format!("/api/v1/organizers/{host}/events/{event}/orders");
    let one = format!("{all}/{}", code_of(id));
    let shown = json!({"code": code_of(id), "status": state(step), "positions": [{"id": 3 * id, "item": 2}]});
    let listed = || latest(id, |id| json!({"code": code_of(id)}));
    match step {
        Step::Make => ("POST", all + "/", json!({"item": 5}), 201, shown),
        Step::List => ("GET", all + "/", Value::Null, 200, json!({"results": listed()})),
        Step::View => ("GET", one + "/", Value::Null, 200, shown),
        Step::Approve => ("POST", one + "/mark_paid/", json!({}), 200, shown),
        Step::Ship => ("POST", one + "/dispatch/", json!({}), 200, shown),
    }
}

/// Whoever changes a state sends the number that it has; nothing is answered.
fn state_numbers(step: Step, id: u64) -> Call {
    let one = format!("/issues/{id}.json");
    let shown = |number: u64| json!({"issue": {"id": id, "status": {"id": number, "name": "s"}, "priority_id": 2}});
    let change = |number: u64| ("PUT", one.clone(), json!({"issue": {"status_id": number}}), 204, Value::Null);
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => {
            ("POST", "/issues.json".into(), json!({"issue": {"subject": "x", "priority_id": 2}}), 201, shown(1))
        }
        Step::List => ("GET", "/issues.json?sort=id".into(), Value::Null, 200, json!({"issues": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown(1)),
        Step::Approve => change(2),
        Step::Ship => change(5),
    }
}

/// Everything is posted, the last word of the path says what for, and the body holds the id.
fn verbs(step: Step, id: u64) -> Call {
    let done = |data: Value| json!({"code": 0, "message": "success", "data": data});
    let post = |verb: &str, sent: Value, data: Value| ("POST", format!("/api/order/{verb}"), sent, 200, done(data));
    let shown = json!({"id": id, "status": state(step)});
    let listed = || latest(id, |id| json!({"id": id}));
    match step {
        Step::Make => post("create", json!({"sku": "x"}), shown),
        Step::List => post("list", json!({"page": 1}), json!({"list": listed(), "total": 3})),
        Step::View => ("GET", format!("/api/order/detail?id={id}"), Value::Null, 200, done(shown)),
        Step::Approve => post("approve", json!({"id": id}), shown),
        Step::Ship => post("ship", json!({"id": id}), shown),
    }
}

fn run_of(id: u64) -> String {
    format!("{:08x}-7c1d-4e6f-9a0b-{:012x}", id.wrapping_mul(2_654_435_761) as u32, id * 7_919_000_003)
}

/// One call sets any state; what is made has the name of the call that makes it, and lists are asked for by a POST.
fn state_members(step: Step, id: u64) -> Call {
    let one = format!("/api/flow_runs/{}", run_of(id));
    let deployment = run_of(7 + id % 2);
    let shown = json!({"id": run_of(id), "name": "x", "deployment_id": deployment});
    let change = |kind: &str| ("POST", format!("{one}/set_state"), json!({"state": {"type": kind}}), 201, Value::Null);
    let listed = || latest(id, |id| json!({"id": run_of(id), "name": "x"}));
    match step {
        Step::Make => ("POST", format!("/api/deployments/{deployment}/create_flow_run"), json!({}), 201, shown),
        Step::List => ("POST", "/api/flow_runs/filter".to_owned(), json!({"limit": 3}), 200, listed().into()),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => change("PENDING"),
        Step::Ship => change("RUNNING"),
    }
}

fn json_api(step: Step, id: u64) -> Call {
    let one = format!("/orders/{id}");
    let data = |attributes: Value| json!({"data": {"type": "orders", "id": id.to_string(), "attributes": attributes}});
    let shown = data(json!({"status": state(step)}));
    let change = |state: &str| ("PATCH", one.clone(), data(json!({"status": state})), 200, shown.clone());
    let listed = || latest(id, |id| json!({"type": "orders", "id": id.to_string()}));
    match step {
        Step::Make => {
            let sent = json!({"data": {"type": "orders", "attributes": {"amount": 5}}});
            ("POST", "/orders".to_owned(), sent, 201, shown)
        }
        Step::List => ("GET", "/orders?page[size]=3".to_owned(), Value::Null, 200, json!({"data": listed()})),
        Step::View => ("GET", one, Value::Null, 200, shown),
        Step::Approve => change("approved"),
        Step::Ship => change("shipped"),
    }
}

/// Pages and their forms, which say by a field what their POST stands for.
fn forms(step: Step, id: u64) -> Call {
    let one = format!("/orders/{id}");
    let change = |state: &str| {
        let sent = format!("_method=patch&authenticity_token=x&order%5Bstatus%5D={state}&commit=Save");
        ("POST", one.clone(), sent.into(), 302, one.clone().into())
    };
    let page = |ids: &[String]| {
        let links = ids.iter().map(|id| format!("<a href=\"/orders/{id}\">order</a>"));
        Value::from(format!("<html><body>{}</body></html>", links.collect::<String>()))
    };
    match step {
        Step::Make => {
            let sent = "authenticity_token=x&order%5Bamount%5D=5&commit=Create";
            ("POST", "/orders".to_owned(), sent.into(), 302, one.into())
        }
        Step::List => {
            let ids: Vec<String> = (id.saturating_sub(2).max(FIRST)..=id).map(number).collect();
            ("GET", "/orders".to_owned(), Value::Null, 200, page(&ids))
        }
        Step::View => ("GET", one, Value::Null, 200, page(&[number(id)])),
        Step::Approve => change("approved"),
        Step::Ship => change("shipped"),
    }
}

/// A body with its type: text is a form where it is sent, and a page where it is answered.
fn body(body: &Value, plain: &str) -> (String, String) {
    match body {
        Value::Null => (plain.to_owned(), String::new()),
        Value::String(text) => (plain.to_owned(), text.clone()),
        json => ("application/json".to_owned(), json.to_string()),
    }
}

/// An entry of an archive. The answer of a redirect is where it leads.
fn entry((method, target, sent, status, answer): Call, second: u64, who: &str) -> Value {
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    let bearer = format!("Bearer {}", token(&format!(r#"{{"sub":"{who}"}}"#)));
    let (media, text) = body(&sent, "application/x-www-form-urlencoded");
    let mut request = json!({
        "method": method, "url": format!("https://api.example{target}"), "httpVersion": "HTTP/1.1",
        "headers": [header("Authorization", &bearer), header("Content-Type", &media)],
        "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
    });
    if !sent.is_null() {
        request["postData"] = json!({"mimeType": media, "text": text});
    }
    let (media, text) = body(&answer, "text/html");
    let mut headers = vec![header("Content-Type", &media)];
    let redirects = status == 302;
    headers.extend(redirects.then(|| header("Location", &text)));
    let text = if redirects { String::new() } else { text };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    json!({
        "startedDateTime": format!("2026-03-02T{hour:02}:{minute:02}:{second:02}Z"), "time": 20, "request": request,
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "",
            "headers": headers, "headersSize": -1, "bodySize": -1,
            "content": {"size": text.len(), "mimeType": media, "text": text},
        },
        "cache": {}, "timings": {"send": 0, "wait": 20, "receive": 0},
    })
}

/// What is wrong with one life.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    Nothing,
    /// It is never approved.
    Skipped,
    /// Who approves was never shown it.
    Unshown,
}

/// The first and the odd one of all lives.
const FIRST: u64 = 4_100;
const ODD: u64 = 4_117;

/// Forty lives of orders by five people, who make them and approve what others made.
fn lives(dialect: &Dialect, odd: Odd) -> Vec<Value> {
    const PEOPLE: [&str; 5] = ["anna", "boris", "cleo", "dario", "edda"];
    let mut entries = Vec::new();
    for number in 0..40 {
        let (id, begin) = (FIRST + number, 600 * number);
        let next = |step: Step| usize::from(matches!(step, Step::List | Step::View | Step::Approve));
        let left_out: &[Step] = match odd {
            Odd::Skipped if id == ODD => &[Step::Approve],
            Odd::Unshown if id == ODD => &[Step::List, Step::View],
            _ => &[],
        };
        for (step, at) in STEPS.into_iter().zip(0..).filter(|(step, _)| !left_out.contains(step)) {
            let who = PEOPLE[(number as usize + next(step)) % PEOPLE.len()];
            entries.push(entry((dialect.call)(step, id), begin + 60 * at, who));
        }
    }
    entries
}

#[test]
fn a_process_is_mined_and_judged_whatever_the_style_of_its_api() {
    for dialect in &DIALECTS {
        let folder = tempfile::tempdir().unwrap();
        let clean = write(&folder.path().join("clean.har"), &lives(dialect, Odd::Nothing));
        let draft = folder.path().join("draft.yaml").display().to_string();
        let output = offpath(&["mine", &clean, "-o", &draft]);
        assert_eq!(code(&output), 0, "{}: {}", dialect.name, stderr(&output));
        let draft = fs::read_to_string(draft).unwrap();
        assert!(draft.contains(&format!("  {}:  # 40 objects", dialect.kind)), "{}: {draft}", dialect.name);
        let steps = draft.lines().filter(|line| line.contains("{http: \"") && !line.contains("read: true"));
        assert_eq!(steps.count(), 3, "{}: {draft}", dialect.name);
        let found = |entries: &[Value]| {
            let archive = write(&folder.path().join("a.har"), entries);
            let (findings, ..) = check(folder.path(), &draft, &[&archive]);
            findings.into_iter().filter(counts).collect::<Vec<Value>>()
        };
        assert_eq!(told(&found(&lives(dialect, Odd::Nothing))), [""; 0], "{}: {draft}", dialect.name);
        for (odd, rule) in [(Odd::Skipped, "SEQ-SKIP"), (Odd::Unshown, "UNLEARNED")] {
            let told = told(&found(&lives(dialect, odd)));
            // Who uses what nobody can guess was told of it, wherever.
            let expected = Vec::from_iter(
                (odd == Odd::Skipped || dialect.guessable)
                    .then(|| format!("{rule} {}:{}", dialect.kind, (dialect.key)(ODD))),
            );
            assert_eq!(told, expected, "{}: {draft}", dialect.name);
        }
    }
}

#[test]
fn the_word_for_a_thing_names_what_another_is_a_part_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = Vec::new();
    for number in 0..20_u64 {
        let (order, payment, at) = (FIRST + number, 900 + number, 600 * number);
        let who = ["anna", "boris", "cleo"][number as usize % 3];
        let made = json!({"id": order, "state": "new", "shelf": number % 4});
        entries.push(entry(("POST", "/orders/".to_owned(), json!({"shelf": number % 4}), 201, made), at, who));
        let sent = json!({"order": order, "method": "card", "priority": 1});
        let paid = json!({"id": payment, "order": order, "priority": 1});
        entries.push(entry(("POST", "/payments/".to_owned(), sent, 201, paid), at + 60, who));
        let shelf = json!({"id": number % 4});
        entries.push(entry(("GET", format!("/shelves/{}/", number % 4), Value::Null, 200, shelf), at + 90, who));
        let shown = json!({"id": order, "state": "paid", "shelf": number % 4});
        entries.push(entry(("POST", format!("/orders/{order}/close/"), json!({}), 200, shown), at + 120, who));
    }
    let archive = write(&folder.path().join("a.har"), &entries);
    let draft = folder.path().join("draft.yaml").display().to_string();
    let output = offpath(&["mine", &archive, "-o", &draft]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let draft = fs::read_to_string(draft).unwrap();
    assert!(draft.contains("parent: {order: [req.order, res.order]}"), "{draft}");
    // What many things name is shared by them, and what is no type names nothing.
    assert!(!draft.contains("{shelf:") && !draft.contains("priority"), "{draft}");
    let run = folder.path().join("run");
    let output = offpath(&["check", &archive, "-o", run.to_str().unwrap(), "--exit-zero", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(summary["cases"], 24, "an order and its payment are one case, and four shelves: {summary}");
}

#[test]
fn small_numbers_that_never_begin_anew_are_told_apart_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let lives = |anew: bool| {
        let mut entries = Vec::new();
        for number in 0..40_u64 {
            let (list, at) = (number % 4, 600 * number);
            let position = if anew { number / 4 + 1 } else { number + 1 };
            let who = ["anna", "boris", "cleo"][number as usize % 3];
            let one = format!("/lists/{list}/positions/{position}");
            let shown = |state: &str| json!({"id": position, "state": state});
            entries.push(entry(("GET", one.clone(), Value::Null, 200, shown("open")), at, who));
            entries.push(entry(("POST", format!("{one}/redeem"), json!({}), 200, shown("used")), at + 60, who));
            let alone = format!("/positions/{position}/print");
            entries.push(entry(("POST", alone, json!({}), 200, shown("printed")), at + 120, who));
        }
        entries
    };
    for anew in [false, true] {
        let archive = write(&folder.path().join("a.har"), &lives(anew));
        let draft = folder.path().join(format!("{anew}.yaml")).display().to_string();
        let output = offpath(&["mine", &archive, "-o", &draft]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let draft = fs::read_to_string(draft).unwrap();
        let redeem = "redeem: {http: \"POST /lists/{list}/positions/{position}/redeem\", object: position}";
        assert_eq!(draft.contains(redeem), !anew, "{draft}");
        assert_eq!(
            draft.contains("  position:  # 40 objects"),
            !anew,
            "each list has its own where they begin anew: {draft}"
        );
    }
}
