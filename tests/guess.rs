//! Without a model: templates and objects are guessed whatever ids look like, and nobody mints any by trying paths.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use offpath::model::Model;
use offpath_fixtures::{Abuse, Format, Options};
use proptest::prelude::*;
use serde_json::Value;
use support::{code, offpath, stderr, stdout};

/// What `inspect` says of inputs.
fn inspect(inputs: &[&Path], extra: &[&str]) -> Value {
    let mut args = vec!["inspect", "-q", "--format", "json"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Operations with their exchanges.
fn operations(run: &Value) -> BTreeMap<String, u64> {
    let operations = run["operations"].as_array().unwrap().iter();
    operations.map(|o| (o["name"].as_str().unwrap().to_owned(), o["exchanges"].as_u64().unwrap())).collect()
}

/// Object types with their numbers of objects.
fn objects(run: &Value) -> BTreeMap<String, u64> {
    let objects = run["objects"].as_array().unwrap().iter();
    objects.map(|o| (o["object_type"].as_str().unwrap().to_owned(), o["objects"].as_u64().unwrap())).collect()
}

fn scenario(folder: &Path) -> PathBuf {
    let out = folder.join("scenario");
    let options = Options {
        formats: [Format::Pcapng, Format::Har, Format::Combined].into(),
        ..Options::whole(50, 23, Abuse::parse("all").unwrap(), out.clone())
    };
    offpath_fixtures::write(&options).unwrap();
    out
}

/// The text with every id of an order or refund in another shape.
fn reshaped(text: &str, shape: impl Fn(&str, usize) -> String) -> String {
    let mut known: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, kind)) = ["ord_", "ref_"].iter().filter_map(|k| Some((rest.find(k)?, *k))).min() {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let end = found[4..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(found.len(), |end| end + 4);
        let ids = known.entry(kind).or_default();
        let number = ids.len();
        let number = *ids.entry(&found[..end]).or_insert(number);
        if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            out.push_str(&found[..end]);
        } else {
            out.push_str(&shape(kind, number));
        }
        rest = &found[end..];
    }
    out + rest
}

/// A number in letters, without a digit and mostly without a vowel.
fn letters(number: usize) -> String {
    let alphabet = b"bcdfghjklmnpqrstvwxz";
    let digits = [400, 20, 1].map(|place| alphabet[(number / place + 1) % 20] as char);
    digits.iter().collect()
}

fn slug(kind: &str, number: usize) -> String {
    let (first, second) = (["red", "calm", "tiny", "warm", "bold"], ["fox", "lamp", "tree", "river", "stone", "shoe"]);
    let kind = if kind == "ord_" { "order" } else { "money" };
    format!("{}-{}-{kind}-{}", first[number % 5], second[number / 5 % 6], letters(number))
}

/// Calls of the scenario that name an object in their path.
const CALLS: [&str; 13] = [
    "GET /orders/{order}",
    "GET /orders/{order}/delivery",
    "GET /products/{product}",
    "GET /refunds/{refund}",
    "HEAD /products/{product}",
    "PATCH /orders/{order}",
    "POST /orders/{order}/cancel",
    "POST /orders/{order}/pack",
    "POST /orders/{order}/pay",
    "POST /orders/{order}/refunds",
    "POST /orders/{order}/ship",
    "POST /refunds/{refund}/approve",
    "POST /refunds/{refund}/execute",
];

/// An id from its kind and number.
type Shape = fn(&str, usize) -> String;

#[test]
fn every_template_and_no_other_is_guessed_whatever_ids_look_like() {
    let folder = tempfile::tempdir().unwrap();
    let out = scenario(folder.path());
    let shapes: [(&str, Shape); 7] = [
        ("as they are", |kind, number| format!("{kind}{number:07}a{}", letters(number))),
        ("short", |kind, number| format!("{}{number}", &kind[..1])),
        ("upper", |kind, number| format!("{}{number}", if kind == "ord_" { "A" } else { "B" })),
        ("numbers", |kind, number| (number + if kind == "ord_" { 1 } else { 7_001 }).to_string()),
        ("prefixed letters", |kind, number| format!("{kind}{}", letters(number))),
        ("letters", |kind, number| if kind == "ord_" { letters(number) } else { letters(number + 3_000) }),
        ("slugs", slug),
    ];
    let expected: BTreeSet<&str> = CALLS.into();
    for source in ["capture.har", "access.log"] {
        let original = fs::read_to_string(out.join(source)).unwrap();
        let mut reference = None;
        for (name, shape) in shapes {
            let file = folder.path().join(format!("{name}-{source}"));
            fs::write(&file, reshaped(&original, shape)).unwrap();
            let run = inspect(&[&file], &[]);
            let operations = operations(&run);
            let guessed: BTreeSet<&str> = operations.keys().map(String::as_str).filter(|o| o.contains('{')).collect();
            assert_eq!(guessed, expected, "{source}, {name}: precision and recall of templates are 1");
            let literal = operations.keys().find(|o| {
                !o.contains('{')
                    && o.matches('/').count() > 1
                    && ["orders", "refunds", "products"].iter().any(|word| o.contains(word))
            });
            assert_eq!(literal, None, "{source}, {name}: an id that was not recognised");
            let found = (operations.clone(), objects(&run));
            assert_eq!(*reference.get_or_insert_with(|| found.clone()), found, "{source}, {name}: as many of each");
        }
    }
    let guessed = operations(&inspect(&[&out.join("capture.pcapng")], &[]));
    assert!(CALLS.iter().all(|call| guessed.contains_key(*call)), "{guessed:?}");
}

/// Ids of a type that accepted calls of the scenario name in their paths.
fn in_paths(har: &str, collection: &str) -> u64 {
    let har: Value = serde_json::from_str(har).unwrap();
    let mut ids = BTreeSet::new();
    for entry in har["log"]["entries"].as_array().unwrap() {
        let url = entry["request"]["url"].as_str().unwrap();
        if matches!(entry["response"]["status"].as_u64(), Some(200..300 | 304))
            && let Some((_, rest)) = url.split_once(&format!("/{collection}/"))
        {
            ids.insert(rest.split(['/', '?']).next().unwrap().to_owned());
        }
    }
    ids.len() as u64
}

#[test]
fn guessed_objects_are_those_that_calls_are_about() {
    let folder = tempfile::tempdir().unwrap();
    let out = scenario(folder.path());
    let har = fs::read_to_string(out.join("capture.har")).unwrap();
    let log = folder.path().join("short.log");
    fs::write(&log, reshaped(&fs::read_to_string(out.join("access.log")).unwrap(), |k, n| format!("{}{n}", &k[..1])))
        .unwrap();
    let objects = objects(&inspect(&[&log], &[]));
    for (object, collection) in [("order", "orders"), ("refund", "refunds"), ("product", "products")] {
        assert_eq!(objects[object], in_paths(&har, collection), "{object}");
    }
    assert_eq!(objects.len(), 3, "{objects:?}");
}

fn line(out: &mut String, second: u64, user: &str, call: &str, status: u16) {
    let (minute, second) = (second / 60 % 60, second % 60);
    writeln!(
        out,
        "10.0.0.7 - {user} [01/Mar/2026:10:{minute:02}:{second:02} +0000] \"{call} HTTP/1.1\" {status} 5 \"-\" \"c\""
    )
    .unwrap();
}

/// The README's log.
fn readme() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let lines: Vec<&str> = readme.lines().filter(|line| line.starts_with("10.0.0.")).collect();
    assert_eq!(lines.len(), 5);
    lines.join("\n") + "\n"
}

/// Mines a draft of a log; its text, and the exit code with what was said.
fn draft(folder: &Path, log: &str) -> (Option<String>, i32, String) {
    let (input, draft) = (folder.join("x.log"), folder.join("x.model.yaml"));
    fs::write(&input, log).unwrap();
    let _ = fs::remove_file(&draft);
    let output = offpath(&["mine", input.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
    (fs::read_to_string(draft).ok(), code(&output), stderr(&output))
}

#[test]
fn the_readmes_log_gives_the_readmes_steps() {
    let folder = tempfile::tempdir().unwrap();
    let (draft, code, said) = draft(folder.path(), &readme());
    let draft = draft.unwrap();
    assert_eq!(code, 0, "{said}");
    for step in ["", "/payment", "/shipment"] {
        assert!(draft.contains(&format!("http: \"POST /orders/{{order}}{step}\", object: order")), "{draft}");
    }
    Model::read("draft", &draft).unwrap();
}

#[test]
fn one_clients_random_paths_are_noise() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 88_172_645_463_325_252_u64;
    let mut word = |most: u64| {
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random >> 11
        };
        let length = 2 + next() % most;
        (0..length)
            .map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(next() % 36) as usize]))
            .collect::<String>()
    };
    let (mut refused, mut accepted) = (String::new(), String::new());
    for at in 0..10_000 {
        line(
            &mut refused,
            at,
            "-",
            &format!("GET /{}/{}/{}", word(8), word(8), word(8)),
            [404, 403, 401][at as usize % 3],
        );
        let letters: String = word(6).chars().filter(char::is_ascii_alphabetic).collect();
        line(&mut accepted, at, "-", &format!("POST /orders/x{letters}/pay"), 200);
    }
    let file = folder.path().join("noise.log");
    fs::write(&file, &refused).unwrap();
    let run = inspect(&[&file], &[]);
    assert_eq!((run["unmatched"].as_u64(), operations(&run).len(), objects(&run).len()), (Some(10_000), 0, 0));
    fs::write(&file, readme() + &refused).unwrap();
    let run = inspect(&[&file], &[]);
    assert_eq!((operations(&run).len(), objects(&run)), (3, BTreeMap::from([("order".to_owned(), 2)])));
    // A server that accepts whatever one client sends proves nothing either.
    fs::write(&file, &accepted).unwrap();
    let run = inspect(&[&file], &[]);
    assert!(objects(&run).is_empty() && operations(&run).keys().all(|o| !o.contains('{')), "{:?}", objects(&run));
    let (none, code, said) = draft(folder.path(), &refused);
    assert_eq!((none, code), (None, 4), "{said}");
    assert!(said.contains("No draft") && said.contains("10000 exchanges") && !said.contains("correct it"), "{said}");
}

#[test]
fn words_of_an_api_stay_words_beside_ids() {
    let mut log = String::new();
    let words = [
        "POST /api/v1/login",
        "POST /api/v1/logout",
        "GET /api/v1/users/me",
        "GET /api/v1/orders/search",
        "GET /admin/users/list",
        "GET /admin/orders/list",
        "GET /admin/items/list",
        "POST /checkout/address",
        "POST /checkout/card",
        "GET /api/v1/orders/open",
        "POST /api/v1/orders/quote",
        "GET /oauth2/token",
        "POST /reports/sales/export",
        "POST /reports/stock/export",
        "POST /checkout/step1",
        "POST /auth/mfa",
    ];
    for (at, user) in (0..40).zip(["anna", "bert", "carl", "dora"].iter().cycle()) {
        line(&mut log, at, user, words[at as usize % words.len()], 200);
        line(&mut log, at, user, words[(at as usize * 7 + 3) % words.len()], 200);
        line(&mut log, at, user, &format!("POST /api/v1/orders/o{}/pay", at / 2), 200);
        line(&mut log, at, user, &format!("GET /api/v1/orders/o{}", at / 2), 200);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.log");
    fs::write(&file, &log).unwrap();
    let found = operations(&inspect(&[&file], &[]));
    let mut expected: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
    expected.extend(["POST /api/v1/orders/{order}/pay".to_owned(), "GET /api/v1/orders/{order}".to_owned()]);
    assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), expected);
    // A model must name the words that stand where keys do, or they would be taken for keys.
    let (draft, ..) = draft(folder.path(), &log);
    let draft = draft.unwrap();
    for word in ["GET /api/v1/orders/search", "GET /api/v1/orders/open"] {
        assert!(draft.contains(&format!("{{http: \"{word}\", read: true}}")), "{draft}");
    }
}

#[test]
fn without_an_object_there_is_no_draft_and_no_advice_to_ask_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for (at, user) in [(1, "anna"), (2, "bert"), (3, "anna")] {
        line(&mut log, at, user, "POST /login", 200);
        line(&mut log, at + 5, user, "GET /me", 200);
    }
    let (none, code, said) = draft(folder.path(), &log);
    assert_eq!((none, code), (None, 4), "{said}");
    assert!(said.contains("POST /login 3") && said.contains("6 exchanges") && !said.contains("correct it"), "{said}");
    let file = folder.path().join("x.log");
    let shown = |text: &str| {
        fs::write(&file, text).unwrap();
        stdout(&offpath(&["inspect", file.to_str().unwrap()]))
    };
    assert!(!shown(&log).contains("offpath mine"));
    assert!(shown(&readme()).contains("offpath mine"));
}

/// A shop of payouts: 320 are requested, approved and paid; 14 are paid twice by one person, 6 without an approval.
fn payouts() -> String {
    let (mut log, mut at) = (String::new(), 0);
    let mut step = |user: &str, call: String| {
        at += 1;
        line(&mut log, at, user, &call, 200);
    };
    for number in 0..320 {
        let path = format!("/payouts/p{number}");
        let (clerk, boss) = (["anna", "bert", "carl"][number % 3], ["dora", "emil", "anna"][number % 3]);
        step(clerk, format!("PUT {path}"));
        if !(100..106).contains(&number) {
            step(boss, format!("POST {path}/approval"));
        }
        let cashier = ["fred", "gina", "hugo", "carl"][number % 4];
        step(cashier, format!("POST {path}/payment"));
        if number % 24 == 5 {
            step("mallory", format!("POST {path}/payment"));
        }
    }
    log
}

#[test]
fn frequent_abuse_is_marked_and_habits_are_proposed() {
    let folder = tempfile::tempdir().unwrap();
    let (draft, code, said) = draft(folder.path(), &payouts());
    let draft = draft.unwrap();
    assert_eq!(code, 0, "{said}");
    let transitions: Vec<&str> = draft.lines().filter(|line| line.contains("{activity: payment")).collect();
    let marked = |what: &str| transitions.iter().any(|t| t.contains("check:") && t.contains(what));
    assert!(marked("payment again, which 14 of 320 objects do") && marked("all by one actor"), "{draft}");
    assert!(marked("not after approval, which 314 of 320 objects take first"), "{draft}");
    let ordinary: Vec<_> = transitions.iter().filter(|t| !t.contains("check:")).collect();
    assert_eq!(ordinary.len(), 1, "{draft}");
    assert!(ordinary[0].contains("from: after_approval, to: after_payment"), "{draft}");

    let (model, _) = Model::read("draft", &draft).unwrap();
    assert!(model.constraints.is_empty(), "what is proposed is not in force");
    let (lifecycles, proposals) = draft.split_once("# constraints:").unwrap_or_else(|| panic!("{draft}"));
    let proposals: Vec<String> = proposals.lines().filter(|l| !l.is_empty()).map(|l| l.replacen("# ", "", 1)).collect();
    let put_in_force = format!("{lifecycles}\nconstraints:\n{}\n", proposals.join("\n"));
    let (model, _) = Model::read("draft", &put_in_force).unwrap_or_else(|e| panic!("{}", e.render(false)));
    assert_eq!(model.constraints.len(), proposals.len());
    for part in ["require: approval, before: payment, per: payout", "314 of 320", "98.1 %"] {
        assert!(put_in_force.contains(part), "{put_in_force}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn guesses_depend_on_the_traffic_alone(
        calls in proptest::collection::vec((0_usize..7, 0_usize..30, 0_usize..4, 0_usize..6), 20..300),
        cut in 0_usize..300,
    ) {
        let words = ["o", "Q", "slug-of-", "", "step", "ord_x", "k7"];
        let lines: Vec<String> = calls.iter().zip(0..).map(|((word, number, user, kind), at)| {
            let id = format!("{}{}", words[*word], letters(*number));
            let id = if *word < 2 { format!("{}{number}", words[*word]) } else { id };
            let user = ["anna", "bert", "carl", "dora"][*user];
            let path = ["/orders/ID", "/orders/ID/pay", "/users/anna/orders/ID", "/api/ID", "/orders/ID/items/i1", "/search"][*kind];
            let mut text = String::new();
            line(&mut text, at, user, &format!("POST {}", path.replace("ID", &id)), if at % 9 == 4 { 404 } else { 200 });
            text
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, lines: &[String]| {
            let path = folder.path().join(name);
            fs::write(&path, lines.concat()).unwrap();
            path
        };
        let summary = |inputs: &[&Path], extra: &[&str]| {
            let run = inspect(inputs, extra);
            (operations(&run), objects(&run), run["unmatched"].clone(), run["cases"].clone(), run["maps"].clone())
        };
        let cut = cut.clamp(1, lines.len() - 1);
        let whole = write("w.log", &lines);
        let (first, second) = (write("a.log", &lines[..cut]), write("b.log", &lines[cut..]));
        let reference = summary(&[&whole], &["--threads", "1"]);
        prop_assert_eq!(&summary(&[&whole], &["--threads", "3", "--memory", "64K"]), &reference);
        prop_assert_eq!(&summary(&[&second, &first], &[]), &reference);
    }
}

/// Calls of a log, one by each of so many people in turn.
fn log(folder: &Path, calls: impl IntoIterator<Item = (String, usize)>) -> PathBuf {
    let file = folder.join("calls.jsonl");
    let mut text = String::new();
    for (n, (path, user)) in calls.into_iter().enumerate() {
        let line = serde_json::json!({"time": format!("2026-05-{:02}T{:02}:{:02}:00Z", 4 + n / 1_440, n / 60 % 24, n % 60),
            "remote_addr": format!("10.0.0.{user}"), "remote_user": format!("u{user}"), "http_host": "api.example",
            "request_method": "GET", "request_uri": path, "status": 200, "body_bytes_sent": 10});
        writeln!(text, "{line}").unwrap();
    }
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_log_without_bodies_has_no_answers_that_name_ids() {
    let folder = tempfile::tempdir().unwrap();
    let calls = (0..12).flat_map(|n| (0..4).map(move |by| (format!("/orders/o{n}"), by)));
    let file = log(folder.path(), calls);
    let output = offpath(&["inspect", file.to_str().unwrap(), "--explain", "/orders/{x}"]);
    let said = stdout(&output);
    assert!(said.contains("GET /orders/{order}") && said.contains("it looks like an id"), "{said}");
    assert!(!said.contains("answers name it as an id (value flow)"), "{said}");
}

/// A word that no list holds.
fn unheard_of(n: usize) -> String {
    [n / 676 % 26, n / 26 % 26, n % 26].iter().map(|at| char::from(b'a' + *at as u8)).chain("qx".chars()).collect()
}

#[test]
fn one_who_is_let_in_everywhere_makes_no_kinds_of_things_up() {
    let folder = tempfile::tempdir().unwrap();
    let known = || (0..40).map(|n| (format!("/orders/{}", 5_000 + n), n % 4));
    let tried = |most: usize, people: usize| {
        let tries = (0..most)
            .flat_map(move |n| (0..people).map(move |by| (format!("/{}/{}", unheard_of(n), 4_900 + n), 7 + by)));
        inspect(&[&log(folder.path(), known().chain(tries))], &[])
    };
    let run = tried(700, 1);
    assert_eq!(objects(&run), [("order".to_owned(), 40)].into(), "only what others use");
    assert_eq!(operations(&run), [("GET /orders/{order}".to_owned(), 40), ("GET /**".to_owned(), 700)].into());
    // A client may call many things, and what several call is there.
    assert_eq!(objects(&tried(100, 1)).len(), 101);
    assert_eq!(objects(&tried(300, 3)).len(), 301);
    assert_eq!(objects(&tried(300, 2)).len(), 1, "with another's credentials too");
}

#[test]
fn ten_thousand_tries_make_nothing_up() {
    // By one, and by five addresses with two credentials that try all paths each or their part of them.
    let folder = tempfile::tempdir().unwrap();
    let known = || (0..40).map(|n| (format!("/orders/{}", 5_000 + n), n % 4));
    let path = |n: usize| format!("/{}/{}", unheard_of(n), 4_000 + n);
    let one: Vec<(String, usize)> = known().chain((0..10_000).map(|n| (path(n), 7))).collect();
    let all = known().chain((0..2_000).flat_map(|n| (0..5).map(move |by| (path(n), 7 + by % 2)))).collect();
    let part = known().chain((0..10_000).map(|n| (path(n), 7 + n % 5 % 2))).collect();
    for (calls, tries) in [(one, 10_000), (all, 10_000), (part, 10_000)] {
        let run = inspect(&[&log(folder.path(), calls)], &[]);
        assert_eq!(objects(&run), [("order".to_owned(), 40)].into());
        assert_eq!(operations(&run), [("GET /orders/{order}".to_owned(), 40), ("GET /**".to_owned(), tries)].into());
    }
}

#[test]
fn what_was_taken_for_tries_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = log(folder.path(), (0..700).map(|n| (format!("/{}/{}", unheard_of(n), 4_900 + n), 7)));
    let warnings = inspect(&[&file], &[])["warnings"].to_string();
    assert!(warnings.contains("700 operations are counted as one, GET /**"), "{warnings}");
    let draft = folder.path().join("draft.yaml");
    let output = offpath(&["mine", "-q", file.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
    assert_eq!(code(&output), 4);
    let said = stderr(&output);
    assert!(said.contains("(GET /** 700)") && !said.contains("none was accepted"), "{said}");
}

#[test]
fn a_large_api_behind_one_address_keeps_its_operations() {
    // Clients name several things of a kind, and call again; the one address that a log shows stands for all of them.
    let folder = tempfile::tempdir().unwrap();
    let several = (0..300).flat_map(|n| (0..2).map(move |k| (format!("/{}/{}", unheard_of(n), 5_000 + 37 * k + n), 0)));
    assert_eq!(objects(&inspect(&[&log(folder.path(), several)], &[])).len(), 300);
    let again = (0..300).flat_map(|n| (0..20).map(move |_| (format!("/{}/{}", unheard_of(n), 5_000 + n), 0)));
    assert_eq!(operations(&inspect(&[&log(folder.path(), again)], &[])).len(), 300);
}

#[test]
fn one_who_names_kinds_in_requests_makes_none_up() {
    let folder = tempfile::tempdir().unwrap();
    let known = || {
        let voucher = |n: usize| (format!("/orders/{}?voucher_id={}", 5_000 + n, 800 + n), n % 4);
        let gift = |n: usize| (format!("/orders/{}?gift_id={}", 5_000 + n, 9_000 + n), 5);
        (0..20).map(voucher).chain((0..20).map(gift))
    };
    let tried = |most: usize, people: usize| {
        let tries =
            (0..most).flat_map(move |n| (0..people).map(move |by| (format!("/orders?{}_id=7", unheard_of(n)), 7 + by)));
        objects(&inspect(&[&log(folder.path(), known().chain(tries))], &[]))
    };
    let real = [("gift".to_owned(), 20), ("order".to_owned(), 20), ("voucher".to_owned(), 20)];
    assert_eq!(tried(300, 1), real.clone().into());
    assert_eq!(tried(300, 2), real.into(), "with another's credentials too");
    // More than are kept.
    assert_eq!(tried(6_000, 1).get("order"), Some(&20));
    assert_eq!(tried(50, 1).len(), 53, "a client may name many");
    assert_eq!(tried(100, 3).len(), 103, "what several name is there");
}

#[test]
fn names_of_kinds_are_never_what_somebody_put_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["anna.smith@example.com", "Zk3vQ9xT7mB2kkkk0", "%1b%5b31mred", "9f86d081884c7d65"];
    let calls = (0..20).flat_map(|n| words.map(|word| (format!("/orders?{word}_id={}&refund_id=r{n}", 7 + n), n % 5)));
    let run = inspect(&[&log(folder.path(), calls)], &[]);
    assert_eq!(objects(&run), [("refund".to_owned(), 20)].into());
}

#[test]
fn names_that_people_choose_are_no_words_of_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["anna", "bert", "carl", "dora", "emil", "fred", "gert", "hans"];
    let things = ["fox", "lamp", "tree", "river", "stone", "shoe", "cat", "dog", "sun"];
    let mut calls = Vec::new();
    for n in 0..120 {
        let (name, thing) = (names[n % 8], things[n / 8 % 9]);
        calls.push((format!("/api/v2/users/{name}/orders"), n / 8 % 6));
        calls.push((format!("/api/v1/users/{name}"), n / 8 % 6));
        calls.push(("/api/v1/users/me".to_owned(), n / 8 % 6));
        calls.push((format!("/repos/{name}/{thing}/issues/{n}"), n / 8 % 6));
        calls.push((format!("/settings/{thing}/edit"), n / 8 % 6));
        calls.push((format!("/{}/shops", ["en", "de"][n % 2]), n / 8 % 6));
    }
    let run = operations(&inspect(&[&log(folder.path(), calls)], &[]));
    for (operation, count) in [
        ("GET /api/v2/users/{user}/orders", 120),
        ("GET /api/v1/users/{user}", 120),
        ("GET /api/v1/users/me", 120),
        ("GET /repos/{repo}/{slug}/issues/{issue}", 120),
        ("GET /en/shops", 60),
        ("GET /de/shops", 60),
    ] {
        assert_eq!(run.get(operation), Some(&count), "{operation}\n{run:#?}");
    }
    assert_eq!(run.keys().filter(|name| name.starts_with("GET /settings/")).count(), 9, "kinds of settings are words");
}
