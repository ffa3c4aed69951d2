//! Views beside each other: what only one has, and whose clock counts.

use super::*;

#[test]
fn a_state_that_only_one_view_has_is_no_less_proof() {
    let model = MODEL.replace("{key: [path.order]}", "{key: [path.order], state: res.state}");
    let asked = without(&orders(12, &["shop.example"], "X-Request-Id"), "/orders/7005/pay");
    let state = |asked: &Asked| match asked.path.split('/').nth(3) {
        Some("pay") => json!({"state": "paid"}),
        Some(_) => json!({"state": "shipped"}),
        None => json!({"state": "new"}),
    };
    let line = |asked: &Asked| {
        json!({
            "time": time(asked.at), "remote_addr": "10.0.0.7", "user": "u", "method": "POST", "path": asked.path,
            "status": 200, "request_id": asked.headers[0].1, "duration_ms": 40, "response_body": state(asked),
        })
        .to_string()
    };
    let log = asked.iter().map(line).collect::<Vec<_>>().join("\n");
    let found = [true, false].map(|answered| {
        let entry = |asked: &Asked| {
            let mut entry = asked.entry();
            entry["response"]["content"]["text"] = state(asked).to_string().into();
            if !answered && asked.path == "/orders/7005/ship" {
                entry["response"]["status"] = 0.into();
                entry["response"]["content"] = json!({"size": 0});
            }
            entry
        };
        let archived = entries(asked.iter().map(entry).collect());
        let checked = Checked::by(&model, &[("a.har", archived), ("b.jsonl", log.clone())], &[]);
        assert_eq!(checked.rules(), ["SEQ-SKIP"], "{answered}");
        ["severity", "verdict", "confidence"].map(|name| checked.findings[0][name].clone())
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0][1], "proven");
}

/// All but one step.
fn without<'a>(asked: &[Asked<'a>], path: &str) -> Vec<Asked<'a>> {
    asked.iter().filter(|asked| asked.path != path).cloned().collect()
}

/// A log's line of the `n`th step, by a clock that is behind.
fn line(n: u64, behind: u64) -> String {
    let step = usize::try_from(n % 3).unwrap();
    json!({
        "time": time(n * 5000 + 600_000 - behind), "remote_addr": "10.0.0.7", "user": "u", "method": "POST",
        "path": format!("/orders/{}{}", 7000 + n / 3, STEPS[step]), "status": 200, "request_id": format!("rid-{n}"),
        "duration_ms": 5,
    })
    .to_string()
}

/// The steps of an archive that does not show that orders are paid.
fn without_payments(count: u64, behind: u64) -> [(&'static str, String); 2] {
    let shown = |n: &u64| n % 3 != 1;
    let asked: Vec<Asked> = (0..count)
        .filter(shown)
        .map(|n| Asked {
            host: "shop.example",
            at: n * 5000 + 600_000,
            took: 5,
            path: format!("/orders/{}{}", 7000 + n / 3, STEPS[usize::try_from(n % 3).unwrap()]),
            headers: vec![("X-Request-Id", format!("rid-{n}")), credential("u")],
            body: "{}",
            status: 200,
        })
        .collect();
    let log: Vec<String> = (0..count).map(|n| line(n, behind)).collect();
    [("a.har", archive(&asked)), ("b.jsonl", log.join("\n"))]
}

#[test]
fn what_only_the_poorer_view_shows_is_told_by_the_clock_of_the_richer() {
    let right = Checked::of(&without_payments(90, 0), &[]);
    assert_eq!(right.rules(), [""; 0]);
    assert_eq!(right.run["clocks"], json!([]), "a clock that is right stays");
    assert!(!right.shown.contains("Clocks"), "{}", right.shown);

    let behind = Checked::of(&without_payments(90, 60_000), &[]);
    assert_eq!(behind.rules(), [""; 0]);
    let clock = &behind.run["clocks"][0];
    assert_eq!(behind.run["clocks"].as_array().unwrap().len(), 1);
    let moved = clock["moved_us"].as_i64().unwrap();
    assert!((moved - 60_000_000).abs() < 100_000, "{moved}");
    assert_eq!(clock["shown_by"], 60);
    assert!(clock["input"].as_str().unwrap().ends_with("b.jsonl") && clock["of"].as_str().unwrap().ends_with("a.har"));
    assert!(behind.shown.contains("behind"), "{}", behind.shown);
    // The period is that of the clock that counts.
    let late = Checked::of(&without_payments(90, 60_000), &["--from", "2026-03-01T10:10:00Z"]);
    assert_eq!(late.run["events"], behind.run["events"]);
}

#[test]
fn a_payment_that_comes_late_by_the_clock_of_both_is_found() {
    // The log is right about it: orders are paid after they are shipped.
    let [har, (name, log)] = without_payments(90, 60_000);
    let late = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if text(&line, "path").ends_with("/pay") {
            let time: jiff::Timestamp = text(&line, "time").parse().unwrap();
            line["time"] = format!("{:.3}", time + jiff::SignedDuration::from_secs(12)).into();
        }
        line.to_string()
    };
    let log: Vec<String> = log.lines().map(late).collect();
    let checked = Checked::of(&[har, (name, log.join("\n"))], &[]);
    assert!(checked.findings.len() >= 30, "{:?}", checked.rules());
}

#[test]
fn inputs_that_are_no_views_keep_their_clocks() {
    let [har, (name, log)] = without_payments(90, 60_000);
    let other = log.replace("rid-", "other-");
    let checked = Checked::of(&[har, (name, other)], &[]);
    assert_eq!(checked.run["clocks"], json!([]));
}
