//! Lines that JSON records carry.

use offpath_capture::{Body, InputFormat};

use super::{MAY, clean, header, line_of, one};
use crate::reading::read_content;

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
fn bytes_that_nginx_escapes_in_json_are_read() {
    let line = |agent: &str| {
        format!(
            r#"{{"time_iso8601":"2026-05-17T08:05:32+00:00","remote_addr":"10.0.0.1","request":"GET /orders/7 HTTP/1.1","status":200,"http_user_agent":"{agent}"}}"#
        ) + "\n"
    };
    let content = line("plain") + &line(r"a\x22b") + &line(r"caf\xC3\xA9") + &line(r"\xFF\x5C");
    let outcome = clean(&content, InputFormat::JsonLog);
    let agents: Vec<_> = outcome.exchanges.iter().map(|e| header(e, "user-agent")).collect();
    assert_eq!(agents, [Some("plain"), Some("a\"b"), Some("café"), Some("\u{fffd}\\")]);
    assert_eq!(clean(&line(r"a\x22b"), InputFormat::JsonLog).exchanges.len(), 1, "the first line, too");
}

#[test]
fn hosts_are_found_wherever_a_record_names_them() {
    let host = |line: &str| {
        let e = read_content(format!("{line}\n")).exchanges.remove(0);
        let request = e.request.unwrap();
        (request.scheme, request.host, e.client.map(|client| client.to_string()))
    };
    let shop = || Some("shop.example".to_owned());
    let kong = r#"{"latencies":{"request":5},"request":{"uri":"/log?a=1","url":"https://shop.example/log?a=1","method":"GET"},"client_ip":"192.168.144.1","response":{"status":200,"size":9},"started_at":1614232668342}"#;
    assert_eq!(host(kong), (Some("https".into()), shop(), Some("192.168.144.1".into())));
    let header =
        r#"{"time":"2026-03-01T10:00:00Z","method":"GET","path":"/a","status":200,"headers":{"host":"shop.example"}}"#;
    assert_eq!(host(header).1, shop());
    let fastify = r#"{"time":1795363200123,"hostname":"web-1","req":{"method":"POST","url":"/a","hostname":"shop.example","remoteAddress":"10.0.0.1"}}"#;
    assert_eq!(host(fastify), (None, shop(), Some("10.0.0.1".into())));
    // Tomcat's `host` is who asked; elsewhere it is what the client asked for, which must not name the client.
    let tomcat = r#"{"host":"10.0.0.1","user":"anna","time":"[22/Nov/2026:17:00:00 +0100]","method":"GET","path":"/a","statusCode":"200","elapsedTime":"3"}"#;
    assert_eq!(host(tomcat), (None, None, Some("10.0.0.1".into())));
    let other = tomcat.replace("elapsedTime", "took_ms");
    assert_eq!(host(&other), (None, Some("10.0.0.1".into()), None));
}

#[test]
fn what_a_balancer_read_is_the_answer() {
    let line = r#"{"time_accept":"01/Mar/2026:10:00:00.123","client_ip":"10.0.0.1","method":"POST","uri":"/orders","status":201,"bytes_read":2750,"active_time":12}"#;
    let sizes = |line: &str| {
        let e = read_content(format!("{line}\n")).exchanges.remove(0);
        (e.request.unwrap().body, e.response.unwrap().body)
    };
    let (known, unknown) = (Body::Unknown { size: Some(2750) }, Body::Unknown { size: None });
    assert_eq!(sizes(line), (unknown.clone(), known.clone()));
    assert_eq!(sizes(&line.replace("time_accept", "time").replace(".123", "")), (known, unknown));
}

/// `time` is a date, or how long it took: a field that can only be a date says which.
#[test]
fn a_date_in_words_goes_before_a_number_called_time() {
    let record = |more: &str| format!(r#"{{{more},"method":"GET","path":"/a","status":200}}"#) + "\n";
    for times in [
        r#""datetime":"2026-05-17T08:05:32Z","time":12.5"#,
        r#""time":12.5,"datetime":"2026-05-17T08:05:32Z""#,
        r#""time":"12.5","@timestamp":"2026-05-17T08:05:32Z""#,
        r#""date":"2026-05-17T08:05:32Z","time":1500000000"#,
        r#""time":1500000000,"date":"2026-05-17T08:05:32Z""#,
        r#""ts":1779005132,"time":0.003"#,
        r#""time":1779005132"#,
        r#""date":"2026-05-17","time":1779005132"#,
        r#""date":"2026-05-17","time":"08:05:32""#,
        r#""date":1,"time":1779005132"#,
    ] {
        assert_eq!(one(&record(times), InputFormat::JsonLog).time.0, MAY, "{times}");
    }
}
