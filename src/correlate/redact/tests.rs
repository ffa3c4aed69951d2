use proptest::prelude::*;

use super::*;

fn masker() -> Masker {
    Masker::new(HashKey::new(b"k"), Redaction::Mask)
}

#[test]
fn sensitive_values_are_masked() {
    for (text, start) in [
        ("alice@example.com", "a…@example.com#"),
        ("4111111111111111", "[card#"),
        ("4111-1111-1111-1111", "[card#"),
        ("DE89370400440532013000", "[iban#"),
        ("+491701234567", "[phone#"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "[secret#"),
        ("sk_live_abcdefghijklmnop", "[secret#"),
        ("Zk3v9Qm1Xc7Bn5Lp8Rt2Wd6Yg4Hj0Fs3", "[secret#"),
    ] {
        let masked = masker().text(text).into_owned();
        assert!(masked.starts_with(start), "{text} -> {masked}");
        assert_eq!(masked, masker().text(text));
    }
    assert!(masker().text("mail to bob@example.org, please").contains("b…@example.org#"));
    assert_eq!(masker().text("A@example.com")[4..], masker().text("a@example.com")[4..]);
}

#[test]
fn methods_of_letters_and_digits_are_masked() {
    let masker = masker();
    for plain in ["GET", "VERSION-CONTROL", "M-SEARCH", "getOrder", "purge"] {
        assert_eq!(masker.method(plain), plain);
    }
    for secret in ["s3cr3t-Passw0rd-hunter2", "HUNTER2", "a1"] {
        let masked = masker.method(secret).into_owned();
        assert!(masked.starts_with("[method#") && !masked.contains(secret), "{masked}");
        assert_eq!(masker.method(&masked), masked);
    }
}

#[test]
fn targets_lose_their_secrets_and_nothing_else() {
    let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Mask);
    let target = redactor.target("/orders/ord_1?page=2&access_token=s3cr3t&who=a%40b.example#top");
    assert!(target.starts_with("/orders/ord_1?page=2&access_token=[secret#"), "{target}");
    assert!(!target.contains("s3cr3t") && !target.contains("a%40b") && !target.contains("top"), "{target}");
    assert_eq!(redactor.target("/a/b?x=1&y"), "/a/b?x=1&y");
    // What logs in is masked; what filters is not.
    let target = redactor.target("/cas?ticket=ST-1856339-aA5Yuvrxzp&state=kq81mz02&nonce=abc&RelayState=x9");
    assert!(!["ST-18", "kq81", "abc", "x9"].iter().any(|secret| target.contains(secret)), "{target}");
    assert_eq!(redactor.target("/list?state=open&ticket=4711"), "/list?state=open&ticket=4711");
    assert_eq!(redactor.target("*"), "*");
}

#[test]
fn targets_lose_the_user_before_their_host() {
    let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Keep);
    for (target, shown) in [
        ("u:p@h.example:443", "h.example:443"),
        ("https://u:p@x@h.example/a?who=u@b", "https://h.example/a?who=u@b"),
        ("/a@b?next=https://u@h/", "/a@b?next=https://u@h/"),
        ("*", "*"),
    ] {
        assert_eq!(redactor.target(target), shown);
    }
}

#[test]
fn json_and_graphql_in_a_target_lose_their_secrets() {
    for level in [Redaction::Mask, Redaction::Hash, Redaction::Keep] {
        let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), level);
        for target in [
            "/shop-api?query=%7B%20order(id%3A%22o1%22%2C%20password%3A%22hunter2secret%22)%7Bid%7D%20%7D",
            "/shop-api?variables=%7B%22password%22%3A%22hunter2secret%22%2C%22p%22%3A%22a%26token%3Dhunter2secret%22%7D",
            "/shop-api?variables=%7B%22password%22%3A%22hunter2secret",
            "/search?filter=%7B%22pin%22%3A%22hunter2secret%22%7D",
            "/shop-api?query=query($token:String=%22hunter2secret%22)%7Ba%7D&x=1",
        ] {
            let shown = redactor.target(target);
            let shown = if target.contains("%26token") { shown.replace("token=hunter2secret", "") } else { shown };
            assert!(!shown.contains("hunter2secret"), "{level:?} {target} -> {shown}");
        }
    }
    let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Mask);
    for target in [
        "/shop-api?query=%7Border(id%3A1)%7Bid%7D%7D&variables=%7B%22a%22%3A1%7D",
        "/search?query=%7Ba%7D+b&page=2",
        "/search?q=a%7Bb",
    ] {
        assert_eq!(redactor.target(target), target);
    }
}

#[test]
fn names_of_calls_keep_a_documents_hash_and_no_card() {
    use offpath_capture::{CallKind, CallOutcome, Sender};
    let named = |protocol, kind, name: &str| {
        let call = Call {
            protocol,
            kind,
            name: name.to_owned(),
            method: None,
            id: None,
            sender: Sender::Client,
            arguments: None,
            result: None,
            gives: None,
            client_info: None,
            links: Default::default(),
            outcome: CallOutcome::Unknown,
            request: None,
            response: None,
        };
        masker().operation(&call).to_string()
    };
    let hash = "0123456789abcdef".repeat(4);
    assert_eq!(named(CallProtocol::Graphql, CallKind::Persisted, &hash), format!("graphql persisted {hash}"));
    let card = "4111111111111111";
    for name in [card.to_owned(), format!("pay_{card}"), format!("pay{card}x"), format!("a.{card}-{card}")] {
        for (protocol, kind) in
            [(CallProtocol::Graphql, CallKind::Persisted), (CallProtocol::JsonRpc, CallKind::Method)]
        {
            let shown = named(protocol, kind, &name);
            assert!(shown.contains("[card#") && !shown.contains(card), "{name} -> {shown}");
        }
    }
    assert_eq!(named(CallProtocol::Mcp, CallKind::Tool, "pay_2026_1234567890123"), "mcp tool pay_2026_1234567890123");
}

#[test]
fn levels_differ_in_personal_data_and_never_in_secrets() {
    let target = "/people/ann?mail=ann%40example.com&phone=%2B491701234567&token=s3cr3t&card=4111111111111111";
    let at = |level| Redactor::new(HashKey::new(b"a key of sixteen"), level).target(target);
    let (mask, hash, keep) = (at(Redaction::Mask), at(Redaction::Hash), at(Redaction::Keep));
    for shown in [&mask, &hash, &keep] {
        assert!(!shown.contains("s3cr3t") && !shown.contains("4111") && shown.contains("token=[secret#"), "{shown}");
    }
    assert!(mask.contains("/people/ann?mail=a…@example.com#") && mask.contains("phone=[phone#"), "{mask}");
    assert!(keep.starts_with("/people/ann?mail=ann%40example.com&phone=%2B491701234567&"), "{keep}");
    assert!(!hash.contains("people") && !hash.contains("ann") && hash.contains("mail=[email#"), "{hash}");
    let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Hash);
    assert_eq!(redactor.target("/x/ann"), redactor.target("/x/%61nn"), "one name, one pseudonym");
    assert_eq!(redactor.name("10.0.0.7"), redactor.name("10.0.0.7"));
    assert_ne!(redactor.digest(&[1; 32]), "01".repeat(32));
}

#[test]
fn only_what_is_a_stand_in_stays_one() {
    for text in ["[card#1f3a9c0b77d2]", "session:1f3a9c0b77d2"] {
        assert!(is_stand_in(text), "{text}");
    }
    for text in
        ["[name#1f3a9c0b77d2]", "[card#alice]", "alice:1f3a9c0b77d2", "session:1F3A9C0B77D2", "[card#1f3a9c0b77d2", ""]
    {
        assert!(!is_stand_in(text), "{text}");
    }
}

#[test]
fn query_parameters_are_masked_by_their_names_whatever_their_values() {
    let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Mask);
    for name in ["pwd", "pass", "passcode", "access_key", "subscription-key", "functions_key", "partnerKey", "key"] {
        let target = redactor.target(&format!("/a?page=2&{name}=hunter"));
        assert!(target.starts_with(&format!("/a?page=2&{name}=[secret#")), "{target}");
    }
    assert_eq!(redactor.target("/a?idempotency_key=k1"), "/a?idempotency_key=k1");
}

#[test]
fn numbers_in_groups_are_masked_inside_sentences() {
    for (text, hidden, start) in [
        ("card 4111 1111 1111 1111 please", "1111", "card [card#"),
        ("to DE89 3704 0044 0532 0130 00, today", "3704", "to [iban#"),
        ("call +49 170 123 4567 now", "170", "call [phone#"),
        ("[alice@example.com]", "alice", "[a…@example.com#"),
        ("{alice@example.com}", "alice", "{a…@example.com#"),
    ] {
        let masked = masker().text(text).into_owned();
        assert!(masked.starts_with(start) && !masked.contains(hidden), "{text} -> {masked}");
    }
    assert_eq!(masker().text("4111 1111 1111 1111"), masker().text("4111111111111111"));
    for text in ["on 2026-09-01 10 00 00 at 12", "order 12 of 2026", "it's 5 (or 6)"] {
        assert_eq!(masker().text(text), text);
    }
}

#[test]
fn ordinary_values_stay() {
    for text in [
        "ord_00012",
        "9f1b2c3d-1111-4222-8333-123456789abc",
        "507f1f77bcf86cd799439011",
        "129.90",
        "alice",
        "0ujsswThIGTUYm2K8FjOOfXtY1K",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "2026-09-01T10:00:00Z",
        "service:payments",
        "4111111111111112",
        "a-long-product-name-with-many-words-in-it",
        "1234567890",
    ] {
        assert_eq!(masker().text(text), text);
    }
}

#[test]
fn paths_keep_their_words() {
    let m = masker();
    assert_eq!(&*m.path("/orders/ord_1/pay"), "/orders/ord_1/pay");
    assert!(m.path("/users/a%40example.com/x").starts_with("/users/a…@example.com#"));
    assert!(!m.path("/a;jsessionid=1234").contains("1234"));
    assert!(!m.path("/password/reset/abcdef0123456789abcd").contains("abcdef"));
    for path in ["/reset/hunter2", "/verify//x1", "/api/v1/invite/ABCD/accept", "/reset-password/%68unter"] {
        assert!(m.path(path).contains("[secret#"), "{path} -> {}", m.path(path));
    }
    for path in ["/token/refresh", "/password/reset", "/tokens/7", "/reset/{reset}", "/session"] {
        assert_eq!(&*m.path(path), path);
    }
}

proptest! {
    #[test]
    fn masking_never_panics_and_is_stable(text in "\\PC{0,60}") {
        let once = masker().text(&text).into_owned();
        prop_assert_eq!(&once, &masker().text(&text));
    }
}

proptest! {
    /// However a value is written into a target, a rule for its name hides it at every level, under one stand-in.
    #[test]
    fn what_a_rule_hides_is_in_no_target(
        name in "[a-z]{3,8}[A-Z_-]?[a-z]{3}", value in "zq[a-z0-9]{6,12}", how in "mask|hash", level in 0_usize..3,
    ) {
        let level = [Redaction::Mask, Redaction::Hash, Redaction::Keep][level];
        let rules = RedactionRules::new(vec![format!("key:{}*={how}", &name[..3]).parse().unwrap()]);
        let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), level).with_rules(Arc::new(rules));
        let field: String = name.replace('-', "_");
        let encoded: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
        for target in [
            format!("/a?page=2&{name}={value}"),
            format!("/a?{}={encoded}", name.to_uppercase()),
            format!("/a?user[{name}]={value}"),
            format!("/a?filter={{\"{name}\":\"{value}\"}}"),
            format!("/a?filter={{\"{name}\":{{\"first\":[\"{value}\"]}}}}"),
            format!("/a?query={{ find({field}: \"{value}\") {{ id }} }}"),
            format!("/a?query=query($x: ID) {{ find({field}: $x) }}&variables={{\"x\":\"{value}\"}}"),
        ] {
            let shown = redactor.target(&target);
            prop_assert!(!shown.contains(&value) && !shown.contains(&encoded), "{} -> {}", target, shown);
        }
    }
}

#[test]
fn rules_for_shapes_hold_in_both_directions() {
    let masker = |level, rules: &[&str]| {
        let rules = RedactionRules::new(rules.iter().map(|rule| rule.parse().unwrap()).collect());
        Masker::new(HashKey::new(b"k"), level).with_rules(Arc::new(rules))
    };
    let text = "ann@example.com of 811218-9876, (030) 1234 5678 and +49 170 1234567, 4111 1111 1111 1112";
    let usual = masker(Redaction::Mask, &[]).text(text).into_owned();
    assert!(
        usual.starts_with("a…@example.com#") && usual.contains("811218-9876, (030) 1234 5678 and [phone#"),
        "{usual}"
    );
    let more = ["shape:national-id=mask", "shape:local-phone=hash", "shape:pan=mask"];
    let all = masker(Redaction::Mask, &more).text(text).into_owned();
    assert!(all.contains("[id#") && all.ends_with(']') && !all.contains("1234") && !all.contains("9876"), "{all}");
    let kept = masker(Redaction::Mask, &["shape:email=keep"]).text(text).into_owned();
    assert!(kept.starts_with("ann@example.com") && kept.contains("[phone#"), "{kept}");
    let masked = masker(Redaction::Keep, &["shape:email=mask"]).text(text).into_owned();
    assert!(masked.starts_with("a…@example.com#") && masked.contains("+49 170 1234567"), "{masked}");
}

#[test]
fn a_number_in_groups_is_looked_for_where_one_may_stand() {
    for (text, expected) in [("4111 1111-x/y", 11), ("/a", 0), ("", 0), (&*"a ".repeat(20_000), LONGEST_GROUPED)] {
        let mut looked_at = 0;
        assert_eq!(grouped(text.bytes().inspect(|_| looked_at += 1)), expected);
        assert!(looked_at <= LONGEST_GROUPED, "{looked_at} bytes of {}", text.len());
    }
}
