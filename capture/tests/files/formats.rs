//! Logs of servers and clouds as their documentation shows them.

use std::sync::Arc;

use offpath_capture::{Exchange, Incomplete, InputFormat, LogFormat, Mapping, Options};

use crate::reading::{Outcome, read_content, read_with};

const SECOND: i64 = 1_000_000;
/// 2026-05-17T08:05:32Z.
const MAY: i64 = 1_779_005_132 * SECOND;

/// Method, target and status.
pub(crate) fn line_of(exchange: &Exchange) -> (String, String, Option<u16>) {
    let request = exchange.request.as_ref().unwrap();
    (request.method.clone(), request.target.clone(), exchange.response.as_ref().map(|response| response.status))
}

fn lines_of(outcome: &Outcome) -> Vec<String> {
    let line = |exchange: &Exchange| {
        let (method, target, status) = line_of(exchange);
        format!("{method} {target} {}", status.unwrap_or(0))
    };
    outcome.exchanges.iter().map(line).collect()
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    exchange.request.as_ref().unwrap().headers.text(name)
}

fn field<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    exchange.log.fields.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

fn format(outcome: &Outcome) -> InputFormat {
    outcome.reports[0].inputs[0].format
}

#[track_caller]
fn clean(content: &str, wanted: InputFormat) -> Outcome {
    let outcome = read_content(content);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(format(&outcome), wanted);
    outcome
}

#[track_caller]
fn one(content: &str, wanted: InputFormat) -> Exchange {
    let outcome = clean(content, wanted);
    assert_eq!(outcome.exchanges.len(), 1, "{content}");
    outcome.exchanges.into_iter().next().unwrap()
}

#[test]
fn iis_headings_may_change_in_the_middle() {
    let outcome = clean(
        concat!(
            "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-05-17 08:05:32\r\n",
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) ",
            "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n",
            "2026-05-17 08:05:32 10.0.0.4 POST /orders/7 q=a+b&c=%20 443 CORP\\bob 203.0.113.9 Mozilla/5.0+(X11) - 201 0 0 250\r\n",
            "#Fields: time c-ip date cs-method cs-uri-stem sc-status\r\n",
            "08:05:33 203.0.113.9 2026-05-17 GET /orders 200\r\n",
        ),
        InputFormat::W3c,
    );
    assert_eq!(lines_of(&outcome), ["POST /orders/7?q=a+b&c=%20 201", "GET /orders 200"]);
    let first = &outcome.exchanges[0];
    assert_eq!((first.time.0, first.end.unwrap().0, first.tick), (MAY - 250_000, MAY, SECOND));
    assert_eq!(
        (first.log.user.as_deref(), header(first, "user-agent")),
        (Some("CORP\\bob"), Some("Mozilla/5.0 (X11)"))
    );
    assert_eq!(first.server.unwrap().to_string(), "10.0.0.4:443");
    assert_eq!(outcome.exchanges[1].end.unwrap().0, MAY + SECOND);
    assert_eq!(outcome.exchanges[1].origin.to_string().rsplit('#').next(), Some("line=7"));
}

#[test]
fn a_line_that_does_not_fit_its_heading_is_said() {
    let outcome =
        read_content("#Fields: date time cs-method cs-uri-stem\n2026-05-17 08:05:32 GET /a\n2026-05-17 08:05:32 GET\n");
    assert_eq!((outcome.exchanges.len(), outcome.not_read("unparsed_line"), outcome.records()), (1, 1, 2));
    outcome.says(&["line 3", "3 columns", "names 4"]);
    read_content("#Fields: date time x-event\n2026-05-17 08:05:32 start\n").says(&["W3C", "cs-method"]);
}

#[test]
fn cloudfront_is_read() {
    let e = one(
        concat!(
            "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) ",
            "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes ",
            "time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status ",
            "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len ",
            "sc-range-start sc-range-end\n",
            "2026-05-17\t08:05:32\tFRA6-C1\t900\t203.0.113.9\tPUT\td111.cloudfront.net\t/a%20b\t200\t-\tMozilla/5.0%20(X11)\tx=1\t",
            "sid=7;%20t=1\tMiss\tID==\tapi.example\thttps\t120\t0.500\t-\tTLSv1.3\tAES\tMiss\tHTTP/2.0\t-\t-\t41234\t0.400\tMiss\t",
            "application/json\t532\t-\t-\n",
        ),
        InputFormat::W3c,
    );
    assert_eq!(line_of(&e), ("PUT".into(), "/a%20b?x=1".into(), Some(200)));
    assert_eq!((e.time.0, e.end.unwrap().0), (MAY - 500_000, MAY));
    assert_eq!(e.request.as_ref().unwrap().host.as_deref(), Some("api.example"));
    assert_eq!((header(&e, "user-agent"), header(&e, "cookie")), (Some("Mozilla/5.0 (X11)"), Some("sid=7; t=1")));
    assert_eq!(
        (e.client.unwrap().to_string(), e.log.request_id.as_deref()),
        ("203.0.113.9:41234".into(), Some("ID=="))
    );
}

const ZEEK: &str = concat!(
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#open\t2026-05-17-08-00-00\n",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\t",
    "request_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tusername\tpassword\n",
    "#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tstring\tstring\n",
    "1779005132.250001\tCx\t203.0.113.9\t41234\t10.0.0.4\t80\t1\tGET\tapi.example\t/a\\x09b\t-\t1.1\tcurl/8\t0\t532\t200\tOK\tbob\tsecret1\n",
    "1779005133.000000\tCy\t203.0.113.9\t41235\t10.0.0.4\t80\t1\t-\t-\t-\t-\t-\t-\t0\t0\t400\tBad\t-\t-\n",
    "#close\t2026-05-17-09-00-00\n",
);

#[test]
fn zeek_is_read_as_columns_and_as_json() {
    let outcome = clean(ZEEK, InputFormat::Zeek);
    assert_eq!((outcome.not_read("malformed_request"), outcome.records()), (1, 2));
    let json = one(
        r#"{"ts":1779005132.250001,"uid":"Cx","id.orig_h":"203.0.113.9","id.orig_p":41234,"id.resp_h":"10.0.0.4","id.resp_p":80,"method":"GET","host":"api.example","uri":"/a\tb","version":"1.1","user_agent":"curl/8","status_code":200,"username":"bob"}"#,
        InputFormat::JsonLog,
    );
    for e in [&outcome.exchanges[0], &json] {
        assert_eq!(line_of(e), ("GET".into(), "/a\tb".into(), Some(200)));
        assert_eq!((e.time.0, e.end, e.tick), (MAY + 250_001, None, 1));
        assert_eq!((e.client.unwrap().to_string(), e.server.unwrap().port), ("203.0.113.9:41234".into(), Some(80)));
        assert_eq!((e.log.user.as_deref(), header(e, "user-agent")), (Some("bob"), Some("curl/8")));
    }
    assert!(!format!("{:?}", outcome.exchanges).contains("secret1"));
    read_content("#separator \\x09\n#path\tconn\n#fields\tts\tuid\n1.0\tC\n").says(&["Zeek log without requests"]);
}

#[test]
fn load_balancers_and_proxies_write_lines_of_their_own() {
    let alb = one(
        concat!(
            "h2 2026-05-17T08:05:32.186641Z app/lb/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 ",
            "\"GET https://api.example:443/orders?x=1 HTTP/2.0\" \"curl/8 \\\"x\\\"\" ECDHE TLSv1.2 arn:aws:tg/1 \"Root=1-58337262-36d2\" ",
            "\"api.example\" \"arn:cert\" 1 2026-05-17T08:05:32.015000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" TID_1\n",
        ),
        InputFormat::Alb,
    );
    assert_eq!(line_of(&alb), ("GET".into(), "/orders?x=1".into(), Some(200)));
    assert_eq!((alb.time.0, alb.end.unwrap().0), (MAY + 15_000, MAY + 186_641));
    assert_eq!(header(&alb, "user-agent"), Some("curl/8 \"x\""));
    assert_eq!(alb.log.trace_id.as_deref(), Some("Root=1-58337262-36d2"));

    let envoy = r#"[2026-05-17T08:05:32.123Z] "POST /orders HTTP/2" 201 - 154 532 226 100 "203.0.113.9" "curl/8" "cc21d9b0" "api.example" "10.0.2.1:80""#;
    let istio = r#"[2026-05-17T08:05:32.123Z] "POST /orders HTTP/2" 201 - via_upstream - "-" 154 532 226 100 "203.0.113.9" "curl/8" "cc21d9b0" "api.example" "10.0.2.1:80" outbound|80||orders 10.0.0.9:1 10.0.0.8:80 10.0.0.7:5555 - default"#;
    for line in [envoy, istio] {
        let e = one(&format!("{line}\n"), InputFormat::Envoy);
        assert_eq!(line_of(&e), ("POST".into(), "/orders".into(), Some(201)));
        assert_eq!((e.time.0, e.end.unwrap().0), (MAY + 123_000, MAY + 349_000));
        assert_eq!(
            (e.log.request_id.as_deref(), header(&e, "x-forwarded-for")),
            (Some("cc21d9b0"), Some("203.0.113.9"))
        );
        assert_eq!(e.request.unwrap().host.as_deref(), Some("api.example"));
    }
    for prefix in ["", "haproxy[14389]: ", "May 17 10:05:32 lb haproxy[14389]: "] {
        let e = one(
            &format!(
                "{prefix}203.0.113.9:33317 [17/May/2026:08:05:32.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {{1wt.eu|x y}} {{}} \"GET /index.html?a=b HTTP/1.1\"\n"
            ),
            InputFormat::Haproxy,
        );
        assert_eq!(line_of(&e), ("GET".into(), "/index.html?a=b".into(), Some(200)));
        assert_eq!((e.time.0, e.end.unwrap().0, e.tick), (MAY + 655_000, MAY + 764_000, 1000));
        assert_eq!(
            (e.client.unwrap().to_string(), field(&e, "backend_server")),
            ("203.0.113.9:33317".into(), Some("static/srv1"))
        );
    }
}

#[test]
fn cloud_records_are_read_in_documents_and_in_lines() {
    let gcp = r#"{"insertId":"i1","httpRequest":{"requestMethod":"POST","requestUrl":"https://api.example/orders?x=1","requestSize":"120","status":201,"responseSize":"532","userAgent":"curl/8","remoteIp":"203.0.113.9","serverIp":"10.0.0.4","latency":"0.250s"},"timestamp":"2026-05-17T08:05:32.500000Z","receiveTimestamp":"2026-05-17T08:05:34Z","trace":"projects/p/traces/0af7651916cd43dd8448eb211c80319c","severity":"INFO"}"#;
    let gateway = r#"{"timeStamp":"2026-05-17T08:05:32+00:00","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_2","clientIP":"203.0.113.9","clientPort":45057,"httpMethod":"POST","originalRequestUriWithArgs":"/orders?x=1","requestUri":"/orders","requestQuery":"x=1","userAgent":"curl/8","httpStatus":201,"httpVersion":"HTTP/1.1","receivedBytes":184,"sentBytes":466,"timeTaken":0.25,"transactionId":"t1","host":"api.example"}}"#;
    let door = r#"{"time":"2026-05-17T08:05:32.1583427Z","category":"FrontDoorAccessLog","properties":{"trackingReference":"r1","httpMethod":"POST","httpVersion":"2.0","requestUri":"https://api.example:443/orders?x=1","userAgent":"curl/8","clientIp":"203.0.113.9","clientPort":"1234","timeTaken":"0.158","httpStatusCode":"201","hostName":"api.example:443"}}"#;
    let api = r#"{"requestId":"r1","ip":"203.0.113.9","requestTime":"17/May/2026:08:05:32 +0000","httpMethod":"POST","routeKey":"POST /orders","path":"/orders?x=1","status":"201","protocol":"HTTP/1.1","responseLength":"532","responseLatency":"12","userAgent":"curl/8"}"#;
    for record in [gcp, gateway, door, api] {
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(record).unwrap()).unwrap();
        let documents =
            [format!("[{record}]"), format!("{{\"records\":[{record}]}}"), format!("[\n{pretty}\n]\n"), pretty];
        let line = one(&format!("{record}\n"), InputFormat::JsonLog);
        assert_eq!(line_of(&line), ("POST".into(), "/orders?x=1".into(), Some(201)));
        assert_eq!(line.client.unwrap().ip.to_string(), "203.0.113.9");
        assert_eq!(header(&line, "user-agent"), Some("curl/8"));
        assert!((line.time.0 - MAY).abs() <= SECOND, "{record}");
        for document in documents {
            let same = one(&document, InputFormat::JsonDocument);
            assert_eq!((line_of(&same), same.time, same.end), (line_of(&line), line.time, line.end));
            assert_eq!(same.origin.to_string().rsplit('#').next(), Some("entry=0"));
        }
    }
    let gcp = one(gcp, InputFormat::JsonLog);
    assert_eq!((gcp.time.0, gcp.end.unwrap().0), (MAY + 500_000, MAY + 750_000));
    assert_eq!(gcp.log.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(one(gateway, InputFormat::JsonLog).time.0, MAY - 250_000);
    assert_eq!(one(door, InputFormat::JsonLog).time.0, MAY + 342);
    let route = api.replace(r#""path":"/orders?x=1","#, "").replace(r#""httpMethod":"POST","#, "");
    assert_eq!(line_of(&one(&route, InputFormat::JsonLog)), ("POST".into(), "/orders".into(), Some(201)));
}

#[test]
fn cloudtrail_events_are_calls() {
    let event = |name: &str, more: &str| {
        format!(
            r#"{{"eventVersion":"1.09","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/bob","userName":"bob"}},"eventTime":"2026-05-17T08:05:32Z","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2","requestParameters":{{"userName":"eve"}},"responseElements":null,"requestID":"r1","eventID":"e1","readOnly":false{more}}}"#
        )
    };
    let records = [
        event("CreateUser", ""),
        event("DeleteUser", r#","errorCode":"AccessDenied","errorMessage":"no""#),
        event("ListUsers", "").replace("\"readOnly\":false", "\"readOnly\":true"),
    ];
    let outcome = clean(&format!("{{\"Records\":[{}]}}", records.join(",")), InputFormat::JsonDocument);
    let wanted = [
        "POST /iam.amazonaws.com/CreateUser 200",
        "POST /iam.amazonaws.com/DeleteUser 403",
        "GET /iam.amazonaws.com/ListUsers 200",
    ];
    assert_eq!(lines_of(&outcome), wanted);
    let first = &outcome.exchanges[0];
    assert_eq!(
        (first.log.user.as_deref(), first.log.request_id.as_deref()),
        (Some("arn:aws:iam::1:user/bob"), Some("r1"))
    );
    assert_eq!(first.request.as_ref().unwrap().body.bytes(), Some(&br#"{"userName":"eve"}"#[..]));
    assert_eq!(
        (first.end.unwrap().0, first.request.as_ref().unwrap().host.as_deref()),
        (MAY, Some("iam.amazonaws.com"))
    );
    assert_eq!(outcome.exchanges[2].origin.to_string().rsplit('#').next(), Some("entry=2"));
}

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
            (outcome.not_read("client_span"), outcome.not_read("span_without_request"), outcome.records()),
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

fn described(format: &str) -> Options {
    Options { log_format: Some(LogFormat::new(format).unwrap()), ..Options::default() }
}

#[test]
fn formats_in_the_servers_own_words_are_read() {
    let nginx = r#"$remote_addr|$time_iso8601|$scheme://$host$request_uri|$request_method|$status|$request_time|"$http_x_tenant"|$remote_user"#;
    let outcome = read_with(
        concat!(
            "203.0.113.9|2026-05-17T08:05:32+00:00|https://api.example/a?b=1|GET|200|0.250|\"acme \\x22x\\x22\"|-\n",
            "10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /combined HTTP/1.1\" 200 1\n",
            "neither\n"
        ),
        &described(nginx),
    );
    assert_eq!(lines_of(&outcome), ["GET /a?b=1 200", "GET /combined 200"]);
    assert_eq!((format(&outcome), outcome.not_read("unparsed_line")), (InputFormat::Described, 1));
    let first = &outcome.exchanges[0];
    assert_eq!((first.time.0, first.end.unwrap().0), (MAY - 250_000, MAY));
    assert_eq!((header(first, "x-tenant"), &first.log.user), (Some("acme \"x\""), &None));

    let apache = r#"%v %h %l %u %t "%r" %>s %O %D "%{X-Request-Id}i""#;
    let line = r#"api.example 203.0.113.9 - bob [17/May/2026:10:05:32 +0200] "GET /a HTTP/1.1" 200 5 250000 "r1""#;
    let outcome = read_with(format!("{line}\n"), &described(apache));
    let e = &outcome.exchanges[0];
    assert_eq!((e.time.0, e.end.unwrap().0, e.log.user.as_deref()), (MAY, MAY + 250_000, Some("bob")));
    assert_eq!(
        (e.log.request_id.as_deref(), e.request.as_ref().unwrap().host.as_deref()),
        (Some("r1"), Some("api.example"))
    );
    let combined =
        read_with("10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /c HTTP/1.1\" 200 1\n", &described("combined"));
    assert_eq!(lines_of(&combined), ["GET /c 200"]);
}

fn mapped(build: impl FnOnce(&mut Mapping)) -> Options {
    let mut mapping = Mapping::default();
    build(&mut mapping);
    assert_eq!(mapping.missing(), None);
    Options { mapping: Some(Arc::new(mapping)), ..Options::default() }
}

#[test]
fn mappings_read_what_nobody_knows() {
    let fields = [
        ("time", "when"),
        ("method", "verb"),
        ("path", "where"),
        ("user", "who"),
        ("session", "sid"),
        ("duration_ms", "took"),
    ];
    let check = |outcome: &Outcome| {
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        let e = &outcome.exchanges[0];
        assert_eq!(lines_of(outcome), ["POST /orders/7 201"]);
        assert_eq!((e.time.0, e.end.unwrap().0, e.log.user.as_deref()), (MAY, MAY + 250_000, Some("bob")));
        assert_eq!(header(e, "cookie"), Some("session=s1"));
    };
    let pattern = mapped(|mapping| {
        mapping
            .pattern(r"^(?<when>.{19}) (?<who>\w+)/(?<sid>\w+): (?<verb>\w+) (?<where>\S+) took (?<took>\d+)$")
            .unwrap();
        fields.iter().for_each(|(target, place)| mapping.field(target, place).unwrap());
        mapping.value("status", "201").unwrap();
        mapping.time_format("%d.%m.%Y %H:%M:%S", 7200).unwrap();
    });
    let text = "17.05.2026 10:05:32 bob/s1: POST /orders/7 took 250\n";
    let outcome = read_with(text, &pattern);
    check(&outcome);
    assert_eq!(format(&outcome), InputFormat::Mapped);
    let outcome = read_with(format!("{text}another line\n"), &pattern);
    outcome.says(&["line 2", "pattern does not match"]);
    assert_eq!(outcome.not_read("unparsed_line"), 1);

    let columns = mapped(|mapping| {
        mapping.columns(';', None).unwrap();
        fields.iter().for_each(|(target, place)| mapping.field(target, place).unwrap());
        mapping.field("status", "code").unwrap();
    });
    check(&read_with(
        "when;who;sid;verb;where;took;code\n2026-05-17T08:05:32Z;bob;s1;POST;\"/orders/7\";250;201\n",
        &columns,
    ));

    let json = mapped(|mapping| {
        for (target, place) in [
            ("time", "/e/when"),
            ("method", "/e/verb"),
            ("path", "/e/where"),
            ("user", "/who/0"),
            ("session", "/sid"),
            ("duration_ms", "/took"),
            ("status", "/code"),
        ] {
            mapping.field(target, place).unwrap();
        }
    });
    let record = r#"{"method":"GET","e":{"when":"2026-05-17T08:05:32Z","verb":"POST","where":"/orders/7"},"who":["bob"],"sid":"s1","took":250,"code":201,"status":500}"#;
    check(&read_with(record, &json));
    check(&read_with(format!("[\n{record}\n]"), &json));
}

#[test]
fn formats_may_be_mixed_and_other_files_are_read_beside_a_mapping() {
    let lines = [
        "10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /combined HTTP/1.1\" 200 1",
        r#"[2026-05-17T08:05:32.123Z] "GET /envoy HTTP/2" 200 - 1 5 2 1 "-" "curl/8" "c" "api.example" "10.0.2.1:80""#,
        r#"{"ts":1779005132,"method":"GET","path":"/json","status":200}"#,
        "#Fields: date time cs-method cs-uri-stem sc-status",
        "2026-05-17 08:05:32 GET /w3c 200",
        "10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /again HTTP/1.1\" 200 1",
    ];
    let outcome = read_content(lines.join("\n"));
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(
        lines_of(&outcome),
        ["GET /combined 200", "GET /envoy 200", "GET /json 200", "GET /w3c 200", "GET /again 200"]
    );
}

#[test]
fn described_lines_may_begin_like_an_envelope() {
    let line = "2026-05-17T08:05:32Z 203.0.113.9 GET /a 200";
    let nginx = described("$time_iso8601 $remote_addr $request_method $request_uri $status");
    let pattern = mapped(|mapping| {
        mapping.pattern(r"^(?<time>\S+) (?<client>\S+) (?<method>\S+) (?<path>\S+) (?<status>\d+)$").unwrap();
        ["time", "client", "method", "path", "status"].iter().for_each(|name| mapping.field(name, name).unwrap());
    });
    for options in [nginx, pattern] {
        for envelope in ["", "web-1  | ", "2026-05-17T08:05:33.5Z stdout F "] {
            let outcome = read_with(format!("{envelope}{line}\n"), &options);
            assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
            assert_eq!((lines_of(&outcome), outcome.exchanges[0].time.0), (vec!["GET /a 200".to_owned()], MAY));
        }
    }
}

#[test]
fn json_of_gateways_is_read_by_its_names() {
    let kong = r#"{"request":{"method":"GET","uri":"/a?b=1","url":"http://api.example:8000/a?b=1","size":"75","querystring":{"b":"1"},"headers":{"host":"api.example","x-tenant":"acme"},"id":"r1"},"response":{"status":200,"size":"434","headers":{"location":"/n"}},"latencies":{"request":250,"kong":9,"proxy":240},"client_ip":"203.0.113.9","started_at":1779005132000,"consumer":{"id":"c1","username":"shop-app"},"route":{"id":"x"}}"#;
    let e = one(kong, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY, MAY + 250_000)
    );
    assert_eq!(
        (header(&e, "x-tenant"), e.log.client_id.as_deref(), e.log.request_id.as_deref()),
        (Some("acme"), Some("c1"), Some("r1"))
    );

    let cloudfront = r#"{"date":"2026-05-17","time":"08:05:32","x-edge-location":"FRA6","c-ip":"203.0.113.9","cs-method":"GET","cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/a","sc-status":"200","cs(User-Agent)":"curl/8","cs-uri-query":"b=1","x-host-header":"api.example","time-taken":"0.250"}"#;
    let e = one(cloudfront, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY - 250_000, MAY)
    );
    assert_eq!(
        (header(&e, "user-agent"), e.request.as_ref().unwrap().host.as_deref()),
        (Some("curl/8"), Some("api.example"))
    );

    let haproxy = r#"{"time_accept":"17/May/2026:08:05:32.500","client_ip":"203.0.113.9","client_port":"4711","http_method":"GET","http_path":"/a","http_query":"?b=1","status_code":"200","bytes_read":"120","active_time":"250","backend":"be"}"#;
    let e = one(haproxy, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY + 500_000, MAY + 750_000)
    );
}

#[test]
fn a_path_template_is_known_as_one() {
    let gateway = r#"{"requestId":"r1","requestTime":"17/May/2026:08:05:32 +0000","httpMethod":"POST","resourcePath":"/orders/{id}","status":"201"}"#;
    let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":2,"startTimeUnixNano":"1779005132000000000","endTimeUnixNano":"1779005132018000000","attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"http.route","value":{"stringValue":"/orders/:id"}},{"key":"http.response.status_code","value":{"intValue":"201"}}]}]}]}]}"#;
    let called_path = gateway.replace("resourcePath", "path");
    for (content, format) in
        [(gateway, InputFormat::JsonLog), (spans, InputFormat::Otlp), (&called_path, InputFormat::JsonLog)]
    {
        let exchange = one(content, format);
        assert_eq!(line_of(&exchange), ("POST".into(), "/orders/{id}".into(), Some(201)), "{content}");
        assert_eq!(exchange.incomplete, [Incomplete::PathTemplate], "{content}");
    }
    let whole = one(&gateway.replace("/{id}", ""), InputFormat::JsonLog);
    assert_eq!((line_of(&whole).1, whole.incomplete), ("/orders".into(), vec![]));
    let both = gateway.replace(r#""status""#, r#""path":"/orders/7","status""#);
    let both = one(&both, InputFormat::JsonLog);
    assert_eq!((line_of(&both).1, both.incomplete), ("/orders/7".into(), vec![]));
    let any = read_content(gateway.replace("/orders/{id}", "/{proxy+}") + "\n");
    assert_eq!((any.exchanges.len(), any.not_read("unparsed_line")), (0, 1));
    any.says(&["a route that fits any path", "`$context.path`", "`url.path`"]);
}

#[test]
fn apache_logs_the_port_of_either_end() {
    let read = |port: &str| {
        let format = format!(r#"%a {port} %A %u %t "%r" %>s"#);
        let line = r#"10.0.0.7 50123 10.0.0.9 anna [17/May/2026:08:05:32 +0000] "GET /orders/o1 HTTP/1.1" 200"#;
        let e = read_with(line, &described(&format)).exchanges.remove(0);
        (e.client.unwrap().to_string(), e.server.unwrap().to_string())
    };
    assert_eq!(read("%{remote}p"), ("10.0.0.7:50123".into(), "10.0.0.9".into()));
    for port in ["%p", "%{local}p", "%{canonical}p"] {
        assert_eq!(read(port), ("10.0.0.7".into(), "10.0.0.9:50123".into()), "{port}");
    }
}

const ROUTER: &str = r#"at=info method=POST path="/orders?x=1" host=shop.example request_id=r1 fwd="203.0.113.9, 10.0.0.7" dyno=web.1 connect=0ms service=18ms status=201 bytes=52 protocol=https"#;
const LOGRAGE: &str = "method=POST path=/orders format=json controller=OrdersController action=create status=201 duration=18.5 view=4.2 db=3.1 user_id=bob";

#[test]
fn lines_of_names_and_values_are_read() {
    let heroku = one(&format!("2026-05-17T08:05:32.018000+00:00 heroku[router]: {ROUTER}\n"), InputFormat::Logfmt);
    assert_eq!(line_of(&heroku), ("POST".into(), "/orders?x=1".into(), Some(201)));
    assert_eq!((heroku.time.0, heroku.end.unwrap().0), (MAY, MAY + 18_000));
    assert_eq!(heroku.client.unwrap().to_string(), "10.0.0.7");
    assert_eq!(
        (header(&heroku, "x-forwarded-for"), heroku.log.request_id.as_deref()),
        (Some("203.0.113.9, 10.0.0.7"), Some("r1"))
    );
    let request = heroku.request.as_ref().unwrap();
    assert_eq!((request.scheme.as_deref(), request.host.as_deref()), (Some("https"), Some("shop.example")));

    let rails = one(&format!("I, [2026-05-17T08:05:32.018500 #7]  INFO -- : [r1] {LOGRAGE}\n"), InputFormat::Logfmt);
    assert_eq!(line_of(&rails), ("POST".into(), "/orders".into(), Some(201)));
    assert_eq!((rails.time.0, rails.end.unwrap().0, rails.log.user.as_deref()), (MAY, MAY + 18_500, Some("bob")));

    let kit = one(
        "ts=2026-05-17T08:05:32.018Z caller=http.go:7 level=info method=GET path=/a took=18ms status=200\n",
        InputFormat::Logfmt,
    );
    assert_eq!(
        (line_of(&kit), kit.time.0, kit.end.unwrap().0),
        (("GET".into(), "/a".into(), Some(200)), MAY + 18_000, MAY + 36_000)
    );

    read_content(format!("{ROUTER}\n")).says(&["request without a time", "docker logs -t"]);
    read_content("level=info msg=started port=8080 pid=7\n").says(&["plain text"]);
}

#[test]
fn squid_and_uvicorn_are_read() {
    let squid = one(
        "1779005132.018     18 10.0.0.7 TCP_MISS/201 52 POST http://shop.example/orders anna HIER_DIRECT/10.1.1.1 text/html\n",
        InputFormat::Squid,
    );
    assert_eq!(line_of(&squid), ("POST".into(), "/orders".into(), Some(201)));
    assert_eq!((squid.time.0, squid.end.unwrap().0, squid.log.user.as_deref()), (MAY, MAY + 18_000, Some("anna")));
    assert_eq!(squid.request.as_ref().unwrap().host.as_deref(), Some("shop.example"));

    let line = r#"10.0.0.7:50123 - "POST /orders HTTP/1.1" 201 Created"#;
    for prefix in [
        "2026-05-17T08:05:32.018Z INFO:     ",
        "2026-05-17T08:05:32.018000000Z stdout F INFO:     ",
        "2026-05-17 08:05:32,018 - uvicorn.access - INFO - ",
    ] {
        let e = one(&format!("{prefix}{line}\n"), InputFormat::Uvicorn);
        assert_eq!(line_of(&e), ("POST".into(), "/orders".into(), Some(201)), "{prefix}");
        assert_eq!((e.end.unwrap().0, e.client.unwrap().port), (MAY + 18_000, Some(50123)), "{prefix}");
    }
    read_content(format!("INFO:     {line}\n")).says(&["request without a time", "kubectl logs --timestamps"]);
}

#[test]
fn lines_in_json_are_opened() {
    let combined = r#"10.0.0.7 - anna [17/May/2026:08:05:32 +0000] "POST /orders HTTP/1.1" 201 52 "-" "curl""#;
    let text = serde_json::to_string(combined).unwrap();
    let ended = serde_json::to_string(&format!("{combined}\n")).unwrap();
    for object in [
        format!(
            r#"{{"@timestamp":"2026-05-17T08:05:33.123Z","message":{text},"log":{{"file":{{"path":"/a"}}}},"stream":"stdout"}}"#
        ),
        format!(r#"{{"date":1779005133.1,"log":{ended},"kubernetes":{{"pod_name":"x"}}}}"#),
        format!(r#"{{"textPayload":{text},"timestamp":"2026-05-17T08:05:33Z"}}"#),
        format!(r#"{{"__REALTIME_TIMESTAMP":"1779005133000000","MESSAGE":{text}}}"#),
        format!(
            r#"{{"message":{}}}"#,
            serde_json::to_string(&format!("2026-05-17T08:05:32Z stdout F {combined}")).unwrap()
        ),
    ] {
        let e = one(&format!("{object}\n"), InputFormat::CombinedLog);
        assert_eq!((line_of(&e).1, e.log.user.as_deref(), e.time.0), ("/orders".into(), Some("anna"), MAY), "{object}");
    }
    for document in [
        format!(r#"{{"events":[{{"timestamp":1779005132000,"message":{text},"ingestionTime":1}}]}}"#),
        format!(
            r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"1","timestamp":1779005132000,"message":{text}}}]}}"#
        ),
        format!("[\n{{\"textPayload\":\n{text}}}]"),
    ] {
        let e = one(&document, InputFormat::JsonDocument);
        assert_eq!(
            (line_of(&e).1, e.log.user.as_deref(), e.time.0),
            ("/orders".into(), Some("anna"), MAY),
            "{document}"
        );
    }
    let inner = serde_json::to_string(r#"{"method":"GET","path":"/a","status":200}"#).unwrap();
    let e = one(&format!("{{\"@timestamp\":\"2026-05-17T08:05:32Z\",\"message\":{inner}}}\n"), InputFormat::JsonLog);
    assert_eq!((line_of(&e).1, e.end.unwrap().0), ("/a".into(), MAY));
    let uvicorn = serde_json::to_string(r#"INFO:     10.0.0.7:1 - "GET /b HTTP/1.1" 200 OK"#).unwrap();
    let e = one(&format!("{{\"log\":{uvicorn},\"time\":\"2026-05-17T08:05:32Z\"}}\n"), InputFormat::Uvicorn);
    assert_eq!((line_of(&e).1, e.end.unwrap().0), ("/b".into(), MAY));
    // A record that is a request itself is read by its own names, whatever its message says.
    let own = format!(r#"{{"ts":"2026-05-17T08:05:32Z","method":"GET","path":"/own","status":200,"message":{text}}}"#);
    assert_eq!(line_of(&one(&own, InputFormat::JsonLog)).1, "/own");
    read_content("{\"message\":\"he said \\\"GET /a\\\" to me\"}\n{\"message\":\"x\"}\n")
        .says(&["no known field for the method"]);
}

#[test]
fn a_heading_that_is_missing_is_said() {
    let mut mapping = Mapping::default();
    mapping.columns(',', None).unwrap();
    for (target, column) in [("time", "when"), ("method", "verb"), ("path", "where"), ("user", "who")] {
        mapping.field(target, column).unwrap();
    }
    let options = Options { mapping: Some(Arc::new(mapping)), ..Options::default() };
    let rows = "2026-05-17T08:05:32Z,POST,/orders/o1,201,anna.schmidt@example.com,tok_live_51Habc\n".repeat(3);
    let read = read_with(format!("When,verb,where,code,who,token\n{rows}"), &options);
    assert_eq!((read.exchanges.len(), read.errors.len()), (3, 0), "{:?}", read.errors);
    for first in ["", "when,verb,path,code,who,token\n"] {
        let outcome = read_with(format!("{first}{rows}"), &options);
        assert!(outcome.exchanges.is_empty());
        outcome.says(&["first line should name the columns", "(verb, when, where, who)", "heading"]);
        assert!(!outcome.errors.join("").contains("51Habc") && !outcome.errors.join("").contains("anna"));
    }
}

#[test]
fn logged_cookies_are_cookies() {
    let nginx = described(r#"$remote_addr [$time_local] "$request" $status "$cookie_shop_sid" "$cookie_lang""#);
    let apache = described(r#"%a %t \"%r\" %>s \"%{shop_sid}C\" \"%{lang}C\""#);
    let line = r#"10.0.0.7 [17/May/2026:08:05:32 +0000] "GET /a HTTP/1.1" 200 "sess-abcdef" "-""#;
    let json = r#"{"time_iso8601":"2026-05-17T08:05:32Z","method":"GET","path":"/a","cookie_shop_sid":"sess-abcdef"}"#;
    let nested = r#"{"ts":"2026-05-17T08:05:32Z","method":"GET","path":"/a","cookies":{"shop_sid":"sess-abcdef"}}"#;
    let plain = Options::default();
    for (options, line) in [(&nginx, line), (&apache, line), (&plain, json), (&plain, nested)] {
        let exchange = read_with(line, options).exchanges.remove(0);
        assert_eq!(header(&exchange, "cookie"), Some("shop_sid=sess-abcdef"), "{line}");
        assert!(!exchange.log.fields.iter().any(|(_, value)| value.contains("sess")), "{:?}", exchange.log.fields);
        assert!(!exchange.carries.request_headers);
    }
    let named = [("session".to_owned(), "cookie_shop_sid".to_owned())].into();
    let exchange = read_with(line, &Options { log_fields: named, ..nginx }).exchanges.remove(0);
    assert_eq!(header(&exchange, "cookie"), Some("session=sess-abcdef"));
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
