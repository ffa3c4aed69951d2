//! Spans as OpenTelemetry exports them.

use offpath_capture::{InputFormat, Options};

use super::{MAY, clean, field, format, header, lines_of};
use crate::reading::{read_content, read_with};

#[test]
fn spans_of_servers_and_tools_are_read() {
    let attributes = |pairs: &[(&str, &str)]| {
        let list = pairs.iter().map(|(key, value)| {
            let kind = if value.bytes().all(|byte| byte.is_ascii_digit()) { "intValue" } else { "stringValue" };
            serde_json::json!({"key": key, "value": {kind: value}})
        });
        list.collect::<serde_json::Value>()
    };
    let span = |kind: u8, pairs: &[(&str, &str)]| {
        serde_json::json!({
            "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "kind": kind,
            "startTimeUnixNano": "1779005132000000000", "endTimeUnixNano": "1779005132250000000",
            "attributes": attributes(pairs), "status": {},
        })
    };
    let new = [
        ("http.request.method", "POST"),
        ("url.path", "/orders"),
        ("url.query", "x=1"),
        ("url.scheme", "https"),
        ("http.response.status_code", "201"),
        ("server.address", "api.example"),
        ("client.address", "203.0.113.9"),
        ("user.id", "bob"),
        ("user_agent.original", "curl/8"),
    ];
    let old = [
        ("http.method", "POST"),
        ("http.target", "/orders?x=1"),
        ("http.scheme", "https"),
        ("http.status_code", "201"),
        ("net.host.name", "api.example"),
        ("http.client_ip", "203.0.113.9"),
        ("enduser.id", "bob"),
        ("http.user_agent", "curl/8"),
    ];
    let tool = [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "issue_refund"),
        ("gen_ai.tool.call.id", "call_1"),
        ("gen_ai.tool.call.arguments", "{\"order\": \"o1\"}"),
        ("gen_ai.agent.name", "support-bot"),
        ("user.id", "bob"),
    ];
    let spans = [span(2, &new), span(2, &old), span(1, &tool), span(3, &new), span(1, &[("db.system", "pg")])];
    let export = |name: &str| serde_json::json!({"resourceSpans": [{"resource": {"attributes": attributes(&[("service.name", "shop")])}, name: [{"scope": {}, "spans": spans}]}]});
    for text in [
        export("scopeSpans").to_string(),
        // Exporters write what the spans have in common first, whatever the name of what follows.
        export("scopeSpans").to_string().replace("scopeSpans", "instrumentationLibrarySpans"),
        serde_json::to_string_pretty(&export("scopeSpans")).unwrap(),
    ] {
        let outcome = clean(&text, InputFormat::Otlp);
        assert_eq!(
            lines_of(&outcome),
            ["POST /orders?x=1 201", "POST /orders?x=1 201", "POST /tools/issue_refund 200"]
        );
        assert_eq!(
            (outcome.not_read("client_span_alone"), outcome.not_read("span_without_request"), outcome.records()),
            (1, 1, 5)
        );
        for e in &outcome.exchanges[..2] {
            assert_eq!((e.time.0, e.end.unwrap().0, e.tick), (MAY, MAY + 250_000, 1));
            assert_eq!(e.request.as_ref().unwrap().host.as_deref(), Some("api.example"));
            assert_eq!((e.log.user.as_deref(), header(e, "user-agent")), (Some("bob"), Some("curl/8")));
            assert_eq!(e.client.unwrap().to_string(), "203.0.113.9");
            assert_eq!(field(e, "service.name"), Some("shop"));
        }
        let call = &outcome.exchanges[2];
        assert_eq!(call.request.as_ref().unwrap().body.bytes(), Some(&br#"{"order": "o1"}"#[..]));
        assert_eq!((field(call, "act.sub"), call.log.request_id.as_deref()), (Some("support-bot"), Some("call_1")));
    }
    let line = export("scopeSpans").to_string();
    let cut = &line[..line.len() / 2];
    let outcome = read_content(format!("{line}\n{cut}\n{line}\n"));
    assert_eq!((outcome.exchanges.len(), outcome.not_read("unparsed_line")), (8, 1), "two spans stand before the cut");
}

#[test]
fn a_span_of_odd_types_costs_no_other() {
    let span = |attributes: &str| {
        format!(
            r#"{{"kind":2,"startTimeUnixNano":"1779005132000000000","endTimeUnixNano":1779005132018000000,"attributes":{attributes}}}"#
        )
    };
    let path = |value: &str| {
        span(&format!(
            r#"[{{"key":"http.request.method","value":{{"stringValue":"GET"}}}},{{"key":"url.path","value":{value}}}]"#
        ))
    };
    let spans = [
        path(r#"{"stringValue":"/a"}"#),
        path(r#"{"stringValue":5,"intValue":null}"#),
        path(r#""/plain""#),
        span("null"),
        span("{}"),
        "5".to_owned(),
        path(r#"{"string_value":"/b"}"#).replace(r#""kind":2"#, r#""status":null,"kind":[]"#),
        "{\"kind\":}".to_owned(),
        path(r#"{"stringValue":"/c"}"#),
    ];
    let content = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":null}},"scopeSpans":[{{"spans":[{}]}},{{"spans":null}}]}},{{"resource":null,"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(","),
        path(r#"{"stringValue":"/d"}"#)
    );
    let outcome = read_content(&content);
    assert_eq!(format(&outcome), InputFormat::Otlp);
    assert_eq!(lines_of(&outcome), ["GET /a 0", "GET 5 0", "GET /plain 0", "GET /b 0", "GET /c 0", "GET /d 0"]);
    assert_eq!((outcome.not_read("span_without_request"), outcome.not_read("unparsed_line")), (2, 1));
}

#[test]
fn spans_know_their_own_resource() {
    let group = |name: &str| {
        let span = r#"{"kind":2,"startTimeUnixNano":"1779005132000000000","attributes":[{"key":"http.method","value":{"stringValue":"GET"}},{"key":"http.target","value":{"stringValue":"/a"}}]}"#;
        let resource =
            format!(r#""resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{name}"}}}}]}}"#);
        (resource, format!(r#""scopeSpans":[{{"spans":[{span}]}}]"#))
    };
    let ((one, spans), (two, _)) = (group("one"), group("two"));
    let outcome = read_content(format!("{{\"resourceSpans\":[{{{one},{spans}}},{{{spans}}},{{{spans},{two}}}]}}"));
    let services: Vec<_> = outcome.exchanges.iter().map(|e| field(e, "service.name")).collect();
    assert_eq!(services, [Some("one"), None, Some("two")], "nothing in an object has an order");
    assert_eq!(outcome.irregular("resource_after_spans"), 0);
    // What waits is bounded: a resource that comes after too many spans is counted and told to none of them.
    let span = spans.trim_start_matches(r#""scopeSpans":[{"spans":["#).trim_end_matches("]}]");
    let many = vec![span; 40].join(",");
    let late = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{many}]}}],{two}}}]}}");
    let mut options = Options::default();
    options.limits.entry_bytes = 4096;
    let outcome = read_with(&late, &options);
    assert_eq!((outcome.exchanges.len(), outcome.irregular("resource_after_spans")), (40, 1));
    let held = outcome.exchanges.iter().filter(|e| field(e, "service.name") == Some("two")).count();
    assert!(held < 40, "{held}");
}

/// A span of these attributes, one export a span.
fn span((id, parent, name, kind): (u8, u8, &str, u8), attributes: &[(&str, &str)]) -> serde_json::Value {
    let list = attributes.iter().map(|(key, value)| serde_json::json!({"key": key, "value": {"stringValue": value}}));
    serde_json::json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{id:016x}"), "name": name, "kind": kind,
        "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
        "startTimeUnixNano": "1779005132000000000", "endTimeUnixNano": "1779005132250000000",
        "attributes": list.collect::<Vec<_>>(),
    })
}

fn export(spans: &[serde_json::Value]) -> String {
    serde_json::json!({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]}]})
        .to_string()
}

#[test]
fn tools_are_told_in_the_words_of_every_library() {
    for (name, attributes) in [
        (
            "x",
            &[
                ("gen_ai.tool.name", "refund"),
                ("gen_ai.tool.call.arguments", "{1}"),
                ("gen_ai.tool.call.result", "{2}"),
            ][..],
        ),
        ("x", &[("gen_ai.tool.name", "refund"), ("tool_arguments", "{1}"), ("tool_response", "{2}")]),
        (
            "x",
            &[
                ("gen_ai.operation.name", "execute_tool"),
                ("gen_ai.tool.name", "refund"),
                ("gcp.vertex.agent.tool_call_args", "{1}"),
                ("gcp.vertex.agent.tool_response", "{2}"),
            ],
        ),
        (
            "x",
            &[
                ("openinference.span.kind", "TOOL"),
                ("tool.name", "refund"),
                ("input.value", "{1}"),
                ("output.value", "{2}"),
            ],
        ),
        (
            "refund.tool",
            &[
                ("traceloop.span.kind", "tool"),
                ("traceloop.entity.name", "refund"),
                ("traceloop.entity.input", "{1}"),
                ("traceloop.entity.output", "{2}"),
            ],
        ),
        ("ai.toolCall", &[("ai.toolCall.name", "refund"), ("ai.toolCall.args", "{1}"), ("ai.toolCall.result", "{2}")]),
        (
            "refund",
            &[
                ("langfuse.observation.type", "tool"),
                ("langfuse.observation.input", "{1}"),
                ("langfuse.observation.output", "{2}"),
            ],
        ),
        ("refund", &[("mlflow.spanType", "\"TOOL\""), ("mlflow.spanInputs", "{1}"), ("mlflow.spanOutputs", "{2}")]),
    ] {
        let outcome = clean(&export(&[span((1, 0, name, 1), attributes)]), InputFormat::Otlp);
        assert_eq!(lines_of(&outcome), ["POST /tools/refund 200"], "{attributes:?}");
        let e = &outcome.exchanges[0];
        assert_eq!(e.request.as_ref().unwrap().body.bytes(), Some(&b"{1}"[..]), "{attributes:?}");
        assert_eq!(e.response.as_ref().unwrap().body.bytes(), Some(&b"{2}"[..]), "{attributes:?}");
        assert!(e.log.fields.iter().all(|(_, value)| !value.contains('{')), "{:?}", e.log.fields);
    }
    let others = [
        span((1, 0, "my_tool run", 1), &[]),
        span((2, 0, "chat", 3), &[("openinference.span.kind", "LLM"), ("input.value", "{}")]),
        span(
            (3, 0, "HTTP", 2),
            &[("http.request.method", "_OTHER"), ("http.request.method_original", "PURGE"), ("url.path", "/x")],
        ),
    ];
    let outcome = clean(&export(&others), InputFormat::Otlp);
    assert_eq!(lines_of(&outcome), ["PURGE /x 0"]);
    assert_eq!((outcome.not_read("span_like_tool"), outcome.not_read("span_without_request")), (1, 1));
}

#[test]
fn one_call_of_a_tool_is_one_exchange() {
    let tool = [("gen_ai.tool.name", "refund"), ("gen_ai.tool.call.arguments", "{\"order\":\"o1\"}")];
    let agent = span((1, 0, "execute_tool refund", 1), &[&tool[..], &[("gen_ai.agent.name", "bot")]].concat());
    let client = span((2, 1, "tools/call refund", 3), &tool);
    let http = span((3, 2, "POST", 3), &[("http.request.method", "POST"), ("url.full", "https://mcp.example/")]);
    let server = span((4, 3, "tools/call refund", 2), &tool);
    let read = |exports: &[&[&serde_json::Value]]| {
        let lines = exports.iter().map(|spans| export(&spans.iter().copied().cloned().collect::<Vec<_>>()) + "\n");
        let outcome = clean(&lines.collect::<String>(), InputFormat::Otlp);
        assert_eq!(outcome.records(), exports.iter().map(|spans| spans.len() as u64).sum::<u64>());
        (
            outcome.exchanges.len(),
            outcome.not_read("tool_span_again"),
            field(&outcome.exchanges[0], "act.sub").is_some(),
        )
    };
    assert_eq!(read(&[&[&agent, &client, &http, &server]]), (1, 2, true));
    assert_eq!(read(&[&[&server, &http, &client, &agent]]), (1, 2, true), "children end first");
    assert_eq!(read(&[&[&client, &http, &agent], &[&server]]), (1, 2, true));
    assert_eq!(read(&[&[&server], &[&http, &client, &agent]]), (1, 2, false));
    let retry = span((5, 1, "tools/call refund", 3), &tool);
    assert_eq!(read(&[&[&agent, &client, &retry]]), (2, 1, true), "a second try is another call");
    let other = span((4, 3, "tools/call pay", 2), &[("gen_ai.tool.name", "pay")]);
    assert_eq!(read(&[&[&client, &http, &other]]), (2, 0, false), "another tool below a client's is another call");
    let mut failed = client.clone();
    failed["status"] = serde_json::json!({"code": 2});
    assert_eq!(read(&[&[&failed, &http, &server]]), (2, 0, false), "it was done, whatever the client saw");
    let mut untimed = agent.clone();
    untimed["startTimeUnixNano"] = "0".into();
    untimed["endTimeUnixNano"] = "0".into();
    let lines = export(&[untimed, client.clone()]) + "\n";
    let outcome = read_content(lines);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("tool_span_again")), (1, 0), "what has no time hides none");
}
