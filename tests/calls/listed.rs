//! Calls in lists of exchanges.

use serde_json::{Value, json};

use crate::support::{offpath, stderr, stdout, text};
use crate::{Archive, refund};

#[test]
fn exchanges_show_calls_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    refund(&mut shop, "o1", "r1", "anna", "boss");
    let traffic = shop.write(&folder.path().join("shop.har"));
    let output = offpath(&["exchanges", &traffic, "-q"]);
    let records: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        records[0]["calls"],
        json!([{"operation": "graphql mutation requestRefund", "id": null, "sender": "client", "outcome": "accepted", "code": null}])
    );
    let outcomes: Vec<&str> =
        records[1]["calls"].as_array().unwrap().iter().map(|call| text(call, "outcome")).collect();
    assert_eq!((outcomes, &records[1]["calls_unseen"]), (vec!["accepted", "failed"], &json!([])));
    let output = offpath(&["exchanges", &traffic, "-q", "--format", "csv", "--filter", "call:*approve*"]);
    let csv = stdout(&output);
    assert!(csv.lines().count() == 2 && csv.contains(r#"""operation"":""graphql mutation approveRefund"""#), "{csv}");
}

#[test]
fn secrets_in_a_url_and_numbers_in_names_are_in_no_list_of_exchanges() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    let url = "/shop-api?query=%7Border(orderId%3A%22o1%22%2Cpassword%3A%22hunter2secret%22)%7Bid%7D%7D&variables=%7B%22password%22%3A%22hunter3secret%22%7D";
    shop.add("anna", url, &json!({}), 200, "application/json", r#"{"data":{"order":{"id":"o1"}}}"#);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "pay_4111111111111111", "params": {}});
    shop.add("anna", "/rpc", &call, 200, "application/json", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    let traffic = shop.write(&folder.path().join("t.har"));
    for level in ["mask", "hash", "keep"] {
        for format in ["jsonl", "csv"] {
            let output = offpath(&["exchanges", &traffic, "-q", "--redact", level, "--format", format]);
            let shown = stdout(&output);
            assert!(
                shown.contains("graphql query order") && shown.contains("pay_[card#"),
                "{shown}{}",
                stderr(&output)
            );
            assert!(!shown.contains("hunter") && !shown.contains("4111111111111111"), "{level} {format} {shown}");
        }
    }
}
