//! Lines as the usual writers write them, also in the envelopes of container runtimes and syslog.

use offpath_capture::{Exchange, Options};

use crate::reading::{Outcome, read_content, read_with};

/// nginx's combined format, and the default of Kubernetes' ingress-nginx.
const NGINX: &str = r#"203.0.113.9 - bob [17/May/2026:08:05:33 +0000] "POST /orders HTTP/2.0" 201 532 "https://shop.example/" "curl/8.0""#;
const INGRESS: &str = r#"203.0.113.9 - - [17/May/2026:08:05:33 +0000] "POST /orders HTTP/2.0" 201 532 "-" "curl/8.0" 120 0.012 [shop-orders-8080] [] 10.0.0.4:8080 532 0.011 201 5f1f9ed2c8b0a3e2f5d1c7b6a8e90123"#;
const NGINX_JSON: &str = r#"{"time_iso8601":"2026-05-17T08:05:33+00:00","remote_addr":"203.0.113.9","remote_user":"","request":"POST /orders HTTP/2.0","status":"201","body_bytes_sent":"532","request_time":"0.012","http_user_agent":"curl/8.0"}"#;
const ENVOY: &str = r#"{"start_time":"2026-05-17T08:05:33.000Z","method":"POST","path":"/orders","protocol":"HTTP/2","response_code":201,"response_flags":"-","bytes_received":120,"bytes_sent":532,"duration":12,"user_agent":"curl/8.0","authority":"api.example","downstream_remote_address":"203.0.113.9:41234","upstream_cluster":"orders"}"#;
const TRAEFIK: &str = r#"{"ClientAddr":"203.0.113.9:51234","ClientHost":"203.0.113.9","ClientUsername":"-","DownstreamContentSize":532,"DownstreamStatus":201,"Duration":11234567,"RequestHost":"api.example","RequestMethod":"POST","RequestPath":"/orders","RequestProtocol":"HTTP/2.0","StartUTC":"2026-05-17T08:05:33Z","request_User-Agent":"curl/8.0","time":"2026-05-17T08:05:33Z"}"#;
const CADDY: &str = r#"{"level":"info","ts":1779005133.012,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.9","remote_port":"41342","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"POST","host":"api.example","uri":"/orders","headers":{"User-Agent":["curl/8.0"]}},"bytes_read":120,"user_id":"","duration":0.012,"size":532,"status":201,"resp_headers":{"Server":["Caddy"]}}"#;
const WRITERS: [&str; 6] = [NGINX, INGRESS, NGINX_JSON, ENVOY, TRAEFIK, CADDY];

fn only(outcome: &Outcome) -> &Exchange {
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(outcome.exchanges.len(), 1);
    &outcome.exchanges[0]
}

/// What all lines above say.
fn assert_order(exchange: &Exchange) {
    let request = exchange.request.as_ref().unwrap();
    assert_eq!((&*request.method, &*request.target), ("POST", "/orders"));
    assert_eq!(exchange.response.as_ref().unwrap().status, 201);
    assert_eq!(exchange.client.unwrap().ip.to_string(), "203.0.113.9");
    assert_eq!(request.headers.text("user-agent"), Some("curl/8.0"));
    assert!((exchange.time.0 - 1_779_005_133_000_000).abs() <= 12_000, "{:?}", exchange.time);
}

#[test]
fn lines_of_usual_writers_say_the_same() {
    for line in WRITERS {
        assert_order(only(&read_content(format!("{line}\n"))));
    }
}

#[test]
fn envelopes_change_nothing() {
    let docker = |line: &str| {
        let log = serde_json::to_string(&format!("{line}\n")).unwrap();
        format!(r#"{{"log":{log},"stream":"stdout","time":"2026-05-17T08:05:33.5Z"}}"#)
    };
    for line in WRITERS {
        let plain = read_content(format!("{line}\n"));
        for enclosed in [
            docker(line),
            format!("2026-05-17T08:05:33.500000001Z stdout F {line}"),
            format!("2026-05-17T08:05:33.5Z {line}"),
            format!("proxy-1  | {line}"),
            format!("May 17 08:05:33 host proxy[7]: {line}"),
            format!("<190>May 17 08:05:33 host proxy: {line}"),
            format!("<190>1 2026-05-17T08:05:33Z host proxy 7 - - {line}"),
            docker(&format!("2026-05-17T08:05:33.5Z {line}")),
        ] {
            let outcome = read_content(format!("{enclosed}\n"));
            let (exchange, plain) = (only(&outcome), only(&plain));
            assert_order(exchange);
            assert_eq!((exchange.time, exchange.end, exchange.tick), (plain.time, plain.end, plain.tick), "{enclosed}");
            assert_eq!((&exchange.log, &exchange.carries), (&plain.log, &plain.carries), "{enclosed}");
        }
    }
}

#[test]
fn a_record_without_a_time_was_written_at_its_end() {
    let line = r#"2026-05-17T08:05:33.5Z stdout F {"method":"GET","path":"/a","status":200,"latency_ms":100}"#;
    let outcome = read_content(format!("{line}\n"));
    let exchange = only(&outcome);
    assert_eq!(exchange.time.0, 1_779_005_133_400_000);
    assert_eq!(exchange.end.unwrap().0, 1_779_005_133_500_000);
    read_content(format!("{}\n", r#"{"method":"GET","path":"/a","status":200}"#))
        .says(&["no known field for the time"]);
}

#[test]
fn a_time_that_is_none_is_told_from_a_time_that_is_missing() {
    for (field, parts) in [
        (r#""ts":1e18"#, ["ts, holds 1e18,", "is no time"]),
        (r#""ts":-99999999999999999999"#, ["ts, holds -", "is no time"]),
        (r#""start_time":"17 Märzen, 8h05""#, ["start_time, holds a text like `00 aaaaaa, 0a00`", "RFC 3339"]),
        (r#""end_time":true"#, ["end_time, holds true", "--log-field time=FIELD"]),
        (r#""timing":1"#, ["no known field for the time", "timing"]),
    ] {
        let outcome = read_content(format!("{{{field},\"method\":\"GET\",\"path\":\"/a\",\"status\":200}}\n"));
        outcome.says(&parts);
        assert_eq!(outcome.not_read("unparsed_line"), 1);
    }
    let long = format!("{{\"ts\":\"{}\",\"method\":\"GET\",\"path\":\"/a\"}}\n", "secret1".repeat(900));
    let outcome = read_content(long);
    assert!(outcome.errors.len() == 1 && outcome.errors[0].len() < 400, "{:?}", outcome.errors);
    assert!(!outcome.errors[0].contains("secret1"));
}

#[test]
fn what_is_no_request_is_counted_as_such() {
    let lines = [
        NGINX_JSON.to_owned(),
        NGINX_JSON.replace("POST /orders HTTP/2.0", ""),
        NGINX_JSON.replace("POST /orders HTTP/2.0", r"\u0016\u0003\u0001"),
        ENVOY.replace("\"POST\"", "null").replace("\"/orders\"", "null"),
    ];
    let outcome = read_content(lines.join("\n") + "\n");
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("malformed_request")), (1, 3));
    let other = read_content("{\"ts\": 1, \"level\": \"info\", \"tags\": [\"a\", \"b\"]}\n");
    other.says(&["no known field for the method", "level, tags)", "--log-field method=FIELD"]);
}

#[test]
fn formats_that_are_not_read_are_named() {
    for (line, name) in [
        (r#"[2026-05-17T08:05:32.123Z] "GET /o HTTP/1.1" status=200"#, "Envoy"),
        ("Feb  6 12:14:14 lb haproxy[1]: Connect from 10.0.1.2:33317 to 10.0.3.31:8012 (www/HTTP)", "HAProxy"),
        ("#Fields: date time x-event\n2026-05-17 08:05:32 start", "W3C"),
        ("when;what\n1;2\n3;4", "text"),
        ("when,what\n1,2\n3,4", "CSV"),
    ] {
        read_content(format!("{line}\n")).says(&["format not recognised", name]);
    }
}

#[test]
fn a_duration_is_no_date() {
    for (line, known) in [
        (r#"{"date":"2026-01-01T00:00:00Z","time":12.5,"method":"GET","url":"/a","status":200}"#, true),
        (r#"{"created_at":"2026-01-01T00:00:00Z","time":"35ms","method":"GET","url":"/a","status":200}"#, true),
        (r#"{"startedDateTime":"2026-01-01T00:00:00Z","time":5,"request":{"method":"GET","url":"/a"}}"#, true),
        (r#"{"time":12.5,"method":"GET","url":"/a","status":200}"#, false),
    ] {
        let read = read_content(format!("{line}\n"));
        let times: Vec<i64> = read.exchanges.iter().map(|exchange| exchange.time.0).collect();
        assert_eq!(times, if known { vec![1_767_225_600_000_000] } else { vec![] }, "{line}");
        assert_eq!(read.errors.is_empty(), known, "{:?}", read.errors);
    }
}

#[test]
fn options_name_the_target_that_was_meant() {
    let options =
        |target: &str| Options { log_fields: [(target.to_owned(), "a".to_owned())].into(), ..Options::default() };
    assert_eq!(options("user").check(), Ok(()));
    assert!(options("usr").check().unwrap_err().contains("did you mean `user`"));
    let read = read_with("{\"ts\":1767225600,\"a\":\"x\",\"method\":\"GET\",\"path\":\"/\"}\n", &options("user"));
    assert_eq!(only(&read).log.user.as_deref(), Some("x"));
}
