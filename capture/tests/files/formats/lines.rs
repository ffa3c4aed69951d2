//! Lines of proxies, routers and servers in their own form.

use offpath_capture::InputFormat;

use super::{MAY, clean, field, header, line_of, lines_of, one};
use crate::reading::read_content;

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
fn what_a_program_writes_between_its_requests_is_no_error() {
    let uvicorn = [
        "2026-05-17T08:05:31Z INFO:     Started server process [1]",
        r#"2026-05-17T08:05:32Z INFO:     10.0.0.7:50123 - "POST /orders HTTP/1.1" 201 Created"#,
        "2026-05-17T08:05:33Z WARNING:  slow reply",
    ];
    let json = [
        r#"{"ts":1779005132,"method":"GET","path":"/json","status":200}"#,
        r#"{"ts":1779005133,"level":"info","msg":"worker started"}"#,
        r#"{"ts":1779005134,"level":"info","msg":"worker idle"}"#,
    ];
    for (lines, others) in [(&uvicorn[..], 2), (&json[..], 2)] {
        let outcome = read_content(lines.join("\n"));
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        assert_eq!((outcome.exchanges.len(), outcome.not_read("other_log")), (1, others));
    }
    let told = |lines: &[&str]| read_content(lines.join("\n")).unlike().iter().map(|u| u.records).collect::<Vec<_>>();
    assert_eq!(told(&json), [2], "more than the one request");
    assert!(told(&[json[0], json[0], json[1]]).is_empty());
    // Half a request is one that was lost, and where nothing tells of a request, its fields have other names.
    let damaged = uvicorn.join("\n") + "\n2026-05-17T08:05:34Z INFO:     10.0.0.7:50123 - \"POST /or\n";
    read_content(damaged).says(&["line 4"]);
    let renamed = r#"{"ts":1779005132,"verb_used":"GET","where":"/json","code_sent":"ok"}"#;
    assert_eq!(read_content(format!("{renamed}\n{renamed}\n")).exchanges.len(), 0);
}

#[test]
fn one_request_does_not_make_all_others_the_lines_of_another_log() {
    let request = r#"{"ts":1779005132,"method":"GET","path":"/json","status":200}"#;
    for (line, alike) in [
        (r#"{"ts":1779005132,"op_kind":"POST","where":"/orders/5/ship","rslt":"ok"}"#, true),
        (r#"{"ts":1779005132,"did":{"what":"POST /orders/5/ship HTTP/1.1"}}"#, true),
        (r#"{"ts":1779005132,"op_kind":"post","where":"/orders/5/ship"}"#, true),
        (r#"{"ts":1779005132,"op_kind":"post","msg":"to the board"}"#, false),
        (r#"{"ts":1779005132,"msg":"POST it to /orders","file":"/app/main.py"}"#, false),
        (r#"{"ts":1779005132,"msg":"GET ready"}"#, false),
        (r#"{"ts":1779005132,"msg":"worker idle"}"#, false),
    ] {
        let outcome = read_content([request, request, "", line, request].join("\n"));
        assert_eq!((outcome.exchanges.len(), outcome.not_read("other_log")), (3, 1), "{line}");
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        let unlike = outcome.unlike();
        let told: Vec<_> = unlike.iter().map(|u| (u.records, u.alike, u.requests, u.what.as_str())).collect();
        assert_eq!(told.len(), usize::from(alike), "{line}");
        assert!(told.iter().all(|(.., what)| what.starts_with("line 4 has no known field for the method")), "{told:?}");
        assert!(told.iter().all(|(records, alike, requests, _)| (*records, *alike, *requests) == (1, 1, 3)));
    }
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
fn addresses_of_ipv6_before_a_port_are_read() {
    let haproxy = |client: &str, request: &str| {
        format!(
            "Feb  6 12:14:14 lb haproxy[1]: {client} [06/Feb/2009:12:14:14.655] fe be/s1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"{request}\"\n"
        )
    };
    for (client, read_as) in [
        ("2001:db8::1:33317", "[2001:db8::1]:33317"),
        ("2001:db8::1:3317", "[2001:db8::1]:3317"),
        ("::ffff:10.0.0.9:33317", "[::ffff:10.0.0.9]:33317"),
        ("10.0.0.9:33317", "10.0.0.9:33317"),
    ] {
        let e = one(&haproxy(client, "POST /pay HTTP/1.1"), InputFormat::Haproxy);
        assert_eq!(e.client.unwrap().to_string(), read_as);
    }
    let unreadable = haproxy("10.0.0.9:1", "GET / HTTP/1.1") + &haproxy("10.0.0.9:2", "<BADREQ>");
    let outcome = clean(&unreadable, InputFormat::Haproxy);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("malformed_request")), (1, 1));
}

#[test]
fn lines_of_frameworks_are_read() {
    let gin = "[GIN] 2026/05/17 - 08:05:32 | 201 |     250ms |       10.0.0.1 | POST     \"/orders?a=b\"\n";
    let e = one(&format!("{gin}[GIN-debug] Listening on :8080\n"), InputFormat::Gin);
    assert_eq!(read_content(gin).irregular("time_without_zone"), 1);
    assert_eq!(line_of(&e), ("POST".into(), "/orders?a=b".into(), Some(201)));
    assert_eq!((e.time.0, e.end.unwrap().0, e.client.unwrap().to_string()), (MAY - 250_000, MAY, "10.0.0.1".into()));

    let django = "[17/May/2026 08:05:32] \"POST /orders HTTP/1.1\" 200 52\n";
    let e = one(django, InputFormat::CombinedLog);
    assert_eq!((e.time.0, e.client, line_of(&e).2), (MAY, None, Some(200)));

    let werkzeug = "INFO:werkzeug:10.0.0.1 - - [17/May/2026 08:05:32] \"GET /orders/1 HTTP/1.1\" 200 -\n";
    assert_eq!(one(werkzeug, InputFormat::CombinedLog).client.unwrap().to_string(), "10.0.0.1");
}

#[test]
fn templates_in_request_lines_are_templates() {
    let time = "[17/May/2026:08:05:32 +0000]";
    for (line, template) in [
        (format!("192.0.2.1 - anna {time}\"POST /orders/{{id}}/pay HTTP/1.1\" 200 123 c6af1"), true),
        (
            r#"{"requestTime":"17/May/2026:08:05:32 +0000","request":"POST /orders/{id}/pay HTTP/1.1","status":200}"#
                .to_owned(),
            true,
        ),
        (format!("192.0.2.1 - anna {time} \"POST /orders/7/pay?x={{id}} HTTP/1.1\" 200 123"), false),
        (format!("192.0.2.1 - - {time} \"POST /o/{{id}} HTTP/1.1\" 200 1 c6af9ac6-7b61-11e6-9a41-93e8deadbeef"), true),
        // Who chooses an object's name may choose braces: only a gateway's are a template's.
        (format!("192.0.2.1 - anna {time} \"POST /orders/{{o2}} HTTP/1.1\" 201 52 \"-\" \"curl\""), false),
        (format!("192.0.2.1 - anna {time} \"POST /orders/{{o2}} HTTP/1.1\" 201 52"), false),
        (format!("192.0.2.1 - anna {time} \"POST /orders/{{o2}} HTTP/1.1\" 201 52 0.004"), false),
        (r#"{"time":"2026-05-17T08:05:32Z","request":"POST /orders/{o2} HTTP/1.1","status":201}"#.to_owned(), false),
        (r#"{"time":"2026-05-17T08:05:32Z","method":"POST","uri":"/orders/{o2}","status":201}"#.to_owned(), false),
        ("[GIN] 2026/05/17 - 08:05:32 | 201 | 1ms | 10.0.0.1 | POST \"/orders/{o2}\"".to_owned(), false),
    ] {
        let outcome = read_content(format!("{line}\n"));
        let told = outcome.exchanges[0].incomplete.iter().any(|why| why.as_str() == "path_template");
        assert_eq!(told, template, "{line}: {:?}", outcome.exchanges[0].incomplete);
    }
}
