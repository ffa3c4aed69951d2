//! Records of clouds, in documents and in lines.

use offpath_capture::InputFormat;

use super::{MAY, SECOND, clean, header, line_of, lines_of, one};
use crate::reading::read_content;

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
fn events_that_failed_without_a_code_are_no_successes() {
    let event = |more: &str| {
        format!(
            r#"{{"Records":[{{"eventVersion":"1.08","eventTime":"2026-05-17T08:05:32Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin"{more}}}]}}"#
        )
    };
    for (more, status) in [
        (r#","userIdentity":{"type":"IAMUser"},"responseElements":{"ConsoleLogin":"Success"}"#, 200),
        (r#","userIdentity":{"type":"IAMUser"},"responseElements":{"ConsoleLogin":"Failure"}"#, 401),
        (r#","userIdentity":null,"responseElements":{"ConsoleLogin":"Failure"}"#, 401),
        (r#","userIdentity":{"type":"IAMUser"},"errorMessage":"Failed authentication","responseElements":null"#, 401),
        (r#","errorCode":"AccessDenied","errorMessage":"no""#, 403),
    ] {
        let e = one(&event(more), InputFormat::JsonDocument);
        assert_eq!(line_of(&e).2, Some(status), "{more}");
    }
    let named = event(r#","userIdentity":{"type":"IAMUser"},"errorMessage":"Access Denied""#);
    assert_eq!(line_of(&one(&named.replace("ConsoleLogin", "Decrypt"), InputFormat::JsonDocument)).2, Some(403));
    let change = event("").replace("signin.amazonaws.com", "aws:s3");
    assert!(read_content(change).exchanges.is_empty(), "a notice of a change is no call");
}

#[test]
fn azures_gateway_for_apis_is_read() {
    let record = r#"{"records":[{"time":"2026-05-17T08:05:32Z","category":"GatewayLogs","durationMs":250,"callerIpAddress":"10.1.2.3","correlationId":"abc","properties":{"method":"POST","url":"https://apim.example/orders/7/pay?x=1","responseCode":200,"responseSize":353,"requestSize":300,"clientProtocol":"HTTP/1.1","userId":"u1"}}]}"#;
    let e = one(record, InputFormat::JsonDocument);
    assert_eq!(line_of(&e), ("POST".into(), "/orders/7/pay?x=1".into(), Some(200)));
    assert_eq!(e.request.as_ref().unwrap().host.as_deref(), Some("apim.example"));
    assert_eq!((e.client.unwrap().to_string(), e.log.user.as_deref()), ("10.1.2.3".into(), Some("u1")));
}
