//! Parameters that say how a call is to be answered, and those that say what it is about.

use serde_json::json;

use crate::calls::{Call, Calls, bearer};
use crate::lawful;

/// Orders that are paid, and calls that name something in their query alone.
fn draft(query: &dyn Fn(usize) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.har");
    let mut calls = Calls::default();
    for n in 0..40 {
        let id = format!("ord_{}", 70_000 + 13 * n);
        let mut call = |path: &str, status: u16, state: Option<&str>| {
            let sent = vec![bearer(&format!(r#"{{"sub":"u{}"}}"#, n % 8))];
            let body = state.map_or_else(|| json!({"ok": true}), |state| json!({"id": id, "status": state}));
            calls.add(Call { path, sent, status, body: Some(body), ..Call::default() });
        };
        call(&format!("/checkout?{}", query(n)), 200, None);
        call("/orders?locale_id=1", 201, Some("new"));
        call(&format!("/orders/{id}/pay?{}", query(n)), 200, Some("paid"));
    }
    calls.write(&file);
    lawful(&[&file])
}

#[test]
fn a_setting_has_no_life() {
    let text = draft(&|n| format!("currency_id={}", n % 2 + 1));
    assert!(!text.contains("currency") && !text.contains("locale") && text.contains("order:"), "{text}");
}

#[test]
fn what_only_queries_name_has_a_life_where_there_are_many() {
    let text = draft(&|n| format!("basket_id={}", 4_000 + n));
    assert!(text.contains("basket:") && text.contains("order:"), "{text}");
}
