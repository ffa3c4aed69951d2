//! Lines that JSON records carry.

use offpath_capture::InputFormat;

use super::{MAY, line_of, one};
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
