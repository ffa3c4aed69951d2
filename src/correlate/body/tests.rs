use proptest::prelude::*;

use super::*;
use crate::model::expression::Bound;

fn wanted(paths: &[&str]) -> Wanted {
    let mut wanted = Wanted::new();
    paths.iter().for_each(|p| wanted.add(&p.split('.').collect::<Vec<_>>()));
    wanted
}

fn body(text: &[u8]) -> Body {
    let len = text.len() as u64;
    Body::Present { bytes: text.to_vec(), wire_len: len, decoded_len: len, whole: true }
}

fn get(json: &str, path: &str) -> Bound {
    let wanted = wanted(&[path, "other", "other.x"]);
    let pulled = wanted.pull(&body(json.as_bytes()), &Headers::default());
    pulled.get(&wanted, &path.split('.').collect::<Vec<_>>())
}

fn text(t: &str) -> Value {
    Value::Text(t.into())
}

#[test]
fn paths_are_pulled() {
    let json = r#"{"order":{"id":"o1","total":129.90,"items":[{"sku":"a","n":1},{"n":2},{"sku":"c"}]},"ids":[1,2]}"#;
    assert_eq!(get(json, "order.id"), Bound::Exactly(text("o1")));
    assert_eq!(get(json, "order.total"), Bound::Exactly(number("129.9").unwrap()));
    assert_eq!(get(json, "order.items.*.sku"), Bound::Exactly(Value::List(vec![text("a"), Value::Null, text("c")])));
    assert_eq!(get(json, "order.items.sku"), get(json, "order.items.*.sku"));
    assert_eq!(get(json, "order.items.0.sku"), Bound::Exactly(text("a")));
    assert_eq!(get(json, "ids"), Bound::Exactly(Value::List(vec![Value::Number(1.into()), Value::Number(2.into())])));
    assert_eq!(get(json, "ids.1"), Bound::Exactly(Value::Number(2.into())));
    assert_eq!(get(json, "order.none"), Bound::Exactly(Value::Null));
    assert_eq!(get(r#"{"e":[]}"#, "e"), Bound::Exactly(Value::List(vec![])));
    assert_eq!(get(r#"{"e":{"a":1}}"#, "e"), Bound::Exactly(Value::List(vec![text("a")])));
    assert_eq!(
        get(r#"[{"id":1},{"id":2}]"#, "id"),
        Bound::Exactly(Value::List(vec![1.into(), 2.into()].into_iter().map(Value::Number).collect()))
    );
}

#[test]
fn broken_bodies_are_unknown_where_they_break() {
    assert_eq!(get(r#"{"a":1,"b":"#, "a"), Bound::Exactly(Value::Number(1.into())));
    assert_eq!(get(r#"{"a":1,"b":"#, "c"), Bound::Unknown);
    assert_eq!(get("not json", "a"), Bound::Unknown);
    assert_eq!(get("", "a"), Bound::Exactly(Value::Null));
    let deep = "[".repeat(200_000);
    assert_eq!(get(&deep, "a"), Bound::Unknown);
}

#[test]
fn a_repeated_key_counts_last_and_is_remembered() {
    let wanted = wanted(&["id"]);
    let pulled = wanted.pull(&body(br#"{"id":"a","id":"b"}"#), &Headers::default());
    assert_eq!(pulled.get(&wanted, &["id"]), Bound::Exactly(text("b")));
    assert_eq!(pulled.shadowed(&wanted, &["id"]), Some(&text("a")));
}

#[test]
fn forms_are_read() {
    let wanted = wanted(&["amount", "meta.order"]);
    let mut headers = Headers::default();
    headers.push(b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8");
    let pulled = wanted.pull(&body(b"amount=12.50&meta%5Border%5D=o+1"), &headers);
    assert_eq!(pulled.get(&wanted, &["amount"]), Bound::Exactly(text("12.50")));
    assert_eq!(pulled.get(&wanted, &["meta", "order"]), Bound::Exactly(text("o 1")));
}

fn json_of_lists() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![Just(serde_json::Value::Null), (0_u8..9).prop_map(serde_json::Value::from)];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_one_path_gives_does_not_depend_on_others(
        json in json_of_lists(),
        paths in proptest::collection::vec(proptest::collection::vec("[ab01*]", 1..4), 1..5),
    ) {
        let paths: Vec<String> = paths.iter().map(|path| path.join(".")).collect();
        let all = wanted(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let pulled = all.pull(&body(json.to_string().as_bytes()), &Headers::default());
        for path in &paths {
            let fields: Vec<&str> = path.split('.').collect();
            let alone = wanted(&[path]);
            let by_itself = alone.pull(&body(json.to_string().as_bytes()), &Headers::default());
            prop_assert_eq!(pulled.get(&all, &fields), by_itself.get(&alone, &fields), "{} of {}", path, json);
        }
    }

    #[test]
    fn random_bodies_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let wanted = wanted(&["a", "a.*.b", "a.0", "*"]);
        let _ = wanted.pull(&body(&bytes), &Headers::default());
    }

    #[test]
    fn agrees_with_a_whole_document(a in "[a-z]{0,5}", n in any::<i64>(), f in -1_000_000_i64..1_000_000) {
        let f = f as f64 / 100.0;
        let json = serde_json::json!({"x": {"y": {"a": a, "n": n}}, "f": f, "l": [{"a": n}, {"a": f}]});
        prop_assert_eq!(get(&json.to_string(), "x.y.a"), Bound::Exactly(text(&a)));
        prop_assert_eq!(get(&json.to_string(), "x.y.n"), Bound::Exactly(Value::Number(n.into())));
        prop_assert_eq!(get(&json.to_string(), "f"), Bound::Exactly(number(&json["f"].to_string()).unwrap()));
        let Bound::Exactly(Value::List(items)) = get(&json.to_string(), "l.a") else { panic!("no list") };
        prop_assert_eq!(items.len(), 2);
    }
}
