//! Calls about several objects at once.

use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;

/// The path of a call, and what is sent.
type Sent = (String, Option<Value>);

/// Parcels that are made one by one and sent five at a time.
fn parcels(sent: &dyn Fn(&[String]) -> Sent) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parcels.har");
    let mut calls = Calls::default();
    let who = || vec![bearer(r#"{"sub":"ann"}"#)];
    for group in 0..6 {
        let ids: Vec<String> = (0..5).map(|n| format!("pcl_{}", 70_000 + 5 * group + n)).collect();
        for id in &ids {
            calls.add(Call {
                path: "/parcels",
                sent: who(),
                status: 201,
                body: Some(json!({"id": id})),
                ..Call::default()
            });
        }
        let (path, json) = sent(&ids);
        calls.add(Call { path: &path, sent: who(), json, body: Some(json!({"ok": true})), ..Call::default() });
        for id in &ids {
            let path = format!("/parcels/{id}/sign");
            calls.add(Call { path: &path, sent: who(), body: Some(json!({"id": id})), ..Call::default() });
        }
    }
    calls.write(&file);
    lawful(&[&file])
}

#[test]
fn a_list_of_keys_is_one_step_of_each() {
    for (list, each) in [
        (&(|ids: &[String]| json!({"parcelIds": ids})) as &dyn Fn(&[String]) -> Value, "req.parcelIds"),
        (&|ids| json!({"ids": ids}), "req.ids"),
        (
            &|ids| json!({"parcels": ids.iter().map(|id| json!({"parcelId": id})).collect::<Vec<_>>()}),
            "req.parcels.*.parcelId",
        ),
    ] {
        let draft = parcels(&|ids| ("/parcels/send".to_owned(), Some(list(ids))));
        assert!(draft.contains("object: parcel, each: ") && draft.contains(each), "{draft}");
        assert!(draft.contains("30 objects"), "{draft}");
        let step = draft.lines().find(|line| line.contains("{activity: send, ")).unwrap_or_default();
        assert!(step.ends_with("# 30 times"), "every parcel takes the step\n{draft}");
    }
}

#[test]
fn what_a_thing_is_made_of_is_not_what_a_call_is_about() {
    let draft = parcels(&|_| ("/vans".to_owned(), Some(json!({"tools": [{"id": 7_001}, {"id": 7_002}]}))));
    assert!(!draft.contains("each:") && !draft.contains("tool:"), "{draft}");
}

#[test]
fn a_key_in_the_query_is_the_objects() {
    let draft = parcels(&|ids| (format!("/sendings?parcel_id={}", ids[0]), None));
    assert!(draft.contains("object: {parcel: query.parcel_id}"), "{draft}");
}
