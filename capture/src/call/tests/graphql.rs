//! GraphQL: fields, wrappers, answers in parts, and documents that are hard to read.

use super::*;

#[test]
fn graphql_calls_are_the_fields_that_run() {
    let sent = r#"{"query":"mutation Buy($o: ID!, $n: Int = 2) { pay: addPaymentToOrder(id: $o, input: {amount: 5, n: $n, kind: CARD}) { id } ship(id: $o) @skip(if: true) ...More } fragment More on Mutation { note(text: \"a \\\"b\\\"\") }","variables":{"o":"o1"},"operationName":"Buy"}"#;
    let answer = r#"{"data":{"pay":{"id":"p1"},"note":null},"errors":[{"message":"no","path":["note"],"extensions":{"code":"FORBIDDEN"}}]}"#;
    let calls = post("/api", sent, answer);
    assert_eq!(
        told(&calls),
        [
            r#"graphql mutation addPaymentToOrder {"id":"o1","input":{"amount":5,"n":2,"kind":"CARD"}} accepted"#,
            r#"graphql mutation note {"text":"a \"b\""} failed:FORBIDDEN"#,
        ]
    );
    assert_eq!((calls[0].id.as_deref(), calls[0].result.as_deref()), (Some("pay"), Some(r#"{"id":"p1"}"#)));
    assert!(!calls[0].is_read());
}

#[test]
fn graphql_errors_belong_to_the_fields_they_name() {
    let sent = r#"{"query":"{ a b c d }"}"#;
    let of = |answer: &str| {
        told(&post("/graphql", sent, answer))
            .iter()
            .map(|t| t.split(" {} ").nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let partial =
        r#"{"data":{"a":1,"b":null,"c":{"x":null},"d":null},"errors":[{"path":["c","x"]},{"path":["d","y",0]}]}"#;
    assert_eq!(of(partial), ["accepted", "accepted", "accepted", "unknown"]);
    let refused = r#"{"errors":[{"message":"syntax","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#;
    assert_eq!(of(refused), ["failed:GRAPHQL_VALIDATION_FAILED"; 4]);
    let swept = r#"{"data":null,"errors":[{"path":["a"],"extensions":{"code":"X"}}]}"#;
    assert_eq!(of(swept), ["failed:X", "unknown", "unknown", "unknown"]);
    assert_eq!(of("<html>"), ["unknown"; 4]);
    assert_eq!(of(r#"{"data":{"a":1,"b":2"#), ["unknown"; 4]);
    let line = calls(&exchange("POST /graphql", JSON, sent, Some((502, "text/html", "bad gateway"))));
    assert!(line.calls.iter().all(|c| c.outcome == CallOutcome::Failed(Some("502".to_owned()))));
    assert!(
        calls(&exchange("POST /graphql", JSON, sent, None)).calls.iter().all(|c| c.outcome == CallOutcome::Unknown)
    );
}

#[test]
fn an_id_alone_is_no_document() {
    let rpc = r#"{"jsonrpc":"2.0","id":7,"method":"pay","params":{"variables":1}}"#;
    assert!(told(&post("/graphql", rpc, "{}")).iter().all(|told| told.starts_with("jsonrpc")));
    for (path, sent) in [
        ("/api/graphql-users", r#"{"id":5,"name":"x"}"#),
        ("/graphql-users", r#"{"id":"5","variables":{}}"#),
        ("/users/graphql/settings", r#"{"id":5,"variables":{}}"#),
        ("/graphql", r#"{"id":"5","name":"x"}"#),
    ] {
        assert_eq!(told(&post(path, sent, "{}")), [""; 0], "{path} {sent}");
    }
    for path in ["/api/2024-01/graphql.json", "/api/graphqlbatch/", "/graphql.php", "/graphqlv2"] {
        let sent = r#"{"doc_id":"77","variables":{}}"#;
        assert_eq!(told(&post(path, sent, r#"{"data":{}}"#)), ["graphql persisted 77 {} accepted"], "{path}");
    }
    let sent = r#"{"id":"5d41402a","variables":{"o":1}}"#;
    assert_eq!(told(&post("/graphql", sent, r#"{"data":{}}"#)), [r#"graphql persisted 5d41402a {"o":1} accepted"#]);
}

#[test]
fn graphql_comes_in_many_wrappers() {
    let get = exchange(
        "GET /graphql?query=query+Q(%24i%3AID)%7Border(id%3A%24i)%7Bid%7D%7D&variables=%7B%22i%22%3A7%7D",
        &[],
        "",
        None,
    );
    assert_eq!(told(&calls(&get).calls), [r#"graphql query order {"id":7} unknown"#]);
    let plain = exchange("POST /graphql", &[("Content-Type", "application/graphql")], "{ me { id } }", None);
    assert_eq!(told(&calls(&plain).calls), ["graphql query me {} unknown"]);
    let batch = r#"[{"query":"{ a }"},{"query":"mutation { b(x: 1) }"}]"#;
    let found = post("/graphql", batch, r#"[{"data":{"a":1}},{"errors":[{"message":"no"}]}]"#);
    assert_eq!(told(&found), ["graphql query a {} accepted", r#"graphql mutation b {"x":1} failed"#]);
    assert_eq!(found.iter().map(|c| c.request).collect::<Vec<_>>(), [Some(0), Some(1)]);
    let short = post("/graphql", batch, r#"[{"data":{"a":1}}]"#);
    assert_eq!(short.iter().map(|c| c.outcome.as_str()).collect::<Vec<_>>(), ["accepted", "unknown"]);
    let refused = post("/graphql", batch, r#"{"errors":[{"message":"no batches"}]}"#);
    assert!(refused.iter().all(|c| c.outcome == CallOutcome::Failed(None) && c.response.is_none()));
    let form = "--X\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation($f: Upload!) { upload(file: $f) }\",\"variables\":{\"f\":null}}\r\n--X\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--X\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n\u{0}\r\n--X--\r\n";
    let upload = exchange("POST /graphql", &[("Content-Type", "multipart/form-data; boundary=X")], form, None);
    assert_eq!(told(&calls(&upload).calls), [r#"graphql mutation upload {"file":null} unknown"#]);
    let sse = r#"{"query":"mutation { pay(id: 1) { id } }"}"#;
    let sse = exchange(
        "POST /graphql",
        JSON,
        sse,
        Some((200, "text/event-stream", "event: next\ndata: {\"data\":{\"pay\":{\"id\":1}}}\n\nevent: complete\n\n")),
    );
    assert_eq!(told(&calls(&sse).calls), [r#"graphql mutation pay {"id":1} accepted"#]);
}

#[test]
fn an_answer_in_parts_is_read_to_its_end() {
    let sent = r#"{"query":"mutation { pay(id: 1) { id ... @defer { total } } slow: book { id } }"}"#;
    let first =
        r#"{"data":{"pay":{"id":1}},"pending":[{"id":"0","path":["pay"]},{"id":"1","path":[]}],"hasNext":true}"#;
    let late = r#"{"incremental":[{"id":"0","data":{"total":7}}],"hasNext":true}"#;
    let refused = r#"{"completed":[{"id":"0"},{"id":"1","errors":[{"message":"no","path":["slow"],"extensions":{"code":"FULL"}}]}],"hasNext":false}"#;
    let multipart = |parts: &[&str]| {
        parts.iter().map(|part| format!("--X\r\nContent-Type: application/json\r\n\r\n{part}\r\n")).collect::<String>()
    };
    let events = |parts: &[&str]| parts.iter().map(|part| format!("event: next\ndata: {part}\n\n")).collect::<String>();
    let of = |kind: &str, answer: &str| calls(&exchange("POST /graphql", JSON, sent, Some((200, kind, answer))));
    for (kind, answer) in [
        ("multipart/mixed; boundary=X; deferSpec=20220824", multipart(&[first, late, refused]) + "--X--\r\n"),
        ("text/event-stream", events(&[first, late, refused]) + "event: complete\ndata:\n\n"),
    ] {
        let found = of(kind, &answer);
        assert_eq!(
            told(&found.calls),
            [r#"graphql mutation pay {"id":1} accepted"#, "graphql mutation book {} failed:FULL"]
        );
        assert_eq!(found.calls[0].result.as_deref(), Some(r#"{"id":1,"total":7}"#));
        assert_eq!(found.unseen, []);
    }
    let cut = of("multipart/mixed; boundary=X", &multipart(&[first, late]));
    assert_eq!(cut.calls.iter().map(|call| call.outcome.as_str()).collect::<Vec<_>>(), ["accepted", "unknown"]);
    assert!(cut.calls[0].result.is_none() && cut.unseen == [Unseen::TooLong], "what was to come may change it");
}

#[test]
fn ids_of_documents_are_calls_where_the_path_says_graphql() {
    for (id, body) in [
        ("abc", r#"{"id":"abc","variables":{}}"#),
        ("Pay.1", r#"{"queryId":"Pay.1","variables":{}}"#),
        ("d7", r#"{"documentId":"d7","id":"other","variables":{}}"#),
    ] {
        let found = post("/graphql", body, r#"{"data":{"pay":true}}"#);
        assert_eq!(told(&found), [format!("graphql persisted {id} {{}} accepted")]);
        assert!(told(&post("/orders", body, "{}")).is_empty());
    }
}

#[test]
fn a_persisted_query_is_named_by_its_hash() {
    let sent = r#"{"operationName":"Buy","variables":{"o":1},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab12"}}}"#;
    let found = post(
        "/graphql",
        sent,
        r#"{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]}"#,
    );
    assert_eq!(told(&found), [r#"graphql persisted ab12 {"o":1} failed:PERSISTED_QUERY_NOT_FOUND"#]);
    let registering = sent.replacen('{', r#"{"query":"mutation Buy($o: ID) { buy(id: $o) }","#, 1);
    assert_eq!(
        told(&post("/graphql", &registering, r#"{"data":{"buy":true}}"#)),
        [r#"graphql mutation buy {"id":1} accepted"#]
    );
    let line = "GET /graphql?extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22ab12%22%7D%7D";
    assert!(calls(&exchange(line, &[], "", None)).calls[0].is_read());
}

#[test]
fn what_only_looks_like_graphql_is_not() {
    for sent in [
        r#"{"query":"shoes"}"#,
        r#"{"query":"{a}"}"#,
        r#"{"query":{"match":{"a":"b"}}}"#,
        r#"{"query":"select * from t","variables":{}}"#,
        r#"{"documentId":"7"}"#,
        r#"{"documentId":"7","variables":{}}"#,
        r#"{"a":1}"#,
    ] {
        assert_eq!(post("/search", sent, r#"{"hits":[]}"#), [], "{sent}");
    }
    assert_eq!(told(&post("/graphql", r#"{"query":"{a}"}"#, "{}")), ["graphql query a {} unknown"]);
    assert_eq!(told(&post("/search", r#"{"query":"{a}"}"#, r#"{"data":{"a":1}}"#)), ["graphql query a {} accepted"]);
    assert_eq!(calls(&exchange("GET /search?query=%7Ba%7D", &[], "", None)).calls, []);
}

#[test]
fn a_broken_or_ambiguous_document_says_so() {
    let of = |sent: &str| calls(&exchange("POST /graphql", JSON, sent, None));
    for sent in [
        r#"{"query":"{ a "}"#,
        r#"{"query":"query A { a } query B { b }"}"#,
        r#"{"query":"query A { a }","operationName":"B"}"#,
    ] {
        let found = of(sent);
        assert_eq!((found.calls.as_slice(), found.unseen.as_slice()), (&[][..], &[Unseen::Malformed][..]), "{sent}");
    }
    let chosen = of(r#"{"query":"query A { a } mutation B { b }","operationName":"B"}"#);
    assert_eq!(told(&chosen.calls), ["graphql mutation b {} unknown"]);
    let circular = of(r#"{"query":"{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }"}"#);
    assert_eq!(told(&circular.calls), ["graphql query a {} unknown", "graphql query b {} unknown"]);
}

#[test]
fn a_request_in_the_url_is_read_whatever_the_method() {
    let url = "/shop-api?query=mutation%7Bpay(id%3A1)%7Bid%7D%7D";
    for sent in ["", "{}", r#"{"x":1}"#] {
        assert_eq!(
            told(&post(url, sent, r#"{"data":{"pay":{}}}"#)),
            [r#"graphql mutation pay {"id":1} accepted"#],
            "{sent}"
        );
    }
    assert_eq!(told(&post(url, r#"{"query":"{ a }","variables":{}}"#, "{}")), ["graphql query a {} unknown"]);
    let both = |url: &str| {
        let found = calls(&exchange(&format!("POST {url}"), JSON, r#"{"query":"{ a }","variables":{}}"#, None));
        (found.calls.len(), found.unseen)
    };
    assert_eq!(both(url), (1, vec![Unseen::Malformed]), "the server may run either");
    assert_eq!(both("/shop-api?query=red+shoes"), (1, vec![]));
    let search =
        calls(&exchange("POST /search?query=red+shoes", JSON, "{}", Some((200, "application/json", r#"{"data":{}}"#))));
    assert_eq!((search.calls, search.unseen), (vec![], vec![]));
}

#[test]
fn a_document_that_cannot_be_read_says_so_wherever_it_is_sent() {
    let unseen = |sent: &str, answer: &str| {
        calls(&exchange("POST /shop-api", JSON, sent, Some((200, "application/json", answer)))).unseen
    };
    let told = r#"{"data":{"pay":{"id":1}}}"#;
    assert_eq!(unseen(r#"{"query":"mutation { pay(id: %) }","variables":{}}"#, "{}"), [Unseen::Malformed]);
    assert_eq!(unseen(r#"{"query":"mutation { pay(id: %) }"}"#, told), [Unseen::Malformed]);
    for benign in [
        r#"{"query":"red shoes","variables":{}}"#,
        r#"{"query":"mutation of cells"}"#,
        r#"{"query":"mutation { pay }"}"#,
    ] {
        assert_eq!(unseen(benign, told), [], "{benign}");
    }
    let searches = format!("[{}]", vec![r#"{"query":"shoes"}"#; 300].join(","));
    assert_eq!(unseen(&searches, "[]"), [], "many searches are no calls");
}

#[test]
fn fragments_are_followed_however_deep_they_name_each_other() {
    for depth in [3, 5000] {
        let chain: String = (0..depth).map(|n| format!("fragment F{n} on M {{ a{n} ...F{} }} ", n + 1)).collect();
        let query = format!("mutation {{ ...F0 z }} {chain} fragment F{depth} on M {{ pay ...F0 }}");
        let found = calls(&exchange("POST /graphql", JSON, &serde_json::json!({ "query": query }).to_string(), None));
        match depth {
            3 => assert_eq!(
                found.calls.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
                ["a0", "a1", "a2", "pay", "z"]
            ),
            _ => assert_eq!((found.calls.len(), found.unseen), (MOST_CALLS, vec![Unseen::TooMany])),
        }
    }
}

#[test]
fn what_a_literal_holds_too_deep_hides_nothing_beside_it() {
    let sent = |depth: usize| {
        format!(r#"{{"query":"mutation {{ pay(id: 1, m: {}1{}, to: 2) }}"}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    let found = calls(&exchange("POST /x", JSON, &sent(9), None));
    assert_eq!(
        (told(&found.calls), found.unseen),
        (vec![r#"graphql mutation pay {"id":1,"m":[[[[[[[[[1]]]]]]]]],"to":2} unknown"#.to_owned()], vec![])
    );
    let found = calls(&exchange("POST /x", JSON, &sent(100_000), None));
    let arguments: serde_json::Value = serde_json::from_str(found.calls[0].arguments.as_deref().unwrap()).unwrap();
    assert_eq!((&arguments["id"], &arguments["to"], found.unseen), (&1.into(), &2.into(), vec![Unseen::TooLong]));
}

#[test]
fn a_batch_with_one_answer_and_many_conditions_on_one_variable() {
    let answer = r#"{"data":{"a":{"id":7}}}"#;
    let batch = format!("[{}]", [r#"{"query":"{a}","variables":{}}"#; 3].join(","));
    assert_eq!(told(&post("/graphql", &batch, answer)), vec!["graphql query a {} accepted"; 3]);
    let conditions = |value: &str| {
        let query = "{ a @skip(if: $v) b @include(if: $v) c @skip(if: $w) d @include(if: $none) }";
        let sent = format!(r#"{{"query":"query($v: X, $w: X = true) {query}","variables":{{"v":{value}}}}}"#);
        post("/graphql", &sent, "{}").into_iter().map(|call| call.name).collect::<String>()
    };
    assert_eq!(
        (conditions("true"), conditions("false"), conditions("\"x\"")),
        ("bd".into(), "ad".into(), "abd".into())
    );
}
