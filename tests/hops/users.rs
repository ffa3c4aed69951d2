//! Users of hops: one, two, and accounts of gateways.

use super::*;

#[test]
fn credentials_that_name_nobody_tell_users_apart_too() {
    let shown: [Shown; 3] = [
        |user| ("Cookie", format!("sid={user}FFFFEEEEDDDDCCCC1AA")),
        |user| ("Authorization", format!("Bearer {user}FFFFEEEEDDDDCCCC1AA99")),
        |user| ("X-Api-Key", format!("{user}FFFFEEEEDDDDCCCC1AA99")),
    ];
    for show in shown {
        let check = |user: &str| {
            let mut all = races(10, "a.example", "b.example", user);
            all.retain(|asked| asked.path.ends_with("/pay"));
            for asked in &mut all {
                asked.headers.retain(|(name, _)| *name != "Authorization");
                asked.headers.push(show(if asked.host == "a.example" { "u" } else { user }));
            }
            Checked::archive(&all)
        };
        let (one, two) = (check("u"), check("bob"));
        assert_eq!((one.count("TX-RACE"), one.hops()), (0, 10), "a proxy that passes them on");
        assert_eq!((two.count("TX-RACE"), two.hops()), (10, 0), "{:?}", show("bob").0);
        assert!(two.warns("but for another user"), "{}", two.run["warnings"]);
    }
}

/// Refunds that one person asks for and another approves, or the same one does.
const REFUND_MODEL: &str = r#"
offpath: 1
workflow: {id: refunds, version: 1}
objects: {refund: {key: [path.refund]}}
activities:
  request: {http: "POST /refunds/{refund}", object: refund}
  approve: {http: "POST /refunds/{refund}/approve", object: refund}
constraints:
  - {id: four-eyes, distinct_persons: [request, approve], per: refund}
"#;

#[test]
fn the_account_of_a_gateway_stands_for_no_session() {
    let cookie = |user: &str| ("Cookie", format!("sid={user}FFFFEEEEDDDDCCCC1"));
    let check = |approves: &str, inner: Option<(&'static str, String)>, bodied: bool| {
        let mut archived = Vec::new();
        for (n, user) in (0..).zip(["anna", "bert"]) {
            let login = Asked {
                host: "edge.example",
                at: n * 500,
                took: 10,
                path: "/api/login".to_owned(),
                headers: Vec::new(),
                status: 200,
                body: if user == "anna" {
                    r#"{"username":"anna","password":"x"}"#
                } else {
                    r#"{"username":"bert","password":"x"}"#
                },
            };
            let mut entry = login.entry();
            entry["response"]["content"]["text"] = json!({"user": {"id": user}}).to_string().into();
            entry["response"]["headers"] = json!([{"name": "Set-Cookie", "value": cookie(user).1}]);
            archived.push(entry);
        }
        for n in 0..20_u64 {
            let (step, user) = if n % 2 == 0 { ("", "anna") } else { ("/approve", approves) };
            let (at, path) = (2000 + n * 1000, format!("/refunds/{}{step}", 70 + n / 2));
            let headers = vec![("X-Request-Id", format!("r{n}")), cookie(user)];
            let outer = Asked { host: "edge.example", at, took: 40, path, headers, body: "{}", status: 200 };
            let mut entry = outer.entry();
            if !bodied {
                entry["request"].as_object_mut().unwrap().remove("postData");
                entry["request"]["bodySize"] = 2.into();
            }
            archived.push(entry);
            if let Some(credential) = &inner {
                let mut inner = Asked { host: "orders.internal", at: at + 2, took: 30, ..outer };
                inner.headers[1] = credential.clone();
                archived.push(inner.entry());
            }
        }
        Checked::by(REFUND_MODEL, &[("a.har", entries(archived))], &[])
    };
    assert_eq!(check("anna", None, true).count("SOD"), 10);
    let key = ("X-Api-Key", "gatewayFFFFEEEEDDDDCCCC1AA99".to_owned());
    for account in [credential("gateway"), key] {
        // Which of the two is kept makes no difference.
        for bodied in [true, false] {
            let own = check("anna", Some(account.clone()), bodied);
            assert_eq!((own.count("SOD"), own.hops()), (10, 20), "{} {bodied}", account.0);
            assert!(own.findings.iter().all(|finding| finding["actor"]["principal"] == "anna"));
            assert_eq!(check("bert", Some(account.clone()), bodied).count("SOD"), 0, "{} {bodied}", account.0);
        }
    }
}

#[test]
fn another_user_is_another_request_at_any_server() {
    // Nobody else asks either server, and each request of the one lies in one of the other.
    let all = orders(10, &["a.example"], "X-Request-Id").into_iter();
    let outer: Vec<Asked> = all.filter(|asked| asked.path.ends_with("/pay")).collect();
    let inner = |user: &str| -> Vec<Asked> {
        let inside = |asked: Asked<'static>| Asked { host: "b.example", at: asked.at + 5, took: 20, ..asked.by(user) };
        orders(10, &["b.example"], "X-Request-Id")
            .into_iter()
            .filter(|a| a.path.ends_with("/pay"))
            .map(inside)
            .collect()
    };
    let check = |user: &str| Checked::archive(outer.iter().chain(&inner(user)));
    assert_eq!((check("u").hops(), check("u").count("TX-RACE")), (10, 0), "a proxy that passes the user on");
    let checked = check("bob");
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10), "{:?}", checked.rules());
    assert!(checked.warns("10 exchanges of"), "{}", checked.run["warnings"]);
}

#[test]
fn what_a_second_user_did_under_the_ids_of_others_is_told() {
    let mut asked = orders(10, &["a.example"], "X-Request-Id");
    let again = orders(10, &["b.example"], "X-Request-Id").into_iter().filter(|asked| asked.path.ends_with("/ship"));
    asked.extend(again.map(|asked| Asked { at: asked.at + 5, took: 20, ..asked.by("bob") }));
    let checked = Checked::archive(&asked);
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10));
    let told = serde_json::to_string(&checked.findings).unwrap();
    assert!(told.contains("bob"), "{told}");
}

#[test]
fn the_account_of_a_gateway_is_no_second_user() {
    let gateway = |users: u64| {
        let mut asked = orders(10, &["edge.example", "orders.internal"], "X-Request-Id");
        for (n, pair) in (0..).zip(asked.chunks_mut(2)) {
            pair[0] = pair[0].clone().by(&format!("u{}", n / 3 % users));
            pair[1] = pair[1].clone().by("gateway");
        }
        Checked::archive(&asked)
    };
    let checked = gateway(10);
    assert_eq!((checked.rules(), checked.hops()), (vec![], 30));
    assert_eq!(checked.run["actors"][0]["principals"], 10, "{}", checked.run["actors"]);
    assert!(checked.warns("name another user than the outermost"), "{}", checked.run["warnings"]);
    assert_eq!(gateway(2).hops(), 0, "one user inside for two outside proves nothing");
}

#[test]
fn what_a_server_is_asked_without_ids_counts() {
    let mut asked = races(10, "a.example", "b.example", "u");
    asked.retain(|asked| asked.path.ends_with("/pay"));
    assert_eq!(Checked::archive(&asked).hops(), 10);
    let mut archived: Vec<Value> = asked.iter().map(Asked::entry).collect();
    for n in 0..11 {
        let read = Asked { at: 50_000 + n * 100, headers: vec![credential("carl")], ..asked[10].clone() };
        assert_eq!(read.host, "b.example");
        let mut entry = read.entry();
        entry["request"]["method"] = "GET".into();
        archived.push(entry);
    }
    let checked = Checked::of(&[("a.har", entries(archived))], &[]);
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10), "{:?}", checked.rules());
}
