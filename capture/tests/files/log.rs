//! Access logs as servers write them.

use std::collections::BTreeMap;

use offpath_capture::{Body, Exchange, Options, Protocol, Timestamp};

use crate::reading::{read_content, read_with};

const OCTOBER: i64 = 971_211_336_000_000;

fn one(line: &str) -> Exchange {
    let outcome = read_content(format!("{line}\n"));
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(outcome.exchanges.len(), 1, "{line}");
    outcome.exchanges.into_iter().next().unwrap()
}

fn line_of(exchange: &Exchange) -> (String, String, Option<u16>) {
    let request = exchange.request.as_ref().unwrap();
    (request.method.clone(), request.target.clone(), exchange.response.as_ref().map(|response| response.status))
}

fn header(exchange: &Exchange, name: &str) -> Option<String> {
    exchange.request.as_ref().unwrap().headers.text(name).map(str::to_owned)
}

fn location(exchange: &Exchange) -> Option<&str> {
    exchange.response.as_ref().unwrap().headers.text("location")
}

fn field<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    exchange.log.fields.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

#[test]
fn the_combined_format_fills_an_exchange() {
    let e = one(
        r#"10.1.2.3 - alice [10/Oct/2000:13:55:36 -0700] "POST /orders?x=1 HTTP/1.1" 201 532 "https://shop.example/" "Agent \"A\" 1.0""#,
    );
    assert_eq!(line_of(&e), ("POST".into(), "/orders?x=1".into(), Some(201)));
    assert_eq!((e.time, e.end, e.tick), (Timestamp(OCTOBER), None, 1_000_000));
    assert_eq!(e.client.unwrap().to_string(), "10.1.2.3");
    assert_eq!(e.log.user.as_deref(), Some("alice"));
    assert_eq!(header(&e, "user-agent").as_deref(), Some("Agent \"A\" 1.0"));
    assert_eq!(header(&e, "referer").as_deref(), Some("https://shop.example/"));
    assert_eq!(e.response.as_ref().unwrap().body, Body::Unknown { size: Some(532) });
    assert_eq!(e.protocol, Protocol::Http1);
    assert!(!e.carries.request_headers && !e.carries.request_bodies);
    assert_eq!(e.origin.to_string().rsplit('#').next(), Some("line=1"));
}

#[test]
fn common_lines_and_their_variants_are_read() {
    let time = "[10/Oct/2000:13:55:36 -0700]";
    let plain = one(&format!("::1 - - {time} \"GET / HTTP/2.0\" 304 -"));
    assert_eq!(plain.client.unwrap().ip.to_string(), "::1");
    assert_eq!((plain.log.user, plain.protocol), (None, Protocol::Http2));
    assert_eq!(plain.response.unwrap().body, Body::Absent);

    let vhost = one(&format!("api.example:443 10.0.0.1 - bob {time} \"GET /a HTTP/1.1\" 200 1"));
    assert_eq!(vhost.request.unwrap().host.as_deref(), Some("api.example:443"));
    assert_eq!((vhost.client.unwrap().to_string(), vhost.log.user.unwrap()), ("10.0.0.1".into(), "bob".into()));

    let spaced = one(&format!("10.0.0.1 - Bob Smith {time} \"GET /a b HTTP/1.1\" 200 1"));
    assert_eq!(spaced.log.user.as_deref(), Some("Bob Smith"));
    assert_eq!(line_of(&spaced).1, "/a b");

    let absolute = one(&format!("10.0.0.1 - - {time} \"GET http://a.example:81/x HTTP/1.1\" 200 1"));
    assert_eq!(absolute.request.as_ref().unwrap().host.as_deref(), Some("a.example:81"));
    assert_eq!(line_of(&absolute).1, "/x");

    let named = one(&format!("client.example - - {time} \"GET /x HTTP/1.1\" 200 1"));
    assert_eq!((named.client, field(&named, "client_host")), (None, Some("client.example")));

    let cut = one(&format!("10.0.0.1 - - {time} \"GET /x HTTP/1.1\" 000 0"));
    assert!(cut.response.is_none());
    assert_eq!(cut.incomplete.first().unwrap().as_str(), "no_response");
}

#[test]
fn an_nginx_request_time_moves_the_start() {
    let e = one(
        r#"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "-" "curl/8" "203.0.113.9" 1.250 up=a:80"#,
    );
    assert_eq!((e.time, e.end), (Timestamp(OCTOBER - 1_250_000), Some(Timestamp(OCTOBER))));
    assert_eq!(e.tick, 1_000_000);
    assert_eq!(header(&e, "x-forwarded-for").as_deref(), Some("203.0.113.9"));
    assert_eq!(field(&e, "up"), Some("a:80"));
    assert_eq!(header(&e, "referer"), None);
}

#[test]
fn request_lines_that_are_none_are_counted() {
    let lines = [r#""-" 408 0"#, r#""\x16\x03\x01\x02" 400 157"#, r#""" 400 0"#];
    let text: String =
        lines.iter().map(|l| format!("10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] {l} \"-\" \"-\"\n")).collect();
    let outcome = read_content(text);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("malformed_request")), (0, 3));
    assert!(outcome.errors.is_empty());
}

#[test]
fn nginx_json_times_are_ends() {
    let e = one(
        r#"{"time_iso8601":"2000-10-10T20:55:36+00:00","msec":"971211336.500","remote_addr":"10.0.0.1","remote_user":"-","request":"PUT /a?b=c HTTP/1.1","request_method":"PUT","request_uri":"/a?b=c","uri":"/a","status":"200","body_bytes_sent":"12","request_time":"0.250","http_user_agent":"curl/8","http_x_request_id":"r-1","http_x_tenant":"acme","sent_http_location":"/a/1","upstream_addr":"10.9.9.9:80"}"#,
    );
    assert_eq!(line_of(&e), ("PUT".into(), "/a?b=c".into(), Some(200)));
    assert_eq!((e.time, e.end, e.tick), (Timestamp(OCTOBER + 250_000), Some(Timestamp(OCTOBER + 500_000)), 1000));
    assert_eq!((e.log.user.clone(), e.log.request_id.as_deref()), (None, Some("r-1")));
    assert_eq!(header(&e, "user-agent").as_deref(), Some("curl/8"));
    assert_eq!(header(&e, "x-tenant").as_deref(), Some("acme"));
    assert_eq!(location(&e), Some("/a/1"));
    assert_eq!(field(&e, "upstream_addr"), Some("10.9.9.9:80"));
}

#[test]
fn envoy_json_times_are_starts() {
    let e = one(
        r#"{"start_time":"2000-10-10T20:55:36.500Z","method":"GET","path":"/x?y=1","protocol":"HTTP/2","response_code":200,"response_flags":"-","duration":25,"bytes_received":0,"bytes_sent":9,"authority":"api.example","x_forwarded_for":"203.0.113.1","user_agent":"a/1","request_id":"id-7","downstream_remote_address":"10.0.0.1:5555","downstream_local_address":"10.0.0.2:443"}"#,
    );
    assert_eq!((e.time, e.end), (Timestamp(OCTOBER + 500_000), Some(Timestamp(OCTOBER + 525_000))));
    assert_eq!(e.request.as_ref().unwrap().host.as_deref(), Some("api.example"));
    assert_eq!((e.client.unwrap().to_string(), e.server.unwrap().port), ("10.0.0.1:5555".into(), Some(443)));
    assert_eq!((e.protocol, e.log.request_id.as_deref()), (Protocol::Http2, Some("id-7")));
}

#[test]
fn caddy_headers_are_whole_unless_redacted() {
    let record = |cookie: &str| {
        format!(
            r#"{{"level":"info","ts":971211336.5,"logger":"http.log.access","msg":"handled request","request":{{"remote_ip":"10.0.0.1","remote_port":"41342","client_ip":"10.0.0.9","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/o/1","headers":{{"User-Agent":["curl/7"],"Accept":["*/*","text/html"],"Cookie":["{cookie}"]}},"tls":{{"resumed":false}}}},"bytes_read":0,"user_id":"u1","duration":0.25,"size":10900,"status":200,"resp_headers":{{"Location":["/n"]}}}}"#
        )
    };
    let e = one(&record("sid=1"));
    assert_eq!((e.time, e.end), (Timestamp(OCTOBER + 250_000), Some(Timestamp(OCTOBER + 500_000))));
    assert_eq!((e.client.unwrap().to_string(), e.log.user.as_deref()), ("10.0.0.9:41342".into(), Some("u1")));
    assert!(e.carries.request_headers && e.carries.response_headers);
    assert_eq!(header(&e, "cookie").as_deref(), Some("sid=1"));
    assert_eq!(e.request.as_ref().unwrap().headers.all("accept").count(), 2);
    assert_eq!(location(&e), Some("/n"));
    assert_eq!(field(&e, "request.tls.resumed"), Some("false"));

    let redacted = one(&record("REDACTED"));
    assert_eq!(header(&redacted, "cookie"), None);
    assert!(!redacted.carries.request_headers);
}

#[test]
fn traefik_json_is_read() {
    let e = one(
        r#"{"ClientAddr":"10.0.0.1:4444","ClientHost":"10.0.0.1","ClientUsername":"bob","DownstreamStatus":302,"OriginStatus":301,"Duration":2000000,"RequestHost":"a.example","RequestMethod":"GET","RequestPath":"/p?q=1","RequestProtocol":"HTTP/1.1","RequestScheme":"https","StartUTC":"2000-10-10T20:55:36.500123Z","time":"2000-10-10T20:55:36Z","request_User-Agent":"ua/1","downstream_Location":"/z","level":"info"}"#,
    );
    assert_eq!(line_of(&e), ("GET".into(), "/p?q=1".into(), Some(302)));
    assert_eq!((e.time, e.end, e.tick), (Timestamp(OCTOBER + 500_123), Some(Timestamp(OCTOBER + 502_123)), 1));
    assert_eq!(header(&e, "user-agent").as_deref(), Some("ua/1"));
    assert_eq!(location(&e), Some("/z"));
    assert_eq!((e.log.user.as_deref(), field(&e, "OriginStatus")), (Some("bob"), Some("301")));
    assert_eq!(e.request.unwrap().scheme.as_deref(), Some("https"));
}

#[test]
fn serilog_is_read_in_both_its_forms_and_its_other_lines_are_no_requests() {
    let compact = one(
        r#"{"@t":"2000-10-10T20:55:36.5000000Z","@mt":"HTTP {RequestMethod} {RequestPath} responded {StatusCode} in {Elapsed:0.0000} ms","@r":["1500.2000"],"RequestMethod":"GET","RequestPath":"/p?q=1","StatusCode":200,"Elapsed":1500.2,"SourceContext":"Serilog.AspNetCore.RequestLoggingMiddleware","RequestId":"0HM:1"}"#,
    );
    let plain = one(
        r#"{"Timestamp":"2000-10-10T20:55:36.5000000+00:00","Level":"Information","MessageTemplate":"HTTP {RequestMethod} {RequestPath} responded {StatusCode}","Properties":{"RequestMethod":"GET","RequestPath":"/p?q=1","StatusCode":200,"Elapsed":1500.2}}"#,
    );
    for e in [compact, plain] {
        assert_eq!(line_of(&e), ("GET".into(), "/p?q=1".into(), Some(200)));
        let (start, end) = (Timestamp(OCTOBER + 500_000 - 1_500_200), Timestamp(OCTOBER + 500_000));
        assert_eq!((e.time, e.end), (start, Some(end)));
    }
    // Without a writer that is known, nobody knows what `Elapsed` counts.
    let unknown = r#"{"time":"2000-10-10T20:55:36.5Z","RequestMethod":"GET","RequestPath":"/p","StatusCode":200,"Elapsed":500000.2}"#;
    let read = read_content(format!("{unknown}\n"));
    assert_eq!((read.exchanges[0].end, read.irregular("duration_without_unit")), (None, 1));
    let said =
        r#"{"@t":"2000-10-10T20:55:36.4Z","@mt":"Order {Id} was kept","Id":7,"RequestPath":"/p","RequestId":"0HM:1"}"#;
    let request = r#"{"@t":"2000-10-10T20:55:36.5Z","@mt":"HTTP","RequestMethod":"GET","RequestPath":"/p","StatusCode":200,"Elapsed":1.5}"#;
    let read = read_content(format!("{said}\n{request}\n"));
    assert_eq!((read.exchanges.len(), read.errors.len()), (1, 0));
}

#[test]
fn ecs_and_opentelemetry_names_are_read_nested_or_dotted() {
    let nested = one(
        r#"{"@timestamp":"2000-10-10T20:55:36.500Z","http":{"request":{"method":"DELETE"},"response":{"status_code":204}},"url":{"path":"/a","query":"b=1"},"source":{"ip":"10.0.0.1"},"user":{"name":"eve"},"event":{"duration":5000000},"trace":{"id":"t1"},"host":{"name":"node7"},"tenant":"acme"}"#,
    );
    let dotted = one(
        r#"{"@timestamp":"2000-10-10T20:55:36.500Z","http.request.method":"DELETE","http.response.status_code":204,"url.path":"/a","url.query":"b=1","source.ip":"10.0.0.1","user.name":"eve","event.duration":5000000,"trace.id":"t1","host.name":"node7","tenant":"acme"}"#,
    );
    for e in [nested, dotted] {
        assert_eq!(line_of(&e), ("DELETE".into(), "/a?b=1".into(), Some(204)));
        assert_eq!((e.time, e.end), (Timestamp(OCTOBER + 500_000), Some(Timestamp(OCTOBER + 505_000))));
        assert_eq!((e.log.user.as_deref(), e.log.trace_id.as_deref()), (Some("eve"), Some("t1")));
        assert_eq!((field(&e, "tenant"), field(&e, "host.name")), (Some("acme"), Some("node7")));
        assert_eq!(e.request.unwrap().host, None);
    }
}

#[test]
fn named_fields_win_over_conventions() {
    let names = [
        ("time", "when"),
        ("method", "op.verb"),
        ("target", "op.where"),
        ("status", "result"),
        ("user", "who"),
        ("request_header.Idempotency-Key", "idem"),
        ("duration", "spent_us"),
        ("request_body", "in"),
    ];
    let log_fields: BTreeMap<_, _> = names.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let options = Options { log_fields, ..Options::default() };
    let line = r#"{"when":971211336500,"time":"other","op":{"verb":"PATCH","where":"/w"},"result":"409 Conflict","who":"carol","user":"x","idem":"k1","spent_us":1500,"in":{"a":1}}"#;
    let outcome = read_with(line, &options);
    let e = outcome.exchanges.first().unwrap();
    assert_eq!(line_of(e), ("PATCH".into(), "/w".into(), Some(409)));
    assert_eq!((e.time, e.end), (Timestamp(OCTOBER + 500_000), Some(Timestamp(OCTOBER + 501_500))));
    assert_eq!((e.log.user.as_deref(), field(e, "user"), field(e, "time")), (Some("carol"), Some("x"), Some("other")));
    assert_eq!(header(e, "idempotency-key").as_deref(), Some("k1"));
    assert_eq!(e.request.as_ref().unwrap().body.bytes(), Some(&br#"{"a":1}"#[..]));
    assert!(e.carries.request_bodies && !e.carries.response_bodies);
}

#[test]
fn fields_of_unknown_names_are_told_by_what_they_hold() {
    let line = r#"{"n":1,"w":"2000-10-10T20:55:36Z","ip":"10.0.0.7","m":"POST","u":"/orders/7","st":201,"rt":0.2}"#;
    let options = |names: &[&str]| {
        let named = names.iter().map(|name| name.split_once('=').unwrap());
        let log_fields = named.map(|(target, name)| (target.to_owned(), name.to_owned())).collect();
        Options { log_fields, ..Options::default() }
    };
    let said = "`--log-field time=w --log-field method=m --log-field path=u --log-field status=st` may name it";
    read_with(line, &options(&["user=n"])).says(&["no known field for the method", said]);
    let rest = "`--log-field time=w --log-field status=st`";
    read_with(line, &options(&["method=m", "path=u"])).says(&["no known field for the time", rest]);
    let unnamed = |names: &[&str]| {
        let outcome = read_with(line, &options(names));
        (line_of(&outcome.exchanges[0]).2, outcome.irregular("unnamed_status"))
    };
    assert_eq!(unnamed(&["time=w", "method=m", "path=u"]), (None, 1));
    assert_eq!(unnamed(&["time=w", "method=m", "path=u", "status=st"]), (Some(201), 0));
}

#[test]
fn a_duration_without_a_unit_is_none() {
    let end = |more: &str| {
        let line = format!(r#"{{"ts":"2000-10-10T20:55:36Z","method":"GET","path":"/x","status":200,{more}}}"#);
        let outcome = read_content(line);
        (outcome.exchanges[0].end.map(|end| end.0 - OCTOBER), outcome.irregular("duration_without_unit"))
    };
    // Go's slog writes nanoseconds, zap seconds, others milliseconds.
    for name in ["duration", "latency", "elapsed", "took", "response_time", "time_taken"] {
        for value in ["18000000", "0.018", "18", "\"18\""] {
            assert_eq!(end(&format!("\"{name}\":{value}")), (None, 1), "{name} {value}");
        }
        assert_eq!(end(&format!("\"{name}\":\"18ms\"")), (Some(18_000), 0), "{name}");
        assert_eq!(end(&format!("\"{name}\":18000000,\"latency_ms\":18")), (Some(18_000), 0), "{name}");
        assert_eq!(end(&format!("\"{name}\":18,\"upstream_response_time\":\"x\"")).0, Some(0), "nginx: {name}");
    }
    assert_eq!(end(r#""duration_ns":18000000"#), (Some(18_000), 0));
    let named = |target: &str, value: &str| {
        let log_fields = [(target.to_owned(), "took".to_owned())].into();
        let line = format!(r#"{{"ts":"2000-10-10T20:55:36Z","method":"GET","path":"/x","status":200,"took":{value}}}"#);
        let outcome = read_with(line, &Options { log_fields, ..Options::default() });
        outcome.exchanges[0].end.map(|end| end.0 - OCTOBER)
    };
    assert_eq!(named("duration_ns", "18000000"), Some(18_000));
    assert_eq!(named("duration_s", "0.018"), Some(18_000));
    assert_eq!(named("duration", "18"), None);
}

#[test]
fn bodies_are_strings_or_objects() {
    let e = one(
        r#"{"ts":971211336,"method":"POST","path":"/x","status":200,"request_body":"{\"a\":\"ä\"}","response_body":{"b":[1, 2]}}"#,
    );
    assert_eq!(e.request.unwrap().body.bytes(), Some("{\"a\":\"ä\"}".as_bytes()));
    assert_eq!(e.response.unwrap().body.bytes(), Some(&br#"{"b":[1, 2]}"#[..]));
    assert_eq!(e.tick, 1_000_000);
}

#[test]
fn formats_may_be_mixed_in_one_file() {
    let outcome = read_content(concat!(
        "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 1\r\n",
        "\n",
        "{\"ts\":971211336,\"method\":\"GET\",\"path\":\"/b\",\"status\":200}\n",
        "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /c HTTP/1.1\" 200 1",
    ));
    let targets: Vec<_> = outcome.exchanges.iter().map(|e| line_of(e).1).collect();
    assert_eq!(targets, ["/a", "/b", "/c"]);
    assert_eq!(outcome.exchanges.last().unwrap().origin.to_string().rsplit('=').next(), Some("4"));
}
